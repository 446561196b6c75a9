package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/portico-sso/portico/internal/seal"
	"github.com/portico-sso/portico/internal/statedir"
	"github.com/portico-sso/portico/internal/terminal"
)

// An App is the world a command runs in. Tests and the demo give it another.
type App struct {
	Name string // what the program was called as, for messages
	Self string // the program's own executable, to start it again

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            []string // NAME=value, as os.Environ
	Home           string   // the directory that holds .aws
	Root           fs.FS    // from the root directory, to tell a container by; nil: the real one

	// OpenURL opens a person's browser. Nil means $BROWSER, or the system's.
	OpenURL func(url string) error

	// globals are the flags of the command line that runs, for what is said of an
	// error; nil where there is none yet.
	globals *globals

	// running is the command that runs, by its name: "configure sso".
	running string

	// children counts the commands that run in our foreground: while there is
	// one, Ctrl-C is for it.
	children *atomic.Int32

	// ended is closed when the run is to end. Keyrings know no contexts.
	ended <-chan struct{}

	// Keyring holds the keys of sealed sessions, KeyHolder for some hours those that
	// a passphrase opened. Nil means the operating system's.
	Keyring   seal.Keyring
	KeyHolder seal.Holder
	// ScryptWork is how slow a passphrase is to try, as a power of two. 0 means
	// slow.
	ScryptWork int

	// Become replaces this process with a command. Nil means exec on Unix and,
	// where there is no such thing, running it and returning its code.
	Become func(path string, argv, env []string) error

	// Step is called just before each step of renewing a token or a role's
	// credentials, see [signin.Client]. Tests end the process in it.
	Step func(name string)
}

// System is the real world.
func System() App {
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	a := App{children: new(atomic.Int32), Name: name, Self: self, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Environ()}
	a.Home = home(a.Lookup)
	return a
}

// home is where the AWS tools look for .aws: Python's and Go's "~".
func home(lookup func(string) (string, bool)) string {
	if dir, _ := lookup(statedir.HomeVariable()); dir != "" {
		return dir
	}
	// As in Python: cron and systemd may leave the variable out.
	if u, err := user.Current(); err == nil {
		return u.HomeDir
	}
	return ""
}

// Lookup reads the app's environment.
func (a *App) Lookup(name string) (string, bool) {
	for _, kv := range slices.Backward(a.Env) {
		if n, v, ok := strings.Cut(kv, "="); ok && sameName(n, name) {
			return v, true
		}
	}
	return "", false
}

func (a *App) getenv(name string) string {
	v, _ := a.Lookup(name)
	return v
}

// lookPath finds a program on the app's PATH, which need not be the process's.
func (a *App) lookPath(name string) (string, error) {
	if filepath.Base(name) != name {
		return exec.LookPath(name)
	}
	reason := exec.ErrNotFound
	for _, dir := range filepath.SplitList(a.getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue // a program of the current directory is never meant
		}
		path, err := exec.LookPath(filepath.Join(dir, name))
		if err == nil {
			return path, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			reason = fs.ErrPermission
		}
	}
	return "", &exec.Error{Name: name, Err: reason}
}

// execute turns this process into the program at path.
func (a *App) execute(path string, argv, env []string) error {
	if a.Become != nil {
		return a.Become(path, argv, env)
	}
	return become(a, path, argv, env)
}

func (a *App) terminal() *terminal.Terminal { return a.terminalOn(a.Stdout) }

// conversation is where a person is asked while stdout is data.
func (a *App) conversation() *terminal.Terminal { return a.terminalOn(a.Stderr) }

func (a *App) terminalOn(out io.Writer) *terminal.Terminal {
	t := &terminal.Terminal{In: a.Stdin, Out: out, Err: a.Stderr, Getenv: a.Lookup}
	if a.globals != nil {
		t.ColorMode = a.globals.Color
	}
	return t
}

// stateDir is where portico keeps what is not configuration.
func (a *App) stateDir() string { return statedir.In(a.Home, a.Lookup) }

func (a *App) lockDir() string { return statedir.Locks(a.stateDir()) }

// with returns a copy of the environment in which each NAME=value of set
// replaces what was there, and the names in unset are gone.
func with(env, set []string, unset ...string) []string {
	for _, kv := range set {
		name, _, _ := strings.Cut(kv, "=")
		unset = append(unset, name)
	}
	env = slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.ContainsFunc(unset, func(u string) bool { return sameName(u, name) })
	})
	return append(env, set...)
}

func sameName(a, b string) bool {
	if runtime.GOOS == "windows" {
		return strings.EqualFold(a, b)
	}
	return a == b
}
