package output

import (
	"io"
	"strings"
)

// A Format is a value of --output.
type Format string

// The formats.
const (
	JSON Format = "json"
	Text Format = "text"
)

// An UnknownFormatError is a --output that is none.
type UnknownFormatError struct{ Format string }

func (e *UnknownFormatError) Error() string { return "Unknown output type: " + e.Format }

// Supported returns an *UnknownFormatError for a format that Write does not
// know, so that a command can refuse it before it asks anything of anyone.
func Supported(f Format) error {
	switch f {
	case JSON, Text:
		return nil
	}
	return &UnknownFormatError{string(f)}
}

// Write prints a response. A response that is empty, before or after the
// query, prints nothing; a query that selects nothing prints null.
func Write(w io.Writer, f Format, q *Query, v Object) error {
	if err := Supported(f); err != nil {
		return err
	}
	p, err := plain(v)
	if err != nil {
		return err
	}
	if q != nil {
		if p, err = q.search(p); err != nil {
			return err
		}
	}
	var text string
	switch f {
	case JSON:
		if o, ok := p.(Object); ok && len(o) == 0 {
			return nil
		}
		b, err := appendJSON(nil, p, jsonStyle{Indent: 4}, 0)
		if err != nil {
			return err
		}
		text = string(b) + "\n"
	case Text:
		var b strings.Builder
		writeText(&b, p, nil)
		text = b.String()
	}
	if text == "" {
		return nil
	}
	_, err = io.WriteString(w, text)
	return err
}
