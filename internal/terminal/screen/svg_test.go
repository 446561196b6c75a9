package screen

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestSVG(t *testing.T) {
	t.Parallel()
	s := New(20, 5)
	s.Write("plain \x1b[1;31mred&bold\x1b[0m\r\n\x1b[7mcursor\x1b[27m \x1b[38;5;208mo\x1b[38;2;1;2;255mx\x1b[39m\x1b[44m b\x1b[49m\r\n\x1b[2mfaint\x1b[22;4mline\x1b[m")
	svg := s.SVG("a <title>")
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
	for _, want := range []string{
		`aria-label="a &lt;title&gt;"`, `fill="#edeae4">plain</text>`, `fill="#f2776b" font-weight="700">red&amp;bold</text>`,
		`fill="#121619">cursor</text>`, `fill="#ff8700">o</text>`, `fill="#0102ff">x</text>`, `fill="#7db7ef"/>`, ` opacity="0.65">faint</text>`, `text-decoration="underline">line</text>`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
	// As high as what is on it.
	if !strings.Contains(svg, `viewBox="0 0 196 112"`) {
		t.Errorf("got %.200s", svg)
	}
}
