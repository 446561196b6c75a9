//go:build unix

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// hostile is a name that no shell may evaluate.
const hostile = "$(touch pwned) `touch pwned`;touch pwned"

// hooked are profiles, in an order that no test depends on.
const hooked = "[profile dev]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n" +
	"[profile acme-prod]\nregion = eu-west-1\n[profile 'with blank']\nregion = eu-west-1\n[profile \"" + hostile + "\"]\nregion = eu-west-1\n" +
	"[profile static]\naws_access_key_id = AKIASTATIC\naws_secret_access_key = of-static\n" +
	"[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n"

// hookedShell is a home in which each shell has portico's hook.
func hookedShell(t *testing.T, shell string) (env []string, path string) {
	t.Helper()
	env, home, _ := shellHome(t, shell)
	configured(t, home, hooked)
	for name, text := range map[string]string{
		".bashrc":                  "PS1='own> '\neval \"$(portico shell-init bash --prompt)\"\n",
		"zsh/.zshrc":               "PROMPT='own> '\nautoload -Uz compinit; compinit -u\neval \"$(portico shell-init zsh --prompt)\"\n",
		".config/fish/config.fish": "function fish_prompt; echo -n \"own> \"; end; function fish_greeting; end\nportico shell-init fish --prompt | source\n",
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Fatal(err)
	}
	return env, path
}

// unharmed fails when a name was evaluated.
func unharmed(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
			t.Errorf("a name was evaluated in %s", dir)
		}
	}
}

// What use does to a shell, line by line. The shells differ in words alone.
func TestUseInAShell(t *testing.T) {
	words := map[string]*strings.Replacer{
		"bash": strings.NewReplacer("@hook", `eval "$(portico shell-init bash)"`, "@export ", "export ", "@code", "$?"),
		"zsh":  strings.NewReplacer("@hook", `eval "$(portico shell-init zsh)"`, "@export ", "export ", "@code", "$?"),
		"fish": strings.NewReplacer("@hook", "portico shell-init fish | source", "@export AWS_ACCESS_KEY_ID=", "set -gx AWS_ACCESS_KEY_ID ", "@export AWS_DEFAULT_PROFILE=", "set -gx AWS_DEFAULT_PROFILE ", "@code", "$status"),
	}
	script := `@hook
echo "1 <$AWS_PROFILE>"
portico use dev; echo "2 <$AWS_PROFILE> @code"
portico use acme-prod; echo "3 <$AWS_PROFILE>"
portico use -; echo "4 <$AWS_PROFILE>"
portico use '` + hostile + `'; echo "5 <$AWS_PROFILE>"
portico use "with blank"; echo "6 <$AWS_PROFILE>"
@export AWS_ACCESS_KEY_ID=stale
@export AWS_DEFAULT_PROFILE=stale
portico use devv; echo "7 <$AWS_PROFILE> <$AWS_ACCESS_KEY_ID> @code"
portico use dev; echo "8 <$AWS_PROFILE> <$AWS_ACCESS_KEY_ID$AWS_DEFAULT_PROFILE>"
portico use --help | head -n 1
portico use --unset; echo "9 <$AWS_PROFILE>"
portico configure list-profiles | head -n 1
`
	const want = `1 <>
2 <dev> 0
3 <acme-prod>
4 <dev>
5 <` + hostile + `>
6 <with blank>
7 <with blank> <stale> 255
8 <dev> <>
Sets AWS_PROFILE in the shell that it is typed in, for portico, the AWS CLI and all
9 <>
dev
`
	for shell, replace := range words {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			env, path := hookedShell(t, shell)
			cmd := exec.CommandContext(t.Context(), path, "-c", replace.Replace(script))
			if shell != "fish" { // whose config.fish has the hook anyway
				cmd.Args = append([]string{path, "-u"}, cmd.Args[1:]...)
				cmd.Args[3] = strings.ReplaceAll(strings.ReplaceAll(cmd.Args[3], "$AWS_PROFILE", "${AWS_PROFILE-}"), "$AWS_ACCESS_KEY_ID", "${AWS_ACCESS_KEY_ID-}")
				cmd.Args[3] = strings.ReplaceAll(cmd.Args[3], "$AWS_DEFAULT_PROFILE", "${AWS_DEFAULT_PROFILE-}")
			}
			cmd.Dir, cmd.Env = t.TempDir(), append(env, atOnce)
			var said strings.Builder
			cmd.Stderr = &said
			out, err := cmd.Output()
			if err != nil || string(out) != want {
				t.Errorf("got %v and\n%s\nwant\n%s\nstderr:\n%s", err, out, want, said.String())
			}
			for _, part := range []string{
				"This shell uses dev, account 111111111111, ReadOnly, eu-west-1.",
				"Did you mean dev?",
				"Removed from it, as they would be used in place of the profile: AWS_ACCESS_KEY_ID, AWS_DEFAULT_PROFILE",
				"This shell uses no profile.",
			} {
				if !strings.Contains(said.String(), part) {
					t.Errorf("stderr does not say %q:\n%s", part, said.String())
				}
			}
			unharmed(t, cmd.Dir)
		})
	}
}

// A choice for all shells reaches those that are open at their next prompt, and
// those to come; what is chosen in one stays there until the next.
func TestUseInAllShells(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			env, path := hookedShell(t, shell)
			one, two := onTerminal(t, env, path, "-i"), onTerminal(t, env, path, "-i")
			two.expect("own> ")
			one.expect("own> ")
			one.send("portico use dev --global\r")
			one.expect("Every shell that has portico's hook uses, from its next prompt on, dev,")
			one.expect("111111111111/ReadOnly signed out own> ")
			two.send("\r")
			two.expect("portico: this shell uses dev now")
			two.expect("111111111111/ReadOnly signed out own> ")
			two.send("portico use acme-prod\r")
			two.expect("This shell uses acme-prod")
			two.expect("acme-prod own> ")
			two.send("echo \"<$AWS_PROFILE>\"\r")
			two.expect("<acme-prod>")
			two.expect("acme-prod own> ")

			three := onTerminal(t, env, path, "-i")
			three.expect("111111111111/ReadOnly signed out own> ")
			named := onTerminal(t, append(env, "AWS_PROFILE=with blank"), path, "-i")
			named.expect("with blank own> ") // whoever started it chose

			one.send("portico use '" + hostile + "' --global\r")
			one.expect("from its next prompt on, ")
			one.expect("?touch pwned own> ")
			two.send("\r")
			two.expect("portico: this shell uses $(touch pwned)")
			two.expect("?touch pwned own> ")
			two.send("portico use --unset --global\r")
			two.expect("no profile")
			one.send("\r")
			one.expect("portico: this shell uses no profile now")
			one.send("echo \"<$AWS_PROFILE>\"\r")
			one.expect("<>")
			one.send("portico use dev; portico use --follow; echo \"<$AWS_PROFILE>\"\r")
			one.expect("<>")
			unharmed(t, ".")
			for _, s := range []*transcript{one, two, three, named} {
				s.send("exit\r")
				s.end()
			}
		})
	}
}

// Tab completes profiles, and nothing that comes of it is run.
func TestTabCompletesProfiles(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			env, path := hookedShell(t, shell)
			s := onTerminal(t, env, path, "-i")
			s.expect("own> ")
			s.send("portico use acm\t\r")
			s.expect("This shell uses acme-prod")
			s.expect("acme-prod own> ")
			s.send("portico use wi\t\r")
			s.expect("This shell uses with blank")
			s.expect("with blank own> ")
			s.send("portico prompt --profile d\t --format '{profile} {profile}'\r")
			s.expect("dev dev")
			s.send("portico env --sso-session co\t --help\r")
			s.expect("Prints lines that set a profile's credentials")
			s.send("exit\r")
			s.end()
			unharmed(t, ".")
		})
	}
}

// On a terminal undo asks, and a no changes nothing.
func TestUndoAsks(t *testing.T) {
	t.Parallel()
	env, home, _ := shellHome(t, "bash")
	set := program(t, env, "configure", "set", "region", "us-east-2", "--profile", "dev")
	if out, err := set.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	region := func() bool {
		data, err := os.ReadFile(filepath.Join(home, ".aws", "config"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(data), "us-east-2")
	}
	for _, c := range []struct {
		answer string
		left   bool
		code   int
	}{{"n", true, 1}, {"y", false, 0}} {
		s := open(t, env, "undo")
		s.expect("Taking back what portico configure set changed at ")
		s.expect("-region = us-east-2")
		s.expect("+region = eu-west-1")
		s.expect("Take it back? [y/N]: ")
		s.send(c.answer + "\r")
		if code := s.end(); code != c.code || region() != c.left {
			t.Errorf("after %s: got code %d, and the change is there: %t", c.answer, code, region())
		}
	}
}

// A shell that exec opens has exec's mark before the prompt and not both, and its keys
// stay whatever is chosen for all shells.
func TestHookInAShellOfExec(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			env, path := hookedShell(t, shell)
			s := onTerminal(t, env, path, "-i")
			s.expect("own> ")
			s.send("portico use dev --global\r")
			s.expect("signed out own> ")
			s.send("portico exec --profile static\r")
			s.expect("To leave it: exit")
			s.expect("(static) own> ")
			if strings.Contains(s.text, "signed out") {
				t.Errorf("the prompt has two marks: %q", s.text)
			}
			s.send("portico use acme-prod\r")
			s.expect("This shell was opened for the credentials it has, and keeps them.")
			s.send("portico use acme-prod --global\r")
			s.expect("This one was opened for the credentials it has, and keeps them.")
			s.send("echo \"<$AWS_ACCESS_KEY_ID$AWS_PROFILE>\"\r")
			s.expect("<AKIASTATIC>")
			s.expect("(static) own> ")
			s.send("exit\r")
			s.expect("this shell uses acme-prod now")
			s.send("exit\r")
			s.end()
		})
	}
}
