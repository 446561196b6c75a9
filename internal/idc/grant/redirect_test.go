package grant

import (
	"net/url"
	"strings"
	"testing"
)

func TestParseRedirect(t *testing.T) {
	for raw, good := range map[string]bool{
		"http://127.0.0.1":                    true,
		"http://127.0.0.1:0/":                 false,
		"http://127.0.0.1:65536/":             false,
		"http://127.0.0.1:/":                  false,
		"http://127.0.0.1/oauth/callback":     true,
		"http://127.0.0.1:43217/cb?x=1&y":     true,
		"http://[::1]/cb":                     true,
		"http://[::1]:8080/cb":                true,
		"http://localhost/cb":                 true,
		"http://LOCALHOST/cb":                 false,
		"http://localhost./cb":                false,
		"http://127.0.0.2/cb":                 false,
		"http://127.1/cb":                     false,
		"http://2130706433/cb":                false,
		"http://0x7f.0.0.1/cb":                false,
		"http://[0:0:0:0:0:0:0:1]/cb":         false,
		"http://[::ffff:127.0.0.1]/cb":        false,
		"http://[::1%25lo]/cb":                false,
		"http://127.0.0.1.evil.test/cb":       false,
		"http://localhost.evil.test/cb":       false,
		"http://evil.test/cb":                 false,
		"https://evil.test/cb":                true, // https may be registered for any name
		"https://127.0.0.1/cb":                true,
		"https://exa mple.com/cb":             false,
		"https://ex%61mple.com/cb":            false,
		"https://münchen.example/cb":          false,
		"https://xn--mnchen-3ya.example/cb":   true,
		"https://-a.example/cb":               false,
		"https://a..example/cb":               false,
		"https://[2001:db8::1]/cb":            false,
		"https:///cb":                         false,
		"https:evil.test":                     false,
		"//evil.test/cb":                      false,
		"/cb":                                 false,
		"":                                    false,
		"ftp://127.0.0.1/":                    false,
		"javascript:alert(1)":                 false,
		"myapp://callback":                    false,
		"http://user@127.0.0.1/cb":            false,
		"http://user:pw@127.0.0.1/cb":         false,
		"http://@127.0.0.1/cb":                false,
		"http://127.0.0.1\\@evil.test/cb":     false,
		"http://127.0.0.1@evil.test/cb":       false,
		"http://127.0.0.1#@evil.test/cb":      false,
		"http://127.0.0.1/cb#":                false,
		"http://127.0.0.1/cb#x":               false,
		"http://127.0.0.1/cb\r\nX: y":         false,
		"http://127.0.0.1/c\tb":               false,
		"http://127.0.0.1/c b":                false,
		" http://127.0.0.1/cb":                false,
		"http://127.0.0.1/%":                  false,
		"HTTP://127.0.0.1/cb":                 false,
		"http://127.0.0.1/" + string(rune(0)): false,
		"http://127.0.0.1/" + strings.Repeat("x", maxRedirectURI): false,
	} {
		_, err := parseRedirect(raw)
		if got := err == nil; got != good {
			t.Errorf("%q: got accepted %t (%v), want %t", raw, got, err, good)
		}
		if err != nil && err.Code != CodeInvalidRedirectURI {
			t.Errorf("%q: got %s, want %s", raw, err.Code, CodeInvalidRedirectURI)
		}
	}
}

func TestSameRedirect(t *testing.T) {
	for _, test := range []struct {
		registered, asked string
		want              bool
	}{
		{"http://127.0.0.1/oauth/callback", "http://127.0.0.1:43217/oauth/callback", true},
		{"http://127.0.0.1:1/oauth/callback", "http://127.0.0.1:2/oauth/callback", true},
		{"http://127.0.0.1", "http://127.0.0.1:43217", true},
		{"http://127.0.0.1", "http://127.0.0.1:43217/", true},
		{"http://127.0.0.1/", "http://127.0.0.1:43217", true},
		{"http://[::1]/cb", "http://[::1]:5/cb", true},
		{"http://localhost/cb", "http://localhost:5/cb", true},
		{"http://localhost/cb", "http://127.0.0.1:5/cb", false},
		{"http://127.0.0.1/cb", "http://[::1]/cb", false},
		{"http://127.0.0.1/cb", "https://127.0.0.1/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1/cb/", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1/CB", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1/x/../cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1/%63b", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1/cb?x=1", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1/cb?", false},
		{"http://127.0.0.1/cb?x=1", "http://127.0.0.1:9/cb?x=1", true},
		{"http://127.0.0.1/cb?x=1", "http://127.0.0.1:9/cb?x=2", false},
		{"http://127.0.0.1/cb?x=1", "http://127.0.0.1:9/cb", false},
		{"https://app.example.com/cb", "https://app.example.com/cb", true},
		{"https://app.example.com/cb", "https://app.example.com:8443/cb", false},
		{"https://app.example.com/cb", "https://APP.example.com/cb", false},
		{"https://app.example.com/cb", "https://app.example.com.evil.test/cb", false},
	} {
		registered, err := parseRedirect(test.registered)
		if err != nil {
			t.Fatal(err)
		}
		asked, err := parseRedirect(test.asked)
		if err != nil {
			t.Fatal(err)
		}
		if got := sameRedirect(registered, asked); got != test.want {
			t.Errorf("%s for %s: got %t, want %t", test.asked, test.registered, got, test.want)
		}
	}
}

func TestCallback(t *testing.T) {
	outcome := url.Values{"code": {"c+d"}, "state": {"a b"}}
	for redirect, want := range map[string]string{
		"http://127.0.0.1:5":          "http://127.0.0.1:5/?code=c%2Bd&state=a+b",
		"http://127.0.0.1:5/":         "http://127.0.0.1:5/?code=c%2Bd&state=a+b",
		"http://127.0.0.1:5/cb?z&a=1": "http://127.0.0.1:5/cb?z&a=1&code=c%2Bd&state=a+b",
		"https://a.example/cb?":       "https://a.example/cb?code=c%2Bd&state=a+b",
	} {
		if got := callback(redirect, outcome); got != want {
			t.Errorf("%s: got %s, want %s", redirect, got, want)
		}
	}
}

// Whatever is accepted for a registration leads to the host it registered.
func FuzzRedirect(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1:1/cb", "http://127.0.0.1@evil.test/cb", "http://127.0.0.1\\.evil.test/cb", "https://evil.test", "http://127.0.0.1?/cb", "//127.0.0.1/cb", "httP://127.0.0.1/cb"} {
		f.Add(s)
	}
	registered, err := parseRedirect("http://127.0.0.1/cb")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		asked, refusal := parseRedirect(raw)
		if refusal != nil || !sameRedirect(registered, asked) {
			return
		}
		to := callback(raw, url.Values{"code": {"x"}})
		u, err := url.Parse(to)
		if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Path != "/cb" || u.Query().Get("code") != "x" || u.User != nil {
			t.Errorf("%q leads to %q", raw, to)
		}
		if rest, ok := strings.CutPrefix(to, "http://127.0.0.1"); !ok || !strings.HasPrefix(rest, "/") && !strings.HasPrefix(rest, ":") {
			t.Errorf("%q leads to %q", raw, to)
		}
	})
}

func FuzzUserCode(f *testing.F) {
	f.Add("bcdf-ghjk")
	f.Add("BCDFGHJK")
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := normalUserCode(typed)
		if !ok {
			return
		}
		if len(code) != 9 || code[4] != '-' {
			t.Fatalf("%q: got %q, want XXXX-XXXX", typed, code)
		}
		if again, ok := normalUserCode(strings.ToLower(code)); !ok || again != code {
			t.Errorf("%q: got %q again, want one normal form %q", typed, again, code)
		}
	})
}
