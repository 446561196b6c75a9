package terminal

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How well a word fits a row, the best first to last. A whole field is what
// somebody pastes: an id, a name.
const (
	asField  = 16
	asPrefix = 8
	asWord   = 4 // it begins a word inside the field
	whole    = 2 // more for it, if a word ends with it: team-12 is not team-120
	inside   = 1
)

// A haystack is a row as words are looked for in it.
type haystack struct {
	all    string   // the fields in small letters, a zero byte between them
	fields []string // as they are written
	small  []string // in small letters
}

func newHaystack(fields []string) haystack {
	h := haystack{}
	for _, f := range fields {
		if f != "" {
			h.fields = append(h.fields, f)
			h.small = append(h.small, strings.ToLower(f))
		}
	}
	h.all = strings.Join(h.small, "\x00")
	return h
}

// fit says how well all of the words fit, each in its best field; 0 means that one
// of them is not there.
func (h *haystack) fit(words []string) int {
	for _, w := range words {
		if !strings.Contains(h.all, w) {
			return 0
		}
	}
	total := 0
	for _, w := range words {
		best := 0
		for i, f := range h.small {
			if best < asField {
				best = max(best, fitOf(h.fields[i], f, w))
			}
		}
		total += best
	}
	return total
}

// fitOf is fit for one field, of which small is the form in small letters.
func fitOf(field, small, word string) int {
	best := 0
	for from := 0; ; {
		at := strings.Index(small[from:], word)
		if at < 0 {
			return best
		}
		from += at
		end := from + len(word)
		score := inside
		switch {
		case from == 0 && end == len(small):
			return asField
		case from == 0:
			score = asPrefix
		case beginsWord(field, small, from):
			score = asWord
		}
		if score > inside && (end == len(small) || beginsWord(field, small, end)) {
			score += whole
		}
		best = max(best, score)
		from++
	}
}

// beginsWord tells whether a word begins at that byte: after what is no letter and
// no digit, or with a capital after a small letter.
func beginsWord(field, small string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(small[:at])
	first, _ := utf8.DecodeRuneInString(small[at:])
	if !letter(before) || unicode.IsDigit(before) != unicode.IsDigit(first) {
		return true
	}
	if len(field) != len(small) {
		return false // the places are not the same
	}
	before, _ = utf8.DecodeLastRuneInString(field[:at])
	first, _ = utf8.DecodeRuneInString(field[at:])
	return unicode.IsUpper(first) && !unicode.IsUpper(before)
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// fitLoosely is fit for words of which only the letters are there, in their order:
// each in one of the first fields, beginning where a word begins. The less is
// between the letters, the better.
func (h *haystack) fitLoosely(words []string, fields int) int {
	total := 0
	for _, w := range words {
		best := 0
		for i, f := range h.small[:min(fields, len(h.small))] {
			if places := scattered(h.fields[i], f, w); places != nil {
				span := places[len(places)-1] - places[0] + 1 - len(w)
				best = max(best, max(1, 1000-span))
			}
		}
		if best == 0 {
			return 0
		}
		total += best
	}
	return total
}

// scattered are the places of a word's letters in a field, or nil.
func scattered(field, small, word string) []int {
	first, n := utf8.DecodeRuneInString(word)
	for from := 0; from < len(small); {
		at := strings.IndexRune(small[from:], first)
		if at < 0 {
			return nil
		}
		from += at
		if beginsWord(field, small, from) || from == 0 {
			places := []int{from}
			rest := from + n
			for _, r := range word[n:] {
				at := strings.IndexRune(small[rest:], r)
				if at < 0 {
					return nil
				}
				places = append(places, rest+at)
				rest += at + utf8.RuneLen(r)
			}
			return places
		}
		from += n
	}
	return nil
}

// A search is what a query finds among rows, kept while it is typed: a longer query
// is looked for in what the shorter one found.
type search struct {
	stacks []haystack
	cells  int // how many fields of each row are seen

	query string
	words []string
	found []int // the rows, best first
	loose bool  // no row has the words, so those that have their letters are shown
}

// set makes the query another one. The rows' own order decides between those that
// fit equally well.
func (s *search) set(query string) {
	among := s.found
	if !strings.HasPrefix(query, s.query) || len(s.words) == 0 {
		among = nil
	}
	if s.loose && len(among) == 0 {
		among = nil
	}
	s.query = query
	s.words = strings.Fields(strings.ToLower(query))
	if len(s.words) == 0 {
		s.loose = false
		s.found = make([]int, len(s.stacks))
		for i := range s.found {
			s.found[i] = i
		}
		return
	}
	if among != nil && s.loose {
		s.found = s.scan(among, true)
		return
	}
	if s.found = s.scan(among, false); len(s.found) == 0 {
		s.loose = true
		s.found = s.scan(nil, true)
		return
	}
	s.loose = false
}

// scan finds the rows that fit among some, nil for all.
func (s *search) scan(among []int, loosely bool) []int {
	type hit struct{ row, fit int }
	hits := make([]hit, 0, 64)
	look := func(row int) {
		fit := 0
		if loosely {
			fit = s.stacks[row].fitLoosely(s.words, s.cells)
		} else {
			fit = s.stacks[row].fit(s.words)
		}
		if fit > 0 {
			hits = append(hits, hit{row, fit})
		}
	}
	if among == nil {
		for row := range s.stacks {
			look(row)
		}
	}
	for _, row := range among {
		look(row)
	}
	slices.SortFunc(hits, func(a, b hit) int {
		if a.fit != b.fit {
			return b.fit - a.fit
		}
		return a.row - b.row
	})
	found := make([]int, len(hits))
	for i, h := range hits {
		found[i] = h.row
	}
	return found
}

// places are where a cell has the words, in bytes, as far as it has them.
func (s *search) places(cell string) []int {
	var all []int
	small := strings.ToLower(cell)
	if len(small) != len(cell) {
		return nil // the places are not the same
	}
	for _, w := range s.words {
		if s.loose {
			all = append(all, scattered(cell, small, w)...)
			continue
		}
		best, from := -1, 0
		for {
			at := strings.Index(small[from:], w)
			if at < 0 {
				break
			}
			at += from
			if best < 0 {
				best = at
			}
			if at == 0 || beginsWord(cell, small, at) {
				best = at
				break
			}
			from = at + 1
		}
		if best >= 0 {
			for i := range w {
				all = append(all, best+i)
			}
		}
	}
	return all
}
