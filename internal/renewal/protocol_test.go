package renewal

import (
	"testing"
	"time"
)

// However long everything takes, the lock is held for 30 seconds and waited for 45
// at the most, and a wait of more than a second is told, once.
func TestLimits(t *testing.T) {
	stale := Copy{Version: 1, Renewable: true}
	for _, answer := range []What{Issued, Lost, Unreached, Trouble, Refused} {
		for _, kind := range []Kind{Token, Role} {
			var held time.Duration
			s, sent, taken := Begin(kind, 0), 0, false
			for steps := 0; !s.Over(); steps++ {
				if steps > 100 {
					t.Fatalf("%v, answer %d: no end", kind, answer)
				}
				e := Event{What: Done, Copy: stale, Issued: 2}
				switch s.Do {
				case Look, LookAgain, Compare:
					e.What = Found
				case Lock:
					taken = true
				case Send:
					sent++
					e.What = answer
					held += s.Pause() + AttemptLimit
				case Guard:
					e.What = Lockless
					held += GuardLimit
				case Unlock:
					if !taken || held > HoldLimit {
						t.Errorf("kind %d, answer %d: the lock was held for %v, want %v at the most", kind, answer, held, HoldLimit)
					}
					taken = false
				}
				e.Held = held
				s = s.Step(e)
			}
			want := 1
			if answer == Lost || answer == Unreached {
				want = attempts
			}
			if taken || sent < want || sent > attempts {
				t.Errorf("kind %d, answer %d: sent %d times, still locked: %v", kind, answer, sent, taken)
			}
		}
	}
	told, waited := 0, time.Duration(0)
	s := Begin(Token, 0)
	for !s.Over() {
		e := Event{What: Found, Copy: stale, Waited: waited}
		switch s.Do {
		case Lock:
			e.What, e.Waited = Busy, waited+round
			waited += round
		case Tell:
			if told++; waited < TellAfter || waited > TellAfter+round {
				t.Errorf("told after %v, want %v", waited, TellAfter)
			}
		}
		s = s.Step(e)
	}
	if s.Do != Fail || s.Reason != Locked || waited != WaitLimit || told != 1 {
		t.Errorf("got %v for reason %d after %v, told %d times", s.Do, s.Reason, waited, told)
	}
}

// With 10 to 15 minutes left nobody waits; with less, everybody does, and what
// still lasts is what there is when it comes to nothing.
func TestAheadOfExpiry(t *testing.T) {
	for _, tt := range []struct {
		left   time.Duration
		recent bool
		want   Do
	}{
		{time.Hour, false, Serve},
		{Margin, false, Serve},
		{Margin - time.Second, false, TryLock},
		{Margin - time.Second, true, Serve},
		{Patience + time.Second, false, TryLock},
		{Patience, false, Lock},
		{Patience, true, Lock},
		{0, false, Lock},
		{-time.Hour, true, Lock},
	} {
		for _, kind := range []Kind{Token, Role} {
			s := Begin(kind, 0).Step(Event{Copy: Copy{Version: 1, Left: tt.left, Renewable: true, Recent: tt.recent, Note: 1}})
			if s.Do != tt.want {
				t.Errorf("%v left: got %v, want %v", tt.left, s.Do, tt.want)
			}
			if s.Do != TryLock {
				continue
			}
			for _, what := range []What{Busy, Lockless} {
				if s := s.Step(Event{What: what, Left: tt.left}); s.Do != Serve || s.Serves != 1 {
					t.Errorf("%v left and no lock: got %v", tt.left, s.Do)
				}
			}
		}
	}
	// What the service disowns is over, whatever date it bears.
	s := Begin(Token, 1).Step(Event{Copy: Copy{Version: 1, Left: time.Hour, Renewable: true}})
	if s.Do != Lock {
		t.Errorf("disowned: got %v, want lock", s.Do)
	}
	if s = s.Step(Event{What: Done}).Step(Event{Copy: Copy{Version: 1, Left: time.Hour}, Left: time.Hour}); s.Serves != 0 {
		t.Error("disowned, and served")
	}
}

// What cannot be read is looked at again for a second, not at every turn of the
// processor, and nothing is sent that was not read under the lock.
func TestUnreadable(t *testing.T) {
	stale := Copy{Version: 1, Renewable: true}
	s := Begin(Token, 0).Step(Event{Copy: stale}).Step(Event{What: Done})
	held, looks := time.Duration(0), 0
	for ; s.Do == LookAgain; looks++ {
		held += s.Pause()
		s = s.Step(Event{Held: held})
	}
	if s.Do != Unlock || s.Reason != Missing || looks < 5 || looks > 15 {
		t.Errorf("got %v for reason %d after %d looks", s.Do, s.Reason, looks)
	}
	s = Begin(Token, 0).Step(Event{Copy: stale}).Step(Event{What: Done}).Step(Event{}).Step(Event{Copy: stale})
	if s.Do != Check || s.Pause() != 0 {
		t.Errorf("got %v, want check: it can be read again", s.Do)
	}
}

// A wall clock that is set back does not make anything last longer, nor does one
// that stood still while the machine slept.
func TestBothClocks(t *testing.T) {
	now := time.Now()
	for name, tt := range map[string]struct {
		s    sighting[int]
		want time.Duration
	}{
		"agreed":      {sighting[int]{Stored: Stored[int]{Expires: now.Add(time.Hour)}, until: now.Add(time.Hour)}, time.Hour},
		"set back":    {sighting[int]{Stored: Stored[int]{Expires: now.Add(2 * time.Hour)}, until: now.Add(time.Minute)}, time.Minute},
		"was asleep":  {sighting[int]{Stored: Stored[int]{Expires: now.Add(time.Minute)}, until: now.Add(time.Hour)}, time.Minute},
		"set forward": {sighting[int]{Stored: Stored[int]{Expires: now.Add(-time.Hour)}, until: now.Add(time.Hour)}, -time.Hour},
	} {
		if got := tt.s.left(); (got - tt.want).Abs() > time.Minute/2 {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
