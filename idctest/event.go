package idctest

import (
	"context"
	"encoding/json"
	"time"

	"github.com/portico-sso/portico/internal/idc/events"
)

// Event is one thing that happened, as CloudTrail would tell it.
type Event struct {
	Sequence int64 // where it stands among all events
	Time     time.Time
	Source   string // eventSource: sso-oauth.amazonaws.com, sso.amazonaws.com, signin.amazonaws.com, …
	Name     string // eventName: CreateToken, ListAccounts, UserAuthentication, …
	User     string // name of the person, when there is one

	ErrorCode    string // "" when it went well
	ErrorMessage string

	RequestID string // as the SDK shows it in errors
	Workflow  string // the same in all events of one sign-in
	Request   map[string]string
	Details   map[string]string // additionalEventData
	Service   map[string]string // serviceEventDetails

	// JSON is the whole event, with CloudTrail's field names.
	JSON string
}

// EventFilter says which events are wanted. What is zero limits nothing.
type EventFilter struct {
	User      string        // of a person of this name; a pattern with * and ?
	Operation string        // of this name; a pattern with * and ?
	Since     time.Time     // only from then on
	After     int64         // only those after this [Event.Sequence]
	Limit     int           // at most that many; 0 means 10,000
	Wait      time.Duration // when there is none yet: how long to wait for the first
}

// mostEvents is how many events are returned at most.
const mostEvents = 10_000

// Events returns what happened, the oldest first.
func (ic *IdentityCenter) Events(ctx context.Context, f EventFilter) ([]Event, error) {
	limit := f.Limit
	if limit <= 0 || limit > mostEvents {
		limit = mostEvents
	}
	found, err := ic.server.Events().Query(ctx, events.Query{After: f.After, Since: f.Since, User: f.User, Operation: f.Operation, Limit: limit}, f.Wait)
	if err != nil {
		return nil, err
	}
	out := make([]Event, 0, len(found))
	for _, e := range found {
		whole, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		out = append(out, Event{
			Sequence: e.Sequence, Time: e.EventTime, Source: e.EventSource, Name: e.EventName, User: e.UserIdentity.UserName,
			ErrorCode: e.ErrorCode, ErrorMessage: e.ErrorMessage,
			RequestID: e.RequestID, Workflow: e.AdditionalEventData["AuthWorkflowID"],
			Request: e.RequestParameters, Details: e.AdditionalEventData, Service: e.ServiceEventDetails,
			JSON: string(whole),
		})
	}
	return out, nil
}
