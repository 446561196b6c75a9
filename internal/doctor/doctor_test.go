package doctor

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/wallet"
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

// The copy of a session's token under its start URL is renewed with it, and says
// nothing of the profiles that find it there.
func TestCopiedToken(t *testing.T) {
	t.Parallel()
	h := healthy(t.TempDir())
	h.append(config, "\n[profile old]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-central-1\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n")
	h.files[".aws/sso/cache/"+wallet.TokenKey("", "https://acme.awsapps.com/start")+".json"] = fmt.Sprintf(
		`{"startUrl": "https://acme.awsapps.com/start", "region": "eu-central-1", "accessToken": "aoa-copy", "expiresAt": %q, %q: %q}`,
		stamp(10*time.Minute), wallet.CopyMark, wallet.TokenKey("corp", ""))
	for _, f := range Examine(h.facts(t)) {
		if f.ID != "profile-legacy" {
			t.Errorf("got %+v", f)
		}
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
			plan := MakePlan(f)
			fix(t, plan)
			cured(t, plan, Examine(h.read()), p)
		})
	}
}

// Two faults at once are both named, and what --fix claims to cure is gone after it.
// Each home was on disk once, with one fault; here their differences are laid on top
// of each other.
func TestPairsOfFaults(t *testing.T) {
	dir := t.TempDir()
	before := healthy(filepath.Join(dir, "healthy"))
	before.write(t)
	base := before.place().Read()
	alone := make([]*Facts, len(faults))
	for i, p := range faults {
		h := healthy(before.dir)
		h.dir = filepath.Join(dir, fmt.Sprint(i))
		p.plant(h)
		h.write(t)
		alone[i] = h.place().Read()
		relocate(alone[i], h.dir, before.dir)
	}
	pairs := 0
	for i, a := range faults {
		for j := i + 1; j < len(faults); j++ {
			b := faults[j]
			if (i+j)%spread != 0 || slices.ContainsFunc(strings.Split(a.apart, ", "), func(word string) bool { return word != "" && strings.Contains(b.apart, word) }) {
				continue
			}
			pairs++
			h := healthy(before.dir)
			a.plant(h)
			b.plant(h)
			f := overlay(h, base, alone[i], alone[j])
			if !expect(t, Examine(f), a, b) {
				t.Errorf("… %s and %s", a.name, b.name)
			}
			plan := MakePlan(f)
			cured(t, plan, Examine(carriedOut(f, plan)), a, b)
		}
	}
	t.Logf("%d pairs", pairs)
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

// cured tells what a plan left that it claimed to cure.
func cured(t *testing.T, plan Plan, left []Finding, planted ...planted) {
	t.Helper()
	for _, p := range planted {
		claims := slices.ContainsFunc(Checks(), func(c Check) bool { return c.ID == p.want && c.Fixes })
		// A file that has something to be decided waits for that.
		tried := len(plan.Blocked) == 0 || slices.ContainsFunc(plan.Cures, func(c Finding) bool { return c.ID == p.want })
		if claims && !p.remains && tried && slices.ContainsFunc(left, func(f Finding) bool { return f.ID == p.want && f.Fixable }) {
			t.Errorf("%s: %s is still there after --fix", p.name, p.want)
		}
	}
	for _, c := range plan.Changes {
		for line := range strings.Lines(string(c.Before)) {
			if text := strings.TrimSpace(line); strings.HasPrefix(text, "#") && !strings.Contains(string(c.After), text) {
				t.Errorf("--fix lost the comment %q", text)
			}
		}
	}
	for _, c := range plan.Cures {
		if slices.ContainsFunc(left, func(f Finding) bool { return f.ID == c.ID && f.What == c.What }) {
			t.Errorf("%s is still there after --fix: %s", c.ID, c.What)
		}
	}
}
