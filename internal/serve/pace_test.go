//go:build !race

package serve

import "time"

// How much the longest tests do. The race detector makes them ten times as slow
// and has as much to find in less.
const (
	RandomRequests = 100_000
	DayPause       = 10 * time.Minute // between a client's requests, and a few minutes more
)
