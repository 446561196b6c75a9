package awsconfig

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portico-sso/portico/internal/awsconfig/syntax"
)

// Parse reads a file as botocore would and refuses what botocore refuses. name
// is used in errors only.
func Parse(name string, data []byte) (*Document, error) {
	p := parser{
		name:      name,
		doc:       &Document{name: name},
		seen:      map[string]int{},
		keys:      map[string]int{},
		inherited: map[string]int{},
	}
	if err := p.checkEncoding(data); err != nil {
		return nil, err
	}
	p.lines = physicalLines(string(data))
	for i := range p.lines {
		p.lines[i].number = i + 1
		if err := p.line(&p.lines[i]); err != nil {
			return nil, err
		}
	}
	p.endSection(len(p.lines))
	if err := p.doc.checkNested(); err != nil {
		return nil, err
	}
	return p.doc, nil
}

type parser struct {
	name      string
	doc       *Document
	lines     []line         // of the whole file; those of a section are a part of it
	from      int            // where the current section's begin
	seen      map[string]int // headers and their lines
	keys      map[string]int // keys of the current section, and their lines
	inherited map[string]int // keys of [DEFAULT], which may be there several times
	current   *block
	inValue   bool // an option has been read in this section
	indent    int  // of the last option or header
}

func (p *parser) fail(number, column int, problem, cure string) error {
	return &ParseError{File: p.name, Line: number, Column: column, Problem: problem, Cure: cure}
}

func (p *parser) checkEncoding(data []byte) error {
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		return p.fail(1, 1, "the file begins with a byte order mark", "save it as UTF-8 without BOM")
	}
	if utf8.Valid(data) {
		return nil
	}
	number := 1
	for _, l := range physicalLines(string(data)) {
		for column, rest := 1, l.text; rest != ""; column++ {
			r, size := utf8.DecodeRuneInString(rest)
			if r == utf8.RuneError && size == 1 {
				return p.fail(number, column, "the bytes here are not UTF-8", "save the file as UTF-8")
			}
			rest = rest[size:]
		}
		number++
	}
	return nil
}

func (p *parser) line(l *line) error {
	content := strip(l.text)
	switch {
	case content == "":
		l.kind = lineBlank
		return nil
	case content[0] == '#' || content[0] == ';':
		l.kind = lineComment
		return nil
	}
	indent := syntax.Indent(l.text)
	if p.inValue && indent > p.indent {
		l.kind, l.value = lineMore, content
		return nil
	}
	p.indent = indent
	if raw, ok := syntax.Header(content); ok {
		return p.header(l, raw, indent)
	}
	if p.current == nil {
		if content[0] == '[' {
			return p.fail(l.number, indent+1, "the [ of the section header is not closed", "end the header with ]")
		}
		return p.fail(l.number, indent+1, "there is text before the first section header",
			"put a header such as [default] above it, or a # before it")
	}
	return p.option(l, content, indent)
}

func (p *parser) header(l *line, raw string, indent int) error {
	if first, ok := p.seen[raw]; ok && raw != inherited {
		return p.fail(l.number, indent+1, fmt.Sprintf("the section [%s] is already on line %d", raw, first),
			"put the keys of both under one header")
	}
	p.seen[raw] = l.number
	l.kind = lineHeader
	section, named := sectionOf(raw)
	p.endSection(l.number - 1)
	p.from = l.number
	p.current = &block{header: *l, raw: raw, section: section, named: named}
	p.doc.addSection(p.current)
	p.inValue = false
	clear(p.keys)
	return nil
}

// endSection gives the section, or what is before the first, its lines: those
// before the one at end. Whoever adds to them gets a copy.
func (p *parser) endSection(end int) {
	lines := p.lines[p.from:end:end]
	if p.current == nil {
		p.doc.preamble = lines
		return
	}
	p.current.lines = lines
}

func (p *parser) option(l *line, content string, indent int) error {
	key, value, ok := syntax.Option(content)
	switch {
	case ok:
	case content[0] == '[':
		return p.fail(l.number, indent+1, "the [ of the section header is not closed", "end the header with ]")
	case content[0] == '=' || content[0] == ':':
		return p.fail(l.number, indent+1, "there is no key before the "+content[:1], "write key = value, or put a # before the line")
	default:
		return p.fail(l.number, indent+1, "there is no = after the key", "write key = value, or put a # before the line")
	}
	l.kind, l.key, l.value = lineOption, key, value
	keys := p.keys
	if p.current.raw == inherited {
		keys = p.inherited
	}
	if first, ok := keys[key]; ok {
		return p.fail(l.number, indent+1, fmt.Sprintf("the key %s is already on line %d", l.key, first), "remove one of the two lines")
	}
	keys[key] = l.number
	p.inValue = true
	return nil
}

// checkNested refuses nested lines that are no settings. What [DEFAULT] holds is
// looked at by the sections that inherit it and have no such key themselves, so
// otherwise it does no harm.
func (d *Document) checkNested() error {
	for _, b := range d.sections {
		if !slices.ContainsFunc(b.lines, func(l line) bool { return l.kind == lineMore }) {
			continue
		}
		for _, o := range b.options() {
			l, bad := b.badNested(o)
			if bad && (b.raw != inherited || d.inherits(o.key)) {
				return d.nestedError(o, l)
			}
		}
	}
	return nil
}

// inherits tells whether some section takes a key from [DEFAULT].
func (d *Document) inherits(key string) bool {
	return slices.ContainsFunc(d.sections, func(b *block) bool {
		_, own := b.option(key)
		return b.raw != inherited && !own
	})
}

// checkDefaults is checkNested for a document in which any key of [DEFAULT] may
// come to be inherited.
func (d *Document) checkDefaults() error {
	if _, ok := d.byHeader[inherited]; !ok {
		return nil
	}
	for _, b := range d.sections {
		if b.raw != inherited {
			continue
		}
		for _, o := range b.options() {
			if l, bad := b.badNested(o); bad {
				return d.nestedError(o, l)
			}
		}
	}
	return nil
}

func (d *Document) nestedError(o option, l line) error {
	return &ParseError{
		File: d.name, Line: l.number, Column: syntax.Indent(l.text) + 1,
		Problem: fmt.Sprintf("the line is nested under %s and has no =", o.key),
		Cure:    "write it as key = value, or remove its indent",
	}
}

func (b *block) badNested(o option) (line, bool) {
	if o.nested == nil {
		return line{}, false
	}
	for _, l := range b.lines[o.at+1:] {
		if l.kind == lineOption {
			break
		}
		if l.kind != lineMore {
			continue
		}
		for _, part := range splitLines(l.value) {
			if strip(part) != "" && !strings.Contains(part, "=") {
				return l, true
			}
		}
	}
	return line{}, false
}

// physicalLines cuts at LF, CRLF and CR and keeps what it cut.
func physicalLines(s string) []line {
	lines := make([]line, 0, strings.Count(s, "\n")+1)
	for s != "" {
		at := strings.IndexAny(s, "\r\n")
		if at < 0 {
			return append(lines, line{text: s})
		}
		end := at + 1
		if s[at] == '\r' && end < len(s) && s[end] == '\n' {
			end++
		}
		lines = append(lines, line{text: s[:at], eol: s[at:end]})
		s = s[end:]
	}
	return lines
}

func isSpace(r rune) bool { return syntax.IsSpace(r) }

func strip(s string) string { return syntax.Strip(s) }
