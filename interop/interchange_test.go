package interop

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// A sign-in belongs to nobody: whoever renews it renews it for all, and whoever
// signs out does so for all. They take turns in one home directory.
func TestInterchange(t *testing.T) {
	t.Parallel()
	aws := awsCLI(t)
	c := local(t, "--proxy", "--as", "alice")
	c.profiles(t)
	file := c.home(".aws", "sso", "cache", "ee0bfd2552fbd840c02cc48b6e823320543c450f.json")

	clients := c.clients(t)
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
			// A role's credentials may be kept by a client: forget takes care that
			// each has to go by the sign-in.
			for _, client := range clients {
				c.forget(t)
				if account, ok := client.account(t, "dev"); ok {
					t.Errorf("after the logout %s got account %q", client.name, account)
				}
			}
		})
	}
}

// A client is a program or an SDK that acts by a sign-in.
type client struct {
	name string
	// account asks whose account the credentials of a profile are of.
	account func(t *testing.T, profile string) (account string, ok bool)
}

// clients are all there are: TestSignIn and TestAWSCLI say who is missing.
func (c *center) clients(t *testing.T) []client {
	t.Helper()
	program := func(name, path string) client {
		return client{name, func(t *testing.T, profile string) (string, bool) {
			r := c.run(t, path, "sts", "get-caller-identity", "--profile", profile, "--query", "Account", "--output", "text")
			if r.code != 0 {
				t.Log(name, r)
			}
			return strings.TrimSpace(r.stdout), r.code == 0
		}}
	}
	clients := []client{program("portico", "portico")}
	if path := findAWSCLI().path; path != "" {
		clients = append(clients, program("awscli", path))
	}
	for _, s := range sdks {
		t.Run("find "+s.name, func(sub *testing.T) {
			s.find(sub)
			clients = append(clients, client{s.name, func(t *testing.T, profile string) (string, bool) {
				var me identity
				f := c.drive(t, s).ask(t, whoAmI(profile), &me)
				if f != nil {
					t.Log(s.name, f)
				}
				return me.Account, f == nil
			}})
		})
	}
	return clients
}

// Whoever signed in, by whatever way: everybody else goes on from there, for
// every profile of the session, and nobody signs in again.
func TestNoSecondLogin(t *testing.T) {
	t.Parallel()
	type login struct {
		name, profile string
		login         func(t *testing.T, c *center)
		by            []string // who goes on; nil is everybody
	}
	command := func(profile string, argv ...string) func(*testing.T, *center) {
		return func(t *testing.T, c *center) { c.must(t, argv[0], append(argv[1:], "--profile", profile)...) }
	}
	logins := []login{
		{"portico", "dev", command("dev", "portico", "sso", "login"), nil},
		{"portico by device code", "dev", command("dev", "portico", "sso", "login", "--use-device-code"), []string{"awscli", "debian-boto3", "node"}},
		{"portico without a session", "old", command("old", "portico", "sso", "login"), nil},
	}
	if path := findAWSCLI().path; path != "" {
		logins = append(logins,
			login{"awscli", "dev", command("dev", append([]string{path}, deviceLogin()...)...), nil},
			login{"awscli without a session", "old", command("old", append([]string{path}, deviceLogin()...)...), []string{"portico"}})
	}
	for _, s := range sdks {
		logins = append(logins, login{"a tool of " + s.name, "dev", func(t *testing.T, c *center) {
			t.Run("sign in", func(t *testing.T) { // the tool ends with it
				c.cache(t, signIn(t, c, c.drive(t, s)), time.Hour)
			})
		}, []string{"portico", "awscli"}})
	}
	for _, l := range logins {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range sdks {
				if l.name == "a tool of "+s.name {
					s.find(t)
				}
			}
			c := local(t, "--proxy", "--as", "alice")
			c.profiles(t)
			l.login(t, c)
			before := len(c.events(t, ""))
			for _, client := range c.clients(t) {
				if l.by != nil && !slices.Contains(l.by, client.name) || client.name == l.name {
					continue
				}
				c.forget(t)
				if account, ok := client.account(t, l.profile); !ok || account != "111111111111" {
					t.Errorf("%s: got account %q, %v", client.name, account, ok)
				}
				es := c.events(t, "")
				for _, e := range es[before:] {
					if e.EventName != "GetRoleCredentials" && e.EventName != "GetCallerIdentity" {
						t.Errorf("%s made a call of %s", client.name, e.EventName)
					}
				}
				if len(es) == before {
					t.Errorf("%s asked nobody", client.name)
				}
				before = len(es)
			}
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
