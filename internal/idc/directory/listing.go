package directory

import (
	"context"
	"strings"
	"time"
)

// Founded is when everything that a seed states was created, as far as anybody
// asks: two starts from one seed agree on that too.
var Founded = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// Listings is what administrators read of the organisation. Each list is ordered
// bytewise by what it is paged by, and holds what comes after the given value, at
// most limit.
type Listings interface {
	// AccountsAfter lists accounts by id, without buckets.
	AccountsAfter(ctx context.Context, afterID string, limit int) ([]Account, error)
	// PermissionSetsAfter lists permission sets by name.
	PermissionSetsAfter(ctx context.Context, afterName string, limit int) ([]PermissionSet, error)
	// UsersAfter lists people by name in lower case, without groups.
	UsersAfter(ctx context.Context, afterName string, limit int) ([]User, error)
	// Groups returns the names of all groups, in order.
	Groups(ctx context.Context) ([]string, error)
	// MembersAfter lists the people in a group as UsersAfter does.
	MembersAfter(ctx context.Context, group, afterName string, limit int) ([]User, error)
	// Granted lists what is assigned, in the order of account, permission set,
	// group and user, so that people come before groups.
	Granted(ctx context.Context, q GrantedQuery, after Granted, limit int) ([]Granted, error)
	// AccountsWith lists the ids of the accounts in which a permission set is
	// assigned to anybody.
	AccountsWith(ctx context.Context, permissionSet, afterID string, limit int) ([]string, error)
	// PermissionSetsIn lists the names of the permission sets that are assigned to
	// anybody in an account.
	PermissionSetsIn(ctx context.Context, accountID, afterName string, limit int) ([]string, error)
}

// Granted is one permission set of one person, or one group, in one account.
type Granted struct {
	AccountID     string
	PermissionSet string
	Group         string // its name, or
	UserID        string
}

// GrantedQuery chooses among what is assigned; what is "" does not matter.
type GrantedQuery struct {
	AccountID     string
	PermissionSet string
	Group         string // by name
	UserID        string // to the person, or to one of their groups
}

// key is what lists of this are paged by. No name holds a zero byte.
func (g Granted) key() string {
	return strings.Join([]string{g.AccountID, g.PermissionSet, g.Group, g.UserID}, "\x00")
}

func parseGranted(key string) Granted {
	parts := append(strings.Split(key, "\x00"), "", "", "", "")
	return Granted{parts[0], parts[1], parts[2], parts[3]}
}

// cut is a page of what was asked for with one more than its limit, and what to
// pass as after for the next, "" at the end.
func cut[T any](list []T, limit int, key func(T) string) (page []T, next string) {
	if len(list) <= limit {
		return list, ""
	}
	return list[:limit], key(list[limit-1])
}

func itself(s string) string { return s }

// AllAccounts lists the accounts of the organisation, by id.
func (s *Service) AllAccounts(ctx context.Context, after string, limit int) (page []Account, next string, err error) {
	limit = pageSize(limit)
	list, err := s.Store.AccountsAfter(ctx, after, limit+1)
	page, next = cut(list, limit, func(a Account) string { return a.ID })
	return page, next, err
}

// PermissionSets lists all permission sets, by name.
func (s *Service) PermissionSets(ctx context.Context, after string, limit int) (page []PermissionSet, next string, err error) {
	limit = pageSize(limit)
	list, err := s.Store.PermissionSetsAfter(ctx, after, limit+1)
	page, next = cut(list, limit, func(p PermissionSet) string { return p.Name })
	return page, next, err
}

// People lists everyone by name, without groups.
func (s *Service) People(ctx context.Context, after string, limit int) (page []User, next string, err error) {
	limit = pageSize(limit)
	list, err := s.Store.UsersAfter(ctx, after, limit+1)
	page, next = cut(list, limit, nameKey)
	return page, next, err
}

func nameKey(u User) string { return strings.ToLower(u.Name) }

// Groups lists the names of all groups.
func (s *Service) Groups(ctx context.Context, after string, limit int) (page []string, next string, err error) {
	limit = pageSize(limit)
	all, err := s.Store.Groups(ctx)
	for len(all) > 0 && all[0] <= after {
		all = all[1:]
	}
	page, next = cut(all, limit, itself)
	return page, next, err
}

// Members lists the people in a group by name, without groups.
func (s *Service) Members(ctx context.Context, group, after string, limit int) (page []User, next string, err error) {
	limit = pageSize(limit)
	list, err := s.Store.MembersAfter(ctx, group, after, limit+1)
	page, next = cut(list, limit, nameKey)
	return page, next, err
}

// Granted lists what is assigned.
func (s *Service) Granted(ctx context.Context, q GrantedQuery, after string, limit int) (page []Granted, next string, err error) {
	limit = pageSize(limit)
	list, err := s.Store.Granted(ctx, q, parseGranted(after), limit+1)
	page, next = cut(list, limit, Granted.key)
	return page, next, err
}

// AccountsWith lists the accounts in which a permission set is assigned, by id.
func (s *Service) AccountsWith(ctx context.Context, permissionSet, after string, limit int) (page []string, next string, err error) {
	limit = pageSize(limit)
	list, err := s.Store.AccountsWith(ctx, permissionSet, after, limit+1)
	page, next = cut(list, limit, itself)
	return page, next, err
}

// PermissionSetsIn lists the permission sets that are assigned in an account, by
// name.
func (s *Service) PermissionSetsIn(ctx context.Context, accountID, after string, limit int) (page []string, next string, err error) {
	limit = pageSize(limit)
	list, err := s.Store.PermissionSetsIn(ctx, accountID, after, limit+1)
	page, next = cut(list, limit, itself)
	return page, next, err
}

// PermissionSetByARN returns the permission set of that ARN. ARNs derive from
// names one way only, so all are tried.
func (s *Service) PermissionSetByARN(ctx context.Context, i Instance, arn string) (PermissionSet, error) {
	sets, err := s.Store.PermissionSets(ctx)
	if err != nil {
		return PermissionSet{}, err
	}
	for _, set := range sets {
		if i.PermissionSetARN(set.Name) == arn {
			return set, nil
		}
	}
	return PermissionSet{}, ErrNotFound
}

// GroupByID returns the name of the group of that id.
func (s *Service) GroupByID(ctx context.Context, i Instance, id string) (string, error) {
	groups, err := s.Store.Groups(ctx)
	if err != nil {
		return "", err
	}
	for _, name := range groups {
		if strings.EqualFold(i.GroupID(name), id) {
			return name, nil
		}
	}
	return "", ErrNotFound
}

// UserByEmail returns the person with that address, in any case.
func (s *Service) UserByEmail(ctx context.Context, email string) (User, error) {
	users, err := s.Store.Users(ctx)
	if err != nil {
		return User{}, err
	}
	for _, u := range users {
		if email != "" && strings.EqualFold(u.Email, email) {
			return u, nil
		}
	}
	return User{}, ErrNotFound
}
