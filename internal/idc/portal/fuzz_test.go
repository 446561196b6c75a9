package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/portal"
)

// Whatever is sent, by whatever method, to whatever page, by whoever: the answer
// is no failure of ours, has its headers, is not endless and well formed, and
// leads nowhere but here or to a callback that was registered.
func FuzzHandler(f *testing.F) {
	c := newCenter(f, organisation())
	client, _ := c.register(f, "aws-cli", "http://127.0.0.1/oauth/callback")
	b := c.signedIn(f, "alice", "correct-horse")
	consent := b.authorize(client.ID)
	c.rule(f, directory.Decision{Answer: "never", Client: "scripted"})
	scripted, _ := c.register(f, "scripted", "http://127.0.0.1/oauth/callback")
	never := b.authorize(scripted.ID)
	challenged := c.challenged(f)
	session, challenge := portal.CookieName(c.BaseURL), challengeCookie(challenged)

	form := "next=%2Fdevice&workflow=x&username=alice&password=x&code=123456&send=again&user_code=BCDF-GHJK&request=x&decision=allow&account=" + dev + "&role=ReadOnly"
	for _, name := range portal.Pages() {
		method, path, _ := strings.Cut(name, " ")
		f.Add(method, path, form, form, b.cookie(), "x.3", "same-origin")
		f.Add(method, path, "", "", "", "", "cross-site")
	}
	f.Add("GET", "/consent", strings.TrimPrefix(consent, "/consent?"), "", b.cookie(), "", "none")
	f.Add("GET", "/consent", strings.TrimPrefix(never, "/consent?"), "", "", "", "navigate")
	f.Add("POST", "/consent", "", strings.TrimPrefix(consent, "/consent?")+"&decision=deny", b.cookie(), "", "")
	f.Add("GET", "/authorize", authorizeQuery(client.ID, callback).Encode(), "", "", "", "")
	f.Add("POST", "/start/role", "", "account="+dev+"&role=ReadOnly", b.cookie(), "", "")
	f.Add("GET", "/start", "page=-9&q=%00%E2%80%AE", "", b.cookie(), "", "")
	f.Fuzz(func(t *testing.T, method, path, query, body, cookie, waiting, site string) {
		if !strings.HasPrefix(path, "/") || !validMethod(method) {
			t.Skip("no server hands that on")
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		req.Method, req.URL = method, &url.URL{Path: path, RawQuery: query}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", site)
		req.Header["Cookie"] = []string{session + "=" + cookie, challenge + "=" + waiting}
		req.Header.Set("User-Agent", body)
		w := httptest.NewRecorder()
		if client, user := c.Who(req); len(client) > 300 || len(user) > 100 {
			t.Errorf("Who: got %q and %q", client, user)
		}
		c.ServeHTTP(w, req)
		a := answer{w.Code, w.Header(), w.Body.String()}
		if a.status >= 500 && a.status != 503 { // too many sign-ins wait
			t.Errorf("%s %s: got %d\n%s\n%s", method, path, a.status, a.body, c.logged)
		}
		if len(a.body) > 64<<10 {
			t.Errorf("%s %s: got %d bytes", method, path, len(a.body))
		}
		checkHeaders(t, path, a)
		if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			checkPage(t, method+" "+path, a.body)
		}
		if to := a.header.Get("Location"); to != "" {
			u, err := url.Parse(to)
			if err != nil || u.Host != "" && u.Host != "127.0.0.1:7777" && !strings.HasPrefix(u.Host, "127.0.0.1") ||
				u.Host == "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//")) || strings.ContainsAny(to, "\r\n") {
				t.Errorf("%s %s: leads to %q", method, path, to)
			}
		}
		for _, line := range a.header.Values("Set-Cookie") {
			if got, err := http.ParseSetCookie(line); err != nil || !got.HttpOnly || got.SameSite < http.SameSiteLaxMode {
				t.Errorf("%s %s: sets %q", method, path, line)
			}
		}
	})
}

func validMethod(method string) bool {
	return method != "" && strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == ""
}
