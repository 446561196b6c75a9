package awsargs

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// Validate holds an operation's input against its model and tells of everything
// that does not fit, in botocore's words.
func Validate(op *awsmodel.Operation, input output.Object) error {
	var v validator
	v.value(op.Input, input, "")
	if len(v.problems) == 0 {
		return nil
	}
	return &UsageError{Problem: "Parameter validation failed:\n" + strings.Join(v.problems, "\n")}
}

type validator struct{ problems []string }

func (v *validator) addf(format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

// place names a part of the input.
func place(path string) string {
	if path == "" {
		return "input"
	}
	return strings.TrimPrefix(path, ".")
}

// wrongType tells of a value that is none of the types there may be. A secret is
// not shown.
func (v *validator) wrongType(shape *awsmodel.Shape, value any, path string, valid ...string) {
	shown := pythonText(value)
	if shape.Sensitive {
		shown = "****"
	}
	v.addf("Invalid type for parameter %s, value: %s, type: %s, valid types: %s", place(path), shown, pythonClass(value), strings.Join(valid, ", "))
}

func (v *validator) value(shape *awsmodel.Shape, value any, path string) {
	switch shape.Kind {
	case awsmodel.Structure:
		o, ok := value.(output.Object)
		if !ok {
			v.wrongType(shape, value, path, "<class 'dict'>")
			return
		}
		v.structure(shape, o, path)
	case awsmodel.List:
		list, ok := value.([]any)
		if !ok {
			v.wrongType(shape, value, path, "<class 'list'>", "<class 'tuple'>")
			return
		}
		for i, e := range list {
			v.value(shape.Element, e, fmt.Sprintf("%s[%d]", path, i))
		}
	case awsmodel.Map:
		o, ok := value.(output.Object)
		if !ok {
			v.wrongType(shape, value, path, "<class 'dict'>")
			return
		}
		for _, m := range o {
			v.value(shape.Element, m.Value, path+"."+m.Name)
		}
	case awsmodel.Document:
		v.document(value, path)
	default:
		v.scalar(shape, value, path)
	}
}

func (v *validator) structure(shape *awsmodel.Shape, o output.Object, path string) {
	if shape.Union && len(o) != 1 {
		names := memberNames(shape)
		if len(o) == 0 {
			v.addf("Must set one of the following keys for tagged union structure %s: %s.", place(path), names)
		} else {
			v.addf("Invalid number of parameters set for tagged union structure %s. Can only set one of the following keys: %s.", place(path), names)
		}
	}
	for _, m := range shape.Members {
		if _, ok := o.Get(m.Name); !ok && m.Required {
			v.addf("Missing required parameter in %s: \"%s\"", place(path), m.Name)
		}
	}
	for _, given := range o {
		if _, ok := shape.Member(given.Name); !ok {
			v.addf("Unknown parameter in %s: \"%s\", must be one of: %s", place(path), given.Name, memberNames(shape))
		}
	}
	for _, given := range o {
		if m, ok := shape.Member(given.Name); ok {
			v.value(m.Shape, given.Value, path+"."+given.Name)
		}
	}
}

func memberNames(shape *awsmodel.Shape) string {
	names := make([]string, len(shape.Members))
	for i, m := range shape.Members {
		names[i] = m.Name
	}
	return strings.Join(names, ", ")
}

func (v *validator) document(value any, path string) {
	switch value := value.(type) {
	case output.Object:
		for _, m := range value {
			v.document(m.Value, m.Name)
		}
	case []any:
		for i, e := range value {
			v.document(e, fmt.Sprintf("%s[%d]", path, i))
		}
	case float64:
		v.number(value, path)
	case []byte, time.Time:
		v.addf("Invalid type for document parameter %s, value: %s, type: %s, valid types: <class 'str'>, <class 'int'>, <class 'bool'>, <class 'float'>, <class 'list'>, <class 'dict'>",
			place(path), pythonText(value), pythonClass(value))
	}
}

// number refuses those that JSON does not have. The AWS CLI sends them, for the
// service to stumble over.
func (v *validator) number(f float64, path string) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		v.addf("Invalid value for parameter %s, value: %s, valid values: finite numbers", place(path), pythonText(f))
	}
}

func (v *validator) scalar(shape *awsmodel.Shape, value any, path string) {
	is := func(kinds ...string) bool { return slices.Contains(kinds, pythonClass(value)) }
	switch shape.Kind {
	case awsmodel.String:
		if !is("<class 'str'>") {
			v.wrongType(shape, value, path, "<class 'str'>")
		}
	case awsmodel.Boolean:
		if !is("<class 'bool'>") {
			v.wrongType(shape, value, path, "<class 'bool'>")
		}
	case awsmodel.Integer, awsmodel.Long:
		n, ok := value.(int64)
		if !ok {
			v.wrongType(shape, value, path, "<class 'int'>")
			return
		}
		// What does not fit the wire would be sent as another number.
		if shape.Kind == awsmodel.Integer && (n > math.MaxInt32 || n < math.MinInt32) {
			v.addf("Invalid value for parameter %s, value: %d, valid values: %d to %d", place(path), n, math.MinInt32, math.MaxInt32)
		}
	case awsmodel.Float, awsmodel.Double:
		if !is("<class 'float'>", "<class 'int'>") {
			v.wrongType(shape, value, path, "<class 'float'>", "<class 'decimal.Decimal'>", "<class 'int'>")
		}
		if f, ok := value.(float64); ok {
			v.number(f, path)
		}
	case awsmodel.Blob:
		if !is("<class 'bytes'>", "<class 'str'>") {
			v.wrongType(shape, value, path, "<class 'bytes'>", "<class 'bytearray'>", "file-like object")
		}
	case awsmodel.Timestamp:
		if !is("<class 'datetime.datetime'>") {
			v.wrongType(shape, value, path, "<class 'datetime.datetime'>", "timestamp-string")
		}
	}
}
