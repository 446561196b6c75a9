//go:build unix

package doctor

import (
	"io/fs"
	"syscall"
)

func ownership(info fs.FileInfo) (mode uint32, uid int) {
	uid = -1
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		uid = int(s.Uid)
	}
	return uint32(info.Mode().Perm()), uid
}
