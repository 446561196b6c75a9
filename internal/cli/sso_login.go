package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

func newSSOLogin(a *App, g *globals) *cobra.Command {
	var sessionName string
	var how loginFlags
	c := &cobra.Command{
		Use:   "login",
		Short: "Sign in; all profiles of the session share the result",
		Long: `Signs in to an SSO session and caches the access token in ~/.aws/sso/cache, where
the AWS CLI and the SDKs look for it too. Always signs in anew, even if the
token there is still good.

The browser comes back to this machine with the result (authorization code with
PKCE). On a machine without a browser use --use-device-code, which lets any
browser on any device complete the sign-in.`,
		Example: `  portico sso login --profile dev
  portico sso login --sso-session corp
  portico sso login --profile dev --use-device-code --no-browser`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.setup(g)
			if err != nil {
				return err
			}
			config, err := s.loginSession(sessionName)
			if err != nil {
				return err
			}
			client, err := s.signin(false)
			if err != nil {
				return err
			}
			l := &login{Client: client, Out: a.Stdout, OpenURL: a.openURL, Flags: how}
			if _, err := l.run(cmd.Context(), session(config)); err != nil {
				return err
			}
			fmt.Fprintf(a.Stdout, "Successfully logged into Start URL: %s\n", terminal.Clean(config.StartURL))
			return nil
		},
	}
	c.Flags().StringVar(&sessionName, "sso-session", "", "sign in to this sso-session, whatever the profile says")
	how.add(c)
	return c
}

// loginFlags choose the way to sign in.
type loginFlags struct {
	NoBrowser, DeviceCode bool
}

func (f *loginFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.NoBrowser, "no-browser", false, "print the address in place of opening a browser")
	c.Flags().BoolVar(&f.DeviceCode, "use-device-code", false, "sign in from any browser, on any device, by entering a code")
}

// login signs in and says on Out what the person has to do.
type login struct {
	Client  *signin.Client
	Out     io.Writer
	OpenURL func(string) error
	Flags   loginFlags
}

func (l *login) run(ctx context.Context, s signin.Session) (accessToken string, err error) {
	o := signin.Options{DeviceCode: l.Flags.DeviceCode, Show: l.show}
	if !l.Flags.NoBrowser {
		o.OpenURL = l.OpenURL
	}
	t, err := l.Client.Login(ctx, s, o)
	return t.AccessToken, err
}

// show prints what the AWS CLI prints, so that people and scripts that know it
// find the address and the code where they expect them.
func (l *login) show(i signin.Instructions) {
	address, code, complete := terminal.Clean(i.URL), terminal.Clean(i.UserCode), terminal.Clean(i.CompleteURL)
	switch {
	case l.Flags.NoBrowser && code == "":
		fmt.Fprintf(l.Out, "Browser will not be automatically opened.\nPlease visit the following URL:\n\n%s\n\n", address)
	case l.Flags.NoBrowser:
		fmt.Fprintf(l.Out, "Browser will not be automatically opened.\nPlease visit the following URL:\n\n%s\n\nThen enter the code:\n\n%s\n\n"+
			"Alternatively, you may visit the following URL which will autofill the code upon loading:\n%s\n", address, code, complete)
	case code == "":
		fmt.Fprintf(l.Out, "Attempting to open your default browser. If the browser does not open, open the following URL.\n"+
			"If you are unable to open the URL on this device, run this command again with the '--use-device-code' option.\n\n%s\n\n", address)
	default:
		fmt.Fprintf(l.Out, "Attempting to open your default browser.\n"+
			"If the browser does not open or you wish to use a different device to authorize this request, open the following URL:\n\n%s\n\n"+
			"Then enter the code:\n\n%s\n", address, code)
	}
}
