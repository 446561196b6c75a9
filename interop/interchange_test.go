package interop

import (
	"os"
	"strings"
	"testing"
	"time"
)

// A sign-in belongs to nobody: whoever signed in, all clients act by it, whoever
// renews it renews it for all, and whoever signs out does so for all. They take
// turns in one home directory.
func TestInterchange(t *testing.T) {
	t.Parallel()
	aws := awsCLI(t)
	c := local(t, "--proxy", "--as", "alice")
	c.profiles(t)
	file := c.home(".aws", "sso", "cache", "ee0bfd2552fbd840c02cc48b6e823320543c450f.json")

	type client struct {
		name string
		// account asks whose account the credentials of a profile are of.
		account func(t *testing.T, profile string) (account string, ok bool)
	}
	program := func(name, path string) client {
		return client{name, func(t *testing.T, profile string) (string, bool) {
			r := c.run(t, path, "sts", "get-caller-identity", "--profile", profile, "--query", "Account", "--output", "text")
			return strings.TrimSpace(r.stdout), r.code == 0
		}}
	}
	clients := []client{program("awscli", aws), program("portico", "portico")}
	for _, s := range sdks {
		// Those that are there: TestSignIn says who is missing.
		t.Run("find "+s.name, func(sub *testing.T) {
			s.find(sub)
			clients = append(clients, client{s.name, func(t *testing.T, profile string) (string, bool) {
				var me identity
				f := c.drive(t, s).ask(t, whoAmI(profile), &me)
				return me.Account, f == nil
			}})
		})
	}
	// A role's credentials may be kept by a client: forget takes care that each
	// has to go by the sign-in.
	everybody := func(t *testing.T, want bool) {
		t.Helper()
		for _, client := range clients {
			c.forget(t)
			if account, ok := client.account(t, "dev"); ok != want || ok && account != "111111111111" {
				t.Errorf("%s: got account %q, %v, want %v", client.name, account, ok, want)
			}
		}
	}

	logins := []struct {
		name string
		argv []string
	}{
		{"awscli", append([]string{aws}, deviceLogin("--profile", "dev")...)},
		{"portico", []string{"portico", "sso", "login", "--profile", "dev"}},
	}
	logouts := [][]string{{"portico", "sso", "logout"}, {aws, "sso", "logout"}}
	for i, login := range logins {
		t.Run("login by "+login.name, func(t *testing.T) {
			c.must(t, login.argv[0], login.argv[1:]...)
			everybody(t, true)
			for n, renewer := range clients {
				before := c.cached(t, file)
				left := 4 * time.Minute
				if renewer.name == "go" { // which waits until it is over
					left = -time.Minute
				}
				c.age(t, left)
				c.forget(t)
				if _, ok := renewer.account(t, "dev"); !ok {
					t.Errorf("%s did not renew the sign-in", renewer.name)
				}
				if after := c.cached(t, file); after.AccessToken == before.AccessToken || time.Until(after.ExpiresAt) < 50*time.Minute {
					t.Errorf("%s did not leave a renewed sign-in to the others: until %v", renewer.name, after.ExpiresAt)
				}
				next := clients[(n+1)%len(clients)]
				if account, ok := next.account(t, "prod"); !ok || account != "222222222222" {
					t.Errorf("after %s, %s got account %q", renewer.name, next.name, account)
				}
			}
			c.must(t, logouts[i][0], logouts[i][1:]...)
			everybody(t, false)
		})
	}
}

// forget drops the role credentials that clients keep.
func (c *center) forget(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(c.home(".aws", "cli", "cache")); err != nil {
		t.Fatal(err)
	}
}
