//go:build unix

package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/portico-sso/portico/internal/terminal/screen"
)

// A person sits at a terminal: reads the screen and types.
type person struct {
	*Terminal
	t       *testing.T
	master  *os.File
	slave   *os.File
	screen  *screen.Screen
	raw     strings.Builder
	written chan string
	before  *term.State
}

func underlined(s screen.Style) bool { return s.Underlined }

const patience = 20 * time.Second

func sitDown(t *testing.T, width, height int, env ...string) *person {
	t.Helper()
	blocking, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	// Reads that end when the file is closed.
	fd, err := unix.Dup(int(blocking.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	blocking.Close()
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	master := os.NewFile(uintptr(fd), "terminal")
	p := &person{t: t, master: master, slave: slave, screen: screen.New(max(width, 1), max(height, 1)), written: make(chan string)}
	p.setSize(width, height)
	if p.before, err = term.GetState(int(slave.Fd())); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(p.written)
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			if n > 0 {
				select {
				case p.written <- string(b[:n]):
				case <-done:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(done)
		slave.Close()
		master.Close()
	})
	env = append([]string{"TERM=xterm-256color"}, env...)
	p.Terminal = &Terminal{In: slave, Out: slave, Err: slave, Getenv: func(name string) (string, bool) {
		for i := len(env) - 1; i >= 0; i-- {
			if v, ok := strings.CutPrefix(env[i], name+"="); ok {
				return v, true
			}
		}
		return "", false
	}}
	return p
}

func (p *person) types(keys string) {
	p.t.Helper()
	if _, err := io.WriteString(p.master, keys); err != nil {
		p.t.Fatal(err)
	}
}

// setSize tells the terminal's size, and the program that it changed.
func (p *person) setSize(width, height int) {
	p.t.Helper()
	err := unix.IoctlSetWinsize(int(p.slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(height), Col: uint16(width)})
	if err == nil {
		// The kernel does it for the terminal that controls the process.
		err = unix.Kill(os.Getpid(), unix.SIGWINCH)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// waits reads until the screen is as it should be.
func (p *person) waits(what string, ok func() bool) {
	p.t.Helper()
	timeout := time.After(patience)
	for !ok() {
		select {
		case s, open := <-p.written:
			if !open {
				p.t.Fatalf("the terminal closed before %s; the screen:\n%s", what, p.screen.Text())
			}
			p.raw.WriteString(s)
			p.screen.Write(s)
		case <-timeout:
			p.t.Fatalf("no sign of %s; the screen:\n%s\nwritten: %q", what, p.screen.Text(), p.raw.String())
		}
	}
}

func (p *person) sees(text string) {
	p.t.Helper()
	p.waits(fmt.Sprintf("%q", text), func() bool { return strings.Contains(p.screen.Text(), text) })
}

func (p *person) seesOnly(text string) {
	p.t.Helper()
	p.waits(fmt.Sprintf("a screen with only %q", text), func() bool { return p.screen.Text() == text })
}

// An outcome is what a question came to.
type outcome struct {
	answer any
	err    error
}

func (p *person) during(ask func() (any, error)) <-chan outcome {
	c := make(chan outcome, 1)
	go func() {
		answer, err := ask()
		c <- outcome{answer, err}
	}()
	return c
}

func (p *person) asked(q Question) <-chan outcome {
	return p.during(func() (any, error) { return p.Ask(p.t.Context(), q) })
}

func (p *person) picks(m Menu) <-chan outcome {
	return p.during(func() (any, error) { return p.Pick(p.t.Context(), m) })
}

// answers waits for the outcome and sees that the terminal is as it was.
func (p *person) answers(c <-chan outcome, want any, wantErr error) {
	p.t.Helper()
	timeout := time.After(patience)
	var got outcome
	for waiting := true; waiting; {
		select {
		case got = <-c:
			waiting = false
		case s := <-p.written:
			p.raw.WriteString(s)
			p.screen.Write(s)
		case <-timeout:
			p.t.Fatalf("no answer; the screen:\n%s", p.screen.Text())
		}
	}
	if !errors.Is(got.err, wantErr) || wantErr == nil && got.answer != want {
		p.t.Errorf("got %v, %v, want %v, %v", got.answer, got.err, want, wantErr)
	}
	p.restored()
}

func (p *person) restored() {
	p.t.Helper()
	after, err := term.GetState(int(p.slave.Fd()))
	if err != nil {
		p.t.Fatal(err)
	}
	if !reflect.DeepEqual(after, p.before) {
		p.t.Errorf("the terminal's mode: got %v, want %v", after, p.before)
	}
	// Something of ours after all that was written before.
	const end = "\x1b]end\a"
	if _, err := io.WriteString(p.slave, end); err != nil {
		p.t.Fatal(err)
	}
	p.waits("the end", func() bool { return strings.HasSuffix(p.raw.String(), end) })
	for mode, on := range p.screen.Modes {
		if on != (mode == "25") {
			p.t.Errorf("mode %s: got %v, want %v", mode, on, !on)
		}
	}
	if p.screen.Kitty != 0 || p.screen.Style.Underlined || p.screen.X != 0 {
		p.t.Errorf("left behind: keyboard modes %d, underlining %v, column %d", p.screen.Kitty, p.screen.Style.Underlined, p.screen.X)
	}
	if len(p.screen.Unknown) > 0 {
		p.t.Errorf("the screen does not know %q", p.screen.Unknown)
	}
}

func TestAskOnATerminal(t *testing.T) {
	long := strings.Repeat("abcdefghi ", 300)
	for _, c := range []struct {
		name, keys, want string
		err              error
	}{
		{"typed", "bob\r", "bob", nil},
		{"not trimmed", "  bob \t \r", "  bob  ", nil},
		{"Enter", "\r", "", nil},
		{"backspace", "bobx\x7fby\b\r", "bobb", nil},
		{"moved", "ac\x1b[Db\x1b[C\x1b[Hx\x1b[Fy\r", "xabcy", nil},
		{"control keys", "one two\x17three\x01X\x05Y\r", "Xone threeY", nil},
		{"kill line", "abc\x15def\r", "def", nil},
		{"delete", "abc\x1b[H\x1b[3~\x1b[C\x1b[3~\r", "b", nil},
		{"kill to the end", "abc def\x1bb\x0b\r", "abc ", nil},
		{"word by word", "one two three\x1b[1;5D\x1b[1;5DX\x1bfY\r", "one XtwoY three", nil},
		{"delete a word", "one two\x1b\x7f\r", "one ", nil},
		{"clear the screen", "ab\x0cc\r", "abc", nil},
		{"keys that are none", "a\x1b[15~\x1bOP\x1b[200;1;5u\x1e\x00b\r", "ab", nil},
		{"no history", "\x1b[Aa\x10b\x0ec\x1b[B\r", "abc", nil},
		{"accents", "Zoë 東京\r", "Zoë 東京", nil},
		{"pasted", long + "\r", long, nil},
		{"pasted between marks", "\x1b[200~a b\x1b[201~\r", "a b", nil},
		{"letters that are no UTF-8", "a\xe9b\xe2\x82\r", "a\ufffdb\ufffd\ufffd", nil},
		{"Ctrl-C", "bob\x03", "", ErrInterrupted},
		{"Ctrl-C after a letter that is no UTF-8", "bob\xe9\x03", "", ErrInterrupted},
		{"Ctrl-D", "\x04", "", io.EOF},
		{"Ctrl-D in text", "bobx\x02\x04\r", "bob", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sitDown(t, 60, 60)
			answer := p.asked(Question{Prompt: "Name [None]: "})
			p.sees("Name [None]:")
			p.types(c.keys)
			p.answers(answer, c.want, c.err)
		})
	}
}

func TestAskShowsWhatIsTyped(t *testing.T) {
	p := sitDown(t, 40, 10)
	answer := p.asked(Question{Prompt: "First line\nSSO region [None]: "})
	p.seesOnly("First line\nSSO region [None]:")
	p.types("eu-west-1")
	p.seesOnly("First line\nSSO region [None]: eu-west-1")
	p.types("\r")
	p.answers(answer, "eu-west-1", nil)
	p.seesOnly("First line\nSSO region [None]: eu-west-1")
}

func TestAskAgain(t *testing.T) {
	p := sitDown(t, 40, 10)
	answer := p.asked(Question{Prompt: "Start URL: ", Validate: func(s string) error {
		if s != "ok" {
			return errors.New("Not a valid Start URL")
		}
		return nil
	}})
	p.sees("Start URL:")
	p.types("nope\r")
	p.sees("Not a valid Start URL\nStart URL:")
	p.types("\r")
	p.sees("Not a valid Start URL\nStart URL:\nNot a valid Start URL\nStart URL:")
	p.types("ok\r")
	p.answers(answer, "ok", nil)
}

func TestAskSecretShowsNothing(t *testing.T) {
	for _, env := range []string{"TERM=xterm", "TERM=dumb"} {
		p := sitDown(t, 40, 10, env)
		answer := p.during(func() (any, error) { return p.AskSecret(t.Context(), Question{Prompt: "Password: "}) })
		p.sees("Password:")
		p.types("s3cret\x7fT\r")
		p.answers(answer, "s3creT", nil)
		if got := p.raw.String(); strings.ContainsAny(got, "3*") {
			t.Errorf("%s: got %q on the screen, want no trace", env, got)
		}
		answer = p.during(func() (any, error) { return p.AskSecret(t.Context(), Question{Prompt: "Again: "}) })
		p.sees("Again:")
		p.types("x\x03")
		p.answers(answer, "", ErrInterrupted)
	}
}

func TestTypedAhead(t *testing.T) {
	p := sitDown(t, 60, 20)
	p.types("one\rtwo\r\rthree\n")
	for _, want := range []string{"one", "two", "", "three"} {
		p.answers(p.asked(Question{Prompt: "? "}), want, nil)
	}
	answer := p.asked(Question{Prompt: "now: "})
	p.sees("now:")
	p.types("a\rb\r") // the second for whoever reads next
	p.answers(answer, "a", nil)
	p.answers(p.picks(Menu{Items: []string{"b", "c"}}), 0, nil)
}

// Lines pasted from a file of Windows are still one answer each.
func TestTypedLinesWithCRLF(t *testing.T) {
	p := sitDown(t, 60, 20)
	answer := p.asked(Question{Prompt: "? "})
	p.sees("?")
	p.types("a\r\nb\r\n")
	p.answers(answer, "a", nil)
	p.answers(p.asked(Question{Prompt: "? "}), "b", nil)
}

func TestAskIsCancelled(t *testing.T) {
	p := sitDown(t, 40, 10)
	ctx, cancel := context.WithCancel(t.Context())
	answer := p.during(func() (any, error) { return p.Ask(ctx, Question{Prompt: "Name: "}) })
	p.sees("Name:")
	p.types("bo")
	p.sees("Name: bo")
	cancel()
	p.answers(answer, "", context.Canceled)
	// The read that was under way serves the next question.
	answer = p.asked(Question{Prompt: "Again: "})
	p.sees("Again:")
	p.types("bob\r")
	p.answers(answer, "bob", nil)
}

func TestAskWhenTheTerminalGoes(t *testing.T) {
	p := sitDown(t, 40, 10)
	answer := p.asked(Question{Prompt: "Name: "})
	p.sees("Name:")
	p.types("bo")
	p.sees("Name: bo")
	p.master.Close()
	select {
	case got := <-answer:
		if got.err != io.EOF {
			t.Errorf("got %v, want %v", got.err, io.EOF)
		}
	case <-time.After(patience):
		t.Fatal("no answer")
	}
}

func TestAskWhileTheTerminalIsResized(t *testing.T) {
	p := sitDown(t, 60, 10)
	answer := p.asked(Question{Prompt: "Name: "})
	p.types("a long answer that does not fit soon")
	p.sees("fit soon")
	p.setSize(20, 10)
	p.types("er\r")
	p.answers(answer, "a long answer that does not fit sooner", nil)
}

// With the output in a file, the conversation is on the terminal.
func TestAskWithTheOutputElsewhere(t *testing.T) {
	p := sitDown(t, 40, 12)
	var out strings.Builder
	p.Out = &out
	p.Err = io.Discard
	p.openTTY = func() (*os.File, error) { return os.OpenFile(p.slave.Name(), os.O_RDWR, 0) }
	answer := p.asked(Question{Prompt: "Name: "})
	p.sees("Name:")
	p.types("bob\r")
	p.answers(answer, "bob", nil)
	choice := p.picks(Menu{Title: "Accounts", Items: []string{"a", "b"}})
	p.sees("Accounts\n> a\n  b")
	p.types("\x1b[B\r")
	p.answers(choice, 1, nil)
	if out.Len() > 0 {
		t.Errorf("got %q in the output, want nothing", out.String())
	}

	// Nor is there a terminal to open: the errors' will do.
	p.Err = p.slave
	p.openTTY = func() (*os.File, error) { return nil, os.ErrNotExist }
	answer = p.asked(Question{Prompt: "Again: "})
	p.sees("Again:")
	p.types("bob\r")
	p.answers(answer, "bob", nil)

	// No terminal shows anything: lines, as from a file.
	p.Err = io.Discard
	answer = p.asked(Question{Prompt: "Blind: "})
	p.types("bob\n")
	p.answers(answer, "bob", nil)
	if got, want := out.String(), "Blind: "; got != want {
		t.Errorf("got %q in the output, want %q", got, want)
	}
}

func TestDumbTerminal(t *testing.T) {
	p := sitDown(t, 40, 12, "TERM=dumb")
	answer := p.asked(Question{Prompt: "Name: "})
	p.sees("Name:")
	p.types("bob\n")
	p.answers(answer, "bob", nil)
	choice := p.picks(Menu{Title: "Roles", Items: []string{"Admin", "ReadOnly"}})
	p.sees("Roles\n  1) Admin\n  2) ReadOnly\nNumber or name:")
	p.types("2\n")
	p.answers(choice, 1, nil)
	answer = p.asked(Question{Prompt: "More: "})
	p.sees("More:")
	p.types("\x04")
	p.answers(answer, "", io.EOF)
	if got := strings.ReplaceAll(p.raw.String(), "\x1b]end\a", ""); strings.Contains(got, "\x1b") {
		t.Errorf("got %q, want no escape sequences", got)
	}
}

func TestPickOnTheScreen(t *testing.T) {
	fruit := []string{"apple", "banana", "cherry", "date"}
	for _, c := range []struct {
		name, keys string
		want       int
		err        error
	}{
		{"Enter", "\r", 0, nil},
		{"down", "\x1b[B\x1b[B\r", 2, nil},
		{"up wraps", "\x1b[A\r", 3, nil},
		{"down wraps", "\x0e\x0e\x0e\x0e\x0e\r", 1, nil},
		{"control keys", "\x10\x10\r", 2, nil},
		{"end and home", "\x1b[F\x1b[A\r", 2, nil},
		{"filter", "chy\r", 2, nil},
		{"filter corrected", "x\x7fdat\r", 3, nil},
		{"nothing matches", "zzz\r\x15\x1b[B\r", 1, nil},
		{"pasted filter", "\x1b[200~banana\x1b[201~\r", 1, nil},
		{"Ctrl-C", "\x03", 0, ErrInterrupted},
		{"Ctrl-C with a filter", "ban\x03", 0, ErrInterrupted},
		{"Ctrl-D", "\x04", 0, io.EOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sitDown(t, 40, 12)
			fmt.Fprintln(p.slave, "before")
			choice := p.picks(Menu{Title: "Which fruit?", Items: fruit})
			p.seesOnly("before\nWhich fruit?\n> apple\n  banana\n  cherry\n  date")
			if p.screen.Modes["25"] {
				t.Error("the cursor shows, want it hidden")
			}
			p.types(c.keys)
			p.answers(choice, c.want, c.err)
			fmt.Fprintln(p.slave, "after")
			p.seesOnly("before\nafter")
		})
	}
}

func TestPickByFilter(t *testing.T) {
	p := sitDown(t, 60, 14)
	choice := p.picks(Menu{Title: "Accounts", Items: []string{"Payer (111111111111)", "Prod (222222222222)", "Sandbox (333333333333)"}})
	p.sees("> Payer")
	p.types("d")
	p.seesOnly("Accounts\n  2 of 3 match: d\n> Prod (222222222222)\n  Sandbox (333333333333)")
	if got, want := p.screen.Styled(underlined), "dd"; got != want {
		t.Errorf("underlined: got %q, want %q", got, want)
	}
	p.types(" 33")
	p.seesOnly("Accounts\n  1 of 3 match: d 33\n> Sandbox (333333333333)")
	p.types("\x1b")
	p.seesOnly("Accounts\n  Payer (111111111111)\n  Prod (222222222222)\n> Sandbox (333333333333)")
	p.types("\r")
	p.answers(choice, 2, nil)
	p.seesOnly("")
}

func TestPickWithoutColor(t *testing.T) {
	p := sitDown(t, 60, 14, "NO_COLOR=1")
	choice := p.picks(Menu{Items: []string{"one", "two"}})
	p.sees("> one")
	p.types("tw")
	p.sees("> two")
	if got := p.screen.Styled(underlined); got != "" {
		t.Errorf("underlined: got %q, want nothing", got)
	}
	p.types("\r")
	p.answers(choice, 1, nil)
}

func TestPickWhileTheTerminalIsResized(t *testing.T) {
	items := make([]string, 30)
	for i := range items {
		items[i] = fmt.Sprintf("account-%02d with a long name", i)
	}
	p := sitDown(t, 60, 24)
	choice := p.picks(Menu{Title: "Accounts", Items: items})
	p.sees("Accounts\n  1 of 30, type to filter\n> account-00 with a long name\n")
	p.sees("account-09")
	p.screen.Resize(16, 6)
	p.setSize(16, 6)
	p.sees("> account-00 wi…\n  account-01 wi…\n  account-02 wi…\n  account-03 wi…")
	p.types("\x1b[A")
	p.sees("  account-28 wi…\n> account-29 wi…")
	p.screen.Resize(60, 24)
	p.setSize(60, 24)
	p.sees("  account-28 with a long name\n> account-29 with a long name")
	p.types("\r")
	p.answers(choice, 29, nil)
}

func TestPickIsCancelled(t *testing.T) {
	p := sitDown(t, 40, 10)
	ctx, cancel := context.WithCancel(t.Context())
	choice := p.during(func() (any, error) { return p.Pick(ctx, Menu{Title: "Roles", Items: []string{"a", "b"}}) })
	p.sees("Roles\n> a\n  b")
	cancel()
	p.answers(choice, 0, context.Canceled)
	p.seesOnly("")
	p.answers(p.during(func() (any, error) { return p.Pick(ctx, Menu{Items: []string{"a", "b"}}) }), 0, context.Canceled)
}

func TestPickWhenTheTerminalGoes(t *testing.T) {
	p := sitDown(t, 40, 10)
	choice := p.picks(Menu{Items: []string{"a", "b"}})
	p.sees("> a")
	p.master.Close()
	select {
	case got := <-choice:
		if got.err != io.EOF {
			t.Errorf("got %v, want %v", got.err, io.EOF)
		}
	case <-time.After(patience):
		t.Fatal("no answer")
	}
}

func TestPickFromManyItems(t *testing.T) {
	items := make([]string, 5000)
	for i := range items {
		items[i] = fmt.Sprintf("team-%04d, team%04d@example.com (%012d)", i, i, i*7919)
	}
	p := sitDown(t, 80, 24)
	choice := p.picks(Menu{Title: "Accounts", Items: items})
	p.sees("1 of 5000, type to filter")
	p.types("team-4321\r")
	p.answers(choice, 4321, nil)
}

func TestPickInWords(t *testing.T) {
	for name, p := range map[string]*person{
		"accessible":      sitDown(t, 60, 24, "PORTICO_ACCESSIBLE=1"),
		"size is unknown": sitDown(t, 0, 0),
	} {
		t.Run(name, func(t *testing.T) {
			p.screen.Resize(60, 24)
			choice := p.picks(Menu{Title: "Roles", Items: []string{"Admin", "ReadOnly"}})
			p.sees("Roles\n  1) Admin\n  2) ReadOnly\nNumber or name:")
			p.types("read\r")
			p.answers(choice, 1, nil)
		})
	}
}

func TestColorAndInteractive(t *testing.T) {
	p := sitDown(t, 40, 10)
	for _, c := range []struct {
		terminal *Terminal
		in, out  bool
		color    bool
	}{
		{&Terminal{In: p.slave, Out: p.slave, Getenv: p.Getenv}, true, true, true},
		{&Terminal{In: p.slave, Out: p.slave, Getenv: sitDown(t, 4, 4, "NO_COLOR=1").Getenv}, true, true, false},
		{&Terminal{In: p.slave, Out: p.slave, Getenv: sitDown(t, 4, 4, "NO_COLOR=").Getenv}, true, true, true},
		{&Terminal{In: p.slave, Out: p.slave, Getenv: sitDown(t, 4, 4, "TERM=dumb").Getenv}, true, true, false},
		{&Terminal{In: strings.NewReader(""), Out: io.Discard, Getenv: p.Getenv}, false, false, false},
		{&Terminal{}, false, false, false},
	} {
		if in, out, color := c.terminal.InteractiveIn(), c.terminal.InteractiveOut(), c.terminal.Color(); in != c.in || out != c.out || color != c.color {
			t.Errorf("got %v, %v, %v, want %v, %v, %v", in, out, color, c.in, c.out, c.color)
		}
	}
}

func TestProgressOnATerminal(t *testing.T) {
	p := sitDown(t, 40, 10)
	progress := p.Progress("Listing roles")
	progress.Step(3, 10)
	p.seesOnly("Listing roles 3/10")
	progress.Done()
	p.seesOnly("")
	p.restored()
	if dumb := sitDown(t, 40, 10, "TERM=dumb").Progress("x"); dumb != nil {
		t.Error("got progress on a dumb terminal, want none")
	}
}
