package control

import (
	"context"
	"net/url"

	"github.com/portico-sso/portico/internal/idc/fault"
)

// Fault is a rule by which calls go wrong.
type Fault = fault.Rule

// Duration is a time.Duration that JSON has as text: "1.5s".
type Duration = fault.Duration

type faultsReply struct {
	Faults []Fault `json:"faults"`
}

// idRequest names one of several, or all.
type idRequest struct {
	ID string `json:"id,omitempty"` // left out means all
}

// Faults lists the faults that are set, in the order in which they are tried.
func (c *Client) Faults(ctx context.Context) ([]Fault, error) {
	var reply faultsReply
	err := c.get(ctx, "faults", nil, &reply)
	return reply.Faults, err
}

// AddFault makes calls go wrong from now on. It returns the fault with its id.
func (c *Client) AddFault(ctx context.Context, f Fault) (Fault, error) {
	var added Fault
	err := c.post(ctx, "add-fault", f, &added)
	return added, err
}

// ClearFaults takes a fault back, or all when id is "".
func (c *Client) ClearFaults(ctx context.Context, id string) error {
	return c.post(ctx, "clear-faults", idRequest{ID: id}, &done{})
}

func (h *Handler) faults(context.Context, url.Values) (faultsReply, error) {
	return faultsReply{Faults: append([]Fault{}, h.Faults.Rules()...)}, nil
}

func (h *Handler) addFault(ctx context.Context, f Fault) (Fault, error) {
	note(ctx, "op", f.Op, "client", f.Client, "user", f.User)
	f.ID, f.Calls, f.Acted = "", 0, 0 // not the caller's to say
	added, err := h.Faults.Add(f)
	note(ctx, "id", added.ID)
	return added, err
}

func (h *Handler) clearFaults(ctx context.Context, in idRequest) (done, error) {
	note(ctx, "id", in.ID)
	return done{}, h.Faults.Clear(in.ID)
}
