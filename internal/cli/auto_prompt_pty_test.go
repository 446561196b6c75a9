//go:build unix

package cli_test

import (
	"os"
	"path/filepath"
	"testing"
)

const promptConfig = `[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = us-east-1

[profile asks]
sso_session = corp
region = us-east-1
cli_auto_prompt = on-partial

[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
`

// What is missing is asked for, by variable, profile or flag.
func TestAutoPrompt(t *testing.T) {
	env, home := local(t)
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(promptConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	login := open(t, env, "sso", "login", "--profile", "dev")
	login.expect("Successfully logged into Start URL")
	if code := login.end(); code != 0 {
		t.Fatalf("sso login ended with %d", code)
	}
	roles := []string{"sso", "list-account-roles", "--output", "text", "--no-cli-pager"}
	for name, tt := range map[string]struct {
		variable string
		words    []string
	}{
		"variable":   {"AWS_CLI_AUTO_PROMPT=on-partial", []string{"--profile", "dev"}},
		"capitals":   {"AWS_CLI_AUTO_PROMPT=ON", []string{"--profile", "dev"}},
		"profile":    {"", []string{"--profile", "asks"}},
		"flag":       {"", []string{"--profile", "dev", "--cli-auto-prompt"}},
		"flag above": {"AWS_CLI_AUTO_PROMPT=off", []string{"--profile", "dev", "--cli-auto-prompt"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, append(env[:len(env):len(env)], tt.variable), append(roles[:len(roles):len(roles)], tt.words...)...)
			s.expect("--account-id (string): ")
			s.send(enter)
			s.expect("--account-id is required")
			s.expect("--account-id (string): ")
			s.send("111111111111" + enter)
			s.expect("ROLELIST\t111111111111\tAdministratorAccess")
			if code := s.end(); code != 0 {
				t.Errorf("got exit code %d, want 0; screen:\n%s", code, s.text)
			}
		})
	}

	// Nothing is missing, or nothing is to be asked.
	on := append(env[:len(env):len(env)], "AWS_CLI_AUTO_PROMPT=on")
	s := open(t, on, append(roles[:len(roles):len(roles)], "--profile", "dev", "--account-id", "111111111111")...)
	s.expect("ROLELIST\t111111111111\tAdministratorAccess")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	s = open(t, on, append(roles[:len(roles):len(roles)], "--profile", "dev", "--no-cli-auto-prompt")...)
	s.expect("the following arguments are required: --account-id")
	if code := s.end(); code != 252 {
		t.Errorf("got exit code %d, want 252", code)
	}

	// A family's command is chosen, and then asked for what it lacks.
	s = open(t, on, "sso", "--profile", "dev", "--no-cli-pager", "--output", "text")
	s.expect("Which command of portico sso?")
	s.send("list-account-r")
	s.expect("1 of 5 match")
	s.send(enter)
	s.expect("--account-id (string): ")
	s.send("111111111111" + enter)
	s.expect("ROLELIST\t111111111111\tAdministratorAccess")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d, want 0; screen:\n%s", code, s.text)
	}
	s = open(t, env, "sso", "--profile", "dev")
	s.expect("the following arguments are required: a subcommand of sso")
	if code := s.end(); code != 252 {
		t.Errorf("got exit code %d, want 252", code)
	}

	// A list is typed as on a command line, and judged at once.
	s = open(t, on, "organizations", "tag-resource", "--generate-cli-skeleton", "output")
	s.expect("--resource-id (string): ")
	s.send("123456789012" + enter)
	s.expect("--tags (list): ")
	s.send("Key" + enter)
	s.expect("Error parsing parameter '--tags': Expected: '=', received: 'EOF' for input:")
	s.expect("--tags (list): ")
	s.send("Key=a,Value='b c' Key=d,Value=e" + enter)
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d, want 0; screen:\n%s", code, s.text)
	}

	s = open(t, on, roles...)
	s.expect("--account-id (string): ")
	s.send(ctrlC)
	if code := s.end(); code != 130 {
		t.Errorf("got exit code %d, want 130", code)
	}
}
