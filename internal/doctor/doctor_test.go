package doctor

import (
	"slices"
	"strings"
	"testing"
)

func TestHealthyHome(t *testing.T) {
	f := healthy(t.TempDir()).facts(t)
	if found := Examine(f); len(found) > 0 {
		t.Errorf("got %+v", found)
	}
	if p := MakePlan(f); len(p.Changes)+len(p.Actions) > 0 {
		t.Errorf("a plan for a healthy home: %+v", p)
	}
}

// Each planted fault is named, and nothing else; its cause fits on a line, and the
// cure is there. What --fix claims to cure is gone after it.
func TestPlantedFaults(t *testing.T) {
	for _, p := range faults {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			h := healthy(t.TempDir())
			p.plant(h)
			f := h.facts(t)
			found := Examine(f)
			expect(t, found, p)
			for _, one := range found {
				if one.What == "" || one.Why == "" || one.Cure == "" || strings.ContainsAny(one.What, "\n") || len(one.What) > 220 {
					t.Errorf("got a finding without all its texts, or of several lines: %+v", one)
				}
			}
			cure(t, h, f, p)
		})
	}
}

// Two faults at once are both named, and what --fix claims to cure is gone after it.
func TestPairsOfFaults(t *testing.T) {
	curable := map[string]bool{}
	for _, c := range Checks() {
		curable[c.ID] = c.Fixes
	}
	for i, a := range faults {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			for j, b := range faults[i+1:] {
				if (a.apart != "" && a.apart == b.apart) || (i+j)%spread != 0 {
					continue
				}
				h := healthy(t.TempDir())
				a.plant(h)
				b.plant(h)
				f := h.facts(t)
				if !expect(t, Examine(f), a, b) {
					t.Errorf("… %s and %s", a.name, b.name)
				}
				if curable[a.want] || curable[b.want] {
					cure(t, h, f, a, b)
				}
			}
		})
	}
}

func expect(t *testing.T, found []Finding, planted ...planted) bool {
	t.Helper()
	good := true
	allowed := []string{}
	for _, p := range planted {
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.ID == p.want }) {
			good = false
			t.Errorf("%s: got %v, want %s", p.name, ids(found), p.want)
		}
		allowed = append(append(allowed, p.want), p.along...)
	}
	for _, f := range found {
		if !slices.Contains(allowed, f.ID) {
			good = false
			t.Errorf("got %s too: %s (%s)", f.ID, f.What, f.Where)
		}
	}
	return good
}

// cure fixes the home, and looks again.
func cure(t *testing.T, h *home, f *Facts, planted ...planted) {
	t.Helper()
	claims := map[string]bool{}
	for _, c := range Checks() {
		claims[c.ID] = c.Fixes
	}
	plan := MakePlan(f)
	fix(t, plan)
	left := Examine(h.read())
	for _, p := range planted {
		// A file that has something to be decided waits for that.
		curable := claims[p.want] && !p.remains && (len(plan.Blocked) == 0 || slices.ContainsFunc(plan.Cures, func(c Finding) bool { return c.ID == p.want }))
		if still := slices.ContainsFunc(left, func(f Finding) bool { return f.ID == p.want && f.Fixable }); curable && still {
			t.Errorf("%s: %s is still there after --fix", p.name, p.want)
		}
	}
	for _, c := range plan.Cures {
		if slices.ContainsFunc(left, func(f Finding) bool { return f.ID == c.ID && f.What == c.What }) {
			t.Errorf("%s is still there after --fix: %s", c.ID, c.What)
		}
	}
}
