package awsconfig

import (
	"slices"
	"sort"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// lineEdits are the edits of lines that make one text of another. A general search
// gives up early on files that differ in many places. Here it is asked only for
// what is between lines that both texts have once, as section headers are.
func lineEdits(before, after string) []udiff.Edit {
	d := lineDiff{old: textLines(before), new: textLines(after)}
	d.between(0, len(d.old), 0, len(d.new), 0)
	return d.edits
}

// textLines cuts behind each line feed, as a diff shows lines.
func textLines(s string) []string {
	if s == "" {
		return nil
	}
	lines := strings.SplitAfter(s, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

type lineDiff struct {
	old, new []string
	edits    []udiff.Edit
}

// between compares old[a:b] with new[c:d]; the first of them begins at offset.
func (l *lineDiff) between(a, b, c, d, offset int) {
	for a < b && c < d && l.old[a] == l.new[c] {
		offset += len(l.old[a])
		a, c = a+1, c+1
	}
	for a < b && c < d && l.old[b-1] == l.new[d-1] {
		b, d = b-1, d-1
	}
	if a == b && c == d {
		return
	}
	if a < b && c < d {
		if anchors := l.anchors(a, b, c, d); len(anchors) > 0 {
			for _, at := range append(anchors, [2]int{b, d}) {
				l.between(a, at[0], c, at[1], offset)
				for ; a < at[0]; a++ {
					offset += len(l.old[a])
				}
				c = at[1]
			}
			return
		}
	}
	old, changed := strings.Join(l.old[a:b], ""), strings.Join(l.new[c:d], "")
	if a == b || c == d {
		l.edits = append(l.edits, udiff.Edit{Start: offset, End: offset + len(old), New: changed})
		return
	}
	for _, e := range udiff.Lines(old, changed) {
		l.edits = append(l.edits, udiff.Edit{Start: offset + e.Start, End: offset + e.End, New: e.New})
	}
}

// anchors are pairs of lines, one of each text, that are alike and like no other
// between the ends; as many as come in the same order in both.
func (l *lineDiff) anchors(a, b, c, d int) [][2]int {
	type place struct{ old, new, olds, news int }
	places := map[string]*place{}
	at := func(text string) *place {
		p := places[text]
		if p == nil {
			p = &place{}
			places[text] = p
		}
		return p
	}
	for i := a; i < b; i++ {
		p := at(l.old[i])
		p.old, p.olds = i, p.olds+1
	}
	for i := c; i < d; i++ {
		p := at(l.new[i])
		p.new, p.news = i, p.news+1
	}
	var pairs [][2]int
	for _, p := range places {
		if p.olds == 1 && p.news == 1 {
			pairs = append(pairs, [2]int{p.old, p.new})
		}
	}
	slices.SortFunc(pairs, func(x, y [2]int) int { return x[0] - y[0] })
	return rising(pairs)
}

// rising is the longest part of the pairs whose second numbers rise, too.
func rising(pairs [][2]int) [][2]int {
	var ends []int // ends[n] is the pair that ends the best row of n+1 pairs
	before := make([]int, len(pairs))
	for i, p := range pairs {
		n := sort.Search(len(ends), func(n int) bool { return pairs[ends[n]][1] > p[1] })
		before[i] = -1
		if n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	row := make([][2]int, len(ends))
	for n, i := len(ends)-1, last(ends); n >= 0; n, i = n-1, before[i] {
		row[n] = pairs[i]
	}
	return row
}

func last(indexes []int) int {
	if len(indexes) == 0 {
		return -1
	}
	return indexes[len(indexes)-1]
}
