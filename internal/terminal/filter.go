package terminal

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sahilm/fuzzy"
)

// A match is an item that a filter lets through.
type match struct {
	item   int
	places []int // of the matched letters, in bytes
	score  int
}

// wholeWord puts the items that have a word as it was typed before those that
// only have its letters. No other score comes near it.
const wholeWord = 1 << 20

// matches lists the items that have the letters of every word of the filter in
// their order, best first. Without a filter that is all of them as they are.
func matches(items []string, filter string) []match {
	found := make([]match, len(items))
	for i := range items {
		found[i].item = i
	}
	for word := range strings.FieldsSeq(filter) {
		left := make([]match, 0, len(found))
		for _, m := range fuzzy.FindFromNoSort(word, matched{items, found}) {
			was := found[m.Index]
			places, score := m.MatchedIndexes, m.Score
			if at := indexFold(m.Str, word); at >= 0 {
				score += wholeWord
				for i := range places {
					places[i] = at
					_, n := utf8.DecodeRuneInString(m.Str[at:])
					at += n
				}
			}
			left = append(left, match{was.item, append(was.places, places...), was.score + score})
		}
		found = left
	}
	slices.SortStableFunc(found, func(a, b match) int { return b.score - a.score })
	return found
}

// indexFold finds a word in any case.
func indexFold(s, word string) int {
	lower := strings.ToLower(s)
	if len(lower) != len(s) {
		return strings.Index(s, word) // places would not be the same
	}
	return strings.Index(lower, strings.ToLower(word))
}

// matched is what a word leaves for the next.
type matched struct {
	items []string
	found []match
}

func (m matched) Len() int            { return len(m.found) }
func (m matched) String(i int) string { return m.items[m.found[i].item] }
