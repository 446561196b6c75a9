package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/wallet"
)

func newUnseal(a *App, g *globals) *cobra.Command {
	var name string
	var yes bool
	c := &cobra.Command{
		Use:     "unseal",
		Short:   "Put a sealed SSO session back into the files of the AWS CLI",
		GroupID: groupSealed,
		Long: `Undoes portico seal: decrypts what the session has into the AWS caches, gives its
profiles their sso_ keys back, and removes the session's key. Nothing is lost:
the sealed files go only after what was in them was read back in the open. What
was interrupted is finished by running it again.`,
		Example: `  portico unseal --sso-session corp
  portico unseal --sso-session corp --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := a.move(g, name, yes)
			if err != nil {
				return err
			}
			return m.unseal(cmd.Context())
		},
	}
	c.Flags().StringVar(&name, "sso-session", "", "the sso-session to unseal (else the profile's, or the only one)")
	c.Flags().BoolVar(&yes, "yes", false, "unseal it without asking")
	return c
}

func (m *move) unseal(ctx context.Context) error {
	config := m.setup.settings.Config
	section, _ := config.Session(m.session.SessionName)
	profiles := m.profiles(config, true)
	files, err := m.setup.wallet.SealedBelongings(m.key)
	if err != nil {
		return err
	}
	if !section.Sealed() && len(profiles) == 0 && len(files) == 0 && !m.setup.vault.HasKey(m.key) {
		fmt.Fprintf(m.out, "The session %s is not sealed.\n", m.name())
		return nil
	}
	lines := []string{fmt.Sprintf("To unseal the session %s:", m.name()),
		fmt.Sprintf("  %s %s, decrypted, to the AWS caches", count(len(files), "file"), verb(len(files), "moves", "move"))}
	if len(profiles) > 0 {
		lines = append(lines, fmt.Sprintf("  in %s, %s (%s) %s sso_ keys again", m.files.Config,
			count(len(profiles), "profile"), named(profiles), verb(len(profiles), "gets", "get")))
	}
	if err := m.confirm(ctx, append(lines, "  the session's key is removed"), "Unseal it?"); err != nil {
		return err
	}
	err = m.locked(ctx, func(config *awsconfig.Config) error {
		profiles = m.profiles(config, true)
		files, err = m.setup.wallet.SealedBelongings(m.key)
		if err != nil {
			return err
		}
		return m.disclose(ctx, files, profiles)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(m.out, "The session %s is no longer sealed: %s, %s.\n", m.name(), count(len(files), "file"), count(len(profiles), "profile"))
	return nil
}

// disclose does the moving, in the reverse order of enclose.
func (m *move) disclose(ctx context.Context, files []wallet.Belonging, profiles []awsconfig.Profile) (err error) {
	w := m.setup.wallet
	// A registration alone is worth nothing: the next sign-in makes another.
	valuable := slices.ContainsFunc(files, wallet.Belonging.Secret)
	if !valuable {
		m.setup.vault.Passphrase = nil // nor worth asking for what may be forgotten
	}
	for _, b := range files {
		err := w.Opens(m.key, b)
		if _, corrupt := errors.AsType[*wallet.CorruptError](err); corrupt && valuable {
			return &hintedError{Err: err, Hint: fmt.Sprintf("Nobody can decrypt it. To give it up, sign out first: %s sso logout --sso-session %s", m.app.Name, quoteWord(m.name()))}
		}
		if err != nil && valuable {
			return err
		}
	}
	var copies []wallet.Belonging
	defer func() { // where nothing moves, nothing is left in the open
		if err != nil {
			for _, b := range copies {
				err = errors.Join(err, w.Withdraw(m.key, b))
			}
		}
	}()
	for _, b := range files {
		isNew, err := w.Disclose(m.key, b)
		if isNew {
			copies = append(copies, b)
		}
		if err != nil && valuable {
			return err
		}
	}
	set := []awsconfig.KeyValue{awsconfig.Unset(awsconfig.KeyStore)}
	edits := []awsconfig.Edit{{Section: awsconfig.Section{Kind: awsconfig.KindSession, Name: m.session.SessionName}, Set: set}}
	for _, p := range profiles {
		edits = append(edits, p.OpenEdits(isHelper)...)
	}
	_, err = m.files.Update(ctx, edits...)
	if err == nil || m.leadsTo(false) {
		copies = nil // they are what counts now
	}
	if err != nil {
		return err
	}
	// The token goes first: where it is sealed, the session counts as such.
	for _, b := range slices.Backward(files) {
		if err := w.RemoveSealed(m.key, b); err != nil {
			return err
		}
	}
	if err := m.setup.vault.DropKey(m.key); err != nil {
		m.setup.warn(fmt.Sprintf("the session's key, which opens nothing any more, could not be removed: %v", err))
		return m.setup.vault.ForgetKey(m.key)
	}
	return nil
}
