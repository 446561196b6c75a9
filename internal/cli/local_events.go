package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
)

func newLocalEvents(a *App, g *globals) *cobra.Command {
	var follow bool
	var user, operation, since string
	c := &cobra.Command{
		Use:   "events",
		Short: "What happened in it, as CloudTrail would tell",
		Long: `Prints what happened in the local Identity Center: one JSON object a line, oldest
first, with CloudTrail's field names. eventName is the operation's name, errorCode
is there when it was refused, and additionalEventData.AuthWorkflowID is the same
in all events of one sign-in. No secret is ever in it. With --output or --query
they are one list, events.
The latest hundred thousand are kept. --user and --op take patterns with * and ?.`,
		Example: `  portico local events
  portico local events --follow --user alice
  portico local events --op CreateToken --since 10m | jq -r '.errorCode // "ok"'`,
		Args: noArgs,
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on printing what happens, until Ctrl-C")
	c.Flags().StringVar(&user, "user", "", "only this person's")
	c.Flags().StringVar(&operation, "op", "", "only of this operation")
	c.Flags().StringVar(&since, "since", "", "only from then on: a time (2006-01-02T15:04:05Z) or how long ago (10m)")
	var from time.Time
	c.PreRunE = func(*cobra.Command, []string) (err error) {
		from, err = sinceTime(since)
		return err
	}
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		l := &localEvents{Control: client, Out: a.Stdout, Follow: follow,
			Query: control.EventsQuery{User: user, Operation: operation, Since: from}}
		if g.Output == "" && g.Query == "" {
			return l.run(ctx)
		}
		if follow {
			return &usageError{Problem: "--follow prints one event a line, and never a whole list for --output or --query; pipe it into jq"}
		}
		all, err := l.all(ctx)
		if err != nil {
			return err
		}
		return a.show(g, "events", all, nil)
	})
}

// sinceTime reads a time, or how long ago it was; "" is the zero time.
func sinceTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return time.Now().Add(-ago), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Time{}, &usageError{Problem: fmt.Sprintf("--since: %q is neither a time like 2006-01-02T15:04:05Z nor a duration like 10m", text)}
}

// followWait is how long one request waits for something to happen.
const followWait = 25 * time.Second

type localEvents struct {
	Control *control.Client
	Out     io.Writer
	Query   control.EventsQuery
	Follow  bool
}

// all are the events so far.
func (l *localEvents) all(ctx context.Context) (all []control.Event, err error) {
	for q := l.Query; ; {
		page, err := l.Control.Events(ctx, q)
		if err != nil || len(page.Events) == 0 {
			return all, err
		}
		all, q.After = append(all, page.Events...), page.Next
	}
}

func (l *localEvents) run(ctx context.Context) error {
	last := time.Now()
	for q := l.Query; ; {
		page, err := l.Control.Events(ctx, q)
		if _, answered := errors.AsType[*control.Error](err); err != nil && !answered && q.Wait > 0 && ctx.Err() == nil {
			return &hintedError{Err: fmt.Errorf("the Identity Center at %s has ended", l.Control.Record.Address),
				Hint: "When it runs again, follow on with: local events --follow --since " + last.UTC().Format(time.RFC3339)}
		}
		if err != nil {
			return err
		}
		if err := writeLines(l.Out, page.Events); err != nil {
			return err
		}
		q.After = page.Next
		if n := len(page.Events); n > 0 {
			last = page.Events[n-1].EventTime
		}
		if len(page.Events) > 0 {
			continue // there may be more
		}
		if !l.Follow {
			return nil
		}
		q.Wait = followWait
	}
}
