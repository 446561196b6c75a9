//go:build unix

package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/terminal/screen"
)

const startURL = "https://d-1234567890.awsapps.com/start"

// organisation writes a seed in which alice reaches n accounts with some roles.
func organisation(t *testing.T, n int, roles ...string) (path string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "start_url: %s\nregion: us-east-1\nusers: [{name: alice, email: alice@example.com}]\naccounts:\n", startURL)
	for i := range max(1, n) {
		fmt.Fprintf(&b, "  - {id: \"%012d\", name: %s-%02d, email: a%d@example.com}\n", 100000000000+i, []string{"Team", "team"}[i%2], i, i)
	}
	b.WriteString("permission_sets:\n")
	for _, role := range roles {
		fmt.Fprintf(&b, "  - {name: %s}\n", role)
	}
	if n > 0 {
		b.WriteString("assignments:\n")
		for _, role := range roles {
			fmt.Fprintf(&b, "  - {user: alice, permission_set: %s, accounts: [\"*\"]}\n", role)
		}
	}
	path = filepath.Join(t.TempDir(), "org.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func configIs(t *testing.T, home, want string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(home, ".aws", "config"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got config\n%s\nwant\n%s", got, want)
	}
}

// command runs portico to its end, which must be good.
func command(t *testing.T, env []string, args ...string) {
	t.Helper()
	if out, err := program(t, env, args...).CombinedOutput(); err != nil {
		t.Fatalf("portico %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func bold(s screen.Style) bool { return s.Bold }

// A session nobody knows yet: all questions, with their refusals and what Tab
// offers.
func TestWizardNewSession(t *testing.T) {
	env, home := local(t)
	s := sit(t, env, "configure", "sso")
	s.sees("SSO session name (Recommended):")
	s.types("corp" + enter)
	screen := "SSO session name (Recommended): corp\nSSO start URL [None]:"
	s.sees(screen)
	s.types("https://d_1.awsapps.com" + enter)
	screen += " https://d_1.awsapps.com\nNot a valid Start URL\nSSO start URL [None]:"
	s.sees(screen)
	s.types(startURL + "x\x7f" + enter)
	screen += " " + startURL + "\nSSO region [None]:"
	s.sees(screen)
	s.types("  " + enter)
	screen += "\nA value is required\nSSO region [None]:"
	s.sees(screen)
	s.types("us-\t")
	s.sees(screen + " us-\n  us-east-1   us-east-2   us-west-1   us-west-2")
	s.types("\t")
	s.sees(screen + " us-east-1\n> us-east-1   us-east-2   us-west-1   us-west-2")
	s.types(" \t" + enter) // blanks count for nothing
	screen += " us-east-1\nSSO registration scopes [sso:account:access]:"
	s.sees(screen)
	s.types("a b" + enter)
	screen += " a b\nScope values must be separated by commas\nSSO registration scopes [sso:account:access]:"
	s.sees(screen)
	s.types("\t" + enter)
	s.seesLast(`There are 3 AWS accounts available to you.
> dev, aws+dev@example.com (111111111111)
  management, aws@example.com (999999999999)
  prod, aws+prod@example.com (222222222222)`)
	s.types(down + down + up)
	s.seesLast(`There are 3 AWS accounts available to you.
  dev, aws+dev@example.com (111111111111)
> management, aws@example.com (999999999999)
  prod, aws+prod@example.com (222222222222)`)
	s.types(enter)
	screen = `There are 3 AWS accounts available to you.
Using the account ID 999999999999
The only role available to you is: AdministratorAccess
Using the role name "AdministratorAccess"
Default client Region [None]:`
	s.seesLast(screen)
	s.types("eu-west-1" + enter)
	screen += " eu-west-1\nCLI default output format (json if not specified) [None]:"
	s.seesLast(screen)
	s.types("y\t\t")
	s.seesLast(screen + " yaml\n  yaml          yaml-stream")
	s.types(enter)
	screen += " yaml\nProfile name [AdministratorAccess-999999999999]:"
	s.seesLast(screen)
	s.types("mgmt" + enter)
	s.ends(0, screen+` mgmt
To use this profile, specify the profile name using --profile, as shown:

portico sts get-caller-identity --profile mgmt

To run a command with it, or a shell: portico exec --profile mgmt
To make profiles for all your accounts and roles: portico sync`)
	configIs(t, home, `[profile mgmt]
sso_session = corp
sso_account_id = 999999999999
sso_role_name = AdministratorAccess
region = eu-west-1
output = yaml

[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
`)
}

// A session that is configured and signed in to: it is shown while its name is
// typed, and nothing is asked or signed in to again. The profile is chosen
// already.
func TestWizardKnownSession(t *testing.T) {
	env, home := local(t)
	configured(t, home, corp)
	command(t, env, "sso", "login", "--sso-session", "corp")
	s := sit(t, append(env, "AWS_DEFAULT_PROFILE=live"), "configure", "sso")
	s.sees("SSO session name (Recommended):")
	s.types("c\t") // the only one
	s.sees(`SSO session name (Recommended): corp
` + strings.Repeat("─", 80) + `
Configuration for SSO session: corp

{
  "sso_start_url": "https://d-1234567890.awsapps.com/start",
  "sso_region": "us-east-1",
  "sso_registration_scopes": "sso:account:access"
}`)
	if got, want := s.screen.Styled(bold), "Configuration for SSO session: corp"; got != want {
		t.Errorf("in bold: got %q, want %q", got, want)
	}
	s.types("x")
	s.sees("SSO session name (Recommended): corpx")
	s.types("\x7f" + enter)
	screen := "SSO session name (Recommended): corp\nThere are 3 AWS accounts available to you."
	s.sees(screen + `
> dev, aws+dev@example.com (111111111111)
  management, aws@example.com (999999999999)
  prod, aws+prod@example.com (222222222222)`)
	s.types("prod")
	s.sees(screen + "\n  1 of 3 match: prod\n> prod, aws+prod@example.com (222222222222)")
	s.types(enter)
	screen += `
Using the account ID 222222222222
The only role available to you is: AdministratorAccess
Using the role name "AdministratorAccess"
Default client Region [None]:`
	s.sees(screen)
	s.types(enter)
	screen += "\nCLI default output format (json if not specified) [None]:"
	s.sees(screen)
	s.types(enter)
	s.ends(0, screen+`
To use this profile, specify the profile name using --profile, as shown:

portico sts get-caller-identity --profile live

To run a command with it, or a shell: portico exec --profile live
To make profiles for all your accounts and roles: portico sync`)
	configIs(t, home, corp+`
[profile live]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = AdministratorAccess
`)
}

// Nothing for a session's name is the legacy format: a warning, no scopes, and
// the device flow.
func TestWizardLegacy(t *testing.T) {
	env, home := local(t, "--org", organisation(t, 1, "ReadOnly"))
	s := sit(t, env, "configure", "sso", "--profile", "default")
	s.sees("SSO session name (Recommended):")
	s.types(" " + enter)
	const warning = `WARNING: Configuring using legacy format (e.g. without an SSO session).
Consider re-running "configure sso" command and providing a session name.`
	s.sees("SSO session name (Recommended):\n" + warning + "\nSSO start URL [None]:")
	if got, want := s.screen.Styled(bold), strings.ReplaceAll(warning, "\n", ""); got != want {
		t.Errorf("in bold: got %q, want %q", got, want)
	}
	s.types(startURL + enter)
	s.seesLast("SSO region [None]:")
	s.types("us-east-1" + enter)
	screen := `The only AWS account available to you is: 100000000000
Using the account ID 100000000000
The only role available to you is: ReadOnly
Using the role name "ReadOnly"
Default client Region [None]:`
	s.seesLast(screen)
	if text := s.screen.Text(); !strings.Contains(text, "\nThen enter the code:\n") {
		t.Errorf("no device flow on the screen:\n%s", text)
	}
	s.types(enter)
	s.seesLast("CLI default output format (json if not specified) [None]:")
	s.types(enter)
	s.ends(0, screen+`
CLI default output format (json if not specified) [None]:
The AWS CLI is now configured to use the default profile.
Run the following command to verify your configuration:

portico sts get-caller-identity`)
	configIs(t, home, `[default]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_account_id = 100000000000
sso_role_name = ReadOnly
`)
}

// Tab offers what the config knows, in order, also without colour.
func TestWizardCompletions(t *testing.T) {
	home := t.TempDir()
	configured(t, home, "[sso-session zeta]\nsso_start_url = https://z.awsapps.com/start\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access, codewhisperer:completions\n"+
		"[sso-session alpha]\nsso_start_url = https://a.awsapps.com/start\nsso_region = us-east-1\nsso_registration_scopes = codewhisperer:completions\n"+
		"[profile old]\nsso_start_url = https://o.awsapps.com/start\nsso_region = eu-west-1\n")
	s := sit(t, []string{"HOME=" + home, "TERM=xterm-256color", "NO_COLOR=1"}, "configure", "sso-session")
	s.sees("SSO session name:")
	s.types("\t")
	s.sees("SSO session name:\n  alpha   zeta")
	s.types("\t\t")
	s.sees("SSO session name: zeta\n  alpha > zeta")
	s.types("\x15new" + enter)
	screen := "SSO session name: new\nSSO start URL [None]:"
	s.sees(screen)
	s.types("\t")
	s.sees(screen + " https://")
	s.types("\t")
	s.sees(screen + " https://\n  https://a.awsapps.com/start   https://o.awsapps.com/start\n  https://z.awsapps.com/start")
	s.types("o\t" + enter)
	screen += " https://o.awsapps.com/start\nSSO region [None]:"
	s.sees(screen)
	s.types("ca-w\t" + enter)
	screen += " ca-west-1\nSSO registration scopes [sso:account:access]:"
	s.sees(screen)
	s.types("\t")
	s.sees(screen + "\n  sso:account:access\n  codewhisperer:completions  Used in SSO sessions: alpha, zeta")
	s.types("s\t, c\t" + enter)
	s.ends(0, screen+` sso:account:access, codewhisperer:
completions

Completed configuring SSO session: new
Run the following to login and refresh access token for this session:

portico sso login --sso-session new

To sign in and make profiles for all your accounts and roles: portico sync`)
}

// Running it again and taking every default leaves every byte as it was.
func TestWizardAgain(t *testing.T) {
	env, home := local(t, "--org", organisation(t, 1, "ReadOnly"))
	for _, c := range []struct {
		name, config, prompts string
	}{
		{"session", "# mine\r\n[profile dev]\r\nsso_session=corp\r\n# between\r\nsso_account_id=100000000000\r\nsso_role_name = ReadOnly\r\nregion=eu-west-1\r\n  \r\n" +
			"[sso-session corp]\r\nsso_start_url=" + startURL + "\r\nsso_registration_scopes=a,  sso:account:access\r\nsso_region=us-east-1\r\n; tail",
			"SSO session name [corp]:\n…Default client Region [eu-west-1]:\nCLI default output format (json if not specified) [None]:"},
		{"session with legacy keys that agree", "[profile dev]\nsso_session = corp\nsso_region = us-east-1\nsso_account_id = 100000000000\nsso_role_name = ReadOnly\n" +
			"[sso-session corp]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\n",
			"SSO session name [corp]:\n…Default client Region [None]:\nCLI default output format (json if not specified) [None]:"},
		{"legacy", "[profile dev]\nsso_start_url=" + startURL + "\nsso_region=us-east-1\nsso_account_id=100000000000\nsso_role_name=ReadOnly\nregion=eu-west-1\noutput=text\ncolour = blue",
			"SSO session name (Recommended):\n…SSO start URL [" + startURL + "]:\nSSO region [us-east-1]:\n…Default client Region [eu-west-1]:\nCLI default output format (json if not specified) [text]:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			configured(t, home, c.config)
			s := sit(t, env, "configure", "sso", "--profile", "dev")
			for part := range strings.SplitSeq(c.prompts, "…") {
				lines := ""
				for prompt := range strings.Lines(part) {
					lines += prompt
					s.seesLast(strings.TrimSuffix(lines, "\n"))
					s.types(enter)
				}
			}
			last := "portico sts get-caller-identity --profile dev"
			if c.name != "legacy" { // sync is for sessions
				last += "\n\nTo run a command with it, or a shell: portico exec --profile dev\nTo make profiles for all your accounts and roles: portico sync"
			}
			s.ends(0, last)
			configIs(t, home, c.config)
		})
	}
}

// Somebody who reaches nothing is told so, and nothing is written.
func TestWizardNoAccounts(t *testing.T) {
	env, home := local(t, "--org", organisation(t, 0, "ReadOnly"))
	configured(t, home, corp)
	s := sit(t, env, "configure", "sso", "--profile", "dev")
	s.sees("SSO session name [corp]:")
	s.types(enter)
	s.ends(255, `
portico: [ERROR]: No AWS accounts are available to you.

An administrator of your Identity Center has to assign you, or a group of yours,
 a permission set in an account.`)
	configIs(t, home, corp)
}

// Many accounts: in order whatever the case, with arrows that go round, a
// filter, and a terminal that changes its size.
func TestWizardManyAccounts(t *testing.T) {
	env, home := local(t, "--org", organisation(t, 30, "beta", "Alpha"))
	configured(t, home, corp)
	command(t, env, "sso", "login", "--sso-session", "corp")
	s := sit(t, env, "configure", "sso", "--profile", "dev")
	s.sees("SSO session name [corp]:")
	s.types(enter)
	const before = "SSO session name [corp]:\nThere are 30 AWS accounts available to you."
	row := func(mark string, i, width int) string {
		line := fmt.Sprintf("%s %s-%02d, a%d@example.com (%012d)", mark, []string{"Team", "team"}[i%2], i, i, 100000000000+i)
		if len(line) > width {
			line = line[:width-1] + "…"
		}
		return "\n" + line
	}
	rows := func(from, to, current, width int) string {
		var b strings.Builder
		for i := from; i <= to; i++ {
			b.WriteString(row(map[bool]string{true: ">", false: " "}[i == current], i, width))
		}
		return b.String()
	}
	s.sees(before + "\n  1 of 30, type to filter" + rows(0, 9, 0, 80))
	s.types(up)
	s.sees(before + "\n  30 of 30, type to filter" + rows(20, 29, 29, 80))
	s.types(up)
	s.sees(before + "\n  29 of 30, type to filter" + rows(20, 29, 28, 80))
	s.types(down + down)
	s.sees(before + "\n  1 of 30, type to filter" + rows(0, 9, 0, 80))
	s.types("team-1")
	s.sees(before + "\n  30 of 30 match: team-1" + rows(10, 19, 10, 80))
	s.types(down)
	s.sees(before + "\n  30 of 30 match: team-1" + rows(10, 19, 11, 80))
	s.resize(30, 8)
	s.waits("the menu to fit", rows(10, 14, 11, 30), func(text string) bool { return strings.Contains(text, rows(10, 14, 11, 30)) })
	s.resize(80, 24)
	s.seesLast("  30 of 30 match: team-1" + rows(10, 19, 11, 80))
	s.types(enter)
	s.seesLast("Using the account ID 100000000011\nThere are 2 roles available to you.\n> Alpha\n  beta")
	s.types(up + enter)
	s.seesLast("Using the account ID 100000000011\nThere are 2 roles available to you.\nUsing the role name \"beta\"\nDefault client Region [eu-west-1]:")
	s.types(enter)
	s.seesLast("CLI default output format (json if not specified) [None]:")
	s.types(enter)
	s.ends(0, "portico sts get-caller-identity --profile dev\n\nTo run a command with it, or a shell: portico exec --profile dev\nTo make profiles for all your accounts and roles: portico sync")
	configIs(t, home, strings.NewReplacer("111111111111", "100000000011", "AdministratorAccess", "beta").Replace(corp))
}

// When the service does not let one list, the rest is configured, and no profile
// is left with an account and no role.
func TestWizardUnauthorized(t *testing.T) {
	const skipped = "Unable to list AWS accounts and/or roles. Skipping configuring AWS credential pr\novider for profile."
	for _, c := range []struct{ op, shown string }{
		{"ListAccounts", ""},
		{"ListAccountRoles", "The only AWS account available to you is: 100000000000\nUsing the account ID 100000000000\n"},
	} {
		t.Run(c.op, func(t *testing.T) {
			env, home := local(t, "--org", organisation(t, 1, "ReadOnly"))
			command(t, env, "local", "fault", "add", "--op", c.op, "--error", "UnauthorizedException")
			half := "[profile half]\nsso_account_id = 100000000000\n"
			configured(t, home, half)
			s := sit(t, env, "configure", "sso")
			s.sees("SSO session name (Recommended):")
			s.types("corp" + enter)
			s.seesLast("SSO start URL [None]:")
			s.types(startURL + enter)
			s.seesLast("SSO region [None]:")
			s.types("us-east-1" + enter)
			s.seesLast("SSO registration scopes [sso:account:access]:")
			s.types(enter)
			s.seesLast(c.shown + skipped + "\nDefault client Region [None]:")
			s.types("eu-west-1" + enter)
			s.seesLast("CLI default output format (json if not specified) [None]:")
			s.types(enter)
			s.seesLast("Profile name [None]:")
			s.types(enter)
			s.seesLast("Profile name [None]:\nA value is required\nProfile name [None]:")
			s.types("half" + enter)
			s.ends(0, "Successfully configured SSO for profile: half")
			configIs(t, home, `[profile half]
sso_session = corp
region = eu-west-1

[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
`)
		})
	}
}

// A company's own start URL is asked where it leads. What it answers makes the
// question about the region superfluous, or not.
func TestWizardVanity(t *testing.T) {
	env, home := local(t, "--tls", "--org", organisation(t, 1, "ReadOnly"))
	host := ""
	for _, v := range env {
		if address, ok := strings.CutPrefix(v, "AWS_ENDPOINT_URL="); ok {
			host = strings.Replace(address, "127.0.0.1", "localhost", 1)
		}
	}
	for _, c := range []struct {
		name, path string
		asked      string
		scopes     string // what comes next
	}{
		{"resolves", "/vanity", "", ""},
		{"no region in the name", "/vanity/regionless", "SSO region [None]:", ""},
		{"fails", "/vanity/nothing", "portico: [WARNING]: Failed to resolve start URL: HTTP 404\nSSO region [None]:", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			configured(t, home, "")
			s := sit(t, env, "configure", "sso-session")
			s.sees("SSO session name:")
			s.types("corp" + enter)
			screen := "SSO session name: corp\nSSO start URL [None]:"
			s.sees(screen)
			s.types(host + c.path + enter)
			screen += " " + host + c.path
			if c.asked != "" {
				screen += "\n" + c.asked
				s.sees(screen)
				s.types("us-east-1" + enter)
				screen += " us-east-1"
			}
			screen += "\nSSO registration scopes [sso:account:access]:"
			s.sees(screen)
			s.types(enter)
			s.ends(0, screen+`

Completed configuring SSO session: corp
Run the following to login and refresh access token for this session:

portico sso login --sso-session corp

To sign in and make profiles for all your accounts and roles: portico sync`)
			configIs(t, home, "[sso-session corp]\nsso_start_url = "+host+c.path+"\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n")
		})
	}

	t.Run("a session that has one", func(t *testing.T) {
		session := "[sso-session corp]\nsso_start_url = " + host + "/vanity\nsso_region = %s\n"
		configured(t, home, fmt.Sprintf(session, "eu-west-1"))
		s := sit(t, env, "configure", "sso", "--profile", "dev")
		s.sees("SSO session name (Recommended):")
		s.types("corp" + enter)
		s.seesLast("Using the role name \"ReadOnly\"\nDefault client Region [None]:")
		s.types(enter)
		s.seesLast("CLI default output format (json if not specified) [None]:")
		s.types(enter)
		s.ends(0, "portico sts get-caller-identity --profile dev\n\nTo run a command with it, or a shell: portico exec --profile dev\nTo make profiles for all your accounts and roles: portico sync")
		configIs(t, home, fmt.Sprintf(session, "us-east-1")+"\n[profile dev]\nsso_session = corp\nsso_account_id = 100000000000\nsso_role_name = ReadOnly\n")
	})
}

// Ctrl-C and Ctrl-D end the wizard at every prompt with the AWS CLI's codes, and
// nothing is written.
func TestWizardInterrupted(t *testing.T) {
	t.Parallel()
	env, home := local(t, "--org", organisation(t, 2, "Alpha", "beta"))
	steps := []struct{ prompt, keys string }{
		{"SSO session name (Recommended):", "corp" + enter},
		{"SSO start URL [None]:", startURL + enter},
		{"SSO region [None]:", "us-east-1" + enter},
		{"SSO registration scopes [sso:account:access]:", enter},
		{"  team-01, a1@example.com (100000000001)", enter},
		{"  beta", enter},
		{"Default client Region [None]:", enter},
		{"CLI default output format (json if not specified) [None]:", enter},
		{"Profile name [Alpha-100000000000]:", ""},
	}
	for i, at := range steps {
		for key, code := range map[string]int{ctrlC: 130, ctrlD: 255, "half a li" + ctrlC: 130} {
			if strings.HasPrefix(at.prompt, "  ") && len(key) > 1 {
				continue // that filters the menu, which is tested there
			}
			t.Run(fmt.Sprintf("%s %q", strings.TrimSpace(at.prompt), key), func(t *testing.T) {
				s := sit(t, env, "configure", "sso")
				for _, step := range steps[:i] {
					s.seesLast(step.prompt)
					s.types(step.keys)
				}
				s.seesLast(at.prompt)
				s.types(key)
				last := ""
				if code == 255 {
					last = "\nportico: [ERROR]:\n\nThe input ended before every question was answered; each has a flag: see --help."
				}
				s.ends(code, last)
				if s.screen.Style != (screen.Style{}) || s.screen.X != 0 || !s.screen.Modes["25"] || s.screen.Kitty != 0 {
					t.Errorf("the terminal is left in a state: %+v, column %d", s.screen.Style, s.screen.X)
				}
				configIs(t, home, "")
			})
		}
	}
}
