package terminal

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// cells is how terminals measure text where nobody says otherwise: characters
// of ambiguous width take one cell.
func cells() *runewidth.Condition {
	return &runewidth.Condition{StrictEmojiNeutral: true}
}

// columns returns how many cells a text takes.
func columns(s string) int {
	if plainASCII(s) {
		return len(s)
	}
	return cells().StringWidth(s)
}

// cut shortens a text to a number of cells.
func cut(s string, width int) string {
	switch {
	case width <= 0:
		return ""
	case columns(s) <= width:
		return s
	}
	return cells().Truncate(s, width, "…")
}

// underline marks the letters at some places, in bytes, together with the
// accents and joined characters that belong to them. Places past the end do
// not count.
func underline(s string, places []int) string {
	if len(places) == 0 {
		return s
	}
	marked := make(map[int]bool, len(places))
	for _, p := range places {
		marked[p] = true
	}
	var b strings.Builder
	on := false
	turn := func() {
		on = !on
		if on {
			b.WriteString("\x1b[4m")
		} else {
			b.WriteString("\x1b[24m")
		}
	}
	for i, r := range s {
		attached := unicode.Is(unicode.M, r) || r == '\u200d' || strings.HasSuffix(s[:i], "\u200d")
		if !attached && on != marked[i] {
			turn()
		}
		b.WriteRune(r)
	}
	if on {
		turn()
	}
	return b.String()
}
