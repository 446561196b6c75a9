package output

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// An Object is a JSON object that keeps its members in order.
type Object []Member

// A Member is one name and its value: nil, bool, string, int64, float64,
// time.Time, []any or Object. An int is taken as an int64.
type Member struct {
	Name  string
	Value any
}

// Get returns the named member's value.
func (o Object) Get(name string) (any, bool) {
	for _, m := range o {
		if m.Name == name {
			return m.Value, true
		}
	}
	return nil, false
}

// With returns the object with one member set. A member that is there keeps
// its place, as in a Python dict.
func (o Object) With(name string, value any) Object {
	for i := range o {
		if o[i].Name == name {
			o[i].Value = value
			return o
		}
	}
	return append(o, Member{name, value})
}

// plain copies a value into what queries and formats work on: times become
// text, which is what they are to --query too.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int64, float64:
		return v, nil
	case string:
		return strings.ToValidUTF8(v, "\uFFFD"), nil
	case int:
		return int64(v), nil
	case time.Time:
		return timestamp(v), nil
	case []any:
		list := make([]any, len(v), max(len(v), 1)) // room for one gives it an address, see identify
		for i := range v {
			var err error
			if list[i], err = plain(v[i]); err != nil {
				return nil, err
			}
		}
		return list, nil
	case Object:
		o := make(Object, 0, max(len(v), 1))
		for _, m := range v {
			p, err := plain(m.Value)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.Name, err)
			}
			o = append(o, Member{strings.ToValidUTF8(m.Name, "\uFFFD"), p})
		}
		return o, nil
	}
	return nil, fmt.Errorf("a value of type %T cannot be printed", v)
}

// timestamp is Python's datetime.isoformat: an offset, never Z, and six digits
// of fraction or none. The AWS CLI shows times in the zone they came in, and
// those of no zone in this machine's.
func timestamp(t time.Time) string {
	layout := "2006-01-02T15:04:05"
	if t.Nanosecond()/1000 != 0 {
		layout += ".000000"
	}
	return t.Format(layout + "-07:00")
}

// floatText is Python's repr of a finite float: the shortest digits that read
// back the same, always with a point or an exponent.
func floatText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	e := strconv.FormatFloat(f, 'e', -1, 64)
	_, exponent, _ := strings.Cut(e, "e")
	if n, _ := strconv.Atoi(exponent); f != 0 && (n < -4 || n >= 16) {
		return e
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// scalarText is Python's str, which the text format shows.
func scalarText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return repr(v)
}

// Repr is Python's repr of a value, in which the AWS CLI's messages quote. A value
// of a type that no answer has is shown as Go shows it.
func Repr(v any) string {
	p, err := plain(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return repr(p)
}

// repr is Python's repr, which shows in the messages of the AWS CLI and where
// the text format meets a list in a column of scalars.
func repr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return floatText(v)
	case string:
		return reprString(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = repr(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case Object:
		parts := make([]string, len(v))
		for i, m := range v {
			parts[i] = repr(m.Name) + ": " + repr(m.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

func reprString(s string) string {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}
