package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/portico-sso/portico/internal/pyjson"
)

// A jsonStyle is how Python's json.dumps was asked to write.
type jsonStyle struct {
	Indent int  // spaces for each level; 0 writes one line without spaces
	ASCII  bool // escape what is not ASCII
}

// WriteIndented writes an object as JSON with an indent of its own, for the
// few commands that do not go by --output.
func WriteIndented(w io.Writer, v Object, indent int) error {
	p, err := plain(v)
	if err != nil {
		return err
	}
	b, err := appendJSON(nil, p, jsonStyle{Indent: indent}, 0)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

func appendJSON(b []byte, v any, style jsonStyle, depth int) ([]byte, error) {
	var err error
	newline := func(depth int) {
		if style.Indent > 0 {
			b = append(b, '\n')
			b = append(b, strings.Repeat(" ", style.Indent*depth)...)
		}
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case float64:
		return append(b, jsonFloat(v)...), nil
	case string:
		return pyjson.Append(b, v, style.ASCII), nil
	case []any:
		if len(v) == 0 {
			return append(b, "[]"...), nil
		}
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			newline(depth + 1)
			if b, err = appendJSON(b, e, style, depth+1); err != nil {
				return nil, err
			}
		}
		newline(depth)
		return append(b, ']'), nil
	case Object:
		if len(v) == 0 {
			return append(b, "{}"...), nil
		}
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			newline(depth + 1)
			b = pyjson.Append(b, m.Name, style.ASCII)
			b = append(b, ':')
			if style.Indent > 0 {
				b = append(b, ' ')
			}
			if b, err = appendJSON(b, m.Value, style, depth+1); err != nil {
				return nil, err
			}
		}
		newline(depth)
		return append(b, '}'), nil
	}
	return nil, fmt.Errorf("a value of type %T cannot be printed", v)
}

// jsonFloat differs from repr in the three numbers JSON does not have.
func jsonFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case math.IsNaN(f):
		return "NaN"
	}
	return floatText(f)
}

// ParseJSON reads one JSON value and keeps the order of members. Integers stay
// integers as long as they fit.
func ParseJSON(text string) (any, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	v, err := decodeJSON(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("text after the value")
	}
	return v, nil
}

func decodeJSON(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		return number(t.String())
	case json.Delim:
		if t == '[' {
			list := []any{}
			for d.More() {
				v, err := decodeJSON(d)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, err
		}
		return decodeObject(d)
	}
	return t, nil
}

// decodeObject reads members up to the closing brace. Of two of one name the last
// one counts, in the place of the first, as in a Python dict. A stranger may have
// sent a great many, so they are not looked for one by one.
func decodeObject(d *json.Decoder) (any, error) {
	o, places := Object{}, map[string]int{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := decodeJSON(d)
		if err != nil {
			return nil, err
		}
		name := t.(string)
		if i, again := places[name]; again {
			o[i].Value = v
			continue
		}
		places[name] = len(o)
		o = append(o, Member{name, v})
	}
	_, err := d.Token()
	return o, err
}

func number(text string) (any, error) {
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	}
	return strconv.ParseFloat(text, 64)
}
