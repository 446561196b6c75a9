package events

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Store keeps events.
type Store interface {
	// InsertEvents appends es in their order and drops the oldest beyond keep, in
	// one transaction: after an error none of es is there.
	InsertEvents(ctx context.Context, es []Event, keep int) error
	// Events returns what q asks for, oldest first, at most q.Limit, with Sequence
	// set. Sequence only ever grows, also when old events are dropped.
	Events(ctx context.Context, q Query) ([]Event, error)
}

const (
	defaultKeep = 100_000
	maxQueued   = 10_000 // events that wait to be written; more make Record wait
	maxBatch    = 1000   // events in one transaction, so that others get to write in between
	// linger is how long the first event of a batch waits for company, unless
	// somebody wants to read.
	linger = 50 * time.Millisecond
	// pause is before the second and last attempt at a batch.
	pause       = 100 * time.Millisecond
	storeBudget = 10 * time.Second // for one attempt
)

// Recorder writes events to a Store in batches. It has one goroutine while there
// is something to write, and none otherwise. Safe for concurrent use; not to be
// copied.
type Recorder struct {
	Store Store
	Keep  int          // how many events are kept; 0 = 100,000
	Log   *slog.Logger // told of events that are lost; nil = slog.Default

	mu       sync.Mutex
	queue    []Event
	spare    []Event       // an empty slice, to be the next queue
	recorded int64         // events that ever came into the queue
	done     int64         // of those, written or lost
	writing  bool          // the goroutine runs
	hurry    chan struct{} // closed to end a linger or a pause; nil when there is none
	moved    chan struct{} // closed when done grows, or asking shrinks; nil when nobody waits
	asking   int           // queries under way, after which the store may be closed
	flushing int           // calls that wait for what was recorded before them
	waiting  []*waiter     // queries that wait for a match
	closed   bool
	lost     error // of the first batch that was lost
}

// waiter is a Query that waits for a match.
type waiter struct {
	query Query
	woken chan struct{} // holds one
}

func (w *waiter) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// Record queues events, which stay together and in order. It waits only while
// the queue is full. After Close it does nothing.
func (r *Recorder) Record(es ...Event) {
	if len(es) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.recorded-r.done >= maxQueued {
		r.awaitMove()
	}
	if r.closed {
		return
	}
	r.queue = append(r.queue, es...)
	r.recorded += int64(len(es))
	if !r.writing {
		r.writing = true
		go r.write()
	}
	if r.pressed() {
		r.rush()
	}
}

// awaitMove waits, unlocked, until done grows or asking shrinks.
func (r *Recorder) awaitMove() {
	moved := r.movement()
	r.mu.Unlock()
	<-moved
	r.mu.Lock()
}

func (r *Recorder) movement() <-chan struct{} {
	if r.moved == nil {
		r.moved = make(chan struct{})
	}
	return r.moved
}

// move wakes those who wait for a movement.
func (r *Recorder) move() {
	if r.moved != nil {
		close(r.moved)
		r.moved = nil
	}
}

// pressed reports whether there is no time to wait for company.
func (r *Recorder) pressed() bool {
	return r.closed || r.flushing > 0 || len(r.waiting) > 0 || len(r.queue) >= maxBatch
}

func (r *Recorder) rush() {
	if r.hurry != nil {
		close(r.hurry)
		r.hurry = nil
	}
}

// rest waits, but not when somebody presses.
func (r *Recorder) rest(d time.Duration) {
	r.mu.Lock()
	if r.pressed() {
		r.mu.Unlock()
		return
	}
	hurry := make(chan struct{})
	r.hurry = hurry
	r.mu.Unlock()

	select {
	case <-time.After(d):
	case <-hurry:
	}
}

// write writes until the queue is empty.
func (r *Recorder) write() {
	for r.writable() {
		r.rest(linger)
		r.mu.Lock()
		es := r.queue
		r.queue, r.spare = r.spare, nil
		r.mu.Unlock()

		for batch := range slices.Chunk(es, maxBatch) {
			r.writeBatch(batch)
		}

		clear(es) // for the garbage collector
		r.mu.Lock()
		if cap(es) <= maxQueued {
			r.spare = es[:0]
		}
		r.mu.Unlock()
	}
}

// writable reports whether there is something to write, and otherwise that the
// goroutine ends.
func (r *Recorder) writable() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = len(r.queue) > 0
	return r.writing
}

// writeBatch tries twice. What a store refuses then is given up, for those who
// record must not wait for ever, nor what comes after be lost.
func (r *Recorder) writeBatch(batch []Event) {
	err := r.insert(batch)
	if err != nil {
		r.rest(pause)
		err = r.insert(batch)
	}
	if err != nil {
		r.log().Error("events are lost: the store does not take them", "events", len(batch), "error", err)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += int64(len(batch))
	r.move()
	if err != nil {
		if r.lost == nil {
			r.lost = fmt.Errorf("events were lost: %w", err)
		}
		return
	}
	for _, w := range r.waiting {
		if slices.ContainsFunc(batch, w.query.Match) {
			w.wake()
		}
	}
}

func (r *Recorder) insert(batch []Event) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeBudget)
	defer cancel()
	keep := r.Keep
	if keep <= 0 {
		keep = defaultKeep
	}
	return r.Store.InsertEvents(ctx, batch, keep)
}

func (r *Recorder) log() *slog.Logger {
	if r.Log == nil {
		return slog.Default()
	}
	return r.Log
}

// flush waits until all that was recorded before is written or lost.
func (r *Recorder) flush(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flushing++
	defer func() { r.flushing-- }()
	r.rush()
	for upTo := r.recorded; r.done < upTo; {
		moved := r.movement()
		r.mu.Unlock()
		var err error
		select {
		case <-moved:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		r.mu.Lock()
		if err != nil {
			return err
		}
	}
	return nil
}

// Query asks the store. All that was recorded before the call is seen. When
// nothing matches it waits up to wait for an event that does, and returns none
// when there is none. A pattern that cannot be read is an *[InvalidError].
func (r *Recorder) Query(ctx context.Context, q Query, wait time.Duration) ([]Event, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	r.ask(1)
	defer r.ask(-1)
	var woken <-chan struct{}
	var over <-chan time.Time
	if wait > 0 {
		w := &waiter{query: q, woken: make(chan struct{}, 1)}
		woken = w.woken
		r.enlist(w)
		defer r.dismiss(w)
		t := time.NewTimer(wait)
		defer t.Stop()
		over = t.C
	}
	for {
		if err := r.flush(ctx); err != nil {
			return nil, err
		}
		es, err := r.Store.Events(ctx, q)
		if err != nil || len(es) > 0 || wait <= 0 || r.isClosed() {
			return es, err
		}
		select {
		case <-woken:
		case <-over:
			wait = 0 // one last look
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// ask counts the queries under way.
func (r *Recorder) ask(by int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asking += by
	r.move()
}

func (r *Recorder) enlist(w *waiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, w)
}

func (r *Recorder) dismiss(w *waiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = slices.DeleteFunc(r.waiting, func(x *waiter) bool { return x == w })
}

func (r *Recorder) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// Close writes what is queued and wakes those who wait. It returns an error when
// events were lost, ever. The store may be closed after it.
func (r *Recorder) Close() error {
	r.mu.Lock()
	r.closed = true
	for _, w := range r.waiting {
		w.wake()
	}
	r.mu.Unlock()
	_ = r.flush(context.Background()) // which has no end

	r.mu.Lock()
	defer r.mu.Unlock()
	for r.asking > 0 { // they have been woken
		r.awaitMove()
	}
	return r.lost
}
