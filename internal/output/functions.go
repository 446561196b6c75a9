package output

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A function is one of the language's own. Each argument has the types it may
// be of; none means any. A variadic function takes its last argument once or
// more.
type function struct {
	arguments [][]string
	variadic  bool
	run       func(args []any) (any, error)
}

// A failure is a call that went wrong, in the AWS CLI's words.
type failure string

func (f failure) Error() string { return string(f) }

// lookup finds a function. It is no table, so that nothing is built before a
// query asks for it.
func lookup(name string) (function, bool) {
	types := func(names ...string) []string { return names }
	one := func(run func(any) (any, error), names ...string) (function, bool) {
		return function{[][]string{names}, false, func(args []any) (any, error) { return run(args[0]) }}, true
	}
	several := func(run func([]any) (any, error), arguments ...[]string) (function, bool) {
		return function{arguments, false, run}, true
	}
	switch name {
	case "abs":
		return one(abs, "number")
	case "avg":
		return one(average, "array-number")
	case "ceil":
		return one(rounded(math.Ceil), "number")
	case "contains":
		return several(contains, types("array", "string"), nil)
	case "ends_with":
		return several(func(a []any) (any, error) { return strings.HasSuffix(a[0].(string), a[1].(string)), nil }, types("string"), types("string"))
	case "floor":
		return one(rounded(math.Floor), "number")
	case "join":
		return several(join, types("string"), types("array-string"))
	case "keys":
		return one(keys, "object")
	case "length":
		return one(length, "string", "array", "object")
	case "map":
		return several(mapEach, types("expref"), types("array"))
	case "max":
		return one(extreme(1), "array-number", "array-string")
	case "max_by":
		return several(extremeBy("max_by", 1), types("array"), types("expref"))
	case "merge":
		return function{[][]string{types("object")}, true, merge}, true
	case "min":
		return one(extreme(-1), "array-number", "array-string")
	case "min_by":
		return several(extremeBy("min_by", -1), types("array"), types("expref"))
	case "not_null":
		return function{[][]string{nil}, true, notNull}, true
	case "reverse":
		return one(reverse, "array", "string")
	case "sort":
		return one(sorted, "array-string", "array-number")
	case "sort_by":
		return several(sortBy, types("array"), types("expref"))
	case "starts_with":
		return several(func(a []any) (any, error) { return strings.HasPrefix(a[0].(string), a[1].(string)), nil }, types("string"), types("string"))
	case "sum":
		return one(func(v any) (any, error) { return sum(v.([]any)), nil }, "array-number")
	case "to_array":
		return one(toArray)
	case "to_number":
		return one(toNumber)
	case "to_string":
		return one(toString)
	case "type":
		return one(func(v any) (any, error) { return typeOf(v), nil })
	case "values":
		return one(func(v any) (any, error) { return v.(Object).values(), nil }, "object")
	}
	return function{}, false
}

func (n call) eval(v any) (any, error) {
	args, err := evalAll(n.args, v)
	if err != nil {
		return nil, err
	}
	f, ok := lookup(n.name)
	if !ok {
		return nil, failure(fmt.Sprintf("Unknown function: %s()", n.name))
	}
	want := len(f.arguments)
	if len(args) < want || len(args) > want && !f.variadic {
		least, plural := "", "s"
		if f.variadic {
			least = "at least "
		}
		if want == 1 {
			plural = ""
		}
		return nil, failure(fmt.Sprintf("Expected %s%d argument%s for function %s(), received %d", least, want, plural, n.name, len(args)))
	}
	for i, arg := range args {
		if err := check(n.name, arg, f.arguments[min(i, want-1)]); err != nil {
			return nil, err
		}
	}
	return f.run(args)
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case int64, float64:
		return "number"
	case []any:
		return "array"
	case Object:
		return "object"
	}
	return "expref"
}

// check holds an argument against its types. "array-number" and the like ask
// for a list of one kind of element.
func check(name string, arg any, types []string) error {
	if len(types) == 0 {
		return nil
	}
	actual := typeOf(arg)
	var elements []string
	allowed := false
	for _, t := range types {
		t, element, _ := strings.Cut(t, "-")
		allowed = allowed || t == actual
		if element != "" {
			elements = append(elements, element)
		}
	}
	if !allowed {
		return badType(name, arg, types)
	}
	list, _ := arg.([]any)
	for _, e := range list {
		if len(elements) > 0 && (!slices.Contains(elements, typeOf(e)) || typeOf(e) != typeOf(list[0])) {
			return badType(name, e, types)
		}
	}
	return nil
}

func badType(name string, v any, types []string) error {
	list := make([]any, len(types))
	for i, t := range types {
		list[i] = t
	}
	shown := scalarText(v)
	if _, ok := v.(*reference); ok {
		shown = "an expression"
	}
	return failure(fmt.Sprintf("In function %s(), invalid type for value: %s, expected one of: %s, received: \"%s\"", name, shown, repr(list), typeOf(v)))
}

func abs(v any) (any, error) {
	switch v := v.(type) {
	case int64:
		if v < 0 && v != math.MinInt64 {
			return -v, nil
		}
		return v, nil
	default:
		return math.Abs(v.(float64)), nil
	}
}

func float(v any) float64 {
	if n, ok := v.(int64); ok {
		return float64(n)
	}
	return v.(float64)
}

// sum stays an integer as long as every number is one and the sum fits.
func sum(list []any) any {
	var n int64
	for i, v := range list {
		m, ok := v.(int64)
		if !ok || (m > 0 && n > math.MaxInt64-m) || (m < 0 && n < math.MinInt64-m) {
			f := float64(n)
			for _, v := range list[i:] {
				f += float(v)
			}
			return f
		}
		n += m
	}
	return n
}

func average(v any) (any, error) {
	list := v.([]any)
	if len(list) == 0 {
		return nil, nil
	}
	return float(sum(list)) / float64(len(list)), nil
}

func rounded(round func(float64) float64) func(any) (any, error) {
	return func(v any) (any, error) {
		f, ok := v.(float64)
		if !ok {
			return v, nil
		}
		if f = round(f); math.Abs(f) < 1<<63 {
			return int64(f), nil
		}
		return f, nil
	}
}

func contains(args []any) (any, error) {
	if text, ok := args[0].(string); ok {
		part, ok := args[1].(string)
		if !ok {
			return nil, badType("contains", args[1], []string{"string"})
		}
		return strings.Contains(text, part), nil
	}
	return slices.ContainsFunc(args[0].([]any), func(e any) bool { return equal(e, args[1]) }), nil
}

func join(args []any) (any, error) {
	parts := []string{}
	for _, v := range args[1].([]any) {
		parts = append(parts, v.(string))
	}
	return strings.Join(parts, args[0].(string)), nil
}

func keys(v any) (any, error) {
	list := []any{}
	for _, m := range v.(Object) {
		list = append(list, m.Name)
	}
	return list, nil
}

func length(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v)), nil
	case []any:
		return int64(len(v)), nil
	default:
		return int64(len(v.(Object))), nil
	}
}

func mapEach(args []any) (any, error) {
	return keysOf(args[1].([]any), args[0].(*reference))
}

func keysOf(list []any, by *reference) ([]any, error) {
	result := make([]any, len(list))
	for i, e := range list {
		var err error
		if result[i], err = by.to.eval(e); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// extreme finds the first of the largest elements, or of the smallest.
func extreme(sign int) func(any) (any, error) {
	return func(v any) (any, error) {
		list := v.([]any)
		return pickExtreme(list, list, sign), nil
	}
}

func pickExtreme(list, keys []any, sign int) any {
	best := -1
	for i := range keys {
		if best < 0 {
			best = i
		} else if c, _ := order(keys[i], keys[best]); c*sign > 0 {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return list[best]
}

func extremeBy(name string, sign int) func([]any) (any, error) {
	return func(args []any) (any, error) {
		keys, err := sortKeys(name, args)
		if err != nil {
			return nil, err
		}
		return pickExtreme(args[0].([]any), keys, sign), nil
	}
}

// sortKeys are what elements are ordered by: all numbers or all strings.
func sortKeys(name string, args []any) ([]any, error) {
	keys, err := keysOf(args[0].([]any), args[1].(*reference))
	if err != nil {
		return nil, err
	}
	allowed := []string{"string", "number"}
	for _, k := range keys {
		if t := typeOf(k); !slices.Contains(allowed, t) {
			return nil, badType(name, k, allowed)
		}
		allowed = []string{typeOf(k)}
	}
	return keys, nil
}

func merge(args []any) (any, error) {
	merged := Object{}
	for _, v := range args {
		for _, m := range v.(Object) {
			merged = merged.With(m.Name, m.Value)
		}
	}
	return merged, nil
}

func notNull(args []any) (any, error) {
	for _, v := range args {
		if v != nil {
			return v, nil
		}
	}
	return nil, nil
}

func reverse(v any) (any, error) {
	if text, ok := v.(string); ok {
		runes := []rune(text)
		slices.Reverse(runes)
		return string(runes), nil
	}
	list := slices.Clone(v.([]any))
	slices.Reverse(list)
	return list, nil
}

func sorted(v any) (any, error) {
	list := slices.Clone(v.([]any))
	slices.SortStableFunc(list, func(a, b any) int { c, _ := order(a, b); return c })
	return list, nil
}

func sortBy(args []any) (any, error) {
	keys, err := sortKeys("sort_by", args)
	if err != nil {
		return nil, err
	}
	list := args[0].([]any)
	places := make([]int, len(list))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { c, _ := order(keys[a], keys[b]); return c })
	result := make([]any, len(list))
	for i, p := range places {
		result[i] = list[p]
	}
	return result, nil
}

func toArray(v any) (any, error) {
	if list, ok := v.([]any); ok {
		return list, nil
	}
	return []any{v}, nil
}

func toNumber(v any) (any, error) {
	switch v := v.(type) {
	case int64, float64:
		return v, nil
	case string:
		text := strings.TrimSpace(v)
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil && !strings.ContainsAny(text, "xXpP_") {
			return f, nil
		}
	}
	return nil, nil
}

func toString(v any) (any, error) {
	if text, ok := v.(string); ok {
		return text, nil
	}
	b, err := appendJSON(nil, v, jsonStyle{ASCII: true}, 0)
	return string(b), err
}
