//go:build !race

package doctor

// spread is how many pairs of faults there are to one that is tried: all.
const spread = 1
