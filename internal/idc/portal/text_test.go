package portal

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"aws-cli":                           "aws-cli",
		"a\x1b[31mred\x07":                  "a[31mred",
		"user\u202egpj.exe":                 "usergpj.exe",
		"two\nlines\r\n\tand  spaces\u2028": "two lines and spaces",
		"zero\u200bwidth\ufeff":             "zerowidth",
		"":                                  "(nothing that can be shown)",
		"\u200e\u200f":                      "(nothing that can be shown)",
		"e" + strings.Repeat("\u0301", 50):  "e\u0301\u0301",
		"bad\xffbytes":                      "bad\ufffdbytes",
		"name \u2067with\u2069 isolates":    "name with isolates",
	} {
		if got := plain(in, 80); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got, want := plain(strings.Repeat("ü", 100), 10), strings.Repeat("ü", 10)+"…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("a\x1b[0m\u202e", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = min(max(limit, 1), 1000)
		got := plain(s, limit)
		if !utf8.ValidString(got) || got == "" {
			t.Errorf("got %q", got)
		}
		if n := utf8.RuneCountInString(got); n > max(limit+1, len("(nothing that can be shown)")) {
			t.Errorf("got %d letters, want at most %d", n, limit)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) || r == '\u2028' || r == '\u2029' }); i >= 0 {
			t.Errorf("got %q", got)
		}
	})
}

// attacks are values of next that browsers would take, or have taken, to another
// place.
var attacks = []string{
	"https://evil.test/", "HTTPS://evil.test", "http:evil.test", "//evil.test", "///evil.test", "////evil.test/start",
	`/\evil.test`, `\\evil.test`, `\/evil.test`, `/start\..\..\evil.test`, "/\t/evil.test", "/\n/evil.test", "\t//evil.test", " //evil.test",
	"javascript:alert(1)", "data:text/html,x", "evil.test", "@evil.test", "/start@evil.test", "/start.evil.test", "start",
	"/start/../../evil.test", "/./start", "/%2f/evil.test", "/%5cevil.test", "/start%0d%0aSet-Cookie:x=y", "/start\r\nSet-Cookie: x=y",
	"/start#//evil.test", "/signout", "/signin", "/signin/code", "/mail", "/start/role/", "/authorize?client_id=x", "/assets/x", "/.portico/v1/info", "?x", "",
	"/start;//evil.test", "/start?%zz", "/start?a;b", "/start?" + strings.Repeat("x", maxNext),
}

func TestNextPathRefuses(t *testing.T) {
	for _, raw := range attacks {
		if got := nextPath(raw); got != "/start" {
			t.Errorf("%q: got %q, want /start", raw, got)
		}
	}
}

func TestNextPathKeeps(t *testing.T) {
	for raw, want := range map[string]string{
		"/start":                         "/start",
		"/start?q=a+b&page=2":            "/start?page=2&q=a+b",
		"/start/role?role=R&account=1":   "/start/role?account=1&role=R",
		"/device":                        "/device",
		"/device?user_code=BCDF-GHJK":    "/device?user_code=BCDF-GHJK",
		"/consent?request=abc_-":         "/consent?request=abc_-",
		"/consent?request=//evil.test":   "/consent?request=%2F%2Fevil.test",
		"/consent?request=a%0d%0aX-Y:+z": "/consent?request=a%0D%0AX-Y%3A+z",
	} {
		if got := nextPath(raw); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

func FuzzNextPath(f *testing.F) {
	for _, raw := range attacks {
		f.Add(raw)
	}
	f.Add("/consent?request=abc")
	f.Fuzz(func(t *testing.T, raw string) {
		got := nextPath(raw)
		if strings.ContainsAny(got, "\\\r\n\t #") || !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") {
			t.Fatalf("%q: got %q", raw, got)
		}
		base := &url.URL{Scheme: "http", Host: "127.0.0.1:8642", Path: "/signin"}
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || u.User != nil {
			t.Fatalf("%q: got %q, which leads to %v", raw, got, u)
		}
		switch u.Path {
		case "/start", "/start/role", "/device", "/consent":
		default:
			t.Fatalf("%q: got %q", raw, got)
		}
		if again := nextPath(got); again != got && len(got) <= maxNext {
			t.Fatalf("%q: got %q, then %q", raw, got, again)
		}
	})
}

func TestCallbackSource(t *testing.T) {
	for uri, want := range map[string]string{
		"http://127.0.0.1:1234/oauth/callback": "http://127.0.0.1:1234",
		"http://localhost/":                    "http://localhost",
		"http://[::1]:1234/cb":                 "http://*:1234",
		"https://app.example.com/cb?x=y":       "https://app.example.com",
		"https://app.example.com:8443":         "https://app.example.com:8443",
		"https://a;b/":                         "",
		"https://a'b/":                         "",
		"https://*/":                           "",
		"https://a,b/":                         "",
		"javascript:alert(1)":                  "",
		"data:text/html,x":                     "",
		"":                                     "",
		"/path":                                "",
	} {
		if got := callbackSource(uri); got != want {
			t.Errorf("%q: got %q, want %q", uri, got, want)
		}
	}
}

func TestInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "1 second", time.Second: "1 second", 1500 * time.Millisecond: "2 seconds", 90 * time.Second: "90 seconds",
		91 * time.Second: "2 minutes", 10 * time.Minute: "10 minutes", 8 * time.Hour: "8 hours",
	} {
		if got := inWords(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{time.Hour: "1 h", 8 * time.Hour: "8 h", 5400 * time.Second: "1 h 30 min", 3601 * time.Second: "1 h 1 s"} {
		if got := lasts(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
	v := &visit{now: time.Unix(1e9, 0)}
	for age, want := range map[time.Duration]string{
		-time.Hour: "less than a minute ago", 0: "less than a minute ago", time.Minute: "1 minute ago", 59 * time.Minute: "59 minutes ago",
		time.Hour: "1 hour ago", 23 * time.Hour: "23 hours ago", 24 * time.Hour: "1 day ago", 50 * time.Hour: "2 days ago",
	} {
		if got := v.ago(v.now.Add(-age)); got.Words != want {
			t.Errorf("%s: got %q, want %q", age, got.Words, want)
		}
	}
}

// The page promises the access portal for exactly what opens it.
func TestScopeWordsKeepTheirPromise(t *testing.T) {
	for _, scopes := range [][]string{
		nil, {"sso:account:access"}, {"sso-portal:*"}, {"openid"}, {"codewhisperer:completions"},
		{"sso:account:access2"}, {"made-up", "sso-portal:x"}, {"made-up", "openid"},
	} {
		promised := slices.ContainsFunc(scopesInWords(scopes), func(s scopeView) bool {
			return strings.Contains(s.Words, "get credentials")
		})
		if want := grant.PortalAccess(scopes); promised != want {
			t.Errorf("%q: got promised %v, want %v", scopes, promised, want)
		}
	}
}

func TestServes(t *testing.T) {
	for path, want := range map[string]bool{
		"/signin/code": true, "/start/role": true, "/mail": true, "/signin/": false, "/start/role/": false,
		"/": true, "/start": true, "/authorize": true, "/signout": true, "/assets/x": true,
		"/start/": true, "/console": true, "/bucket": false, "/console/": false, "/assets": false, "*": false, "": false,
	} {
		if got := Serves(path); got != want {
			t.Errorf("%q: got %v, want %v", path, got, want)
		}
	}
}
