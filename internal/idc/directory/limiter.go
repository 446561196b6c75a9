package directory

import (
	"context"
	"sync"
	"time"
)

const (
	defaultHashSlots = 2
	defaultHashQueue = 64
)

// limiter lets a few callers compute and a few more wait. A hash takes 19 MiB
// and 20 ms, so without it a crowd of sign-ins takes the machine.
type limiter struct {
	once    sync.Once
	slots   chan struct{}
	mu      sync.Mutex
	waiting int
}

// acquire waits for a slot, or until ctx ends. When too many wait already it
// returns a *ThrottledError at once.
func (l *limiter) acquire(ctx context.Context, slots, queue int) (release func(), err error) {
	if slots <= 0 {
		slots = defaultHashSlots
	}
	if queue <= 0 {
		queue = defaultHashQueue
	}
	l.once.Do(func() { l.slots = make(chan struct{}, slots) })
	release = func() { <-l.slots }
	select {
	case l.slots <- struct{}{}:
		return release, nil
	default:
	}
	l.mu.Lock()
	if l.waiting >= queue {
		l.mu.Unlock()
		return nil, &ThrottledError{RetryAfter: time.Second}
	}
	l.waiting++
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		l.waiting--
		l.mu.Unlock()
	}()
	select {
	case l.slots <- struct{}{}:
		return release, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
