package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/terminal"
)

func newConfigureSSOSession(a *App, g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "sso-session",
		Short: "Make or change an SSO session, without signing in",
		Long: `Asks where your Identity Center is and writes an [sso-session] section to
~/.aws/config, which any number of profiles can share. A question whose flag is
given is not asked.

Then sign in, portico sso login --sso-session NAME, and make profiles for your
accounts and roles: portico sync`,
		Example: `  portico configure sso-session
  portico configure sso-session --sso-session corp --sso-start-url https://d-1234567890.awsapps.com/start \
    --sso-region us-east-1 --sso-registration-scopes sso:account:access`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.setupForNew(g)
			if err != nil {
				return err
			}
			return (&configureSSOSession{
				wizard: a.wizard(s, cmd), name: a.Name, out: a.Stdout, files: a.files(),
			}).run(cmd.Context())
		},
	}
	addSessionFlags(c)
	return c
}

type configureSSOSession struct {
	wizard
	name  string
	out   io.Writer
	files awsconfig.Files
}

func (c *configureSSOSession) run(ctx context.Context) error {
	name, err := c.ask(ctx, question{Flag: "sso-session", Text: "SSO session name", Bare: true,
		Complete: terminal.Completions(c.sessionNames()...), Toolbar: c.aboutSession, Validate: validName(awsconfig.KindSession)})
	if err != nil {
		return err
	}
	old, known := c.Config.Session(name)
	if !known {
		c.warnOfName("sso-session", name)
	}
	s := chosenSession{Name: name}
	if err := c.where(ctx, &s, old.StartURL, old.Region); err != nil {
		return err
	}
	oldScopes, _ := old.Get("sso_registration_scopes")
	if err := c.scopes(ctx, &s, oldScopes); err != nil {
		return err
	}
	if _, err := c.files.Update(ctx, s.edit()); err != nil {
		return err
	}
	if err := awsconfig.CheckStartURL(s.StartURL); err != nil {
		c.Warn(err.Error())
	}
	fmt.Fprintf(c.out, "\nCompleted configuring SSO session: %s\nRun the following to login and refresh access token for this session:\n\n%s sso login --sso-session %s\n",
		terminal.Clean(name), c.name, quoteWord(terminal.Clean(name)))
	if c.name != "aws" {
		fmt.Fprintf(c.out, "\nTo sign in and make profiles for all your accounts and roles: %s sync\n", c.name)
	}
	return nil
}
