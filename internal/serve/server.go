package serve

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
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
		Handler:           asking(h),
		ReadHeaderTimeout: headerTime,
		WriteTimeout:      flightLimit + headerTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // what clients send wrong is no news
		ConnContext:       withConn,
		// net/http would answer OPTIONS * by itself, to anybody and off the record.
		DisableGeneralOptionsHandler: true,
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

// asking notes that a connection's request has come whole.
func asking(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := connOf(r.Context()); ok {
			c.asked.Store(true)
		}
		h.ServeHTTP(w, r)
	})
}

// limited bounds how many connections are open. Whoever keeps many open without
// asking anything, which takes no token, must not keep others out: the oldest of
// those make room. Where all have asked, it hangs up on whoever comes.
type limited struct {
	net.Listener
	mu   sync.Mutex
	open []*conn // the oldest first
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := (&conn{Conn: c, of: l}); l.admit(c) {
			return c, nil
		}
		c.Close()
	}
}

func (l *limited) admit(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= maxConnections {
		i := slices.IndexFunc(l.open, func(c *conn) bool { return !c.asked.Load() })
		if i < 0 {
			return false
		}
		l.open[i].Conn.Close()
		l.open = slices.Delete(l.open, i, i+1)
	}
	l.open = append(l.open, c)
	return true
}

// A conn is one of those that are open.
type conn struct {
	net.Conn
	of    *limited
	asked atomic.Bool
}

func (c *conn) Close() error {
	c.of.mu.Lock()
	if i := slices.Index(c.of.open, c); i >= 0 {
		c.of.open = slices.Delete(c.of.open, i, i+1)
	}
	c.of.mu.Unlock()
	return c.Conn.Close()
}
