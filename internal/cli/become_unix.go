//go:build unix

package cli

import (
	"os/signal"
	"syscall"
)

// become leaves nothing of portico behind: the command gets the terminal, the
// signals and the exit code to itself. What was ignored when portico started is
// ignored again.
func become(_ *App, path string, argv, env []string) error {
	signal.Reset()
	return notRun(argv[0], syscall.Exec(path, argv, env))
}
