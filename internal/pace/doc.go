// Package pace keeps the calls of one program to one API inside the API's limit,
// which nobody tells and which others may share.
//
// A service counts calls in a token bucket: so many a second are put into it, up to
// some burst, and each call takes one out or is answered 429. Both figures are
// unknown, and what other clients take makes the first of them change. A [Pacer]
// begins as if there were no limit. The first refusal says that the bucket is empty
// now; from then on calls go out one by one, at the rate at which it fills.
//
// That rate is measured, not guessed by halves: between two moments at which the
// bucket was empty, as many calls were let through as tokens came in. So each
// refusal yields the rate, to one call in as many as there were between the two. In
// between the pace rises a little, so that a bucket that fills faster than thought
// is found out; calls that pass beyond all that the bucket could hold at the rate
// that was thought are proof of it, and then the pace doubles until the next
// refusal. What the bucket has gathered meanwhile is used, and not lost.
//
// One refusal holds back every caller, and Retry-After is obeyed.
package pace
