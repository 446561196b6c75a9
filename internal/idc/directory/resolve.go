package directory

import (
	"fmt"
	"slices"
	"strings"
)

// EveryAccount stands for all accounts where assignments name accounts.
const EveryAccount = "*"

// Resolver knows what people may refer to by name.
type Resolver struct {
	ids, accountNames, userNames, groupNames, setNames []string
	byID, byName                                       map[string]string // to id
	users, groups, sets                                map[string]bool
}

// NewResolver knows these. They are valid.
func NewResolver(users []User, accounts []Account, sets []PermissionSet) *Resolver {
	r := &Resolver{byID: map[string]string{}, byName: map[string]string{}, users: map[string]bool{}, groups: map[string]bool{}, sets: map[string]bool{}}
	for _, a := range accounts {
		r.ids = append(r.ids, a.ID)
		r.accountNames = append(r.accountNames, a.Name)
		r.byID[a.ID], r.byName[a.Name] = a.ID, a.ID
	}
	for _, u := range users {
		r.userNames = append(r.userNames, u.Name)
		r.users[strings.ToLower(u.Name)] = true
		for _, g := range u.Groups {
			if !r.groups[g] {
				r.groupNames = append(r.groupNames, g)
			}
			r.groups[g] = true
		}
	}
	for _, p := range sets {
		r.setNames = append(r.setNames, p.Name)
		r.sets[p.Name] = true
	}
	return r
}

// Account returns the id of an account that is given by id or name.
func (r *Resolver) Account(written string) (string, error) {
	id, isID := r.byID[written]
	named, isName := r.byName[written]
	switch {
	case isID && isName && id != named:
		return "", invalid("", quote(written)+" is the id of one account and the name of another", "rename the account "+named)
	case isID:
		return id, nil
	case isName:
		return named, nil
	}
	known := r.accountNames
	if accountPattern().MatchString(written) {
		known = r.ids
	}
	return "", &UnknownError{Problem: "there is no account " + quote(written), Cure: DidYouMean(written, known, some(known))}
}

// User checks that there is a user of that name, in any case.
func (r *Resolver) User(name string) error {
	if r.users[strings.ToLower(name)] {
		return nil
	}
	return &UnknownError{Path: "user", Problem: "there is no user " + quote(name), Cure: DidYouMean(name, r.userNames, some(r.userNames))}
}

// Assignment returns an assignment with the ids of its accounts, each once,
// which may be given by id, by name, or all by EveryAccount. Whether just one of
// user and group is named is left to whoever takes it.
func (r *Resolver) Assignment(a Assignment) (Assignment, error) {
	switch {
	case a.User != "" && a.Group != "":
	case a.User != "":
		if err := r.User(a.User); err != nil {
			return Assignment{}, err
		}
	case a.Group != "" && !r.groups[a.Group]:
		return Assignment{}, &UnknownError{Path: "group", Problem: "no user is in group " + quote(a.Group), Cure: DidYouMean(a.Group, r.groupNames, some(r.groupNames))}
	}
	if !r.sets[a.PermissionSet] {
		return Assignment{}, &UnknownError{Path: "permission_set", Problem: "there is no permission set " + quote(a.PermissionSet),
			Cure: DidYouMean(a.PermissionSet, r.setNames, some(r.setNames))}
	}
	var ids []string
	for i, written := range a.Accounts {
		at := fmt.Sprintf("accounts[%d]", i)
		if written == EveryAccount {
			if len(r.ids) == 0 {
				return Assignment{}, &UnknownError{Path: at, Problem: "there is no account", Cure: "add accounts"}
			}
			ids = r.ids
			break
		}
		id, err := r.Account(written)
		if err != nil {
			return Assignment{}, under(at, err)
		}
		ids = append(ids, id)
	}
	a.Accounts = unique(ids)
	return a, nil
}

// under says where it was that an error of Account happened.
func under(at string, err error) error {
	switch e := err.(type) {
	case *UnknownError:
		e.Path = at
	case *InvalidError:
		e.Path = at
	}
	return err
}

// unique keeps the first of each.
func unique(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		again := seen[id]
		seen[id] = true
		return again
	})
}

// DidYouMean is a cure: the name that was probably meant, else the other cure.
func DidYouMean(name string, known []string, other string) string {
	best, least := "", 1+max(2, len(name)/4)
	if len(name) > 64 { // no name is, and distance costs the product of lengths
		return other
	}
	for _, k := range known {
		if len(k) > 64 {
			continue
		}
		if n := distance(strings.ToLower(name), strings.ToLower(k)); n < least && n < len(k) {
			best, least = k, n
		}
	}
	if best == "" {
		return other
	}
	return fmt.Sprintf("did you mean %s?", best)
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour.
func distance(a, b string) int {
	var before, above []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row = above, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// some lists names for a cure, the first few of many.
func some(names []string) string {
	const limit = 8
	if len(names) == 0 {
		return "there is none yet"
	}
	if len(names) > limit {
		return "there is " + strings.Join(names[:limit], ", ") + ", …"
	}
	return "there is " + strings.Join(names, ", ")
}
