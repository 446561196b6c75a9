package awsconfig

import "strings"

// Rename gives a section of the config file another name, and keeps its place,
// its lines and what else stands in its header's line. A section that is not there
// is none. It is a [*NameError] or a [*NameTakenError] where that cannot be.
func (d *Document) Rename(s Section, name string) error {
	at := d.index(s)
	to := Section{Kind: s.Kind, Name: name}
	if at < 0 || to == s {
		return nil
	}
	if err := checkName(to); err != nil {
		return err
	}
	raw := headerText(to)
	if _, taken := d.byHeader[raw]; taken || d.Has(to) {
		return &NameTakenError{Section: to}
	}
	b := d.sections[at]
	before, after, _ := strings.Cut(b.header.text, "["+b.raw+"]")
	b.header.text = before + "[" + raw + "]" + after
	delete(d.byHeader, b.raw)
	delete(d.byMeaning, s)
	b.raw = raw
	b.section, b.named = sectionOf(raw)
	d.byHeader[raw], d.byMeaning[to] = at, at
	for i, other := range d.sections {
		if !d.twice {
			break
		}
		if other.named && other.section == s { // its name in another spelling
			d.byMeaning[s] = i
		}
	}
	return nil
}

// A NameTakenError reports that a section cannot have a name that another has.
type NameTakenError struct{ Section Section }

func (e *NameTakenError) Error() string {
	return "there is a section [" + e.Section.String() + "] already"
}

// rename does the same to what was read. It is called before the document is
// edited, while that still knows the section.
func (s *snapshot) rename(section Section, name string) {
	header, ok := s.find(section)
	to := headerText(Section{Kind: section.Kind, Name: name})
	if _, taken := s.sections[to]; !ok || taken || name == section.Name {
		return
	}
	if s.at == nil {
		s.at = map[string]int{}
		for i, h := range s.headers {
			s.at[h] = i
		}
	}
	s.headers[s.at[header]] = to
	s.at[to] = s.at[header]
	delete(s.at, header)
	s.sections[to] = s.sections[header]
	delete(s.sections, header)
}
