package awsargs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// An argument makes values of one flag's words.
type argument struct {
	flag  string // with its dashes, for complaints
	files files
}

func (a argument) errorf(format string, args ...any) error {
	return &UsageError{Problem: fmt.Sprintf("Error parsing parameter '%s': %s", a.flag, fmt.Sprintf(format, args...))}
}

// value makes of words what the shape takes.
func (a argument) value(shape *awsmodel.Shape, words []string) (any, error) {
	if len(words) != 1 {
		return a.list(shape, words)
	}
	word := words[0]
	content, loaded, err := a.files.parameter(a.flag, word)
	if err != nil {
		return nil, err
	}
	switch {
	case loaded && shape.Kind == awsmodel.Blob && strings.HasPrefix(word, "fileb://"):
		return content, nil
	case loaded:
		word = string(content)
	}
	if shape.Kind != awsmodel.List {
		return a.single(shape, word)
	}
	if loaded {
		word = strings.TrimRight(word, "\r\n")
	}
	return a.list(shape, []string{word})
}

// list makes a list of words: one word may be the whole list as JSON, else each
// is an element.
func (a argument) list(shape *awsmodel.Shape, words []string) (any, error) {
	if len(words) == 1 && strings.HasPrefix(trimSpace(words[0]), "[") {
		return a.json(words[0])
	}
	// The first element says in which syntax they all are.
	shorthand := hasShorthand(shape) && len(words) > 0 && !looksLikeJSON(words[0])
	list := make([]any, 0, len(words))
	for _, w := range words {
		var v any
		var err error
		if shorthand {
			v, err = a.shorthand(shape.Element, w)
		} else {
			v, err = a.plain(shape.Element, w)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (a argument) single(shape *awsmodel.Shape, word string) (any, error) {
	if hasShorthand(shape) && !looksLikeJSON(word) {
		return a.shorthand(shape, word)
	}
	return a.plain(shape, word)
}

// shorthand reads a word in the shorthand syntax, as the shape has it.
func (a argument) shorthand(shape *awsmodel.Shape, word string) (any, error) {
	// A structure of one string called Value may be that string alone.
	if shape.Kind == awsmodel.Structure && len(shape.Members) == 1 && shape.Members[0].Name == "Value" &&
		shape.Members[0].Shape.Kind == awsmodel.String && !strings.Contains(word, "=") {
		return output.Object{{Name: "Value", Value: word}}, nil
	}
	o, err := parseShorthand(word, func(name string) (any, bool, error) {
		content, loaded, err := a.files.parameter(a.flag, name)
		if !loaded || strings.HasPrefix(name, "fileb://") {
			return content, loaded, err
		}
		return string(content), loaded, err
	})
	if e, ok := err.(*shorthandError); ok {
		return nil, a.errorf("%s", e.Error())
	}
	if err != nil {
		return nil, err
	}
	v, err := conform(shape, o)
	if err != nil {
		return nil, a.errorf("%s", err)
	}
	return v, nil
}

// plain reads a word that is not in the shorthand syntax.
func (a argument) plain(shape *awsmodel.Shape, word string) (any, error) {
	switch shape.Kind {
	case awsmodel.Document:
		return a.json(word)
	case awsmodel.Structure, awsmodel.Map:
		if !strings.HasPrefix(trimSpace(word), "{") {
			return nil, a.errorf("Invalid JSON:\n%s", word)
		}
		return a.json(word)
	case awsmodel.List:
		return a.list(shape, []string{word})
	case awsmodel.Integer, awsmodel.Long:
		n, ok := pythonInt(word)
		if !ok {
			return nil, &UsageError{Problem: fmt.Sprintf("argument %s: invalid int value: %s", a.flag, pythonRepr(word))}
		}
		return n, nil
	case awsmodel.Float, awsmodel.Double:
		f, err := strconv.ParseFloat(trimSpace(word), 64)
		if err != nil {
			return nil, &UsageError{Problem: fmt.Sprintf("argument %s: invalid float value: %s", a.flag, pythonRepr(word))}
		}
		return f, nil
	case awsmodel.Boolean:
		return !strings.EqualFold(word, "false") && word != "", nil
	}
	return word, nil
}

func (a argument) json(word string) (any, error) {
	v, err := parseJSON(word)
	if err != nil {
		return nil, a.errorf("Invalid JSON: %s\nJSON received: %s", err, word)
	}
	return v, nil
}

func looksLikeJSON(word string) bool {
	w := trimSpace(word)
	return strings.HasPrefix(w, "[") || strings.HasPrefix(w, "{")
}

// hasShorthand reports whether values of a shape are written in the shorthand
// syntax: what is made of parts is, unless the parts are plain words or all are
// documents, which only JSON can type.
func hasShorthand(shape *awsmodel.Shape) bool {
	switch shape.Kind {
	case awsmodel.Structure:
		return true
	case awsmodel.Map:
		return !holdsDocuments(shape)
	case awsmodel.List:
		switch shape.Element.Kind {
		case awsmodel.Structure, awsmodel.List, awsmodel.Map:
			return !holdsDocuments(shape)
		}
	}
	return false
}

func holdsDocuments(shape *awsmodel.Shape) bool {
	for shape.Kind == awsmodel.List || shape.Kind == awsmodel.Map {
		shape = shape.Element
	}
	return shape.Kind == awsmodel.Document
}

// conform makes what the shorthand syntax gave fit the shape, which alone knows
// types: numbers and switches out of words, a list out of its only element.
func conform(shape *awsmodel.Shape, v any) (any, error) {
	switch shape.Kind {
	case awsmodel.Structure:
		o, ok := v.(output.Object)
		if !ok {
			return v, nil
		}
		for i, given := range o {
			m, ok := shape.Member(given.Name)
			if !ok {
				continue
			}
			if m.Shape.Kind == awsmodel.Document {
				//lint:ignore ST1005 the AWS CLI's words
				return nil, fmt.Errorf("Shorthand syntax does not support document types. Use JSON input for top-level argument to specify nested parameter: %s", m.Name)
			}
			var err error
			if o[i].Value, err = conform(m.Shape, given.Value); err != nil {
				return nil, err
			}
		}
		return o, nil
	case awsmodel.Map:
		o, ok := v.(output.Object)
		if !ok {
			return v, nil
		}
		for i := range o {
			var err error
			if o[i].Value, err = conform(shape.Element, o[i].Value); err != nil {
				return nil, err
			}
		}
		return o, nil
	case awsmodel.List:
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for i := range list {
			var err error
			if list[i], err = conform(shape.Element, list[i]); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	word, ok := v.(string)
	if !ok {
		return v, nil
	}
	switch shape.Kind {
	case awsmodel.Integer, awsmodel.Long:
		n, ok := pythonInt(word)
		if !ok {
			return nil, fmt.Errorf("invalid literal for int() with base 10: %s", pythonRepr(word))
		}
		return n, nil
	case awsmodel.Float, awsmodel.Double:
		f, err := strconv.ParseFloat(trimSpace(word), 64)
		if err != nil {
			return nil, fmt.Errorf("could not convert string to float: %s", pythonRepr(word))
		}
		return f, nil
	case awsmodel.Boolean:
		switch strings.ToLower(word) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return word, nil
}
