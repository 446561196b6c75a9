package idctest

import (
	"context"
	"time"

	"github.com/portico-sso/portico/internal/idc/control"
)

// A Decision answers sign-ins that begin after it was made, without anybody at a
// browser.
//
//	idctest.Decision{User: "alice", Answer: idctest.Allow, After: 3 * time.Second}
//	idctest.Decision{User: "bob", Answer: idctest.Deny, Client: "my-tool*", Flow: idctest.DeviceCode}
//	idctest.Decision{Answer: idctest.Never} // until the client's own patience ends
type Decision struct {
	User   string        // who answers; needed but for Never
	Answer Answer        // what they answer
	After  time.Duration // how long they take
	Client string        // only to clients of this name; a pattern with * and ?
	Flow   Flow          // only in this flow; "" means both
}

// Answer is what becomes of a sign-in.
type Answer string

// A sign-in is allowed, denied, or left unanswered.
const (
	Allow Answer = "allow"
	Deny  Answer = "deny"
	Never Answer = "never"
)

// Flow is a way to sign in.
type Flow string

// The two flows: a code to compare, or a callback on the person's machine.
const (
	DeviceCode        Flow = "device"
	AuthorizationCode Flow = "authorization_code"
)

// Decide answers sign-ins from now on. The latest Decision that fits is the one
// that counts. A sign-in by device code is answered as soon as it is polled for.
// One by authorization code takes a browser still, to carry the answer back to
// the client: [IdentityCenter.Approve] and [IdentityCenter.Deny] are one, and a
// Decision overrules them.
func (ic *IdentityCenter) Decide(ctx context.Context, d Decision) error {
	_, err := ic.control.AddDecision(ctx, control.Decision{
		User: d.User, Client: d.Client, Flow: string(d.Flow), Answer: string(d.Answer), After: control.Duration(d.After),
	})
	return err
}

// ClearDecisions leaves sign-ins to people again. Those that have begun are
// answered as they were to be.
func (ic *IdentityCenter) ClearDecisions(ctx context.Context) error {
	return ic.control.ClearDecisions(ctx, "")
}
