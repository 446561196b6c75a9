package terminal

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const notATerminal = "Warning: Input is not a terminal (fd=0).\n"

// piped is a terminal that is none.
func piped(in io.Reader) (t *Terminal, out, err *strings.Builder) {
	out, err = new(strings.Builder), new(strings.Builder)
	return &Terminal{In: in, Out: out, Err: err, Getenv: func(string) (string, bool) { return "", false }}, out, err
}

func TestAskWithoutATerminal(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"lines", "a\nb\n", []string{"a", "b"}},
		{"CRLF", "a\r\n\r\nb\r\n", []string{"a", "", "b"}},
		{"no last line end", "a\nb", []string{"a", "b"}},
		{"not trimmed", " \ta \n", []string{" \ta "}},
		{"empty lines", "\n\n", []string{"", ""}},
		{"carriage returns within", "a\rb\r\r\n", []string{"a\rb\r"}},
		{"nothing", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			term, out, warnings := piped(iotest.OneByteReader(strings.NewReader(c.in)))
			var got []string
			for {
				answer, err := term.Ask(t.Context(), Question{Prompt: "? ", Completions: Completions("x")})
				if err != nil {
					if err != io.EOF {
						t.Errorf("got %v, want %v", err, io.EOF)
					}
					break
				}
				got = append(got, answer)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := strings.Repeat("? \n", len(c.want)+1); out.String() != want {
				t.Errorf("got %q, want %q", out, want)
			}
			if warnings.String() != notATerminal {
				t.Errorf("got %q, want the warning once", warnings)
			}
		})
	}
}

// What follows the answer is for whoever reads next.
func TestAskTakesNoMoreThanTheAnswer(t *testing.T) {
	in := strings.NewReader("a\nrest")
	term, _, _ := piped(in)
	if got, err := term.Ask(t.Context(), Question{}); got != "a" || err != nil {
		t.Errorf("got %q, %v, want a", got, err)
	}
	if rest, _ := io.ReadAll(in); string(rest) != "rest" {
		t.Errorf("got %q left, want %q", rest, "rest")
	}
}

func TestAskNobody(t *testing.T) {
	var out strings.Builder
	term := &Terminal{Out: &out, Err: &out}
	for name, ask := range map[string]func() error{
		"Ask":       func() error { _, err := term.Ask(t.Context(), Question{Prompt: "? "}); return err },
		"AskSecret": func() error { _, err := term.AskSecret(t.Context(), Question{Prompt: "? "}); return err },
		"Confirm":   func() error { _, err := term.Confirm(t.Context(), "?", true); return err },
	} {
		if err := ask(); err != io.EOF || out.Len() > 0 {
			t.Errorf("%s: got %v and %q, want %v and nothing", name, err, out.String(), io.EOF)
		}
	}
	// Streams that are not there do no harm.
	term = &Terminal{In: strings.NewReader("a\n")}
	if got, err := term.Ask(t.Context(), Question{Prompt: "? "}); got != "a" || err != nil {
		t.Errorf("got %q, %v, want a", got, err)
	}
}

func TestAskErrors(t *testing.T) {
	broken := errors.New("broken")
	term, _, _ := piped(io.MultiReader(strings.NewReader("a"), iotest.ErrReader(broken)))
	if _, err := term.Ask(t.Context(), Question{}); err != broken {
		t.Errorf("got %v, want %v", err, broken)
	}
	term, _, _ = piped(strings.NewReader(strings.Repeat("x", maxLine+1)))
	if _, err := term.Ask(t.Context(), Question{}); err != errTooLong {
		t.Errorf("got %v, want %v", err, errTooLong)
	}
}

func TestValidateWithoutATerminal(t *testing.T) {
	odd := func(answer string) error {
		if len(answer)%2 == 0 {
			return errors.New("A value of odd length is required")
		}
		return nil
	}
	for _, c := range []struct {
		in, fallback, want string
		err                error
		out                string
	}{
		{"abc\n", "", "abc", nil, "? \n"},
		{"ab\n\nabc\n", "", "abc", nil, "? \nA value of odd length is required\n? \nA value of odd length is required\n? \n"},
		{"ab\n", "", "", io.EOF, "? \nA value of odd length is required\n? \n"},
		{"\n", "x", "", nil, "? \n"},
	} {
		term, out, _ := piped(strings.NewReader(c.in))
		got, err := term.Ask(t.Context(), Question{Prompt: "? ", Default: c.fallback, Validate: odd})
		if got != c.want || err != c.err || out.String() != c.out {
			t.Errorf("%q: got %q, %v and %q, want %q, %v and %q", c.in, got, err, out, c.want, c.err, c.out)
		}
	}
}

func TestConfirm(t *testing.T) {
	for _, c := range []struct {
		in        string
		def, want bool
		err       error
	}{
		{"y\n", false, true, nil},
		{"YES \n", false, true, nil},
		{"n\n", true, false, nil},
		{"No\n", true, false, nil},
		{"\n", true, true, nil},
		{"\n", false, false, nil},
		{"what\ny\n", false, true, nil},
		{"what\n\n", true, true, nil},
		{"", true, false, io.EOF},
	} {
		term, out, _ := piped(strings.NewReader(c.in))
		got, err := term.Confirm(t.Context(), "Write the profile?", c.def)
		if got != c.want || err != c.err {
			t.Errorf("%q: got %v, %v, want %v, %v", c.in, got, err, c.want, c.err)
		}
		want := "Write the profile? " + map[bool]string{true: "[Y/n]: ", false: "[y/N]: "}[c.def] + "\n"
		if strings.HasPrefix(c.in, "what") {
			want += "please answer y or n\n" + want
		}
		if out.String() != want {
			t.Errorf("%q: got %q, want %q", c.in, out, want)
		}
	}
}

func TestPickWithoutATerminal(t *testing.T) {
	accounts := []string{"Payer, p@example.com (111111111111)", "Prod (222222222222)", "Prod EU (333333333333)", "Prod", "2"}
	const list = "Accounts\n  1) Payer, p@example.com (111111111111)\n  2) Prod (222222222222)\n  3) Prod EU (333333333333)\n  4) Prod\n  5) 2\nNumber or name: \n"
	const again = "Number or name: \n"
	for _, c := range []struct {
		in   string
		want int
		err  error
		out  string
	}{
		{"1\n", 0, nil, list},
		{" 3 \n", 2, nil, list},
		{"2\n", 1, nil, list},
		{"222222222222\n", 1, nil, list},
		{"payer\n", 0, nil, list},
		{"Prod\n", 3, nil, list},
		{"prod eu\n", 2, nil, list},
		{"Prod (\n", 1, nil, list},
		{"prod\n4\n", 3, nil, list + "3 of them fit; give more of the name, or a number from 1 to 5\n" + again},
		{"\n0\n6\nxyz\n5\n", 4, nil, list + strings.Repeat("give a number from 1 to 5, or a name\n"+again, 4)},
		{"xyz\n", 0, io.EOF, list + "give a number from 1 to 5, or a name\n" + again},
		{"", 0, io.EOF, list},
	} {
		term, out, _ := piped(strings.NewReader(c.in))
		got, err := term.Pick(t.Context(), Menu{"Accounts", accounts})
		if err != c.err || err == nil && got != c.want {
			t.Errorf("%q: got %d, %v, want %d, %v", c.in, got, err, c.want, c.err)
		}
		if diff := cmp.Diff(c.out, out.String()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, diff)
		}
	}
	term, _, _ := piped(strings.NewReader("1\n"))
	if _, err := term.Pick(t.Context(), Menu{}); err == nil {
		t.Error("a menu without items: got no error, want one")
	}
	term, out, _ := piped(strings.NewReader("10\n"))
	if got, err := term.Pick(t.Context(), Menu{"", append(numbered(9), "a\x1b[2Jb\nc")}); got != 9 || err != nil || !strings.Contains(out.String(), "\n  10) ab c\n") {
		t.Errorf("got %d, %v and %q, want 9 and a clean item", got, err, out)
	}
}

func TestAskWithoutATerminalIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		term, _, _ := piped(r)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := term.Ask(ctx, Question{}); err != context.DeadlineExceeded {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		if _, err := term.Ask(ctx, Question{}); err != context.DeadlineExceeded {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		go io.WriteString(w, "late\n")
		if got, err := term.Ask(t.Context(), Question{}); got != "late" || err != nil {
			t.Errorf("got %q, %v, want late", got, err)
		}
	})
}

// Esc alone must not swallow the letters that follow it.
func TestEscAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		go func() {
			for _, s := range []string{"a\x1b", "b\x1b[D", "\x1b\x1b[C\x1b", "c"} {
				io.WriteString(w, s)
				time.Sleep(time.Second)
			}
			w.Close()
		}()
		k := &keys{ctx: t.Context(), terminal: &Terminal{In: r}}
		var got []rune
		for {
			key, err := k.next()
			if err != nil {
				if err != io.EOF {
					t.Errorf("got %v, want %v", err, io.EOF)
				}
				break
			}
			if key != keyNone {
				got = append(got, key)
			}
		}
		if want := []rune{'a', 'b', keyLeft, keyRight, 'c'}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestCompletion(t *testing.T) {
	candidates := []string{"Prod", "prod-eu", "prod-us", "é1", "è2"}
	for _, c := range []struct {
		line string // with | where the cursor is
		tabs int
		want string
		list string
	}{
		{"prod|", 1, "prod-|", ""},
		{"prod-|", 1, "prod-|", "  prod-eu   prod-us"},
		{"prod-|", 2, "prod-eu|", "> prod-eu   prod-us"},
		{"prod-|", 4, "prod-eu|", "> prod-eu   prod-us"},
		{"prod-|", -2, "prod-us|", "  prod-eu > prod-us"},
		{"prod-|", -3, "prod-eu|", "> prod-eu   prod-us"},
		{"prod-e|", 1, "prod-eu|", ""},
		{"prod-eu|", 1, "prod-eu|", ""},
		{"P|", 1, "Prod|", ""},
		{"PROD-U|", 1, "prod-us|", ""},
		{"US|", 1, "prod-us|", ""},
		{"prod-e| tail", 1, "prod-eu| tail", ""},
		{"x|", 1, "x|", ""},
		{"|", 1, "|", "  Prod      prod-eu   prod-us   é1        è2"},
		{"é|", 1, "é1|", ""},
	} {
		e := &editor{question: Question{Completions: Completions(candidates...)}}
		before, after, _ := strings.Cut(c.line, "|")
		e.line, e.pos = []rune(before+after), len([]rune(before))
		e.complete(false)
		for range max(c.tabs, -c.tabs) - 1 {
			e.complete(c.tabs < 0)
		}
		list := ""
		if e.offer != nil {
			list = strings.Join(e.offer.rows(80, 20, false), "\n")
		}
		if got := string(e.line[:e.pos]) + "|" + string(e.line[e.pos:]); got != c.want || list != c.list {
			t.Errorf("%q, %d tabs: got %q and %q, want %q and %q", c.line, c.tabs, got, list, c.want, c.list)
		}
	}
}

// A comma list is completed item by item, with notes beside what is offered.
func TestCompleteList(t *testing.T) {
	e := &editor{question: Question{List: true, Completions: []Completion{
		{Text: "sso:account:access"}, {Text: "codewhisperer:completions", Note: "Used in SSO sessions: code, other"},
	}}}
	e.line = []rune("sso:account:access, ")
	e.pos = len(e.line)
	e.complete(false)
	want := []string{"  sso:account:access", "  codewhisperer:completions  Used in SSO sessions: code, other"}
	if d := cmp.Diff(want, e.offer.rows(80, 20, false)); d != "" {
		t.Errorf("the list (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"  sso:account:access", "  codewhisperer:completions  Used in S…"}, e.offer.rows(40, 20, false)); d != "" {
		t.Errorf("the list on a narrow screen (-want +got):\n%s", d)
	}
	e.complete(false)
	e.complete(false)
	if got, want := string(e.line), "sso:account:access, codewhisperer:completions"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestManyCompletions(t *testing.T) {
	o := &offer{found: Completions(numbered(100)...), chosen: -1}
	for _, c := range []struct {
		chosen      int
		first, last string
	}{
		{-1, "  item 0    item 1    item 2", "  … 4 rows of 34"},
		{50, "  item 48   item 49 > item 50", "  … 4 rows of 34"},
		{99, "  item 90   item 91   item 92", "  … 4 rows of 34"},
	} {
		o.chosen = c.chosen
		rows := o.rows(32, 5, false)
		if len(rows) != 5 || rows[0] != c.first || rows[4] != c.last {
			t.Errorf("%d chosen: got %q, want 5 rows from %q to %q", c.chosen, rows, c.first, c.last)
		}
	}
}

// A board is written on by one goroutine and read by another.
type board struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *board) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// take returns what was written and wipes it.
func (b *board) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.text.Reset()
	return b.text.String()
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out board
		p := newProgress(&out, func() int { return 20 }, "Listing\x1b[1m roles")
		shows := func(after time.Duration, want string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if got := out.take(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		shows(999*time.Millisecond, "")
		shows(time.Millisecond, "\rListing roles\x1b[K")
		shows(time.Second, "")
		p.Step(1, 20)
		shows(time.Second, "\rListing roles 1/20\x1b[K")
		p.Step(10, 20)
		shows(100*time.Millisecond, "\rListing roles 10/20\x1b[K")
		p.Step(100, 200)
		shows(100*time.Millisecond, "\rListing roles 100/…\x1b[K")
		p.Done()
		p.Done()
		shows(time.Second, "\r\x1b[K")
	})
}

func TestProgressEstimates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out board
		p := newProgress(&out, func() int { return 80 }, "Listing")
		defer p.Done()
		step := func(from, to int, every time.Duration) string {
			for i := from; i <= to; i++ {
				p.Step(i, 1000)
				time.Sleep(every)
			}
			synctest.Wait()
			lines := strings.Split(out.take(), "\r")
			return strings.TrimSuffix(lines[len(lines)-1], "\x1b[K")
		}
		for _, c := range []struct {
			from, to int
			every    time.Duration
			want     string
		}{
			{1, 40, 10 * time.Millisecond, ""},                                    // it is all too short
			{41, 100, 50 * time.Millisecond, "Listing 100/1000, about 35 s left"}, // the first came faster
			{101, 500, 50 * time.Millisecond, "Listing 500/1000, about 30 s left"},
			{501, 600, 200 * time.Millisecond, "Listing 600/1000, about 85 s left"},
			{601, 620, 2 * time.Second, "Listing 620/1000, about 14 min left"},
			{621, 998, 50 * time.Millisecond, "Listing 998/1000, some seconds left"},
			{999, 1000, 100 * time.Millisecond, "Listing 1000/1000"},
		} {
			if got := step(c.from, c.to, c.every); got != c.want {
				t.Errorf("at %d: got %q, want %q", c.to, got, c.want)
			}
		}
	})
}

func TestProgressOfShortWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out board
		p := newProgress(&out, func() int { return 0 }, "Listing roles")
		p.Step(1, 2)
		time.Sleep(900 * time.Millisecond)
		p.Done()
		time.Sleep(time.Minute)
		if got := out.take(); got != "" {
			t.Errorf("got %q, want nothing", got)
		}
	})
}

func TestProgressWithoutATerminal(t *testing.T) {
	var out strings.Builder
	p := (&Terminal{Err: &out}).Progress("x")
	p.Step(1, 2)
	p.Done()
	if out.Len() > 0 {
		t.Errorf("got %q, want nothing", out.String())
	}
}
