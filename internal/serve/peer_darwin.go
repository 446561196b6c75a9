package serve

import (
	"net"

	"golang.org/x/sys/unix"
)

func socketPeer(c *net.UnixConn) Peer {
	p := Peer{Via: "socket"}
	raw, err := c.SyscallConn()
	if err != nil {
		return p
	}
	var cred *unix.Xucred
	pid := 0
	control := func(fd uintptr) {
		cred, err = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		if n, err := unix.GetsockoptInt(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERPID); err == nil {
			pid = n
		}
	}
	if raw.Control(control) == nil && err == nil {
		p.Known, p.UID, p.PID = true, int(cred.Uid), pid
	}
	return p
}

// tcpPeer cannot tell: the system lists the connections, but not by user.
func tcpPeer(*net.TCPConn) Peer { return Peer{Via: "tcp"} }
