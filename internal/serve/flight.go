package serve

import (
	"context"
	"time"
)

// flightLimit bounds one attempt to get credentials. What is behind it has
// limits of its own, which are shorter together.
const flightLimit = 2 * time.Minute

// A flight is one attempt on behalf of all who ask meanwhile.
type flight struct {
	landed chan struct{}
	c      Credentials
	err    error
}

// fetch joins the flight under way, or begins one. Clients wait for seconds and
// then ask again (the AWS CLI for two): what they gave up waiting for goes on, so
// that the next request finds it done.
func (e *Endpoint) fetch(ctx context.Context) (Credentials, error) {
	e.mu.Lock()
	f := e.current
	if f == nil {
		f = &flight{landed: make(chan struct{})}
		e.current = f
		go e.fly(context.WithoutCancel(ctx), f)
	}
	e.mu.Unlock()
	select {
	case <-f.landed:
		return f.c, f.err
	case <-ctx.Done():
		return Credentials{}, ctx.Err()
	}
}

func (e *Endpoint) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, flightLimit)
	defer cancel()
	defer func() {
		e.mu.Lock()
		e.current = nil
		e.mu.Unlock()
		close(f.landed)
	}()
	f.c, f.err = e.Credentials(ctx)
}
