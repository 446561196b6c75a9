//go:build !linux && !darwin

package atomicfile

// networked says no: on Windows a lock on a share is held by its server, and so
// excludes other computers.
func networked(string) bool { return false }
