package terminal

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
)

var keyNames = map[string]tea.Key{
	"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
	"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape},
	"backspace": {Code: tea.KeyBackspace}, "tab": {Code: tea.KeyTab}, "space": {Code: tea.KeySpace, Text: " "},
}

// press sends keys: names from keyNames, ctrl+letter, or text.
func press(t *testing.T, m *menu, keys ...string) {
	t.Helper()
	for _, name := range keys {
		k, ok := keyNames[name]
		if letter, ctrl := strings.CutPrefix(name, "ctrl+"); ctrl {
			k, ok = tea.Key{Code: rune(letter[0]), Mod: tea.ModCtrl}, true
		}
		if ok {
			m.Update(tea.KeyPressMsg(k))
			continue
		}
		for _, r := range name {
			m.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

func numbered(n int) []string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf("item %d", i)
	}
	return items
}

func TestMenuMoves(t *testing.T) {
	for _, c := range []struct {
		items int
		keys  string
		want  int
	}{
		{3, "", 0},
		{3, "down", 1},
		{3, "down down down", 0},
		{3, "up", 2},
		{3, "ctrl+p ctrl+p", 1},
		{3, "ctrl+n", 1},
		{1, "down up up", 0},
		{25, "pgdown", 10},
		{25, "pgdown pgdown pgdown", 24},
		{25, "pgdown pgdown pgdown pgdown", 0},
		{25, "pgup", 24},
		{25, "pgup pgup", 14},
		{25, "down pgup", 0},
		{25, "end", 24},
		{25, "end home", 0},
		{25, "end down", 0},
		{25, "tab", 0},
		{25, "2 4", 24},
		{25, "1 down", 10},
		{25, "1 down esc", 10},
		{25, "1 down esc down", 11},
		{25, "2 3 backspace", 2},
		{25, "z z z esc", 0},
		{25, "z z z down up pgdown pgup end home backspace backspace backspace", 0},
		{25, "i t ctrl+u end", 24},
		{25, "i t space 7 ctrl+w 1 5", 15},
		{25, "z ctrl+w end", 24},
		{25, "ctrl+h ctrl+w end", 24},
	} {
		m := newMenu(Menu{Items: numbered(c.items)}, false, 80, 24)
		for key := range strings.FieldsSeq(c.keys) {
			press(t, m, key)
			if m.cursor < m.top || m.cursor >= max(1, min(m.top+m.rows(), len(m.shown))) {
				t.Fatalf("%s: the cursor at %d is off the rows from %d", c.keys, m.cursor, m.top)
			}
		}
		press(t, m, "enter")
		if !m.done || m.err != nil {
			t.Errorf("%s: got %v, %v, want an answer", c.keys, m.done, m.err)
		} else if got := m.chosen(); got != c.want {
			t.Errorf("%s: got %d, want %d", c.keys, got, c.want)
		}
	}
}

func TestMenuEnds(t *testing.T) {
	for keys, want := range map[string]error{
		"ctrl+c": ErrInterrupted, "z z ctrl+c": ErrInterrupted, "ctrl+d": io.EOF, "enter": nil, "ctrl+j": nil,
	} {
		m := newMenu(Menu{Items: numbered(3)}, false, 80, 24)
		press(t, m, strings.Fields(keys)...)
		if !m.done || m.err != want || m.content() != "" {
			t.Errorf("%s: got %v, %v and %q on the screen, want the end with %v and nothing", keys, m.done, m.err, m.content(), want)
		}
	}
	for _, keys := range []string{"z z enter", "i ctrl+d", "esc", "tab"} {
		m := newMenu(Menu{Items: numbered(3)}, false, 80, 24)
		press(t, m, strings.Fields(keys)...)
		if m.done {
			t.Errorf("%s: the menu is over, want it to go on", keys)
		}
	}
}

func TestMenuContent(t *testing.T) {
	accounts := []string{
		"Payer, payer@example.com (111111111111)",
		"東京本番環境, tokyo@example.com (222222222222)",
		"Zoë's sandbox 👩‍🔬, zoe@example.com (333333333333)",
		"\x1b[31mred\x1b[0m\u202e, bidi@example.com (444444444444)",
	}
	const title = "There are 4 AWS accounts available to you."
	for _, c := range []struct {
		name          string
		menu          Menu
		width, height int
		style         bool
		keys          string
		want          string
	}{
		{"plain", Menu{title, accounts}, 80, 24, true, "", `There are 4 AWS accounts available to you.
> Payer, payer@example.com (111111111111)
  東京本番環境, tokyo@example.com (222222222222)
  Zoë's sandbox 👩‍🔬, zoe@example.com (333333333333)
  red, bidi@example.com (444444444444)`},
		{"narrow", Menu{title, accounts}, 20, 24, true, "down", `There are 4 AWS acc…
  Payer, payer@exam…
> 東京本番環境, tok…
  Zoë's sandbox 👩‍🔬,…
  red, bidi@example…`},
		{"narrower", Menu{title, accounts}, 9, 24, true, "", `There ar…
> Payer,…
  東京本…
  Zoë's …
  red, b…`},
		{"tiny", Menu{title, accounts}, 3, 2, true, "", "  …\n> …"},
		{"hardly any", Menu{title, accounts}, 1, 1, true, "down", "…"},
		{"low", Menu{title, numbered(12)}, 80, 5, true, "", `There are 4 AWS accounts available to you.
  1 of 12, type to filter
> item 0
  item 1
  item 2`},
		{"scrolled", Menu{"", numbered(1200)}, 80, 24, true, "end up", `  1199 of 1200, type to filter
  item 1190
  item 1191
  item 1192
  item 1193
  item 1194
  item 1195
  item 1196
  item 1197
> item 1198
  item 1199`},
		{"filtered", Menu{"Items", numbered(1200)}, 80, 24, true, "em119", "Items\n  21 of 1200 match: em119\n" +
			"> it\x1b[4mem\x1b[24m \x1b[4m119\x1b[24m\n  it\x1b[4mem\x1b[24m \x1b[4m119\x1b[24m0"},
		{"words, ranked, without color", Menu{"", []string{"dev tools", "tools for devs", "other"}}, 80, 24, false, "dev tool", `  2 of 3 match: dev tool
> dev tools
  tools for devs`},
		{"nothing matches", Menu{"Items", numbered(3)}, 80, 24, true, "zz", "Items\n  0 of 3 match: zz"},
		{"cut among the matches", Menu{"", []string{"abcdefgh", "x"}}, 8, 24, true, "bdfh", "  1 of …\n> a\x1b[4mb\x1b[24mc\x1b[4md\x1b[24me…"},
		{"an accent goes with its letter", Menu{"", []string{"Zoe\u0308", "x"}}, 40, 24, true, "oe", "  1 of 2 match: oe\n> Z\x1b[4moe\u0308\x1b[24m"},
		{"title of lines", Menu{"One\x1b[1m\nTwo\n", []string{"a", "b"}}, 40, 24, true, "", "One\nTwo\n> a\n  b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMenu(c.menu, c.style, 80, 24)
			m.Update(tea.WindowSizeMsg{Width: c.width, Height: c.height})
			if _, named := keyNames[strings.Fields(c.keys + " x")[0]]; named {
				press(t, m, strings.Fields(c.keys)...)
			} else {
				m.Update(tea.PasteMsg{Content: c.keys})
			}
			got := m.content()
			if c.name == "filtered" { // the beginning is enough
				got = strings.Join(strings.SplitN(got, "\n", 5)[:4], "\n")
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the size, no line is wider than the screen and no screen higher.
func TestMenuFits(t *testing.T) {
	items := append(numbered(40), "東京本番環境東京本番環境", "é👩‍🔬🇩🇪x👍🏽")
	for width := 1; width < 30; width++ {
		for height := 1; height < 16; height++ {
			m := newMenu(Menu{"Title\nof two lines", items}, false, 80, 24)
			m.Update(tea.WindowSizeMsg{Width: width, Height: height})
			press(t, m, "end")
			lines := strings.Split(m.content(), "\n")
			if len(lines) > height {
				t.Errorf("%dx%d: got %d lines", width, height, len(lines))
			}
			for _, l := range lines {
				if columns(l) > width {
					t.Errorf("%dx%d: %q is %d wide", width, height, l, columns(l))
				}
			}
			if !slices.ContainsFunc(lines, func(l string) bool {
				return strings.HasPrefix("> é👩‍🔬🇩🇪x👍🏽", strings.TrimSuffix(l, "…")) && l != ""
			}) {
				t.Errorf("%dx%d: the current row is not shown:\n%s", width, height, m.content())
			}
		}
	}
}

func TestMatches(t *testing.T) {
	items := []string{"Payer (111111111111)", "prod-eu (222222222222)", "Prod US (333333333333)", "sandbox (123456789012)"}
	for filter, want := range map[string][]int{
		"":         {0, 1, 2, 3},
		"  ":       {0, 1, 2, 3},
		"prod":     {1, 2},
		"PROD us":  {2},
		"us prod":  {2},
		"sbx":      {3},
		"12345678": {3},
		"pr":       {2, 1, 0},
		"xyz":      {},
	} {
		got := []int{}
		for _, m := range matches(items, filter) {
			got = append(got, m.item)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", filter, got, want)
		}
	}
	if got := matches([]string{"xaxbxc", "a b c d e f", "abc"}, "abc"); len(got) != 3 || got[0].item != 2 || got[2].item != 0 {
		t.Errorf("got %v, want abc first and xaxbxc last", got)
	}
}

// One key in a list of 5,000 accounts.
func BenchmarkMenuKey(b *testing.B) {
	items := make([]string, 5000)
	for i := range items {
		items[i] = fmt.Sprintf("team-%04d production, team%04d@example.com (%012d)", i, i, i*7919)
	}
	m := newMenu(Menu{Items: items}, true, 80, 24)
	for i := 0; b.Loop(); i++ {
		if i%5 == 0 {
			m.clearFilter()
		}
		m.Update(tea.KeyPressMsg{Code: 't', Text: "t"})
		_ = m.content()
	}
}
