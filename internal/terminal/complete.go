package terminal

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Completion is one answer that Tab offers.
type Completion struct {
	Text string
	Note string // shown beside it
}

// Completions are answers without notes.
func Completions(texts ...string) []Completion {
	list := make([]Completion, len(texts))
	for i, text := range texts {
		list[i].Text = text
	}
	return list
}

// An offer is the list that Tab shows below the line, to go through with more
// Tabs.
type offer struct {
	found  []Completion
	chosen int // in the line; -1 when none is yet
	start  int // where in the line it goes
}

// complete does what Tab asks for: completes as far as it is clear, then lists
// what is possible, then goes from one to the next.
func (e *editor) complete(back bool) {
	if o := e.offer; o != nil {
		switch {
		case !back:
			o.chosen = (o.chosen + 1) % len(o.found)
		case o.chosen <= 0:
			o.chosen = len(o.found) - 1
		default:
			o.chosen--
		}
		e.replace(o.start, o.found[o.chosen].Text)
		return
	}
	start := 0
	if e.question.List {
		for start = e.pos; start > 0 && e.line[start-1] != ','; start-- {
		}
		for start < e.pos && e.line[start] == ' ' {
			start++
		}
	}
	typed := string(e.line[start:e.pos])
	found, common := candidates(e.question.Completions, typed)
	switch {
	case len(found) == 0 || back:
	case len(common) > len(typed) || len(found) == 1:
		e.replace(start, common)
	default:
		e.offer = &offer{found: found, chosen: -1, start: start}
	}
}

// replace puts a text where a part of the line was, up to the cursor.
func (e *editor) replace(start int, text string) {
	e.delete(start, e.pos)
	for _, r := range text {
		_ = e.insert(r) // a completion is short
	}
}

// candidates are the completions of what was typed, and what they all begin
// with. Where none begins like that, those that hold it somewhere will do.
func candidates(all []Completion, typed string) (found []Completion, common string) {
	fold := strings.ToLower(typed)
	for _, fits := range []func(string) bool{
		func(text string) bool { return strings.HasPrefix(text, typed) },
		func(text string) bool { return strings.HasPrefix(strings.ToLower(text), fold) },
		func(text string) bool { return strings.Contains(strings.ToLower(text), fold) },
	} {
		for _, c := range all {
			if fits(c.Text) {
				found = append(found, c)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	for i, c := range found {
		if i == 0 {
			common = c.Text
		}
		for !strings.HasPrefix(c.Text, common) {
			_, n := utf8.DecodeLastRuneInString(common)
			common = common[:len(common)-n]
		}
	}
	return found, common
}

// rows show the list in columns, or each with its note; as many as there is
// room for.
func (o *offer) rows(width, room int, style bool) []string {
	widest, notes := 0, false
	for _, c := range o.found {
		widest = max(widest, columns(Clean(c.Text)))
		notes = notes || c.Note != ""
	}
	across := max(1, (width-1)/(widest+3))
	if notes {
		across = 1
	}
	var rows []string
	current := 0
	for i := 0; i < len(o.found); i += across {
		var b strings.Builder
		for j, c := range o.found[i:min(i+across, len(o.found))] {
			if i+j == o.chosen {
				current = len(rows)
			}
			b.WriteString(o.cell(i+j, c, widest, width-1, style))
		}
		rows = append(rows, strings.TrimRight(b.String(), " "))
	}
	if len(rows) <= room {
		return rows
	}
	if room < 2 {
		return nil
	}
	top := max(0, min(current, len(rows)-room+1))
	more := fmt.Sprintf("  … %d rows of %d", room-1, len(rows))
	return append(rows[top:top+room-1:top+room-1], cut(more, width-1))
}

// cell is one of the list, as wide as the widest.
func (o *offer) cell(i int, c Completion, widest, width int, style bool) string {
	text := cut(Clean(c.Text), width-2)
	mark, fill := "  ", strings.Repeat(" ", max(0, widest-columns(text))+1)
	if c.Note != "" {
		fill += " " + cut(Clean(c.Note), max(0, width-columns(text)-len(fill)-3))
	}
	if i == o.chosen {
		mark = "> "
		if style {
			text = "\x1b[7m" + text + "\x1b[m"
		}
	}
	return mark + text + fill
}
