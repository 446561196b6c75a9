package awsconfig

import "slices"

// Remove takes a section out: its header, its keys, and the blank lines that set
// it apart from what follows, or at the end of the file from what is before.
// Comments in it stay, whoever wrote them. A section that is not there is none.
func (d *Document) Remove(s Section) {
	at := d.index(s)
	if at < 0 {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(d.sections[at].lines), func(l line) bool {
		return l.kind == lineOption || l.kind == lineMore
	})
	if !slices.ContainsFunc(kept, func(l line) bool { return l.kind == lineComment }) {
		kept = nil
	}
	last := at == len(d.sections)-1
	before := &d.preamble
	if at > 0 {
		before = &d.sections[at-1].lines
	}
	if n := len(*before); last && kept == nil && n > 0 && (*before)[n-1].kind == lineBlank {
		*before = (*before)[:n-1]
	}
	*before = append(slices.Clip(*before), kept...)

	sections := slices.Delete(slices.Clone(d.sections), at, at+1)
	d.sections, d.byHeader, d.byMeaning = nil, nil, nil
	for _, b := range sections {
		d.addSection(b)
	}
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
