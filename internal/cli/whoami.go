package cli

import "github.com/spf13/cobra"

func newWhoami(a *App, g *globals) *cobra.Command { return &cobra.Command{Use: "whoami", GroupID: groupOwn} }
