package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/terminal"
)

// A consent is how a command that changes files a person wrote gets their leave.
type consent struct{ Yes, DryRun bool }

// addFlags adds --yes and --dry-run.
func (c *consent) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.Yes, "yes", false, "change it without asking")
	cmd.Flags().BoolVar(&c.DryRun, "dry-run", false, "show what would change, and change nothing")
}

// showChange prints what files would become, in colours where Stdout may have them.
func (a *App) showChange(changes []awsconfig.Change) {
	colour := a.terminal().Color()
	var out strings.Builder
	for _, c := range changes {
		for line := range strings.Lines(c.Diff()) {
			text := terminal.Clean(strings.TrimSuffix(line, "\n"))
			if colour {
				text = terminal.Paint(diffColour(text), text)
			}
			out.WriteString(text + "\n")
		}
	}
	fmt.Fprint(a.Stdout, out.String())
}

func diffColour(line string) string {
	switch {
	case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
		return "grey"
	case strings.HasPrefix(line, "-"):
		return "red"
	case strings.HasPrefix(line, "+"):
		return "green"
	case strings.HasPrefix(line, "@@"):
		return "cyan"
	}
	return ""
}

// confirmChange shows what would change and asks whether it may. It is false after
// a no, and under --dry-run. Where nobody can be asked it wants --yes.
func (a *App) confirmChange(ctx context.Context, c consent, question string, changes []awsconfig.Change) (bool, error) {
	a.showChange(changes)
	switch {
	case c.DryRun:
		return false, nil
	case c.Yes:
		return true, nil
	}
	t := a.terminal()
	if !t.InteractiveIn() {
		return false, &usageError{Problem: "there is no terminal to ask on: give --yes to make this change, or --dry-run to see it alone"}
	}
	return t.Confirm(ctx, question, false)
}
