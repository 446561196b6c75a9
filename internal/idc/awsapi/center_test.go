package awsapi_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portico-sso/portico/internal/idc/awsapi"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

const (
	baseURL  = "http://127.0.0.1:8642"
	startURL = "https://d-1234567890.awsapps.com/start"
	dev      = "111111111111"
	prod     = "222222222222"

	requestID = "0f1e2d3c-4b5a-4968-8776-655443322110"
)

// center is an Identity Center without pages: what a person would do in the
// browser is done by calls to package grant.
type center struct {
	*awsapi.Handler
	logged *bytes.Buffer

	mu    sync.Mutex
	ahead time.Duration
}

func organisation() directory.Organisation {
	org := directory.Organisation{
		StartURL: startURL,
		Region:   "eu-west-1",
		Users: []directory.User{
			{Name: "alice", Email: "alice@example.com", DisplayName: "Alice Example", Groups: []string{"platform", "on-call"}},
			{Name: "bob", Email: "bob@example.com"}, {Name: "many"}, {Name: "carol", Groups: []string{"platform"}},
		},
		Accounts: []directory.Account{
			{ID: dev, Name: "dev", Email: "aws+dev@example.com", Buckets: []directory.Bucket{
				{Name: "zulu", Created: time.Date(2024, 9, 26, 15, 11, 2, 0, time.UTC)},
				{Name: "alpha-one", Created: time.Date(2023, 1, 2, 3, 4, 5, 0, time.UTC)},
				{Name: "alpha-two", Created: time.Date(2022, 1, 2, 3, 4, 5, 0, time.UTC)},
			}},
			{ID: prod, Name: "prod", Email: "aws+prod@example.com"},
		},
		PermissionSets: []directory.PermissionSet{
			{Name: "AdministratorAccess", SessionDuration: 8 * time.Hour, Administrator: true},
			{Name: "ReadOnly"},
		},
		Assignments: []directory.Assignment{
			{Group: "platform", PermissionSet: "AdministratorAccess", Accounts: []string{dev, prod}},
			{User: "alice", PermissionSet: "ReadOnly", Accounts: []string{dev}},
			{User: "bob", PermissionSet: "ReadOnly", Accounts: []string{dev}},
		},
	}
	var many []string
	for i := range 250 {
		id := fmt.Sprintf("3%011d", i)
		many = append(many, id)
		org.Accounts = append(org.Accounts, directory.Account{ID: id, Name: "many-" + id})
	}
	org.Assignments = append(org.Assignments, directory.Assignment{User: "many", PermissionSet: "ReadOnly", Accounts: many})
	for i := range 9 {
		name := fmt.Sprintf("Set%d", i)
		org.PermissionSets = append(org.PermissionSets, directory.PermissionSet{Name: name})
		org.Assignments = append(org.Assignments, directory.Assignment{User: "many", PermissionSet: name, Accounts: many[:1]})
	}
	return org
}

func newCenter(t testing.TB) *center {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	key, err := db.ServerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	people := &directory.Service{Store: db.Directory()}
	if err := people.Seed(t.Context(), organisation()); err != nil {
		t.Fatal(err)
	}
	c := &center{logged: &bytes.Buffer{}}
	c.Handler = &awsapi.Handler{
		Grant:     &grant.Service{Store: db.Grant(), Key: key, UserActive: people.Active},
		Directory: people,
		BaseURL:   baseURL,
		Now:       c.now,
		Log:       slog.New(slog.NewTextHandler(c.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	return c
}

func (c *center) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// advance moves the server's clock.
func (c *center) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// RoundTrip sends a request through its wire form, so that the handler gets what
// a server would parse.
func (c *center) RoundTrip(req *http.Request) (*http.Response, error) {
	var wire bytes.Buffer
	if err := req.Write(&wire); err != nil {
		return nil, err
	}
	r, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return nil, err
	}
	if !c.Handles(r) {
		return nil, fmt.Errorf("%s %s is not taken for an AWS call", r.Method, r.URL)
	}
	w := httptest.NewRecorder()
	w.Header().Set("X-Amzn-Requestid", requestID) // as whoever serves it does
	c.ServeHTTP(w, r.WithContext(req.Context()))
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

func (c *center) config() aws.Config {
	return aws.Config{
		Region: "us-west-2", HTTPClient: &http.Client{Transport: c}, BaseEndpoint: aws.String(baseURL),
		RetryMaxAttempts: 1, Credentials: aws.AnonymousCredentials{},
	}
}

func (c *center) configWith(creds aws.Credentials) aws.Config {
	cfg := c.config()
	cfg.Credentials = credentials.StaticCredentialsProvider{Value: creds}
	return cfg
}

func (c *center) oidc() *ssooidc.Client { return ssooidc.NewFromConfig(c.config()) }
func (c *center) sso() *sso.Client      { return sso.NewFromConfig(c.config()) }

func (c *center) sts(creds aws.Credentials) *sts.Client {
	return sts.NewFromConfig(c.configWith(creds))
}
func (c *center) s3(creds aws.Credentials) *s3.Client { return s3.NewFromConfig(c.configWith(creds)) }

// session signs a person in, as the page would after the right password.
func (c *center) session(t testing.TB, name string) grant.Session {
	t.Helper()
	user, err := c.Directory.UserByName(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	_, sess, err := c.Grant.StartSession(t.Context(), c.now(), user.ID)
	if err != nil {
		t.Fatal(err)
	}
	return sess
}

type registered struct{ id, secret *string }

func (c *center) register(t testing.TB, scopes ...string) registered {
	t.Helper()
	out, err := c.oidc().RegisterClient(t.Context(), &ssooidc.RegisterClientInput{
		ClientName: aws.String("test"), ClientType: aws.String("public"), Scopes: scopes,
	})
	if err != nil {
		t.Fatal(err)
	}
	return registered{out.ClientId, out.ClientSecret}
}

// decide does what a person does with a user code.
func (c *center) decide(t testing.TB, name, userCode string, allow bool) {
	t.Helper()
	sess := c.session(t, name)
	request, err := c.Grant.ConfirmUserCode(t.Context(), c.now(), sess, userCode)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Grant.Decide(t.Context(), c.now(), sess, request.ID, allow); err != nil {
		t.Fatal(err)
	}
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// signIn goes through the device flow and returns the tokens.
func (c *center) signIn(t testing.TB, name string) (registered, *ssooidc.CreateTokenOutput) {
	t.Helper()
	client := c.register(t, "sso:account:access")
	return client, c.signInTo(t, client, name)
}

func (c *center) signInTo(t testing.TB, client registered, name string) *ssooidc.CreateTokenOutput {
	t.Helper()
	start, err := c.oidc().StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
		ClientId: client.id, ClientSecret: client.secret, StartUrl: aws.String(startURL),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.decide(t, name, *start.UserCode, true)
	tokens, err := c.oidc().CreateToken(t.Context(), &ssooidc.CreateTokenInput{
		ClientId: client.id, ClientSecret: client.secret, GrantType: aws.String(deviceGrant), DeviceCode: start.DeviceCode,
	})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func (c *center) roleCredentials(t testing.TB, token *string, account, role string) aws.Credentials {
	t.Helper()
	out, err := c.sso().GetRoleCredentials(t.Context(), &sso.GetRoleCredentialsInput{
		AccessToken: token, AccountId: aws.String(account), RoleName: aws.String(role),
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.Credentials{
		AccessKeyID: *out.RoleCredentials.AccessKeyId, SecretAccessKey: *out.RoleCredentials.SecretAccessKey,
		SessionToken: *out.RoleCredentials.SessionToken, Expires: time.UnixMilli(out.RoleCredentials.Expiration),
	}
}

// raw is a request by hand, for what no SDK sends.
type raw struct {
	method, target, body string
	header               http.Header
}

func (q raw) request(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), q.method, baseURL+q.target, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	return r
}

func (c *center) send(t testing.TB, q raw) (*http.Response, string) {
	t.Helper()
	return c.do(t, q.request(t))
}

// sendSigned signs as any SDK would for the service.
func (c *center) sendSigned(t testing.TB, creds aws.Credentials, service string, q raw) (*http.Response, string) {
	t.Helper()
	r := q.request(t)
	sum := sha256.Sum256([]byte(q.body))
	err := signer.NewSigner().SignHTTP(t.Context(), creds, r, hex.EncodeToString(sum[:]), service, "us-west-2", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c.do(t, r)
}

func (c *center) do(t testing.TB, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := c.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}
