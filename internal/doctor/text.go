package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/awsconfig/syntax"
)

// A LineEdit changes one line of a file; lines count from 1 in the file as it was
// read.
type LineEdit struct {
	Path   string
	Line   int
	Delete bool
	Text   *string  // what the line becomes; nil: it stays
	Before []string // lines that come before it
	After  []string // lines that come after it
}

// A Text is a config file or a credentials file: as it was read, and as it would
// read without what keeps AWS tools from reading it at all.
type Text struct {
	Path    string
	Shown   string // for messages
	Exists  bool
	Data    []byte
	Problem error // why it could not be read; nil where it just is not there

	faults   []fault
	lines    []textLine          // without the faults
	doc      *awsconfig.Document // of lines
	sections []section           // of lines
}

type textLine struct {
	number int // in the file
	text   string
}

// A fault keeps AWS tools from reading a file.
type fault struct {
	kind  faultKind
	line  int
	what  string
	cure  string
	edits []LineEdit // nil: somebody has to decide
}

type faultKind int

const (
	faultSyntax faultKind = iota
	faultEncoding
	faultSection // the same header twice
	faultKey     // the same key twice in a section
)

// A section is a header and its keys, seen line by line.
type section struct {
	line int
	raw  string // between the brackets
	awsconfig.Section
	means bool // AWS tools know what it is
	keys  []key
	end   int // its last line that is no blank line and no comment
}

type key struct {
	line   int
	name   string // as written
	value  string
	indent string
	text   string // the whole line
	more   []key  // lines that continue the value
}

// NewText is what the file at path holds. Credentials files have headers of
// their own kind.
func NewText(path, shown string, data []byte, credentials bool) *Text {
	t := &Text{Path: path, Shown: shown, Exists: true, Data: data}
	for i, l := range splitLines(data) {
		t.lines = append(t.lines, textLine{i + 1, strings.TrimRight(l, "\r\n")})
	}
	t.heal()
	t.scan(credentials)
	return t
}

func splitLines(data []byte) []string {
	return slices.Collect(strings.Lines(string(data)))
}

// maxFaults bounds how many faults of one file are looked for: each takes reading
// it again.
const maxFaults = 50

// heal takes out one fault after the other until the file can be read.
func (t *Text) heal() {
	for range maxFaults {
		var b strings.Builder
		for _, l := range t.lines {
			b.WriteString(l.text + "\n")
		}
		doc, err := awsconfig.Parse(t.Path, []byte(b.String()))
		if err == nil {
			t.doc = doc
			return
		}
		wrong, ok := errors.AsType[*awsconfig.ParseError](err)
		if !ok || wrong.Line < 1 || wrong.Line > len(t.lines) {
			t.faults = append(t.faults, fault{what: err.Error(), cure: "edit " + t.Shown + " by hand"})
			break
		}
		t.faults = append(t.faults, t.cut(wrong.Line-1, wrong))
	}
	t.doc, _ = awsconfig.Parse(t.Path, nil)
	t.lines = nil
}

const byteOrderMark = "\ufeff"

// cut takes out the fault at a line.
func (t *Text) cut(at int, wrong *awsconfig.ParseError) fault {
	l := &t.lines[at]
	f := fault{line: l.number, what: wrong.Problem, cure: wrong.Cure}
	become := func(text string) {
		f.edits = []LineEdit{{Path: t.Path, Line: l.number, Text: &text}}
		l.text = text
	}
	content := syntax.Strip(l.text)
	switch valid := strings.ToValidUTF8(l.text, "?"); {
	case valid != l.text:
		f.kind, l.text = faultEncoding, valid
		return f
	case at == 0 && strings.HasPrefix(l.text, byteOrderMark):
		f.kind = faultEncoding
		become(strings.TrimPrefix(l.text, byteOrderMark))
		return f
	}
	raw, header := syntax.Header(content)
	name, value, option := syntax.Option(content)
	switch {
	case header && t.headerBefore(at, raw) >= 0:
		return t.cutSection(at, raw)
	case !header && content[0] == '[':
		become(strings.TrimRight(l.text, " \t") + "]")
	case option && !header && t.keyBefore(at, name) >= 0:
		first := t.keyBefore(at, name)
		_, old, _ := syntax.Option(syntax.Strip(t.lines[first].text))
		f.kind = faultKey
		f.what = fmt.Sprintf("the key %s stands twice in one section, on lines %d and %d", name, t.lines[first].number, l.number)
		f.cure = fmt.Sprintf("delete line %d or line %d", t.lines[first].number, l.number)
		if old == value {
			f.cure = fmt.Sprintf("delete line %d, which says the same as line %d", l.number, t.lines[first].number)
			f.edits = []LineEdit{{Path: t.Path, Line: l.number, Delete: true}}
		}
		t.lines = slices.Delete(t.lines, at, at+1)
	default:
		become("# " + content)
	}
	return f
}

// headerBefore is the index of an earlier line with that header, or -1.
func (t *Text) headerBefore(at int, raw string) int {
	return slices.IndexFunc(t.lines[:at], func(l textLine) bool {
		content := syntax.Strip(l.text)
		if content == "" || content[0] != '[' {
			return false
		}
		other, ok := syntax.Header(content)
		return ok && other == raw
	})
}

// keyBefore is the index of an earlier line of the section with that key, or -1.
func (t *Text) keyBefore(at int, name string) int {
	for i := at - 1; i >= 0; i-- {
		content := syntax.Strip(t.lines[i].text)
		if content == "" || content[0] == '#' || content[0] == ';' {
			continue
		}
		if content[0] == '[' {
			return -1
		}
		if other, _, ok := syntax.Option(content); ok && other == name {
			return i
		}
	}
	return -1
}

// cutSection moves the keys of a section that is there twice to the first one.
func (t *Text) cutSection(at int, raw string) fault {
	first := t.headerBefore(at, raw)
	f := fault{kind: faultSection, line: t.lines[at].number,
		what: fmt.Sprintf("the section [%s] stands twice, on lines %d and %d", raw, t.lines[first].number, t.lines[at].number),
		cure: fmt.Sprintf("put the keys of both under line %d", t.lines[first].number)}
	ours, last := t.keysOf(first)
	theirs, end := t.keysOf(at)
	decided := true
	move := []textLine{}
	for i := at + 1; i <= end; i++ {
		name := theirs[i]
		same := -1
		for j, other := range ours {
			if name != "" && other == name {
				same = j
			}
		}
		if same < 0 {
			move = append(move, t.lines[i])
			continue
		}
		_, a, _ := syntax.Option(syntax.Strip(t.lines[same].text))
		_, b, _ := syntax.Option(syntax.Strip(t.lines[i].text))
		if a != b {
			decided = false
			f.what += fmt.Sprintf(", with two values of %s", name)
			f.cure = fmt.Sprintf("keep one value of %s (lines %d and %d), and put the keys of both sections under line %d", name, t.lines[same].number, t.lines[i].number, t.lines[first].number)
		}
	}
	if decided {
		texts := []string{}
		for _, l := range move {
			texts = append(texts, l.text)
		}
		f.edits = append(f.edits, LineEdit{Path: t.Path, Line: t.lines[last].number, After: texts})
		for i := at; i <= end; i++ {
			f.edits = append(f.edits, LineEdit{Path: t.Path, Line: t.lines[i].number, Delete: true})
		}
	}
	t.lines = slices.Concat(t.lines[:last+1], move, t.lines[last+1:at], t.lines[end+1:])
	return f
}

// keysOf are the keys of the section whose header is at an index, by the index of
// their line, and the last line of its last value: comments after it often belong to
// what follows.
func (t *Text) keysOf(header int) (keys map[int]string, last int) {
	keys, last = map[int]string{}, header
	for i := header + 1; i < len(t.lines); i++ {
		content := syntax.Strip(t.lines[i].text)
		if content == "" || content[0] == '#' || content[0] == ';' {
			continue
		}
		if content[0] == '[' {
			break
		}
		last = i
		if name, _, ok := syntax.Option(content); ok {
			keys[i] = name
		}
	}
	return keys, last
}

// scan reads the sections line by line, as AWS's own reader does.
func (t *Text) scan(credentials bool) {
	inValue, indent := false, 0
	var current *section
	for _, l := range t.lines {
		content := syntax.Strip(l.text)
		if content == "" || content[0] == '#' || content[0] == ';' {
			continue
		}
		deep := syntax.Indent(l.text)
		name, value, ok := syntax.Option(content)
		k := key{line: l.number, name: content[:max(strings.IndexAny(content, "=:"), 0)], value: value, indent: l.text[:len(l.text)-len(strings.TrimLeftFunc(l.text, syntax.IsSpace))], text: l.text}
		k.name = syntax.Strip(k.name)
		if inValue && deep > indent && current != nil && len(current.keys) > 0 {
			last := &current.keys[len(current.keys)-1]
			last.more = append(last.more, k)
			current.end = l.number
			continue
		}
		indent = deep
		if raw, header := syntax.Header(content); header {
			s := section{line: l.number, raw: raw, end: l.number}
			s.Kind, s.Name, s.means = syntax.Meaning(raw)
			if credentials {
				s.Kind, s.Name, s.means = awsconfig.KindCredentials, raw, true
			}
			t.sections = append(t.sections, s)
			current, inValue = &t.sections[len(t.sections)-1], false
			continue
		}
		if current != nil && ok && name != "" {
			current.keys = append(current.keys, k)
			current.end, inValue = l.number, true
		}
	}
}

// where is a line of the file, for people.
func (t *Text) where(line int) string {
	if line == 0 {
		return t.Shown
	}
	return fmt.Sprintf("%s:%d", t.Shown, line)
}

// apply makes edits of lines. What several edits want of one line is done
// together.
func apply(data []byte, edits []LineEdit) []byte {
	lines := splitLines(data)
	eol := "\n"
	if len(lines) > 0 && strings.HasSuffix(lines[0], "\r\n") {
		eol = "\r\n"
	}
	byLine := map[int][]LineEdit{}
	for _, e := range edits {
		byLine[e.Line] = append(byLine[e.Line], e)
	}
	var b strings.Builder
	for i, l := range lines {
		text := strings.TrimRight(l, "\r\n")
		end := l[len(text):]
		gone := false
		var before, after []string
		for _, e := range byLine[i+1] {
			gone = gone || e.Delete
			if e.Text != nil {
				text = *e.Text
			}
			before, after = append(before, e.Before...), append(after, e.After...)
		}
		for _, more := range before {
			b.WriteString(more + eol)
		}
		if !gone {
			if end == "" && len(after) > 0 {
				end = eol
			}
			b.WriteString(text + end)
		}
		for _, more := range after {
			b.WriteString(more + eol)
		}
	}
	return []byte(b.String())
}
