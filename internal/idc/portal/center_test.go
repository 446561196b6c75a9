package portal_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/portal"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

// awsCLI is the user agent of aws sso login.
const awsCLI = "aws-cli/2.36.7 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13.9 md/pyimpl#CPython m/E,b cfg/retry-mode#standard md/installer#exe md/command#sso.login"

const (
	startURL = "https://d-1234567890.awsapps.com/start"
	dev      = "111111111111"
	prod     = "222222222222"
	callback = "http://127.0.0.1:7777/oauth/callback"
	verifier = "0123456789012345678901234567890123456789abc"
)

func organisation() directory.Organisation {
	return directory.Organisation{
		StartURL: startURL, Region: "us-east-1",
		Users: []directory.User{
			{Name: "alice", Password: "correct-horse"},
			{Name: "bob", Email: "bob@example.com", Password: "battery-staple", MFA: directory.MFAEmail},
			{Name: "gone", Password: "was-here", Disabled: true},
		},
		Accounts: []directory.Account{
			{ID: dev, Name: "dev & <test>", Email: "aws+dev@example.com"},
			{ID: prod, Name: "prod"},
		},
		PermissionSets: []directory.PermissionSet{
			{Name: "AdministratorAccess", SessionDuration: 8 * time.Hour, Administrator: true, Description: "Everything."},
			{Name: "ReadOnly"},
		},
		Assignments: []directory.Assignment{
			{User: "alice", PermissionSet: "AdministratorAccess", Accounts: []string{dev, prod}},
			{User: "alice", PermissionSet: "ReadOnly", Accounts: []string{dev}},
			{User: "bob", PermissionSet: "ReadOnly", Accounts: []string{prod}},
		},
	}
}

// center is an Identity Center that has only its pages.
type center struct {
	*portal.Handler
	db     *sqlstore.DB
	logged *syncBuffer

	mu    sync.Mutex
	ahead time.Duration
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newCenter(t testing.TB, org directory.Organisation) *center {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	key, err := db.ServerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	people := &directory.Service{Store: db.Directory(), Key: key}
	if err := db.Directory().Apply(t.Context(), hashed(t, org), "test"); err != nil {
		t.Fatal(err)
	}
	c := &center{db: db, logged: &syncBuffer{}}
	c.Handler = &portal.Handler{
		Grant:     &grant.Service{Store: db.Grant(), Key: key, UserActive: people.Active},
		Directory: people,
		Now:       c.now,
		Log:       slog.New(slog.NewTextHandler(c.logged, nil)),
	}
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("request-%d", requests.Add(1))) // as whoever serves it does
		c.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c.BaseURL = server.URL
	return c
}

// hashed readies an organisation for the Store as seeding does, but with
// password hashes that cost next to nothing: the race detector makes real ones
// take a second each.
func hashed(t testing.TB, org directory.Organisation) directory.Organisation {
	t.Helper()
	if err := org.Validate(); err != nil {
		t.Fatal(err)
	}
	org.ManagementAccount = org.Accounts[0].ID
	for i := range org.Users {
		u := &org.Users[i]
		u.ID = directory.UserID(org.IdentityStoreID(), u.Name)
		salt := []byte("salt of " + u.Name)
		key := base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(u.Password), salt, 1, 8, 1, 32))
		u.Password, u.PasswordHash = "", "$argon2id$v=19$m=8,t=1,p=1$"+base64.RawStdEncoding.EncodeToString(salt)+"$"+key
	}
	for i := range org.PermissionSets {
		if org.PermissionSets[i].SessionDuration == 0 {
			org.PermissionSets[i].SessionDuration = directory.DefaultSessionDuration
		}
	}
	return org
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

// browser keeps cookies and follows no redirect.
type browser struct {
	t    testing.TB
	c    *center
	http *http.Client
}

func (c *center) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, c: c, http: &http.Client{Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signedIn is a browser in which a person has signed in by the forms.
func (c *center) signedIn(t testing.TB, name, password string) *browser {
	t.Helper()
	b := c.browser(t)
	b.signIn(name, password, "/start")
	return b
}

// signIn goes through the steps of signing in, with the code by e-mail where one
// is asked for, and returns the last answer.
func (b *browser) signIn(name, password, next string) answer {
	b.t.Helper()
	form := url.Values{"username": {name}, "next": {next}}
	b.post("/signin", form).says(b.t, 200, "Enter your password")
	form.Set("password", password)
	a := b.post("/signin", form)
	if strings.HasPrefix(a.header.Get("Location"), "/signin/code") {
		b.get(a.header.Get("Location")).says(b.t, 200, "Enter the code")
		a = b.post("/signin/code", url.Values{"next": {next}, "code": {b.mailed()}})
	}
	return a.redirects(b.t, next)
}

// mailed is the code that this browser's own mail page shows, of the sign-in
// under way.
func (b *browser) mailed() string {
	b.t.Helper()
	m := regexp.MustCompile(`(?m)^ +<strong class="whole">([0-9]{6})</strong>$`).FindStringSubmatch(b.get("/mail").says(b.t, 200, "For the sign-in in this browser").body)
	if m == nil {
		b.t.Fatal("there is no code in the mail")
	}
	return m[1]
}

// cookie is the session cookie the browser would send.
func (b *browser) cookie() string {
	b.t.Helper()
	u, err := url.Parse(b.c.BaseURL)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == portal.CookieName(b.c.BaseURL) {
			return c.Value
		}
	}
	return ""
}

// cookieOf is a cookie that an answer sets, by the beginning of its name.
func (a answer) cookieOf(t testing.TB, prefix string) *http.Cookie {
	t.Helper()
	for _, line := range a.header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(c.Name, prefix) {
			return c
		}
	}
	t.Fatalf("got cookies %q, want %s…", a.header.Values("Set-Cookie"), prefix)
	return nil
}

func cookieName(c *center) string { return portal.CookieName(c.BaseURL) }

type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) get(path string) answer { return b.do(http.MethodGet, path, nil, nil) }

func (b *browser) post(path string, form url.Values) answer {
	return b.do(http.MethodPost, path, strings.NewReader(form.Encode()), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

// do sends a request, and holds every answer to what all of them promise.
func (b *browser) do(method, path string, body io.Reader, header http.Header) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.c.BaseURL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	a := answer{resp.StatusCode, resp.Header, string(text)}
	checkHeaders(b.t, path, a)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") && method != http.MethodHead {
		checkPage(b.t, method+" "+path, a.body)
	}
	return a
}

// says fails unless the page has that status and says each text.
func (a answer) says(t testing.TB, status int, texts ...string) answer {
	t.Helper()
	if a.status != status {
		t.Errorf("got status %d, want %d, on:\n%s", a.status, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("want %q on:\n%s", text, a.body)
		}
	}
	return a
}

func (a answer) redirects(t testing.TB, want string) answer {
	t.Helper()
	if got := a.header.Get("Location"); a.status != http.StatusSeeOther || got != want {
		t.Fatalf("got %d to %q, want 303 to %q\n%s", a.status, got, want, a.body)
	}
	return a
}

// register makes a client for the given callbacks.
func (c *center) register(t testing.TB, name string, redirects ...string) (client grant.Client, secret string) {
	t.Helper()
	r := grant.Registration{Name: name, Type: "public", Scopes: []string{"sso:account:access"}, RedirectURIs: redirects}
	if len(redirects) > 0 {
		r.GrantTypes = []string{grant.GrantAuthorizationCode, grant.GrantRefreshToken}
	}
	client, secret, err := c.Grant.RegisterClient(t.Context(), c.now(), r)
	if err != nil {
		t.Fatal(err)
	}
	return client, secret
}

func (c *center) startDevice(t testing.TB, client grant.Client, secret string, script ...func(context.Context, string) (grant.Script, error)) grant.DeviceAuthorization {
	t.Helper()
	o := grant.DeviceOptions{Origin: grant.Origin{Address: "127.0.0.1", UserAgent: awsCLI}}
	if len(script) > 0 {
		o.Script = script[0]
	}
	d, err := c.Grant.StartDevice(t.Context(), c.now(), client.ID, secret, startURL, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// script asks the decisions as whoever begins a sign-in does.
func (c *center) script(flow string) func(context.Context, string) (grant.Script, error) {
	return func(ctx context.Context, name string) (grant.Script, error) {
		d, u, ok, err := c.Directory.DecisionFor(ctx, name, flow)
		if err != nil || !ok {
			return grant.Script{}, err
		}
		return grant.Script{UserID: u.ID, Answer: d.Answer, After: d.After}, nil
	}
}

// authorizeQuery is what the AWS CLI sends.
func authorizeQuery(clientID, redirect string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirect}, "state": {"st/ate"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
		"scopes": {"sso:account:access"},
	}
}

// begin opens an authorization request and returns where it is decided.
func (b *browser) begin(clientID, redirect string) (consent, requestID string) {
	b.t.Helper()
	a := b.get("/authorize?" + authorizeQuery(clientID, redirect).Encode())
	consent = a.header.Get("Location")
	requestID, ok := strings.CutPrefix(consent, "/consent?request=")
	if a.status != http.StatusSeeOther || !ok {
		b.t.Fatalf("got %d to %q, want 303 to the consent page\n%s", a.status, consent, a.body)
	}
	return consent, requestID
}

// confirm enters a user code and returns where it is decided.
func (b *browser) confirm(code string) (consent, requestID string) {
	b.t.Helper()
	a := b.post("/device", url.Values{"user_code": {code}})
	consent = a.header.Get("Location")
	requestID, ok := strings.CutPrefix(consent, "/consent?request=")
	if a.status != http.StatusSeeOther || !ok {
		b.t.Fatalf("got %d to %q, want 303 to the consent page\n%s", a.status, consent, a.body)
	}
	return consent, requestID
}

func (b *browser) decide(requestID, decision string) answer {
	b.t.Helper()
	return b.post("/consent", url.Values{"request": {requestID}, "decision": {decision}})
}
