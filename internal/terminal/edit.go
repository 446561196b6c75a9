package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

const (
	keyCtrlC  = 3
	keyTab    = '\t'
	keyEscape = 27
)

// escapeTime is how long the rest of a key's escape sequence may take. A
// person needs longer between Esc and the next key.
const escapeTime = 100 * time.Millisecond

// edit asks with a line that can be edited.
func (t *Terminal) edit(ctx context.Context, c *console, q Question, secret bool) (answer string, err error) {
	fd := int(c.in.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(fd, state) }()
	defer obeyEscapes(c.out)()

	// The editor knows one line; what stands before it is only printed.
	cut := strings.LastIndexByte(q.Prompt, '\n') + 1
	fmt.Fprint(c.out, strings.ReplaceAll(q.Prompt[:cut], "\n", "\r\n"))
	prompt := q.Prompt[cut:]

	k := &keys{ctx: ctx, terminal: t, console: c}
	k.editor = term.NewTerminal(k, prompt)
	k.editor.History = noHistory{}
	k.fit()
	if secret {
		answer, err = k.editor.ReadPassword(prompt)
	} else {
		k.editor.AutoCompleteCallback = (&completion{q.Completions, k.editor, k.width}).complete
		answer, err = k.editor.ReadLine()
	}
	switch {
	case k.err != nil:
		err = k.err
	case err == io.EOF && k.last == keyCtrlC:
		err = ErrInterrupted
	case errors.Is(err, term.ErrPasteIndicator):
		err = nil
	}
	if err != nil {
		fmt.Fprint(c.out, "\r\n")
		return "", err
	}
	return answer, nil
}

// keys gives the editor one byte at a time, and keeps it informed of the
// terminal's width.
type keys struct {
	ctx      context.Context
	terminal *Terminal
	console  *console
	editor   *term.Terminal
	last     byte
	err      error
	held     []byte // what followed an Esc and was read to see whether it does
	columns  int
}

func (k *keys) Write(p []byte) (int, error) { return k.console.out.Write(p) }

func (k *keys) Read(p []byte) (int, error) {
	if len(p) == 0 {
		// The editor waits for the end of an escape sequence and is full.
		k.err = errTooLong
		return 0, k.err
	}
	for {
		b, err := k.read()
		if err != nil {
			k.err = err
			return 0, err
		}
		afterCR := k.terminal.afterCR
		k.terminal.afterCR = b == '\r'
		if b == '\n' && afterCR {
			continue
		}
		k.last = b
		k.fit()
		p[0] = b
		return 1, nil
	}
}

// read returns the next byte. An Esc that begins no sequence is dropped: the
// editor would wait for the rest, and swallow the next letter.
func (k *keys) read() (byte, error) {
	for {
		var b byte
		var err error
		if len(k.held) > 0 {
			b, k.held = k.held[0], nil
		} else if b, err = k.terminal.next(k.ctx, 0); err != nil {
			return 0, err
		}
		if b != keyEscape {
			return b, nil
		}
		after, err := k.terminal.next(k.ctx, escapeTime)
		if err == errNoneYet {
			continue
		}
		if err != nil {
			return 0, err
		}
		k.held = []byte{after}
		if after != keyEscape {
			return b, nil
		}
	}
}

func (k *keys) width() int {
	if w, _ := size(k.console.out); w > 0 {
		return w
	}
	return 80
}

func (k *keys) fit() {
	if w := k.width(); w != k.columns {
		k.columns = w
		_, h := size(k.console.out)
		_ = k.editor.SetSize(w, h)
	}
}

// noHistory keeps answers out of the reach of the next question.
type noHistory struct{}

func (noHistory) Add(string)    {}
func (noHistory) Len() int      { return 0 }
func (noHistory) At(int) string { return "" }

// completion is what Tab does: complete as far as it is clear, then list what
// is possible.
type completion struct {
	candidates []string
	editor     io.Writer // prints above the line
	width      func() int
}

// mostListed is how many candidates are listed.
const mostListed = 60

func (c *completion) complete(line string, pos int, key rune) (string, int, bool) {
	if key != keyTab || len(c.candidates) == 0 {
		return "", 0, false
	}
	typed := line[:pos]
	found := c.matching(typed, strings.HasPrefix)
	if len(found) == 0 {
		found = c.matching(typed, func(s, prefix string) bool {
			return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
		})
	}
	if len(found) == 0 {
		return line, pos, true
	}
	if common := commonPrefix(found); len(common) > len(typed) || common != typed && len(found) == 1 {
		return common + line[pos:], len(common), true
	}
	if len(found) > 1 {
		c.list(found)
	}
	return line, pos, true
}

func (c *completion) matching(typed string, match func(s, prefix string) bool) (found []string) {
	for _, s := range c.candidates {
		if match(s, typed) {
			found = append(found, s)
		}
	}
	return found
}

func commonPrefix(list []string) string {
	common := list[0]
	for _, s := range list[1:] {
		for !strings.HasPrefix(s, common) {
			_, n := utf8.DecodeLastRuneInString(common)
			common = common[:len(common)-n]
		}
	}
	return common
}

func (c *completion) list(found []string) {
	var b bytes.Buffer
	more := max(0, len(found)-mostListed)
	column := 0
	for i, s := range found[:len(found)-more] {
		s = Clean(s)
		if i > 0 && column+2+columns(s) >= c.width() {
			b.WriteByte('\n')
			column = 0
		} else if i > 0 {
			b.WriteString("  ")
			column += 2
		}
		b.WriteString(s)
		column += columns(s)
	}
	if more > 0 {
		b.WriteString("  …")
	}
	b.WriteByte('\n')
	_, _ = c.editor.Write(b.Bytes())
}
