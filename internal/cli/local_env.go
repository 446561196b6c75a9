package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/control"
)

func newLocalEnv(a *App, g *globals) *cobra.Command {
	var address, user, home string
	var proxied bool
	c := &cobra.Command{
		Use:   "env",
		Short: "Print the environment that points AWS clients at it",
		Long: `Prints lines for a POSIX shell to evaluate, after which every AWS client started
from it speaks to the local Identity Center.

Real and local sign-ins should not mix: --home gives the shell a home directory
of its own. With --as USER its browser signs that person in and allows what is
asked, so that any client's login runs unattended.
With --proxy, clients that ignore endpoint variables reach it too, and nothing
else: their HTTPS goes to its proxy, whose certificates they trust.`,
		Example: `  eval "$(portico local env --home ./local-home)"
  eval "$(portico local env --home ./local-home --as alice)"
  eval "$(portico local env --home ./local-home --proxy)"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := a.find(cmd.Context(), address)
			if err != nil {
				return err
			}
			return (&localEnv{App: a, Globals: g, Control: client, Out: a.Stdout, User: user, Home: home, Proxy: proxied}).run(cmd.Context())
		},
	}
	c.Flags().StringVar(&address, "address", "", "which one, when several are running")
	c.Flags().StringVar(&user, "as", "", "who signs in when a client opens a browser")
	c.Flags().BoolVar(&proxied, "proxy", false, "send clients that ignore endpoint variables through its proxy")
	c.Flags().StringVar(&home, "home", "", "directory to be the shell's HOME, made if need be")
	return c
}

type localEnv struct {
	App        *App
	Globals    *globals
	Control    *control.Client
	Out        io.Writer
	User, Home string
	Proxy      bool
}

func (l *localEnv) run(ctx context.Context) error {
	a := l.App
	info, err := l.Control.Info(ctx)
	if err != nil {
		return err
	}
	if l.Proxy && l.Control.Record.Proxy == "" {
		return &hintedError{Err: fmt.Errorf("%s has no proxy", l.Control.Record.Address), Hint: fmt.Sprintf("Start it with: %s local start --proxy", a.Name)}
	}
	if l.User != "" {
		if err := known(l.User, info.Users); err != nil {
			return err
		}
	}
	unset := astray
	if l.Home != "" {
		if l.Home, err = privateHome(l.Home); err != nil {
			return fmt.Errorf("--home: %v", err)
		}
		unset = stray
	} else if a.holdsSignIn() {
		fmt.Fprintf(a.Stderr, "%s: [WARNING]: this home holds a sign-in already, and local ones will join it; --home DIR keeps them apart\n", a.Name)
	}
	var set []string
	for _, name := range unset {
		if _, ok := a.Lookup(name); ok {
			set = append(set, name)
		}
	}
	e := environment{Unset: set, Export: map[string]string{}}
	variables := a.localEnvironment(l.Control.Record, l.Home, l.User, l.Proxy)
	for _, kv := range variables {
		name, value, _ := strings.Cut(kv, "=")
		e.Export[name] = value
	}
	return a.show(l.Globals, "environment", e, func() error { return l.writeShell(set, variables) })
}

// An environment is what local env says, as data.
type environment struct {
	Unset  []string          `json:"unset,omitempty"`
	Export map[string]string `json:"export"`
}

func (l *localEnv) writeShell(unset, variables []string) error {
	if len(unset) > 0 {
		fmt.Fprintf(l.Out, "unset %s\n", strings.Join(unset, " "))
	}
	for _, kv := range variables {
		name, value, _ := strings.Cut(kv, "=")
		if _, err := fmt.Fprintf(l.Out, "export %s=%s\n", name, quoteWord(value)); err != nil {
			return err
		}
	}
	return nil
}
