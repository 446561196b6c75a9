package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// tools is where TestMain puts the programs under test.
var tools string

// holdVariable makes the test binary a command that tells its environment and
// waits: see local.
const holdVariable = "PORTICO_INTEROP_HOLD"

func TestMain(m *testing.M) {
	if os.Getenv(holdVariable) != "" {
		os.Exit(hold())
	}
	// Most of the time goes into clients that wait between tries. What the
	// command line says comes after, and wins.
	if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(build(m))
}

func build(m *testing.M) int {
	var err error
	if tools, err = os.MkdirTemp("", "portico-interop-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(tools)
	for name, pkg := range map[string]string{"portico": "../cmd/portico", "drive-go": "./testdata/go", "mortal": "./testdata/mortal"} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(tools, name), pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build %s: %v\n%s", pkg, err, out)
			return 1
		}
	}
	return m.Run()
}

func hold() int {
	if err := json.NewEncoder(os.Stdout).Encode(os.Environ()); err != nil {
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// A center is a local Identity Center as "portico local run" makes one, and the
// environment in which its command runs. Any number of clients run in that, as
// if they were the command, until the test ends.
type center struct {
	env []string
}

// local starts an Identity Center with "portico local run" and flags.
func local(t *testing.T, flags ...string) *center {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(tools, "portico"), slices.Concat([]string{"local", "run"}, flags, []string{"--", self})...)
	cmd.Env = append(outside(t), holdVariable+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("portico local run: %v", err)
		}
		if t.Failed() && log.String() != "" {
			t.Logf("portico local run said:\n%s", log.String())
		}
	})
	c := &center{}
	if err := json.NewDecoder(out).Decode(&c.env); err != nil {
		t.Fatalf("portico local run: %v\n%s", err, log.String())
	}
	c.env = slices.DeleteFunc(c.env, func(kv string) bool { return strings.HasPrefix(kv, holdVariable+"=") })
	return c
}

// outside is the environment of somebody who has set up AWS for their daily
// work, behind a proxy that leads nowhere: what a client takes from there to
// get around the local Identity Center fails.
func outside(t *testing.T) []string {
	t.Helper()
	const nowhere = "http://127.0.0.1:9"
	env := []string{
		"PATH=" + tools + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + t.TempDir(), "USERPROFILE=" + os.Getenv("USERPROFILE"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
		"TMPDIR=" + os.Getenv("TMPDIR"), "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1",
		"HTTP_PROXY=" + nowhere, "HTTPS_PROXY=" + nowhere, "http_proxy=" + nowhere, "https_proxy=" + nowhere,
		"AWS_PROFILE=work", "AWS_CONFIG_FILE=/nonexistent/config", "AWS_CA_BUNDLE=/nonexistent/ca.pem", "REQUESTS_CA_BUNDLE=/nonexistent/ca.pem",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	}
	return slices.DeleteFunc(env, func(kv string) bool { return strings.HasSuffix(kv, "=") })
}

func (c *center) getenv(name string) string {
	for _, kv := range slices.Backward(c.env) {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// home is a path below the clients' home directory.
func (c *center) home(path ...string) string {
	return filepath.Join(append([]string{c.getenv("HOME")}, path...)...)
}

// patience is how long any one program may take. It is generous: on a machine
// that is busy, clients that wait between tries are slow.
const patience = time.Minute

// command prepares a program to run in the center's environment.
func (c *center) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	path := name
	if name == "portico" || name == "mortal" {
		path = filepath.Join(tools, name)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.WaitDelay = c.env, time.Second
	return cmd
}

// A run is what became of a program.
type run struct {
	code           int
	stdout, stderr string
}

func (r run) String() string {
	return fmt.Sprintf("exit %d\n--- stdout\n%s--- stderr\n%s", r.code, r.stdout, r.stderr)
}

func finish(t *testing.T, cmd *exec.Cmd) run {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("%q: %v", cmd.Args, err)
	}
	return run{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// run runs a program to its end, whichever that is.
func (c *center) run(t *testing.T, name string, args ...string) run {
	t.Helper()
	return finish(t, c.command(t, name, args...))
}

// must runs a program that has to succeed and returns what it printed.
func (c *center) must(t *testing.T, name string, args ...string) string {
	t.Helper()
	r := c.run(t, name, args...)
	if r.code != 0 {
		t.Fatalf("%s %q: %v", name, args, r)
	}
	return strings.TrimSpace(r.stdout)
}

// portico steers the center: "portico local …".
func (c *center) portico(t *testing.T, args ...string) string {
	t.Helper()
	return c.must(t, "portico", append([]string{"local"}, args...)...)
}

// acted says how often each fault has acted, in the order they were added.
func (c *center) acted(t *testing.T) []int {
	t.Helper()
	var n []int
	for d := json.NewDecoder(strings.NewReader(c.portico(t, "fault", "list", "--json"))); d.More(); {
		var f struct{ Acted int }
		if err := d.Decode(&f); err != nil {
			t.Fatal(err)
		}
		n = append(n, f.Acted)
	}
	return n
}

// event is what the tests look at in an event.
type event struct {
	EventName, ErrorCode, UserAgent string
	RequestParameters               map[string]any
}

// events are those of one operation, or all.
func (c *center) events(t *testing.T, operation string) []event {
	t.Helper()
	args := []string{"events"}
	if operation != "" {
		args = append(args, "--op", operation)
	}
	var es []event
	for d := json.NewDecoder(strings.NewReader(c.portico(t, args...))); d.More(); {
		var e event
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		es = append(es, e)
	}
	return es
}

// profiles writes the AWS configuration of somebody who uses Identity Center:
// session corp, and profiles dev and prod; old is of before there were sessions.
func (c *center) profiles(t *testing.T) {
	t.Helper()
	write(t, c.home(".aws", "config"), `[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = us-east-1

[profile prod]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = AdministratorAccess
region = us-east-1

[profile nobody]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = Unheard
region = us-east-1

[profile old]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = us-east-1
`)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// absent skips a test for want of a client, unless PORTICO_REQUIRE names it.
func absent(t *testing.T, name, cure string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), name) {
		t.Fatalf("%s is required, and absent: %s", name, cure)
	}
	t.Skipf("%s is absent: %s", name, cure)
}

// findPython finds a Python with boto3 that has at least that version, among
// candidates or, if there are none, all that are on PATH. The result is the
// interpreter itself: a launcher such as pyenv's costs more than the tests.
func findPython(atLeast string, candidates ...string) string {
	if candidates == nil {
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			candidates = append(candidates, filepath.Join(dir, "python3"))
		}
	}
	const script = `
import sys, boto3
if tuple(map(int, boto3.__version__.split('.')[:2])) < tuple(map(int, sys.argv[1].split('.'))): sys.exit(1)
print(sys.executable)`
	for _, python := range candidates {
		if out, err := exec.Command(python, "-c", script, atLeast).Output(); err == nil {
			return strings.TrimSpace(string(out))
		}
	}
	return ""
}

// buffer is a bytes.Buffer that a process writes while a test reads.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// eventually waits until something is true of processes that run.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
