package serve

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func socketPeer(c *net.UnixConn) Peer {
	p := Peer{Via: "socket"}
	raw, err := c.SyscallConn()
	if err != nil {
		return p
	}
	var cred *unix.Ucred
	if raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }) == nil && err == nil {
		p.Known, p.UID, p.PID = true, int(cred.Uid), int(cred.Pid)
	}
	return p
}

// tcpPeer looks the other end up among the connections of this network namespace.
func tcpPeer(c *net.TCPConn) Peer {
	p := Peer{Via: "tcp"}
	here, ok := c.LocalAddr().(*net.TCPAddr)
	there, ok2 := c.RemoteAddr().(*net.TCPAddr)
	if !ok || !ok2 {
		return p
	}
	// Programs that use one kind of socket for both versions of IP are listed with
	// the second one.
	for file, mapped := range map[string]bool{"/proc/net/tcp": false, "/proc/net/tcp6": true} {
		f, err := os.Open(file)
		if err != nil {
			continue
		}
		uid, found := owner(f, kernelAddress(there.AddrPort(), mapped), kernelAddress(here.AddrPort(), mapped))
		f.Close()
		if found {
			p.Known, p.UID = true, uid
			return p
		}
	}
	return p
}

// owner finds whose the connection between two addresses is. One that nobody
// holds any more is listed as the superuser's, and is not found.
func owner(table *os.File, local, remote string) (uid int, found bool) {
	for lines := bufio.NewScanner(table); lines.Scan(); {
		// sl local remote st queues timer retransmits uid timeout inode …
		f := strings.Fields(lines.Text())
		if len(f) < 10 || f[1] != local || f[2] != remote || f[9] == "0" {
			continue
		}
		if uid, err := strconv.Atoi(f[7]); err == nil {
			return uid, true
		}
	}
	return 0, false
}

// kernelAddress writes an address as the kernel does: words of the machine's own
// byte order, in hexadecimal digits.
func kernelAddress(a netip.AddrPort, mapped bool) string {
	bytes := a.Addr().Unmap().AsSlice()
	if mapped {
		sixteen := a.Addr().Unmap().As16()
		bytes = sixteen[:]
	}
	var b strings.Builder
	for ; len(bytes) >= 4; bytes = bytes[4:] {
		fmt.Fprintf(&b, "%08X", binary.NativeEndian.Uint32(bytes))
	}
	fmt.Fprintf(&b, ":%04X", a.Port())
	return b.String()
}
