package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"
)

// A Menu is a choice of one of its items. Both are printed without control
// characters.
type Menu struct {
	Title string
	Items []string
}

// Pick returns the index of the chosen item. The errors are those of Ask. A
// menu leaves nothing on the screen.
func (t *Terminal) Pick(ctx context.Context, m Menu) (int, error) {
	if len(m.Items) == 0 {
		return 0, errors.New("there is nothing to choose from")
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	out := writer(t.Out)
	if c := t.console(); c != nil {
		defer c.close()
		out = c.out
		// A terminal that does not know its size cannot be drawn on.
		if width, height := size(c.out); width > 0 && !t.dumb() && !t.accessible() {
			return t.pickOnScreen(ctx, c, newMenu(m, t.style(c), width, height))
		}
	}
	return t.pickFromList(ctx, out, m)
}

// style is Color for a console, which need not be Out.
func (t *Terminal) style(c *console) bool {
	return (&Terminal{Out: c.out, Getenv: t.Getenv, ColorMode: t.ColorMode}).Color()
}

func (t *Terminal) pickOnScreen(ctx context.Context, c *console, m *menu) (int, error) {
	if err := t.onScreen(ctx, c, m, func(*tea.Program) {}); err != nil {
		return 0, err
	}
	return m.chosen(), nil
}

// A question on the screen is a model that ends by itself, with an answer or an
// error.
type screenQuestion interface {
	tea.Model
	over() (bool, error)
}

// onScreen asks a question on the screen. What else is to go on meanwhile is begun
// by the caller, once there is a program to send to.
func (t *Terminal) onScreen(ctx context.Context, c *console, m screenQuestion, begun func(*tea.Program)) error {
	var p *tea.Program
	ended := func() { p.Send(cancelled{io.EOF}) }
	var in io.Reader = &watched{c.in, ended}
	if t.pending != nil {
		rest, done := t.continued(ctx, c.in, ended)
		defer done()
		in = rest
	}
	out := &drawnOn{File: c.out, drawn: func() { p.Send(drawAgain{}) }}
	p = tea.NewProgram(&growing{Model: m, out: out}, tea.WithInput(in), tea.WithOutput(out), tea.WithEnvironment(t.terminalEnv()),
		tea.WithoutSignalHandler())
	// Ending like a person would leaves the screen clean, which killing the
	// program does not.
	stop := context.AfterFunc(ctx, func() { p.Send(cancelled{ctx.Err()}) })
	defer stop()
	defer obeyEscapes(c.out)()
	begun(p)
	_, err := p.Run()
	over, failed := m.over()
	switch {
	case over:
		return failed
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil || hungUp(err): // it ended without an answer
		return io.EOF
	}
	return err
}

// watched tells when its file has no more to read, which the terminal library
// keeps to itself.
type watched struct {
	*os.File
	ended func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.File.Read(p)
	if err != nil {
		go w.ended()
	}
	return n, err
}

// continued is a terminal that is being read already, because a question ended
// before its answer: a second reader would get what the first one leaves over.
// It is read here until done is called. It has no name, or else the terminal
// library would read the file behind it.
type continued struct {
	terminal *Terminal
	file     *os.File
	ctx      context.Context
	ended    func()

	reading sync.Mutex
}

func (t *Terminal) continued(ctx context.Context, file *os.File, ended func()) (in *continued, done func()) {
	ctx, cancel := context.WithCancel(ctx)
	c := &continued{terminal: t, file: file, ctx: ctx, ended: ended}
	return c, func() {
		cancel()
		c.reading.Lock() // the next question reads after it, not beside it
		defer c.reading.Unlock()
	}
}

// Read takes a key whole, if it can: what is there already comes together.
func (c *continued) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	for n := range p {
		if n > 0 && (c.ctx.Err() != nil || !c.terminal.soon()) {
			return n, nil
		}
		b, err := c.terminal.next(c.ctx, 0)
		if err != nil {
			if n > 0 {
				return n, nil // it comes again
			}
			if c.ctx.Err() == nil {
				go c.ended()
			}
			return 0, err
		}
		p[n] = b
	}
	return len(p), nil
}

func (c *continued) Write(p []byte) (int, error) { return c.file.Write(p) }
func (c *continued) Close() error                { return nil }
func (c *continued) Fd() uintptr                 { return c.file.Fd() }

// terminalEnv is what the terminal library may know of the environment.
func (t *Terminal) terminalEnv() []string {
	env := []string{}
	for _, name := range []string{"TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "COLORTERM", "NO_COLOR", "SSH_TTY", "TMUX", "STY", "WT_SESSION"} {
		if v := t.env(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// pickFromList prints the items with numbers and reads a number or a name.
func (t *Terminal) pickFromList(ctx context.Context, out io.Writer, m Menu) (int, error) {
	var b strings.Builder
	if m.Title != "" {
		for _, l := range strings.Split(strings.TrimSuffix(m.Title, "\n"), "\n") {
			b.WriteString(Clean(l) + "\n")
		}
	}
	items := cleaned(m.Items)
	digits := len(strconv.Itoa(len(items)))
	for i, item := range items {
		fmt.Fprintf(&b, "  %*d) %s\n", digits, i+1, item)
	}
	fmt.Fprint(out, b.String())
	chosen := 0
	_, err := t.Ask(ctx, Question{
		Prompt: "Number or name: ",
		Validate: func(answer string) (err error) {
			chosen, err = resolve(answer, items)
			return err
		},
		Completions: Completions(items...),
	})
	return chosen, err
}

// resolve finds the one item that an answer means: its number, its text, or a
// part of it.
func resolve(answer string, items []string) (int, error) {
	answer = strings.TrimSpace(answer)
	if n, err := strconv.Atoi(answer); err == nil && 1 <= n && n <= len(items) {
		return n - 1, nil
	}
	var equal, contain []int
	for i, item := range items {
		switch {
		case answer == "":
		case item == answer:
			equal = append(equal, i)
		case strings.Contains(strings.ToLower(item), strings.ToLower(answer)):
			contain = append(contain, i)
		}
	}
	switch {
	case len(equal) == 1:
		return equal[0], nil
	case len(equal) == 0 && len(contain) == 1:
		return contain[0], nil
	case len(equal)+len(contain) > 1:
		return 0, fmt.Errorf("%d of them fit; give more of the name, or a number from 1 to %d", len(equal)+len(contain), len(items))
	}
	return 0, fmt.Errorf("give a number from 1 to %d, or a name", len(items))
}
