//go:build unix

package serve

import (
	"errors"
	"syscall"
)

const noFollow = syscall.O_NOFOLLOW

// cannotSync is for what has nothing to be made durable: a pipe, a terminal.
func cannotSync(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP)
}
