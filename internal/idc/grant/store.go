package grant

import (
	"context"
	"errors"
	"time"
)

// What a Store answers besides faults of its own. They never reach a client.
var (
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("grant: not found")
	// ErrConflict says that the row is not, or no longer, in the state that the
	// change starts from, or that a unique value is taken. Nothing was changed.
	ErrConflict = errors.New("grant: conflict")
	// ErrFull says that as many rows exist as may. Nothing was inserted.
	ErrFull = errors.New("grant: full")
)

// Store keeps what the rules need. It decides nothing: every rule that two
// callers may run at once is a change with its starting state as the condition,
// made in one transaction that is durable before the method returns. Of many
// concurrent callers one finds the condition true, the others get ErrConflict.
//
// A Store never sees a code, a token or a secret, only hashes. Times are UTC
// with a precision of a millisecond. Rows that are over stay readable until
// Collect or an insertion drops them; the caller judges by the times in them.
// A session is live while it is neither ended nor expired.
type Store interface {
	ClientStore
	RequestStore
	SessionStore
	TokenStore
	CredentialStore
	ConsoleStore

	// Collect drops what ended at or before the given times: clients by their
	// expiry, requests by their expiry with whatever hangs on them, sessions by
	// their end or expiry with their families and tokens, role credentials and
	// console sessions by their expiry. Access tokens stay as long as their session: an expired one
	// still ends it.
	Collect(ctx context.Context, before Horizon) error

	// Age moves every time there is back, in one transaction. What has not
	// happened stays so.
	Age(ctx context.Context, by time.Duration) error
}

// Horizon says up to which end rows may be dropped.
type Horizon struct {
	Clients, Requests, Sessions, Credentials time.Time
}

// ClientStore keeps registrations.
type ClientStore interface {
	// InsertClient adds a client. When max clients exist it first drops the
	// expired ones. When that is not enough it drops, oldest first and no more
	// than it needs, clients that were issued at or before unusedBefore, never
	// redeemed for, and have no unexpired request that is pending or allowed; if
	// max still exist it returns ErrFull.
	InsertClient(ctx context.Context, c ClientRecord, now, unusedBefore time.Time, max int) error
	// Client returns a client, expired or not, or ErrNotFound.
	Client(ctx context.Context, id string) (ClientRecord, error)
}

// ClientRecord is a client with its hashed secret.
type ClientRecord struct {
	Client
	Secret Hash
}

// RequestStore keeps device authorizations and authorization requests.
type RequestStore interface {
	// InsertRequest adds a pending request. It first drops requests that expired
	// at or before dropBefore. While max requests of the same flow are pending or
	// allowed, and unexpired, it makes room by dropping the oldest pending and
	// unbound one of the same client, or when that has none, of the client that
	// has most of them, if more than one; else it returns ErrFull. ErrConflict: a
	// hash is taken.
	InsertRequest(ctx context.Context, r RequestRecord, now, dropBefore time.Time, max int) error
	Request(ctx context.Context, id Hash) (RequestRecord, error)
	RequestByDeviceCode(ctx context.Context, deviceCode Hash) (RequestRecord, error)
	RequestByUserCode(ctx context.Context, userCode Hash) (RequestRecord, error)
	RequestByCode(ctx context.Context, code Hash) (RequestRecord, error)

	// TryUserCode looks a user code up for a browser session and binds the request
	// to it. In one transaction: *TooManyTriesError when Max tries within Window
	// failed, or MaxEach of this person's; else bind the request if it is pending, unexpired, unscripted, and unbound or
	// bound to the same session, to one of the same person, or to one that is not
	// live. A try that binds nothing is counted: bound is false and the request as
	// it is is returned, or ErrNotFound.
	TryUserCode(ctx context.Context, t UserCodeTry) (r RequestRecord, bound bool, err error)
	// BindRequest binds an unbound and unscripted request to the session and
	// returns the request as it then is, whoever it is bound to.
	BindRequest(ctx context.Context, id Hash, sessionID string) (RequestRecord, error)
	// RebindRequests binds the pending requests of one session to another.
	RebindRequests(ctx context.Context, fromSessionID, toSessionID string) error
	// Decide moves a request from pending to allowed or denied if it is unexpired,
	// unscripted, bound to that session, and the session is live; else ErrConflict.
	Decide(ctx context.Context, v Verdict) (RequestRecord, error)
	// Settle moves a request from pending to allowed or denied if it is unexpired,
	// and its script's time has come; else ErrConflict. When the verdict names a
	// session it adds that one and binds the request to it, all or nothing.
	Settle(ctx context.Context, v Verdict, sess Session, cookie Hash) (RequestRecord, error)
	// Poll counts a poll of a pending request and returns how many there were,
	// this one included, and when the one before was; else ErrConflict.
	Poll(ctx context.Context, id Hash, now time.Time) (n int, previous time.Time, err error)
	// Redeem moves a request from allowed to redeemed and adds its family and
	// tokens, all or nothing, if its session is live and it is unexpired (the code
	// in the authorization code flow); else ErrConflict.
	Redeem(ctx context.Context, r Redemption) error
}

// RequestRecord is a request as it is stored.
type RequestRecord struct {
	ID            Hash // of the request's id
	Flow          string
	ClientID      string
	Scopes        []string
	DeviceCode    Hash // device flow
	UserCode      Hash // device flow; keyed
	RedirectURI   string
	State         string // the client's own value, echoed in the callback
	CodeChallenge string // S256
	Status        Status
	SessionID     string // the browser session it is bound to
	UserID        string // who decided
	Code          Hash
	CodeExpiresAt time.Time
	FamilyID      string // once redeemed
	Origin        Origin
	Answer        string    // of the script; "": a person decides
	AnswerUserID  string    // the script's person
	AnswerAt      time.Time // zero: never
	CreatedAt     time.Time
	ExpiresAt     time.Time

	// Read with the request, ignored by InsertRequest.
	ClientName       string
	ClientCreated    time.Time
	SessionExpiresAt time.Time // zero when unbound or gone
}

// UserCodeTry is one user code entered by a person.
type UserCodeTry struct {
	UserCode  Hash
	SessionID string
	UserID    string
	Now       time.Time
	Window    time.Duration
	Max       int // over all people
	MaxEach   int // by this person
}

// Verdict is a person's decision, or a script's.
type Verdict struct {
	ID            Hash
	SessionID     string
	UserID        string
	Allow         bool
	Code          Hash // authorization code flow, when allowed
	CodeExpiresAt time.Time
	Now           time.Time
}

// Redemption turns an allowed request into tokens.
type Redemption struct {
	ID      Hash
	Now     time.Time
	Family  Family
	Access  NewAccess
	Refresh Hash // zero: no refresh token
}

// Family is everything that grew from one redeemed request.
type Family struct {
	ID         string
	SessionID  string
	UserID     string
	ClientID   string
	ClientName string
	Scopes     []string
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// NewAccess is an access token to be stored.
type NewAccess struct {
	Token     Hash
	ExpiresAt time.Time
}

// SessionStore keeps browser sessions.
type SessionStore interface {
	InsertSession(ctx context.Context, sess Session, cookie Hash) error
	// SessionByCookie also returns when the session was ended, or the zero time.
	SessionByCookie(ctx context.Context, cookie Hash) (sess Session, endedAt time.Time, err error)
	// Sessions returns the live sessions of a person, or of all when userID is
	// empty, oldest first, each with the clients of its live families, oldest first.
	Sessions(ctx context.Context, userID string, now time.Time) ([]SessionInfo, error)
	// EndSession ends a session for good if it is live; ended says whether it was.
	EndSession(ctx context.Context, id string, now time.Time) (ended bool, err error)
	// EndSessionsOf does so to every live session of a person.
	EndSessionsOf(ctx context.Context, userID string, now time.Time) (n int, err error)
}

// TokenStore keeps families and their tokens.
type TokenStore interface {
	AccessToken(ctx context.Context, token Hash) (AccessRecord, error)
	RefreshToken(ctx context.Context, token Hash) (RefreshRecord, error)
	// Rotate marks a refresh token rotated and adds its successors, all or
	// nothing, if it was not rotated, its family is not revoked and unexpired, and
	// its session is live; else ErrConflict.
	Rotate(ctx context.Context, r Rotation) error
	// RevokeFamily revokes a family for good; again changes nothing.
	RevokeFamily(ctx context.Context, id string, now time.Time) error
}

// FamilyRecord is a family with what may have ended it.
type FamilyRecord struct {
	Family
	RevokedAt        time.Time
	SessionExpiresAt time.Time
	SessionEndedAt   time.Time
}

func (f FamilyRecord) live(now time.Time) bool {
	return f.RevokedAt.IsZero() && now.Before(f.ExpiresAt) && f.sessionLive(now)
}

func (f FamilyRecord) sessionLive(now time.Time) bool {
	return f.SessionEndedAt.IsZero() && now.Before(f.SessionExpiresAt)
}

// AccessRecord is a stored access token.
type AccessRecord struct {
	Family    FamilyRecord
	ExpiresAt time.Time
}

// RefreshRecord is a stored refresh token.
type RefreshRecord struct {
	Family    FamilyRecord
	RotatedAt time.Time // zero: not yet
	// Of the successor, once rotated.
	SuccessorRotatedAt     time.Time
	SuccessorAccessExpires time.Time
}

// Rotation replaces a refresh token.
type Rotation struct {
	Token   Hash // the one presented
	Now     time.Time
	Access  NewAccess
	Refresh Hash
}

// CredentialStore keeps issued role credentials.
type CredentialStore interface {
	// InsertCredential adds a credential. When it names a session that is not
	// live at now it returns ErrNotFound; when the key id is taken ErrConflict.
	InsertCredential(ctx context.Context, c RoleCredential, now time.Time) error
	Credential(ctx context.Context, accessKeyID string) (RoleCredential, error)
}

// ConsoleStore keeps console sessions, each from the sign-in token on.
type ConsoleStore interface {
	// InsertConsoleSession adds a session that a token opens; ErrConflict: the id or
	// the token is taken.
	InsertConsoleSession(ctx context.Context, c ConsoleSession, token Hash, tokenExpiresAt time.Time) error
	// OpenConsoleSession gives the session of an unused, unexpired token its cookie;
	// else ErrConflict.
	OpenConsoleSession(ctx context.Context, token, cookie Hash, now time.Time) error
	ConsoleSessionByToken(ctx context.Context, token Hash) (ConsoleRecord, error)
	ConsoleSessionByCookie(ctx context.Context, cookie Hash) (ConsoleRecord, error)
	// EndConsoleSession ends a session for good; again changes nothing.
	EndConsoleSession(ctx context.Context, id string, now time.Time) error
}

// ConsoleRecord is a console session as it is stored.
type ConsoleRecord struct {
	ConsoleSession
	TokenExpiresAt time.Time
	OpenedAt       time.Time // zero: not yet
	EndedAt        time.Time // zero: not yet
}
