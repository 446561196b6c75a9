package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
)

func newLocalClockShow(a *App, g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:     "show",
		Short:   "What time it says it is",
		Long:    "Prints the time that the local Identity Center says it is, and by how much that is skewed.",
		Example: `  portico local clock show`,
		Args:    noArgs,
	}
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		clock, err := client.Clock(ctx)
		if err != nil {
			return err
		}
		return a.show(g, "clock", clock, func() error {
			_, err := fmt.Fprintf(a.Stdout, "%s (skewed by %s)\n", clock.Now.UTC().Format(time.RFC3339), time.Duration(clock.Skew))
			return err
		})
	})
}

func newLocalClockAdvance(a *App, g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "advance DURATION",
		Short: "Make everything issued older",
		Long: `Makes everything that the local Identity Center has issued that much older:
registrations, codes, sign-ins, tokens, role credentials. What it issues from now
on, the Date header and the dates of signatures stay in real time, because
clients go by their own clocks; they notice when they are refused.`,
		Example: `  portico local clock advance 1h     # every access token has expired
  portico local clock advance 10m    # every device code that waits has expired`,
		Args: exactlyOne("duration"),
	}
	var by time.Duration
	c.PreRunE = func(_ *cobra.Command, args []string) (err error) {
		if by, err = time.ParseDuration(args[0]); err != nil || by <= 0 {
			return &usageError{Problem: fmt.Sprintf("%q is no duration to go forward by; write one like 90s, 10m or 8h", args[0])}
		}
		return nil
	}
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		return client.AdvanceClock(ctx, by)
	})
}

func newLocalClockSkew(a *App, g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "skew DURATION",
		Short: "Let its clock be wrong",
		Long: `Moves the Date header and the clock by which the dates of signatures are judged,
and nothing else, as if the service's clock were wrong, or the client's the other
way. It replaces the skew before; 0 puts the clock right.
A negative duration needs --: local clock skew -- -10m`,
		Example: `  portico local clock skew 10m
  portico local clock skew 0`,
		Args: exactlyOne("duration"),
	}
	var by time.Duration
	c.PreRunE = func(_ *cobra.Command, args []string) (err error) {
		if by, err = time.ParseDuration(args[0]); err != nil {
			return &usageError{Problem: fmt.Sprintf("%q is no duration; write one like 10m, -90s or 0", args[0])}
		}
		return nil
	}
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		return client.SkewClock(ctx, by)
	})
}
