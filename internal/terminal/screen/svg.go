package screen

import (
	"fmt"
	"html"
	"iter"
	"strconv"
	"strings"
)

// How a picture of a screen looks: a dark one, in the colours of the pages of the
// local Identity Center.
const (
	inkOf, groundOf, frameOf, softOf = "#edeae4", "#121619", "#1a2024", "#abb3ba"

	cellWidth, cellHeight = 8.4, 18.0
	fontSize, margin, bar = 14, 14.0, 30.0
)

// palette are the first sixteen colours of a terminal.
var palette = [...]string{
	"#313a40", "#f2776b", "#8fce8a", "#e6c06a", "#7db7ef", "#c79bf0", "#6ccfc7", "#d5d0c8",
	"#87919a", "#ff9a8f", "#ace3a6", "#f4d691", "#a3cefa", "#dcbcff", "#93e6df", "#ffffff",
}

// SVG is a picture of the screen in a window with a title, as wide as the screen
// and as high as what is on it.
func (s *Screen) SVG(title string) string {
	rows := 1
	for y := range s.cells {
		if strings.TrimSpace(s.row(y)) != "" {
			rows = y + 1
		}
	}
	width, height := float64(s.width)*cellWidth+2*margin, float64(rows)*cellHeight+2*margin+bar
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`+"\n", width, height, width, height, html.EscapeString(title))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="10" fill="%s"/><path d="M0 %.0fV10A10 10 0 0 1 10 0H%.0fA10 10 0 0 1 %.0f 10V%.0fZ" fill="%s"/>`+"\n", groundOf, bar, width-10, width, bar, frameOf)
	for i, c := range [...]string{"#f2776b", "#e6c06a", "#8fce8a"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="15" r="5" fill="%s"/>`, 20+i*18, c)
	}
	fmt.Fprintf(&b, `<text x="50%%" y="20" text-anchor="middle" fill="%s" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="13">%s</text>`+"\n", softOf, html.EscapeString(title))
	fmt.Fprintf(&b, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="%d">`+"\n", fontSize)
	for y := range rows {
		s.drawRow(&b, y)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

func (s *Screen) row(y int) string {
	var b strings.Builder
	for _, c := range s.cells[y] {
		if c.r > 0 {
			b.WriteRune(c.r)
		}
	}
	return b.String()
}

// drawRow draws words of one style together, each in its place, whatever font there
// is.
func (s *Screen) drawRow(b *strings.Builder, y int) {
	row := s.cells[y]
	top := bar + margin + float64(y)*cellHeight
	for x := 0; x < len(row); {
		end := x + 1
		for end < len(row) && (row[end].style == row[x].style && (row[end].r == 0) == (row[x].r == 0) || row[end].r == -1) {
			end++
		}
		ink, ground := row[x].style.inks()
		if ground != groundOf && row[x].r != 0 {
			fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.0f" fill="%s"/>`, left(x), top, float64(end-x)*cellWidth, cellHeight, ground)
		}
		more := row[x].style.attributes()
		for from, to := range words(row[x:end]) {
			var text strings.Builder
			for _, c := range row[x+from : x+to] {
				if c.r > 0 {
					text.WriteRune(c.r)
				}
			}
			fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" fill="%s"%s>%s</text>`+"\n", left(x+from), top+13.5, float64(to-from)*cellWidth, ink, more, html.EscapeString(text.String()))
		}
		x = end
	}
}

func left(x int) float64 { return margin + float64(x)*cellWidth }

// words are the parts of a row between blanks, from and to: what shows pictures may
// take several blanks for one.
func words(row []cell) iter.Seq2[int, int] {
	blank := func(c cell) bool { return c.r == ' ' || c.r == 0 }
	return func(yield func(int, int) bool) {
		for from := 0; from < len(row); from++ {
			if blank(row[from]) {
				continue
			}
			to := from + 1
			for to < len(row) && !(blank(row[to]) && (to+1 == len(row) || blank(row[to+1]))) {
				to++
			}
			if !yield(from, to) {
				return
			}
			from = to
		}
	}
}

func (y Style) attributes() string {
	more := ""
	if y.Bold {
		more += ` font-weight="700"`
	}
	if y.Faint {
		more += ` opacity="0.65"`
	}
	if y.Underlined {
		more += ` text-decoration="underline"`
	}
	return more
}

// inks are the colours of letters and of what is behind them.
func (y Style) inks() (ink, ground string) {
	ink, ground = named(y.Color, inkOf), named(y.Ground, groundOf)
	if y.Reversed {
		ink, ground = ground, ink
	}
	return ink, ground
}

// named is a colour of a [Style] as SVG has it.
func named(name, otherwise string) string {
	if name == "" || name[0] == '#' {
		if name == "" {
			return otherwise
		}
		return name
	}
	n, err := strconv.Atoi(name)
	switch {
	case err != nil || n < 0 || n > 255:
		return otherwise
	case n < len(palette):
		return palette[n]
	case n >= 232:
		v := 8 + (n-232)*10
		return fmt.Sprintf("#%02x%02x%02x", v, v, v)
	}
	level := func(i int) int { return [...]int{0, 95, 135, 175, 215, 255}[i] }
	n -= 16
	return fmt.Sprintf("#%02x%02x%02x", level(n/36), level(n/6%6), level(n%6))
}
