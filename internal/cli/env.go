package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// envFormats are the dialects of env, by the names of their shells.
var envFormats = map[string]string{
	"sh": "env", "bash": "env", "zsh": "env", "fish": "fish", "powershell": "powershell", "cmd": "windows-cmd", "dotenv": "dotenv",
}

// envShells are their names.
var envShells = []string{"sh", "bash", "zsh", "fish", "powershell", "cmd", "dotenv"}

func newEnv(a *App, g *globals) *cobra.Command {
	var format string
	var unset bool
	h := &handover{app: a, globals: g}
	c := &cobra.Command{
		Use:     "env",
		Short:   "Print a profile's credentials as variables for your shell",
		GroupID: groupCredentials,
		Long: `Prints lines that set a profile's credentials and region in the shell that
evaluates them, and remove what of AWS could get in their way. Values are written
so that the lines can do nothing but set the variables. --unset prints what takes
it all out again.

The format is that of the shell it is called from; where that cannot be told, of
$SHELL. It is one of

  sh, bash, zsh  export NAME=value, for eval
  fish           set -gx NAME "value", for source
  powershell     $Env:NAME="value", for Invoke-Expression
  cmd            set NAME=value
  dotenv         NAME=value, for .env files and docker run --env-file

Keys in a shell are not renewed. Prefer exec, or a credential_process, for what
runs longer than an hour.`,
		Example: `  eval "$(portico env --profile dev)"
  portico env --profile dev | source
  portico env --profile dev --format powershell | Out-String | Invoke-Expression
  portico env --profile dev --format dotenv > .env
  eval "$(portico env --unset)"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format == "" {
				format = a.shellFormat()
			}
			e := &envCommand{App: a, Handover: h, Format: format, Dialect: dialects[envFormats[format]]}
			if unset {
				return e.unset()
			}
			return e.run(cmd.Context())
		},
	}
	choiceFlag(c.Flags(), &format, "format", envShells, "how: sh, bash, zsh, fish, powershell, cmd or dotenv")
	c.Flags().BoolVar(&unset, "unset", false, "print what removes the variables again")
	h.addRole(c)
	h.addLogin(c)
	return c
}

type envCommand struct {
	App      *App
	Handover *handover
	Format   string
	Dialect  dialect
}

func (e *envCommand) run(ctx context.Context) error {
	s, c, err := e.Handover.credentials(ctx)
	if err != nil {
		return err
	}
	e.App.used(e.Handover.globals)
	variables := s.variables(c)
	if e.Format == "dotenv" {
		// Only programs read it.
		variables = slices.DeleteFunc(variables, func(kv [2]string) bool { return kv[0] == profileVariable || kv[0] == roleVariable })
	}
	var lines strings.Builder
	if err := writeVariables(&lines, variables, e.Dialect); err != nil {
		return err
	}
	if e.Dialect.unset != nil {
		e.remove(&lines, func(name string) bool {
			_, there := e.App.Lookup(name)
			return there && !slices.ContainsFunc(variables, func(kv [2]string) bool { return kv[0] == name })
		})
	}
	if _, err := fmt.Fprint(e.App.Stdout, lines.String()); err != nil {
		return err
	}
	if e.App.terminal().InteractiveOut() {
		fmt.Fprintf(e.App.Stderr, "%s: to set these in your shell: %s\n", e.App.Name, e.evaluated())
	}
	return nil
}

// unset takes no configuration and no sign-in: it prints what removes all that run
// may have set, and whatever else is there that would compete with it.
func (e *envCommand) unset() error {
	if e.Dialect.unset == nil {
		return &usageError{Problem: "argument --unset: a " + e.Format + " file cannot remove variables; delete the file"}
	}
	var lines strings.Builder
	own := append([]string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID",
		profileVariable, roleVariable}, regionVariables...)
	for _, name := range own {
		fmt.Fprintln(&lines, e.Dialect.unset(name))
	}
	e.remove(&lines, func(name string) bool {
		_, there := e.App.Lookup(name)
		return there && !slices.Contains(own, name)
	})
	_, err := fmt.Fprint(e.App.Stdout, lines.String())
	return err
}

// remove writes what removes those of the competing variables that match.
func (e *envCommand) remove(lines *strings.Builder, match func(name string) bool) {
	for _, name := range stale {
		if match(name) {
			fmt.Fprintln(lines, e.Dialect.unset(name))
		}
	}
}

// evaluated is the command line that lets a shell evaluate this one.
func (e *envCommand) evaluated() string {
	command := e.App.Name + " env"
	if p := e.Handover.globals.Profile; p != "" {
		command += " --profile " + quoteWord(p)
	}
	switch e.Format {
	case "fish":
		return command + " | source"
	case "powershell":
		return command + " | Out-String | Invoke-Expression"
	case "cmd":
		return `for /f "delims=" %i in ('` + command + `') do @%i`
	case "dotenv":
		return command + " --format dotenv > .env"
	}
	return `eval "$(` + command + `)"`
}

// shellFormat finds out which shell is going to evaluate what is printed: the
// parent process where the system tells it, PowerShell by a variable of its own,
// or $SHELL.
func (a *App) shellFormat() string {
	for _, name := range []string{a.parent(), a.getenv("SHELL")} {
		if format := formatOf(name); format != "" {
			return format
		}
	}
	switch {
	case runtime.GOOS != "windows":
		return "sh"
	case a.inPowerShell():
		return "powershell"
	}
	return "cmd"
}

// formatOf is the format for a shell's program, or "".
func formatOf(path string) string {
	name := strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(filepath.Base(path)), ".exe"), "-")
	switch name {
	case "pwsh":
		return "powershell"
	case "dash", "ash", "ksh", "mksh", "busybox":
		return "sh"
	}
	if _, ok := envFormats[name]; ok && name != "dotenv" {
		return name
	}
	return ""
}

// parent is the program that started this one, where /proc tells it.
func (a *App) parent() string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", os.Getppid()))
	if err != nil {
		return ""
	}
	return path
}

// inPowerShell tells PowerShell by the modules of the user, which it adds to those
// of the machine that every process knows.
func (a *App) inPowerShell() bool {
	return slices.ContainsFunc(filepath.SplitList(a.getenv("PSModulePath")), func(dir string) bool {
		return a.Home != "" && strings.HasPrefix(strings.ToLower(dir), strings.ToLower(a.Home))
	})
}
