package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how often a waiting process looks again.
const lockPoll = 20 * time.Millisecond

// LockedError says that somebody else holds the lock.
type LockedError struct {
	Path   string
	Holder int   // process number the holder left behind; 0 when unknown
	Cause  error // why the wait ended: the context's error; nil for TryLock
}

func (e *LockedError) Error() string {
	holder := "another process"
	if e.Holder != 0 {
		holder = fmt.Sprintf("process %d", e.Holder)
	}
	return fmt.Sprintf("%s is locked by %s", e.Path, holder)
}

func (e *LockedError) Unwrap() error { return e.Cause }

// Lock takes the exclusive lock that the file at path stands for, and waits for
// it until ctx ends; then the error is a *LockedError. The file is made, with
// mode 0600 and its parents with 0700, and is never removed: a process waiting
// on a removed file would share its lock with nobody. The lock ends with unlock
// or with the process, and children do not inherit it. Two calls in one process
// exclude each other like two processes.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	l, err := openLock(path)
	if err != nil {
		return nil, err
	}
	ok, err := l.TryLockContext(ctx, lockPoll)
	return held(ctx, l, ok, err)
}

// TryLock is [Lock] without waiting.
func TryLock(path string) (unlock func(), err error) {
	l, err := openLock(path)
	if err != nil {
		return nil, err
	}
	ok, err := l.TryLock()
	return held(context.Background(), l, ok, err)
}

func openLock(path string) (*flock.Flock, error) {
	if err := MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	// Made here, not by flock: a umask may take away what the mode gives.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR|lockFlags, 0o600)
	switch {
	case err == nil:
		if err := errors.Join(chmod(f, 0o600), f.Close()); err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
	case !errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("lock: %w", err)
	}
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|lockFlags), flock.SetPermissions(0o600)), nil
}

func held(ctx context.Context, l *flock.Flock, ok bool, err error) (func(), error) {
	switch {
	case ok:
		writeHolder(l.Path())
		return func() { _ = l.Unlock() }, nil
	case err == nil, ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return nil, &LockedError{Path: l.Path(), Holder: readHolder(l.Path()), Cause: ctx.Err()}
	default:
		return nil, fmt.Errorf("lock %s: %w", l.Path(), err)
	}
}

// writeHolder leaves this process's number in the lock file, so that whoever
// gives up waiting can name it. It is a courtesy: failure changes nothing.
func writeHolder(path string) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	text := strconv.Itoa(os.Getpid()) + "\n"
	if _, err := f.WriteAt([]byte(text), 0); err == nil {
		_ = f.Truncate(int64(len(text)))
	}
}

func readHolder(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}
