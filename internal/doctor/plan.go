package doctor

import (
	"bytes"
	"slices"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// A Plan is what --fix would do.
type Plan struct {
	Changes []awsconfig.Change // of the config and the credentials file
	Actions []Action
	Cures   []Finding // what it cures
	// Blocked are files that have a fault which somebody has to decide about first:
	// nothing of them is changed, as nothing would read them afterwards either.
	Blocked []string
}

// maxRounds bounds how often what was cured is looked at again: two faults of one
// line are cured in two rounds.
const maxRounds = 12

// MakePlan is what cures all findings that claim to be curable. It writes nothing.
func MakePlan(f *Facts) Plan {
	var plan Plan
	now := f
	taken := map[[2]string]bool{}
	for range maxRounds {
		r := pass{facts: now}
		for _, found := range Examine(now) {
			if !found.Fixable || !r.take(found) {
				continue
			}
			if id := [2]string{found.ID, found.What}; !taken[id] {
				taken[id] = true
				plan.Cures = append(plan.Cures, found)
			}
		}
		next, changed := r.apply()
		if !changed {
			break
		}
		now = next
	}
	for _, t := range []struct{ old, new *Text }{{f.Config, now.Config}, {f.Credentials, now.Credentials}} {
		if len(t.new.faults) > 0 {
			plan.Blocked = append(plan.Blocked, t.old.Shown)
			plan.Cures = slices.DeleteFunc(plan.Cures, func(c Finding) bool { return c.changes(t.old, t.old == f.Credentials) })
			continue
		}
		if !bytes.Equal(t.old.Data, t.new.Data) {
			plan.Changes = append(plan.Changes, awsconfig.Change{File: t.old.Path, Before: t.old.Data, After: t.new.Data})
		}
	}
	for _, found := range plan.Cures {
		for _, a := range found.Actions {
			if !slices.Contains(plan.Actions, a) {
				plan.Actions = append(plan.Actions, a)
			}
		}
	}
	return plan
}

// changes tells whether the cure of a finding changes a file.
func (found Finding) changes(t *Text, credentials bool) bool {
	return slices.ContainsFunc(found.Lines, func(e LineEdit) bool { return e.Path == t.Path }) ||
		slices.ContainsFunc(found.Edits, func(e awsconfig.Edit) bool { return (e.Section.Kind == awsconfig.KindCredentials) == credentials })
}

// pass is one round: cures that do not get into each other's way.
type pass struct {
	facts   *Facts
	lines   []LineEdit
	edits   []awsconfig.Edit
	changed map[place]bool
}

// place is a line of a file, or a key of a section.
type place struct {
	path    string
	line    int
	section awsconfig.Section
	key     string
}

// places are those that a finding's cure changes.
func (found Finding) places() (all []place) {
	for _, e := range found.Lines {
		all = append(all, place{path: e.Path, line: e.Line})
	}
	for _, e := range found.Edits {
		for _, kv := range e.Set {
			all = append(all, place{section: e.Section, key: kv.Key})
		}
	}
	return all
}

// take adds what a finding asks for, unless another one of this round changes the
// same line or key.
func (r *pass) take(found Finding) bool {
	places := found.places()
	if slices.ContainsFunc(places, func(p place) bool { return r.changed[p] }) {
		return false
	}
	if r.changed == nil {
		r.changed = map[place]bool{}
	}
	for _, p := range places {
		r.changed[p] = true
	}
	r.lines = append(r.lines, found.Lines...)
	r.edits = append(r.edits, found.Edits...)
	return true
}

// apply is the machine after the round, as far as its two files go. A file that
// still cannot be read takes no edits of keys.
func (r *pass) apply() (*Facts, bool) {
	next := *r.facts
	changed := false
	for _, t := range []**Text{&next.Config, &next.Credentials} {
		old := *t
		lines := slices.DeleteFunc(slices.Clone(r.lines), func(e LineEdit) bool { return e.Path != old.Path })
		data := apply(old.Data, lines)
		if doc, err := awsconfig.Parse(old.Path, data); err == nil {
			for _, e := range r.edits {
				if (e.Section.Kind == awsconfig.KindCredentials) == (old == r.facts.Credentials) {
					_ = doc.Edit(e.Section, e.Set) // one that is refused is found again, and stays
				}
			}
			data = doc.Bytes()
		}
		if !bytes.Equal(data, old.Data) {
			*t = NewText(old.Path, old.Shown, data, old == r.facts.Credentials)
			changed = true
		}
	}
	next.Merged = awsconfig.NewConfig(next.Config.doc, next.Credentials.doc)
	return &next, changed
}
