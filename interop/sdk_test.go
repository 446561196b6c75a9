package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// An sdk is an AWS SDK that somebody else wrote, and what is particular to it.
type sdk struct {
	name  string
	flags []string                    // of portico local run
	find  func(t *testing.T) []string // its driver, or skips
	// renews is how much of a sign-in is left when its own provider renews it.
	renews time.Duration
	// unauthorized and unrefreshable are what its own provider says of a sign-in
	// that was ended and, by the client's clock, goes on, or not.
	unauthorized, unrefreshable *regexp.Regexp
	// skewed is the code of the error with which it fails if its clock is wrong;
	// "" if it adjusts itself.
	skewed string
	// fragile names the bad weather that it does not survive, and why not.
	fragile map[string]string
}

var sdks = []sdk{
	{
		name: "go",
		find: func(*testing.T) []string { return []string{filepath.Join(tools, "drive-go")} },
		fragile: map[string]string{
			"answer torn":               "it does not try again after a torn answer",
			"answer torn in refreshing": "it does not try again after a torn answer",
		},
		renews:        -time.Minute,
		unauthorized:  regexp.MustCompile("^UnauthorizedException: "),
		unrefreshable: regexp.MustCompile("^InvalidGrantException: .*refresh cached SSO token failed"),
	},
	{
		name:          "node",
		find:          func(t *testing.T) []string { return []string{nodeSDK(t), "testdata/node/driver.js"} },
		renews:        4 * time.Minute,
		unauthorized:  regexp.MustCompile("^CredentialsProviderError: UnauthorizedException: Session token not found or invalid$"),
		unrefreshable: regexp.MustCompile("^CredentialsProviderError: Token is expired"),
	},
	{
		name:          "boto3",
		find:          func(t *testing.T) []string { return []string{modernBoto3(t), "testdata/python/driver.py"} },
		renews:        14 * time.Minute,
		unauthorized:  regexp.MustCompile("^UnauthorizedSSOTokenError: The SSO session .* has expired or is otherwise invalid"),
		unrefreshable: regexp.MustCompile("^TokenRetrievalError: .*: Token has expired and refresh failed$"),
		skewed:        "SignatureDoesNotMatch",
	},
	{
		name:  "debian-boto3",
		flags: []string{"--proxy"},
		find:  func(t *testing.T) []string { return []string{debianBoto3(t), "testdata/python/driver.py"} },
		fragile: map[string]string{
			"answer torn":               "the one of 2022 takes a torn answer for an empty one",
			"answer torn in refreshing": "the one of 2022 takes a torn answer for an empty one",
		},
		renews:        14 * time.Minute,
		unauthorized:  regexp.MustCompile("^UnauthorizedSSOTokenError: The SSO session .* has expired or is otherwise invalid"),
		unrefreshable: regexp.MustCompile("^TokenRetrievalError: .*: Token has expired and refresh failed$"),
		skewed:        "SignatureDoesNotMatch",
	},
}

var (
	findModernBoto3 = sync.OnceValue(func() string { return findPython("1.31") })
	findDebianBoto3 = sync.OnceValue(func() string { return findPython("0.0", "/usr/bin/python3") })
)

func modernBoto3(t *testing.T) string {
	t.Helper()
	python := findModernBoto3()
	if python == "" {
		absent(t, "boto3", "python3 -m pip install -r interop/testdata/python/requirements.txt")
	}
	return python
}

func debianBoto3(t *testing.T) string {
	t.Helper()
	python := findDebianBoto3()
	if python == "" {
		absent(t, "debian-boto3", "apt-get install python3-boto3")
	}
	return python
}

// nodeSDK is a node that can have the SDK for JavaScript.
func nodeSDK(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		absent(t, "node", "install Node.js 20 or newer")
	}
	if _, err := os.Stat("testdata/node/node_modules/@aws-sdk/client-sso-oidc"); err != nil {
		absent(t, "node", "npm ci --prefix interop/testdata/node")
	}
	return node
}

// A driver is a running SDK.
type driver struct {
	in  *json.Encoder
	out *json.Decoder
	log *buffer
}

// drive starts an SDK in the center's environment, through a command that runs
// it if there is one.
func (c *center) drive(t *testing.T, s sdk, through ...string) *driver {
	t.Helper()
	argv := append(through, s.find(t)...)
	cmd := c.command(t, argv[0], argv[1:]...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{in: json.NewEncoder(in), out: json.NewDecoder(out), log: &buffer{}}
	cmd.Stderr = d.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%q: %v", argv, err)
		}
		if t.Failed() && d.log.String() != "" {
			t.Logf("%q said:\n%s", argv, d.log.String())
		}
	})
	return d
}

// A request is what a driver is asked to do. The fields are explained in
// testdata/go.
type request struct {
	Service   string           `json:"service"`
	Operation string           `json:"operation"`
	Input     any              `json:"input,omitempty"`
	Pages     bool             `json:"pages,omitempty"`
	Profile   string           `json:"profile,omitempty"`
	Keys      *roleCredentials `json:"keys,omitempty"`
}

// A failure is what an SDK makes of an error.
type failure struct {
	Code    string // the error's type
	Error   string // OAuth's name of it
	Message string
	Status  int
	Typed   bool // the SDK has an error type of its own for it
}

func (f *failure) String() string {
	if f == nil {
		return "success"
	}
	return fmt.Sprintf("%s (error %q, status %d, typed %v): %s", f.Code, f.Error, f.Status, f.Typed, f.Message)
}

// ask has the SDK do something, and puts what it returned into out.
func (d *driver) ask(t *testing.T, r request, out any) *failure {
	t.Helper()
	if err := d.in.Encode(r); err != nil {
		t.Fatalf("%s: %v\n%s", r.Operation, err, d.log.String())
	}
	var answer struct {
		Output json.RawMessage
		Error  *failure
	}
	if err := d.out.Decode(&answer); err != nil {
		t.Fatalf("%s: %v\n%s", r.Operation, err, d.log.String())
	}
	if answer.Error != nil || out == nil {
		return answer.Error
	}
	if err := json.Unmarshal(answer.Output, out); err != nil {
		t.Fatalf("%s: %v\n%s", r.Operation, err, answer.Output)
	}
	return nil
}

// must has the SDK do something that has to succeed.
func (d *driver) must(t *testing.T, r request, out any) {
	t.Helper()
	if f := d.ask(t, r, out); f != nil {
		t.Fatalf("%s: got %v, want success", r.Operation, f)
	}
}

// What the operations return, as far as the tests look. The SDKs differ in the
// case of the names, which encoding/json does not mind.
type (
	registration struct {
		ClientID, ClientSecret                  string
		ClientIDIssuedAt, ClientSecretExpiresAt int64
	}
	authorization struct {
		DeviceCode, UserCode, VerificationURI, VerificationURIComplete string
		ExpiresIn, Interval                                            int
	}
	token struct {
		AccessToken, RefreshToken, TokenType string
		ExpiresIn                            int
	}
	account         struct{ AccountID, AccountName, EmailAddress string }
	role            struct{ RoleName, AccountID string }
	roleCredentials struct {
		AccessKeyID     string `json:"accessKeyId"`
		SecretAccessKey string `json:"secretAccessKey"`
		SessionToken    string `json:"sessionToken"`
		Expiration      int64  `json:"expiration,omitempty"`
	}
	identity struct{ Account, Arn, UserID string }
)

type fields map[string]any

// A login is a sign-in on its way, and what the calls about it need.
type login struct {
	*driver
	center *center
	client registration
	device authorization
	token  token
}

const startURL = "https://d-1234567890.awsapps.com/start"

// begin registers a client and starts a device sign-in.
func begin(t *testing.T, c *center, d *driver) *login {
	t.Helper()
	l := &login{driver: d, center: c}
	d.must(t, request{Service: "sso-oidc", Operation: "RegisterClient", Input: fields{
		"clientName": "interop", "clientType": "public", "scopes": []string{"sso:account:access"}}}, &l.client)
	d.must(t, l.startDevice(), &l.device)
	return l
}

// signIn signs alice in.
func signIn(t *testing.T, c *center, d *driver) *login {
	t.Helper()
	l := begin(t, c, d)
	c.portico(t, "approve", "--as", "alice", l.device.UserCode)
	d.must(t, l.redeem(), &l.token)
	return l
}

func (l *login) startDevice() request {
	return request{Service: "sso-oidc", Operation: "StartDeviceAuthorization", Input: fields{
		"clientId": l.client.ClientID, "clientSecret": l.client.ClientSecret, "startUrl": startURL}}
}

func (l *login) redeem() request {
	return request{Service: "sso-oidc", Operation: "CreateToken", Input: fields{
		"clientId": l.client.ClientID, "clientSecret": l.client.ClientSecret,
		"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": l.device.DeviceCode}}
}

func (l *login) refresh() request {
	return request{Service: "sso-oidc", Operation: "CreateToken", Input: fields{
		"clientId": l.client.ClientID, "clientSecret": l.client.ClientSecret,
		"grantType": "refresh_token", "refreshToken": l.token.RefreshToken}}
}

func (l *login) accounts() request {
	return request{Service: "sso", Operation: "ListAccounts", Input: fields{"accessToken": l.token.AccessToken}}
}

func (l *login) roles(account string) request {
	return request{Service: "sso", Operation: "ListAccountRoles", Input: fields{"accessToken": l.token.AccessToken, "accountId": account}}
}

func (l *login) credentials(account, role string) request {
	return request{Service: "sso", Operation: "GetRoleCredentials", Input: fields{
		"accessToken": l.token.AccessToken, "accountId": account, "roleName": role}}
}

func (l *login) logout() request {
	return request{Service: "sso", Operation: "Logout", Input: fields{"accessToken": l.token.AccessToken}}
}

// whoIs asks STS whose keys these are.
func whoIs(keys roleCredentials) request {
	keys.Expiration = 0 // which is none of an SDK's inputs
	return request{Service: "sts", Operation: "GetCallerIdentity", Keys: &keys}
}

// whoAmI asks STS, by the SDK's own credential providers.
func whoAmI(profile string) request {
	return request{Service: "sts", Operation: "GetCallerIdentity", Profile: profile}
}

// paged asks for all pages of a list, so many at a time.
func paged(r request, size int) request {
	r.Pages = true
	r.Input.(fields)["maxResults"] = size
	return r
}

// everySDK runs a test once for each SDK, all side by side.
func everySDK(t *testing.T, test func(t *testing.T, s sdk)) {
	t.Parallel()
	for _, s := range sdks {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.find(t)
			test(t, s)
		})
	}
}
