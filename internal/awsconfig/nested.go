package awsconfig

import "strings"

// A nested block is a key without a value and, below it, lines "sub = value"
// that are indented deeper than the key.

// nestedIndent is how much deeper, where the block has no lines yet.
const nestedIndent = "    "

// applySub changes one line of a block, or adds it after the block's last one
// with the indent of its first; the block is made when there is none.
func (d *Document) applySub(at int, kv KeyValue) {
	b := d.sections[at]
	key, value := strings.ToLower(kv.Key), strip(*kv.Value)
	o, ok := b.option(key)
	if !ok {
		d.insert(at, kv.Key, "")
		o, _ = b.option(key)
	}
	indent := indentText(b.lines[o.at].text) + nestedIndent
	last, first, found := o.at, true, -1
	for i := o.at + 1; i < len(b.lines) && b.lines[i].kind != lineOption; i++ {
		if b.lines[i].kind != lineMore {
			continue
		}
		if first {
			indent, first = indentText(b.lines[i].text), false
		}
		last = i
		if nestedName(b.lines[i].value) == kv.Sub {
			found = i // readers take the last one
		}
	}
	if found >= 0 {
		l := &b.lines[found]
		if _, old, _ := strings.Cut(l.value, "="); strip(old) != value {
			l.text = indentText(l.text) + optionText(kv.Sub, value)
			l.value = optionText(kv.Sub, value)
		}
		return
	}
	previous := &b.lines[last]
	if previous.eol == "" {
		previous.eol = d.eol()
	}
	added := line{
		text:  indent + optionText(kv.Sub, value),
		eol:   usableEOL(previous.eol, d.eol()),
		kind:  lineMore,
		value: optionText(kv.Sub, value),
	}
	lines := make([]line, 0, len(b.lines)+1)
	lines = append(lines, b.lines[:last+1]...)
	lines = append(lines, added)
	b.lines = append(lines, b.lines[last+1:]...)
}

func nestedName(l string) string {
	name, _, _ := strings.Cut(l, "=")
	return strip(name)
}

// withSub is what a block's text, as a reader joins it, becomes by setting sub.
func withSub(block, sub, value string) string {
	lines := strings.Split(block, "\n")
	found := -1
	for i, l := range lines {
		if i > 0 && l != "" && nestedName(l) == sub {
			found = i
		}
	}
	if found < 0 {
		return block + "\n" + optionText(sub, value)
	}
	if _, old, _ := strings.Cut(lines[found], "="); strip(old) != value {
		lines[found] = optionText(sub, value)
	}
	return strings.Join(lines, "\n")
}
