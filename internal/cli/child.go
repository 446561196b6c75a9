package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// runChild runs a command on the app's streams and returns its exit code as an
// [*exitError]. When ctx ends, the command is asked to end, and has ten seconds
// to do so. Ctrl-C reaches it through the terminal, and is its to obey: our end
// follows its end.
func (a *App) runChild(ctx context.Context, path string, argv, env []string) error {
	cmd := exec.CommandContext(ctx, path)
	cmd.Args, cmd.Env = argv, env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.Stdin, a.Stdout, a.Stderr
	cmd.Cancel = func() error { return terminate(cmd.Process) }
	cmd.WaitDelay = 10 * time.Second
	a.children.Add(1)
	defer a.children.Add(-1)
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return fmt.Errorf("%s: %v", argv[0], err)
	}
	if code := exitCode(cmd.ProcessState); code != 0 {
		return &exitError{Code: code}
	}
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok && ctx.Err() == nil {
		return fmt.Errorf("%s: %v", argv[0], err)
	}
	return nil
}
