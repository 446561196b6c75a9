package awsapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// object is a decoded JSON request. Members are found by their exact name, as
// AWS does; unknown ones are left alone.
type object map[string]json.RawMessage

func parseObject(body []byte) (object, error) {
	var o object
	if !utf8.Valid(body) || json.Unmarshal(body, &o) != nil || o == nil {
		return nil, errors.New("the body is not a JSON object")
	}
	return o, checkObject(body)
}

// checkObject refuses valid JSON that another reader could read otherwise (a
// member given twice), or only with much stack.
func checkObject(body []byte) error {
	type level struct {
		members map[string]bool // nil in an array
		value   bool            // next is a member's value
	}
	var stack []level
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil { // valid JSON: the end
			return nil
		}
		top := len(stack) - 1
		if name, ok := token.(string); ok && top >= 0 && stack[top].members != nil && !stack[top].value {
			if stack[top].members[name] {
				return fmt.Errorf("the member %s is given more than once", clean(name))
			}
			stack[top].members[name] = true
			stack[top].value = true
			continue
		}
		if top >= 0 {
			stack[top].value = false
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{members: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, level{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
		}
		if len(stack) > maxDepth {
			return fmt.Errorf("the body is nested deeper than %d levels", maxDepth)
		}
	}
}

// text returns a string member, "" when it is absent or null.
func (o object) text(name string) (string, error) {
	raw, ok := o[name]
	if !ok {
		return "", nil
	}
	var s *string
	if json.Unmarshal(raw, &s) != nil {
		return "", fmt.Errorf("%s must be a string", name)
	}
	if s == nil {
		return "", nil
	}
	return *s, nil
}

// required returns a string member that must be there.
func (o object) required(name string) (string, error) {
	s, err := o.text(name)
	if err == nil && s == "" {
		err = fmt.Errorf("%s is required", name)
	}
	return s, err
}

// texts returns a member that is a list of strings, nil when it is absent or
// null.
func (o object) texts(name string) ([]string, error) {
	raw, ok := o[name]
	if !ok {
		return nil, nil
	}
	var list []*string
	if json.Unmarshal(raw, &list) != nil {
		return nil, fmt.Errorf("%s must be a list of strings", name)
	}
	var out []string
	for _, s := range list {
		if s == nil {
			return nil, fmt.Errorf("%s must be a list of strings", name)
		}
		out = append(out, *s)
	}
	return out, nil
}
