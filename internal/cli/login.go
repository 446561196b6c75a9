package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// loginFlags choose the way to sign in.
type loginFlags struct {
	NoBrowser, DeviceCode bool
	CallbackPort          string // PORT or ADDRESS:PORT
}

func (f *loginFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.NoBrowser, "no-browser", false, "print the address in place of opening a browser")
	c.Flags().BoolVar(&f.DeviceCode, "use-device-code", false, "sign in from any browser, on any device, by entering a code")
	c.Flags().StringVar(&f.CallbackPort, "callback-port", "", "local port to which the browser comes back, for ssh -L and containers")
}

// callbackAddress is where to listen for the browser. That is the loopback
// interface, but for containers, into which a published port leads by another
// one: there it has to be asked for in full.
func (f *loginFlags) callbackAddress(container bool) (string, error) {
	if f.CallbackPort == "" {
		return "", nil
	}
	refused := func(problem string) (string, error) {
		return "", &usageError{Problem: fmt.Sprintf("argument --callback-port: %q %s", f.CallbackPort, problem)}
	}
	if f.DeviceCode {
		return "", &usageError{Problem: "argument --callback-port: not allowed with argument --use-device-code, which needs none"}
	}
	host, port := "127.0.0.1", f.CallbackPort
	if strings.Contains(port, ":") {
		var err error
		if host, port, err = net.SplitHostPort(port); err != nil {
			return refused("is neither a port nor an address and a port")
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return refused("is no port; ports are numbers from 1 to 65535")
	}
	switch ip := net.ParseIP(host).To4(); {
	case ip == nil:
		return refused("is no IPv4 address and port; the browser comes back to 127.0.0.1")
	case !ip.IsLoopback() && !container:
		return refused("would let other machines in; give the port alone (another address is for containers only)")
	}
	return net.JoinHostPort(host, port), nil
}

// login signs in and says what the person has to do: on Out what the AWS CLI
// says, on Err what it does not.
type login struct {
	Name     string // of the program
	Client   *signin.Client
	Config   *awsconfig.Config
	Terminal *terminal.Terminal
	Out, Err io.Writer
	OpenURL  func(string) error
	Flags    loginFlags

	// NoBrowser is why no browser on this machine can come back; "" if one may.
	NoBrowser string
	// CallbackAddress is from the flag; "" means any port.
	CallbackAddress string
	// ResolveTime is what a start URL's own host gets to answer; 0: for ever.
	ResolveTime time.Duration
	// Needed is set where nobody asked for this sign-in by name, see [signin.Options];
	// Because then says why there is one, and Pause is as there.
	Needed  func(context.Context) bool
	Because string
	Pause   time.Duration
}

func (a *App) newLogin(s *setup, client *signin.Client, t *terminal.Terminal, how loginFlags) (*login, error) {
	address, err := how.callbackAddress(a.surroundings().container())
	if err != nil {
		return nil, err
	}
	return &login{Name: a.Name, Client: client, Config: s.settings.Config, Terminal: t, Out: a.Stdout, Err: a.Stderr, OpenURL: a.openURL, Flags: how,
		NoBrowser: a.noBrowser(), CallbackAddress: address, ResolveTime: seconds(s.globals.ConnectTimeout)}, nil
}

// run signs in. The session it returns is that of the token: its region may be
// another than the configured one, see [login.resolve].
func (l *login) run(ctx context.Context, s signin.Session) (signin.Session, error) {
	w, err := l.way(s)
	if err != nil {
		return s, err
	}
	if s, err = l.resolve(ctx, s); err != nil {
		return s, err
	}
	if w.automatic {
		fmt.Fprintf(l.Err, "This is %s: no browser can come back to it, so the sign-in is by a code that you enter on any device.\n", l.NoBrowser)
	}
	o := signin.Options{
		DeviceCode:      w.deviceCode,
		CallbackAddress: l.CallbackAddress,
		Show:            func(i signin.Instructions) { l.show(i, w) },
		Needed:          l.Needed,
		Pause:           l.Pause,
	}
	if !w.quiet {
		o.OpenURL = l.OpenURL
	}
	if !w.deviceCode && l.Terminal != nil && l.Terminal.Attended() {
		o.Paste = func(ctx context.Context, accept func(string) error) error { return l.paste(ctx, w, accept) }
	}
	_, err = l.Client.Login(ctx, s, o)
	return s, err
}

// resolve finds what the session's start URL stands for. A region that its name
// holds is the Identity Center's, whatever is configured.
func (l *login) resolve(ctx context.Context, s signin.Session) (signin.Session, error) {
	if s.IssuerURL != "" {
		return s, nil
	}
	if l.ResolveTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.ResolveTime)
		defer cancel()
	}
	waiting := l.Terminal.Progress("Looking up the start URL")
	found, err := l.Client.Resolve(ctx, s.StartURL)
	waiting.Done()
	if err != nil {
		return s, err
	}
	s.IssuerURL = found.URL
	if found.Region != "" {
		s.Region = found.Region
	}
	return s, nil
}

// A way to sign in.
type way struct {
	deviceCode bool
	quiet      bool // no browser is opened here
	automatic  bool // nobody chose it
}

// way chooses: the command line, then portico_login of the session, then what
// this machine can do.
func (l *login) way(s signin.Session) (way, error) {
	section, _ := l.Config.Session(s.Name)
	configured, _ := section.Get(awsconfig.KeyLogin)
	w := way{quiet: l.Flags.NoBrowser}
	switch {
	case configured != "" && configured != "device-code" && configured != "pkce":
		return w, &configError{Kind: "Configuration",
			Problem: fmt.Sprintf("The value %q of portico_login in the sso-session %s is not one of: device-code, pkce", configured, s.Name),
			Hint:    "Without it, the choice is made by whether a browser on this machine can come back to it."}
	case s.Name == "" && l.CallbackAddress != "":
		return w, &usageError{Problem: "argument --callback-port: a profile without sso_session signs in by device code, which needs none"}
	case s.Name == "" || l.Flags.DeviceCode:
		w.deviceCode = true
	case l.CallbackAddress != "":
		w.quiet = w.quiet || l.NoBrowser != ""
	case configured != "":
		w.deviceCode = configured == "device-code"
	case l.NoBrowser != "" && !l.Flags.NoBrowser:
		w = way{deviceCode: true, quiet: true, automatic: true}
	}
	return w, nil
}

// show prints what the AWS CLI prints, so that people and scripts that know it
// find the address and the code where they expect them.
func (l *login) show(i signin.Instructions, w way) {
	address, code, complete := terminal.Clean(i.URL), terminal.Clean(i.UserCode), terminal.Clean(i.CompleteURL)
	if l.Because != "" {
		fmt.Fprintln(l.Err, l.Because)
	}
	switch {
	case w.quiet && code == "":
		fmt.Fprintf(l.Out, "Browser will not be automatically opened.\nPlease visit the following URL:\n\n%s\n\n", address)
	case w.quiet:
		fmt.Fprintf(l.Out, "Browser will not be automatically opened.\nPlease visit the following URL:\n\n%s\n\nThen enter the code:\n\n%s\n\n"+
			"Alternatively, you may visit the following URL which will autofill the code upon loading:\n%s\n", address, code, complete)
	case code == "" && l.Needed != nil: // by a command without --use-device-code
		fmt.Fprintf(l.Out, "Attempting to open your default browser. If the browser does not open, open the following URL.\n\n%s\n\n", address)
	case code == "":
		fmt.Fprintf(l.Out, "Attempting to open your default browser. If the browser does not open, open the following URL.\n"+
			"If you are unable to open the URL on this device, run this command again with the '--use-device-code' option.\n\n%s\n\n", address)
	default:
		fmt.Fprintf(l.Out, "Attempting to open your default browser.\n"+
			"If the browser does not open or you wish to use a different device to authorize this request, open the following URL:\n\n%s\n\n"+
			"Then enter the code:\n\n%s\n", address, code)
	}
	if code != "" && l.NoBrowser != "" && l.Terminal != nil && checkAddress(i.CompleteURL) == nil {
		l.Terminal.QR(i.CompleteURL)
	}
}

// pasteAfter is when a person whose browser opened here is told how else to go
// on: not before most have signed in.
const pasteAfter = 20 * time.Second

// paste reads the address at which the browser ended. It is not shown: it has a
// code in it.
func (l *login) paste(ctx context.Context, w way, accept func(string) error) error {
	if !w.quiet {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pasteAfter):
		}
	}
	if !l.Terminal.Attended() {
		return nil
	}
	_, err := l.Terminal.AskSecret(ctx, terminal.Question{
		Prompt:   "If the browser ends at a page that does not load, paste its address here: ",
		Validate: accept,
	})
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return nil // it may still come back by itself
	}
	return err
}
