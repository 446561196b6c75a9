//go:build unix

package cli_test

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
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
