package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/terminal"
)

func newLocalUserDisable(a *App, g *globals) *cobra.Command {
	return newSetUser(a, "disable", true, "Disable a person", `Disables a person: their sign-ins end for good and they cannot sign in again until
"user enable". Role credentials that were issued live on to their own end.`)
}

func newLocalUserEnable(a *App, g *globals) *cobra.Command {
	return newSetUser(a, "enable", false, "Let a disabled person sign in again", "Lets a disabled person sign in again. Sign-ins that were ended stay so.")
}

func newSetUser(a *App, name string, disabled bool, short, long string) *cobra.Command {
	c := &cobra.Command{Use: name + " USER", Short: short, Long: long, Example: "  portico local user " + name + " bob", Args: exactlyOne("user's name")}
	return steering(a, c, func(ctx context.Context, client *control.Client, args []string) error {
		if err := client.SetUser(ctx, args[0], disabled); err != nil {
			return err
		}
		_, err := fmt.Fprintf(a.Stdout, "%s is %sd.\n", terminal.Clean(args[0]), name)
		return err
	})
}
