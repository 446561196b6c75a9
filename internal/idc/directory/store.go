package directory

import (
	"context"
	"time"
)

// Store keeps the organisation and the counts of failed sign-ins. Unknown
// things are ErrNotFound. Lists are ordered bytewise by what they are paged by,
// and hold what comes after the given value, at most limit.
type Store interface {
	// Apply replaces the whole organisation in one transaction and remembers the
	// digest of the seed. The organisation is valid, every user has an id, and
	// passwords are hashed already. In the same transaction it ends for good the
	// sign-ins of people who are not in it, are disabled, or have another password
	// hash than before.
	Apply(ctx context.Context, org Organisation, digest string) error
	// SeedDigest returns the digest given to Apply, "" while the Store is empty.
	SeedDigest(ctx context.Context) (string, error)
	// Instance returns the Identity Center itself, ErrNotFound while empty.
	Instance(ctx context.Context) (Instance, error)

	// UserByName ignores case, as SCIM's userName does (RFC 7643 section 4.1.1).
	UserByName(ctx context.Context, name string) (User, error)
	UserByID(ctx context.Context, id string) (User, error)
	// Users returns all, in seed order, each with groups in seed order.
	Users(ctx context.Context) ([]User, error)

	// Account returns one account with its buckets in seed order.
	Account(ctx context.Context, id string) (Account, error)
	// AccountsOf lists the accounts that a user reaches by an assignment of their
	// own or of one of their groups, by id, without buckets.
	AccountsOf(ctx context.Context, userID, afterID string, limit int) ([]Account, error)
	// RolesOf lists what the user may be in one account, by name.
	RolesOf(ctx context.Context, userID, accountID, afterName string, limit int) ([]PermissionSet, error)
	// RoleOf returns one of them, or ErrNoAccess.
	RoleOf(ctx context.Context, userID, accountID, permissionSet string) (PermissionSet, error)

	// Attempts returns the count under a key, zero when there is none.
	Attempts(ctx context.Context, key string) (Attempts, error)
	// RecordFailure counts one failure under a key in one transaction and returns
	// the new count. It begins again at one when the last failure was at or before
	// forget, and keeps at most keep keys, dropping those whose last failure is
	// the oldest.
	RecordFailure(ctx context.Context, key string, now, forget time.Time, keep int) (Attempts, error)
	ClearAttempts(ctx context.Context, key string) error
}
