//go:build race

package serve

import "time"

const (
	RandomRequests = 10_000
	DayPause       = 30 * time.Minute
)
