package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/terminal"
)

// openShell becomes the user's shell, with the credentials in its environment and
// a mark before its prompt.
func (a *App) openShell(ctx context.Context, h *handover) error {
	if !a.terminal().InteractiveIn() {
		return &usageError{Problem: "there is no terminal for a shell to be opened on; give a command after --, as in: exec --profile dev -- terraform plan"}
	}
	path, err := a.userShell()
	if err != nil {
		if a.getenv("SHELL") != "" {
			err = &hintedError{Err: err, Hint: "That is your $SHELL. Set it to a shell that is there, or name one as the command: -- bash"}
		}
		return err
	}
	env, of, err := h.environment(ctx)
	if err != nil {
		return err
	}
	_, whose := of.setup.marker(of.credentials)
	prompt := newPromptMark(whose, of.credentials.Expiration)
	start, err := a.markedShell(path, prompt)
	if err != nil {
		return err
	}
	a.announceShell(of, whose)
	return a.execute(path, append([]string{filepath.Base(path)}, start.args...), with(env, append(start.set, shellVariable+"=exec")))
}

// announceShell says what the shell has, until when, and how to leave it.
func (a *App) announceShell(of handed, whose string) {
	if whose == "" {
		whose = "the environment"
	}
	for _, name := range []string{profileVariable, roleVariable} {
		if outer := a.getenv(name); outer != "" {
			fmt.Fprintf(a.Stderr, "You are in a shell with the credentials of %s already; this one is inside it.\n", terminal.Clean(outer))
		}
	}
	text := "A shell with the credentials of " + terminal.Clean(whose)
	if of.credentials.AccountID != "" {
		text += " (account " + terminal.Clean(of.credentials.AccountID) + ")"
	}
	if region, _ := of.setup.settings.Region(); region != "" {
		text += ", region " + terminal.Clean(region)
	}
	fmt.Fprintln(a.Stderr, text+of.credentials.until()+". To leave it: exit")
}

// userShell is the shell that a person uses.
func (a *App) userShell() (string, error) {
	name := a.getenv("SHELL")
	switch {
	case name != "":
	case runtime.GOOS != "windows":
		name = "/bin/sh"
	case a.inPowerShell():
		if path, err := a.lookPath("pwsh"); err == nil {
			return path, nil
		}
		name = "powershell"
	default:
		name = cmp.Or(a.getenv("COMSPEC"), "cmd")
	}
	path, err := a.command(name)
	if err != nil && runtime.GOOS == "windows" { // Git's $SHELL is no path of Windows
		return a.command(filepath.Base(name))
	}
	return path, err
}

// A promptMark is what stands before a prompt.
type promptMark struct {
	text    string // "(dev) "
	over    string // "(dev, expired) "
	expires int64  // seconds since 1970; 0: never
}

// newPromptMark makes a mark of a name, in which only characters are left that no
// shell expands in a prompt.
func newPromptMark(whose string, expires time.Time) promptMark {
	name := promptText(whose)
	if name == "" {
		name = "portico"
	}
	m := promptMark{text: "(" + name + ") ", over: "(" + name + ", expired) "}
	if !expires.IsZero() {
		m.expires = expires.Unix()
	}
	return m
}

// A shellStart is how a shell is started so that its prompt has the mark.
type shellStart struct{ args, set []string }

// markedShell leaves the user's own files to do what they do and adds the mark
// after them. bash and zsh are given a file for that, which they delete as they
// read it; there is no secret in it.
func (a *App) markedShell(path string, m promptMark) (shellStart, error) {
	switch name := strings.TrimSuffix(strings.ToLower(filepath.Base(path)), ".exe"); name {
	case "bash":
		dir, err := writeStart("bashrc", func(dir string) string { return m.bash(dir) })
		return shellStart{args: []string{"--rcfile", filepath.Join(dir, "bashrc"), "-i"}}, err
	case "zsh":
		own, had := a.Lookup("ZDOTDIR")
		dir, err := writeStart(".zshenv", func(dir string) string { return m.zsh(dir, own, had) })
		return shellStart{args: []string{"-i"}, set: []string{"ZDOTDIR=" + dir}}, err
	case "fish":
		return shellStart{args: []string{"-i", "-C", m.fish()}}, nil
	case "pwsh", "powershell":
		return shellStart{args: []string{"-NoExit", "-Command", m.powershell()}}, nil
	case "cmd":
		return shellStart{set: []string{"PROMPT=" + m.text + cmp.Or(a.getenv("PROMPT"), "$P$G")}}, nil
	case "sh", "dash", "ash", "ksh", "mksh":
		return shellStart{args: []string{"-i"}, set: []string{"PS1=" + m.text + cmp.Or(a.getenv("PS1"), "$ ")}}, nil
	}
	return shellStart{}, nil
}

// writeStart makes a directory that only the user can read, with one file in it.
func writeStart(name string, text func(dir string) string) (dir string, err error) {
	dir, err = os.MkdirTemp("", "portico-shell-")
	if err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, name), []byte(text(dir)), 0o600)
}

// remark is a POSIX function's body that finds the mark for now, in $mark.
func (m promptMark) remark() string {
	if m.expires == 0 {
		return "local mark='" + m.text + "'"
	}
	return fmt.Sprintf("local mark='%s'; [ \"$(date +%%s)\" -lt %d ] || mark='%s'", m.text, m.expires, m.over)
}

// bash runs the user's bashrc, as without --rcfile, and then marks each prompt,
// whoever sets it: after all other prompt commands.
func (m promptMark) bash(dir string) string {
	return `rm -rf -- ` + quoteWord(dir) + `
[ -r ~/.bashrc ] && . ~/.bashrc
_portico_mark() {
	local last=$?; ` + m.remark() + `
	PS1=$mark${PS1#"${_portico_shown-}"} _portico_shown=$mark
	return $last
}
case $(declare -p PROMPT_COMMAND 2>/dev/null) in
"declare -a"*) PROMPT_COMMAND+=(_portico_mark) ;;
*) PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}_portico_mark ;;
esac
`
}

// zsh gives the user's ZDOTDIR back before anything of theirs is read. So its hook
// is the first of all and goes to their end when it has run; what is scheduled runs
// after the hooks of the first prompt, too.
func (m promptMark) zsh(dir, own string, had bool) string {
	restore := "unset ZDOTDIR"
	if had {
		restore = "ZDOTDIR=" + quoteWord(own)
	}
	return `rm -rf -- ` + quoteWord(dir) + `
` + restore + `
[[ -r ${ZDOTDIR:-$HOME}/.zshenv ]] && . ${ZDOTDIR:-$HOME}/.zshenv
_portico_mark() {
	emulate -L zsh
	` + m.remark() + `
	PROMPT=$mark${PROMPT#"$_portico_shown"}
	typeset -g _portico_shown=$mark
	precmd_functions=(${precmd_functions:#_portico_mark} _portico_mark)
}
typeset -g _portico_shown=
precmd_functions+=(_portico_mark)
sched +0 _portico_mark 2>/dev/null
`
}

// fish wraps the prompt that the user's configuration made, which may show the
// status of the last command.
func (m promptMark) fish() string {
	show := "echo -n '" + m.text + "'"
	if m.expires != 0 {
		show = fmt.Sprintf("if test (date +%%s) -lt %d; echo -n '%s'; else; echo -n '%s'; end", m.expires, m.text, m.over)
	}
	return "functions -c fish_prompt _portico_prompt; function fish_prompt; set -l last $status; " + show +
		"; echo \"exit $last\" | source; _portico_prompt; end"
}

func (m promptMark) powershell() string {
	show := "'" + m.text + "'"
	if m.expires != 0 {
		show = fmt.Sprintf("if ([DateTimeOffset]::UtcNow.ToUnixTimeSeconds() -lt %d) { '%s' } else { '%s' }", m.expires, m.text, m.over)
	}
	return "$PorticoPrompt = $function:prompt; function global:prompt { $(" + show + ") + (& $PorticoPrompt) }"
}
