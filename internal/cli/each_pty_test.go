//go:build unix

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// eachHome is a home with a session that somebody has signed in to.
func eachHome(t *testing.T) (env []string, home string) {
	t.Helper()
	env, home = local(t)
	config := filepath.Join(home, ".aws", "config")
	if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
		t.Fatal(err)
	}
	text := "[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\nportico_session_duration = 8h\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := program(t, env, "sso", "login", "--sso-session", "corp").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return env, home
}

// Ctrl-C starts no more, is passed on to what runs, and leaves the rest to
// --retry-failed.
func TestEachInterrupted(t *testing.T) {
	t.Parallel()
	env, home := eachHome(t)
	pids := filepath.Join(home, "pids")
	words := []string{"--match", "*", "--role", "AdministratorAccess", "--parallel", "2"}
	command := []string{"--", "sh", "-c", `trap 'echo asked to end; exit 3' INT; tail -f /dev/null & echo $! >> ` + pids + `; wait`}
	s := sit(t, env, append(append([]string{"each"}, words...), command...)...)
	s.seesLast("0 of 3 done; running: dev, management")
	for text := ""; strings.Count(text, "\n") < 2 && t.Context().Err() == nil; {
		data, _ := os.ReadFile(pids)
		text = string(data)
	}
	s.types(ctrlC)
	s.ends(130, `  dev (111111111111) AdministratorAccess: exit code 3, interrupted
  management (999999999999) AdministratorAccess: exit code 3, interrupted
To run it there alone, add --retry-failed to the same command.`)
	for _, want := range []string{"Waiting for the end of dev, management; Ctrl-C again ends them.\n",
		"==> dev (111111111111) AdministratorAccess, exit code 3, interrupted <==\nasked to end\n", "0 succeeded, 2 failed, 1 not started.\n"} {
		if text := s.screen.Text(); !strings.Contains(text, want) {
			t.Errorf("got the screen\n%s\nwant %q in it", text, want)
		}
	}
	noneRuns(t, pids) // also not a shell's commands in the background, which do not hear Ctrl-C
	again := append(append([]string{"each", "--retry-failed", "--dry-run", "--query", "places[].accountName", "--output", "text"}, words...), command...)
	if out, problems, _ := outcome(t, program(t, env, again...)); out != "dev\tmanagement\tprod\n" {
		t.Errorf("left to do is %q, %s", out, problems)
	}
}

// noneRuns waits until the processes whose numbers a file holds have ended.
func noneRuns(t *testing.T, pids string) {
	t.Helper()
	text, err := os.ReadFile(pids)
	if err != nil || len(text) == 0 {
		t.Fatalf("got %q, %v, want numbers of processes", text, err)
	}
	for _, pid := range strings.Fields(string(text)) {
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		for range 200 { // each of which takes as long as ps does
			if syscall.Kill(n, 0) != nil || zombie(pid) {
				n = 0
				break
			}
		}
		if n != 0 {
			t.Errorf("process %d still runs", n)
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
}

// Who is ended without a word leaves the rest to --retry-failed, too.
func TestEachCrash(t *testing.T) {
	t.Parallel()
	env, home := eachHome(t)
	pids := filepath.Join(home, "pids")
	words := []string{"--match", "*", "--role", "AdministratorAccess", "--parallel", "1"}
	command := []string{"--", "sh", "-c", `test "$PORTICO_ACCOUNT_NAME" = dev || { echo $$ >` + pids + `; exec tail -f /dev/null; }`}
	c := program(t, env, append(append([]string{"each"}, words...), command...)...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for text := ""; !strings.HasSuffix(text, "\n") && t.Context().Err() == nil; {
		data, _ := os.ReadFile(pids)
		text = string(data)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	text, _ := os.ReadFile(pids)
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	again := append(append([]string{"each", "--retry-failed", "--dry-run", "--query", "places[].accountName", "--output", "text"}, words...), command...)
	if out, problems, _ := outcome(t, program(t, env, again...)); out != "management\tprod\n" {
		t.Errorf("left to do is %q, %s", out, problems)
	}
}

// The second Ctrl-C ends what does not want to, with what that started.
func TestEachKilled(t *testing.T) {
	t.Parallel()
	env, home := eachHome(t)
	pids := filepath.Join(home, "pids")
	s := sit(t, env, "each", "--match", "dev", "--role", "AdministratorAccess", "--", "sh", "-c", `trap '' INT; tail -f /dev/null & echo $$ $! > `+pids+`; wait`)
	s.seesLast("0 of 1 done; running: dev")
	s.types(ctrlC)
	s.seesLast("Waiting for the end of dev; Ctrl-C again ends them.")
	s.types(ctrlC)
	s.ends(130, "")
	noneRuns(t, pids)
}

// zombie tells a process that has ended from one that runs.
func zombie(pid string) bool {
	out, _ := exec.Command("ps", "-o", "stat=", "-p", pid).Output()
	return strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}
