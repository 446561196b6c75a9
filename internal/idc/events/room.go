package events

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxSize is the most bytes of JSON that an event of [Call.Events] has.
const MaxSize = 4 << 10

const (
	maxText = 512 // a user agent, a name, a message, a parameter
	maxID   = 128 // an identifier
	frame   = 768 // more than field names, punctuation, the time and the event's id take
	entry   = len(`"":"",`)
)

// room is what is left of an event's size. Text is counted as it stands in JSON,
// where a quotation mark takes two bytes and a bracket six.
type room struct{ left int }

func (r *room) id(s string) string   { return r.clean(s, maxID) }
func (r *room) text(s string) string { return r.clean(s, maxText) }

// clean returns as much of s as there is room for, with a space for whatever
// would break the line, move the cursor or turn the direction of reading.
func (r *room) clean(s string, limit int) string {
	limit = min(limit, r.left)
	size, end, dirty := 0, len(s), false
	for i := 0; i < len(s); {
		c, width := utf8.DecodeRuneInString(s[i:])
		dirty = dirty || breaks(c) || c == utf8.RuneError && width == 1
		n := jsonSize(c)
		if size+n > limit {
			end = i
			break
		}
		size += n
		i += width
	}
	r.left -= size
	if dirty {
		return strings.Map(func(c rune) rune {
			if breaks(c) {
				return ' '
			}
			return c // U+FFFD for a byte that is no text
		}, s[:end])
	}
	if end < len(s) {
		return strings.Clone(s[:end]) // so that a long header is not kept for its beginning
	}
	return s
}

func breaks(c rune) bool {
	return c < ' ' || c >= 0x7f && (unicode.IsControl(c) || unicode.In(c, unicode.Zl, unicode.Zp, unicode.Bidi_Control))
}

func jsonSize(c rune) int {
	switch c {
	case '"', '\\':
		return 2
	case '<', '>', '&':
		return 6
	}
	return utf8.RuneLen(c)
}

// put adds an entry that is not empty and not there yet, if there is room.
func (r *room) put(m map[string]string, name, value string, limit int) map[string]string {
	if value == "" || r.left < entry {
		return m
	}
	rest := room{r.left - entry}
	name, value = rest.clean(name, maxID), rest.clean(value, limit)
	if _, there := m[name]; there || name == "" || value == "" {
		return m
	}
	*r = rest
	if m == nil {
		m = make(map[string]string)
	}
	m[name] = value
	return m
}

// putAll adds all but one, in the order of their names, so that the same call
// makes the same event.
func (r *room) putAll(m, from map[string]string, but string) map[string]string {
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if name != but {
			m = r.put(m, name, from[name], maxText)
		}
	}
	return m
}
