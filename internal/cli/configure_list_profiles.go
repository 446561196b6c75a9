package cli

import (
	"bufio"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/terminal"
)

func newListProfiles(a *App, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list-profiles",
		Short: "List the profiles of both files, one a line",
		Example: `  portico configure list-profiles
  portico configure list-profiles | grep prod`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			config, err := a.files().Load()
			if err != nil {
				return err
			}
			out := bufio.NewWriter(a.Stdout)
			for _, name := range config.Profiles() {
				fmt.Fprintln(out, terminal.Clean(name))
			}
			return out.Flush()
		},
	}
}
