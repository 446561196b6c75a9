//go:build unix

package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// On a terminal sync signs in where that is needed, shows what it would change and
// asks. What somebody else changes meanwhile is not lost: it shows the new state of
// things and asks again.
func TestSyncAsks(t *testing.T) {
	t.Parallel()
	env, home := local(t)
	const mine = "[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n"
	configured(t, home, mine)
	config := filepath.Join(home, ".aws", "config")
	is := func(when, want string) {
		t.Helper()
		if data, err := os.ReadFile(config); err != nil || string(data) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", when, err, data, want)
		}
	}

	s := open(t, env, "sync")
	s.expect("Successfully logged into Start URL:")
	s.expect("+[profile dev-AdministratorAccess]")
	s.expect("Make these changes? [y/N]: ")
	s.send("\r")
	s.expect("Nothing was changed. It would be: 3 added")
	if code := s.end(); code != 1 {
		t.Errorf("declined: got code %d", code)
	}
	is("declined", mine)

	s = open(t, env, "sync")
	s.expect("Make these changes? [y/N]: ")
	s.send(ctrlC)
	if code := s.end(); code != 130 {
		t.Errorf("Ctrl-C: got code %d", code)
	}
	is("Ctrl-C", mine)

	s = open(t, env, "sync")
	s.expect("Make these changes? [y/N]: ")
	const more = "\n# by hand\n[profile dev-AdministratorAccess]\nregion = eu-west-1\n"
	configured(t, home, mine+more)
	s.send("y\r")
	s.expect("The configuration was changed by another program meanwhile.")
	s.expect("+[profile dev-AdministratorAccess-111111111111]")
	s.expect("Make these changes? [y/N]: ")
	s.send("y\r")
	s.expect("3 added")
	if code := s.end(); code != 0 {
		t.Errorf("got code %d and the screen\n%s", code, s.text)
	}
	if data, _ := os.ReadFile(config); !strings.HasPrefix(string(data), mine+more+"\n[profile dev-AdministratorAccess-111111111111]\n") {
		t.Errorf("got\n%s", data)
	}
}

// Several at once, and others that write the same file, lose nothing: each profile
// is there once.
func TestSyncAtOnce(t *testing.T) {
	t.Parallel()
	env, home := local(t)
	configured(t, home, "[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n")
	if _, stderr, code := outcome(t, program(t, env, "sso", "login", "--sso-session", "corp")); code != 0 {
		t.Fatal(stderr)
	}
	var all sync.WaitGroup
	for _, args := range [][]string{
		{"sync", "--yes"}, {"sync", "--yes"}, {"sync", "--yes", "--regions", "eu-west-1", "--save"},
		{"configure", "set", "region", "us-east-1", "--profile", "other"}, {"configure", "set", "region", "us-east-1", "--profile", "another"},
	} {
		all.Go(func() {
			if out, err := program(t, env, args...).CombinedOutput(); err != nil {
				t.Errorf("%q: %v\n%s", args, err, out)
			}
		})
	}
	all.Wait()
	data, err := os.ReadFile(filepath.Join(home, ".aws", "config"))
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{"[profile dev-AdministratorAccess]", "[profile prod-AdministratorAccess]", "[profile management-AdministratorAccess]", "[profile other]", "[profile another]"} {
		if strings.Count(string(data), header) != 1 {
			t.Errorf("%s is not there once:\n%s", header, data)
		}
	}
	if strings.Count(string(data), "portico_sync = corp") != 3 {
		t.Errorf("got\n%s", data)
	}
}
