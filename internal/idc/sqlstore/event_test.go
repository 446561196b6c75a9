package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/events"
)

var eventTime = time.Date(2026, 11, 20, 9, 30, 0, 123_000_000, time.UTC)

func event(n int, name, user string) events.Event {
	return events.Event{
		EventVersion: "1.11", EventTime: eventTime.Add(time.Duration(n) * time.Second), EventName: name,
		EventID: fmt.Sprint(n), UserIdentity: events.UserIdentity{Type: "IdentityCenterUser", UserName: user},
		RequestParameters: map[string]string{"clientId": "c", "note": "<&>\u2028"},
	}
}

func ids(es []events.Event) string {
	var b strings.Builder
	for _, e := range es {
		fmt.Fprintf(&b, "%s@%d ", e.EventID, e.Sequence)
	}
	return strings.TrimSpace(b.String())
}

func eachEventStore(t *testing.T, f func(t *testing.T, s events.Store)) {
	t.Run("file", func(t *testing.T) { f(t, open(t, t.TempDir()).Events()) })
	t.Run("memory", func(t *testing.T) { f(t, open(t, "").Events()) })
}

func TestEvents(t *testing.T) {
	eachEventStore(t, func(t *testing.T, s events.Store) {
		got, err := s.Events(t.Context(), events.Query{Limit: 10, User: "*", Since: eventTime})
		if err != nil || len(got) != 0 {
			t.Fatalf("got %d events and %v of an empty store, want none", len(got), err)
		}
		in := []events.Event{
			event(1, "CreateToken", "Alice"), event(2, "ListAccounts", "alice"), event(3, "CreateToken", "bob"),
			event(4, "CredentialVerification", ""), event(5, "RegisterClient", "b[b"),
		}
		for _, batch := range [][]events.Event{in[:2], nil, in[2:]} {
			if err := s.InsertEvents(t.Context(), batch, 100); err != nil {
				t.Fatal(err)
			}
		}
		for _, test := range []struct {
			q    events.Query
			want string
		}{
			{events.Query{}, "1@1 2@2 3@3 4@4 5@5"},
			{events.Query{Limit: 2}, "1@1 2@2"},
			{events.Query{After: 2, Limit: 2}, "3@3 4@4"},
			{events.Query{After: 5}, ""},
			{events.Query{Since: eventTime.Add(3 * time.Second)}, "3@3 4@4 5@5"},
			{events.Query{Since: eventTime.Add(time.Hour)}, ""},
			{events.Query{User: "ALICE"}, "1@1 2@2"},
			{events.Query{User: "alice", Operation: "createtoken"}, "1@1"},
			{events.Query{User: "ALI*"}, "1@1 2@2"},
			{events.Query{User: "?o?", Operation: "Create*"}, "3@3"},
			{events.Query{User: "*"}, "1@1 2@2 3@3 4@4 5@5"},
			{events.Query{User: "?*"}, "1@1 2@2 3@3 5@5"},
			{events.Query{User: "[ab]*", Limit: 3}, "1@1 2@2 3@3"},
			{events.Query{User: `b\[b`}, "5@5"},
			{events.Query{User: "x*"}, ""},
			{events.Query{Operation: "*C*"}, "1@1 2@2 3@3 4@4 5@5"},
			{events.Query{Operation: "CreateToke"}, ""},
		} {
			got, err := s.Events(t.Context(), test.q)
			if err != nil || ids(got) != test.want {
				t.Errorf("%+v: got %q and %v, want %q", test.q, ids(got), err, test.want)
			}
		}
		got, err = s.Events(t.Context(), events.Query{Limit: 1, After: 2})
		if err != nil {
			t.Fatal(err)
		}
		want := in[2]
		want.Sequence = 3
		if diff := cmp.Diff([]events.Event{want}, got); diff != "" {
			t.Errorf("an event comes back other than it was (-want +got):\n%s", diff)
		}
		for _, q := range []events.Query{{User: "[a"}, {Operation: "[]*"}} {
			if _, err := s.Events(t.Context(), q); !errors.Is(err, path.ErrBadPattern) || !strings.Contains(err.Error(), q.User+q.Operation) {
				t.Errorf("%+v: got %v, want a bad pattern", q, err)
			}
		}
	})
}

// The oldest go, numbers go on, and the latest stays whatever is kept.
func TestEventsAreBounded(t *testing.T) {
	eachEventStore(t, func(t *testing.T, s events.Store) {
		next := 0
		insert := func(n, keep int, want string) {
			t.Helper()
			var batch []events.Event
			for range n {
				next++
				batch = append(batch, event(next, "CreateToken", "alice"))
			}
			if err := s.InsertEvents(t.Context(), batch, keep); err != nil {
				t.Fatal(err)
			}
			got, err := s.Events(t.Context(), events.Query{})
			if err != nil {
				t.Fatal(err)
			}
			if ids(got) != want {
				t.Errorf("got %q, want %q", ids(got), want)
			}
		}
		insert(3, 4, "1@1 2@2 3@3")
		insert(2, 4, "2@2 3@3 4@4 5@5")
		insert(200, 3, "203@203 204@204 205@205")
		insert(1, 0, "206@206")
		insert(1, 2, "206@206 207@207")
	})
}

// Whatever is asked, the answer is what a walk over all events gives.
func TestEventsAgainstAWalk(t *testing.T) {
	s := open(t, "").Events()
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	var all []events.Event
	for i := range 900 {
		// Times are not quite in order, and there are more names than one query takes.
		e := event(i+rnd.IntN(5), pick("CreateToken", "ListAccounts", "GetRoleCredentials", "createtoken"),
			pick("", "alice", "ALICE", "bob", fmt.Sprintf("user-%d", rnd.IntN(700))))
		e.Sequence = int64(i + 1)
		all = append(all, e)
	}
	for i := 0; i < len(all); i += 90 {
		if err := s.InsertEvents(t.Context(), all[i:i+90], 1000); err != nil {
			t.Fatal(err)
		}
	}
	for range 300 {
		q := events.Query{
			After: int64(rnd.IntN(1000)) * int64(rnd.IntN(2)), Limit: 1 + rnd.IntN(1000),
			User:      pick("", "", "alice", "Bob", "*", "user-*", "user-?", "[!u]*", "nobody", "?????"),
			Operation: pick("", "", "createToken", "*e*", "List*", "nothing"),
		}
		if rnd.IntN(2) == 0 {
			q.Since = eventTime.Add(time.Duration(rnd.IntN(1000)) * time.Second)
		}
		var want []events.Event
		for _, e := range all {
			if e.Sequence > q.After && !e.EventTime.Before(q.Since) && len(want) < q.Limit &&
				matches(t, q.User, e.UserIdentity.UserName) && matches(t, q.Operation, e.EventName) {
				want = append(want, e)
			}
		}
		got, err := s.Events(t.Context(), q)
		if err != nil || ids(got) != ids(want) {
			t.Fatalf("%+v: got %d events %.200q and %v, want %d %.200q", q, len(got), ids(got), err, len(want), ids(want))
		}
	}
}

func matches(t *testing.T, pattern, name string) bool {
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(name))
	if err != nil {
		t.Fatal(err)
	}
	return ok || pattern == ""
}

// Batches that come at once are each there as a whole, in their order, under
// numbers without gaps.
func TestEventsConcurrently(t *testing.T) {
	eachEventStore(t, func(t *testing.T, s events.Store) {
		const writers, batches, size = 4, 5, 60
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for b := range batches {
					var batch []events.Event
					for i := range size {
						batch = append(batch, event(b*size+i, "CreateToken", fmt.Sprint("user-", w)))
					}
					if err := s.InsertEvents(context.Background(), batch, 10_000); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		got, err := s.Events(t.Context(), events.Query{})
		if err != nil || len(got) != writers*batches*size {
			t.Fatalf("got %d events and %v, want %d", len(got), err, writers*batches*size)
		}
		next := map[string]int{}
		for i, e := range got {
			user := e.UserIdentity.UserName
			if e.Sequence != int64(i+1) || e.EventID != fmt.Sprint(next[user]) {
				t.Fatalf("event %d is %s of %s at %d, want %d at %d", i, e.EventID, user, e.Sequence, next[user], i+1)
			}
			next[user]++
			if i%size > 0 && got[i-1].UserIdentity.UserName != user {
				t.Fatalf("event %d is in another's batch", i)
			}
		}
	})
}

// busy is an event of the usual size.
func busy(n int) events.Event {
	e := event(n/100, []string{"CreateToken", "ListAccounts", "ListAccountRoles", "GetRoleCredentials", "CredentialVerification"}[n%5], fmt.Sprintf("user-%d", n%500))
	e.EventSource, e.AWSRegion, e.SourceIPAddress = "sso-oauth.amazonaws.com", "us-east-1", "127.0.0.1"
	e.UserAgent = "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7"
	e.RequestID, e.EventID = "b7c1c3f4-6d0e-4b57-9d3c-0b1f0d0f3c11", "4b9df3c0-1f5d-4ac5-8d8e-8d0d0f7f2d4e"
	e.AdditionalEventData = map[string]string{"AuthWorkflowID": "7d9b6c0e-3c1e-4a53-9a54-6f9d6f9e8b11"}
	return e
}

const manyEvents = 100_000

func manyBusy(b *testing.B) events.Store {
	s := open(b, b.TempDir()).Events()
	for i := 0; i < manyEvents; i += 5000 {
		var batch []events.Event
		for j := range 5000 {
			batch = append(batch, busy(i+j))
		}
		if err := s.InsertEvents(b.Context(), batch, manyEvents); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkInsertEvents appends batches to a full store.
func BenchmarkInsertEvents(b *testing.B) {
	s := manyBusy(b)
	const size = 300
	var batch []events.Event
	for i := range size {
		batch = append(batch, busy(i))
	}
	for b.Loop() {
		if err := s.InsertEvents(b.Context(), batch, manyEvents); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*size/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkEvents asks a full store.
func BenchmarkEvents(b *testing.B) {
	s := manyBusy(b)
	for _, test := range []struct {
		name string
		q    events.Query
		want int
	}{
		{"first", events.Query{Limit: 100}, 100},
		{"latest", events.Query{After: manyEvents - 50, Limit: 100}, 50},
		{"since", events.Query{Since: eventTime.Add(990 * time.Second), Limit: 100}, 100},
		{"since ever", events.Query{Since: eventTime, Limit: 100}, 100},
		{"user", events.Query{User: "user-77", Limit: 100}, 100},
		{"user and operation", events.Query{User: "user-77", Operation: "ListAccountRoles", Limit: 100}, 100},
		{"user pattern", events.Query{User: "user-7?", Limit: 100}, 100},
		{"user pattern, operation, since", events.Query{User: "*-7?", Operation: "ListAccount*", Since: eventTime.Add(900 * time.Second), Limit: 100}, 80},
		{"operation pattern", events.Query{Operation: "List*", Limit: 100}, 100},
		{"operation pattern, latest", events.Query{Operation: "Cred*", After: manyEvents - 20, Limit: 100}, 4},
		{"never both", events.Query{User: "user-7*", Operation: "CreateToke?", After: manyEvents / 2, Limit: 10_000}, 0},
		{"nobody", events.Query{User: "x*", Limit: 100}, 0},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				got, err := s.Events(b.Context(), test.q)
				if err != nil || test.want > 0 && len(got) != test.want {
					b.Fatalf("got %d events and %v, want %d", len(got), err, test.want)
				}
			}
		})
	}
}
