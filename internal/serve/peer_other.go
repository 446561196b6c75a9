//go:build !linux && !darwin

package serve

import "net"

func socketPeer(*net.UnixConn) Peer { return Peer{Via: "socket"} }

func tcpPeer(*net.TCPConn) Peer { return Peer{Via: "tcp"} }
