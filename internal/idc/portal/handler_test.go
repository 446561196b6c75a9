package portal_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/idc/portal"
)

var (
	getRoutes  = []string{"/", "/authorize", "/signin", "/signin/code", "/mail", "/signed-out", "/device", "/consent", "/start", "/start/", "/start/role", "/start/console", "/console", "/federation", "/oauth"}
	postRoutes = []string{"/signin", "/signin/code", "/signout", "/device", "/consent", "/start/role", "/console/signout", "/federation"}
	noRoutes   = []string{"/nowhere", "/start/role/", "/start/console/", "/console/", "/federation/", "/federation/credentials", "/signin/code/x", "/mail/", "/signin/x", "//start", "/assets/", "/assets/portico.css", "/assets/../start", "/favicon.ico", "/%2e%2e/start", "/START"}
)

var formHeader = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}

// Every route, with and without a session, by every method: do checks the
// headers and the page of each answer.
func TestEveryRoute(t *testing.T) {
	c := newCenter(t, organisation())
	known := map[string]string{}
	for _, path := range getRoutes {
		known[path] += "GET, HEAD"
	}
	for _, path := range postRoutes {
		if known[path] != "" {
			known[path] += ", "
		}
		known[path] += "POST"
	}
	for _, b := range []*browser{c.browser(t), c.signedIn(t, "alice", "correct-horse")} {
		for path, allow := range known {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"} {
				if method == "POST" && path == "/signout" {
					continue // it would end the walk's session
				}
				a := b.do(method, path, nil, formHeader)
				allowed := strings.Contains(", "+allow+",", ", "+method+",")
				if (a.status != 405) != allowed {
					t.Errorf("%s %s: got %d", method, path, a.status)
				}
				if got := a.header.Get("Allow"); !allowed && got != allow {
					t.Errorf("%s %s: got Allow %q, want %q", method, path, got, allow)
				}
				if a.status >= 500 {
					t.Errorf("%s %s: got %d\n%s", method, path, a.status, a.body)
				}
			}
		}
		for _, path := range noRoutes {
			b.get(path).says(t, 404, "There is no such page")
			b.post(path, url.Values{}).redirectsNowhere(t)
		}
	}
}

// Pages names every route that there is, and no other.
func TestPagesNames(t *testing.T) {
	want := map[string]bool{}
	for _, path := range getRoutes {
		want["GET "+path] = true
	}
	for _, path := range postRoutes {
		want["POST "+path] = true
	}
	for _, name := range portal.Pages() {
		if !want[name] {
			t.Errorf("got %q, or twice", name)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("want %v as well", want)
	}
}

func (a answer) redirectsNowhere(t testing.TB) {
	t.Helper()
	if got := a.header.Get("Location"); got != "" {
		t.Errorf("got a redirect to %q", got)
	}
}

func TestHeadAnswersLikeGet(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	for _, path := range append([]string{"/nowhere"}, getRoutes...) {
		get, head := b.get(path), b.do("HEAD", path, nil, nil)
		for _, name := range []string{"Content-Type", "Content-Length", "Location", "Content-Security-Policy"} {
			if name == "Content-Length" && get.status == http.StatusSeeOther {
				continue // net/http fills it in for GET alone
			}
			if get.header.Get(name) != head.header.Get(name) {
				t.Errorf("%s: got %s %q, want %q", path, name, head.header.Get(name), get.header.Get(name))
			}
		}
		if head.status != get.status || head.body != "" {
			t.Errorf("%s: got %d %q, want %d and no body", path, head.status, head.body, get.status)
		}
	}
}

func TestForeignForms(t *testing.T) {
	c := newCenter(t, organisation())
	host := strings.TrimPrefix(c.BaseURL, "http://")
	for _, test := range []struct {
		header  http.Header
		refused bool
	}{
		{http.Header{}, false},
		{http.Header{"Origin": {c.BaseURL}}, false},
		{http.Header{"Origin": {"http://" + host}, "Sec-Fetch-Site": {"same-origin"}}, false},
		{http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"same-origin"}}, false}, // what browsers send under no-referrer
		{http.Header{"Sec-Fetch-Site": {"same-origin"}}, false},
		{http.Header{"Sec-Fetch-Site": {"none"}}, false},
		{http.Header{"Origin": {"null"}}, true},
		{http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}}, true},
		{http.Header{"Origin": {"http://evil.test"}}, true},
		{http.Header{"Origin": {"http://evil.test"}, "Sec-Fetch-Site": {"cross-site"}}, true},
		{http.Header{"Origin": {c.BaseURL}, "Sec-Fetch-Site": {"cross-site"}}, true},
		{http.Header{"Origin": {"http://127.0.0.1:1"}}, true},
		{http.Header{"Origin": {c.BaseURL + ".evil.test"}}, true},
		{http.Header{"Sec-Fetch-Site": {"same-site"}}, true}, // another port of this machine
		{http.Header{"Sec-Fetch-Site": {"cross-site"}}, true},
	} {
		test.header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, path := range append([]string{"/nowhere"}, postRoutes...) {
			b := c.browser(t)
			a := b.do("POST", path, strings.NewReader("username=alice&password=correct-horse&decision=allow"), test.header)
			if (a.status == 403) != test.refused {
				t.Errorf("%s %v: got %d, want refused: %v", path, test.header, a.status, test.refused)
			}
			if test.refused {
				a.says(t, 403, "The form came from another site")
				if b.cookie() != "" {
					t.Errorf("%s %v: signed in", path, test.header)
				}
			}
		}
	}
}

func TestBodies(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.browser(t)
	const fields = "username=alice&password=correct-horse"
	pad := func(n int) string { return fields + "&x=" + strings.Repeat("x", n-len(fields)-3) }
	for _, test := range []struct {
		name, contentType, body string
		want                    int
	}{
		{"charset", "application/x-www-form-urlencoded; charset=UTF-8", fields, 303},
		{"at the limit", "application/x-www-form-urlencoded", pad(16 << 10), 303},
		{"over the limit", "application/x-www-form-urlencoded", pad(16<<10 + 1), 413},
		{"plain text", "text/plain", fields, 415},
		{"multipart", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nalice\r\n--x--\r\n", 415},
		{"JSON", "application/json", `{"username":"alice"}`, 415},
		{"no type", "", fields, 415},
		{"bad escape", "application/x-www-form-urlencoded", "username=%zz", 400},
		{"semicolons", "application/x-www-form-urlencoded", "username=a;password=b", 400},
	} {
		a := b.do("POST", "/signin", strings.NewReader(test.body), http.Header{"Content-Type": {test.contentType}})
		if a.status != test.want {
			t.Errorf("%s: got %d, want %d\n%s", test.name, a.status, test.want, a.body)
		}
	}
}

func TestAssets(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.browser(t)
	page := b.get("/signin").body
	found := regexp.MustCompile(`href="(/assets/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(found) != 2 {
		t.Fatalf("got %v, want a style sheet and an icon", found)
	}
	for _, m := range found {
		a := b.get(m[1])
		want := "text/css; charset=utf-8"
		if strings.HasSuffix(m[1], ".svg") {
			want = "image/svg+xml"
		}
		if a.status != 200 || a.header.Get("Content-Type") != want || len(a.body) == 0 {
			t.Errorf("%s: got %d, %s, %d bytes", m[1], a.status, a.header.Get("Content-Type"), len(a.body))
		}
		if strings.Contains(a.body, "http://") && !strings.Contains(a.body, "http://www.w3.org/2000/svg") || strings.Contains(a.body, "url(") {
			t.Errorf("%s reaches out", m[1])
		}
		b.get(strings.Replace(m[1], "-", "-0", 1)).says(t, 404)
	}
}

// A failure of ours shows an id and nothing else, and the log says the rest.
func TestServerError(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	cookie := b.cookie()
	if err := c.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/start", "/start/role", "/signin", "/mail", "/device", "/consent?request=secret-request", "/authorize?client_id=x"} {
		a := b.get(path).says(t, 500, "Something went wrong here")
		id := a.header.Get("X-Amzn-Requestid")
		if id == "" || !strings.Contains(a.body, "Request id</dt><dd><code>"+id+"</code>") || !strings.Contains(c.logged.String(), "request_id="+id+" ") {
			t.Errorf("%s: got id %q, log:\n%s\npage:\n%s", path, id, c.logged, a.body)
		}
		for _, word := range []string{"sql", "database", "closed", ".go:"} {
			if strings.Contains(a.body, word) {
				t.Errorf("%s: %q is on the page", path, word)
			}
		}
	}
	b.post("/signin", url.Values{"username": {"alice"}, "password": {"correct-horse"}}).says(t, 500)
	for _, secret := range []string{cookie, "correct-horse", "secret-request"} {
		if strings.Contains(c.logged.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

func TestPanic(t *testing.T) {
	c := newCenter(t, organisation())
	h := *c.Handler
	h.Grant = nil
	req := httptest.NewRequestWithContext(t.Context(), "GET", "/start", nil)
	req.AddCookie(&http.Cookie{Name: portal.CookieName(c.BaseURL), Value: "x"})
	w := httptest.NewRecorder()
	w.Header().Set("X-Amzn-Requestid", "the-id")
	h.ServeHTTP(w, req)
	if w.Code != 500 || !strings.Contains(w.Body.String(), "<code>the-id</code>") || strings.Contains(w.Body.String(), "nil") {
		t.Errorf("got %d\n%s", w.Code, w.Body)
	}
	if l := c.logged.String(); !strings.Contains(l, "panic") || !strings.Contains(l, "request_id=the-id") || !strings.Contains(l, "stack=") {
		t.Errorf("got log:\n%s", c.logged)
	}
}

// A visitor who went away is nothing to log.
func TestVisitorLeft(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := httptest.NewRequestWithContext(ctx, "GET", "/start", nil)
	req.AddCookie(&http.Cookie{Name: portal.CookieName(c.BaseURL), Value: b.cookie()})
	c.ServeHTTP(httptest.NewRecorder(), req)
	if got := c.logged.String(); got != "" {
		t.Errorf("got log:\n%s", got)
	}
}
