//go:build !linux

package seal

func reachable() error { return nil }
