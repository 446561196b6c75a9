package control

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// Decision answers sign-ins without a person at a browser.
type Decision struct {
	ID     string   `json:"id,omitempty"`
	User   string   `json:"user,omitempty"`   // who answers; needed unless nobody does
	Client string   `json:"client,omitempty"` // of clients of this name; a pattern with * and ?
	Flow   string   `json:"flow,omitempty"`   // device or authorization_code; "" means both
	Answer string   `json:"answer"`           // allow, deny or never
	After  Duration `json:"after,omitzero"`   // how long the person takes
}

type decisionsReply struct {
	Decisions []Decision `json:"decisions"`
}

// Decisions lists the scripted decisions in the order in which they are tried.
func (c *Client) Decisions(ctx context.Context) ([]Decision, error) {
	var reply decisionsReply
	err := c.get(ctx, "decisions", nil, &reply)
	return reply.Decisions, err
}

// AddDecision answers the sign-ins that begin from now on. It returns the
// decision with its id.
func (c *Client) AddDecision(ctx context.Context, d Decision) (Decision, error) {
	var added Decision
	err := c.post(ctx, "add-decision", d, &added)
	return added, err
}

// ClearDecisions takes a decision back, or all when id is "".
func (c *Client) ClearDecisions(ctx context.Context, id string) error {
	return c.post(ctx, "clear-decisions", idRequest{ID: id}, &done{})
}

func (h *Handler) decisions(ctx context.Context, _ url.Values) (decisionsReply, error) {
	reply := decisionsReply{Decisions: []Decision{}}
	all, err := h.Directory.Decisions(ctx)
	for _, d := range all {
		reply.Decisions = append(reply.Decisions, shownDecision(d))
	}
	return reply, err
}

func (h *Handler) addDecision(ctx context.Context, d Decision) (Decision, error) {
	note(ctx, "user", d.User, "client", d.Client, "flow", d.Flow, "answer", d.Answer)
	if d.User != "" {
		u, err := h.person(ctx, d.User)
		if err != nil {
			return Decision{}, err
		}
		if u.Disabled { // it would be passed over, and the sign-in wait for nobody
			return Decision{}, disabledError(u)
		}
		d.User = u.Name
	}
	added, err := h.Directory.AddDecision(ctx, directory.Decision{ID: d.ID, User: d.User, Client: d.Client, Flow: d.Flow, Answer: d.Answer, After: time.Duration(d.After)})
	if err != nil {
		return Decision{}, err
	}
	note(ctx, "id", added.ID)
	return shownDecision(added), nil
}

func (h *Handler) clearDecisions(ctx context.Context, in idRequest) (done, error) {
	note(ctx, "id", in.ID)
	err := h.Directory.ClearDecisions(ctx, in.ID)
	if errors.Is(err, directory.ErrNotFound) {
		return done{}, &Error{Status: http.StatusNotFound, Code: "unknown_decision", Message: err.Error()}
	}
	return done{}, err
}

func shownDecision(d directory.Decision) Decision {
	return Decision{ID: d.ID, User: d.User, Client: d.Client, Flow: d.Flow, Answer: d.Answer, After: Duration(d.After)}
}
