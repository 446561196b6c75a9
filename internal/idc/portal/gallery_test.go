package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// shown is a page as a person meets it.
type shown struct {
	name    string
	status  int
	heading string
	says    string
	answer  answer
}

// gallery meets every page and every fault there is, in the ways people do.
func gallery(t *testing.T) []shown {
	t.Helper()
	var all []shown
	add := func(name string, status int, heading, says string, a answer) {
		all = append(all, shown{name, status, heading, says, a})
	}
	org := organisation()
	org.Users = append(org.Users, directory.User{Name: "carol", Password: "nothing-yet"})
	c := newCenter(t, org)
	client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback", "https://app.example.com/cb")
	device, deviceSecret := c.register(t, "botocore-client-local")
	alice := c.signedIn(t, "alice", "correct-horse")

	// Signing in.
	b := c.browser(t)
	add("signin", 200, "Sign in", "User name", b.get("/signin"))
	consent, _ := b.begin(client.ID, callback)
	add("signin-to-consent", 200, "Sign in", "A program is asking for access.", b.get("/signin?next="+url.QueryEscape(consent)))
	add("signin-to-device", 200, "Sign in", "to confirm the code", b.get("/signin?next=/device"))
	add("signin-empty", 400, "Sign in", "Enter your user name.", b.post("/signin", url.Values{"username": {" "}}))
	add("password", 200, "Enter your password", `value="bob"`, b.post("/signin", url.Values{"username": {"bob"}}))
	add("password-empty", 400, "Enter your password", "Enter your password.", b.post("/signin", url.Values{"username": {"bob"}, "password": {""}}))
	wrong := url.Values{"username": {"somebody"}, "password": {"wrong"}}
	add("password-wrong", 403, "Enter your password", "The user name or the password is wrong.", b.post("/signin", wrong))
	for range 5 {
		b.post("/signin", wrong)
	}
	add("password-throttled", 429, "Enter your password", "too many attempts to sign in. Try again in", b.post("/signin", wrong))
	right := url.Values{"username": {"bob"}, "password": {"battery-staple"}}
	at := b.post("/signin", right).header.Get("Location")
	add("code", 200, "Enter the code", ">b…@example.com</bdi>", b.get(at))
	add("mail-code", 200, "Mail", "your code to sign in", b.get("/mail"))
	add("code-empty", 400, "Enter the code", "Enter the six digits", b.post("/signin/code", url.Values{"code": {" "}}))
	add("code-wrong", 403, "Enter the code", "The code is wrong. You have 4 more tries.", b.post("/signin/code", url.Values{"code": {"x"}}))
	add("code-again", 200, "Enter the code", "Another code", b.get(b.post("/signin/code", url.Values{"send": {"again"}}).header.Get("Location")))
	for range 4 {
		b.post("/signin/code", url.Values{"code": {"x"}})
	}
	add("code-too-many", 429, "Too many wrong codes", "Sign in again", b.post("/signin/code", url.Values{"code": {"x"}}))
	add("code-over", 410, "The code has expired", "Sign in again", c.browser(t).get("/signin/code"))
	for range 8 {
		b.post("/signin", right)
	}
	add("code-not-sent", 429, "Enter your password", "Too many codes were sent", b.post("/signin", right))
	add("mail-nobody", 200, "Mail", "There is no message for this browser.", c.browser(t).get("/mail"))
	add("mail-none", 200, "Mail", "There is no message for you.", alice.get("/mail"))
	c.advance(10 * time.Minute)
	bob := c.signedIn(t, "bob", "battery-staple")
	add("mail-own", 200, "Mail", "To you", bob.get("/mail"))

	// Allowing a program.
	d := c.startDevice(t, device, deviceSecret)
	add("device", 200, "Confirm a code", "Enter the code", alice.get("/device"))
	add("device-given", 200, "Confirm a code", "Compare this code", alice.get("/device?user_code="+d.UserCode))
	add("device-wrong", 400, "Confirm a code", "No device is waiting", alice.post("/device", url.Values{"user_code": {"BBBB-BBBB"}}))
	for range 10 {
		bob.post("/device", url.Values{"user_code": {"BBBB-BBBB"}})
	}
	add("device-too-many", 429, "Confirm a code", "Too many wrong codes", bob.post("/device", url.Values{"user_code": {"BBBB-BBBB"}}))
	consent, id := alice.confirm(d.UserCode)
	add("consent-device", 200, "Allow access?", d.UserCode, alice.get(consent))
	alice.decide(id, "allow")
	add("allowed", 200, "Access allowed", "You can close this window", alice.get(consent))
	denied := c.startDevice(t, device, deviceSecret)
	deniedConsent, deniedID := alice.confirm(denied.UserCode)
	alice.decide(deniedID, "deny")
	add("denied", 200, "Access denied", "got nothing", alice.get(deniedConsent))
	consent, id = alice.begin(client.ID, callback)
	add("consent", 200, "Allow access?", "127.0.0.1:7777", alice.get(consent))
	add("other-browser", 403, "The request belongs to another sign-in", "", bob.get(consent))
	add("neither", 400, "The request is incomplete or wrong", "neither allow nor deny", alice.decide(id, "perhaps"))
	alice.decide(id, "allow")
	add("decided", 409, "The request was already decided", "You allowed it.", alice.get(consent))
	consent, _ = alice.begin(client.ID, "https://app.example.com/cb")
	add("consent-outside", 200, "Allow access?", "The answer leaves this computer.", alice.get(consent))
	c.advance(11 * time.Minute)
	add("expired", 410, "The request has expired", "", alice.get(consent))
	add("no-request", 404, "There is no such request", "", alice.get("/consent?request=x"))
	add("unknown-client", 400, "This program is not known here", "", b.get("/authorize?"+authorizeQuery("x", callback).Encode()))
	add("redirect", 400, "The way back is not registered", "", b.get("/authorize?"+authorizeQuery(client.ID, "https://evil.test/").Encode()))
	add("incomplete", 400, "The request is incomplete or wrong", "", b.get("/authorize?"+authorizeQuery(client.ID, callback+"&").Encode()+"&state=x"))
	max := c.Grant.Policy.MaxRequests
	c.Grant.Policy.MaxRequests = 1
	other, _ := c.register(t, "other", "http://127.0.0.1/")
	b.begin(other.ID, "http://127.0.0.1:1/")
	add("crowded", 503, "Too many sign-ins are waiting", "", b.get("/authorize?"+authorizeQuery(client.ID, callback).Encode()))
	c.Grant.Policy.MaxRequests = max

	// Rules that answer.
	c.rule(t, directory.Decision{Answer: "never"})
	add("unanswered", 200, "Left unanswered", "leaves this sign-in", b.get(b.authorize(client.ID)))
	scripted := c.startDevice(t, device, deviceSecret, c.script(grant.FlowDevice))
	add("scripted", 403, "A rule answers this sign-in", "", alice.post("/device", url.Values{"user_code": {scripted.UserCode}}))
	c.rule(t, directory.Decision{User: "alice", Answer: "allow", After: 5 * time.Minute})
	add("waiting", 200, "Waiting for a rule", "It does so in 5 minutes.", b.do("GET", b.authorize(client.ID), nil, http.Header{"Sec-Fetch-Mode": {"navigate"}}))

	// The access portal.
	add("start", 200, "Your accounts", "2 accounts", alice.get("/start"))
	add("start-found", 200, "Your accounts", "1 of 2 accounts", alice.get("/start?q=prod"))
	add("start-not-found", 200, "Your accounts", "No account matches.", alice.get("/start?q=nothing"))
	add("start-unassigned", 200, "Your accounts", "No account is assigned to you.", c.signedIn(t, "carol", "nothing-yet").get("/start"))
	add("account", 200, "dev & <test>", "AdministratorAccess", alice.get("/start?account="+dev))
	add("no-account", 404, "There is no such account for you", "", bob.get("/start?account="+dev))
	add("role", 200, "AdministratorAccess administrator", "Get credentials", alice.get("/start/role?account="+dev+"&role=AdministratorAccess"))
	add("role-credentials", 200, "ReadOnly", "Here they are, once.", alice.post("/start/role", url.Values{"account": {dev}, "role": {"ReadOnly"}}))
	add("no-role", 404, "There is no such role for you", "Your roles in this account", alice.get("/start/role?account="+prod+"&role=ReadOnly"))
	signedOut := c.signedIn(t, "alice", "correct-horse")
	add("signed-out", 200, "Signed out", "Sign in again", signedOut.get(signedOut.post("/signout", url.Values{}).header.Get("Location")))

	// What goes wrong elsewhere.
	add("not-found", 404, "There is no such page", "", b.get("/nothing"))
	add("method", 405, "This page is not used that way", "", b.get("/signout"))
	add("foreign", 403, "The form came from another site", "", b.do("POST", "/consent", strings.NewReader("decision=allow"),
		http.Header{"Content-Type": formHeader["Content-Type"], "Sec-Fetch-Site": {"cross-site"}}))
	add("media-type", 415, "The form cannot be read", "", b.do("POST", "/signin", strings.NewReader("{}"), http.Header{"Content-Type": {"application/json"}}))
	add("unreadable", 400, "The form cannot be read", "", b.do("POST", "/signin", strings.NewReader("%"), formHeader))
	add("too-large", 413, "The form is too large", "", b.do("POST", "/signin", strings.NewReader(strings.Repeat("x", 20<<10)), formHeader))
	add("injected", 429, "A fault was injected here", "SlowDownException", c.refused(t, "GET", "/start", 429, "SlowDownException"))
	if err := c.db.Close(); err != nil {
		t.Fatal(err)
	}
	add("server-error", 500, "Something went wrong here", "Request id", alice.get("/start"))
	return all
}

// rule adds a decision, which is tried before all others.
func (c *center) rule(t testing.TB, d directory.Decision) {
	t.Helper()
	if _, err := c.Directory.AddDecision(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// authorize opens an authorization request and returns where its page is.
func (b *browser) authorize(clientID string) string {
	b.t.Helper()
	consent, _ := b.begin(clientID, callback)
	return consent
}

// refused is the page of an injected fault.
func (c *center) refused(t testing.TB, method, path string, status int, message string) answer {
	t.Helper()
	w := httptest.NewRecorder()
	c.Refuse(w, httptest.NewRequestWithContext(t.Context(), method, path, nil), status, message)
	a := answer{w.Code, w.Header(), w.Body.String()}
	checkHeaders(t, path, a)
	checkPage(t, path, a.body)
	return a
}

// Each page has its status, its heading and its words. That it is well formed, and
// usable without sight, pointer or script, is held by whatever fetches it.
func TestGallery(t *testing.T) {
	seen := map[string]bool{}
	for _, page := range gallery(t) {
		if seen[page.name] {
			t.Errorf("%s: twice", page.name)
		}
		seen[page.name] = true
		page.answer.says(t, page.status, page.says)
		if got := headingOf(t, page.answer.body); got != page.heading {
			t.Errorf("%s: got heading %q, want %q", page.name, got, page.heading)
		}
		if page.status >= 400 && !strings.Contains(page.answer.body, `role="alert"`) && !strings.Contains(page.answer.body, `<p class="out"><a href="/`) {
			t.Errorf("%s: neither says what to correct nor leads on", page.name)
		}
		if page.status == 429 && page.name != "injected" && page.name != "code-too-many" && page.answer.header.Get("Retry-After") == "" {
			t.Errorf("%s: does not say when to come back", page.name)
		}
	}
}

func headingOf(t testing.TB, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data == "h1" {
			return strings.Join(strings.Fields(content(n)), " ")
		}
	}
	return ""
}

// Whatever the fault, its page takes the status it is given if that is one of an
// error, and its event says what was injected.
func TestRefuse(t *testing.T) {
	c := newCenter(t, organisation())
	for _, test := range []struct {
		method, path  string
		status        int
		message       string
		want          int
		name, errCode string
	}{
		{"GET", "/start", 503, "ServiceUnavailable", 503, "", "ServiceUnavailable"},
		{"POST", "/consent", 429, "SlowDownException", 429, "AuthorizeClient", "SlowDownException"},
		{"POST", "/device", 500, "A fault rule answers this call", 500, "ConfirmUserCode", "InjectedFault"},
		{"POST", "/signin", 0, "x y", 500, "CredentialVerification", "InjectedFault"},
		{"GET", "/authorize", 200, "<b>\x1b", 500, "Authorize", "InjectedFault"},
		{"DELETE", "/nothing", 1000, "", 500, "", "InjectedFault"},
	} {
		ctx, call := events.Begin(t.Context())
		w := httptest.NewRecorder()
		c.Refuse(w, httptest.NewRequestWithContext(ctx, test.method, test.path, nil), test.status, test.message)
		a := answer{w.Code, w.Header(), w.Body.String()}.says(t, test.want, "A fault was injected here")
		checkHeaders(t, test.path, a)
		checkPage(t, test.path, a.body)
		if call.Name != test.name || call.ErrorCode != test.errCode {
			t.Errorf("%s %s: got event %q with %q, want %q with %q", test.method, test.path, call.Name, call.ErrorCode, test.name, test.errCode)
		}
	}
}
