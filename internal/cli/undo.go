package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/terminal"
)

func newUndo(a *App, g *globals) *cobra.Command {
	u := &undo{app: a, globals: g}
	var list bool
	c := &cobra.Command{
		Use:     "undo",
		Short:   "Take back portico's last change to ~/.aws/config",
		GroupID: groupProfiles,
		Long: `Shows what taking back the last change would do to the config file, and does it
after a yes. portico keeps the file as it was before and after each change that it
makes itself: --list has them, and --to goes back to before one of them, or to a
date. To undo is a change, too: undone again, it is as before.

What others changed in the file since stays: only the lines of portico's change are
taken back. Where both concern the same it is refused; --force then puts the whole
file back as it was before the change.

The credentials file holds secrets. It is not kept, and not changed back.`,
		Example: `  portico undo
  portico undo --list
  portico undo --to 3 --dry-run
  portico undo --to "2026-11-20 18:00"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if list {
				return u.list()
			}
			return u.run(cmd.Context())
		},
	}
	c.Flags().BoolVar(&list, "list", false, "list the changes that are kept, the last one first")
	c.Flags().StringVar(&u.to, "to", "", "go back to before the change of that number in --list, or to a date")
	c.Flags().BoolVar(&u.force, "force", false, "put the whole file back, with what others changed since")
	u.addFlags(c)
	_ = c.RegisterFlagCompletionFunc("to", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return u.numbers(), cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

// numbers are what --to can be, for completions.
func (u *undo) numbers() (all []string) {
	past, _ := u.app.files().Past()
	for i, p := range past {
		all = append(all, fmt.Sprintf("%d\t%s %s", i+1, p.Time.Local().Format(changeTime), terminal.Clean(p.Command)))
	}
	return all
}

type undo struct {
	consent
	app     *App
	globals *globals
	to      string
	force   bool
}

// A listedChange is one of "undo --list".
type listedChange struct {
	Number  int       `json:"number"`
	Time    time.Time `json:"time"`
	Command string    `json:"command"`
	Added   int       `json:"added"`
	Removed int       `json:"removed"`
}

func (u *undo) list() error {
	past, err := u.app.files().Past()
	if err != nil {
		return err
	}
	all := []listedChange{}
	for i, p := range past {
		all = append(all, listedChange{i + 1, p.Time.Truncate(time.Second), p.Command, p.Added, p.Removed})
	}
	return u.app.show(u.globals, "undo", all, func() error { return writeChanges(u.app.Stdout, all) })
}

func writeChanges(out io.Writer, all []listedChange) error {
	rows := [][]string{{"N", "WHEN", "COMMAND", "LINES"}}
	for _, c := range all {
		rows = append(rows, []string{strconv.Itoa(c.Number), c.Time.Local().Format(changeTime), terminal.Clean(c.Command), fmt.Sprintf("+%d -%d", c.Added, c.Removed)})
	}
	return writeTable(out, rows)
}

const changeTime = "2006-01-02 15:04:05"

func (u *undo) run(ctx context.Context) error {
	a, files := u.app, u.app.files()
	past, err := files.Past()
	if err != nil {
		return err
	}
	now, err := files.Bytes()
	if err != nil {
		return err
	}
	back, err := u.choose(files, past, now)
	if err != nil {
		return err
	}
	before, err := u.before(files, back, now)
	if err != nil {
		return err
	}
	if bytes.Equal(before, now) {
		return nothingToUndo(files)
	}
	for _, p := range back {
		fmt.Fprintf(a.Stderr, "Taking back what portico %s changed at %s.\n", terminal.Clean(p.Command), p.Time.Local().Format(changeTime))
	}
	for _, p := range back {
		if p.AlsoCredentials {
			fmt.Fprintf(a.Stderr, "What it changed in %s stays: that file is not kept.\n", files.CredentialsShown)
			break
		}
	}
	change := awsconfig.Change{File: files.Config, Before: now, After: before}
	if yes, err := a.confirmChange(ctx, u.consent, "Take it back?", []awsconfig.Change{change}); err != nil || !yes {
		if err == nil && !u.DryRun {
			err = &exitError{Code: exitNo}
		}
		return err
	}
	replace := files.Replace
	if u.force {
		replace = files.Restore
	}
	_, err = replace(ctx, func(then []byte) ([]byte, error) {
		if !bytes.Equal(then, now) {
			return nil, &hintedError{Err: fmt.Errorf("%s was changed while you were asked, and is left alone", files.ConfigShown), Hint: "Run it again to see what it would do now."}
		}
		return before, nil
	})
	if _, unreadable := errors.AsType[*awsconfig.ParseError](err); unreadable {
		return &hintedError{Err: fmt.Errorf("%s was a file then that no AWS tool can read", files.ConfigShown),
			Hint: fmt.Sprintf("To have it back all the same: %s", u.again())}
	}
	if err == nil {
		fmt.Fprintf(a.Stderr, "%s is as it was. To have the change again: %s undo\n", files.ConfigShown, a.Name)
	}
	return err
}

func nothingToUndo(files awsconfig.Files) error {
	return &hintedError{Err: fmt.Errorf("portico has made no change to %s that could be taken back", files.ConfigShown),
		Hint: "It keeps what it changes itself. What other programs and people change it does not see."}
}

// choose says which changes are to be taken back, the last one first.
func (u *undo) choose(files awsconfig.Files, past []awsconfig.PastChange, now []byte) ([]awsconfig.PastChange, error) {
	if u.to == "" {
		return lastOf(files, past, now)
	}
	if n, err := strconv.Atoi(u.to); err == nil {
		if n < 1 || n > len(past) {
			return nil, &usageError{Problem: fmt.Sprintf("argument --to: there is no change %d; see undo --list", n)}
		}
		return past[:n], nil
	}
	for _, layout := range []string{time.RFC3339, changeTime, "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly} {
		date, err := time.ParseInLocation(layout, u.to, time.Local)
		if err != nil {
			continue
		}
		n := 0
		for n < len(past) && past[n].Time.After(date) {
			n++
		}
		if n == 0 {
			return nil, nothingToUndo(files)
		}
		return past[:n], nil
	}
	return nil, &usageError{Problem: fmt.Sprintf("argument --to: %q is no number of undo --list and no date, such as 2026-11-20 or \"2026-11-20 18:00\"", u.to)}
}

// lastOf is the last change of which anything is left in the file.
func lastOf(files awsconfig.Files, past []awsconfig.PastChange, now []byte) ([]awsconfig.PastChange, error) {
	for i, p := range past {
		c, err := files.States(p)
		if err != nil {
			return nil, err
		}
		if before, err := c.Revert(now); err != nil || !bytes.Equal(before, now) {
			return past[i : i+1], nil // what is wrong is said by who reverts it
		}
	}
	return nil, nothingToUndo(files)
}

// ends are the commands that moved secrets together with what they changed in the
// file, and those that move them back.
var ends = map[string]string{"seal": "unseal", "unseal": "seal"}

// before is what the file becomes.
func (u *undo) before(files awsconfig.Files, back []awsconfig.PastChange, now []byte) ([]byte, error) {
	for _, p := range back {
		c, err := files.States(p)
		if err != nil {
			return nil, err
		}
		if other := ends[p.Command]; other != "" && !u.force {
			return nil, &hintedError{Err: fmt.Errorf("the change at %s moved secrets, too, which the file alone cannot take back", p.Time.Local().Format(changeTime)),
				Hint: fmt.Sprintf("The way back is: %s %s", u.app.Name, other)}
		}
		if u.force {
			now = c.Before
			continue
		}
		if now, err = c.Revert(now); err != nil {
			return nil, u.refused(err, p)
		}
	}
	return now, nil
}

func (u *undo) refused(err error, p awsconfig.PastChange) error {
	if _, ok := errors.AsType[*awsconfig.RevertError](err); !ok {
		return err
	}
	return &hintedError{Err: fmt.Errorf("the change of portico %s at %s cannot be taken back alone: %w", p.Command, p.Time.Local().Format(changeTime), err),
		Hint: fmt.Sprintf("Edit the file by hand, or see what it takes to put all of it back as it was before: %s --dry-run", u.again())}
}

// again is the command with --force.
func (u *undo) again() string {
	line := u.app.Name + " undo --force"
	if u.to != "" {
		line += " --to " + quoteWord(u.to)
	}
	return line
}
