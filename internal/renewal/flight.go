package renewal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/portico-sso/portico/internal/wallet"
)

// round is how long a waiting caller tries for the lock before it looks whether
// there still is something to wait for.
const round = 250 * time.Millisecond

// A Stored is a token or a role's credentials as they were found, or issued.
type Stored[T any] struct {
	Value     T
	Mark      string    // tells one from another; "" where there is none
	Expires   time.Time // by the wall clock
	Renewable bool      // it carries what a renewal takes
	Gone      bool      // see [Copy]
	Err       error     // why there is none
}

// A Subject is what a [Flight] renews.
type Subject[T any] interface {
	// Read reads what is stored, for one of the looks or the comparison.
	Read(at Do) Stored[T]
	// Storable tells whether a successor could be stored.
	Storable() error
	// Send asks the service, once, for a successor. What it says is one of Issued,
	// Lost, Unreached, Trouble and Refused.
	Send(ctx context.Context, from T) (issued Stored[T], said What, err error)
	// Write stores a successor, or says on its own that it could not: what was
	// issued is the caller's all the same.
	Write(T) error
}

// A Flight is one caller's way through the protocol.
type Flight[T any] struct {
	Kind    Kind
	Subject Subject[T]
	Wallet  *wallet.Wallet
	Lock    string // its name
	Guard   string // its name; "" where there is nothing to guard
	What    string // what its holder does, for Waiting

	// Way stands for the caller's own part in whether the service answers, and what:
	// its proxy, say. A failure counts for those who go the same way.
	Way string

	// Fold puts a failure into words for those who wait, nil where it is none of
	// theirs, and Unfold makes of them what they return.
	Fold   func(why Reason, cause error) []byte
	Unfold func(words []byte, holder int) error

	Warn    func(problem string)          // nil drops
	Waiting func(what string, holder int) // nil drops
	Step    func(name string)             // nil drops

	seen   []sighting[T] // by Version, from 1
	notes  []string      // by Version, from 1
	note   wallet.Note   // as it was last read
	read   error         // why the last look found nothing
	failed error         // why the last step did
	locked error         // who holds the lock

	unlock, unguard func()
	waiting, taken  time.Time
}

// A sighting is a token or credentials that this caller has seen, with the end
// of it by both clocks: a wall clock can be set back, and the other stands still
// while a machine sleeps.
type sighting[T any] struct {
	Stored[T]
	until time.Time // with a monotonic reading
	good  bool      // it lasted when it was seen
}

func (s sighting[T]) left() time.Duration {
	return min(time.Until(s.until), s.Expires.Sub(time.Now().Round(0)))
}

// An Outcome is what a flight came to.
type Outcome[T any] struct {
	Value  T
	Left   time.Duration // how long it still lasts
	Served bool

	// Reason and Cause are why nothing is served, or why it is not new.
	Reason Reason
	Cause  error
}

// Run renews what is stored where that is needed, or waits for somebody who does.
// What is disowned is renewed whatever date it bears: the mark of what the service
// did not accept, or "".
func (f *Flight[T]) Run(ctx context.Context, disowned string) Outcome[T] {
	f.waiting = time.Now()
	defer f.drop()
	var refused Version
	if disowned != "" {
		refused = f.version(Stored[T]{Mark: disowned})
	}
	s := Begin(f.Kind, refused)
	for !s.Over() {
		rest(ctx, s.Pause())
		f.step(s.Do.String())
		e := f.do(ctx, s)
		if s.Do == Send {
			f.step("answer")
		}
		e.Waited, e.Held = f.waited(ctx), time.Since(f.taken)
		if s.Held != 0 {
			e.Left = f.seen[s.Held-1].left()
		}
		s = s.Step(e)
		// A machine that was asleep in the middle has nothing to serve any more.
		if s.Do == Serve && f.seen[s.Serves-1].good && f.seen[s.Serves-1].left() <= 0 {
			f.waiting = time.Now()
			s = Begin(f.Kind, refused)
		}
	}
	return f.outcome(ctx, s)
}

// rest waits, or ends with ctx.
func rest(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// drop gives back what is held after all, in a panic.
func (f *Flight[T]) drop() {
	for _, end := range []func(){f.unguard, f.unlock} {
		if end != nil {
			end()
		}
	}
}

// waited is how long the lock was waited for. A caller with less time than that
// has waited long enough when it is over.
func (f *Flight[T]) waited(ctx context.Context) time.Duration {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return WaitLimit
	}
	return time.Since(f.waiting)
}

func (f *Flight[T]) step(name string) {
	if f.Step != nil {
		f.Step([...]string{"session ", "role "}[f.Kind] + name)
	}
}

// do does what the state says.
func (f *Flight[T]) do(ctx context.Context, s State) Event {
	switch s.Do {
	case Look, LookWaiting, LookAgain, Compare:
		return Event{What: Found, Copy: f.look(s.Do)}
	case TryLock:
		return f.take(f.Wallet.TryLock(f.Lock))
	case Lock:
		return f.wait(ctx)
	case Tell:
		if e, ok := errors.AsType[*wallet.LockedError](f.locked); ok && f.Waiting != nil {
			f.Waiting(f.What, e.Holder)
		}
	case Check:
		if f.failed = f.Subject.Storable(); f.failed != nil {
			return Event{What: Failed}
		}
	case Announce:
		f.leave(wallet.Note{Spent: fingerprint(f.seen[s.Held-1].Mark)})
	case Send:
		return f.send(ctx, s)
	case Guard:
		return f.guard()
	case Write:
		if f.Subject.Write(f.seen[s.Issued-1].Value) != nil {
			return Event{What: Failed}
		}
	case Release:
		f.unguard()
		f.unguard = nil
	case Report:
		f.report(ctx, s)
	case Unlock:
		f.unlock()
		f.unlock = nil
	}
	return Event{What: Done}
}

func (f *Flight[T]) look(at Do) Copy {
	found := f.Subject.Read(at)
	f.read = found.Err
	c := Copy{Renewable: found.Renewable, Gone: found.Gone}
	if found.Mark != "" {
		c.Version = f.version(found)
		c.Left = f.seen[c.Version-1].left()
	}
	if at == Compare || (at == Look && c.Left >= Margin) {
		return c // nobody asks for more
	}
	note, err := f.Wallet.Note(f.Lock)
	if err != nil {
		return c
	}
	c.Spent = note.Spent != "" && note.Spent == fingerprint(found.Mark)
	if len(note.Failure) > 0 && note.Way == fingerprint(f.Way) {
		f.note = note
		c.Note, c.Denied = f.noted(note.ID), note.Denied
		age := time.Now().Round(0).Sub(note.At)
		c.Recent = age >= 0 && age < Quiet
	}
	return c
}

// version is the number of what bears this mark.
func (f *Flight[T]) version(found Stored[T]) Version {
	now := sighting[T]{Stored: found, until: time.Now().Add(time.Until(found.Expires))}
	now.good = now.left() > 0
	for i, s := range f.seen {
		if s.Mark == found.Mark {
			// The first sighting's word on the monotonic clock stands.
			if !s.Expires.IsZero() {
				now.until, now.good = s.until, s.good
			}
			f.seen[i] = now
			return Version(i + 1)
		}
	}
	f.seen = append(f.seen, now)
	return Version(len(f.seen))
}

func (f *Flight[T]) noted(id string) Version {
	i := slices.Index(f.notes, id)
	if i < 0 {
		i = len(f.notes)
		f.notes = append(f.notes, id)
	}
	return Version(i + 1)
}

func (f *Flight[T]) wait(ctx context.Context) Event {
	short, cancel := context.WithTimeout(ctx, round)
	defer cancel()
	e := f.take(f.Wallet.Lock(short, f.Lock))
	if e.What == Busy && errors.Is(ctx.Err(), context.Canceled) {
		return Event{What: Interrupted}
	}
	return e
}

func (f *Flight[T]) take(unlock func(), err error) Event {
	if err == nil {
		f.unlock, f.taken = unlock, time.Now()
		return Event{What: Done}
	}
	if _, busy := errors.AsType[*wallet.LockedError](err); busy {
		f.locked = err
		return Event{What: Busy}
	}
	if f.Warn != nil {
		f.Warn(fmt.Sprintf("going on without a lock, which could not be taken: %v", err))
	}
	f.taken = time.Now()
	return Event{What: Lockless}
}

func (f *Flight[T]) guard() Event {
	if f.Guard == "" {
		return Event{What: Lockless}
	}
	// What was issued is stored even for one who has pressed Ctrl-C.
	ctx, cancel := context.WithTimeout(context.Background(), GuardLimit)
	defer cancel()
	var err error
	if f.unguard, err = f.Wallet.Lock(ctx, f.Guard); err != nil {
		return Event{What: Lockless}
	}
	return Event{What: Done}
}

func (f *Flight[T]) send(ctx context.Context, s State) Event {
	if errors.Is(ctx.Err(), context.Canceled) {
		return Event{What: Interrupted}
	}
	holding, cancel := context.WithDeadline(ctx, f.taken.Add(HoldLimit))
	defer cancel()
	var from T
	if s.Held != 0 {
		from = f.seen[s.Held-1].Value
	}
	issued, said, err := f.Subject.Send(holding, from)
	f.failed = err
	if said == Issued {
		return Event{What: Issued, Issued: f.version(issued)}
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return Event{What: Interrupted}
	}
	return Event{What: said}
}

// report leaves word of a failure for those who wait, or takes back that a refresh
// token may be spent.
func (f *Flight[T]) report(ctx context.Context, s State) {
	if s.Reason == None {
		f.leave(wallet.Note{})
		return
	}
	note := wallet.Note{Denied: s.Reason == Denied, Failure: f.Fold(s.Reason, f.failed), Way: fingerprint(f.Way)}
	if f.Kind == Token && (s.Reason == Unanswered || s.Reason == AnswerLost) {
		note.Spent = fingerprint(f.seen[s.Held-1].Mark)
	}
	if f.Kind == Token && s.Reason == Denied && s.Held != 0 {
		note.Token = fingerprint(f.seen[s.Held-1].Mark)
	}
	if ctx.Err() != nil {
		note.Failure = nil // others have more time than this caller had
	}
	f.leave(note)
}

// leave is a courtesy: without it others find out for themselves.
func (f *Flight[T]) leave(note wallet.Note) { _ = f.Wallet.PutNote(f.Lock, note) }

func (f *Flight[T]) outcome(ctx context.Context, s State) Outcome[T] {
	o := Outcome[T]{Reason: s.Reason, Served: s.Do == Serve}
	switch s.Reason {
	case None:
	case Missing:
		o.Cause = f.read
	case Locked:
		o.Cause = f.locked
	case Shared:
		o.Cause = f.Unfold(f.note.Failure, f.note.Process)
	case Cancelled:
		o.Cause = ctx.Err()
	default:
		o.Cause = f.failed
	}
	if err := ctx.Err(); errors.Is(err, context.Canceled) {
		return Outcome[T]{Reason: Cancelled, Cause: err}
	}
	if o.Served {
		served := f.seen[s.Serves-1]
		o.Value, o.Left = served.Value, served.left()
	}
	return o
}

// fingerprint tells tokens, or ways, apart without giving one away.
func fingerprint(mark string) string {
	sum := sha256.Sum256([]byte(mark))
	return hex.EncodeToString(sum[:8])
}
