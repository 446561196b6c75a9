package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

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
			only := ""
			// Signing out of everything does not depend on any profile.
			one := sessionName != "" || g.Profile != ""
			s, err := a.resolve(g, one)
			if err != nil {
				return err
			}
			if one {
				config, err := s.loginSession(sessionName)
				if err != nil {
					return err
				}
				only = wallet.TokenKey(config.SessionName, config.StartURL)
			}
			client, err := s.signin(true)
			if err != nil {
				return err
			}
			return (&logout{Client: client, Wallet: s.wallet, Warn: s.warn, Only: only}).run(cmd.Context())
		},
	}
	c.Flags().StringVar(&sessionName, "sso-session", "", "sign out of this sso-session only")
	return c
}

// logout signs out of the sessions whose tokens are stored.
type logout struct {
	Client *signin.Client
	Wallet *wallet.Wallet
	Warn   func(string)
	Only   string // token key of the one session; "" means all
}

// run deletes locally whatever the service says: a person who signs out on a
// train must be able to close the lid.
func (l *logout) run(ctx context.Context) error {
	tokens, err := l.Wallet.Tokens()
	if err != nil {
		return fmt.Errorf("sign out: %v", err)
	}
	for _, t := range tokens {
		if l.Only != "" && t.Key != l.Only {
			continue
		}
		if e := l.one(ctx, t); e != nil && err == nil {
			err = e
		}
	}
	if _, e := l.Wallet.DeleteRoleCredentials(l.Only); e != nil && err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("sign out: %v", err)
	}
	return nil
}

func (l *logout) one(ctx context.Context, t wallet.StoredToken) error {
	// Behind a refresh in flight, which would otherwise put the token back.
	unlock, err := l.Client.Hold(ctx, t.Key)
	if err != nil {
		l.Warn(err.Error())
	} else {
		defer unlock()
		if now, err := l.Wallet.Token(t.Key); err == nil {
			t.AccessToken, t.Region = now.AccessToken, now.Region
		}
	}
	if t.Region != "" {
		if err := l.Client.SignOut(ctx, t.Region, t.AccessToken); err != nil && !signin.Unauthorized(err) {
			l.Warn(fmt.Sprintf("signed out here, but the service was not told (%s): %v", terminal.Clean(t.StartURL), err))
		}
	}
	return l.Wallet.Delete(t)
}
