package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/signin"
)

// portalFlags choose whose token an access portal operation uses.
type portalFlags struct {
	SessionName, AccessToken string
}

func (f *portalFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.SessionName, "sso-session", "", "speak for this sso-session in place of the profile's")
	c.Flags().StringVar(&f.AccessToken, "access-token", "", "use this token in place of the cached one (other users of this machine can see it)")
}

// session is the session to speak for. With a token given, all that matters is
// its region, which --region may say.
func (f *portalFlags) session(s *setup) (signin.Session, error) {
	sess, err := s.portalSession(f.SessionName)
	if f.AccessToken == "" {
		return sess, err
	}
	region, _ := s.settings.Region()
	if s.globals.Region != "" || err != nil {
		sess.Region = region
	}
	if sess.Region == "" {
		return sess, &configError{Kind: "NoRegion", Problem: "You must specify a region: that of the Identity Center.", Hint: "Name it with --region."}
	}
	return sess, nil
}

func newListAccounts(a *App, g *globals) *cobra.Command {
	var who portalFlags
	c := &cobra.Command{
		Use:   "list-accounts",
		Short: "List the accounts you reach",
		Example: `  portico sso list-accounts --profile dev
  portico sso list-accounts --sso-session corp --query 'accountList[].[accountId,accountName]' --output text`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, print, err := listing(a, g, &who, "ListAccounts")
			if err != nil {
				return err
			}
			return (&listAccounts{Catalog: list, Print: print}).run(cmd.Context())
		},
	}
	who.add(c)
	return c
}

// listing prepares what both listings need.
func listing(a *App, g *globals, who *portalFlags, operation string) (*catalog.Catalog, func(output.Object) error, error) {
	s, err := a.setup(g)
	if err != nil {
		return nil, nil, err
	}
	print, err := s.printer(a, operation)
	if err != nil {
		return nil, nil, err
	}
	sess, err := who.session(s)
	if err != nil {
		return nil, nil, err
	}
	list, err := s.catalog(sess, who.AccessToken)
	return list, print, err
}

type listAccounts struct {
	Catalog *catalog.Catalog
	Print   func(output.Object) error
}

func (l *listAccounts) run(ctx context.Context) error {
	accounts, err := l.Catalog.Accounts(ctx)
	if err != nil {
		return err
	}
	rows := []any{}
	for _, acct := range accounts {
		row := output.Object{{Name: "accountId", Value: acct.ID}}
		if acct.Name != nil {
			row = append(row, output.Member{Name: "accountName", Value: *acct.Name})
		}
		if acct.Email != nil {
			row = append(row, output.Member{Name: "emailAddress", Value: *acct.Email})
		}
		rows = append(rows, row)
	}
	return l.Print(output.Object{{Name: "accountList", Value: rows}})
}

func newListAccountRoles(a *App, g *globals) *cobra.Command {
	var who portalFlags
	var account string
	c := &cobra.Command{
		Use:     "list-account-roles",
		Short:   "List your roles in an account",
		Example: `  portico sso list-account-roles --account-id 111111111111 --profile dev`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(flag{"--account-id", account}); err != nil {
				return err
			}
			list, print, err := listing(a, g, &who, "ListAccountRoles")
			if err != nil {
				return err
			}
			return (&listAccountRoles{Catalog: list, Print: print, AccountID: account}).run(cmd.Context())
		},
	}
	c.Flags().StringVar(&account, "account-id", "", "the account (required)")
	who.add(c)
	return c
}

type listAccountRoles struct {
	Catalog   *catalog.Catalog
	Print     func(output.Object) error
	AccountID string
}

func (l *listAccountRoles) run(ctx context.Context) error {
	roles, err := l.Catalog.Roles(ctx, l.AccountID)
	if err != nil {
		return err
	}
	rows := []any{}
	for _, r := range roles {
		rows = append(rows, output.Object{{Name: "roleName", Value: r.Name}, {Name: "accountId", Value: r.AccountID}})
	}
	return l.Print(output.Object{{Name: "roleList", Value: rows}})
}

type flag struct{ name, value string }

// required names the flags that are missing, in the AWS CLI's words.
func required(flags ...flag) error {
	missing := ""
	for _, f := range flags {
		if f.value == "" {
			if missing != "" {
				missing += ", "
			}
			missing += f.name
		}
	}
	if missing == "" {
		return nil
	}
	return &usageError{Problem: "the following arguments are required: " + missing}
}
