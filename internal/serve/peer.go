package serve

import (
	"context"
	"net"
)

// A Peer is the process at the other end of a connection, as far as the system
// tells.
type Peer struct {
	Via   string // "tcp" or "socket"
	Known bool   // UID is its user's
	UID   int
	PID   int // 0: not known
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

func connOf(ctx context.Context) (*conn, bool) {
	c, ok := ctx.Value(connKey{}).(*conn)
	return c, ok
}

// peerOf tells whose request it is.
func peerOf(ctx context.Context) Peer {
	c, ok := connOf(ctx)
	if !ok {
		return Peer{}
	}
	switch c := c.Conn.(type) {
	case *net.UnixConn:
		return socketPeer(c)
	case *net.TCPConn:
		return tcpPeer(c)
	}
	return Peer{}
}
