package directory

import (
	"context"
	"errors"
	"time"
)

// What SetDisabled, Assign and Unassign change stays until a different seed is
// applied.

// SetDisabled disables a person, which ends all their sign-ins in the same
// transaction, or enables them again.
func (s *Service) SetDisabled(ctx context.Context, now time.Time, name string, disabled bool) error {
	err := s.Store.SetDisabled(ctx, name, disabled, now)
	if errors.Is(err, ErrNotFound) {
		return s.unknownUser(ctx, name)
	}
	return err
}

// Assign gives a permission set in accounts, which may be given by id, by name,
// or all by EveryAccount. It says in how many accounts it was not assigned
// before. What is unknown is an *UnknownError.
func (s *Service) Assign(ctx context.Context, a Assignment) (changed int, err error) {
	if a, err = s.resolve(ctx, a); err != nil {
		return 0, err
	}
	return s.Store.Assign(ctx, a)
}

// Unassign takes a permission set in accounts away, as Assign gives it, and says
// in how many it was assigned. Role credentials that were issued live on.
func (s *Service) Unassign(ctx context.Context, a Assignment) (changed int, err error) {
	if a, err = s.resolve(ctx, a); err != nil {
		return 0, err
	}
	return s.Store.Unassign(ctx, a)
}

func (s *Service) resolve(ctx context.Context, a Assignment) (Assignment, error) {
	switch {
	case a.User == "" && a.Group == "":
		return Assignment{}, invalid("user", "nobody is named", "name a user or a group")
	case a.User != "" && a.Group != "":
		return Assignment{}, invalid("group", "a user is named as well", "assign to the user and to the group one after the other")
	case a.PermissionSet == "":
		return Assignment{}, invalid("permission_set", "it is missing", "name a permission set")
	case len(a.Accounts) == 0:
		return Assignment{}, invalid("accounts", "no account is named", `name accounts, or all by "*"`)
	}
	users, err := s.Store.Users(ctx)
	if err != nil {
		return Assignment{}, err
	}
	accounts, err := s.Store.Accounts(ctx)
	if err != nil {
		return Assignment{}, err
	}
	sets, err := s.Store.PermissionSets(ctx)
	if err != nil {
		return Assignment{}, err
	}
	return NewResolver(users, accounts, sets).Assignment(a)
}

// unknownUser words that there is nobody of that name.
func (s *Service) unknownUser(ctx context.Context, name string) error {
	users, err := s.Store.Users(ctx)
	if err != nil {
		return err
	}
	if err := NewResolver(users, nil, nil).User(name); err != nil {
		return err
	}
	return ErrNotFound // they were added just now
}
