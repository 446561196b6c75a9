//go:build unix

package atomicfile

import "golang.org/x/sys/unix"

// A planted link must not make us create or write a file elsewhere.
const lockFlags = unix.O_NOFOLLOW
