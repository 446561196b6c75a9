//go:build unix

package cli_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/cli"
	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/seed"
)

// hostBehind is where the Identity Center of this test is, for whoever goes
// through a proxy: nothing else resolves the name.
const hostBehind = "idc.test"

// An authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its own certificate
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), "ca.pem")}
	a.cert, a.key = a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour)})
	if err := os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) sign(t *testing.T, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := template, key // it vouches for itself
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// server answers under TLS with a certificate of the authority. change makes the
// certificate a worse one.
func (a *authority) server(t *testing.T, h http.Handler, change func(*x509.Certificate)) *httptest.Server {
	t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: hostBehind}, DNSNames: []string{hostBehind},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	if change != nil {
		change(template)
	}
	cert, key := a.sign(t, template)
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are to fail
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw, a.cert.Raw}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// A testProxy takes CONNECT and leads wherever it is told, whatever it was asked
// for: to the Identity Center itself, or to who inspects TLS on the way.
type testProxy struct {
	to          string
	credentials string // user:password, if it wants any
	challenge   string // how it asks for them
	status      int    // with which it refuses everything
	connects    atomic.Int64
}

func (p *testProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.credentials)); p.credentials != "" && r.Header.Get("Proxy-Authorization") != want {
		w.Header().Set("Proxy-Authenticate", p.challenge)
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	if p.status != 0 {
		w.WriteHeader(p.status)
		return
	}
	if r.Method != http.MethodConnect {
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	p.connects.Add(1)
	out, err := net.Dial("tcp", p.to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	in, early, err := http.NewResponseController(w).Hijack()
	if err != nil {
		out.Close()
		return
	}
	fmt.Fprint(in, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		defer out.Close()
		_, _ = io.Copy(out, early)
	}()
	go func() {
		defer in.Close()
		_, _ = io.Copy(in, out)
	}()
}

// behind is a world in which an Identity Center is reached through a proxy alone.
type behind struct {
	t    *testing.T
	home string
	env  []string
}

func (b *behind) run(env []string, args ...string) (stdout, stderr string, code int) {
	var out, problems bytes.Buffer
	code = cli.App{Name: "portico", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problems, Home: b.home,
		Env:     append(append([]string{"HOME=" + b.home, "AWS_ENDPOINT_URL=https://" + hostBehind, "TZ=UTC"}, b.env...), env...),
		OpenURL: func(string) error { return nil }}.Run(b.t.Context(), args)
	return out.String(), problems.String(), code
}

// rewrite changes the cached token.
func (b *behind) rewrite(change func(token map[string]any)) {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.home, ".aws", "sso", "cache", "*.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			b.t.Fatal(err)
		}
		token := map[string]any{}
		if err := json.Unmarshal(data, &token); err != nil {
			b.t.Fatal(err)
		}
		if token["accessToken"] == nil {
			continue
		}
		change(token)
		if data, err = json.Marshal(token); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

// Every call that portico makes obeys the proxies and the authorities that the
// settings name, and what is wrong with them is told in words, without a password.
func TestProxyMatrix(t *testing.T) {
	t.Parallel()
	org, err := seed.Parse("org.yaml", []byte(`start_url: https://d-1234567890.awsapps.com/start
region: us-east-1
users: [{name: alice, email: alice@example.com, password: correct-horse}]
accounts: [{id: "111111111111", name: dev, email: dev@example.com}]
permission_sets: [{name: Admin}]
assignments: [{user: alice, permission_set: Admin, accounts: ["*"]}]
decisions: [{user: alice, answer: allow}]
`))
	if err != nil {
		t.Fatal(err)
	}
	ic, err := idc.New(t.Context(), idc.Config{Organisation: &org, Hosts: []string{hostBehind}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ic.Close() }) // not deferred: the cases run after this function

	system, corporate := newAuthority(t, "System Root"), newAuthority(t, "Corp Proxy CA")
	origin, inspector := system.server(t, ic, nil), corporate.server(t, ic, nil)
	serve := func(p *testProxy) string {
		s := httptest.NewServer(p)
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	leadsTo := func(s *httptest.Server) string { return serve(&testProxy{to: s.Listener.Addr().String()}) }
	plain, inspecting := leadsTo(origin), leadsTo(inspector)
	wanting := serve(&testProxy{to: origin.Listener.Addr().String(), credentials: "us@er:pass:word", challenge: `Basic realm="corp"`})
	negotiating := serve(&testProxy{credentials: "x:y", challenge: "Negotiate"})
	forbidding := serve(&testProxy{status: http.StatusForbidden})
	expired := leadsTo(corporate.server(t, ic, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = c.NotBefore.Add(-24*time.Hour), c.NotAfter.Add(-25*time.Hour)
	}))
	future := leadsTo(corporate.server(t, ic, func(c *x509.Certificate) { c.NotBefore = c.NotBefore.Add(90 * time.Minute) }))
	other := leadsTo(corporate.server(t, ic, func(c *x509.Certificate) { c.DNSNames = []string{"captive.example"} }))
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()

	const proxyWords = "[ERROR]: Failed to connect to proxy URL: "
	const sslWords = "[ERROR]: SSL validation failed for https://" + hostBehind + "/"
	for _, tt := range []struct {
		name string
		env  []string
		args []string
		want []string // of stderr; none: it works
	}{
		{name: "plain", env: []string{"HTTPS_PROXY=http://" + plain}},
		{name: "small letters", env: []string{"HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://" + plain}},
		{name: "without a scheme", env: []string{"HTTPS_PROXY=" + plain}},
		{name: "authenticating", env: []string{"HTTPS_PROXY=http://us%40er:pass%3Aword@" + wanting}, args: []string{"--debug"}},
		{name: "authenticating, wrong password", env: []string{"HTTPS_PROXY=http://us%40er:wrong@" + wanting},
			want: []string{proxyWords + `"http://***:***@` + wanting + `"`, "does not accept the user and password in HTTPS_PROXY (407)"}},
		{name: "authenticating, no password", env: []string{"HTTPS_PROXY=http://" + wanting},
			want: []string{proxyWords + `"http://` + wanting + `"`, "wants a user and a password (407). Put them into HTTPS_PROXY"}},
		{name: "authenticating by Kerberos", env: []string{"HTTPS_PROXY=http://" + negotiating}, want: []string{proxyWords, "asks for Negotiate"}},
		{name: "for what is not under TLS", env: []string{"AWS_ENDPOINT_URL=http://" + hostBehind, "HTTP_PROXY=http://secret:x@" + wanting},
			want: []string{proxyWords + `"http://***:***@` + wanting + `"`, "does not accept the user and password in HTTP_PROXY (407)"}},
		{name: "forbidding", env: []string{"HTTPS_PROXY=http://" + forbidding}, want: []string{proxyWords, "refused to connect to idc.test: 403 Forbidden"}},
		{name: "inspecting, CA by variable", env: []string{"HTTPS_PROXY=http://" + inspecting, "AWS_CA_BUNDLE=" + corporate.file}},
		{name: "inspecting, CA by flag", env: []string{"HTTPS_PROXY=http://" + inspecting}, args: []string{"--ca-bundle", corporate.file}},
		{name: "inspecting, CA by profile", env: []string{"HTTPS_PROXY=http://" + inspecting, "AWS_PROFILE=bundled"}},
		{name: "inspecting, CA by REQUESTS_CA_BUNDLE", env: []string{"HTTPS_PROXY=http://" + inspecting, "REQUESTS_CA_BUNDLE=" + corporate.file}},
		{name: "inspecting, CA in a directory of the system's", env: []string{"HTTPS_PROXY=http://" + inspecting, "SSL_CERT_DIR=" + filepath.Dir(corporate.file)}},
		{name: "inspecting, not verified", env: []string{"HTTPS_PROXY=http://" + inspecting}, args: []string{"--no-verify-ssl"}},
		{name: "inspecting, no CA", env: []string{"HTTPS_PROXY=http://" + inspecting},
			want: []string{sslWords, `The certificate seen is "CN=idc.test", for idc.test, valid from `, `issued by "CN=Corp Proxy CA"`,
				"This machine does not trust that issuer", "in AWS_CA_BUNDLE", "SHA-256 fingerprint", "-----BEGIN CERTIFICATE-----"}},
		{name: "inspecting, another CA", env: []string{"HTTPS_PROXY=http://" + inspecting, "AWS_CA_BUNDLE=" + system.file},
			want: []string{sslWords, "Only the authorities in " + system.file + " are trusted"}},
		{name: "a certificate that has ended", env: []string{"HTTPS_PROXY=http://" + expired, "AWS_CA_BUNDLE=" + corporate.file},
			want: []string{sslWords, "It expired 1 day ago, if this machine's clock"}},
		{name: "a certificate that has not begun", env: []string{"HTTPS_PROXY=http://" + future, "AWS_CA_BUNDLE=" + corporate.file},
			want: []string{sslWords, "It is not valid yet: this machine's clock says"}},
		{name: "the certificate of another host", env: []string{"HTTPS_PROXY=http://" + other, "AWS_CA_BUNDLE=" + corporate.file},
			want: []string{sslWords, "for captive.example", "It is not one for idc.test"}},
		{name: "unreachable", env: []string{"HTTPS_PROXY=http://secret:word@" + gone.Addr().String()}, args: []string{"--debug"},
			want: []string{proxyWords + `"http://***:***@` + gone.Addr().String() + `"`, "Nothing listens at the proxy's address, from HTTPS_PROXY", "NO_PROXY=idc.test"}},
		{name: "unknown", env: []string{"https_proxy=http://proxy.invalid:3128"}, want: []string{proxyWords + `"http://proxy.invalid:3128"`, "The proxy's name, from https_proxy, does not resolve"}},
		{name: "silent", env: []string{"HTTPS_PROXY=http://" + silent.Addr().String()}, args: []string{"--cli-connect-timeout", "1"},
			want: []string{proxyWords, "The proxy that HTTPS_PROXY names does not answer"}},
		{name: "TLS where there is none", env: []string{"HTTPS_PROXY=https://" + plain}, want: []string{proxyWords + `"https://` + plain + `"`, "Write http:// in place of https:// in HTTPS_PROXY"}},
		{name: "no TLS where there is some", env: []string{"HTTPS_PROXY=http://" + origin.Listener.Addr().String()}, want: []string{proxyWords, "does not answer as an HTTP proxy does"}},
		{name: "another scheme", env: []string{"HTTPS_PROXY=ftp://proxy.example"}, want: []string{proxyWords + `"ftp://proxy.example"`, "not by ftp://"}},
		{name: "no address", env: []string{"HTTPS_PROXY=http://secret:wo rd@:3128"}, want: []string{proxyWords, "HTTPS_PROXY cannot be used: it is no address of the form"}},
		// The name resolves nowhere else, which shows that nobody else was asked.
		{name: "past it", env: []string{"HTTPS_PROXY=http://" + plain, "NO_PROXY=example.com,.test"}, want: []string{`[ERROR]: Could not connect to the endpoint URL: "https://idc.test/`, "The name does not resolve"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := &behind{t: t, home: t.TempDir(), env: []string{"SSL_CERT_FILE=" + system.file}}
			configured(t, b.home, corp+"[profile admin]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = Admin\nregion = eu-west-1\n"+
				"[profile bundled]\nsso_session = corp\nca_bundle = "+corporate.file+"\n")
			good := []string{"HTTPS_PROXY=http://" + plain}
			must := func(args ...string) {
				t.Helper()
				if _, stderr, code := b.run(good, args...); code != 0 {
					t.Fatalf("through the plain proxy %q: %d %s", args, code, stderr)
				}
			}
			check := func(works int, args ...string) {
				t.Helper()
				stdout, stderr, code := b.run(tt.env, append(args, tt.args...)...)
				for _, password := range []string{"secret", "wo rd", "wrong@", "us%40er", "us@er", "pass:word", "pass%3Aword", base64.StdEncoding.EncodeToString([]byte("us@er:pass:word"))} {
					if strings.Contains(stdout+stderr, password) {
						t.Errorf("%q tells %q: %s", args, password, stderr)
					}
				}
				if len(tt.want) == 0 {
					if code != 0 {
						t.Errorf("%q: got %d %s", args, code, stderr)
					}
					return
				}
				for _, want := range tt.want {
					if works == 0 {
						want = strings.TrimPrefix(want, "[ERROR]: ") // in a warning, without the cure
						if !strings.Contains(stderr, want) {
							t.Errorf("%q: got %s, want %q", args, stderr, want)
						}
						break
					}
					if !strings.Contains(stderr, want) {
						t.Errorf("%q: got %s, want %q", args, stderr, want)
					}
				}
				if code != works {
					t.Errorf("%q: got exit code %d, want %d", args, code, works)
				}
			}
			admin := []string{"--profile", "admin"}
			if strings.Contains(strings.Join(tt.env, " "), "AWS_PROFILE") {
				admin = nil // the profile is what is tried
			}
			check(255, append([]string{"sso", "login", "--use-device-code"}, admin...)...)
			must("sso", "login", "--use-device-code", "--profile", "admin")
			check(255, append([]string{"sso", "list-accounts"}, admin...)...)
			if admin != nil {
				check(255, "configure", "export-credentials", "--profile", "admin") // GetRoleCredentials
				must("configure", "export-credentials", "--profile", "admin")
				check(255, "sts", "get-caller-identity", "--profile", "admin")
			}
			b.rewrite(func(token map[string]any) { token["expiresAt"] = "2024-01-01T00:00:00Z" })
			check(255, append([]string{"sso", "list-accounts"}, admin...)...) // after a refresh
			check(0, "sso", "logout")
		})
	}
}
