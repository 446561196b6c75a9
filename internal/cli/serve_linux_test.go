package cli_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// keys is a profile that needs no sign-in.
const keys = "[profile keys]\naws_access_key_id = AKIAKEYS\naws_secret_access_key = the-secret-of-keys\nregion = eu-west-1\n"

// A served is "portico serve" that runs.
type served struct {
	cmd   *exec.Cmd
	vars  map[string]string // what it printed
	stdio io.ReadCloser
}

// begin starts "portico serve" and reads what is to be exported.
func begin(t *testing.T, cmd *exec.Cmd) *served {
	t.Helper()
	cmd.Args = append(cmd.Args, "--format", "dotenv")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	s := &served{cmd: cmd, vars: map[string]string{}, stdio: out}
	lines := bufio.NewScanner(out)
	for s.vars["AWS_DEFAULT_REGION"] == "" && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		s.vars[name] = value
	}
	if s.vars["AWS_DEFAULT_REGION"] == "" {
		cmd.Wait()
		t.Fatalf("portico serve said %v\n%s", s.vars, &stderr)
	}
	return s
}

// ask is one request; it reports whether credentials came.
func (s *served) ask() (bool, error) {
	r, err := http.NewRequest(http.MethodGet, s.vars["AWS_CONTAINER_CREDENTIALS_FULL_URI"], nil)
	if err != nil {
		return false, err
	}
	r.Header.Set("Authorization", s.vars["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	return bytes.Contains(data, []byte("the-secret-of-keys")), err
}

// Whenever it is killed, there is a line in the audit log for each answer that left.
func TestKilledServeHasEachAnswerOnRecord(t *testing.T) {
	home := t.TempDir()
	configured(t, home, keys)
	env := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	for round := range 5 {
		audit := filepath.Join(home, fmt.Sprint("audit-", round))
		s := begin(t, program(t, env, "serve", "--profile", "keys", "--audit", audit))
		var answers atomic.Int32
		var clients sync.WaitGroup
		for range 4 {
			clients.Go(func() {
				for {
					given, err := s.ask()
					if given && answers.Add(1) == int32(10+7*round) {
						s.cmd.Process.Kill()
					}
					if err != nil {
						return
					}
				}
			})
		}
		clients.Wait()
		s.cmd.Wait()
		data, err := os.ReadFile(audit)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(data, []byte(`"outcome":"granted"`)); lines < int(answers.Load()) || answers.Load() < 10 {
			t.Errorf("round %d: %d answers, %d of them on record", round, answers.Load(), lines)
		}
		if bytes.Contains(data, []byte("the-secret")) || bytes.Contains(data, []byte(s.vars["AWS_CONTAINER_AUTHORIZATION_TOKEN"])) {
			t.Error("there is a secret in the log")
		}
	}
}

// Ctrl-C and what else ends it are a good end, and leave nothing behind.
func TestServeEndsCleanly(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	configured(t, home, keys)
	env := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		file := filepath.Join(home, "token")
		s := begin(t, program(t, env, "serve", "--profile", "keys", "--token-file", file))
		token, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s.vars["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = string(token)
		if given, err := s.ask(); !given || err != nil {
			t.Errorf("got no credentials: %v", err)
		}
		s.cmd.Process.Signal(signal)
		if err := s.cmd.Wait(); err != nil {
			t.Errorf("after %v: %v", signal, err)
		}
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("after %v: the token file is there: %v", signal, err)
		}
		if _, err := s.ask(); err == nil {
			t.Errorf("after %v it still answers", signal)
		}
	}
}

// Other processes of the same user cannot look into it.
func TestServeIsNotTraceable(t *testing.T) {
	t.Parallel()
	dir, path, as := unprivileged(t)
	if as == nil {
		as = &syscall.SysProcAttr{}
	}
	configured(t, dir, keys)
	if as.Credential != nil {
		for _, name := range []string{".aws", ".aws/config"} {
			if err := os.Chown(filepath.Join(dir, name), nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd := program(t, []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}, "serve", "--profile", "keys", "--audit", filepath.Join(dir, "private", "audit"))
	cmd.Path, cmd.SysProcAttr, cmd.Dir = path, as, dir
	s := begin(t, cmd)
	look := func(pid int) error {
		cat := exec.Command("dd", "count=1", "status=none", fmt.Sprintf("if=/proc/%d/environ", pid))
		cat.SysProcAttr, cat.Dir = as, dir
		return cat.Run()
	}
	other := exec.Command("cat")
	other.SysProcAttr, other.Dir = as, dir
	if _, err := other.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		other.Process.Kill()
		other.Wait()
	}()
	if err := look(other.Process.Pid); err != nil {
		t.Skipf("processes of one user do not see one another here: %v", err)
	}
	if err := look(s.cmd.Process.Pid); err == nil {
		t.Error("its environment can be read")
	}
	if given, err := s.ask(); err != nil || !given { // of the superuser, where the test is theirs
		t.Errorf("got credentials %v, %v", given, err)
	}
	// What it may not show others it still sees itself.
	if log, err := os.ReadFile(filepath.Join(dir, "private", "audit")); err != nil || !strings.Contains(string(log), fmt.Sprintf(`"via":"tcp","uid":%d,`, os.Getuid())) {
		t.Errorf("the audit log does not say who asked: %s, %v", log, err)
	}
}

// A container's stand-in: a network of its own, from which the host's loopback is
// out of reach, and the socket as the way out of it.
func TestServeIntoANetworkOfItsOwn(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("unshare", "-rn", "true").CombinedOutput(); err != nil {
		if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), "unshare") {
			t.Fatalf("unshare is required: %v, %s", err, out)
		}
		t.Skipf("there are no networks of one's own here: %v, %s", err, out)
	}
	home := t.TempDir()
	configured(t, home, keys)
	env := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), atOnce}
	contained := func(argv ...string) (string, string, int) {
		cmd := exec.Command("unshare", append([]string{"-rn", "loopback-up"}, argv...)...)
		cmd.Env = env
		return outcome(t, cmd)
	}

	s := begin(t, program(t, env, "serve", "--profile", "keys"))
	withVars := slices.Clip(env)
	for name, value := range s.vars {
		withVars = append(withVars, name+"="+value)
	}
	direct := exec.Command("unshare", "-rn", "loopback-up", "container-client")
	direct.Env = withVars
	if stdout, _, code := outcome(t, direct); code == 0 || !strings.Contains(stdout, "no answer") {
		t.Errorf("the host's loopback is in reach: %d, %s", code, stdout)
	}

	// Where the host has another address, as in a virtual machine's containers, its
	// endpoint is asked by its own name all the same.
	address := strings.TrimSuffix(strings.TrimPrefix(s.vars["AWS_CONTAINER_CREDENTIALS_FULL_URI"], "http://"), "/credentials")
	relay(t, strings.Replace(address, "127.0.0.1", "127.0.0.2", 1), address)
	far := program(t, withVars, "exec", "--from", "127.0.0.2", "--", "container-client")
	if stdout, stderr, code := outcome(t, far); code != 0 || !strings.HasPrefix(stdout, "200 AKIAKEYS") {
		t.Errorf("by another address: got %d, %s%s", code, stdout, stderr)
	}

	socket := filepath.Join(home, "private", "portico.sock")
	host := program(t, env, "serve", "--profile", "keys", "--socket", socket)
	said, err := host.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		host.Process.Kill()
		host.Wait()
	}()
	if line, err := bufio.NewReader(said).ReadString('\n'); err != nil { // it says so once it listens
		t.Fatalf("got %q, %v", line, err)
	}
	stdout, stderr, code := contained("portico", "exec", "--from", socket, "--", "container-client")
	if code != 0 || !strings.HasPrefix(stdout, "200 AKIAKEYS") {
		t.Errorf("through the socket: got %d, %s%s", code, stdout, stderr)
	}
	// Somebody else in the container does not get at it by the token alone.
	stdout, stderr, code = contained("portico", "exec", "--from", socket, "--", "sh", "-c", "AWS_CONTAINER_AUTHORIZATION_TOKEN=guessed container-client")
	if code != 0 || !strings.HasPrefix(stdout, "401 InvalidToken") {
		t.Errorf("with a guessed token: got %d, %s%s", code, stdout, stderr)
	}
}

// relay passes connections to one address on to another.
func relay(t *testing.T, from, to string) {
	t.Helper()
	l, err := net.Listen("tcp", from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			here, err := l.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("tcp", to)
			if err != nil {
				here.Close()
				continue
			}
			go func() { io.Copy(there, here) }()
			go func() { io.Copy(here, there); here.Close(); there.Close() }()
		}
	}()
}

// loopbackUp brings the loopback interface of a new network up, as a container's
// runtime does, and becomes a command in it.
func loopbackUp() {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, "loopback-up:", err)
		os.Exit(1)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		fail(err)
	}
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		fail(err)
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		fail(err)
	}
	path, err := exec.LookPath(os.Args[1])
	if err != nil {
		fail(err)
	}
	fail(unix.Exec(path, os.Args[1:], os.Environ()))
}
