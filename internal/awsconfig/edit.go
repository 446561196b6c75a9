package awsconfig

import "strings"

// Edit makes the section hold the given keys and values and changes nothing
// else. The section is the one reading uses, however its header is spelled; it
// is added at the end of the file when there is none. A key whose value is
// already right keeps its line as it is; a changed one becomes one line
// "key = value" with its indent and line ending; a new one follows the
// section's last key. On error the document is as before.
func (d *Document) Edit(s Section, set []KeyValue) error {
	adds, removes := false, false
	for _, kv := range set {
		if err := checkKey(kv.Key); err != nil {
			return err
		}
		if kv.Sub != "" {
			if err := checkKey(kv.Sub); err != nil {
				return err
			}
		}
		if kv.To != "" {
			if err := checkKey(kv.To); err != nil {
				return err
			}
			removes = true
			continue
		}
		if kv.Value == nil {
			removes = true
		} else {
			adds = true
			if err := checkValue(kv.Key, *kv.Value); err != nil {
				return err
			}
		}
	}
	at := d.index(s)
	if at < 0 {
		if !adds {
			return nil
		}
		if err := checkName(s); err != nil {
			return err
		}
	} else if err := d.sections[at].checkBlocks(s, set); err != nil {
		return err
	}
	if at < 0 || removes {
		// A section without a key inherits it, and with it what is wrong there.
		if err := d.checkDefaults(); err != nil {
			return err
		}
	}
	if at < 0 {
		at = d.appendSection(s)
	}
	for _, kv := range set {
		d.apply(at, kv)
	}
	return nil
}

// checkBlocks refuses to turn a block of settings into a single value; removing
// the block is fine, whoever asks for that means it. It also refuses to touch a
// value that goes on in lines with an =: by their indent they belong to the
// value, but the AWS SDK for Go reads them as keys, and so may their author.
func (b *block) checkBlocks(s Section, set []KeyValue) error {
	for _, kv := range set {
		o, ok := b.option(strings.ToLower(kv.Key))
		if kv.To != "" {
			continue
		}
		if ok && kv.Sub != "" {
			if o.nested == nil && o.value != "" {
				return &NestedError{Section: s, Key: kv.Key, Sub: kv.Sub}
			}
			continue
		}
		if !ok || (kv.Value != nil && o.value == strip(*kv.Value)) {
			continue
		}
		block := o.nested != nil
		if (block && kv.Value != nil) || (!block && b.holdsSettings(o)) {
			return &NestedError{Section: s, Key: kv.Key}
		}
	}
	return nil
}

func (b *block) holdsSettings(o option) bool {
	for _, l := range b.lines[o.at+1:] {
		if l.kind == lineOption {
			return false
		}
		if l.kind == lineMore && strings.Contains(l.value, "=") {
			return true
		}
	}
	return false
}

func (d *Document) apply(at int, kv KeyValue) {
	b := d.sections[at]
	key := strings.ToLower(kv.Key)
	o, ok := b.option(key)
	switch {
	case kv.To != "":
		if ok {
			d.rename(at, key, kv.To)
		}
	case kv.Sub != "":
		d.applySub(at, kv)
	case kv.Value == nil && ok:
		b.removeValue(o, true)
	case kv.Value == nil:
	case ok && o.value == strip(*kv.Value):
	case ok:
		first := &b.lines[o.at]
		first.text = indentText(first.text) + optionText(kv.Key, strip(*kv.Value))
		first.value = strip(*kv.Value)
		b.removeValue(o, false)
	default:
		d.insert(at, kv.Key, strip(*kv.Value))
	}
}

// rename calls a key by another name, which takes the place of one that had it.
func (d *Document) rename(at int, key, to string) {
	b := d.sections[at]
	if other, taken := b.option(strings.ToLower(to)); taken {
		b.removeValue(other, true)
	}
	o, _ := b.option(key)
	b.lines[o.at].rename(to)
}

// rename changes the key of a line in place.
func (l *line) rename(to string) {
	indent := indentText(l.text)
	rest := l.text[len(indent):]
	old := rest[:min(len(l.key), len(rest))]
	alike := 0
	for alike < min(len(old), len(to)) && lower(old[len(old)-1-alike]) == lower(to[len(to)-1-alike]) {
		alike++
	}
	l.text = indent + to[:len(to)-alike] + old[len(old)-alike:] + rest[len(old):]
	l.key = strings.ToLower(to)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// removeValue drops the lines that continue a value, and its first line when
// the key goes too. Comments and blank lines between them stay.
func (b *block) removeValue(o option, key bool) {
	kept := b.lines[:o.at:o.at]
	if !key {
		kept = append(kept, b.lines[o.at])
	}
	rest := b.lines[o.at+1:]
	for i, l := range rest {
		if l.kind == lineOption {
			kept = append(kept, rest[i:]...)
			break
		}
		if l.kind != lineMore {
			kept = append(kept, l)
		}
	}
	b.lines = kept
}

// insert adds a key after the last line of the section's last value, or right
// below the header.
func (d *Document) insert(at int, key, value string) {
	b := d.sections[at]
	after, lastOption := -1, -1
	for i, l := range b.lines {
		if l.kind == lineOption {
			lastOption = i
		}
		if l.kind == lineOption || l.kind == lineMore {
			after = i
		}
	}
	previous := &b.header
	if after >= 0 {
		previous = &b.lines[after]
	}
	if previous.eol == "" {
		previous.eol = d.eol()
	}
	added := line{
		text:  d.indentFor(at, lastOption) + optionText(key, value),
		eol:   usableEOL(previous.eol, d.eol()),
		kind:  lineOption,
		key:   strings.ToLower(key),
		value: value,
	}
	lines := make([]line, 0, len(b.lines)+1)
	lines = append(lines, b.lines[:after+1]...)
	lines = append(lines, added)
	b.lines = append(lines, b.lines[after+1:]...)
}

// indentFor aligns a new key with the section's last one. To readers an indent
// means something: deeper than the key above it, a line continues that key's
// value, and so would an indented header below a new key without indent.
func (d *Document) indentFor(at, lastOption int) string {
	b := d.sections[at]
	below := ""
	if at+1 < len(d.sections) {
		below = indentText(d.sections[at+1].header.text)
	}
	if lastOption < 0 {
		return below
	}
	indent := indentText(b.lines[lastOption].text)
	if b.lines[lastOption].value == "" && below == "" {
		// The AWS SDK for Go reads any indented line after an empty value as
		// nested in it.
		return ""
	}
	return indent
}

// appendSection adds an empty section and returns its index.
func (d *Document) appendSection(s Section) int {
	eol := d.eol()
	if last := d.lastLine(); last != nil {
		if last.eol == "" {
			last.eol = eol
		}
		if last.kind != lineBlank {
			d.appendLine(line{eol: eol, kind: lineBlank})
		}
	}
	raw := headerText(s)
	// What the header means is asked as reading would: a bare header may mean
	// something in a config file, too.
	section, named := sectionOf(raw)
	d.addSection(&block{
		header:  line{text: "[" + raw + "]", eol: eol, kind: lineHeader},
		raw:     raw,
		section: section,
		named:   named,
	})
	return len(d.sections) - 1
}

func (d *Document) lastLine() *line {
	if len(d.sections) == 0 {
		if len(d.preamble) == 0 {
			return nil
		}
		return &d.preamble[len(d.preamble)-1]
	}
	b := d.sections[len(d.sections)-1]
	if len(b.lines) == 0 {
		return &b.header
	}
	return &b.lines[len(b.lines)-1]
}

func (d *Document) appendLine(l line) {
	if len(d.sections) == 0 {
		d.preamble = append(d.preamble, l)
		return
	}
	b := d.sections[len(d.sections)-1]
	b.lines = append(b.lines, l)
}

// eol is the line ending for lines added at the end of the file: that of the
// last line that has a usable one.
func (d *Document) eol() string {
	for i := len(d.sections) - 1; i >= 0; i-- {
		b := d.sections[i]
		for j := len(b.lines) - 1; j >= 0; j-- {
			if eol := usableEOL(b.lines[j].eol, ""); eol != "" {
				return eol
			}
		}
		if eol := usableEOL(b.header.eol, ""); eol != "" {
			return eol
		}
	}
	for i := len(d.preamble) - 1; i >= 0; i-- {
		if eol := usableEOL(d.preamble[i].eol, ""); eol != "" {
			return eol
		}
	}
	return "\n"
}

// usableEOL never spreads a lone CR, which ends a line for Python alone.
func usableEOL(eol, instead string) string {
	if eol == "\n" || eol == "\r\n" {
		return eol
	}
	return instead
}

func indentText(text string) string {
	return text[:len(text)-len(strings.TrimLeftFunc(text, isSpace))]
}

func optionText(key, value string) string {
	if value == "" {
		return key + " ="
	}
	return key + " = " + value
}
