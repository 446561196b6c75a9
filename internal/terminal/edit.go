package terminal

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// edit asks with a line that can be edited.
func (t *Terminal) edit(ctx context.Context, c *console, q Question, secret bool) (answer string, err error) {
	fd := int(c.in.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(fd, state) }()
	defer obeyEscapes(c.out)()

	// Only the last line of the prompt is drawn again; the others are printed.
	cut := strings.LastIndexByte(q.Prompt, '\n') + 1
	fmt.Fprint(c.out, strings.ReplaceAll(q.Prompt[:cut], "\n", "\r\n"))

	e := &editor{
		question: q, prompt: q.Prompt[cut:], secret: secret, style: t.style(c),
		keys:    &keys{ctx: ctx, terminal: t},
		drawing: drawing{out: c.out, size: func() (int, int) { return size(c.out) }},
	}
	return e.run()
}

// An editor is a line being edited. Its keys are those of Emacs and Readline
// and what terminals send for arrows and the like.
type editor struct {
	question Question
	prompt   string
	secret   bool // nothing that is typed shows
	style    bool
	keys     *keys

	line  []rune
	pos   int
	offer *offer // what Tab found, until another key is pressed

	drawing drawing
}

func (e *editor) run() (string, error) {
	for {
		if !e.keys.more() { // a paste is drawn once
			e.draw()
		}
		key, err := e.keys.next()
		if err == nil {
			var done bool
			if done, err = e.press(key); !done && err == nil {
				continue
			}
		}
		// The answer stays on the screen, without what was below it.
		e.offer, e.question.Toolbar = nil, nil
		e.pos = len(e.line)
		e.draw()
		e.drawing.end()
		if err != nil {
			return "", err
		}
		return string(e.line), nil
	}
}

// press obeys a key; done means that the line is the answer.
func (e *editor) press(key rune) (done bool, err error) {
	if key == keyTab || key == keyBackTab {
		e.complete(key == keyBackTab)
		return false, nil
	}
	e.offer = nil
	switch key {
	case keyEnter, keyCtrlJ:
		return true, nil
	case keyCtrlC:
		return false, ErrInterrupted
	case keyCtrlD:
		if len(e.line) == 0 {
			return false, io.EOF
		}
		e.delete(e.pos, e.pos+1)
	case keyDelete:
		e.delete(e.pos, e.pos+1)
	case keyBackspace, keyCtrlH:
		e.delete(e.pos-1, e.pos)
	case keyCtrlW:
		e.delete(e.wordLeft(), e.pos)
	case keyCtrlU:
		e.delete(0, e.pos)
	case keyCtrlK:
		e.delete(e.pos, len(e.line))
	case keyLeft, keyCtrlB:
		e.pos = max(0, e.pos-1)
	case keyRight, keyCtrlF:
		e.pos = min(len(e.line), e.pos+1)
	case keyWordLeft:
		e.pos = e.wordLeft()
	case keyWordRight:
		e.pos = e.wordRight()
	case keyHome, keyCtrlA:
		e.pos = 0
	case keyEnd, keyCtrlE:
		e.pos = len(e.line)
	case keyCtrlL:
		e.drawing.clear()
	default:
		return false, e.insert(key)
	}
	return false, nil
}

func (e *editor) insert(r rune) error {
	if r > unicode.MaxRune || unicode.IsControl(r) {
		return nil
	}
	if len(e.line) == maxLine {
		return errTooLong
	}
	e.line = slices.Insert(e.line, e.pos, r)
	e.pos++
	return nil
}

func (e *editor) delete(from, to int) {
	from, to = max(0, from), min(to, len(e.line))
	e.line = slices.Delete(e.line, from, to)
	e.pos = from
}

// wordLeft is where the word before the cursor begins.
func (e *editor) wordLeft() int {
	i := e.pos
	for i > 0 && e.line[i-1] == ' ' {
		i--
	}
	for i > 0 && e.line[i-1] != ' ' {
		i--
	}
	return i
}

func (e *editor) wordRight() int {
	i := e.pos
	for i < len(e.line) && e.line[i] == ' ' {
		i++
	}
	for i < len(e.line) && e.line[i] != ' ' {
		i++
	}
	return i
}

// draw shows the line and what belongs below it.
func (e *editor) draw() {
	width, height := e.drawing.measure()
	text, cursor := []rune(e.prompt), 0
	if cursor = len(text); !e.secret {
		text, cursor = append(text, e.line...), cursor+e.pos
	}
	rows, y, x := wrap(text, cursor, width)
	var below []string
	switch room := height - len(rows); {
	case e.offer != nil:
		below = e.offer.rows(width, room, e.style)
	case e.question.Toolbar != nil && !e.secret:
		below = e.toolbar(width, room)
	}
	// Of a line longer than the screen the part around the cursor shows.
	if over := len(rows) - height; over > 0 {
		top := min(over, y)
		rows, y = rows[top:top+height], y-top
	}
	e.drawing.draw(append(rows, below...), y, x)
}

// toolbar is a rule, a title and a text.
func (e *editor) toolbar(width, room int) []string {
	title, text := e.question.Toolbar(string(e.line))
	if title == "" || room < 2 {
		return nil
	}
	title = cut(Clean(title), width)
	if e.style {
		title = "\x1b[1m" + title + "\x1b[m"
	}
	rows := []string{strings.Repeat("─", width), title, ""}
	for line := range strings.SplitSeq(text, "\n") {
		rows = append(rows, cut(indentText(line)+Clean(line[len(indentText(line)):]), width))
	}
	if len(rows) > room {
		rows = append(rows[:room-1], "…")
	}
	return rows
}

func indentText(line string) string {
	return line[:len(line)-len(strings.TrimLeft(line, " "))]
}

// wrap breaks a text into rows of the screen, and says where the cursor is.
func wrap(text []rune, cursor, width int) (rows []string, y, x int) {
	var row strings.Builder
	column := 0
	next := func() {
		rows = append(rows, row.String())
		row.Reset()
		column = 0
	}
	for i, r := range text {
		w := columns(string(r))
		if column+w > width {
			next()
		}
		if i == cursor {
			y, x = len(rows), column
		}
		row.WriteRune(r)
		column += w
	}
	if column == width {
		next() // the cursor has no place behind the last column
	}
	if cursor >= len(text) {
		y, x = len(rows), column
	}
	next()
	return rows, y, x
}
