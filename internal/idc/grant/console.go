package grant

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How long a console session may be asked to last, and how long the sign-in
// token of one is good for.
const (
	MinConsoleSession = 15 * time.Minute
	MaxConsoleSession = 12 * time.Hour
	signinTokenLasts  = 15 * time.Minute
)

// ErrChained says that credentials of a role that was assumed with another role's
// were asked to last in the console: those end when they end.
var ErrChained = errors.New("grant: the credentials come from role chaining")

// ErrTokenUsed says that a sign-in token was given before, or too late.
var ErrTokenUsed = errors.New("grant: the sign-in token was used or has expired")

// ConsoleSession is a stay in the console with the credentials of a role. It goes
// on when the sign-in ends that the credentials came from, as AWS's does.
type ConsoleSession struct {
	ID          string
	AccessKeyID string // of the credentials it was made from
	AccountID   string
	RoleName    string // as people know it: the permission set's, or the role's own
	ARN         string // of the assumed role
	UserID      string
	UserName    string
	Workflow    string
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// IssueSigninToken begins a console session with credentials that were issued
// here and that the caller has shown to hold. It lasts as long as asked; for zero
// as long as the credentials do. The token opens it once, within a quarter of an
// hour, and only its hash is kept.
func (s *Service) IssueSigninToken(ctx context.Context, now time.Time, c RoleCredential, lasts time.Duration) (token string, err error) {
	now = moment(now)
	expires := c.ExpiresAt
	switch {
	case !now.Before(c.ExpiresAt):
		return "", ErrUnauthorized
	case lasts != 0 && c.PermissionSet == "":
		return "", ErrChained
	case lasts != 0 && (lasts < MinConsoleSession || lasts > MaxConsoleSession):
		return "", fmt.Errorf("grant: a console session cannot last %s", lasts)
	case lasts != 0:
		expires = now.Add(lasts)
	}
	token, err = s.random(96)
	if err != nil {
		return "", err
	}
	id, err := s.randomID()
	if err != nil {
		return "", err
	}
	name := c.PermissionSet
	if name == "" {
		name = c.RoleName
	}
	return token, s.Store.InsertConsoleSession(ctx, ConsoleSession{
		ID: id, AccessKeyID: c.AccessKeyID, AccountID: c.AccountID, RoleName: name, ARN: c.ARN,
		UserID: c.UserID, UserName: c.UserName, Workflow: c.Workflow, CreatedAt: now, ExpiresAt: expires,
	}, hashOf(token), now.Add(signinTokenLasts))
}

// SigninToken looks at the session that a token would open, and opens nothing.
// ErrNotFound: nobody was given it; ErrTokenUsed.
func (s *Service) SigninToken(ctx context.Context, now time.Time, token string) (ConsoleSession, error) {
	r, err := s.Store.ConsoleSessionByToken(ctx, hashOf(token))
	if err != nil {
		return ConsoleSession{}, err
	}
	if !r.OpenedAt.IsZero() || !now.Before(r.TokenExpiresAt) || !now.Before(r.ExpiresAt) {
		return ConsoleSession{}, ErrTokenUsed
	}
	return r.ConsoleSession, nil
}

// OpenConsoleSession spends a token. The cookie is returned once and only its
// hash is kept.
func (s *Service) OpenConsoleSession(ctx context.Context, now time.Time, token string) (cookie string, sess ConsoleSession, err error) {
	if sess, err = s.SigninToken(ctx, now, token); err != nil {
		return "", ConsoleSession{}, err
	}
	cookie, err = s.random(32)
	if err != nil {
		return "", ConsoleSession{}, err
	}
	err = s.Store.OpenConsoleSession(ctx, hashOf(token), hashOf(cookie), moment(now))
	if errors.Is(err, ErrConflict) { // somebody else was faster
		err = ErrTokenUsed
	}
	if err != nil {
		return "", ConsoleSession{}, err
	}
	return cookie, sess, nil
}

// ConsoleSession returns the open session of a cookie, or ErrNoSession. One that
// has expired comes with the error, for whoever wants to say so.
func (s *Service) ConsoleSession(ctx context.Context, now time.Time, cookie string) (ConsoleSession, error) {
	r, err := s.Store.ConsoleSessionByCookie(ctx, hashOf(cookie))
	if errors.Is(err, ErrNotFound) {
		return ConsoleSession{}, ErrNoSession
	}
	if err != nil {
		return ConsoleSession{}, err
	}
	if !r.EndedAt.IsZero() {
		return ConsoleSession{}, ErrNoSession
	}
	if !now.Before(r.ExpiresAt) {
		return r.ConsoleSession, ErrNoSession
	}
	return r.ConsoleSession, nil
}

// EndConsoleSession signs out of the console. The credentials work on.
func (s *Service) EndConsoleSession(ctx context.Context, now time.Time, sess ConsoleSession) error {
	return s.Store.EndConsoleSession(ctx, sess.ID, moment(now))
}
