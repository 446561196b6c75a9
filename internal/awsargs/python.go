package awsargs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/portico-sso/portico/internal/output"
)

// Complaints quote values as Python shows them, and numbers are what Python
// takes for one.

// isSpace is Python's str.isspace for one character.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

func trimSpace(s string) string { return strings.TrimFunc(s, isSpace) }

// pythonInt reads what int() takes: signs, space around, and underscores between
// digits.
func pythonInt(word string) (int64, bool) {
	s := trimSpace(word)
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	if digits == "" || strings.HasPrefix(digits, "_") || strings.HasSuffix(digits, "_") || strings.Contains(digits, "__") || len(s)-len(digits) > 1 {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
	return n, err == nil
}

func pythonRepr(v any) string {
	switch v := v.(type) {
	case []byte:
		var b strings.Builder
		b.WriteString("b'")
		for _, c := range v {
			switch {
			case c == '\'' || c == '\\':
				b.WriteString(`\` + string(rune(c)))
			case c >= ' ' && c < 0x7f:
				b.WriteByte(c)
			default:
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		return b.String() + "'"
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = pythonRepr(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case output.Object:
		parts := make([]string, len(v))
		for i, m := range v {
			parts[i] = output.Repr(m.Name) + ": " + pythonRepr(m.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case time.Time:
		return v.Format("2006-01-02 15:04:05-07:00")
	}
	return output.Repr(v)
}

// pythonText is str(), which quotes text only inside of something.
func pythonText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return pythonRepr(v)
}

// pythonClass is the type of a value in Python.
func pythonClass(v any) string {
	name := "str"
	switch v.(type) {
	case nil:
		name = "NoneType"
	case bool:
		name = "bool"
	case int64:
		name = "int"
	case float64:
		name = "float"
	case []byte:
		name = "bytes"
	case time.Time:
		name = "datetime.datetime"
	case []any:
		name = "list"
	case output.Object:
		name = "dict"
	}
	return "<class '" + name + "'>"
}

// fromEpoch is the time that many seconds after 1970, to the microsecond.
func fromEpoch(seconds float64) (time.Time, bool) {
	whole, fraction := math.Modf(seconds)
	t := time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000).UTC()
	return t, math.Abs(seconds) < 1<<50 && t.Year() >= 1 && t.Year() <= 9999
}
