package pace

import (
	"context"
	"time"
)

// Window is how many calls are under way at once, at most.
const Window = 32

// A Pacer paces calls. It is made by [New] and safe for concurrent use.
type Pacer struct {
	refused func(error) (after time.Duration, refused bool)
	slots   chan struct{}
}

// New makes a pacer. refused tells whether an error is the service's word that
// there were too many calls, and for how long it wants none; 0 where it does not
// say.
func New(refused func(error) (after time.Duration, refused bool)) *Pacer {
	return &Pacer{refused: refused, slots: make(chan struct{}, Window)}
}

// Do makes a call when its turn comes, and again when it was refused for being one
// too many. It returns the call's error, or ctx's.
func (p *Pacer) Do(ctx context.Context, call func(context.Context) error) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := call(ctx)
		<-p.slots
		after, refused := p.refused(err)
		if err == nil || !refused {
			return err
		}
		select {
		case <-time.After(max(after, pause)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
