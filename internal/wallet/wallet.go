package wallet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// A Wallet is the cache directories under one home directory.
type Wallet struct {
	Home    string // the directory that holds .aws; no variable moves it for the AWS CLI, so none does here
	LockDir string // where locks live; not beside the caches, which other tools list

	// SealedDir holds a directory for each session that is sealed, whose files
	// Vault encrypts. Nil: none is.
	SealedDir string
	Vault     Vault

	// Copies are, by the key of a session's token, second keys under which its
	// access token is kept as well, see copies.go.
	Copies map[string]string
}

// ErrNotFound reports that there is no such entry.
var ErrNotFound = errors.New("not in the cache")

// A CorruptError reports a cache file that cannot be used. The file is left as
// it is: another tool may have written it, or be writing it.
type CorruptError struct {
	Path    string
	Problem string
}

func (e *CorruptError) Error() string { return fmt.Sprintf("cache file %s: %s", e.Path, e.Problem) }

func (w *Wallet) tokenDir() string { return filepath.Join(w.Home, ".aws", "sso", "cache") }
func (w *Wallet) roleDir() string  { return filepath.Join(w.Home, ".aws", "cli", "cache") }

// A LockedError reports that somebody else held a lock for too long.
type LockedError = atomicfile.LockedError

// Lock takes the lock of that name, waiting until ctx ends, and then returns a
// [*LockedError]. Any other error means that nothing can be locked in LockDir.
// Locks die with the process that holds them. The order is role, then session.
func (w *Wallet) Lock(ctx context.Context, name string) (unlock func(), err error) {
	return atomicfile.Lock(ctx, w.lockFile(name))
}

// SessionLock names the lock under which a session's token is renewed, or moved
// into a vault and out of it.
func SessionLock(tokenKey string) string { return "session-" + tokenKey }

// TryLock is [Wallet.Lock] without waiting.
func (w *Wallet) TryLock(name string) (unlock func(), err error) {
	return atomicfile.TryLock(w.lockFile(name))
}

// lockFile is in LockDir, unless other computers share the caches and not
// LockDir: then their locks must be where they see them.
func (w *Wallet) lockFile(name string) string {
	dir, aws := w.LockDir, filepath.Join(w.Home, ".aws")
	if atomicfile.Networked(aws) && !atomicfile.Networked(dir) {
		dir = filepath.Join(aws, "portico-locks")
	}
	return filepath.Join(dir, name+".lock")
}

// CheckTokenWritable tells whether the token under key could be stored, for
// those about to spend something that cannot be had again for it.
func (w *Wallet) CheckTokenWritable(key string) error {
	e := w.tokenEntry(key)
	if err := w.checkSealable(e); err != nil {
		return err
	}
	return atomicfile.CheckWritable(e.path)
}

// maxFile bounds what is read from a cache file. A token file is about 4 KiB.
const maxFile = 1 << 20

// read decodes a cache file into v. The AWS CLI rewrites its files in place, so
// a reader may see one half-written: it looks again once before giving up.
func read(path string, v any) error {
	for attempt := 0; ; attempt++ {
		problem, err := readOnce(path, v)
		if err != nil {
			return err
		}
		if problem == "" {
			return nil
		}
		if attempt == 1 {
			return &CorruptError{Path: path, Problem: problem}
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func readOnce(path string, v any) (problem string, err error) {
	info, err := os.Stat(path) // first: to open a named pipe is to wait for its writer
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "not a regular file", nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return "", err
	case len(data) > maxFile:
		return "larger than 1 MiB", nil
	}
	if json.Unmarshal(data, v) != nil {
		// The decoder's own words could quote what is in the file.
		return "not the JSON it should be", nil
	}
	return "", nil
}

// write replaces a cache file. Whatever mode it had, afterwards only its owner
// can read it.
func write(path string, data []byte) error {
	return atomicfile.Write(path, data, 0o600)
}

// Sweep removes what is left of writes to files in the open that were cut off:
// tokens and credentials which are in no cache.
func (w *Wallet) Sweep() {
	for _, dir := range []string{filepath.Join(w.Home, ".aws"), w.tokenDir(), w.roleDir()} {
		atomicfile.Sweep(dir)
	}
}

// remove deletes a cache file; one that is gone already is no error.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
