//go:build !linux && !darwin

package serve

// KeepMemory does nothing where there is nothing to be done.
func KeepMemory() error { return nil }
