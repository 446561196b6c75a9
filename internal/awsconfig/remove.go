package awsconfig

import "slices"

// Remove takes a section out: its header, its keys, and the blank lines that set
// it apart from what follows, or at the end of the file from what is before.
// Comments in it stay, whoever wrote them. A section that is not there is none.
func (d *Document) Remove(s Section) { d.removeAll([]Section{s}) }

// removeAll removes several sections, the last one in the file first.
func (d *Document) removeAll(sections []Section) {
	gone := map[int]bool{}
	for _, s := range sections {
		if at := d.index(s); at >= 0 {
			gone[at] = true
		}
	}
	if len(gone) == 0 {
		return
	}
	last := true // no section that stays is below
	for at := len(d.sections) - 1; at >= 0; at-- {
		if !gone[at] {
			last = false
			continue
		}
		before := &d.preamble
		if at > 0 {
			before = &d.sections[at-1].lines
		}
		kept := d.sections[at].comments()
		if n := len(*before); last && kept == nil && n > 0 && (*before)[n-1].kind == lineBlank {
			*before = (*before)[:n-1]
		}
		*before = append(slices.Clip(*before), kept...)
	}
	stay := d.sections
	d.sections, d.byHeader, d.byMeaning = nil, nil, nil
	for at, b := range stay {
		if !gone[at] {
			d.addSection(b)
		}
	}
}

// comments are the lines of a block without its keys; none where no comment is
// among them.
func (b *block) comments() []line {
	comment := func(l line) bool { return l.kind == lineComment }
	if !slices.ContainsFunc(b.lines, comment) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(b.lines), func(l line) bool {
		return l.kind == lineOption || l.kind == lineMore
	})
}

// own are the keys written in the section itself; nil where there is none.
func (d *Document) own(s Section) map[string]string {
	b := d.find(s)
	if b == nil {
		return nil
	}
	keys := map[string]string{}
	for _, o := range b.options() {
		keys[o.key] = o.value
	}
	return keys
}
