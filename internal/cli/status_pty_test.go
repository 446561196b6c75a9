//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/wallet"
)

var clock = regexp.MustCompile(`\d\d:\d\d:\d\d`)

// watching reads until the screen holds all of these and is full, its foot at the
// bottom.
func (s *seat) watching(height int, texts ...string) {
	s.t.Helper()
	s.waits("all of", strings.Join(texts, "\n"), func(text string) bool {
		lines := strings.Split(text, "\n")
		if len(lines) != height || !clock.MatchString(lines[0]) || lines[height-1] != "q: leave  r: look again  up, down, space: scroll" {
			return false
		}
		for _, want := range texts {
			if !strings.Contains(text, want) {
				return false
			}
		}
		return true
	})
}

// The watched status of 5,000 roles on two sizes of screen: what does not fit can be
// scrolled to, and what changes on disk is seen.
func TestStatusWatch(t *testing.T) {
	t.Parallel()
	env, home := eachHome(t)
	cache := filepath.Join(home, ".aws", "cli", "cache")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	var config strings.Builder
	expires := time.Now().Add(90 * time.Minute).UTC().Format(time.RFC3339)
	const start = "https://d-1234567890.awsapps.com/start"
	for i := range 1250 {
		for j, role := range []string{"Admin", "Billing", "Power", "Read"} {
			account := fmt.Sprintf("%012d", 100000000000+i)
			key := wallet.RoleKey{AccountID: account, RoleName: role, Session: "corp", StartURL: start}
			text := fmt.Sprintf(`{"ProviderType": "sso", "Credentials": {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "x", "SessionToken": "y", "Expiration": %q, "AccountId": %q}, "portico_session": %q, "portico_start_url": %q}`,
				expires, account, wallet.TokenKey("corp", ""), start)
			if err := os.WriteFile(filepath.Join(cache, key.Name()+".json"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if j == 0 && i%10 == 0 {
				fmt.Fprintf(&config, "[profile p-%d]\nsso_session = corp\nsso_account_id = %s\nsso_role_name = %s\n", i, account, role)
			}
		}
	}
	f, err := os.OpenFile(filepath.Join(home, ".aws", "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(config.String()); err != nil {
		t.Fatal(err)
	}
	f.Close()

	s := sit(t, append(env, "AWS_PROFILE=p-0"), "status", "--watch")
	s.watching(24, "Sessions\n  corp  signed in until", "This shell\n  100000000000 Admin via profile p-0, session corp, until", "Cached roles: 5000\n  ACCOUNT", "\n  100000000000    Admin  corp")
	s.types(" ")
	s.watching(24, "  100000000002  ", "  100000000007  ")
	if strings.Contains(s.screen.Text(), "Sessions") {
		t.Errorf("it was not scrolled:\n%s", s.screen.Text())
	}
	s.types("G")
	s.watching(24, "  100000001249  ", "  100000001244  ")
	s.resize(200, 60)
	s.watching(60, "  100000001249  ", "  100000001237  ")
	s.types("g")
	s.watching(60, "Sessions\n  corp", "\n  100000000009  ")
	s.resize(40, 10)
	s.waits("what fits", "and its foot", func(text string) bool {
		lines := strings.Split(text, "\n")
		return len(lines) == 10 && strings.Contains(text, "Sessions\n  corp  signed in until") && strings.HasPrefix(lines[9], "q: leave")
	})
	s.resize(80, 24)

	// What another process does is seen at once on r.
	if out, err := program(t, env, "sso", "logout").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.watching(24, "Sessions")
	s.types("r")
	s.watching(24, "corp  not signed in", "Cached roles: 0")
	s.types("q")
	s.ends(0, "")
	for _, mode := range []string{"1049", "25"} {
		if s.screen.Modes[mode] != (mode == "25") {
			t.Errorf("mode %s is left %v", mode, s.screen.Modes[mode])
		}
	}
}

// Ctrl-C leaves it, too; the bell rings before a sign-in ends.
func TestStatusWatchWarns(t *testing.T) {
	t.Parallel()
	env, _ := eachHome(t)
	if out, err := program(t, env, "configure", "set", "portico_warn_before", "9h", "--sso-session", "corp").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := open(t, env, "status", "--watch")
	raw := ""
	deadline := time.After(20 * time.Second)
	for !strings.Contains(raw, "\a\x1b]9;The sign-in to corp ends at ") {
		select {
		case more, ok := <-s.seen:
			if !ok {
				t.Fatalf("it ended: %q", raw)
			}
			raw += more
		case <-deadline:
			t.Fatalf("no bell in %q", raw)
		}
	}
	s.send(ctrlC)
	if code := s.end(); code != 130 {
		t.Errorf("got exit code %d, want 130", code)
	}
}

// Who has the screen read to them, or has none that can be drawn on, gets lines.
func TestStatusWatchInLines(t *testing.T) {
	t.Parallel()
	env, _ := eachHome(t)
	for _, plain := range []string{"PORTICO_ACCESSIBLE=1", "TERM=dumb"} {
		s := open(t, append(env[:len(env):len(env)], plain), "status", "--watch")
		s.expect("corp: signed in until")
		s.expect("this shell: nothing: Unable to locate credentials.")
		s.send(ctrlC)
		if code := s.end(); code != 130 {
			t.Errorf("%s: got exit code %d, want 130", plain, code)
		}
	}
}
