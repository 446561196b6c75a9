package renewal

import (
	"fmt"
	"slices"
	"time"
)

// A world is everything that the processes of one explored run share, and where
// each of them stands. It is small, so that millions of them can be told apart.
type world struct {
	procs [4]process

	disk   Version // what is stored; 0: nothing
	torn   bool    // somebody who knows no lock is rewriting the file in place
	life   [versions]uint8
	issued Version // the last that the service has issued

	tip, prev Version // the refresh token that counts at the service, and the one before it
	graceOver bool    // the service repeats its last answer no more
	late      Version // a request that its sender has given up, and that still arrives

	note, notes Version // the failure that was reported last, and how many there were
	spent       Version // whose refresh token is announced to be sent

	foreign        uint8 // how far the client without our lock is
	foreignHas     Version
	out            uint8 // how far the sign-out is
	outLocked      bool
	deaths, losses uint8 // how many there may still be; a Ctrl-C counts as a death
	ticks          uint8
	stalls         uint8 // how often somebody may still give up waiting for the guard
	sent           uint8 // how often our processes have asked the service
}

// versions is how many tokens a run may see, 0 for none among them.
const versions = 12

type process struct {
	state  State
	life   uint8 // idle, running or over
	mail   uint8 // none, a request on its way, an answer on its way
	answer What
	got    Version
	mark   bool // it has seen the sign-out's mark when it began
}

const (
	idle uint8 = iota
	running
	over
)

const (
	noMail uint8 = iota
	request
	answer
)

const (
	foreignIdle uint8 = iota
	foreignAsks
	foreignHolds
	foreignWrites
	foreignOver
)

const (
	staysIn uint8 = iota
	signedIn
	signingOut
	outGuarded
	deleted
	signedOut
)

// A rotation is what a service does with a refresh token that was used.
type rotation uint8

const (
	reusable  rotation = iota // it stands
	strict                    // it is refused
	successor                 // for a while it yields the same successor again
	forking                   // for a while it yields another successor, and the one before is dead
	expiring                  // as successor, and the while may end at any time
)

// A bug is a rule of the protocol that is broken to see that it is missed.
type bug uint8

const (
	noBug bug = iota
	noLookAgain
	noCompare
	earlyUnlock
	deleteOnRefusal
	noRepeat
	noGuard
	noSharing
	noSecondLook
)

// A setting is one exploration.
type setting struct {
	kind      Kind
	rotation  rotation
	bug       bug
	processes int
	deaths    uint8
	losses    uint8
	ticks     uint8 // of the token's life, which is 3 long
	left      uint8 // of it at the beginning
	stalls    uint8 // a holder of the guard may be suspended: nobody waits for it for long
	foreign   bool  // a client that knows no lock of ours refreshes once
	signOut   bool
	impatient bool // the lock may be waited for in vain
	refusing  bool // the sign-in has ended at the service
	together  bool // all processes have looked before the first goes on
}

func (c setting) begin() world {
	w := world{disk: 1, issued: 1, tip: 1, deaths: c.deaths, losses: c.losses, ticks: c.ticks, stalls: c.stalls, foreign: foreignOver}
	w.life[1] = c.left
	if c.foreign {
		w.foreign = foreignIdle
	}
	if c.signOut {
		w.out = signedIn
	}
	if c.refusing {
		w.tip = 0
	}
	for i := range w.procs {
		w.procs[i].life = over
		if i < c.processes {
			w.procs[i].life = idle
			if c.together {
				w.procs[i] = process{life: running, state: Begin(c.kind, 0).Step(Event{Copy: c.copy(&w, nil)})}
			}
		}
	}
	return w
}

// left is what a clock says of a life.
func left(life uint8) time.Duration {
	return [...]time.Duration{0, 5 * time.Minute, 12 * time.Minute, time.Hour}[life]
}

// copy is what a process finds when it looks.
func (c setting) copy(w *world, p *process) Copy {
	k := Copy{Renewable: true, Note: w.note, Denied: w.note != 0 && c.refusing}
	if !w.torn {
		k.Version, k.Gone = w.disk, w.disk == 0
	}
	if c.kind == Role {
		k.Gone = false
	}
	if p != nil && p.state.Do == Compare && w.gone() && !p.mark {
		k.Gone = true
	}
	k.Left, k.Spent = left(w.life[k.Version]), k.Version != 0 && w.spent == k.Version
	if c.bug == noSharing {
		k.Note = 0
	}
	return k
}

func (w *world) gone() bool { return w.out >= deleted }

// ask is what the service does with a refresh token.
func (w *world) ask(r rotation, v Version) (What, Version) {
	fresh := func() (What, Version) {
		w.issued++
		w.life[w.issued] = 3
		return Issued, w.issued
	}
	switch {
	case w.tip == 0:
		return Refused, 0
	case r == reusable:
		return fresh()
	case v == w.tip:
		what, next := fresh()
		w.prev, w.tip, w.graceOver = w.tip, next, false
		return what, next
	case v == w.prev && !w.graceOver && (r == successor || r == expiring):
		return Issued, w.tip
	case v == w.prev && r == forking:
		what, next := fresh()
		w.tip = next
		return what, next
	case w.graceOver:
		w.tip = 0 // taken for stolen
	}
	return Refused, 0
}

// alive reports whether the session can be kept with what is stored.
func (w *world) alive(r rotation) bool {
	probe := *w
	what, _ := probe.ask(r, w.disk)
	return what == Issued
}

func (w *world) locked() bool {
	return w.outLocked ||
		slices.ContainsFunc(w.procs[:], func(p process) bool { return p.state.locked })
}

func (w *world) guarded() bool {
	return w.out == outGuarded || w.out == deleted || slices.ContainsFunc(w.procs[:], func(p process) bool { return p.state.guarded })
}

// A move is something that happens.
type move struct {
	who  int8 // a process, or one of the others
	what string
	with string // what it is about
}

const (
	byClock = -1 - iota
	byService
	byForeign
	bySignOut
)

func (m move) String() string {
	if m.who >= 0 {
		return fmt.Sprintf("process %d: %s%s", m.who+1, m.what, m.with)
	}
	return [...]string{"time", "the service", "the other client", "sign-out"}[-1-m.who] + ": " + m.what
}

// A step is called with each world that may be next, and what is wrong with it.
type step func(next world, m move, wrong string)

func (c setting) moves(w *world, yield step) {
	for i := range w.procs {
		c.processMoves(w, i, yield)
	}
	c.otherMoves(w, yield)
}

// happen carries one process on by an event, and checks what it comes to.
func (c setting) happen(w world, i int, e Event, m move, yield step) {
	p := &w.procs[i]
	e.Left = left(w.life[p.state.Held])
	before := p.state.Do
	p.state = p.state.Step(e)
	p.mail, p.answer, p.got = noMail, 0, 0
	if c.bug == noRepeat && e.What == Lost && p.state.Do == Send {
		p.state = p.state.unissued(e)
	}
	if c.bug == deleteOnRefusal && e.What == Refused {
		w.disk = 0
	}
	if c.bug == earlyUnlock && before == Guard {
		p.state.locked = false
	}
	yield(w, m, "")
}

func (c setting) processMoves(w *world, i int, yield step) {
	p := &w.procs[i]
	if p.life == idle {
		next := *w
		next.procs[i] = process{life: running, state: Begin(c.kind, 0)}
		c.resume(next, i, yield)
		return
	}
	if p.life != running {
		return
	}
	if w.deaths > 0 {
		next := *w
		next.deaths--
		next.procs[i] = process{life: over}
		yield(next, move{int8(i), "dies before ", p.state.Do.String()}, "")
		if p.mail == request && w.late == 0 {
			next.late = p.state.Held
			yield(next, move{int8(i), "dies, its request does not", ""}, "")
		}
	}
	c.resume(*w, i, yield)
}

// resume does the next step of a process.
func (c setting) resume(w world, i int, yield step) {
	p := &w.procs[i]
	do := func(e Event, more string) { c.happen(w, i, e, move{int8(i), p.state.Do.String(), more}, yield) }
	switch p.state.Do {
	case Look:
		if !w.torn { // wallet looks twice, and foreign clients do not die here
			do(Event{What: Found, Copy: c.copy(&w, p)}, "")
		}
	case LookWaiting:
		do(Event{What: Found, Copy: c.copy(&w, p)}, "")
		if c.impatient {
			do(Event{What: Found, Copy: c.copy(&w, p), Waited: WaitLimit}, ", at the end of its patience")
		}
	case LookAgain:
		p.mark = w.gone()
		k := c.copy(&w, p)
		if c.bug == noLookAgain {
			k.Version, k.Gone, k.Left, k.Note = p.state.Held, false, left(w.life[p.state.Held]), p.state.note
		}
		do(Event{What: Found, Copy: k}, "")
	case Compare:
		k := c.copy(&w, p)
		if c.bug == noCompare {
			k.Version, k.Gone, k.Left = p.state.Held, false, left(w.life[p.state.Held])
		}
		do(Event{What: Found, Copy: k}, "")
	case TryLock, Lock:
		if w.locked() {
			do(Event{What: Busy}, ", busy")
		} else {
			do(Event{What: Done}, "")
		}
	case Announce:
		w.spent, w.note = p.state.Held, 0
		do(Event{What: Done}, "")
	case Send:
		c.send(w, i, yield)
	case Guard:
		if !w.guarded() {
			do(Event{What: Done}, "")
		} else if c.bug == noGuard {
			do(Event{What: Lockless}, "")
		} else if w.stalls > 0 {
			w.stalls--
			do(Event{What: Lockless}, ", given up")
		}
	case Write:
		wrong := ""
		late := w.gone() && !(c.kind == Role && p.mark)
		switch old := w.life[w.disk]; {
		case late && (c.stalls == 0 || c.bug == noSecondLook):
			wrong = "P6: written after signing out"
		case !late && !w.torn && old > w.life[p.state.Issued]:
			wrong = "P5: what is stored now ends earlier than what was"
		}
		w.disk, w.torn = p.state.Issued, false
		if late {
			w.disk = 0 // who writes looks for the sign-out's mark again after that
		}
		c.happen(w, i, Event{What: Done}, move{int8(i), "write", ""}, func(next world, m move, _ string) { yield(next, m, wrong) })
	case Report:
		w.spent, w.note = 0, 0
		if p.state.Reason != None {
			w.notes++
			w.note = w.notes
		}
		if p.state.Reason == Unanswered || p.state.Reason == AnswerLost {
			w.spent = p.state.Held
		}
		do(Event{What: Done}, "")
	case Serve, Fail:
		c.end(w, i, yield)
	default:
		do(Event{What: Done}, "")
	}
}

func (c setting) send(w world, i int, yield step) {
	p := &w.procs[i]
	lose := func(what string) {
		if w.losses > 0 {
			next := w
			next.losses--
			c.happen(next, i, Event{What: Lost}, move{int8(i), what, ""}, yield)
			if p.mail == request && w.late == 0 {
				next.late = p.state.Held
				c.happen(next, i, Event{What: Lost}, move{int8(i), what, " for now"}, yield)
			}
		}
	}
	switch p.mail {
	case noMail:
		wrong := ""
		if slices.ContainsFunc(w.procs[:], func(q process) bool { return q.mail != noMail }) {
			wrong = "P1: two ask the service at once"
		}
		w.sent++
		p.mail = request
		bound := 1 + (c.deaths - w.deaths) + (c.losses - w.losses) + (c.ticks - w.ticks)
		if !c.together {
			bound += uint8(w.notes) // who comes after a failure asks anew
		}
		if c.foreign {
			bound++ // it may put an older token over a newer one
		}
		if c.kind == Role && w.gone() {
			bound++ // what was there has been deleted
		}
		if wrong == "" && w.sent > bound {
			wrong = "P2, P8: the service is asked more often than once, and once more for each death and loss"
		}
		yield(w, move{int8(i), "send", ""}, wrong)
	case request:
		lose("the request is lost")
		p.mail = answer
		p.answer, p.got = w.ask(c.rotation, p.state.Held)
		yield(w, move{byService, "acts on what was sent", ""}, "")
	case answer:
		lose("the answer is lost")
		if w.deaths > 0 {
			next := w
			next.deaths--
			c.happen(next, i, Event{What: Interrupted}, move{int8(i), "Ctrl-C", ""}, yield)
		}
		c.happen(w, i, Event{What: p.answer, Issued: p.got}, move{int8(i), "answer", ""}, yield)
	}
}

// end checks what one process comes to.
func (c setting) end(w world, i int, yield step) {
	p := &w.procs[i]
	s := p.state
	if s.Do == Serve && w.life[s.Serves] == 0 {
		// As Run does with what ended under its hands.
		p.state = Begin(c.kind, 0)
		yield(w, move{int8(i), "begins anew", ""}, "")
		return
	}
	wrong := ""
	healthy := c.rotation == reusable || c.rotation == successor
	switch {
	case s.locked || s.guarded:
		wrong = "it ends with a lock in its hands"
	case s.Do == Serve && s.Serves > w.issued:
		wrong = "P4: what is served was never issued"
	case s.Do == Fail && healthy && !c.refusing && !(c.signOut && w.gone()) && s.Reason != Locked && s.Reason != Cancelled && c.losses < attempts:
		wrong = fmt.Sprintf("P3: it fails without need (reason %d)", s.Reason)
	case s.Do == Fail && s.Reason == Denied && c.rotation == expiring && !c.foreign:
		wrong = "a refresh token that was spent in vain is not told as that"
	}
	w.procs[i] = process{life: over}
	yield(w, move{int8(i), s.Do.String(), ""}, wrong)
}

func (c setting) otherMoves(w *world, yield step) {
	next := *w
	if w.late != 0 {
		next.late = 0
		next.ask(c.rotation, w.late)
		yield(next, move{byService, "gets a request that was given up", ""}, "")
		next = *w
	}
	// A refresh takes the other client seconds, and two file operations take ours
	// no time at all; the clock moves in minutes.
	still := !slices.ContainsFunc(w.procs[:], func(p process) bool {
		return p.state.Do == Write || p.state.Serves != 0
	})
	if w.ticks > 0 && still && (w.foreign == foreignIdle || w.foreign == foreignOver) {
		next.ticks--
		for v := range next.life {
			next.life[v] -= min(next.life[v], 1)
		}
		yield(next, move{byClock, "passes", ""}, "")
		next = *w
	}
	if c.rotation == expiring && w.prev != 0 && !w.graceOver {
		next.graceOver = true
		yield(next, move{byService, "repeats its answer no more", ""}, "")
	}
	c.foreignMoves(*w, yield)
	c.signOutMoves(*w, yield)
}

func (c setting) foreignMoves(w world, yield step) {
	does := func(what string) { yield(w, move{byForeign, what, ""}, "") }
	switch w.foreign {
	case foreignIdle:
		if w.disk != 0 && !w.torn && w.life[w.disk] < 3 {
			w.foreign, w.foreignHas = foreignAsks, w.disk
			does("reads")
		}
	case foreignAsks:
		w.foreign = foreignOver
		if what, got := w.ask(c.rotation, w.foreignHas); what == Issued {
			if w.losses > 0 {
				lost := w
				lost.losses--
				lost.foreignHas = 0
				yield(lost, move{byForeign, "loses its answer", ""}, "")
			}
			w.foreign, w.foreignHas = foreignHolds, got
		}
		does("refreshes")
	case foreignHolds:
		w.foreign, w.torn = foreignWrites, true
		does("empties the file")
	case foreignWrites:
		if w.torn { // else its file has been replaced, and it writes into the old one
			w.disk, w.torn = w.foreignHas, false
		}
		w.foreign, w.foreignHas = foreignOver, 0
		does("writes")
	}
}

func (c setting) signOutMoves(w world, yield step) {
	does := func(what string) { yield(w, move{bySignOut, what, ""}, "") }
	switch w.out {
	case signedIn:
		free := !w.locked()
		w.out = signingOut
		does("does not wait for the lock")
		if free {
			w.outLocked = true
			does("takes the lock")
		}
	case signingOut:
		if c.bug == noGuard || !w.guarded() {
			w.out = outGuarded
			does("takes the guard")
		} else if w.stalls > 0 {
			w.out = outGuarded
			w.stalls--
			does("gives up waiting for the guard")
		}
	case outGuarded:
		w.out, w.disk, w.torn = deleted, 0, false
		does("deletes")
	case deleted:
		w.out, w.outLocked = signedOut, false
		does("is done")
	}
}
