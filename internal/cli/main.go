package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Main runs one command line in the given world and returns its exit code.
// SIGINT and SIGTERM end it in good order; a second one ends it at once.
func Main(a App, args []string) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		if s, ok := <-signals; ok {
			signal.Stop(signals)
			cancel(&signalError{Signal: s.(syscall.Signal)})
		}
	}()
	return a.Run(ctx, args)
}

// Run runs one command line until ctx ends.
func (a App) Run(ctx context.Context, args []string) (code int) {
	root := newRoot(&a)
	root.SetArgs(args)
	return report(ctx, &a, root.ExecuteContext(ctx))
}

// A signalError says which signal ended the run.
type signalError struct{ Signal syscall.Signal }

func (e *signalError) Error() string { return fmt.Sprintf("ended by signal %v", e.Signal) }

// code is the shells' convention.
func (e *signalError) code() int { return 128 + int(e.Signal) }
