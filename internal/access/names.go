package access

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/portico-sso/portico/internal/output"
)

// namePermissionSets adds the names of permission sets.
func (s *Source) namePermissionSets(ctx context.Context, f *Facts, arns []string) error {
	var unknown []string
	for _, arn := range arns {
		if f.PermissionSets[arn] == "" && !slices.Contains(unknown, arn) {
			unknown = append(unknown, arn)
		}
	}
	names := make([]string, len(unknown))
	err := each(ctx, s, unknown, func(ctx context.Context, i int, arn string) (err error) {
		names[i], err = ask(ctx, s, "sso-admin", "DescribePermissionSet", input("InstanceArn", s.InstanceARN, "PermissionSetArn", arn), func(answer output.Object) string {
			set, _ := answer.Get("PermissionSet")
			return text(set, "Name")
		})
		if missing(err) {
			err = nil
		}
		return err
	})
	for i, arn := range unknown {
		f.PermissionSets[arn] = names[i]
	}
	return err
}

// nameGroups adds the groups that have assignments, by name.
func (s *Source) nameGroups(ctx context.Context, f *Facts) error {
	ids := map[string]bool{}
	for _, a := range f.Assignments {
		if a.Principal.Kind == kindGroup && f.Groups[a.Principal.ID].ID == "" {
			ids[a.Principal.ID] = true
		}
	}
	return named(ctx, s, names[Group]{
		ids: ids, list: "ListGroups", describe: "DescribeGroup", member: "GroupId",
		read: readGroup, id: func(t Group) string { return t.ID }, gone: func(id string) Group { return Group{ID: id, Deleted: true} },
	}, f.Groups)
}

// nameRest adds people, permission sets and accounts, by name.
func (s *Source) nameRest(ctx context.Context, f *Facts) error {
	ids, sets, accounts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, a := range f.Assignments {
		sets[a.PermissionSet], accounts[a.AccountID] = true, true
		people := []string{a.Principal.ID}
		if a.Principal.Kind == kindGroup {
			people = f.Groups[a.Principal.ID].Members
		}
		for _, id := range people {
			if f.People[id].ID == "" {
				ids[id] = true
			}
		}
	}
	err := named(ctx, s, names[Person]{
		ids: ids, list: "ListUsers", describe: "DescribeUser", member: "UserId",
		read: readPerson, id: func(p Person) string { return p.ID }, gone: func(id string) Person { return Person{ID: id, Status: Deleted} },
	}, f.People)
	if err != nil {
		return err
	}
	if err := s.namePermissionSets(ctx, f, sorted(sets)); err != nil {
		return err
	}
	return s.nameAccounts(ctx, f, sorted(accounts))
}

// names say how to find out what some ids of the identity store stand for.
type names[T any] struct {
	ids                    map[string]bool
	list, describe, member string // operations, and the input of the second
	read                   func(item any) T
	id                     func(T) string
	gone                   func(id string) T
}

// named finds out what ids stand for: few of them one by one, many by the list of
// all, and those that are not in it one by one again, as it may have been too old.
// What even then is not there was deleted.
func named[T any](ctx context.Context, s *Source, n names[T], found map[string]T) error {
	if len(n.ids) > fewNames {
		s.step(0, 1)
		all, err := list(ctx, s, "identitystore", n.list, input("IdentityStoreId", s.StoreID), n.read)
		if err != nil {
			return err
		}
		s.step(1, 0)
		for _, t := range all {
			if id := n.id(t); n.ids[id] {
				found[id] = t
				delete(n.ids, id)
			}
		}
	}
	var mu sync.Mutex
	return each(ctx, s, sorted(n.ids), func(ctx context.Context, _ int, id string) error {
		t, err := ask(ctx, s, "identitystore", n.describe, input("IdentityStoreId", s.StoreID, n.member, id), func(answer output.Object) T { return n.read(answer) })
		if missing(err) {
			t, err = n.gone(id), nil
		}
		mu.Lock()
		defer mu.Unlock()
		found[id] = t
		return err
	})
}

func sorted(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for id := range set {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

func readGroup(item any) Group {
	return Group{ID: text(item, "GroupId"), Name: text(item, "DisplayName")}
}

func readPerson(item any) Person {
	p := Person{ID: text(item, "UserId"), Name: text(item, "UserName"), DisplayName: text(item, "DisplayName"), Status: Enabled}
	if text(item, "UserStatus") == "DISABLED" {
		p.Status = Disabled
	}
	o, _ := item.(output.Object)
	emails, _ := o.Get("Emails")
	list, _ := emails.([]any)
	for _, e := range list {
		address, _ := e.(output.Object)
		if primary, _ := address.Get("Primary"); primary == true || p.Email == "" {
			p.Email = text(e, "Value")
		}
	}
	return p
}

// nameAccounts adds the names of accounts: what Organizations tells, where these
// credentials may ask it, and else what is known.
func (s *Source) nameAccounts(ctx context.Context, f *Facts, ids []string) error {
	err := s.askNames(ctx, f, ids)
	told := denied(err) || refused(err, "AWSOrganizationsNotInUseException")
	if err != nil && !told {
		return err
	}
	nameless := 0
	for _, id := range ids {
		if f.Accounts[id] == "" && s.Known[id] != "" {
			f.Accounts[id] = s.Known[id]
		}
		if f.Accounts[id] == "" {
			nameless++
		}
	}
	if told && nameless > 0 {
		s.warn("accounts without a name (%d) are told by their ids, as these credentials may not ask Organizations for names", nameless)
	}
	return nil
}

func (s *Source) askNames(ctx context.Context, f *Facts, ids []string) error {
	if len(ids) > fewNames {
		accounts, err := s.Accounts(ctx)
		for _, a := range accounts {
			f.Accounts[a.ID] = a.Name
		}
		return err
	}
	found := make([]string, len(ids))
	err := each(ctx, s, ids, func(ctx context.Context, i int, id string) (err error) {
		found[i], err = ask(ctx, s, "organizations", "DescribeAccount", input("AccountId", id), func(answer output.Object) string {
			account, _ := answer.Get("Account")
			return text(account, "Name")
		})
		if refused(err, "AccountNotFoundException") {
			err = nil
		}
		return err
	})
	for i, id := range ids {
		if found[i] != "" {
			f.Accounts[id] = found[i]
		}
	}
	return err
}

// An Account of the organization.
type Account struct{ ID, Name string }

// Accounts lists the accounts of the organization.
func (s *Source) Accounts(ctx context.Context) ([]Account, error) {
	s.step(0, 1)
	defer s.step(1, 0)
	return list(ctx, s, "organizations", "ListAccounts", input(), func(item any) Account {
		return Account{ID: text(item, "Id"), Name: text(item, "Name")}
	})
}

// Person finds a person by user name, e-mail address or id; ok says whether there
// is one.
func (s *Source) Person(ctx context.Context, who string) (p Person, ok bool, err error) {
	for _, attribute := range []string{"userName", "emails.value"} {
		id, err := s.idOf(ctx, "GetUserId", "UserId", attribute, who)
		if err == nil {
			who, ok = id, true
			break
		}
		if !missing(err) {
			return p, false, err
		}
	}
	if !ok && !isID(who) {
		return p, false, nil
	}
	p, err = ask(ctx, s, "identitystore", "DescribeUser", input("IdentityStoreId", s.StoreID, "UserId", who), func(answer output.Object) Person { return readPerson(answer) })
	if missing(err) {
		return p, false, nil
	}
	return p, err == nil, err
}

// Group finds a group by name or id.
func (s *Source) Group(ctx context.Context, which string) (t Group, ok bool, err error) {
	id, err := s.idOf(ctx, "GetGroupId", "GroupId", "displayName", which)
	if err != nil && !missing(err) {
		return t, false, err
	}
	if err != nil {
		if id = which; !isID(id) {
			return t, false, nil
		}
	}
	t, err = ask(ctx, s, "identitystore", "DescribeGroup", input("IdentityStoreId", s.StoreID, "GroupId", id), func(answer output.Object) Group { return readGroup(answer) })
	if missing(err) {
		return t, false, nil
	}
	return t, err == nil, err
}

// idOf looks an attribute up that nobody shares.
func (s *Source) idOf(ctx context.Context, operation, member, attribute, value string) (string, error) {
	unique := output.Object{{Name: "AttributePath", Value: attribute}, {Name: "AttributeValue", Value: value}}
	return ask(ctx, s, "identitystore", operation,
		input("IdentityStoreId", s.StoreID, "AlternateIdentifier", output.Object{{Name: "UniqueAttribute", Value: unique}}),
		func(answer output.Object) string { return text(answer, member) })
}

// isID reports whether it may be an id of the identity store: a UUID, which that of
// an older store begins before.
func isID(s string) bool {
	return len(s) >= 36 && strings.Trim(s, "0123456789abcdefABCDEF-") == "" && strings.Count(s, "-") >= 4
}

// IdentityStore asks for the id of the instance's identity store.
func (s *Source) IdentityStore(ctx context.Context) (string, error) {
	return ask(ctx, s, "sso-admin", "DescribeInstance", input("InstanceArn", s.InstanceARN), func(answer output.Object) string { return text(answer, "IdentityStoreId") })
}
