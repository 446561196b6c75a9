package output

import (
	"fmt"
	"strconv"
	"strings"
)

type kind string

// The kinds of tokens, by the names that messages use.
const (
	tEOF       kind = "eof"
	tUnquoted  kind = "unquoted_identifier"
	tQuoted    kind = "quoted_identifier"
	tLiteral   kind = "literal"
	tNumber    kind = "number"
	tDot       kind = "dot"
	tStar      kind = "star"
	tRbracket  kind = "rbracket"
	tLbracket  kind = "lbracket"
	tFlatten   kind = "flatten"
	tFilter    kind = "filter"
	tComma     kind = "comma"
	tColon     kind = "colon"
	tCurrent   kind = "current"
	tLparen    kind = "lparen"
	tRparen    kind = "rparen"
	tLbrace    kind = "lbrace"
	tRbrace    kind = "rbrace"
	tPipe      kind = "pipe"
	tOr        kind = "or"
	tAnd       kind = "and"
	tNot       kind = "not"
	tReference kind = "expref"
	tEqual     kind = "eq"
	tNotEqual  kind = "ne"
	tLess      kind = "lt"
	tLessEqual kind = "lte"
	tMore      kind = "gt"
	tMoreEqual kind = "gte"
)

// A token has its text as written and, for identifiers, numbers and literals,
// the value it stands for.
type token struct {
	kind  kind
	text  string
	value any
	start int // in runes
}

var punctuationKinds = map[rune]kind{
	'.': tDot, '*': tStar, ']': tRbracket, ',': tComma, ':': tColon, '@': tCurrent,
	'(': tLparen, ')': tRparen, '{': tLbrace, '}': tRbrace,
}

// pairs are the tokens of one or two characters: the second character, what
// both are, and what the first is alone.
var pairs = map[rune]struct {
	second       rune
	both, single kind
}{
	'|': {'|', tOr, tPipe},
	'&': {'&', tAnd, tReference},
	'<': {'=', tLessEqual, tLess},
	'>': {'=', tMoreEqual, tMore},
	'!': {'=', tNotEqual, tNot},
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func startsName(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_'
}

// scan cuts an expression into tokens, the last of which is tEOF. A problem is
// a message.
func scan(src []rune) (tokens []token, problem string) {
	bad := func(at int, format string, args ...any) ([]token, string) {
		return nil, fmt.Sprintf("Bad jmespath expression: %s:\n%s\n%s^", fmt.Sprintf(format, args...), string(src), strings.Repeat(" ", at))
	}
	for i := 0; i < len(src); {
		start, r := i, src[i]
		t := token{start: start}
		next := rune(0)
		if i+1 < len(src) {
			next = src[i+1]
		}
		i++
		switch {
		case strings.ContainsRune(" \t\n\r", r):
			continue
		case punctuationKinds[r] != "":
			t.kind = punctuationKinds[r]
		case startsName(r):
			for i < len(src) && (startsName(src[i]) || isDigit(src[i])) {
				i++
			}
			t.kind, t.value = tUnquoted, string(src[start:i])
		case r == '[':
			t.kind = tLbracket
			switch next {
			case ']':
				t.kind = tFlatten
				i++
			case '?':
				t.kind = tFilter
				i++
			}
		case pairs[r].single != "":
			t.kind = pairs[r].single
			if next == pairs[r].second {
				t.kind = pairs[r].both
				i++
			}
		case r == '=':
			if next != '=' {
				return bad(start, "Unknown token '='")
			}
			t.kind = tEqual
			i++
		case isDigit(r) || r == '-':
			for i < len(src) && isDigit(src[i]) {
				i++
			}
			n, err := strconv.Atoi(string(src[start:i]))
			if err != nil {
				return bad(start, "Unknown token '%s'", string(src[start:i]))
			}
			t.kind, t.value = tNumber, n
		case r == '\'' || r == '`' || r == '"':
			end := closing(src, i, r)
			if end < 0 {
				return bad(start, "Unclosed %c delimiter", r)
			}
			body := string(src[i:end])
			i = end + 1
			var ok bool
			if t.kind, t.value, ok = quoted(r, body); !ok {
				return bad(start, "Bad token %s", body)
			}
		default:
			return bad(start, "Unknown token %c", r)
		}
		t.text = string(src[start:i])
		tokens = append(tokens, t)
	}
	return append(tokens, token{kind: tEOF, start: len(src)}), ""
}

// closing finds the delimiter that no backslash precedes.
func closing(src []rune, i int, delimiter rune) int {
	for ; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case delimiter:
			return i
		}
	}
	return -1
}

// quoted reads what stands between delimiters: 'raw text', `JSON` or
// "identifier".
func quoted(delimiter rune, body string) (kind, any, bool) {
	switch delimiter {
	case '\'':
		return tLiteral, strings.ReplaceAll(body, `\'`, "'"), true
	case '"':
		v, err := ParseJSON(`"` + body + `"`)
		return tQuoted, v, err == nil
	}
	body = strings.ReplaceAll(body, "\\`", "`")
	v, err := ParseJSON(body)
	if err != nil {
		// An older form of the language had text without quotes here.
		v, err = ParseJSON(`"` + strings.TrimLeft(body, " \t\n\r") + `"`)
	}
	return tLiteral, v, err == nil
}
