package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
)

func newLocalFaultAdd(a *App, g *globals) *cobra.Command {
	var f control.Fault
	var latency, retryAfter time.Duration
	var rate string
	c := &cobra.Command{
		Use:   "add",
		Short: "Make an operation go wrong",
		Long: `Makes calls of an operation go wrong, from now on. --op is the operation's name
(CreateToken), a service and an operation (sso:ListAccounts, sts:*), a page
("/device", "POST /signin"), or * for everything. One of these says how:

  --error TYPE      the error of that name, in the caller's own protocol
  --status N        an answer with that HTTP status
  --drop [before]   the connection breaks before anything was done
  --drop after      everything was done, and the answer is lost
  --truncate        the connection breaks in the middle of the answer
  --latency D       the answer takes that much longer; goes with all others
  --rate N/s        more calls than that are throttled (--burst at once)
  --retry-after D   the answer says to come again after that; goes with --rate,
                    --error and --status

--client and --user (patterns with * and ?) limit it to one client's or one
person's calls, --nth to the Nth of them, --count to as many. It prints the id
by which "fault clear" takes it back.`,
		Example: `  portico local fault add --op ListAccounts --error TooManyRequestsException --count 2
  portico local fault add --op CreateToken --drop after --count 1
  portico local fault add --op '*' --latency 300ms --client 'my-tool*'
  portico local fault add --op GetRoleCredentials --rate 20/s --burst 40`,
		Args: func(cmd *cobra.Command, args []string) error {
			// --drop alone is "before", so what follows it is left over.
			if len(args) == 1 && cmd.Flags().Changed("drop") && (args[0] == "before" || args[0] == "after") {
				f.Drop = args[0]
				return nil
			}
			return noArgs(cmd, args)
		},
	}
	c.Flags().StringVar(&f.Op, "op", "", "operation, page, or * (required)")
	c.Flags().StringVar(&f.Error, "error", "", "error type to answer with")
	c.Flags().IntVar(&f.Status, "status", 0, "HTTP status to answer with")
	c.Flags().StringVar(&f.Drop, "drop", "", "break the connection: before or after acting")
	c.Flags().Lookup("drop").NoOptDefVal = "before"
	c.Flags().BoolVar(&f.Truncate, "truncate", false, "break the connection in the middle of the answer")
	c.Flags().DurationVar(&latency, "latency", 0, "wait before answering, like 300ms")
	c.Flags().StringVar(&rate, "rate", "", "calls a second that pass, like 20/s")
	c.Flags().IntVar(&f.Burst, "burst", 0, "calls that pass at once, with --rate")
	c.Flags().DurationVar(&retryAfter, "retry-after", 0, "when the answer says to come again, like 2s")
	c.Flags().IntVar(&f.Count, "count", 0, "how many calls go wrong (default: all)")
	c.Flags().IntVar(&f.Nth, "nth", 0, "only the Nth matching call, counted from now")
	c.Flags().StringVar(&f.Client, "client", "", "only calls of clients of this name")
	c.Flags().StringVar(&f.User, "user", "", "only calls of this person")
	c.PreRunE = func(cmd *cobra.Command, _ []string) (err error) {
		if err := required(flag{"--op", f.Op}); err != nil {
			return err
		}
		for _, name := range []string{"status", "latency", "retry-after", "burst", "count", "nth"} {
			if given := cmd.Flag(name); given.Changed && strings.Trim(given.Value.String(), "0s") == "" {
				return &usageError{Problem: "--" + name + " must be more than 0"}
			}
		}
		f.Latency, f.RetryAfter = control.Duration(latency), control.Duration(retryAfter)
		f.Rate, err = perSecond(rate)
		return err
	}
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		added, err := client.AddFault(ctx, f)
		if err != nil {
			return err
		}
		return a.show(g, "fault", added, func() error {
			_, err := fmt.Fprintln(a.Stdout, added.ID)
			return err
		})
	})
}

// perSecond reads a rate: 20/s, 30/m, or a number of calls a second.
func perSecond(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(number, 64)
	per, known := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[unit]
	if err != nil || !known || !(n > 0) || math.IsInf(n, 1) {
		return 0, &usageError{Problem: fmt.Sprintf("--rate: %q is no rate; write calls a second, like 20/s", text)}
	}
	return n / per, nil
}

func newLocalFaultList(a *App, g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "What goes wrong on cue",
		Long:  "Lists the faults that are set, in the order in which they are tried, and how often each has acted.",
		Example: `  portico local fault list
  portico local fault list --json`,
		Args: noArgs,
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return steering(a, c, func(ctx context.Context, client *control.Client, _ []string) error {
		faults, err := client.Faults(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			return writeLines(a.Stdout, faults)
		}
		return a.show(g, "faults", faults, func() error { return writeFaults(a.Stdout, faults) })
	})
}

func writeFaults(out io.Writer, faults []control.Fault) error {
	rows := [][]string{{"ID", "OP", "FAULT", "ONLY", "CALLS", "ACTED"}}
	for _, f := range faults {
		rows = append(rows, []string{f.ID, f.Op, faultKind(f), faultOnly(f), strconv.Itoa(f.Calls), strconv.Itoa(f.Acted)})
	}
	return writeTable(out, rows)
}

// faultKind says what a fault does, in the words of fault add.
func faultKind(f control.Fault) string {
	var kinds []string
	say := func(on bool, format string, args ...any) {
		if on {
			kinds = append(kinds, fmt.Sprintf(format, args...))
		}
	}
	say(f.Latency > 0, "latency %s", time.Duration(f.Latency))
	say(f.Rate > 0, "rate %g/s", f.Rate)
	say(f.Burst > 0, "burst %d", f.Burst)
	say(f.RetryAfter > 0, "retry after %s", time.Duration(f.RetryAfter))
	say(f.Error != "", "error %s", f.Error)
	say(f.Status > 0, "status %d", f.Status)
	say(f.Drop != "", "drop %s", f.Drop)
	say(f.Truncate, "truncate")
	return strings.Join(kinds, ", ")
}

// faultOnly says which calls a fault is limited to.
func faultOnly(f control.Fault) string {
	var only []string
	say := func(on bool, format string, args ...any) {
		if on {
			only = append(only, fmt.Sprintf(format, args...))
		}
	}
	say(f.Client != "", "client %s", f.Client)
	say(f.User != "", "user %s", f.User)
	say(f.Nth > 0, "nth %d", f.Nth)
	say(f.Count > 0, "count %d", f.Count)
	return strings.Join(only, ", ")
}

func newLocalFaultClear(a *App, g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "clear [ID]",
		Short: "Take faults back: one, or all",
		Long:  "Takes back the fault with that id, or all of them.",
		Example: `  portico local fault clear
  portico local fault clear fault-2`,
		Args: atMostOne("fault id"),
	}
	return steering(a, c, func(ctx context.Context, client *control.Client, args []string) error {
		return client.ClearFaults(ctx, optional(args))
	})
}
