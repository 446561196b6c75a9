//go:build race

package grant_test

import "flag"

// The property tests are of one goroutine and fifty times as slow under the race
// detector, which has nothing to find there.
func init() { flag.Set("rapid.checks", "15") }
