//go:build unix

package cli_test

import (
	"sync"
	"testing"
)

// A session can be sealed and unsealed while others use it: they see it in the
// one place or in the other.
func TestSealWhileInUse(t *testing.T) {
	t.Parallel()
	env, home := local(t)
	configured(t, home, corp)
	must := func(args ...string) {
		t.Helper()
		if stdout, stderr, code := outcome(t, program(t, env, args...)); code != 0 {
			t.Errorf("%q: exit code %d\n%s%s", args, code, stdout, stderr)
		}
	}
	must("sso", "login", "--profile", "dev")
	var users sync.WaitGroup
	done := make(chan struct{})
	for _, args := range [][]string{{"credential-process", "--profile", "dev"}, {"sso", "list-accounts", "--profile", "dev"}, {"sts", "get-caller-identity", "--profile", "dev"}} {
		users.Go(func() {
			for {
				must(args...)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 4 {
		must("seal", "--sso-session", "corp", "--yes")
		must("unseal", "--sso-session", "corp", "--yes")
	}
	close(done)
	users.Wait()
}
