package browse_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/browse"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/portal"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

const (
	startURL = "https://d-1234567890.awsapps.com/start"
	callback = "http://127.0.0.1:7777/oauth/callback"
	verifier = "0123456789012345678901234567890123456789abc"
)

// center is an Identity Center with its pages and its control. Pages may be
// replaced by those of a test.
type center struct {
	grant   *grant.Service
	people  *directory.Service
	pages   http.Handler
	steer   *control.Handler
	control *control.Client
	address string
	client  *http.Client // nil: by socket
	log     *slog.Logger
	ahead   atomic.Int64 // of the server's clock
	signIns atomic.Int64
}

func newCenter(t *testing.T) *center {
	t.Helper()
	c := newHandler(t)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.at(server.URL, nil)
	return c
}

// newHandler makes one that is nowhere yet.
func newHandler(t *testing.T) *center {
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
	people := &directory.Service{Store: db.Directory()}
	if err := people.Seed(t.Context(), directory.Organisation{StartURL: startURL, Region: "us-east-1",
		Users: []directory.User{{Name: "alice"}, {Name: "bob", Email: "bob@example.com", MFA: directory.MFAEmail}}}); err != nil {
		t.Fatal(err)
	}
	c := &center{people: people, grant: &grant.Service{Store: db.Grant(), Key: key, UserActive: people.Active}}
	c.log = slog.New(slog.NewTextHandler(t.Output(), nil))
	c.steer = &control.Handler{Key: control.NewKey(), Directory: people, Grant: c.grant, Log: c.log, Now: c.now}
	return c
}

// at says where it is, and how it is reached.
func (c *center) at(address string, client *http.Client) {
	c.address, c.client = address, client
	c.steer.Address, c.steer.CookieName = address, portal.CookieName(address)
	c.pages = &portal.Handler{Grant: c.grant, Directory: c.people, BaseURL: address, Log: c.log, Now: c.now}
	c.control = &control.Client{Record: control.Record{Address: address, Key: c.steer.Key}, HTTP: client}
}

func (c *center) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, control.Path) {
		if strings.HasSuffix(r.URL.Path, "sign-in") {
			c.signIns.Add(1)
		}
		c.steer.ServeHTTP(w, r)
		return
	}
	http.NewCrossOriginProtection().Handler(c.pages).ServeHTTP(w, r)
}

// RoundTrip makes c reachable without a socket, for a bubble.
func (c *center) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	r.RemoteAddr, r.RequestURI = "127.0.0.1:7", r.URL.RequestURI()
	r.Host = r.URL.Host
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, r.Context().Err()
}

func (c *center) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *center) browser(user string) *browse.Browser {
	return &browse.Browser{Control: c.control, User: user, HTTP: c.client}
}

func (c *center) register(t *testing.T, redirects ...string) (grant.Client, string) {
	t.Helper()
	r := grant.Registration{Name: "test", Type: "public", Scopes: []string{"sso:account:access"}, RedirectURIs: redirects}
	if len(redirects) > 0 {
		r.GrantTypes = []string{grant.GrantAuthorizationCode, grant.GrantRefreshToken}
	}
	client, secret, err := c.grant.RegisterClient(t.Context(), c.now(), r)
	if err != nil {
		t.Fatal(err)
	}
	return client, secret
}

func (c *center) authorizeURL(clientID, redirect string) string {
	sum := sha256.Sum256([]byte(verifier))
	return c.address + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirect}, "state": {"state"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "scopes": {"sso:account:access"},
	}.Encode()
}

func (c *center) startDevice(t *testing.T, client grant.Client, secret string) grant.DeviceAuthorization {
	t.Helper()
	d, err := c.grant.StartDevice(t.Context(), c.now(), client.ID, secret, startURL, grant.DeviceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (c *center) whose(t *testing.T, tokens grant.Tokens) string {
	t.Helper()
	access, err := c.grant.AccessToken(t.Context(), c.now(), tokens.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	user, err := c.people.User(t.Context(), access.UserID)
	if err != nil {
		t.Fatal(err)
	}
	return user.Name
}

func TestVisitAuthorize(t *testing.T) {
	c := newCenter(t)
	for _, redirect := range []string{callback, "http://[::1]:7777/cb", "http://localhost:7777/cb?keep=this"} {
		client, secret := c.register(t, "http://127.0.0.1/oauth/callback", "http://[::1]/cb", "http://localhost/cb?keep=this")
		got, err := c.browser("bob").Visit(t.Context(), c.authorizeURL(client.ID, redirect))
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(got)
		if err != nil || !strings.HasPrefix(got, redirect) || u.Query().Get("state") != "state" {
			t.Fatalf("got %q, %v; want %s with the state", got, err, redirect)
		}
		tokens, err := c.grant.RedeemCode(t.Context(), c.now(), client.ID, secret, u.Query().Get("code"), redirect, verifier)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.whose(t, tokens); got != "bob" {
			t.Errorf("got %q, want bob", got)
		}
	}
}

func TestVisitDenies(t *testing.T) {
	c := newCenter(t)
	client, _ := c.register(t, "http://127.0.0.1/oauth/callback")
	b := c.browser("alice")
	b.Deny = true
	got, err := b.Visit(t.Context(), c.authorizeURL(client.ID, callback))
	if want := callback + "?error=access_denied&state=state"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestVisitDevice(t *testing.T) {
	for _, deny := range []bool{false, true} {
		c := newCenter(t)
		client, secret := c.register(t)
		d := c.startDevice(t, client, secret)
		b := c.browser("alice")
		b.Deny = deny
		got, err := b.Visit(t.Context(), c.address+"/device?user_code="+strings.ToLower(d.UserCode))
		if err != nil || got != "" {
			t.Fatalf("got %q, %v; want neither callback nor error", got, err)
		}
		tokens, err := c.grant.RedeemDevice(t.Context(), c.now(), client.ID, secret, d.DeviceCode)
		if deny {
			if refused, ok := errors.AsType[*grant.Error](err); !ok || refused.Code != grant.CodeAccessDenied {
				t.Errorf("got %v, want access_denied", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := c.whose(t, tokens); got != "alice" {
			t.Errorf("got %q, want alice", got)
		}
		// The same address again is a page that says no.
		_, err = b.Visit(t.Context(), c.address+"/device?user_code="+d.UserCode)
		if no, ok := errors.AsType[*browse.PageError](err); !ok || no.Status != 409 || !strings.Contains(err.Error(), "already decided") {
			t.Errorf("got %v, want what the page says", err)
		}
	}
}

// Any name of this machine will do in the address; the request goes to the one
// on record.
func TestVisitOtherName(t *testing.T) {
	c := newCenter(t)
	client, secret := c.register(t)
	d := c.startDevice(t, client, secret)
	address := strings.Replace(c.address, "127.0.0.1", "localhost", 1)
	if _, err := c.browser("alice").Visit(t.Context(), address+"/device?user_code="+d.UserCode+"#fragment"); err != nil {
		t.Error(err)
	}
}

func TestVisitElsewhere(t *testing.T) {
	c := newCenter(t)
	for _, address := range []string{
		"https://d-1234567890.awsapps.com/start", "http://evil.test/device", "http://127.0.0.1:1/device", "/device", "", "file:///etc/passwd",
		strings.Replace(c.address, "http:", "https:", 1) + "/device", strings.Replace(c.address, "://", "://user@", 1), c.address + "@evil.test/", "http://%zz/",
	} {
		if got, err := c.browser("alice").Visit(t.Context(), address); err == nil {
			t.Errorf("%s: got %q, want an error", address, got)
		}
	}
	if got := c.signIns.Load(); got != 0 {
		t.Errorf("signed in %d times for addresses elsewhere", got)
	}
}

func TestVisitRefused(t *testing.T) {
	c := newCenter(t)
	client, secret := c.register(t)
	pkce, _ := c.register(t, "http://127.0.0.1/oauth/callback")
	d := c.startDevice(t, client, secret)
	for _, test := range []struct{ name, user, address, says string }{
		{"wrong code", "alice", c.address + "/device?user_code=BBBB-BBBB", "Confirm a code: No device is waiting with this code."},
		{"no code", "alice", c.address + "/device", "the address holds none"},
		{"unknown client", "alice", c.authorizeURL("nobody", callback), "This program is not known here: The program that sent you here"},
		{"unregistered callback", "alice", c.authorizeURL(pkce.ID, "http://127.0.0.1:7777/other"), "The way back is not registered"},
		{"no request", "alice", c.address + "/consent?request=x", "There is no such request"},
		{"no page", "alice", c.address + "/nothing", "There is no such page"},
		{"nothing to decide", "alice", c.address + "/start", `expected a form to confirm or decide, got the page titled "Your accounts · portico"`},
		{"unknown person", "mallory", c.address + "/device?user_code=" + d.UserCode, `sign in as "mallory": nobody here is called "mallory"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := c.browser(test.user).Visit(t.Context(), test.address)
			if err == nil || !strings.Contains(err.Error(), test.says) || got != "" {
				t.Errorf("got %q, %v; want %q", got, err, test.says)
			}
		})
	}
	c.ahead.Add(int64(11 * time.Minute))
	_, err := c.browser("alice").Visit(t.Context(), c.address+"/device?user_code="+d.UserCode)
	if no, ok := errors.AsType[*browse.PageError](err); !ok || no.Status != 410 || !strings.Contains(err.Error(), "The request has expired: It was not answered in time") {
		t.Errorf("got %v, want that it expired", err)
	}
}

// What the pages of something else could do to a browser.
func TestVisitStrangePages(t *testing.T) {
	var outside atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { outside.Add(1) }))
	t.Cleanup(other.Close)
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(303)
		}
	}
	write := func(status int, page string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, page)
		}
	}
	for _, test := range []struct {
		name  string
		pages http.HandlerFunc
		says  string
	}{
		{"redirect away", redirect(other.URL + "/?x=secret"), "away from the Identity Center"},
		{"redirect in circles", redirect("/device"), "no decision after"},
		{"another page leading to a callback", redirect("http://127.0.0.1:7777/cb?code=secret"), "away from the Identity Center"},
		{"redirect nowhere", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(303) }, "without a place to go to"},
		{"form away", write(200, `<title>x</title><form method=post action="`+other.URL+`/consent"><button name=decision value=allow></form>`), `titled "x"`},
		{"form by GET", write(200, `<title>y</title><form action="/consent"><button name=decision value=allow></form>`), `titled "y"`},
		{"no button", write(200, `<title>z</title><form method=post action="/consent"></form>`), `no button to allow`},
		{"password asked", write(200, `<form method=post action="/signin"><input name=username></form>`), "asks for a password"},
		{"empty page", write(200, ""), `titled ""`},
		{"status alone", write(502, ""), "status 502"},
		{"escape sequences", write(400, "<main><h1>\x1b[31mred\u202e</h1><p>a\x07b</p></main>"), "[31mred: ab"},
		{"large page", write(200, strings.Repeat("x", 2<<20)), "larger than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCenter(t)
			c.pages = test.pages
			got, err := c.browser("alice").Visit(t.Context(), c.address+"/device?user_code=x")
			if err == nil || !strings.Contains(err.Error(), test.says) || got != "" {
				t.Errorf("got %q, %v; want %q", got, err, test.says)
			}
			if err != nil && (strings.ContainsAny(err.Error(), "\x1b\x07\u202e") || strings.Contains(err.Error(), "secret")) {
				t.Errorf("got %q, want it clean", err)
			}
		})
	}
	if got := outside.Load(); got != 0 {
		t.Errorf("%d requests went elsewhere", got)
	}
}

// A visit that leads to nothing leaves no sign-in behind.
func TestVisitSignsOut(t *testing.T) {
	c := newCenter(t)
	pages, cookie := c.pages, ""
	c.pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got, err := r.Cookie(portal.CookieName(c.address)); err == nil {
			cookie = got.Value
		}
		pages.ServeHTTP(w, r)
	})
	if _, err := c.browser("alice").Visit(t.Context(), c.address+"/nothing"); err == nil {
		t.Fatal("got no error")
	}
	if cookie == "" {
		t.Fatal("no cookie was sent")
	}
	if _, err := c.grant.Session(t.Context(), c.now(), cookie); !errors.Is(err, grant.ErrNoSession) {
		t.Errorf("got %v, want the session ended", err)
	}
}

// Neither does one whose sign-in nothing hangs on: it denied, or a rule answered.
func TestVisitKeepsOnlyWhatAllowed(t *testing.T) {
	for _, test := range []struct {
		name string
		deny bool
		rule string // how a rule answers, if one does
		live bool
	}{
		{"allowed", false, "", true}, {"denied", true, "", false},
		{"allowed by a rule", false, directory.AnswerAllow, false}, {"denied by a rule", false, directory.AnswerDeny, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCenter(t)
			client, _ := c.register(t, "http://127.0.0.1/oauth/callback")
			if test.rule != "" {
				if _, err := c.people.AddDecision(t.Context(), directory.Decision{User: "bob", Answer: test.rule}); err != nil {
					t.Fatal(err)
				}
			}
			pages, cookie := c.pages, ""
			c.pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got, err := r.Cookie(portal.CookieName(c.address)); err == nil {
					cookie = got.Value
				}
				pages.ServeHTTP(w, r)
			})
			b := c.browser("alice")
			b.Deny = test.deny
			if got, err := b.Visit(t.Context(), c.authorizeURL(client.ID, callback)); err != nil || !strings.HasPrefix(got, callback) {
				t.Fatalf("got %q, %v", got, err)
			}
			if _, err := c.grant.Session(t.Context(), c.now(), cookie); cookie == "" || (err == nil) != test.live || err != nil && !errors.Is(err, grant.ErrNoSession) {
				t.Errorf("cookie %q: got %v, want it alive %v", cookie, err, test.live)
			}
		})
	}
}

func TestAtAWS(t *testing.T) {
	for address, want := range map[string]bool{
		"https://oidc.us-east-1.amazonaws.com/authorize?client_id=x":     true,
		"https://OIDC.us-east-1.api.aws/authorize":                       true,
		"https://oidc-fips.us-gov-west-1.amazonaws.com/authorize":        true,
		"https://oidc.cn-north-1.amazonaws.com.cn/authorize":             true,
		"https://oidc.cn-north-1.api.amazonwebservices.com.cn/authorize": true,
		"https://oidc.eusc-de-east-1.amazonaws.eu/authorize":             true,
		"https://oidc.us-iso-east-1.c2s.ic.gov/authorize":                true,
		"https://oidc.us-isob-east-1.api.aws.scloud/authorize":           true,
		"https://oidc.eu-isoe-west-1.cloud.adc-e.uk/authorize":           true,
		"https://oidc.us-isof-south-1.csp.hci.ic.gov/authorize":          true,

		"https://oidc.us-east-1.amazonaws.com:443/authorize":   false,
		"https://oidc.us-east-1.amazonaws.com:8642/authorize":  false,
		"http://oidc.us-east-1.amazonaws.com/authorize":        false,
		"https://u@oidc.us-east-1.amazonaws.com/authorize":     false,
		"https://oidc.us-east-1.amazonaws.com/token":           false,
		"https://oidc.us-east-1.amazonaws.com/authorize/":      false,
		"https://portal.sso.us-east-1.amazonaws.com/authorize": false,
		"https://oidcx.us-east-1.amazonaws.com/authorize":      false,
		"https://oidc/authorize":                               false,
		"https://oidc.localhost/authorize":                     false,
		"https://oidc.idc.localhost/authorize":                 false,
		"https://localhost/authorize":                          false,
		"https://127.0.0.1/authorize":                          false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := browse.AtAWS(u); got != want {
			t.Errorf("%s: got %v", address, got)
		}
	}
}

func TestVisitEndsWithContext(t *testing.T) {
	c := newCenter(t)
	ctx, cancel := context.WithCancel(t.Context())
	c.pages = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/signout" {
			cancel()
			<-r.Context().Done()
		}
	})
	if _, err := c.browser("alice").Visit(ctx, c.address+"/device"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it canceled", err)
	}
}

// A rule answers in the person's stead: the page that would ask waits, and then
// leads away by itself.
func TestVisitWaitsForARule(t *testing.T) {
	for _, test := range []struct {
		name   string
		after  time.Duration // until the rule answers
		held   time.Duration // how long the page holds a request
		answer string
		says   string
	}{
		{"at once", 0, 0, callback + "?code=x", ""},
		{"held", 3 * time.Minute, 20 * time.Second, callback + "?code=x", ""},
		{"not held", 30 * time.Second, 0, callback + "?error=access_denied", ""},
		{"never", 24 * time.Hour, 20 * time.Second, "", "no decision after"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newHandler(t)
				c.at("http://127.0.0.1:8642", &http.Client{Transport: c})
				began, looks := time.Now(), 0
				c.pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					to := "/consent?request=x"
					if r.URL.Path == "/consent" {
						looks++
						time.Sleep(min(test.held, max(0, test.after-time.Since(began))))
						if time.Since(began) >= test.after {
							to = test.answer
						}
					}
					w.Header().Set("Location", to)
					w.WriteHeader(http.StatusSeeOther)
				})
				got, err := c.browser("alice").Visit(t.Context(), c.address+"/authorize")
				took := time.Since(began)
				if test.says != "" {
					if err == nil || !strings.Contains(err.Error(), test.says) || took > 20*time.Minute {
						t.Errorf("got %q, %v after %s; want %q", got, err, took, test.says)
					}
					return
				}
				if err != nil || got != test.answer {
					t.Errorf("got %q, %v; want %q", got, err, test.answer)
				}
				if took < test.after || took > test.after+time.Second || looks > 130 {
					t.Errorf("got it after %s and %d looks, want it after %s", took, looks, test.after)
				}
			})
		})
	}
}

// The same by the real pages: the rule's answer is the one that counts, whoever
// looks, and nobody signs in by it.
func TestVisitAnsweredByARule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newHandler(t)
		c.at("http://127.0.0.1:8642", &http.Client{Transport: c})
		client, secret := c.register(t, "http://127.0.0.1/oauth/callback")
		decide := func(d directory.Decision) {
			t.Helper()
			if _, err := c.people.AddDecision(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		for after := range map[time.Duration]bool{0: true, 90 * time.Second: true} {
			decide(directory.Decision{User: "bob", Answer: directory.AnswerAllow, After: after})
			began := time.Now()
			b := c.browser("alice")
			b.Deny = true
			got, err := b.Visit(t.Context(), c.authorizeURL(client.ID, callback))
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < after || took > after+time.Second {
				t.Errorf("got it after %s, want it after %s", took, after)
			}
			u, err := url.Parse(got)
			if err != nil {
				t.Fatal(err)
			}
			tokens, err := c.grant.RedeemCode(t.Context(), c.now(), client.ID, secret, u.Query().Get("code"), callback, verifier)
			if err != nil {
				t.Fatalf("%s: %v", got, err)
			}
			if got := c.whose(t, tokens); got != "bob" {
				t.Errorf("got %q, want bob", got)
			}
		}

		decide(directory.Decision{User: "bob", Answer: directory.AnswerDeny})
		got, err := c.browser("alice").Visit(t.Context(), c.authorizeURL(client.ID, callback))
		if want := callback + "?error=access_denied&state=state"; err != nil || got != want {
			t.Errorf("denied: got %q, %v; want %q", got, err, want)
		}

		decide(directory.Decision{Answer: directory.AnswerNever})
		got, err = c.browser("alice").Visit(t.Context(), c.authorizeURL(client.ID, callback))
		if _, ok := errors.AsType[*browse.UnansweredError](err); !ok || got != "" || !strings.Contains(err.Error(), "left unanswered: A rule") {
			t.Errorf("never: got %q, %v; want an *UnansweredError", got, err)
		}
	})
}

// Who gives up waiting for a rule does so at once.
func TestVisitStopsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newHandler(t)
		c.at("http://127.0.0.1:8642", &http.Client{Transport: c})
		c.pages = http.RedirectHandler("/consent?request=x", http.StatusSeeOther)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := c.browser("alice").Visit(ctx, c.address+"/authorize"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("took %s, want a minute", took)
		}
	})
}
