package doctor

import "io/fs"

// ownership has nothing to say on Windows, where access lists decide.
func ownership(info fs.FileInfo) (mode uint32, uid int) {
	if info.IsDir() {
		return 0o700, -1
	}
	return 0o600, -1
}
