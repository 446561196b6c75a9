package directory

import (
	"context"
	"time"
)

// Store keeps the organisation, the counts of failed sign-ins and the codes sent
// by e-mail. Unknown things are ErrNotFound. Lists are ordered bytewise by what they are paged by,
// and hold what comes after the given value, at most limit.
type Store interface {
	Listings
	AssignmentRequests

	// Apply replaces the whole organisation in one transaction and remembers the
	// digest of the seed. The organisation is valid, every user and
	// decision has an id, and passwords are hashed already. In the same transaction
	// it ends for good the sign-ins and challenges of people who are not in it, are
	// disabled, or have another password hash than before.
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

	// SetDisabled disables or enables the user of that name, in any case. In the
	// same transaction it ends for good the sign-ins and challenges of whom it
	// disables.
	SetDisabled(ctx context.Context, name string, disabled bool, now time.Time) error

	// Accounts returns all, by id, without buckets.
	Accounts(ctx context.Context) ([]Account, error)
	// PermissionSets returns all, by name.
	PermissionSets(ctx context.Context) ([]PermissionSet, error)
	// Account returns one account with its buckets in seed order.
	Account(ctx context.Context, id string) (Account, error)
	// AccountsOf lists the accounts that a user reaches by an assignment of their
	// own or of one of their groups, by id, without buckets.
	AccountsOf(ctx context.Context, userID, afterID string, limit int) ([]Account, error)
	// RolesOf lists what the user may be in one account, by name.
	RolesOf(ctx context.Context, userID, accountID, afterName string, limit int) ([]PermissionSet, error)
	// RoleOf returns one of them, or ErrNoAccess.
	RoleOf(ctx context.Context, userID, accountID, permissionSet string) (PermissionSet, error)

	// IAMRole returns a role of an account by name, in any case.
	IAMRole(ctx context.Context, accountID, name string) (IAMRole, error)

	// Assign adds a permission set in accounts given by id, to the user or group,
	// and says in how many it was not there before; ErrNotFound when one of them
	// does not exist, and then nothing changes.
	Assign(ctx context.Context, a Assignment) (changed int, err error)
	// Unassign is the reverse: it says in how many it was there.
	Unassign(ctx context.Context, a Assignment) (changed int, err error)

	// InsertDecision puts a decision before all others; ErrNotFound when it names
	// a user who does not exist.
	InsertDecision(ctx context.Context, d Decision) error
	// Decisions returns all: those of InsertDecision, the latest first, then those
	// of Apply. User is the name as the user has it.
	Decisions(ctx context.Context) ([]Decision, error)
	// ClearDecisions removes one, or all when id is "".
	ClearDecisions(ctx context.Context, id string) error

	// InsertChallenge adds a challenge of a user who exists and is not disabled
	// (else ErrNotFound), and keeps the latest keep of all. When the user has limit
	// that are neither ended nor expired it adds none, and returns when the first of
	// these expires.
	InsertChallenge(ctx context.Context, c Challenge, limit, keep int) (next time.Time, err error)
	// AnswerChallenge ends a challenge when the answer is right, else counts a
	// failure, and returns its user; ErrChallengeOver when there is none, or it has
	// ended, expired, or tries failures. Of right answers that come at once exactly
	// one succeeds, and each wrong one counts.
	AnswerChallenge(ctx context.Context, id [32]byte, right bool, now time.Time, tries int) (userID string, err error)
	// Challenge returns one, or ErrChallengeOver.
	Challenge(ctx context.Context, id [32]byte) (Challenge, error)
	// Challenges returns those that were sent after a time, in the order of
	// InsertChallenge: a user's, or all when userID is "".
	Challenges(ctx context.Context, userID string, after time.Time) ([]Challenge, error)

	// Age moves the times of failures and challenges back.
	Age(ctx context.Context, by time.Duration) error
	// Collect removes challenges that were sent at or before one time, and counts
	// whose last failure was at or before the other.
	Collect(ctx context.Context, challenges, failures time.Time) error

	// Attempts returns the count under a key, zero when there is none.
	Attempts(ctx context.Context, key string) (Attempts, error)
	// RecordFailure counts one failure under a key in one transaction and returns
	// the new count. It begins again at one when the last failure was at or before
	// forget, and keeps at most keep keys, dropping those whose last failure is
	// the oldest.
	RecordFailure(ctx context.Context, key string, now, forget time.Time, keep int) (Attempts, error)
	ClearAttempts(ctx context.Context, key string) error
}
