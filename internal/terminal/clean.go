package terminal

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text of strangers safe to print: nothing in it moves the cursor,
// colours the screen, reverses the direction of reading or hides. Line ends
// and tabs become spaces, so that the text stays on its line. What a language
// or an emoji needs stays, joiners between their characters included.
func Clean(s string) string {
	if plainASCII(s) {
		return s
	}
	in := []rune(strings.ToValidUTF8(s, string(utf8.RuneError)))
	out := make([]rune, 0, len(in))
	for i := 0; i < len(in); i++ {
		switch r := in[i]; {
		case r == '\r' && i+1 < len(in) && in[i+1] == '\n':
		case r >= '\t' && r <= '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			out = append(out, ' ')
		case unicode.IsControl(r):
			i += escapeLength(in[i:]) - 1
		case hidden(r):
		default:
			out = append(out, r)
		}
	}
	for {
		kept := looseJoiners(out)
		if len(kept) == len(out) {
			return string(out)
		}
		out = kept
	}
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// escapeLength is how many characters an escape sequence has (ECMA-48), or
// one for any other control character. Of a string without an end only the
// beginning counts: what follows was meant to be read or cannot hurt.
func escapeLength(s []rune) int {
	n := 1
	kind := s[0]
	if kind == '\x1b' {
		if len(s) == 1 {
			return 1
		}
		kind = s[1]
		n = 2
		if kind >= '@' && kind <= '_' {
			kind += 0x40 // the same as a C1 control
		}
	}
	switch kind {
	case '\u009b': // CSI: parameters, intermediates, one last character
		for n < len(s) && s[n] >= ' ' && s[n] <= '?' {
			n++
		}
		if n < len(s) && s[n] >= '@' && s[n] <= '~' {
			n++
		}
		return n
	case '\u0090', '\u0098', '\u009d', '\u009e', '\u009f': // DCS, SOS, OSC, PM, APC: a string
		for end := n; end < len(s) && s[end] != '\n'; end++ {
			switch {
			case s[end] == '\a' || s[end] == '\u009c':
				return end + 1
			case s[end] == '\x1b' && end+1 < len(s) && s[end+1] == '\\':
				return end + 2
			}
		}
		return n
	}
	if s[0] == '\x1b' {
		if kind >= ' ' && kind <= '/' {
			for n < len(s) && s[n] >= ' ' && s[n] <= '/' {
				n++
			}
			if n < len(s) && s[n] >= '0' && s[n] <= '~' {
				n++
			}
			return n
		}
		if kind < ' ' || kind == '\x7f' || kind > 0x9f {
			return 1 // the second character is no part of it
		}
	}
	return n
}

// hiddenRanges are characters that are not seen, or that change how others
// are: bidirectional controls, zero-width spaces, fillers, tags.
var hiddenRanges = []struct{ first, last rune }{
	{0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x061c, 0x061c}, {0x115f, 0x1160}, {0x17b4, 0x17b5},
	{0x180b, 0x180f}, {0x200b, 0x200b}, {0x200e, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f},
	{0x3164, 0x3164}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3},
	{0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0xe0fff},
}

func hidden(r rune) bool {
	if unicode.Is(unicode.Noncharacter_Code_Point, r) {
		return true
	}
	i, found := slices.BinarySearchFunc(hiddenRanges, r, func(h struct{ first, last rune }, r rune) int {
		return int(h.last - r)
	})
	return found || i < len(hiddenRanges) && hiddenRanges[i].first <= r
}

// looseJoiners drops joiners and variation selectors that have nothing to join
// or to vary, which is how a name is made that only looks like another.
func looseJoiners(in []rune) []rune {
	out := make([]rune, 0, len(in))
	for i, r := range in {
		var before, after rune
		if len(out) > 0 {
			before = out[len(out)-1]
		}
		if i+1 < len(in) {
			after = in[i+1]
		}
		switch {
		case r == '\u200c' || r == '\u200d':
			if !joins(before) || !joins(after) {
				continue
			}
		case r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef:
			if !varies(before, after) {
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

// joins reports whether a character is of a script that has joined forms, or
// of an emoji.
func joins(r rune) bool {
	if r <= 0x36f || unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
		return false
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsSymbol(r)
}

// varies reports whether a variation selector has a character to choose the
// form of.
func varies(before, after rune) bool {
	switch {
	case before == '#' || before == '*' || before >= '0' && before <= '9':
		return after == '\u20e3' // a keycap
	case before < 0x80:
		return false
	}
	return unicode.IsSymbol(before) || unicode.IsPunct(before) || unicode.Is(unicode.Han, before) || before == '\u2139'
}
