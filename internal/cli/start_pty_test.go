//go:build unix

package cli_test

import (
	"regexp"
	"strings"
	"testing"
)

// counts are how many rows there are, which is another number with each command
// that is new.
var counts = regexp.MustCompile(`\d+/\d+`)

// seesStart waits for a screen that begins with these lines, whatever the counts.
func (s *seat) seesStart(want string) {
	s.t.Helper()
	s.waits("it to begin with", want, func(text string) bool { return strings.HasPrefix(counts.ReplaceAllString(text, "N"), want) })
}

const start80 = `portico: AWS IAM Identity Center
>                                                                     N
>   session corp: not signed in
  * payments-prod-0024-ReadOnly              ReadOnly             100000190056
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
────────────────────────────────────────────────────────────────────────────────
Session      corp, not signed in
Start URL    https://d-1234567890.awsapps.com/start
Region       us-east-1





enter actions  esc quit  ^E shell  `

// portico alone: everything there is, on screens of several sizes, and what is done
// with it is a command line that one sees.
func TestStartScreen(t *testing.T) {
	t.Parallel()
	env, _ := thousands(t)
	s := sit(t, env)
	s.seesStart(start80)
	s.resize(200, 60)
	s.waits("it to fill the screen", "", func(text string) bool {
		lines := strings.Split(text, "\n")
		return len(lines) == 60 && strings.HasSuffix(lines[2], "│ Session      corp, not signed in") && strings.HasPrefix(lines[59], "enter actions")
	})
	s.resize(80, 24)
	s.seesStart(start80)

	s.types("prod pay adm 0024" + enter)
	s.seesStart("payments-prod-0024-AdministratorAccess\n>  ")
	s.waits("its actions", "", func(text string) bool {
		return strings.Contains(text, "\n>   shell     portico exec --profile payments-prod-0024-AdministratorAccess\n") &&
			strings.Contains(text, "\n    copy      export AWS_PROFILE=payments-prod-0024-AdministratorAccess\n") &&
			strings.Contains(text, "\n    sign in   portico sso login --sso-session corp\n") &&
			strings.HasSuffix(text, "enter run it  esc go back  tab preview")
	})
	s.types("\x1b")
	s.seesStart(start80[:40])

	s.types("pay prod 0024 billing\x19") // Ctrl-Y
	s.seesStart("portico: AWS IAM Identity Center\nCopied, if the terminal allows it: export AWS_PROFILE=payments-prod-0024-Billing\n>  ")
	// What was used is offered before the rest.
	s.seesStart("portico: AWS IAM Identity Center\nCopied, if the terminal allows it: export AWS_PROFILE=payments-prod-0024-Billing\n>" + strings.Repeat(" ", 69) + "N\n" +
		">   session corp: not signed in\n  * payments-prod-0024-ReadOnly              ReadOnly             100000190056\n" +
		"    payments-prod-0024-Billing               Billing              100000190056\n")

	s.types("session corp" + enter)
	s.waits("the session's actions", "", func(text string) bool {
		return strings.HasPrefix(text, "Session corp\n") && strings.Contains(text, "sign in   portico sso login --sso-session corp\n") && strings.Contains(text, "sign out  portico sso logout --sso-session corp\n")
	})
	s.types("sign out" + enter)
	s.sees("$ portico sso logout --sso-session corp\nThere was no sign-in.\n\nEnter: back to portico  Ctrl-C: leave")
	s.types(enter)
	s.seesStart("portico: AWS IAM Identity Center\nLast: portico sso logout --sso-session corp\n>  ")
	s.types("\x1b")
	s.ends(0, "$ portico sso logout --sso-session corp\nThere was no sign-in.\n\nEnter: back to portico  Ctrl-C: leave")
}

// Ctrl-C ends it anywhere.
func TestStartScreenIsInterrupted(t *testing.T) {
	t.Parallel()
	env, _ := thousands(t)
	for _, keys := range []string{"", "session corp" + enter} {
		s := sit(t, env)
		s.seesStart(start80)
		if s.types(keys); keys != "" {
			s.seesStart("Session corp")
		}
		s.types(ctrlC)
		s.ends(130, "")
		if got := s.screen.Text(); got != "" {
			t.Errorf("left on the screen:\n%s", got)
		}
	}
}

// A shell from the screen leads back to it, and a command that fails is said to
// have.
func TestStartScreenOpensAShell(t *testing.T) {
	t.Parallel()
	env, _, _ := shellHome(t, "bash")
	s := open(t, env)
	s.expect("portico: AWS IAM Identity Center")
	s.send("dev\x05") // Ctrl-E
	s.expect("$ portico exec --profile dev")
	s.expect("(dev) own> ")
	s.send("echo $AWS_ACCESS_KEY_ID; exit\r")
	s.expect("AKIADEV\n")
	s.expect("Last: portico exec --profile dev")
	s.send("dev\x05")
	s.expect("(dev) own> ")
	s.send("exit 3\r")
	s.expect("Enter: back to portico")
	s.send(enter)
	s.expect("Last: portico exec --profile dev (exit code 3)")
	s.send("\x1b")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d", code)
	}
}

// Who has nothing yet is told how to begin; who is signed in already sees their
// roles come, and is signed in on the way where they are not.
func TestStartScreenOfANewcomer(t *testing.T) {
	t.Parallel()
	env, home := local(t)
	env = append(env, "SHELL=/bin/sh", "PS1=own> ")
	s := sit(t, env)
	s.seesStart("Welcome. There is no profile and no sso-session yet: begin with one of these.\n")
	s.waits("how to begin", "", func(text string) bool {
		return strings.Contains(text, "\n>   portico configure sso: ") && strings.Contains(text, "\n    portico demo: ") && strings.Contains(text, "\n    portico help: ")
	})
	s.types(ctrlC)
	s.ends(130, "")

	configured(t, home, session)
	s = sit(t, env)
	s.seesStart("portico: AWS IAM Identity Center\n")
	s.types("session corp" + enter)
	s.seesStart("Session corp")
	s.types(enter)
	s.waits("the sign-in", "", func(text string) bool {
		return strings.HasPrefix(text, "$ portico sso login --sso-session corp\n") && strings.HasSuffix(text, "Enter: back to portico  Ctrl-C: leave")
	})
	s.types(enter)
	s.waits("the roles", "", func(text string) bool {
		return strings.Contains(text, "\nLast: portico sso login --sso-session corp\n") && strings.Contains(text, ">   session corp: signed in") &&
			strings.Contains(text, "    management  AdministratorAccess  999999999999\n")
	})
	s.types("management\x05")
	s.seesLast("(999999999999/AdministratorAccess) own>")
	s.types("exit\r")
	s.seesStart("portico: AWS IAM Identity Center\nLast: portico exec --account-id 999999999999 --role-name AdministratorAccess --…\n")
	s.types("\x1b")
	s.ends(0, "")
}

// Where nobody sits, portico alone prints its help, as it does as the AWS CLI.
func TestNoStartScreen(t *testing.T) {
	t.Parallel()
	env, _ := thousands(t)
	stdout, _, code := outcome(t, program(t, env))
	if code != 0 || !strings.Contains(stdout, "Available") && !strings.Contains(stdout, "Every day:") {
		t.Errorf("got code %d and\n%s", code, stdout)
	}
	for _, args := range [][]string{{"--no-cli-auto-prompt"}, {"--help"}} {
		s := open(t, env, args...)
		s.expect("Every day:")
		s.end()
	}
}
