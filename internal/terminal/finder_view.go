package terminal

import (
	"cmp"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// From this width on the preview is beside the list, and from this height on
// there is room for one below it.
const (
	besideWidth = 100
	belowHeight = 16
)

// A layout says which parts of a finder the screen has room for.
type layout struct {
	title  int // lines
	list   int // rows
	width  int // of the list
	beside int // the width of the preview beside it, or 0
	below  int // the rows of the preview below it, or 0
	hints  bool
}

// layout gives up the parts that matter least when there is no room: the preview,
// the hints, the title.
func (m *finder) layout() layout {
	l := layout{width: m.width, title: len(m.Title), hints: m.height >= 6}
	if m.height < l.title+5 {
		l.title = 0
	}
	l.list = m.height - l.title - 1
	if l.hints {
		l.list--
	}
	switch {
	case m.Preview == nil || !m.preview:
	case m.width >= besideWidth:
		l.beside = min(64, m.width*2/5)
		// A list that would be cut gets some of it.
		if missing := len("> * ") + needed(m.widths) - (m.width - l.beside - 3); missing > 0 {
			l.beside = max(min(l.beside, 44), l.beside-missing)
		}
		l.width -= l.beside + 3
	case m.height >= belowHeight:
		l.below = m.height / 3
		l.list -= l.below + 1
	}
	l.list = max(0, l.list)
	return l
}

// listHeight is how many rows fit; one at least, for scrolling.
func (m *finder) listHeight() int { return max(1, m.layout().list) }

func (m *finder) View() tea.View {
	v := tea.NewView(m.content())
	v.AltScreen = true
	if l := m.layout(); !m.done {
		if x := columns("> " + m.find.query); x < m.width {
			v.Cursor = tea.NewCursor(x, l.title)
		}
	}
	return v
}

func (m *finder) content() string {
	if m.done {
		return ""
	}
	l := m.layout()
	lines := make([]string, 0, m.height)
	for _, t := range m.Title[:l.title] {
		lines = append(lines, m.bold(cut(t, m.width)))
	}
	lines = append(lines, m.queryLine())
	first := len(lines)
	widths := fit(m.widths, l.width-len("> * "))
	for i := range l.list {
		line := ""
		if n := m.top + i; n < len(m.find.found) {
			line = m.row(n, widths, l.width)
		} else if n == 0 {
			line = cut("  "+m.nothing(), l.width)
		}
		lines = append(lines, line)
	}
	var about []string
	if key := m.current(); key != "" && l.beside > 0 {
		about = wrapped(m.about(key), l.beside)
	} else if key != "" && l.below > 0 {
		about = wrapped(m.about(key), m.width)
	}
	for i := range min(l.list, len(lines)-first) {
		if l.beside == 0 {
			break
		}
		line := lines[first+i]
		line += strings.Repeat(" ", max(0, l.width-columns(plain(line)))) + " │"
		if i < len(about) {
			line += " " + about[i]
		}
		lines[first+i] = line
	}
	if l.below > 0 {
		lines = append(lines, strings.Repeat("─", m.width))
		for i := range l.below {
			text := ""
			if i < len(about) {
				text = about[i]
			}
			lines = append(lines, text)
		}
	}
	if l.hints {
		lines = append(lines, cut(m.hints(), m.width))
	}
	return strings.Join(lines[:min(len(lines), m.height)], "\n")
}

// about is a row's preview, which is asked for once.
func (m *finder) about(key string) []string {
	text, ok := m.seen[key]
	if !ok {
		text = cleaned(m.Preview(key))
		m.seen[key] = text
	}
	return text
}

// wrapped breaks lines that are too long, between words where that can be. What
// goes on is below where it began, which is behind a label where there is one.
func wrapped(lines []string, width int) []string {
	if width < 4 { // which no character has no room in
		return nil
	}
	var all []string
	for _, line := range lines {
		indent := strings.Repeat(" ", min(hang(line), width/2))
		for columns(line) > width {
			part := cells().Truncate(line, width, "")
			if at := strings.LastIndexByte(part, ' '); at > len(part)/2 && line[len(part)] != ' ' {
				part = part[:at]
			}
			all = append(all, strings.TrimRight(part, " "))
			line = indent + strings.TrimLeft(line[len(part):], " ")
		}
		all = append(all, line)
	}
	return all
}

// hang is the column in which the text of a line begins: after its blanks, and
// after a label that blanks part from it.
func hang(line string) int {
	text := strings.TrimLeft(line, " ")
	if _, value, ok := strings.Cut(text, "  "); ok {
		return columns(line) - columns(strings.TrimLeft(value, " "))
	}
	return len(line) - len(text)
}

// queryLine has what is searched for on the left and how much there is of it on
// the right.
func (m *finder) queryLine() string {
	count := m.count()
	if m.find.loose && len(m.find.found) > 0 {
		count = "similar: " + count
	}
	if m.note != "" {
		count = m.note + "  " + count
	}
	room := m.width - columns(count) - 1
	query := "> " + m.find.query
	if columns(query)+1 > room {
		// What is being typed matters more.
		return cut(query, m.width)
	}
	return query + strings.Repeat(" ", room-columns(query)) + count
}

// nothing says why there are no rows.
func (m *finder) nothing() string {
	if len(m.rows) == 0 {
		return "Nothing yet."
	}
	return "None of the " + strconv.Itoa(len(m.rows)) + " has that. Esc begins anew."
}

// row is one line of the list: whether it is the current one, whether it is a
// favourite, and its cells.
func (m *finder) row(n int, widths []int, width int) string {
	r := m.rows[m.find.found[n]]
	mark := "  "
	if n == m.cursor {
		mark = "> "
	}
	if r.Pinned {
		mark += "* "
	} else {
		mark += "  "
	}
	var b strings.Builder
	room := width - len(mark)
	if room <= 0 {
		return cut(mark, width)
	}
	if len(r.Cells) == 1 {
		b.WriteString(m.cell(r.Cells[0], room, r.Colour))
	} else {
		for i, w := range widths {
			if w == 0 || i >= len(r.Cells) {
				continue
			}
			if b.Len() > 0 {
				b.WriteString("  ")
			}
			color := ""
			if i == 0 {
				color = r.Colour
			}
			shown := m.cell(r.Cells[i], w, color)
			b.WriteString(shown)
			b.WriteString(strings.Repeat(" ", max(0, w-columns(plain(shown)))))
		}
	}
	line := mark + strings.TrimRight(b.String(), " ")
	if n == m.cursor {
		line = m.bold(line)
	}
	return line
}

// cell is a text cut to its width, with the letters underlined that were searched
// for.
func (m *finder) cell(text string, width int, color string) string {
	shown := cut(text, width)
	if !m.style {
		return shown
	}
	if len(m.find.words) > 0 {
		shown = underline(shown, visible(m.find.places(text), text, shown))
	}
	if code := colours[color]; code != "" {
		shown = "\x1b[" + code + "m" + shown + "\x1b[39m" // and not [Paint], which ends bold type, too
	}
	return shown
}

func (m *finder) bold(text string) string {
	if !m.style || text == "" {
		return text
	}
	return "\x1b[1m" + text + "\x1b[22m"
}

// hints say which keys there are, or what went wrong.
func (m *finder) hints() string {
	if m.problem != "" {
		return m.problem
	}
	hints := []string{"enter " + m.Enter, "esc " + cmp.Or(m.Escape, "quit")}
	if m.find.query != "" {
		hints[1] = "esc clear"
	}
	for _, s := range m.Keys {
		hints = append(hints, keyName(s.Key)+" "+s.Name)
	}
	if m.Pin != nil {
		hints = append(hints, "^F star")
	}
	if m.Preview != nil {
		hints = append(hints, "tab preview")
	}
	return strings.Join(hints, "  ")
}

// keyName is how a key is written in hints: ctrl+e as ^E.
func keyName(key string) string {
	if letter, ok := strings.CutPrefix(key, "ctrl+"); ok {
		return "^" + strings.ToUpper(letter)
	}
	return key
}

// needed is the width of columns that are not cut, with the blanks between them.
func needed(widths []int) int {
	total := 0
	for _, w := range widths {
		if w > 0 {
			total += w + 2
		}
	}
	return max(0, total-2)
}

// narrowest is what a column is not made narrower than; rather it goes.
const narrowest = 6

// fit makes columns narrower until they and the blanks between them fit: the
// widest first. Columns that do not fit even then go, from the right, as do those
// with nothing in them.
func fit(widths []int, room int) []int {
	fitted := append([]int(nil), widths...)
	for {
		total, widest, last := 0, -1, -1
		for i, w := range fitted {
			if w == 0 {
				continue
			}
			if last >= 0 {
				total += 2
			}
			last = i
			total += w
			if widest < 0 || w > fitted[widest] {
				widest = i
			}
		}
		switch {
		case total <= room || last < 0:
			return fitted
		case fitted[widest] > narrowest:
			fitted[widest]--
		case last == 0:
			fitted[0] = max(1, room)
			return fitted
		default:
			fitted[last] = 0
		}
	}
}
