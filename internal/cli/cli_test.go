package cli_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/portico-sso/portico/internal/cli"
	"github.com/portico-sso/portico/internal/cli/clitest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"portico":          func() { os.Exit(watched(clitest.WithKeyring(cli.System()))) },
		"aws":              func() { os.Exit(watched(cli.System())) }, // called by another name
		"container-client": containerClient,
		"loopback-up":      loopbackUp,
		"console-browser":  consoleBrowser,
	})
}

// atOnce keeps programs that are built with the race detector from sleeping for a
// second before they end.
const atOnce = "GORACE=atexit_sleep_ms=0"

// writeProgram makes a program that is to be run. Nothing is started meanwhile: a
// child would inherit the open file, and what is open for writing cannot be run.
func writeProgram(t *testing.T, path string, data []byte) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
}

// Scripts read like a user's terminal. Each has a home of its own, and none may
// give away a secret: see leaks_test.go.
func TestScripts(t *testing.T) {
	runScripts(&scriptT{T: t}, filepath.Join("testdata", "script"))
}

func runScripts(t *scriptT, dir string) {
	testscript.RunT(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			e.Setenv("HOME", home)
			e.Setenv("USERPROFILE", home)
			e.Setenv("TZ", "UTC")
			e.Vars = append(e.Vars, atOnce)
			e.Setenv("BROWSER", "no-browser-in-tests %s")
			watch := e.T().(*scriptT)
			e.Setenv(watchVariable, watch.sightings)
			e.Defer(func() { watch.files(e.WorkDir) })
			return os.MkdirAll(home, 0o700)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"idc":  startIDC,
			"mode": checkMode,
			"issymlink": func(ts *testscript.TestScript, neg bool, args []string) {
				fi, err := os.Lstat(ts.MkAbs(args[0]))
				ts.Check(err)
				if (fi.Mode()&os.ModeSymlink != 0) == neg {
					ts.Fatalf("%s is %v", args[0], fi.Mode())
				}
			},
		},
	})
}

// startIDC runs "portico local start" with the given flags in the background
// until the script ends, and sets $IDC to its address.
func startIDC(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("idc cannot be negated")
	}
	path, err := exec.LookPath("portico")
	ts.Check(err)
	cmd := exec.Command(path, append([]string{"local", "start", "--listen", "127.0.0.1:0"}, args...)...)
	for _, name := range []string{"HOME", "USERPROFILE", "PATH", "TMPDIR", "PORTICO_LOCAL_DIR"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	cmd.Dir = ts.Getenv("WORK")
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	cmd.Stderr = os.Stderr
	ts.Check(cmd.Start())
	ts.Defer(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "Local Identity Center at "); ok {
			ts.Setenv("IDC", address)
			go func() {
				for lines.Scan() { // let it say what else it has to say
				}
			}()
			return
		}
	}
	ts.Fatalf("portico local start ended without an address")
}

// checkMode checks permission bits: mode 0600 file.
func checkMode(ts *testscript.TestScript, neg bool, args []string) {
	if runtime.GOOS == "windows" {
		return
	}
	fi, err := os.Lstat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := "0" + strings.TrimPrefix(fi.Mode().Perm().String(), "-"); (octal(fi.Mode().Perm()) == args[0]) == neg {
		ts.Fatalf("%s has mode %s (%s)", args[1], octal(fi.Mode().Perm()), got)
	}
}

func octal(m os.FileMode) string {
	const digits = "01234567"
	return "0" + string([]byte{digits[m>>6&7], digits[m>>3&7], digits[m&7]})
}
