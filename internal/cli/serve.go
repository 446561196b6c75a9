package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/serve"
)

func newServe(a *App, g *globals) *cobra.Command {
	h := &handover{app: a, globals: g, Typed: true}
	e := &endpoint{App: a, Handover: h}
	var only, socket, format string
	var port int
	c := &cobra.Command{
		Use:     "serve",
		Short:   "Give a profile's credentials to containers, jobs and agents",
		GroupID: groupCredentials,
		Long: `Runs a credential endpoint on this machine, as containers have it in Amazon ECS:
every AWS SDK that finds its address and token in the environment takes its
credentials from there, and comes back for new ones in time, for as long as the
sign-in lasts. When that is over, clients are told the command to run, and once
somebody has signed in again it goes on. Ctrl-C ends it. What to export is
printed as lines for a shell to evaluate. Typed at a terminal, it signs in first
where that is needed.

With --socket it listens on a Unix socket instead of a port, for a container that
has it mounted: in there, "exec --from SOCKET -- COMMAND" runs a command with it.

With --only PROFILE it is for an agent: it gives out that role for as long as --for
says and refuses everything else, writes a line to the audit log before each
answer, and ends by itself. --policy narrows what the role may do, where the
profile assumes one with role_arn.

The sign-in itself is out of a process's reach only where that process is another
user's or in a container: one of your own user can read ~/.aws as you can.`,
		Example: `  portico serve --profile dev
  portico serve --profile dev --socket ~/.portico/dev.sock
  portico serve --only agent --for 30m --policy ./read-one-bucket.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format == "" {
				format = a.shellFormat()
			}
			if only != "" {
				if (g.Profile != "" && g.Profile != only) || g.AccountID != "" {
					return &usageError{Problem: "--only names the profile whose role is given out; leave --profile and --account-id out"}
				}
				g.Profile, e.Agent = only, true
			}
			if socket != "" {
				if port != 0 || e.TokenFile != "" {
					return &usageError{Problem: "--socket needs neither --port nor --token-file: a socket's file says who may ask"}
				}
				return e.serveSocket(cmd.Context(), socket)
			}
			return e.servePort(cmd.Context(), port, format)
		},
	}
	c.Flags().StringVar(&only, "only", "", "give out this profile's role for a while, and record each request")
	c.Flags().IntVar(&port, "port", 0, "port of 127.0.0.1 to listen on (default: a free one)")
	c.Flags().StringVar(&socket, "socket", "", "listen on a Unix socket at this path instead")
	choiceFlag(c.Flags(), &format, "format", envShells, "how to print what to export: "+strings.Join(envShells, ", "))
	h.addRole(c)
	h.addLogin(c)
	e.flags(c, "")
	return c
}

func (e *endpoint) servePort(ctx context.Context, port int, format string) error {
	if port < 0 || port > 65535 {
		return &usageError{Problem: fmt.Sprintf("argument --port: %d is no port", port)}
	}
	if err := e.open(ctx); err != nil {
		return err
	}
	defer e.close()
	d, err := e.listen(port)
	if err != nil {
		return err
	}
	defer d.close()
	set := append(d.variables(), e.setup.regions()...)
	e.say("http://" + d.host)
	if e.setup.defaultProfileWins() {
		fmt.Fprintf(e.App.Stderr, "%s: [WARNING]: the default profile has credentials of its own, which every SDK prefers to an endpoint; use it where there is no ~/.aws, or by \"%s exec --serve\"\n", e.App.Name, e.App.Name)
	}
	if err := writeVariables(e.App.Stdout, set, dialects[envFormats[format]]); err != nil {
		return err
	}
	return e.until(ctx, d.listener, e.endpoint.Handler(d.host, d.token))
}

func (e *endpoint) serveSocket(ctx context.Context, path string) error {
	if err := e.open(ctx); err != nil {
		return err
	}
	defer e.close()
	l, err := serve.ListenSocket(path, len(e.endpoint.Users) > 0)
	if err != nil {
		return fmt.Errorf("--socket: %v", err)
	}
	defer l.Close()
	e.say(path)
	return e.until(ctx, l, e.endpoint.SocketHandler())
}

// say tells what is given out, where, for how long, and what that does not keep
// from whom.
func (e *endpoint) say(where string) {
	a, w := e.App, new(strings.Builder)
	fmt.Fprintf(w, "%s: giving out the credentials of %s at %s\n", a.Name, e.what(), where)
	fmt.Fprint(w, "The sign-in itself is out of a process's reach only if that runs as another user or in a container.\n")
	if end := e.endpoint.Grant.End(); !end.IsZero() {
		fmt.Fprintf(w, "It ends by itself at %s. Credentials that were given out live on to their own end: the service cannot shorten those of a permission set.\n", end.Format(time.TimeOnly))
	}
	if e.Audit != "" {
		fmt.Fprintf(w, "Each request is recorded in %s\n", e.Audit)
	}
	if !e.Child {
		fmt.Fprint(w, "Ctrl-C ends it.\n")
	}
	fmt.Fprint(a.Stderr, w)
}

// until serves until ctx or the grant ends, which both are a good end.
func (e *endpoint) until(ctx context.Context, l net.Listener, h http.Handler) error {
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		// Timers stand still while the machine sleeps.
		for look := time.NewTicker(time.Second); ; {
			select {
			case <-serving.Done():
				look.Stop()
				return
			case <-look.C:
				if e.endpoint.Grant.Over() {
					cancel()
				}
			}
		}
	}()
	err := serve.Serve(serving, l, h)
	if err == nil && ctx.Err() == nil {
		fmt.Fprintf(e.App.Stderr, "%s: the time is over; nothing is given out any more\n", e.App.Name)
	}
	return errors.Join(err, e.endpoint.Log.End())
}

// A door is a port at which an endpoint is reached, and what opens it.
type door struct {
	listener    net.Listener
	host, token string
	tokenFile   string // "": the token is told in the environment
	remove      func()
}

// listen opens a port of the loopback address.
func (e *endpoint) listen(port int) (*door, error) {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if addressInUse(err) {
		return nil, &hintedError{Err: fmt.Errorf("port %d is in use", port), Hint: "Leave out --port for a free one."}
	}
	if err != nil {
		return nil, fmt.Errorf("--port: %v", err)
	}
	// Clients leave the port out that http has anyway.
	d := &door{listener: l, host: strings.TrimSuffix(l.Addr().String(), ":80"), token: serve.NewToken(), remove: func() {}}
	if e.TokenFile != "" {
		if d.tokenFile, d.remove, err = putToken(e.TokenFile, d.token); err != nil {
			l.Close()
			return nil, err
		}
	}
	return d, nil
}

func (d *door) close() {
	d.listener.Close()
	d.remove()
}

// variables are what a client is to have in its environment.
func (d *door) variables() [][2]string {
	set := [][2]string{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://" + d.host + serve.Path}}
	if d.tokenFile != "" {
		return append(set, [2]string{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", d.tokenFile})
	}
	return append(set, [2]string{"AWS_CONTAINER_AUTHORIZATION_TOKEN", d.token})
}
