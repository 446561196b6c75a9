package seed

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// decoder walks the nodes of a document. It keeps the first error, after which
// every read does nothing, and the line of every field it saw.
type decoder struct {
	lines map[string]int
	nodes int
	err   *Error
}

func (d *decoder) fail(n *yaml.Node, field, problem, cure string) {
	if d.err == nil {
		d.err = &Error{Line: n.Line, Field: field, Problem: problem, Cure: cure}
	}
}

// refuse is fail for a field that was read before.
func (d *decoder) refuse(field, problem, cure string) {
	if d.err == nil {
		d.err = &Error{Line: d.line(field), Field: field, Problem: problem, Cure: cure}
	}
}

// line is where a field is, or the nearest around it that was written.
func (d *decoder) line(field string) int {
	for field != "" {
		if l, ok := d.lines[field]; ok {
			return l
		}
		field = field[:max(strings.LastIndexAny(field, ".["), 0)]
	}
	return 1
}

// enter follows an alias to what it stands for, and counts.
func (d *decoder) enter(n *yaml.Node, field string) (*yaml.Node, bool) {
	if d.err != nil {
		return nil, false
	}
	if d.nodes++; d.nodes > maxNodes {
		d.fail(n, field, "it says more than can be read", "state a smaller organisation, with fewer aliases")
		return nil, false
	}
	if _, ok := d.lines[field]; !ok && field != "" {
		d.lines[field] = n.Line
	}
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n, true
}

// null says whether nothing was written. Such a field counts as left out.
func null(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// kind names what was written, for people.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!str":
		return "text"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a date"
	case "!!null":
		return "nothing"
	}
	return "a value tagged " + quote(n.Tag)
}

// mapping reads the fields of a mapping by the readers given. A field that was
// left empty is as good as left out; one of required must not be.
func (d *decoder) mapping(n *yaml.Node, field string, required []string, fields map[string]func(n *yaml.Node, field string)) {
	n, ok := d.enter(n, field)
	if !ok {
		return
	}
	names := slices.Sorted(maps.Keys(fields))
	if n.Kind != yaml.MappingNode {
		d.fail(n, field, "it is "+kind(n)+", not a mapping", "write name: value pairs with any of "+strings.Join(names, ", "))
		return
	}
	// Once is enough, even with nothing behind it: of two, a reader of the file
	// may take either.
	seen, given := map[string]bool{}, map[string]bool{}
	for i := 0; i+1 < len(n.Content) && d.err == nil; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, known := fields[key.Value]
		at := join(field, key.Value)
		switch {
		case key.Kind != yaml.ScalarNode:
			d.fail(key, field, "a field name is "+kind(key), "write name: value pairs with any of "+strings.Join(names, ", "))
		case key.ShortTag() == "!!merge":
			d.fail(key, field, "<< is not supported", "write the fields out")
		case !known:
			d.fail(key, join(field, plain(key.Value)), "there is no such field", directory.DidYouMean(key.Value, names, "use any of "+strings.Join(names, ", ")))
		case seen[key.Value]:
			d.fail(key, at, "it is there twice", "keep one of the two")
		}
		if d.err != nil {
			return
		}
		seen[key.Value] = true
		target := value
		for target.Kind == yaml.AliasNode {
			target = target.Alias
		}
		if null(target) {
			continue
		}
		given[key.Value] = true
		read(value, at)
	}
	for _, name := range required {
		if !given[name] {
			d.fail(n, join(field, name), "it is missing", "add "+name)
		}
	}
}

// list reads every element by the same reader.
func (d *decoder) list(read func(n *yaml.Node, field string)) func(*yaml.Node, string) {
	return func(n *yaml.Node, field string) {
		n, ok := d.enter(n, field)
		if !ok {
			return
		}
		if n.Kind != yaml.SequenceNode {
			d.fail(n, field, "it is "+kind(n)+", not a list", "write one line beginning with - for each, or [a, b]")
			return
		}
		for i, element := range n.Content {
			if d.err != nil {
				return
			}
			read(element, fmt.Sprintf("%s[%d]", field, i))
		}
	}
}

// scalar enters what must be one value.
func (d *decoder) scalar(n *yaml.Node, field, want, cure string) (*yaml.Node, bool) {
	n, ok := d.enter(n, field)
	if !ok {
		return nil, false
	}
	if n.Kind != yaml.ScalarNode || null(n) {
		d.fail(n, field, "it is "+kind(n)+", not "+want, cure)
		return nil, false
	}
	return n, true
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}
