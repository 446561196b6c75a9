package directory

import (
	"errors"
	"fmt"
	"time"
)

// Organisation is what a seed states. Ids and ARNs derive from names, so that
// two starts from one seed agree.
type Organisation struct {
	StartURL          string // https://d-1234567890.awsapps.com/start
	Region            string // of the instance
	ManagementAccount string // account id; "" means the first account
	Users             []User
	Accounts          []Account
	PermissionSets    []PermissionSet
	Assignments       []Assignment
	Roles             []IAMRole  `json:",omitempty"`
	Decisions         []Decision `json:",omitempty"` // tried in this order
}

// User is a person.
type User struct {
	ID           string // "<10 hex>-<uuid>"; derived from the name when empty
	Name         string
	Email        string
	DisplayName  string
	Password     string // only inside a seed; never stored
	PasswordHash string // argon2id in PHC form
	MFA          string // MFANone or MFAEmail
	MFACode      string `json:",omitempty"` // six digits that their MFA device always shows; only inside a seed, never stored
	MFACodeHash  string `json:",omitempty"` // argon2id in PHC form
	Groups       []string
	Disabled     bool
}

// How a person proves a second time who they are.
const (
	MFANone  = ""
	MFAEmail = "email"
)

// Account is an AWS account.
type Account struct {
	ID      string // twelve digits
	Name    string
	Email   string
	Buckets []Bucket
}

// Bucket is what ListBuckets shows of an account.
type Bucket struct {
	Name    string
	Created time.Time
}

// PermissionSet becomes a role in every account it is assigned in.
type PermissionSet struct {
	Name            string
	Description     string
	SessionDuration time.Duration // 1 h to 12 h; zero means DefaultSessionDuration
	Administrator   bool          // its holders may use the administrative operations
}

// DefaultSessionDuration is how long role credentials last unless the
// permission set says otherwise.
const DefaultSessionDuration = time.Hour

// Assignment gives a user or a group a permission set in accounts.
type Assignment struct {
	User          string // user name, or
	Group         string // group name
	PermissionSet string
	Accounts      []string // account ids; Assign and Unassign take names and "*" too
}

// Instance describes the Identity Center itself.
type Instance struct {
	StartURL          string
	Region            string
	InstanceID        string // ssoins-<16 hex>
	IdentityStoreID   string // d-<10 hex>
	ManagementAccount string
}

// Attempts counts failed sign-ins under one name, of one browser that is known
// there or of all others together.
type Attempts struct {
	Failures int
	Last     time.Time
}

var (
	// ErrNotFound says that there is no such user, account or instance.
	ErrNotFound = errors.New("not found")
	// ErrNoAccess says that a permission set is not assigned to the user in the account.
	ErrNoAccess = errors.New("no access")
	// ErrBadCredentials covers an unknown user, a wrong password and a disabled user alike.
	ErrBadCredentials = errors.New("the user name or the password is wrong")
	// ErrWrongCode says that the code is not the one that was sent.
	ErrWrongCode = errors.New("the code is wrong")
	// ErrChallengeOver says that a code can no longer be given: it is too late, it
	// was given already, there were too many wrong ones, or none was asked for.
	ErrChallengeOver = errors.New("this sign-in has ended: the code was used, is too old, or was wrong too often")
)

// ThrottledError says that sign-in must wait: too many wrong passwords for that
// name, or too many sign-ins at this moment.
type ThrottledError struct {
	RetryAfter time.Duration
}

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many sign-in attempts: try again in %s", e.RetryAfter.Round(time.Second))
}

// UnknownError says what is not there, where it was asked for, and what there is
// instead. It is an ErrNotFound.
type UnknownError struct {
	Path    string // accounts[1]
	Problem string
	Cure    string
}

func (e *UnknownError) Error() string {
	if e.Cure == "" {
		return e.Problem
	}
	return e.Problem + " (" + e.Cure + ")"
}

func (e *UnknownError) Unwrap() error { return ErrNotFound }

// InvalidError says what is wrong with an organisation, where, and how to cure it.
type InvalidError struct {
	Path    string // users[1].email
	Problem string
	Cure    string
}

func (e *InvalidError) Error() string {
	s := e.Path + ": " + e.Problem
	if e.Cure != "" {
		s += " (" + e.Cure + ")"
	}
	return s
}
