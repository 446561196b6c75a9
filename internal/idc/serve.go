package idc

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

const (
	headerTimeout = 5 * time.Second
	// From the first byte of a request to the last of its body.
	readTimeout = 10 * time.Second
	// Longer than anybody waits for a turn to have a password checked.
	writeTimeout = 60 * time.Second
	idleTimeout  = 60 * time.Second
	drainTimeout = 5 * time.Second

	maxHeaderBytes = 16 << 10
	maxConnections = 10_000

	collectEvery = 10 * time.Minute
)

// Serve answers on a listener until ctx ends, then gives requests under way five
// seconds to finish. It closes the listener, and returns nil when ctx was what
// ended it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		s.exposed.Store(true)
		if s.address.loopback() { // else New has said it
			s.warnExposed("listener", a.String())
		}
	}
	var silent silentConns
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes - 4096, // net/http adds that much
		// net/http would answer "OPTIONS *" itself, whatever the Host.
		DisableGeneralOptionsHandler: true,
		ConnState:                    silent.watch,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		// Requests under way outlive ctx by the drain.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}

	var background sync.WaitGroup
	defer background.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	background.Go(func() { s.collector(ctx) })

	l = netutil.LimitListener(l, maxConnections)
	if s.tls != nil {
		l = tls.NewListener(l, s.tls) // outermost, so that net/http knows it
	}
	failed := make(chan error, 1)
	background.Go(func() { failed <- server.Serve(l) })
	select {
	case err := <-failed:
		return errors.Join(err, server.Close())
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	s.stopOnce.Do(func() { close(s.stopping) })
	// net/http would wait five seconds for them, and browsers open connections
	// in advance.
	silent.close()
	err := server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.WarnContext(ctx, "requests were still under way after "+drainTimeout.String())
		err = server.Close()
	}
	return err
}

// askToCollect wakes the collector when its time has come. What is idle grows
// by nothing, so requests are clock enough: a ticker would keep a synctest
// bubble busy for ever.
func (s *Server) askToCollect() {
	now, last := s.now().UnixNano(), s.collected.Load()
	if since := time.Duration(now - last); (since >= collectEvery || since < 0) && s.collected.CompareAndSwap(last, now) {
		select {
		case s.collect <- struct{}{}:
		default:
		}
	}
}

// collector drops what is long over, until ctx ends.
func (s *Server) collector(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.collect:
		}
		if err := s.dropExpired(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "dropping what has expired failed", "error", err)
		}
	}
}

func (s *Server) dropExpired(ctx context.Context) error {
	now := s.now()
	return errors.Join(s.grant.Collect(ctx, now), s.directory.Collect(ctx, now))
}

// silentConns are the connections on which nothing was ever said.
type silentConns struct {
	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

func (s *silentConns) watch(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.conns, c)
	case s.closed:
		_ = c.Close()
	default:
		if s.conns == nil {
			s.conns = map[net.Conn]bool{}
		}
		s.conns[c] = true
	}
}

func (s *silentConns) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.conns {
		_ = c.Close()
	}
}
