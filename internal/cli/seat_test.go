//go:build unix

package cli_test

import (
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/portico-sso/portico/internal/terminal/screen"
)

// A seat is a place in front of a terminal on which a program runs.
type seat struct {
	t       *testing.T
	tty     *os.File
	cmd     *exec.Cmd
	written chan string
	screen  *screen.Screen
}

// sit runs portico on a terminal of 80 columns and 24 rows.
func sit(t *testing.T, env []string, args ...string) *seat {
	t.Helper()
	s := &seat{t: t, cmd: program(t, env, args...), written: make(chan string, 1024), screen: screen.New(80, 24)}
	s.cmd.Env = slices.Clip(s.cmd.Env)
	var err error
	if s.tty, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.tty.Close()
	})
	go func() {
		defer close(s.written)
		b := make([]byte, 4096)
		for {
			n, err := s.tty.Read(b)
			if n > 0 {
				s.written <- string(b[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *seat) types(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.tty, keys); err != nil {
		s.t.Fatal(err)
	}
}

// resize gives the terminal another size, of which the program is told.
func (s *seat) resize(width, height int) {
	s.t.Helper()
	s.screen.Resize(width, height)
	if err := pty.Setsize(s.tty, &pty.Winsize{Rows: uint16(height), Cols: uint16(width)}); err != nil {
		s.t.Fatal(err)
	}
}

// waits reads until the screen is as it should be.
func (s *seat) waits(what, want string, ok func(text string) bool) {
	s.t.Helper()
	deadline := time.After(20 * time.Second)
	for !ok(s.screen.Text()) {
		select {
		case more, open := <-s.written:
			if !open {
				s.t.Fatalf("the program ended; its screen:\n%s\n\nwant %s\n%s", s.screen.Text(), what, want)
			}
			s.screen.Write(more)
		case <-deadline:
			s.t.Fatalf("got the screen\n%s\n\nwant %s\n%s", s.screen.Text(), what, want)
		}
	}
}

// sees waits for a screen that is this and nothing else.
func (s *seat) sees(want string) {
	s.t.Helper()
	s.waits("", want, func(text string) bool { return text == want })
}

// seesLast waits for a screen that ends with these lines.
func (s *seat) seesLast(want string) {
	s.t.Helper()
	s.waits("it to end with", want, func(text string) bool { return strings.HasSuffix("\n"+text, "\n"+want) })
}

// ends waits for the program's end, and checks its exit code and the last lines
// of its screen, where they are given.
func (s *seat) ends(code int, last string) {
	s.t.Helper()
	for more := range s.written {
		s.screen.Write(more)
	}
	_ = s.cmd.Wait()
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("got exit code %d, want %d; the screen:\n%s", got, code, s.screen.Text())
	}
	if last != "" && !strings.HasSuffix("\n"+s.screen.Text(), "\n"+last) {
		s.t.Errorf("got the screen\n%s\n\nwant it to end with\n%s", s.screen.Text(), last)
	}
}
