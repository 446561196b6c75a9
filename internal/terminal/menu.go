package terminal

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// menuRows is how many items a menu shows at a time.
const menuRows = 10

// A menu is a Menu on the screen.
type menu struct {
	title []string
	items []string // what is shown and filtered
	style bool

	filter string
	shown  []match
	cursor int // of shown
	top    int // the first row on the screen, of shown

	width, height int

	done bool // nothing is left on the screen
	err  error
}

func newMenu(m Menu, style bool, width, height int) *menu {
	s := &menu{style: style, width: width, height: height, items: cleaned(m.Items)}
	if m.Title != "" {
		s.title = cleaned(strings.Split(strings.TrimSuffix(m.Title, "\n"), "\n"))
	}
	s.shown = matches(s.items, "")
	return s
}

func cleaned(list []string) []string {
	clean := make([]string, len(list))
	for i, s := range list {
		clean[i] = Clean(s)
	}
	return clean
}

// cancelled ends a menu from outside.
type cancelled struct{ err error }

func (m *menu) Init() tea.Cmd { return nil }

func (m *menu) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if m.done {
		return m, nil
	}
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		if msg.Width > 0 && msg.Height > 0 {
			m.width, m.height = msg.Width, msg.Height
		}
	case tea.PasteMsg:
		m.setFilter(m.filter + Clean(msg.Content))
	case tea.KeyPressMsg:
		m.press(msg.Key())
	case cancelled:
		m.end(msg.err)
	}
	m.scroll()
	if m.done {
		return m, tea.Quit
	}
	return m, nil
}

func (m *menu) end(err error) { m.done, m.err = true, err }

func (m *menu) over() (bool, error) { return m.done, m.err }

func (m *menu) press(k tea.Key) {
	switch k.Keystroke() {
	case "ctrl+c":
		m.end(ErrInterrupted)
	case "ctrl+d":
		if m.filter == "" {
			m.end(io.EOF)
		}
	case "enter", "ctrl+j":
		if len(m.shown) > 0 {
			m.end(nil)
		}
	case "up", "ctrl+p":
		m.step(-1)
	case "down", "ctrl+n":
		m.step(1)
	case "pgup":
		m.leap(-m.rows())
	case "pgdown":
		m.leap(m.rows())
	case "home":
		m.cursor = 0
	case "end":
		m.cursor = len(m.shown) - 1
	case "esc", "ctrl+u":
		m.clearFilter()
	case "backspace", "ctrl+h":
		_, n := utf8.DecodeLastRuneInString(m.filter)
		m.setFilter(m.filter[:len(m.filter)-n])
	case "ctrl+w":
		words := strings.TrimRight(m.filter, " ")
		m.setFilter(words[:strings.LastIndexByte(words, ' ')+1])
	default:
		if text := k.Text; text != "" && strings.IndexFunc(text, unicode.IsControl) < 0 {
			m.setFilter(m.filter + text)
		}
	}
}

// step moves by one row and goes round at the ends.
func (m *menu) step(by int) {
	if n := len(m.shown); n > 0 {
		m.cursor = (m.cursor + by + n) % n
	}
}

// leap moves by a page, stops at the ends, and goes round from there.
func (m *menu) leap(by int) {
	last := len(m.shown) - 1
	switch to := m.cursor + by; {
	case last < 0:
	case to < 0 && m.cursor > 0:
		m.cursor = 0
	case to < 0:
		m.cursor = last
	case to > last && m.cursor < last:
		m.cursor = last
	case to > last:
		m.cursor = 0
	default:
		m.cursor = to
	}
}

func (m *menu) setFilter(filter string) {
	if filter == m.filter {
		return
	}
	m.filter = filter
	m.shown = matches(m.items, filter)
	m.cursor, m.top = 0, 0
}

// clearFilter keeps the current item.
func (m *menu) clearFilter() {
	if m.filter == "" {
		return
	}
	item := 0
	if len(m.shown) > 0 {
		item = m.shown[m.cursor].item
	}
	m.setFilter("")
	m.cursor = item
}

// rows is how many items fit.
func (m *menu) rows() int {
	return max(1, min(menuRows, m.height-len(m.title)-1, len(m.items)))
}

// scroll keeps the cursor on the screen and the screen full.
func (m *menu) scroll() {
	m.cursor = max(0, min(m.cursor, len(m.shown)-1))
	m.top = max(m.cursor-m.rows()+1, min(m.top, m.cursor, max(0, len(m.shown)-m.rows())))
}

// chosen is the index of the item Enter was pressed on.
func (m *menu) chosen() int { return m.shown[m.cursor].item }

func (m *menu) View() tea.View { return tea.NewView(m.content()) }

func (m *menu) content() string {
	if m.done {
		return ""
	}
	var lines []string
	for _, l := range m.title {
		lines = append(lines, cut(l, m.width))
	}
	if status := m.status(); status != "" {
		lines = append(lines, cut(status, m.width))
	}
	for i := m.top; i < min(m.top+m.rows(), len(m.shown)); i++ {
		mark := "  "
		if i == m.cursor {
			mark = "> "
		}
		item := m.items[m.shown[i].item]
		row := cut(item, m.width-len(mark))
		if m.style {
			row = underline(row, visible(m.shown[i].places, item, row))
		}
		lines = append(lines, cut(mark, m.width)+row)
	}
	// What does not fit is given up from the top: the items matter most.
	return strings.Join(lines[max(0, len(lines)-m.height):], "\n")
}

// visible are the places of an item that its row still shows.
func visible(places []int, item, row string) []int {
	if row == item {
		return places
	}
	end := len(strings.TrimSuffix(row, "…"))
	var left []int
	for _, p := range places {
		if p < end {
			left = append(left, p)
		}
	}
	return left
}

// status says what the rows do not: that there are more, and the filter.
func (m *menu) status() string {
	switch {
	case m.filter != "":
		return fmt.Sprintf("  %d of %d match: %s", len(m.shown), len(m.items), m.filter)
	case len(m.items) > m.rows():
		return fmt.Sprintf("  %d of %d, type to filter", m.cursor+1, len(m.items))
	}
	return ""
}
