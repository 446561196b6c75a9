package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
)

func newLocalDecisionAdd(a *App, g *globals) *cobra.Command {
	var d control.Decision
	var flow string
	var after time.Duration
	c := &cobra.Command{
		Use:   "add allow|deny|never",
		Short: "Let sign-ins be answered without a person",
		Long: `Answers the sign-ins that begin from now on, with nobody at a browser: as the
person of --as, allow or deny them, at once or --after some time. never leaves
them unanswered: the service goes on waiting past the end of the code, so that it
is the client's own patience that ends.

--client (a pattern with * and ?) limits it to clients of that name, --flow to
device codes (device) or authorization codes (pkce). The rule added last is tried
first, those of the organisation's file after all others.`,
		Example: `  portico local decision add allow --as alice
  portico local decision add deny --as bob --client 'my-tool*' --flow device --after 3s
  portico local decision add never`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || (args[0] != "allow" && args[0] != "deny" && args[0] != "never") {
				return &usageError{Problem: "which decision? One of: allow, deny, never"}
			}
			return nil
		},
	}
	c.Flags().StringVar(&d.User, "as", "", "who answers (required, but for never)")
	c.Flags().StringVar(&d.Client, "client", "", "only clients of this name")
	c.Flags().StringVar(&flow, "flow", "", "only this flow: device or pkce")
	c.Flags().DurationVar(&after, "after", 0, "how long the person takes, like 3s")
	c.PreRunE = func(_ *cobra.Command, args []string) error {
		d.Answer, d.After = args[0], control.Duration(after)
		if d.Answer != "never" {
			if err := required(flag{"--as", d.User}); err != nil {
				return err
			}
		}
		var known bool
		if d.Flow, known = decisionFlows[flow]; !known {
			return &usageError{Problem: fmt.Sprintf("--flow: %q is neither device nor pkce", flow)}
		}
		return nil
	}
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		added, err := client.AddDecision(ctx, d)
		if err != nil {
			return err
		}
		return a.show(g, "decision", added, func() error {
			_, err := fmt.Fprintln(a.Stdout, added.ID)
			return err
		})
	})
}

// decisionFlows are what people call the flows, and what the seed does.
var decisionFlows = map[string]string{"": "", "device": "device", "pkce": "authorization_code", "authorization_code": "authorization_code"}

func newLocalDecisionList(a *App, g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "Which sign-ins are answered without a person",
		Long:  "Lists the scripted decisions in the order in which they are tried.",
		Example: `  portico local decision list
  portico local decision list --json`,
		Args: noArgs,
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		decisions, err := client.Decisions(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			return writeLines(a.Stdout, decisions)
		}
		return a.show(g, "decisions", decisions, func() error { return writeDecisions(a.Stdout, decisions) })
	})
}

func writeDecisions(out io.Writer, decisions []control.Decision) error {
	rows := [][]string{{"ID", "ANSWER", "AS", "CLIENT", "FLOW", "AFTER"}}
	for _, d := range decisions {
		after := ""
		if d.After > 0 {
			after = time.Duration(d.After).String()
		}
		rows = append(rows, []string{d.ID, d.Answer, d.User, d.Client, d.Flow, after})
	}
	return writeTable(out, rows)
}

func newLocalDecisionClear(a *App, g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "clear [ID]",
		Short: "Take scripted decisions back: one, or all",
		Long:  "Takes back the scripted decision with that id, or all of them.",
		Example: `  portico local decision clear
  portico local decision clear ID    # from: portico local decision list`,
		Args: atMostOne("decision id"),
	}
	return steering(a, c, func(ctx context.Context, client *control.Client, args []string) error {
		return client.ClearDecisions(ctx, optional(args))
	})
}
