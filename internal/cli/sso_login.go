package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

func newSSOLogin(a *App, g *globals) *cobra.Command {
	var sessionName string
	var how loginFlags
	var ifNeeded, all bool
	c := &cobra.Command{
		Use:   "login",
		Short: "Sign in; all profiles of the session share the result",
		Long: `Signs in to an SSO session and caches the access token in ~/.aws/sso/cache, where
the AWS CLI and the SDKs look for it too. Always signs in anew, even if the
token there is still good, unless --if-needed is given.

The browser comes back to this machine with the result (authorization code with
PKCE). Where no browser on this machine can do that (SSH, a container, WSL
without Windows programs, no display; and no $BROWSER), any browser on any device
completes the sign-in by a code, as with --use-device-code. To fix the choice for
a session, set portico_login = device-code or portico_login = pkce in its
[sso-session] section.

A browser elsewhere can also come back through a tunnel to a known port:

  ssh -L 8400:127.0.0.1:8400 HOST portico sso login --no-browser --callback-port 8400

In a container, "docker run -p 127.0.0.1:8400:8400" leads to an address that is
not the loopback one; there, and only there, say --callback-port 0.0.0.0:8400.
Where nothing leads back, paste the address at which the browser ended into the
terminal.

When another portico is signing in to the same session, this waits for it and
takes its result.

Then: portico exec --profile dev -- COMMAND. How long the sign-in lasts says:
portico status`,
		Example: `  portico sso login --profile dev
  portico sso login --sso-session corp
  portico sso login --profile dev --use-device-code --no-browser
  portico sso login --all --if-needed`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if all && cmd.Flags().Changed("sso-session") {
				return &usageError{Problem: "argument --all: not allowed with argument --sso-session"}
			}
			s, err := a.setup(g)
			if err != nil {
				return err
			}
			var one loginTo
			if !all {
				if one.SSO, err = s.loginSession(sessionName); err != nil {
					return err
				}
				one.profile = s.settings.Profile
			}
			client, err := s.signin(false)
			if err != nil {
				return err
			}
			l, err := a.newLogin(s, client, a.terminal(), how)
			if err != nil {
				return err
			}
			run := &ssoLogin{login: l, config: s.settings.Config, files: a.files(), ifNeeded: ifNeeded,
				report: func(ctx context.Context, err error) int { return report(ctx, a, err) }}
			if all {
				return run.all(cmd.Context(), s)
			}
			return run.one(cmd.Context(), one)
		},
	}
	c.Flags().StringVar(&sessionName, "sso-session", "", "sign in to this sso-session, whatever the profile says")
	c.Flags().BoolVar(&ifNeeded, "if-needed", false, "do nothing while the token is good, or can be refreshed")
	c.Flags().BoolVar(&all, "all", false, "sign in to every session there is, one after the other")
	how.add(c)
	return c
}

// ssoLogin is the command behind its flags.
type ssoLogin struct {
	login    *login
	config   *awsconfig.Config
	files    awsconfig.Files
	ifNeeded bool
	report   func(context.Context, error) int
}

// loginTo is what to sign in to: a session, or a legacy profile's own keys.
type loginTo struct {
	awsconfig.SSO
	profile awsconfig.Profile // the legacy one
}

func (t loginTo) String() string {
	if t.Legacy {
		return "profile " + t.profile.Name
	}
	return t.SessionName
}

func (c *ssoLogin) one(ctx context.Context, to loginTo) error {
	startURL := terminal.Clean(to.StartURL)
	if c.ifNeeded {
		_, err := c.login.Client.Token(ctx, session(to.SSO))
		if err == nil {
			fmt.Fprintf(c.login.Out, "Already logged into Start URL: %s\n", startURL)
			return nil
		}
		if _, required := errors.AsType[*signin.RequiredError](err); !required {
			return err
		}
	}
	signedIn, err := c.login.run(ctx, session(to.SSO))
	if err != nil {
		return err
	}
	c.keepRegion(ctx, to, signedIn.Region)
	fmt.Fprintf(c.login.Out, "Successfully logged into Start URL: %s\n", startURL)
	return nil
}

// all signs in everywhere, whatever fails on the way. The first failure's code
// is the command's.
func (c *ssoLogin) all(ctx context.Context, s *setup) error {
	var targets []loginTo
	var problems []error
	add := func(settings *awsconfig.Settings, name string) {
		sso, err := settings.LoginSession(name)
		targets = append(targets, loginTo{SSO: sso, profile: settings.Profile})
		problems = append(problems, loginError(c.login.Name, settings, err))
		if err != nil {
			targets[len(targets)-1].SSO = awsconfig.SSO{SessionName: name, Legacy: name == ""}
		}
	}
	for _, name := range c.config.Sessions() {
		add(s.settings, name)
	}
	seen := map[string]bool{} // legacy profiles of one start URL share a token
	for _, name := range c.config.Profiles() {
		p, _ := c.config.Profile(name)
		startURL, _ := p.Get("sso_start_url")
		if startURL != "" && !p.Has("sso_session") && !seen[startURL] {
			seen[startURL] = true
			add(awsconfig.ResolveLoose(c.config, awsconfig.Flags{Profile: name}, s.lookup), "")
		}
	}
	if len(targets) == 0 {
		return &configError{Kind: "Configuration", Problem: "There is no sso-session to sign in to.", Hint: fmt.Sprintf("To set one up: %s configure sso", c.login.Name)}
	}
	first := 0
	for i, to := range targets {
		fmt.Fprintf(c.login.Err, "Signing in to %s (%d of %d)\n", terminal.Clean(to.String()), i+1, len(targets))
		err := problems[i]
		if err == nil {
			err = c.one(ctx, to)
		}
		if ctx.Err() != nil || errors.Is(err, terminal.ErrInterrupted) {
			return err
		}
		if code := c.report(ctx, err); first == 0 {
			first = code
		}
	}
	if first != 0 {
		return &exitError{Code: first}
	}
	return nil
}

// keepRegion writes a region that the start URL has revealed to where the wrong
// one was read: the session's section, and profiles that repeat it and would
// contradict it; or the legacy profile, in whichever file, and those that share
// its token. The sign-in stands even if that fails.
func (c *ssoLogin) keepRegion(ctx context.Context, to loginTo, region string) {
	if region == to.Region {
		return
	}
	// A sign-in takes minutes: what somebody changed meanwhile to have another
	// start URL, or deleted, is no business of this one.
	config, err := c.files.Load()
	changed := false
	if err == nil {
		changed, err = c.files.Update(ctx, c.regionEdits(config, to, region)...)
	}
	if err != nil {
		c.login.Client.Warn(fmt.Sprintf("signed in, but the region could not be written to the configuration: %v; set sso_region = %s yourself", err, region))
	}
	if changed {
		fmt.Fprintf(c.login.Out, "SSO region updated to %s\n", region)
	}
}

func (c *ssoLogin) regionEdits(config *awsconfig.Config, to loginTo, region string) []awsconfig.Edit {
	set := []awsconfig.KeyValue{awsconfig.Set("sso_region", region)}
	var edits []awsconfig.Edit
	if !to.Legacy {
		if s, ok := config.Session(to.SessionName); !ok || s.StartURL != to.StartURL {
			return nil
		}
		edits = append(edits, awsconfig.Edit{Section: awsconfig.Section{Kind: awsconfig.KindSession, Name: to.SessionName}, Set: set})
	}
	for _, name := range config.Profiles() {
		p, _ := config.Profile(name)
		session, _ := p.Get("sso_session")
		startURL, _ := p.Get("sso_start_url")
		if !p.Has("sso_region") || session != to.SessionName || (to.Legacy && startURL != to.StartURL) {
			continue
		}
		kind := awsconfig.KindProfile
		if origin, _ := p.Origin("sso_region"); origin.File == c.files.Credentials && origin.File != c.files.Config {
			kind = awsconfig.KindCredentials
		}
		edits = append(edits, awsconfig.Edit{Section: awsconfig.Section{Kind: kind, Name: name}, Set: set})
	}
	return edits
}
