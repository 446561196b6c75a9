package idctest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/portico-sso/portico/idctest"
)

// organisation has a person without a password, which takes no time to hash, and
// whose sign-ins are allowed by themselves.
const organisation = `
start_url: https://d-1234567890.awsapps.com/start
region: us-east-1
users: [{name: alice, email: alice@example.com}]
accounts: [{id: "111111111111", name: dev, email: dev@example.com}]
permission_sets: [{name: Admin}]
assignments: [{user: alice, permission_set: Admin, accounts: [dev]}]
decisions: [{user: alice, answer: allow}]
`

// sdkClient is a program with the Go SDK as it comes: three attempts, backoff with
// jitter. The call under test is made with tested.
type sdkClient struct {
	*program
	t      *testing.T
	tested aws.Config

	token *ssooidc.CreateTokenOutput
}

const (
	account     = "111111111111"
	roleName    = "Admin"
	callbackURI = "http://127.0.0.1/oauth/callback"
	verifier    = "0123456789012345678901234567890123456789012345678901234567890123"
)

func newSDKClient(t *testing.T, ic *idctest.IdentityCenter) *sdkClient {
	return &sdkClient{t: t, program: newProgram(t, ic), tested: ic.AWSConfig()}
}

// signIn does all that comes before the calls of the access portal.
func (c *sdkClient) signIn() {
	c.t.Helper()
	token, _, err := c.poll(c.t, c.startDevice(c.t))
	if err != nil {
		c.t.Fatal(err)
	}
	c.token = token
}

func (c *sdkClient) createToken(in ssooidc.CreateTokenInput) func() error {
	in.ClientId, in.ClientSecret = c.id, c.secret
	oidc := ssooidc.NewFromConfig(c.tested)
	return func() (err error) {
		c.token, err = oidc.CreateToken(c.t.Context(), &in)
		return err
	}
}

// authorizationCode registers a client that may use one, and walks the pages as a
// browser until they lead back to the client.
func (c *sdkClient) authorizationCode() (code string) {
	c.t.Helper()
	out, err := c.oidc.RegisterClient(c.t.Context(), &ssooidc.RegisterClientInput{
		ClientName: aws.String("test"), ClientType: aws.String("public"), Scopes: []string{"sso:account:access"},
		GrantTypes: []string{"authorization_code", "refresh_token"}, RedirectUris: []string{callbackURI}, IssuerUrl: &c.ic.StartURL,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.id, c.secret = out.ClientId, out.ClientSecret
	sum := sha256.Sum256([]byte(verifier))
	browser := c.ic.HTTPClient()
	browser.Jar, _ = cookiejar.New(nil)
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/oauth/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	resp, err := browser.Get(c.ic.URL + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {*c.id}, "redirect_uri": {callbackURI}, "state": {"the state"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "scopes": {"sso:account:access"},
	}.Encode())
	if err != nil {
		c.t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil || back.Query().Get("code") == "" {
		c.t.Fatalf("got %s and %v from the pages, want the callback with a code", resp.Status, back)
	}
	return back.Query().Get("code")
}

// An sdkCall makes one call of an operation, everything before it done.
type sdkCall struct {
	name, op string
	prepare  func(c *sdkClient) (call func() error)
}

var sdkCalls = []sdkCall{
	{"RegisterClient", "RegisterClient", func(c *sdkClient) func() error {
		oidc := ssooidc.NewFromConfig(c.tested)
		return func() error {
			out, err := oidc.RegisterClient(c.t.Context(), &ssooidc.RegisterClientInput{
				ClientName: aws.String("tested"), ClientType: aws.String("public"), Scopes: []string{"sso:account:access"}})
			if err == nil {
				c.id, c.secret = out.ClientId, out.ClientSecret
			}
			return err
		}
	}},
	{"StartDeviceAuthorization", "StartDeviceAuthorization", func(c *sdkClient) func() error {
		oidc := ssooidc.NewFromConfig(c.tested)
		return func() error {
			_, err := oidc.StartDeviceAuthorization(c.t.Context(), &ssooidc.StartDeviceAuthorizationInput{
				ClientId: c.id, ClientSecret: c.secret, StartUrl: &c.ic.StartURL})
			return err
		}
	}},
	{"CreateToken by device code", "CreateToken", func(c *sdkClient) func() error {
		device := c.startDevice(c.t)
		return c.createToken(ssooidc.CreateTokenInput{GrantType: aws.String(deviceCode), DeviceCode: device.DeviceCode})
	}},
	{"CreateToken by authorization code", "CreateToken", func(c *sdkClient) func() error {
		code := c.authorizationCode()
		return c.createToken(ssooidc.CreateTokenInput{GrantType: aws.String("authorization_code"), Code: &code,
			CodeVerifier: aws.String(verifier), RedirectUri: aws.String(callbackURI)})
	}},
	{"CreateToken by refresh token", "CreateToken", func(c *sdkClient) func() error {
		c.signIn()
		return c.createToken(ssooidc.CreateTokenInput{GrantType: aws.String("refresh_token"), RefreshToken: c.token.RefreshToken})
	}},
	{"ListAccounts", "ListAccounts", func(c *sdkClient) func() error {
		c.signIn()
		portal := sso.NewFromConfig(c.tested)
		return func() error {
			_, err := portal.ListAccounts(c.t.Context(), &sso.ListAccountsInput{AccessToken: c.token.AccessToken})
			return err
		}
	}},
	{"ListAccountRoles", "ListAccountRoles", func(c *sdkClient) func() error {
		c.signIn()
		portal := sso.NewFromConfig(c.tested)
		return func() error {
			_, err := portal.ListAccountRoles(c.t.Context(), &sso.ListAccountRolesInput{AccessToken: c.token.AccessToken, AccountId: aws.String(account)})
			return err
		}
	}},
	{"GetRoleCredentials", "GetRoleCredentials", func(c *sdkClient) func() error {
		c.signIn()
		portal := sso.NewFromConfig(c.tested)
		return func() error {
			_, err := portal.GetRoleCredentials(c.t.Context(), &sso.GetRoleCredentialsInput{
				AccessToken: c.token.AccessToken, AccountId: aws.String(account), RoleName: aws.String(roleName)})
			return err
		}
	}},
	{"Logout", "Logout", func(c *sdkClient) func() error {
		c.signIn()
		portal := sso.NewFromConfig(c.tested)
		return func() error {
			_, err := portal.Logout(c.t.Context(), &sso.LogoutInput{AccessToken: c.token.AccessToken})
			return err
		}
	}},
	{"GetCallerIdentity", "GetCallerIdentity", func(c *sdkClient) func() error {
		c.signIn()
		c.tested.Credentials = c.signed(c.t, c.token.AccessToken, account, roleName).Credentials
		api := sts.NewFromConfig(c.tested)
		return func() error {
			_, err := api.GetCallerIdentity(c.t.Context(), nil)
			return err
		}
	}},
	{"ListBuckets", "ListBuckets", func(c *sdkClient) func() error {
		c.signIn()
		c.tested.Credentials = c.signed(c.t, c.token.AccessToken, account, roleName).Credentials
		api := s3.NewFromConfig(c.tested)
		return func() error {
			_, err := api.ListBuckets(c.t.Context(), nil)
			return err
		}
	}},
}

// sdkOutcome is what a program gets of a call: ok; the status and the error, with
// a ~ where the SDK has no type for it; or how the connection failed.
func sdkOutcome(err error) string {
	if err == nil {
		return "ok"
	}
	status := ""
	if answer := new(smithyhttp.ResponseError); errors.As(err, &answer) && answer.HTTPStatusCode() != 0 {
		status = strconv.Itoa(answer.HTTPStatusCode()) + " "
	}
	var api smithy.APIError
	var network net.Error
	switch {
	case errors.As(err, &api):
		if generic := new(smithy.GenericAPIError); errors.As(err, &generic) {
			return status + "~" + api.ErrorCode()
		}
		return status + api.ErrorCode()
	case errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe):
		return status + "cut off"
	}
	return status + err.Error()
}

// kindOf reads the first column of the tables.
func kindOf(t *testing.T, kind string) (f idctest.Fault) {
	t.Helper()
	what, how, _ := strings.Cut(kind, " ")
	var err error
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
		how, _, _ = strings.Cut(how, ",")
		f.Latency, err = time.ParseDuration(how)
	case "rate":
		f.Rate, f.Burst = 1.0/3600, 1
	default:
		err = errors.New("no such kind")
	}
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return f
}

// sdkCell makes the call with the fault there: how often the SDK asked, what it
// made of it, and, where the answer and not the call went wrong, how often the
// call had its effect.
func sdkCell(t *testing.T, ic *idctest.IdentityCenter, op, kind string, count int, prepare func(*sdkClient) func() error) string {
	t.Helper()
	if err := ic.ClearFaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := newSDKClient(t, ic)
	if strings.HasSuffix(kind, ", patience 5s") {
		impatient := ic.HTTPClient()
		impatient.Timeout = 5 * time.Second
		c.tested.HTTPClient = impatient
	}
	call := prepare(c)
	f := kindOf(t, kind)
	f.Op, f.Count = op, count
	if f.Rate > 0 { // somebody else's call passes
		other := prepare(newSDKClient(t, ic))
		if _, err := ic.Inject(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if err := other(); err != nil {
			t.Errorf("%s, %s: the first call does not pass: %v", op, kind, err)
		}
	} else if _, err := ic.Inject(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	before := happened(t, ic, 0, "*")
	began := time.Now()
	got := sdkOutcome(call())
	took := time.Since(began)
	time.Sleep(time.Minute) // the server may be at work still
	attempts, effects := 0, 0
	for _, e := range happened(t, ic, before[len(before)-1].Sequence, op) {
		attempts++
		if e.ErrorCode == "" {
			effects++
		}
	}
	got = fmt.Sprintf("%d× %s", attempts, got)
	switch {
	case f.Drop == idctest.AfterActing, f.Truncate, strings.Contains(kind, "patience"):
		got += fmt.Sprintf(", done %d×", effects)
	case f.Latency > 0:
		got += " after " + took.String()
	}
	return got
}

func happened(t *testing.T, ic *idctest.IdentityCenter, after int64, op string) []idctest.Event {
	t.Helper()
	es, err := ic.Events(t.Context(), idctest.EventFilter{After: after, Operation: op})
	if err != nil {
		t.Fatal(err)
	}
	return es
}

// Each operation × each kind of fault: how often the Go SDK asks and what its
// caller gets, with the fault in every call and with the fault in the first alone.
func TestFaultsThroughTheSDK(t *testing.T) {
	for _, o := range sdkCalls {
		t.Run(o.name, func(t *testing.T) {
			rows := sdkTable[o.name]
			if len(rows) == 0 {
				t.Fatal("not in the table")
			}
			synctest.Test(t, func(t *testing.T) {
				ic := idctest.New(t, idctest.Seed(organisation))
				for _, row := range rows {
					if got := sdkCell(t, ic, o.op, row.kind, 0, o.prepare); got != row.always {
						t.Errorf("%s: got %s, want %s", row.kind, got, row.always)
					}
					if row.once == "" {
						continue
					}
					if got := sdkCell(t, ic, o.op, row.kind, 1, o.prepare); got != row.once {
						t.Errorf("%s, once: got %s, want %s", row.kind, got, row.once)
					}
				}
			})
		})
	}
}

type sdkRow struct {
	kind   string
	always string // every call goes wrong
	once   string // the first does
}

// sdkTable is what there is to know. "2× ok, done 2×" says that the SDK asked
// twice, its caller saw nothing of it, and the call had its effect twice; a ~ that
// the SDK has no type for the error.
var sdkTable = map[string][]sdkRow{
	"RegisterClient": {
		{"error InternalServerException", "3× 500 InternalServerException", "2× ok"},
		{"error InvalidClientMetadataException", "1× 400 InvalidClientMetadataException", "1× 400 InvalidClientMetadataException"},
		{"error InvalidRedirectUriException", "1× 400 InvalidRedirectUriException", "1× 400 InvalidRedirectUriException"},
		{"error InvalidRequestException", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"error InvalidScopeException", "1× 400 InvalidScopeException", "1× 400 InvalidScopeException"},
		{"error SlowDownException", "1× 400 SlowDownException", "1× 400 SlowDownException"},
		{"error UnsupportedGrantTypeException", "1× 400 UnsupportedGrantTypeException", "1× 400 UnsupportedGrantTypeException"},
		{"status 400", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"status 403", "1× 403 ~ForbiddenException", "1× 403 ~ForbiddenException"},
		{"status 404", "1× 404 InvalidRequestException", "1× 404 InvalidRequestException"},
		{"status 429", "3× 429 ~TooManyRequestsException", "2× ok"},
		{"status 500", "3× 500 InternalServerException", "2× ok"},
		{"status 503", "3× 503 ~ServiceUnavailableException", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 3×", "2× ok, done 2×"},
		{"truncate", "1× 200 cut off, done 1×", "1× 200 cut off, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 429 ~TooManyRequestsException", ""},
	},
	"StartDeviceAuthorization": {
		{"error InternalServerException", "3× 500 InternalServerException", "2× ok"},
		{"error InvalidClientException", "1× 401 InvalidClientException", "1× 401 InvalidClientException"},
		{"error InvalidRequestException", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"error SlowDownException", "1× 400 SlowDownException", "1× 400 SlowDownException"},
		{"error UnauthorizedClientException", "1× 400 UnauthorizedClientException", "1× 400 UnauthorizedClientException"},
		{"status 400", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"status 403", "1× 403 ~ForbiddenException", "1× 403 ~ForbiddenException"},
		{"status 404", "1× 404 InvalidRequestException", "1× 404 InvalidRequestException"},
		{"status 429", "3× 429 ~TooManyRequestsException", "2× ok"},
		{"status 500", "3× 500 InternalServerException", "2× ok"},
		{"status 503", "3× 503 ~ServiceUnavailableException", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 3×", "2× ok, done 2×"},
		{"truncate", "1× 200 cut off, done 1×", "1× 200 cut off, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 429 ~TooManyRequestsException", ""},
	},
	"CreateToken by device code": {
		{"error AccessDeniedException", "1× 400 AccessDeniedException", "1× 400 AccessDeniedException"},
		{"error AuthorizationPendingException", "1× 400 AuthorizationPendingException", "1× 400 AuthorizationPendingException"},
		{"error ExpiredTokenException", "1× 400 ExpiredTokenException", "1× 400 ExpiredTokenException"},
		{"error InternalServerException", "3× 500 InternalServerException", "2× ok"},
		{"error InvalidClientException", "1× 401 InvalidClientException", "1× 401 InvalidClientException"},
		{"error InvalidGrantException", "1× 400 InvalidGrantException", "1× 400 InvalidGrantException"},
		{"error InvalidRequestException", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"error InvalidScopeException", "1× 400 InvalidScopeException", "1× 400 InvalidScopeException"},
		{"error SlowDownException", "1× 400 SlowDownException", "1× 400 SlowDownException"},
		{"error UnauthorizedClientException", "1× 400 UnauthorizedClientException", "1× 400 UnauthorizedClientException"},
		{"error UnsupportedGrantTypeException", "1× 400 UnsupportedGrantTypeException", "1× 400 UnsupportedGrantTypeException"},
		{"status 400", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"status 403", "1× 403 ~ForbiddenException", "1× 403 ~ForbiddenException"},
		{"status 404", "1× 404 InvalidRequestException", "1× 404 InvalidRequestException"},
		{"status 429", "3× 429 ~TooManyRequestsException", "2× ok"},
		{"status 500", "3× 500 InternalServerException", "2× ok"},
		{"status 503", "3× 503 ~ServiceUnavailableException", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 1×", "2× 400 InvalidGrantException, done 1×"},
		{"truncate", "1× 200 cut off, done 1×", "1× 200 cut off, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 429 ~TooManyRequestsException", ""},
	},
	"CreateToken by authorization code": {
		{"error AccessDeniedException", "1× 400 AccessDeniedException", "1× 400 AccessDeniedException"},
		{"error AuthorizationPendingException", "1× 400 AuthorizationPendingException", "1× 400 AuthorizationPendingException"},
		{"error ExpiredTokenException", "1× 400 ExpiredTokenException", "1× 400 ExpiredTokenException"},
		{"error InternalServerException", "3× 500 InternalServerException", "2× ok"},
		{"error InvalidClientException", "1× 401 InvalidClientException", "1× 401 InvalidClientException"},
		{"error InvalidGrantException", "1× 400 InvalidGrantException", "1× 400 InvalidGrantException"},
		{"error InvalidRequestException", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"error InvalidScopeException", "1× 400 InvalidScopeException", "1× 400 InvalidScopeException"},
		{"error SlowDownException", "1× 400 SlowDownException", "1× 400 SlowDownException"},
		{"error UnauthorizedClientException", "1× 400 UnauthorizedClientException", "1× 400 UnauthorizedClientException"},
		{"error UnsupportedGrantTypeException", "1× 400 UnsupportedGrantTypeException", "1× 400 UnsupportedGrantTypeException"},
		{"status 400", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"status 403", "1× 403 ~ForbiddenException", "1× 403 ~ForbiddenException"},
		{"status 404", "1× 404 InvalidRequestException", "1× 404 InvalidRequestException"},
		{"status 429", "3× 429 ~TooManyRequestsException", "2× ok"},
		{"status 500", "3× 500 InternalServerException", "2× ok"},
		{"status 503", "3× 503 ~ServiceUnavailableException", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 1×", "2× 400 InvalidGrantException, done 1×"},
		{"truncate", "1× 200 cut off, done 1×", "1× 200 cut off, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 429 ~TooManyRequestsException", ""},
	},
	"CreateToken by refresh token": {
		{"error AccessDeniedException", "1× 400 AccessDeniedException", "1× 400 AccessDeniedException"},
		{"error AuthorizationPendingException", "1× 400 AuthorizationPendingException", "1× 400 AuthorizationPendingException"},
		{"error ExpiredTokenException", "1× 400 ExpiredTokenException", "1× 400 ExpiredTokenException"},
		{"error InternalServerException", "3× 500 InternalServerException", "2× ok"},
		{"error InvalidClientException", "1× 401 InvalidClientException", "1× 401 InvalidClientException"},
		{"error InvalidGrantException", "1× 400 InvalidGrantException", "1× 400 InvalidGrantException"},
		{"error InvalidRequestException", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"error InvalidScopeException", "1× 400 InvalidScopeException", "1× 400 InvalidScopeException"},
		{"error SlowDownException", "1× 400 SlowDownException", "1× 400 SlowDownException"},
		{"error UnauthorizedClientException", "1× 400 UnauthorizedClientException", "1× 400 UnauthorizedClientException"},
		{"error UnsupportedGrantTypeException", "1× 400 UnsupportedGrantTypeException", "1× 400 UnsupportedGrantTypeException"},
		{"status 400", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"status 403", "1× 403 ~ForbiddenException", "1× 403 ~ForbiddenException"},
		{"status 404", "1× 404 InvalidRequestException", "1× 404 InvalidRequestException"},
		{"status 429", "3× 429 ~TooManyRequestsException", "2× ok"},
		{"status 500", "3× 500 InternalServerException", "2× ok"},
		{"status 503", "3× 503 ~ServiceUnavailableException", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 3×", "2× ok, done 2×"},
		{"truncate", "1× 200 cut off, done 1×", "1× 200 cut off, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 429 ~TooManyRequestsException", ""},
	},
	"ListAccounts": {
		{"error InvalidRequestException", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"error ResourceNotFoundException", "1× 404 ResourceNotFoundException", "1× 404 ResourceNotFoundException"},
		{"error TooManyRequestsException", "3× 429 TooManyRequestsException", "2× ok"},
		{"error UnauthorizedException", "1× 401 UnauthorizedException", "1× 401 UnauthorizedException"},
		{"status 400", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"status 403", "1× 403 ~ForbiddenException", "1× 403 ~ForbiddenException"},
		{"status 404", "1× 404 ResourceNotFoundException", "1× 404 ResourceNotFoundException"},
		{"status 429", "3× 429 TooManyRequestsException", "2× ok"},
		{"status 500", "3× 500 ~InternalServerException", "2× ok"},
		{"status 503", "3× 503 ~ServiceUnavailableException", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 3×", "2× ok, done 2×"},
		{"truncate", "1× 200 cut off, done 1×", "1× 200 cut off, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 429 TooManyRequestsException", ""},
	},
	"ListAccountRoles": {
		{"error InvalidRequestException", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"error ResourceNotFoundException", "1× 404 ResourceNotFoundException", "1× 404 ResourceNotFoundException"},
		{"error TooManyRequestsException", "3× 429 TooManyRequestsException", "2× ok"},
		{"error UnauthorizedException", "1× 401 UnauthorizedException", "1× 401 UnauthorizedException"},
		{"status 400", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"status 403", "1× 403 ~ForbiddenException", "1× 403 ~ForbiddenException"},
		{"status 404", "1× 404 ResourceNotFoundException", "1× 404 ResourceNotFoundException"},
		{"status 429", "3× 429 TooManyRequestsException", "2× ok"},
		{"status 500", "3× 500 ~InternalServerException", "2× ok"},
		{"status 503", "3× 503 ~ServiceUnavailableException", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 3×", "2× ok, done 2×"},
		{"truncate", "1× 200 cut off, done 1×", "1× 200 cut off, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 429 TooManyRequestsException", ""},
	},
	"GetRoleCredentials": {
		{"error InvalidRequestException", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"error ResourceNotFoundException", "1× 404 ResourceNotFoundException", "1× 404 ResourceNotFoundException"},
		{"error TooManyRequestsException", "3× 429 TooManyRequestsException", "2× ok"},
		{"error UnauthorizedException", "1× 401 UnauthorizedException", "1× 401 UnauthorizedException"},
		{"status 400", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"status 403", "1× 403 ~ForbiddenException", "1× 403 ~ForbiddenException"},
		{"status 404", "1× 404 ResourceNotFoundException", "1× 404 ResourceNotFoundException"},
		{"status 429", "3× 429 TooManyRequestsException", "2× ok"},
		{"status 500", "3× 500 ~InternalServerException", "2× ok"},
		{"status 503", "3× 503 ~ServiceUnavailableException", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 3×", "2× ok, done 2×"},
		{"truncate", "1× 200 cut off, done 1×", "1× 200 cut off, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 429 TooManyRequestsException", ""},
	},
	"Logout": {
		{"error InvalidRequestException", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"error TooManyRequestsException", "3× 429 TooManyRequestsException", "2× ok"},
		{"error UnauthorizedException", "1× 401 UnauthorizedException", "1× 401 UnauthorizedException"},
		{"status 400", "1× 400 InvalidRequestException", "1× 400 InvalidRequestException"},
		{"status 403", "1× 403 ~ForbiddenException", "1× 403 ~ForbiddenException"},
		{"status 404", "1× 404 ResourceNotFoundException", "1× 404 ResourceNotFoundException"},
		{"status 429", "3× 429 TooManyRequestsException", "2× ok"},
		{"status 500", "3× 500 ~InternalServerException", "2× ok"},
		{"status 503", "3× 503 ~ServiceUnavailableException", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 1×", "2× 401 UnauthorizedException, done 1×"},
		{"truncate", "2× 401 cut off, done 1×", "2× 401 UnauthorizedException, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 429 TooManyRequestsException", ""},
	},
	"GetCallerIdentity": {
		{"error AccessDenied", "1× 403 ~AccessDenied", "1× 403 ~AccessDenied"},
		{"error ExpiredToken", "1× 403 ~ExpiredToken", "1× 403 ~ExpiredToken"},
		{"error InvalidClientTokenId", "1× 403 ~InvalidClientTokenId", "1× 403 ~InvalidClientTokenId"},
		{"error RequestExpired", "1× 400 ~RequestExpired", "1× 400 ~RequestExpired"},
		{"error SignatureDoesNotMatch", "1× 403 ~SignatureDoesNotMatch", "1× 403 ~SignatureDoesNotMatch"},
		{"error Throttling", "3× 400 ~Throttling", "2× ok"},
		{"status 400", "1× 400 ~ValidationError", "1× 400 ~ValidationError"},
		{"status 403", "1× 403 ~AccessDenied", "1× 403 ~AccessDenied"},
		{"status 404", "1× 404 ~MalformedQueryString", "1× 404 ~MalformedQueryString"},
		{"status 429", "3× 429 ~ThrottlingException", "2× ok"},
		{"status 500", "3× 500 ~InternalFailure", "2× ok"},
		{"status 503", "3× 503 ~ServiceUnavailable", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 3×", "2× ok, done 2×"},
		{"truncate", "1× 200 cut off, done 1×", "1× 200 cut off, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 400 ~Throttling", ""},
	},
	"ListBuckets": {
		{"error AccessDenied", "1× 403 ~AccessDenied", "1× 403 ~AccessDenied"},
		{"error ExpiredToken", "1× 400 ~ExpiredToken", "1× 400 ~ExpiredToken"},
		{"error InternalError", "3× 500 ~InternalError", "2× ok"},
		{"error InvalidAccessKeyId", "1× 403 ~InvalidAccessKeyId", "1× 403 ~InvalidAccessKeyId"},
		{"error RequestTimeTooSkewed", "1× 403 ~RequestTimeTooSkewed", "1× 403 ~RequestTimeTooSkewed"},
		{"error SignatureDoesNotMatch", "1× 403 ~SignatureDoesNotMatch", "1× 403 ~SignatureDoesNotMatch"},
		{"error SlowDown", "3× 503 ~SlowDown", "2× ok"},
		{"status 400", "1× 400 ~InvalidRequest", "1× 400 ~InvalidRequest"},
		{"status 403", "1× 403 ~AccessDenied", "1× 403 ~AccessDenied"},
		{"status 404", "1× 404 ~NoSuchBucket", "1× 404 ~NoSuchBucket"},
		{"status 429", "1× 429 ~TooManyRequests", "1× 429 ~TooManyRequests"},
		{"status 500", "3× 500 ~InternalError", "2× ok"},
		{"status 503", "3× 503 ~SlowDown", "2× ok"},
		{"drop before", "3× cut off", "2× ok"},
		{"drop after", "3× cut off, done 3×", "2× ok, done 2×"},
		{"truncate", "1× 200 cut off, done 1×", "1× 200 cut off, done 1×"},
		{"latency 15s", "1× ok after 15s", "1× ok after 15s"},
		{"latency 15s, patience 5s", "3× timeout, done 0×", "2× ok, done 1×"},
		{"rate", "3× 503 ~SlowDown", ""},
	},
}

// What stands in an answer that is lost has come into being all the same. What
// the Identity Center has then, and what becomes of the program.
func TestAfterALostAnswer(t *testing.T) {
	type world struct {
		ic     *idctest.IdentityCenter
		c      *sdkClient
		err    error // of the call
		events []idctest.Event
	}
	mustLive := func(t *testing.T, w world) {
		t.Helper()
		if _, err := w.c.accounts(t, w.c.token.AccessToken); err != nil {
			t.Errorf("the token: %v", err)
		}
	}
	signInLives := func(t *testing.T, w world, want bool) {
		t.Helper()
		if got, err := w.ic.Sessions(t.Context(), "alice"); err != nil || (len(got) == 1) != want {
			t.Errorf("got %+v, %v; want the sign-in there: %t", got, err, want)
		}
	}
	distinct := func(t *testing.T, w world, of func(e idctest.Event) string) {
		t.Helper()
		if len(w.events) != 2 || of(w.events[0]) == "" || of(w.events[0]) == of(w.events[1]) {
			t.Errorf("got %+v, want two that differ", w.events)
		}
	}
	for _, tt := range []struct {
		name, op string
		err      string
		then     func(t *testing.T, w world)
	}{
		// Nobody uses the first registration again; it is dropped when there are too many.
		{"RegisterClient", "RegisterClient", "", func(t *testing.T, w world) {
			distinct(t, w, func(e idctest.Event) string { return e.Details["ClientID"] })
			if *w.c.id != w.events[1].Details["ClientID"] {
				t.Errorf("got client %s, want the second", *w.c.id)
			}
			w.c.startDevice(t)
		}},
		{"StartDeviceAuthorization", "StartDeviceAuthorization", "", func(t *testing.T, w world) {
			distinct(t, w, func(e idctest.Event) string { return e.Workflow })
		}},
		// A code is redeemed once: the person has to sign in again, and is signed in
		// already where their browser is.
		{"CreateToken by device code", "CreateToken", "InvalidGrantException", func(t *testing.T, w world) {
			signInLives(t, w, true)
			w.c.signIn()
			mustLive(t, w)
		}},
		{"CreateToken by authorization code", "CreateToken", "InvalidGrantException", func(t *testing.T, w world) {
			signInLives(t, w, true)
			if err := w.c.createToken(ssooidc.CreateTokenInput{GrantType: aws.String("authorization_code"), Code: aws.String(w.c.authorizationCode()),
				CodeVerifier: aws.String(verifier), RedirectUri: aws.String(callbackURI)})(); err != nil {
				t.Error(err)
			}
			mustLive(t, w)
		}},
		// Who asks again with the same refresh token gets the same answer.
		{"CreateToken by refresh token", "CreateToken", "", func(t *testing.T, w world) {
			mustLive(t, w)
			if _, err := w.c.refresh(t, w.c.token.RefreshToken); err != nil {
				t.Errorf("the successor: %v", err)
			}
			signInLives(t, w, true)
		}},
		// Keys that nobody has live on to their end.
		{"GetRoleCredentials", "GetRoleCredentials", "", func(t *testing.T, w world) {
			distinct(t, w, func(e idctest.Event) string { return e.Details["AccessKeyID"] })
		}},
		// The program is told that the token is unknown, and that is the truth.
		{"Logout", "Logout", "UnauthorizedException", func(t *testing.T, w world) {
			signInLives(t, w, false)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ic := idctest.New(t, idctest.Seed(organisation))
				i := slices.IndexFunc(sdkCalls, func(c sdkCall) bool { return c.name == tt.name })
				w := world{ic: ic, c: newSDKClient(t, ic)}
				call := sdkCalls[i].prepare(w.c)
				before := happened(t, ic, 0, "*")
				lost, err := ic.Inject(t.Context(), idctest.Fault{Op: tt.op, Drop: idctest.AfterActing, Count: 1})
				if err != nil {
					t.Fatal(err)
				}
				w.err = call()
				if got := lost.Acted(); got != 1 {
					t.Fatalf("%d answers were lost, want 1", got)
				}
				if tt.err == "" && w.err != nil || tt.err != "" && apiError(w.err) != tt.err {
					t.Errorf("got %v, want %q", w.err, tt.err)
				}
				w.events = happened(t, ic, before[len(before)-1].Sequence, tt.op)
				tt.then(t, w)
			})
		})
	}
}

// An answer that was cut in the middle is not asked for again by the SDK, and the
// program has to: a refresh token still brings what was lost with it, a device code
// does not.
func TestAfterHalfAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t, idctest.Seed(organisation))
		c := newSDKClient(t, ic)
		c.signIn()
		first := c.token
		if _, err := ic.Inject(t.Context(), idctest.Fault{Op: "CreateToken", Truncate: true, Count: 2}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.refresh(t, first.RefreshToken); err == nil {
			t.Fatal("got half an answer for a whole one")
		}
		device := c.startDevice(t)
		if _, _, err := c.poll(t, device); err == nil {
			t.Fatal("got half an answer for a whole one")
		}
		second, err := c.refresh(t, first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.refresh(t, first.RefreshToken)
		if err != nil || *again.AccessToken != *second.AccessToken || *again.RefreshToken != *second.RefreshToken {
			t.Errorf("got %v, want the same tokens once more", err)
		}
		if _, _, err := c.poll(t, device); apiError(err) != "InvalidGrantException" {
			t.Errorf("the device code: got %v, want InvalidGrantException", err)
		}
	})
}
