package cli

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/proxy"
	"github.com/portico-sso/portico/internal/idc/seed"
)

const defaultListen = "127.0.0.1:8642"

func newLocalStart(a *App, g *globals) *cobra.Command {
	var listen, address, org, data, proxyAt string
	var overTLS bool
	var config idc.Config
	c := &cobra.Command{
		Use:   "start",
		Short: "Start an Identity Center on this machine",
		Long: `Runs an Identity Center: sign-in and consent pages, access portal, the sign-in and
portal APIs, and an STS and S3 that verify the credentials it hands out. It is
no AWS: its credentials open nothing but itself. It listens on this machine only,
unless --listen says otherwise.

Its people, accounts and permission sets come from --org, a YAML file, or are
the built-in ones. What happens in it is kept in --data and is there again after
a restart. Ctrl-C ends it. In another terminal, point clients at it by
eval "$(portico local env --home DIR)" and begin with: portico configure sso

Clients that ignore endpoint variables reach it by --proxy: an HTTPS proxy on a
port of its own that answers for AWS's own host names of these services and
refuses all others. --tls serves the listener itself under TLS. Both use a private
certificate authority of this run, whose certificate is in the data directory and
installed nowhere; "local env" prints what makes clients trust it.`,
		Example: `  portico local start
  portico local start --proxy
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
			config.Organisation, config.DataDir, config.BaseURL, config.Log = organisation, data, address, a.serverLog(g.Debug)
			return (&localStart{App: a, Listen: listen, Config: config, BuiltIn: org == "", TLS: overTLS, Proxy: proxyAt}).run(cmd.Context())
		},
	}
	c.Flags().StringVar(&listen, "listen", defaultListen, "address and port; port 0 takes a free one")
	c.Flags().StringVar(&address, "url", "", "address by which others reach it, when it listens beyond this machine")
	c.Flags().StringVar(&org, "org", "", "YAML file with people, accounts, permission sets and assignments")
	c.Flags().StringVar(&data, "data", "", "directory for the database (default: portico's state directory)")
	lifetimeFlag(c, &config)
	proxyFlag(c, &proxyAt)
	c.Flags().BoolVar(&overTLS, "tls", false, "serve under TLS, with a certificate of a private authority")
	return c
}

// proxyFlag adds --proxy, which may name an address to listen on.
func proxyFlag(c *cobra.Command, at *string) {
	c.Flags().StringVar(at, "proxy", "", "listen as an HTTPS proxy too, for clients that ignore endpoint variables; =ADDRESS:PORT chooses where")
	c.Flags().Lookup("proxy").NoOptDefVal = "127.0.0.1:0"
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
	App     *App
	Listen  string
	Config  idc.Config
	BuiltIn bool // the organisation is the built-in one
	TLS     bool
	Proxy   string // where to listen
}

func (l *localStart) run(ctx context.Context) error {
	listener, err := net.Listen("tcp", l.Listen)
	if addressInUse(err) {
		return &hintedError{Err: fmt.Errorf("%s is in use", l.Listen),
			Hint: fmt.Sprintf("Another one may be running already. To choose another port: %s local start --listen 127.0.0.1:0 --data DIR", l.App.Name)}
	}
	if err != nil {
		return notListening("--listen", l.Listen, err)
	}
	defer listener.Close()
	if l.Config.BaseURL == "" && unspecified(listener.Addr()) {
		return &usageError{Problem: "--listen on every address needs --url http://NAME:PORT, the address by which others reach it"}
	}
	// Two would give each other's people to the same database.
	unlock, err := atomicfile.TryLock(filepath.Join(l.Config.DataDir, "in-use.lock"))
	if locked, ok := errors.AsType[*atomicfile.LockedError](err); ok {
		return &hintedError{Err: fmt.Errorf("%s is in use by another Identity Center%s", l.Config.DataDir, holder(locked)), Hint: "Choose another directory with --data."}
	}
	if err != nil {
		return fmt.Errorf("--data: %v", err)
	}
	defer unlock()
	running, err := (&service{
		Config:  l.Config,
		Records: l.App.recordsDir(), TLS: l.TLS, Proxy: l.Proxy, Files: l.Config.DataDir,
	}).serve(ctx, listener)
	if err != nil {
		return err
	}
	l.announce(running)
	return running.wait()
}

// notListening tells an address that is none from one that cannot be had.
func notListening(flag, address string, err error) error {
	if _, trouble := errors.AsType[syscall.Errno](err); trouble && !errors.Is(err, syscall.EADDRNOTAVAIL) {
		return fmt.Errorf("%s: %v", flag, err)
	}
	return &usageError{Problem: fmt.Sprintf("argument %s: %q is no address of this machine: %v", flag, address, err)}
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
	fmt.Fprintf(out, "  data           %s\n", l.Config.DataDir)
	if r.Record.CAFile != "" {
		fmt.Fprintf(out, "  authority      %s   (installed nowhere; its certificates end on %s)\n", r.Record.CAFile, r.CertificatesEnd.UTC().Format(time.DateOnly))
	}
	if l.TLS {
		fmt.Fprintf(out, "  vanity URL     %s/vanity   (redirects as AWS's do)\n", r.Address)
	}
	fmt.Fprintln(out)
	if r.Control != nil {
		flags := ""
		if r.Record.Proxy != "" {
			flags = " --proxy"
		}
		fmt.Fprintf(out, "In another terminal:\n\n  eval \"$(%s local env --home ./local-home%s)\"\n", name, flags)
	} else {
		fmt.Fprint(out, "Other machines can reach it, so nothing here steers it: sign in on its pages. Clients need:\n\n")
		for _, kv := range l.App.pointedAt(r.Record, l.Proxy != "") {
			variable, value, _ := strings.Cut(kv, "=")
			fmt.Fprintf(out, "  export %s=%s\n", variable, quoteWord(value))
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

// service is what a command runs a local Identity Center by.
type service struct {
	Config  idc.Config
	Records string // where it is recorded, so that the other commands find it
	TLS     bool   // serve under a certificate of a private authority
	Proxy   string // where to listen for clients that ignore endpoint variables; "" for not at all
	Files   string // where the certificate of that authority is put
}

// running is a local Identity Center that accepts connections.
type running struct {
	Address  string
	Instance directory.Instance
	People   []string
	Record   control.Record
	Control  *control.Client // nil when other machines reach it
	// CertificatesEnd is when the authority, if there is one, has to be made anew.
	CertificatesEnd time.Time

	server *idc.Server
	remove func() error
	stop   context.CancelFunc
	done   chan error
	parts  int // how many send on done
	ended  <-chan struct{}
}

// serve starts an Identity Center on a listener and records it.
func (s *service) serve(ctx context.Context, l net.Listener) (_ *running, err error) {
	c := s.Config
	if s.TLS && strings.HasPrefix(c.BaseURL, "http:") {
		return nil, &usageError{Problem: "--tls needs a --url that begins with https://"}
	}
	if c.BaseURL == "" {
		c.BaseURL = map[bool]string{false: "http", true: "https"}[s.TLS] + "://" + l.Addr().String()
	}
	record := control.Record{Address: c.BaseURL, PID: os.Getpid(), Started: time.Now().UTC()}
	private := onlyThisMachine(l.Addr())
	if private {
		c.ControlKey = control.NewKey()
		record.Key = c.ControlKey
	}
	var authority *proxy.Authority
	if s.TLS || s.Proxy != "" {
		if authority, record.CAFile, err = s.authority(c.BaseURL); err != nil {
			return nil, err
		}
	}
	if s.TLS {
		c.TLS = &tls.Config{GetCertificate: authority.GetCertificate, NextProtos: []string{"http/1.1"}}
	}
	server, err := idc.New(ctx, c)
	if err != nil {
		return nil, err
	}
	r := &running{Address: c.BaseURL, server: server, remove: func() error { return nil }, done: make(chan error, 2), parts: 1}
	if authority != nil {
		r.CertificatesEnd = authority.NotAfter()
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.remove(), server.Close())
		}
	}()
	if r.Instance, r.People, err = server.Describe(ctx); err != nil {
		return nil, err
	}
	var proxies net.Listener
	var p *proxy.Proxy
	if s.Proxy != "" {
		if proxies, err = net.Listen("tcp", s.Proxy); err != nil {
			return nil, notListening("--proxy", s.Proxy, err)
		}
		defer func() {
			if err != nil {
				proxies.Close()
			}
		}()
		if !onlyThisMachine(proxies.Addr()) {
			return nil, &usageError{Problem: fmt.Sprintf("--proxy: %s can be reached from other machines; name an address of this one, like 127.0.0.1:8643", s.Proxy)}
		}
		p = &proxy.Proxy{Handler: server.AWSHandler(), Authority: authority, Password: rand.Text(), Log: c.Log}
		record.Proxy = "http://portico:" + p.Password + "@" + proxies.Addr().String()
		r.parts++
	}
	// Nobody steers one that other machines reach, so nobody needs to find it.
	if private {
		remove, err := control.Publish(s.Records, record)
		if err != nil {
			return nil, fmt.Errorf("record this Identity Center: %v", err)
		}
		r.remove = remove
		r.Control = &control.Client{Record: record}
	}
	r.Record = record
	ctx, r.stop = context.WithCancel(ctx)
	part := func(serve func() error) {
		err := serve()
		r.stop() // one part without the other is of no use
		r.done <- err
	}
	go part(func() error { return server.Serve(ctx, l) })
	if p != nil {
		go part(func() error { return p.Serve(ctx, proxies) })
	}
	r.ended = ctx.Done()
	return r, nil
}

// authority makes the private certificate authority of this run. Its keys never
// leave this process; its certificate is installed nowhere and put into a file.
func (s *service) authority(baseURL string) (_ *proxy.Authority, file string, err error) {
	hosts := proxy.Hosts{AWS: s.Proxy != "", Listener: s.TLS}
	if u, err := url.Parse(baseURL); err == nil && s.TLS && !control.Loopback(u.Hostname()) {
		hosts.Names = append(hosts.Names, u.Hostname())
	}
	a, err := proxy.NewAuthority(time.Now(), hosts)
	if err != nil {
		return nil, "", err
	}
	if file, err = filepath.Abs(filepath.Join(s.Files, "ca.pem")); err != nil {
		return nil, "", err
	}
	// A certificate is no secret, and a container's user may have to read it.
	if err := atomicfile.Write(file, a.PEM(), 0o644); err != nil {
		return nil, "", fmt.Errorf("write the certificate of the private authority: %v", err)
	}
	return a, file, nil
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
	var err error
	for range r.parts {
		err = errors.Join(err, <-r.done)
	}
	return errors.Join(err, r.remove(), r.server.Close())
}

// close ends it.
func (r *running) close() error {
	r.stop()
	return r.wait()
}
