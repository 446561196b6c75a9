package access

import (
	"cmp"
	"slices"
	"strings"
)

// The kinds of principals, in the words of AWS.
const (
	kindUser  = "USER"
	kindGroup = "GROUP"
)

// A Principal is whom something is assigned to.
type Principal struct {
	Kind string // USER or GROUP
	ID   string // in the identity store
}

// An Assignment gives a permission set in an account to a principal.
type Assignment struct {
	AccountID     string
	PermissionSet string // its ARN
	Principal     Principal
}

// What is known of a person's standing. An account that is disabled cannot sign
// in; one that was deleted leaves its assignments behind.
const (
	Enabled   = "enabled"
	Disabled  = "disabled"
	Deleted   = "deleted"
	NoMembers = "no members" // nobody: the group that has the assignment is empty
)

// A Person is a user of the identity store. Of one that was deleted only the id is
// known.
type Person struct {
	ID, Name, DisplayName, Email string
	Status                       string // Enabled, Disabled or Deleted; "" where it is not known
}

// A Group is a group of the identity store. Groups hold no groups.
type Group struct {
	ID, Name string
	Members  []string // ids of people; nil where nobody asked
	Deleted  bool
}

// Facts are what the services said, by their ids.
type Facts struct {
	Assignments    []Assignment
	Accounts       map[string]string // names, as far as known
	PermissionSets map[string]string // names by ARN
	People         map[string]Person
	Groups         map[string]Group
}

func newFacts() *Facts {
	return &Facts{Accounts: map[string]string{}, PermissionSets: map[string]string{}, People: map[string]Person{}, Groups: map[string]Group{}}
}

// A Grant is one way in which one person has one permission set in one account. A
// person who has it directly and by two groups has three grants. The assignment of
// a group that nobody is in, or whose members were not asked for, is one grant
// without a person.
type Grant struct {
	AccountID, AccountName string
	PermissionSetARN       string
	PermissionSet          string // its name
	Person                 Person
	Status                 string // the person's, or NoMembers
	Group                  Group  // its ID is "" for what is assigned directly
}

// Direct reports whether it is the person that has the assignment, and no group.
func (g Grant) Direct() bool { return g.Group.ID == "" }

// Via is how somebody has it: "direct" or "group".
func (g Grant) Via() string {
	if g.Direct() {
		return "direct"
	}
	return "group"
}

// Grants joins the facts, in the order of accounts, permission sets, people and
// groups. It does not depend on the order of the assignments, nor on how often one
// of them is there.
func (f *Facts) Grants() []Grant {
	type way struct{ account, set, person, group string }
	seen := map[way]bool{}
	var all []Grant
	add := func(a Assignment, person Person, status string, group Group) {
		w := way{a.AccountID, a.PermissionSet, person.ID, group.ID}
		if seen[w] {
			return
		}
		seen[w] = true
		all = append(all, Grant{AccountID: a.AccountID, AccountName: f.Accounts[a.AccountID], PermissionSetARN: a.PermissionSet,
			PermissionSet: cmp.Or(f.PermissionSets[a.PermissionSet], a.PermissionSet), Person: person, Status: status, Group: group})
	}
	for _, a := range f.Assignments {
		if a.Principal.Kind != kindGroup {
			p := f.person(a.Principal.ID)
			add(a, p, p.Status, Group{})
			continue
		}
		group := f.group(a.Principal.ID)
		switch {
		case group.Deleted:
			add(a, Person{}, Deleted, group)
		case group.Members == nil:
			add(a, Person{}, "", group)
		case len(group.Members) == 0:
			add(a, Person{}, NoMembers, group)
		}
		for _, id := range group.Members {
			p := f.person(id)
			add(a, p, p.Status, group)
		}
	}
	slices.SortFunc(all, inOrder)
	return all
}

func (f *Facts) person(id string) Person {
	if p, ok := f.People[id]; ok {
		return p
	}
	return Person{ID: id}
}

func (f *Facts) group(id string) Group {
	if t, ok := f.Groups[id]; ok {
		return t
	}
	return Group{ID: id}
}

// inOrder orders grants by the names that a person reads, whatever the case, and
// where those are alike by ids.
func inOrder(a, b Grant) int {
	return cmp.Or(
		cmp.Compare(strings.ToLower(cmp.Or(a.AccountName, a.AccountID)), strings.ToLower(cmp.Or(b.AccountName, b.AccountID))),
		cmp.Compare(a.AccountID, b.AccountID),
		cmp.Compare(strings.ToLower(a.PermissionSet), strings.ToLower(b.PermissionSet)),
		cmp.Compare(a.PermissionSetARN, b.PermissionSetARN),
		cmp.Compare(strings.ToLower(a.Person.label()), strings.ToLower(b.Person.label())),
		cmp.Compare(a.Person.ID, b.Person.ID),
		cmp.Compare(strings.ToLower(a.Group.label()), strings.ToLower(b.Group.label())),
		cmp.Compare(a.Group.ID, b.Group.ID),
	)
}

func (p Person) label() string { return cmp.Or(p.Name, p.ID) }
func (t Group) label() string  { return cmp.Or(t.Name, t.ID) }
