package atomicfile

import (
	"io"
	"io/fs"
	"os"
)

// system is what this package asks of the operating system, so that a test can
// make any step fail.
type system struct {
	create    func(name, like string) (*os.File, error)
	chmod     func(f *os.File, perm fs.FileMode) error
	writeAt   func(f *os.File, data []byte, offset int64) error
	truncate  func(f *os.File, size int64) error
	sync      func(f *os.File) error
	closeFile func(f *os.File) error
	rename    func(from, to string) error
	remove    func(name string) error
	syncDir   func(dir string) error
}

func realSystem() *system {
	return &system{
		create:    createExclusive,
		chmod:     chmod,
		writeAt:   writeAll,
		truncate:  (*os.File).Truncate,
		sync:      (*os.File).Sync,
		closeFile: (*os.File).Close,
		rename:    rename,
		remove:    os.Remove,
		syncDir:   syncDirectory,
	}
}

func writeAll(f *os.File, data []byte, offset int64) error {
	n, err := f.WriteAt(data, offset)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	return err
}
