package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

func newCatalog(a *App, g *globals) *cobra.Command {
	l := &catalogCommand{App: a, Globals: g}
	c := &cobra.Command{
		Use:     "catalog [WORD...]",
		Short:   "List every account and role that you reach",
		GroupID: groupProfiles,
		Long: `Lists the accounts that you reach, each with your roles in it: those of the
profile's session, or of every session where neither a profile nor --sso-session
names one. With words, only the lines in which each of them occurs: in an account's
name, id or e-mail address, or in the role's name.

What was listed is kept, and for a day, unless you sign in anew, it is not asked
for again: --refresh asks all the same, and --offline never does. A listing that
is interrupted goes on where it was. Accounts are asked for side by side, as fast
as the service allows; it grants some 20 calls a second to everybody together.`,
		Example: `  portico catalog
  portico catalog prod admin
  portico catalog --sso-session corp --refresh
  portico catalog --offline --output json
  portico catalog --output text --query 'roles[].[accountId, roleName]'

  portico pick                        use one of them
  portico sync --sso-session corp     make a profile for each`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd, "refresh", "offline"); err != nil {
				return err
			}
			l.Words = args
			return l.run(cmd.Context())
		},
	}
	c.Flags().StringVar(&l.Session, "sso-session", "", "this sso-session, whatever the profile says")
	c.Flags().BoolVar(&l.Refresh, "refresh", false, "list every account and role anew")
	c.Flags().BoolVar(&l.Offline, "offline", false, "ask nobody: go by what was listed last, however old")
	return c
}

type catalogCommand struct {
	App              *App
	Globals          *globals
	Session          string
	Refresh, Offline bool
	Words            []string
}

func (c *catalogCommand) run(ctx context.Context) error {
	a := c.App
	s, err := a.setup(c.Globals)
	if err != nil {
		return err
	}
	sessions, err := s.portalSessions(c.Session)
	if err != nil {
		return err
	}
	var found []catalog.Snapshot
	for _, sess := range sessions {
		one, err := c.list(ctx, s, sess, len(sessions) == 1)
		if _, signedOut := errors.AsType[*signin.RequiredError](err); signedOut && len(sessions) > 1 && len(found) > 0 {
			s.warn(fmt.Sprintf("%s is left out: %v", sess, err))
			continue
		}
		if err != nil {
			return err
		}
		found = append(found, one)
	}
	return c.print(found)
}

// list asks to sign in only for the one session that is meant: who has many need not
// use them all.
func (c *catalogCommand) list(ctx context.Context, s *setup, sess signin.Session, meant bool) (catalog.Snapshot, error) {
	if c.Offline {
		return c.App.keptCatalog(s, sess)
	}
	h := handover{app: c.App, globals: c.Globals, Typed: meant}
	return h.currentCatalog(ctx, s, sess, c.Refresh)
}

func (c *catalogCommand) print(found []catalog.Snapshot) error {
	rows, all := []catalogRow{}, 0
	for _, s := range found {
		rows = append(rows, rolesMatching(s, c.Words)...)
		all += len(s.Roles)
	}
	return c.App.show(c.Globals, "roles", map[string]any{"roles": rows}, func() error {
		switch {
		case all == 0:
			fmt.Fprintf(c.App.Stderr, "You reach no account. %s\n", askAdministrator)
			return nil
		case len(rows) == 0:
			fmt.Fprintf(c.App.Stderr, "None of the %s matches.\n", count(all, "role"))
			return nil
		}
		table := [][]string{{"ACCOUNT", "ID", "EMAIL", "ROLE", "SESSION"}}
		for _, r := range rows {
			table = append(table, []string{r.AccountName, r.AccountID, r.Email, r.RoleName, r.Session})
		}
		if len(found) == 1 {
			for i, row := range table {
				table[i] = row[:4]
			}
		}
		return writeTable(c.App.Stdout, table)
	})
}

// A catalogRow is one role of one account, as it is printed.
type catalogRow struct {
	Session     string `json:"ssoSession,omitempty"`
	AccountID   string `json:"accountId"`
	AccountName string `json:"accountName,omitempty"`
	Email       string `json:"emailAddress,omitempty"`
	RoleName    string `json:"roleName"`
}

// rolesMatching are the roles in whose line each of the words occurs, whatever the
// case.
func rolesMatching(s catalog.Snapshot, words []string) []catalogRow {
	rows := []catalogRow{}
	for account, roles := range s.All() {
		row := catalogRow{Session: s.Session, AccountID: account.ID}
		if account.Name != nil {
			row.AccountName = *account.Name
		}
		if account.Email != nil {
			row.Email = *account.Email
		}
		for _, role := range roles {
			row.RoleName = role.Name
			if row.has(words) {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func (r catalogRow) has(words []string) bool {
	text := strings.ToLower(strings.Join([]string{r.AccountName, r.AccountID, r.Email, r.RoleName}, "\n"))
	for _, w := range words {
		if !strings.Contains(text, strings.ToLower(w)) {
			return false
		}
	}
	return true
}

// catalogDir is where listings are kept.
func (a *App) catalogDir() string { return filepath.Join(a.stateDir(), "catalog") }

// savedCatalogs are the listings kept of the sessions of a config, or of all for
// nil. It asks nobody, and what cannot be read is not there.
func (a *App) savedCatalogs(config *awsconfig.Config) []catalog.Snapshot {
	all, _ := catalog.Kept(a.catalogDir())
	if config == nil {
		return all
	}
	known := map[string]bool{}
	for _, name := range config.Sessions() {
		section, _ := config.Session(name)
		startURL, _ := section.Get("sso_start_url")
		known[name+"\n"+startURL] = true
	}
	var own []catalog.Snapshot
	for _, s := range all {
		if s.Session == "" || known[s.Session+"\n"+s.StartURL] {
			own = append(own, s)
		}
	}
	return own
}

// accountNames are what the listings kept call accounts, by their ids.
func (a *App) accountNames(config *awsconfig.Config) map[string]string {
	names := map[string]string{}
	for _, listed := range a.savedCatalogs(config) {
		for _, account := range listed.Accounts {
			if account.Name != nil {
				names[account.ID] = *account.Name
			}
		}
	}
	return names
}

// accountLabel names an account for people. "": nobody knows the name.
func accountLabel(name, id string) string {
	if name == "" {
		return id
	}
	return name + " (" + id + ")"
}

// portalSessions are the named session, the profile's, or else all of the config.
func (s *setup) portalSessions(name string) ([]signin.Session, error) {
	names := s.settings.Config.Sessions()
	if name == "" && !s.settings.HasProfile && len(names) == 0 {
		return nil, s.noSession()
	}
	if name != "" || s.profileHasSession() || len(names) < 2 {
		one, err := s.portalSession(name)
		return []signin.Session{one}, err
	}
	var all []signin.Session
	for _, n := range names {
		one, err := s.portalSession(n)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// noSession says that there is nothing yet whose accounts could be listed.
func (s *setup) noSession() error {
	return &configError{Kind: "Configuration", Problem: "There is no sso-session whose accounts could be listed.",
		Hint: fmt.Sprintf("To sign in and make one: %s configure sso", s.name)}
}

// keptCatalog is the listing kept of a session; it is an error that there is none.
// One that may be out of date it tells the age of.
func (a *App) keptCatalog(s *setup, sess signin.Session) (catalog.Snapshot, error) {
	list, err := s.catalog(sess)
	if err != nil {
		return catalog.Snapshot{}, err
	}
	found, known, err := list.Saved()
	if err != nil {
		return found, err
	}
	if !known {
		return found, &hintedError{Err: fmt.Errorf("the accounts of %s are not among what was listed and kept", terminal.Clean(sess.String())),
			Hint: fmt.Sprintf("List them with: %s catalog%s", s.name, sessionFlag(sess))}
	}
	switch {
	case !found.Complete:
		fmt.Fprintln(a.Stderr, "This is not all: the listing was interrupted.")
	case time.Since(found.Listed) > catalog.Fresh:
		fmt.Fprintf(a.Stderr, "This was listed %s. To list it anew: %s catalog --refresh\n", since(found.Listed), a.Name)
	}
	return found, nil
}

// currentCatalog is what the person reaches by a session now, from disk where that
// is enough. A listing shows its progress on a terminal; accounts whose roles the
// service does not tell are warned of.
func (a *App) currentCatalog(ctx context.Context, s *setup, sess signin.Session, refresh bool) (catalog.Snapshot, error) {
	list, err := s.catalog(sess)
	if err != nil {
		return catalog.Snapshot{}, err
	}
	progress := a.terminal().Progress("Listing the accounts of " + sess.String())
	found, err := list.Snapshot(ctx, catalog.Options{Refresh: refresh, Progress: progress.Step})
	progress.Done()
	if ctx.Err() != nil {
		fmt.Fprintln(a.Stderr, "What was listed so far is kept: the next time goes on from here.")
	}
	if err != nil {
		return found, err
	}
	for i, f := range found.Failed {
		if i == 3 {
			s.warn(fmt.Sprintf("nor for %d more accounts", len(found.Failed)-i))
			break
		}
		s.warn(fmt.Sprintf("the service does not tell your roles in account %s: %s", f.AccountID, f.Problem))
	}
	return found, nil
}
