package output

import (
	"io"
	"strings"
)

// A Format is a value of --output.
type Format string

// The formats.
const (
	JSON       Format = "json"
	Text       Format = "text"
	Table      Format = "table"
	YAML       Format = "yaml"
	YAMLStream Format = "yaml-stream"
	Off        Format = "off"
)

// An UnknownFormatError is a --output that is none.
type UnknownFormatError struct{ Format string }

func (e *UnknownFormatError) Error() string { return "Unknown output type: " + e.Format }

// Supported returns an *UnknownFormatError for a format that no Printer knows,
// so that a command can refuse it before it asks anything of anyone.
func Supported(f Format) error {
	switch f {
	case JSON, Text, Table, YAML, YAMLStream, Off:
		return nil
	}
	return &UnknownFormatError{string(f)}
}

// A Printer prints the answers of one operation.
type Printer struct {
	Out       io.Writer
	Format    Format
	Query     *Query // nil: everything
	Operation string // in the words of AWS, such as ListAccounts: the title of a table

	// What Out is, which only a table asks.
	Columns int  // the width of the terminal; 0 where there is none, which counts as 80
	Color   bool // whether it may be coloured

	// Clean makes a stranger's text safe to look at. Text and tables use it, which
	// show strings as they are; the other formats escape them. Nil: they stay.
	Clean func(string) string
}

// Print prints a response. A response that is empty, before or after the
// query, prints nothing; a query that selects nothing prints null, except as a
// table. As yaml-stream, each response is a list of one.
func (p *Printer) Print(v Object) error {
	if err := Supported(p.Format); err != nil || p.Format == Off {
		return err
	}
	selected, err := plain(v)
	if err != nil {
		return err
	}
	if p.Query != nil {
		if selected, err = p.Query.search(selected); err != nil {
			return err
		}
	}
	if p.Clean != nil && (p.Format == Text || p.Format == Table) {
		selected = p.clean(selected)
	}
	text, err := p.format(selected)
	if err != nil || text == "" {
		return err
	}
	_, err = io.WriteString(p.Out, text)
	return err
}

// clean returns the value with all of its strings clean.
func (p *Printer) clean(v any) any {
	switch v := v.(type) {
	case string:
		return p.Clean(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = p.clean(v[i])
		}
		return list
	case Object:
		o := make(Object, len(v))
		for i, m := range v {
			o[i] = Member{p.Clean(m.Name), p.clean(m.Value)}
		}
		return o
	}
	return v
}

func (p *Printer) format(v any) (string, error) {
	o, isObject := v.(Object)
	empty := isObject && len(o) == 0
	switch p.Format {
	case Text:
		var b strings.Builder
		writeText(&b, v, nil)
		return b.String(), nil
	case Table:
		return tableText(p.Operation, v, p.Columns, p.Color)
	case YAML:
		if empty {
			return "", nil
		}
		return yamlText(v)
	case YAMLStream:
		if empty {
			return "", nil
		}
		return yamlText([]any{v})
	}
	if empty {
		return "", nil
	}
	b, err := appendJSON(nil, v, jsonStyle{Indent: 4}, 0)
	return string(b) + "\n", err
}
