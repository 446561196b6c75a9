package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"unicode"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// openURL opens a browser: the app's own way, $BROWSER, or the system's. Only
// addresses a browser should be sent to get that far.
func (a *App) openURL(address string) error {
	if err := checkAddress(address); err != nil {
		return err
	}
	if a.OpenURL != nil {
		return a.OpenURL(address)
	}
	if list := a.getenv("BROWSER"); list != "" {
		return a.openWith(list, address)
	}
	err := errors.New("this system has no known way to open a browser")
	for _, words := range a.surroundings().openers() {
		if err = a.start(append(words, address), nil); err == nil {
			return nil
		}
	}
	return err
}

// openers are the ways to open the system's browser, the best first.
func (s surroundings) openers() [][]string {
	ofWindows := []string{"rundll32.exe", "url.dll,FileProtocolHandler"}
	switch {
	case s.OS == "darwin":
		return [][]string{{"open"}}
	case s.OS == "windows":
		return [][]string{ofWindows}
	case s.wsl() && s.interop():
		return [][]string{{"wslview"}, ofWindows, {"xdg-open"}}
	}
	return [][]string{{"xdg-open"}, {"x-www-browser"}, {"www-browser"}}
}

// checkAddress admits https, and http to this machine (RFC 8252, 8.12): nothing
// a server says may start a program, open a file or pass for a flag.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.ContainsFunc(address, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return errors.New("the sign-in address is no URL a browser can open")
	}
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		host := u.Hostname()
		if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
			return nil
		}
	}
	return fmt.Errorf("the sign-in address is neither https nor on this machine")
}

// openWith starts the first command of $BROWSER that starts. The variable is read
// as Python's webbrowser module (and so the AWS CLI) reads it: commands divided
// by the path list separator, each split into words, %s standing for the address.
func (a *App) openWith(list, address string) error {
	err := errors.New("BROWSER names no command")
	for command := range strings.SplitSeq(list, string(os.PathListSeparator)) {
		words, ok := awsconfig.SplitWords(command)
		if !ok || len(words) == 0 {
			continue
		}
		if words[len(words)-1] == "&" {
			words = words[:len(words)-1]
		}
		if !strings.Contains(command, "%s") {
			words = append(words, "%s")
		}
		for i := 1; i < len(words); i++ {
			words[i] = strings.ReplaceAll(words[i], "%s", address)
		}
		if err = a.start(words, a.Stderr); err == nil {
			return nil
		}
	}
	return err
}

// start starts a browser and does not wait: a sign-in comes back to a listener of
// ours, whenever that browser ends. It gets no terminal, which is ours; what the
// person's own $BROWSER has to say goes to stderr.
func (a *App) start(words []string, stderr io.Writer) error {
	path, err := a.lookPath(words[0])
	if err != nil {
		return err
	}
	cmd := &exec.Cmd{Path: path, Args: words, Env: a.Env, Stderr: stderr}
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait() // so that it leaves no zombie; its outcome shows at the listener
	return nil
}
