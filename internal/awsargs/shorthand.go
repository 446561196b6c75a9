package awsargs

import (
	"fmt"
	"strings"

	"github.com/portico-sso/portico/internal/output"
)

// The shorthand syntax, as the AWS CLI reads it:
//
//	parameter = pair *("," pair)
//	pair      = key ["@"] "=" [values]          ; @ loads file:// and fileb://
//	values    = word *("," word) / list / hash  ; several words make a list
//	list      = "[" [value *("," value)] "]"
//	hash      = "{" [hpair *("," hpair)] "}"
//	hpair     = key ["@"] "=" value
//	value     = word / list / hash
//	word      = plain / 'quoted' / "quoted"
//
// A plain word ends before a comma unless a backslash is before that. What may
// stand in it depends on where it is: a later word of several may not hold "=",
// or Key=a,Value=b could not be told from a list.
type shorthandParser struct {
	input []rune
	at    int
	depth int
	load  func(name string) (content any, loaded bool, err error)
	files bool // the value that is read came after @=
}

// A shorthandError is text that is not in the syntax.
type shorthandError struct{ text string }

func (e *shorthandError) Error() string { return e.text }

// maxDepth is how deep lists and hashes may lie in one another.
const maxDepth = 200

// parseShorthand reads a text. load opens the files it names.
func parseShorthand(text string, load func(string) (any, bool, error)) (output.Object, error) {
	p := &shorthandParser{input: []rune(text), load: load}
	o := output.Object{}
	for first := true; first || p.at < len(p.input); first = false {
		last := p.at
		if !first {
			if err := p.expectAmid(','); err != nil {
				return nil, err
			}
		}
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		v, err := p.values()
		if err != nil {
			return nil, err
		}
		if _, twice := o.Get(key); twice {
			return nil, &shorthandError{fmt.Sprintf("Second instance of key \"%s\" encountered for input:\n%s\nThis is often because there is a preceding \",\" instead of a space.", key, p.mark(last+1))}
		}
		o = append(o, output.Member{Name: key, Value: v})
	}
	return o, nil
}

// key reads a key and the sign after it.
func (p *shorthandParser) key() (string, error) {
	start := p.at
	for p.at < len(p.input) && isKey(p.input[p.at]) {
		p.at++
	}
	key := string(p.input[start:p.at])
	p.space()
	if p.files = p.is('@'); p.files {
		p.at++
	}
	return key, p.expectAmid('=')
}

func (p *shorthandParser) values() (any, error) {
	if p.at >= len(p.input) {
		return "", nil
	}
	if p.is('[') || p.is('{') {
		return p.value()
	}
	first, err := p.word()
	if err != nil {
		return nil, err
	}
	p.space()
	if !p.is(',') {
		return first, nil
	}
	p.at++
	p.space()
	list := []any{first}
	for {
		v, err := p.laterWord()
		if err == nil {
			p.space()
			if p.at >= len(p.input) {
				return append(list, v), nil
			}
			err = p.expectAmid(',')
		}
		if _, ok := err.(*shorthandError); ok && p.at < len(p.input) {
			// That was the next key: back to the comma before it.
			for p.input[p.at] != ',' {
				p.at--
			}
			break
		}
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if len(list) == 1 {
		return first, nil
	}
	return list, nil
}

// value reads a value inside of a list or a hash.
func (p *shorthandParser) value() (any, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, &shorthandError{fmt.Sprintf("Values lie more than %d deep in one another.", maxDepth)}
	}
	defer func() { p.depth-- }()
	switch {
	case p.is('['):
		return p.list()
	case p.is('{'):
		return p.hash()
	}
	return p.word()
}

func (p *shorthandParser) list() (any, error) {
	p.at++
	p.space()
	list := []any{}
	for !p.is(']') {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if err := p.separator(']'); err != nil {
			return nil, err
		}
	}
	p.at++
	return list, nil
}

func (p *shorthandParser) hash() (any, error) {
	p.at++
	p.space()
	o := output.Object{}
	for !p.is('}') {
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		o = o.With(key, v)
		if err := p.separator('}'); err != nil {
			return nil, err
		}
	}
	p.at++
	return o, nil
}

// separator passes the comma after an element, unless the end is there.
func (p *shorthandParser) separator(end rune) error {
	p.space()
	if p.is(end) {
		return nil
	}
	if err := p.expect(','); err != nil {
		return err
	}
	p.space()
	return nil
}

// word reads a word where "=" may stand in one.
func (p *shorthandParser) word() (any, error) {
	if p.is('\'') || p.is('"') {
		return p.quoted()
	}
	return p.loaded(p.plain(func(r rune) bool { return r != ']' && r != '}' }))
}

// laterWord reads a word after a comma, which has to be there.
func (p *shorthandParser) laterWord() (any, error) {
	if p.is('\'') || p.is('"') {
		return p.quoted()
	}
	start := p.at
	text := p.plain(func(r rune) bool { return r != '=' })
	if p.at == start {
		return nil, p.expected("<second>", "<none>")
	}
	return p.loaded(text)
}

// plain reads a word without quotes, perhaps none.
func (p *shorthandParser) plain(follows func(rune) bool) string {
	start := p.at
	for p.at < len(p.input) {
		r := p.input[p.at]
		escaped := r == '\\' && p.at+1 < len(p.input) && p.input[p.at+1] == ','
		switch {
		case escaped:
			p.at += 2
			continue
		case p.at == start && startsWord(r), p.at > start && mayFollow(r) && follows(r):
			p.at++
			continue
		}
		break
	}
	return strings.TrimRightFunc(strings.ReplaceAll(string(p.input[start:p.at]), `\,`, ","), isSpace)
}

// quoted reads a word in quotes. A quote after a backslash does not end it,
// unless there is no other that could.
func (p *shorthandParser) quoted() (any, error) {
	quote, end, fallback := p.input[p.at], -1, -1
	for i := p.at + 1; i < len(p.input) && end < 0; i++ {
		next := rune(-1)
		if i+1 < len(p.input) {
			next = p.input[i+1]
		}
		switch r := p.input[i]; {
		case r == '\\' && next == '\\':
			i++
		case r == '\\' && next == quote:
			i++
			fallback = i
		case r == quote:
			end = i
		}
	}
	if end < 0 {
		end = fallback
	}
	if end < 0 {
		return nil, p.expected(map[rune]string{'\'': "<singled quoted>", '"': "<double quoted>"}[quote], "<none>")
	}
	text := string(p.input[p.at+1 : end])
	p.at = end + 1
	text = strings.ReplaceAll(text, `\`+string(quote), string(quote))
	return p.loaded(strings.ReplaceAll(text, `\\`, `\`))
}

// loaded is the file that a word names after @=, and else the word.
func (p *shorthandParser) loaded(word string) (any, error) {
	if p.files {
		content, ok, err := p.load(word)
		if ok || err != nil {
			return content, err
		}
	}
	return word, nil
}

func (p *shorthandParser) is(r rune) bool { return p.at < len(p.input) && p.input[p.at] == r }

func (p *shorthandParser) space() {
	for p.at < len(p.input) && strings.ContainsRune(" \t\n\r\v\f", p.input[p.at]) {
		p.at++
	}
}

func (p *shorthandParser) expect(r rune) error {
	switch {
	case p.at >= len(p.input):
		return p.expected(string(r), "EOF")
	case p.input[p.at] != r:
		return p.expected(string(r), string(p.input[p.at]))
	}
	p.at++
	return nil
}

// expectAmid is expect with space around.
func (p *shorthandParser) expectAmid(r rune) error {
	p.space()
	if err := p.expect(r); err != nil {
		return err
	}
	p.space()
	return nil
}

func (p *shorthandParser) expected(want, got string) error {
	return &shorthandError{fmt.Sprintf("Expected: '%s', received: '%s' for input:\n%s", want, got, p.mark(p.at))}
}

// mark shows the text with a caret under the character of that index.
func (p *shorthandParser) mark(index int) string {
	before, after := string(p.input[:min(index, len(p.input))]), string(p.input[min(index, len(p.input)):])
	line, rest := after, ""
	if i := strings.IndexByte(after, '\n'); i >= 0 {
		line, rest = after[:i], after[i:]
	}
	column := index
	if i := strings.LastIndexByte(before, '\n'); i >= 0 {
		column = len([]rune(before[i+1:]))
	}
	return before + line + "\n" + strings.Repeat(" ", column) + "^" + rest
}

func isKey(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.#/:", r)
}

// startsWord reports whether a word without quotes may begin so.
func startsWord(r rune) bool {
	return r > ' ' && !strings.ContainsRune(`"',=[{`, r)
}

// mayFollow reports whether it may go on so, wherever it stands.
func mayFollow(r rune) bool {
	return (r > ' ' || isSpace(r)) && !strings.ContainsRune(`"',`, r)
}
