//go:build unix

package terminal

import (
	"errors"
	"os"
	"syscall"
)

func openTTY() (*os.File, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) }

// obeyEscapes is for Windows.
func obeyEscapes(*os.File) (restore func()) { return func() {} }

// hungUp reports whether a read failed because the terminal is gone.
func hungUp(err error) bool { return errors.Is(err, syscall.EIO) }
