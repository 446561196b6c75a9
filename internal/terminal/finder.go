package terminal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// A Finder is a long list to search in by typing. It fills the screen while it is
// open. All text in it is printed without control characters.
type Finder struct {
	Title []string    // lines above it
	What  string      // what the rows are, as in "profiles and roles"
	Query string      // what is searched for at first
	Rows  []Candidate // those to be offered first come first

	// Enter says what Enter does, Escape what Esc does, where that is not to quit;
	// Keys are what else can be done with a row.
	Enter, Escape string
	Keys          []Shortcut

	// Preview is what more there is to say of a row. It is asked while a person
	// types, so it must not take long. Nil: nothing.
	Preview func(key string) []string
	// Pin puts a row among the favourites, or takes it out. It runs beside the
	// screen. Nil: rows cannot be pinned.
	Pin func(key string, pinned bool) error
	// Refresh finds newer rows while the list is open, and may call update any
	// number of times. Its context ends with the list; Find waits for it. Nil: the
	// rows are what they are.
	Refresh func(ctx context.Context, update func(Update))
}

// A Candidate is one of the things to choose from.
type Candidate struct {
	Key    string   // what it is called by; no other row has it
	Cells  []string // what is shown, in columns. One cell alone has the width to itself
	Search []string // what it is found by, besides
	Pinned bool     // among the favourites
	Colour string   // of its first cell, one that [Paint] knows; "": none
}

// An Update replaces what a Finder has.
type Update struct {
	Rows []Candidate // nil: as they were
	Note string      // what is going on; "": nothing
}

// A Shortcut is a key that chooses a row for something other than Enter does.
type Shortcut struct {
	Key  string // such as ctrl+e
	Name string // what it does, in a word
}

// A Choice is what a person chose, and how: the Key of a Shortcut, or "" for
// Enter.
type Choice struct{ Key, By string }

// Find lets a person search and choose. The errors are those of Ask. Esc on an
// empty query is ErrEscaped.
func (t *Terminal) Find(ctx context.Context, f Finder) (Choice, error) {
	if len(f.Rows) == 0 && f.Refresh == nil {
		return Choice{}, errors.New("there is nothing to choose from")
	}
	if err := ctx.Err(); err != nil {
		return Choice{}, err
	}
	out := writer(t.Out)
	if c := t.console(); c != nil {
		defer c.close()
		out = c.out
		if width, height := size(c.out); width > 0 && !t.dumb() && !t.accessible() {
			return t.findOnScreen(ctx, c, newFinder(f, t.style(c), width, height))
		}
	}
	return t.findInList(ctx, out, f)
}

func (t *Terminal) findOnScreen(ctx context.Context, c *console, m *finder) (Choice, error) {
	refreshing, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	err := t.onScreen(ctx, c, m, func(p *tea.Program) {
		if m.Refresh != nil {
			running.Go(func() {
				m.Refresh(refreshing, func(u Update) {
					n := news{note: u.Note}
					if u.Rows != nil {
						n.list = prepare(u.Rows)
					}
					p.Send(n)
				})
			})
		}
	})
	m.settle()
	return m.choice, err
}

// A finder is a Finder on the screen.
type finder struct {
	Finder
	prepared
	style   bool
	cursor  int // of find.found
	top     int // the first row on the screen, of find.found
	preview bool
	seen    map[string][]string // previews
	note    string              // what is going on
	problem string              // what went wrong, until the next key
	pinning chan struct{}       // closed when the last pin is kept; nil: there was none

	width, height int

	choice Choice
	done   bool // nothing is left on the screen
	err    error
}

func newFinder(f Finder, style bool, width, height int) *finder {
	m := &finder{Finder: f, style: style, width: width, height: height, preview: true}
	m.Title = cleaned(f.Title)
	m.replace(prepare(f.Rows))
	m.find.set(Clean(f.Query))
	return m
}

// A prepared list is rows as they are shown and searched in. Making one of
// thousands takes longer than a frame may.
type prepared struct {
	rows   []Candidate // clean
	widths []int       // of the columns
	find   search
}

func prepare(rows []Candidate) *prepared {
	p := &prepared{rows: make([]Candidate, len(rows)), find: search{stacks: make([]haystack, len(rows))}}
	for i, r := range rows {
		r.Cells = cleaned(r.Cells)
		p.rows[i] = r
		fields := append(r.Cells[:len(r.Cells):len(r.Cells)], cleaned(r.Search)...)
		p.find.stacks[i] = newHaystack(fields)
		p.find.cells = max(p.find.cells, len(r.Cells))
		if len(r.Cells) == 1 {
			continue
		}
		for c, cell := range r.Cells {
			if c == len(p.widths) {
				p.widths = append(p.widths, 0)
			}
			p.widths[c] = max(p.widths[c], columns(cell))
		}
	}
	return p
}

// replace takes newer rows while a person looks at the old ones: the row they are
// on stays where it is on the screen.
func (m *finder) replace(with *prepared) {
	query, key, line := m.find.query, m.current(), m.cursor-m.top
	m.prepared = *with
	m.seen = map[string][]string{}
	m.find.set(query)
	for i, row := range m.find.found {
		if m.rows[row].Key == key {
			m.cursor = i
			m.top = max(0, i-line)
			return
		}
	}
}

// current is the key of the row that the cursor is on, or "".
func (m *finder) current() string {
	if m.cursor >= len(m.find.found) {
		return ""
	}
	return m.rows[m.find.found[m.cursor]].Key
}

func (m *finder) Init() tea.Cmd { return nil }

// news is an Update, made ready.
type news struct {
	note string
	list *prepared
}

// pinned is what came of a wish to pin.
type pinned struct {
	key string
	was bool
	err error
}

func (m *finder) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if m.done {
		return m, nil
	}
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		if msg.Width > 0 && msg.Height > 0 {
			m.width, m.height = msg.Width, msg.Height
		}
	case tea.PasteMsg:
		m.search(m.find.query + Clean(msg.Content))
	case tea.KeyPressMsg:
		m.problem = ""
		cmd = m.press(msg.Key())
	case news:
		m.note = Clean(msg.note)
		if msg.list != nil {
			m.replace(msg.list)
		}
	case pinned:
		if msg.err != nil {
			m.mark(msg.key, msg.was)
			m.problem = Clean(msg.err.Error())
		}
	case cancelled:
		m.end(Choice{}, msg.err)
	}
	m.scroll()
	if m.done {
		return m, tea.Quit
	}
	return m, cmd
}

func (m *finder) end(c Choice, err error) { m.done, m.choice, m.err = true, c, err }

func (m *finder) over() (bool, error) { return m.done, m.err }

func (m *finder) press(k tea.Key) tea.Cmd {
	last := len(m.find.found) - 1
	query := m.find.query
	name := k.Keystroke()
	for _, s := range m.Keys {
		if s.Key == name {
			if last >= 0 {
				m.end(Choice{Key: m.current(), By: s.Key}, nil)
			}
			return nil
		}
	}
	switch name {
	case "ctrl+c":
		m.end(Choice{}, ErrInterrupted)
	case "esc", "ctrl+d":
		if query == "" {
			m.end(Choice{}, ErrEscaped)
		} else if name == "esc" {
			m.clear()
		}
	case "enter", "ctrl+j":
		if last >= 0 {
			m.end(Choice{Key: m.current()}, nil)
		}
	case "up", "ctrl+p":
		m.step(-1)
	case "down", "ctrl+n":
		m.step(1)
	case "pgup":
		m.cursor = max(0, m.cursor-m.listHeight())
	case "pgdown":
		m.cursor = min(last, m.cursor+m.listHeight())
	case "home":
		m.cursor = 0
	case "end":
		m.cursor = last
	case "tab":
		m.preview = !m.preview
	case "ctrl+f":
		return m.pin()
	case "ctrl+u":
		m.clear()
	case "backspace", "ctrl+h":
		_, n := utf8.DecodeLastRuneInString(query)
		m.search(query[:len(query)-n])
	case "ctrl+w":
		words := strings.TrimRight(query, " ")
		m.search(words[:strings.LastIndexByte(words, ' ')+1])
	default:
		if text := k.Text; text != "" && strings.IndexFunc(text, unicode.IsControl) < 0 {
			m.search(query + Clean(text))
		}
	}
	return nil
}

// step moves by one row and goes round at the ends.
func (m *finder) step(by int) {
	if n := len(m.find.found); n > 0 {
		m.cursor = (m.cursor + by + n) % n
	}
}

func (m *finder) search(query string) {
	if query == m.find.query {
		return
	}
	m.find.set(query)
	m.cursor, m.top = 0, 0
}

// clear empties the query and stays on the row.
func (m *finder) clear() {
	if m.find.query == "" || len(m.find.found) == 0 {
		m.search("")
		return
	}
	row := m.find.found[m.cursor]
	m.search("")
	m.cursor = row
}

// pin changes whether the row is a favourite, and shows it at once. The order of
// the rows stays: a person may pin one after another.
func (m *finder) pin() tea.Cmd {
	key := m.current()
	if m.Pin == nil || key == "" {
		return nil
	}
	was := m.rows[m.find.found[m.cursor]].Pinned
	m.mark(key, !was)
	pin, before, result := m.Pin, m.pinning, make(chan error, 1)
	done := make(chan struct{})
	m.pinning = done
	go func() {
		defer close(done)
		if before != nil {
			<-before // what was wished last is to count
		}
		result <- pin(key, !was)
	}()
	return func() tea.Msg { return pinned{key: key, was: was, err: <-result} }
}

// settle waits until what was pinned is kept.
func (m *finder) settle() {
	if m.pinning != nil {
		<-m.pinning
	}
}

func (m *finder) mark(key string, on bool) {
	for i := range m.rows {
		if m.rows[i].Key == key {
			m.rows[i].Pinned = on
		}
	}
}

// scroll keeps the cursor on the screen and the screen full.
func (m *finder) scroll() {
	n, high := len(m.find.found), m.listHeight()
	m.cursor = max(0, min(m.cursor, n-1))
	m.top = max(0, m.cursor-high+1, min(m.top, m.cursor, max(0, n-high)))
}

// count says how many of how many rows are found.
func (m *finder) count() string { return fmt.Sprintf("%d/%d", len(m.find.found), len(m.rows)) }

// Only is the key of the one candidate that the query means: the only one that has
// all of its words, or the only one that is called just so. Without one it tells
// how many have all of the words.
func (f Finder) Only() (key string, fitting int, ok bool) {
	m := newFinder(f, false, 80, 24)
	if len(m.find.words) == 0 || m.find.loose {
		return "", 0, false
	}
	fitting = len(m.find.found)
	if fitting == 1 {
		return m.rows[m.find.found[0]].Key, 1, true
	}
	for _, row := range m.find.found {
		if c := m.rows[row]; len(c.Cells) > 0 && c.Cells[0] == m.find.query {
			if ok {
				return "", fitting, false
			}
			key, ok = c.Key, true
		}
	}
	return key, fitting, ok
}
