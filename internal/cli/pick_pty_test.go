//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const session = "[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"

// thousands is a home with 5,000 profiles, one of which is a favourite, and an
// environment for it.
func thousands(t *testing.T) (env []string, home string) {
	t.Helper()
	home = t.TempDir()
	roles := []string{"AdministratorAccess", "ReadOnly", "PowerUser", "Billing", "Support"}
	teams := []string{"payments", "search", "billing", "identity", "data", "web", "mobile", "infra"}
	stages := []string{"dev", "test", "stage", "prod"}
	var b strings.Builder
	b.WriteString(session)
	for i := range 1000 {
		for j, role := range roles {
			fmt.Fprintf(&b, "\n[profile %s-%s-%04d-%s]\nsso_session = corp\nsso_account_id = %012d\nsso_role_name = %s\nregion = eu-west-1\n",
				teams[i%8], stages[i/8%4], i, role, 100000000000+i*7919, role)
			if i == 24 && j == 1 {
				b.WriteString("portico_favorite = true\nportico_tags = team=core\n")
			}
		}
	}
	configured(t, home, b.String())
	return []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "TZ=UTC", "LC_ALL=C.UTF-8"}, home
}

const pick80 = `Which profile or role?
>                                                                     5000/5000
> * payments-prod-0024-ReadOnly              ReadOnly             100000190056
    billing-dev-0002-AdministratorAccess     AdministratorAccess  100000015838
    billing-dev-0002-Billing                 Billing              100000015838
    billing-dev-0002-PowerUser               PowerUser            100000015838
    billing-dev-0002-ReadOnly                ReadOnly             100000015838
    billing-dev-0002-Support                 Support              100000015838
    billing-dev-0034-AdministratorAccess     AdministratorAccess  100000269246
    billing-dev-0034-Billing                 Billing              100000269246
    billing-dev-0034-PowerUser               PowerUser            100000269246
    billing-dev-0034-ReadOnly                ReadOnly             100000269246
    billing-dev-0034-Support                 Support              100000269246
    billing-dev-0066-AdministratorAccess     AdministratorAccess  100000522654
────────────────────────────────────────────────────────────────────────────────
Profile      payments-prod-0024-ReadOnly
Account      100000190056
Role         ReadOnly
Credentials  to be fetched
Session      corp, not signed in
Region       eu-west-1
Tags         team=core
Colour       red
enter choose  esc quit  ^F star  tab preview`

// One of 5,000 profiles is found, on a screen that changes its size meanwhile.
func TestPickAmongThousands(t *testing.T) {
	t.Parallel()
	env, home := thousands(t)
	s := sit(t, env, "pick")
	s.sees(pick80)
	s.resize(200, 60)
	s.types("search prod adm 0313")
	beside := func(left, right string) string {
		return strings.TrimRight(fmt.Sprintf("%-133s │ %s", left, right), " ")
	}
	wide := []string{"Which profile or role?", fmt.Sprintf("%-193s%s", "> search prod adm 0313", "1/5000"),
		beside(">   search-prod-0313-AdministratorAccess     AdministratorAccess  100002478647", "Profile      search-prod-0313-AdministratorAccess"),
		beside("", "Account      100002478647"), beside("", "Role         AdministratorAccess"), beside("", "Credentials  to be fetched"),
		beside("", "Session      corp, not signed in"), beside("", "Region       eu-west-1"), beside("", "Colour       red")}
	for len(wide) < 59 {
		wide = append(wide, beside("", ""))
	}
	s.sees(strings.Join(append(wide, "enter choose  esc clear  ^F star  tab preview"), "\n"))
	s.resize(80, 24)
	s.types("\x15payments-prod-0024-")
	s.seesLast("enter choose  esc clear  ^F star  tab preview")
	s.waits("the favourite first", "", func(text string) bool { return strings.Contains(text, "    5/5000\n> * payments-prod-0024-ReadOnly  ") })
	s.types(down + "\x06") // Ctrl-F
	s.waits("another favourite", "", func(text string) bool {
		return strings.Contains(text, "\n> * payments-prod-0024-AdministratorAccess")
	})
	s.types(enter)
	s.ends(0, "payments-prod-0024-AdministratorAccess")
	config, err := os.ReadFile(filepath.Join(home, ".aws", "config"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "sso_role_name = AdministratorAccess\nregion = eu-west-1\nportico_favorite = true\n"; strings.Count(string(config), want) != 1 {
		t.Errorf("the config does not have, once,\n%s", want)
	}
}

// What is left with Ctrl-C or Esc ends with 130 and prints nothing, and the screen
// is as it was.
func TestPickIsLeft(t *testing.T) {
	t.Parallel()
	env, _ := thousands(t)
	for _, keys := range []string{ctrlC, "\x1b", "prod" + ctrlC} {
		s := sit(t, env, "pick")
		s.sees(pick80)
		s.types(keys)
		s.ends(130, "")
		if got := s.screen.Text(); got != "" {
			t.Errorf("%q left\n%s", keys, got)
		}
		if s.screen.Modes["1049"] || s.screen.Modes["?1049"] || !s.screen.Modes["25"] || s.screen.Kitty != 0 {
			t.Errorf("%q left the modes %v, keyboard %d", keys, s.screen.Modes, s.screen.Kitty)
		}
	}
}

// The list is drawn on the terminal also where the answer goes elsewhere.
func TestPickIntoACommand(t *testing.T) {
	t.Parallel()
	env, _, _ := shellHome(t, "bash")
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("portico exec --profile \"$(portico pick)\" -- sh -c 'echo it is $PORTICO_PROFILE $AWS_ACCESS_KEY_ID'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, env, "exec", "--profile", "dev", "--", "env", "-u", "AWS_ACCESS_KEY_ID", "-u", "AWS_SECRET_ACCESS_KEY", "bash", script)
	s.expect("Which profile or role?")
	s.send("dev" + enter)
	s.expect("it is dev AKIADEV")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d", code)
	}
	// Who leaves it is not asked again: an empty name is no question.
	s = open(t, env, "exec", "--profile", "", "--", "true")
	s.expect("Unable to locate credentials")
	if code := s.end(); code != 253 {
		t.Errorf("got exit code %d, want 253", code)
	}
}

// exec asks a person where nothing says which profile is meant, and only then.
func TestExecAsksForAProfile(t *testing.T) {
	t.Parallel()
	env, home, _ := shellHome(t, "bash")
	print := []string{"exec", "--", "sh", "-c", "echo keys of $AWS_ACCESS_KEY_ID"}
	s := open(t, env, print...)
	s.expect("Which profile or role?")
	s.send("dev" + enter)
	s.expect("keys of AKIADEV")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d", code)
	}
	s = open(t, env, print...)
	s.expect("Which profile or role?")
	s.send(ctrlC)
	if code := s.end(); code != 130 {
		t.Errorf("left: got exit code %d, want 130", code)
	}
	for _, c := range []struct {
		env, config string
		args        []string
		want        string
	}{
		{"AWS_PROFILE=dev", "", print, "keys of AKIADEV"},
		{"AWS_ACCESS_KEY_ID=AKIAENV", "", print, "Partial credentials found in env"},
		{"", "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = x\n", print, "keys of AKIADEFAULT"},
		{"", "", append([]string{"--no-cli-auto-prompt"}, print...), "Unable to locate credentials"},
	} {
		configured(t, home, static+c.config)
		s := open(t, append(env[:len(env):len(env)], c.env), c.args...)
		s.expect(c.want)
		s.end()
	}
}

// So does console, for which a role that has no profile would do as well.
func TestConsoleAsksForAProfile(t *testing.T) {
	t.Parallel()
	env, _ := thousands(t)
	s := open(t, env, "console", "--portal", "--print", "s3")
	s.expect("Which profile or role?")
	s.send("0024 read" + enter)
	s.expect("#/console?account_id=100000190056&role_name=ReadOnly&destination=")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d", code)
	}
}

// Without a screen to draw on, pick is a dialogue: for screen readers, and on
// terminals that only print.
func TestPickAccessibly(t *testing.T) {
	t.Parallel()
	env, _ := thousands(t)
	for _, how := range []string{"PORTICO_ACCESSIBLE=1", "TERM=dumb"} {
		s := sit(t, append(env[:len(env):len(env)], how), "pick")
		s.sees("Which profile or role?\nThere are 5000 profiles and roles.\nWords to search for, or Enter for the first 20:")
		s.types("prod admin 002" + enter)
		s.seesLast("Number, other words, or Enter for more:")
		s.types("admin 1000001900" + enter)
		s.ends(0, "6.\npayments-prod-0024-AdministratorAccess")
	}
}
