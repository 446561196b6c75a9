package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/terminal"
)

// What the shells' hooks and "use" tell each other by.
const (
	hookVariable     = "PORTICO_HOOK"             // the shell whose hook evaluates what use prints
	previousVariable = "PORTICO_PREVIOUS_PROFILE" // what "use -" goes back to; empty: no profile
	globalVariable   = "PORTICO_GLOBAL"           // the stamp of the last choice for all shells that this one saw
)

// hookMark is the first line of what a hook evaluates. Anything else it prints.
const hookMark = "# portico use"

func newUse(a *App, g *globals) *cobra.Command {
	u := &use{App: a, Globals: g}
	c := &cobra.Command{
		Use:     "use [PROFILE | -]",
		Short:   "Choose the profile of this shell, or of all",
		GroupID: groupEveryday,
		Long: `Sets AWS_PROFILE in the shell that it is typed in, for portico, the AWS CLI and all
else that reads it. That takes portico's hook in the shell (see shell-init); without
it, use says how to install it. "use -" goes back to the profile before. On a
terminal, without a name, it asks which.

Keys in the shell's environment would be used in place of the profile. They are
removed from it, and use says so.

With --global every shell that has the hook switches, at its next prompt, and new
ones begin with that profile. A shell in which another is chosen keeps that until
the next --global, or until --follow. Shells that hold keys, such as those that exec
opens, are left alone.

For one command alone there is exec: portico exec --profile dev -- COMMAND.`,
		Example: `  portico use dev
  portico use -
  portico use
  portico use prod --global
  portico use --follow
  portico use --unset`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{Problem: "Unknown options: " + strings.Join(args[1:], " ") + " (a name with blanks needs quotes)"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return u.run(cmd.Context(), append(args, "")[0]) },
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeProfiles(cmd, args, word)
		},
	}
	c.Flags().BoolVar(&u.Global, "global", false, "in every open shell that has the hook, and in new ones")
	c.Flags().BoolVar(&u.Unset, "unset", false, "choose no profile")
	c.Flags().BoolVar(&u.Follow, "follow", false, "go by what was chosen last with --global")
	return c
}

type use struct {
	App                   *App
	Globals               *globals
	Global, Unset, Follow bool
}

func (u *use) run(ctx context.Context, name string) error {
	a := u.App
	name = cmp.Or(name, u.Globals.Profile)
	switch {
	case u.Unset && u.Follow, u.Global && u.Follow:
		return &usageError{Problem: "argument --follow: not allowed with arguments --global and --unset"}
	case name != "" && (u.Unset || u.Follow):
		return &usageError{Problem: "a profile: not allowed with arguments --unset and --follow"}
	}
	config, err := a.files().Load()
	if err != nil {
		return err
	}
	stamp, chosen, err := u.which(ctx, name)
	if err != nil {
		return err
	}
	if chosen != "" {
		flags := awsconfig.Flags{Profile: chosen}
		if _, err := awsconfig.Resolve(config, flags, a.Lookup); err != nil {
			return &hintedError{Err: err, Hint: profileHint(a.Name, chosen, config)}
		}
	}
	if a.opened() && !u.Global {
		return &configError{Kind: "Configuration", Problem: "This shell was opened for the credentials it has, and keeps them.",
			Hint: fmt.Sprintf("Leave it first: exit\nOr open another: %s exec --profile %s", a.Name, terminal.Clean(quoteWord(cmp.Or(chosen, "PROFILE"))))}
	}
	lines, removed, err := u.lines(chosen, stamp)
	if err != nil {
		return err
	}
	if u.Global {
		if err := a.chooseForAll(stamp, chosen); err != nil {
			return err
		}
	}
	if a.hook() == "" && !u.Global {
		return u.noHook(chosen)
	}
	if a.hook() != "" && !a.opened() {
		if _, err := fmt.Fprint(a.Stdout, hookMark+"\n"+lines); err != nil {
			return err
		}
	}
	u.tell(config, chosen, removed)
	if chosen != "" {
		a.used(&globals{Profile: chosen})
	}
	return nil
}

// which is the profile that is meant; "" is none. stamp is that of the choice for all
// shells where it is one.
func (u *use) which(ctx context.Context, name string) (stamp, chosen string, err error) {
	a := u.App
	if u.Global {
		stamp = strconv.FormatInt(time.Now().UnixNano(), 36)
	}
	switch {
	case u.Unset:
		return stamp, "", nil
	case u.Follow:
		stamp, chosen, err = a.chosenForAll()
		if err == nil && stamp == "" {
			err = &hintedError{Err: errors.New("no profile was chosen for all shells"), Hint: fmt.Sprintf("To choose one: %s use PROFILE --global", a.Name)}
		}
		return stamp, chosen, err
	case name == "-":
		previous, ok := a.Lookup(previousVariable)
		if !ok {
			return "", "", &hintedError{Err: errors.New("there is no profile that this shell used before"), Hint: fmt.Sprintf("Name one: %s use PROFILE", a.Name)}
		}
		return stamp, previous, nil
	case name != "":
		return stamp, name, nil
	case !a.conversation().CanAsk():
		return "", "", &usageError{Problem: "which profile? There is no terminal to ask on"}
	}
	t, err := a.pickTarget(ctx, pickFrom{})
	if err != nil {
		return "", "", err
	}
	if t.Profile == "" {
		return "", "", &configError{Kind: "Configuration", Problem: fmt.Sprintf("There is no profile for %s in %s, and a shell goes by the name of one.", t.RoleName, t.account()),
			Hint: fmt.Sprintf("To open a shell with the role: %s exec%s\nTo make a profile for it: %s configure sso", a.Name, t.words(), a.Name)}
	}
	return stamp, t.Profile, nil
}

// lines are what the shell evaluates, and the names of the keys that they remove.
func (u *use) lines(chosen, stamp string) (text string, removed []string, err error) {
	a := u.App
	d := dialects[envFormats[hookShells[a.hook()].format]]
	if d.set == nil {
		d = dialects["env"] // nobody evaluates them: they are made for what may be wrong with the name
	}
	set := [][2]string{{previousVariable, a.getenv("AWS_PROFILE")}}
	if chosen != "" {
		set = append(set, [2]string{"AWS_PROFILE", chosen})
	}
	if stamp != "" {
		set = append(set, [2]string{globalVariable, stamp})
	}
	var out strings.Builder
	if err := writeVariables(&out, set, d); err != nil {
		return "", nil, err
	}
	if chosen == "" {
		fmt.Fprintln(&out, d.unset("AWS_PROFILE"))
	}
	remove := slices.Clone(stale)
	if a.getenv(profileVariable)+a.getenv(roleVariable) != "" {
		remove = append(remove, regionVariables...) // they came with the keys
	}
	for _, name := range remove {
		if _, there := a.Lookup(name); there && name != "AWS_PROFILE" {
			removed = append(removed, name)
			fmt.Fprintln(&out, d.unset(name))
		}
	}
	return out.String(), removed, nil
}

// tell says on stderr what the shell has now.
func (u *use) tell(config *awsconfig.Config, chosen string, removed []string) {
	a := u.App
	say := func(format string, values ...any) { fmt.Fprintf(a.Stderr, format+"\n", values...) }
	where := "This shell uses "
	if u.Global {
		where = "Every shell that has portico's hook uses, from its next prompt on, "
	}
	p, _ := config.Profile(chosen)
	text := "no profile"
	if chosen != "" {
		text = terminal.Clean(chosen)
	}
	colours := newPalette(config)
	if colour := colours.profile(chosen); colour != "" && a.conversation().Color() {
		text = terminal.Paint(colour, text)
	}
	about := ""
	if colours.production(chosen) {
		about = " (production)"
	}
	for _, part := range [][2]string{{"account ", "sso_account_id"}, {"", "sso_role_name"}, {"", "region"}} {
		if v, _ := p.SSO(part[1]); v != "" {
			about += ", " + part[0] + terminal.Clean(v)
		}
	}
	say("%s%s%s.", where, text, about)
	switch {
	case a.opened():
		say("This one was opened for the credentials it has, and keeps them.")
		return
	case u.Global && a.hook() == "":
		say("This one does not have it. %s", a.hookHint())
	case a.hook() != "" && len(removed) > 0:
		say("Removed from it, as they would be used in place of the profile: %s", strings.Join(removed, ", "))
	}
	region, _ := p.Get("region")
	for _, name := range regionVariables {
		if v := a.getenv(name); v != "" && v != region && !slices.Contains(removed, name) && chosen != "" {
			say("%s=%s stays in it and counts for more than the profile's region.", name, terminal.Clean(v))
			break
		}
	}
}

// noHook says why nothing happened, and what it takes.
func (u *use) noHook(chosen string) error {
	a := u.App
	problem, hint := "This shell does not have portico's hook, and without it no program can change its profile.", a.hookHint()
	if a.getenv(globalVariable) != "" {
		problem = "portico's hook in the shell did not see this: it is no word of a script, and use has to be the first word."
		hint = fmt.Sprintf("Type it as: %s use %s", a.Name, terminal.Clean(quoteWord(chosen)))
	}
	shell := dialects[envFormats[a.shellFormat()]]
	if line, err := shell.set("AWS_PROFILE", chosen); err == nil && chosen != "" {
		hint += "\nFor this shell alone: " + terminal.Clean(line)
	}
	return &configError{Kind: "Configuration", Problem: problem, Hint: hint}
}

// hookHint says how to install the hook in the shell that portico was called from.
func (a *App) hookHint() string {
	for _, name := range hookNames {
		if s := hookShells[name]; s.format == a.shellFormat() {
			return fmt.Sprintf("To install it, run this and open a new shell: %s", s.install(a.Name))
		}
	}
	return "There is one for bash, zsh, fish and PowerShell: see " + a.Name + " shell-init --help"
}

// opened tells whether this is in a shell that was opened for its credentials.
func (a *App) opened() bool { return a.getenv(shellVariable) != "" }

// hook is the shell that evaluates what is printed, or "".
func (a *App) hook() string {
	if name := a.getenv(hookVariable); slices.Contains(hookNames, name) {
		return name
	}
	return ""
}

// chosenFile holds what was chosen for all shells: a stamp that no other choice has,
// and the profile, a line each. Hooks read it with what shells have built in.
func (a *App) chosenFile() string { return filepath.Join(a.stateDir(), "shell", "profile") }

func (a *App) chooseForAll(stamp, profile string) error {
	return atomicfile.Write(a.chosenFile(), []byte(stamp+"\n"+profile+"\n"), 0o600)
}

func (a *App) chosenForAll() (stamp, profile string, err error) {
	data, err := atomicfile.Read(a.chosenFile())
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	second, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(first), string(second), err
}
