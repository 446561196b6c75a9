package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc"
)

func newLocalRun(a *App, g *globals) *cobra.Command {
	var org, user, proxyAt string
	var keepHome, overTLS bool
	var config idc.Config
	c := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGUMENTS]",
		Short: "Run a command against an Identity Center of its own",
		Long: `Starts an Identity Center on a free port, runs the command with an environment
that points every AWS client at it, and ends with the command, returning its exit
code. The command gets a home directory of its own, empty at first and gone at
the end, so that nothing of yours is read or written; --keep-home leaves it yours.
What language tools keep in yours (Go's caches, npm's, Cargo's) stays known to them.

With --as USER the command's browser is one that signs that person in and allows
what is asked, so that any client's login runs unattended. Old clients that ignore
endpoint variables, such as the AWS CLI before 2.15, need --proxy.`,
		Example: `  portico local run --as alice -- ./test.sh
  portico local run --as alice --proxy -- ./test-old-clients.sh
  portico local run --org org.yaml --as bob -- sh -c 'aws sso login --profile dev && aws sts get-caller-identity --profile dev'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{Problem: "which command? Put it after --, as in: local run --as alice -- ./test.sh"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return (&localRun{App: a, Org: org, User: user, Config: config, KeepHome: keepHome, TLS: overTLS, Proxy: proxyAt, Debug: g.Debug}).run(cmd.Context(), args)
		},
	}
	c.Flags().StringVar(&org, "org", "", "YAML file with people, accounts, permission sets and assignments")
	c.Flags().StringVar(&user, "as", "", "who signs in when the command opens a browser")
	c.Flags().BoolVar(&keepHome, "keep-home", false, "do not give the command a home directory of its own")
	lifetimeFlag(c, &config)
	proxyFlag(c, &proxyAt)
	c.Flags().BoolVar(&overTLS, "tls", false, "serve under TLS, with a certificate of a private authority")
	c.Flags().SetInterspersed(false)
	return c
}

type localRun struct {
	App             *App
	Config          idc.Config
	Org, User       string
	KeepHome, Debug bool
	TLS             bool
	Proxy           string // where to listen
}

func (l *localRun) run(ctx context.Context, args []string) (err error) {
	a := l.App
	organisation, err := readOrganisation(l.Org)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "portico-local-")
	if err != nil {
		return err
	}
	defer a.removeAll(dir)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %v", err)
	}
	records := filepath.Join(dir, "records")
	// It outlives ctx by as long as the command takes to end.
	l.Config.Organisation, l.Config.Log = organisation, a.serverLog(l.Debug)
	r, err := (&service{
		Config:  l.Config,
		Records: records, TLS: l.TLS, Proxy: l.Proxy, Files: dir,
	}).serve(context.WithoutCancel(ctx), listener)
	if err != nil {
		listener.Close()
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if l.User != "" {
		if err := known(l.User, r.People); err != nil {
			return err
		}
	}

	child := *a
	child.Env = with(a.Env, []string{recordsVariable + "=" + records})
	home := ""
	if !l.KeepHome {
		if home, err = privateHome(filepath.Join(dir, "home")); err != nil {
			return err
		}
	}
	unset := stray
	if l.KeepHome {
		unset = astray
	}
	// Scripts that steer it must not meet another portico, nor none.
	bin := filepath.Join(dir, "bin")
	if err := a.linkSelf(bin, "portico"); err != nil {
		return err
	}
	child.Env = with(child.Env, append(child.localEnvironment(r.Record, home, l.User, l.Proxy != ""), a.pathWith(bin)), unset...)
	path, err := child.command(args[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		<-r.ended // without it the command's tests would only fail one by one
		cancel()
	}()
	return child.runChild(ctx, path, args, child.Env)
}

// known refuses a person the organisation does not have, and lists whom it has.
func known(user string, people []string) error {
	for _, p := range people {
		if p == user {
			return nil
		}
	}
	return &usageError{Problem: fmt.Sprintf("--as: nobody here is called %s; there is %s", user, some(people))}
}
