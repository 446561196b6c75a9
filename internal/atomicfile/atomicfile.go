package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Options say how a file is replaced. The zero value is right for caches and
// state: symbolic links and directories others can write to are refused, the
// file ends with mode 0600.
type Options struct {
	// Perm is the mode of the file; 0 means 0600. With Keep it is the mode of a
	// file that did not exist.
	Perm fs.FileMode
	// FollowLinks replaces the file at the end of a chain of symbolic links and
	// leaves the links alone. Without it a link is refused, and so is a
	// directory that belongs to somebody else or that others may write to.
	FollowLinks bool
	// Keep keeps the mode and the owner of the file being replaced.
	Keep bool
	// InPlace allows overwriting the file itself where a rename cannot work:
	// EBUSY and EXDEV (bind mounts), several hard links, an owner that cannot
	// be kept. A journal with the old and the new bytes is on disk before the
	// first byte changes, and goes after success.
	InPlace bool
	// JournalDir is where the journal of a write in place is kept; empty means
	// beside the file.
	JournalDir string

	sys *system // nil: the operating system; tests inject faults
}

// Write replaces path with data under the rules of the zero [Options] and the
// given mode. Missing parents are created with mode 0700.
func Write(path string, data []byte, perm fs.FileMode) error {
	return Options{Perm: perm}.Write(path, data)
}

// UnsafeError refuses a path that somebody else could steer.
type UnsafeError struct {
	Path    string
	Problem string // "is a symbolic link"
	Cure    string
}

func (e *UnsafeError) Error() string {
	return fmt.Sprintf("%s %s: %s", e.Path, e.Problem, e.Cure)
}

// Write replaces path with data. When it returns nil the new bytes are on
// stable storage. When it returns an error before the replacement, the old
// bytes are intact and nothing is left beside them.
func (o Options) Write(path string, data []byte) error {
	if o.sys == nil {
		o.sys = realSystem()
	}
	target, err := o.target(path)
	if err != nil {
		return err
	}
	if err := makeParents(o.sys, filepath.Dir(target)); err != nil {
		return err
	}
	if !o.FollowLinks {
		if err := checkDirectory(filepath.Dir(target)); err != nil {
			return err
		}
	}
	sweep(filepath.Dir(target))
	if o.InPlace {
		if err := o.repair(target); err != nil {
			return err
		}
	}

	old, err := statTarget(target)
	if err != nil {
		return err
	}
	if old != nil {
		// A file its owner made read-only stays as it is, although a rename
		// could replace it.
		if err := checkWritable(target, old); err != nil {
			return fmt.Errorf("write %s: %w", target, err)
		}
	}
	if o.InPlace && old != nil && hardLinks(target, old) > 1 {
		return o.writeInPlace(target, data)
	}
	err = o.replace(target, old, data)
	if err != nil && o.InPlace && old != nil && renameCannotWork(err) {
		return o.writeInPlace(target, data)
	}
	return err
}

// target is the file that will be replaced.
func (o Options) target(path string) (string, error) {
	if o.FollowLinks {
		return Resolve(path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("locate %s: %w", path, err)
	}
	info, err := os.Lstat(abs)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return "", &UnsafeError{Path: abs, Problem: "is a symbolic link", Cure: "remove the link"}
	}
	return abs, nil
}

// errOwner says that the new file could not be given to the old one's owner.
var errOwner = errors.New("the owner of the file cannot be kept")

// replace writes a temporary file beside target and renames it over target.
func (o Options) replace(target string, old fs.FileInfo, data []byte) error {
	perm := o.Perm.Perm()
	if perm == 0 {
		perm = 0o600
	}
	if o.Keep && old != nil {
		perm = old.Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
	}
	var like string
	if o.Keep && old != nil {
		like = target
	}
	f, name, err := createTemp(o.sys, target, like)
	if err != nil {
		return fmt.Errorf("write %s: %w", target, err)
	}
	fail := func(err error) error {
		_ = o.sys.remove(name)
		return fmt.Errorf("write %s: %w", target, err)
	}
	failOpen := func(err error) error {
		_ = f.Close()
		return fail(err)
	}
	if o.Keep && old != nil {
		if err := keepOwner(f, old); err != nil {
			return failOpen(errors.Join(errOwner, err))
		}
	}
	// After the owner: changing it clears the setuid and setgid bits. Explicit,
	// because the umask may have taken bits away.
	if err := o.sys.chmod(f, perm); err != nil {
		return failOpen(err)
	}
	if err := o.sys.writeAt(f, data, 0); err != nil {
		return failOpen(err)
	}
	if err := o.sys.sync(f); err != nil {
		return failOpen(err)
	}
	if err := o.sys.closeFile(f); err != nil {
		return fail(err)
	}
	if err := o.sys.rename(name, target); err != nil {
		return fail(err)
	}
	if err := o.sys.syncDir(filepath.Dir(target)); err != nil {
		return fmt.Errorf("write %s: %w", target, err)
	}
	return nil
}

// statTarget returns nil for a file that does not exist and refuses what is
// not a regular file.
func statTarget(target string) (fs.FileInfo, error) {
	info, err := os.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &UnsafeError{Path: target, Problem: "is not a regular file", Cure: "name a file, or move it away"}
	}
	return info, nil
}

// Private refuses a file that readers of secrets must not trust: a symbolic
// link, anything but a regular file, somebody else's file, a file others may
// write to, or one in a directory where others could have planted it. A file
// that does not exist is fine if its directory is, or does not exist either.
func Private(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("locate %s: %w", path, err)
	}
	if err := checkDirectory(filepath.Dir(abs)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if _, err := (Options{}).target(abs); err != nil {
		return err
	}
	info, err := statTarget(abs)
	if err != nil || info == nil {
		return err
	}
	return checkOwner(abs, info)
}

// maxRead bounds what is read of one file.
const maxRead = 64 << 20

// Read returns the bytes of a file that [Private] has nothing against. What is no
// file, which may never end or wait for a writer for ever, or is larger than any that
// was written, is not read.
func Read(path string) ([]byte, error) {
	if err := Private(path); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxRead+1))
	if err == nil && len(data) > maxRead {
		return nil, &UnsafeError{Path: path, Problem: fmt.Sprintf("is larger than %d MiB", maxRead>>20), Cure: "move it away"}
	}
	return data, err
}

// CheckWritable tells whether [Write] to path can be expected to work, for those
// about to spend something that cannot be had again. It makes missing parents.
func CheckWritable(path string) error { return tryWriting(realSystem(), path) }

func tryWriting(sys *system, path string) error {
	target, err := (Options{}).target(path)
	if err != nil {
		return err
	}
	if err := makeParents(sys, filepath.Dir(target)); err != nil {
		return err
	}
	if err := Private(target); err != nil {
		return err
	}
	// Modes do not tell of read-only or full file systems; trying does.
	probe, name, err := createTemp(sys, target, "")
	if err != nil {
		return err
	}
	// As much as a token needs: a disk may be full but for a few bytes.
	err = sys.writeAt(probe, make([]byte, 8<<10), 0)
	return errors.Join(err, sys.closeFile(probe), sys.remove(name))
}

// MkdirAll creates a directory and its missing parents with mode 0700 whatever
// the umask, and makes their entries durable.
func MkdirAll(dir string) error {
	return makeParents(realSystem(), dir)
}

func makeParents(sys *system, dir string) error {
	info, err := os.Stat(dir)
	if err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("not a directory")}
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return err
	}
	if err := makeParents(sys, parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		// Another process made it in between.
		if info, statErr := os.Stat(dir); statErr == nil && info.IsDir() {
			return nil
		}
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	return sys.syncDir(parent)
}
