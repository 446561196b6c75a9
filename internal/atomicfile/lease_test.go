package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// computers share a directory whose file locks exclude nobody elsewhere: each
// has a runtime directory of its own.
func computers(t *testing.T, n int) (path string, hosts []*host) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "locks", "session.lock")
	for i := range n {
		runtime := t.TempDir()
		hosts = append(hosts, &host{
			tag: fmt.Sprintf("%08x", i), name: fmt.Sprintf("computer-%d", i), beat: leaseBeat, memory: &memory{},
			networked: func(string) bool { return true }, runtimeDir: func() (string, error) { return runtime, nil },
		})
	}
	return path, hosts
}

func (h *host) must(t *testing.T, path string) (unlock func()) {
	t.Helper()
	unlock, err := h.lock(t.Context(), path, true)
	if err != nil || unlock == nil {
		t.Fatalf("%s: got %v, want the lock", h.name, err)
	}
	return unlock
}

func TestLeaseExcludesOtherComputers(t *testing.T) {
	path, hosts := computers(t, 2)
	synctest.Test(t, func(t *testing.T) {
		unlock := hosts[0].must(t, path)
		if _, err := hosts[1].lock(t.Context(), path, false); !isLocked(err) {
			t.Errorf("without waiting: got %v, want *LockedError", err)
		}
		// It shows signs of life, so it is believed for as long as it takes.
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		_, err := hosts[1].lock(ctx, path, true)
		locked, ok := errors.AsType[*LockedError](err)
		if !ok || locked.Host != "computer-0" || locked.Holder != os.Getpid() || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a *LockedError that names process and computer", err)
		}
		if _, err := hosts[0].lock(t.Context(), path, false); !isLocked(err) {
			t.Errorf("the same computer: got %v, want *LockedError", err)
		}
		unlock()
		unlock() // harmless
		hosts[1].must(t, path)()
		wantNames(t, filepath.Dir(path))
	})
}

func isLocked(err error) bool {
	_, ok := errors.AsType[*LockedError](err)
	return ok
}

// A computer that is cut off, or whose process died, holds nobody up for long;
// and when it comes back it does not release what is another's.
func TestLeaseEndsWithItsHolder(t *testing.T) {
	path, hosts := computers(t, 3)
	synctest.Test(t, func(t *testing.T) {
		hosts[0].beat = 1000 * time.Hour // no sign of life
		unlock := hosts[0].must(t, path)
		began := time.Now()
		second := hosts[1].must(t, path)
		if waited := time.Since(began); waited < leaseBeats*leaseBeat || waited > leaseBeats*leaseBeat+time.Second {
			t.Errorf("got the lease after %s, want %s", waited, leaseBeats*leaseBeat)
		}
		unlock()
		if _, err := hosts[2].lock(t.Context(), path, false); !isLocked(err) {
			t.Errorf("after the first holder's return: got %v, want *LockedError", err)
		}
		second()
		wantNames(t, filepath.Dir(path))
	})
}

// Who waits a moment at a time, and looks in between, finds out just as soon.
func TestLeaseEndsWhileWaitedForInRounds(t *testing.T) {
	path, hosts := computers(t, 2)
	synctest.Test(t, func(t *testing.T) {
		hosts[0].beat = 1000 * time.Hour // no sign of life
		defer hosts[0].must(t, path)()
		began := time.Now()
		for time.Since(began) < 45*time.Second {
			ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
			unlock, err := hosts[1].lock(ctx, path, true)
			cancel()
			if err == nil {
				unlock()
				if waited := time.Since(began); waited < leaseBeats*leaseBeat || waited > leaseBeats*leaseBeat+time.Second {
					t.Errorf("got the lease after %s, want %s", waited, leaseBeats*leaseBeat)
				}
				return
			}
		}
		t.Error("a lease whose holder is gone was waited for in vain")
	})
}

func TestLeaseAtFirstSight(t *testing.T) {
	now := time.Now().Unix()
	const dead = 1 << 22 // above the highest process number Linux gives
	for _, c := range []struct {
		name  string
		claim string // what is in the lease; "" for nothing
		taken bool
	}{
		{"interrupted release", "", true},
		{"dead process of this computer", claim{now, "00000000", dead, "AAAAAAAAAA", "computer-0"}.String(), true},
		{"process elsewhere", claim{now, "ffffffff", dead, "AAAAAAAAAA", "far"}.String(), false},
		{"an hour old", claim{now - 3600, "ffffffff", 1, "AAAAAAAAAA", "far"}.String(), true},
		{"clock five minutes behind", claim{now - 300, "ffffffff", 1, "AAAAAAAAAA", "far"}.String(), false},
		{"clock ahead", claim{now + 3600, "ffffffff", 1, "AAAAAAAAAA", "far"}.String(), false},
		{"foreign", "README", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, hosts := computers(t, 1)
			dir := path + leaseSuffix
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if c.claim != "" {
				put(t, filepath.Join(dir, c.claim), "")
			}
			wait := 100 * time.Millisecond
			if c.taken {
				wait = 10 * time.Second // less than it takes to be stale by watching
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			unlock, err := hosts[0].lock(ctx, path, true)
			if (err == nil) != c.taken {
				t.Errorf("got %v, want taken %t", err, c.taken)
			}
			if unlock != nil {
				unlock()
			}
		})
	}
}

// Whoever breaks a stale lease, it has one holder at a time.
func TestLeaseTurns(t *testing.T) {
	const n, turns = 6, 8
	path, hosts := computers(t, n)
	synctest.Test(t, func(t *testing.T) {
		var wg sync.WaitGroup
		var inside, total atomic.Int32
		for i, h := range hosts {
			wg.Go(func() {
				for turn := range turns {
					dies := (turn+i)%4 == 0
					mine := *h
					if dies {
						mine.beat, mine.tag = 1000*time.Hour, fmt.Sprintf("dead%d%d", i, turn)
						dir := t.TempDir()
						mine.runtimeDir = func() (string, error) { return dir, nil }
					}
					unlock := mine.must(t, path)
					if n := inside.Add(1); n != 1 {
						t.Errorf("got %d holders, want 1", n)
					}
					time.Sleep(time.Millisecond)
					total.Add(1)
					inside.Add(-1)
					if dies { // its lease stays until others break it
						wg.Go(func() { time.Sleep(time.Hour); unlock() })
						continue
					}
					unlock()
				}
			})
		}
		wg.Wait()
		if got := total.Load(); got != n*turns {
			t.Errorf("got %d turns, want %d", got, n*turns)
		}
		wantNames(t, filepath.Dir(path))
	})
}

// Whoever waited for long is not taken for somebody who has held it for long.
func TestLeaseAfterALongWait(t *testing.T) {
	path, hosts := computers(t, 3)
	synctest.Test(t, func(t *testing.T) {
		first := hosts[0].must(t, path)
		taken := make(chan func())
		go func() { taken <- hosts[1].must(t, path) }()
		time.Sleep(2 * clockSkew)
		first()
		second := <-taken
		if _, err := hosts[2].lock(t.Context(), path, false); !isLocked(err) {
			t.Errorf("got %v, want *LockedError", err)
		}
		second()
		wantNames(t, filepath.Dir(path))
	})
}

func TestLeaseLitter(t *testing.T) {
	path, hosts := computers(t, 1)
	now := time.Now().Unix()
	litter := map[string]bool{
		claim{now, "00000000", 1 << 22, "AAAAAAAAAA", "computer-0"}.String(): true,
		claim{now, "ffffffff", 1 << 22, "AAAAAAAAAA", "far"}.String():        false,
		claim{now - 7200, "ffffffff", 1, "AAAAAAAAAA", "far"}.String():       true,
	}
	for name := range litter {
		dir := path + leaseSuffix + "-" + name
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, name), "")
	}
	hosts[0].must(t, path)()
	for name, gone := range litter {
		_, err := os.Lstat(path + leaseSuffix + "-" + name)
		if got := err != nil; got != gone {
			t.Errorf("%s: got removed %t, want %t", name, got, gone)
		}
	}
}

// Where no lease can be made, the computer's own processes still exclude each
// other.
func TestLeaseImpossible(t *testing.T) {
	path, hosts := computers(t, 1)
	put(t, filepath.Dir(path), "a file where the directory should be")
	unlock := hosts[0].must(t, path)
	if _, err := hosts[0].lock(t.Context(), path, false); !isLocked(err) {
		t.Errorf("got %v, want *LockedError", err)
	}
	unlock()
}

func TestRuntimeDir(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	private := t.TempDir()
	if err := os.Chmod(private, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", private)
	if dir, err := runtimeDir(); err != nil || dir != filepath.Join(private, "portico") {
		t.Errorf("got %s, %v, want one in %s", dir, err, private)
	}
	t.Setenv("XDG_RUNTIME_DIR", "relative")
	dir, err := runtimeDir()
	if err != nil || !strings.HasPrefix(dir, os.TempDir()) {
		t.Fatalf("got %s, %v, want one in the temporary directory", dir, err)
	}
	wantMode(t, dir, 0o700)
	if again, err := runtimeDir(); err != nil || again != dir {
		t.Errorf("again: got %s, %v, want %s", again, err, dir)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(private, dir); err != nil {
		t.Skip(err)
	}
	if dir, err := runtimeDir(); !isUnsafe(err) {
		t.Errorf("a link of its name: got %s, %v, want *UnsafeError", dir, err)
	}
}
