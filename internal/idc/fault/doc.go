// Package fault makes the local Identity Center misbehave on demand, so that a
// client can be tested against what goes wrong in the real one: errors in the
// caller's own protocol, broken connections, slowness, throttling.
//
// A [Plan] holds [Rule]s, and [Plan.Decide] says for each call what befalls it.
// The plan does nothing itself: whoever answers the call carries the [Verdict]
// out. A plan without rules costs one atomic load.
//
// # Which rule acts
//
// A rule is for a call when its Op, Client and User match. Rules are tried in the
// order in which they were added. Rules of latency alone all act, wherever they
// stand, and their latencies add up. Of the others the first that acts decides,
// and adds the latency it has itself; those behind it see the call but do nothing.
//
//	nothing     every call
//	Count 2     at most two calls
//	Nth 3       the third call since the rule was added, counting all that match
//	Nth 3       from the third on, at most two calls
//	 and Count 2
//	Rate 20     the calls beyond 20 a second, Burst of them at once
package fault
