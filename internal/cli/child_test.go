//go:build unix

package cli_test

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// Ctrl-C is for the command that runs in the foreground; what it makes of it is
// the outcome.
func TestCtrlCReachesTheChild(t *testing.T) {
	env := []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color"}
	s := open(t, env, "local", "run", "--", "sh", "-c", `trap 'echo interrupted; exit 42' INT; echo ready; read line; echo went on`)
	s.expect("ready")
	s.send(ctrlC)
	s.expect("interrupted")
	if code := s.end(); code != 42 {
		t.Errorf("got exit code %d, want the child's 42; screen:\n%s", code, s.text)
	}

	// One that goes on despite Ctrl-C is let go on, with its Identity Center.
	s = open(t, env, "local", "run", "--", "sh", "-c", `trap 'echo interrupted' INT; echo ready; read line; read line; portico local env >/dev/null; echo env $?; exit 7`)
	s.expect("ready")
	s.send(ctrlC)
	s.expect("interrupted")
	s.send(enter + enter)
	s.expect("env 0")
	if code := s.end(); code != 7 {
		t.Errorf("got exit code %d, want the child's 7; screen:\n%s", code, s.text)
	}
}

// Whoever ends "local run" ends its command with it, which may clean up.
func TestSIGTERMEndsTheChild(t *testing.T) {
	env := []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir()}
	for _, tt := range []struct {
		name, script string
		code         int
	}{
		{"with a trap", `trap 'echo cleaned up; exit 9' TERM; echo ready; read line`, 9},
		{"without", `echo ready; exec cat`, 128 + int(syscall.SIGTERM)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := program(t, env, "local", "run", "--", "sh", "-c", tt.script)
			terminal, tty, err := pty.Open() // an input that does not end
			if err != nil {
				t.Fatal(err)
			}
			defer terminal.Close()
			defer tty.Close()
			// Should the signal not end it, the end of its input will.
			defer time.AfterFunc(20*time.Second, func() { terminal.Close() }).Stop()
			cmd.Stdin = tty
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(out)
			if line, err := r.ReadString('\n'); line != "ready\n" {
				t.Fatalf("got %q, %v", line, err)
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(r) // until the child has closed it, too
			if err != nil {
				t.Fatal(err)
			}
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("got exit code %d, want %d", code, tt.code)
			}
			if strings.Contains(tt.script, "trap") != strings.Contains(string(rest), "cleaned up") {
				t.Errorf("got the output %q", rest)
			}
		})
	}
	left, err := filepath.Glob(filepath.Join(strings.TrimPrefix(env[2], "TMPDIR="), "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// nobody is a user without rights, and without an entry among the users.
const nobody = 54321

// unprivileged makes a directory that belongs to somebody without rights, with a
// copy of the program in it, and returns both with what it takes to run as them.
// A person who is no superuser is that somebody.
func unprivileged(t *testing.T) (dir, portico string, as *syscall.SysProcAttr) {
	t.Helper()
	original := program(t, nil).Path
	if os.Getuid() != 0 {
		return t.TempDir(), original, nil
	}
	// Where tests keep theirs, others may not go.
	dir, err := os.MkdirTemp("", "portico-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	portico = filepath.Join(dir, "portico")
	writeProgram(t, portico, data)
	if err := os.Chmod(portico, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir, portico, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

// A command may leave directories that nobody may write to, as Go's module cache
// is; that changes nothing about how it ended.
func TestReadOnlyDirectoryLeftBehind(t *testing.T) {
	dir, path, as := unprivileged(t)
	cmd := program(t, []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH")}, "local", "run", "--",
		"sh", "-c", `mkdir -p $HOME/mod/deep && touch $HOME/mod/deep/file && chmod 555 $HOME/mod/deep $HOME/mod && echo $HOME`)
	cmd.Path, cmd.SysProcAttr, cmd.Dir = path, as, dir
	stdout, stderr, code := outcome(t, cmd)
	if code != 0 || stderr != "" {
		t.Errorf("got exit code %d and %q, want 0 and nothing", code, stderr)
	}
	if home := strings.TrimSpace(stdout); home == "" || home == dir {
		t.Errorf("got the home %q, want one of the command's own", home)
	} else if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("%s was left behind: %v", home, err)
	}
}

// Without HOME, .aws is where the system says the user's home is, or nowhere;
// never in the directory that one happens to be in.
func TestNoHome(t *testing.T) {
	here := t.TempDir()
	configured(t, here, "[profile of-the-working-directory]\naws_access_key_id = AKIAHERE\naws_secret_access_key = x\n")
	for _, home := range [][]string{nil, {"HOME="}} {
		cmd := program(t, append(home, "PATH="+os.Getenv("PATH")), "credential-process", "--profile", "of-the-working-directory")
		cmd.Dir = here
		stdout, stderr, code := outcome(t, cmd)
		if code != 255 || strings.Contains(stdout, "AKIAHERE") || !strings.Contains(stderr, "could not be found") {
			t.Errorf("got exit code %d, %q, %q, want no such profile", code, stdout, stderr)
		}
	}
	if os.Getuid() != 0 {
		return // only a superuser can be somebody the system does not know
	}
	dir, path, as := unprivileged(t)
	if err := os.CopyFS(filepath.Join(dir, ".aws"), os.DirFS(filepath.Join(here, ".aws"))); err != nil {
		t.Fatal(err)
	}
	cmd := program(t, []string{"PATH=" + os.Getenv("PATH")}, "credential-process", "--profile", "of-the-working-directory")
	cmd.Path, cmd.SysProcAttr, cmd.Dir = path, as, dir
	stdout, stderr, code := outcome(t, cmd)
	if code != 255 || stdout != "" || !strings.Contains(stderr, "set HOME to where .aws is to be") {
		t.Errorf("somebody unknown: got exit code %d, %q, %q", code, stdout, stderr)
	}
}
