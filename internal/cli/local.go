package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/seed"
	"github.com/portico-sso/portico/internal/terminal"
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
		return nil, &usageError{Problem: fmt.Sprintf("argument --org: %v", err)}
	}
	org, err := seed.Parse(file, data)
	if err != nil {
		return nil, &usageError{Problem: fmt.Sprintf("argument --org: %v", err)}
	}
	return &org, nil
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

// steering completes a command that steers a running Identity Center: it takes
// --address, and run gets that one's client.
func steering(a *App, c *cobra.Command, run func(ctx context.Context, client *control.Client, args []string) error) *cobra.Command {
	var address string
	c.Flags().StringVar(&address, "address", "", "which one, when several are running")
	words := c.Args
	c.Args = func(cmd *cobra.Command, args []string) error {
		// An empty word is a variable that a script did not set. It must not mean
		// everything.
		if slices.Contains(args, "") {
			return &usageError{Problem: "an argument is empty"}
		}
		var empty error
		cmd.Flags().Visit(func(f *pflag.Flag) {
			if f.Value.Type() == "string" && f.Value.String() == "" {
				empty = &usageError{Problem: "--" + f.Name + " is empty; leave it out or say what it is"}
			}
		})
		return cmp.Or(empty, words(cmd, args))
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := a.find(cmd.Context(), address)
		if err != nil {
			return err
		}
		return run(cmd.Context(), client, args)
	}
	return c
}

// lifetimeFlag adds --lifetime, which sets how long things last.
func lifetimeFlag(c *cobra.Command, config *idc.Config) {
	c.Flags().Var(lifetimes{config}, "lifetime", "how long something lasts, like device-code=10s or access-token=1m; may be repeated")
}

// lifetimes reads NAME=DURATION.
type lifetimes struct{ *idc.Config }

func (lifetimes) String() string { return "" }
func (lifetimes) Type() string   { return "NAME=DURATION" }

func (l lifetimes) Set(text string) error {
	name, value, _ := strings.Cut(text, "=")
	d, err := time.ParseDuration(value)
	if err != nil {
		return fmt.Errorf("write NAME=DURATION, like device-code=10s")
	}
	return l.SetLifetime(name, d)
}

// exactlyOne takes one word, which is a what.
func exactlyOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return &usageError{Problem: "the following arguments are required: the " + what}
		case 1:
			return nil
		}
		return &usageError{Problem: "only one " + what + " can be given"}
	}
}

// atMostOne takes one word, which is a what, or none.
func atMostOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return &usageError{Problem: "only one " + what + " can be given"}
		}
		return nil
	}
}

func optional(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// writeLines writes one JSON object a line.
func writeLines[T any](out io.Writer, items []T) error {
	w := bufio.NewWriter(out)
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for _, item := range items {
		if err := lines.Encode(item); err != nil {
			return err
		}
	}
	return w.Flush()
}

// writeTable writes rows, the first of them the heading, in columns.
func writeTable(out io.Writer, rows [][]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if row[i] = terminal.Clean(cell); row[i] == "" {
				row[i] = "-"
			}
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// count says how many there are of a thing.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// stray are variables that would lead a client away from the local Identity
// Center, or mix its credentials with others.
var stray = append([]string{
	"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE",
	"XDG_STATE_HOME",
}, astray...)

// astray are those of them that have to go even where the home stays.
var astray = append([]string{
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
}, stale...)

// pointedAt is what points a client at an Identity Center, through its proxy too
// if it is to be.
func (a *App) pointedAt(r control.Record, proxied bool) []string {
	past := a.getenv("NO_PROXY") + "," + a.getenv("no_proxy")
	if proxied {
		past = "" // it may name AWS's hosts
	}
	set := idc.Environment(r.Address, past)
	if proxied {
		set = append(set, idc.ProxyEnvironment(r.Proxy)...)
	}
	if proxied || strings.HasPrefix(r.Address, "https:") && r.CAFile != "" {
		set = append(set, idc.TrustEnvironment(r.CAFile)...)
	}
	return set
}

// localEnvironment is pointedAt and what a client needs besides. home and user
// may be empty: the client keeps its home, opens its own browser.
func (a *App) localEnvironment(r control.Record, home, user string, proxied bool) []string {
	set := a.pointedAt(r, proxied)
	set = append(set, recordsVariable+"="+a.recordsDir())
	if home != "" {
		name := "HOME"
		if runtime.GOOS == "windows" {
			name = "USERPROFILE"
		}
		set = append(append(set, name+"="+home), a.toolHomes()...)
	}
	if user != "" {
		set = append(set, "BROWSER="+a.browserCommand(user))
	}
	return set
}

// toolHomes keep known to language tools what they have below the home that a
// client is about to lose: packages and caches, without which a test run would
// download and build everything anew. None of them holds AWS configuration.
func (a *App) toolHomes() []string {
	var set []string
	for _, tool := range [][2]string{
		{"GOPATH", "go"}, {"GOCACHE", ".cache/go-build"}, {"GOCACHE", "Library/Caches/go-build"},
		{"PYTHONUSERBASE", ".local"}, {"npm_config_cache", ".npm"},
		{"CARGO_HOME", ".cargo"}, {"RUSTUP_HOME", ".rustup"}, {"ASDF_DATA_DIR", ".asdf"},
	} {
		dir := filepath.Join(a.Home, filepath.FromSlash(tool[1]))
		if info, err := os.Stat(dir); err == nil && info.IsDir() && a.getenv(tool[0]) == "" {
			set = append(set, tool[0]+"="+dir)
		}
	}
	return set
}

// browserCommand is a $BROWSER that signs a person in and allows. Python splits
// the variable at the path list separator and then into words, so the address
// of the Identity Center is not in it: it is in the URL the browser is given.
func (a *App) browserCommand(user string) string {
	return strings.Join([]string{quoteWord(a.Self), "local", "browse", "--as", quoteWord(user), "%s"}, " ")
}

// linkSelf puts this program into a new directory under a name: as a link, or as
// a copy where there are none.
func (a *App) linkSelf(dir, name string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if os.Symlink(a.Self, path) == nil {
		return nil
	}
	data, err := os.ReadFile(a.Self)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o700)
}

// pathWith is PATH with a directory before all others.
func (a *App) pathWith(dir string) string {
	return "PATH=" + strings.TrimSuffix(dir+string(os.PathListSeparator)+a.getenv("PATH"), string(os.PathListSeparator))
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
