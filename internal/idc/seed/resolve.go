package seed

import (
	"errors"
	"fmt"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// resolve adds what refers to people and accounts: the management account, the
// assignments and roles, whose accounts become ids, and the decisions.
func (f *file) resolve(d *decoder, org *directory.Organisation) *Error {
	r := directory.NewResolver(f.users, f.accounts, f.permissionSets)
	if f.managementAccount != "" {
		id, err := r.Account(f.managementAccount)
		if err != nil {
			return d.at("management_account", err)
		}
		org.ManagementAccount = id
	}
	pairs := 0
	for i, a := range f.assignments {
		field := fmt.Sprintf("assignments[%d]", i)
		a, err := r.Assignment(a)
		if err != nil {
			return d.at(field, err)
		}
		if pairs += len(a.Accounts); pairs > maxPairs {
			return d.at(field, &directory.InvalidError{Problem: "these are too many assignments to read", Cure: "state a smaller organisation"})
		}
		org.Assignments = append(org.Assignments, a)
	}
	for i, role := range f.roles {
		field := fmt.Sprintf("roles[%d]", i)
		id, err := r.Account(role.Account)
		if err != nil {
			return d.at(field+".account", err)
		}
		role.Account = id
		for j := range role.Trusts {
			p := &role.Trusts[j]
			if p.Account == "" {
				continue
			}
			if p.Account, err = r.Account(p.Account); err != nil {
				return d.at(fmt.Sprintf("%s.trusts[%d].account", field, j), err)
			}
		}
		org.Roles = append(org.Roles, role)
	}
	for i, decision := range f.decisions {
		if decision.User != "" {
			if err := r.User(decision.User); err != nil {
				return d.at(fmt.Sprintf("decisions[%d]", i), err)
			}
		}
		org.Decisions = append(org.Decisions, decision)
	}
	return nil
}

// at finds the line for what package directory says of a part of a field, or of
// the file when field is "".
func (d *decoder) at(field string, err error) *Error {
	e := &Error{Problem: err.Error()}
	part := ""
	if invalid, ok := errors.AsType[*directory.InvalidError](err); ok {
		part, e.Problem, e.Cure = invalid.Path, invalid.Problem, invalid.Cure
	} else if unknown, ok := errors.AsType[*directory.UnknownError](err); ok {
		part, e.Problem, e.Cure = unknown.Path, unknown.Problem, unknown.Cure
	}
	switch {
	case field == "":
		e.Field = part
	case part == "":
		e.Field = field
	default:
		e.Field = join(field, part)
	}
	if e.Field != "" {
		e.Line = d.line(e.Field)
	}
	return e
}
