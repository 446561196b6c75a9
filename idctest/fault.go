package idctest

import (
	"context"
	"time"

	"github.com/portico-sso/portico/internal/idc/control"
)

// A Fault makes calls go wrong. One of Error, Status, Drop, Truncate, Rate and
// Latency says how; Latency goes with each of the others.
//
//	idctest.Fault{Op: "ListAccounts", Error: "TooManyRequestsException", Count: 2}
//	idctest.Fault{Op: "CreateToken", Drop: idctest.AfterActing, Count: 1} // the answer is lost
//	idctest.Fault{Op: "*", Latency: 300 * time.Millisecond, Client: "my-tool*"}
//	idctest.Fault{Op: "GetRoleCredentials", Rate: 20, Burst: 40} // throttled beyond 20 a second
type Fault struct {
	// Op is an operation (CreateToken), a service and an operation
	// (sso:ListAccounts, sts:*), a page ("/device", "POST /signin"), or * for
	// everything.
	Op string

	Error    string        // answer with the error of this type, in the caller's own protocol
	Status   int           // answer with this HTTP status
	Drop     Drop          // break the connection instead of answering
	Truncate bool          // break the connection in the middle of the answer
	Latency  time.Duration // answer that much later
	Rate     float64       // throttle calls beyond so many a second
	Burst    int           // with Rate: how many pass at once

	RetryAfter time.Duration // with Error, Status and Rate: the answer says to come again after that

	Client string // only calls of clients of this name; a pattern with * and ?
	User   string // only calls of this person; a pattern with * and ?
	Nth    int    // only the nth matching call, counted from now
	Count  int    // only so many calls; 0 means all
}

// Drop says when a connection breaks.
type Drop string

// A connection breaks before anything was done, or after all was done, so that
// the answer alone is lost.
const (
	BeforeActing Drop = "before"
	AfterActing  Drop = "after"
)

// Injection is a fault that was injected.
type Injection struct {
	ic *IdentityCenter
	id string
}

// Inject makes calls go wrong from now on, until the fault is removed. Faults are
// tried in the order in which they were injected; latency adds to what follows,
// of all others the first that applies acts.
func (ic *IdentityCenter) Inject(ctx context.Context, f Fault) (*Injection, error) {
	added, err := ic.control.AddFault(ctx, control.Fault{
		Op: f.Op, Error: f.Error, Status: f.Status, Drop: string(f.Drop), Truncate: f.Truncate, Latency: control.Duration(f.Latency),
		Rate: f.Rate, Burst: f.Burst, RetryAfter: control.Duration(f.RetryAfter), Client: f.Client, User: f.User, Nth: f.Nth, Count: f.Count,
	})
	if err != nil {
		return nil, err
	}
	return &Injection{ic: ic, id: added.ID}, nil
}

// ClearFaults removes all faults.
func (ic *IdentityCenter) ClearFaults(ctx context.Context) error {
	return ic.control.ClearFaults(ctx, "")
}

// Remove ends the fault. It may be called more than once.
func (i *Injection) Remove() {
	// The second time it is unknown, and after Close there is nothing to remove.
	_ = i.ic.control.ClearFaults(context.Background(), i.id)
}

// Acted says how many calls have gone wrong by the fault so far; 0 once it is
// removed.
func (i *Injection) Acted() int {
	for _, r := range i.ic.server.Faults().Rules() {
		if r.ID == i.id {
			return r.Acted
		}
	}
	return 0
}
