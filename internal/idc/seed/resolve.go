package seed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// everyAccount stands for all accounts in an assignment.
const everyAccount = "*"

// resolve adds the management account and the assignments, whose accounts
// become ids.
func (f *file) resolve(d *decoder, org *directory.Organisation) *Error {
	r := newResolver(f)
	if f.managementAccount != "" {
		id, err := r.account(f.managementAccount)
		if err != nil {
			return d.at("management_account", err)
		}
		org.ManagementAccount = id
	}
	pairs := 0
	for i, a := range f.assignments {
		field := fmt.Sprintf("assignments[%d]", i)
		if err := r.who(a); err != nil {
			return d.at(field, err)
		}
		if !r.set(a.PermissionSet) {
			return d.at(field, &Error{Field: ".permission_set", Problem: "there is no permission set " + quote(a.PermissionSet),
				Cure: meant(a.PermissionSet, r.setNames, some(r.setNames))})
		}
		var ids []string
		for j, written := range a.Accounts {
			if written == everyAccount {
				ids = r.ids
				if len(ids) == 0 {
					return d.at(fmt.Sprintf("%s.accounts[%d]", field, j), &Error{Problem: "there is no account", Cure: "add accounts"})
				}
				break
			}
			id, err := r.account(written)
			if err != nil {
				return d.at(fmt.Sprintf("%s.accounts[%d]", field, j), err)
			}
			ids = append(ids, id)
		}
		a.Accounts = unique(ids)
		if pairs += len(a.Accounts); pairs > maxPairs {
			return d.at(field, &Error{Problem: "these are too many assignments to read", Cure: "state a smaller organisation"})
		}
		org.Assignments = append(org.Assignments, a)
	}
	return nil
}

// at completes an error whose Field, if any, is relative.
func (d *decoder) at(field string, err *Error) *Error {
	err.Field = field + err.Field
	err.Line = d.line(err.Field)
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

// resolver knows the names that assignments may speak of.
type resolver struct {
	ids, accountNames, userNames, groupNames, setNames []string
	byID, byName                                       map[string]string // to id
	users, groups, sets                                map[string]bool
}

func newResolver(f *file) *resolver {
	r := &resolver{byID: map[string]string{}, byName: map[string]string{}, users: map[string]bool{}, groups: map[string]bool{}, sets: map[string]bool{}}
	for _, a := range f.accounts {
		r.ids = append(r.ids, a.ID)
		r.accountNames = append(r.accountNames, a.Name)
		r.byID[a.ID], r.byName[a.Name] = a.ID, a.ID
	}
	for _, u := range f.users {
		r.userNames = append(r.userNames, u.Name)
		r.users[strings.ToLower(u.Name)] = true
		for _, g := range u.Groups {
			if !r.groups[g] {
				r.groupNames = append(r.groupNames, g)
			}
			r.groups[g] = true
		}
	}
	for _, p := range f.permissionSets {
		r.setNames = append(r.setNames, p.Name)
		r.sets[p.Name] = true
	}
	return r
}

func (r *resolver) account(written string) (string, *Error) {
	id, isID := r.byID[written]
	named, isName := r.byName[written]
	switch {
	case isID && isName && id != named:
		return "", &Error{Problem: quote(written) + " is the id of one account and the name of another", Cure: "rename the account " + named}
	case isID:
		return id, nil
	case isName:
		return named, nil
	}
	known := r.accountNames
	if twelveDigits.MatchString(written) {
		known = r.ids
	}
	return "", &Error{Problem: "there is no account " + quote(written), Cure: meant(written, known, some(known))}
}

// who checks the person or group. That one of the two is named is left to
// package directory.
func (r *resolver) who(a directory.Assignment) *Error {
	switch {
	case a.User != "" && a.Group != "":
		return nil
	case a.User != "" && !r.users[strings.ToLower(a.User)]:
		return &Error{Field: ".user", Problem: "there is no user " + quote(a.User), Cure: meant(a.User, r.userNames, some(r.userNames))}
	case a.Group != "" && !r.groups[a.Group]:
		return &Error{Field: ".group", Problem: "no user is in group " + quote(a.Group), Cure: meant(a.Group, r.groupNames, some(r.groupNames))}
	}
	return nil
}

func (r *resolver) set(name string) bool { return r.sets[name] }
