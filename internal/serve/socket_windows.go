package serve

import (
	"errors"
	"net"
)

// self is nobody's number: Windows has none for users.
func self() int { return -1 }

// ListenSocket does not work here: Windows does not tell who is at the other end
// of a Unix socket.
func ListenSocket(string, bool) (net.Listener, error) {
	return nil, errors.New("a socket is for Linux and macOS: Windows does not tell whose process is at its other end")
}
