//go:build unix

package terminal

import (
	"context"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/terminal/screen"
)

func (p *person) finds(f Finder) <-chan outcome {
	return p.during(func() (any, error) { return p.Find(p.t.Context(), f) })
}

// The screen is left as it was, whatever ends the list.
func TestFindOnATerminal(t *testing.T) {
	for _, c := range []struct {
		keys string
		want Choice
		err  error
	}{
		{"prod adm 0024\r", Choice{Key: "role 120"}, nil},
		{"web\x0f", Choice{Key: "role 25", By: "ctrl+o"}, nil},
		{"prod\x1b[B\x1b[B\x03", Choice{}, ErrInterrupted},
		{"\x1b", Choice{}, ErrEscaped},
	} {
		p := sitDown(t, 80, 24)
		before := "$ portico pick"
		p.screen.Write(before + "\r\n")
		answer := p.finds(Finder{Title: []string{"Which?"}, Rows: organisation(5000), Enter: "choose", Keys: []Shortcut{{"ctrl+o", "console"}}})
		p.sees("5000/5000")
		p.types(c.keys)
		p.answers(answer, c.want, c.err)
		if got := p.screen.Text(); got != before {
			t.Errorf("%q left the screen\n%s", c.keys, got)
		}
	}
}

// A screen that grows, shrinks and grows again shows what it would have shown from
// the first, with nothing left over.
func TestFindIsResized(t *testing.T) {
	p := sitDown(t, 80, 24)
	f := Finder{Title: []string{"Which?"}, Rows: organisation(5000), Enter: "choose",
		Preview: func(key string) []string { return []string{"This is " + key, strings.Repeat("long ", len(key)*2)} }}
	answer := p.finds(f)
	p.sees("5000/5000")
	query := ""
	for _, step := range []struct {
		width, height int
		keys          string
	}{{200, 60, "prod"}, {80, 24, " adm"}, {120, 40, " 1"}, {40, 10, "0"}, {100, 30, "0"}, {200, 60, ""}} {
		p.screen.Resize(step.width, step.height)
		p.setSize(step.width, step.height)
		query += step.keys
		p.types(step.keys)
		want := screen.New(step.width, step.height)
		m := newFinder(f, true, step.width, step.height)
		tap(m, query)
		want.Write(strings.ReplaceAll(m.content(), "\n", "\r\n"))
		p.seesOnly(want.Text())
	}
	p.types("\x03")
	p.answers(answer, Choice{}, ErrInterrupted)
}

// Rows that come while the list is open are shown, and the one who fetches them is
// told to stop.
func TestFindRefreshes(t *testing.T) {
	p := sitDown(t, 80, 24)
	ended := make(chan struct{})
	answer := p.finds(Finder{Title: []string{"Which?"}, Enter: "choose", Refresh: func(ctx context.Context, update func(Update)) {
		update(Update{Rows: organisation(7), Note: "listing corp 2/5"})
		<-ctx.Done()
		close(ended)
	}})
	p.sees("listing corp 2/5  7/7")
	p.types("0001\r")
	p.answers(answer, Choice{Key: "role 5"}, nil)
	<-ended
}

// Marks say what colours say, and nothing is styled where nobody wants that.
func TestFindWithoutColour(t *testing.T) {
	p := sitDown(t, 80, 24, "NO_COLOR=1")
	rows := organisation(3)
	rows[1].Pinned, rows[1].Colour = true, "red"
	answer := p.finds(Finder{Rows: rows, Enter: "choose"})
	p.sees("3/3")
	p.types("\x1b[Breadonly")
	p.sees("> * payments-dev-0000-Rea…")
	if got := p.screen.Styled(func(s screen.Style) bool { return s != screen.Style{} }); got != "" {
		t.Errorf("styled: %q", got)
	}
	p.types("\r")
	p.answers(answer, Choice{Key: "role 1"}, nil)
}

// With PORTICO_ACCESSIBLE=1, and on terminals that only print, nothing is drawn.
func TestFindAccessibly(t *testing.T) {
	for _, env := range []string{"PORTICO_ACCESSIBLE=1", "TERM=dumb"} {
		p := sitDown(t, 100, 40, env)
		answer := p.finds(Finder{Title: []string{"Which?"}, What: "roles", Rows: organisation(5000)})
		p.sees("There are 5000 roles.\nWords to search for, or Enter for the first 20:")
		p.types("prod adm 002\r")
		p.sees("  1) payments-prod-0024-AdministratorAccess")
		p.sees("Number, other words, or Enter for more:")
		p.types("1\r")
		p.answers(answer, Choice{Key: "role 120"}, nil)
		if strings.Contains(p.raw.String(), "\x1b[2J") {
			t.Errorf("%s: the screen was cleared", env)
		}
	}
}
