package awsconfig

import (
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig/syntax"
)

// Kinds of sections.
const (
	KindProfile  = syntax.Profile  // [default], [profile X]
	KindSession  = syntax.Session  // [sso-session X]
	KindServices = syntax.Services // [services X]
	// KindCredentials is a section of the credentials file: [X], never quoted.
	KindCredentials = "credentials"
)

// inherited is the section whose keys every other section has too.
const inherited = syntax.Inherited

// Section names a section by what it means, not by how its header is spelled.
// The default profile is {KindProfile, "default"}.
type Section struct{ Kind, Name string }

// String is the header's text as this package would write it.
func (s Section) String() string { return headerText(s) }

// KeyValue is one change: a nil Value removes the key. With Sub it is a change of
// that one setting in the block nested under the key; those are only ever set.
// With To it gives the key another name, and nothing else changes; a section
// that does not have the key stays as it is.
type KeyValue struct {
	Key, Sub string
	Value    *string
	To       string
}

// Set gives key a value.
func Set(key, value string) KeyValue { return KeyValue{Key: key, Value: &value} }

// SetSub gives a setting in the block nested under key a value.
func SetSub(key, sub, value string) KeyValue { return KeyValue{Key: key, Sub: sub, Value: &value} }

// Rename calls a key by another name. What the two end in alike keeps its case.
func Rename(key, to string) KeyValue { return KeyValue{Key: key, To: to} }

// Unset removes key.
func Unset(key string) KeyValue { return KeyValue{Key: key} }

// Document is one file, byte for byte.
type Document struct {
	name     string
	preamble []line // blank lines and comments before the first header
	sections []*block
	// Where reading finds a section: by meaning and by header, the last one.
	byMeaning map[Section]int
	byHeader  map[string]int
	twice     bool // several headers mean the same
}

// block is a header and the lines below it.
type block struct {
	header  line
	raw     string // text between the brackets
	section Section
	named   bool // the header means section to a reader of the config file
	lines   []line
}

type lineKind int

const (
	lineBlank lineKind = iota
	lineComment
	lineHeader
	lineOption
	lineMore // continues the value above it
)

type line struct {
	text   string
	eol    string // "\n", "\r\n", "\r" or nothing at the end of the file
	kind   lineKind
	number int    // in the file as parsed; 0 for lines added since
	key    string // of an option, lower case
	value  string // stripped: what follows the delimiter, or the whole continuation
}

// option is a key with its lines.
type option struct {
	key    string
	value  string            // as configparser joins it
	nested map[string]string // when the value is a block of settings
	number int
	at     int // index of its first line in the block
}

// Bytes are the file's bytes; without an edit exactly those parsed.
func (d *Document) Bytes() []byte {
	var b strings.Builder
	write := func(l line) {
		b.WriteString(l.text)
		b.WriteString(l.eol)
	}
	for _, l := range d.preamble {
		write(l)
	}
	for _, s := range d.sections {
		write(s.header)
		for _, l := range s.lines {
			write(l)
		}
	}
	return []byte(b.String())
}

// Has tells whether a reader finds the section.
func (d *Document) Has(s Section) bool { return d.find(s) != nil }

// Lookup is the value of a key written in the section itself; a nested block
// has none.
func (d *Document) Lookup(s Section, key string) (string, bool) {
	b := d.find(s)
	if b == nil {
		return "", false
	}
	o, ok := b.option(strings.ToLower(key))
	if !ok || o.nested != nil {
		return "", false
	}
	return o.value, true
}

// find is the section reading uses.
func (d *Document) find(s Section) *block {
	if at := d.index(s); at >= 0 {
		return d.sections[at]
	}
	return nil
}

// index is where the section reading uses is, or -1. Where several headers mean
// the same, the last one replaces the others.
func (d *Document) index(s Section) int {
	var at int
	var ok bool
	switch {
	case s.Kind != KindCredentials:
		at, ok = d.byMeaning[s]
	case s.Name != inherited:
		at, ok = d.byHeader[s.Name]
	}
	if !ok {
		return -1
	}
	return at
}

func (d *Document) addSection(b *block) {
	if d.byHeader == nil {
		d.byMeaning, d.byHeader = map[Section]int{}, map[string]int{}
	}
	d.byHeader[b.raw] = len(d.sections)
	if b.named {
		_, again := d.byMeaning[b.section]
		d.twice = d.twice || again
		d.byMeaning[b.section] = len(d.sections)
	}
	d.sections = append(d.sections, b)
}

// options are the keys of the block in file order.
func (b *block) options() []option {
	n := 0
	for i := range b.lines {
		if b.lines[i].kind == lineOption {
			n++
		}
	}
	all := make([]option, 0, n)
	for i := range b.lines {
		if b.lines[i].kind == lineOption {
			all = append(all, b.optionAt(i))
		}
	}
	return all
}

func (b *block) option(key string) (option, bool) {
	for i := range b.lines {
		if b.lines[i].kind == lineOption && b.lines[i].key == key {
			return b.optionAt(i), true
		}
	}
	return option{}, false
}

// optionAt reads the option that begins at a line as configparser does: blank
// lines inside a value count, comments do not, and the end is trimmed.
func (b *block) optionAt(at int) option {
	first := &b.lines[at]
	o := option{key: first.key, number: first.number, at: at, value: first.value}
	var more []string // nil for most
	for i := at + 1; i < len(b.lines) && b.lines[i].kind != lineOption; i++ {
		switch l := &b.lines[i]; l.kind {
		case lineBlank:
			more = append(more, "")
		case lineMore:
			more = append(more, l.value)
		}
	}
	if len(more) > 0 {
		o.value = strings.Join(append([]string{o.value}, more...), "\n")
	}
	o.value = strings.TrimRightFunc(o.value, isSpace)
	if strings.HasPrefix(o.value, "\n") {
		o.nested = parseNested(o.value)
	}
	return o
}

func parseNested(value string) map[string]string {
	nested := map[string]string{}
	for _, l := range splitLines(value) {
		key, v, ok := strings.Cut(l, "=")
		if ok {
			nested[strip(key)] = strip(v)
		}
	}
	return nested
}

// splitLines cuts at everything Python calls a line boundary, which is more
// than ends a line of a file.
func splitLines(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		switch r {
		case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
			return true
		}
		return false
	})
}
