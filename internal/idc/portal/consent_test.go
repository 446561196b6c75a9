package portal_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func TestAuthorizationCode(t *testing.T) {
	for _, scopes := range []string{"scope", "scopes"} {
		t.Run(scopes, func(t *testing.T) {
			c := newCenter(t, organisation())
			client, secret := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
			b := c.browser(t)
			q := authorizeQuery(client.ID, callback)
			q.Del("scopes")
			q.Set(scopes, "sso:account:access")
			a := b.get("/authorize?" + q.Encode())
			consent := a.header.Get("Location")
			requestID := strings.TrimPrefix(consent, "/consent?request=")
			a = b.get(consent).redirects(t, "/signin?next="+url.QueryEscape(consent))
			b.get(a.header.Get("Location")).says(t, 200, "A program is asking for access.")
			b.post("/signin", url.Values{"username": {"alice"}, "password": {"correct-horse"}, "next": {consent}}).redirects(t, consent)

			a = b.get(consent).says(t, 200, "aws-cli", "unverified name", "See your accounts and roles", "sso:account:access",
				"127.0.0.1:7777", callback, "a program on this computer", "less than a minute ago", "10 minutes", "Browser sign-in",
				`value="allow"`, `value="deny"`, "Leave without answering")
			want := "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' http://127.0.0.1:7777; frame-ancestors 'none'; base-uri 'none'"
			if got := a.header.Get("Content-Security-Policy"); got != want {
				t.Errorf("got policy %q, want %q", got, want)
			}
			a = b.decide(requestID, "allow")
			to, err := url.Parse(a.header.Get("Location"))
			if err != nil || a.status != http.StatusSeeOther {
				t.Fatalf("got %d, %v", a.status, err)
			}
			if got := to.Scheme + "://" + to.Host + to.Path; got != callback || to.Query().Get("state") != "st/ate" {
				t.Errorf("got %s, want %s with the state", to, callback)
			}
			tokens, err := c.Grant.RedeemCode(t.Context(), c.now(), client.ID, secret, to.Query().Get("code"), callback, verifier)
			if err != nil || tokens.AccessToken == "" {
				t.Fatalf("got %v", err)
			}
			access, err := c.Grant.AccessToken(t.Context(), c.now(), tokens.AccessToken)
			if err != nil {
				t.Fatal(err)
			}
			if u, err := c.Directory.User(t.Context(), access.UserID); err != nil || u.Name != "alice" {
				t.Errorf("got %q, %v; want alice", u.Name, err)
			}
			// Once more by the back button.
			b.decide(requestID, "allow").says(t, 409, "already decided", "You allowed it.")
			b.decide(requestID, "deny").says(t, 409, "already decided")
			b.get(consent).says(t, 409, "already decided")
			// Signing out in the browser signs the program out.
			b.post("/signout", url.Values{}).redirects(t, "/signed-out")
			if _, err := c.Grant.AccessToken(t.Context(), c.now(), tokens.AccessToken); !errors.Is(err, grant.ErrUnauthorized) {
				t.Errorf("got %v, want the token gone", err)
			}
		})
	}
}

func TestDenyAuthorizationCode(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	b := c.signedIn(t, "alice", "correct-horse")
	consent, requestID := b.begin(client.ID, callback)
	b.get(consent).says(t, 200)
	b.decide(requestID, "deny").redirects(t, callback+"?error=access_denied&state=st%2Fate")
	b.get(consent).says(t, 409, "You denied it.")
}

// The policy of the consent page admits the callback's origin and no other.
func TestConsentPolicy(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "several", "http://127.0.0.1", "http://localhost/cb", "http://[::1]/cb", "https://app.example.com/cb")
	b := c.signedIn(t, "alice", "correct-horse")
	for redirect, source := range map[string]string{
		"http://127.0.0.1:5555":         "http://127.0.0.1:5555",
		"http://localhost:5555/cb":      "http://localhost:5555",
		"http://[::1]:5555/cb":          "http://*:5555", // sources have no IPv6 addresses
		"https://app.example.com/cb":    "https://app.example.com",
		"http://127.0.0.1:5556/":        "http://127.0.0.1:5556",
		"http://localhost/cb":           "http://localhost",
		"http://127.0.0.1:5557/?":       "",
		"http://127.0.0.1:5557/cb%0d%0": "",
	} {
		a := b.get("/authorize?" + authorizeQuery(client.ID, redirect).Encode())
		if source == "" {
			a.says(t, 400)
			continue
		}
		a = b.get(a.header.Get("Location")).says(t, 200)
		if got, want := a.header.Get("Content-Security-Policy"), "form-action 'self' "+source+"; "; !strings.Contains(got, want) {
			t.Errorf("%s: got policy %q, want %q", redirect, got, want)
		}
		outside := strings.Contains(a.body, "The answer leaves this computer.")
		if want := strings.HasPrefix(redirect, "https"); outside != want {
			t.Errorf("%s: got warning %v, want %v", redirect, outside, want)
		}
	}
	device, secret := c.register(t, "device")
	consent, _ := b.confirm(c.startDevice(t, device, secret).UserCode)
	if got := b.get(consent).header.Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self';") {
		t.Errorf("device: got policy %q, want 'self' alone", got)
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	device, _, err := c.Grant.RegisterClient(t.Context(), c.now(), grant.Registration{Name: "device", Type: "public",
		Scopes: []string{"sso:account:access"}, RedirectURIs: []string{"http://127.0.0.1/oauth/callback"}, GrantTypes: []string{grant.GrantDeviceCode}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		edit func(url.Values)
		says string
	}{
		{"unknown client", func(q url.Values) { q.Set("client_id", "nobody") }, "This program is not known here"},
		{"no client", func(q url.Values) { q.Del("client_id") }, "This program is not known here"},
		{"foreign host", func(q url.Values) { q.Set("redirect_uri", "https://evil.test/oauth/callback") }, "The way back is not registered"},
		{"other path", func(q url.Values) { q.Set("redirect_uri", "http://127.0.0.1:7777/other") }, "The way back is not registered"},
		{"other loopback name", func(q url.Values) { q.Set("redirect_uri", "http://localhost:7777/oauth/callback") }, "The way back is not registered"},
		{"user information", func(q url.Values) { q.Set("redirect_uri", "http://127.0.0.1:7777@evil.test/oauth/callback") }, "The way back is not registered"},
		{"fragment", func(q url.Values) { q.Set("redirect_uri", callback+"#x") }, "The way back is not registered"},
		{"added query", func(q url.Values) { q.Set("redirect_uri", callback+"?x=y") }, "The way back is not registered"},
		{"no redirect", func(q url.Values) { q.Del("redirect_uri") }, "The way back is not registered"},
		{"no challenge", func(q url.Values) { q.Del("code_challenge") }, "incomplete or wrong"},
		{"short challenge", func(q url.Values) { q.Set("code_challenge", "abc") }, "incomplete or wrong"},
		{"no method", func(q url.Values) { q.Del("code_challenge_method") }, "incomplete or wrong"},
		{"plain method", func(q url.Values) { q.Set("code_challenge_method", "plain") }, "incomplete or wrong"},
		{"token response", func(q url.Values) { q.Set("response_type", "token") }, "incomplete or wrong"},
		{"unregistered scope", func(q url.Values) { q.Set("scopes", "other:scope") }, "incomplete or wrong"},
		{"endless state", func(q url.Values) { q.Set("state", strings.Repeat("x", 5000)) }, "incomplete or wrong"},
		{"grant of another kind", func(q url.Values) { q.Set("client_id", device.ID) }, "incomplete or wrong"},
		{"client twice", func(q url.Values) { q.Add("client_id", client.ID) }, "client_id more than once"},
		{"redirect twice", func(q url.Values) { q.Add("redirect_uri", "https://evil.test/") }, "redirect_uri more than once"},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := authorizeQuery(client.ID, callback)
			test.edit(q)
			a := c.browser(t).get("/authorize?"+q.Encode()).says(t, 400, test.says)
			if got := a.header.Get("Location"); got != "" {
				t.Errorf("got a redirect to %q", got)
			}
		})
	}
	c.browser(t).get("/authorize?client_id=%zz").says(t, 400, "damaged")
	c.advance(91 * 24 * time.Hour)
	c.browser(t).get("/authorize?"+authorizeQuery(client.ID, callback).Encode()).says(t, 400, "This program is not known here")
}

func TestTooManyRequests(t *testing.T) {
	c := newCenter(t, organisation())
	c.Grant.Policy.MaxRequests = 2
	b := c.browser(t)
	for range 2 {
		client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
		b.begin(client.ID, callback)
	}
	client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	a := b.get("/authorize?"+authorizeQuery(client.ID, callback).Encode()).says(t, 503, "Too many sign-ins are waiting")
	if got := a.header.Get("Retry-After"); got != "10" {
		t.Errorf("got Retry-After %q, want 10", got)
	}
}

func TestDeviceCode(t *testing.T) {
	for _, decision := range []string{"allow", "deny"} {
		t.Run(decision, func(t *testing.T) {
			c := newCenter(t, organisation())
			client, secret := c.register(t, "device-client")
			d := c.startDevice(t, client, secret)
			b := c.signedIn(t, "alice", "correct-horse")
			b.get("/device").says(t, 200, "Enter the code", `value=""`)
			b.get("/device?user_code="+strings.ToLower(d.UserCode)).says(t, 200, `value="`+d.UserCode+`"`, "Compare this code")
			// Looking at the address decides and binds nothing.
			consent, requestID := b.confirm(" " + strings.ToLower(strings.ReplaceAll(d.UserCode, "-", "")) + " ")
			b.get(consent).says(t, 200, "device-client", "unverified name", d.UserCode, "Device code", "sso:account:access", "Allow it only if you started this yourself")
			// Once more with the same code in the same browser is no mistake.
			b.confirm(d.UserCode)

			b.decide(requestID, decision).redirects(t, consent)
			tokens, err := c.Grant.RedeemDevice(t.Context(), c.now(), client.ID, secret, d.DeviceCode)
			if decision == "allow" {
				if err != nil || tokens.AccessToken == "" {
					t.Errorf("got %v, want tokens", err)
				}
				b.get(consent).says(t, 200, "Access allowed", "You can close this window")
			} else {
				if refused, ok := errors.AsType[*grant.Error](err); !ok || refused.Code != grant.CodeAccessDenied {
					t.Errorf("got %v, want access_denied", err)
				}
				b.get(consent).says(t, 200, "Access denied", "You can close this window")
			}
			b.decide(requestID, "allow").says(t, 409, "already decided")
			b.post("/device", url.Values{"user_code": {d.UserCode}}).says(t, 409, "already decided")
		})
	}
}

func TestWrongCodes(t *testing.T) {
	c := newCenter(t, organisation())
	c.Grant.Policy.MaxWrongUserCodes = 3
	client, secret := c.register(t, "device-client")
	d := c.startDevice(t, client, secret)
	b := c.signedIn(t, "alice", "correct-horse")
	b.post("/device", url.Values{}).says(t, 400, "Enter the code that your device shows.", `role="alert"`)
	for _, code := range []string{"nonsense", "BCDF", strings.Repeat("B", 5000), "<script>alert(1)</script>", "\u202e\x1b[0m"} {
		a := b.post("/device", url.Values{"user_code": {code}}).says(t, 400, "No device is waiting with this code.", `aria-invalid="true"`)
		if strings.ContainsAny(a.body, "\x1b\u202e") || strings.Contains(a.body, strings.Repeat("B", 40)) {
			t.Errorf("%.20q: shown as it is", code)
		}
	}
	for range 3 {
		b.post("/device", url.Values{"user_code": {"BBBB-BBBB"}}).says(t, 400)
	}
	a := b.post("/device", url.Values{"user_code": {d.UserCode}}).says(t, 429, "Too many wrong codes")
	if got := a.header.Get("Retry-After"); got == "" || got == "0" {
		t.Errorf("got Retry-After %q", got)
	}
	c.advance(time.Minute + time.Second)
	b.confirm(d.UserCode)
}

func TestExpired(t *testing.T) {
	c := newCenter(t, organisation())
	client, secret := c.register(t, "device-client")
	pkce, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	d, entered := c.startDevice(t, client, secret), c.startDevice(t, client, secret)
	b := c.signedIn(t, "alice", "correct-horse")
	consents := map[string]string{}
	consent, id := b.confirm(entered.UserCode)
	consents[consent] = id
	consent, id = b.begin(pkce.ID, callback)
	consents[consent] = id
	b.get(consent).says(t, 200)
	c.advance(11 * time.Minute)
	b.post("/device", url.Values{"user_code": {d.UserCode}}).says(t, 410, "expired")
	for consent, id := range consents {
		b.get(consent).says(t, 410, "The request has expired")
		a := b.decide(id, "allow").says(t, 410, "The request has expired")
		if got := a.header.Get("Location"); got != "" {
			t.Errorf("got a redirect to %q", got)
		}
	}
}

// A request is decided in the browser that opened it and nowhere else: nobody
// can be led to allow another's.
func TestAnotherSessionsRequest(t *testing.T) {
	c := newCenter(t, organisation())
	client, secret := c.register(t, "device-client")
	pkce, pkceSecret := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	d := c.startDevice(t, client, secret)
	mallory := c.signedIn(t, "bob", "battery-staple")
	consent, deviceID := mallory.confirm(d.UserCode)
	pkceConsent, pkceID := mallory.begin(pkce.ID, callback)
	mallory.get(pkceConsent).says(t, 200)

	for name, victim := range map[string]*browser{"another person": c.signedIn(t, "alice", "correct-horse"), "another browser": c.signedIn(t, "bob", "battery-staple")} {
		t.Run(name, func(t *testing.T) {
			for _, at := range []string{consent, pkceConsent} {
				victim.get(at).says(t, 403, "belongs to another sign-in")
			}
			for _, id := range []string{deviceID, pkceID} {
				for _, decision := range []string{"allow", "deny"} {
					a := victim.decide(id, decision).says(t, 403, "belongs to another sign-in")
					if got := a.header.Get("Location"); got != "" {
						t.Errorf("got a redirect to %q", got)
					}
				}
			}
		})
	}
	c.signedIn(t, "alice", "correct-horse").post("/device", url.Values{"user_code": {d.UserCode}}).says(t, 403, "belongs to another sign-in")
	_, err := c.Grant.RedeemDevice(t.Context(), c.now(), client.ID, secret, d.DeviceCode)
	if refused, ok := errors.AsType[*grant.Error](err); !ok || refused.Code != grant.CodeAuthorizationPending {
		t.Errorf("got %v, want it pending still", err)
	}
	// Undisturbed where it belongs.
	a := mallory.decide(pkceID, "allow")
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Grant.RedeemCode(t.Context(), c.now(), pkce.ID, pkceSecret, to.Query().Get("code"), callback, verifier); err != nil {
		t.Error(err)
	}
}

func TestNoSuchRequest(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	for _, id := range []string{"", "nothing", strings.Repeat("x", 3000)} {
		b.get("/consent?request="+id).says(t, 404, "There is no such request")
		b.decide(id, "allow").says(t, 404, "There is no such request")
	}
	client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	consent, id := b.begin(client.ID, callback)
	for _, decision := range []string{"", "ALLOW", "yes"} {
		b.decide(id, decision).says(t, 400, "neither allow nor deny")
	}
	b.get(consent).says(t, 200)
}

// The same answer more than once at a time is one: every tab is led back with the
// same code.
func TestDoubleSubmit(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	b := c.signedIn(t, "alice", "correct-horse")
	consent, id := b.begin(client.ID, callback)
	b.get(consent).says(t, 200)
	answers := make(chan string)
	for range 4 {
		go func() {
			resp, err := b.http.PostForm(c.BaseURL+"/consent", url.Values{"request": {id}, "decision": {"allow"}})
			if err != nil {
				answers <- err.Error()
				return
			}
			defer resp.Body.Close()
			answers <- resp.Header.Get("Location")
		}()
	}
	got := map[string]bool{}
	for range 4 {
		got[<-answers] = true
	}
	for to := range got {
		if len(got) != 1 || !strings.HasPrefix(to, callback+"?code=") {
			t.Errorf("got %v, want one code", got)
		}
	}
}

// Names are the clients' own: markup is text, and long ones are cut.
func TestHostileClientName(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	for name, want := range map[string]string{
		`<script>alert(1)</script>`:            "&lt;script&gt;alert(1)&lt;/script&gt;",
		`"><img src=x onerror=alert(1)>`:       "&#34;&gt;&lt;img src=x onerror=alert(1)&gt;",
		"{{.User}}":                            "{{.User}}",
		strings.Repeat("W", 250):               strings.Repeat("W", 80) + "…",
		"a" + strings.Repeat("\u0301", 100):    "a\u0301\u0301</bdi>",
		"\u05d0\u05d1\u05d2 hebrew (verified)": "<bdi>\u05d0\u05d1\u05d2 hebrew (verified)</bdi>",
	} {
		client, secret := c.register(t, name)
		consent, id := b.confirm(c.startDevice(t, client, secret).UserCode)
		b.get(consent).says(t, 200, want, "unverified name")
		b.decide(id, "allow").redirects(t, consent)
		b.get(consent).says(t, 200, want, "Access allowed")
	}
}

func TestScopesInWords(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	client, secret, err := c.Grant.RegisterClient(t.Context(), c.now(), grant.Registration{Name: "x", Type: "public",
		Scopes: []string{"openid", "codewhisperer:completions", "made:up<b>", strings.Repeat("s", 120)}})
	if err != nil {
		t.Fatal(err)
	}
	consent, _ := b.confirm(c.startDevice(t, client, secret).UserCode)
	b.get(consent).says(t, 200, "Know that it is you", "Amazon Q Developer", "codewhisperer:completions", "made:up&lt;b&gt;",
		"does not know", strings.Repeat("s", 100)+"…")
	legacy, secret, err := c.Grant.RegisterClient(t.Context(), c.now(), grant.Registration{Name: "legacy", Type: "public"})
	if err != nil {
		t.Fatal(err)
	}
	consent, _ = b.confirm(c.startDevice(t, legacy, secret).UserCode)
	b.get(consent).says(t, 200, "until you sign out", "no scope named")
}
