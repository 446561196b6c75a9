package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/seal"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// A handover gets the credentials that a command is to hand to another program,
// and signs in for them where it may.
type handover struct {
	app     *App
	globals *globals

	AutoLogin bool // a sign-in may be begun
	Typed     bool // it may be without AutoLogin, too, by a command that a person typed
	Silent    bool // what is said reaches nobody: its streams are another program's
	Chained   bool // the command may be a credential_process, see [setup.enterChain]

	Policy creds.SessionPolicy // narrows the role; the zero one does not

	// needed tells whether it still takes a sign-in; nil means [handover.stillNeeded].
	needed func(ctx context.Context) bool

	vault *seal.Vault // of the first setup
}

func (h *handover) addLogin(c *cobra.Command) { addAutoLogin(c, &h.AutoLogin) }

func addAutoLogin(c *cobra.Command, chosen *bool) {
	c.Flags().BoolVar(chosen, "auto-login", false, "open a browser to sign in where that is needed; whoever else waits for it shares the result")
}

// addRole adds the flags of a role without a profile.
func (h *handover) addRole(c *cobra.Command) {
	c.Flags().StringVar(&h.globals.AccountID, "account-id", "", "account to take the role in, with --role-name; no profile is needed")
	c.Flags().StringVar(&h.globals.RoleName, "role-name", "", "role to take, with --account-id")
	c.Flags().StringVar(&h.globals.SSOSession, "sso-session", "", "session to take it through (else the profile's, or the only one there is)")
}

// setup is that of the profile, or of the role the flags name.
func (h *handover) setup() (*setup, error) {
	g := h.globals
	byRole := g.AccountID != "" || g.RoleName != ""
	switch {
	case byRole:
		if err := required(flag{"--account-id", g.AccountID}, flag{"--role-name", g.RoleName}); err != nil {
			return nil, err
		}
	case g.SSOSession != "":
		return nil, &usageError{Problem: "argument --sso-session: only allowed with arguments --account-id and --role-name"}
	}
	s, err := h.app.setup(g)
	if err != nil {
		return nil, err
	}
	if byRole {
		if err := s.checkRoleSession(); err != nil {
			return nil, err
		}
	}
	s.policy = h.Policy
	// A passphrase is asked for once.
	if h.vault == nil {
		h.vault = s.vault
	}
	s.vault, s.wallet.Vault = h.vault, h.vault
	if h.Silent {
		s.unattended()
	}
	if h.Chained {
		err = s.enterChain()
	}
	return s, err
}

// checkRoleSession tells whether it is known whose role is meant.
func (s *setup) checkRoleSession() error {
	_, err := s.settings.LoginSession("")
	if e, ok := errors.AsType[*awsconfig.MissingLoginError](err); !ok || e.Session != "" {
		return loginError(s.name, s.settings, err)
	}
	e := &configError{Kind: "Configuration", Problem: "Through which session the role is to be taken is not said.",
		Hint: fmt.Sprintf("To make a session: %s configure sso-session", s.name)}
	if names := s.settings.Config.Sessions(); len(names) > 0 {
		e.Hint = fmt.Sprintf("Choose it with --sso-session; there is %s.", some(names))
	}
	return e
}

// credentials are the profile's or the role's, after a sign-in if need be.
func (h *handover) credentials(ctx context.Context) (*setup, credentials, error) {
	s, c, err := h.resolve(ctx)
	required, ok := errors.AsType[*signin.RequiredError](err)
	if !ok {
		return s, c, err
	}
	if !h.maySignIn() {
		return s, c, err
	}
	if err := h.signIn(ctx, s, required); err != nil {
		return s, c, err
	}
	// The sign-in may have found another region for the session.
	return h.resolve(ctx)
}

// maySignIn tells whether to begin a sign-in where it takes one.
func (h *handover) maySignIn() bool {
	return h.AutoLogin || h.Typed && leadsJob() && h.app.terminal().Attended()
}

// signInTo signs in to a session, whatever the profile is, unless somebody else has
// meanwhile.
func (h *handover) signInTo(ctx context.Context, s *setup, required *signin.RequiredError) error {
	of := *h
	g := *h.globals
	g.SSOSession = required.Session.Name
	of.globals = &g
	of.needed = func(ctx context.Context) bool {
		client, err := s.signin(false)
		if err != nil {
			return false
		}
		_, err = client.Token(ctx, required.Session)
		_, still := errors.AsType[*signin.RequiredError](err)
		return still
	}
	return of.signIn(ctx, s, required)
}

// currentCatalog is what the person reaches by a session now, after a sign-in if need
// be.
func (h *handover) currentCatalog(ctx context.Context, s *setup, sess signin.Session, refresh bool) (catalog.Snapshot, error) {
	found, err := h.app.currentCatalog(ctx, s, sess, refresh)
	required, ok := errors.AsType[*signin.RequiredError](err)
	if !ok || !h.maySignIn() {
		return found, err
	}
	if err := h.signInTo(ctx, s, required); err != nil {
		return found, err
	}
	if sess.Name != "" {
		// The sign-in may have found another region for the session.
		again, err := h.app.setupForNew(h.globals)
		if err != nil {
			return found, err
		}
		sso, err := again.loginSession(sess.Name)
		if err != nil {
			return found, err
		}
		again.pace = s.pace
		s, sess = again, session(sso)
	}
	return h.app.currentCatalog(ctx, s, sess, refresh)
}

func (h *handover) resolve(ctx context.Context) (*setup, credentials, error) {
	s, err := h.setup()
	if err != nil {
		return nil, credentials{}, err
	}
	c, err := s.credentials(ctx)
	if c.Provider == fromEnvironment && !c.Expiration.IsZero() && time.Now().After(c.Expiration) {
		s.warn("the credentials in the environment (AWS_ACCESS_KEY_ID) have expired; a profile named with --profile comes before them")
	}
	return s, c, err
}

// stillNeeded tells whether it still takes a sign-in. That is asked with the turn
// to sign in already taken, so that of many who ask only one opens a browser.
func (h *handover) stillNeeded(ctx context.Context) bool {
	s, err := h.setup()
	if err != nil {
		return false
	}
	s.warn = func(string) {} // it has been told
	_, err = s.credentials(ctx)
	_, required := errors.AsType[*signin.RequiredError](err)
	return required
}

// silentPause is how long a person who has said no is not asked again by what runs
// without them: some programs ask for credentials until they have them.
const silentPause = time.Minute

// signIn does what sso login does, but for what it says: stdout is for data. Where
// nobody can see or answer what is asked, that fails at once.
func (h *handover) signIn(ctx context.Context, s *setup, required *signin.RequiredError) error {
	a, of := h.app, required.Session
	if err := awsconfig.CheckStartURL(of.StartURL); err != nil {
		return err
	}
	client, err := s.signin(false)
	if err != nil {
		return err
	}
	streams := a.terminal()
	if h.Silent {
		streams = &terminal.Terminal{Err: a.Stderr, Getenv: a.Lookup} // the input is not ours to read
	}
	l, err := a.newLogin(s, client, streams, loginFlags{})
	if err != nil {
		return err
	}
	l.Out, l.Needed = a.Stderr, h.stillNeeded
	if h.needed != nil {
		l.Needed = h.needed
	}
	if h.Silent {
		l.Pause = silentPause
	}
	l.Because = fmt.Sprintf("Nobody is signed in to %s, so this signs in first.", terminal.Clean(of.String()))
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if !streams.Attended() {
		if l.NoBrowser != "" {
			return noBrowserFor(a, required, fmt.Sprintf("This is %s, where no browser can be opened.", l.NoBrowser))
		}
		l.OpenURL = func(address string) error {
			err := a.openURL(address)
			if err != nil {
				stop(noBrowserFor(a, required, fmt.Sprintf("No browser could be opened: %v.", err)))
			}
			return err
		}
	}
	run := &ssoLogin{login: l, config: s.settings.Config, files: a.files()}
	err = run.one(ctx, loginTo{profile: s.settings.Profile, SSO: awsconfig.SSO{SessionName: of.Name, StartURL: of.StartURL, Region: of.Region,
		Scopes: of.Scopes, HasScopes: of.Scopes != nil, Legacy: of.Name == ""}})
	if cause, ok := errors.AsType[*hintedError](context.Cause(ctx)); ok && err != nil {
		return cause
	}
	return err
}

// noBrowserFor says why a sign-in was not begun.
func noBrowserFor(a *App, required *signin.RequiredError, why string) error {
	return &hintedError{Err: required, Hint: fmt.Sprintf("%s\nSign in with: %s sso login%s", why, a.Name, loginTarget(required.Session))}
}
