package pace

import (
	"context"
	"sync"
	"time"
)

// Window is how many calls are under way at once, at most. A bucket that turns out
// to be empty is one for all of these, so it is no larger than it takes to make
// five hundred calls a second of 40 ms each.
const Window = 30

// patience is how long the service may refuse everything before callers are told.
const patience = 2 * time.Minute

// A Pacer paces calls. It is made by [New] and safe for concurrent use.
type Pacer struct {
	refused func(error) (after time.Duration, refused bool)
	slots   chan struct{} // calls under way
	turn    chan struct{} // whose call is the next, and waits until it is due

	mu      sync.Mutex
	limit   limit
	changed chan struct{} // closed when a refusal has put off what is due
}

// New makes a pacer. refused tells whether an error is the service's word that
// there were too many calls, and for how long it wants none; 0 where it does not
// say.
func New(refused func(error) (after time.Duration, refused bool)) *Pacer {
	return &Pacer{refused: refused, slots: make(chan struct{}, Window), turn: make(chan struct{}, 1), changed: make(chan struct{})}
}

// Do makes a call when its turn comes, and again when it was refused for being one
// too many. It returns the call's error, which is a refusal only where for two
// minutes there was nothing else, or where the service wants none for longer; or
// ctx's.
func (p *Pacer) Do(ctx context.Context, call func(context.Context) error) error {
	for {
		sent, err := p.wait(ctx)
		if err != nil {
			return err
		}
		err = call(ctx)
		<-p.slots
		if !p.again(sent, err) || ctx.Err() != nil {
			return err
		}
	}
}

// wait returns when a call may be made, and the time of that.
func (p *Pacer) wait(ctx context.Context) (sent time.Time, err error) {
	for _, queue := range []chan struct{}{p.slots, p.turn} {
		select {
		case queue <- struct{}{}:
		case <-ctx.Done():
			if queue == p.turn {
				<-p.slots
			}
			return sent, ctx.Err()
		}
	}
	defer func() { <-p.turn }()
	for {
		p.mu.Lock()
		now, changed := time.Now(), p.changed
		due := p.limit.due(now)
		if !due.After(now) {
			p.limit.send(now)
			p.mu.Unlock()
			return now, nil
		}
		p.mu.Unlock()
		timer := time.NewTimer(due.Sub(now))
		select {
		case <-timer.C:
		case <-changed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			<-p.slots
			return sent, ctx.Err()
		}
	}
}

// again learns from what became of a call, and says whether to make it once more.
func (p *Pacer) again(sent time.Time, err error) bool {
	after, refused := time.Duration(0), false
	if err != nil {
		after, refused = p.refused(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !refused {
		p.limit.pass(sent, now)
		return false
	}
	p.limit.refuse(sent, now, min(after, patience))
	close(p.changed)
	p.changed = make(chan struct{})
	return now.Sub(p.limit.answered) < patience && after < patience
}

// Limited reports whether the service has refused a call, so that callers who have
// less urgent ones had better wait with them.
func (p *Pacer) Limited() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limit.known
}
