package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Main runs one command line in the given world and returns its exit code.
// SIGINT, SIGTERM and SIGHUP end it in good order, another one a second later at
// once; while a command runs in the foreground, SIGINT is that command's.
func Main(a App, args []string) int {
	// What scripts ask most often needs no commands. As aws it is the AWS CLI's to say.
	if len(args) == 1 && args[0] == "--version" && a.Name != "aws" {
		if _, err := fmt.Fprintln(a.Stdout, version()); err == nil {
			return 0
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)
	go func() {
		for s := range signals {
			if s == os.Interrupt && a.children.Load() > 0 {
				continue
			}
			cancel(&signalError{Signal: s.(syscall.Signal)})
			// Some senders repeat themselves at once (timeout(1) tells the process
			// and its group): only who asks again later means it.
			time.AfterFunc(time.Second, func() { signal.Stop(signals) })
		}
	}()
	return a.Run(ctx, args)
}

// Run runs one command line until ctx ends.
func (a App) Run(ctx context.Context, args []string) (code int) {
	a.ended = ctx.Done()
	root := newRoot(&a, args...)
	line := look(args)
	if a.route(root, line) == through {
		a.globals = &line.globals // for how errors are told
		return report(ctx, &a, a.passThrough(ctx, line))
	}
	if a.Home == "" {
		return report(ctx, &a, errors.New("this user has no home directory: set HOME to where .aws is to be"))
	}
	root.SetArgs(line.spelled(root))
	if completion(args) { // one write in place of ten thousand: a shell waits for it
		out := bufio.NewWriterSize(a.Stdout, 64<<10)
		root.SetOut(out)
		defer func() { _ = out.Flush() }() // where that fails, the shell is gone
	}
	return report(ctx, &a, root.ExecuteContext(ctx))
}

// A signalError says which signal ended the run.
type signalError struct{ Signal syscall.Signal }

func (e *signalError) Error() string { return fmt.Sprintf("ended by signal %v", e.Signal) }

// code is the shells' convention.
func (e *signalError) code() int { return 128 + int(e.Signal) }
