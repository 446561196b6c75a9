package atomicfile

import (
	"strings"

	"golang.org/x/sys/unix"
)

// networked tells of file systems whose locks exclude nobody elsewhere, or hang
// with their server.
func networked(dir string) bool {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return false
	}
	kind := unix.ByteSliceToString(s.Fstypename[:])
	return s.Flags&unix.MNT_LOCAL == 0 || strings.Contains(kind, "fuse")
}
