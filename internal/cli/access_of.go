package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/access"
	"github.com/portico-sso/portico/internal/terminal"
)

func newAccessOf(a *App, g *globals) *cobra.Command {
	var q accessQuestion
	var group string
	c := &cobra.Command{
		Use:   "of USER",
		Short: "Show what a person, or a group, can reach",
		Long: `Shows which accounts a person can reach, with which permission sets, and whether
they have them directly or by which of their groups. USER is a user name, an
e-mail address or an id. With --group it is what the members of a group reach by
it.

Credentials of the management account get it in a call for the person and one for
each of their groups. Those of a delegated administrator have to go through all
accounts, as the service answers them no other way; that takes longer.

Who else is in an account says: portico access who --account NAME`,
		Example: `  portico access of alice --profile management
  portico access of alice@example.com --profile management --output json
  portico access of --group platform --profile management`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return &usageError{Problem: "Unknown options: " + args[1]}
			case len(args) == 1 && group != "":
				return &usageError{Problem: "give a user or --group, not both"}
			case len(args) == 0 && group == "":
				return &usageError{Problem: "the following arguments are required: USER, or --group"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := q.reader(cmd.Context(), a, g, "Of")
			if err != nil {
				return err
			}
			defer r.progress.Done()
			var facts *access.Facts
			if group != "" {
				facts, err = r.ofGroup(cmd.Context(), group)
			} else {
				facts, err = r.ofPerson(cmd.Context(), args[0])
			}
			if err != nil {
				return r.explain(cmd.Context(), err)
			}
			return r.print(facts)
		},
	}
	c.Flags().StringVar(&group, "group", "", "name or id of a group, in place of a user")
	q.flags(c)
	return c
}

func (r *accessReader) ofPerson(ctx context.Context, who string) (*access.Facts, error) {
	person, found, err := r.Person(ctx, who)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &hintedError{Err: fmt.Errorf("nobody in the identity store has the user name, e-mail address or id %s", terminal.Clean(who)),
			Hint: fmt.Sprintf("To see who there is: %s identitystore list-users --query 'Users[].UserName'%s", r.app.Name, r.app.sameProfile())}
	}
	return r.OfPerson(ctx, person)
}

func (r *accessReader) ofGroup(ctx context.Context, which string) (*access.Facts, error) {
	group, found, err := r.Group(ctx, which)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &hintedError{Err: fmt.Errorf("no group of the identity store has the name or id %s", terminal.Clean(which)),
			Hint: fmt.Sprintf("To see which there are: %s identitystore list-groups --query 'Groups[].DisplayName'%s", r.app.Name, r.app.sameProfile())}
	}
	return r.OfGroup(ctx, group)
}
