package cli

import (
	"net/url"
	"testing"
)

// Which proxy leads to an address, and what goes past it.
func TestProxyFor(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		to   string
		want string
	}{
		{nil, "https://sso.us-east-1.amazonaws.com/", ""},
		{map[string]string{"HTTPS_PROXY": "http://p:1"}, "https://a.test", "http://p:1"},
		{map[string]string{"HTTPS_PROXY": "http://p:1"}, "http://a.test", ""},
		{map[string]string{"HTTP_PROXY": "p:1"}, "http://a.test", "http://p:1"},
		{map[string]string{"https_proxy": "http://small:1", "HTTPS_PROXY": "http://big:1"}, "https://a.test", "http://small:1"},
		{map[string]string{"https_proxy": "", "HTTPS_PROXY": "http://big:1"}, "https://a.test", ""}, // set, and empty: none
		{map[string]string{"ALL_PROXY": "http://p:1"}, "https://a.test", ""},                        // nor does the AWS CLI know it
		{map[string]string{"HTTPS_PROXY": "http://u:pw@p:1"}, "https://a.test", "http://***:***@p:1"},
		// Not percent-encoded, a password may end the address: nothing of it is shown.
		{map[string]string{"HTTPS_PROXY": "http://u:p@w@p:1"}, "https://a.test", "http://***:***@p:1"},
		{map[string]string{"HTTPS_PROXY": "http://u:12/34@p:1"}, "https://a.test", ""},
		{map[string]string{"HTTPS_PROXY": "http://u:12#34@p:1"}, "https://a.test", ""},
		{map[string]string{"HTTPS_PROXY": "http://u:12?34@p:1"}, "https://a.test", ""},
		{map[string]string{"HTTPS_PROXY": "socks5://p:1"}, "https://a.test", "socks5://p:1"},
		// This machine itself.
		{map[string]string{"HTTP_PROXY": "http://p:1"}, "http://127.0.0.1:8642/x", ""},
		{map[string]string{"HTTP_PROXY": "http://p:1"}, "http://localhost:8642/x", ""},
		{map[string]string{"HTTP_PROXY": "http://p:1"}, "http://[::1]:8642/x", ""},
		// NO_PROXY.
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "*"}, "https://a.test", ""},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "b.test, A.Test"}, "https://a.test", ""},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "a.test"}, "https://x.a.test.", ""},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": ".a.test"}, "https://x.a.test", ""},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "*.a.test"}, "https://x.a.test", ""},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "a.test"}, "https://ba.test", "http://p:1"},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "a.test:443"}, "https://a.test", ""},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "a.test:8443"}, "https://a.test", "http://p:1"},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"}, "https://10.1.2.3", ""},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"}, "https://11.1.2.3", "http://p:1"},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "10.1.2.3"}, "https://10.1.2.3", ""},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "fd00::1"}, "https://[fd00::1]", ""},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": "a.test", "no_proxy": "b.test"}, "https://a.test", "http://p:1"},
		{map[string]string{"HTTPS_PROXY": "p:1", "NO_PROXY": ",,. "}, "https://a.test", "http://p:1"},
	} {
		p := newProxies(func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok })
		to, err := url.Parse(tt.to)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if chosen := p.by(to); chosen != nil {
			got = chosen.shown()
		}
		if got != tt.want {
			t.Errorf("%v to %s: got %q, want %q", tt.env, tt.to, got, tt.want)
		}
	}
}
