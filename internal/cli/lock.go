package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/wallet"
)

func newLock(a *App, g *globals) *cobra.Command {
	var name string
	c := &cobra.Command{
		Use:     "lock",
		Short:   "Forget the keys of sealed sessions that a passphrase opened",
		GroupID: groupSealed,
		Long: `Ends what portico unlock, or a passphrase typed on the way of another command,
began: from now on the passphrase is asked for again. Without --sso-session it
does so for all sealed sessions. Credentials that were handed out stay valid until
they expire.`,
		Example: `  portico lock
  portico lock --sso-session corp`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := a.resolve(g, g.Profile != "")
			if err != nil {
				return err
			}
			names := sealedSessions(s.settings.Config)
			if name != "" {
				if !slices.Contains(names, name) {
					return &configError{Kind: "Configuration", Problem: fmt.Sprintf("There is no sealed session %s.", name),
						Hint: "Without --sso-session all sealed sessions are locked."}
				}
				names = []string{name}
			}
			var failed error
			for _, name := range names {
				failed = errors.Join(failed, s.vault.Lock(wallet.TokenKey(name, "")))
			}
			return failed
		},
	}
	c.Flags().StringVar(&name, "sso-session", "", "the one sso-session to lock")
	return c
}
