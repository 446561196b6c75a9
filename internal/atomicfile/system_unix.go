//go:build unix

package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// createExclusive makes a new file. like is of no use here: the mode says it
// all and is set on the open file.
func createExclusive(name, _ string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
}

func chmod(f *os.File, perm fs.FileMode) error { return f.Chmod(perm) }

func rename(from, to string) error { return os.Rename(from, to) }

// syncDirectory makes a rename durable. Some file systems (CIFS, some FUSE
// ones) cannot sync a directory and say so; there is nothing more to do there.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// checkWritable asks the system, which also knows of access lists, immutable
// files and read-only mounts.
func checkWritable(target string, _ fs.FileInfo) error {
	f, err := os.OpenFile(target, os.O_WRONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	_ = f.Close() // nothing was written that it could lose
	return nil
}

func hardLinks(_ string, info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}

// keepOwner gives f the owner and group of old.
func keepOwner(f *os.File, old fs.FileInfo) error {
	was, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	if !ok || (is.Uid == was.Uid && is.Gid == was.Gid) {
		return nil
	}
	return f.Chown(int(was.Uid), int(was.Gid))
}

func renameCannotWork(err error) bool {
	return errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EXDEV) || errors.Is(err, errOwner)
}

func processAlive(pid int) bool {
	return unix.Kill(pid, 0) != unix.ESRCH
}

// checkDirectory refuses a directory in which others can plant files.
func checkDirectory(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return checkOwner(dir, info)
}

func checkOwner(path string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	self := uint32(os.Geteuid())
	if st.Uid != self {
		return &UnsafeError{
			Path:    path,
			Problem: fmt.Sprintf("belongs to user %d, not to user %d who runs this", st.Uid, self),
			Cure:    "make it yours with chown, or remove it",
		}
	}
	mode := info.Mode().Perm()
	// A group that carries its user's number is that user's private group, the
	// default on many systems, and shares nothing.
	shared := mode&0o002 != 0 || (mode&0o020 != 0 && st.Gid != st.Uid)
	if shared {
		return &UnsafeError{Path: path, Problem: "can be written by other users", Cure: "run chmod go-w " + path}
	}
	return nil
}
