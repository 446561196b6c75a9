package cli_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Killed at whichever of its file calls, seal and unseal leave a copy that can be
// read, a config that leads to it, and finish when they are run again.
func TestSealKilled(t *testing.T) {
	t.Parallel()
	if !traceable(t) {
		return
	}
	env, home := local(t)
	configured(t, home, corp)
	env = slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "HOME=") })
	portico := func(home string, args ...string) (string, int) {
		t.Helper()
		cmd := program(t, append(env[:len(env):len(env)], "HOME="+home), args...)
		stdout, stderr, code := outcome(t, cmd)
		return stdout + stderr, code
	}
	if said, code := portico(home, "sso", "login", "--profile", "dev"); code != 0 {
		t.Fatal(said)
	}
	if said, code := portico(home, "credential-process", "--profile", "dev"); code != 0 {
		t.Fatal(said)
	}
	sealed := filepath.Join(t.TempDir(), "home")
	copyTree(t, home, sealed)
	if said, code := portico(sealed, "seal", "--sso-session", "corp", "--yes"); code != 0 {
		t.Fatal(said)
	}
	path, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ command, back, from string }{{"seal", "unseal", home}, {"unseal", "seal", sealed}} {
		argv := []string{path, c.command, "--sso-session", "corp", "--yes"}
		trace := func(home string, at int, f fault) tracedRun {
			tr := &tracer{t: t, below: home, at: at, fault: f}
			run, err := tr.start(argv, append(env[:len(env):len(env)], atOnce, "GOMAXPROCS=1", "HOME="+home), func(string) {})
			if err != nil {
				t.Fatal(err)
			}
			return run
		}
		whole := filepath.Join(t.TempDir(), "home")
		copyTree(t, c.from, whole)
		cases := 0
		for i, call := range trace(whole, 0, fault{}).calls {
			// After a call that changes what is on disk there is a state of its own.
			if !slices.Contains([]string{"write", "pwrite64", "renameat", "unlinkat", "mkdirat", "linkat"}, call.name) {
				continue
			}
			at := i + 1
			now := filepath.Join(t.TempDir(), "home")
			copyTree(t, c.from, now)
			run := trace(now, at, fault{kill: "exit"})
			if run.code == 0 {
				continue // it took another way
			}
			cases++
			what := fmt.Sprintf("%s, killed at call %d (%s)", c.command, at, run.hit)
			if run.code != -1 {
				t.Fatalf("%s: code %d\n%s", what, run.code, run.stderr)
			}
			// The sign-in is there: what is offered is the session's token, and the
			// profile has credentials by it.
			if said, code := portico(now, "sso", "list-accounts", "--profile", "dev"); code != 0 {
				t.Errorf("%s: the sign-in is lost\n%s", what, said)
			}
			if said, code := portico(now, c.command, "--sso-session", "corp", "--yes"); code != 0 {
				t.Errorf("%s: it cannot be finished\n%s", what, said)
			}
			if said, code := portico(now, "credential-process", "--profile", "dev"); code != 0 {
				t.Errorf("%s: finished, there are no credentials\n%s", what, said)
			}
			if found := openTokens(t, now); (found > 0) == (c.command == "seal") {
				t.Errorf("%s: finished, there are %d tokens in the open", what, found)
			}
		}
		t.Logf("%s: killed %d times", c.command, cases)
		if cases < 10 {
			t.Errorf("%s: killed only %d times", c.command, cases)
		}
	}
}

// openTokens counts the files that hold secrets in the open.
func openTokens(t *testing.T, home string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path, filepath.Join(home, "keyring")) {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "accessToken") || strings.Contains(string(data), "SecretAccessKey") || strings.Contains(string(data), "clientSecret") {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	err := filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
