package awsargs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/portico-sso/portico/internal/output"
)

// parseJSON reads one JSON value: objects keep their order, of two members of one
// name the last one counts, integers stay integers, and NaN and Infinity are
// numbers. Complaints are those of Python's json.
func parseJSON(text string) (any, error) {
	p := &jsonParser{text: text}
	p.space()
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at < len(text) {
		return nil, p.errorf(p.at, "Extra data")
	}
	return v, nil
}

type jsonParser struct {
	text  string
	at    int // in bytes
	depth int
}

func (p *jsonParser) errorf(at int, problem string) error {
	before := p.text[:at]
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Errorf("%s: line %d column %d (char %d)", problem, strings.Count(before, "\n")+1, column, utf8.RuneCountInString(before))
}

func (p *jsonParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *jsonParser) is(c byte) bool { return p.at < len(p.text) && p.text[p.at] == c }

func (p *jsonParser) value() (any, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf(p.at, fmt.Sprintf("Values lie more than %d deep in one another", maxDepth))
	}
	defer func() { p.depth-- }()
	switch {
	case p.is('"'):
		return p.string()
	case p.is('{'):
		return p.object()
	case p.is('['):
		return p.list()
	}
	for word, v := range map[string]any{"null": nil, "true": true, "false": false, "NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)} {
		if strings.HasPrefix(p.text[p.at:], word) {
			p.at += len(word)
			return v, nil
		}
	}
	return p.number()
}

func (p *jsonParser) object() (any, error) {
	p.at++
	p.space()
	o := output.Object{}
	if p.is('}') {
		p.at++
		return o, nil
	}
	for {
		if !p.is('"') {
			return nil, p.errorf(p.at, "Expecting property name enclosed in double quotes")
		}
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		p.space()
		if !p.is(':') {
			return nil, p.errorf(p.at, "Expecting ':' delimiter")
		}
		p.at++
		p.space()
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		o = o.With(name, v)
		p.space()
		if p.is('}') {
			p.at++
			return o, nil
		}
		if !p.is(',') {
			return nil, p.errorf(p.at, "Expecting ',' delimiter")
		}
		p.at++
		p.space()
	}
}

func (p *jsonParser) list() (any, error) {
	p.at++
	p.space()
	list := []any{}
	if p.is(']') {
		p.at++
		return list, nil
	}
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		p.space()
		if p.is(']') {
			p.at++
			return list, nil
		}
		if !p.is(',') {
			return nil, p.errorf(p.at, "Expecting ',' delimiter")
		}
		p.at++
		p.space()
	}
}

func (p *jsonParser) number() (any, error) {
	start := p.at
	digits := func() int {
		from := p.at
		for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
			p.at++
		}
		return p.at - from
	}
	if p.is('-') {
		p.at++
	}
	if p.is('0') {
		p.at++
	} else if digits() == 0 {
		p.at = start
		return nil, p.errorf(start, "Expecting value")
	}
	whole := true
	if end := p.at; p.is('.') {
		if p.at++; digits() == 0 {
			p.at = end
		} else {
			whole = false
		}
	}
	if end := p.at; p.is('e') || p.is('E') {
		if p.at++; p.is('+') || p.is('-') {
			p.at++
		}
		if digits() == 0 {
			p.at = end
		} else {
			whole = false
		}
	}
	text := p.text[start:p.at]
	if whole {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return nil, p.errorf(start, "Expecting value")
	}
	return f, nil
}

func (p *jsonParser) string() (string, error) {
	start := p.at
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return b.String(), nil
		case c < 0x20:
			return "", p.errorf(p.at, "Invalid control character at")
		case c != '\\':
			b.WriteByte(c)
		default:
			r, err := p.escape(start)
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		}
	}
	return "", p.errorf(start, "Unterminated string starting at")
}

// escape reads what a backslash begins, up to its last character.
func (p *jsonParser) escape(start int) (rune, error) {
	if p.at++; p.at >= len(p.text) {
		return 0, p.errorf(start, "Unterminated string starting at")
	}
	if c := p.text[p.at]; c != 'u' {
		i := strings.IndexByte(`"\/bfnrt`, c)
		if i < 0 {
			return 0, p.errorf(p.at-1, "Invalid \\escape")
		}
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	r, ok := p.hex()
	if !ok {
		return 0, p.errorf(p.at, "Invalid \\uXXXX escape")
	}
	p.at += 4
	if utf16.IsSurrogate(r) && strings.HasPrefix(p.text[p.at+1:], `\u`) {
		p.at += 2
		if low, ok := p.hex(); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				p.at += 4
				return pair, nil
			}
		}
		p.at -= 2
	}
	return r, nil
}

// hex reads the four digits after the current character.
func (p *jsonParser) hex() (rune, bool) {
	if p.at+5 > len(p.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.text[p.at+1:p.at+5], 16, 16)
	return rune(n), err == nil
}
