package access

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The join agrees with the plain meaning of it: somebody has what is assigned to
// them, and what is assigned to a group they are in.
func TestGrantsAgainstAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pick := func(kind string) string { return fmt.Sprint(kind, rapid.IntRange(0, 4).Draw(t, kind)) }
		f := newFacts()
		for i := range 5 {
			id := fmt.Sprint("group", i)
			group := Group{ID: id, Name: fmt.Sprint("G", i), Deleted: rapid.IntRange(0, 5).Draw(t, "deleted") == 0}
			if !group.Deleted {
				group.Members = []string{}
				for range rapid.IntRange(0, 3).Draw(t, "members") {
					group.Members = append(group.Members, pick("user"))
				}
			}
			f.Groups[id] = group
			f.People[fmt.Sprint("user", i)] = Person{ID: fmt.Sprint("user", i), Status: Enabled}
		}
		for range rapid.IntRange(0, 20).Draw(t, "assignments") {
			kind := rapid.SampledFrom([]string{kindUser, kindGroup}).Draw(t, "kind")
			id := pick("user")
			if kind == kindGroup {
				id = pick("group")
			}
			f.Assignments = append(f.Assignments, Assignment{pick("account"), pick("set"), Principal{kind, id}})
		}

		type way struct{ account, set, user, group string }
		want := map[way]bool{}
		for _, a := range f.Assignments {
			for u := range 5 {
				user := fmt.Sprint("user", u)
				if a.Principal == (Principal{kindUser, user}) {
					want[way{a.AccountID, a.PermissionSet, user, ""}] = true
				}
				if a.Principal.Kind == kindGroup && slices.Contains(f.Groups[a.Principal.ID].Members, user) {
					want[way{a.AccountID, a.PermissionSet, user, a.Principal.ID}] = true
				}
			}
			if a.Principal.Kind == kindGroup && len(f.Groups[a.Principal.ID].Members) == 0 {
				want[way{a.AccountID, a.PermissionSet, "", a.Principal.ID}] = true
			}
		}
		got := f.Grants()
		for _, g := range got {
			w := way{g.AccountID, g.PermissionSetARN, g.Person.ID, g.Group.ID}
			if !want[w] {
				t.Errorf("%v is granted twice, or to nobody's knowledge", w)
			}
			delete(want, w)
			if g.Person.ID == "" && g.Status != NoMembers && g.Status != Deleted {
				t.Errorf("%v has no person and the status %q", w, g.Status)
			}
		}
		if len(want) > 0 {
			t.Errorf("not granted: %v", want)
		}
		shuffled := *f
		shuffled.Assignments = append(slices.Clone(f.Assignments), f.Assignments...)
		rand.Shuffle(len(shuffled.Assignments), func(i, j int) {
			shuffled.Assignments[i], shuffled.Assignments[j] = shuffled.Assignments[j], shuffled.Assignments[i]
		})
		again := shuffled.Grants()
		if !slices.EqualFunc(got, again, func(a, b Grant) bool { return inOrder(a, b) == 0 }) {
			t.Errorf("another order of assignments: got %v, want %v", again, got)
		}
	})
}
