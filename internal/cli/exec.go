package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"

	"github.com/spf13/cobra"
)

func newExec(a *App, g *globals) *cobra.Command {
	h := &handover{app: a, globals: g, Typed: true}
	e := &endpoint{App: a, Handover: h}
	c := &cobra.Command{
		Use:     "exec [flags] [-- COMMAND [ARGUMENTS]]",
		Short:   "Run a command, or a shell, with a profile's credentials",
		GroupID: groupEveryday,
		Long: `Runs a command with a profile's credentials and region in its environment, and
nothing else of AWS in it that could get in their way. Returns the command's own
exit code; 127 if there is no such command, and 126 if it cannot be run.

Without a command it opens your shell ($SHELL; on Windows the one you are in) with
the profile's name before the prompt, and says when the credentials expire: they
are not renewed in it. In programs' eyes PORTICO_PROFILE names the profile.

With --account-id and --role-name no profile is needed. Typed at a terminal with
nothing that names one, it asks, as pick does.

Typed at a terminal, it signs in first where that is needed. In a script (and on
Windows, where the two look alike) it does so only with --auto-login, and fails
otherwise, saying with which command to sign in.

With --serve a command that takes longer than the credentials last gets an endpoint
that renews them (see serve) and that ends with it; with --for, as an agent's.`,
		Example: `  portico exec --profile dev -- terraform plan
  portico exec --profile dev --region eu-west-1 -- sh -c 'echo $AWS_REGION'
  portico exec --account-id 111111111111 --role-name ReadOnly -- aws s3 ls
  portico exec --profile dev
  portico exec --profile dev --serve -- ./nightly-job.sh`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if e.From == "" {
				if err := a.pickIfNone(cmd.Context(), g); err != nil {
					return err
				}
			}
			if serves, err := e.serves(args); serves || err != nil {
				if err == nil {
					err = e.exec(cmd.Context(), args)
				}
				return err
			}
			if len(args) == 0 {
				return a.openShell(cmd.Context(), h)
			}
			path, err := a.command(args[0])
			if err != nil {
				return err
			}
			env, _, err := h.environment(cmd.Context())
			if err != nil {
				return err
			}
			return a.execute(path, args, env)
		},
	}
	h.addRole(c)
	h.addLogin(c)
	e.execFlags(c)
	c.Flags().SetInterspersed(false) // everything from the command's name on is the command's
	return c
}

// environment is the app's with the credentials in it and nothing that competes
// with them.
func (h *handover) environment(ctx context.Context) (env []string, of handed, err error) {
	s, c, err := h.credentials(ctx)
	if err != nil {
		return nil, handed{}, err
	}
	if err := ctx.Err(); err != nil {
		return nil, handed{}, err
	}
	h.app.used(h.globals)
	var set []string
	for _, kv := range s.variables(c) {
		set = append(set, kv[0]+"="+kv[1])
	}
	return with(h.app.Env, set, stale...), handed{setup: s, credentials: c}, nil
}

// handed is what an environment was made of.
type handed struct {
	setup       *setup
	credentials credentials
}

// command finds what a person wants to run.
func (a *App) command(name string) (path string, err error) {
	path, err = a.lookPath(name)
	if errors.Is(err, exec.ErrNotFound) {
		return "", &commandError{Problem: name + ": no such command on PATH", Code: exitNoCommand}
	}
	if err != nil {
		return "", notRun(name, err)
	}
	return path, nil
}

// notRun is why a command that was found could not be started.
func notRun(name string, err error) error {
	code := exitNotRunnable
	if errors.Is(err, fs.ErrNotExist) {
		code = exitNoCommand // as where the interpreter of a script is missing
	}
	cause := err
	if e, ok := errors.AsType[*exec.Error](err); ok {
		cause = e.Err
	}
	if e, ok := errors.AsType[*fs.PathError](cause); ok {
		cause = e.Err // the name is said already
	}
	return &commandError{Problem: fmt.Sprintf("%s: %v", name, cause), Code: code}
}
