package output

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The AWS CLI writes YAML with libyaml, and so its idea of where a line ends,
// what needs quotes and which kind is the one to follow. Lists and objects are
// in block style, members alphabetical.

// yamlText writes a value. One that is no list or object is written as JSON,
// since YAML would follow it with the end of the document.
func yamlText(v any) (string, error) {
	if isScalar(v) {
		b, err := appendJSON(nil, v, jsonStyle{}, 0)
		return string(b) + "\n", err
	}
	w := &yamlWriter{indent: -1, spaced: true, indented: true, anchors: map[identity]string{}}
	w.findAliases(v)
	w.node(v, false)
	w.newline()
	return w.b.String(), nil
}

const (
	yamlIndent = 2
	yamlWidth  = 80  // a space past it becomes the end of the line
	yamlKey    = 128 // the longest key, in bytes, that stands before its colon
)

type yamlWriter struct {
	b      strings.Builder
	column int
	indent int // of the block being written; -1 before the first

	spaced   bool // no space is needed before what comes next
	indented bool // the line so far is only indentation: spaces, dashes and question marks

	anchors map[identity]string // of each list and object; "" where there is only one of it
	aliases int
	written map[identity]bool
}

// An identity tells lists and objects apart that are alike.
type identity struct{ first any }

// identify returns a list's or an object's identity, if it has one: an empty
// one may have no memory of its own.
func identify(v any) (identity, bool) {
	switch v := v.(type) {
	case []any:
		if cap(v) > 0 {
			return identity{&v[:1][0]}, true
		}
	case Object:
		if cap(v) > 0 {
			return identity{&v[:1][0]}, true
		}
	}
	return identity{}, false
}

// findAliases names what a query has selected more than once. It is written the
// first time and referred to later.
func (w *yamlWriter) findAliases(v any) {
	if id, ok := identify(v); ok {
		if name, again := w.anchors[id]; again {
			if name == "" {
				w.aliases++
				w.anchors[id] = fmt.Sprintf("id%03d", w.aliases)
			}
			return
		}
		w.anchors[id] = ""
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			w.findAliases(e)
		}
	case Object:
		for _, m := range alphabetical(v) {
			w.findAliases(m.Value)
		}
	}
}

func alphabetical(o Object) Object {
	o = slices.Clone(o)
	slices.SortStableFunc(o, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return o
}

// node writes a value; member says whether it is an object's.
func (w *yamlWriter) node(v any, member bool) {
	if id, ok := identify(v); ok && w.anchors[id] != "" {
		if w.written[id] {
			w.mark("*"+w.anchors[id], true, false)
			return
		}
		if w.written == nil {
			w.written = map[identity]bool{}
		}
		w.written[id] = true
		w.mark("&"+w.anchors[id], true, false)
	}
	outer := w.indent
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			w.mark("[]", true, false)
			return
		}
		// Dashes stand below the name they belong to, no further in.
		if !member || w.indented {
			w.deepen()
		}
		for _, e := range v {
			w.newline()
			w.mark("-", true, true)
			w.node(e, false)
		}
	case Object:
		if len(v) == 0 {
			w.mark("{}", true, false)
			return
		}
		w.deepen()
		for _, m := range alphabetical(v) {
			w.newline()
			if style := styleOf(m.Name); len(m.Name) <= yamlKey && !style.multiline {
				w.text(m.Name, style, false)
				w.mark(":", false, false)
			} else {
				w.mark("?", true, true)
				w.text(m.Name, style, true)
				w.newline()
				w.mark(":", true, true)
			}
			w.node(m.Value, true)
		}
	case string:
		w.text(v, styleOf(v), true)
	default:
		w.mark(yamlScalar(v), true, false)
	}
	w.indent = outer
}

// yamlScalar is a scalar that is no string.
func yamlScalar(v any) string {
	if f, ok := v.(float64); ok {
		switch {
		case math.IsInf(f, 1):
			return ".inf"
		case math.IsInf(f, -1):
			return "-.inf"
		case math.IsNaN(f):
			return ".nan"
		}
	}
	if v == nil {
		return "null"
	}
	return strings.ToLower(repr(v))
}

func (w *yamlWriter) deepen() {
	if w.indent < 0 {
		w.indent = 0
	} else {
		w.indent += yamlIndent
	}
}

func (w *yamlWriter) put(s string) {
	w.b.WriteString(s)
	w.column += len([]rune(s))
}

func (w *yamlWriter) endLine(r rune) {
	w.b.WriteRune(r)
	w.column = 0
}

// newline goes to where the block's next line starts, which may be here.
func (w *yamlWriter) newline() {
	indent := max(w.indent, 0)
	if !w.indented || w.column > indent || w.column == indent && !w.spaced {
		w.endLine('\n')
	}
	w.put(strings.Repeat(" ", max(indent-w.column, 0)))
	w.spaced, w.indented = true, true
}

// mark writes text that is not folded, after a space if it wants one. The line
// remains indentation only if the text is.
func (w *yamlWriter) mark(s string, space, indentation bool) {
	if space && !w.spaced {
		s = " " + s
	}
	w.put(s)
	w.spaced, w.indented = false, w.indented && indentation
}

// A yamlStyle says how a string can be written.
type yamlStyle struct {
	plain     bool // as it is
	single    bool // in single quotes
	multiline bool
}

func styleOf(s string) yamlStyle {
	const first = "#,[]{}&*!|>'\"%@`"
	if s == "" {
		return yamlStyle{single: true}
	}
	style := yamlStyle{single: true}
	style.plain = !meansOther(s) && !strings.HasPrefix(s, "---") && !strings.HasPrefix(s, "...") && !strings.ContainsRune(first, rune(s[0]))
	runes := []rune(s)
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return '\n' // both ends are as good as a break
		}
		return runes[i]
	}
	for i, r := range runes {
		before, after := at(i-1), at(i+1)
		if !isYAMLPrintable(r) {
			style.plain, style.single = false, false
		}
		switch {
		case isBreak(r):
			style.plain, style.multiline = false, true
		case r == ' ':
			if i == 0 || i == len(runes)-1 {
				style.plain = false
			}
			// The space would be lost with the break beside it.
			if i > 0 && isBreak(before) || i < len(runes)-1 && isBreak(after) {
				style.single = false
			}
		case r == ':' && isBlank(after), r == '#' && isBlank(before),
			i == 0 && (r == '-' || r == '?') && isBlank(after):
			style.plain = false
		}
	}
	return style
}

// text writes a string; fold says whether it may go over several lines.
func (w *yamlWriter) text(s string, style yamlStyle, fold bool) {
	indent := w.indent
	w.indent = max(indent+yamlIndent, yamlIndent)
	switch {
	case style.plain:
		w.plain([]rune(s), fold)
	case style.single:
		w.singleQuoted([]rune(s), fold)
	default:
		w.doubleQuoted([]rune(s), fold)
	}
	w.indent = indent
	w.spaced, w.indented = false, false
}

// foldsAt reports whether the space at i can be the end of a line.
func (w *yamlWriter) foldsAt(runes []rune, i int) bool {
	return w.column > yamlWidth && runes[i-1] != ' '
}

func (w *yamlWriter) plain(runes []rune, fold bool) {
	w.mark("", true, false)
	for i, r := range runes {
		if fold && r == ' ' && w.foldsAt(runes, i) && runes[i+1] != ' ' {
			w.newline()
		} else {
			w.put(string(r))
		}
	}
}

func (w *yamlWriter) singleQuoted(runes []rune, fold bool) {
	w.mark("'", true, false)
	broken := false // the last character was a break
	for i, r := range runes {
		switch {
		case r == ' ':
			if fold && i > 0 && i < len(runes)-1 && w.foldsAt(runes, i) && runes[i+1] != ' ' {
				w.newline()
			} else {
				w.put(" ")
			}
		case isBreak(r):
			if !broken && r == '\n' {
				w.endLine('\n') // one alone would read as a space
			}
			w.endLine(r)
			w.indented, broken = true, true
		default:
			if broken {
				w.newline()
			}
			if r == '\'' {
				w.put("'")
			}
			w.put(string(r))
			w.indented, broken = false, false
		}
	}
	if broken {
		w.newline()
	}
	w.put("'")
}

// yamlEscapes are the escapes with a letter of their own.
var yamlEscapes = map[rune]string{
	0: `\0`, '\a': `\a`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\v': `\v`, '\f': `\f`, '\r': `\r`, 0x1b: `\e`,
	'"': `\"`, '\\': `\\`, 0x85: `\N`, 0xa0: `\_`, 0x2028: `\L`, 0x2029: `\P`,
}

func (w *yamlWriter) doubleQuoted(runes []rune, fold bool) {
	w.mark(`"`, true, false)
	for i, r := range runes {
		switch {
		case r == ' ':
			if fold && i > 0 && i < len(runes)-1 && w.foldsAt(runes, i) {
				w.newline()
				if runes[i+1] == ' ' {
					w.put(`\`)
				}
			} else {
				w.put(" ")
			}
		case isYAMLPrintable(r) && !isBreak(r) && r != '"' && r != '\\':
			w.put(string(r))
		case yamlEscapes[r] != "":
			w.put(yamlEscapes[r])
		case r <= 0xff:
			w.put(fmt.Sprintf(`\x%02X`, r))
		case r <= 0xffff:
			w.put(fmt.Sprintf(`\u%04X`, r))
		default:
			w.put(fmt.Sprintf(`\U%08X`, r))
		}
	}
	w.put(`"`)
}

// isYAMLPrintable follows libyaml, to which emoji are not.
func isYAMLPrintable(r rune) bool {
	return r == '\n' || r >= ' ' && r <= '~' || r >= 0xa0 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd && r != 0xfeff
}

func isBreak(r rune) bool {
	switch r {
	case '\r', '\n', 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == 0 || isBreak(r) }

// What YAML 1.2 reads as something other than text. Both dates and the = and <<
// of YAML 1.1 are among it.
var (
	yamlWord = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:true|True|TRUE|false|False|FALSE|null|Null|NULL|~|=|<<|)$`)
	})
	yamlInt = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+)$`)
	})
	yamlFloat = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	})
	yamlTimestamp = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$`)
	})
)

// meansOther reports whether a string without quotes would be read as something
// else. Numbers start with a digit, a sign or a point, never with _.
func meansOther(s string) bool {
	if yamlWord().MatchString(s) {
		return true
	}
	if !strings.ContainsRune("-+.0123456789", rune(s[0])) {
		return false
	}
	return yamlInt().MatchString(s) || yamlFloat().MatchString(s) || yamlTimestamp().MatchString(s)
}
