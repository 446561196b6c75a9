package awsconfig

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// snapshot is everything a reader gets from a document: headers, keys, values.
type snapshot struct {
	headers  []string
	sections map[string]map[string]string
	at       map[string]int // of headers; nil: not known
	find     func(Section) (header string, ok bool)
}

func (d *Document) snapshot() snapshot {
	s := snapshot{sections: map[string]map[string]string{}}
	for _, b := range d.sections {
		keys := s.sections[b.raw]
		if keys == nil {
			keys = map[string]string{}
			s.sections[b.raw] = keys
			s.headers = append(s.headers, b.raw)
		}
		for _, o := range b.options() {
			keys[o.key] = o.value
		}
	}
	s.find = func(section Section) (string, bool) {
		if b := d.find(section); b != nil {
			return b.raw, true
		}
		return "", false
	}
	return s
}

// apply makes the changes an edit asks for. It is called after the document was
// edited, so that the document knows the section, new or old.
func (s *snapshot) apply(e Edit) {
	header, ok := s.find(e.Section)
	if !ok {
		return
	}
	keys := s.sections[header]
	if keys == nil {
		keys = map[string]string{}
		s.sections[header] = keys
		s.headers, s.at = append(s.headers, header), nil
	}
	for _, kv := range e.Set {
		key := strings.ToLower(kv.Key)
		switch {
		case kv.To != "":
			if v, ok := keys[key]; ok {
				delete(keys, key)
				keys[strings.ToLower(kv.To)] = v
			}
		case kv.Sub != "":
			keys[key] = withSub(keys[key], kv.Sub, strip(*kv.Value))
		case kv.Value == nil:
			delete(keys, key)
		default:
			keys[key] = strip(*kv.Value)
		}
	}
}

// remove takes out what a removal asks for. It is called before the document is
// edited, while that still knows the sections.
func (s *snapshot) remove(sections []Section) {
	gone := map[string]bool{}
	for _, section := range sections {
		if header, ok := s.find(section); ok {
			gone[header] = true
			delete(s.sections, header)
		}
	}
	s.at = nil
	s.headers = slices.DeleteFunc(s.headers, func(h string) bool { return gone[h] })
}

// difference names the first section or key in which the two differ, or is
// empty. It holds no values.
func (s snapshot) difference(other snapshot) string {
	if !slices.Equal(s.headers, other.headers) {
		return "the sections differ"
	}
	for _, header := range s.headers {
		want, got := s.sections[header], other.sections[header]
		if maps.Equal(want, got) {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if v, ok := got[key]; !ok || v != want[key] {
				return fmt.Sprintf("%s in [%s]", key, header)
			}
		}
		return fmt.Sprintf("a key in [%s]", header)
	}
	return ""
}
