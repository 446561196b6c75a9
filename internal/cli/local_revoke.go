package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
)

func newLocalRevoke(a *App, g *globals) *cobra.Command {
	var user, session string
	c := &cobra.Command{
		Use:   "revoke",
		Short: "End sign-ins, as an administrator would",
		Long: `Ends all sign-ins of a person, or one. Their tokens are refused from then on, and so
are refreshes and new role credentials. Role credentials that were issued live on
to their own end, as AWS's do.`,
		Example: `  portico local revoke --user alice
  portico local revoke --session ID    # from: portico local sessions`,
		Args: noArgs,
	}
	c.Flags().StringVar(&user, "user", "", "whose sign-ins")
	c.Flags().StringVar(&session, "session", "", "which sign-in")
	c.PreRunE = func(*cobra.Command, []string) error {
		if (user == "") == (session == "") {
			return &usageError{Problem: "say either --user or --session"}
		}
		return nil
	}
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		ended, err := client.Revoke(ctx, user, session)
		if err != nil {
			return err
		}
		return a.show(g, "revoke", done("ended", ended), func() error {
			_, err := fmt.Fprintf(a.Stdout, "Ended %s.\n", count(ended, "sign-in"))
			return err
		})
	})
}
