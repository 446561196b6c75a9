package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/seal"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

func newSeal(a *App, g *globals) *cobra.Command {
	var name string
	var passphrase, yes bool
	c := &cobra.Command{
		Use:     "seal",
		Short:   "Keep what an SSO session has on disk encrypted",
		GroupID: groupSealed,
		Long: `Moves the access token, the client registration and the role credentials of an
SSO session out of the AWS caches into encrypted files (age), whose key is in the
keyring of this system, and sets portico_store = sealed in its section. Its
profiles get their credentials by credential_process from then on, so that the
AWS CLI and the SDKs work as before.

With --passphrase the key is in a file that a passphrase opens: for machines
without a keyring. Once typed, it is not asked for again for some hours.

Nothing is lost: each file is removed only after its sealed copy was read back.
What was interrupted is finished by running it again. portico unseal is the way
back.`,
		Example: `  portico seal --sso-session corp
  portico seal --sso-session corp --passphrase
  portico seal --sso-session corp --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := a.move(g, name, yes)
			if err != nil {
				return err
			}
			return m.seal(cmd.Context(), passphrase)
		},
	}
	c.Flags().StringVar(&name, "sso-session", "", "the sso-session to seal (else the profile's, or the only one)")
	c.Flags().BoolVar(&passphrase, "passphrase", false, "keep the key in a file that a passphrase opens, and not in the keyring")
	c.Flags().BoolVar(&yes, "yes", false, "seal it without asking")
	return c
}

// A move takes a session into its vault, or out of it.
type move struct {
	app     *App
	setup   *setup
	files   awsconfig.Files
	out     io.Writer
	yes     bool
	session awsconfig.SSO
	key     string // the session's token key
}

func (a *App) move(g *globals, name string, yes bool) (*move, error) {
	s, err := a.resolve(g, g.Profile != "")
	if err != nil {
		return nil, err
	}
	session, err := s.portalSession(name)
	if err != nil {
		return nil, err
	}
	if session.Name == "" {
		return nil, &configError{Kind: "Configuration", Problem: "Only an sso-session can be sealed, and this profile has its start URL in its own section.",
			Hint: fmt.Sprintf("To make a session of it: %s configure sso --profile %s", a.Name, quoteWord(s.settings.ProfileName))}
	}
	sso, err := s.settings.LoginSession(session.Name)
	return &move{app: a, setup: s, files: a.files(), out: a.Stdout, yes: yes, session: sso, key: wallet.TokenKey(session.Name, "")}, err
}

// moveWait is how long somebody else's refresh or sign-in may take.
const moveWait = 45 * time.Second

// locked holds the session's lock, so that nobody refreshes meanwhile, and reads
// the config again under it.
func (m *move) locked(ctx context.Context, work func(*awsconfig.Config) error) error {
	client := &signin.Client{Wallet: m.setup.wallet, Waiting: m.setup.waiting}
	unlock, err := client.Hold(ctx, wallet.SessionLock(m.key), "renews or moves the sign-in of "+m.session.SessionName, moveWait)
	if err != nil {
		return err
	}
	defer unlock()
	config, err := m.files.Load()
	if err != nil {
		return err
	}
	return work(config)
}

func (m *move) name() string { return terminal.Clean(m.session.SessionName) }

// confirm shows what is going to happen, and asks.
func (m *move) confirm(ctx context.Context, lines []string, question string) error {
	for _, l := range lines {
		fmt.Fprintln(m.out, l)
	}
	if m.yes {
		return nil
	}
	t := m.app.terminal()
	if !t.InteractiveIn() {
		return &usageError{Problem: "argument --yes: needed where there is no terminal to ask on"}
	}
	ok, err := t.Confirm(ctx, question, true)
	if err == nil && !ok {
		err = &exitError{Code: exitNo}
	}
	return err
}

// profiles are those of the session that have something to change.
func (m *move) profiles(config *awsconfig.Config, sealed bool) []awsconfig.Profile {
	var all []awsconfig.Profile
	for _, name := range config.Profiles() {
		p, _ := config.Profile(name)
		if session, _ := p.SSO("sso_session"); session == m.session.SessionName && p.SealedForm() == sealed {
			all = append(all, p)
		}
	}
	return all
}

func named(profiles []awsconfig.Profile) string {
	names := make([]string, len(profiles))
	for i, p := range profiles {
		names[i] = terminal.Clean(p.Name)
	}
	return some(names)
}

// belongings are the session's files in the open.
func (m *move) belongings(config *awsconfig.Config) ([]wallet.Belonging, error) {
	registration := wallet.RegistrationKey{StartURL: m.session.StartURL, Region: m.session.Region, Session: m.session.SessionName}
	if m.session.HasScopes {
		registration.Scopes = append([]string{}, m.session.Scopes...)
	}
	var roles []string
	for _, r := range rolesOf(config, m.session) {
		roles = append(roles, r.Name())
	}
	for _, name := range config.Profiles() { // roles that are assumed with the session's
		of := *m.setup
		of.settings = awsconfig.ResolveLoose(config, awsconfig.Flags{Profile: name}, m.setup.lookup)
		if !of.settings.Profile.AssumesRole() || of.sealedWith() != m.key {
			continue
		}
		if role, err := of.assumedRole(); err == nil {
			roles = append(roles, role.Name())
		}
	}
	return m.setup.wallet.Belongings(m.key, registration, roles)
}

func (m *move) seal(ctx context.Context, passphrase bool) error {
	config := m.setup.settings.Config
	section, _ := config.Session(m.session.SessionName)
	profiles := m.profiles(config, false)
	files, err := m.belongings(config)
	if err != nil {
		return err
	}
	vault := m.setup.vault
	if vault.HasKey(m.key) && passphrase != vault.HasPassphrase(m.key) {
		if passphrase { // which must not go while another process seals with it
			err = m.locked(ctx, func(*awsconfig.Config) error { return m.replaceKey() })
		}
		passphrase = true
		if err != nil {
			return err
		}
	}
	if section.Sealed() && len(profiles) == 0 && len(files) == 0 && vault.HasKey(m.key) {
		fmt.Fprintf(m.out, "The session %s is sealed already.\n", m.name())
		return nil
	}
	lines := []string{fmt.Sprintf("To seal the session %s:", m.name())}
	switch {
	case vault.HasKey(m.key):
	case passphrase:
		lines = append(lines, "  a key is made that a passphrase opens, in "+m.app.sealedDir())
	default:
		lines = append(lines, "  a key is made and put into the keyring of this system")
	}
	lines = append(lines, fmt.Sprintf("  %s of the AWS caches %s, encrypted, to %s", count(len(files), "file"), verb(len(files), "moves", "move"), m.app.sealedDir()))
	if len(profiles) > 0 {
		lines = append(lines, fmt.Sprintf("  in %s, %s (%s) %s credential_process in place of sso_ keys", m.files.Config,
			count(len(profiles), "profile"), named(profiles), verb(len(profiles), "gets", "get")))
	}
	if err := m.confirm(ctx, lines, "Seal it?"); err != nil {
		return err
	}
	if passphrase && !vault.HasKey(m.key) {
		text, err := m.newPassphrase(ctx)
		if err != nil {
			return err
		}
		if err := vault.CreateKey(m.key, text); err != nil {
			return err
		}
	}
	if err := m.setup.wallet.CheckSealed(m.key); err != nil {
		if e, ok := errors.AsType[*seal.KeyError](err); ok && !vault.HasKey(m.key) {
			return &hintedError{Err: fmt.Errorf("the session %s cannot be sealed: %s", m.name(), e.Why()), Hint: sealedCure(m.app.Name, e)}
		}
		return err
	}
	moved := 0
	err = m.locked(ctx, func(config *awsconfig.Config) (err error) {
		profiles = m.profiles(config, false)
		moved, err = m.enclose(ctx, config, profiles)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(m.out, "The session %s is sealed: %s, %s.\n", m.name(), count(moved, "file"), count(len(profiles), "profile"))
	m.inheritors()
	if vault.HasPassphrase(m.key) {
		if err := vault.Hold(m.key, seal.HoldFor); errors.Is(err, seal.ErrNoHolder) {
			m.setup.warn(fmt.Sprintf("%v: each command asks for the passphrase", err))
		}
	}
	return nil
}

// enclose does the moving: sealed copies first, then the config that leads to
// them, and only then the files in the open go. What another program writes on
// the way is sealed too.
func (m *move) enclose(ctx context.Context, config *awsconfig.Config, profiles []awsconfig.Profile) (moved int, err error) {
	w := m.setup.wallet
	files, err := m.belongings(config)
	if err != nil {
		return 0, err
	}
	var copies []wallet.Belonging
	defer func() { // where nothing moves, no copy stays that would be used instead
		if err != nil {
			for _, b := range slices.Backward(copies) {
				err = errors.Join(err, w.RemoveSealed(m.key, b))
			}
		}
	}()
	for _, b := range files {
		isNew, err := w.Enclose(m.key, b)
		if isNew {
			copies = append(copies, b)
		}
		if err != nil {
			return 0, err
		}
	}
	edits := []awsconfig.Edit{{Section: awsconfig.Section{Kind: awsconfig.KindSession, Name: m.session.SessionName},
		Set: []awsconfig.KeyValue{awsconfig.Set(awsconfig.KeyStore, "sealed")}}}
	for _, p := range profiles {
		edits = append(edits, p.SealEdits(m.app.helper(p.Name))...)
	}
	_, err = m.files.Update(ctx, edits...)
	if err == nil || m.leadsTo(true) {
		copies = nil // they are what counts now
	}
	if err != nil {
		return 0, err
	}
	defer w.Sweep()
	if err := w.DropCopies(m.key); err != nil {
		return 0, err
	}
	const rounds = 5
	for range rounds {
		again := false
		for _, b := range files {
			changed, err := w.RemoveOpen(m.key, b)
			if err != nil {
				return moved, err
			}
			if !changed {
				moved++
				continue
			}
			again = true
			if _, err := w.Enclose(m.key, b); err != nil {
				return moved, err
			}
		}
		if !again {
			return moved, nil
		}
		if files, err = m.belongings(config); err != nil {
			return moved, err
		}
	}
	return moved, errors.New("seal: another program keeps writing the session's files: run it again when that has ended")
}

// leadsTo tells whether the config on disk says that the session is sealed, or not.
// A config can be in its place although writing it failed: what could not be
// done was to make sure that it survives a loss of power.
func (m *move) leadsTo(sealed bool) bool {
	config, err := m.files.Load()
	if err != nil {
		return true // both copies stay
	}
	section, _ := config.Session(m.session.SessionName)
	return section.Sealed() == sealed
}

// inheritors tells of profiles that still have keys of SSO, which they can only
// have from a [DEFAULT] section.
func (m *move) inheritors() {
	config, err := m.files.Load()
	if err != nil {
		return
	}
	for _, name := range config.Profiles() {
		p, _ := config.Profile(name)
		if session, _ := p.Get(awsconfig.KeySealedSession); session != m.session.SessionName {
			continue
		}
		if i := slices.IndexFunc(p.Keys(), func(key string) bool { return strings.HasPrefix(key, "sso_") }); i >= 0 {
			m.setup.warn(fmt.Sprintf("the profile %s still has %s, from a [DEFAULT] section: AWS tools use that and not its credential_process", name, p.Keys()[i]))
		}
	}
}

// shortest is the shortest passphrase that is taken: scrypt makes each guess
// slow, but not that slow.
const shortest = 8

func (m *move) newPassphrase(ctx context.Context) (string, error) {
	if path := m.app.getenv(passphraseVariable); path != "" {
		text, err := readPassphrase(path)
		if err == nil && len(text) < shortest {
			err = &usageError{Problem: fmt.Sprintf("%s: a passphrase has at least %d characters", passphraseVariable, shortest)}
		}
		return text, err
	}
	t := m.app.conversation()
	if !t.InteractiveIn() || !t.InteractiveOut() {
		return "", &usageError{Problem: fmt.Sprintf("argument --passphrase: there is no terminal to ask on, and %s names no file", passphraseVariable)}
	}
	text, err := t.AskSecret(ctx, terminal.Question{Prompt: "New passphrase: ", Validate: func(answer string) error {
		if len(answer) < shortest {
			return fmt.Errorf("at least %d characters", shortest)
		}
		return nil
	}})
	if err != nil {
		return "", err
	}
	_, err = t.AskSecret(ctx, terminal.Question{Prompt: "The same again: ", Validate: func(answer string) error {
		if answer != text {
			return errors.New("that is not the same")
		}
		return nil
	}})
	return text, err
}

// replaceKey makes room for a key of another kind, if nothing is sealed with the
// one there is: registrations are made again.
func (m *move) replaceKey() error {
	sealed, err := m.setup.wallet.SealedBelongings(m.key)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(sealed, wallet.Belonging.Secret) {
		return &hintedError{Err: fmt.Errorf("the session %s is sealed with a key in the keyring", m.name()),
			Hint: fmt.Sprintf("Unseal it first: %s unseal --sso-session %s\nor sign out of it: %s sso logout --sso-session %s", m.app.Name, quoteWord(m.name()), m.app.Name, quoteWord(m.name()))}
	}
	for _, b := range sealed {
		if err := m.setup.wallet.RemoveSealed(m.key, b); err != nil {
			return err
		}
	}
	return m.setup.vault.ForgetKey(m.key)
}

func verb(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
