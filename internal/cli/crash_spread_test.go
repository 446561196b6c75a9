//go:build linux && amd64 && !race

package cli_test

// spread is of how many cases TestSystemCalls tries one by itself: some five
// hundred in half a minute on two cores. It has no factor in common with the number
// of faults, so that all of them come up at each call in turn.
const spread = 41
