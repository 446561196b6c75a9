package idctest

import (
	"context"
	"time"
)

// Advance makes everything issued so far that much older, as if the time had
// passed: registrations, codes, sign-ins, tokens, role credentials. Clocks do not
// move, so what is issued afterwards is new, and clients notice only when they
// are refused. In a synctest bubble time.Sleep does that and moves the client's
// clock too.
func (ic *IdentityCenter) Advance(ctx context.Context, by time.Duration) error {
	return ic.control.AdvanceClock(ctx, by)
}

// Skew sets how far the Identity Center's clock is ahead of everybody else's (or
// behind, when negative), as clients see it: in the Date header, and in judging
// the dates of signed requests. Zero puts it right.
func (ic *IdentityCenter) Skew(ctx context.Context, by time.Duration) error {
	return ic.control.SkewClock(ctx, by)
}
