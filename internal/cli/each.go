package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/pace"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// each runs one command in many accounts.
type each struct {
	App      *App
	Globals  *globals
	Handover *handover
	Select   selection
	Argv     []string

	Parallel int
	Timeout  time.Duration // of each run; 0: none
	FailFast bool
	Refresh  bool
	Offline  bool

	Order, Lines, JSON bool
	DryRun             bool
	Plan               string
	RetryFailed        bool
}

func newEach(a *App, g *globals) *cobra.Command {
	e := &each{App: a, Globals: g}
	e.Handover = &handover{app: a, globals: g, Typed: true}
	c := &cobra.Command{
		Use:     "each --match PATTERN [flags] -- COMMAND [ARGUMENTS]",
		Short:   "Run a command in many accounts",
		GroupID: groupEveryday,
		Long: `Runs a command once in each account that fits, with the credentials of a role there,
several at a time. Accounts are found by --match: patterns with * and ? for their
name, id or e-mail address, or for an alias or a tag (env=prod) that a profile of
theirs has. One role in each is taken: the one that --role fits. --profiles runs it
with profiles instead. With --region it runs in each of these regions.

The command gets what exec gives it, and PORTICO_ACCOUNT_NAME. Its arguments are
handed over as they are: where one is to hold the account, let a shell put it
there, as in sh -c 'echo $AWS_ACCOUNT_ID'. It has no input and no terminal.

What a run prints comes in one piece when it ends, below a line that says whose it
is: stdout on stdout, stderr on stderr. --lines has each line at once, with the
account before it; --json has one JSON object for each run. At the end stderr says
how many failed, and where. The exit code is 0, or that of the runs that failed if
it is the same for all of them, or else 1. Ctrl-C starts no more and passes on to
those that run; once more, and they are ended.

--retry-failed, added to the same command, runs it again where it failed or was not
run. --plan runs nothing and prints the work list, for xargs, GNU parallel, job
arrays or Step Functions; --dry-run prints it for people.`,
		Example: `  portico each --match 'prod-*' --role ReadOnly -- aws s3 ls
  portico each --match 'prod-*' --role ReadOnly --retry-failed -- aws s3 ls
  portico each --match env=prod --exclude '*-sandbox' --role ReadOnly --region eu-west-1,us-east-1 --json -- aws ec2 describe-vpcs
  portico each --profiles '*-admin' --lines -- terraform plan
  portico each --match '*' --role ReadOnly --dry-run
  portico each --match '*' --role ReadOnly --plan=nul -- ./audit.sh | xargs -0 -P 8 -n 1 sh -c`,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, pair := range [][]string{{"order", "lines"}, {"lines", "json"}, {"dry-run", "plan"}, {"refresh", "offline"}} {
				if err := exclusive(cmd, pair...); err != nil {
					return err
				}
			}
			e.Argv = args
			return e.run(cmd.Context())
		},
	}
	f := c.Flags()
	f.SetInterspersed(false)
	f.StringSliceVarP(&e.Select.Match, "match", "m", nil, "accounts, by name, id, e-mail address, alias or tag; * and ? stand for others")
	f.StringSliceVar(&e.Select.Exclude, "exclude", nil, "accounts, or profiles, that are left out")
	f.StringSliceVar(&e.Select.Roles, "role", nil, "the role; of several, the first that an account has")
	f.StringSliceVar(&e.Select.Profiles, "profiles", nil, "profiles in place of accounts, or besides")
	f.StringSliceVar(&e.Select.Sessions, "sso-session", nil, "session, or sessions, whose accounts are meant")
	f.IntVarP(&e.Parallel, "parallel", "p", 8, "how many run at the same time")
	f.DurationVar(&e.Timeout, "timeout", 0, "end a run that takes longer, such as 5m")
	f.BoolVar(&e.FailFast, "fail-fast", false, "start no more once one has failed")
	f.BoolVar(&e.Order, "order", false, "print in the order of the accounts, not of the ends")
	f.BoolVar(&e.Lines, "lines", false, "print each line when it comes, with the account before it")
	f.BoolVar(&e.JSON, "json", false, "print a JSON object for each run")
	f.BoolVar(&e.DryRun, "dry-run", false, "show where the command would run, and run nothing")
	choiceFlag(f, &e.Plan, "plan", []string{planJSON, planShell, planNUL}, "print the work list: as JSON lines, =sh as shell commands, =nul as those that NUL ends")
	f.Lookup("plan").NoOptDefVal = planJSON
	f.BoolVar(&e.RetryFailed, "retry-failed", false, "run it where the same command failed last time, or was not run")
	f.BoolVar(&e.Refresh, "refresh", false, "list every account and role anew")
	f.BoolVar(&e.Offline, "offline", false, "ask nobody: go by what was listed last, however old")
	e.Handover.addLogin(c)
	return c
}

func (e *each) run(ctx context.Context) error {
	if err := e.valid(); err != nil {
		return err
	}
	s, err := e.App.setup(e.Globals)
	if err != nil {
		return err
	}
	s.pace = pace.New(signin.Throttled)
	for _, region := range e.Select.Regions {
		if err := awsconfig.CheckRegion(region); err != nil {
			return err
		}
	}
	record := e.record()
	var places []place
	if e.RetryFailed {
		if places, err = record.load(e.App.Name); err != nil {
			return err
		}
		if len(places) == 0 {
			fmt.Fprintln(e.App.Stderr, "Nothing failed last time.")
			return nil
		}
	} else if places, err = e.places(ctx, s); err != nil {
		return err
	}
	switch {
	case e.DryRun:
		return e.list(places)
	case e.Plan != "":
		return e.plan(places)
	}
	path, err := e.App.command(e.Argv[0])
	if err != nil {
		return err
	}
	if err := e.signedIn(ctx, s, places); err != nil {
		return err
	}
	return e.runAll(ctx, s, path, places, record)
}

// valid checks what the command line says.
func (e *each) valid() error {
	if e.Select.empty() {
		return required(flag{"--match or --profiles", ""})
	}
	if len(e.Argv) == 0 && !e.DryRun {
		return required(flag{"-- COMMAND", ""})
	}
	if e.Parallel < 1 {
		return &usageError{Problem: fmt.Sprintf("argument --parallel: %d is not 1 or more", e.Parallel)}
	}
	for region := range strings.SplitSeq(e.Globals.Region, ",") {
		if region = strings.TrimSpace(region); region != "" {
			e.Select.Regions = append(e.Select.Regions, region)
		}
	}
	e.Globals.Region = ""
	return nil
}

// snapshot is what the person reaches by a session.
func (e *each) snapshot(ctx context.Context, s *setup, sess signin.Session) (catalog.Snapshot, error) {
	if e.Offline {
		return e.App.keptCatalog(s, sess)
	}
	return e.Handover.currentCatalog(ctx, s, sess, e.Refresh)
}

// signedIn makes sure that there is a sign-in for every place that needs one,
// before anything runs.
func (e *each) signedIn(ctx context.Context, s *setup, places []place) error {
	asked := map[string]bool{}
	for _, p := range places {
		if p.Session == "" || asked[p.Session] || e.cached(s, p) {
			continue
		}
		asked[p.Session] = true
		c, err := s.loginSession(p.Session)
		if err != nil {
			return err
		}
		client, err := s.signin(false)
		if err != nil {
			return err
		}
		_, err = client.Token(ctx, session(c))
		if required, ok := errors.AsType[*signin.RequiredError](err); ok && e.Handover.maySignIn() {
			err = e.Handover.signInTo(ctx, s, required)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cached tells whether there are credentials for a place already.
func (e *each) cached(s *setup, p place) bool {
	section, _ := s.settings.Config.Session(p.Session)
	c, err := s.wallet.RoleCredentials(wallet.RoleKey{AccountID: p.Account, RoleName: p.Role, Session: p.Session, StartURL: section.StartURL})
	return err == nil && c.Lasts(time.Now())
}

// environment is what the command gets in a place.
func (e *each) environment(ctx context.Context, s *setup, p place) ([]string, error) {
	g := *e.Globals
	g.Profile, g.Region = p.Profile, p.Region
	if p.Profile == "" {
		g.AccountID, g.RoleName, g.SSOSession = p.Account, p.Role, p.Session
	}
	of := *s
	of.globals = &g
	of.settings = awsconfig.ResolveLoose(s.settings.Config, g.settings(), s.lookup)
	c, err := of.credentials(ctx)
	if err != nil {
		return nil, err
	}
	var set []string
	for _, kv := range of.variables(c) {
		set = append(set, kv[0]+"="+kv[1])
	}
	if p.AccountName != "" {
		set = append(set, accountNameVariable+"="+p.AccountName)
	}
	return with(e.App.Env, set, stale...), nil
}
