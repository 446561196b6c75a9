package terminal

import (
	"fmt"
	"runtime"
	"strings"

	"rsc.io/qr"
)

// quietZone is the width of the empty border that readers of QR codes rely on
// (ISO/IEC 18004, 6.3.8), in modules.
const quietZone = 4

// QR shows text as a QR code on Err, for a phone to read, and reports whether it
// did: Err has to be a terminal that shows half blocks and has room for all of it.
func (t *Terminal) QR(text string) bool {
	f := asTerminal(t.Err)
	if f == nil || t.dumb() || t.accessible() || !t.utf8() {
		return false
	}
	code, err := qr.Encode(text, qr.L) // the smallest: a screen has no scratches
	if err != nil {
		return false
	}
	lines := halfBlocks(code.Black, code.Size, t.env("NO_COLOR") == "")
	width, height := size(f)
	if code.Size+2*quietZone > width || len(lines) >= height {
		return false
	}
	defer obeyEscapes(f)()
	fmt.Fprintf(f, "%s\n", strings.Join(lines, "\n"))
	return true
}

// utf8 reports whether the locale's characters include half blocks. Windows has
// no locale variables; its terminal of today shows them.
func (t *Terminal) utf8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := t.env(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return runtime.GOOS == "windows" && t.env("WT_SESSION") != ""
}

// halfBlocks draws two rows of modules in each line, quiet zone included. In
// colour it is black on white whatever the terminal's own colours are. Without,
// the light modules are drawn: right on a dark background, and on a light one
// inverted, which most readers take.
func halfBlocks(black func(x, y int) bool, modules int, color bool) []string {
	glyphs := [4]string{"█", "▄", "▀", " "} // by upper, lower dark
	begin, end := "", ""
	if color {
		glyphs = [4]string{" ", "▀", "▄", "█"}
		// Of the 256 colours those that themes leave alone.
		begin, end = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
	}
	var lines []string
	for y := -quietZone; y < modules+quietZone; y += 2 {
		var b strings.Builder
		b.WriteString(begin)
		for x := -quietZone; x < modules+quietZone; x++ {
			which := 0
			if black(x, y) {
				which |= 1
			}
			if black(x, y+1) {
				which |= 2
			}
			b.WriteString(glyphs[which])
		}
		b.WriteString(end)
		lines = append(lines, b.String())
	}
	return lines
}
