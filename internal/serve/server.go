package serve

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxConnections = 256
	maxHeader      = 4 << 10 // net/http adds 4 KiB of slack
	headerTime     = 5 * time.Second
	farewell       = 2 * time.Second
)

// Serve answers connections until ctx ends. Requests under way then have two
// seconds to be answered.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		WriteTimeout:      flightLimit + headerTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // what clients send wrong is no news
		ConnContext:       withConn,
	}
	// A client asks once an hour, and must not hold what others need meanwhile.
	s.SetKeepAlivesEnabled(false)
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		err := s.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = s.Close()
		}
		ended <- err
	}()
	if err := s.Serve(&limited{Listener: l}); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

// limited hangs up on whoever comes when there are too many.
type limited struct {
	net.Listener
	open atomic.Int32
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= maxConnections {
			return &conn{Conn: c, closed: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
		}
		l.open.Add(-1)
		c.Close()
	}
}

// A conn is one of those that are open.
type conn struct {
	net.Conn
	closed func()
}

func (c *conn) Close() error {
	defer c.closed()
	return c.Conn.Close()
}
