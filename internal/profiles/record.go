package profiles

import (
	"fmt"
	"net/url"
	"strings"
)

// A record is what was written into a profile: the name it was to have, the one
// that it got where that is another, and its keys besides those that say which role
// it is. It stands in the profile as one value, "name=dev-ReadOnly
// region=eu-west-1", with percent signs as in a URL where a value holds what would
// not be read back.
type record struct {
	name string
	as   string // "" for the same
	keys []Key  // without Match, in the order they were written
}

func (r record) String() string {
	var b strings.Builder
	b.WriteString("name=" + escape(r.name))
	if r.as != "" {
		b.WriteString(" as=" + escape(r.as))
	}
	for _, k := range r.keys {
		b.WriteString(" " + escape(k.Name) + "=" + escape(k.Value))
	}
	return b.String()
}

// readRecord reads what it can: what a person broke was never written.
func readRecord(text string) record {
	var r record
	for i, word := range strings.Fields(text) {
		name, value, ok := strings.Cut(word, "=")
		name, err1 := url.PathUnescape(name)
		value, err2 := url.PathUnescape(value)
		switch {
		case !ok || err1 != nil || err2 != nil:
		case i == 0 && name == "name":
			r.name = value
		case i == 1 && name == "as":
			r.as = value
		default:
			r.keys = append(r.keys, Key{Name: name, Value: value})
		}
	}
	return r
}

func (r record) get(name string) (string, bool) {
	for _, k := range r.keys {
		if strings.EqualFold(k.Name, name) {
			return k.Value, true
		}
	}
	return "", false
}

func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c <= ' ', c == '%', c == '"', c == '\'', c == '#', c == ';', c == '=', c == 0x7f, c >= 0x80:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
