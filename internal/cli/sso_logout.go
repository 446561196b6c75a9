package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

func newSSOLogout(a *App, g *globals) *cobra.Command {
	var sessionName string
	c := &cobra.Command{
		Use:   "logout",
		Short: "Sign out: end the sessions at the service and delete what is cached",
		Long: `Ends every SSO session at the service and deletes the cached access tokens and
role credentials. With --sso-session or --profile it does so for that one session
and leaves the others alone. What is cached here is deleted even when the service
cannot be reached.

Role credentials that were handed out already stay valid until they expire;
nobody can call them back.`,
		Example: `  portico sso logout
  portico sso logout --sso-session corp
  portico sso logout --profile dev`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Signing out of everything does not depend on any profile.
			one := sessionName != "" || g.Profile != ""
			s, err := a.resolve(g, one)
			if err != nil {
				return err
			}
			l := &logout{Local: &signin.Client{Wallet: s.wallet, Warn: s.warn}}
			if one {
				config, err := s.loginSession(sessionName)
				if err != nil {
					return err
				}
				l.Only, l.Roles = wallet.TokenKey(config.SessionName, config.StartURL), rolesOf(s.settings.Config, config)
			}
			if l.Service, err = s.signin(true); err != nil {
				s.warn(fmt.Sprintf("signing out here only, as the service cannot be told: %v", err))
			}
			return l.run(cmd.Context())
		},
	}
	c.Flags().StringVar(&sessionName, "sso-session", "", "sign out of this sso-session only")
	return c
}

// rolesOf are the roles that the profiles of a session configure. The AWS CLI
// caches their credentials without saying whose they are.
func rolesOf(c *awsconfig.Config, session awsconfig.SSO) []wallet.RoleKey {
	var roles []wallet.RoleKey
	for _, name := range c.Profiles() {
		p, _ := c.Profile(name)
		get := func(key string) string { v, _ := p.Get(key); return v }
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
	Only    string         // token key of the one session; "" means all
	Roles   []wallet.RoleKey
}

// run deletes locally first and whatever the service says: a person who signs
// out on a train must be able to close the lid.
func (l *logout) run(ctx context.Context) error {
	forgotten, err := l.Local.Forget(ctx, l.Only, l.Roles...)
	if l.Service != nil {
		l.Service.Revoke(ctx, forgotten)
	}
	if err != nil {
		return fmt.Errorf("sign out: %v", err)
	}
	return nil
}
