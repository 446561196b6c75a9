package idctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/portico-sso/portico/internal/idc/control"
)

// pipePort is the port of idc.DefaultBaseURL, at which nothing need listen.
const pipePort = "8642"

// pipeListener accepts connections that were never outside the process. They
// are made of channels, so whoever waits on one is durably blocked in the sense
// of testing/synctest.
type pipeListener struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), ended: make(chan struct{})}
}

var errEnded = errors.New("idctest: the Identity Center has ended")

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return newSender(client), nil
	case <-l.ended:
		return nil, errEnded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A sender is the client's end of a pipe. What it writes is on its way when Write
// returns, as on a network, and need not have been read. Otherwise the server could
// answer before net/http has looked for the end of the request's body, which the
// AWS SDK closes when an answer begins; net/http takes that for a failure, and
// closes the connection before it has read an answer of more than its buffer.
type sender struct {
	net.Conn
	queue chan []byte
	over  chan struct{}
	once  sync.Once
}

func newSender(c net.Conn) *sender {
	s := &sender{Conn: c, queue: make(chan []byte, 1<<10), over: make(chan struct{})}
	go s.send()
	return s
}

func (s *sender) send() {
	for {
		select {
		case b := <-s.queue:
			if _, err := s.Conn.Write(b); err != nil {
				_ = s.Conn.Close()
				s.end()
				return
			}
		case <-s.over:
			return
		}
	}
}

func (s *sender) Write(b []byte) (int, error) {
	select {
	case <-s.over:
		return 0, io.ErrClosedPipe
	default:
	}
	select {
	case s.queue <- bytes.Clone(b):
		return len(b), nil
	case <-s.over:
		return 0, io.ErrClosedPipe
	}
}

func (s *sender) Close() error {
	s.end()
	return s.Conn.Close()
}

func (s *sender) end() { s.once.Do(func() { close(s.over) }) }

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.ended) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "127.0.0.1:" + pipePort }

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// thisMachine refuses to dial anywhere else.
func thisMachine(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, _, err := net.SplitHostPort(address); err != nil || !control.Loopback(host) {
			return nil, fmt.Errorf("idctest: %s is not this machine, so it is not dialled: is the endpoint set?", address)
		}
		return dial(ctx, network, address)
	}
}
