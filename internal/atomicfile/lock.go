package atomicfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// A waiting process looks again after a while that grows from firstPoll to
// lockPoll: most locks are held for one exchange with a service, and hundreds of
// waiters must not keep the machine busy. For a lease, which one process of a
// computer waits for, it grows to leasePoll: a file server is asked each time.
const (
	firstPoll = 2 * time.Millisecond
	lockPoll  = 25 * time.Millisecond
	leasePoll = 250 * time.Millisecond
)

// LockedError says that somebody else holds the lock.
type LockedError struct {
	Path   string
	Holder int    // process number the holder left behind; 0 when unknown
	Host   string // the holder's computer; "" for this one
	Cause  error  // why the wait ended: the context's error; nil for TryLock
}

func (e *LockedError) Error() string {
	holder := "another process"
	if e.Holder != 0 {
		holder = fmt.Sprintf("process %d", e.Holder)
	}
	if e.Host != "" {
		holder += " on " + e.Host
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
//
// On a file system that other computers share, a file lock may exclude nobody,
// or hang. There the file lock is taken in this computer's runtime directory,
// and a lease beside path keeps other computers out, see lease.go.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	return thisHost().lock(ctx, path, true)
}

// TryLock is [Lock] without waiting.
func TryLock(path string) (unlock func(), err error) {
	return thisHost().lock(context.Background(), path, false)
}

// Networked tells whether dir, or the nearest parent that exists, is on a file
// system that other computers share.
func Networked(dir string) bool {
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			return networked(dir)
		}
		dir = filepath.Dir(dir)
	}
}

// A host is one computer among those that may share a file system. Tests have
// several.
type host struct {
	tag        string                 // which processes its process numbers count
	name       string                 // for people
	networked  func(dir string) bool  // whether others share the file system
	runtimeDir func() (string, error) // where its own locks are, if so
	beat       time.Duration          // how often a lease is renewed
	memory     *memory                // of the leases that were seen
}

func thisHost() *host {
	name, _ := os.Hostname()
	return &host{tag: hostTag(), name: name, networked: Networked, runtimeDir: runtimeDir, beat: leaseBeat, memory: &leases}
}

func (h *host) lock(ctx context.Context, path string, wait bool) (unlock func(), err error) {
	if !h.networked(filepath.Dir(path)) {
		return lockFile(ctx, path, wait)
	}
	dir, err := h.runtimeDir()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	sum := sha256.Sum256([]byte(path))
	here, err := lockFile(ctx, filepath.Join(dir, hex.EncodeToString(sum[:])+".lock"), wait)
	if err != nil {
		if locked, ok := errors.AsType[*LockedError](err); ok {
			locked.Path = path
		}
		return nil, err
	}
	release, err := h.lease(ctx, path, wait)
	if err == nil {
		return func() { release(); here() }, nil
	}
	if _, locked := errors.AsType[*LockedError](err); locked {
		here()
		return nil, err
	}
	// Where no lease can be made, nothing that it would guard can be written
	// either: a read-only mount, a full disk.
	return here, nil
}

// lockFile takes the system's own lock of a file.
func lockFile(ctx context.Context, path string, wait bool) (unlock func(), err error) {
	l, err := openLock(path)
	if err != nil {
		return nil, err
	}
	err = poll(ctx, wait, lockPoll, func() (bool, error) {
		ok, err := l.TryLock()
		if errors.Is(err, syscall.EINTR) {
			return false, nil
		}
		return ok, err
	})
	if err == nil {
		writeHolder(path)
		return func() { _ = l.Unlock() }, nil
	}
	_ = l.Close()
	if errors.Is(err, errBusy) {
		return nil, &LockedError{Path: path, Holder: readHolder(path), Cause: ctx.Err()}
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// errBusy says that the wait ended before the lock was free.
var errBusy = errors.New("busy")

// poll tries until it works, fails, or ctx ends.
func poll(ctx context.Context, wait bool, longest time.Duration, try func() (bool, error)) error {
	for pause := firstPoll; ; pause = min(pause*3/2, longest) {
		if ctx.Err() != nil {
			return errBusy
		}
		switch ok, err := try(); {
		case ok:
			return nil
		case err != nil:
			return err
		}
		if !wait {
			return errBusy
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errBusy
		case <-timer.C:
		}
	}
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

// runtimeDir is a directory of this user on this computer alone.
func runtimeDir() (string, error) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && checkDirectory(dir) == nil {
		return filepath.Join(dir, "portico"), nil
	}
	dir := filepath.Join(os.TempDir(), "portico-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	// Anybody may have made it, or a link of its name.
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", &UnsafeError{Path: dir, Problem: "is not a directory", Cure: "remove it"}
	}
	return dir, checkOwner(dir, info)
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
