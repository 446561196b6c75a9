package terminal

import (
	"strings"
	"testing"

	"rsc.io/qr"
)

// What is drawn, read back half by half, is the code's matrix in a quiet zone of
// four modules, in colour and without.
func TestHalfBlocks(t *testing.T) {
	for _, text := range []string{"A", "https://d-1234567890.awsapps.com/start/#/device?user_code=ABCD-EFGH", strings.Repeat("https://x/", 30)} {
		code, err := qr.Encode(text, qr.L)
		if err != nil {
			t.Fatal(err)
		}
		for _, color := range []bool{true, false} {
			lines := halfBlocks(code.Black, code.Size, color)
			if want := (code.Size + 2*quietZone + 1) / 2; len(lines) != want {
				t.Fatalf("got %d lines, want %d", len(lines), want)
			}
			for i, line := range lines {
				bare := strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[38;5;16;48;5;231m"), "\x1b[0m")
				if (bare != line) != color {
					t.Errorf("line %d: %q", i, line)
				}
				glyphs := []rune(bare)
				if len(glyphs) != code.Size+2*quietZone {
					t.Fatalf("line %d is %d wide", i, len(glyphs))
				}
				for column, g := range glyphs {
					upper, lower := g == '▀' || g == '█', g == '▄' || g == '█'
					x, y := column-quietZone, 2*i-quietZone
					if !color {
						upper, lower = !upper, !lower
					}
					if upper != code.Black(x, y) || lower != code.Black(x, y+1) {
						t.Fatalf("%q at %d,%d: got %q", text, x, y, g)
					}
				}
			}
		}
	}
}

func TestUTF8Locale(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"LANG": "C.UTF-8"}, true},
		{map[string]string{"LANG": "de_DE.utf8"}, true},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, false},
		{map[string]string{"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, true},
		{map[string]string{"LANG": "", "LC_CTYPE": "POSIX"}, false},
		{map[string]string{"LANG": "ja_JP.eucJP"}, false},
		{nil, false},
	} {
		term := &Terminal{Getenv: func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }}
		if got := term.utf8(); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.env, got, tt.want)
		}
	}
}
