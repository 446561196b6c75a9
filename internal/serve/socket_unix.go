//go:build unix

package serve

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/portico-sso/portico/internal/atomicfile"
)

func self() int { return os.Geteuid() }

// maxSocketPath is what fits into a socket's address on Linux; macOS has 104.
const maxSocketPath = 103

// ListenSocket listens on a Unix socket for its owner alone or, where others may
// ask, for those whom [Endpoint.SocketHandler] then tells apart. It has to be in a
// directory that only its owner can enter, which is made where there is none. A
// socket that was left behind is replaced, one at which somebody listens is not.
func ListenSocket(path string, shared bool) (net.Listener, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("%s: a socket's path may have %d characters and this one has %d", path, maxSocketPath, len(path))
	}
	dir := filepath.Dir(path)
	if err := atomicfile.MkdirAll(dir); err != nil {
		return nil, err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != self() {
		return nil, fmt.Errorf("%s belongs to user %d: put the socket into a directory of your own", dir, owner.Uid)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be entered by other users: put the socket into a directory with mode 0700, such as %s", dir, filepath.Join(dir, "portico", filepath.Base(path)))
	}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%s exists and is no socket", path)
	default:
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
			return nil, fmt.Errorf("%s is in use by another process", path)
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, err
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	mode := fs.FileMode(0o600)
	if shared {
		mode = 0o666
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
