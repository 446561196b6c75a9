package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/seed"
)

// recordsVariable says where running local Identity Centers are recorded, for
// shells whose HOME is not the one they were started under.
const recordsVariable = "PORTICO_LOCAL_DIR"

func (a *App) recordsDir() string {
	if dir := a.getenv(recordsVariable); dir != "" {
		return dir
	}
	return filepath.Join(a.stateDir(), "local")
}

// readOrganisation reads a seed; no file means the built-in one.
func readOrganisation(file string) (*directory.Organisation, error) {
	if file == "" {
		org := seed.BuiltIn()
		return &org, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("organisation: %v", err)
	}
	org, err := seed.Parse(file, data)
	return &org, err
}

// find returns the control client of the local Identity Center that is meant:
// the one at address, or where AWS_ENDPOINT_URL points, or the only one there is.
func (a *App) find(ctx context.Context, address string) (*control.Client, error) {
	if address == "" {
		address = a.getenv("AWS_ENDPOINT_URL")
	}
	r, err := control.Find(ctx, a.recordsDir(), address)
	if err != nil {
		if none, ok := errors.AsType[*control.NoneError](err); ok {
			return nil, &hintedError{Err: none, Hint: fmt.Sprintf("Start one with: %s local start", a.Name)}
		}
		if several, ok := errors.AsType[*control.SeveralError](err); ok {
			list := "Choose one with --address:"
			for _, r := range several.Records {
				list += "\n  " + r.Address
			}
			return nil, &hintedError{Err: several, Hint: list}
		}
		return nil, err
	}
	return &control.Client{Record: r}, nil
}

// origin is the scheme and host of a URL.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// stray are variables that would lead a client away from the local Identity
// Center, or mix its credentials with others.
var stray = append([]string{
	"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE",
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "XDG_STATE_HOME",
}, stale...)

// localEnvironment is what points a client at the Identity Center at address.
// home and user may be empty: the client keeps its home, opens its own browser.
func (a *App) localEnvironment(address, home, user string) []string {
	set := idc.Environment(address, a.getenv("NO_PROXY")+","+a.getenv("no_proxy"))
	set = append(set, recordsVariable+"="+a.recordsDir())
	if home != "" {
		name := "HOME"
		if runtime.GOOS == "windows" {
			name = "USERPROFILE"
		}
		set = append(set, name+"="+home)
	}
	if user != "" {
		set = append(set, "BROWSER="+a.browserCommand(user))
	}
	return set
}

// browserCommand is a $BROWSER that signs a person in and allows. Python splits
// the variable at the path list separator and then into words, so the address
// of the Identity Center is not in it: it is in the URL the browser is given.
func (a *App) browserCommand(user string) string {
	return strings.Join([]string{quoteWord(a.Self), "local", "browse", "--as", quoteWord(user), "%s"}, " ")
}

// removeAll removes a directory that a command has used as it liked: with
// read-only directories in it, such as Go's module cache, or files that somebody
// still writes. What cannot be removed is left and named; it never changes how
// the command's own end is told.
func (a *App) removeAll(dir string) {
	var err error
	for range 3 {
		if err = os.RemoveAll(dir); err == nil {
			return
		}
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if d != nil && d.IsDir() {
				_ = os.Chmod(path, 0o700)
			}
			return nil
		})
	}
	fmt.Fprintf(a.Stderr, "%s: [WARNING]: left behind: %v\n", a.Name, err)
}

// privateHome makes the home directory of a client that is kept apart.
func privateHome(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o700)
}
