package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/cli"
)

// A faulted is one cell of the table: a home of its own, a person and a client
// that no other cell has, so that all of them share one Identity Center and a
// fault befalls one of them.
type faulted struct {
	faultCase
	t    *testing.T
	ic   *idctest.IdentityCenter
	home string
	name string // of the person and the sso-session
}

// A faultCase says by which command an operation is called, and what comes before.
type faultCase struct {
	name, op string
	signedIn bool // before
	expired  bool // the access token, so that it has to be refreshed
	args     []string
}

var faultCases = []faultCase{
	{"RegisterClient", "RegisterClient", false, false, []string{"sso", "login", "--sso-session", "NAME", "--use-device-code"}},
	{"StartDeviceAuthorization", "StartDeviceAuthorization", false, false, []string{"sso", "login", "--sso-session", "NAME", "--use-device-code"}},
	{"CreateToken by device code", "CreateToken", false, false, []string{"sso", "login", "--sso-session", "NAME", "--use-device-code"}},
	{"CreateToken by authorization code", "CreateToken", false, false, []string{"sso", "login", "--sso-session", "NAME"}},
	{"CreateToken by refresh token", "CreateToken", true, true, []string{"sso", "list-accounts", "--sso-session", "NAME"}},
	{"ListAccounts", "ListAccounts", true, false, []string{"sso", "list-accounts", "--sso-session", "NAME"}},
	{"ListAccountRoles", "ListAccountRoles", true, false, []string{"sso", "list-account-roles", "--sso-session", "NAME", "--account-id", "111111111111"}},
	{"GetRoleCredentials", "GetRoleCredentials", true, false, []string{"sts", "get-caller-identity", "--profile", "NAME"}},
	{"Logout", "Logout", true, false, []string{"sso", "logout", "--sso-session", "NAME"}},
	{"GetCallerIdentity", "GetCallerIdentity", true, false, []string{"sts", "get-caller-identity", "--profile", "NAME"}},
	{"ListBuckets", "ListBuckets", true, false, []string{"s3", "ls", "--profile", "NAME"}},
}

// faultOrganisation has n people without passwords, whose sign-ins are allowed by
// themselves when it is their client that asks.
func faultOrganisation(n int) string {
	var b strings.Builder
	b.WriteString("start_url: https://d-1234567890.awsapps.com/start\nregion: us-east-1\n" +
		"accounts: [{id: \"111111111111\", name: dev, email: dev@example.com, buckets: [{name: artifacts, created: 2024-09-26T15:11:02Z}]}]\n" +
		"permission_sets: [{name: Admin}]\nassignments: [{group: all, permission_set: Admin, accounts: [dev]}]\nusers:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {name: %s, email: %s@example.com, groups: [all]}\n", faultName(i), faultName(i))
	}
	b.WriteString("decisions:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {user: %s, client: portico-%s, answer: allow}\n", faultName(i), faultName(i))
	}
	return b.String()
}

func faultName(i int) string { return fmt.Sprintf("cell%03d", i) }

// run runs portico in the cell's home, in this process.
func (f *faulted) run(ctx context.Context, args ...string) (stderr string, code int) {
	var out, problems bytes.Buffer
	app := cli.App{
		Name: "portico", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problems, Home: f.home,
		Env: append(f.ic.Env(), "HOME="+f.home, "TZ=UTC"),
		OpenURL: func(address string) error {
			if strings.Contains(address, "/authorize") { // a device code is answered by itself
				go func() {
					if err := f.ic.Approve(ctx, f.name, address); err != nil && ctx.Err() == nil {
						f.t.Errorf("%s: the browser: %v", f.name, err)
					}
				}()
			}
			return nil
		},
	}
	var named []string
	for _, a := range args {
		named = append(named, strings.ReplaceAll(a, "NAME", f.name))
	}
	code = app.Run(ctx, named)
	return problems.String(), code
}

// prepare makes the home and does what comes before the command.
func (f *faulted) prepare(ctx context.Context) error {
	config := strings.ReplaceAll(`[profile NAME]
sso_session = NAME
sso_account_id = 111111111111
sso_role_name = Admin
region = eu-west-1
[sso-session NAME]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
`, "NAME", f.name)
	if err := os.MkdirAll(filepath.Join(f.home, ".aws"), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(f.home, ".aws", "config"), []byte(config), 0o600); err != nil {
		return err
	}
	if !f.signedIn {
		return nil
	}
	if stderr, code := f.run(ctx, "sso", "login", "--sso-session", "NAME", "--use-device-code"); code != 0 {
		return fmt.Errorf("sign in: %s", stderr)
	}
	if !f.expired {
		return nil
	}
	file, token, err := f.token()
	if err != nil {
		return err
	}
	token["expiresAt"] = "2024-01-01T00:00:00Z"
	data, err := json.Marshal(token)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

// token is the cached token and its file.
func (f *faulted) token() (file string, token map[string]any, err error) {
	files, err := filepath.Glob(filepath.Join(f.home, ".aws", "sso", "cache", "*.json"))
	if err != nil {
		return "", nil, err
	}
	for _, file = range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", nil, err
		}
		token = nil
		if err := json.Unmarshal(data, &token); err != nil {
			return "", nil, err
		}
		if token["accessToken"] != nil {
			return file, token, nil
		}
	}
	return "", nil, os.ErrNotExist
}

// faultOf reads the first column of the table.
func faultOf(kind string) (f idctest.Fault, more []string, err error) {
	kind, times, counted := strings.Cut(kind, ", ×")
	if counted {
		if f.Count, err = strconv.Atoi(times); err != nil {
			return f, nil, err
		}
	}
	kind, patient, impatient := strings.Cut(kind, ", read timeout ")
	if impatient {
		more = []string{"--cli-read-timeout", patient}
	}
	what, how, _ := strings.Cut(kind, " ")
	switch what {
	case "error":
		f.Error = how
	case "status":
		f.Status, err = strconv.Atoi(how)
	case "drop":
		f.Drop = idctest.Drop(how)
	case "truncate":
		f.Truncate = true
	case "latency":
		f.Latency, err = time.ParseDuration(how)
	case "rate": // one call passes
		f.Rate, f.Burst = 1.0/3600, 1
	default:
		err = fmt.Errorf("no kind %q", kind)
	}
	return f, more, err
}

var variable = regexp.MustCompile(`(?:http://)?127\.0\.0\.1:\d+(?:->127\.0\.0\.1:\d+)?|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// pollingOn is said or not, depending on how long the SDK waits between its tries.
var pollingOn = regexp.MustCompile(`portico: \[WARNING\]: the service does not say whether the sign-in is complete: .*\n`)

// outcome makes the words of a cell the same in every run. <fault> is what an
// injected error says, | an empty line.
func (f *faulted) outcome(stderr string) string {
	stderr = pollingOn.ReplaceAllString(stderr, "")
	stderr = strings.ReplaceAll(stderr, "A fault rule of this local Identity Center answers this call", "<fault>")
	stderr = strings.ReplaceAll(stderr, f.name, "corp")
	stderr = variable.ReplaceAllString(stderr, "<idc>")
	stderr = strings.TrimPrefix(strings.TrimSpace(stderr), "portico: ")
	stderr = strings.ReplaceAll(stderr, "\n\n", " | ")
	return strings.ReplaceAll(stderr, "\n", " / ")
}

// cell runs the command with the fault there, and once more without.
func (f *faulted) cell(ctx context.Context, kind string) (stderr string, code int, err error) {
	if err := f.prepare(ctx); err != nil {
		return "", 0, err
	}
	fault, more, err := faultOf(kind)
	if err != nil {
		return "", 0, err
	}
	fault.Op = f.op
	if f.op == "GetCallerIdentity" || f.op == "ListBuckets" {
		fault.User = f.name // a signature names no client
	} else {
		fault.Client = "portico-" + f.name
	}
	injected, err := f.ic.Inject(ctx, fault)
	if err != nil {
		return "", 0, err
	}
	defer injected.Remove()
	if fault.Rate > 0 {
		if err := f.first(ctx); err != nil {
			return "", 0, err
		}
	}
	stderr, code = f.run(ctx, slices.Concat(f.args, more)...)
	if injected.Acted() == 0 {
		return "", 0, errors.New("the fault did not act")
	}
	if _, _, err := f.token(); f.signedIn && (err == nil) != (f.op != "Logout") {
		return "", 0, fmt.Errorf("the sign-in that there was: %v", err)
	}
	injected.Remove()
	if problem, again := f.run(ctx, f.args...); again != 0 {
		return "", 0, fmt.Errorf("without the fault the command ends with %d and %s", again, f.outcome(problem))
	}
	return f.outcome(stderr), code, nil
}

// first makes the call that a rate lets pass, in a copy of the home.
func (f *faulted) first(ctx context.Context) error {
	other := *f
	other.home += "-other"
	if err := os.CopyFS(other.home, os.DirFS(f.home)); err != nil {
		return err
	}
	if stderr, code := other.run(ctx, f.args...); code != 0 {
		return fmt.Errorf("the first call does not pass: %s", stderr)
	}
	return nil
}

// Each operation × each kind of fault, through the program: what a person sees of
// it. However it ends, the sign-in there was is still there, and once the fault is
// gone the same command works. All cells run at once, for most of them wait for the
// SDK's backoff.
func TestFaultTable(t *testing.T) {
	t.Parallel()
	cells := 0
	for _, rows := range faultTable {
		cells += len(rows)
	}
	ic, err := idctest.Start(t.Context(), idctest.Listen(), idctest.Seed(faultOrganisation(cells)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := ic.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	dir := t.TempDir()
	var all sync.WaitGroup
	defer all.Wait()
	atOnce := make(chan struct{}, 60)
	n := 0
	for _, c := range faultCases {
		if len(faultTable[c.name]) == 0 {
			t.Errorf("%s is not in the table", c.name)
		}
		for _, row := range faultTable[c.name] {
			f := &faulted{faultCase: c, t: t, ic: ic, home: filepath.Join(dir, faultName(n)), name: faultName(n)}
			n++
			all.Go(func() {
				atOnce <- struct{}{}
				defer func() { <-atOnce }()
				stderr, code, err := f.cell(ctx, row.kind)
				if err != nil {
					t.Errorf("%s, %s: %v", c.name, row.kind, err)
				} else if code != row.code || stderr != row.stderr {
					t.Errorf("%s, %s:\n got %d %s\nwant %d %s", c.name, row.kind, code, stderr, row.code, row.stderr)
				}
			})
		}
	}
}

// A service that never says whether the sign-in is complete is waited for as long
// as the code lasts, and named as what it is.
func TestDeviceCodeInEndlessTrouble(t *testing.T) {
	t.Parallel()
	ic, err := idctest.Start(t.Context(), idctest.Listen(), idctest.Seed(faultOrganisation(1)), idctest.Policy{DeviceCode: 3 * time.Second},
		idctest.Faults(idctest.Fault{Op: "CreateToken", Status: 503}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := ic.Close(); err != nil {
			t.Error(err)
		}
	}()
	f := &faulted{faultCase: faultCases[2], t: t, ic: ic, home: t.TempDir(), name: faultName(0)}
	if err := f.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	stderr, code := f.run(t.Context(), f.args...)
	got := f.outcome(stderr)
	const first = "[ERROR]: The pending authorization to retrieve an SSO token has expired. The login flow to retrieve an SSO token must be restarted. | In the end the service did not say whether the sign-in was complete: "
	const last = " / To start again: portico sso login --sso-session corp"
	if code != 255 || !strings.HasPrefix(got, first) || !strings.HasSuffix(got, last) {
		t.Errorf("got %d %s", code, got)
	}
}

type faultRow struct {
	kind   string
	code   int
	stderr string
}

// What portico says, in the forms it has.
func oauthError(op, code, oauth string) string {
	return "[ERROR]: An error occurred (" + code + ") when calling the " + op + " operation:  | Additional error details: / error: " + oauth + " / error_description: <fault>"
}

func serviceError(op, code string) string { return "[ERROR]: " + serviceSaid(op, code) }

func serviceSaid(op, code string) string {
	return "An error occurred (" + code + ") when calling the " + op + " operation: <fault>"
}

// refreshTrouble is for a refresh that the service did not judge.
func refreshTrouble(code string) string {
	return "[ERROR]: Error when retrieving token from sso: Token has expired and refresh failed: " + code + ": <fault> | The service did not answer the refresh. The sign-in is kept and may be good: wait a moment and try again."
}

func lostRefresh(how string) string {
	return "[ERROR]: Error when retrieving token from sso: Token has expired and refresh failed: the answer to the refresh was lost: " + how +
		" | The service may have renewed the sign-in, and repeats its answer for about a minute: try again now. After that, sign in with: portico sso login --sso-session corp"
}

func closed(op string) string { return "[ERROR]: " + wasClosed(op) + hintNetwork }

func wasClosed(op string) string {
	return `Connection was closed before we received a valid response from endpoint URL: "<idc>` + operationPath[op] + `".`
}

func late(op string) string { return "[ERROR]: " + wasLate(op) + hintTimeout }

func wasLate(op string) string {
	return `Read timeout on endpoint URL: "<idc>` + operationPath[op] + `"`
}

// operationPath is where an operation is asked for.
var operationPath = map[string]string{
	"RegisterClient": "/client/register", "StartDeviceAuthorization": "/device_authorization", "CreateToken": "/token",
	"ListAccounts": "/assignment/accounts", "ListAccountRoles": "/assignment/roles", "GetRoleCredentials": "/federation/credentials",
	"Logout": "/logout", "GetCallerIdentity": "/", "ListBuckets": "/",
}

func cutOff(op string) string { return "[ERROR]: " + wasCutOff(op) + hintNetwork }

func wasCutOff(op string) string { return "the service's answer to " + op + " broke off in the middle" }

const (
	expired       = "[ERROR]: Error when retrieving token from sso: Token has expired and refresh failed | Sign in with: portico sso login --sso-session corp"
	ended         = "[ERROR]: The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run portico sso login with the corresponding profile. | Sign in with: portico sso login --sso-session corp"
	abandoned     = "[ERROR]: The pending authorization to retrieve an SSO token has expired. The login flow to retrieve an SSO token must be restarted. | Nobody completed the sign-in in time. If the page said the code or grant is invalid, sso_region (us-east-1) may be wrong: it is the region of the Identity Center, not of your resources. To find it, open https://d-1234567890.awsapps.com/start: its sign-in page is at https://REGION.signin.aws; administrators see it in the IAM Identity Center console, under Settings. / To start again: portico sso login --sso-session corp"
	redeemed      = "[ERROR]: An error occurred (InvalidGrantException) when calling the CreateToken operation:  | Additional error details: / error: invalid_grant / error_description: Invalid grant provided" + hintGrant
	hintDenied    = " | Access was not allowed in the browser. To try again: portico sso login --sso-session corp"
	hintGrant     = " | The sign-in can no longer be used. To start again: portico sso login --sso-session corp / " + wrongRegion
	wrongRegion   = "If the page said the code or grant is invalid, sso_region (us-east-1) may be wrong: it is the region of the Identity Center, not of your resources. To find it, open https://d-1234567890.awsapps.com/start: its sign-in page is at https://REGION.signin.aws; administrators see it in the IAM Identity Center console, under Settings."
	hintForbidden = " | Admin in account 111111111111 may not do that, and is the only role you have there. Whoever administers the permission sets can change that."
	hintWait      = " | The service had too many requests. Wait a moment and try again."
	hintNetwork   = " | Try again. If it goes on, check the network and its proxy (HTTPS_PROXY)."
	hintTimeout   = " | Check the network and its proxy (HTTPS_PROXY). If they are slow, give them more time with --cli-read-timeout."
	hintKeys      = " | The role's credentials have expired at the service before their time. Begin anew with: portico sso logout --profile corp, then portico sso login --profile corp"
	hintClock     = " | The clocks agree, so the secret key is not the one that belongs to the access key, or something on the way has changed the request."
	hintRole      = " | The access portal lists Admin in account 111111111111 for the signed-in person all the same. If it was assigned just now, wait a moment; else sign in anew: portico sso login --sso-session corp"
	signedOut     = "Signed out of corp."
	notTold       = "[WARNING]: signed out here, but https://d-1234567890.awsapps.com/start could not be told: "
)

// faultTable is what a person gets of each kind of fault: the exit code and what is on
// stderr. In kinds, ×2 is that many calls and not all; | stands for an empty line.
var faultTable = map[string][]faultRow{
	"RegisterClient": {
		{"error InternalServerException", 254, oauthError("RegisterClient", "InternalServerException", "server_error")},
		{"error InvalidClientMetadataException", 254, oauthError("RegisterClient", "InvalidClientMetadataException", "invalid_client_metadata")},
		{"error InvalidRedirectUriException", 254, oauthError("RegisterClient", "InvalidRedirectUriException", "invalid_redirect_uri")},
		{"error InvalidRequestException", 254, oauthError("RegisterClient", "InvalidRequestException", "invalid_request")},
		{"error InvalidScopeException", 254, oauthError("RegisterClient", "InvalidScopeException", "invalid_scope")},
		{"error SlowDownException", 254, oauthError("RegisterClient", "SlowDownException", "slow_down") + hintWait},
		{"error UnsupportedGrantTypeException", 254, oauthError("RegisterClient", "UnsupportedGrantTypeException", "unsupported_grant_type")},
		{"status 400", 254, oauthError("RegisterClient", "InvalidRequestException", "invalid_request")},
		{"status 403", 254, oauthError("RegisterClient", "ForbiddenException", "access_denied")},
		{"status 404", 254, oauthError("RegisterClient", "InvalidRequestException", "invalid_request")},
		{"status 429", 254, oauthError("RegisterClient", "TooManyRequestsException", "slow_down") + hintWait},
		{"status 500", 254, oauthError("RegisterClient", "InternalServerException", "server_error")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, oauthError("RegisterClient", "ServiceUnavailableException", "server_error")},
		{"drop before", 255, closed("RegisterClient")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, closed("RegisterClient")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, cutOff("RegisterClient")},
		{"truncate, ×1", 255, cutOff("RegisterClient")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, late("RegisterClient")},
		{"rate", 254, oauthError("RegisterClient", "TooManyRequestsException", "slow_down") + hintWait},
	},
	"StartDeviceAuthorization": {
		{"error InternalServerException", 254, oauthError("StartDeviceAuthorization", "InternalServerException", "server_error")},
		{"error InvalidClientException", 254, oauthError("StartDeviceAuthorization", "InvalidClientException", "invalid_client")},
		{"error InvalidClientException, ×1", 0, ""},
		{"error InvalidRequestException", 254, oauthError("StartDeviceAuthorization", "InvalidRequestException", "invalid_request")},
		{"error SlowDownException", 254, oauthError("StartDeviceAuthorization", "SlowDownException", "slow_down") + hintWait},
		{"error UnauthorizedClientException", 254, oauthError("StartDeviceAuthorization", "UnauthorizedClientException", "unauthorized_client")},
		{"status 400", 254, oauthError("StartDeviceAuthorization", "InvalidRequestException", "invalid_request")},
		{"status 403", 254, oauthError("StartDeviceAuthorization", "ForbiddenException", "access_denied")},
		{"status 404", 254, oauthError("StartDeviceAuthorization", "InvalidRequestException", "invalid_request")},
		{"status 429", 254, oauthError("StartDeviceAuthorization", "TooManyRequestsException", "slow_down") + hintWait},
		{"status 500", 254, oauthError("StartDeviceAuthorization", "InternalServerException", "server_error")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, oauthError("StartDeviceAuthorization", "ServiceUnavailableException", "server_error")},
		{"drop before", 255, closed("StartDeviceAuthorization")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, closed("StartDeviceAuthorization")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, cutOff("StartDeviceAuthorization")},
		{"truncate, ×1", 255, cutOff("StartDeviceAuthorization")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, late("StartDeviceAuthorization")},
		{"rate", 254, oauthError("StartDeviceAuthorization", "TooManyRequestsException", "slow_down") + hintWait},
	},
	"CreateToken by device code": {
		{"error AccessDeniedException", 254, oauthError("CreateToken", "AccessDeniedException", "access_denied") + hintDenied},
		{"error AuthorizationPendingException, ×1", 0, ""},
		{"error ExpiredTokenException", 255, abandoned},
		{"error InternalServerException, ×3", 0, ""},
		{"error InvalidClientException", 254, oauthError("CreateToken", "InvalidClientException", "invalid_client")},
		{"error InvalidGrantException", 254, oauthError("CreateToken", "InvalidGrantException", "invalid_grant") + hintGrant},
		{"error InvalidRequestException", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"error InvalidScopeException", 254, oauthError("CreateToken", "InvalidScopeException", "invalid_scope")},
		{"error SlowDownException, ×1", 0, ""},
		{"error UnauthorizedClientException", 254, oauthError("CreateToken", "UnauthorizedClientException", "unauthorized_client")},
		{"error UnsupportedGrantTypeException", 254, oauthError("CreateToken", "UnsupportedGrantTypeException", "unsupported_grant_type")},
		{"status 400", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"status 403, ×1", 0, ""},
		{"status 404, ×1", 0, ""},
		{"status 429, ×3", 0, ""},
		{"status 500, ×3", 0, ""},
		{"status 500, ×1", 0, ""},
		{"status 503, ×3", 0, ""},
		{"drop before, ×3", 0, ""},
		{"drop before, ×1", 0, ""},
		{"drop after, ×3", 254, redeemed},
		{"drop after, ×1", 254, redeemed},
		{"truncate, ×1", 254, redeemed},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2, ×3", 0, ""},
	},
	"CreateToken by authorization code": {
		{"error AccessDeniedException", 254, oauthError("CreateToken", "AccessDeniedException", "access_denied") + hintDenied},
		{"error AuthorizationPendingException", 254, oauthError("CreateToken", "AuthorizationPendingException", "authorization_pending")},
		{"error ExpiredTokenException", 254, oauthError("CreateToken", "ExpiredTokenException", "expired_token") + hintGrant},
		{"error InternalServerException", 254, oauthError("CreateToken", "InternalServerException", "server_error")},
		{"error InvalidClientException", 254, oauthError("CreateToken", "InvalidClientException", "invalid_client")},
		{"error InvalidClientException, ×1", 0, ""},
		{"error InvalidGrantException", 254, oauthError("CreateToken", "InvalidGrantException", "invalid_grant") + hintGrant},
		{"error InvalidRequestException", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"error InvalidScopeException", 254, oauthError("CreateToken", "InvalidScopeException", "invalid_scope")},
		{"error SlowDownException", 254, oauthError("CreateToken", "SlowDownException", "slow_down") + hintWait},
		{"error UnauthorizedClientException", 254, oauthError("CreateToken", "UnauthorizedClientException", "unauthorized_client")},
		{"error UnsupportedGrantTypeException", 254, oauthError("CreateToken", "UnsupportedGrantTypeException", "unsupported_grant_type")},
		{"status 400", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"status 403", 254, oauthError("CreateToken", "ForbiddenException", "access_denied")},
		{"status 404", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"status 429", 254, oauthError("CreateToken", "TooManyRequestsException", "slow_down") + hintWait},
		{"status 500", 254, oauthError("CreateToken", "InternalServerException", "server_error")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, oauthError("CreateToken", "ServiceUnavailableException", "server_error")},
		{"drop before", 255, closed("CreateToken")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, closed("CreateToken")},
		{"drop after, ×1", 254, redeemed},
		{"truncate", 255, cutOff("CreateToken")},
		{"truncate, ×1", 255, cutOff("CreateToken")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, late("CreateToken")},
		{"rate", 254, oauthError("CreateToken", "TooManyRequestsException", "slow_down") + hintWait},
	},
	"CreateToken by refresh token": {
		{"error AccessDeniedException", 255, expired},
		{"error AuthorizationPendingException", 255, expired},
		{"error ExpiredTokenException", 255, expired},
		{"error InternalServerException", 255, refreshTrouble("InternalServerException")},
		{"error InvalidClientException", 255, expired},
		{"error InvalidGrantException", 255, expired},
		{"error InvalidRequestException", 255, expired},
		{"error InvalidScopeException", 255, expired},
		{"error SlowDownException", 255, refreshTrouble("SlowDownException")},
		{"error UnauthorizedClientException", 255, expired},
		{"error UnsupportedGrantTypeException", 255, expired},
		{"status 400", 255, expired},
		{"status 403", 255, refreshTrouble("ForbiddenException")},
		{"status 404", 255, refreshTrouble("InvalidRequestException")},
		{"status 429", 255, refreshTrouble("TooManyRequestsException")},
		{"status 500", 255, refreshTrouble("InternalServerException")},
		{"status 500, ×1", 0, ""},
		{"status 503", 255, refreshTrouble("ServiceUnavailableException")},
		{"drop before", 255, lostRefresh(wasClosed("CreateToken"))},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, lostRefresh(wasClosed("CreateToken"))},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, lostRefresh(wasCutOff("CreateToken"))},
		{"truncate, ×1", 0, ""},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, lostRefresh(wasLate("CreateToken"))},
		{"rate", 255, refreshTrouble("TooManyRequestsException")},
	},
	"ListAccounts": {
		{"error InvalidRequestException", 254, serviceError("ListAccounts", "InvalidRequestException")},
		{"error ResourceNotFoundException", 254, serviceError("ListAccounts", "ResourceNotFoundException")},
		{"error TooManyRequestsException", 254, serviceError("ListAccounts", "TooManyRequestsException") + hintWait},
		{"error UnauthorizedException", 255, ended},
		{"error UnauthorizedException, ×1", 0, ""},
		{"status 400", 254, serviceError("ListAccounts", "InvalidRequestException")},
		{"status 403", 254, serviceError("ListAccounts", "ForbiddenException")},
		{"status 404", 254, serviceError("ListAccounts", "ResourceNotFoundException")},
		{"status 429", 254, serviceError("ListAccounts", "TooManyRequestsException") + hintWait},
		{"status 500", 254, serviceError("ListAccounts", "InternalServerException")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, serviceError("ListAccounts", "ServiceUnavailableException")},
		{"drop before", 255, closed("ListAccounts")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, closed("ListAccounts")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, cutOff("ListAccounts")},
		{"truncate, ×1", 0, ""},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, late("ListAccounts")},
		{"rate", 254, serviceError("ListAccounts", "TooManyRequestsException") + hintWait},
	},
	"ListAccountRoles": {
		{"error InvalidRequestException", 254, serviceError("ListAccountRoles", "InvalidRequestException")},
		{"error ResourceNotFoundException", 254, serviceError("ListAccountRoles", "ResourceNotFoundException")},
		{"error TooManyRequestsException", 254, serviceError("ListAccountRoles", "TooManyRequestsException") + hintWait},
		{"error UnauthorizedException", 255, ended},
		{"status 400", 254, serviceError("ListAccountRoles", "InvalidRequestException")},
		{"status 403", 254, serviceError("ListAccountRoles", "ForbiddenException")},
		{"status 404", 254, serviceError("ListAccountRoles", "ResourceNotFoundException")},
		{"status 429", 254, serviceError("ListAccountRoles", "TooManyRequestsException") + hintWait},
		{"status 500", 254, serviceError("ListAccountRoles", "InternalServerException")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, serviceError("ListAccountRoles", "ServiceUnavailableException")},
		{"drop before", 255, closed("ListAccountRoles")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, closed("ListAccountRoles")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, cutOff("ListAccountRoles")},
		{"truncate, ×1", 0, ""},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, late("ListAccountRoles")},
		{"rate", 254, serviceError("ListAccountRoles", "TooManyRequestsException") + hintWait},
	},
	"GetRoleCredentials": {
		{"error ForbiddenException", 254, serviceError("GetRoleCredentials", "ForbiddenException") + hintRole},
		{"error InvalidRequestException", 254, serviceError("GetRoleCredentials", "InvalidRequestException")},
		{"error ResourceNotFoundException", 254, serviceError("GetRoleCredentials", "ResourceNotFoundException")},
		{"error TooManyRequestsException", 254, serviceError("GetRoleCredentials", "TooManyRequestsException") + hintWait},
		{"error UnauthorizedException", 255, ended},
		{"status 400", 254, serviceError("GetRoleCredentials", "InvalidRequestException")},
		{"status 403", 254, serviceError("GetRoleCredentials", "ForbiddenException") + hintRole},
		{"status 404", 254, serviceError("GetRoleCredentials", "ResourceNotFoundException")},
		{"status 429", 254, serviceError("GetRoleCredentials", "TooManyRequestsException") + hintWait},
		{"status 500", 254, serviceError("GetRoleCredentials", "InternalServerException")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, serviceError("GetRoleCredentials", "ServiceUnavailableException")},
		{"drop before", 255, closed("GetRoleCredentials")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, closed("GetRoleCredentials")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, cutOff("GetRoleCredentials")},
		{"truncate, ×1", 0, ""},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, late("GetRoleCredentials")},
		{"rate", 254, serviceError("GetRoleCredentials", "TooManyRequestsException") + hintWait},
	},
	"Logout": {
		{"error InvalidRequestException", 0, notTold + serviceSaid("Logout", "InvalidRequestException")},
		{"error TooManyRequestsException", 0, notTold + serviceSaid("Logout", "TooManyRequestsException")},
		{"error UnauthorizedException", 0, signedOut},
		{"status 400", 0, notTold + serviceSaid("Logout", "InvalidRequestException")},
		{"status 403", 0, notTold + serviceSaid("Logout", "ForbiddenException")},
		{"status 404", 0, notTold + serviceSaid("Logout", "ResourceNotFoundException")},
		{"status 429", 0, notTold + serviceSaid("Logout", "TooManyRequestsException")},
		{"status 500", 0, notTold + serviceSaid("Logout", "InternalServerException")},
		{"status 500, ×1", 0, signedOut},
		{"status 503", 0, notTold + serviceSaid("Logout", "ServiceUnavailableException")},
		{"drop before", 0, notTold + wasClosed("Logout")},
		{"drop before, ×1", 0, signedOut},
		{"drop after", 0, notTold + wasClosed("Logout")},
		{"drop after, ×1", 0, signedOut},
		{"truncate", 0, notTold + wasCutOff("Logout")},
		{"truncate, ×1", 0, signedOut},
		{"latency 100ms", 0, signedOut},
		{"latency 4s, read timeout 1", 0, notTold + wasLate("Logout")},
	},
	"GetCallerIdentity": {
		{"error AccessDenied", 254, serviceError("GetCallerIdentity", "AccessDenied") + hintForbidden},
		{"error ExpiredToken", 254, serviceError("GetCallerIdentity", "ExpiredToken") + hintKeys},
		{"error InvalidClientTokenId", 254, serviceError("GetCallerIdentity", "InvalidClientTokenId")},
		{"error RequestExpired", 254, serviceError("GetCallerIdentity", "RequestExpired") + hintClock},
		{"error SignatureDoesNotMatch", 254, serviceError("GetCallerIdentity", "SignatureDoesNotMatch") + hintClock},
		{"error Throttling", 254, serviceError("GetCallerIdentity", "Throttling") + hintWait},
		{"status 400", 254, serviceError("GetCallerIdentity", "ValidationError")},
		{"status 403", 254, serviceError("GetCallerIdentity", "AccessDenied") + hintForbidden},
		{"status 404", 254, serviceError("GetCallerIdentity", "MalformedQueryString")},
		{"status 429", 254, serviceError("GetCallerIdentity", "ThrottlingException") + hintWait},
		{"status 500", 254, serviceError("GetCallerIdentity", "InternalFailure")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, serviceError("GetCallerIdentity", "ServiceUnavailable")},
		{"drop before", 255, closed("GetCallerIdentity")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, closed("GetCallerIdentity")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, cutOff("GetCallerIdentity")},
		{"truncate, ×1", 0, ""},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, late("GetCallerIdentity")},
		{"rate", 254, serviceError("GetCallerIdentity", "Throttling") + hintWait},
	},
	"ListBuckets": {
		{"error AccessDenied", 254, serviceError("ListBuckets", "AccessDenied") + hintForbidden},
		{"error ExpiredToken", 254, serviceError("ListBuckets", "ExpiredToken") + hintKeys},
		{"error InternalError", 254, serviceError("ListBuckets", "InternalError")},
		{"error InvalidAccessKeyId", 254, serviceError("ListBuckets", "InvalidAccessKeyId")},
		{"error RequestTimeTooSkewed", 254, serviceError("ListBuckets", "RequestTimeTooSkewed") + " | The service finds the time of the request wrong. Look at this machine's clock, and try again."},
		{"error SignatureDoesNotMatch", 254, serviceError("ListBuckets", "SignatureDoesNotMatch") + hintClock},
		{"error SlowDown", 254, serviceError("ListBuckets", "SlowDown") + hintWait},
		{"status 400", 254, serviceError("ListBuckets", "InvalidRequest")},
		{"status 403", 254, serviceError("ListBuckets", "AccessDenied") + hintForbidden},
		{"status 404", 254, serviceError("ListBuckets", "NoSuchBucket")},
		{"status 429", 254, serviceError("ListBuckets", "TooManyRequests") + hintWait},
		{"status 500", 254, serviceError("ListBuckets", "InternalError")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, serviceError("ListBuckets", "SlowDown") + hintWait},
		{"drop before", 255, closed("ListBuckets")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, closed("ListBuckets")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, cutOff("ListBuckets")},
		{"truncate, ×1", 0, ""},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, late("ListBuckets")},
		{"rate", 254, serviceError("ListBuckets", "SlowDown") + hintWait},
	},
}
