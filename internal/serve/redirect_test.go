package serve_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/serve"
)

func TestRedirect(t *testing.T) {
	t.Parallel()
	const target = "https://signin.aws.amazon.com/federation?SigninToken=secret"
	r, err := serve.NewRedirect(target)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(method, address string, header ...string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
			if header[i] == "Host" {
				req.Host = header[i+1]
			}
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); (got != "") != (resp.StatusCode == 303) {
			t.Errorf("%s %s: got %d and a redirect to %q", method, address, resp.StatusCode, got)
		}
		return resp
	}
	if strings.Contains(r.Address, "secret") || !strings.HasPrefix(r.Address, "http://127.0.0.1:") {
		t.Errorf("got %s", r.Address)
	}
	// Nothing but opening the very address takes it.
	for _, resp := range []*http.Response{
		get("GET", r.Address[:len(r.Address)-1]), get("GET", r.Address+"x"), get("GET", r.Address+"?x"), get("HEAD", r.Address), get("POST", r.Address),
		get("GET", r.Address, "Sec-Purpose", "prefetch;prerender"), get("GET", r.Address, "Host", "evil.test"),
	} {
		if resp.StatusCode < 400 {
			t.Errorf("%s: got %s", resp.Request.URL, resp.Status)
		}
	}
	select {
	case <-r.Taken():
		t.Error("taken by nobody")
	default:
	}
	resp := get("GET", r.Address)
	if resp.StatusCode != 303 || resp.Header.Get("Location") != target || resp.Header.Get("Referrer-Policy") != "no-referrer" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %s %v", resp.Status, resp.Header)
	}
	<-r.Taken()
	if resp := get("GET", r.Address); resp.StatusCode != http.StatusGone {
		t.Errorf("a second time: got %s", resp.Status)
	}
}
