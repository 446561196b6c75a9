package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

var bobs = url.Values{"username": {"bob"}, "password": {"battery-staple"}}

// challenged is a browser in which bob's password was right.
func (c *center) challenged(t testing.TB) *browser {
	t.Helper()
	b := c.browser(t)
	b.post("/signin", bobs).redirects(t, "/signin/code")
	return b
}

func (b *browser) give(code string) answer {
	b.t.Helper()
	return b.post("/signin/code", url.Values{"code": {code}})
}

func TestCode(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.browser(t)
	form := url.Values{"username": {"bob"}, "password": {"battery-staple"}, "next": {"/device?user_code=BCDF-GHJK"}}
	a := b.post("/signin", form).redirects(t, "/signin/code?next=%2Fdevice%3Fuser_code%3DBCDF-GHJK")
	cookie := a.cookieOf(t, "portico_challenge_")
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Domain != "" || cookie.MaxAge != 600 || len(cookie.Value) < 40 {
		t.Errorf("got cookie %q", cookie)
	}
	if b.cookie() != "" || len(a.header.Values("Set-Cookie")) != 1 {
		t.Errorf("the password alone signed in: %q", a.header.Values("Set-Cookie"))
	}
	b.get("/start").redirects(t, "/signin")
	page := b.get(a.header.Get("Location")).says(t, 200, `inputmode="numeric"`, `autocomplete="one-time-code"`, "Send another code", `href="/mail?next=`)
	code := b.mailed()
	if strings.Contains(page.body, code) {
		t.Error("the code is on the page that asks for it")
	}
	b.get("/mail?next=%2Fdevice%3Fuser_code%3DBCDF-GHJK").says(t, 200, `href="/signin/code?next=%2Fdevice%3Fuser_code%3DBCDF-GHJK"`)
	a = b.post("/signin/code", url.Values{"code": {" " + code[:3] + "-" + code[3:] + " "}, "next": {form.Get("next")}}).redirects(t, form.Get("next"))
	if got := a.cookieOf(t, "portico_challenge_"); got.MaxAge >= 0 {
		t.Errorf("got %q, want it taken away", got)
	}
	b.get("/start").says(t, 200, ">bob</strong>")
	// By the back button.
	b.get("/signin/code").redirects(t, "/start")
	// By a double click: the form is sent once more.
	b.post("/signin/code", url.Values{"code": {code}, "next": {"/device"}}).redirects(t, "/device")
	// What another person is signed in for is not who waits for a code.
	alice := c.signedIn(t, "alice", "correct-horse")
	alice.give(code).says(t, 410, "The code has expired")
	alice.get("/start").says(t, 200, ">alice</strong>")
}

// A sign-in that was given up before its code is over when somebody else signs
// in at this browser, or anybody signs out.
func TestAbandonedCode(t *testing.T) {
	c := newCenter(t, organisation())
	for name, leave := range map[string]func(b *browser) answer{
		"sign-in":           func(b *browser) answer { return b.signIn("alice", "correct-horse", "/start") },
		"sign-out":          func(b *browser) answer { return b.post("/signout", url.Values{}).redirects(t, "/signed-out") },
		"sign-in as nobody": nil,
	} {
		b := c.challenged(t)
		code := b.mailed()
		if leave == nil { // the control: the code is good until then
			b.give(code).redirects(t, "/start")
			continue
		}
		if got := leave(b).cookieOf(t, "portico_challenge_"); got.MaxAge >= 0 || got.Value != "" || got.Path != "/" {
			t.Errorf("%s: got %q, want it taken away", name, got)
		}
		if a := b.get("/mail").says(t, 200); strings.Contains(a.body, code) || strings.Contains(a.body, "bob") {
			t.Errorf("%s: bob's code is shown:\n%s", name, a.body)
		}
		b.post("/signout", url.Values{}).redirects(t, "/signed-out")
		b.give(code).says(t, 410, "The code has expired")
		if b.cookie() != "" {
			t.Errorf("%s: bob's code signed bob in", name)
		}
	}
	// Who signs out while a code is waited for in another tab ends both.
	alice := c.signedIn(t, "alice", "correct-horse")
	alice.post("/signin", bobs).redirects(t, "/signin/code")
	code := alice.mailed()
	alice.post("/signout", url.Values{}).redirects(t, "/signed-out")
	alice.give(code).says(t, 410, "The code has expired")
}

// The count of wrong tries that the cookie carries is for words alone, and nobody
// can make it talk nonsense.
func TestForgedCount(t *testing.T) {
	c := newCenter(t, organisation())
	for count, want := range map[string]string{"-1000": "You have 4 more tries.", "x": "You have 4 more tries.", "3": "You have one more try.", "1000": "You have one more try."} {
		b := c.challenged(t)
		name := challengeCookie(b)
		u, err := url.Parse(c.BaseURL)
		if err != nil {
			t.Fatal(err)
		}
		for _, cookie := range b.http.Jar.Cookies(u) {
			if challenge, _, ok := strings.Cut(cookie.Value, "."); ok && cookie.Name == name {
				b.http.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: challenge + "." + count, Path: "/"}})
			}
		}
		b.give("x").says(t, 403, want)
	}
}

// Tries are counted and told, the fifth ends it, and the right one is then of no
// use.
func TestWrongCode(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.challenged(t)
	code := b.mailed()
	for _, left := range []string{"4 more tries", "3 more tries", "2 more tries", "one more try"} {
		b.give("000000x").says(t, 403, "The code is wrong. You have "+left+".", `role="alert"`)
	}
	b.give("").says(t, 400, "Enter the six digits")
	b.give("x").says(t, 429, "Too many wrong codes", `href="/signin"`)
	b.give(code).says(t, 429, "Too many wrong codes")
	b.get("/signin/code").says(t, 410)
	if b.cookie() != "" {
		t.Error("signed in")
	}
	// Another browser's tries are its own.
	other := c.challenged(t)
	other.give(other.mailed()).redirects(t, "/start")
}

func TestExpiredCode(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.challenged(t)
	code := b.mailed()
	c.advance(10 * time.Minute)
	b.get("/signin/code?next=/device").says(t, 410, "The code has expired", `href="/signin?next=%2Fdevice"`)
	b.give(code).says(t, 410, "The code has expired")
	c.browser(t).give(code).says(t, 410)
}

func TestAnotherCode(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.challenged(t)
	first := b.mailed()
	b.give("x").says(t, 403)
	b.post("/signin/code", url.Values{"send": {"again"}, "next": {"/device"}}).redirects(t, "/signin/code?next=%2Fdevice&sent=again")
	b.get("/signin/code?next=%2Fdevice&sent=again").says(t, 200, "Another code of six digits was sent")
	second := b.mailed()
	if first != second { // one in a million is the same
		b.give(first).says(t, 403, "You have 4 more tries")
	}
	b.give(second).redirects(t, "/start")
	b = c.challenged(t)
	for n := 0; ; n++ {
		a := b.post("/signin/code", url.Values{"send": {"again"}})
		if a.status == 429 {
			a.says(t, 429, "Too many codes were sent to you")
			if a.header.Get("Retry-After") == "" || n < 5 {
				t.Errorf("got Retry-After %q after %d codes", a.header.Get("Retry-After"), n)
			}
			break
		}
		if n > 20 {
			t.Fatal("no end of codes")
		}
	}
	// The one that was sent last counts still.
	b.give(b.mailed()).redirects(t, "/start")
}

// The code is the second step of a sign-in of the person whose password it was,
// in the browser where that was given, and ends who was signed in there before.
func TestCodeIsBound(t *testing.T) {
	c := newCenter(t, organisation())
	alice := c.signedIn(t, "alice", "correct-horse")
	cookie := alice.cookie()
	alice.post("/signin", bobs).redirects(t, "/signin/code")
	alice.get("/start").says(t, 200, ">alice</strong>") // not yet
	code := alice.mailed()
	c.browser(t).give(code).says(t, 410)
	stranger := c.challenged(t)
	if own := stranger.mailed(); own != code {
		stranger.give(code).says(t, 403)
	}
	alice.give(code).redirects(t, "/start")
	alice.get("/start").says(t, 200, ">bob</strong>")
	if _, err := c.Grant.Session(t.Context(), c.now(), cookie); err == nil {
		t.Error("alice is still signed in after bob took the browser over")
	}
	// Who is disabled meanwhile does not get in.
	b := c.challenged(t)
	code = b.mailed()
	if err := c.Directory.SetDisabled(t.Context(), c.now(), "bob", true); err != nil {
		t.Fatal(err)
	}
	b.give(code).says(t, 410)
	b.get("/mail").says(t, 200, "There is no message for this browser.")
}

// Mail is shown to whose it is and to nobody else.
func TestMail(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.challenged(t)
	code := b.mailed()
	for name, other := range map[string]*browser{
		"nobody": c.browser(t), "alice": c.signedIn(t, "alice", "correct-horse"),
	} {
		if a := other.get("/mail").says(t, 200, "There is no message"); strings.Contains(a.body, code) || strings.Contains(a.body, "bob") {
			t.Errorf("%s sees bob's mail:\n%s", name, a.body)
		}
	}
	// A made-up challenge opens nothing.
	for _, value := range []string{"", "x", strings.Repeat("A", 43) + ".0", "..", ".1"} {
		a := b.c.browser(t).do("GET", "/mail", nil, http.Header{"Cookie": {challengeCookie(b) + "=" + value}}).says(t, 200, "There is no message")
		if strings.Contains(a.body, code) {
			t.Errorf("%q: sees bob's mail", value)
		}
	}
	b.give(code).redirects(t, "/start")
	b.get("/mail").says(t, 200, "To you", code, "bob@example.com")
	b.get("/start").says(t, 200, `<a href="/mail">Mail</a>`)
	// Somebody who signs in where somebody else's code is waited for sees both: both
	// passwords were given in that browser.
	alice := c.signedIn(t, "alice", "correct-horse")
	alice.post("/signin", bobs)
	alice.get("/mail").says(t, 200, "For the sign-in in this browser")
	if a := alice.get("/mail"); strings.Contains(a.body, ">Others to you<") || strings.Contains(a.body, code) {
		t.Errorf("alice sees other mail of bob's:\n%s", a.body)
	}
	c.advance(25 * time.Hour)
	c.signedIn(t, "bob", "battery-staple").get("/mail").says(t, 200, "less than a minute ago")
}

func challengeCookie(b *browser) string {
	u, err := url.Parse(b.c.BaseURL)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.http.Jar.Cookies(u) {
		if strings.HasPrefix(c.Name, "portico_challenge_") {
			return c.Name
		}
	}
	b.t.Fatal("there is no challenge")
	return ""
}

func TestSecureChallenge(t *testing.T) {
	c := newCenter(t, organisation())
	c.BaseURL = "https://sso.example.com"
	req := httptest.NewRequestWithContext(t.Context(), "POST", "https://sso.example.com/signin", strings.NewReader(bobs.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	got := w.Result().Cookies()
	if len(got) != 1 || !strings.HasPrefix(got[0].Name, "__Host-portico_challenge_") || !got[0].Secure || got[0].Path != "/" {
		t.Errorf("got %v", got)
	}
}

// The latest messages are shown, and of those whose code is too old it is said,
// from the very end of their time.
func TestManyMessages(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "bob", "battery-staple")
	now := c.now().Add(time.Hour).Truncate(time.Second)
	c.Now = func() time.Time { return now }
	user, err := c.Directory.UserByName(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	for range 22 {
		now = now.Add(10 * time.Minute)
		if _, err := c.Directory.BeginChallenge(t.Context(), now, user.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		later time.Duration
		old   int
	}{{10*time.Minute - time.Second, 19}, {time.Second, 20}} {
		now = now.Add(test.later)
		page := b.get("/mail").says(t, 200).body
		if shown, old := strings.Count(page, `<div class="letter">`), strings.Count(page, `<span class="tag">too old</span>`); shown != 20 || old != test.old {
			t.Errorf("got %d messages, %d of them too old, want 20 and %d", shown, old, test.old)
		}
		if latest := now.Add(-test.later); test.old == 19 && !strings.Contains(page, `<time datetime="`+latest.UTC().Format(time.RFC3339)+`">`) {
			t.Errorf("the latest message is not on:\n%s", page)
		}
	}
}
