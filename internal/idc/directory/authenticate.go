package directory

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

const (
	freeFailures = 5                // before a name is slowed down
	maxDelay     = 60 * time.Second // so nobody is locked out for longer
	// A name that was left alone this long begins anew.
	forgetFailures = 15 * time.Minute
	keepAttempts   = 10000
)

// Authenticate checks a password. An unknown name, a wrong password and a
// disabled person get the same answer after the same work: ErrBadCredentials.
// After five failures a name must wait between tries, 1 s and doubling up to
// 60 s, right password or not; a success clears it. *ThrottledError says how
// long to wait.
func (s *Service) Authenticate(ctx context.Context, now time.Time, name, password string) (User, error) {
	key := attemptKey(name)
	if _, err := s.attempts(ctx, now, key); err != nil {
		return User{}, err
	}
	release, err := s.limiter.acquire(ctx, s.HashSlots, s.HashQueue)
	if err != nil {
		return User{}, err
	}
	defer release()
	// Once more inside: those who waited here together passed the check before
	// any of them had failed.
	attempts, err := s.attempts(ctx, now, key)
	if err != nil {
		return User{}, err
	}
	u, err := s.Store.UserByName(ctx, name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, err
	}
	known := err == nil
	hash, err := parsePHC(u.PasswordHash)
	if err != nil {
		known, hash = false, dummyPHC()
	}
	right := hash.verify([]byte(password))
	if !right || !known || u.Disabled {
		if _, err := s.Store.RecordFailure(ctx, key, now, now.Add(-forgetFailures), keepAttempts); err != nil {
			return User{}, err
		}
		return User{}, ErrBadCredentials
	}
	if attempts.Failures > 0 {
		if err := s.Store.ClearAttempts(ctx, key); err != nil {
			return User{}, err
		}
	}
	return u, nil
}

// attempts returns the count under a key, or *ThrottledError while it is too
// early for another try.
func (s *Service) attempts(ctx context.Context, now time.Time, key string) (Attempts, error) {
	a, err := s.Store.Attempts(ctx, key)
	if err != nil || a.Failures < freeFailures {
		return a, err
	}
	delay := maxDelay
	if n := a.Failures - freeFailures; n < 6 {
		delay = time.Second << n
	}
	wait := a.Last.Add(delay).Sub(now)
	// A failure far in the future is from before the clock was set back; it must
	// not lock the name until then.
	if wait > 0 && wait < 2*maxDelay {
		return a, &ThrottledError{RetryAfter: min(wait, maxDelay)}
	}
	return a, nil
}

// attemptKey hides the name: people type passwords into the wrong field.
func attemptKey(name string) string {
	return hex.EncodeToString(digest("sign-in", strings.ToLower(name)))
}
