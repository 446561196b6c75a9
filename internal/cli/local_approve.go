package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/terminal"
)

func newLocalApprove(a *App, g *globals) *cobra.Command {
	return newDecide(a, "approve", true, "Allow a device sign-in by its code, as a person",
		"Allows the sign-in that shows this code, as that person would in a browser.",
		`  portico local approve --as alice BCDF-GHJK`)
}

func newLocalDeny(a *App, g *globals) *cobra.Command {
	return newDecide(a, "deny", false, "Deny a device sign-in by its code, as a person",
		"Denies the sign-in that shows this code, as that person would in a browser.",
		`  portico local deny --as alice BCDF-GHJK`)
}

// newDecide makes approve and deny, which differ in a word.
func newDecide(a *App, name string, allow bool, short, long, example string) *cobra.Command {
	var user string
	c := &cobra.Command{
		Use: name + " CODE", Short: short, Long: long, Example: example,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{Problem: "the following arguments are required: the code"}
			}
			return required(flag{"--as", user})
		},
	}
	c.Flags().StringVar(&user, "as", "", "the person who decides (required)")
	return steering(a, c, func(ctx context.Context, client *control.Client, args []string) error {
		if err := client.DecideDevice(ctx, user, args[0], allow); err != nil {
			return err
		}
		decided := map[bool]string{true: "Approved", false: "Denied"}[allow]
		fmt.Fprintf(a.Stdout, "%s %s as %s.\n", decided, terminal.Clean(args[0]), terminal.Clean(user))
		return nil
	})
}
