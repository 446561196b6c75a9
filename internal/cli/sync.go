package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/profiles"
	"github.com/portico-sso/portico/internal/terminal"
)

func newSync(a *App, g *globals) *cobra.Command {
	s := &syncCommand{app: a, globals: g, flags: newSyncFlags()}
	c := &cobra.Command{
		Use:     "sync",
		Short:   "Make profiles for every account and role, kept up to date",
		GroupID: groupProfiles,
		Long: `Makes a profile for each of your roles in each account of an SSO session, names
them by a template, and from then on adds what is new and removes what you have
lost. It shows what would change in ~/.aws/config and asks.

It only ever touches profiles that it made (portico_sync = SESSION), and keeps
what you change in those: keys, their values, their names. Another profile's name
is never taken.

What the profiles are to be is set in the [sso-session] (portico_sync_template and
others); flags take the place of that for this time, and --save stores them
there. Without --sso-session it goes through every session that has such
settings, or through all where none has.

A pattern is ACCOUNT or ACCOUNT/ROLE, with the wildcards * and ?, where ACCOUNT is
a name or an id; or ~ and a regular expression, which is searched in NAME/ROLE and
in ID/ROLE.`,
		Example: `  portico sync
  portico sync --sso-session corp --regions eu-west-1 --save
  portico sync --template '{{.AccountName | trimPrefix "acme-" | lower}}.{{.RoleName}}' --save
  portico sync --exclude 'sandbox-*' --exclude '*/Billing*' --save
  portico sync --set output=json --set 'prod-*:region=us-east-1' --save
  portico sync --yes
  portico sync --check
  portico sync --check --output text --query 'profiles[].[action, profile]'

  portico pick                          choose one of the profiles
  portico exec --profile dev-ReadOnly -- terraform plan`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.flags.read(cmd, g); err != nil {
				return err
			}
			return s.run(cmd.Context())
		},
	}
	c.Flags().StringVar(&s.only, "sso-session", "", "this sso-session only")
	s.flags.add(c)
	s.consent.addFlags(c)
	c.Flags().BoolVar(&s.check, "check", false, "change nothing; end with 1 where something is to change")
	c.Flags().BoolVar(&s.save, "save", false, "store these flags in the sso-session")
	c.Flags().BoolVar(&s.offline, "offline", false, "ask nobody: go by what was listed last, however old")
	c.Flags().BoolVar(&s.refresh, "refresh", false, "list every account and role anew")
	return c
}

// syncCommand is the command behind its flags.
type syncCommand struct {
	app     *App
	globals *globals
	flags   *syncFlags
	consent consent
	only    string // session

	check, save, offline, refresh bool
}

// A syncTarget is a session with what its person reaches.
type syncTarget struct {
	name    string
	listing profiles.Listing
}

func (c *syncCommand) run(ctx context.Context) error {
	s, err := c.app.setupForNew(c.globals)
	if err != nil {
		return err
	}
	names, err := c.sessions(s.settings.Config)
	if err != nil {
		return err
	}
	var targets []syncTarget
	for _, name := range names {
		// What is wrong with the settings is told before anything is listed.
		if _, err := c.settings(s.settings.Config, name); err != nil {
			return err
		}
	}
	failed := 0 // the code of the first session that could not be listed
	for _, name := range names {
		listing, err := c.list(ctx, s, name)
		if err != nil && (len(names) == 1 || ctx.Err() != nil || errors.Is(err, terminal.ErrInterrupted)) {
			return err
		}
		if err != nil { // the others need not wait for somebody to sign in to this one
			failed = cmp.Or(failed, report(ctx, c.app, err))
			continue
		}
		targets = append(targets, syncTarget{name, listing})
	}
	if len(targets) == 0 {
		return &exitError{Code: failed}
	}
	const tries = 5
	for range tries {
		err = c.bringUpToDate(ctx, s, targets)
		if _, taken := errors.AsType[*awsconfig.NameTakenError](err); taken || errors.Is(err, profiles.ErrMoved) {
			fmt.Fprintln(c.app.Stderr, "The configuration was changed by another program meanwhile. This is for what it is now:")
			continue
		}
		if err == nil && failed != 0 {
			err = &exitError{Code: failed}
		}
		return err
	}
	return fmt.Errorf("%s: %w, again and again; run it again when that has ended", c.app.files().Config, err)
}

// sessions are those to go through.
func (c *syncCommand) sessions(config *awsconfig.Config) ([]string, error) {
	all := config.Sessions()
	if c.only != "" {
		if !slices.Contains(all, c.only) {
			settings := awsconfig.ResolveLoose(config, awsconfig.Flags{}, c.app.Lookup)
			_, err := settings.LoginSession(c.only)
			return nil, loginError(c.app.Name, settings, err)
		}
		return []string{c.only}, nil
	}
	if len(all) == 0 {
		return nil, &configError{Kind: "Configuration", Problem: "There is no sso-session to make profiles for.",
			Hint: fmt.Sprintf("To set one up: %s configure sso-session", c.app.Name)}
	}
	var set []string
	for _, name := range all {
		if session, _ := config.Session(name); profiles.HasSettings(session) {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		set = all
	}
	if len(set) > 1 && (c.flags.passing() || c.flags.format != nil) {
		return nil, &usageError{Problem: fmt.Sprintf("the following arguments are required: --sso-session, as the flags are for the profiles of one (there are %s)", some(set))}
	}
	return set, nil
}

// settings are those of a session, under the flags.
func (c *syncCommand) settings(config *awsconfig.Config, name string) (profiles.Settings, error) {
	session, _ := config.Session(name)
	stored, err := profiles.ReadSettings(session)
	if err == nil {
		stored = c.flags.over(stored)
		err = stored.Check(name)
	}
	if e, ok := errors.AsType[*profiles.SettingError](err); ok {
		hint := fmt.Sprintf("It is set in [sso-session %s] of %s. What it may be: %s sync --help", terminal.Clean(name), c.app.files().Config, c.app.Name)
		if flag := c.flags.flagOf(e.Key); flag != "" {
			return stored, &usageError{Problem: fmt.Sprintf("argument %s: %s", flag, e.Problem)}
		}
		return stored, &configError{Kind: "Configuration", Problem: terminal.Clean(e.Error()), Hint: hint}
	}
	return stored, err
}

// list is what the person reaches, after a sign-in where it takes one and somebody is
// there.
func (c *syncCommand) list(ctx context.Context, s *setup, name string) (profiles.Listing, error) {
	sso, err := s.loginSession(name)
	if err != nil {
		return profiles.Listing{}, err
	}
	if c.offline {
		found, err := c.app.keptCatalog(s, session(sso))
		return listingOf(found), err
	}
	h := handover{app: c.app, globals: c.globals, Typed: true}
	found, err := h.currentCatalog(ctx, s, session(sso), c.refresh)
	return listingOf(found), err
}

func listingOf(s catalog.Snapshot) profiles.Listing {
	l := profiles.Listing{Complete: s.Complete && len(s.Failed) == 0}
	for a, roles := range s.All() {
		account := profiles.Account{ID: a.ID}
		if a.Name != nil {
			account.Name = *a.Name
		}
		if a.Email != nil {
			account.Email = *a.Email
		}
		l.Accounts = append(l.Accounts, account)
		if len(roles) == 0 { // nobody reaches an account without a role
			l.Unlisted = append(l.Unlisted, a.ID)
		}
		for _, r := range roles {
			l.Roles = append(l.Roles, profiles.Role{AccountID: a.ID, Name: r.Name})
		}
	}
	return l
}

// bringUpToDate plans with the config as it is now, asks and writes. Where the
// config has been changed between the plan and the writing it is
// [profiles.ErrMoved], and nothing was written.
func (c *syncCommand) bringUpToDate(ctx context.Context, s *setup, targets []syncTarget) error {
	files := c.app.files()
	config, err := files.Load()
	if err != nil {
		return err
	}
	var plan profiles.Plan
	var taken []string
	for _, t := range targets {
		p, err := c.plan(ctx, config, t, taken)
		if err != nil {
			return err
		}
		for _, o := range p.Outcomes {
			if o.Action != profiles.Removed && o.Action != profiles.Skipped {
				taken = append(taken, o.Name)
			}
		}
		plan.Edits = append(plan.Edits, p.Edits...)
		plan.Outcomes = append(plan.Outcomes, p.Outcomes...)
		plan.NoRegion = plan.NoRegion || p.NoRegion
	}
	changes, err := files.Preview(plan.Edits...)
	if err != nil {
		return err
	}
	summary := syncSummary(&plan)
	if len(changes) == 0 {
		return c.conclude(ctx, s, targets, &plan, summary)
	}
	if c.check {
		err := c.print(&plan, func() {
			c.tellOutcomes(&plan)
			fmt.Fprintf(c.app.Stdout, "To bring up to date: %s\nTo see it: %s sync --dry-run%s\n", summary, c.app.Name, c.onlyFlag())
		})
		return cmp.Or(err, error(&exitError{Code: exitNo}))
	}
	ok, err := c.agreed(ctx, &plan, changes)
	if err != nil {
		return err
	}
	if !ok {
		err := c.print(&plan, func() { fmt.Fprintf(c.app.Stdout, "Nothing was changed. It would be: %s\n", summary) })
		if c.consent.DryRun || err != nil {
			return err
		}
		return &exitError{Code: exitNo}
	}
	if _, err := files.Update(ctx, plan.Edits...); err != nil {
		return err
	}
	return c.conclude(ctx, s, targets, &plan, summary)
}

// print tells of a plan: people in words, programs that ask for it profile by
// profile.
func (c *syncCommand) print(plan *profiles.Plan, forPeople func()) error {
	type outcome struct {
		Action   profiles.Action `json:"action"`
		Profile  string          `json:"profile"`
		Was      string          `json:"was,omitempty"`
		Reason   string          `json:"reason,omitempty"`
		Session  string          `json:"ssoSession"`
		Account  string          `json:"accountId"`
		RoleName string          `json:"roleName"`
		Region   string          `json:"region,omitempty"`
	}
	all := []outcome{}
	for _, o := range plan.Outcomes {
		all = append(all, outcome{o.Action, o.Name, o.Was, o.Reason, o.Row.SSOSession, o.Row.AccountID, o.Row.RoleName, o.Row.Region})
	}
	return c.app.show(c.globals, "profiles", map[string]any{"profiles": all}, func() error { forPeople(); return nil })
}

// forPrograms tells whether stdout is to hold nothing but what print prints.
func (c *syncCommand) forPrograms() bool { return c.globals.Output != "" || c.globals.Query != "" }

func (c *syncCommand) plan(ctx context.Context, config *awsconfig.Config, t syncTarget, taken []string) (*profiles.Plan, error) {
	section, ok := config.Session(t.name)
	if !ok {
		return nil, &awsconfig.NoSuchSessionError{Name: t.name}
	}
	set, err := c.settings(config, t.name)
	if err != nil {
		return nil, err
	}
	if err := c.app.soleOfBoth(config, t.name, set); err != nil {
		return nil, err
	}
	in := profiles.Input{
		Session: section, Settings: set, Listing: t.listing, Config: config, Taken: taken,
		Process: c.app.helpers(), Ours: isHelper,
		Names: func(rows []profiles.Row) ([]string, error) {
			return c.app.namesByCommand(ctx, set.Command, rows)
		},
		Prune: c.flags.prune, Partial: c.flags.passing() && !c.save,
	}
	p, err := profiles.NewPlan(in)
	if err != nil {
		return nil, err
	}
	if edit := c.toSave(section, set); len(edit.Set) > 0 {
		p.Edits = append([]awsconfig.Edit{edit}, p.Edits...)
	}
	return p, nil
}

// toSave stores the settings where that was asked for. The format always is: it
// also says how the access token is to be kept.
func (c *syncCommand) toSave(section awsconfig.SSOSession, set profiles.Settings) awsconfig.Edit {
	if c.save {
		return set.Edit(section.Name)
	}
	edit := awsconfig.Edit{Section: awsconfig.Section{Kind: awsconfig.KindSession, Name: section.Name}}
	if c.flags.format != nil {
		edit.Set = []awsconfig.KeyValue{awsconfig.Set(profiles.KeyFormat, *c.flags.format)}
	}
	return edit
}

// agreed shows what would change and asks. Thousands of lines are no help to
// anybody who is asked: then it is told in a few, but for --dry-run.
func (c *syncCommand) agreed(ctx context.Context, plan *profiles.Plan, changes []awsconfig.Change) (bool, error) {
	if c.forPrograms() {
		if !c.consent.Yes && !c.consent.DryRun {
			return false, &usageError{Problem: "the following arguments are required: --yes, --dry-run or --check, where the output is for a program"}
		}
		return c.consent.Yes && !c.consent.DryRun, nil
	}
	lines := 0
	for _, change := range changes {
		added, removed := change.Lines()
		lines += added + removed
	}
	question := "Make these changes?"
	if lines <= shownLines || c.consent.DryRun {
		return c.app.confirmChange(ctx, c.consent, question, changes)
	}
	c.tellOutcomes(plan)
	if !c.consent.Yes {
		fmt.Fprintf(c.app.Stdout, "That is %d lines of %s. To read them: %s sync --dry-run%s\n", lines, c.app.files().Config, c.app.Name, c.onlyFlag())
	}
	return c.app.confirmChange(ctx, c.consent, question, nil)
}

// shownLines is how long a diff may be that is shown before a question.
const shownLines = 400

func (c *syncCommand) onlyFlag() string {
	if c.only == "" {
		return ""
	}
	return " --sso-session " + quoteWord(c.only)
}

// tellOutcomes names the first few of each kind.
func (c *syncCommand) tellOutcomes(plan *profiles.Plan) {
	for _, action := range []profiles.Action{profiles.Added, profiles.Changed, profiles.Renamed, profiles.Removed} {
		var names []string
		for _, o := range plan.Outcomes {
			if o.Action != action {
				continue
			}
			name := terminal.Clean(o.Name)
			if o.Was != "" {
				name = terminal.Clean(o.Was) + " to " + name
			}
			names = append(names, name)
		}
		if len(names) > 0 {
			fmt.Fprintf(c.app.Stdout, "%d %s: %s\n", len(names), action, some(names))
		}
	}
}

func syncSummary(plan *profiles.Plan) string {
	var parts []string
	for _, action := range []profiles.Action{profiles.Added, profiles.Changed, profiles.Removed, profiles.Renamed, profiles.Kept, profiles.Skipped, profiles.Unchanged} {
		if n := plan.Count(action); n > 0 || action == profiles.Unchanged && parts == nil {
			parts = append(parts, fmt.Sprintf("%d %s", n, action))
		}
	}
	return strings.Join(parts, ", ")
}

// conclude says what there is now, what was not done and why, and what to do with
// it.
func (c *syncCommand) conclude(ctx context.Context, s *setup, targets []syncTarget, plan *profiles.Plan, summary string) error {
	if !c.check && !c.consent.DryRun {
		c.keepCopies(ctx, s, targets)
	}
	if len(plan.Outcomes) == 0 {
		s.warn("there is no role that would get a profile")
	}
	told := map[string]int{}
	for _, o := range plan.Outcomes {
		if o.Reason == "" || o.Action == profiles.Removed {
			continue
		}
		told[o.Reason]++
		if told[o.Reason] <= 3 {
			s.warn(fmt.Sprintf("%s %s: %s", o.Action, o.Name, o.Reason))
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(told)) {
		if n := told[reason] - 3; n > 0 {
			s.warn(fmt.Sprintf("and %d more: %s", n, reason))
		}
	}
	return c.print(plan, func() {
		fmt.Fprintln(c.app.Stdout, summary)
		if !c.check {
			c.next(plan)
		}
	})
}

// next names what there is to do now.
func (c *syncCommand) next(plan *profiles.Plan) {
	there := slices.DeleteFunc(slices.Clone(plan.Outcomes), func(o profiles.Outcome) bool { return o.Action == profiles.Removed || o.Action == profiles.Skipped })
	if len(there) == 0 {
		return
	}
	if c.flags.passing() && !c.save {
		fmt.Fprintf(c.app.Stdout, "The flags were for this time. To keep them, run it again with --save.\n")
	}
	if plan.Count(profiles.Added) > 0 && plan.NoRegion {
		fmt.Fprintf(c.app.Stdout, "The profiles have no region. To give them one: %s sync%s --regions eu-west-1 --save\n", c.app.Name, c.onlyFlag())
	}
	first := there[max(0, slices.IndexFunc(there, func(o profiles.Outcome) bool { return o.Action == profiles.Added }))].Name
	fmt.Fprintf(c.app.Stdout, "To use one: %s pick, or: %s exec --profile %s -- COMMAND\n", c.app.Name, c.app.Name, quoteWord(terminal.Clean(first)))
}
