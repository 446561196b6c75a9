//go:build unix

package cli_test

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A transcript is a program on a terminal of its own: what it wrote, without
// where on the screen, and a way to type. See seat for the screen.
type transcript struct {
	t    *testing.T
	tty  *os.File
	seen chan string
	text string
	cmd  *exec.Cmd
}

func open(t *testing.T, env []string, args ...string) *transcript {
	t.Helper()
	path, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	return onTerminal(t, env, path, args...)
}

// onTerminal starts any program on a terminal.
func onTerminal(t *testing.T, env []string, path string, args ...string) *transcript {
	t.Helper()
	s := &transcript{t: t, seen: make(chan string, 1024), cmd: exec.Command(path, args...)}
	s.cmd.Env = append(slices.Clip(env), atOnce)
	var err error
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
func (s *transcript) expect(text string) {
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

func (s *transcript) send(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.tty, keys); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the program and returns its exit code.
func (s *transcript) end() int {
	s.t.Helper()
	for more := range s.seen {
		s.text += escapes.ReplaceAllString(more, "")
	}
	s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

// local starts an Identity Center and returns an environment that points at it,
// in which alice's browser allows everything.
func local(t *testing.T, flags ...string) (env []string, home string) {
	t.Helper()
	home = t.TempDir()
	base := []string{atOnce, "HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "TZ=UTC"}
	path, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"local", "start", "--listen", "127.0.0.1:0"}, flags...)...)
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
