package browser_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// site is somebody else's, at another port of this machine.
func site(t testing.TB, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Elsewhere</title><link rel=icon href='data:,'>" + body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// autoSubmit is a form that sends itself.
func autoSubmit(address string, form url.Values) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<form method="post" action="%s">`, html.EscapeString(address))
	for name, values := range form {
		fmt.Fprintf(&b, `<input type="hidden" name="%s" value="%s">`, html.EscapeString(name), html.EscapeString(values[0]))
	}
	b.WriteString(`</form><script>document.forms[0].submit()</script>`)
	return b.String()
}

// elsewhere lists where another site can be: at another port of the same host,
// which cookies do not tell apart, and at another host.
func elsewhere(t testing.TB, body string) map[string]string {
	t.Helper()
	address := site(t, body)
	return map[string]string{"same site": address, "other site": strings.Replace(address, "127.0.0.1", "localhost", 1)}
}

// No page of another site can fill in a form here, whoever is signed in.
func TestCrossSitePost(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	p, q := withCallback(t, ic, "my-tool"), register(t, ic, "my-tool")
	d := q.device()
	asked := b.another()
	asked.goTo(p.authorize())
	u, err := url.Parse(asked.url())
	if err != nil {
		t.Fatal(err)
	}
	request := u.Query().Get("request")
	device := b.another()
	device.confirm(*d.VerificationUriComplete)

	for _, form := range []struct {
		path string
		form url.Values
	}{
		{"/consent", url.Values{"request": {request}, "decision": {"allow"}}},
		{"/device", url.Values{"user_code": {*d.UserCode}}},
		{"/signout", nil},
		{"/start/role", url.Values{"account": {dev}, "role": {"AdministratorAccess"}}},
		{"/signin", url.Values{"username": {"alice"}, "password": {alicePassword}}},
		{"/signin/code", url.Values{"send": {"again"}}},
	} {
		for _, address := range elsewhere(t, autoSubmit(ic.URL+form.path, form.form)) {
			b.goTo(address)
			b.arriveAt(form.path, "The form came from another site")
			b.sees(403, "The form came from another site", "nothing was done")
		}
	}

	if n := sessions(t, ic, "alice"); n != 1 {
		t.Errorf("got %d sign-ins of alice, want 1", n)
	}
	p.notCalled()
	_, err = q.redeemDevice(d.DeviceCode)
	wantCode(t, err, "AuthorizationPendingException")
	asked.button("Allow")
	asked.sees(200, "Back in the program")
	device.button("Allow")
	device.sees(200, "Access allowed")
}

// No page of another site shows one of ours within its own.
func TestFraming(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	for _, path := range []string{"/start", "/signin", "/device", "/start/role?account=" + dev + "&role=AdministratorAccess", "/nothing"} {
		for name, address := range elsewhere(t, `<iframe src="`+html.EscapeString(ic.URL+path)+`"></iframe>`) {
			b.goTo(address)
			if heard := strings.Join(b.complaints(), "\n"); !strings.Contains(heard, "frame-ancestors") && !strings.Contains(heard, "X-Frame-Options") {
				t.Errorf("%s, %s: nothing says that the frame was refused; the browser said %q", path, name, heard)
			}
			for _, child := range call(b, page.GetFrameTree, cdp.Empty{}).FrameTree.ChildFrames {
				if child.Frame.UnreachableURL == "" { // else it holds the browser's own page about an error
					t.Errorf("%s, %s: the frame shows %s", path, name, child.Frame.URL)
				}
			}
		}
	}
}

// No script of another site reads a page, or reaches one that it opened.
func TestReading(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	for name, address := range elsewhere(t, `<p>Nothing to see.</p>`) {
		b.goTo(address)
		for _, path := range []string{"/start", "/signin", "/assets/nothing", "/authorize"} {
			got := eval[string](b, fmt.Sprintf(`fetch(%q, {credentials: "include"}).then((r) => r.text()).catch((e) => "refused: " + e)`, ic.URL+path))
			if !strings.HasPrefix(got, "refused: ") {
				t.Errorf("%s, %s: another site reads %.80q", path, name, got)
			}
		}
		// Neither what it loads as an image or a script tells it anything.
		if got := eval[string](b, fmt.Sprintf(`new Promise((done) => {
			const s = document.createElement("script");
			s.onload = () => done("loaded"); s.onerror = () => done("refused");
			s.src = %q; document.head.append(s);
		})`, ic.URL+"/start")); got != "refused" {
			t.Errorf("%s: a page was %s as a script", name, got)
		}
		b.complaints() // the browser tells the other site's page what it refused
	}
}

// A name that is made to lead here is not answered to.
func TestRebinding(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := window(t)
	for _, path := range []string{"/start", "/signin", "/consent?request=x", "/mail"} {
		b.goTo(strings.Replace(ic.URL, "127.0.0.1", rebound, 1) + path)
		if b.status() != 421 || !strings.Contains(b.text(), "This is the Identity Center at "+ic.URL) || b.heading() != "" {
			t.Errorf("%s: got %d:\n%s", path, b.status(), b.text())
		}
	}
	if n := len(b.cookies()); n != 0 {
		t.Errorf("got %d cookies, want none", n)
	}
	b.complaints() // about a header that counts for names that are this machine's
}

// A sign-in leads nowhere but to a page of ours.
func TestOpenRedirect(t *testing.T) {
	t.Parallel()
	ic := center(t)
	evil := site(t, "<h1>Elsewhere</h1>")
	nexts := []string{
		evil, "//" + strings.TrimPrefix(evil, "http://"), "/\\" + strings.TrimPrefix(evil, "http://"), `\\` + strings.TrimPrefix(evil, "http://"),
		"/start/../" + evil, "/%2f" + strings.TrimPrefix(evil, "http:/"), "javascript:alert(1)", "data:text/html,x", "/start\n" + evil, "\t//" + evil,
		"http:" + strings.TrimPrefix(evil, "http://"), "/signout", "/nothing", "@" + strings.TrimPrefix(evil, "http://"), "/start@" + evil, ".evil.test",
	}
	b := window(t)
	for i, next := range nexts {
		b.goTo(ic.URL + "/signin?" + url.Values{"next": {next}}.Encode())
		if i == 0 {
			b.signIn("alice", alicePassword)
		}
		if got := b.url(); got != ic.URL+"/start" {
			t.Errorf("%q: got to %s", next, got)
		}
	}
	// What is one of ours is followed.
	b.goTo(ic.URL + "/signin?" + url.Values{"next": {"/start?q=dev"}}.Encode())
	if got := b.url(); got != ic.URL+"/start?q=dev" {
		t.Errorf("got to %s", got)
	}
}

// cookies are all that the browser keeps, of any site.
func (b *tab) cookies() []*network.Cookie {
	b.t.Helper()
	kept, err := chromedp.CallBrowser(b.ctx, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID})
	if err != nil {
		b.t.Fatal(err)
	}
	return kept.Cookies
}

// What the browser keeps of a sign-in, as it sees it itself.
func TestCookies(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := window(t)
	b.goTo(ic.URL)
	cookies := func() map[string]*network.Cookie {
		t.Helper()
		found := map[string]*network.Cookie{}
		for _, c := range b.cookies() {
			kind := strings.Split(c.Name, "_")[1]
			if found[kind] != nil {
				t.Errorf("got two cookies for %s", kind)
			}
			found[kind] = c
			if !c.HTTPOnly || c.Path != "/" || c.Domain != "127.0.0.1" || len(c.Value) < 20 {
				t.Errorf("got %s: HttpOnly %v, path %s, domain %s, %d characters", c.Name, c.HTTPOnly, c.Path, c.Domain, len(c.Value))
			}
		}
		if got := eval[string](b, `document.cookie`); got != "" {
			t.Errorf("a script reads %q", got)
		}
		return found
	}
	if n := len(cookies()); n != 0 {
		t.Errorf("got %d cookies before anybody signed in", n)
	}
	b.signIn("bob", bobPassword)
	if c := cookies(); len(c) != 1 || c["challenge"] == nil || c["challenge"].SameSite != network.CookieSameSiteStrict || c["challenge"].Session {
		t.Errorf("got %v, want a challenge that is Strict and expires", c)
	}
	b.fill("Code", b.readCode())
	b.button("Sign in")
	b.sees(200, "Your accounts")
	c := cookies()
	if len(c) != 2 || c["session"] == nil || c["device"] == nil {
		t.Fatalf("got %v, want a session and a device", c)
	}
	if s := c["session"]; s.SameSite != network.CookieSameSiteLax || !s.Session {
		t.Errorf("got a session that is %s and lasts %v, want Lax and until the browser ends", s.SameSite, s.Expires)
	}
	if d := c["device"]; d.SameSite != network.CookieSameSiteStrict || d.Session {
		t.Errorf("got a device that is %s, session %v; want Strict and one that lasts", d.SameSite, d.Session)
	}
	before := c["session"].Value

	// Signing in again takes another cookie, and signing out takes it away.
	other := b.another()
	other.goTo(ic.URL)
	other.button("Sign out")
	other.sees(200, "Signed out")
	if c := cookies(); len(c) != 1 || c["device"] == nil {
		t.Errorf("got %v after signing out, want a device alone", c)
	}
	b.reload()
	b.signIn("bob", bobPassword)
	b.fill("Code", b.readCode())
	b.button("Sign in")
	if c := cookies(); c["session"] == nil || c["session"].Value == before {
		t.Error("got the same cookie for another sign-in")
	}
}
