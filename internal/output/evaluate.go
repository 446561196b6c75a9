package output

import (
	"errors"
	"math"
	"slices"
)

// A node is one piece of an expression: it makes a value of a value.
type node interface {
	eval(v any) (any, error)
}

type (
	current    struct{}
	literal    struct{ value any }
	field      struct{ name string }
	index      struct{ n int }
	slice      struct{ parts [3]*int } // start, stop, step
	chain      struct{ first, then node }
	or         struct{ left, right node }
	and        struct{ left, right node }
	not        struct{ of node }
	comparison struct {
		operator    kind
		left, right node
	}
	flatten    struct{ of node }
	values     struct{ of node } // of an object, as a list
	projection struct {
		of    node
		where node // nil: every element
		each  node
	}
	multiList struct{ elements []node }
	multiHash struct {
		names  []string
		values []node
	}
	makeReference struct{ to node }
	call          struct {
		name string
		args []node
	}
)

// A reference is an expression as an argument: &name.
type reference struct{ to node }

func (current) eval(v any) (any, error)       { return v, nil }
func (n literal) eval(any) (any, error)       { return n.value, nil }
func (n makeReference) eval(any) (any, error) { return &reference{n.to}, nil }

func (n field) eval(v any) (any, error) {
	o, _ := v.(Object)
	value, _ := o.Get(n.name)
	return value, nil
}

func (n index) eval(v any) (any, error) {
	list, _ := v.([]any)
	i := n.n
	if i < 0 {
		i += len(list)
	}
	if i < 0 || i >= len(list) {
		return nil, nil
	}
	return list[i], nil
}

func (n slice) eval(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, nil
	}
	step := 1
	if n.parts[2] != nil {
		step = *n.parts[2]
	}
	if step == 0 {
		return nil, errors.New("slice step cannot be zero")
	}
	// The ends of the list, as this direction sees them.
	low, high := 0, len(list)
	if step < 0 {
		low, high = -1, len(list)-1
	}
	bound := func(part *int, otherwise int) int {
		if part == nil {
			return otherwise
		}
		i := *part
		if i < 0 {
			i += len(list)
		}
		return min(max(i, low), high)
	}
	result := []any{}
	if step > 0 {
		for i, stop := bound(n.parts[0], low), bound(n.parts[1], high); i < stop; i += min(step, len(list)) {
			result = append(result, list[i])
		}
	} else {
		for i, stop := bound(n.parts[0], high), bound(n.parts[1], low); i > stop; i += max(step, -len(list)) {
			result = append(result, list[i])
		}
	}
	return result, nil
}

func (n chain) eval(v any) (any, error) {
	v, err := n.first.eval(v)
	if err != nil {
		return nil, err
	}
	return n.then.eval(v)
}

func (n or) eval(v any) (any, error) {
	left, err := n.left.eval(v)
	if err != nil || !isFalse(left) {
		return left, err
	}
	return n.right.eval(v)
}

func (n and) eval(v any) (any, error) {
	left, err := n.left.eval(v)
	if err != nil || isFalse(left) {
		return left, err
	}
	return n.right.eval(v)
}

func (n not) eval(v any) (any, error) {
	v, err := n.of.eval(v)
	return isFalse(v), err
}

// isFalse is the language's own idea: 0 is true.
func isFalse(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case Object:
		return len(v) == 0
	}
	return false
}

func (n comparison) eval(v any) (any, error) {
	left, err := n.left.eval(v)
	if err != nil {
		return nil, err
	}
	right, err := n.right.eval(v)
	if err != nil {
		return nil, err
	}
	switch n.operator {
	case tEqual:
		return equal(left, right), nil
	case tNotEqual:
		return !equal(left, right), nil
	}
	// Order is defined for numbers; the AWS CLI has it for text as well, and
	// people compare timestamps by it.
	c, ok := order(left, right)
	if !ok {
		return nil, nil
	}
	switch n.operator {
	case tLess:
		return c < 0, nil
	case tLessEqual:
		return c <= 0, nil
	case tMore:
		return c > 0, nil
	}
	return c >= 0, nil
}

// order compares two numbers or two strings.
func order(a, b any) (int, bool) {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return compare(a, b), true
		}
	case int64:
		switch b := b.(type) {
		case int64:
			return compare(a, b), true
		case float64:
			return compare(float64(a), b), !math.IsNaN(b)
		}
	case float64:
		switch b := b.(type) {
		case int64:
			return compare(a, float64(b)), !math.IsNaN(a)
		case float64:
			return compare(a, b), !math.IsNaN(a) && !math.IsNaN(b)
		}
	}
	return 0, false
}

func compare[T string | int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// equal compares by value; the order of members does not matter.
func equal(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case Object:
		b, ok := b.(Object)
		if !ok || len(a) != len(b) {
			return false
		}
		for _, m := range a {
			if v, ok := b.Get(m.Name); !ok || !equal(m.Value, v) {
				return false
			}
		}
		return true
	case int64, float64:
		c, ok := order(a, b)
		return ok && c == 0
	case *reference:
		return false
	}
	switch b.(type) {
	case []any, Object, *reference:
		return false
	}
	return a == b
}

func (n flatten) eval(v any) (any, error) {
	v, err := n.of.eval(v)
	list, ok := v.([]any)
	if err != nil || !ok {
		return nil, err
	}
	result := []any{}
	for _, e := range list {
		if inner, ok := e.([]any); ok {
			result = append(result, inner...)
		} else {
			result = append(result, e)
		}
	}
	return result, nil
}

func (n values) eval(v any) (any, error) {
	v, err := n.of.eval(v)
	o, ok := v.(Object)
	if err != nil || !ok {
		return nil, err
	}
	return o.values(), nil
}

func (o Object) values() []any {
	list := make([]any, len(o))
	for i, m := range o {
		list[i] = m.Value
	}
	return list
}

// A projection drops what comes to null.
func (n projection) eval(v any) (any, error) {
	v, err := n.of.eval(v)
	list, ok := v.([]any)
	if err != nil || !ok {
		return nil, err
	}
	result := []any{}
	for _, e := range list {
		if n.where != nil {
			keep, err := n.where.eval(e)
			if err != nil {
				return nil, err
			}
			if isFalse(keep) {
				continue
			}
		}
		r, err := n.each.eval(e)
		if err != nil {
			return nil, err
		}
		if r != nil {
			result = append(result, r)
		}
	}
	return result, nil
}

func (n multiList) eval(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	return evalAll(n.elements, v)
}

func evalAll(nodes []node, v any) ([]any, error) {
	list := make([]any, len(nodes))
	for i, n := range nodes {
		var err error
		if list[i], err = n.eval(v); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (n multiHash) eval(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	list, err := evalAll(n.values, v)
	if err != nil {
		return nil, err
	}
	o := Object{}
	for i, name := range n.names {
		o = o.With(name, list[i])
	}
	return o, nil
}
