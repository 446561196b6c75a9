package cli

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
)

func newLocalSessions(a *App, g *globals) *cobra.Command {
	var user string
	var asJSON bool
	c := &cobra.Command{
		Use:   "sessions",
		Short: "Who is signed in",
		Long:  "Lists the sign-ins that are alive, the oldest first, with the clients that act by them.",
		Example: `  portico local sessions
  portico local sessions --user alice --json`,
		Args: noArgs,
	}
	c.Flags().StringVar(&user, "user", "", "only this person's")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		sessions, err := client.Sessions(ctx, user)
		if err != nil {
			return err
		}
		if asJSON {
			return writeLines(a.Stdout, sessions)
		}
		return a.show(g, "sessions", sessions, func() error { return writeSessions(a.Stdout, sessions) })
	})
}

func writeSessions(out io.Writer, sessions []control.Session) error {
	rows := [][]string{{"SESSION", "USER", "SINCE", "UNTIL", "CLIENTS"}}
	for _, s := range sessions {
		rows = append(rows, []string{s.ID, s.User, s.CreatedAt.UTC().Format(time.RFC3339), s.ExpiresAt.UTC().Format(time.RFC3339), strings.Join(s.Clients, ", ")})
	}
	return writeTable(out, rows)
}
