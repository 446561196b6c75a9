package access

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/portico-sso/portico/internal/output"
)

// A PermissionSetError says that a permission set that was asked about is not in
// the account.
type PermissionSetError struct {
	Wanted, AccountID string
	There             []string // those that are, by name
}

func (e *PermissionSetError) Error() string {
	return fmt.Sprintf("the permission set %s is not provisioned to account %s", e.Wanted, e.AccountID)
}

// Who finds who reaches an account. permissionSet narrows it to one, by name or
// ARN; "" means all.
func (s *Source) Who(ctx context.Context, accountID, permissionSet string) (*Facts, error) {
	f := newFacts()
	sets, err := list(ctx, s, "sso-admin", "ListPermissionSetsProvisionedToAccount", input("InstanceArn", s.InstanceARN, "AccountId", accountID), itself)
	if err != nil {
		return nil, err
	}
	if err := s.namePermissionSets(ctx, f, sets); err != nil {
		return nil, err
	}
	if permissionSet != "" {
		all := sets
		sets = slices.DeleteFunc(slices.Clone(sets), func(arn string) bool {
			return arn != permissionSet && !strings.EqualFold(f.PermissionSets[arn], permissionSet)
		})
		if len(sets) == 0 {
			e := &PermissionSetError{Wanted: permissionSet, AccountID: accountID}
			for _, arn := range all {
				e.There = append(e.There, f.PermissionSets[arn])
			}
			slices.Sort(e.There)
			return nil, e
		}
	}
	var pairs []pair
	for _, arn := range sets {
		pairs = append(pairs, pair{accountID, arn})
	}
	if err := s.assigned(ctx, f, pairs); err != nil {
		return nil, err
	}
	return f, s.complete(ctx, f)
}

// Report finds who reaches what, in all accounts. It goes by the permission sets
// that are provisioned, as accounts that Organizations does not tell of are among
// their answers, and assignments of principals that were deleted, too.
func (s *Source) Report(ctx context.Context) (*Facts, error) {
	f := newFacts()
	pairs, err := s.provisioned(ctx, f)
	if err != nil {
		return nil, err
	}
	if err := s.assigned(ctx, f, pairs); err != nil {
		return nil, err
	}
	return f, s.complete(ctx, f)
}

// A pair is a permission set in an account.
type pair struct{ account, set string }

// provisioned lists every permission set in every account it is in.
func (s *Source) provisioned(ctx context.Context, f *Facts) ([]pair, error) {
	sets, err := list(ctx, s, "sso-admin", "ListPermissionSets", input("InstanceArn", s.InstanceARN), itself)
	if err != nil {
		return nil, err
	}
	accounts := make([][]string, len(sets))
	err = each(ctx, s, sets, func(ctx context.Context, i int, arn string) (err error) {
		accounts[i], err = list(ctx, s, "sso-admin", "ListAccountsForProvisionedPermissionSet", input("InstanceArn", s.InstanceARN, "PermissionSetArn", arn), itself)
		return err
	})
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for i, arn := range sets {
		for _, account := range accounts[i] {
			pairs = append(pairs, pair{account, arn})
		}
	}
	return pairs, s.namePermissionSets(ctx, f, sets)
}

// assigned adds the assignments of each pair.
func (s *Source) assigned(ctx context.Context, f *Facts, pairs []pair) error {
	found := make([][]Assignment, len(pairs))
	err := each(ctx, s, pairs, func(ctx context.Context, i int, p pair) (err error) {
		found[i], err = list(ctx, s, "sso-admin", "ListAccountAssignments",
			input("InstanceArn", s.InstanceARN, "AccountId", p.account, "PermissionSetArn", p.set), readAssignment)
		if missing(err) { // it was taken away since the listing
			err = nil
		}
		return err
	})
	f.Assignments = append(f.Assignments, slices.Concat(found...)...)
	return err
}

func readAssignment(item any) Assignment {
	return Assignment{text(item, "AccountId"), text(item, "PermissionSetArn"), Principal{text(item, "PrincipalType"), text(item, "PrincipalId")}}
}

// OfPerson finds what a person reaches, directly and by their groups.
func (s *Source) OfPerson(ctx context.Context, p Person) (*Facts, error) {
	groups, err := list(ctx, s, "identitystore", "ListGroupMembershipsForMember",
		input("IdentityStoreId", s.StoreID, "MemberId", output.Object{{Name: "UserId", Value: p.ID}}), func(item any) string { return text(item, "GroupId") })
	if err != nil {
		return nil, err
	}
	f := newFacts()
	f.People[p.ID] = p
	principals := []Principal{{kindUser, p.ID}}
	for _, id := range groups {
		principals = append(principals, Principal{kindGroup, id})
	}
	if err := s.assignedTo(ctx, f, principals); err != nil {
		return nil, err
	}
	if err := s.nameGroups(ctx, f); err != nil {
		return nil, err
	}
	for id, group := range f.Groups {
		group.Members = []string{p.ID} // the others are nobody's question
		f.Groups[id] = group
	}
	return f, s.nameRest(ctx, f)
}

// OfGroup finds what the members of a group reach by it.
func (s *Source) OfGroup(ctx context.Context, t Group) (*Facts, error) {
	f := newFacts()
	f.Groups[t.ID] = t
	if err := s.assignedTo(ctx, f, []Principal{{kindGroup, t.ID}}); err != nil {
		return nil, err
	}
	return f, s.nameRest(ctx, f)
}

// assignedTo adds the assignments of principals. One listing each is the way, which
// only the management account may take. Elsewhere all accounts are gone through.
func (s *Source) assignedTo(ctx context.Context, f *Facts, principals []Principal) error {
	found := make([][]Assignment, len(principals))
	err := each(ctx, s, principals, func(ctx context.Context, i int, p Principal) (err error) {
		found[i], err = list(ctx, s, "sso-admin", "ListAccountAssignmentsForPrincipal",
			input("InstanceArn", s.InstanceARN, "PrincipalId", p.ID, "PrincipalType", p.Kind), readAssignment)
		return err
	})
	if err == nil {
		f.Assignments = slices.Concat(found...)
		return nil
	}
	if !denied(err) && !refused(err, "UnknownOperationException", "ValidationException") {
		return err
	}
	s.warn("ListAccountAssignmentsForPrincipal is not for these credentials, so that all accounts are gone through")
	pairs, err := s.provisioned(ctx, f)
	if err != nil {
		return err
	}
	if err := s.assigned(ctx, f, pairs); err != nil {
		return err
	}
	f.Assignments = slices.DeleteFunc(f.Assignments, func(a Assignment) bool { return !slices.Contains(principals, a.Principal) })
	return nil
}

// complete adds who is in the groups that have assignments, and all names.
func (s *Source) complete(ctx context.Context, f *Facts) error {
	if err := s.nameGroups(ctx, f); err != nil {
		return err
	}
	var mu sync.Mutex
	groups := slices.Collect(maps.Values(f.Groups))
	err := each(ctx, s, groups, func(ctx context.Context, _ int, t Group) (err error) {
		if t.Deleted {
			return nil
		}
		t.Members, err = list(ctx, s, "identitystore", "ListGroupMemberships", input("IdentityStoreId", s.StoreID, "GroupId", t.ID), readMember)
		if missing(err) {
			t.Deleted, err = true, nil
		}
		mu.Lock()
		defer mu.Unlock()
		f.Groups[t.ID] = t
		return err
	})
	if err != nil {
		return err
	}
	return s.nameRest(ctx, f)
}

func readMember(item any) string {
	o, _ := item.(output.Object)
	id, _ := o.Get("MemberId")
	return text(id, "UserId")
}
