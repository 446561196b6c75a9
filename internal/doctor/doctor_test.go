package doctor

import (
	"os"
	"path/filepath"
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

// Two faults at once are both named.
func TestPairsOfFaults(t *testing.T) {
	root := t.TempDir()
	n := 0
	for i, a := range faults {
		for j, b := range faults[i+1:] {
			if a.apart != "" && a.apart == b.apart {
				continue
			}
			n++
			h := healthy(filepath.Join(root, strings.Map(plainRune, a.name), strings.Map(plainRune, b.name)))
			a.plant(h)
			b.plant(h)
			t.Run(a.name+" and "+b.name, func(t *testing.T) {
				f := h.facts(t)
				expect(t, Examine(f), a, b)
				if (i+j)%5 == 0 || !a.remains && !b.remains && a.want != b.want {
					cure(t, h, f, a, b)
				}
			})
			os.RemoveAll(h.dir)
		}
	}
	t.Logf("%d pairs", n)
}

func plainRune(r rune) rune {
	if r == '/' || r == '.' || r > 127 {
		return '-'
	}
	return r
}

func expect(t *testing.T, found []Finding, planted ...planted) {
	t.Helper()
	allowed := []string{}
	for _, p := range planted {
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.ID == p.want }) {
			t.Errorf("%s: got %v, want %s", p.name, ids(found), p.want)
		}
		allowed = append(append(allowed, p.want), p.along...)
	}
	for _, f := range found {
		if !slices.Contains(allowed, f.ID) {
			t.Errorf("got %s too: %s (%s)", f.ID, f.What, f.Where)
		}
	}
}

func cure(t *testing.T, h *home, f *Facts, planted ...planted) {
	t.Helper()
	claims := map[string]bool{}
	for _, c := range Checks() {
		claims[c.ID] = c.Fixes
	}
	fix(t, MakePlan(f))
	left := Examine(h.read())
	for _, p := range planted {
		curable := claims[p.want] && !p.remains
		if still := slices.ContainsFunc(left, func(f Finding) bool { return f.ID == p.want }); curable && still {
			t.Errorf("%s: %s is still there after --fix", p.name, p.want)
		}
	}
}
