package serve

import (
	"context"
	"net/http"
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

const (
	// failureLasts is how long the last failure is worth telling.
	failureLasts = time.Minute
	// patience is a little less than that of the least patient client, the AWS CLI.
	patience = 1500 * time.Millisecond
)

// fetch joins the flight under way, or begins one. Clients wait for seconds and
// then ask again (the AWS CLI for two): what they gave up waiting for goes on, so
// that the next request finds it done. Where the last attempt came to nothing, the
// next one is not waited for until clients give up: they are told why before.
func (e *Endpoint) fetch(ctx context.Context) (Credentials, error) {
	e.mu.Lock()
	f := e.current
	if f == nil {
		f = &flight{landed: make(chan struct{})}
		e.current = f
		go e.fly(context.WithoutCancel(ctx), f)
	}
	failure := e.failure
	if time.Since(e.failed) > failureLasts {
		failure = nil
	}
	e.mu.Unlock()
	var waited <-chan time.Time
	if failure != nil {
		t := time.NewTimer(patience)
		defer t.Stop()
		waited = t.C
	}
	select {
	case <-f.landed:
		return f.c, f.err
	case <-waited:
		return Credentials{}, failure
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
		e.failure = nil
		if f.err != nil && refusal(f.err).Status >= http.StatusInternalServerError { // what a person decides may have been decided since
			e.failure, e.failed = f.err, time.Now()
		}
		e.mu.Unlock()
		close(f.landed)
	}()
	f.c, f.err = e.Credentials(ctx)
}
