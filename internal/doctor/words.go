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
func nearest(typed string, names []string) string {
	found := ""
	for _, name := range names {
		if distance(strings.ToLower(typed), strings.ToLower(name)) <= max(len(typed)/4, 1) {
			if found != "" {
				return ""
			}
			found = name
		}
	}
	return found
}

// distance counts how many letters one has to add, drop or change to make one word
// of another.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range from {
		last := row[0]
		row[0] = i + 1
		for j := range to {
			change := last
			if from[i] != to[j] {
				change++
			}
			last = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, change)
		}
	}
	return row[len(to)]
}
