package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// decode reads a JSON object into what in points to, stricter than encoding/json:
// a field that is misspelt, there twice, null, or empty where it could be left out
// would otherwise be a decision that nobody made, and so would be one of the
// required that is not there.
func decode(r *http.Request, in any, required []string) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return &Error{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type", Message: "the body must be JSON: send Content-Type: application/json"}
	}
	data, err := io.ReadAll(r.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return &Error{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: fmt.Sprintf("the body is larger than %d bytes", maxBody)}
	}
	if err != nil {
		return invalidRequest("the body could not be read")
	}
	object, err := oneValue(data)
	if err != nil {
		return err
	}
	if object[0] != '{' {
		return invalidRequest("the body must be a JSON object, and is " + shown(object))
	}
	return decodeObject(object, reflect.ValueOf(in).Elem(), required)
}

// oneValue returns the only JSON value of a body.
func oneValue(data []byte) (json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	var value json.RawMessage
	err := d.Decode(&value)
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, invalidRequest(fmt.Sprintf("the body is no JSON: what stands at byte %d does not belong there", wrong.Offset))
	}
	switch {
	case errors.Is(err, io.EOF):
		return nil, invalidRequest("the body is empty; send a JSON object, {} when there is nothing to say")
	case err != nil:
		return nil, invalidRequest("the body ends in the middle of its JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, invalidRequest("something follows the JSON value")
	}
	return value, nil
}

func decodeObject(object json.RawMessage, into reflect.Value, required []string) error {
	var names []string
	fields := map[string]reflect.Value{}
	for i := range into.NumField() {
		name, _, _ := strings.Cut(into.Type().Field(i).Tag.Get("json"), ",")
		names = append(names, name)
		fields[name] = into.Field(i)
	}
	given := map[string]bool{}
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // that it is valid was seen before
	for d.More() {
		token, _ := d.Token()
		name, _ := token.(string)
		var value json.RawMessage
		_ = d.Decode(&value)
		field, known := fields[name]
		switch {
		case !known:
			return unknownField(name, names)
		case given[name]:
			return invalidRequest("the field " + name + " is there twice")
		}
		given[name] = true
		optional := !slices.Contains(required, name)
		if err := decodeField(name, value, field, optional); err != nil {
			return err
		}
		if optional && field.Kind() == reflect.String && field.Len() == 0 {
			return invalidRequest(name + " is empty; write something there, or leave the field out")
		}
	}
	for _, name := range required {
		if !given[name] {
			return invalidRequest(name + " is missing; it must be " + expected(fields[name].Type()))
		}
	}
	return nil
}

func unknownField(name string, names []string) error {
	if i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) }); i >= 0 {
		return invalidRequest("there is no field " + quote(name) + "; write it " + names[i])
	}
	if len(names) == 0 {
		return invalidRequest("this operation takes no fields, and " + quote(name) + " is there")
	}
	return invalidRequest("there is no field " + quote(name) + "; there are: " + strings.Join(names, ", "))
}

// decodeField takes over one value. Its errors speak of JSON, not of Go.
func decodeField(name string, value json.RawMessage, into reflect.Value, optional bool) error {
	wanted := expected(into.Type())
	if optional {
		wanted += ", or be left out"
	}
	wrong := invalidRequest(name + " must be " + wanted + ", and is " + shown(value))
	if string(value) == "null" { // which encoding/json overlooks
		return wrong
	}
	if into.Type() == reflect.TypeFor[Duration]() {
		var text string
		if json.Unmarshal(value, &text) != nil {
			return wrong
		}
		by, err := time.ParseDuration(text)
		if err != nil {
			return wrong
		}
		into.SetInt(int64(by))
		return nil
	}
	if into.Kind() == reflect.Slice {
		var elements []json.RawMessage
		if json.Unmarshal(value, &elements) != nil {
			return wrong
		}
		list := reflect.MakeSlice(into.Type(), len(elements), len(elements))
		for i, element := range elements {
			if err := decodeField(fmt.Sprintf("%s[%d]", name, i), element, list.Index(i), false); err != nil {
				return err
			}
		}
		into.Set(list)
		return nil
	}
	if json.Unmarshal(value, into.Addr().Interface()) != nil {
		return wrong
	}
	return nil
}

// expected says of a type what to write.
func expected(t reflect.Type) string {
	if t == reflect.TypeFor[Duration]() {
		return `a duration in quotes, like "90s", "1.5s" or "10m"`
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "an array of strings"
	}
	return "a string"
}

// shown is a JSON value in an error message.
func shown(value json.RawMessage) string {
	const limit = 60
	switch {
	case value[0] == '{':
		return "an object"
	case value[0] == '[':
		return "an array"
	case value[0] == '"':
		var text string
		_ = json.Unmarshal(value, &text)
		return quote(text)
	case len(value) > limit:
		return string(value[:limit]) + "…"
	}
	return string(value)
}
