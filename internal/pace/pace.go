package pace

import (
	"context"
	"sync"
	"time"
)

// Window is how many calls are under way at once, at most. It begins small and
// opens as calls pass, because each call that is under way when the bucket turns
// out to be empty is one for nothing.
const Window = 48

// patience is how long the service may refuse everything before callers are told.
const patience = 2 * time.Minute

// A Pacer paces calls. It is made by [New] and safe for concurrent use.
type Pacer struct {
	refused func(error) (after time.Duration, refused bool)
	turn    chan struct{} // whose call is the next, and waits until it is due
	changed chan struct{} // tells whose turn it is to look again

	mu    sync.Mutex
	limit limit
	away  int // calls under way
}

// New makes a pacer. refused tells whether an error is the service's word that
// there were too many calls, and for how long it wants none; 0 where it does not
// say.
func New(refused func(error) (after time.Duration, refused bool)) *Pacer {
	return &Pacer{refused: refused, turn: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
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
		if !p.again(sent, err) || ctx.Err() != nil {
			return err
		}
	}
}

// wait returns when a call may be made, and the time of that.
func (p *Pacer) wait(ctx context.Context) (sent time.Time, err error) {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return sent, ctx.Err()
	}
	defer func() { <-p.turn }()
	for {
		now, pause := p.next()
		if pause == 0 {
			return now, nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-p.changed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return sent, ctx.Err()
		}
	}
}

// next sends the next call now, or says how long it has to wait: until it is due,
// or until another has come back.
func (p *Pacer) next() (now time.Time, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now = time.Now()
	switch due := p.limit.due(now); {
	case p.away >= p.limit.window():
		return now, time.Hour
	case due.After(now):
		return now, due.Sub(now)
	}
	p.limit.send(now)
	p.away++
	return now, 0
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
	p.away--
	select {
	case p.changed <- struct{}{}:
	default: // it was told, and has not looked yet
	}
	if !refused {
		p.limit.pass(sent, now)
		return false
	}
	p.limit.refuse(sent, now, min(after, patience))
	return now.Sub(p.limit.answered) < patience && after < patience
}

// Limited reports whether the service has refused a call, so that callers who have
// less urgent ones had better wait with them.
func (p *Pacer) Limited() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limit.known
}
