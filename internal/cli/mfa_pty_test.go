//go:build unix

package cli_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A role that wants MFA asks for the code on the terminal, without showing it, and
// once for as long as the credentials last.
func TestMFACode(t *testing.T) {
	stub := &stsStub{}
	server := httptest.NewServer(stub)
	defer server.Close()
	home := t.TempDir()
	configured(t, home, "[profile p]\nrole_arn = arn:aws:iam::222222222222:role/A\nsource_profile = keys\nmfa_serial = arn:mfa\n[profile keys]\naws_access_key_id = STATIC\naws_secret_access_key = b\n")
	env := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=xterm", "AWS_ENDPOINT_URL_STS=" + server.URL}
	args := []string{"configure", "export-credentials", "--profile", "p", "--format", "env"}

	s := open(t, env, args...)
	s.expect("Enter MFA code for arn:mfa: ")
	s.send("\x03")
	if code := s.end(); code != 130 || len(stub.asked) != 0 {
		t.Errorf("Ctrl-C: got code %d after %d calls", code, len(stub.asked))
	}

	s = open(t, env, args...)
	s.expect("Enter MFA code for arn:mfa: ")
	s.send("123456\r")
	if code := s.end(); code != 0 || !strings.Contains(s.text, "AWS_ACCESS_KEY_ID=ASSUMED1") || strings.Contains(s.text, "123456") {
		t.Errorf("got code %d and the screen\n%s", code, s.text)
	}
	if stub.asked[0].Get("TokenCode") != "123456" || stub.asked[0].Get("SerialNumber") != "arn:mfa" {
		t.Errorf("got %v", stub.asked[0])
	}

	stdout, stderr, code := outcome(t, program(t, env, args...))
	if code != 0 || !strings.Contains(stdout, "ASSUMED1") || len(stub.asked) != 1 {
		t.Errorf("again, without a terminal: got code %d, %s%s", code, stdout, stderr)
	}
}

// Several at once ask one time: the others wait for the code, are told so, and go
// on with what it brought. A code is sent once, even if its answer is lost.
func TestOneQuestionForACode(t *testing.T) {
	stub := &stsStub{}
	server := httptest.NewServer(stub)
	defer server.Close()
	home := t.TempDir()
	configured(t, home, "[profile p]\nrole_arn = arn:aws:iam::222222222222:role/A\nsource_profile = keys\nmfa_serial = arn:mfa\n[profile keys]\naws_access_key_id = STATIC\naws_secret_access_key = b\n")
	env := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=xterm", "AWS_ENDPOINT_URL_STS=" + server.URL}
	args := []string{"configure", "export-credentials", "--profile", "p", "--format", "env"}

	first := film(t, env, roomy, args...)
	first.expect("Enter MFA code for arn:mfa: ")
	second := film(t, env, roomy, args...)
	second.expect(fmt.Sprintf("Waiting for process %d, which asks for the MFA code of arn:aws:iam::222222222222:role/A…", first.cmd.Process.Pid))
	first.send("123456\r")
	for _, s := range []*capture{first, second} {
		s.expect("AWS_ACCESS_KEY_ID=ASSUMED1")
		if code := s.end(); code != 0 {
			t.Errorf("got exit code %d, want 0", code)
		}
	}
	if len(stub.asked) != 1 || strings.Contains(second.whole(), "Enter MFA") {
		t.Errorf("STS was asked %d times, and the second saw %s", len(stub.asked), second.whole())
	}

	// Ctrl-C means it, though there are credentials that last for a while.
	entries, err := filepath.Glob(filepath.Join(home, ".aws", "cli", "cache", "*.json"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("got %v, %v", entries, err)
	}
	entry, err := os.ReadFile(entries[0])
	if err != nil {
		t.Fatal(err)
	}
	soon := time.Now().Add(5 * time.Minute).UTC().Format(time.RFC3339)
	entry = regexp.MustCompile(`"Expiration": "[^"]*"`).ReplaceAll(entry, []byte(`"Expiration": "`+soon+`"`))
	if err := os.WriteFile(entries[0], entry, 0o600); err != nil {
		t.Fatal(err)
	}
	third := open(t, env, args...)
	third.expect("Enter MFA code for arn:mfa: ")
	third.send("\x03")
	if code := third.end(); code != 130 || strings.Contains(third.text, "ASSUMED1") {
		t.Errorf("Ctrl-C: got code %d and\n%s", code, third.text)
	}
	// Where nobody can be asked, they serve.
	if stdout, stderr, code := outcome(t, program(t, env, args...)); code != 0 || !strings.Contains(stdout, "ASSUMED1") || !strings.Contains(stderr, "using cached credentials") {
		t.Errorf("without a terminal: got code %d, %s%s", code, stdout, stderr)
	}

	// An answer that is lost is not asked for again with a code that is used up.
	var calls atomic.Int32
	dropping := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler)
	}))
	defer dropping.Close()
	if err := os.RemoveAll(filepath.Join(home, ".aws", "cli")); err != nil {
		t.Fatal(err)
	}
	s := open(t, append(env, "AWS_ENDPOINT_URL_STS="+dropping.URL), args...)
	s.expect("Enter MFA code for arn:mfa: ")
	s.send("123456\r")
	if code := s.end(); code == 0 || calls.Load() != 1 {
		t.Errorf("got code %d after %d calls:\n%s", code, calls.Load(), s.text)
	}
}
