package terminal

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A screen is as much of a terminal as the tests need to see what a person
// would: it draws what is written to it and keeps the modes that were set.
type screen struct {
	width, height int
	x, y          int
	cells         [][]cell
	underlined    bool
	last          rune
	modes         map[string]bool // private modes as in CSI ? n h
	kitty         int             // keyboard modes pushed
	unknown       []string
	rest          string
}

type cell struct {
	r          rune
	underlined bool
}

func newScreen(width, height int) *screen {
	s := &screen{modes: map[string]bool{"25": true}}
	s.resize(width, height)
	return s
}

func (s *screen) resize(width, height int) {
	s.width, s.height = width, height
	for len(s.cells) < height {
		s.cells = append(s.cells, nil)
	}
	for len(s.cells) > height {
		if s.y == len(s.cells)-1 {
			s.cells = s.cells[1:]
			s.y--
		} else {
			s.cells = s.cells[:len(s.cells)-1]
		}
	}
	for i := range s.cells {
		row := make([]cell, width)
		copy(row, s.cells[i])
		s.cells[i] = row
	}
	s.x = min(s.x, width-1)
}

// text is what is on the screen, without blanks at the ends.
func (s *screen) text() string {
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

// marked is what is underlined.
func (s *screen) marked() string {
	var b strings.Builder
	for _, row := range s.cells {
		for _, c := range row {
			if c.underlined && c.r > 0 {
				b.WriteRune(c.r)
			}
		}
	}
	return b.String()
}

func (s *screen) write(data string) {
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

func (s *screen) step(data string) int {
	switch data[0] {
	case '\x1b':
		return s.escape(data)
	case '\r':
		s.x = 0
	case '\n':
		s.down()
	case '\b':
		s.x = max(0, min(s.x, s.width-1)-1)
	case '\t':
		s.x = min(s.width-1, (s.x/8+1)*8)
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

func (s *screen) down() {
	if s.y++; s.y == s.height {
		s.y--
		s.cells = append(s.cells[1:], make([]cell, s.width))
	}
}

func (s *screen) print(r rune) {
	width := columns(string(r))
	if width == 0 {
		return
	}
	if s.x+width > s.width {
		s.x = 0
		s.down()
	}
	s.cells[s.y][s.x] = cell{r, s.underlined}
	if width == 2 {
		s.cells[s.y][s.x+1] = cell{-1, s.underlined}
	}
	s.x += width
	s.last = r
}

func (s *screen) escape(data string) int {
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
		s.y = max(0, s.y-1)
		return 2
	case 'H':
		return 2 // a tab stop
	case '[':
	default:
		s.unknown = append(s.unknown, data[:2])
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

func (s *screen) control(parameters string, final byte) {
	first, _, _ := strings.Cut(parameters, ";")
	n, err := strconv.Atoi(first)
	if err != nil || n == 0 {
		n = 1
	}
	erase := func(from, to int) {
		for i := max(0, from); i < min(to, s.width); i++ {
			s.cells[s.y][i] = cell{}
		}
	}
	s.x = min(s.x, s.width-1) // a wrap that was due is not any more
	switch final {
	case 'A':
		s.y = max(0, s.y-n)
	case 'B':
		s.y = min(s.height-1, s.y+n)
	case 'C':
		s.x = min(s.width-1, s.x+n)
	case 'D':
		s.x = max(0, s.x-n)
	case 'G', '`':
		s.x = min(s.width, n) - 1
	case 'd':
		s.y = min(s.height, n) - 1
	case 'H':
		s.x, s.y = 0, min(s.height, n)-1
		if _, column, ok := strings.Cut(parameters, ";"); ok {
			c, _ := strconv.Atoi(column)
			s.x = max(0, min(s.width, c)-1)
		}
	case 'K':
		switch first {
		case "", "0":
			erase(s.x, s.width)
		case "1":
			erase(0, s.x+1)
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
		erase(s.x, s.width)
		for i := s.y + 1; i < s.height; i++ {
			s.cells[i] = make([]cell, s.width)
		}
	case 'X':
		erase(s.x, s.x+n)
	case 'P':
		row := slices.Delete(s.cells[s.y], s.x, min(s.width, s.x+n))
		s.cells[s.y] = append(row, make([]cell, s.width-len(row))...)
	case '@':
		row := slices.Insert(s.cells[s.y], s.x, make([]cell, n)...)
		s.cells[s.y] = row[:s.width]
	case 'L':
		for range n {
			s.cells = slices.Insert(slices.Delete(s.cells, s.height-1, s.height), s.y, make([]cell, s.width))
		}
	case 'M':
		for range n {
			s.cells = append(slices.Delete(s.cells, s.y, s.y+1), make([]cell, s.width))
		}
	case 'b':
		for range n {
			s.print(s.last)
		}
	case 'm':
		for p := range strings.SplitSeq(parameters, ";") {
			switch p {
			case "4":
				s.underlined = true
			case "", "0", "24":
				s.underlined = false
			}
		}
	case 'h', 'l':
		s.modes[strings.TrimPrefix(parameters, "?")] = final == 'h'
	case 'u':
		switch {
		case strings.HasPrefix(parameters, ">"):
			s.kitty++
		case strings.HasPrefix(parameters, "<"):
			s.kitty--
		}
	case 'W', 'c', 'p', 'n':
	default:
		s.unknown = append(s.unknown, "CSI "+parameters+string(final))
	}
}
