package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/seed"
)

const defaultListen = "127.0.0.1:8642"

func newLocalStart(a *App, g *globals) *cobra.Command {
	var listen, org, data string
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
			level := slog.LevelWarn
			if g.Debug {
				level = slog.LevelDebug
			}
			return (&localStart{
				Name: a.Name, Out: a.Stdout, Listen: listen, Organisation: organisation, Data: data, Records: a.recordsDir(),
				Log: slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: level})),
			}).run(cmd.Context())
		},
	}
	c.Flags().StringVar(&listen, "listen", defaultListen, "address and port; port 0 takes a free one")
	c.Flags().StringVar(&org, "org", "", "YAML file with people, accounts, permission sets and assignments")
	c.Flags().StringVar(&data, "data", "", "directory for the database (default: portico's state directory)")
	return c
}

type localStart struct {
	Name          string
	Out           io.Writer
	Listen        string
	Organisation  *directory.Organisation // nil: what the database has, or the built-in one
	Data, Records string
	Log           *slog.Logger
}

func (l *localStart) run(ctx context.Context) error {
	listener, err := net.Listen("tcp", l.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return &hintedError{Err: fmt.Errorf("%s is in use", l.Listen),
			Hint: fmt.Sprintf("Another one may be running already. To choose another port: %s local start --listen 127.0.0.1:0", l.Name)}
	}
	if err != nil {
		return fmt.Errorf("listen: %v", err)
	}
	running, err := serve(ctx, listener, idc.Config{Organisation: l.Organisation, DataDir: l.Data, Log: l.Log}, l.Records)
	if err != nil {
		listener.Close()
		return err
	}
	l.announce(running)
	return running.wait()
}

func (l *localStart) announce(r *running) {
	fmt.Fprintf(l.Out, "Local Identity Center at %s\n\n", r.Address)
	fmt.Fprintf(l.Out, "  access portal  %s/start\n", r.Address)
	fmt.Fprintf(l.Out, "  start URL      %s   (in %s; nobody resolves it)\n", r.Instance.StartURL, r.Instance.Region)
	if l.Organisation == nil {
		if who := signInHints(r.People); who != "" {
			fmt.Fprintf(l.Out, "  people         %s\n", who)
		}
	}
	fmt.Fprintf(l.Out, "  data           %s\n\n", l.Data)
	fmt.Fprintf(l.Out, "In another terminal:\n\n  eval \"$(%[1]s local env --home ./local-home)\"\n  %[1]s configure sso --sso-session local --sso-start-url %[2]s --sso-region %[3]s\n\nCtrl-C ends it.\n",
		l.Name, r.Instance.StartURL, r.Instance.Region)
}

// signInHints tells the passwords of the built-in people, which are no secrets,
// as long as they are the ones there are.
func signInHints(people []string) string {
	var hints []string
	for i, u := range seed.BuiltIn().Users {
		if i >= len(people) || people[i] != u.Name {
			return ""
		}
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
	c.BaseURL = "http://" + reachable(l.Addr().String())
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
		r.Control = &control.Client{Record: record, HTTP: loopbackHTTP()}
	}
	ctx, r.stop = context.WithCancel(ctx)
	go func() { r.done <- server.Serve(ctx, l) }()
	return r, nil
}

// reachable is the address to tell people when the listener is on all of them.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
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
