package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/browse"
	"github.com/portico-sso/portico/internal/idc/seed"
)

func newDemo(a *App, g *globals) *cobra.Command {
	var open bool
	c := &cobra.Command{
		Use:     "demo",
		Short:   "Watch the whole story, with nothing of yours touched",
		GroupID: groupLocal,
		Long: `Starts an Identity Center on this machine and a home directory of its own, and runs
the commands of a first day in it: configure, sign in through the browser flow,
see accounts and roles, make signed calls, hand credentials to a child process,
sign out. What you see is each command and what it really prints.

For your own accounts, begin with: portico configure sso`,
		Example: `  portico demo
  portico demo --open`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return (&demo{App: a, Open: open, Debug: g.Debug}).run(cmd.Context())
		},
	}
	c.Flags().BoolVar(&open, "open", false, "keep it running afterwards and open its access portal in the browser")
	return c
}

// person is who signs in: one of the built-in organisation, who reaches
// everything.
const person = "alice"

type demo struct {
	App         *App
	Open, Debug bool
}

func (d *demo) run(ctx context.Context) (err error) {
	a := d.App
	dir, err := os.MkdirTemp("", "portico-demo-")
	if err != nil {
		return err
	}
	defer a.removeAll(dir)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %v", err)
	}
	organisation := seed.BuiltIn()
	records := filepath.Join(dir, "records")
	r, err := (&service{Config: idc.Config{Organisation: &organisation, Log: a.serverLog(d.Debug)}, Records: records}).serve(context.WithoutCancel(ctx), listener)
	if err != nil {
		listener.Close()
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	home, err := privateHome(filepath.Join(dir, "home"))
	if err != nil {
		return err
	}
	world, err := d.world(r, records, home, filepath.Join(dir, "bin"))
	if err != nil {
		return err
	}
	world.OpenURL = func(address string) error { return d.visit(ctx, cancel, r, address) }

	d.say("An Identity Center now runs at %s, and a home directory of its own waits in %s.\nNothing of yours is read or written.", r.Address, home)
	if err := d.story(ctx, world, r); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	if d.Open {
		return d.stay(ctx, r)
	}
	d.say("That was all of it, for real. To look around in a browser: %s demo --open\nFor your own organisation: %s configure sso", a.Name, a.Name)
	return nil
}

// world is the app as the story's commands see it: nothing of the person's AWS
// settings, and this very program on PATH under the name it was called by.
func (d *demo) world(r *running, records, home, bin string) (App, error) {
	w := *d.App
	if err := w.linkSelf(bin, w.Name); err != nil {
		return w, err
	}
	w.Home = home
	w.Stdin = nil
	w.Stderr = w.Stdout // the story has one thread
	w.Env = slices.DeleteFunc(slices.Clone(w.Env), func(kv string) bool {
		return strings.HasPrefix(kv, "AWS_") || strings.HasPrefix(kv, "REQUESTS_CA_BUNDLE=")
	})
	w.Env = with(w.Env, []string{recordsVariable + "=" + records, w.pathWith(bin)})
	w.Env = with(w.Env, w.localEnvironment(r.Record, home, "", false), stray...)
	w.Become = func(path string, argv, env []string) error {
		return w.runChild(context.Background(), path, argv, env)
	}
	return w, nil
}

// visit is the browser: it does on the real pages what the person would, and
// goes back to the waiting command while that waits.
func (d *demo) visit(ctx context.Context, fail context.CancelCauseFunc, r *running, address string) error {
	browser := &browse.Browser{Control: r.Control, User: person}
	callback, err := browser.Visit(ctx, address)
	if err != nil {
		fail(fmt.Errorf("the browser: %v", err))
		return err
	}
	fmt.Fprintf(d.App.Stdout, "(%s signs in on that page and allows it)\n\n", person)
	go func() {
		if err := browse.Deliver(ctx, nil, callback); err != nil && ctx.Err() == nil {
			fail(fmt.Errorf("the browser: %v", err))
		}
	}()
	return nil
}

// story is the first day. Every step but the last succeeds.
func (d *demo) story(ctx context.Context, w App, r *running) error {
	const account, role = "111111111111", "AdministratorAccess"
	steps := []struct {
		caption string
		args    []string
		refused bool
	}{
		{"Make a profile: sign in through the browser, take an account and a role.", []string{"configure", "sso",
			"--sso-session", "demo", "--sso-start-url", r.Instance.StartURL, "--sso-region", r.Instance.Region,
			"--account-id", account, "--role-name", role, "--region", "eu-west-1", "--profile", "dev"}, false},
		{"Every account of the organisation that " + person + " reaches.", []string{"sso", "list-accounts", "--profile", "dev",
			"--query", "accountList[].[accountId,accountName,emailAddress]", "--output", "text"}, false},
		{"Her roles in one of them.", []string{"sso", "list-account-roles", "--account-id", account, "--profile", "dev"}, false},
		{"A signed call: STS verifies the signature and says whose it is.", []string{"sts", "get-caller-identity", "--profile", "dev"}, false},
		{"Another: the account's buckets.", []string{"s3", "ls", "--profile", "dev"}, false},
		{"Hand the credentials to a child process, which has nothing but its environment.", []string{"exec", "--profile", "dev", "--",
			w.Name, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"}, false},
		{"Sign out: the session ends at the service, and what was cached is deleted.", []string{"sso", "logout"}, false},
		{"From now on the answer is no.", []string{"sts", "get-caller-identity", "--profile", "dev"}, true},
	}
	for i, step := range steps {
		d.say("%d. %s", i+1, step.caption)
		fmt.Fprintf(d.App.Stdout, "$ %s\n", commandLine(w.Name, step.args))
		code := w.Run(ctx, step.args)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if (code != 0) != step.refused {
			return fmt.Errorf("the demo stopped: that command ended with %d", code)
		}
	}
	return nil
}

func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.App.Stdout, "\n"+format+"\n\n", args...)
}

func commandLine(name string, args []string) string {
	words := []string{name}
	for _, arg := range args {
		words = append(words, quoteWord(arg))
	}
	return strings.Join(words, " ")
}

// stay keeps the Identity Center until Ctrl-C.
func (d *demo) stay(ctx context.Context, r *running) error {
	portal := r.Address + "/start"
	d.say("The access portal is at %s; sign in as %s.\nIt runs until Ctrl-C.", portal, signInHints())
	_ = d.App.openURL(portal) // the address is on the screen
	<-ctx.Done()
	return nil
}
