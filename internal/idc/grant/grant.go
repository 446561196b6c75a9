package grant

import (
	"context"
	"io"
	"time"
)

// Flow names a way to sign a client in; the values are the OAuth grant types.
const (
	FlowDevice            = "device"
	FlowAuthorizationCode = "authorization_code"
)

// Grant types as CreateToken and RegisterClient name them.
const (
	GrantAuthorizationCode = "authorization_code"
	GrantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
	GrantRefreshToken      = "refresh_token"
)

// Status is where a request stands. It only ever moves forward.
type Status string

// A request is pending until a person decides; an allowed one is redeemed once.
const (
	StatusPending  Status = "pending"
	StatusAllowed  Status = "allowed"
	StatusDenied   Status = "denied"
	StatusRedeemed Status = "redeemed"
)

// Policy holds lifetimes and limits. A zero field means its default.
type Policy struct {
	Registration      time.Duration // a client registration; default 90 days
	DeviceCode        time.Duration // a device code and its user code; default 600 s
	Interval          time.Duration // between polls for a device code; default 1 s
	Request           time.Duration // an undecided authorization request; default 600 s
	AuthorizationCode time.Duration // a code on its way to the client; default 300 s
	AccessToken       time.Duration // default 1 h
	Session           time.Duration // a sign-in, and the absolute end of all below it; default 8 h
	RefreshGrace      time.Duration // how long a rotated refresh token still answers; default 60 s

	MaxLiveDeviceCodes int // default 100
	MaxRegistrations   int // default 10,000
	MaxRequests        int // undecided authorization requests; default 1,000
	MaxWrongUserCodes  int // wrong user codes in any minute, over all people; default 30

	MaxWrongUserCodesEach int // the same by one person, so that nobody uses up all; default 10
}

// Service holds the rules. It keeps nothing in memory: several may share a Store.
type Service struct {
	Store  Store
	Policy Policy
	// Key is the server key, at least 32 bytes. User codes, successor tokens and
	// role credential secrets derive from it by HMAC.
	Key []byte
	// UserActive says whether the person may still act; nil means always.
	UserActive func(ctx context.Context, userID string) (bool, error)
	// PeopleOnly says that scripts answer nothing, because whoever is not on this
	// machine would sign in by them; nil means that they do.
	PeopleOnly func() bool
	// Rand is the source of secrets; nil means crypto/rand.
	Rand io.Reader
}

// Registration is what a client says about itself in RegisterClient.
type Registration struct {
	Name         string
	Type         string // only "public"
	Scopes       []string
	RedirectURIs []string
	GrantTypes   []string
	IssuerURL    string
}

// Client is a registered client.
type Client struct {
	ID           string
	Name         string
	Type         string
	Scopes       []string
	RedirectURIs []string
	GrantTypes   []string
	IssuerURL    string
	IssuedAt     time.Time
	ExpiresAt    time.Time
}

// Origin is who began a request, as far as the wire tells.
type Origin struct {
	Address   string // the remote IP address
	UserAgent string // at most 512 bytes are kept
}

// What a Script answers.
const (
	AnswerAllow = "allow"
	AnswerDeny  = "deny"
	AnswerNever = "never" // nobody answers
)

// Script answers a request in place of a person at a browser. The zero Script
// leaves it to a person.
type Script struct {
	UserID string // who answers; not needed for AnswerNever
	Answer string
	After  time.Duration // since the request began
}

// DeviceOptions is what a device authorization may have besides what its client
// sends.
type DeviceOptions struct {
	Origin Origin
	// Script chooses the script, once the client is known; nil means none.
	Script func(ctx context.Context, clientName string) (Script, error)
}

// DeviceAuthorization answers StartDeviceAuthorization.
type DeviceAuthorization struct {
	DeviceCode string
	UserCode   string // XXXX-XXXX
	ExpiresIn  time.Duration
	Interval   time.Duration

	ClientName string
	Workflow   string
}

// AuthorizeParams is the query of GET /authorize.
type AuthorizeParams struct {
	ResponseType        string
	ClientID            string
	RedirectURI         string
	State               string
	CodeChallenge       string
	CodeChallengeMethod string
	Scopes              []string

	Origin Origin
	// Script chooses the script, once the client is known; nil means none.
	Script func(ctx context.Context, clientName string) (Script, error)
}

// Request is what a person is asked to allow.
type Request struct {
	ID            string
	Flow          string // FlowDevice or FlowAuthorizationCode
	ClientName    string // the client's own claim, verified by nobody
	ClientCreated time.Time
	Scopes        []string
	RedirectURI   string // authorization code only
	UserCode      string // device only, XXXX-XXXX
	State         Status
	Origin        Origin // who began it
	Workflow      string
	Script        Script    // what answers it; zero: a person
	AnswerAt      time.Time // when the script does; zero when it never does
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// Decision is the outcome of Decide and of Settle.
type Decision struct {
	Request Request
	// RedirectTo is where the browser goes next: the client's callback with a
	// code or an error. Empty in the device flow.
	RedirectTo string
}

// Tokens answers CreateToken.
type Tokens struct {
	AccessToken  string
	RefreshToken string // "" when the client registered no scopes, or not for refreshing
	ExpiresIn    time.Duration

	ClientName string
	UserID     string
	SessionID  string
	Workflow   string
}

// Access is what a valid access token stands for.
type Access struct {
	UserID     string
	SessionID  string
	FamilyID   string // the workflow of the request that it grew from
	ClientID   string
	ClientName string
	Scopes     []string
	ExpiresAt  time.Time
}

// Session is one sign-in of one person in one browser.
type Session struct {
	ID        string
	UserID    string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// SessionInfo is a live session with the clients that act by it.
type SessionInfo struct {
	Session
	Clients []string // their names, of families that are live, each once
}

// RoleCredential is one set of temporary credentials for a role. Nothing in it
// is secret: secret key and session token derive from the key id.
type RoleCredential struct {
	AccessKeyID   string
	AccountID     string
	PermissionSet string
	RoleName      string
	RoleID        string
	UserID        string
	UserName      string
	SessionID     string
	Workflow      string // of the sign-in that it came from
	ARN           string // of the assumed role
	CallerID      string // AROA…:<user>
	Administrator bool

	// Of a role that was assumed by AssumeRole.
	SessionPolicies string // JSON, that narrows it; "" when nothing does
	TransitiveTags  string // JSON of the tags that further roles of the chain keep
	SourceIdentity  string

	IssuedAt  time.Time
	ExpiresAt time.Time
}
