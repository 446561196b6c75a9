package renewal

import (
	"time"

	"github.com/portico-sso/portico/internal/wallet/rolecache"
)

const (
	// Margin is how long what is stored must still last to be used as it is.
	Margin = rolecache.Margin

	// Patience is how long it must last for a renewal not to be waited for: with
	// more than that, whoever finds the lock free renews ahead of time.
	Patience = 10 * time.Minute

	// TellAfter is how long a wait may last unmentioned.
	TellAfter = time.Second

	// WaitLimit is how long the lock is waited for. It is longer than HoldLimit, for
	// which it is held.
	WaitLimit = 45 * time.Second
	HoldLimit = 30 * time.Second

	// AttemptLimit is how long the service may take to answer once: a third of the
	// hold, so that the same can be sent again.
	AttemptLimit = 9 * time.Second

	// GuardLimit is how long the guard is waited for, which others hold for the time
	// of a rename.
	GuardLimit = 2 * time.Second

	// Quiet is for how long after a failure nobody renews ahead of time.
	Quiet = time.Minute
)

// tearing is how long somebody may take to write a file in place.
const tearing = time.Second

// attempts is how often the same is sent before the service counts as silent.
const attempts = 3

// A Kind is what is renewed.
type Kind uint8

const (
	// Token is an access token. Its renewal spends a refresh token, and without a
	// stored one there is none.
	Token Kind = iota
	// Role is a role's credentials. They can be asked for again at will.
	Role
)

// A Do is what the caller of [State.Step] has to do next, and names the step.
type Do uint8

const (
	Look        Do = iota // read what is stored: Found
	TryLock               // Done, Busy or Lockless
	Lock                  // the same, after a short wait; or Interrupted
	LookWaiting           // Found
	Tell                  // the person, whom is waited for: Done
	LookAgain             // Found
	Check                 // whether a successor could be stored: Done or Failed
	Announce              // leave word that the refresh token is about to be spent: Done
	Send                  // Issued, Lost, Unreached, Trouble, Refused or Interrupted
	Guard                 // Done, or Lockless when it cannot be had
	Compare               // Found
	Write                 // Done or Failed
	Release               // the guard: Done
	Report                // leave word of the failure, or with none of its end: Done
	Unlock                // Done
	Serve                 // hand out State.Serves; the end
	Fail                  // for State.Reason; the end
)

var doNames = [...]string{"look", "try lock", "lock", "look waiting", "tell", "read", "check", "announce", "send", "guard", "compare", "write", "release", "report", "unlock", "serve", "fail"}

func (d Do) String() string { return doNames[d] }

// A Version stands for one token or one set of credentials, as far as one caller
// can tell them apart. 0 is none.
type Version uint8

// A Copy is what a look has found.
type Copy struct {
	Version   Version       // 0: none that can be read
	Left      time.Duration // how long it still lasts
	Renewable bool          // it carries what a renewal takes

	// Gone: nothing is stored, or nothing that may be used; in a Compare, that
	// somebody has signed out since LookAgain. Without Gone and Version, something is
	// stored that cannot be read, or not just now: others write in place.
	Gone bool
	// Spent: somebody was about to send its refresh token and left no word of the
	// outcome.
	Spent bool

	// Note is the last failure that was reported, 0 for none; Recent whether that
	// was less than Quiet ago; Denied whether the service refused.
	Note           Version
	Recent, Denied bool
}

// What is what has happened.
type What uint8

const (
	Found What = iota
	Done
	Busy
	Lockless // nothing can be locked here
	Failed
	Issued
	Lost      // what was sent may have arrived; the answer has not
	Unreached // it has not arrived
	Trouble   // an answer, and no judgement
	Refused   // the service's judgement
	Interrupted
)

// An Event is the outcome of what a State said to do.
type Event struct {
	What   What
	Copy   Copy          // of Found
	Issued Version       // of Issued
	Left   time.Duration // how long State.Held still lasts
	Waited time.Duration // since the wait for the lock began
	Held   time.Duration // since the lock was taken
}

// A Reason is why a renewal failed.
type Reason uint8

const (
	None       Reason = iota
	Missing           // nothing is stored, or nothing that may be used
	Exhausted         // what is stored is over and carries no renewal
	Locked            // the lock was waited for in vain
	Shared            // the flight that was waited for has failed
	Unstorable        // what comes could not be stored
	Unanswered        // whatever was sent, no answer arrived
	OutOfReach        // nothing that was sent arrived
	Undecided         // the service answered without a judgement
	Denied            // the service refused
	AnswerLost        // it refused what an earlier renewal may have spent, whose answer is lost
	Cancelled         // by the person
)

// A State is where one caller stands. It is a value; two are equal when everything
// that can follow is.
type State struct {
	Do     Do
	Kind   Kind
	Reason Reason // why it fails; beside a Serve, why what is served is not new

	Held   Version // what was found wanting, and is renewed
	Issued Version
	Serves Version

	// Disowned is what the service does not accept any more, whatever date it bears.
	Disowned Version

	note                  Version
	sent                  uint8
	locked, guarded, told bool
	doubt, reports, again bool
}

// Begin is the state in which a caller starts. What is disowned is renewed
// whatever date it bears.
func Begin(kind Kind, disowned Version) State { return State{Kind: kind, Disowned: disowned} }

// Over reports whether the caller is done.
func (s State) Over() bool { return s.Do == Serve || s.Do == Fail }

// Pause is how long to wait before doing the same again: not at all after a lost
// answer, a little where the service is in trouble or a file cannot be read.
func (s State) Pause() time.Duration {
	switch {
	case s.Do == Send && s.Reason == Undecided:
		return time.Duration(s.sent) * 300 * time.Millisecond
	case s.Do == LookAgain && s.again:
		return 100 * time.Millisecond
	}
	return 0
}

// Step is what follows when e is the outcome of s.Do.
func (s State) Step(e Event) State {
	switch s.Do {
	case Look:
		return s.looked(e.Copy)
	case TryLock, Lock:
		return s.tried(e)
	case LookWaiting:
		return s.lookedWaiting(e)
	case Tell:
		s.told = true
		return s.to(Lock)
	case LookAgain:
		return s.lookedAgain(e)
	case Check:
		if e.What == Failed {
			return s.fallBack(Unstorable, e.Left)
		}
		return s.to(Announce)
	case Announce:
		return s.to(Send)
	case Send:
		return s.answered(e)
	case Guard:
		s.guarded = e.What == Done
		return s.to(Compare)
	case Compare:
		return s.compared(e)
	case Write:
		return s.serve(s.Issued)
	case Release:
		s.guarded = false
	case Report:
		s.reports = false
	case Unlock:
		s.locked = false
	}
	return s.leave()
}

func (s State) to(do Do) State {
	s.Do = do
	return s
}

func (s State) looked(c Copy) State {
	s.Held, s.note = c.Version, c.Note
	left := s.left(c)
	switch {
	case s.Kind == Token && c.Version == 0:
		return s.fail(Missing)
	case left >= Margin, left > 0 && !c.Renewable:
		return s.serve(c.Version)
	case !c.Renewable:
		return s.fail(Exhausted)
	case left > Patience && c.Recent:
		return s.serve(c.Version)
	case left > Patience:
		return s.to(TryLock)
	}
	return s.to(Lock)
}

func (s State) tried(e Event) State {
	switch {
	case e.What == Interrupted:
		return s.fail(Cancelled)
	case e.What == Done:
		s.locked = true
		return s.to(LookAgain)
	case s.Do == TryLock:
		return s.serve(s.Held) // it lasts, and somebody else will see to it
	case e.What == Lockless:
		return s.to(LookAgain)
	}
	return s.to(LookWaiting)
}

func (s State) lookedWaiting(e Event) State {
	switch {
	case s.renewed(e.Copy):
		return s.serve(e.Copy.Version)
	case s.Kind == Token && e.Copy.Gone:
		return s.fail(Missing)
	case s.failedMeanwhile(e.Copy):
		return s.share(e)
	case e.Waited >= WaitLimit:
		return s.fallBack(Locked, e.Left)
	case e.Waited >= TellAfter && !s.told:
		return s.to(Tell)
	}
	return s.to(Lock)
}

func (s State) lookedAgain(e Event) State {
	c := e.Copy
	switch {
	case s.Kind == Token && c.Gone:
		return s.fail(Missing)
	case s.renewed(c):
		return s.serve(c.Version)
	case s.failedMeanwhile(c):
		return s.share(e)
	case c.Version != 0 && !c.Renewable:
		return s.fallBack(Exhausted, e.Left)
	}
	if c.Version != 0 {
		s.Held, s.doubt, s.again = c.Version, c.Spent, false
	}
	switch {
	case s.Kind == Role:
		return s.to(Send)
	case c.Version != 0:
		return s.to(Check)
	case e.Held < tearing:
		s.again = true
		return s
	}
	// What was read before the lock was taken may be spent by now, and to send what
	// was spent long ago ends the session.
	return s.fallBack(Missing, e.Left)
}

func (s State) answered(e Event) State {
	switch e.What {
	case Issued:
		s.Issued, s.Reason = e.Issued, None
		return s.to(Guard)
	case Interrupted:
		return s.fail(Cancelled)
	case Refused:
		s.Reason = Denied
		if s.doubt && s.Kind == Token {
			s.Reason = AnswerLost
		}
		return s.unissued(e)
	case Lost:
		s.doubt, s.Reason = true, Unanswered
	case Unreached:
		if s.Reason != Unanswered {
			s.Reason = OutOfReach
		}
	default:
		if s.Reason != Unanswered {
			s.Reason = Undecided
		}
	}
	if s.sent++; s.sent < attempts && e.Held+AttemptLimit+GuardLimit <= HoldLimit {
		return s.to(Send)
	}
	return s.unissued(e)
}

// unissued goes on after a service that gave nothing. Somebody who knows no lock
// may have been quicker.
func (s State) unissued(e Event) State {
	if s.Kind == Token {
		return s.to(Guard)
	}
	return s.fallBack(s.Reason, e.Left)
}

func (s State) compared(e Event) State {
	c := e.Copy
	switch {
	case c.Gone && s.Kind == Role:
		return s.serve(s.Issued) // the caller's, and to leave no trace
	case s.renewed(c):
		s.reports = s.locked && s.Issued == 0 // that what was announced came to an end
		return s.serve(c.Version)
	case c.Gone:
		s.Issued = 0
		return s.fail(Missing)
	case s.Issued != 0:
		return s.to(Write)
	}
	return s.fallBack(s.Reason, e.Left)
}

// left is how long a copy is good for.
func (s State) left(c Copy) time.Duration {
	if c.Version == 0 || c.Version == s.Disowned {
		return 0
	}
	return c.Left
}

// renewed reports whether somebody else has done the work. How long what they got
// lasts does not matter, as long as it does: there may be no more to be had.
func (s State) renewed(c Copy) bool {
	return c.Version != s.Held && s.left(c) > 0
}

func (s State) failedMeanwhile(c Copy) bool { return c.Note != 0 && c.Note != s.note }

// share takes the failure of the flight that was waited for as the caller's own.
func (s State) share(e Event) State {
	if s.Kind == Role && e.Copy.Denied {
		return s.fail(Shared)
	}
	return s.fallBack(Shared, e.Left)
}

// serve ends with something to hand out.
func (s State) serve(v Version) State {
	s.Serves, s.Reason = v, None
	return s.leave()
}

// fail ends with nothing.
func (s State) fail(why Reason) State {
	s.Serves, s.Reason = 0, why
	return s.leave()
}

// fallBack ends without a renewal: with what is held, if that still lasts. A
// service that refuses a role is believed; a refused refresh says nothing of the
// access token there is.
func (s State) fallBack(why Reason, left time.Duration) State {
	switch why {
	case Unanswered, OutOfReach, Undecided, Denied, AnswerLost:
		s.reports = s.locked
	}
	s.Serves, s.Reason = 0, why
	if left > 0 && s.Held != 0 && s.Held != s.Disowned && (s.Kind == Token || why != Denied) {
		s.Serves = s.Held
	}
	return s.leave()
}

// leave gives back what is held, the last thing first.
func (s State) leave() State {
	switch {
	case s.guarded:
		return s.to(Release)
	case s.reports:
		return s.to(Report)
	case s.locked:
		return s.to(Unlock)
	case s.Serves != 0:
		return s.to(Serve)
	}
	return s.to(Fail)
}
