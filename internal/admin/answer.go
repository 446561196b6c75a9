package admin

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// readJSON reads an answer of AWS's JSON protocols. Members come in the model's
// order; those that are absent, or null, stay absent.
func readJSON(body []byte, op *awsmodel.Operation, wireTimes bool) (output.Object, error) {
	if len(bytes.TrimSpace(body)) == 0 || len(op.Output.Members) == 0 {
		return output.Object{}, nil
	}
	v, err := output.ParseJSON(string(body))
	if err != nil {
		return nil, err
	}
	r := reader{wireTimes}
	o, ok := r.value(op.Output, v).(output.Object)
	if !ok {
		return nil, fmt.Errorf("it is no object")
	}
	return o, nil
}

// A reader brings values of the wire into the order and types of their shapes.
// What does not fit its shape stays as it came.
type reader struct{ wireTimes bool }

func (r reader) value(shape *awsmodel.Shape, v any) any {
	switch v := v.(type) {
	case output.Object:
		switch shape.Kind {
		case awsmodel.Structure:
			o := output.Object{}
			for _, m := range shape.Members {
				if member, ok := v.Get(m.Name); ok && member != nil {
					o = append(o, output.Member{Name: m.Name, Value: r.value(m.Shape, member)})
				}
			}
			return o
		case awsmodel.Map:
			for i := range v {
				v[i].Value = r.value(shape.Element, v[i].Value)
			}
		}
	case []any:
		if shape.Kind == awsmodel.List {
			for i := range v {
				v[i] = r.value(shape.Element, v[i])
			}
		}
	case int64:
		if shape.Kind == awsmodel.Timestamp && !r.wireTimes {
			return time.Unix(v, 0)
		}
	case float64:
		if shape.Kind == awsmodel.Timestamp && !r.wireTimes {
			seconds := math.Floor(v)
			return time.Unix(int64(seconds), int64(math.RoundToEven((v-seconds)*1e6))*1000)
		}
	case string:
		if shape.Kind == awsmodel.Timestamp {
			return r.time(v)
		}
	}
	return v
}

// time reads a time that is written in words, which says its own zone. One that
// is a number is shown in this machine's, as the AWS CLI does.
func (r reader) time(text string) any {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil && !r.wireTimes {
		return t.Truncate(time.Microsecond)
	}
	return text
}

// An element of XML.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Elements []element `xml:",any"`
}

func (e element) find(name string) (element, bool) {
	for _, child := range e.Elements {
		if child.XMLName.Local == name {
			return child, true
		}
	}
	return element{}, false
}

// readQuery reads an answer of AWS's query protocol, which is XML.
func readQuery(body []byte, op *awsmodel.Operation, wireTimes bool) (output.Object, error) {
	var doc element
	if err := xml.Unmarshal(body, &doc); err != nil {
		return nil, err
	}
	result, _ := doc.find(op.Name + "Result")
	return reader{wireTimes}.structure(op.Output, result)
}

func (r reader) structure(shape *awsmodel.Shape, e element) (output.Object, error) {
	o := output.Object{}
	for _, m := range shape.Members {
		if child, ok := e.find(m.Name); ok {
			v, err := r.element(m.Shape, child)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.Name, err)
			}
			o = append(o, output.Member{Name: m.Name, Value: v})
		}
	}
	return o, nil
}

func (r reader) element(shape *awsmodel.Shape, e element) (any, error) {
	switch shape.Kind {
	case awsmodel.Structure:
		return r.structure(shape, e)
	case awsmodel.List:
		list := []any{}
		for _, child := range e.Elements {
			v, err := r.element(shape.Element, child)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case awsmodel.Integer, awsmodel.Long:
		return strconv.ParseInt(e.Text, 10, 64)
	case awsmodel.Boolean:
		return e.Text == "true", nil
	case awsmodel.Timestamp:
		return r.time(e.Text), nil
	}
	return e.Text, nil
}
