package control

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/portico-sso/portico/internal/idc/events"
)

// Event is one thing that happened, with CloudTrail's field names.
type Event = events.Event

// EventsQuery says which events are wanted. What is zero limits nothing.
type EventsQuery struct {
	After     int64         // only those after this one: Next of an earlier page
	Since     time.Time     // only from then on
	User      string        // of a person of this name; a pattern with * and ?
	Operation string        // of this operation; a pattern with * and ?
	Limit     int           // at most that many; 1000 when zero, 10,000 at most
	Wait      time.Duration // for the first when there is none; 30 s at most
}

// EventsPage is what happened, the oldest first.
type EventsPage struct {
	Events []Event `json:"events"`
	Next   int64   `json:"next"` // EventsQuery.After of the next page
}

// Events asks what happened.
func (c *Client) Events(ctx context.Context, q EventsQuery) (EventsPage, error) {
	query := url.Values{"user": {q.User}, "op": {q.Operation}}
	if q.After != 0 {
		query.Set("after", strconv.FormatInt(q.After, 10))
	}
	if !q.Since.IsZero() {
		query.Set("since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	if q.Limit != 0 {
		query.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Wait != 0 {
		query.Set("wait", q.Wait.String())
	}
	patient := *c
	patient.HTTP = c.Record.HTTPClient(c.HTTP)
	if patient.HTTP.Timeout > 0 {
		patient.HTTP.Timeout += q.Wait
	}
	var page EventsPage
	err := patient.get(ctx, "events", query, &page)
	return page, err
}

const (
	defaultEvents = 1000
	maxEvents     = 10_000
	maxWait       = 30 * time.Second
)

var eventsParameters = []string{"after", "since", "user", "op", "limit", "wait"}

// readEventsQuery reads the parameters of events.
func readEventsQuery(query url.Values) (EventsQuery, error) {
	q := EventsQuery{User: query.Get("user"), Operation: query.Get("op"), Limit: defaultEvents}
	var err error
	if text := query.Get("after"); text != "" {
		if q.After, err = strconv.ParseInt(text, 10, 64); err != nil || q.After < 0 {
			return q, invalidRequest("after: " + quote(text) + " is no position; take next of an earlier answer")
		}
	}
	if text := query.Get("since"); text != "" {
		if q.Since, err = time.Parse(time.RFC3339, text); err != nil {
			return q, invalidRequest("since: " + quote(text) + " is no time; write it like 2006-01-02T15:04:05Z")
		}
	}
	if text := query.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > maxEvents {
			return q, invalidRequest("limit: " + quote(text) + " is no number from 1 to " + strconv.Itoa(maxEvents))
		}
	}
	if text := query.Get("wait"); text != "" {
		if q.Wait, err = time.ParseDuration(text); err != nil || q.Wait < 0 || q.Wait > maxWait {
			return q, invalidRequest("wait: " + quote(text) + " is no duration up to " + maxWait.String() + "; write it like 25s")
		}
	}
	return q, nil
}

// events answers with what matches, and waits for it when it was told to.
func (h *Handler) events(w http.ResponseWriter, r *http.Request) (any, error) {
	q, err := readEventsQuery(r.URL.Query())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if q.Wait > 0 {
		// The server's limit on reading a request would end a long answer too. Where
		// there is no such limit there is nothing to lift.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		go func() {
			defer cancel()
			select {
			case <-h.stopping(r):
			case <-ctx.Done():
			}
		}()
	}
	page := EventsPage{Events: []Event{}, Next: q.After}
	found, err := h.Events.Query(ctx, events.Query{After: q.After, Since: q.Since, User: q.User, Operation: q.Operation, Limit: q.Limit}, q.Wait)
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	if len(found) > 0 {
		page.Events, page.Next = found, found[len(found)-1].Sequence
	}
	return page, nil
}

// stopping is closed when the server that answers r begins to end, which must
// not have to wait for those who wait here. It is nil without such a server.
func (h *Handler) stopping(r *http.Request) <-chan struct{} {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	ended := make(chan struct{})
	if known, ok := h.ended.LoadOrStore(server, ended); ok {
		return known.(chan struct{})
	}
	server.RegisterOnShutdown(func() { close(ended) })
	return ended
}
