//go:build unix

package serve

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/portico-sso/portico/internal/atomicfile"
)

func openAppend(path string) (*os.File, error) {
	if err := atomicfile.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
}

// cannotSync is for what has nothing to be made durable: a pipe, a terminal.
func cannotSync(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP)
}
