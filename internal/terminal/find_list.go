package terminal

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// listAtOnce is how many rows are printed at a time where the list cannot be drawn.
const listAtOnce = 20

// findInList is Find for screen readers, terminals that only print, and scripts: a
// long list is not printed before there are words to search for, and then a few at
// a time. Enter alone asks for the next few.
func (t *Terminal) findInList(ctx context.Context, out io.Writer, f Finder) (Choice, error) {
	refreshing, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	m := newFinder(f, false, 80, 24)
	var mu sync.Mutex
	var newer []Candidate
	take := func() (rows []Candidate) {
		mu.Lock()
		defer mu.Unlock()
		rows, newer = newer, nil
		return rows
	}
	if f.Refresh != nil {
		first := make(chan struct{})
		var once sync.Once
		running.Go(func() {
			defer once.Do(func() { close(first) })
			f.Refresh(refreshing, func(u Update) {
				if u.Rows != nil {
					mu.Lock()
					newer = u.Rows
					mu.Unlock()
					once.Do(func() { close(first) })
				}
			})
		})
		if len(m.rows) == 0 {
			select {
			case <-first:
				m.replace(prepare(take()))
			case <-ctx.Done():
				return Choice{}, ctx.Err()
			}
		}
	}
	for _, line := range m.Title {
		fmt.Fprintln(out, line)
	}
	l := &plainList{finder: m, out: out}
	l.begin()
	for {
		var answer string
		_, err := t.Ask(ctx, Question{Prompt: l.prompt(), Validate: func(a string) error { answer = a; return nil }})
		if err != nil {
			return Choice{}, err
		}
		if key, ok := l.answer(strings.TrimSpace(answer), take()); ok {
			return Choice{Key: key}, nil
		}
	}
}

// A plainList is a finder as a dialogue.
type plainList struct {
	*finder
	out    io.Writer
	listed bool // the numbers mean something
	shown  int  // how many of what was found are printed
}

func (l *plainList) begin() {
	if len(l.find.found) <= listAtOnce || l.find.query != "" {
		l.more()
		return
	}
	what := l.What
	if what == "" {
		what = "rows"
	}
	fmt.Fprintf(l.out, "There are %d %s.\n", len(l.rows), what)
}

func (l *plainList) prompt() string {
	switch {
	case !l.listed:
		return fmt.Sprintf("Words to search for, or Enter for the first %d: ", min(listAtOnce, len(l.rows)))
	case len(l.find.found) == 0:
		return "Other words: "
	case l.shown < len(l.find.found):
		return "Number, other words, or Enter for more: "
	}
	return "Number, or other words: "
}

// more prints the next few of what was found.
func (l *plainList) more() {
	found := l.find.found
	if l.shown >= len(found) {
		l.shown = 0
	}
	end := min(len(found), l.shown+listAtOnce)
	digits := len(strconv.Itoa(end))
	for i := l.shown; i < end; i++ {
		r := l.rows[found[i]]
		fmt.Fprintf(l.out, "  %*d) %s\n", digits, i+1, r.spoken())
	}
	switch {
	case len(found) == 0:
		fmt.Fprintf(l.out, "None of the %d has that.\n", len(l.rows))
	case end < len(found) || l.shown > 0:
		fmt.Fprintf(l.out, "That is %d to %d of %d.\n", l.shown+1, end, len(found))
	}
	l.listed, l.shown = true, end
}

// answer does what was typed: a number of the list chooses, words search, and
// nothing goes on. rows are newer ones, or nil: the numbers of the list stay good
// until it is printed again.
func (l *plainList) answer(typed string, rows []Candidate) (key string, chosen bool) {
	if n, err := strconv.Atoi(typed); err == nil && l.listed && 1 <= n && n <= l.shown {
		return l.rows[l.find.found[n-1]].Key, true
	}
	if rows != nil {
		l.replace(prepare(rows))
	}
	if typed == "" {
		l.more()
		return "", false
	}
	l.find.set(Clean(typed))
	l.shown = 0
	if len(l.find.found) == 1 && !l.find.loose {
		r := l.rows[l.find.found[0]]
		fmt.Fprintf(l.out, "That is %s.\n", r.spoken())
		return r.Key, true
	}
	l.more()
	return "", false
}

// spoken is a candidate in a line.
func (c Candidate) spoken() string {
	words := slices.DeleteFunc(slices.Clone(c.Cells), func(cell string) bool { return cell == "" })
	if c.Pinned {
		words = append(words, "favourite")
	}
	return strings.Join(words, ", ")
}
