package pace

import (
	"math"
	"time"
)

const (
	// usual is the rate that is tried when a service refuses for the first time, in
	// calls a second: what AWS publishes for the access portal.
	usual = 20
	// usualBurst is what a full bucket may hold: so much of what passed before the
	// first refusal says nothing of the rate.
	usualBurst = 100
	// opening is how many calls are under way at first.
	opening = 8
	// reserve is how many calls the bucket is left to gather after a refusal, so that
	// calls that arrive unevenly do not meet an empty one.
	reserve = 4
	// slowest is how long to wait for a try when everything is refused.
	slowest = 5 * time.Second
	// The pace rises so that after a while of these lengths it has drawn all that a
	// bucket of the rate that is thought can have: the shorter after the limit has
	// changed, the longer while it does not.
	shortProbe, longProbe = 1200 * time.Millisecond, 7 * time.Second
	// doubling is how soon the pace doubles when the bucket has given more than that.
	doubling = 300 * time.Millisecond
	// Fewer calls than these say nothing of the rate, or not enough to forget what was
	// measured before.
	few, enough = 3, 12
	// boundless is a pace that nobody keeps.
	boundless = 1e5
	// obeyed is how many times longer than the pause that a refusal asks for it takes
	// to the next one: pauses must not cost more than a few calls in a hundred.
	obeyed = 25
)

// A limit is what is known of a token bucket, from when calls were sent and which
// of them passed.
type limit struct {
	known bool    // it has refused: before that there is none
	rate  float64 // at which it fills, in calls a second, as far as is known

	empty  time.Time // when it last was; before the first refusal, when calling began
	passed int       // calls sent since then that passed
	burst  float64   // the most it was seen to hold
	first  time.Time // when the first refusal was heard of

	marked  time.Time // when measuring began, with the bucket empty
	counted int       // calls sent since then that passed
	last    time.Time // when the last of those was sent

	probe  time.Duration
	resume time.Time // nothing is sent before
	held   time.Time // when that was decided: what was sent before belongs to the same refusal
	next   time.Time // when the next call is due
	proven time.Time // since when it is clear that the rate is higher; zero: it is not

	asked    time.Duration // the last pause that the service asked for
	trip     time.Duration // how long calls take
	answered time.Time     // when one last passed
}

// due is when the next call may be sent.
func (l *limit) due(now time.Time) time.Time {
	if l.answered.IsZero() {
		l.answered, l.empty, l.marked, l.probe = now, now, now, shortProbe
	}
	if !l.known {
		return now
	}
	if l.next.Before(l.resume) {
		return l.resume
	}
	return l.next
}

// window is how many calls may be under way.
func (l *limit) window() int {
	if l.known {
		return Window
	}
	return min(Window, opening+l.counted/5)
}

// send tells that a call is sent.
func (l *limit) send(now time.Time) {
	if !l.known {
		return
	}
	pause := time.Duration(float64(time.Second) / l.pace(now))
	due := l.due(now)
	if late := now.Sub(due); late > pause+100*time.Millisecond {
		// There was nothing to send: that says nothing of the rate.
		l.empty, l.marked, l.last = l.empty.Add(late), l.marked.Add(late), l.last.Add(late)
		l.resume = l.resume.Add(late)
		due = now
	}
	l.next = due.Add(pause)
}

// pace is how many calls a second are right now.
func (l *limit) pace(now time.Time) float64 {
	rise := 2 * (l.reserve() + 1) / (l.rate * l.probe.Seconds() * l.probe.Seconds())
	if l.reserve() == 0 {
		rise /= 4 // any call too early is refused
	}
	at := func(t time.Time) float64 { return l.rate * (1 + rise*max(0, t.Sub(l.resume).Seconds())) }
	if l.proven.IsZero() {
		return at(now)
	}
	doubled := now.Sub(l.proven).Seconds() / max(doubling, 4*l.trip).Seconds()
	return min(at(l.proven)*math.Exp2(1+min(doubled, 20)), boundless)
}

func (l *limit) reserve() float64 {
	return max(0, min(reserve, math.Floor((l.burst-1)/2)))
}

// pass tells that a call has passed.
func (l *limit) pass(sent, now time.Time) {
	l.answered = now
	l.trip += (now.Sub(sent) - l.trip) / 8
	if !l.known || sent.After(l.marked) {
		l.counted++
		if sent.After(l.last) {
			l.last = sent
		}
	}
	if l.known && !sent.After(l.first) {
		l.burst++ // of the full bucket, though its answer comes after the refusal
	}
	if l.known && !sent.After(l.empty) {
		return
	}
	l.passed++
	if l.known && l.proven.IsZero() && l.surplus(sent) > l.most() {
		l.proven = now
	}
}

// surplus is how many calls more have passed than came into the bucket.
func (l *limit) surplus(now time.Time) float64 {
	return float64(l.passed) - l.rate*now.Sub(l.empty).Seconds()
}

// most is how many more can have passed at the rate that is thought.
func (l *limit) most() float64 {
	if l.reserve() == 0 {
		// Of a bucket that holds next to nothing some is always lost, so that the rate
		// is a little more than what was measured.
		return 1.5 + 0.06*float64(l.passed)
	}
	return l.reserve() + 1.5
}

// refuse tells that a call was refused, and for how long the service wants none.
func (l *limit) refuse(sent, now time.Time, after time.Duration) {
	if l.known && !sent.After(l.held) {
		// It was on its way when another was refused.
		if sent.After(l.empty) {
			l.empty, l.passed = sent, 0
		}
	} else {
		nothing := l.known && l.passed <= 0
		l.measure(sent)
		gather := l.reserve() + 1
		if nothing {
			gather = 1
		}
		l.known, l.empty, l.passed, l.proven = true, sent, 0, time.Time{}
		l.hold(now, sent.Add(l.filling(gather)))
	}
	if until := now.Add(after); after > 0 && until.After(l.resume) {
		l.hold(now, until)
		// What it gathers during the pause is not counted: it may be full.
		gathered := l.reserve() + 1
		l.empty = until.Add(-l.filling(gathered))
		l.mark(l.empty)
		l.counted = -int(max(0, min(l.burst, l.rate*after.Seconds())-gathered))
		l.passed, l.asked = l.counted, after
		l.probe = max(l.probe, obeyed*after/5)
	}
}

// filling is how long it takes until so many calls more may pass.
func (l *limit) filling(calls float64) time.Duration {
	return time.Duration(calls / l.rate * float64(time.Second))
}

// hold sends nothing before until.
func (l *limit) hold(now, until time.Time) {
	if until.Before(now) {
		until = now
	}
	l.held, l.resume, l.next = now, until, until
}

// mark begins a measurement, at a time when the bucket is empty.
func (l *limit) mark(at time.Time) { l.marked, l.counted, l.last = at, 0, at }

// measure finds the rate by a refusal: since the mark, no more than one call more
// has come into the bucket than has passed, and no less than one less.
func (l *limit) measure(sent time.Time) {
	took := max(sent.Sub(l.marked), time.Millisecond).Seconds()
	count := float64(l.counted)
	thought := l.rate
	switch {
	case !l.known:
		// The bucket was full at first.
		l.rate = max(usual, (count-usualBurst)/took)
		l.burst, l.first = count-l.rate*took, sent
		l.mark(sent)
		return
	case !l.proven.IsZero():
		// The bucket was full for some of the time, so the rate may be more than what
		// was measured. If it is not, the next refusals say so at once.
		if much := l.surplus(sent); much > 10 {
			l.burst = max(l.burst, much/2)
		}
		l.rate = max((count+1)/took, 1/slowest.Seconds())
		if l.asked == 0 {
			l.rate = max(l.rate, l.pace(sent)*0.7)
		}
		l.probe = shortProbe / 2
		l.mark(sent)
		return
	case l.passed <= 0 && l.counted < few:
		l.rate /= 2
		if l.reserve() == 0 {
			l.mark(sent)
		}
	case l.reserve() == 0:
		// A bucket that holds next to nothing refuses as soon as the pace is above the
		// rate, and what it was given when it was full is lost to the measurement.
		l.rate = min(l.pace(sent)*0.97, (count+1)/took)
		l.mark(sent)
	case l.counted < enough:
		l.rate = min(l.rate*0.96, (count+1)/took)
	default:
		l.rate = (l.rate + count/took) / 2
		l.rate = max(l.rate, (count-1)/max(l.last.Sub(l.marked).Seconds(), took/2))
		l.rate = min(l.rate, (count+1)/took)
		l.mark(sent)
	}
	l.rate = max(l.rate, 1/slowest.Seconds())
	if math.Abs(l.rate-thought) < thought/8 {
		// Where the limit is low, more is lost by not seeing that it has risen.
		longest := time.Duration(float64(longProbe) * min(1, max(0.35, math.Pow(l.rate/usual, 0.75))))
		l.probe = max(l.probe, min(l.probe*2, max(longest, obeyed*l.asked)))
	} else {
		l.probe = shortProbe
	}
}
