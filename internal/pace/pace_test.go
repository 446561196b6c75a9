package pace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/pace"
)

// tooMany is a refusal.
type tooMany struct{ after time.Duration }

func (tooMany) Error() string { return "too many requests" }

func refused(err error) (time.Duration, bool) {
	e, ok := errors.AsType[tooMany](err)
	return e.after, ok
}

// A bucket is the service's side.
type bucket struct {
	rate    func(since time.Duration) float64 // calls a second; 0: no limit
	burst   float64
	latency func() time.Duration
	after   time.Duration // Retry-After of its refusals

	mu       sync.Mutex
	began    time.Time
	tokens   float64
	filled   time.Time
	wasted   float64 // tokens that came into a full bucket
	passes   int
	refusals int
}

func (b *bucket) start() {
	if !b.began.IsZero() {
		return
	}
	b.began = time.Now()
	b.tokens, b.filled = b.burst, b.began
}

func (b *bucket) fill() {
	// The rate changes at whole seconds alone.
	for now := time.Now(); b.filled.Before(now); {
		since := b.filled.Sub(b.began)
		until := b.began.Add(since.Truncate(time.Second) + time.Second)
		if until.After(now) {
			until = now
		}
		b.tokens += until.Sub(b.filled).Seconds() * b.rate(since)
		if b.tokens > b.burst {
			b.wasted += b.tokens - b.burst
			b.tokens = b.burst
		}
		b.filled = until
	}
}

func (b *bucket) take(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill()
	if b.rate(time.Since(b.began)) > 0 && b.tokens < float64(n)-1e-9 {
		return false
	}
	b.tokens -= float64(n)
	return true
}

func (b *bucket) call(ctx context.Context) error {
	trip := b.latency()
	select {
	case <-time.After(trip / 2):
	case <-ctx.Done():
		return ctx.Err()
	}
	ok := b.take(1)
	b.mu.Lock()
	if ok {
		b.passes++
	} else {
		b.refusals++
	}
	b.mu.Unlock()
	select {
	case <-time.After(trip - trip/2):
	case <-ctx.Done():
		return ctx.Err()
	}
	if !ok {
		return tooMany{b.after}
	}
	return nil
}

// ideal is the least time in which calls can pass.
func (b *bucket) ideal(calls int) time.Duration {
	tokens, t := b.burst, time.Duration(0)
	for ; tokens < float64(calls); t += 10 * time.Millisecond {
		r := b.rate(t)
		if r == 0 {
			break
		}
		tokens += r / 100
	}
	return t
}

// run makes calls through a pacer, and says how long they took.
func run(t *testing.T, b *bucket, calls int) time.Duration {
	b.start()
	p := pace.New(refused)
	var all sync.WaitGroup
	jobs := make(chan int)
	for range pace.Window + 8 {
		all.Go(func() {
			for range jobs {
				if err := p.Do(t.Context(), b.call); err != nil {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	for i := range calls {
		jobs <- i
	}
	close(jobs)
	all.Wait()
	if b.passes != calls {
		t.Errorf("%d calls passed, want %d", b.passes, calls)
	}
	return time.Since(b.began)
}

func constant(r float64) func(time.Duration) float64 { return func(time.Duration) float64 { return r } }

func even(trip time.Duration) func() time.Duration { return func() time.Duration { return trip } }

// calls are those of a thousand accounts.
const calls = 1010

// hold checks what a run took against what the limit allows, in parts of a hundred.
func hold(t *testing.T, b *bucket, late, refusals float64) {
	t.Helper()
	took, ideal := run(t, b, calls), b.ideal(calls)
	lateness := 100 * (took.Seconds()/ideal.Seconds() - 1)
	share := 100 * float64(b.refusals) / float64(calls+b.refusals)
	t.Logf("%.1f s, at best %.1f s: %+.1f %%; refused %.1f %%", took.Seconds(), ideal.Seconds(), lateness, share)
	if lateness > late || share > refusals {
		t.Errorf("took %.1f s, %.1f %% more than the %.1f s that are possible, and %.1f %% of the calls were refused; want %g %% and %g %% at most",
			took.Seconds(), lateness, ideal.Seconds(), share, late, refusals)
	}
}

// What the limit allows is used, whatever it is, and few calls find it out.
func TestLimits(t *testing.T) {
	for _, rate := range []float64{5, 10, 20, 50} {
		for _, burst := range []float64{1, 5, 10, 40, 100} {
			for _, trip := range []time.Duration{10, 40, 200} {
				late, refusals := 5.0, 11.0
				switch {
				case burst < 10 && rate == 50:
					continue // it empties before one notices that it was full
				case rate == 20 && burst == 40 && trip < 200:
					refusals = 4 // what AWS is said to have
				case trip == 200 && burst > 1:
					late, refusals = 8, 13 // four to ten calls are on their way when one is refused
				case burst == 1:
					late, refusals = 20, 15 // it has nothing left for a call that comes too early
				}
				t.Run(fmt.Sprintf("rate %g burst %g trip %d", rate, burst, trip), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						hold(t, &bucket{rate: constant(rate), burst: burst, latency: even(trip * time.Millisecond)}, late, refusals)
					})
				})
			}
		}
	}
}

// Answers that take their time unevenly make calls arrive so.
func TestUnevenTrips(t *testing.T) {
	for _, rate := range []float64{5, 20} {
		for _, burst := range []float64{5, 40} {
			t.Run(fmt.Sprintf("rate %g burst %g", rate, burst), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := rand.New(rand.NewPCG(1, 2))
					var mu sync.Mutex
					hold(t, &bucket{rate: constant(rate), burst: burst, latency: func() time.Duration {
						mu.Lock()
						defer mu.Unlock()
						return time.Duration((20 + r.ExpFloat64()*40) * float64(time.Millisecond))
					}}, 5, 15)
				})
			})
		}
	}
}

// What others leave changes.
func TestChanges(t *testing.T) {
	for _, c := range []struct {
		name  string
		rate  func(time.Duration) float64
		burst float64
		late  float64
	}{
		{"5, then 20", func(d time.Duration) float64 { return by(d < time.Minute, 5, 20) }, 40, 5},
		{"5, then 20 with a small burst", func(d time.Duration) float64 { return by(d < time.Minute, 5, 20) }, 10, 5},
		{"20, then 5", func(d time.Duration) float64 { return by(d < 20*time.Second, 20, 5) }, 40, 5},
		{"20, then 5 with a small burst", func(d time.Duration) float64 { return by(d < 20*time.Second, 20, 5) }, 5, 5},
		{"5 and 20 by turns", func(d time.Duration) float64 { return by(int(d.Seconds())/20%2 == 0, 5, 20) }, 40, 5},
		{"20 and 2 by turns", func(d time.Duration) float64 { return by(int(d.Seconds())/15%2 == 0, 20, 2) }, 40, 25},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hold(t, &bucket{rate: c.rate, burst: c.burst, latency: even(40 * time.Millisecond)}, c.late, 12)
			})
		})
	}
}

func by(first bool, a, b float64) float64 {
	if first {
		return a
	}
	return b
}

// A service that says when to come again is obeyed to the letter.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold(t, &bucket{rate: constant(20), burst: 40, after: time.Second, latency: even(40 * time.Millisecond)}, 5, 5)
	})
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(refused)
		began := time.Now()
		var sent []time.Duration
		call := func(context.Context) error {
			sent = append(sent, time.Since(began))
			if len(sent) == 1 {
				return tooMany{7 * time.Second}
			}
			return nil
		}
		if err := errors.Join(p.Do(t.Context(), call), p.Do(t.Context(), call)); err != nil {
			t.Fatal(err)
		}
		if len(sent) != 3 || sent[1] != 7*time.Second || sent[2] < sent[1] {
			t.Errorf("calls went out at %v, want the second after 7 s", sent)
		}
	})
}

// A rival takes what it takes, and together nothing is left over.
func TestRival(t *testing.T) {
	for _, every := range []time.Duration{time.Second / 15, time.Second / 10} {
		synctest.Test(t, func(t *testing.T) {
			b := &bucket{rate: constant(20), burst: 40, latency: even(40 * time.Millisecond)}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var rival sync.WaitGroup
			got := 0
			b.start()
			rival.Go(func() {
				for ctx.Err() == nil {
					if b.take(1) {
						got++
					}
					time.Sleep(every)
				}
			})
			took := run(t, b, calls)
			cancel()
			rival.Wait()
			if rate := float64(got+calls-40) / took.Seconds(); rate < 19 {
				t.Errorf("both together had %.1f calls a second, want 20", rate)
			}
			if b.refusals > calls/8 {
				t.Errorf("%d calls were refused", b.refusals)
			}
		})
	}
}

func TestUnlimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{rate: constant(0), latency: even(40 * time.Millisecond)}
		if took := run(t, b, calls); took > 1500*time.Millisecond || b.refusals > 0 {
			t.Errorf("took %v with %d refusals", took, b.refusals)
		}
	})
}

// Other errors are the caller's, and so is the end of patience and of ctx.
func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(refused)
		other := errors.New("forbidden")
		if err := p.Do(t.Context(), func(context.Context) error { return other }); err != other {
			t.Errorf("got %v, want the call's own error", err)
		}
		began, tries := time.Now(), 0
		err := p.Do(t.Context(), func(context.Context) error { tries++; return tooMany{} })
		if _, ok := refused(err); !ok || time.Since(began) < 2*time.Minute || time.Since(began) > 3*time.Minute || tries > 50 {
			t.Errorf("got %v after %v and %d tries, want the refusal after two minutes", err, time.Since(began), tries)
		}
		began = time.Now()
		err = p.Do(t.Context(), func(context.Context) error { return tooMany{time.Hour} })
		if _, ok := refused(err); !ok || time.Since(began) > time.Minute {
			t.Errorf("got %v after %v where the service wants nothing for an hour, want the refusal", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Do(ctx, func(context.Context) error { return tooMany{time.Minute} }); err == nil {
			t.Error("got nil, want an error when the context ends")
		}
	})
}

// A caller that pauses for other reasons does not make the limit look lower.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{rate: constant(20), burst: 40, latency: even(40 * time.Millisecond)}
		b.start()
		p := pace.New(refused)
		batch := func() time.Duration {
			began := time.Now()
			var all sync.WaitGroup
			for range 200 {
				all.Go(func() {
					if err := p.Do(t.Context(), b.call); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			return time.Since(began)
		}
		batch()
		for range 5 {
			time.Sleep(30 * time.Second)
			if took := batch(); took > 11*time.Second {
				t.Errorf("200 calls took %v after a pause, want 8 to 10 s", took)
			}
		}
	})
}
