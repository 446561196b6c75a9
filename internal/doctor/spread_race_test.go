//go:build race

package doctor

// Under the race detector, which has nothing to see here, a few.
const spread = 23
