//go:build unix

package cli_test

import (
	"strings"
	"testing"
)

// On a terminal the passphrase is asked for, twice when it is new and once when it
// is needed, and never shown; programs are not asked.
func TestSealWithAPassphrase(t *testing.T) {
	t.Parallel()
	env, home := local(t)
	configured(t, home, corp)
	env = append(env, "PORTICO_TEST_KEYRING=none")
	if _, stderr, code := outcome(t, program(t, env, "sso", "login", "--profile", "dev")); code != 0 {
		t.Fatal(stderr)
	}

	s := open(t, env, "seal", "--passphrase")
	s.expect("To seal the session corp:")
	s.expect("a key is made that a passphrase opens")
	s.expect("Seal it? [Y/n]: ")
	s.send("n\r")
	if code := s.end(); code != 1 {
		t.Errorf("declined: got code %d", code)
	}

	s = open(t, env, "seal", "--passphrase")
	s.expect("Seal it? [Y/n]: ")
	s.send("\r")
	s.expect("New passphrase: ")
	s.send("short\r")
	s.expect("at least 8 characters")
	s.expect("New passphrase: ")
	s.send("correct horse\r")
	s.expect("The same again: ")
	s.send("correct hose\r")
	s.expect("that is not the same")
	s.expect("The same again: ")
	s.send("correct horse\r")
	s.expect("The session corp is sealed: 2 files, 1 profile.")
	if code := s.end(); code != 0 || strings.Contains(s.text, "horse") {
		t.Errorf("got code %d and the screen\n%s", code, s.text)
	}

	dev := []string{"configure", "export-credentials", "--profile", "dev", "--format", "env"}
	use := func(env []string) string {
		t.Helper()
		stdout, stderr, code := outcome(t, program(t, env, dev...))
		if (code == 0) != strings.Contains(stdout, "AWS_SESSION_TOKEN=") {
			t.Errorf("got code %d, %s", code, stdout)
		}
		return stderr
	}
	if problem := use(env); problem != "" {
		t.Errorf("what was typed just now is asked for again: %s", problem)
	}
	if _, stderr, code := outcome(t, program(t, env, "lock")); code != 0 {
		t.Error(stderr)
	}
	if problem := use(env); !strings.Contains(problem, "its key needs its passphrase, and there is no terminal to ask on") {
		t.Errorf("got %s", problem)
	}

	s = open(t, env, dev...)
	s.expect("Passphrase of the sealed session corp: ")
	s.send(ctrlC)
	if code := s.end(); code != 130 {
		t.Errorf("Ctrl-C: got code %d", code)
	}
	s = open(t, env, dev...)
	s.expect("Passphrase of the sealed session corp: ")
	s.send("wrong horse\r")
	s.expect("that is not the passphrase of its key")
	s.expect("start over: portico sso logout --sso-session corp")
	s.expect("for another passphrase: portico unseal --sso-session corp")
	if code := s.end(); code != 255 {
		t.Errorf("wrong: got code %d", code)
	}
	s = open(t, env, dev...)
	s.expect("Passphrase of the sealed session corp: ")
	s.send("correct horse\r")
	s.expect("AWS_SESSION_TOKEN=")
	if code := s.end(); code != 0 || strings.Contains(s.text, "horse") {
		t.Errorf("got code %d and the screen\n%s", code, s.text)
	}
	if problem := use(env); problem != "" {
		t.Errorf("the key is not held: %s", problem)
	}

	// credential-process never asks, not even a person who types it.
	if _, stderr, code := outcome(t, program(t, env, "lock")); code != 0 {
		t.Error(stderr)
	}
	s = open(t, env, "credential-process", "--profile", "dev")
	s.expect("Unlock it for some hours with: portico unlock --sso-session corp")
	if code := s.end(); code != 255 {
		t.Errorf("credential-process: got code %d", code)
	}

	// A passphrase that is forgotten costs a sign-in, and the way out asks for nothing
	// that nobody knows.
	if _, stderr, code := outcome(t, program(t, env, "sso", "logout", "--sso-session", "corp")); code != 0 {
		t.Error(stderr)
	}
	s = open(t, env, "unseal", "--sso-session", "corp", "--yes")
	s.expect("The session corp is no longer sealed: 1 file, 1 profile.")
	if code := s.end(); code != 0 || strings.Contains(s.text, "Passphrase") {
		t.Errorf("unseal: got code %d and the screen\n%s", code, s.text)
	}
	s = open(t, env, "seal", "--passphrase", "--yes")
	s.expect("New passphrase: ")
	s.send("battery staple\r")
	s.expect("The same again: ")
	s.send("battery staple\r")
	s.expect("The session corp is sealed: 0 files, 1 profile.")
	if code := s.end(); code != 0 {
		t.Errorf("seal: got code %d and the screen\n%s", code, s.text)
	}
}
