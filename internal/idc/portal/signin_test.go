package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/portal"
)

func TestCookieName(t *testing.T) {
	a, b := portal.CookieName("http://127.0.0.1:8642"), portal.CookieName("http://127.0.0.1:8643")
	if a == b || !strings.HasPrefix(a, "portico_session_") {
		t.Errorf("got %q and %q, want two names", a, b)
	}
	if got := portal.CookieName("https://sso.example.com"); !strings.HasPrefix(got, "__Host-portico_session_") {
		t.Errorf("got %q, want the __Host- prefix", got)
	}
}

func TestSignIn(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.browser(t)
	b.get("/signin").says(t, 200, "Sign in", `value="/start"`)
	a := b.post("/signin", url.Values{"username": {" alice "}, "password": {"correct-horse"}}).redirects(t, "/start")
	cookie, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	if cookie.Name != portal.CookieName(c.BaseURL) || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" ||
		cookie.Domain != "" || cookie.Secure || len(cookie.Value) < 40 {
		t.Errorf("got cookie %q", a.header.Get("Set-Cookie"))
	}
	b.get("/start").says(t, 200, ">alice</strong>", "Sign out")
	b.get("/signin?next=/device").redirects(t, "/device")
	b.get("/").redirects(t, "/start")
}

func TestSecureCookie(t *testing.T) {
	c := newCenter(t, organisation())
	origin := c.BaseURL
	c.Handler.BaseURL = "https://sso.example.com"
	req, err := http.NewRequestWithContext(t.Context(), "POST", origin+"/signin", strings.NewReader("username=alice&password=correct-horse"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Host = "sso.example.com"
	req.Header.Set("Origin", "https://sso.example.com")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got := resp.Cookies()
	if len(got) != 2 || slices.ContainsFunc(got, func(c *http.Cookie) bool { return !c.Secure || !strings.HasPrefix(c.Name, "__Host-") }) || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("got %v %v", resp.Status, resp.Header)
	}
}

// Whoever asks without a session signs in first and is then where they were.
func TestSignInFirst(t *testing.T) {
	c := newCenter(t, organisation())
	for path, next := range map[string]string{
		"/start":                      "/start",
		"/start?page=2&q=dev&x=y":     "/start?page=2&q=dev",
		"/start?account=111111111111": "/start?account=111111111111",
		"/device":                     "/device",
		"/device?user_code=bcdf-ghjk": "/device?user_code=bcdf-ghjk",
		"/consent?request=abc":        "/consent?request=abc",
	} {
		b := c.browser(t)
		want := "/signin"
		if next != "/start" {
			want += "?next=" + url.QueryEscape(next)
		}
		b.get(path).redirects(t, want)
		page := b.get(want).says(t, 200, "Sign in")
		if !strings.Contains(page.body, `name="next" value="`+strings.ReplaceAll(next, "&", "&amp;")+`"`) {
			t.Errorf("%s: want next %q on:\n%s", path, next, page.body)
		}
		b.post("/signin", url.Values{"username": {"alice"}, "password": {"correct-horse"}, "next": {next}}).redirects(t, next)
	}
	b := c.browser(t)
	b.post("/device", url.Values{"user_code": {"BCDF-GHJK"}}).redirects(t, "/signin?next=%2Fdevice%3Fuser_code%3DBCDF-GHJK")
	b.post("/consent", url.Values{"request": {"abc"}, "decision": {"allow"}}).redirects(t, "/signin?next=%2Fconsent%3Frequest%3Dabc")
}

func TestNextStaysHere(t *testing.T) {
	c := newCenter(t, organisation())
	for _, next := range []string{"https://evil.test/", "//evil.test", `/\evil.test`, "/start/..//evil.test", "javascript:alert(1)", "/start\r\nX-Y: z"} {
		b := c.browser(t)
		b.get("/signin?next="+url.QueryEscape(next)).says(t, 200, `name="next" value="/start"`)
		b.post("/signin", url.Values{"username": {"alice"}, "password": {"correct-horse"}, "next": {next}}).redirects(t, "/start")
		b.get("/signin?next="+url.QueryEscape(next)).redirects(t, "/start")
	}
	// What a query holds is written anew, so nothing in it ends it.
	c.signedIn(t, "alice", "correct-horse").get("/signin?next="+url.QueryEscape(`/start?q=a\b#//evil.test`)).redirects(t, "/start?q=a%5Cb%23%2F%2Fevil.test")
}

// An unknown name, a wrong password and a disabled person read the same.
func TestWrongPassword(t *testing.T) {
	c := newCenter(t, organisation())
	var bodies []string
	for _, try := range [][2]string{{"alice", "wrong"}, {"nobody", "wrong"}, {"gone", "was-here"}} {
		b := c.browser(t)
		a := b.post("/signin", url.Values{"username": {try[0]}, "password": {try[1]}, "next": {"/device"}}).
			says(t, 403, `role="alert"`, "The user name or the password is wrong.", `value="/device"`, `aria-invalid="true"`)
		if got := a.header.Values("Set-Cookie"); len(got) != 0 {
			t.Errorf("got cookies %q", got)
		}
		if strings.Contains(a.body, try[1]) && try[1] != "wrong" {
			t.Error("the password is on the page")
		}
		bodies = append(bodies, strings.ReplaceAll(a.body, `value="`+try[0]+`"`, ""))
	}
	if bodies[0] != bodies[1] || bodies[1] != bodies[2] {
		t.Errorf("got different pages:\n%s", strings.Join(bodies, "\n-----\n"))
	}
}

func TestMissingFields(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.browser(t)
	for _, form := range []url.Values{{}, {"password": {"x"}}, {"username": {"  "}, "password": {"x"}}} {
		b.post("/signin", form).says(t, 400, "Enter your user name.", `aria-invalid="true"`)
	}
	b.post("/signin", url.Values{"username": {"alice"}, "password": {""}}).says(t, 400, "Enter your password.", `value="alice"`, `aria-invalid="true"`)
	// What is in the address is no form.
	b.post("/signin?username=alice&password=correct-horse", url.Values{}).says(t, 400)
}

// The steps: the name, and then the password beside it, in fields that password
// managers know. The first tells nothing about whose name it is.
func TestSteps(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.browser(t)
	first := b.get("/signin?next=/device").says(t, 200, `name="username" type="text" autocomplete="username"`)
	if strings.Contains(first.body, `type="password"`) {
		t.Error("the first step asks for the password")
	}
	workflow := regexp.MustCompile(`name="workflow" value="([0-9a-f-]{36})"`).FindStringSubmatch(first.body)
	if workflow == nil {
		t.Fatalf("got no workflow on:\n%s", first.body)
	}
	var pages []string
	for _, name := range []string{"alice", "bob", "gone", "nobody"} {
		a := b.post("/signin", url.Values{"username": {name}, "next": {"/device"}, "workflow": {workflow[1]}}).
			says(t, 200, `value="`+name+`" autocomplete="username" readonly`, `name="password" type="password" autocomplete="current-password"`,
				`href="/signin?next=%2Fdevice"`, "Change the user name", `value="/device"`, `name="workflow" value="`+workflow[1]+`"`, `action="/signin"`)
		if got := a.header.Values("Set-Cookie"); len(got) != 0 {
			t.Errorf("%s: got cookies %q before there was a password", name, got)
		}
		pages = append(pages, strings.ReplaceAll(a.body, `value="`+name+`"`, ""))
	}
	for i, page := range pages {
		if page != pages[0] {
			t.Errorf("page %d differs:\n%s\n-----\n%s", i, page, pages[0])
		}
	}
	// A workflow is a UUID and nothing else.
	a := b.post("/signin", url.Values{"username": {"alice"}, "workflow": {"<x>"}}).says(t, 200)
	if strings.Contains(a.body, "&lt;x&gt;") {
		t.Error("got the workflow that was made up")
	}
}

// Neither does the time that the first step takes tell whose name it is.
func TestFirstStepTakesAsLong(t *testing.T) {
	org := organisation()
	for i := range org.Users {
		org.Users[i].Groups = []string{"one", "two", "three"}
	}
	c := newCenter(t, org)
	ask := func(name string) time.Duration {
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/signin", strings.NewReader("username="+name))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		began := time.Now()
		c.ServeHTTP(httptest.NewRecorder(), req)
		return time.Since(began)
	}
	var known, unknown []time.Duration
	for range 100 {
		known = append(known, ask("alice"))
		unknown = append(unknown, ask("nobody"))
	}
	slices.Sort(known)
	slices.Sort(unknown)
	a, b := known[50], unknown[50]
	t.Logf("median %s for a name that somebody has, %s for another", a, b)
	if ratio := float64(a) / float64(b); ratio > 1.2 || ratio < 1/1.2 {
		t.Errorf("got %s for a name that somebody has and %s for another, want the same", a, b)
	}
}

func TestTooManyPasswords(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.browser(t)
	wrong := url.Values{"username": {"alice"}, "password": {"wrong"}}
	right := url.Values{"username": {"alice"}, "password": {"correct-horse"}}
	a := b.post("/signin", wrong)
	for range 20 {
		if a.status == 429 {
			break
		}
		a.says(t, 403)
		a = b.post("/signin", wrong)
	}
	a = b.post("/signin", right)
	a.says(t, 429, "too many attempts", `role="alert"`)
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > 60 {
		t.Errorf("got Retry-After %q, want 1 to 60", a.header.Get("Retry-After"))
	}
	c.advance(2 * time.Minute)
	b.post("/signin", right).redirects(t, "/start")
}

// Wrong passwords that others try keep nobody out of a browser in which they have
// signed in before, signed out or not.
func TestKnownBrowser(t *testing.T) {
	c := newCenter(t, organisation())
	own := c.browser(t)
	right := url.Values{"username": {"alice"}, "password": {"correct-horse"}}
	a := own.post("/signin", right).redirects(t, "/start")
	device := a.cookieOf(t, "portico_device_")
	if !device.HttpOnly || device.SameSite != http.SameSiteStrictMode || device.Path != "/" || device.Domain != "" ||
		device.MaxAge < 24*60*60 || strings.Contains(device.Value, "alice") {
		t.Fatalf("got cookies %q, want one by which the browser is known", a.header.Values("Set-Cookie"))
	}
	own.post("/signout", url.Values{}).redirects(t, "/signed-out")

	stranger := c.browser(t)
	for range 20 {
		stranger.post("/signin", url.Values{"username": {"alice"}, "password": {"wrong"}})
	}
	stranger.post("/signin", right).says(t, 429)
	own.post("/signin", right).redirects(t, "/start")
	// Somebody else's signing in there takes nothing from alice.
	own.signIn("bob", "battery-staple", "/start")
	own.post("/signin", right).redirects(t, "/start")
	c.signedIn(t, "bob", "battery-staple").post("/signin", right).says(t, 429)
}

// A sign-in that is about to end is renewed before something is allowed by it,
// and the page goes on where it was.
func TestSignInAgainToDecide(t *testing.T) {
	c := newCenter(t, organisation())
	client, secret := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	deviceClient, deviceSecret := c.register(t, "device")
	right := url.Values{"username": {"alice"}, "password": {"correct-horse"}}
	for _, seen := range []bool{true, false} {
		b := c.signedIn(t, "alice", "correct-horse")
		c.advance(8*time.Hour - 6*time.Minute)
		d := c.startDevice(t, deviceClient, deviceSecret)
		deviceConsent, deviceID := b.confirm(d.UserCode)
		consent, requestID := b.begin(client.ID, callback)
		if seen {
			b.get(consent).says(t, 200, "Allow")
			b.get(deviceConsent).says(t, 200, "Allow")
		}
		c.advance(time.Minute + time.Second)
		again := "/signin?next=" + url.QueryEscape(consent)
		b.get("/start").says(t, 200)
		b.get("/signin").redirects(t, "/start")
		b.get(consent).redirects(t, again)
		b.decide(requestID, "allow").redirects(t, again)
		b.get(again).says(t, 200, "Your sign-in is about to end", `value="`+consent+`"`)
		form := url.Values{"next": {consent}}
		form.Set("username", right.Get("username"))
		form.Set("password", right.Get("password"))
		b.post("/signin", form).redirects(t, consent)
		b.get(consent).says(t, 200, "Allow")
		to, err := url.Parse(b.decide(requestID, "allow").header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := c.Grant.RedeemCode(t.Context(), c.now(), client.ID, secret, to.Query().Get("code"), callback, verifier)
		if err != nil || tokens.ExpiresIn != time.Hour {
			t.Errorf("got %s and %v, want an hour", tokens.ExpiresIn, err)
		}
		b.get(deviceConsent).says(t, 200, "Allow")
		b.decide(deviceID, "allow").redirects(t, deviceConsent)
		tokens, err = c.Grant.RedeemDevice(t.Context(), c.now(), deviceClient.ID, deviceSecret, d.DeviceCode)
		if err != nil || tokens.ExpiresIn != time.Hour {
			t.Errorf("device: got %s and %v, want an hour", tokens.ExpiresIn, err)
		}
	}
}

// Where sign-ins are shorter than that, half of one is enough.
func TestShortSignInsCanDecide(t *testing.T) {
	c := newCenter(t, organisation())
	c.Grant.Policy.Session = time.Minute
	client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	b := c.signedIn(t, "alice", "correct-horse")
	consent, _ := b.begin(client.ID, callback)
	b.get(consent).says(t, 200, "Allow")
	c.advance(31 * time.Second)
	b.get(consent).redirects(t, "/signin?next="+url.QueryEscape(consent))
}

func TestSignInRenewsTheCookie(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	first := b.cookie()
	b.post("/signin", url.Values{"username": {"alice"}, "password": {"correct-horse"}}).redirects(t, "/start")
	second := b.cookie()
	if first == second {
		t.Error("the cookie was not renewed")
	}
	// A second tab of the same person takes nothing from the first.
	if _, err := c.Grant.Session(t.Context(), c.now(), first); err != nil {
		t.Errorf("alice's first sign-in: got %v, want it alive", err)
	}
	// Somebody else at this browser ends it: a cookie planted before the sign-in
	// is of no use after.
	b.signIn("bob", "battery-staple", "/start")
	if b.cookie() == second {
		t.Error("the cookie was not renewed")
	}
	if _, err := c.Grant.Session(t.Context(), c.now(), second); err == nil {
		t.Error("alice is still signed in after bob took the browser over")
	}
	// A made-up cookie is never taken on.
	req, err := http.NewRequestWithContext(t.Context(), "POST", c.BaseURL+"/signin", strings.NewReader("username=alice&password=correct-horse"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.AddCookie(&http.Cookie{Name: portal.CookieName(c.BaseURL), Value: "planted"})
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Cookies(); len(got) == 0 || got[0].Name != portal.CookieName(c.BaseURL) || got[0].Value == "planted" {
		t.Errorf("got cookies %v, want a fresh one", got)
	}
}

func TestSignOut(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	cookie := b.cookie()
	b.get("/signout").says(t, 405)
	b.get("/signed-out").redirects(t, "/start")
	a := b.post("/signout", url.Values{}).redirects(t, "/signed-out")
	if got := a.header.Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") || b.cookie() != "" {
		t.Errorf("got Set-Cookie %q, want it gone", got)
	}
	if _, err := c.Grant.Session(t.Context(), c.now(), cookie); err == nil {
		t.Error("the session lives on")
	}
	b.get("/signed-out").says(t, 200, "Signed out")
	b.get("/start").redirects(t, "/signin")
	b.post("/signout", url.Values{}).redirects(t, "/signed-out")
}

func TestSessionEndsByItself(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	c.advance(9 * time.Hour)
	b.get("/start").redirects(t, "/signin")
}
