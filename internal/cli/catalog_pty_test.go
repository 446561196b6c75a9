//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A listing tells how far it is and how long it still takes, Ctrl-C ends it, and
// the next one goes on.
func TestCatalogOnATerminal(t *testing.T) {
	t.Parallel()
	var org strings.Builder
	org.WriteString("start_url: https://d-1234567890.awsapps.com/start\nregion: us-east-1\nusers: [{name: alice, email: alice@example.com}]\naccounts:\n")
	for i := range 200 {
		fmt.Fprintf(&org, "  - {id: \"%012d\", name: account-%03d}\n", 100000000000+i, i)
	}
	org.WriteString("permission_sets: [{name: Admin}]\nassignments: [{user: alice, permission_set: Admin, accounts: [\"*\"]}]\n")
	file := filepath.Join(t.TempDir(), "org.yaml")
	if err := os.WriteFile(file, []byte(org.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	env, home := local(t, "--org", file)
	configured(t, home, corp)
	run := func(args ...string) string {
		t.Helper()
		stdout, stderr, code := outcome(t, program(t, env, args...))
		if code != 0 {
			t.Fatalf("%v: %s", args, stderr)
		}
		return stdout
	}
	run("sso", "login", "--sso-session", "corp")
	run("local", "fault", "add", "--op", "sso:*", "--rate", "20/s", "--burst", "40")

	s := open(t, env, "catalog", "--sso-session", "corp")
	s.expect("Listing the accounts of corp ")
	s.expect("/200, ")
	s.expect(" left")
	s.send(ctrlC)
	s.expect("What was listed so far is kept")
	if code := s.end(); code != 130 {
		t.Errorf("exit code %d after Ctrl-C, want 130", code)
	}
	run("local", "fault", "clear")
	run("local", "fault", "add", "--op", "sso:*", "--latency", "1ms")
	if list := run("catalog", "--sso-session", "corp"); strings.Count(list, "\n") != 201 {
		t.Errorf("%d lines, want 201", strings.Count(list, "\n"))
	}
	acted, err := strconv.Atoi(strings.TrimSpace(run("local", "fault", "list", "--query", "faults[0].acted")))
	if err != nil || acted > 160 {
		t.Errorf("%d calls were made to go on (%v), want fewer than 160 of 202", acted, err)
	}
}
