package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/idc/browse"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/serve"
	"github.com/portico-sso/portico/internal/terminal"
)

func newLocalBrowse(a *App, g *globals) *cobra.Command {
	var address, user string
	var deny, deliver bool
	c := &cobra.Command{
		Use:   "browse URL",
		Short: "A browser without a window: sign in, allow or deny, and go back",
		Long: `Opens a sign-in address of a local Identity Center as a person's browser would:
signs the person in, allows what is asked (or denies it), confirms a device code
or follows the redirect back to the program that waits for it.

It returns once the decision is made and goes back to the waiting program in the
background, because some programs wait for their browser to exit before they
listen. Set as BROWSER, which "local env --as" does, it lets any client's login
run unattended.`,
		Example: `  portico local browse --as alice 'http://127.0.0.1:8642/device?user_code=BCDF-GHJK'
  BROWSER='portico local browse --as alice %s' aws sso login --profile dev`,
		Args: func(_ *cobra.Command, args []string) error {
			if deliver {
				return nil
			}
			if len(args) != 1 {
				return &usageError{Problem: "the following arguments are required: the URL to open"}
			}
			return checkAddress(args[0])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if deliver {
				return deliverCallback(cmd.Context(), a.Stdin)
			}
			if err := followRedirect(cmd.Context(), &args[0]); err != nil {
				return err
			}
			if u, err := url.Parse(args[0]); address == "" && err == nil && !browse.AtAWS(u) {
				address = u.Scheme + "://" + u.Host
			}
			client, err := a.find(cmd.Context(), address)
			if err != nil {
				return err
			}
			if user == "" {
				info, err := client.Info(cmd.Context())
				if err != nil {
					return err
				}
				if len(info.Users) == 0 {
					return errors.New("this Identity Center has no people")
				}
				user = info.Users[0]
			}
			return (&localBrowse{
				App: a, Browser: &browse.Browser{Control: client, User: user, Deny: deny},
			}).run(cmd.Context(), args[0])
		},
	}
	c.Flags().StringVar(&address, "address", "", "which one, when the URL does not say")
	c.Flags().StringVar(&user, "as", "", "who signs in (default: the first person of the organisation)")
	c.Flags().BoolVar(&deny, "deny", false, "deny what is asked")
	c.Flags().BoolVar(&deliver, "deliver", false, "deliver the callback read from standard input")
	c.Flags().MarkHidden("deliver")
	return c
}

// followRedirect goes where the console command hands a browser its address: at one
// of its own that leads on, see [serve.Redirect].
func followRedirect(ctx context.Context, address *string) error {
	u, err := url.Parse(*address)
	if err != nil || u.Scheme != "http" || !control.Loopback(u.Hostname()) || !serve.IsToken(strings.TrimPrefix(u.Path, "/")) {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, *address, nil)
	if err != nil {
		return err
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return control.Cause(err)
	}
	defer resp.Body.Close()
	next, err := resp.Location()
	if err != nil {
		return fmt.Errorf("the address to open leads nowhere: %s", resp.Status)
	}
	*address = next.String()
	return checkAddress(*address)
}

type localBrowse struct {
	App     *App
	Browser *browse.Browser
}

func (l *localBrowse) run(ctx context.Context, address string) error {
	callback, err := l.Browser.Visit(ctx, address)
	if err != nil {
		return err
	}
	if callback == "" {
		fmt.Fprintf(l.App.Stderr, "%s: done as %s; the program that asked goes on by itself\n", l.App.Name, terminal.Clean(l.Browser.User))
		return nil
	}
	return l.inBackground(callback)
}

// inBackground starts this program once more, away from the caller's streams,
// to go to the callback. The callback holds a code, so it travels by pipe and
// not by argument.
func (l *localBrowse) inBackground(callback string) error {
	cmd := exec.Command(l.App.Self, "local", "browse", "--deliver")
	cmd.Env = l.App.Env
	cmd.SysProcAttr = detached()
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("go back to the waiting program: %v", err)
	}
	_, err = io.WriteString(in, callback)
	if err = errors.Join(err, in.Close(), cmd.Process.Release()); err != nil {
		return fmt.Errorf("go back to the waiting program: %v", err)
	}
	return nil
}

// maxCallback bounds what is read of a callback address.
const maxCallback = 16 << 10

func deliverCallback(ctx context.Context, in io.Reader) error {
	address, err := io.ReadAll(io.LimitReader(in, maxCallback))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return browse.Deliver(ctx, nil, strings.TrimSpace(string(address)))
}
