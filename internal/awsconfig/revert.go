package awsconfig

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aymanbagabas/go-udiff"
)

// A RevertError says that a change cannot be taken back without losing another that
// was made since.
type RevertError struct {
	File string
	What string // "region in [profile dev]"; "" where nobody can say
}

func (e *RevertError) Error() string {
	what := "the same lines"
	if e.What != "" {
		what = e.What
	}
	return fmt.Sprintf("%s was changed since, and so was %s", e.File, what)
}

// Revert takes a change back from what the file is now, and leaves what was changed
// in it since. It is a *RevertError where the two concern the same.
func (c Change) Revert(now []byte) ([]byte, error) {
	switch {
	case bytes.Equal(now, c.After):
		return c.Before, nil
	case bytes.Equal(now, c.Before):
		return now, nil
	}
	var states [3]snapshot
	for i, data := range [][]byte{c.After, c.Before, now} {
		d, err := Parse(c.File, data)
		if err != nil {
			return nil, err
		}
		states[i] = d.snapshot()
	}
	want, clash := merged(states[0], states[1], states[2])
	if clash != "" {
		return nil, &RevertError{File: c.File, What: clash}
	}
	after := string(c.After)
	back, since := lineEdits(after, string(c.Before)), lineEdits(after, string(now))
	// Where both put lines at one place, either may come first; what they mean there
	// decides.
	for _, ours := range []bool{true, false} {
		edits, ok := weave(back, since, ours)
		if !ok {
			break
		}
		text, err := udiff.Apply(after, edits)
		if err != nil {
			break
		}
		d, err := Parse(c.File, []byte(text))
		if err != nil {
			continue
		}
		if got := d.snapshot(); maps.EqualFunc(want, got.sections, maps.Equal) {
			return []byte(text), nil
		}
	}
	return nil, &RevertError{File: c.File}
}

// merged is what sections and keys are to be: what one side changed since base, and
// what the other did. clash names the first thing that both changed, differently.
func merged(base, ours, theirs snapshot) (sections map[string]map[string]string, clash string) {
	sections = map[string]map[string]string{}
	headers := slices.Concat(base.headers, ours.headers, theirs.headers)
	slices.Sort(headers)
	for _, header := range slices.Compact(headers) {
		b, o, t := base.sections[header], ours.sections[header], theirs.sections[header]
		there, ok := choose(b != nil, o != nil, t != nil)
		switch {
		case !ok:
			return nil, "[" + header + "]"
		case !there:
			if b != nil && o == nil && t != nil && !maps.Equal(b, t) || b != nil && t == nil && o != nil && !maps.Equal(b, o) {
				return nil, "[" + header + "]" // it is gone for one, and changed for the other
			}
			continue
		}
		keys := map[string]string{}
		all := slices.Concat(slices.Collect(maps.Keys(b)), slices.Collect(maps.Keys(o)), slices.Collect(maps.Keys(t)))
		slices.Sort(all)
		for _, key := range slices.Compact(all) {
			value, ok := choose(valueOf(b, key), valueOf(o, key), valueOf(t, key))
			if !ok {
				return nil, fmt.Sprintf("%s in [%s]", key, header)
			}
			if value.there {
				keys[key] = value.text
			}
		}
		sections[header] = keys
	}
	return sections, ""
}

type maybe struct {
	text  string
	there bool
}

func valueOf(keys map[string]string, key string) maybe {
	text, there := keys[key]
	return maybe{text, there}
}

// choose takes what one of the two changed.
func choose[T comparable](base, ours, theirs T) (T, bool) {
	switch {
	case ours == theirs, ours == base:
		return theirs, true
	case theirs == base:
		return ours, true
	}
	return base, false
}

// weave are the edits of both, if none of them concerns the lines of another. Edits
// that both made are made once.
func weave(ours, theirs []udiff.Edit, first bool) ([]udiff.Edit, bool) {
	if !first {
		ours, theirs = theirs, ours
	}
	theirs = slices.DeleteFunc(slices.Clone(theirs), func(e udiff.Edit) bool { return slices.Contains(ours, e) })
	all := slices.Concat(ours, theirs)
	slices.SortStableFunc(all, func(a, b udiff.Edit) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
	for i := 1; i < len(all); i++ {
		if all[i].Start < all[i-1].End {
			return nil, false
		}
	}
	return all, true
}

// Replace makes the config file what next makes of it, under the locks and with the
// care of [Files.Update], and keeps a backup. It goes by what is there then: next may
// be called several times, with what other programs made of the file meanwhile. An
// error of it is Replace's.
func (f Files) Replace(ctx context.Context, next func(now []byte) ([]byte, error)) (changed bool, err error) {
	return f.Restore(ctx, func(now []byte) ([]byte, error) {
		after, err := next(now)
		if err != nil {
			return nil, err
		}
		if _, err := Parse(f.Config, after); err != nil {
			return nil, fmt.Errorf("update %s: it would become a file nobody can read: %w", f.Config, err)
		}
		return after, nil
	})
}

// Restore is Replace also for what nobody can read, as a file may have been that
// somebody wants back.
func (f Files) Restore(ctx context.Context, next func(now []byte) ([]byte, error)) (changed bool, err error) {
	files, err := f.pendingAt(f.Config)
	if err != nil {
		return false, err
	}
	return f.locked(ctx, files, func() error {
		for _, p := range files {
			if err := f.readAgain(p); err != nil {
				return err
			}
			if p.new, err = next(p.old); err != nil {
				return err
			}
		}
		return nil
	})
}
