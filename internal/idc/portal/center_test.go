package portal_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
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

// signedIn is a browser in which a person has signed in by the form.
func (c *center) signedIn(t testing.TB, name, password string) *browser {
	t.Helper()
	b := c.browser(t)
	b.post("/signin", url.Values{"username": {name}, "password": {password}}).redirects(t, "/start")
	return b
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

func (c *center) startDevice(t testing.TB, client grant.Client, secret string) grant.DeviceAuthorization {
	t.Helper()
	d, err := c.Grant.StartDevice(t.Context(), c.now(), client.ID, secret, startURL)
	if err != nil {
		t.Fatal(err)
	}
	return d
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
