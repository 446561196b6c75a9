package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/access"
)

func newAccessReport(a *App, g *globals) *cobra.Command {
	var q accessQuestion
	var refresh bool
	c := &cobra.Command{
		Use:   "report",
		Short: "Show who can reach what, in all accounts",
		Long: `Shows every way in which a person reaches an account: account, permission set,
person, and the group they have it by. Assignments of users and groups that were
deleted, and of groups that are empty, are there too, with that status.

It takes a call for each permission set in each account, at the pace that IAM
Identity Center allows (about 20 calls a second): some four minutes for 1,000
accounts with four permission sets each. Stopped by Ctrl-C, or by a lost network,
the same command goes on where it was, for an hour. --refresh begins anew.`,
		Example: `  portico access report --csv --profile management >access.csv
  portico access report --json --profile management --query 'Grants[?Status==` + "`deleted`" + `]'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := q.reader(cmd.Context(), a, g, "Report")
			if err != nil {
				return err
			}
			defer r.progress.Done()
			if err := r.openJournal(refresh); err != nil {
				return err
			}
			facts, err := r.Report(cmd.Context())
			if err != nil {
				err = r.explain(cmd.Context(), err)
				r.keepJournal()
				return err
			}
			if err := r.print(facts); err != nil {
				r.keepJournal()
				return err
			}
			if r.Journal != nil {
				return r.Journal.Remove()
			}
			return nil
		},
	}
	c.Flags().BoolVar(&refresh, "refresh", false, "ask everything anew")
	q.flags(c)
	return c
}

// openJournal goes on with what an earlier run has learnt. Where there can be no
// journal, the report does without.
func (r *accessReader) openJournal(refresh bool) error {
	path := r.journal()
	if refresh {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	journal, err := access.OpenJournal(path)
	if err != nil {
		r.setup.warn(fmt.Sprintf("should this be stopped, it cannot go on where it was: %v", err))
		return nil
	}
	r.Journal = journal
	if n := journal.Len(); n > 0 {
		fmt.Fprintf(r.app.Stderr, "Going on with %s, the oldest learnt %s. To ask everything anew: --refresh\n", count(n, "answer"), since(journal.Oldest()))
	}
	return nil
}

// keepJournal leaves it for the next run, and says so.
func (r *accessReader) keepJournal() {
	if r.Journal == nil {
		return
	}
	if n := r.Journal.Len(); n > 0 {
		fmt.Fprintf(r.app.Stderr, "%d answers are kept: the same command goes on from there, for an hour.\n", n)
	}
	r.Journal.Close()
}
