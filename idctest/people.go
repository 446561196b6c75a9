package idctest

import (
	"context"
	"time"

	"github.com/portico-sso/portico/internal/idc/control"
)

// Session is one sign-in of one person that is alive.
type Session struct {
	ID        string
	User      string // name
	CreatedAt time.Time
	ExpiresAt time.Time
	Clients   []string // names of the clients that act by it
}

// Sessions lists the sign-ins that are alive, the oldest first: a person's, or
// everybody's when user is "".
func (ic *IdentityCenter) Sessions(ctx context.Context, user string) ([]Session, error) {
	live, err := ic.control.Sessions(ctx, user)
	var sessions []Session
	for _, s := range live {
		sessions = append(sessions, Session(s))
	}
	return sessions, err
}

// Revoke ends all sign-ins of a person, as an administrator would: their tokens
// are refused from then on, and so are refreshes and new role credentials. Role
// credentials that were issued live on to their own end.
func (ic *IdentityCenter) Revoke(ctx context.Context, user string) error {
	_, err := ic.control.Revoke(ctx, user, "")
	return err
}

// RevokeSession ends one sign-in.
func (ic *IdentityCenter) RevokeSession(ctx context.Context, id string) error {
	_, err := ic.control.Revoke(ctx, "", id)
	return err
}

// DisableUser disables a person: their sign-ins end for good, and they cannot
// sign in again until EnableUser.
func (ic *IdentityCenter) DisableUser(ctx context.Context, user string) error {
	return ic.control.SetUser(ctx, user, true)
}

// EnableUser lets a disabled person sign in again.
func (ic *IdentityCenter) EnableUser(ctx context.Context, user string) error {
	return ic.control.SetUser(ctx, user, false)
}

// Assignment is a permission set of a person, or of a group, in accounts.
type Assignment struct {
	User          string   // who, or
	Group         string   // which group
	PermissionSet string   // which role
	Accounts      []string // by id or name, or "*" for all
}

// Assign gives a permission set. What is assigned already stays so.
func (ic *IdentityCenter) Assign(ctx context.Context, a Assignment) error {
	_, err := ic.control.Assign(ctx, control.Assignment(a))
	return err
}

// Unassign takes a permission set away. Role credentials that were issued live on
// to their own end.
func (ic *IdentityCenter) Unassign(ctx context.Context, a Assignment) error {
	_, err := ic.control.Unassign(ctx, control.Assignment(a))
	return err
}

// Message is an e-mail that the Identity Center would have sent.
type Message struct {
	ID        string
	To        string
	User      string // name
	Subject   string
	Text      string
	SentAt    time.Time
	ExpiresAt time.Time // of the code
	Code      string    // the sign-in code in it
}

// Mail lists what would have been sent by e-mail, the latest last, to a person,
// or to everybody when user is "": the sign-in codes of people with mfa: email.
func (ic *IdentityCenter) Mail(ctx context.Context, user string) ([]Message, error) {
	sent, err := ic.control.Mail(ctx, user)
	var messages []Message
	for _, m := range sent {
		messages = append(messages, Message(m))
	}
	return messages, err
}
