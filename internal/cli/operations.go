package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/awsmodel"
)

// operations is the family of a service's operations, and of commands of its
// name that are portico's own. There are 180 operations, and a command line
// runs one: they are made for a line that names their service.
func operations(a *App, g *globals, words []string, service, short string, own ...*cobra.Command) *cobra.Command {
	c := family(a, groupAWS, service, short, own...)
	if len(words) > 0 && !slices.Contains(words, service) {
		return c
	}
	svc := admin.Service(service)
	for _, op := range svc.Operations {
		name := awsmodel.CommandName(op.Name)
		// The AWS CLI, too, has commands of its own in place of operations.
		if slices.ContainsFunc(own, func(c *cobra.Command) bool { return c.Name() == name }) {
			continue
		}
		c.AddCommand(newOperation(a, g, svc, op))
	}
	return c
}

// isOperation marks the commands that are operations of AWS.
const isOperation = "operation"

// IsOperation reports whether a command is an operation of AWS.
func IsOperation(c *cobra.Command) bool { return c.Annotations[isOperation] != "" }

func newOperation(a *App, g *globals, svc *awsmodel.Service, op *awsmodel.Operation) *cobra.Command {
	o := &operation{App: a, Globals: g, Service: svc, Operation: op}
	c := &cobra.Command{
		Use:         awsmodel.CommandName(op.Name),
		Short:       strings.TrimSuffix(op.Doc, "."),
		Example:     o.example(),
		Annotations: map[string]string{isOperation: op.Name},
		// Values of AWS operations follow a grammar of their own.
		DisableFlagParsing: true,
		RunE:               func(cmd *cobra.Command, words []string) error { return o.run(cmd, words) },
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if n := len(args); n > 0 && strings.HasPrefix(args[n-1], "--") {
				if offer := a.completers()[args[n-1][2:]]; offer != nil {
					return offer(cmd, args, word)
				}
			}
			return o.completions(cmd, word), cobra.ShellCompDirectiveDefault
		},
	}
	c.SetHelpFunc(func(cmd *cobra.Command, _ []string) { o.help(cmd) })
	return c
}
