package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/seed"
)

const defaultListen = "127.0.0.1:8642"

func newLocalStart(a *App, g *globals) *cobra.Command {
	var listen, address, org, data string
	c := &cobra.Command{
		Use:   "start",
		Short: "Start an Identity Center on this machine",
		Long: `Runs an Identity Center: sign-in and consent pages, access portal, the sign-in and
portal APIs, and an STS and S3 that verify the credentials it hands out. It is
no AWS: its credentials open nothing but itself. It listens on this machine only,
unless --listen says otherwise.

Its people, accounts and permission sets come from --org, a YAML file, or are
the built-in ones. What happens in it is kept in --data and is there again after
a restart. Ctrl-C ends it.`,
		Example: `  portico local start
  portico local start --listen 127.0.0.1:9000 --org org.yaml --data ./identity-center`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			organisation, err := readOrganisation(org)
			if err != nil {
				return err
			}
			if data == "" {
				data = filepath.Join(a.stateDir(), "identity-center")
			}
			return (&localStart{App: a, Listen: listen, Address: address, BuiltIn: org == "", Organisation: organisation, Data: data, Log: a.serverLog(g.Debug)}).run(cmd.Context())
		},
	}
	c.Flags().StringVar(&listen, "listen", defaultListen, "address and port; port 0 takes a free one")
	c.Flags().StringVar(&address, "url", "", "address by which others reach it, when it listens beyond this machine")
	c.Flags().StringVar(&org, "org", "", "YAML file with people, accounts, permission sets and assignments")
	c.Flags().StringVar(&data, "data", "", "directory for the database (default: portico's state directory)")
	return c
}

// serverLog is where an Identity Center that a command runs writes to.
func (a *App) serverLog(debug bool) *slog.Logger {
	level := slog.LevelWarn
	if debug {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: level}))
}

type localStart struct {
	App             *App
	Listen, Address string
	BuiltIn         bool // the organisation is the built-in one
	Organisation    *directory.Organisation
	Data            string
	Log             *slog.Logger
}

func (l *localStart) run(ctx context.Context) error {
	listener, err := net.Listen("tcp", l.Listen)
	if addressInUse(err) {
		return &hintedError{Err: fmt.Errorf("%s is in use", l.Listen),
			Hint: fmt.Sprintf("Another one may be running already. To choose another port: %s local start --listen 127.0.0.1:0 --data DIR", l.App.Name)}
	}
	if err != nil {
		return fmt.Errorf("listen: %v", err)
	}
	defer listener.Close()
	if l.Address == "" && unspecified(listener.Addr()) {
		return &usageError{Problem: "--listen on every address needs --url http://NAME:PORT, the address by which others reach it"}
	}
	// Two would give each other's people to the same database.
	unlock, err := atomicfile.TryLock(filepath.Join(l.Data, "in-use.lock"))
	if locked, ok := errors.AsType[*atomicfile.LockedError](err); ok {
		return &hintedError{Err: fmt.Errorf("%s is in use by another Identity Center%s", l.Data, holder(locked)), Hint: "Choose another directory with --data."}
	}
	if err != nil {
		return fmt.Errorf("--data: %v", err)
	}
	defer unlock()
	running, err := serve(ctx, listener, idc.Config{Organisation: l.Organisation, DataDir: l.Data, BaseURL: l.Address, Log: l.Log}, l.App.recordsDir())
	if err != nil {
		return err
	}
	l.announce(running)
	return running.wait()
}

func holder(e *atomicfile.LockedError) string {
	if e.Holder == 0 {
		return ""
	}
	return fmt.Sprintf(" (process %d)", e.Holder)
}

func (l *localStart) announce(r *running) {
	out, name := l.App.Stdout, l.App.Name
	fmt.Fprintf(out, "Local Identity Center at %s\n\n", r.Address)
	fmt.Fprintf(out, "  access portal  %s/start\n", r.Address)
	fmt.Fprintf(out, "  start URL      %s   (in %s; nobody resolves it)\n", r.Instance.StartURL, r.Instance.Region)
	if l.BuiltIn {
		fmt.Fprintf(out, "  people         %s\n", signInHints())
	}
	fmt.Fprintf(out, "  data           %s\n\n", l.Data)
	if r.Control != nil {
		fmt.Fprintf(out, "In another terminal:\n\n  eval \"$(%s local env --home ./local-home)\"\n", name)
	} else {
		fmt.Fprint(out, "Other machines can reach it, so nothing here steers it: sign in on its pages. Clients need:\n\n")
		for _, kv := range idc.Environment(r.Address, "") {
			fmt.Fprintf(out, "  export %s\n", kv)
		}
	}
	fmt.Fprintf(out, "  %s configure sso --sso-session local --sso-start-url %s --sso-region %s\n\nCtrl-C ends it.\n", name, r.Instance.StartURL, r.Instance.Region)
}

// signInHints tells the passwords of the built-in people, which are no secrets.
func signInHints() string {
	var hints []string
	for _, u := range seed.BuiltIn().Users {
		hints = append(hints, u.Name+" / "+u.Password)
	}
	return strings.Join(hints, ", ")
}

// running is a local Identity Center that accepts connections.
type running struct {
	Address  string
	Instance directory.Instance
	People   []string
	Control  *control.Client

	server *idc.Server
	remove func() error
	stop   context.CancelFunc
	done   chan error
}

// serve starts an Identity Center on a listener and records it so that the
// other commands find it.
func serve(ctx context.Context, l net.Listener, c idc.Config, records string) (_ *running, err error) {
	if c.BaseURL == "" {
		c.BaseURL = "http://" + l.Addr().String()
	}
	private := onlyThisMachine(l.Addr())
	if private {
		c.ControlKey = control.NewKey()
	}
	server, err := idc.New(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			server.Close()
		}
	}()
	r := &running{Address: c.BaseURL, server: server, done: make(chan error, 1)}
	if r.Instance, r.People, err = server.Describe(ctx); err != nil {
		return nil, err
	}
	r.remove = func() error { return nil }
	// Nobody steers one that other machines reach, so nobody needs to find it.
	if private {
		record := control.Record{Address: c.BaseURL, Key: c.ControlKey, PID: os.Getpid(), Started: time.Now().UTC()}
		if r.remove, err = control.Publish(records, record); err != nil {
			return nil, fmt.Errorf("record this Identity Center: %v", err)
		}
		r.Control = &control.Client{Record: record}
	}
	ctx, r.stop = context.WithCancel(ctx)
	go func() { r.done <- server.Serve(ctx, l) }()
	return r, nil
}

func unspecified(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsUnspecified()
}

func onlyThisMachine(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// wait returns when the Identity Center has ended and everything is put away.
func (r *running) wait() error {
	err := <-r.done
	return errors.Join(err, r.remove(), r.server.Close())
}

// close ends it.
func (r *running) close() error {
	r.stop()
	return r.wait()
}
