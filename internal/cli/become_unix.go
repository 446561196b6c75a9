//go:build unix

package cli

import (
	"fmt"
	"syscall"
)

// become leaves nothing of portico behind: the command gets the terminal, the
// signals and the exit code to itself.
func become(_ *App, path string, argv, env []string) error {
	return fmt.Errorf("%s: %v", argv[0], syscall.Exec(path, argv, env))
}
