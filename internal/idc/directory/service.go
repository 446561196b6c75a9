package directory

import (
	"context"
	"errors"
	"time"
)

// Service holds the rules. All but the queue of password checks is in the
// Store.
type Service struct {
	Store Store
	// Key is the server key, at least 32 bytes. Without one no browser is
	// remembered, and no code is sent by e-mail.
	Key []byte
	// PeopleOnly says that decisions answer nothing, because whoever is not on this
	// machine would sign in by them; nil means that they do.
	PeopleOnly func() bool
	// HashSlots is how many passwords are hashed at once; zero means 2.
	HashSlots int
	// HashQueue is how many sign-ins may wait for that; zero means 64.
	HashQueue int

	strangers limiter
	known     limiter // of browsers that are known, who need not queue behind strangers
	cost      costCache
}

// maxPage is the most that a page holds, as the portal operations allow.
const maxPage = 100

// Instance describes the Identity Center.
func (s *Service) Instance(ctx context.Context) (Instance, error) {
	return s.Store.Instance(ctx)
}

// User returns a person by id.
func (s *Service) User(ctx context.Context, id string) (User, error) {
	return s.Store.UserByID(ctx, id)
}

// UserByName returns a person by name, in any case.
func (s *Service) UserByName(ctx context.Context, name string) (User, error) {
	return s.Store.UserByName(ctx, name)
}

// Users returns everyone, in seed order.
func (s *Service) Users(ctx context.Context) ([]User, error) {
	return s.Store.Users(ctx)
}

// Active says whether a person may act: they exist and are not disabled. People
// who vanish from a seed stop being active.
func (s *Service) Active(ctx context.Context, userID string) (bool, error) {
	u, err := s.Store.UserByID(ctx, userID)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && !u.Disabled, err
}

// Account returns an account with its buckets.
func (s *Service) Account(ctx context.Context, id string) (Account, error) {
	return s.Store.Account(ctx, id)
}

// Accounts lists the accounts a person reaches, by id. next is what to pass as
// after for the next page, "" at the end. A limit outside 1..100 means 100.
func (s *Service) Accounts(ctx context.Context, userID, after string, limit int) (page []Account, next string, err error) {
	limit = pageSize(limit)
	page, err = s.Store.AccountsOf(ctx, userID, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}

// Roles lists what a person may be in one account, by name; none when nothing
// is assigned there.
func (s *Service) Roles(ctx context.Context, userID, accountID, after string, limit int) (page []PermissionSet, next string, err error) {
	limit = pageSize(limit)
	page, err = s.Store.RolesOf(ctx, userID, accountID, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Name
	}
	return page, next, nil
}

func pageSize(limit int) int {
	if limit < 1 || limit > maxPage {
		return maxPage
	}
	return limit
}

// Role returns the role that a person may take in an account, or ErrNoAccess.
func (s *Service) Role(ctx context.Context, userID, accountID, permissionSet string) (Role, error) {
	set, err := s.Store.RoleOf(ctx, userID, accountID, permissionSet)
	if err != nil {
		return Role{}, err
	}
	i, err := s.Store.Instance(ctx)
	if err != nil {
		return Role{}, err
	}
	return NewRole(i.Region, accountID, set), nil
}

// Age makes everything that was issued older: codes by e-mail, and the failures
// that slow sign-in down.
func (s *Service) Age(ctx context.Context, by time.Duration) error {
	if by <= 0 {
		return invalid("by", by.String()+" is not in the future", "time only moves forward")
	}
	return s.Store.Age(ctx, by)
}

// Collect removes what is of no use any more.
func (s *Service) Collect(ctx context.Context, now time.Time) error {
	return s.Store.Collect(ctx, now.Add(-mailLifetime), now.Add(-forgetFailures))
}
