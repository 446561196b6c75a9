//go:build unix

package cli_test

import (
	"bufio"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/portico-sso/portico/internal/statedir"
	"github.com/portico-sso/portico/internal/wallet"
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

// Whoever is waited for is named.
func TestSealTellsOfItsWait(t *testing.T) {
	t.Parallel()
	env, home := local(t)
	configured(t, home, corp)
	state := statedir.In(home, func(string) (string, bool) { return "", false })
	unlock, err := (&wallet.Wallet{Home: home, LockDir: statedir.Locks(state)}).Lock(t.Context(), wallet.SessionLock(wallet.TokenKey("corp", "")))
	if err != nil {
		t.Fatal(err)
	}
	seal := program(t, env, "seal", "--sso-session", "corp", "--yes")
	stderr, err := seal.StderrPipe()
	if err == nil {
		err = seal.Start()
	}
	if err != nil {
		unlock()
		t.Fatal(err)
	}
	said, _ := bufio.NewReader(stderr).ReadString('\n')
	unlock()
	if want := fmt.Sprintf("Waiting for process %d, which renews or moves the sign-in of corp…\n", os.Getpid()); said != want {
		t.Errorf("got %q, want %q", said, want)
	}
	if err := seal.Wait(); err != nil {
		t.Error(err)
	}
}
