package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/output"
)

func newGetCallerIdentity(a *App, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "get-caller-identity",
		Short: "Ask AWS whose credentials these are",
		Example: `  portico sts get-caller-identity --profile dev
  portico sts get-caller-identity --profile dev --query Arn --output text`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.setup(g)
			if err != nil {
				return err
			}
			print, err := s.printer(a, "GetCallerIdentity")
			if err != nil {
				return err
			}
			caller, err := s.caller(cmd.Context(), "STS")
			if err != nil {
				return err
			}
			return (&getCallerIdentity{Caller: caller, Print: print}).run(cmd.Context())
		},
	}
}

type getCallerIdentity struct {
	Caller *admin.Caller
	Print  func(output.Object) error
}

func (c *getCallerIdentity) run(ctx context.Context) error {
	svc := admin.Service("sts")
	for _, op := range svc.Operations {
		if op.Name == "GetCallerIdentity" {
			answer, err := admin.Merge(op, c.Caller.Pages(ctx, svc, op, nil, admin.Paging{}), admin.Paging{})
			if err != nil {
				return err
			}
			return c.Print(answer)
		}
	}
	return nil
}
