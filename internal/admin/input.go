package admin

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/output"
)

// An inputError is a value that its place in the SDK's struct does not hold.
type inputError struct {
	path  string
	value any
}

func (e *inputError) Error() string {
	return fmt.Sprintf("%s cannot be a value of type %T", strings.TrimPrefix(e.path, "."), e.value)
}

// fill sets the fields of one of the SDK's input structs.
func (s *service) fill(in any, shape *awsmodel.Shape, input output.Object) error {
	return s.structure(reflect.ValueOf(in).Elem(), shape, input, "")
}

func (s *service) structure(to reflect.Value, shape *awsmodel.Shape, o output.Object, path string) error {
	for _, given := range o {
		at := path + "." + given.Name
		member, ok := shape.Member(given.Name)
		if !ok {
			return &inputError{at, given.Value}
		}
		if given.Value == nil {
			continue
		}
		// The generator has checked that each member has such a field.
		if err := s.set(to.FieldByName(fieldName(given.Name)), member.Shape, given.Value, at); err != nil {
			return err
		}
	}
	return nil
}

// fieldName is what the SDK calls a member.
func fieldName(member string) string { return strings.ToUpper(member[:1]) + member[1:] }

func (s *service) set(to reflect.Value, shape *awsmodel.Shape, value any, path string) error {
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	wrong := &inputError{path, value}
	switch value := value.(type) {
	case output.Object:
		switch {
		case shape.Kind == awsmodel.Document:
			return s.setDocument(to, value)
		case shape.Kind == awsmodel.Map && to.Kind() == reflect.Map:
			return s.setMap(to, shape, value, path)
		case shape.Union:
			return s.setUnion(to, shape, value, path)
		case shape.Kind == awsmodel.Structure && to.Kind() == reflect.Struct:
			return s.structure(to, shape, value, path)
		}
		return wrong
	case []any:
		if shape.Kind == awsmodel.Document {
			return s.setDocument(to, value)
		}
		if shape.Kind != awsmodel.List || to.Kind() != reflect.Slice {
			return wrong
		}
		list := reflect.MakeSlice(to.Type(), len(value), len(value))
		for i, v := range value {
			if err := s.set(list.Index(i), shape.Element, v, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		to.Set(list)
		return nil
	}
	if shape.Kind == awsmodel.Document {
		return s.setDocument(to, value)
	}
	from := reflect.ValueOf(value)
	switch {
	case !from.IsValid():
		return wrong
	case from.Type() == reflect.TypeFor[time.Time](), from.Type() == reflect.TypeFor[[]byte]():
		if to.Type() != from.Type() {
			return wrong
		}
		to.Set(from)
	case to.Kind() == reflect.String && from.Kind() == reflect.String: // enums are strings
		to.SetString(from.String())
	case to.Kind() == reflect.Bool && from.Kind() == reflect.Bool:
		to.SetBool(from.Bool())
	case to.CanInt() && from.CanInt() && !to.OverflowInt(from.Int()):
		to.SetInt(from.Int())
	case to.CanFloat() && from.CanFloat():
		to.SetFloat(from.Float())
	case to.CanFloat() && from.CanInt():
		to.SetFloat(float64(from.Int()))
	default:
		return wrong
	}
	return nil
}

func (s *service) setMap(to reflect.Value, shape *awsmodel.Shape, o output.Object, path string) error {
	m := reflect.MakeMapWithSize(to.Type(), len(o))
	for _, member := range o {
		value := reflect.New(to.Type().Elem()).Elem()
		if err := s.set(value, shape.Element, member.Value, path+"."+member.Name); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(member.Name).Convert(to.Type().Key()), value)
	}
	to.Set(m)
	return nil
}

// setUnion sets the SDK's type for the one member that is set.
func (s *service) setUnion(to reflect.Value, shape *awsmodel.Shape, o output.Object, path string) error {
	if len(o) != 1 {
		return &inputError{path, o}
	}
	member, ok := shape.Member(o[0].Name)
	if !ok {
		return &inputError{path + "." + o[0].Name, o[0].Value}
	}
	of := reflect.ValueOf(s.union(shape.Name + "." + member.Name))
	if err := s.set(of.Elem().FieldByName("Value"), member.Shape, o[0].Value, path+"."+member.Name); err != nil {
		return err
	}
	to.Set(of)
	return nil
}

func (s *service) setDocument(to reflect.Value, value any) error {
	to.Set(reflect.ValueOf(s.document(native(value))))
	return nil
}

// native is a value as encoding/json would read it, which is what documents are
// made from.
func native(v any) any {
	switch v := v.(type) {
	case output.Object:
		m := make(map[string]any, len(v))
		for _, member := range v {
			m[member.Name] = native(member.Value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = native(v[i])
		}
		return list
	}
	return v
}
