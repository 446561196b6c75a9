package terminal

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// ErrInterrupted is the answer of a person who pressed Ctrl-C.
var ErrInterrupted = errors.New("interrupted")

// ErrEscaped is the answer of a person who left with Esc, for who wants to know: it
// is an ErrInterrupted, too.
var ErrEscaped = fmt.Errorf("left: %w", ErrInterrupted)

// A Terminal is a program's three streams and what they are attached to. It
// asks one question at a time, and is not to be copied after the first.
type Terminal struct {
	In  io.Reader // nil: nobody answers
	Out io.Writer // where questions are printed, unless it is no terminal but In is
	Err io.Writer // for warnings and progress

	Getenv func(string) (string, bool) // nil: os.LookupEnv

	// ColorMode is what a person asked for: "on" or "off". Anything else leaves it to
	// what Out is.
	ColorMode string

	warned  bool          // that In is no terminal
	pending chan readByte // a read that is under way
	afterCR bool          // the last key was Enter; a line feed is part of it

	openTTY func() (*os.File, error) // nil: the controlling terminal
}

// InteractiveIn reports whether a person can type answers.
func (t *Terminal) InteractiveIn() bool { return asTerminal(t.In) != nil }

// InteractiveOut reports whether a person reads what is printed.
func (t *Terminal) InteractiveOut() bool { return asTerminal(t.Out) != nil }

// Color reports whether Out may be styled: unless somebody asked for one or the
// other, where it is a terminal that can, and nobody set NO_COLOR
// (https://no-color.org/).
func (t *Terminal) Color() bool {
	switch t.ColorMode {
	case "on":
		return true
	case "off":
		return false
	}
	return t.InteractiveOut() && t.env("NO_COLOR") == "" && !t.dumb()
}

// Bold is a text in bold type, where Out may be styled.
func (t *Terminal) Bold(text string) string {
	if !t.Color() {
		return text
	}
	return "\x1b[1m" + text + "\x1b[m"
}

// dumb reports whether the terminal only prints: it has no escape sequences.
func (t *Terminal) dumb() bool { return t.env("TERM") == "dumb" }

func (t *Terminal) accessible() bool {
	v := t.env("PORTICO_ACCESSIBLE")
	return v != "" && v != "0"
}

func (t *Terminal) env(name string) string {
	lookup := t.Getenv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	v, _ := lookup(name)
	return v
}

// asTerminal returns a stream as the terminal it is, or nil.
func asTerminal(stream any) *os.File {
	if f, ok := stream.(*os.File); ok && f != nil && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

func writer(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// A console is a terminal to type at and to draw on.
type console struct {
	in, out *os.File
	close   func()
}

// console finds one, or returns nil. When the output goes to a file, the
// conversation goes to the terminal behind it.
func (t *Terminal) console() *console {
	in := asTerminal(t.In)
	if in == nil {
		return nil
	}
	if out := asTerminal(t.Out); out != nil {
		return &console{in, out, func() {}}
	}
	open := t.openTTY
	if open == nil {
		open = openTTY
	}
	if out, err := open(); err == nil {
		if term.IsTerminal(int(out.Fd())) {
			return &console{in, out, func() { out.Close() }}
		}
		out.Close()
	}
	if out := asTerminal(t.Err); out != nil {
		return &console{in, out, func() {}}
	}
	return nil
}

// Columns is how wide Out is, or 0 where it is no terminal or nobody said.
func (t *Terminal) Columns() int {
	out := asTerminal(t.Out)
	if out == nil {
		return 0
	}
	width, _ := size(out)
	return width
}

// size returns the width and height of a terminal, or zeros where nobody told
// it.
func size(f *os.File) (width, height int) {
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 0, 0
	}
	return width, height
}
