package idctest

import (
	"context"
	"errors"
	"fmt"
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
		return client, nil
	case <-l.ended:
		return nil, errEnded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

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
