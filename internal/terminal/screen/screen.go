// Package screen is as much of a terminal as tests need to see what a person
// would: it draws what a program writes and keeps the modes that were set.
package screen

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// A Screen is what a person sees.
type Screen struct {
	X, Y    int             // where the cursor is
	Style   Style           // of what is written next
	Modes   map[string]bool // private modes as in CSI ? n h
	Kitty   int             // keyboard modes pushed
	Unknown []string        // sequences it does not know

	width, height int
	top, bottom   int // the rows that scroll: from top to before bottom
	cells         [][]cell
	below         *beneath // what is below the alternate screen, while that is shown
	last          rune
	rest          string
}

// A Style is how letters look.
type Style struct {
	Bold, Faint, Underlined, Reversed bool

	// Color and Ground are "" for the terminal's own, a number of the palette of
	// 256, or #rrggbb.
	Color, Ground string
}

type cell struct {
	r     rune
	style Style
}

// beneath is the screen that comes back when the alternate one goes.
type beneath struct {
	x, y  int
	cells [][]cell
}

// alternate shows the alternate screen, empty, or the other one as it was.
func (s *Screen) alternate(on bool) {
	switch {
	case on && s.below == nil:
		s.below = &beneath{s.X, s.Y, s.cells}
		s.cells = nil
		s.Resize(s.width, s.height)
	case !on && s.below != nil:
		s.X, s.Y, s.cells = s.below.x, s.below.y, s.below.cells
		s.below = nil
		s.Resize(s.width, s.height)
	}
}

// New is an empty screen.
func New(width, height int) *Screen {
	s := &Screen{Modes: map[string]bool{"25": true}}
	s.Resize(width, height)
	return s
}

// Resize gives it another size. Rows are cut, not broken anew.
func (s *Screen) Resize(width, height int) {
	s.width, s.height = width, height
	s.top, s.bottom = 0, height
	for len(s.cells) < height {
		s.cells = append(s.cells, nil)
	}
	for len(s.cells) > height {
		if s.Y == len(s.cells)-1 {
			s.cells = s.cells[1:]
			s.Y--
		} else {
			s.cells = s.cells[:len(s.cells)-1]
		}
	}
	for i := range s.cells {
		row := make([]cell, width)
		copy(row, s.cells[i])
		s.cells[i] = row
	}
	s.X = min(s.X, width-1)
}

// Text is what is on the screen, without blanks at the ends.
func (s *Screen) Text() string {
	lines := make([]string, s.height)
	for i, row := range s.cells {
		var b strings.Builder
		for _, c := range row {
			switch c.r {
			case 0:
				b.WriteByte(' ')
			case -1: // the second half of a wide character
			default:
				b.WriteRune(c.r)
			}
		}
		lines[i] = strings.TrimRight(b.String(), " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// Styled are the letters of which a style is true.
func (s *Screen) Styled(is func(Style) bool) string {
	var b strings.Builder
	for _, row := range s.cells {
		for _, c := range row {
			if c.r > 0 && is(c.style) {
				b.WriteRune(c.r)
			}
		}
	}
	return b.String()
}

// Write draws what a program writes.
func (s *Screen) Write(data string) {
	data = s.rest + data
	for data != "" {
		n := s.step(data)
		if n == 0 {
			break // the rest is still to come
		}
		data = data[n:]
	}
	s.rest = data
}

func (s *Screen) step(data string) int {
	switch data[0] {
	case '\x1b':
		return s.escape(data)
	case '\r':
		s.X = 0
	case '\n':
		s.down()
	case '\b':
		s.X = max(0, min(s.X, s.width-1)-1)
	case '\t':
		s.X = min(s.width-1, (s.X/8+1)*8)
	case '\a':
	default:
		if !utf8.FullRuneInString(data) {
			return 0
		}
		r, n := utf8.DecodeRuneInString(data)
		s.print(r)
		return n
	}
	return 1
}

func (s *Screen) down() {
	switch {
	case s.Y == s.bottom-1:
		s.scroll(s.top, 1)
	case s.Y < s.height-1:
		s.Y++
	}
}

func (s *Screen) up() {
	switch {
	case s.Y == s.top:
		s.scroll(s.top, -1)
	case s.Y > 0:
		s.Y--
	}
}

// scroll moves the rows from one on up, or down where by is negative, as far as
// rows scroll.
func (s *Screen) scroll(from, by int) {
	for ; by > 0; by-- {
		copy(s.cells[from:s.bottom-1], s.cells[from+1:s.bottom])
		s.cells[s.bottom-1] = make([]cell, s.width)
	}
	for ; by < 0; by++ {
		copy(s.cells[from+1:s.bottom], s.cells[from:s.bottom-1])
		s.cells[from] = make([]cell, s.width)
	}
}

func (s *Screen) print(r rune) {
	width := runeWidth(r)
	if width == 0 {
		return
	}
	if s.X+width > s.width {
		s.X = 0
		s.down()
	}
	s.cells[s.Y][s.X] = cell{r, s.Style}
	if width == 2 {
		s.cells[s.Y][s.X+1] = cell{-1, s.Style}
	}
	s.X += width
	s.last = r
}

func (s *Screen) escape(data string) int {
	if len(data) < 2 {
		return 0
	}
	switch data[1] {
	case ']':
		if i := strings.IndexAny(data, "\a"); i > 0 {
			return i + 1
		}
		return 0
	case 'M':
		s.up()
		return 2
	case 'H':
		return 2 // a tab stop
	case '[':
	default:
		s.Unknown = append(s.Unknown, data[:2])
		return 2
	}
	end := 2
	for end < len(data) && data[end] < '@' {
		end++
	}
	if end == len(data) {
		return 0
	}
	s.control(data[2:end], data[end])
	return end + 1
}

func (s *Screen) control(parameters string, final byte) {
	first, _, _ := strings.Cut(parameters, ";")
	n, err := strconv.Atoi(first)
	if err != nil || n == 0 {
		n = 1
	}
	erase := func(from, to int) {
		for i := max(0, from); i < min(to, s.width); i++ {
			s.cells[s.Y][i] = cell{}
		}
	}
	s.X = min(s.X, s.width-1) // a wrap that was due is not any more
	switch final {
	case 'A':
		s.Y = max(0, s.Y-n)
	case 'B':
		s.Y = min(s.height-1, s.Y+n)
	case 'C':
		s.X = min(s.width-1, s.X+n)
	case 'D':
		s.X = max(0, s.X-n)
	case 'G', '`':
		s.X = min(s.width, n) - 1
	case 'd':
		s.Y = min(s.height, n) - 1
	case 'H':
		s.X, s.Y = 0, min(s.height, n)-1
		if _, column, ok := strings.Cut(parameters, ";"); ok {
			c, _ := strconv.Atoi(column)
			s.X = max(0, min(s.width, c)-1)
		}
	case 'K':
		switch first {
		case "", "0":
			erase(s.X, s.width)
		case "1":
			erase(0, s.X+1)
		case "2":
			erase(0, s.width)
		}
	case 'J':
		if first == "2" {
			for i := range s.cells {
				s.cells[i] = make([]cell, s.width)
			}
			return
		}
		erase(s.X, s.width)
		for i := s.Y + 1; i < s.height; i++ {
			s.cells[i] = make([]cell, s.width)
		}
	case 'X':
		erase(s.X, s.X+n)
	case 'P':
		row := slices.Delete(s.cells[s.Y], s.X, min(s.width, s.X+n))
		s.cells[s.Y] = append(row, make([]cell, s.width-len(row))...)
	case '@':
		row := slices.Insert(s.cells[s.Y], s.X, make([]cell, n)...)
		s.cells[s.Y] = row[:s.width]
	case 'L', 'M':
		if s.Y < s.top || s.Y >= s.bottom {
			return
		}
		if final == 'L' {
			n = -n
		}
		s.scroll(s.Y, n)
	case 'S':
		s.scroll(s.top, n)
	case 'T':
		s.scroll(s.top, -n)
	case 'r':
		s.top, s.bottom = 0, s.height
		if _, last, ok := strings.Cut(parameters, ";"); ok {
			end, _ := strconv.Atoi(last)
			s.top, s.bottom = n-1, min(s.height, end)
		}
		s.X, s.Y = 0, 0
	case 'b':
		for range n {
			s.print(s.last)
		}
	case 'm':
		if strings.HasPrefix(parameters, ">") {
			return // how keys are told of
		}
		s.Style = s.Style.after(strings.Split(parameters, ";"))
	case 'h', 'l':
		if parameters == "?1049" {
			s.alternate(final == 'h')
		}
		s.Modes[strings.TrimPrefix(parameters, "?")] = final == 'h'
	case 'u':
		switch {
		case strings.HasPrefix(parameters, ">"):
			s.Kitty++
		case strings.HasPrefix(parameters, "<"):
			s.Kitty--
		}
	case 'W', 'c', 'p', 'n', 'q':
	default:
		s.Unknown = append(s.Unknown, "CSI "+parameters+string(final))
	}
}

// after is the style that the parameters of an SGR sequence (ECMA-48, 8.3.117) make
// of this one.
func (y Style) after(parameters []string) Style {
	for len(parameters) > 0 {
		n, _ := strconv.Atoi(parameters[0]) // none is 0
		parameters = parameters[1:]
		switch {
		case n == 0:
			y = Style{}
		case n == 1:
			y.Bold = true
		case n == 2:
			y.Faint = true
		case n == 22:
			y.Bold, y.Faint = false, false
		case n == 4, n == 24:
			y.Underlined = n == 4
		case n == 7, n == 27:
			y.Reversed = n == 7
		case n >= 30 && n <= 37:
			y.Color = strconv.Itoa(n - 30)
		case n >= 90 && n <= 97:
			y.Color = strconv.Itoa(n - 90 + 8)
		case n == 38:
			y.Color, parameters = color(parameters)
		case n == 39:
			y.Color = ""
		case n >= 40 && n <= 47:
			y.Ground = strconv.Itoa(n - 40)
		case n >= 100 && n <= 107:
			y.Ground = strconv.Itoa(n - 100 + 8)
		case n == 48:
			y.Ground, parameters = color(parameters)
		case n == 49:
			y.Ground = ""
		}
	}
	return y
}

// color reads one of many colours: 5;N, or 2;R;G;B.
func color(parameters []string) (name string, rest []string) {
	switch {
	case len(parameters) >= 2 && parameters[0] == "5":
		return parameters[1], parameters[2:]
	case len(parameters) >= 4 && parameters[0] == "2":
		name = "#"
		for _, part := range parameters[1:4] {
			n, _ := strconv.Atoi(part)
			name += string("0123456789abcdef"[n>>4&15]) + string("0123456789abcdef"[n&15])
		}
		return name, parameters[4:]
	}
	return "", nil
}

// runeWidth is how many columns a character takes where nobody says otherwise.
func runeWidth(r rune) int {
	return (&runewidth.Condition{StrictEmojiNeutral: true}).StringWidth(string(r))
}
