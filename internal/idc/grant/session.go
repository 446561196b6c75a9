package grant

import (
	"context"
	"errors"
	"time"
)

// StartSession begins a sign-in for a person whose password was just checked.
// The cookie is returned once and only its hash is kept.
func (s *Service) StartSession(ctx context.Context, now time.Time, userID string) (cookie string, sess Session, err error) {
	cookie, sess, err = s.newSession(moment(now), userID)
	if err != nil {
		return "", Session{}, err
	}
	if err := s.Store.InsertSession(ctx, sess, hashOf(cookie)); err != nil {
		return "", Session{}, err
	}
	return cookie, sess, nil
}

func (s *Service) newSession(now time.Time, userID string) (cookie string, sess Session, err error) {
	cookie, err = s.random(32)
	if err != nil {
		return "", Session{}, err
	}
	id, err := s.randomID()
	if err != nil {
		return "", Session{}, err
	}
	return cookie, Session{ID: id, UserID: userID, CreatedAt: now, ExpiresAt: now.Add(s.policy().Session)}, nil
}

// Session returns the live session of a cookie, or ErrNoSession.
func (s *Service) Session(ctx context.Context, now time.Time, cookie string) (Session, error) {
	sess, endedAt, err := s.Store.SessionByCookie(ctx, hashOf(cookie))
	if errors.Is(err, ErrNotFound) {
		return Session{}, ErrNoSession
	}
	if err != nil {
		return Session{}, err
	}
	if !endedAt.IsZero() || !now.Before(sess.ExpiresAt) {
		return Session{}, ErrNoSession
	}
	if active, err := s.active(ctx, sess.UserID); err != nil || !active {
		return Session{}, errOr(err, ErrNoSession)
	}
	return sess, nil
}

// TakeOver hands the undecided requests of one session of a person to another:
// the same browser signed in once more, and its pages go on where they were.
func (s *Service) TakeOver(ctx context.Context, from, to Session) error {
	if from.UserID != to.UserID {
		return ErrNoSession
	}
	return s.Store.RebindRequests(ctx, from.ID, to.ID)
}

// EndSession ends a session and every family below it.
func (s *Service) EndSession(ctx context.Context, now time.Time, sess Session) error {
	_, err := s.Store.EndSession(ctx, sess.ID, now)
	return err
}

// Sessions returns the live sessions of a person, or of everybody when userID is
// empty, oldest first.
func (s *Service) Sessions(ctx context.Context, now time.Time, userID string) ([]SessionInfo, error) {
	return s.Store.Sessions(ctx, userID, now)
}

// EndSessionByID ends a session from outside, as an administrator does in AWS.
// What hangs on it is refused from the next call on: access tokens, refreshing,
// new role credentials. Role credentials that were issued live on to their own
// expiry. ErrNotFound: no live session has the id.
func (s *Service) EndSessionByID(ctx context.Context, now time.Time, id string) error {
	ended, err := s.Store.EndSession(ctx, id, now)
	if err == nil && !ended {
		return ErrNotFound
	}
	return err
}

// EndSessionsOf does the same to all live sessions of a person and returns how
// many there were. Nobody in particular has none.
func (s *Service) EndSessionsOf(ctx context.Context, now time.Time, userID string) (n int, err error) {
	return s.Store.EndSessionsOf(ctx, userID, now)
}

func (s *Service) active(ctx context.Context, userID string) (bool, error) {
	if s.UserActive == nil {
		return true, nil
	}
	return s.UserActive(ctx, userID)
}

// errOr is a fault if there was one, else the refusal.
func errOr(fault, refusal error) error {
	if fault != nil {
		return fault
	}
	return refusal
}
