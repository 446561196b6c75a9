package control

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/events"
)

// Every change is an event that says what was done to what, and nothing that
// opens anything; what only reads is none.
func TestEveryChangeIsAnEvent(t *testing.T) {
	c := newCenter(t)
	_, _, device := c.startDevice(t)
	if _, err := c.client().SignIn(t.Context(), "zoe"); err != nil {
		t.Fatal(err)
	}
	type change struct {
		name  string
		body  string
		code  string // of the error that is wanted
		extra map[string]string
	}
	tried := map[string]bool{}
	for _, step := range []struct {
		operation string
		change
	}{
		{"sign-in", change{name: "SignIn", body: `{"user":"alice"}`, extra: map[string]string{"user": "alice"}}},
		{"sign-in", change{name: "SignIn", body: `{"user":"mallory"}`, code: "unknown_user", extra: map[string]string{"user": "mallory"}}},
		{"decide-device", change{name: "DecideDevice", body: `{"user":"alice","user_code":"` + device.UserCode + `","allow":true}`, extra: map[string]string{"user": "alice", "answer": "allow"}}},
		{"add-fault", change{name: "AddFault", body: `{"op":"CreateToken","status":500,"client":"x*"}`, extra: map[string]string{"op": "CreateToken", "client": "x*"}}},
		{"clear-faults", change{name: "ClearFaults", body: `{}`}},
		{"advance-clock", change{name: "AdvanceClock", body: `{"by":"90s"}`, extra: map[string]string{"by": "1m30s"}}},
		{"advance-clock", change{name: "AdvanceClock", body: `{"by":"0s"}`, code: "invalid_request", extra: map[string]string{"by": "0s"}}},
		{"skew-clock", change{name: "SkewClock", body: `{"by":"-1m"}`, extra: map[string]string{"by": "-1m0s"}}},
		{"revoke", change{name: "Revoke", body: `{"user":"zoe"}`, extra: map[string]string{"user": "zoe"}}},
		{"revoke", change{name: "Revoke", body: `{"session":"x"}`, code: "unknown_session", extra: map[string]string{"session": "x"}}},
		{"set-user", change{name: "SetUser", body: `{"user":"gone","disabled":false}`, extra: map[string]string{"user": "gone", "disabled": "false"}}},
		{"assign", change{name: "Assign", body: `{"group":"platform","permission_set":"ReadOnly","accounts":["dev","prod"]}`, extra: map[string]string{"group": "platform", "permission_set": "ReadOnly", "accounts": "dev,prod"}}},
		{"unassign", change{name: "Unassign", body: `{"group":"platform","permission_set":"ReadOnly","accounts":["*"]}`, extra: map[string]string{"group": "platform", "permission_set": "ReadOnly", "accounts": "*"}}},
		{"add-decision", change{name: "AddDecision", body: `{"user":"alice","answer":"allow"}`, extra: map[string]string{"user": "alice", "answer": "allow"}}},
		{"clear-decisions", change{name: "ClearDecisions", body: `{}`}},
	} {
		tried[step.operation] = true
		status, code := c.ask(t, "POST", step.operation, step.body, c.header())
		if code != step.code {
			t.Fatalf("%s %s: got %d %s, want %s", step.operation, step.body, status, code, step.code)
		}
		all, err := c.client().Events(t.Context(), EventsQuery{Limit: maxEvents})
		if err != nil || len(all.Events) == 0 {
			t.Fatalf("%s: got %d events, %v", step.operation, len(all.Events), err)
		}
		got := all.Events[len(all.Events)-1]
		if got.EventName != step.name || got.EventSource != "portico.amazonaws.com" || got.ErrorCode != step.code || (got.ErrorMessage != "") != (step.code != "") || got.UserIdentity.UserName != "" {
			t.Errorf("%s: got %+v", step.operation, got)
		}
		for name, want := range step.extra {
			if got.AdditionalEventData[name] != want {
				t.Errorf("%s: got %s %q, want %q", step.operation, name, got.AdditionalEventData[name], want)
			}
		}
		data, err := json.Marshal(got)
		if err != nil || strings.Contains(string(data), device.UserCode) || strings.Contains(string(data), c.Key) {
			t.Errorf("%s: got %s, %v; want no secret in it", step.operation, data, err)
		}
	}
	for name, op := range operations() {
		if op.method == http.MethodPost && !tried[name] {
			t.Errorf("%s is not tried here", name)
		}
	}

	count := func() int64 {
		t.Helper()
		page, err := c.client().Events(t.Context(), EventsQuery{Limit: maxEvents})
		if err != nil {
			t.Fatal(err)
		}
		return page.Next
	}
	before := count()
	for name, op := range operations() {
		if op.method == http.MethodGet {
			c.ask(t, "GET", name, "", c.header())
		} else {
			c.ask(t, "POST", name, "x", c.header())                                        // not even understood
			c.ask(t, "POST", name, "{}", c.header("Authorization", "Bearer "+ID(c.Key)))   // not even allowed
			c.ask(t, "POST", name, "{}", c.header("Content-Type", "text/plain;charset=x")) // nor that
		}
	}
	if after := count(); after != before {
		t.Errorf("%d events of requests that change nothing", after-before)
	}
}

// record puts events of the past into the store.
func (c *center) record(names ...string) {
	for i, name := range names {
		call := events.Call{Source: "sso-oauth", Name: name, UserName: []string{"alice", "zoe"}[i%2]}
		at := time.Date(2026, 11, 21, 12, i, 0, 0, time.UTC)
		c.Events.Record(call.Events(at, "request", "127.0.0.1", "agent", events.Place{Region: "eu-west-1"})...)
	}
}

func (c *center) names(t *testing.T, q EventsQuery) (names string, next int64) {
	t.Helper()
	page, err := c.client().Events(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if page.Events == nil {
		t.Error("got null for events, want a list")
	}
	var all []string
	for _, e := range page.Events {
		all = append(all, e.EventName)
	}
	return strings.Join(all, " "), page.Next
}

func TestEvents(t *testing.T) {
	c := newCenter(t)
	c.record("A", "B", "C", "AB", "BA")
	_, last := c.names(t, EventsQuery{})
	first := last - 4
	for _, test := range []struct {
		q    EventsQuery
		want string
		next int64
	}{
		{EventsQuery{}, "A B C AB BA", last},
		{EventsQuery{After: first}, "B C AB BA", last},
		{EventsQuery{After: last}, "", last},
		{EventsQuery{After: last + 100}, "", last + 100},
		{EventsQuery{Limit: 2}, "A B", first + 1},
		{EventsQuery{Limit: 2, After: first + 1}, "C AB", first + 3},
		{EventsQuery{User: "ALICE"}, "A C BA", last},
		{EventsQuery{User: "z*"}, "B AB", first + 3},
		{EventsQuery{Operation: "a*"}, "A AB", first + 3},
		{EventsQuery{Operation: "?"}, "A B C", first + 2},
		{EventsQuery{Operation: "ab", User: "alice"}, "", 0},
		{EventsQuery{Since: time.Date(2026, 11, 21, 13, 2, 0, 0, time.FixedZone("CET", 3600))}, "C AB BA", last},
		{EventsQuery{Since: time.Date(2026, 11, 21, 12, 5, 0, 0, time.UTC)}, "", 0},
	} {
		got, next := c.names(t, test.q)
		if got != test.want || next != test.next {
			t.Errorf("%+v: got %q, next %d; want %q, %d", test.q, got, next, test.want, test.next)
		}
	}
	for query, says := range map[string]string{
		"after=x": "after: ", "after=-1": "after: ", "after=99999999999999999999": "after: ",
		"since=today": "since: ", "since=2026-11-21": "write it like",
		"limit=0": "limit: ", "limit=10001": "from 1 to 10000", "limit=x": "limit: ",
		"wait=31s": "up to 30s", "wait=-1s": "wait: ", "wait=5": "write it like",
		"user=%5B": "is no pattern", "op=%5B": "is no pattern",
	} {
		err := c.client().get(t.Context(), "events?"+query, nil, &EventsPage{})
		refused(t, err, "invalid_request", says)
	}
}

// inBubble serves c over pipes with the limits of package idc, for a bubble.
func (c *center) inBubble(t *testing.T) (client *Client, stop func() (took time.Duration)) {
	t.Helper()
	l := &pipes{conns: make(chan net.Conn), ended: make(chan struct{})}
	server := &http.Server{Handler: c, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case l.conns <- theirs:
			return ours, nil
		case <-l.ended:
			return nil, net.ErrClosed
		}
	}}
	client = &Client{Record: Record{Address: "http://127.0.0.1:8642", Key: c.Key}, HTTP: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
	return client, func() time.Duration {
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		return time.Since(began)
	}
}

type pipes struct {
	conns chan net.Conn
	ended chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.ended); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// A wait may take longer than the server gives a request to arrive, and ends with
// the first event that matches.
func TestEventsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newHandler(t)
		client, stop := c.inBubble(t)
		go func() {
			time.Sleep(5 * time.Second)
			c.record("Other")
			time.Sleep(20 * time.Second)
			c.record("Wanted")
		}()
		began := time.Now()
		page, err := client.Events(t.Context(), EventsQuery{Operation: "Wanted", Wait: maxWait})
		if err != nil || len(page.Events) != 1 || page.Events[0].EventName != "Wanted" {
			t.Errorf("got %+v, %v", page, err)
		}
		if took := time.Since(began); took < 25*time.Second || took > 26*time.Second {
			t.Errorf("got it after %s, want 25 s", took)
		}
		began = time.Now()
		page, err = client.Events(t.Context(), EventsQuery{After: page.Next, Wait: 12 * time.Second})
		if took := time.Since(began); err != nil || len(page.Events) != 0 || took < 12*time.Second || took > 13*time.Second {
			t.Errorf("got %+v, %v after %s; want nothing after 12 s", page, err, took)
		}
		stop()
	})
}

// Those who wait do not hold up the end of the server, and hear that there was
// nothing.
func TestEventsWaitEndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newHandler(t)
		client, stop := c.inBubble(t)
		answers := make(chan error, 3)
		for range cap(answers) {
			go func() {
				page, err := client.Events(context.Background(), EventsQuery{After: 7, Wait: maxWait})
				if err == nil && (len(page.Events) != 0 || page.Next != 7) {
					err = errors.New("got an event")
				}
				answers <- err
			}()
		}
		time.Sleep(11 * time.Second)
		if took := stop(); took > time.Second {
			t.Errorf("the end took %s", took)
		}
		for range cap(answers) {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
	})
}

// A caller who hangs up is no fault of ours.
func TestEventsGivenUp(t *testing.T) {
	c := newHandler(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "http://127.0.0.1"+Path+"events?wait=30s", nil)
	r.Header = c.header()
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	if w.Code >= 500 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
