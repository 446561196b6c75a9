package directory

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
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
//
// After five failures there must be a wait between tries, 1 s and doubling up to
// 60 s, right password or not; a success clears it. *ThrottledError says how
// long to wait; a try that comes too early counts for nothing. Failures count
// under the name for all browsers together, but not for one that proves by
// device, which RememberDevice made, that the person has signed in there before:
// that one's failures are its own, so strangers cannot keep it waiting.
func (s *Service) Authenticate(ctx context.Context, now time.Time, name, password, device string) (User, error) {
	key, queue, slots := attemptKey(name), &s.strangers, s.HashSlots
	if nonce, ok := s.knownDevice(device, name); ok {
		// One slot is enough for people who do not guess.
		key, queue, slots = deviceKey(name, nonce), &s.known, 1
	}
	if _, err := s.attempts(ctx, now, key); err != nil {
		return User{}, err
	}
	release, err := queue.acquire(ctx, slots, s.HashQueue)
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
	u, right, err := s.check(ctx, name, password)
	if err != nil {
		return User{}, err
	}
	if !right || u.Disabled {
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

// check verifies a password, with as much work as the costliest of all hashes
// takes, whose name it may be.
func (s *Service) check(ctx context.Context, name, password string) (u User, right bool, err error) {
	cost, err := s.highestCost(ctx)
	if err != nil {
		return User{}, false, err
	}
	u, err = s.Store.UserByName(ctx, name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, false, err
	}
	hash, err := parsePHC(u.PasswordHash)
	if err == nil {
		right = hash.verify([]byte(password))
		cost -= hash.cost()
	}
	if cost > 0 {
		filler(cost).verify([]byte(password))
	}
	return u, right, nil
}

// costCache remembers what the costliest password hash of a seed takes.
type costCache struct {
	mu   sync.Mutex
	seed string
	cost int
}

func (s *Service) highestCost(ctx context.Context) (int, error) {
	seed, err := s.Store.SeedDigest(ctx)
	if err != nil {
		return 0, err
	}
	c := &s.cost
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cost > 0 && c.seed == seed {
		return c.cost, nil
	}
	users, err := s.Store.Users(ctx)
	if err != nil {
		return 0, err
	}
	highest := 0
	for _, u := range users {
		if p, err := parsePHC(u.PasswordHash); err == nil {
			highest = max(highest, p.cost())
		}
	}
	if highest == 0 {
		highest = standardCost
	}
	c.seed, c.cost = seed, highest
	return highest, nil
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
