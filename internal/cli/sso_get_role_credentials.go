package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/output"
)

func newGetRoleCredentials(a *App, g *globals) *cobra.Command {
	var who portalFlags
	var account, role string
	c := &cobra.Command{
		Use:   "get-role-credentials",
		Short: "Print short-term keys of a role, fresh from the service",
		Long: `Asks the access portal for credentials of a role and prints them, secrets and
all. To run a command with them, "exec" keeps them off the screen.`,
		Example: `  portico sso get-role-credentials --account-id 111111111111 --role-name ReadOnly --profile dev`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(flag{"--role-name", role}, flag{"--account-id", account}); err != nil {
				return err
			}
			s, err := a.setup(g)
			if err != nil {
				return err
			}
			print, err := s.printer(a, "GetRoleCredentials")
			if err != nil {
				return err
			}
			sess, err := who.session(s)
			if err != nil {
				return err
			}
			client, err := s.signin(true)
			if err != nil {
				return err
			}
			return (&getRoleCredentials{
				Source: &creds.Source{SignIn: client, Wallet: s.wallet, Warn: s.warn},
				Role:   creds.Role{Session: sess, AccountID: account, RoleName: role}, AccessToken: who.AccessToken, Print: print,
			}).run(cmd.Context())
		},
	}
	c.Flags().StringVar(&account, "account-id", "", "the account (required)")
	c.Flags().StringVar(&role, "role-name", "", "the role, that is the permission set (required)")
	who.add(c)
	return c
}

type getRoleCredentials struct {
	Source      *creds.Source
	Role        creds.Role
	AccessToken string
	Print       func(output.Object) error
}

func (r *getRoleCredentials) run(ctx context.Context) error {
	c, err := r.Source.Fetch(ctx, r.Role, r.AccessToken)
	if err != nil {
		return err
	}
	return r.Print(output.Object{{Name: "roleCredentials", Value: output.Object{
		{Name: "accessKeyId", Value: c.AccessKeyID},
		{Name: "secretAccessKey", Value: c.SecretAccessKey},
		{Name: "sessionToken", Value: c.SessionToken},
		{Name: "expiration", Value: c.Expiration.UnixMilli()},
	}}})
}
