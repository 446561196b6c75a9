package terminal

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A drawing is a few rows on the screen, from where the cursor was at first.
// Drawing again changes only what differs, so that typing at the end of a long
// line sends no more than what was typed.
type drawing struct {
	out  io.Writer
	size func() (width, height int)

	width int
	rows  []string // on the screen
	y, x  int      // where the cursor is
	b     strings.Builder
}

// measure returns the size of the screen. When it has another width than
// before, what is there is taken off: terminals break the rows anew, and the
// drawing begins where they then begin.
func (d *drawing) measure() (width, height int) {
	width, height = d.size()
	if width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	if width != d.width && d.width > 0 && len(d.rows) > 0 {
		up := d.x / width
		for _, row := range d.rows[:d.y] {
			up += max(1, (columns(plain(row))+width-1)/width)
		}
		d.up(min(up, height-1))
		d.b.WriteString("\r\x1b[J")
		d.rows, d.y, d.x = nil, 0, 0
	}
	d.width = width
	return width, height
}

// draw shows the rows, and the cursor at a place in them.
func (d *drawing) draw(rows []string, y, x int) {
	for i, row := range rows {
		was := ""
		if i < len(d.rows) {
			was = d.rows[i]
		} else {
			d.below(i)
		}
		if row == was {
			continue
		}
		same, column := commonStart(was, row)
		d.move(i, column)
		d.b.WriteString(row[same:])
		if columns(plain(was)) > columns(plain(row)) {
			d.b.WriteString("\x1b[K")
		}
		d.x = columns(plain(row))
	}
	if len(rows) < len(d.rows) {
		d.move(len(rows), 0)
		d.b.WriteString("\x1b[J")
	}
	d.rows = append(d.rows[:0], rows...)
	d.move(y, x)
	d.flush()
}

// below makes room for a row.
func (d *drawing) below(i int) {
	if i > 0 {
		d.move(i-1, d.x)
		d.b.WriteString("\r\n")
	}
	d.rows = append(d.rows, "")
	d.y, d.x = i, 0
}

func (d *drawing) move(y, x int) {
	if y == d.y && x == d.x && x < d.width {
		return
	}
	switch {
	case y < d.y:
		d.up(d.y - y)
	case y > d.y:
		fmt.Fprintf(&d.b, "\x1b[%dB", y-d.y)
	}
	d.b.WriteByte('\r')
	if x > 0 {
		fmt.Fprintf(&d.b, "\x1b[%dC", x)
	}
	d.y, d.x = y, x
}

func (d *drawing) up(n int) {
	if n > 0 {
		fmt.Fprintf(&d.b, "\x1b[%dA", n)
	}
}

// clear takes everything else off the screen, too.
func (d *drawing) clear() {
	d.b.WriteString("\x1b[H\x1b[2J")
	d.rows, d.y, d.x = nil, 0, 0
}

// end leaves the drawing as it is and goes to the line after it.
func (d *drawing) end() {
	d.move(len(d.rows)-1, 0)
	d.b.WriteString("\r\n")
	d.flush()
}

func (d *drawing) flush() {
	_, _ = io.WriteString(d.out, d.b.String())
	d.b.Reset()
}

// commonStart is how much of a row need not be written again, in bytes and in
// columns. Nothing of a row that is styled is kept.
func commonStart(was, row string) (bytes, columnsWide int) {
	if strings.ContainsRune(was+row, '\x1b') {
		return 0, 0
	}
	last := 0
	for i, r := range row {
		n := utf8.RuneLen(r)
		if i+n > len(was) || was[i:i+n] != row[i:i+n] {
			// What joins the character before it is drawn together with it.
			if columns(string(r)) == 0 {
				return last, columns(row[:last])
			}
			return i, columns(row[:i])
		}
		if columns(string(r)) > 0 {
			last = i
		}
	}
	return len(row), columns(row)
}

// plain is a row without its styles.
func plain(row string) string {
	if !strings.ContainsRune(row, '\x1b') {
		return row
	}
	var b strings.Builder
	for i, part := range strings.Split(row, "\x1b[") {
		if i > 0 {
			_, part, _ = strings.Cut(part, "m")
		}
		b.WriteString(part)
	}
	return b.String()
}
