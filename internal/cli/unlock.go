package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/seal"
)

func newUnlock(a *App, g *globals) *cobra.Command {
	var name string
	var d time.Duration
	c := &cobra.Command{
		Use:     "unlock",
		Short:   "Type the passphrase of a sealed session, for some hours",
		GroupID: groupSealed,
		Long: `Asks for the passphrase of a session that was sealed with one, and keeps its key in
the memory of the Linux kernel for that long: for all programs of this user, never
on disk, and gone when the machine is off. Until then credential_process, and so
every SDK, works without asking. portico lock ends it at once.

A session whose key is in the keyring of the system is unlocked with that.`,
		Example: `  portico unlock --sso-session corp
  portico unlock --sso-session corp --for 30m`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d < time.Second {
				return &usageError{Problem: "argument --for: a time such as 8h or 30m"}
			}
			m, err := a.move(g, name, true)
			if err != nil {
				return err
			}
			vault := m.setup.vault
			if !vault.HasPassphrase(m.key) {
				return &hintedError{Err: fmt.Errorf("the session %s is not sealed with a passphrase", m.name()),
					Hint: fmt.Sprintf("To seal it with one: %s seal --sso-session %s --passphrase", a.Name, quoteWord(m.name()))}
			}
			err = vault.Unlock(cmd.Context(), m.key, d)
			if errors.Is(err, seal.ErrNoHolder) {
				return &hintedError{Err: err, Hint: fmt.Sprintf("On a terminal each command asks for the passphrase. Elsewhere %s names a file that holds it.", passphraseVariable)}
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Stdout, "The session %s is unlocked until %s.\n", m.name(), time.Now().Add(d).Format("15:04 on 2 January"))
			return nil
		},
	}
	c.Flags().StringVar(&name, "sso-session", "", "the sso-session to unlock (else the profile's, or the only one)")
	c.Flags().DurationVar(&d, "for", seal.HoldFor, "how long, such as 8h or 30m")
	return c
}
