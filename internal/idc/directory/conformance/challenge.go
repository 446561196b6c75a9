package conformance

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

const tries = 5

func challenge(n int, userID string, sentAt time.Time) directory.Challenge {
	return directory.Challenge{
		ID: [32]byte{byte(n), byte(n >> 8), 31: 1}, UserID: userID, UserName: "the name", Email: "mail@example.com",
		SentAt: sentAt, ExpiresAt: sentAt.Add(10 * time.Minute),
	}
}

func (f *fixture) insert(c directory.Challenge) {
	f.Helper()
	next, err := f.InsertChallenge(f.Context(), c, 1000, 1000)
	f.ok(err)
	f.same(next, time.Time{})
}

// answer answers a challenge and wants this error.
func (f *fixture) answer(c directory.Challenge, right bool, now time.Time, want error) {
	f.Helper()
	userID, err := f.AnswerChallenge(f.Context(), c.ID, right, now, tries)
	if !errors.Is(err, want) || err == nil && userID != c.UserID {
		f.Fatalf("got %q and %v, want %q or %v", userID, err, c.UserID, want)
	}
}

// hold says that there are just these challenges, sent after a time.
func (f *fixture) hold(after time.Time, want ...directory.Challenge) {
	f.Helper()
	got, err := f.Challenges(f.Context(), "", after)
	f.ok(err)
	f.same(append([]directory.Challenge{}, got...), append([]directory.Challenge{}, want...))
}

func challenges(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.ok(f.Apply(ctx, sample(), ""))
	one, two, three := challenge(1, "u-alice", start), challenge(2, "u-zoe", start), challenge(3, "u-alice", at(time.Second))
	_, err := f.Challenge(ctx, one.ID)
	f.is(err, directory.ErrChallengeOver)
	f.answer(one, true, start, directory.ErrChallengeOver)
	f.insert(one)
	f.insert(two)
	f.insert(three)
	if _, err := f.InsertChallenge(ctx, one, 1000, 1000); err == nil {
		t.Error("got no error for an id that is there, want one")
	}

	// The right answer counts once.
	f.answer(one, false, start, nil)
	f.answer(one, true, at(time.Second), nil)
	f.answer(one, true, at(time.Second), directory.ErrChallengeOver)
	f.answer(one, false, at(time.Second), directory.ErrChallengeOver)
	one.Failures, one.EndedAt = 1, at(time.Second)
	got, err := f.Challenge(ctx, one.ID)
	f.ok(err)
	f.same(got, one)

	// Wrong ones count until there are too many.
	for range tries {
		f.answer(two, false, start, nil)
	}
	f.answer(two, true, start, directory.ErrChallengeOver)
	f.answer(two, false, start, directory.ErrChallengeOver)
	two.Failures = tries

	// The last moment is too late.
	f.answer(three, false, three.ExpiresAt.Add(-time.Millisecond), nil)
	f.answer(three, true, three.ExpiresAt, directory.ErrChallengeOver)
	three.Failures = 1

	f.hold(start.Add(-time.Millisecond), one, two, three)
	f.hold(start, three)
	f.hold(at(time.Second))
	alices, err := f.Challenges(ctx, "u-alice", time.Time{})
	f.ok(err)
	f.same(alices, []directory.Challenge{one, three})
}

// Challenges go with the right to sign in, and do not come back with it.
func challengesOfTheGone(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.ok(f.Apply(ctx, sample(), "one"))
	for _, id := range []string{"u-carol", "u-nobody", ""} { // disabled, unknown
		_, err := f.InsertChallenge(ctx, challenge(1, id, start), 1000, 1000)
		f.is(err, directory.ErrNotFound)
	}
	f.hold(time.Time{})
	alice, zoe := challenge(1, "u-alice", start), challenge(2, "u-zoe", start)
	f.insert(alice)
	f.insert(zoe)
	f.ok(f.SetDisabled(ctx, "alice", true, at(time.Second)))
	f.answer(alice, true, at(time.Second), directory.ErrChallengeOver)
	f.ok(f.SetDisabled(ctx, "alice", false, at(2*time.Second)))
	f.answer(alice, true, at(2*time.Second), directory.ErrChallengeOver)
	alice.EndedAt = at(time.Second)
	f.hold(time.Time{}, alice, zoe)

	// A seed that leaves somebody as they were leaves their challenges.
	f.ok(f.Apply(ctx, sample(), "two"))
	f.answer(zoe, false, start, nil)
	changed := sample()
	changed.Users[0].PasswordHash = "$argon2id$z"
	f.ok(f.Apply(ctx, changed, "three"))
	f.answer(zoe, true, start, directory.ErrChallengeOver)
	zoe = challenge(3, "u-zoe", start)
	f.insert(zoe)
	without := sample()
	without.Users = without.Users[1:]
	without.Assignments = without.Assignments[1:]
	f.ok(f.Apply(ctx, without, "four"))
	f.answer(zoe, true, start, directory.ErrChallengeOver)
	f.ok(f.Apply(ctx, changed, "five"))
	f.answer(zoe, true, start, directory.ErrChallengeOver)
}

func challengesAreLimited(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.ok(f.Apply(ctx, sample(), ""))
	n := 0
	insert := func(userID string, now time.Time, keep int, wantNext time.Time) directory.Challenge {
		t.Helper()
		n++
		c := challenge(n, userID, now)
		next, err := f.InsertChallenge(ctx, c, 3, keep)
		f.ok(err)
		f.same(next, wantNext)
		return c
	}
	none := time.Time{}
	first := insert("u-alice", start, 100, none)
	insert("u-alice", at(time.Minute), 100, none)
	second := insert("u-alice", at(2*time.Minute), 100, none)
	insert("u-alice", at(3*time.Minute), 100, first.ExpiresAt)
	insert("u-zoe", at(3*time.Minute), 100, none)
	all, err := f.Challenges(ctx, "", time.Time{})
	f.ok(err)
	f.same(len(all), 4)
	// Wrong answers make no room; the right one and time do.
	for range tries {
		f.answer(first, false, at(3*time.Minute), nil)
	}
	insert("u-alice", at(3*time.Minute), 100, first.ExpiresAt)
	f.answer(second, true, at(3*time.Minute), nil)
	insert("u-alice", at(3*time.Minute), 100, none)
	insert("u-alice", at(4*time.Minute), 100, first.ExpiresAt)
	insert("u-alice", first.ExpiresAt, 100, none)
	// What is far in the future, because the clock was set back, is in nobody's way.
	for range 3 {
		insert("u-zoe", at(24*time.Hour), 100, none)
	}
	insert("u-zoe", start, 100, none)
	// And the oldest go, whosesoever they are.
	last := insert("u-zoe", at(12*time.Hour), 2, none)
	got, err := f.Challenges(ctx, "", time.Time{})
	f.ok(err)
	f.same(len(got), 2)
	f.same(got[1], last)
}

// Exactly one of the right answers that come at once succeeds, and no wrong one
// is forgotten.
func challengesConcurrently(t *testing.T, f *fixture) {
	f.ok(f.Apply(t.Context(), sample(), ""))
	for n := range 10 {
		c := challenge(n, "u-alice", start)
		f.insert(c)
		var succeeded, failed atomic.Int32
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				right := n%2 == 0 && i%2 == 0
				switch _, err := f.AnswerChallenge(t.Context(), c.ID, right, start, tries); {
				case err == nil && right:
					succeeded.Add(1)
				case err == nil:
					failed.Add(1)
				case !errors.Is(err, directory.ErrChallengeOver):
					t.Errorf("got error %v, want ErrChallengeOver", err)
				}
			})
		}
		wg.Wait()
		got, err := f.Challenge(t.Context(), c.ID)
		f.ok(err)
		f.same(got.Failures, int(failed.Load()))
		if got.Failures > tries || n%2 == 1 && got.Failures != tries {
			t.Errorf("got %d wrong answers, want at most %d, and so many when none was right", got.Failures, tries)
		}
		if s := succeeded.Load(); s > 1 || s == 1 == got.EndedAt.IsZero() || s == 0 && got.Failures != tries {
			t.Errorf("got %d right answers after %d wrong ones, ended %v; want one unless there were too many wrong ones", s, got.Failures, got.EndedAt)
		}
	}
	var wg sync.WaitGroup
	var added atomic.Int32
	for n := range 24 {
		wg.Go(func() {
			next, err := f.InsertChallenge(t.Context(), challenge(100+n, "u-zoe", start), 7, 1000)
			if err != nil {
				t.Errorf("got error %v, want none", err)
			}
			if next.IsZero() {
				added.Add(1)
			}
		})
	}
	wg.Wait()
	f.same(added.Load(), int32(7))
}
