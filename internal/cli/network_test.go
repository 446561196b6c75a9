//go:build unix

package cli_test

import (
	"bufio"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// endpoint is the address of the Identity Center that an environment points at.
func endpoint(t *testing.T, env []string) string {
	t.Helper()
	for _, kv := range env {
		if address, ok := strings.CutPrefix(kv, "AWS_ENDPOINT_URL="); ok {
			return address
		}
	}
	t.Fatal("no AWS_ENDPOINT_URL")
	return ""
}

// forward passes requests on to that Identity Center.
func forward(t *testing.T, env []string) http.Handler {
	t.Helper()
	target, err := url.Parse(endpoint(t, env))
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
}

// A certificate of one's own is trusted when its bundle is named, and not
// otherwise.
func TestCABundle(t *testing.T) {
	t.Parallel() // it mostly waits
	env, home := local(t)
	configured(t, home, corp+"[profile trusting]\nsso_session = corp\nca_bundle = "+filepath.Join(home, "ca.pem")+"\n")
	if _, stderr, code := outcome(t, program(t, env, "sso", "login", "--profile", "dev")); code != 0 {
		t.Fatal(stderr)
	}
	server := httptest.NewUnstartedServer(forward(t, env))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshakes that are to fail
	server.StartTLS()
	defer server.Close()
	bundle := filepath.Join(home, "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	const untrusted = "name a file with its CA certificate in AWS_CA_BUNDLE"
	for _, tt := range []struct {
		name   string
		args   []string
		env    string
		code   int
		stderr string
	}{
		{"flag", []string{"--ca-bundle", bundle}, "", 0, ""},
		{"variable", nil, "AWS_CA_BUNDLE=" + bundle, 0, ""},
		{"profile", []string{"--profile", "trusting"}, "", 0, ""},
		{"none", nil, "", 255, untrusted},
		{"not verified", []string{"--no-verify-ssl"}, "", 0, "[WARNING]: TLS certificates are not verified"},
		{"not verified, whatever the bundle", []string{"--no-verify-ssl", "--ca-bundle", bundle + ".none"}, "", 0, "[WARNING]: TLS certificates are not verified"},
		{"missing", []string{"--ca-bundle", bundle + ".none"}, "", 253, "the CA bundle cannot be read"},
		{"no certificate", []string{"--ca-bundle", filepath.Join(home, ".aws", "config")}, "", 253, "holds no PEM certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"sso", "list-accounts", "--sso-session", "corp", "--endpoint-url", server.URL, "--query", "length(accountList)"}, tt.args...)
			stdout, stderr, code := outcome(t, program(t, append(env, tt.env), args...))
			if code != tt.code || !strings.Contains(stderr, tt.stderr) || (tt.stderr == "") != (stderr == "") {
				t.Errorf("got exit code %d and %q, want %d and %q", code, stderr, tt.code, tt.stderr)
			}
			if code == 0 && stdout != "3\n" {
				t.Errorf("got %q, want the 3 accounts", stdout)
			}
		})
	}
}

// An answer that stops in the middle is waited for no longer than one that does
// not begin.
func TestStalledAnswer(t *testing.T) {
	t.Parallel() // it mostly waits
	env, home := local(t)
	configured(t, home, corp)
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"clientId": `)
		w.(http.Flusher).Flush()
		<-stop
	}))
	defer server.Close()
	defer close(stop)
	for command, path := range map[string]string{
		"sso login --sso-session corp":                          "/client/register",
		"sso list-accounts --access-token x --region us-east-1": "/assignment/accounts",
	} {
		args := append(strings.Fields(command), "--cli-read-timeout", "1")
		_, stderr, code := outcome(t, program(t, append(slices.Clip(env), "AWS_ENDPOINT_URL_SSO_OIDC="+server.URL, "AWS_ENDPOINT_URL_SSO="+server.URL), args...))
		if want := `Read timeout on endpoint URL: "` + server.URL + path + `"`; code != 255 || !strings.Contains(stderr, want) {
			t.Errorf("%s: got exit code %d and %q, want %s", command, code, stderr, want)
		}
	}
}

// A sign-in address that is neither https nor on this machine is shown and not
// opened: it is the person's to decide about.
func TestAddressOfElsewhereIsNotOpened(t *testing.T) {
	t.Parallel() // it mostly waits
	env, home := local(t)
	configured(t, home, corp)
	script := filepath.Join(home, "browser.sh")
	if err := os.WriteFile(script, []byte("echo opened $1 >&2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ours := append(env, "BROWSER=sh "+script+" %s")
	// login runs until its first line with text in it.
	login := func(env []string, text string) (cmd *exec.Cmd, line string, more *bufio.Reader) {
		t.Helper()
		cmd = program(t, env, "sso", "login", "--profile", "dev")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = cmd.Stdout // the browser's words come there
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for more = bufio.NewReader(out); !strings.Contains(line, text); {
			if line, err = more.ReadString('\n'); err != nil {
				t.Fatalf("the login ended before %q: %v", text, err)
			}
		}
		return cmd, strings.TrimSpace(line), more
	}

	proxy := httptest.NewServer(forward(t, env))
	defer proxy.Close()
	cmd, address, more := login(append(ours, "AWS_ENDPOINT_URL_SSO_OIDC=http://portico-idc.test", "HTTP_PROXY="+proxy.URL), "/authorize?")
	query, ok := strings.CutPrefix(address, "http://portico-idc.test")
	if !ok {
		t.Errorf("got the address %s", address)
	}
	if _, stderr, code := outcome(t, program(t, env, "local", "browse", "--as", "alice", endpoint(t, env)+query)); code != 0 {
		t.Fatal(stderr)
	}
	rest, err := io.ReadAll(more)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || strings.Contains(string(rest), "opened") || !strings.Contains(string(rest), "Successfully logged into") {
		t.Errorf("got %v and %q, want a login by hand and no browser", err, rest)
	}

	// For an address of this machine the same browser is started.
	cmd, line, _ := login(ours, "opened")
	if !strings.HasPrefix(line, "opened http://127.0.0.1:") {
		t.Errorf("got %q", line)
	}
	cmd.Process.Kill()
	cmd.Wait()
}
