//go:build linux && amd64 && race

package cli_test

// Under the race detector, which sees nothing of the program that is tried, a few.
const spread = 53
