package output

import (
	"fmt"
	"slices"
	"strings"
)

// binding is how strongly a token binds what stands left of it. Kinds that are
// not here end an expression.
var binding = map[kind]int{
	tPipe: 1, tOr: 2, tAnd: 3,
	tEqual: 5, tNotEqual: 5, tLess: 5, tLessEqual: 5, tMore: 5, tMoreEqual: 5,
	tFlatten: 9, tStar: 20, tFilter: 21, tDot: 40, tNot: 45, tLbrace: 50, tLbracket: 55, tLparen: 60,
}

// endsProjection is the binding below which a token is no part of what is done
// to each element.
const endsProjection = 10

// A parser reads an expression by operator precedence. After the first problem
// it sees only the end of the expression.
type parser struct {
	expression string
	tokens     []token
	at         int
	problem    string
}

func (p *parser) parse() node {
	n := p.parseExpression(0)
	if t := p.peek(0); t.kind != tEOF {
		p.fail(t, "Unexpected token: "+t.shown())
	}
	return n
}

func (p *parser) peek(n int) token {
	if p.problem != "" || p.at+n >= len(p.tokens) {
		return p.tokens[len(p.tokens)-1]
	}
	return p.tokens[p.at+n]
}

func (p *parser) next() token {
	t := p.peek(0)
	p.at++
	return t
}

// fail notes a problem at a token.
func (p *parser) fail(t token, reason string) node {
	if p.problem == "" {
		p.problem = fmt.Sprintf("%s: Parse error at column %d, token \"%s\" (%s), for expression:\n\"%s\"\n%s^",
			reason, t.start, t.shown(), strings.ToUpper(string(t.kind)), p.expression, strings.Repeat(" ", t.start+1))
	}
	return current{}
}

// failAt is fail, with a message of its own for an expression that ends early.
func (p *parser) failAt(t token, reason string) node {
	if t.kind == tEOF && p.problem == "" {
		p.problem = fmt.Sprintf("Invalid jmespath expression: Incomplete expression:\n\"%s\"\n%s^",
			p.expression, strings.Repeat(" ", t.start+1))
	}
	return p.fail(t, reason)
}

// shown is the token's value as messages show it.
func (t token) shown() string {
	switch v := t.value.(type) {
	case nil:
		return t.text
	case int:
		return fmt.Sprint(v)
	default:
		return scalarText(v)
	}
}

func (p *parser) expect(kinds ...kind) token {
	t := p.next()
	if !slices.Contains(kinds, t.kind) {
		expected := string(kinds[0])
		if len(kinds) > 1 {
			expected = kindList(kinds)
		}
		p.failAt(t, fmt.Sprintf("Expecting: %s, got: %s", expected, t.kind))
	}
	return t
}

func kindList(kinds []kind) string {
	list := make([]any, len(kinds))
	for i, k := range kinds {
		list[i] = string(k)
	}
	return repr(list)
}

func (p *parser) parseExpression(power int) node {
	left := p.parsePrefix(p.next())
	for p.problem == "" && power < binding[p.peek(0).kind] {
		left = p.parseInfix(left, p.next())
	}
	return left
}

// parsePrefix reads what a token begins.
func (p *parser) parsePrefix(t token) node {
	switch t.kind {
	case tLiteral:
		return literal{t.value}
	case tUnquoted:
		return field{t.value.(string)}
	case tQuoted:
		if open := p.peek(0); open.kind == tLparen {
			return p.fail(token{kind: tLparen, text: open.text}, "Quoted identifier not allowed for function names.")
		}
		return field{t.value.(string)}
	case tCurrent:
		return current{}
	case tStar:
		if p.peek(0).kind == tRbracket {
			return projection{of: values{current{}}, each: current{}}
		}
		return projection{of: values{current{}}, each: p.parseEach(tStar)}
	case tFilter:
		return p.parseFilter(current{})
	case tFlatten:
		return projection{of: flatten{current{}}, each: p.parseEach(tFlatten)}
	case tLbrace:
		return p.parseHash()
	case tLparen:
		n := p.parseExpression(0)
		p.expect(tRparen)
		return n
	case tNot:
		return not{p.parseExpression(binding[tNot])}
	case tReference:
		return makeReference{p.parseExpression(binding[tReference])}
	case tLbracket:
		switch first := p.peek(0).kind; {
		case first == tNumber || first == tColon:
			return p.parseIndex(current{})
		case first == tStar && p.peek(1).kind == tRbracket:
			p.next()
			p.next()
			return projection{of: current{}, each: p.parseEach(tStar)}
		}
		return p.parseList()
	}
	return p.failAt(t, "invalid token")
}

// parseInfix reads what a token makes of the expression before it.
func (p *parser) parseInfix(left node, t token) node {
	switch t.kind {
	case tDot:
		if p.peek(0).kind == tStar {
			p.next()
			return projection{of: values{left}, each: p.parseEach(tDot)}
		}
		return chain{left, p.parseAfterDot(tDot)}
	case tPipe:
		return chain{left, p.parseExpression(binding[tPipe])}
	case tOr:
		return or{left, p.parseExpression(binding[tOr])}
	case tAnd:
		return and{left, p.parseExpression(binding[tAnd])}
	case tEqual, tNotEqual, tLess, tLessEqual, tMore, tMoreEqual:
		return comparison{t.kind, left, p.parseExpression(binding[t.kind])}
	case tFilter:
		return p.parseFilter(left)
	case tFlatten:
		return projection{of: flatten{left}, each: p.parseEach(tFlatten)}
	case tLbracket:
		if first := p.peek(0).kind; first == tNumber || first == tColon {
			return p.parseIndex(left)
		}
		p.expect(tStar)
		p.expect(tRbracket)
		return projection{of: left, each: p.parseEach(tStar)}
	case tLparen:
		name, ok := left.(field)
		if !ok {
			before := p.tokens[p.at-2]
			return p.fail(before, fmt.Sprintf("Invalid function name '%s'", before.shown()))
		}
		return p.parseCall(name.name)
	}
	return p.fail(t, "invalid token")
}

func (p *parser) parseCall(name string) node {
	c := call{name: name}
	for p.problem == "" && p.peek(0).kind != tRparen {
		c.args = append(c.args, p.parseExpression(0))
		if p.peek(0).kind == tComma {
			p.next()
		}
	}
	p.expect(tRparen)
	return c
}

func (p *parser) parseFilter(left node) node {
	condition := p.parseExpression(0)
	p.expect(tRbracket)
	if p.peek(0).kind == tFlatten {
		return projection{of: left, where: condition, each: current{}}
	}
	return projection{of: left, where: condition, each: p.parseEach(tFilter)}
}

// parseIndex reads the rest of [n] or [start:stop:step].
func (p *parser) parseIndex(left node) node {
	if p.peek(0).kind == tNumber && p.peek(1).kind != tColon {
		n := index{p.next().value.(int)}
		p.expect(tRbracket)
		return chain{left, n}
	}
	var s slice
	part := 0
	for p.problem == "" && p.peek(0).kind != tRbracket {
		t := p.next()
		switch {
		case t.kind == tNumber:
			n := t.value.(int)
			s.parts[part] = &n
		case t.kind == tColon && part < 2:
			part++
		default:
			p.fail(t, "syntax error")
		}
	}
	p.expect(tRbracket)
	return projection{of: chain{left, s}, each: p.parseEach(tStar)}
}

func (p *parser) parseList() node {
	var l multiList
	for {
		l.elements = append(l.elements, p.parseExpression(0))
		if p.problem != "" || p.peek(0).kind == tRbracket {
			break
		}
		p.expect(tComma)
	}
	p.expect(tRbracket)
	return l
}

func (p *parser) parseHash() node {
	var h multiHash
	for p.problem == "" {
		name, _ := p.expect(tQuoted, tUnquoted).value.(string)
		p.expect(tColon)
		h.names = append(h.names, name)
		h.values = append(h.values, p.parseExpression(0))
		switch p.peek(0).kind {
		case tComma:
			p.next()
		case tRbrace:
			p.next()
			return h
		}
	}
	return h
}

// parseEach reads what is done to each element of a projection.
func (p *parser) parseEach(after kind) node {
	t := p.peek(0)
	switch {
	case binding[t.kind] < endsProjection:
		return current{}
	case t.kind == tLbracket || t.kind == tFilter:
		return p.parseExpression(binding[after])
	case t.kind == tDot:
		p.next()
		return p.parseAfterDot(after)
	}
	return p.fail(t, "syntax error")
}

func (p *parser) parseAfterDot(after kind) node {
	switch t := p.peek(0); t.kind {
	case tQuoted, tUnquoted, tStar:
		return p.parseExpression(binding[after])
	case tLbracket:
		p.next()
		return p.parseList()
	case tLbrace:
		p.next()
		return p.parseHash()
	default:
		allowed := kindList([]kind{tQuoted, tUnquoted, tLbracket, tLbrace})
		return p.fail(t, fmt.Sprintf("Expecting: %s, got: %s", allowed, t.kind))
	}
}
