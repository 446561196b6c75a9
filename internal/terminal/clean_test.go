package terminal

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var cleanCases = []struct{ in, want string }{
	{"", ""},
	{"Production (EU) <a@example.com> ~", "Production (EU) <a@example.com> ~"},
	{"Zoë, Ärger, naïve, Ελλάδα, Привет, 東京, 한국어, हिन्दी, עברית, العربية", "Zoë, Ärger, naïve, Ελλάδα, Привет, 東京, 한국어, हिन्दी, עברית, العربية"},
	{"e\u0301\u00a0x—“y”…", "e\u0301\u00a0x—“y”…"},

	// controls
	{"a\nb\r\nc\rd\te\vf\fg", "a b c d e f g"},
	{"a\u2028b\u2029c\u0085d", "a b c d"},
	{"a\x00b\x07c\x08d\x7fe\u0080f\u009fg", "abcdefg"},
	{"a\x9bb\xffc", "a\ufffdb\ufffdc"},

	// escape sequences
	{"\x1b[31mred\x1b[0m", "red"},
	{"\x1b[2J\x1b[Hgone\x1b[?25l\x1b[ q\x1b[38;2;1;2;3m", "gone"},
	{"\u009b31mred", "red"},
	{"\x1b]0;title\atext", "text"},
	{"\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"},
	{"\u009d0;title\u009ctext", "text"},
	{"\x1bPq#0\x1b\\a\x1b_apc\x1b\\b\x1b^pm\x1b\\c\x1bXsos\x1b\\d", "abcd"},
	{"\x1b(B\x1bc\x1b7\x1b=\x1b#8a", "a"},
	{"\x1b]0;no end", "0;no end"},
	{"\x1b]0;no\nend\a", "0;no end"},
	{"\x1b", ""},
	{"\x1b[", ""},
	{"a\x1b[31", "a"},
	{"\x1b\x1b[31mx", "x"},
	{"\x1béx\x1b\ny", "éx y"},

	// direction and hiding
	{"safe\u202egnp.exe\u202c", "safegnp.exe"},
	{"\u2066a\u2067b\u2068c\u2069\u200e\u200f\u061c", "abc"},
	{"pay\u200bpal\u2060\ufeff\u00ad\u034f\u180e", "paypal"},
	{"a\u115fb\u1160c\u3164d\uffa0e\U000e0041f\U0001d173g\ufff9h", "abcdefgh"},
	{"a\ufffeb\ufdd0c\U0010ffffd", "abcd"},

	// joiners and variation selectors, where they belong and where they hide
	{"👩\u200d🔬 👨\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 👍🏽 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3 ©\ufe0f ℹ\ufe0f", "👩\u200d🔬 👨\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 👍🏽 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3 ©\ufe0f ℹ\ufe0f"},
	{"می\u200cخواهم क्\u200dष", "می\u200cخواهم क्\u200dष"},
	{"葛\U000e0100", "葛\U000e0100"},
	{"ad\u200cmin\u200d", "admin"},
	{"\u200d\u200cadmin", "admin"},
	{"a\ufe0fb\U000e0100c1\ufe0fd", "abc1d"},
	{"👩\u200d\u200d\u200d🔬", "👩\u200d🔬"},
	{"👩\u200dx", "👩x"},
	{"👩\u200d\ufe0fa", "👩a"},
}

func TestClean(t *testing.T) {
	for _, c := range cleanCases {
		if got := Clean(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, c := range cleanCases {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) {
			t.Errorf("got %q, want valid UTF-8", got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool {
			return unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp)
		}); i >= 0 {
			t.Errorf("got %q, which is not clean at %d", got, i)
		}
		if again := Clean(got); again != got {
			t.Errorf("cleaned again: got %q, want %q", again, got)
		}
	})
}
