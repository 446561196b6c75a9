package idc

import (
	"database/sql"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

// What a sign-in costs alone, and beside others who make a thousand events a
// second: as calls, or as events alone, to tell the one from the other. Quiet times
// and busy ones take turns, so that whatever else the machine does slows both.
func BenchmarkSignInUnderEvents(b *testing.B) {
	const (
		perSecond = 1000
		turn      = 300 * time.Millisecond
	)
	for _, setting := range []struct {
		name  string
		other func(b *testing.B, s *Server) func() // one event's worth
	}{
		{"calls", func(b *testing.B, s *Server) func() {
			c := newBenchClient(b, s)
			return func() { c.call(s, "GET", "/assignment/accounts", "") }
		}},
		{"calls that make no events", func(b *testing.B, s *Server) func() {
			c := newBenchClient(b, s)
			return func() { c.call(s.api, "GET", "/assignment/accounts", "") }
		}},
		{"events", func(_ *testing.B, s *Server) func() {
			call := events.Call{Source: "sso", Name: "ListAccounts", Client: "my-tool", UserName: "alice", Request: map[string]string{"maxResults": "100"}}
			return func() { s.events.Record(call.Events(time.Now(), "request", "127.0.0.1", "my-tool/1.0", s.place)...) }
		}},
	} {
		b.Run(setting.name, func(b *testing.B) {
			s, err := New(b.Context(), Config{DataDir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			if _, err := s.directory.AddDecision(b.Context(), directory.Decision{User: "alice", Client: "sign-in", Answer: grant.AnswerAllow}); err != nil {
				b.Fatal(err)
			}
			c := &benchClient{b: b}
			c.call(s, "POST", "/client/register", `{"clientName":"sign-in","clientType":"public","scopes":["sso:account:access"]}`)
			other := setting.other(b, s)
			var took [2][]time.Duration // quiet, busy
			busy, end, stop := 0, time.Now().Add(turn), func() {}
			for b.Loop() {
				began := time.Now()
				c.signIn(s)
				took[busy] = append(took[busy], time.Since(began))
				if time.Now().Before(end) {
					continue
				}
				stop()
				if _, err := s.events.Query(b.Context(), events.Query{Limit: 1}, 0); err != nil { // until all is written
					b.Fatal(err)
				}
				if busy, stop = 1-busy, func() {}; busy == 1 {
					stop = others(b, other, perSecond)
				}
				end = time.Now().Add(turn)
			}
			stop()
			if len(took[1]) == 0 {
				return // the first, short run
			}
			for i, name := range []string{"quiet", "busy"} {
				slices.Sort(took[i])
				b.ReportMetric(float64(mean(took[i]).Microseconds()), name+"-µs")
				b.ReportMetric(float64(took[i][len(took[i])/2].Microseconds()), name+"-p50-µs")
				b.ReportMetric(float64(took[i][len(took[i])*99/100].Microseconds()), name+"-p99-µs")
			}
			b.ReportMetric(float64(mean(took[1]))/float64(mean(took[0])), "busy/quiet")
		})
	}
}

func mean(took []time.Duration) (d time.Duration) {
	for _, t := range took {
		d += t
	}
	return d / time.Duration(len(took))
}

// signIn signs alice in, whom a decision of the directory stands in for, and gets
// her credentials.
func (c *benchClient) signIn(h http.Handler) {
	client := `{"clientId":"` + c.ClientID + `","clientSecret":"` + c.ClientSecret + `"`
	c.call(h, "POST", "/device_authorization", client+`,"startUrl":"`+startURL+`"}`)
	c.call(h, "POST", "/token", client+`,"grantType":"`+grant.GrantDeviceCode+`","deviceCode":"`+c.DeviceCode+`"}`)
	c.call(h, "GET", "/federation/credentials?account_id="+devAccount+"&role_name=AdministratorAccess", "")
}

// others does something so many times a second until stop.
func others(b *testing.B, one func(), perSecond float64) (stop func()) {
	end := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		began, made := time.Now(), 0
		for {
			select {
			case <-end:
				if due := time.Since(began).Seconds() * perSecond; float64(made) < 0.9*due-perSecond/20 {
					b.Errorf("the others made %d events, not %.0f", made, due)
				}
				return
			case <-time.After(5 * time.Millisecond):
			}
			for due := int(time.Since(began).Seconds() * perSecond); made < due; made++ {
				one()
			}
		}
	})
	return func() {
		close(end)
		running.Wait()
	}
}

// A day of polling, registering, signing in and refreshing leaves as much behind
// as two days do.
func TestADayDoesNotGrowTheDatabase(t *testing.T) {
	const (
		keep          = 500 // events
		registrations = 50
	)
	dir := t.TempDir()
	if memory, err := os.MkdirTemp("/dev/shm", "portico"); err == nil { // where writing costs nothing
		defer os.RemoveAll(memory)
		dir = memory
	}
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	s, _ := newServer(t, Config{DataDir: dir, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Policy: grant.Policy{MaxRegistrations: registrations}})
	s.events.Keep = keep
	if _, err := s.directory.AddDecision(t.Context(), directory.Decision{User: "alice", Client: "sign-in", Answer: grant.AnswerAllow}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlstore.FileName)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	register := func(name string) *program {
		p := overHandler(t, s)
		p.must(p.json("/client/register", map[string]any{"clientName": name, "clientType": "public", "scopes": []string{"sso:account:access"}}))
		return p
	}
	poller, regular := register("poller"), register("sign-in")

	polls := 0
	// day lets a day pass, with a poll every step.
	day := func(step time.Duration) {
		for since := time.Duration(0); since < 24*time.Hour; since += step {
			now = now.Add(step)
			if since%time.Hour == 0 {
				for _, o := range []string{"StartDeviceAuthorization", "CreateToken", "GetRoleCredentials"} {
					regular.must(operation(o)(regular))
				}
				regular.must(regular.refreshing())
			}
			if since%(10*time.Minute) == 0 {
				poller.must(operation("StartDeviceAuthorization")(poller))
				register("registers again and again")
				if err := s.dropExpired(t.Context()); err != nil { // as the collector does
					t.Fatal(err)
				}
			}
			if _, code := poller.try(poller.redeem()); code != "AuthorizationPendingException" {
				t.Fatalf("got %s after %s", code, since)
			}
			polls++
		}
	}
	// size counts the rows of all tables, and the pages of the file.
	size := func() map[string]int {
		t.Helper()
		if got := poller.events(); len(got) != keep {
			t.Errorf("%d events are kept, want %d", len(got), keep)
		}
		counts := map[string]int{}
		tables, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table'`)
		if err != nil {
			t.Fatal(err)
		}
		defer tables.Close()
		for tables.Next() {
			var name string
			if err := tables.Scan(&name); err != nil {
				t.Fatal(err)
			}
			counts[name] = 0
		}
		for name := range counts {
			var n int
			if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM "`+name+`"`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			counts[name] = n
		}
		var pages int
		if err := db.QueryRowContext(t.Context(), `PRAGMA page_count`).Scan(&pages); err != nil {
			t.Fatal(err)
		}
		counts["pages"] = pages
		return counts
	}

	// Role credentials are remembered for a day after their end, so it takes
	// somewhat more than a day until as much goes as comes.
	day(10 * time.Minute)
	// A poll every second finds the same, and takes a minute to.
	const step = 2 * time.Minute
	day(step)
	first := size()
	day(step)
	second := size()
	t.Logf("%d polls: %v", polls, second)
	// Pages are never as full as they could be; how full varies.
	if n := second["pages"]; n > first["pages"]+first["pages"]/5 {
		t.Errorf("%d pages after the first day, %d after the second", first["pages"], n)
	}
	delete(first, "pages")
	delete(second, "pages")
	if d := cmp.Diff(first, second); d != "" {
		t.Errorf("the second day left more behind than the first (-first +second):\n%s", d)
	}
	for table, most := range map[string]int{"event": keep, "client": registrations, "request": 10} {
		if n, ok := second[table]; !ok || n > most {
			t.Errorf("%s: got %d, want at most %d", table, n, most)
		}
	}
	if wal, err := os.Stat(filepath.Join(dir, sqlstore.FileName+"-wal")); err != nil || wal.Size() > 16<<20 {
		t.Errorf("the log: got %v bytes, %v", wal.Size(), err)
	}
}
