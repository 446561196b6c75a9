package output

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A table is a stack of sections under one width: a title, a row of headers
// and rows. What is nested follows in sections of its own, with a bar on either
// side for each level.
type table struct {
	sections []*section
	color    bool
}

type section struct {
	title   string
	level   int
	headers []string
	rows    [][]string
	columns int   // of every row; -1 before the first
	widths  []int // of the widest cell in each column

	untitled bool // the section continues a row of the one before
}

// defaultColumns is the width of a terminal nobody can measure.
const defaultColumns = 80

// Space around the widest cell of a column, its border included.
const cellPadding = 4

var (
	errMixedList = errors.New("a list of objects that also holds other values does not make a table")
	errColumns   = errors.New("lists that differ in their columns do not make a table")
)

// tableText draws a value. Empty ones, zero and false among them, draw nothing.
func tableText(title string, v any, columns int, color bool) (string, error) {
	t := &table{color: color}
	drawn, err := t.add(&title, v, 0)
	if err != nil || !drawn {
		return "", err
	}
	if columns <= 0 {
		columns = defaultColumns
	}
	return t.render(columns), nil
}

// add adds a section for a value and those of what it holds. Without a title
// the rows go to the section that is there. It reports whether there was
// anything to add.
func (t *table) add(title *string, v any, level int) (bool, error) {
	if isEmpty(v) {
		return false, nil
	}
	if title != nil {
		t.open(title, level)
	}
	switch v := v.(type) {
	case []any:
		if _, ok := v[0].(Object); ok {
			return true, t.addObjects(title, v, level)
		}
		return true, t.addList(v)
	case Object:
		return true, t.addObject(v, level)
	}
	return true, nil
}

func (t *table) open(title *string, level int) {
	s := &section{level: level, columns: -1, untitled: title == nil}
	if title != nil {
		s.title = *title
	}
	t.sections = append(t.sections, s)
}

func (t *table) last() *section { return t.sections[len(t.sections)-1] }

// isEmpty is what Python takes for false.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case int64:
		return v == 0
	case float64:
		return v == 0
	}
	return isFalse(v)
}

// addList adds a row for each scalar and each list of scalars. An object makes
// a row of its names, which is the AWS CLI's doing.
func (t *table) addList(list []any) error {
	for _, e := range list {
		var row []any
		switch e := e.(type) {
		case []any:
			if !isRow(e) {
				if _, err := t.add(nil, e, 0); err != nil {
					return err
				}
				continue
			}
			row = e
		case Object:
			for _, m := range e {
				row = append(row, m.Name)
			}
		default:
			row = []any{e}
		}
		if err := t.last().addRow(row); err != nil {
			return err
		}
	}
	return nil
}

func isRow(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool { return !isScalar(v) })
}

// addObject adds an object's scalars as one row under their names, or a single
// one beside its name.
func (t *table) addObject(o Object, level int) error {
	names, nested := memberNames([]any{o})
	row := make([]any, len(names))
	for i, name := range names {
		row[i], _ = o.Get(name)
	}
	switch len(names) {
	case 0:
	case 1:
		if err := t.last().addRow([]any{names[0], row[0]}); err != nil {
			return err
		}
	default:
		if err := t.last().addHeaders(names); err != nil {
			return err
		}
		if err := t.last().addRow(row); err != nil {
			return err
		}
	}
	return t.addNested(o, nested, level)
}

// addObjects adds a row for each object, under the names of all. When any of
// them holds lists or objects, each starts a section, so that these can follow.
func (t *table) addObjects(title *string, list []any, level int) error {
	names, nested := memberNames(list)
	for _, v := range list {
		if _, ok := v.(Object); ok {
			continue
		}
		// Where objects have no scalars, an empty string or list passes for one.
		if len(names) > 0 || isScalar(v) && v != "" || !isEmpty(v) {
			return errMixedList
		}
	}
	for i, v := range list {
		if i > 0 && len(nested) > 0 {
			t.open(title, level)
		}
		if i == 0 || len(nested) > 0 {
			if err := t.last().addHeaders(names); err != nil {
				return err
			}
		}
		o, _ := v.(Object)
		row := make([]any, len(names))
		for i, name := range names {
			var ok bool
			if row[i], ok = o.Get(name); !ok {
				row[i] = ""
			}
		}
		if err := t.last().addRow(row); err != nil {
			return err
		}
		if err := t.addNested(o, nested, level); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) addNested(o Object, names []string, level int) error {
	for _, name := range names {
		if v, ok := o.Get(name); ok {
			if _, err := t.add(&name, v, level+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// memberNames lists, sorted, the names that hold a scalar in any of the objects
// and those that hold something else in any.
func memberNames(list []any) (scalars, nested []string) {
	for _, v := range list {
		o, _ := v.(Object)
		for _, m := range o {
			names := &nested
			if isScalar(m.Value) {
				names = &scalars
			}
			*names = append(*names, m.Name)
		}
	}
	for _, names := range []*[]string{&scalars, &nested} {
		slices.Sort(*names)
		*names = slices.Compact(*names)
	}
	return scalars, nested
}

func (s *section) addHeaders(names []string) error {
	if s.columns < 0 {
		s.columns = len(names)
	}
	s.headers = names
	return s.widen(names)
}

// A raggedError is a table whose rows differ in length, in the words of the AWS
// CLI.
type raggedError struct{ Want, Got int }

func (e *raggedError) Error() string {
	return fmt.Sprintf("Row should have %d elements, instead it has %d", e.Want, e.Got)
}

func (s *section) addRow(values []any) error {
	if s.columns < 0 {
		s.columns = len(values)
	}
	if len(values) != s.columns {
		return &raggedError{Want: s.columns, Got: len(values)}
	}
	row := make([]string, len(values))
	for i, v := range values {
		row[i] = scalarText(v)
	}
	s.rows = append(s.rows, row)
	return s.widen(row)
}

func (s *section) widen(row []string) error {
	if len(s.widths) == 0 {
		s.widths = make([]int, len(row))
	}
	if len(row) > len(s.widths) {
		return errColumns
	}
	for i, cell := range row {
		s.widths[i] = max(s.widths[i], cellsOf(cell))
	}
	return nil
}

// width is what the section needs: room for its columns, for its title, and
// for the bars on either side.
func (s *section) width() int {
	title, columns := cellsOf(s.title), 0
	if s.untitled {
		title = len("None") // the AWS CLI measures what it does not print
	}
	for _, w := range s.widths {
		columns += w + cellPadding
	}
	return max(title, columns) + 2 + 2*s.level
}

// columnWidths spreads a width over the columns in proportion.
func (s *section) columnWidths(width int) []int {
	widths := make([]int, len(s.widths))
	if len(widths) == 0 {
		return widths
	}
	natural := 0
	for _, w := range s.widths {
		natural += w + cellPadding
	}
	scale := float64(width) / float64(natural)
	over := -width
	for i, w := range s.widths {
		widths[i] = int(math.RoundToEven(scale * float64(w+cellPadding)))
		over += widths[i]
	}
	for i := 0; over > 0; i, over = (i+1)%len(widths), over-1 {
		widths[i]--
	}
	for i := 0; over < 0; i, over = (i+1)%len(widths), over+1 {
		widths[len(widths)-1-i]++
	}
	return widths
}

// vertical turns a section of one row on its side: a name and a value a line.
func (s *section) vertical() *section {
	if len(s.rows) != 1 || len(s.headers) == 0 {
		return s
	}
	v := &section{title: s.title, untitled: s.untitled, level: s.level, columns: 2, widths: make([]int, 2)}
	for i, name := range s.headers {
		row := []string{name, s.rows[0][i]}
		v.rows = append(v.rows, row)
		for c := range row {
			v.widths[c] = max(v.widths[c], cellsOf(row[c]))
		}
	}
	return v
}

func (t *table) width() int {
	width := 0
	for _, s := range t.sections {
		width = max(width, s.width())
	}
	return width
}

func (t *table) render(columns int) string {
	width := t.width()
	if width > columns {
		for i, s := range t.sections {
			t.sections[i] = s.vertical()
		}
		width = t.width()
	}
	var b strings.Builder
	b.WriteString(repeat("-", width) + "\n")
	for _, s := range t.sections {
		t.renderSection(&b, s, width-2*s.level)
	}
	return b.String()
}

func (t *table) renderSection(b *strings.Builder, s *section, width int) {
	bars := repeat(t.paint("|", "\x1b[2m\x1b[33m"), s.level)
	line := func(text string) { b.WriteString(bars + text + bars + "\n") }
	rule := func(widths []int) {
		text := "+"
		for i, w := range widths {
			if i == 0 {
				w-- // for the border on the left
			}
			text += repeat("-", w-1) + "+"
		}
		line(text)
	}
	if s.title != "" {
		line("|" + centred(s.title, width, 2) + "|")
		if len(s.headers) == 0 && len(s.rows) == 0 {
			rule([]int{width})
		}
	}
	widths := s.columnWidths(width)
	row := func(cells []string, place func(text string, width, borders int) string) {
		text, borders := "|", 2
		for i := range min(len(cells), len(widths)) {
			text += place(cells[i], widths[i], borders) + "|"
			borders = 1 // the one on the left belongs to the column before
		}
		line(text)
	}
	if len(s.headers) > 0 {
		rule(widths)
		row(s.headers, centred)
	}
	if len(s.rows) > 0 && len(widths) > 0 {
		rule(widths)
		for _, cells := range s.rows {
			row(cells, t.aligned)
		}
		rule(widths)
	}
}

// centred puts a text in the middle of a width that counts borders too. Where
// one of them is another column's, the AWS CLI still reckons with two.
func centred(text string, width, borders int) string {
	n := cellsOf(text)
	left := width/2 - n/2 - 1
	return repeat(" ", left) + text + repeat(" ", width-borders-left-n)
}

// aligned puts a cell on the left, two in where there is room.
func (t *table) aligned(text string, width, borders int) string {
	n, left := cellsOf(text), 2
	if left+n+borders > width {
		left = 0
	}
	return repeat(" ", left) + t.paint(text, "\x1b[1m\x1b[34m") + repeat(" ", width-borders-left-n)
}

func (t *table) paint(text, style string) string {
	if !t.color {
		return text
	}
	return style + text + "\x1b[0m"
}

// repeat is strings.Repeat for counts that may be negative, which are none.
func repeat(s string, count int) string { return strings.Repeat(s, max(count, 0)) }
