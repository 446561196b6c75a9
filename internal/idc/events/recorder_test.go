package events_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/events"
)

// memory is a Store in memory.
type memory struct {
	mu      sync.Mutex
	next    int64
	kept    []events.Event
	batches []int // their sizes
	asked   int   // how often it was asked
	refuse  func(batch []events.Event) error
	gate    chan struct{} // when not nil, InsertEvents waits for it
}

func (m *memory) InsertEvents(ctx context.Context, es []events.Event, keep int) error {
	if m.gate != nil {
		select {
		case <-m.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batches = append(m.batches, len(es))
	if m.refuse != nil {
		if err := m.refuse(es); err != nil {
			return err
		}
	}
	for _, e := range es {
		m.next++
		e.Sequence = m.next
		m.kept = append(m.kept, e)
	}
	if over := len(m.kept) - keep; over > 0 {
		m.kept = m.kept[over:]
	}
	return nil
}

func (m *memory) Events(ctx context.Context, q events.Query) (found []events.Event, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	for _, e := range m.kept {
		if e.Sequence > q.After && q.Match(e) && len(found) < q.Limit {
			found = append(found, e)
		}
	}
	return found, ctx.Err()
}

func (m *memory) sizes() []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.batches)
}

func (m *memory) timesAsked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}

func event(name, user string) events.Event {
	return events.Event{EventName: name, EventTime: time.Now(), UserIdentity: events.UserIdentity{UserName: user}}
}

func names(es []events.Event) (names []string) {
	for _, e := range es {
		names = append(names, e.EventName)
	}
	return names
}

// bubble runs a test with a Recorder that is closed at its end.
func bubble(t *testing.T, test func(t *testing.T, m *memory, r *events.Recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := new(memory)
		r := &events.Recorder{Store: m, Log: slog.New(slog.DiscardHandler)}
		test(t, m, r)
		_ = r.Close()
	})
}

func query(t *testing.T, r *events.Recorder, q events.Query, wait time.Duration) []events.Event {
	t.Helper()
	es, err := r.Query(t.Context(), q, wait)
	if err != nil {
		t.Fatalf("Query(%+v): %v", q, err)
	}
	return es
}

// A query sees what was recorded before it, and no time passes for it.
func TestQueryFlushes(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		began := time.Now()
		for i := range 100 {
			r.Record(event(fmt.Sprint(i), "alice"))
			if got := query(t, r, events.Query{}, 0); len(got) != i+1 || got[i].EventName != fmt.Sprint(i) || got[i].Sequence != int64(i+1) {
				t.Fatalf("after %d: %v", i+1, names(got))
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %s", took)
		}
	})
}

// What comes together is written together, soon and without being asked; and
// with nothing to write there is no goroutine that a bubble would wait for.
func TestBatches(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		for range 30 {
			r.Record(event("a", ""), event("b", ""))
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if sizes := m.sizes(); len(sizes) != 0 {
			t.Errorf("written at once: %v", sizes)
		}
		time.Sleep(100 * time.Millisecond)
		if sizes := m.sizes(); !slices.Equal(sizes, []int{60}) {
			t.Errorf("batches %v, want one of 60", sizes)
		}
		time.Sleep(time.Hour)
		r.Record(slices.Repeat([]events.Event{event("c", "")}, 2500)...)
		synctest.Wait()
		if sizes := m.sizes(); !slices.Equal(sizes, []int{60, 1000, 1000, 500}) {
			t.Errorf("batches %v, want then 1000, 1000 and 500 at once", sizes)
		}
		r.Record(event("d", ""))
		time.Sleep(time.Millisecond) // it waits for company
		r.Record(slices.Repeat([]events.Event{event("d", "")}, 999)...)
		synctest.Wait()
		if sizes := m.sizes(); len(sizes) != 5 || sizes[4] != 1000 {
			t.Errorf("batches %v, want then one of 1000 as soon as it is full", sizes)
		}
	})
}

// Whatever many record at once is there in one order, exactly once; each one's
// events are in their order, and those of one call are together.
func TestConcurrentRecords(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		const writers, calls = 50, 100
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for c := range calls {
					var es []events.Event
					for part := range 1 + c%3 {
						es = append(es, event(fmt.Sprintf("%d %d", c, part), fmt.Sprint(w)))
					}
					r.Record(es...)
					if c%10 == w%10 {
						q := events.Query{User: fmt.Sprint(w), Operation: fmt.Sprintf("%d *", c), Limit: 10}
						if got := query(t, r, q, 0); len(got) != len(es) {
							t.Errorf("writer %d sees %d of its %d events", w, len(got), len(es))
						}
					}
				}
			})
		}
		all.Wait()
		got := query(t, r, events.Query{Limit: 1_000_000}, 0)
		next := map[string][2]int{}
		for i, e := range got {
			w := e.UserIdentity.UserName
			at := next[w]
			if want := fmt.Sprintf("%d %d", at[0], at[1]); e.EventName != want || e.Sequence != int64(i+1) {
				t.Fatalf("event %d has sequence %d and is writer %s's %q, want %q", i, e.Sequence, w, e.EventName, want)
			}
			if at[1] > 0 && got[i-1].UserIdentity.UserName != w {
				t.Fatalf("events of one call are torn apart at %d", i)
			}
			if at[1]++; at[1] > at[0]%3 {
				at = [2]int{at[0] + 1, 0}
			}
			next[w] = at
		}
		for w, at := range next {
			if at != [2]int{calls, 0} {
				t.Errorf("writer %s: ends at %v", w, at)
			}
		}
		if len(next) != writers {
			t.Errorf("%d writers, want %d", len(next), writers)
		}
	})
}

func TestQueryWaits(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		r.Record(event("CreateToken", "alice"))
		began := time.Now()
		if got := query(t, r, events.Query{User: "alice"}, time.Minute); len(got) != 1 || time.Since(began) != 0 {
			t.Errorf("waits although there is something: %v after %s", names(got), time.Since(began))
		}
		go func() {
			for range 10 {
				time.Sleep(time.Second)
				r.Record(event("CreateToken", "bob"))
			}
			r.Record(event("Logout", "alice"), event("CreateToken", "Alice"))
		}()
		before := m.timesAsked()
		got := query(t, r, events.Query{After: 1, User: "alice", Operation: "create*"}, time.Minute)
		if took := time.Since(began); took != 10*time.Second || len(got) != 1 || got[0].Sequence != 13 {
			t.Errorf("%v after %s, want the second of alice's after 10s", names(got), took)
		}
		if asked := m.timesAsked() - before; asked != 2 {
			t.Errorf("asked the store %d times, want twice: others' events do not matter", asked)
		}
	})
}

func TestQueryWaitsInVain(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		began := time.Now()
		if got := query(t, r, events.Query{}, 25*time.Second); len(got) != 0 || time.Since(began) != 25*time.Second {
			t.Errorf("%v after %s, want nothing after 25s", names(got), time.Since(began))
		}

		// Positions beyond the end are of no event.
		r.Record(event("a", ""))
		if got := query(t, r, events.Query{After: 99}, time.Second); len(got) != 0 {
			t.Errorf("%v", names(got))
		}

		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began = time.Now()
		if _, err := r.Query(ctx, events.Query{User: "nobody"}, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("given up after 3s: %v after %s", err, time.Since(began))
		}

		go func() {
			time.Sleep(5 * time.Second)
			_ = r.Close()
		}()
		began = time.Now()
		if got := query(t, r, events.Query{User: "nobody"}, time.Hour); len(got) != 0 || time.Since(began) != 5*time.Second {
			t.Errorf("closed after 5s: %v after %s", names(got), time.Since(began))
		}
	})
}

// Many who wait are all served, and leave nothing behind.
func TestManyWait(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				if got := query(t, r, events.Query{Operation: fmt.Sprintf("op%d", i%10)}, time.Minute); len(got) != 1 {
					t.Errorf("%d: %v", i, names(got))
				}
			})
		}
		synctest.Wait()
		for i := range 10 {
			r.Record(event(fmt.Sprintf("Op%d", i), ""))
		}
		began := time.Now()
		all.Wait()
		if took := time.Since(began); took != 0 {
			t.Errorf("served after %s", took)
		}
		asked := m.timesAsked()
		batches := len(m.sizes())
		r.Record(event("op1", ""))
		synctest.Wait()
		if len(m.sizes()) != batches {
			t.Error("nobody waits any more, but events are written one by one")
		}
		time.Sleep(time.Second)
		if m.timesAsked() != asked {
			t.Error("somebody still waits")
		}
	})
}

func TestPatterns(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		for _, q := range []events.Query{{User: "[a"}, {Operation: `x\`}} {
			_, err := r.Query(t.Context(), q, time.Hour)
			if _, ok := errors.AsType[*events.InvalidError](err); !ok || !strings.Contains(err.Error(), "write a name with * and ?") {
				t.Errorf("%+v: %v", q, err)
			}
		}
	})
}

func TestLimit(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		r.Record(slices.Repeat([]events.Event{event("a", "")}, 1500)...)
		if got := query(t, r, events.Query{}, 0); len(got) != 1000 || got[0].Sequence != 1 {
			t.Errorf("%d events without a limit, want the first 1000", len(got))
		}
		if got := query(t, r, events.Query{After: 1000, Limit: 3}, 0); len(got) != 3 || got[0].Sequence != 1001 {
			t.Errorf("%d events", len(got))
		}
	})
}

func TestKeep(t *testing.T) {
	for keep, want := range map[int]int{0: 100_000, 20: 20} {
		bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
			r.Keep = keep
			for range 110_000 / 1000 {
				r.Record(slices.Repeat([]events.Event{event("a", "")}, 1000)...)
			}
			got := query(t, r, events.Query{Limit: 1_000_000}, 0)
			if len(got) != want || got[want-1].Sequence != 110_000 {
				t.Errorf("keep %d: %d events", keep, len(got))
			}
		})
	}
}

// A store that stands still holds nobody up until the queue is full, and then it
// does; nothing is lost.
func TestBackpressure(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		m.gate = make(chan struct{})
		for i := range 10_000 {
			r.Record(event(fmt.Sprint(i), ""))
		}
		recorded := 0
		go func() {
			for i := range 5000 {
				r.Record(event(fmt.Sprint(10_000+i), ""))
				recorded++
			}
		}()
		synctest.Wait()
		if recorded != 0 {
			t.Errorf("%d more than the queue holds", recorded)
		}
		close(m.gate)
		time.Sleep(time.Second)
		synctest.Wait()
		if recorded != 5000 {
			t.Errorf("%d recorded", recorded)
		}
		got := query(t, r, events.Query{Limit: 100_000}, 0)
		for i, e := range got {
			if e.EventName != fmt.Sprint(i) {
				t.Fatalf("event %d is %s", i, e.EventName)
			}
		}
		if len(got) != 15_000 {
			t.Errorf("%d events", len(got))
		}
	})
}

// A query that is given up returns, though the store stands still.
func TestQueryGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		m.gate = make(chan struct{})
		r.Record(event("a", ""))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := r.Query(ctx, events.Query{}, 0); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		close(m.gate)
	})
}

// What a store refuses once is tried again; what it refuses twice is told, given
// up, and not in the way of what comes later.
func TestFailingStore(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		var log strings.Builder
		r.Log = slog.New(slog.NewTextHandler(&log, nil))
		broken := errors.New("the disk is full")
		fails := 1
		m.refuse = func([]events.Event) error {
			if fails--; fails >= 0 {
				return broken
			}
			return nil
		}
		r.Record(event("a", ""), event("b", ""))
		if got := names(query(t, r, events.Query{}, 0)); !slices.Equal(got, []string{"a", "b"}) || log.Len() > 0 {
			t.Errorf("refused once: %v, log %s", got, log.String())
		}

		fails = 2
		r.Record(event("c", ""), event("d", ""))
		time.Sleep(time.Second)
		r.Record(event("e", ""))
		if got := names(query(t, r, events.Query{}, 0)); !slices.Equal(got, []string{"a", "b", "e"}) {
			t.Errorf("refused twice: %v", got)
		}
		if line := log.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "the disk is full") || !strings.Contains(line, "events=2") {
			t.Errorf("log: %s", line)
		}
		if err := r.Close(); !errors.Is(err, broken) {
			t.Errorf("Close says %v", err)
		}
	})
}

// With a store that takes nothing at all, recording goes on, and what waits does
// not grow.
func TestStoreThatTakesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		largest, failed := 0, 0
		m.refuse = func(batch []events.Event) error {
			largest = max(largest, len(batch))
			failed += len(batch)
			return errors.New("no")
		}
		const all = 50_000
		for range all {
			r.Record(event("a", ""))
		}
		if got := query(t, r, events.Query{}, 0); len(got) != 0 {
			t.Errorf("%v", names(got))
		}
		if largest > 1000 || failed != 2*all {
			t.Errorf("batches of up to %d, %d attempts at events", largest, failed)
		}
	})
}

// A store that hangs is given up too.
func TestStoreThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		m.gate = make(chan struct{})
		r.Record(event("a", ""))
		began := time.Now()
		if err := r.Close(); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Minute {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestClose(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) {
		r.Record(event("a", ""))
		began := time.Now()
		for range 2 {
			if err := r.Close(); err != nil || len(m.kept) != 1 || time.Since(began) != 0 {
				t.Errorf("Close: %v, %d events kept, after %s", err, len(m.kept), time.Since(began))
			}
		}
		r.Record(event("b", ""))
		time.Sleep(time.Hour)
		if got := names(query(t, r, events.Query{}, time.Hour)); !slices.Equal(got, []string{"a"}) {
			t.Errorf("recorded after Close: %v", got)
		}
	})
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) { // never used
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	bubble(t, func(t *testing.T, m *memory, r *events.Recorder) { // with some that wait for room
		m.gate = make(chan struct{})
		r.Record(slices.Repeat([]events.Event{event("a", "")}, 10_000)...)
		for range 10 {
			go r.Record(event("late", ""))
		}
		synctest.Wait()
		go func() {
			time.Sleep(time.Second)
			close(m.gate)
		}()
		if err := r.Close(); err != nil || len(m.kept) != 10_000 {
			t.Errorf("Close: %v, %d events kept", err, len(m.kept))
		}
	})
}

// nowhere is a Store that costs nothing.
type nowhere struct{}

func (nowhere) InsertEvents(context.Context, []events.Event, int) error { return nil }

func (nowhere) Events(context.Context, events.Query) ([]events.Event, error) { return nil, nil }

func BenchmarkRecord(b *testing.B) {
	r := &events.Recorder{Store: nowhere{}}
	e := event("ListAccounts", "alice")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r.Record(e)
		}
	})
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}
