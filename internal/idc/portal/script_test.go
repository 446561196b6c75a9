package portal_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/portal"
)

// visit asks without a socket, as a bubble needs it.
func (c *center) visit(ctx context.Context, path string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(ctx, "GET", path, nil)
	req.RemoteAddr = "127.0.0.1:5"
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	return w
}

func location(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Code != http.StatusSeeOther {
		t.Fatalf("got %d, want 303\n%s", w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

// A rule answers when its time has come, and the browser waits for that in as few
// steps as there can be; nobody need be signed in, and nobody is afterwards.
func TestRuleAnswers(t *testing.T) {
	for _, test := range []struct {
		answer string
		after  time.Duration
		holds  int
	}{
		{"allow", 0, 0}, {"deny", 0, 0}, {"allow", 3 * time.Second, 1}, {"deny", 20 * time.Second, 1}, {"allow", 50 * time.Second, 3},
	} {
		t.Run(test.answer+" after "+test.after.String(), func(t *testing.T) {
			c := newCenter(t, organisation())
			client, secret := c.register(t, "my-tool", "http://127.0.0.1/oauth/callback")
			c.rule(t, directory.Decision{User: "bob", Client: "my-*", Answer: test.answer, After: test.after})
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				c.Now = time.Now
				at := location(t, c.visit(t.Context(), "/authorize?"+authorizeQuery(client.ID, callback).Encode()))
				consent, holds := at, 0
				for !strings.HasPrefix(at, callback) {
					w := c.visit(t.Context(), at)
					if at = location(t, w); at == consent {
						holds++
					}
					if holds > 5 {
						t.Fatal("no answer")
					}
					if got := w.Result().Cookies(); len(got) != 0 {
						t.Errorf("got cookies %v: the browser was signed in", got)
					}
				}
				if got := time.Since(began); got != test.after || holds != test.holds {
					t.Errorf("took %s and %d steps, want %s and %d", got, holds, test.after, test.holds)
				}
				to, err := url.Parse(at)
				if err != nil || to.Query().Get("state") != "st/ate" {
					t.Fatalf("got %q, %v", at, err)
				}
				if test.answer == "deny" {
					if got := to.Query().Get("error"); got != "access_denied" {
						t.Errorf("got error %q", got)
					}
					return
				}
				tokens, err := c.Grant.RedeemCode(t.Context(), time.Now(), client.ID, secret, to.Query().Get("code"), callback, verifier)
				if err != nil {
					t.Fatal(err)
				}
				if u, err := c.Directory.User(t.Context(), tokens.UserID); err != nil || u.Name != "bob" {
					t.Errorf("got %q, %v; want bob's", u.Name, err)
				}
			})
		})
	}
}

// In a browser in which somebody is signed in, that stays as it is.
func TestRuleSwitchesNobody(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "my-tool", "http://127.0.0.1/oauth/callback")
	b := c.signedIn(t, "alice", "correct-horse")
	cookie := b.cookie()
	c.rule(t, directory.Decision{User: "bob", Answer: "allow"})
	a := b.get(b.authorize(client.ID))
	if got := a.header.Get("Location"); !strings.HasPrefix(got, callback+"?code=") || len(a.header.Values("Set-Cookie")) != 0 {
		t.Errorf("got %q with cookies %q", got, a.header.Values("Set-Cookie"))
	}
	if b.cookie() != cookie {
		t.Error("the cookie changed")
	}
	b.get("/start").says(t, 200, ">alice</strong>")
	// For other programs nothing has changed.
	if err := c.Directory.ClearDecisions(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	c.rule(t, directory.Decision{User: "bob", Client: "other", Answer: "allow"})
	c.rule(t, directory.Decision{User: "bob", Flow: "device", Answer: "allow"})
	b.get(b.authorize(client.ID)).says(t, 200, "Allow access?")
}

// What looks without anybody to take the answer leaves it to who comes.
func TestRuleAnswersNobodyAhead(t *testing.T) {
	c := newCenter(t, organisation())
	client, secret := c.register(t, "my-tool", "http://127.0.0.1/oauth/callback")
	b := c.browser(t)
	c.rule(t, directory.Decision{User: "bob", Answer: "allow"})
	for name, ahead := range map[string]func(at string) answer{
		"HEAD": func(at string) answer { return b.do("HEAD", at, nil, nil) },
		"Sec-Purpose": func(at string) answer {
			return b.do("GET", at, nil, http.Header{"Sec-Purpose": {"prefetch;prerender"}})
		},
		"Purpose": func(at string) answer { return b.do("GET", at, nil, http.Header{"Purpose": {"Prefetch"}}) },
	} {
		t.Run(name, func(t *testing.T) {
			consent := b.authorize(client.ID)
			a := ahead(consent).says(t, 200)
			if a.header.Get("Location") != "" || a.header.Get("Refresh") != "1" {
				t.Errorf("got Location %q, Refresh %q, want a page that goes on", a.header.Get("Location"), a.header.Get("Refresh"))
			}
			if name != "HEAD" {
				a.says(t, 200, `data-state="waiting"`, "It does so in a moment.")
			}
			to, err := url.Parse(b.get(consent).header.Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Grant.RedeemCode(t.Context(), c.now(), client.ID, secret, to.Query().Get("code"), callback, verifier); err != nil {
				t.Errorf("the answer was gone: %v", err)
			}
			// Neither is one that has had its time shown as waiting.
			consent = b.authorize(client.ID)
			c.advance(101 * time.Minute)
			if got := ahead(consent).status; got != 410 {
				t.Errorf("got %d of one that has expired, want 410", got)
			}
		})
	}
	// It waits for nothing, either.
	c.rule(t, directory.Decision{User: "bob", Answer: "allow", After: time.Hour})
	b.do("HEAD", b.authorize(client.ID), nil, nil).says(t, 200)
}

// A form cannot get in before a rule, whoever sends it.
func TestRuleIsNotForPeople(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "my-tool", "http://127.0.0.1/oauth/callback")
	device, secret := c.register(t, "my-device")
	b := c.signedIn(t, "alice", "correct-horse")
	c.rule(t, directory.Decision{Answer: "never"})
	consent := b.authorize(client.ID)
	for _, who := range []*browser{b, c.browser(t)} {
		for _, a := range []answer{who.get(consent), who.decide(strings.TrimPrefix(consent, "/consent?request="), "allow")} {
			a.says(t, 200, `<main id="content" tabindex="-1" data-state="unanswered">`, "leaves this sign-in", "my-tool")
			if strings.Contains(a.body, `action="/consent`) {
				t.Errorf("there is a form on:\n%s", a.body)
			}
		}
	}
	d := c.startDevice(t, device, secret, c.script(grant.FlowDevice))
	b.post("/device", url.Values{"user_code": {d.UserCode}}).says(t, 403, "A rule answers this sign-in")
	c.advance(101 * time.Minute)
	b.get(consent).says(t, 410, "The request has expired")
	// One that has had its answer has had it.
	c.rule(t, directory.Decision{User: "bob", Answer: "deny"})
	consent = b.authorize(client.ID)
	b.get(consent).redirects(t, callback+"?error=access_denied&state=st%2Fate")
	b.get(consent).says(t, 403, "belongs to another sign-in")
}

// A person's browser follows some twenty redirects, so a long wait is a page that
// asks again by itself.
func TestLongWaitIsAPage(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "my-tool", "http://127.0.0.1/oauth/callback")
	c.rule(t, directory.Decision{User: "bob", Answer: "allow", After: 90 * time.Second})
	synctest.Test(t, func(t *testing.T) {
		c.Now = time.Now
		navigate := []string{"Sec-Fetch-Mode", "navigate"}
		consent := location(t, c.visit(t.Context(), "/authorize?"+authorizeQuery(client.ID, callback).Encode()))
		w := c.visit(t.Context(), consent, navigate...)
		if w.Code != 200 || w.Header().Get("Refresh") != "10" || !strings.Contains(w.Body.String(), "It does so in 90 seconds.") || !strings.Contains(w.Body.String(), `data-state="waiting"`) {
			t.Errorf("got %d, Refresh %q\n%s", w.Code, w.Header().Get("Refresh"), w.Body)
		}
		checkPage(t, consent, w.Body.String())
		time.Sleep(75 * time.Second)
		if got := location(t, c.visit(t.Context(), consent, navigate...)); got != consent {
			t.Errorf("got %q, want the same once more", got)
		}
		// Whoever is named may not act just now.
		if err := c.Directory.SetDisabled(t.Context(), time.Now(), "bob", true); err != nil {
			t.Fatal(err)
		}
		if w := c.visit(t.Context(), consent, navigate...); w.Code != 200 || !strings.Contains(w.Body.String(), "It cannot do so now") {
			t.Errorf("got %d\n%s", w.Code, w.Body)
		}
		began := time.Now()
		if got := location(t, c.visit(t.Context(), consent)); got != consent || time.Since(began) != 20*time.Second {
			t.Errorf("got %q after %s", got, time.Since(began))
		}
		if err := c.Directory.SetDisabled(t.Context(), time.Now(), "bob", false); err != nil {
			t.Fatal(err)
		}
		if got := location(t, c.visit(t.Context(), consent, navigate...)); !strings.HasPrefix(got, callback+"?code=") {
			t.Errorf("got %q, want the callback", got)
		}
	})
}

// A browser that goes away is not waited for, and is nothing to log.
func TestWaitEndsWithTheVisit(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "my-tool", "http://127.0.0.1/oauth/callback")
	c.rule(t, directory.Decision{User: "bob", Answer: "allow", After: 10 * time.Second})
	synctest.Test(t, func(t *testing.T) {
		c.Now = time.Now
		began := time.Now()
		consent := location(t, c.visit(t.Context(), "/authorize?"+authorizeQuery(client.ID, callback).Encode()))
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		c.visit(ctx, consent)
		if got := time.Since(began); got != time.Second {
			t.Errorf("waited %s for who left after a second", got)
		}
	})
	if got := c.logged.String(); got != "" {
		t.Errorf("got log:\n%s", got)
	}
}

// The wait does not count against what a listener gives a request: net/http drops
// the answer else.
func TestWaitOutlastsTimeouts(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "my-tool", "http://127.0.0.1/oauth/callback")
	c.rule(t, directory.Decision{User: "bob", Answer: "allow", After: 200 * time.Millisecond})
	server := httptest.NewUnstartedServer(c)
	server.Config.ReadTimeout = 50 * time.Millisecond
	server.Config.WriteTimeout = 50 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	c.BaseURL = server.URL
	b := c.browser(t)
	consent := b.authorize(client.ID)
	b.get(consent).redirects(t, consent)
	if got := b.get(consent).header.Get("Location"); !strings.HasPrefix(got, callback+"?code=") {
		t.Errorf("got %q", got)
	}
}

// What is shown of where a request came from is what the wire told.
func TestOrigin(t *testing.T) {
	c := newCenter(t, organisation())
	device, secret := c.register(t, "tool")
	b := c.signedIn(t, "alice", "correct-horse")
	for _, test := range []struct {
		origin grant.Origin
		says   string
	}{
		{grant.Origin{Address: "127.0.0.1", UserAgent: awsCLI}, "<bdi>this computer</bdi>, with <bdi>AWS CLI 2.36.7</bdi> by its own word"},
		{grant.Origin{Address: "::1"}, "<bdi>this computer</bdi></dd>"},
		{grant.Origin{Address: "192.0.2.7", UserAgent: "<b>/1"}, "<bdi>192.0.2.7</bdi>, with <bdi>&lt;b&gt; 1</bdi> by its own word"},
		{grant.Origin{UserAgent: "evil\u202e/\u00071"}, "with <bdi>evil 1</bdi> by its own word"},
	} {
		d, err := c.Grant.StartDevice(t.Context(), c.now(), device.ID, secret, startURL, grant.DeviceOptions{Origin: test.origin})
		if err != nil {
			t.Fatal(err)
		}
		consent, _ := b.confirm(d.UserCode)
		b.get(consent).says(t, 200, "Started from", test.says)
	}
	d, err := c.Grant.StartDevice(t.Context(), c.now(), device.ID, secret, startURL, grant.DeviceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	consent, _ := b.confirm(d.UserCode)
	if a := b.get(consent); strings.Contains(a.body, "Started from") {
		t.Errorf("says where it came from, which nobody knows:\n%s", a.body)
	}
	// Seen from another machine, this one is not theirs.
	cookie := portal.CookieName(c.BaseURL) + "=" + b.cookie()
	d = c.startDevice(t, device, secret)
	consent, _ = b.confirm(d.UserCode)
	req := httptest.NewRequestWithContext(t.Context(), "GET", consent, nil)
	req.RemoteAddr = net.JoinHostPort("192.0.2.9", "1")
	req.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	if !strings.Contains(w.Body.String(), "the computer on which this Identity Center runs") {
		t.Errorf("got\n%s", w.Body)
	}
}
