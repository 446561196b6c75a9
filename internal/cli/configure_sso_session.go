package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

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
given is not asked.`,
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
				wizard: wizard{Terminal: a.terminal()},
				name:   a.Name, out: a.Stdout, config: s.settings.Config, files: a.files(), warn: s.warn,
				given: func(flag string) *string { return given(cmd, flag) },
			}).run(cmd.Context())
		},
	}
	addSessionFlags(c)
	return c
}

type configureSSOSession struct {
	wizard
	name   string
	out    io.Writer
	config *awsconfig.Config
	files  awsconfig.Files
	warn   func(string)
	given  func(flag string) *string
}

func (c *configureSSOSession) run(ctx context.Context) error {
	name, err := c.ask(ctx, question{Flag: "--sso-session", Given: c.given("sso-session"), Text: "SSO session name", Bare: true,
		Complete: slices.Sorted(slices.Values(c.config.Sessions())),
		Validate: func(answer string) error {
			if strings.TrimSpace(answer) == "" {
				return errRequired
			}
			return awsconfig.Section{Kind: awsconfig.KindSession, Name: strings.TrimSpace(answer)}.Check()
		}})
	if err != nil {
		return err
	}
	warnOfName(c.warn, "sso-session", name)
	old, _ := c.config.Session(name)
	oldScopes, _ := old.Get("sso_registration_scopes")
	s := chosenSession{Name: name}
	if s.StartURL, err = c.startURL(ctx, c.given("sso-start-url"), old.StartURL); err != nil {
		return err
	}
	if s.Region, err = c.ssoRegion(ctx, c.given("sso-region"), old.Region); err != nil {
		return err
	}
	if s.Scopes, err = c.registrationScopes(ctx, c.given("sso-registration-scopes"), oldScopes); err != nil {
		return err
	}
	if _, err := c.files.Update(ctx, sessionEdit(s)); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "\nCompleted configuring SSO session: %s\nRun the following to login and refresh access token for this session:\n\n%s sso login --sso-session %s\n",
		terminal.Clean(name), c.name, quoteWord(terminal.Clean(name)))
	return nil
}
