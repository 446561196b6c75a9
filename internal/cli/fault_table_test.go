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

// outcome makes the words of a cell the same in every run. <fault> is what an
// injected error says, | an empty line.
func (f *faulted) outcome(stderr string) string {
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
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

type faultRow struct {
	kind   string
	code   int
	stderr string
}

// What portico says, in the forms it has.
func oauthError(op, code, oauth string) string {
	return "[ERROR]: An error occurred (" + code + ") when calling the " + op + " operation:  | Additional error details: / error: " + oauth + " / error_description: <fault>"
}

// unknownError is for a type that the SDK does not know of SSO OIDC: it does not
// read what else there is.
func unknownError(op, code string) string {
	return "[ERROR]: An error occurred (" + code + ") when calling the " + op + " operation: UnknownError"
}

func serviceError(op, code string) string { return "[ERROR]: " + serviceSaid(op, code) }

func serviceSaid(op, code string) string {
	return "An error occurred (" + code + ") when calling the " + op + " operation: <fault>"
}

func unreached(op, why string) string { return "[ERROR]: " + notReached(op, why) }

func notReached(op, why string) string { return "could not reach the service for " + op + ": " + why }

const (
	expired    = "[ERROR]: Error when retrieving token from sso: Token has expired and refresh failed | Sign in with: portico sso login --sso-session corp"
	ended      = "[ERROR]: The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run portico sso login with the corresponding profile. | Sign in with: portico sso login --sso-session corp"
	abandoned  = "[ERROR]: The pending authorization to retrieve an SSO token has expired. The login flow to retrieve an SSO token must be restarted. | Nobody completed the sign-in in time. If the page said the code or grant is invalid, sso_region (us-east-1) may be wrong: it is the region of the Identity Center, not of your resources. / To start again: portico sso login --sso-session corp"
	redeemed   = "[ERROR]: An error occurred (InvalidGrantException) when calling the CreateToken operation:  | Additional error details: / error: invalid_grant / error_description: Invalid grant provided | The sign-in can no longer be used. To start again: portico sso login"
	hintDenied = " | Access was not allowed in the browser. To try again: portico sso login"
	hintGrant  = " | The sign-in can no longer be used. To start again: portico sso login"
	hintKeys   = " | The credentials used have expired. If AWS_ACCESS_KEY_ID is set in the environment, unset it; it hides the profile."
	hintClock  = " | The secret key is not the one issued, or this machine's clock is wrong."
	hintRole   = " | The signed-in person does not have Admin in account 111111111111. See what there is with: portico sso list-account-roles --account-id 111111111111 --sso-session corp"
	notTold    = "[WARNING]: signed out here, but https://d-1234567890.awsapps.com/start could not be told: "
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
		{"error SlowDownException", 254, oauthError("RegisterClient", "SlowDownException", "slow_down")},
		{"error UnsupportedGrantTypeException", 254, oauthError("RegisterClient", "UnsupportedGrantTypeException", "unsupported_grant_type")},
		{"status 400", 254, oauthError("RegisterClient", "InvalidRequestException", "invalid_request")},
		{"status 403", 254, unknownError("RegisterClient", "ForbiddenException")},
		{"status 404", 254, oauthError("RegisterClient", "InvalidRequestException", "invalid_request")},
		{"status 429", 254, unknownError("RegisterClient", "TooManyRequestsException")},
		{"status 500", 254, oauthError("RegisterClient", "InternalServerException", "server_error")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, unknownError("RegisterClient", "ServiceUnavailableException")},
		{"drop before", 255, unreached("RegisterClient", "Post \"<idc>/client/register\": EOF")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, unreached("RegisterClient", "Post \"<idc>/client/register\": EOF")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, unreached("RegisterClient", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"truncate, ×1", 255, unreached("RegisterClient", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, unreached("RegisterClient", "Post \"<idc>/client/register\": net/http: timeout awaiting response headers")},
		{"rate", 254, unknownError("RegisterClient", "TooManyRequestsException")},
	},
	"StartDeviceAuthorization": {
		{"error InternalServerException", 254, oauthError("StartDeviceAuthorization", "InternalServerException", "server_error")},
		{"error InvalidClientException", 254, oauthError("StartDeviceAuthorization", "InvalidClientException", "invalid_client")},
		{"error InvalidClientException, ×1", 0, ""},
		{"error InvalidRequestException", 254, oauthError("StartDeviceAuthorization", "InvalidRequestException", "invalid_request")},
		{"error SlowDownException", 254, oauthError("StartDeviceAuthorization", "SlowDownException", "slow_down")},
		{"error UnauthorizedClientException", 254, oauthError("StartDeviceAuthorization", "UnauthorizedClientException", "unauthorized_client")},
		{"status 400", 254, oauthError("StartDeviceAuthorization", "InvalidRequestException", "invalid_request")},
		{"status 403", 254, unknownError("StartDeviceAuthorization", "ForbiddenException")},
		{"status 404", 254, oauthError("StartDeviceAuthorization", "InvalidRequestException", "invalid_request")},
		{"status 429", 254, unknownError("StartDeviceAuthorization", "TooManyRequestsException")},
		{"status 500", 254, oauthError("StartDeviceAuthorization", "InternalServerException", "server_error")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, unknownError("StartDeviceAuthorization", "ServiceUnavailableException")},
		{"drop before", 255, unreached("StartDeviceAuthorization", "Post \"<idc>/device_authorization\": EOF")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, unreached("StartDeviceAuthorization", "Post \"<idc>/device_authorization\": EOF")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, unreached("StartDeviceAuthorization", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"truncate, ×1", 255, unreached("StartDeviceAuthorization", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, unreached("StartDeviceAuthorization", "Post \"<idc>/device_authorization\": net/http: timeout awaiting response headers")},
		{"rate", 254, unknownError("StartDeviceAuthorization", "TooManyRequestsException")},
	},
	"CreateToken by device code": {
		{"error AccessDeniedException", 254, oauthError("CreateToken", "AccessDeniedException", "access_denied") + hintDenied},
		{"error AuthorizationPendingException, ×1", 0, ""},
		{"error ExpiredTokenException", 255, abandoned},
		{"error InternalServerException", 254, oauthError("CreateToken", "InternalServerException", "server_error")},
		{"error InvalidClientException", 254, oauthError("CreateToken", "InvalidClientException", "invalid_client")},
		{"error InvalidGrantException", 254, oauthError("CreateToken", "InvalidGrantException", "invalid_grant") + hintGrant},
		{"error InvalidRequestException", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"error InvalidScopeException", 254, oauthError("CreateToken", "InvalidScopeException", "invalid_scope")},
		{"error SlowDownException, ×1", 0, ""},
		{"error UnauthorizedClientException", 254, oauthError("CreateToken", "UnauthorizedClientException", "unauthorized_client")},
		{"error UnsupportedGrantTypeException", 254, oauthError("CreateToken", "UnsupportedGrantTypeException", "unsupported_grant_type")},
		{"status 400", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"status 403", 254, unknownError("CreateToken", "ForbiddenException")},
		{"status 404", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"status 429", 254, unknownError("CreateToken", "TooManyRequestsException")},
		{"status 500", 254, oauthError("CreateToken", "InternalServerException", "server_error")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, unknownError("CreateToken", "ServiceUnavailableException")},
		{"drop before, ×3", 0, ""},
		{"drop before, ×1", 0, ""},
		{"drop after, ×3", 254, redeemed},
		{"drop after, ×1", 254, redeemed},
		{"truncate, ×1", 254, redeemed},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2, ×3", 0, ""},
		{"rate", 254, unknownError("CreateToken", "TooManyRequestsException")},
	},
	"CreateToken by authorization code": {
		{"error AccessDeniedException", 254, oauthError("CreateToken", "AccessDeniedException", "access_denied") + hintDenied},
		{"error AuthorizationPendingException", 254, oauthError("CreateToken", "AuthorizationPendingException", "authorization_pending")},
		{"error ExpiredTokenException", 254, oauthError("CreateToken", "ExpiredTokenException", "expired_token") + hintKeys},
		{"error InternalServerException", 254, oauthError("CreateToken", "InternalServerException", "server_error")},
		{"error InvalidClientException", 254, oauthError("CreateToken", "InvalidClientException", "invalid_client")},
		{"error InvalidClientException, ×1", 0, ""},
		{"error InvalidGrantException", 254, oauthError("CreateToken", "InvalidGrantException", "invalid_grant") + hintGrant},
		{"error InvalidRequestException", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"error InvalidScopeException", 254, oauthError("CreateToken", "InvalidScopeException", "invalid_scope")},
		{"error SlowDownException", 254, oauthError("CreateToken", "SlowDownException", "slow_down")},
		{"error UnauthorizedClientException", 254, oauthError("CreateToken", "UnauthorizedClientException", "unauthorized_client")},
		{"error UnsupportedGrantTypeException", 254, oauthError("CreateToken", "UnsupportedGrantTypeException", "unsupported_grant_type")},
		{"status 400", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"status 403", 254, unknownError("CreateToken", "ForbiddenException")},
		{"status 404", 254, oauthError("CreateToken", "InvalidRequestException", "invalid_request")},
		{"status 429", 254, unknownError("CreateToken", "TooManyRequestsException")},
		{"status 500", 254, oauthError("CreateToken", "InternalServerException", "server_error")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, unknownError("CreateToken", "ServiceUnavailableException")},
		{"drop before", 255, unreached("CreateToken", "Post \"<idc>/token\": EOF")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, unreached("CreateToken", "Post \"<idc>/token\": EOF")},
		{"drop after, ×1", 254, redeemed},
		{"truncate", 255, unreached("CreateToken", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"truncate, ×1", 255, unreached("CreateToken", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, unreached("CreateToken", "Post \"<idc>/token\": net/http: timeout awaiting response headers")},
		{"rate", 254, unknownError("CreateToken", "TooManyRequestsException")},
	},
	"CreateToken by refresh token": {
		{"error AccessDeniedException", 255, expired},
		{"error AuthorizationPendingException", 255, expired},
		{"error ExpiredTokenException", 255, expired},
		{"error InternalServerException", 254, oauthError("CreateToken", "InternalServerException", "server_error")},
		{"error InvalidClientException", 255, expired},
		{"error InvalidGrantException", 255, expired},
		{"error InvalidRequestException", 255, expired},
		{"error InvalidScopeException", 255, expired},
		{"error SlowDownException", 255, expired},
		{"error UnauthorizedClientException", 255, expired},
		{"error UnsupportedGrantTypeException", 255, expired},
		{"status 400", 255, expired},
		{"status 403", 255, expired},
		{"status 404", 255, expired},
		{"status 429", 254, unknownError("CreateToken", "TooManyRequestsException")},
		{"status 500", 254, oauthError("CreateToken", "InternalServerException", "server_error")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, unknownError("CreateToken", "ServiceUnavailableException")},
		{"drop before", 255, unreached("CreateToken", "Post \"<idc>/token\": EOF")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, unreached("CreateToken", "Post \"<idc>/token\": EOF")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, unreached("CreateToken", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"truncate, ×1", 255, unreached("CreateToken", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, unreached("CreateToken", "Post \"<idc>/token\": net/http: timeout awaiting response headers")},
		{"rate", 254, unknownError("CreateToken", "TooManyRequestsException")},
	},
	"ListAccounts": {
		{"error InvalidRequestException", 254, serviceError("ListAccounts", "InvalidRequestException")},
		{"error ResourceNotFoundException", 254, serviceError("ListAccounts", "ResourceNotFoundException")},
		{"error TooManyRequestsException", 254, serviceError("ListAccounts", "TooManyRequestsException")},
		{"error UnauthorizedException", 255, ended},
		{"error UnauthorizedException, ×1", 0, ""},
		{"status 400", 254, serviceError("ListAccounts", "InvalidRequestException")},
		{"status 403", 254, serviceError("ListAccounts", "ForbiddenException")},
		{"status 404", 254, serviceError("ListAccounts", "ResourceNotFoundException")},
		{"status 429", 254, serviceError("ListAccounts", "TooManyRequestsException")},
		{"status 500", 254, serviceError("ListAccounts", "InternalServerException")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, serviceError("ListAccounts", "ServiceUnavailableException")},
		{"drop before", 255, unreached("ListAccounts", "Get \"<idc>/assignment/accounts?max_result=100\": EOF")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, unreached("ListAccounts", "Get \"<idc>/assignment/accounts?max_result=100\": EOF")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, unreached("ListAccounts", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"truncate, ×1", 255, unreached("ListAccounts", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, unreached("ListAccounts", "Get \"<idc>/assignment/accounts?max_result=100\": net/http: timeout awaiting response headers")},
		{"rate", 254, serviceError("ListAccounts", "TooManyRequestsException")},
	},
	"ListAccountRoles": {
		{"error InvalidRequestException", 254, serviceError("ListAccountRoles", "InvalidRequestException")},
		{"error ResourceNotFoundException", 254, serviceError("ListAccountRoles", "ResourceNotFoundException")},
		{"error TooManyRequestsException", 254, serviceError("ListAccountRoles", "TooManyRequestsException")},
		{"error UnauthorizedException", 255, ended},
		{"status 400", 254, serviceError("ListAccountRoles", "InvalidRequestException")},
		{"status 403", 254, serviceError("ListAccountRoles", "ForbiddenException")},
		{"status 404", 254, serviceError("ListAccountRoles", "ResourceNotFoundException")},
		{"status 429", 254, serviceError("ListAccountRoles", "TooManyRequestsException")},
		{"status 500", 254, serviceError("ListAccountRoles", "InternalServerException")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, serviceError("ListAccountRoles", "ServiceUnavailableException")},
		{"drop before", 255, unreached("ListAccountRoles", "Get \"<idc>/assignment/roles?account_id=111111111111&max_result=100\": EOF")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, unreached("ListAccountRoles", "Get \"<idc>/assignment/roles?account_id=111111111111&max_result=100\": EOF")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, unreached("ListAccountRoles", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"truncate, ×1", 255, unreached("ListAccountRoles", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, unreached("ListAccountRoles", "Get \"<idc>/assignment/roles?account_id=111111111111&max_result=100\": net/http: timeout awaiting response headers")},
		{"rate", 254, serviceError("ListAccountRoles", "TooManyRequestsException")},
	},
	"GetRoleCredentials": {
		{"error ForbiddenException", 254, serviceError("GetRoleCredentials", "ForbiddenException") + hintRole},
		{"error InvalidRequestException", 254, serviceError("GetRoleCredentials", "InvalidRequestException")},
		{"error ResourceNotFoundException", 254, serviceError("GetRoleCredentials", "ResourceNotFoundException")},
		{"error TooManyRequestsException", 254, serviceError("GetRoleCredentials", "TooManyRequestsException")},
		{"error UnauthorizedException", 255, ended},
		{"status 400", 254, serviceError("GetRoleCredentials", "InvalidRequestException")},
		{"status 403", 254, serviceError("GetRoleCredentials", "ForbiddenException") + hintRole},
		{"status 404", 254, serviceError("GetRoleCredentials", "ResourceNotFoundException")},
		{"status 429", 254, serviceError("GetRoleCredentials", "TooManyRequestsException")},
		{"status 500", 254, serviceError("GetRoleCredentials", "InternalServerException")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, serviceError("GetRoleCredentials", "ServiceUnavailableException")},
		{"drop before", 255, unreached("GetRoleCredentials", "Get \"<idc>/federation/credentials?account_id=111111111111&role_name=Admin\": EOF")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, unreached("GetRoleCredentials", "Get \"<idc>/federation/credentials?account_id=111111111111&role_name=Admin\": EOF")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, unreached("GetRoleCredentials", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"truncate, ×1", 255, unreached("GetRoleCredentials", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, unexpected EOF")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, unreached("GetRoleCredentials", "Get \"<idc>/federation/credentials?account_id=111111111111&role_name=Admin\": net/http: timeout awaiting response headers")},
		{"rate", 254, serviceError("GetRoleCredentials", "TooManyRequestsException")},
	},
	"Logout": {
		{"error InvalidRequestException", 0, notTold + serviceSaid("Logout", "InvalidRequestException")},
		{"error TooManyRequestsException", 0, notTold + serviceSaid("Logout", "TooManyRequestsException")},
		{"error UnauthorizedException", 0, ""},
		{"status 400", 0, notTold + serviceSaid("Logout", "InvalidRequestException")},
		{"status 403", 0, notTold + serviceSaid("Logout", "ForbiddenException")},
		{"status 404", 0, notTold + serviceSaid("Logout", "ResourceNotFoundException")},
		{"status 429", 0, notTold + serviceSaid("Logout", "TooManyRequestsException")},
		{"status 500", 0, notTold + serviceSaid("Logout", "InternalServerException")},
		{"status 500, ×1", 0, ""},
		{"status 503", 0, notTold + serviceSaid("Logout", "ServiceUnavailableException")},
		{"drop before", 0, notTold + notReached("Logout", "Post \"<idc>/logout\": EOF")},
		{"drop before, ×1", 0, ""},
		{"drop after", 0, ""},
		{"drop after, ×1", 0, ""},
		{"truncate", 0, ""},
		{"truncate, ×1", 0, ""},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 0, notTold + notReached("Logout", "Post \"<idc>/logout\": net/http: timeout awaiting response headers")},
	},
	"GetCallerIdentity": {
		{"error AccessDenied", 254, serviceError("GetCallerIdentity", "AccessDenied")},
		{"error ExpiredToken", 254, serviceError("GetCallerIdentity", "ExpiredToken") + hintKeys},
		{"error InvalidClientTokenId", 254, serviceError("GetCallerIdentity", "InvalidClientTokenId")},
		{"error RequestExpired", 254, serviceError("GetCallerIdentity", "RequestExpired")},
		{"error SignatureDoesNotMatch", 254, serviceError("GetCallerIdentity", "SignatureDoesNotMatch") + hintClock},
		{"error Throttling", 254, serviceError("GetCallerIdentity", "Throttling")},
		{"status 400", 254, serviceError("GetCallerIdentity", "ValidationError")},
		{"status 403", 254, serviceError("GetCallerIdentity", "AccessDenied")},
		{"status 404", 254, serviceError("GetCallerIdentity", "MalformedQueryString")},
		{"status 429", 254, serviceError("GetCallerIdentity", "ThrottlingException")},
		{"status 500", 254, serviceError("GetCallerIdentity", "InternalFailure")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, serviceError("GetCallerIdentity", "ServiceUnavailable")},
		{"drop before", 255, unreached("GetCallerIdentity", "Post \"<idc>/\": EOF")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, unreached("GetCallerIdentity", "Post \"<idc>/\": EOF")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, unreached("GetCallerIdentity", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, failed to decode response body, unexpected EOF")},
		{"truncate, ×1", 255, unreached("GetCallerIdentity", "https response error StatusCode: 200, RequestID: <idc>, deserialization failed, failed to decode response body, unexpected EOF")},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, unreached("GetCallerIdentity", "Post \"<idc>/\": net/http: timeout awaiting response headers")},
		{"rate", 254, serviceError("GetCallerIdentity", "ThrottlingException")},
	},
	"ListBuckets": {
		{"error AccessDenied", 254, serviceError("ListBuckets", "AccessDenied")},
		{"error ExpiredToken", 254, serviceError("ListBuckets", "ExpiredToken") + hintKeys},
		{"error InternalError", 254, serviceError("ListBuckets", "InternalError")},
		{"error InvalidAccessKeyId", 254, serviceError("ListBuckets", "InvalidAccessKeyId")},
		{"error RequestTimeTooSkewed", 254, serviceError("ListBuckets", "RequestTimeTooSkewed") + hintClock},
		{"error SignatureDoesNotMatch", 254, serviceError("ListBuckets", "SignatureDoesNotMatch") + hintClock},
		{"error SlowDown", 254, serviceError("ListBuckets", "SlowDown")},
		{"status 400", 254, serviceError("ListBuckets", "InvalidRequest")},
		{"status 403", 254, serviceError("ListBuckets", "AccessDenied")},
		{"status 404", 254, serviceError("ListBuckets", "NoSuchBucket")},
		{"status 429", 254, serviceError("ListBuckets", "TooManyRequests")},
		{"status 500", 254, serviceError("ListBuckets", "InternalError")},
		{"status 500, ×1", 0, ""},
		{"status 503", 254, serviceError("ListBuckets", "SlowDown")},
		{"drop before", 255, unreached("ListBuckets", "EOF")},
		{"drop before, ×1", 0, ""},
		{"drop after", 255, unreached("ListBuckets", "EOF")},
		{"drop after, ×1", 0, ""},
		{"truncate", 255, unreached("ListBuckets", "unexpected EOF")},
		{"truncate, ×1", 0, ""},
		{"latency 100ms", 0, ""},
		{"latency 4s, read timeout 2", 255, unreached("ListBuckets", "net/http: timeout awaiting response headers")},
		{"rate", 254, serviceError("ListBuckets", "TooManyRequests")},
	},
}
