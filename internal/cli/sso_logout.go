package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

func newSSOLogout(a *App, g *globals) *cobra.Command {
	var sessionName string
	c := &cobra.Command{
		Use:   "logout",
		Short: "Sign out: end the sessions at the service and delete what is cached",
		Long: `Ends every SSO session at the service and deletes the cached access tokens and
role credentials, and what "portico write" wrote of them. With --sso-session or --profile it does so for that one session
and leaves the others alone. What is cached here is deleted even when the service
cannot be reached. What was done is told on stderr.

Role credentials that were handed out already stay valid until they expire;
nobody can call them back.`,
		Example: `  portico sso logout
  portico sso logout --sso-session corp
  portico sso logout --profile dev`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Signing out of what is named, or of everything, depends on no profile
			// that an environment variable chose.
			s, err := a.resolve(g, g.Profile != "")
			if err != nil {
				return err
			}
			l := &logout{Catalogs: a.catalogDir(), Local: &signin.Client{Wallet: s.wallet, Warn: s.warn}, Files: a.files(), Config: s.settings.Config, Warn: s.warn, Tell: a.Stderr}
			if sessionName != "" || g.Profile != "" {
				if l.Only, l.Roles, err = s.toSignOut(sessionName); err != nil {
					return err
				}
			}
			if l.Service, err = s.signin(false); err != nil {
				s.warn(fmt.Sprintf("signing out here only, as the service cannot be told: %v", err))
			}
			return l.run(cmd.Context())
		},
	}
	c.Flags().StringVar(&sessionName, "sso-session", "", "sign out of this sso-session only")
	return c
}

// toSignOut finds the one session to sign out of: the key of its token, and its
// roles. That takes less than signing in to it: of a session that is no longer in
// the config, or no longer complete, the token may still be there.
func (s *setup) toSignOut(name string) (tokenKey string, roles []wallet.RoleKey, err error) {
	session := awsconfig.SSO{SessionName: name}
	if name == "" {
		session.SessionName, _ = s.settings.Profile.SSO("sso_session")
	}
	if session.SessionName == "" {
		session.Legacy = true
		session.StartURL, _ = s.settings.Profile.Get("sso_start_url")
	}
	tokenKey = wallet.TokenKey(session.SessionName, session.StartURL)
	if _, err := s.wallet.Token(tokenKey); errors.Is(err, wallet.ErrNotFound) {
		_, known := s.settings.Config.Session(session.SessionName)
		if _, err := s.loginSession(name); err != nil && !known {
			return "", nil, err
		}
	}
	return tokenKey, rolesOf(s.settings.Config, session), nil
}

// rolesOf are the roles that the profiles of a session configure. The AWS CLI
// caches their credentials without saying whose they are.
func rolesOf(c *awsconfig.Config, session awsconfig.SSO) []wallet.RoleKey {
	var roles []wallet.RoleKey
	for _, name := range c.Profiles() {
		p, _ := c.Profile(name)
		get := func(key string) string { v, _ := p.SSO(key); return v }
		if get("sso_session") != session.SessionName || (session.Legacy && get("sso_start_url") != session.StartURL) {
			continue
		}
		roles = append(roles, wallet.RoleKey{AccountID: get("sso_account_id"), RoleName: get("sso_role_name"), Session: session.SessionName, StartURL: session.StartURL})
	}
	return roles
}

// logout signs out of the sessions whose tokens are stored.
type logout struct {
	Local   *signin.Client
	Service *signin.Client // nil: the service cannot be told
	Files   awsconfig.Files
	Config  *awsconfig.Config
	Only    string // token key of the one session; "" means all
	Roles   []wallet.RoleKey

	Catalogs string // where listings are kept
	Warn     func(problem string)
	Tell     io.Writer // what was done; stdout stays silent, as the AWS CLI's
}

// run deletes locally first and whatever the service says: a person who signs
// out on a train must be able to close the lid.
func (l *logout) run(ctx context.Context) error {
	done, err := l.Local.Forget(ctx, l.Only, l.Roles...)
	for _, w := range written(l.Config, l.Files) {
		if l.Only != "" && l.Only != tokenKeyOf(l.Config, w.profile) {
			continue
		}
		removed, problem := removeWritten(ctx, l.Files, w.section)
		if removed {
			fmt.Fprintf(l.Tell, "Removed [%s] from %s.\n", terminal.Clean(w.section), l.Files.CredentialsShown)
		}
		err = errors.Join(err, problem)
	}
	err = errors.Join(err, catalog.Forget(l.Catalogs, l.Only))
	problems := make([]error, len(done.Tokens))
	if l.Service != nil {
		problems = l.Service.Revoke(ctx, done.Tokens)
	}
	for i, t := range done.Tokens {
		if problems[i] != nil {
			l.Warn(fmt.Sprintf("signed out here, but %s could not be told: %v", cmp.Or(t.StartURL, l.name(t)), problems[i]))
			continue
		}
		fmt.Fprintf(l.Tell, "Signed out of %s.\n", terminal.Clean(l.name(t)))
	}
	switch {
	case done.Roles == 1:
		fmt.Fprintln(l.Tell, "Deleted the cached credentials of 1 role.")
	case done.Roles > 1:
		fmt.Fprintf(l.Tell, "Deleted the cached credentials of %d roles.\n", done.Roles)
	case len(done.Tokens) == 0 && err == nil:
		fmt.Fprintln(l.Tell, "There was no sign-in.")
	}
	if err != nil {
		return fmt.Errorf("sign out: %v", err)
	}
	return nil
}

// name is the sso-session a token belongs to, or its start URL.
func (l *logout) name(t wallet.StoredToken) string {
	for _, name := range l.Config.Sessions() {
		if wallet.TokenKey(name, "") == t.Key {
			return name
		}
	}
	if t.StartURL == "" { // sealed, and no longer in the config
		return t.Key
	}
	return t.StartURL
}
