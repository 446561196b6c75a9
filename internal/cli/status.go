package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// exitNo is the answer no of what asks a yes-or-no question.
const exitNo = 1

// statusCommand shows who is signed in where, and what this shell would use.
type statusCommand struct {
	App      *App
	Globals  *globals
	Surveyor *surveyor

	Session string // of which alone it is asked
	JSON    bool
	Why     bool
	Check   bool
	AtLeast time.Duration
	Quiet   bool
	Watch   bool
	Warn    bool
	Refresh bool
}

func newStatus(a *App, g *globals) *cobra.Command {
	st := &statusCommand{App: a, Globals: g, Surveyor: &surveyor{app: a, globals: g}}
	c := &cobra.Command{
		Use:     "status",
		Short:   "Show who is signed in, cached roles, and what this shell uses",
		GroupID: groupEveryday,
		Long: `Shows each session: whether somebody is signed in and who, until when, whether it
renews itself, and when the sign-in ends for good; each role of which there are
credentials here, with the time they have left; and what a command in this shell
would use. --why shows each place that is looked at for that, in order.

It asks nobody: no network, no refresh, no keyring. --refresh first renews what is
about to expire; --sealed looks into sealed sessions, too, whose keyring may ask.

--check is for scripts. It prints nothing on stdout and exits with 0 where the
session (of --sso-session, of --profile, or of this shell) can be used for
--at-least that long, with 1 where it takes a sign-in, with 253 where there is no
such session.

How long a sign-in lasts no API tells. Set portico_session_duration = 8h in the
[sso-session], and the end is known from when portico signed in. --watch redraws
the screen every second and warns before that end; --warn does it once, for cron,
and is silent otherwise. portico_warn_before = 15m, 5m says when, and
portico_warn_command = COMMAND what to run then.`,
		Example: `  portico status
  portico status --why
  portico status --watch
  portico status --check --profile dev || portico sso login --profile dev
  portico status --check --sso-session corp --at-least 30m
  portico status --json
  portico status --query 'sessions[?state==` + "`signed-in`" + `].name' --output text`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := exclusive(cmd, "check", "watch", "warn", "json"); err != nil {
				return err
			}
			return st.run(cmd.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&st.Session, "sso-session", "", "this sso-session only")
	f.BoolVar(&st.JSON, "json", false, "print JSON, as --output json does")
	f.BoolVar(&st.Why, "why", false, "show each place that is looked at for credentials, in order")
	f.BoolVar(&st.Check, "check", false, "say by the exit code whether the session can be used")
	f.DurationVar(&st.AtLeast, "at-least", 0, "with --check: for how long it has to be good, such as 30m")
	f.BoolVarP(&st.Quiet, "quiet", "q", false, "with --check: say nothing")
	f.BoolVarP(&st.Watch, "watch", "w", false, "show it until q or Ctrl-C, and warn before a sign-in ends")
	f.BoolVar(&st.Warn, "warn", false, "warn of sign-ins that are about to end, and say nothing else")
	f.BoolVar(&st.Refresh, "refresh", false, "first renew sign-ins that are about to expire; takes the network")
	f.BoolVar(&st.Surveyor.open, "sealed", false, "look into sealed sessions too; their keyring may ask")
	return c
}

func (st *statusCommand) run(ctx context.Context) error {
	if st.AtLeast != 0 && !st.Check {
		return &usageError{Problem: "argument --at-least: only allowed with argument --check"}
	}
	if st.JSON {
		st.Globals.Output = "json"
	}
	if st.Refresh {
		if err := st.refresh(ctx); err != nil {
			return err
		}
	}
	if st.Watch {
		return st.watch(ctx)
	}
	r, err := st.look()
	switch {
	case err != nil:
		return err
	case st.Check:
		return st.check(r)
	case st.Warn:
		return st.warn(ctx, r)
	}
	return st.App.show(st.Globals, "Status", r.data(), func() error { return st.print(r) })
}

func (st *statusCommand) print(r *survey) error {
	for _, problem := range r.Problems {
		fmt.Fprintf(st.App.Stderr, "%s: [WARNING]: %s\n", st.App.Name, terminal.Clean(problem))
	}
	t := st.App.terminal()
	for _, row := range r.rows(showing{steps: st.Why, name: st.App.Name, home: st.App.Home}) {
		if _, err := fmt.Fprintln(st.App.Stdout, t.Styled(row)); err != nil {
			return err
		}
	}
	return nil
}

// look is the survey of what is asked for.
func (st *statusCommand) look() (*survey, error) {
	r, err := st.Surveyor.look()
	if err != nil || st.Session == "" {
		return r, err
	}
	sessions := r.Sessions[:0]
	for _, sess := range r.Sessions {
		if sess.SessionName == st.Session {
			sessions = append(sessions, sess)
		}
	}
	if r.Sessions = sessions; len(sessions) == 0 {
		s, err := st.App.setupForNew(st.Globals)
		if err == nil {
			_, err = s.loginSession(st.Session)
		}
		return nil, err
	}
	roles := r.Roles[:0]
	for _, role := range r.Roles {
		if role.Session == st.Session {
			roles = append(roles, role)
		}
	}
	r.Roles = roles
	return r, nil
}

// refresh renews the tokens that have little time left and can be renewed.
func (st *statusCommand) refresh(ctx context.Context) error {
	r, err := st.look()
	if err != nil {
		return err
	}
	s, err := st.App.setupForNew(st.Globals)
	if err != nil {
		return err
	}
	client, err := s.signin(false)
	if err != nil {
		return err
	}
	for _, sess := range r.Sessions {
		if !sess.Configured || !sess.Renewable {
			continue
		}
		_, err := client.Token(ctx, session(sess.SSO))
		if _, over := errors.AsType[*signin.RequiredError](err); err != nil && !over {
			s.warn(fmt.Sprintf("%s could not be renewed: %v", sess.name(), err))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// check answers by its exit code whether the session can be used.
func (st *statusCommand) check(r *survey) error {
	name, profile := st.Session, ""
	if name == "" {
		sh := r.Shell
		switch {
		case sh.Provider == fromEnvironment || (sh.Provider != "" && sh.Session == ""):
			if sh.Expires.IsZero() || sh.Expires.Sub(r.At) > st.AtLeast {
				return nil
			}
			return st.no(fmt.Sprintf("The credentials in use (%s) expire too soon.", sh.Provider), "")
		case sh.Problem != "" && sh.Session == "":
			s, err := st.App.setup(st.Globals) // which names a profile that is missing
			if err == nil {
				err = s.noCredentials()
			}
			return err
		}
		name = sh.Session
		if !sh.Expires.IsZero() && sh.Expires.Sub(r.At) > max(st.AtLeast, 0) {
			return nil // the role's own credentials do
		}
		profile = sh.Profile
	}
	for _, sess := range r.Sessions {
		if sess.name() != name {
			continue
		}
		if sess.good(r.At, st.AtLeast) {
			return nil
		}
		if sess.State == stateSealed {
			return st.no(fmt.Sprintf("%s: sealed, and not looked into without --sealed.", sess.name()), "")
		}
		target := loginTarget(session(sess.SSO))
		if sess.Legacy && profile != "" {
			target = " --profile " + quoteWord(profile)
		}
		return st.no(fmt.Sprintf("%s: %s.", sess.name(), sess.words(r.At)), st.App.Name+" sso login"+target)
	}
	s, err := st.App.setup(st.Globals)
	if err == nil {
		_, err = s.loginSession(name)
	}
	return err
}

// good tells whether the session can be used for that long without a person. A
// token that can be renewed counts, as far as is known that it can.
func (s sessionStatus) good(now time.Time, atLeast time.Duration) bool {
	until := now.Add(atLeast)
	if !s.Ends.IsZero() && !s.Ends.After(until) {
		return false
	}
	return s.Expires.After(until) && s.State == stateSignedIn || s.Renewable
}

// no is a no, which says why unless nobody wants to know.
func (st *statusCommand) no(why, command string) error {
	if !st.Quiet {
		fmt.Fprintln(st.App.Stderr, terminal.Clean(why))
		if command != "" {
			fmt.Fprintf(st.App.Stderr, "Sign in with: %s\n", terminal.Clean(command))
		}
	}
	return &exitError{Code: exitNo}
}
