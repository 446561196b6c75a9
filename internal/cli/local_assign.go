package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
)

func newLocalAssign(a *App, g *globals) *cobra.Command {
	return newChangeAssignment(a, g, "assign", "Give a person or a group a permission set", "Gives a person or a group a permission set in accounts.",
		(*control.Client).Assign)
}

func newLocalUnassign(a *App, g *globals) *cobra.Command {
	return newChangeAssignment(a, g, "unassign", "Take a permission set from a person or a group",
		"Takes a permission set in accounts from a person or a group. Role credentials that\nwere issued live on to their own end.", (*control.Client).Unassign)
}

func newChangeAssignment(a *App, g *globals, name, short, long string, change func(*control.Client, context.Context, control.Assignment) (int, error)) *cobra.Command {
	var in control.Assignment
	c := &cobra.Command{
		Use: name, Short: short, Long: long, Args: noArgs,
		Example: "  portico local " + name + " --user bob --permission-set ReadOnly --account dev\n" +
			"  portico local " + name + " --group platform --permission-set AdministratorAccess --account 111111111111 --account prod",
	}
	c.Flags().StringVar(&in.User, "user", "", "which person")
	c.Flags().StringVar(&in.Group, "group", "", "or which group")
	c.Flags().StringVar(&in.PermissionSet, "permission-set", "", "which permission set (required)")
	c.Flags().StringArrayVar(&in.Accounts, "account", nil, "account by name or id, or * for all; may be repeated (required)")
	c.PreRunE = func(*cobra.Command, []string) error {
		if (in.User == "") == (in.Group == "") {
			return &usageError{Problem: "say either --user or --group"}
		}
		accounts := ""
		if len(in.Accounts) > 0 {
			accounts = in.Accounts[0]
		}
		return required(flag{"--permission-set", in.PermissionSet}, flag{"--account", accounts})
	}
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		changed, err := change(client, ctx, in)
		if err != nil {
			return err
		}
		return a.show(g, name, done("changed", changed), func() error {
			_, err := fmt.Fprintf(a.Stdout, "Changed %s.\n", count(changed, "assignment"))
			return err
		})
	})
}
