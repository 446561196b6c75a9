// Package statedir knows where portico keeps what is not configuration, and by
// which variable a home is found.
package statedir

import (
	"path/filepath"
	"runtime"
)

// In is the directory, for a user with that home.
func In(home string, lookup func(string) (string, bool)) string {
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "portico")
	case "windows":
		if dir, _ := lookup("LocalAppData"); dir != "" {
			return filepath.Join(dir, "portico")
		}
		return filepath.Join(home, "AppData", "Local", "portico")
	}
	// The XDG specification says to ignore relative paths.
	if dir, _ := lookup("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "portico")
	}
	return filepath.Join(home, ".local", "state", "portico")
}

// Locks is where locks are in it, and the journals of unfinished writes.
func Locks(state string) string { return filepath.Join(state, "locks") }

// HomeVariable is where the AWS tools look for .aws: Python's and Go's "~".
func HomeVariable() string {
	if runtime.GOOS == "windows" {
		return "USERPROFILE"
	}
	return "HOME"
}
