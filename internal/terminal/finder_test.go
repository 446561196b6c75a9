package terminal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"
)

// organisation has n roles, five in each account.
func organisation(n int) []Candidate {
	roles := []string{"AdministratorAccess", "ReadOnly", "PowerUser", "Billing", "Support"}
	teams := []string{"payments", "search", "billing", "identity", "data", "web", "mobile", "infra"}
	stages := []string{"dev", "test", "stage", "prod"}
	list := make([]Candidate, n)
	for i := range list {
		at := i / len(roles)
		account := fmt.Sprintf("%s-%s-%04d", teams[at%len(teams)], stages[at/len(teams)%len(stages)], at)
		id := fmt.Sprintf("%012d", 100000000000+at*7919)
		list[i] = Candidate{Key: fmt.Sprintf("role %d", i), Cells: []string{account + "-" + roles[i%5], account, roles[i%5], id},
			Search: []string{"aws+" + account + "@example.com", "corp", id + "/" + roles[i%5]}}
	}
	return list
}

func find(f Finder, width, height int) *finder { return newFinder(f, false, width, height) }

// tap presses keys: names from keyNames, ctrl+letter, or text.
func tap(m tea.Model, keys ...string) (cmd tea.Cmd) {
	for _, name := range keys {
		k, ok := keyNames[name]
		if letter, ctrl := strings.CutPrefix(name, "ctrl+"); ctrl {
			k, ok = tea.Key{Code: rune(letter[0]), Mod: tea.ModCtrl}, true
		}
		if ok {
			_, cmd = m.Update(tea.KeyPressMsg(k))
			continue
		}
		for _, r := range name {
			_, cmd = m.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
	return cmd
}

func TestFinderRanks(t *testing.T) {
	rows := []Candidate{
		{Key: "superprod", Cells: []string{"superprod", "Tools", "ReadOnly", "111111111111"}},
		{Key: "non-prod", Cells: []string{"non-prod", "Tools", "ReadOnly", "222222222222"}},
		{Key: "production", Cells: []string{"production", "Shop", "AdministratorAccess", "333333333333"}, Search: []string{"shop@example.com", "team=core"}},
		{Key: "prod", Cells: []string{"prod", "Shop", "ReadOnly", "444444444444"}},
		{Key: "東京", Cells: []string{"東京本番", "Ärzte", "ReadOnly", "333333333334"}},
		{Key: "one cell", Cells: []string{"session corp"}, Search: []string{"corp"}},
		{Key: "team-120", Cells: []string{"a-team-120"}}, {Key: "team-12", Cells: []string{"b-team-12"}},
	}
	for _, c := range []struct {
		query string
		loose bool
		want  string
	}{
		{"", false, "superprod non-prod production prod 東京 one cell team-120 team-12"},
		{"  ", false, "superprod non-prod production prod 東京 one cell team-120 team-12"},
		{"prod", false, "prod production non-prod superprod"},
		{"PROD", false, "prod production non-prod superprod"},
		{"prod admin", false, "production"},
		{"access prod", false, "production"},
		{"only tools", false, "superprod non-prod"},
		{"3333", false, "production 東京"},
		{"333333333334", false, "東京"},
		{"shop@", false, "production"},
		{"core shop", false, "production"},
		{"本番", false, "東京"},
		{"ärzte", false, "東京"},
		{"ÄRZTE", false, "東京"},
		{"corp", false, "one cell"},
		{"team-12", false, "team-12 team-120"},
		{"pdn", true, "production"},
		{"admac", true, "production"},
		{"xyz", true, ""},
		{"prod xyz", true, ""},
	} {
		m := find(Finder{Rows: rows}, 80, 24)
		tap(m, c.query) // a letter at a time, as people do
		got := []string{}
		for _, row := range m.find.found {
			got = append(got, m.rows[row].Key)
		}
		if strings.Join(got, " ") != c.want || m.find.loose != c.loose {
			t.Errorf("%q: got %q, loosely %v, want %q, %v", c.query, strings.Join(got, " "), m.find.loose, c.want, c.loose)
		}
	}
}

// However a query came about, it finds what it finds when it is typed at once.
func TestFinderNarrows(t *testing.T) {
	rows := organisation(500)
	for _, query := range []string{"prod pay adm", "pdadm", "a b c d", "readonly 00", "zzz", "1000 sup", "web-dev-0005"} {
		for end := range query {
			m := find(Finder{Rows: rows}, 80, 24)
			tap(m, query[:end+1], "x", "y", "backspace", "backspace")
			typed := slices.Clone(m.find.found)
			m = find(Finder{Rows: rows, Query: query[:end+1]}, 80, 24)
			if !slices.Equal(typed, m.find.found) {
				t.Errorf("%q: got %v typed, %v at once", query[:end+1], typed, m.find.found)
			}
		}
	}
}

func TestFinderOnly(t *testing.T) {
	rows := []Candidate{
		{Key: "1", Cells: []string{"dev", "Shop"}}, {Key: "2", Cells: []string{"dev-2", "Shop"}}, {Key: "3", Cells: []string{"prod", "Dev"}},
		{Key: "4", Cells: []string{"", "Lone"}}, {Key: "5", Cells: []string{"same", ""}}, {Key: "6", Cells: []string{"same", ""}},
	}
	for query, want := range map[string]string{
		"dev": "1", "dev-2": "2", "prod": "3", "lone": "4", "": "", "shop": "", "same": "", "DEV": "", "dv2": "", "nothing": "", "shop 2": "2",
	} {
		if key, _, ok := (Finder{Rows: rows, Query: query}).Only(); key != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", query, key, ok, want)
		}
	}
}

func TestFinderKeys(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"enter", "role 0"},
		{"down enter", "role 1"},
		{"up enter", "role 99"},
		{"pgdown enter", "role 22"},
		{"pgdown pgdown pgup enter", "role 22"},
		{"pgup enter", "role 0"},
		{"end enter", "role 99"},
		{"end pgdown enter", "role 99"},
		{"end home enter", "role 0"},
		{"down ctrl+e", "role 1 ctrl+e"},
		{"ctrl+e", "role 0 ctrl+e"},
		{"z z z ctrl+e ctrl+u enter", "role 0"},
		{"b i l l i n g down esc enter", "role 8"},
		{"tab enter", "role 0"},
		{"p a y x y z ctrl+w enter", "role 0"},
	} {
		m := find(Finder{Rows: organisation(100), Keys: []Shortcut{{"ctrl+e", "shell"}}}, 80, 24)
		for key := range strings.FieldsSeq(c.keys) {
			tap(m, key)
			if m.cursor < m.top || m.cursor >= max(1, m.top+m.listHeight()) {
				t.Fatalf("%s: the cursor at %d is off the rows from %d", c.keys, m.cursor, m.top)
			}
		}
		if got := strings.TrimSpace(m.choice.Key + " " + m.choice.By); got != c.want || !m.done || m.err != nil {
			t.Errorf("%s: got %q, %v, want %q", c.keys, got, m.err, c.want)
		}
	}
	for keys, want := range map[string]error{"ctrl+c": ErrInterrupted, "z z ctrl+c": ErrInterrupted, "esc": ErrEscaped, "z esc esc": ErrEscaped, "ctrl+d": ErrEscaped, "z esc": nil, "z z z enter": nil} {
		m := find(Finder{Rows: organisation(5)}, 80, 24)
		tap(m, strings.Fields(keys)...)
		if m.err != want || m.done != (want != nil) {
			t.Errorf("%s: got %v, want %v", keys, m.err, want)
		}
	}
	if !errors.Is(ErrEscaped, ErrInterrupted) {
		t.Error("Esc is no interruption")
	}
}

func TestFinderPins(t *testing.T) {
	var calls []string
	f := Finder{Rows: organisation(5), Pin: func(key string, on bool) error {
		calls = append(calls, fmt.Sprint(key, on))
		if len(calls) > 2 {
			return errors.New("the config\x1b[31m cannot be written")
		}
		return nil
	}}
	m := find(f, 80, 24)
	for range 3 {
		m.Update(tap(m, "ctrl+f")())
	}
	if want := []string{"role 0true", "role 0false", "role 0true"}; !slices.Equal(calls, want) {
		t.Errorf("got %v, want %v", calls, want)
	}
	if m.rows[0].Pinned || !strings.HasSuffix(m.content(), "the config cannot be written") {
		t.Errorf("a favourite that could not be kept: got %v and\n%s", m.rows[0].Pinned, m.content())
	}
	if tap(m, "down"); strings.Contains(m.content(), "cannot be written") {
		t.Error("the next key does not take the message away")
	}
}

// Newer rows leave the cursor on its row, and that where it is on the screen.
func TestFinderTakesNewerRows(t *testing.T) {
	all := organisation(400)
	m := find(Finder{Rows: all[200:300]}, 80, 24)
	tap(m, "pgdown", "down", "down")
	key, line := m.current(), m.cursor-m.top
	m.Update(news{list: prepare(all), note: "listing corp 3/80"})
	if m.current() != key || m.cursor-m.top != line || !strings.Contains(m.content(), "listing corp 3/80  400/400\n") {
		t.Errorf("got the row %s on line %d, want %s on %d:\n%s", m.current(), m.cursor-m.top, key, line, m.content())
	}
	tap(m, "prod")
	key = m.current()
	m.Update(news{list: prepare(all[:390])})
	if m.current() != key || m.find.query != "prod" || strings.Contains(m.content(), "listing") {
		t.Errorf("got the row %s for %q, want %s", m.current(), m.find.query, key)
	}
	m.Update(news{list: prepare(all[:0])})
	if tap(m, "enter"); m.done || !strings.Contains(m.content(), "Nothing yet.") {
		t.Errorf("without rows: got\n%s", m.content())
	}
}

func TestFinderContent(t *testing.T) {
	rows := []Candidate{
		{Key: "1", Cells: []string{"prod-admin", "Shop", "AdministratorAccess", "111111111111"}, Pinned: true, Colour: "red"},
		{Key: "2", Cells: []string{"", "東京本番環境", "ReadOnly", "222222222222"}},
		{Key: "3", Cells: []string{"", "\x1b[31mZoë\u202e's 👩‍🔬", "ReadOnly", "333333333333"}},
		{Key: "4", Cells: []string{"session corp: signed in"}},
	}
	f := Finder{Title: []string{"Which?"}, Rows: rows, Enter: "choose", Pin: func(string, bool) error { return nil },
		Preview: func(key string) []string {
			return []string{"Profile " + key, "A long line that goes on and on until there is no room left for it on the screen at all"}
		}}
	for _, c := range []struct {
		name          string
		width, height int
		style         bool
		keys          string
		want          string
	}{
		{"below", 80, 18, false, "", `Which?
>                                                                           4/4
> * prod-admin  Shop          AdministratorAccess  111111111111
                東京本番環境  ReadOnly             222222222222
                Zoë's 👩‍🔬      ReadOnly             333333333333
    session corp: signed in




────────────────────────────────────────────────────────────────────────────────
Profile 1
A long line that goes on and on until there is no room left for it on the screen
at all



enter choose  esc quit  ^F star  tab preview`},
		{"beside", 110, 8, false, "down", `Which?
>                                                                                                         4/4
  * prod-admin  Shop          AdministratorAccess  111111111111 │ Profile 2
>               東京本番環境  ReadOnly             222222222222 │ A long line that goes on and on until there
                Zoë's 👩‍🔬      ReadOnly             333333333333 │ is no room left for it on the screen at all
    session corp: signed in                                     │
                                                                │
enter choose  esc quit  ^F star  tab preview`},
		{"without", 80, 8, false, "tab 2 2", `Which?
> 22                                                                        1/4
>               東京本番環境  ReadOnly             222222222222




enter choose  esc clear  ^F star  tab preview`},
		{"letters", 60, 7, false, "t o k", `Which?
> tok                                                   0/4
  None of the 4 has that. Esc begins anew.



enter choose  esc clear  ^F star  tab preview`},
		{"styled", 60, 6, true, "p r o", "\x1b[1mWhich?\x1b[22m\n" +
			"> pro                                                   1/4\n" +
			"\x1b[1m> * \x1b[31m\x1b[4mpro\x1b[24md-admin\x1b[39m  Shop          AdministratorAc…  111111111111\x1b[22m\n" +
			"\n" +
			"\n" +
			"enter choose  esc clear  ^F star  tab preview"},
		{"narrow", 30, 6, false, "", `Which?
>                         4/4
> * prod-…  Shop    Admin…
            東京…   ReadO…
            Zoë's…  ReadO…
enter choose  esc quit  ^F st…`},
		{"hardly anything", 8, 3, false, "a d m", "> adm\n> * pro…\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newFinder(f, c.style, 80, 24)
			m.Update(tea.WindowSizeMsg{Width: c.width, Height: c.height})
			tap(m, strings.Fields(c.keys)...)
			if diff := cmp.Diff(c.want, m.content()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the size, no line is wider than the screen, no screen is higher, and the
// row with the cursor is there.
func TestFinderFits(t *testing.T) {
	rows := append(organisation(40), Candidate{Key: "wide", Cells: []string{"東京本番環境東京本番環境", "é👩‍🔬🇩🇪x👍🏽", "שלום עולם", "العربية"}},
		Candidate{Key: "last", Cells: []string{"session 東京本番環境東京本番環境 of a long name"}})
	about := []string{"Profile      東京本番環境東京本番環境", strings.Repeat("a", 300), "👩‍🔬👩‍🔬👩‍🔬👩‍🔬👩‍🔬👩‍🔬👩‍🔬👩‍🔬"}
	f := Finder{Title: []string{"Title", "of two lines"}, Rows: rows, Enter: "choose", Preview: func(string) []string { return about }}
	for _, width := range []int{1, 2, 3, 5, 8, 13, 21, 34, 55, 80, 99, 100, 101, 144, 200} {
		for height := 1; height < 64; height += 3 {
			for _, keys := range []string{"end", "end up", "東 end"} {
				m := newFinder(f, false, 80, 24)
				m.Update(tea.WindowSizeMsg{Width: width, Height: height})
				tap(m, strings.Fields(keys)...)
				lines := strings.Split(m.content(), "\n")
				if len(lines) > height {
					t.Errorf("%dx%d: got %d lines", width, height, len(lines))
				}
				for _, l := range lines {
					if columns(l) > width {
						t.Errorf("%dx%d: %q is %d wide", width, height, l, columns(l))
					}
				}
				if height > 2 && width > 2 && !slices.ContainsFunc(lines[1:], func(l string) bool { return strings.HasPrefix(l, "> ") }) {
					t.Errorf("%dx%d: the current row is not shown:\n%s", width, height, m.content())
				}
			}
		}
	}
}

// Without a screen to draw on it is a dialogue, and a long list is not printed.
func TestFinderAsDialogue(t *testing.T) {
	ask := func(f Finder, answers string) (string, Choice, error) {
		var out strings.Builder
		term := &Terminal{In: strings.NewReader(answers), Out: &out, Getenv: func(string) (string, bool) { return "", false }}
		c, err := term.Find(t.Context(), f)
		return out.String(), c, err
	}
	f := Finder{Title: []string{"Which profile or role?"}, What: "profiles and roles", Rows: organisation(5000)}
	out, c, err := ask(f, "\n\nprod admin pay\nzzz\nweb-dev-0005\n2\n")
	if err != nil || c.Key != "role 26" {
		t.Errorf("got %v, %v", c, err)
	}
	if lines := strings.Count(out, "\n"); lines > 80 {
		t.Errorf("%d lines were printed:\n%s", lines, out)
	}
	for _, want := range []string{
		"Which profile or role?\nThere are 5000 profiles and roles.\nWords to search for, or Enter for the first 20: ",
		"   1) payments-dev-0000-AdministratorAccess, payments-dev-0000, AdministratorAccess, 100000000000\n",
		"That is 1 to 20 of 5000.\nNumber, other words, or Enter for more: ",
		"  40) ", "That is 21 to 40 of 5000.\n",
		"That is 1 to 20 of 31.\n",
		"None of the 5000 has that.\nOther words: ",
	} {
		if !strings.Contains(strings.ReplaceAll(out, "\n\n", "\n"), strings.TrimPrefix(want, " ")) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if _, c, err := ask(f, "search-prod-0025-readonly\n"); err != nil || c.Key != "role 126" {
		t.Errorf("words that mean one: got %v, %v", c, err)
	}
	if _, _, err := ask(f, "prod\n"); err == nil {
		t.Error("an input that ends chose something")
	}
	few := Finder{Rows: organisation(3)}
	if out, c, err := ask(few, "3\n"); err != nil || c.Key != "role 2" || !strings.Contains(out, "  3) payments-dev-0000-PowerUser,") {
		t.Errorf("a short list: got %v, %v\n%s", c, err, out)
	}
	late := Finder{Refresh: func(ctx context.Context, update func(Update)) {
		update(Update{Rows: organisation(3)})
		<-ctx.Done()
	}}
	if _, c, err := ask(late, "2\n"); err != nil || c.Key != "role 1" {
		t.Errorf("a list that comes late: got %v, %v", c, err)
	}
	if _, _, err := ask(Finder{}, "x\n"); err == nil {
		t.Error("there was something to choose from")
	}
}

// A key in a list of 5,000 roles, to the frame that shows what it did.
func BenchmarkFinderKey(b *testing.B) {
	for _, size := range []struct{ width, height int }{{80, 24}, {200, 60}} {
		b.Run(fmt.Sprintf("%dx%d", size.width, size.height), func(b *testing.B) {
			m := newFinder(Finder{Title: []string{"Which?"}, Rows: organisation(5000), Enter: "choose",
				Preview: func(string) []string { return []string{"Profile      some", "Account      other"} }}, true, size.width, size.height)
			keys := []string{"p", "r", "o", "d", " ", "a", "d", "m", " ", "0", "0", "ctrl+u", "p", "d", "d", "d", "m", "ctrl+u", "down", "pgdown", "end"}
			for i := 0; b.Loop(); i++ {
				tap(m, keys[i%len(keys)])
				_ = m.View()
			}
		})
	}
}

// The slowest key: one after which nothing has the words, so that letters are
// looked for in all.
func BenchmarkFinderLoose(b *testing.B) {
	m := newFinder(Finder{Rows: organisation(5000)}, true, 200, 60)
	for b.Loop() {
		m.find.set("")
		m.find.set("pad pdr rdo")
		_ = m.View()
	}
}

// What making a list ready costs, beside the screen.
func BenchmarkFinderPrepare(b *testing.B) {
	rows := organisation(5000)
	for b.Loop() {
		prepare(rows)
	}
}

func TestWrapped(t *testing.T) {
	for _, c := range []struct {
		line  string
		width int
		want  string
	}{
		{"one two three", 8, "one two|three"},
		{"  one two three", 9, "  one two|  three"},
		{"Session      corp, signed in, renewed as needed", 30, "Session      corp, signed in,|             renewed as needed"},
		{"A long label      value that is long", 12, "A long label|      value|      that|      is|      long"},
		{"東京本番", 5, "東京|本番"},
		{"anything", 3, ""},
	} {
		if got := strings.Join(wrapped([]string{c.line}, c.width), "|"); got != c.want {
			t.Errorf("wrapped(%q, %d): got %q, want %q", c.line, c.width, got, c.want)
		}
	}
}
