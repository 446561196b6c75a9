package atomicfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLockExcludes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "lock")
	unlock, err := Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	wantMode(t, path, 0o600)
	wantMode(t, filepath.Dir(path), 0o700)

	var locked *LockedError
	if _, err := TryLock(path); !errors.As(err, &locked) || locked.Path != path {
		t.Errorf("got %v, want *LockedError", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Lock(ctx, path); !errors.As(err, &locked) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want *LockedError because of %v", err, context.DeadlineExceeded)
	}

	unlock()
	unlock() // harmless
	again, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("got %v, want the lock file kept", err)
	}
}

func TestLockOrdersGoroutines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var wg sync.WaitGroup
	var inside, total atomic.Int32 // the race detector does not see file locks
	for range 8 {
		wg.Go(func() {
			for range 5 {
				unlock, err := Lock(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("got %d holders, want 1", n)
				}
				total.Add(1)
				inside.Add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
	if got := total.Load(); got != 40 {
		t.Errorf("got %d turns, want 40", got)
	}
}
