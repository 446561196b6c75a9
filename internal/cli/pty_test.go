//go:build unix

package cli_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A screen is a program on a terminal of its own: what it wrote, and a way to
// type.
type screen struct {
	t    *testing.T
	tty  *os.File
	seen chan string
	text string
	cmd  *exec.Cmd
}

func open(t *testing.T, env []string, args ...string) *screen {
	t.Helper()
	path, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, seen: make(chan string, 1024), cmd: exec.Command(path, args...)}
	s.cmd.Env = append(slices.Clip(env), atOnce)
	s.tty, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.tty.Close()
	})
	go func() {
		defer close(s.seen)
		buf := make([]byte, 4096)
		for {
			n, err := s.tty.Read(buf)
			if n > 0 {
				s.seen <- string(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

var escapes = regexp.MustCompile(`\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[=>]|\x1b\][^\x07]*\x07|\r`)

// expect reads until text is on the screen, past what was expected before.
func (s *screen) expect(text string) {
	s.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		if i := strings.Index(s.text, text); i >= 0 {
			s.text = s.text[i+len(text):]
			return
		}
		select {
		case more, ok := <-s.seen:
			if !ok {
				s.t.Fatalf("the program ended before %q; the rest of its screen:\n%s", text, s.text)
			}
			s.text += escapes.ReplaceAllString(more, "")
		case <-deadline:
			s.t.Fatalf("no %q on the screen:\n%s", text, s.text)
		}
	}
}

func (s *screen) send(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.tty, keys); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the program and returns its exit code.
func (s *screen) end() int {
	s.t.Helper()
	for more := range s.seen {
		s.text += escapes.ReplaceAllString(more, "")
	}
	s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

// local starts an Identity Center and returns an environment that points at it,
// in which alice's browser allows everything.
func local(t *testing.T) (env []string, home string) {
	t.Helper()
	home = t.TempDir()
	base := []string{atOnce, "HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "TZ=UTC"}
	path, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "local", "start", "--listen", "127.0.0.1:0")
	cmd.Env = base
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out)
	lines := exec.Command(path, "local", "env", "--as", "alice")
	lines.Env = base
	text, err := lines.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if kv, ok := strings.CutPrefix(strings.TrimSpace(line), "export "); ok {
			base = append(base, strings.ReplaceAll(kv, "'", ""))
		}
	}
	return base, home
}

const (
	down  = "\x1b[B"
	up    = "\x1b[A"
	enter = "\r"
	ctrlC = "\x03"
	ctrlD = "\x04"
)

// The wizard on a terminal, key by key: prompts with defaults, a menu with
// arrows, a menu with a filter.
func TestWizardOnATerminal(t *testing.T) {
	env, home := local(t)
	s := open(t, env, "configure", "sso")
	s.expect("SSO session name (Recommended): ")
	s.send("corp" + enter)
	s.expect("SSO start URL [None]: ")
	s.send("nonsense" + enter)
	s.expect("Not a valid Start URL")
	s.expect("SSO start URL [None]: ")
	s.send("https://d-1234567890.awsapps.com/startx\x7f" + enter) // one letter taken back
	s.expect("SSO region [None]: ")
	s.send("us-east-1" + enter)
	s.expect("SSO registration scopes [sso:account:access]: ")
	s.send(enter)
	s.expect("There are 3 AWS accounts available to you.")
	s.expect("> dev, aws+dev@example.com (111111111111)")
	s.send(down + down + up)
	s.send(enter) // dev, management, prod: the second
	s.expect("Using the account ID 999999999999")
	s.expect(`Using the role name "AdministratorAccess"`)
	s.expect("Default client Region [None]: ")
	s.send("eu-west-1" + enter)
	s.expect("CLI default output format (json if not specified) [None]: ")
	s.send(enter)
	s.expect("Profile name [AdministratorAccess-999999999999]: ")
	s.send("mgmt" + enter)
	s.expect("portico sts get-caller-identity --profile mgmt")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}

	// The session is known now: no questions about it, and typing filters.
	s = open(t, env, "configure", "sso", "--profile", "live")
	s.expect("SSO session name (Recommended): ")
	s.send("corp" + enter)
	s.expect("There are 3 AWS accounts available to you.")
	s.expect("> dev,")
	s.send("prod")
	s.expect("> prod, aws+prod@example.com (222222222222)")
	s.send(enter)
	s.expect("Using the account ID 222222222222")
	s.expect("Default client Region [None]: ")
	s.send(enter)
	s.expect("CLI default output format")
	s.send(enter)
	s.expect("portico sts get-caller-identity --profile live")
	if code := s.end(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}

	got, err := os.ReadFile(filepath.Join(home, ".aws", "config"))
	if err != nil {
		t.Fatal(err)
	}
	want := `[profile mgmt]
sso_session = corp
sso_account_id = 999999999999
sso_role_name = AdministratorAccess
region = eu-west-1

[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[profile live]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = AdministratorAccess
`
	if string(got) != want {
		t.Errorf("got config\n%s\nwant\n%s", got, want)
	}
}

// Ctrl-C and Ctrl-D end the wizard anywhere, with the AWS CLI's codes, and
// nothing is written.
func TestWizardInterrupted(t *testing.T) {
	env, home := local(t)
	for _, tt := range []struct {
		name  string
		until []string // prompt, keys, prompt, keys…
		key   string
		code  int
	}{
		{"first prompt", []string{"SSO session name (Recommended): "}, ctrlC, 130},
		{"end of input", []string{"SSO session name (Recommended): "}, ctrlD, 255},
		{"half a line", []string{"SSO session name (Recommended): ", "cor"}, ctrlC, 130},
		{"menu", []string{"SSO session name (Recommended): ", "corp" + enter, "SSO start URL [None]: ", "https://d-1234567890.awsapps.com/start" + enter,
			"SSO region [None]: ", "us-east-1" + enter, "SSO registration scopes", enter, "> dev,"}, ctrlC, 130},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, env, "configure", "sso")
			for i, step := range tt.until {
				if i%2 == 0 {
					s.expect(step)
				} else {
					s.send(step)
				}
			}
			s.send(tt.key)
			if code := s.end(); code != tt.code {
				t.Errorf("got exit code %d, want %d; screen:\n%s", code, tt.code, s.text)
			}
			if _, err := os.Stat(filepath.Join(home, ".aws", "config")); !os.IsNotExist(err) {
				t.Errorf("the config was written: %v", err)
			}
		})
	}
}
