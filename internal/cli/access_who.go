package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/access"
	"github.com/portico-sso/portico/internal/terminal"
)

func newAccessWho(a *App, g *globals) *cobra.Command {
	var q accessQuestion
	var account, set string
	c := &cobra.Command{
		Use:   "who",
		Short: "Show who can reach an account",
		Long: `Shows who can reach an account, with which permission set, and whether it is
assigned to them or to a group they are in. --account is the id or the name.

Assignments whose user or group was deleted are shown, by id, with the status
deleted: they reach nobody, and are there to be tidied up. A person who is
disabled keeps assignments and cannot sign in.

What a person reaches in all accounts says: portico access of USER`,
		Example: `  portico access who --account prod --profile management
  portico access who --account 222222222222 --permission-set AdministratorAccess --profile management
  portico access who --account prod --profile management --output json --query 'Grants[].Email'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(flag{"--account", account}); err != nil {
				return err
			}
			r, err := q.reader(cmd.Context(), a, g, "Who")
			if err != nil {
				return err
			}
			defer r.progress.Done()
			id, err := r.account(cmd.Context(), account)
			if err != nil {
				return r.explain(cmd.Context(), err)
			}
			facts, err := r.Who(cmd.Context(), id, set)
			if e, ok := errors.AsType[*access.PermissionSetError](err); ok {
				hint := "No permission set is."
				if len(e.There) > 0 {
					hint = "Those that are: " + terminal.Clean(some(e.There)) + "."
				}
				return &hintedError{Err: fmt.Errorf("%s", terminal.Clean(e.Error())), Hint: hint}
			}
			if err != nil {
				return r.explain(cmd.Context(), err)
			}
			return r.print(facts)
		},
	}
	c.Flags().StringVar(&account, "account", "", "id or name of the account (required)")
	c.Flags().StringVar(&set, "permission-set", "", "only this one, by name or ARN")
	q.flags(c)
	return c
}
