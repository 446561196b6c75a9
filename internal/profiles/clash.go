package profiles

import (
	"cmp"
	"fmt"
	"slices"
)

// name gives each row its name. Whoever has a name keeps it: a profile that was
// not made here, and one that a person has renamed, always; others as long as the
// template gives them the name for which they got the present one. So another
// account never renames those that are there.
//
// The others get what the template gives them where one alone wants it. Where
// several want the same, or it is taken, each gets more of what it is: its region,
// account id or role, the least that tells them apart.
func (p *planner) name() {
	taken := map[string]bool{"default": true}
	for _, name := range p.Taken {
		taken[name] = true
	}
	ours := map[string]bool{} // names that are given up, or kept by their row
	for _, w := range p.rows {
		if w.had != nil {
			ours[w.had.Name] = true
		}
	}
	for _, e := range p.have {
		// What is removed leaves its name to others.
		if e.unwanted && e.stays == "" {
			ours[e.Name] = true
		}
	}
	for _, name := range p.Config.Profiles() {
		if !ours[name] {
			taken[name] = true
		}
	}
	wanting := map[string][]*wanted{}
	for _, w := range p.rows {
		if e := w.had; e != nil && (e.renamed || e.pinned != "" || e.name == w.base || e.Name == w.base) {
			w.name = w.had.Name
			taken[w.name] = true
			continue
		}
		wanting[w.base] = append(wanting[w.base], w)
	}
	bases := sortedKeys(wanting)
	for _, base := range bases { // what one alone wants comes first
		if all := wanting[base]; len(all) == 1 && !taken[base] {
			all[0].name = base
			taken[base] = true
			delete(wanting, base)
		}
	}
	for _, base := range bases {
		if all := wanting[base]; len(all) > 0 {
			tellApart(base, all, taken)
		}
	}
}

// tellApart gives rows that want one name names of their own.
func tellApart(base string, all []*wanted, taken map[string]bool) {
	more := []func(*wanted) string{
		func(w *wanted) string { return w.Region },
		func(w *wanted) string { return w.AccountID },
		func(w *wanted) string { return join(w.AccountID, w.Region) },
		func(w *wanted) string { return join(w.AccountID, w.RoleName) },
		func(w *wanted) string { return join(w.AccountID, w.RoleName, w.Region) },
	}
	for _, of := range more {
		names := map[string]bool{}
		for _, w := range all {
			if name := base + "-" + safeName(of(w)); of(w) != "" && !taken[name] {
				names[name] = true
			}
		}
		if len(names) < len(all) {
			continue
		}
		for _, w := range all {
			w.name = base + "-" + safeName(of(w))
			taken[w.name] = true
		}
		return
	}
	slices.SortFunc(all, func(a, b *wanted) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.RoleName, b.RoleName), cmp.Compare(a.order, b.order))
	})
	for _, w := range all {
		for n := 2; w.name == ""; n++ {
			if name := fmt.Sprintf("%s-%s-%d", base, w.AccountID, n); !taken[name] {
				w.name, taken[name] = name, true
			}
		}
	}
}

func join(parts ...string) string {
	text := ""
	for _, part := range parts {
		if part != "" && text != "" {
			text += "-"
		}
		text += part
	}
	return text
}
