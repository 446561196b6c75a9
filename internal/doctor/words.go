package doctor

import (
	"strings"
)

// word is a word of a command line as a POSIX shell reads it.
func word(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// join names a few.
func join(names []string) string { return strings.Join(names, ", ") }

// nearest is the one name that a slip of the fingers may have been meant to be, or
// "".
func (f *Facts) nearest(typed string, names []string) string {
	found := ""
	for _, name := range names {
		if f.Typos == nil || f.Typos(strings.ToLower(typed), strings.ToLower(name)) > max(len(typed)/4, 1) {
			continue
		}
		if found != "" {
			return ""
		}
		found = name
	}
	return found
}
