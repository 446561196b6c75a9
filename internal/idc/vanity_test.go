package idc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/proxy"
)

// awsOwned and regions are how clients tell an access portal.
var (
	awsOwned = regexp.MustCompile(`(^|\.)(app\.aws|portal\.amazonaws\.com|portal\.amazonaws\.com\.cn|app\.amazonwebservices\.com\.cn|` +
		`portal\.amazonaws\.eu|api\.amazonwebservices\.eu|awsapps\.com|awsapps\.cn)$`)
	regions = []*regexp.Regexp{
		regexp.MustCompile(`^[^.]+\.portal\.([^.]+)\.(app\.aws|app\.amazonwebservices\.com\.cn|api\.amazonwebservices\.eu)$`),
		regexp.MustCompile(`^[^.]+\.([^.]+)\.portal\.amazonaws\.(com|com\.cn|eu)$`),
	}
)

// resolve takes a vanity URL as the AWS CLI does: HEAD, GET where that is
// refused, and one redirect whose target is not fetched.
func resolve(ctx context.Context, client *http.Client, vanity string) (resolved, region string, err error) {
	var resp *http.Response
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		req, err := http.NewRequestWithContext(ctx, method, vanity, nil)
		if err != nil {
			return "", "", err
		}
		if resp, err = client.Do(req); err != nil {
			return "", "", err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed && resp.StatusCode != http.StatusNotImplemented {
			break
		}
	}
	final := resp.Request.URL
	switch resp.StatusCode {
	case 301, 302, 303, 307, 308:
		location := resp.Header.Get("Location")
		if location == "" {
			return "", "", errors.New("Redirect response missing Location header.")
		}
		target, err := url.Parse(location)
		if err != nil {
			return "", "", err
		}
		final = final.ResolveReference(target)
	case 200:
	default:
		return "", "", fmt.Errorf("Failed to resolve start URL: HTTP %d", resp.StatusCode)
	}
	host := strings.ToLower(final.Hostname())
	if port := final.Port(); port != "" && port != "443" {
		host += ":" + port
	}
	path, _, _ := strings.Cut(final.Path, ";")
	resolved = final.Scheme + "://" + host + strings.TrimRight(path, "/")
	switch {
	case final.Scheme != "https":
		return "", "", fmt.Errorf("Resolved URL must use https. Got: %q", resolved)
	case !awsOwned.MatchString(host):
		return "", "", fmt.Errorf("Could not resolve start URL to an AWS-owned endpoint. Final URL: %q", resolved)
	}
	for _, r := range regions {
		if m := r.FindStringSubmatch(host); m != nil {
			region = m[1]
		}
	}
	return resolved, region, nil
}

// underTLS serves a handler at https://localhost:PORT, and gives a client that
// trusts it and follows no redirect.
func underTLS(t *testing.T, h http.Handler) (address string, client *http.Client) {
	t.Helper()
	authority, err := proxy.NewAuthority(time.Now(), proxy.Hosts{Listener: true})
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: authority.GetCertificate})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority.PEM()) {
		t.Fatal("no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-done
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "https://localhost:" + port, &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func TestVanity(t *testing.T) {
	s, _ := newServer(t, Config{})
	instance, err := s.directory.Instance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	address, client := underTLS(t, vanityHandler(s.directory.Instance))
	portal := "https://" + instance.InstanceID + ".portal.us-east-1.app.aws"
	tested := map[string]bool{}
	for _, test := range []struct{ path, want, region, fails string }{
		{"", portal, "us-east-1", ""},
		{"/302", portal, "us-east-1", ""},
		{"/303", portal, "us-east-1", ""},
		{"/307", portal, "us-east-1", ""},
		{"/308", portal, "us-east-1", ""},
		{"/ipv4", "https://" + instance.InstanceID + ".us-east-1.portal.amazonaws.com/start", "us-east-1", ""},
		{"/regionless", instance.StartURL, "", ""},
		{"/untidy", portal, "us-east-1", ""},
		{"/get-only", portal, "us-east-1", ""},
		{"/get-only/501", portal, "us-east-1", ""},
		{"/relative/scheme", portal, "us-east-1", ""},
		{"/relative", "", "", `AWS-owned endpoint. Final URL: "` + address + `/vanity"`},
		{"/insecure", "", "", `must use https. Got: "http://` + instance.InstanceID + `.portal.us-east-1.app.aws"`},
		{"/foreign", "", "", `AWS-owned endpoint. Final URL: "https://portal.example.com/start"`},
		{"/page", "", "", `AWS-owned endpoint. Final URL: "` + address + `/vanity/page"`},
		{"/nowhere", "", "", "missing Location"},
		{"/broken", "", "", "HTTP 500"},
		{"/nothing", "", "", "HTTP 404"},
		{"/", "", "", "HTTP 404"},
	} {
		tested[test.path] = true
		got, region, err := resolve(t.Context(), client, address+vanityPath+test.path)
		if got != test.want || region != test.region {
			t.Errorf("%s: got %s in %q, want %s in %q", test.path, got, region, test.want, test.region)
		}
		if test.fails == "" && err != nil || test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)) {
			t.Errorf("%s: got %v, want %q", test.path, err, test.fails)
		}
		// Who is led to the portal may then name the instance so.
		if test.want != "" && !slices.Contains(startURLs(instance, address), got) {
			t.Errorf("%s: %s is no start URL of the instance", test.path, got)
		}
	}
	for path := range vanityAnswers {
		if !tested[path] {
			t.Errorf("%s is not tested", path)
		}
	}
}

// Nothing that a client says becomes part of where it is sent.
func TestVanityIsNoOpenRedirect(t *testing.T) {
	s, _ := newServer(t, Config{})
	h := vanityHandler(s.directory.Instance)
	for path := range vanityAnswers {
		location := func(suffix string, header ...string) (string, int) {
			resp := handle(t, h, "GET", "https://localhost:8642"+vanityPath+path+suffix, "", header...)
			return resp.Header.Get("Location"), resp.StatusCode
		}
		want, status := location("")
		for _, suffix := range []string{"?url=https://evil.test", "?next=//evil.test", "?region=evil.test"} {
			if got, code := location(suffix, "Host", "evil.test", "X-Forwarded-Host", "evil.test", "Referer", "https://evil.test/"); got != want || code != status {
				t.Errorf("%s%s: got %d to %q, want %d to %q", path, suffix, code, got, status, want)
			}
		}
		for _, suffix := range []string{"/https://evil.test", "//evil.test", "/..", "%2f%2fevil.test", "%0d%0aLocation:evil.test"} {
			if got, code := location(suffix); code != http.StatusNotFound || got != "" {
				t.Errorf("%s%s: got %d to %q, want 404", path, suffix, code, got)
			}
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
			resp := handle(t, h, method, "https://localhost:8642"+vanityPath+path, "")
			if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Location") != "" || resp.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: got %s", method, path, resp.Status)
			}
		}
	}
	for path, want := range map[string]bool{"/vanity": true, "/vanity/": true, "/vanity/302": true, "/vanityx": false, "/": false, "/start/vanity": false} {
		if got := servesVanity(path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

// A person gets words as well, and no cause of a failure.
func TestVanityWords(t *testing.T) {
	fails := vanityHandler(func(context.Context) (directory.Instance, error) {
		return directory.Instance{}, errors.New("the cause")
	})
	w := httptest.NewRecorder()
	fails.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "https://localhost/vanity", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "the cause") || w.Header().Get("Location") != "" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	s, _ := newServer(t, Config{})
	address, client := underTLS(t, vanityHandler(s.directory.Instance))
	for path, want := range map[string]string{"/vanity": ".portal.us-east-1.app.aws", "/vanity/nowhere": "nowhere", "/vanity/x": "/vanity/foreign /vanity/get-only"} {
		resp, err := client.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !strings.Contains(string(b), want) || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: got %s", path, b)
		}
	}
}

func TestPortalURLs(t *testing.T) {
	for region, want := range map[string][2]string{
		"eu-central-1":   {"https://ssoins-1.portal.eu-central-1.app.aws", "https://ssoins-1.eu-central-1.portal.amazonaws.com/start"},
		"us-gov-west-1":  {"https://ssoins-1.portal.us-gov-west-1.app.aws", "https://ssoins-1.us-gov-west-1.portal.amazonaws.com/start"},
		"cn-north-1":     {"https://ssoins-1.portal.cn-north-1.app.amazonwebservices.com.cn", "https://ssoins-1.cn-north-1.portal.amazonaws.com.cn/start"},
		"eusc-de-east-1": {"https://ssoins-1.portal.eusc-de-east-1.api.amazonwebservices.eu", "https://ssoins-1.eusc-de-east-1.portal.amazonaws.eu/start"},
	} {
		i := directory.Instance{StartURL: "https://d-1234567890.awsapps.com/start", Region: region, InstanceID: "ssoins-1"}
		if got := [2]string{portalURL(i), portalURLIPv4(i)}; got != want {
			t.Errorf("%s: got %v, want %v", region, got, want)
		}
		for _, u := range want {
			parsed, err := url.Parse(u)
			if err != nil || !awsOwned.MatchString(parsed.Host) {
				t.Errorf("%s is not AWS's to clients", u)
			}
		}
		for _, u := range append(want[:], i.StartURL, want[0]+"/start", strings.TrimSuffix(want[1], "/start"), "http://127.0.0.1:8642/start") {
			if !slices.Contains(startURLs(i, "http://127.0.0.1:8642"), u) {
				t.Errorf("%s is no start URL in %s", u, region)
			}
		}
	}
}
