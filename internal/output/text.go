package output

import (
	"slices"
	"strings"
)

// writeText writes the text format: the scalars of an object on one line, by
// alphabetical key and separated by tabs, then its lists and objects, each
// line led by the name in capitals. A tag of nil leads no line.
func writeText(b *strings.Builder, v any, tag *string) {
	switch v := v.(type) {
	case Object:
		textObject(b, v, tag, nil)
	case []any:
		textList(b, v, tag)
	default:
		b.WriteString(scalarText(v))
		b.WriteByte('\n')
	}
}

func textList(b *strings.Builder, list []any, tag *string) {
	isObject := func(v any) bool { _, ok := v.(Object); return ok }
	switch {
	case len(list) == 0:
	case slices.ContainsFunc(list, isObject):
		columns := scalarNames(list)
		for _, v := range list {
			if o, ok := v.(Object); ok {
				textObject(b, o, tag, columns)
			} else {
				writeText(b, v, tag)
			}
		}
	default:
		var scalars []any
		var lists []any
		for _, v := range list {
			if isScalar(v) {
				scalars = append(scalars, v)
			} else {
				lists = append(lists, v)
			}
		}
		if len(scalars) > 0 {
			textScalars(b, scalars, tag)
		}
		for _, v := range lists {
			writeText(b, v, tag)
		}
	}
}

func textScalars(b *strings.Builder, list []any, tag *string) {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = scalarText(v)
	}
	if tag == nil {
		b.WriteString(strings.Join(texts, "\t") + "\n")
		return
	}
	for _, t := range texts {
		b.WriteString(strings.ToUpper(*tag) + "\t" + t + "\n")
	}
}

// textObject writes one object. Columns are those of all objects of its list;
// nil means its own scalars.
func textObject(b *strings.Builder, o Object, tag *string, columns []string) {
	if columns == nil {
		columns = scalarNames([]any{o})
	}
	row := make([]string, 0, len(columns)+1)
	if tag != nil && len(columns) > 0 {
		row = append(row, strings.ToUpper(*tag))
	}
	for _, name := range columns {
		text := ""
		if v, ok := o.Get(name); ok {
			text = scalarText(v)
		}
		row = append(row, text)
	}
	if len(columns) > 0 {
		b.WriteString(strings.Join(row, "\t") + "\n")
	}
	rest := make([]string, 0, len(o))
	for _, m := range o {
		if !slices.Contains(columns, m.Name) {
			rest = append(rest, m.Name)
		}
	}
	slices.Sort(rest)
	for _, name := range rest {
		v, _ := o.Get(name)
		writeText(b, v, &name)
	}
}

// scalarNames lists, sorted, the names that hold a scalar in any of the objects.
func scalarNames(list []any) []string {
	names := []string{}
	for _, v := range list {
		o, _ := v.(Object)
		for _, m := range o {
			if isScalar(m.Value) && !slices.Contains(names, m.Name) {
				names = append(names, m.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func isScalar(v any) bool {
	switch v.(type) {
	case Object, []any:
		return false
	}
	return true
}
