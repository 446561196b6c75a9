//go:build unix

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// static is a profile that needs nobody to sign in.
const static = "[profile dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = of-dev\nregion = eu-west-1\n" +
	"[profile \"$(touch pwned) `x`\"]\naws_access_key_id = AKIAHOSTILE\naws_secret_access_key = of-hostile\n"

// shellHome is a home with shell files of its own and an environment for it.
func shellHome(t *testing.T, shell string) (env []string, home, temporary string) {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		absent(t, shell)
	}
	home, temporary = t.TempDir(), t.TempDir()
	configured(t, home, static)
	for name, text := range map[string]string{
		".bashrc":                  "PS1='own> '; mine() { echo my own bash; }; PROMPT_COMMAND='PS1=\"own> \"'\n",
		".zshenv":                  "ZDOTDIR=$HOME/zsh\n",
		"zsh/.zshrc":               "PROMPT='own> '; mine() { echo my own zsh $ZDOTDIR; }; unsetopt zle; add() { PROMPT='own> '; }; precmd_functions+=(add)\n",
		".config/fish/config.fish": "function fish_prompt; echo -n \"own $status> \"; end; function mine; echo my own fish; end; function fish_greeting; end\n",
	} {
		name = filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Without it fish reads all manual pages at its first start, which takes a minute
	// and holds the terminal.
	if err := os.MkdirAll(filepath.Join(home, ".local", "share", "fish", "generated_completions"), 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "TMPDIR=" + temporary, "SHELL=" + path, "LC_ALL=C.UTF-8", "PS1=own> "}, home, temporary
}

// The user's shell, with what their own files make of it, the credentials, a mark
// before the prompt, and no file left.
func TestExecOpensTheShell(t *testing.T) {
	for _, c := range []struct{ shell, prompt, own string }{
		{"bash", "(dev) own> ", "my own bash"},
		{"zsh", "(dev) own> ", "my own zsh"},
		{"fish", "(dev) own 0> ", "my own fish"},
		{"dash", "(dev) own> ", ""},
	} {
		t.Run(c.shell, func(t *testing.T) {
			t.Parallel()
			env, _, temporary := shellHome(t, c.shell)
			s := open(t, append(env, "AWS_SESSION_TOKEN=left-over", "AWS_PROFILE=left-over"), "exec", "--profile", "dev")
			s.expect("A shell with the credentials of dev, region eu-west-1. To leave it: exit")
			s.expect(c.prompt) // the first one, too
			s.send("echo \"$AWS_ACCESS_KEY_ID:$AWS_REGION:$PORTICO_PROFILE:$AWS_SESSION_TOKEN$AWS_PROFILE:\"\r")
			s.expect("AKIADEV:eu-west-1:dev::")
			s.expect(c.prompt)
			if c.own != "" {
				s.send("mine\r")
				s.expect(c.own)
				s.expect(c.prompt)
			}
			if c.shell == "fish" { // whose prompts show the status
				s.send("false\r")
				s.expect("(dev) own 1> ")
			}
			if left, err := filepath.Glob(filepath.Join(temporary, "portico-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
			s.send("exit 7\r")
			if code := s.end(); code != 7 {
				t.Errorf("got exit code %d, want the shell's", code)
			}
		})
	}
}

// A $SHELL that is gone is named as what it is, with the way out.
func TestExecWithoutTheShell(t *testing.T) {
	t.Parallel()
	env, _, _ := shellHome(t, "bash")
	s := open(t, append(env, "SHELL=/gone/bash"), "exec", "--profile", "$(touch pwned) `x`")
	s.expect("[ERROR]: /gone/bash: no such file or directory")
	s.expect("That is your $SHELL. Set it to a shell that is there, or name one as the command: -- bash")
	if code := s.end(); code != 127 {
		t.Errorf("got exit code %d, want 127", code)
	}
}

// A shell within a shell says so, and what a prompt would expand does not get there.
func TestExecOpensAShellInAShell(t *testing.T) {
	t.Parallel()
	env, home, _ := shellHome(t, "bash")
	s := open(t, append(env, "PORTICO_PROFILE=prod"), "exec", "--profile", "$(touch pwned) `x`")
	s.expect("You are in a shell with the credentials of prod already; this one is inside it.")
	s.expect("(??touch pwned? ?x?) own> ")
	s.send("cd; exit\r")
	s.end()
	for _, dir := range []string{home, "."} {
		if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
			t.Error("the profile's name was run")
		}
	}
}

// The prompt says when the credentials have expired.
func TestPromptOfExpiredCredentials(t *testing.T) {
	for shell, prompt := range map[string]string{"bash": "(portico, expired) own> ", "zsh": "(portico, expired) own> ", "fish": "(portico, expired) own 0> "} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			env, _, _ := shellHome(t, shell)
			s := open(t, append(env, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_CREDENTIAL_EXPIRATION=2026-01-01T00:00:00Z"), "exec")
			s.expect("A shell with the credentials of the environment, until ")
			s.send("echo $AWS_ACCESS_KEY_ID\r")
			s.expect(prompt)
			s.send("exit\r")
			s.end()
		})
	}
}

// Who sees the variables on their screen is told what to do with them; it is what
// their shell would take.
func TestEnvOnATerminal(t *testing.T) {
	t.Parallel()
	env, _, _ := shellHome(t, "bash")
	for _, c := range []struct{ shell, hint string }{
		{"/bin/zsh", `portico: to set these in your shell: eval "$(portico env --profile dev)"`},
		{"/usr/bin/fish", "portico: to set these in your shell: portico env --profile dev | source"},
	} {
		s := open(t, append(env, "SHELL="+c.shell), "env", "--profile", "dev")
		s.expect("AKIADEV")
		s.expect(c.hint)
		if code := s.end(); code != 0 {
			t.Errorf("got exit code %d", code)
		}
	}
}

// Who types exec at a terminal is signed in first. A script at the same terminal
// fails, as it would anywhere.
func TestExecSignsInForAPerson(t *testing.T) {
	env, home := local(t)
	configured(t, home, corp)
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nportico exec --profile dev -- echo it ran\necho code $?\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, env, "exec", "--profile", "dev", "--", "echo", "it ran")
	s.expect("Nobody is signed in to corp, so this signs in first.")
	s.expect("it ran")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d\n%s", code, s.text)
	}
	if _, stderr, code := outcome(t, program(t, env, "sso", "logout")); code != 0 {
		t.Fatal(stderr)
	}
	s = open(t, append(env, "PATH="+filepath.Dir(path)+":"+os.Getenv("PATH")), "local", "run", "--keep-home", "--", script)
	s.expect("Sign in with: portico sso login --sso-session corp")
	s.expect("code 255")
	if s.end(); strings.Contains(s.text, "it ran") {
		t.Error("the script's command ran")
	}
}
