package directory_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

func TestAuthenticate(t *testing.T) {
	s := seeded(t)
	for _, test := range []struct {
		name, password string
		want           error
	}{
		{"alice", "correct-horse", nil},
		{"Alice", "correct-horse", nil},
		{"bob", "battery-staple", nil},
		{"alice", "battery-staple", directory.ErrBadCredentials},
		{"alice", "", directory.ErrBadCredentials},
		{"alice", "correct-horse ", directory.ErrBadCredentials},
		{"nobody", "correct-horse", directory.ErrBadCredentials},
		{"", "", directory.ErrBadCredentials},
		{"carol", "disabled-carol", directory.ErrBadCredentials},
		{"dave", "", directory.ErrBadCredentials}, // has no password
		{"dave", "x", directory.ErrBadCredentials},
	} {
		u, err := s.Authenticate(t.Context(), start, test.name, test.password, "")
		if !errors.Is(err, test.want) {
			t.Errorf("%s with %q: got %v, want %v", test.name, test.password, err, test.want)
		}
		if err == nil && u.ID == "" || err != nil && u.ID != "" {
			t.Errorf("%s: got user %q and %v", test.name, u.ID, err)
		}
	}
}

func TestSlowDown(t *testing.T) {
	for _, name := range []string{"alice", "nobody"} {
		t.Run(name, func(t *testing.T) {
			s := seeded(t)
			now := start
			fail := func() {
				t.Helper()
				if _, err := s.Authenticate(t.Context(), now, name, "wrong", ""); !errors.Is(err, directory.ErrBadCredentials) {
					t.Fatalf("got %v, want %v", err, directory.ErrBadCredentials)
				}
			}
			throttled := func(password string, want time.Duration) {
				t.Helper()
				_, err := s.Authenticate(t.Context(), now, name, password, "")
				e, ok := errors.AsType[*directory.ThrottledError](err)
				if !ok || e.RetryAfter != want {
					t.Fatalf("got %v, want to wait %s", err, want)
				}
			}
			for range 5 {
				fail()
			}
			for _, delay := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
				delay *= time.Second
				throttled("correct-horse", delay)
				now = now.Add(delay - time.Millisecond)
				throttled("wrong", time.Millisecond)
				now = now.Add(time.Millisecond)
				fail()
			}
			now = now.Add(time.Minute)
			if name == "alice" {
				if _, err := s.Authenticate(t.Context(), now, "ALICE", "correct-horse", ""); err != nil {
					t.Fatalf("got %v, want none", err)
				}
				for range 5 {
					fail()
				}
				throttled("wrong", time.Second)
			}
			// Left alone, a name begins anew.
			now = now.Add(15 * time.Minute)
			for range 5 {
				fail()
			}
			// A clock that was set back does not lock the name.
			now = now.Add(-time.Hour)
			fail()
		})
	}
}

// Waiting for a slot together does not give more tries than waiting in turn.
func TestSlowDownOfACrowd(t *testing.T) {
	s := seeded(t)
	var mu sync.Mutex
	tried := 0
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := s.Authenticate(t.Context(), start, "alice", "wrong", "")
			if errors.Is(err, directory.ErrBadCredentials) {
				mu.Lock()
				tried++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if tried < 5 || tried > 6 {
		t.Errorf("got %d tries, want 5, or 6 when two were in a slot", tried)
	}
}

// gate is a Store whose lookups wait, so that sign-ins stay in their slots.
type gate struct {
	directory.Store
	open chan struct{}
}

func (g gate) UserByName(ctx context.Context, name string) (directory.User, error) {
	<-g.open
	return g.Store.UserByName(ctx, name)
}

func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := seeded(t)
		g := gate{s.Store, make(chan struct{})}
		s.Store = g
		results := make(chan error, 100)
		signIn := func(ctx context.Context) {
			go func() {
				_, err := s.Authenticate(ctx, start, "alice", "correct-horse", "")
				results <- err
			}()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		for range 2 + 63 {
			signIn(t.Context())
		}
		signIn(ctx) // the last place in the queue
		if len(results) != 0 {
			t.Fatalf("got %d answers, want all to wait", len(results))
		}
		signIn(t.Context())
		e, ok := errors.AsType[*directory.ThrottledError](<-results)
		if !ok || e.RetryAfter <= 0 {
			t.Errorf("one too many: got %v, want to be throttled", e)
		}
		cancel()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up: got %v, want %v", err, context.Canceled)
		}
		signIn(t.Context()) // takes the place that became free
		close(g.open)
		for range 66 {
			if err := <-results; err != nil {
				t.Errorf("got %v, want none", err)
			}
		}
	})
}

// The work for a name that exists and one that does not is the same: one hash,
// of which the 19 MiB show in what was allocated. BenchmarkAuthenticate has the
// times.
func TestUnknownNamesCostTheSame(t *testing.T) {
	s := seeded(t)
	for i, name := range []string{"alice", "nobody", "carol" /* disabled */} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := s.Authenticate(t.Context(), at(time.Duration(i)*time.Hour), name, "wrong", "")
		runtime.ReadMemStats(&after)
		if !errors.Is(err, directory.ErrBadCredentials) {
			t.Errorf("%s: got %v, want %v", name, err, directory.ErrBadCredentials)
		}
		if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib < 19 || mib > 30 {
			t.Errorf("%s: allocated %d MiB, want the 19 of one hash", name, mib)
		}
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	for _, name := range []string{"alice", "nobody"} {
		b.Run(name, func(b *testing.B) {
			s := seeded(b)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					// Far enough apart that failures do not slow it down.
					_, err := s.Authenticate(b.Context(), start.Add(time.Duration(i)*time.Hour), name, "correct-horse", "")
					if err != nil && !errors.Is(err, directory.ErrBadCredentials) {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sign-ins/s")
		})
	}
}
