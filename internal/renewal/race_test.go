//go:build race

package renewal

// One goroutine explores; the race detector has nothing to find there and makes it
// ten times as slow.
const processes, wanted = 3, 50_000
