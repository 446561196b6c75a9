package serve

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Redirect is an address on this machine that sends a browser on to another
// one, once. A browser is started with an address that everybody on the machine
// can read; by a Redirect's they learn nothing of the one it leads to, and whoever
// is known to be another user is not sent there.
type Redirect struct {
	// Address is http, of the loopback interface.
	Address string

	server *http.Server
	taken  chan struct{}
}

// NewRedirect listens until Close.
func NewRedirect(target string) (*Redirect, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	host, path := l.Addr().String(), "/"+NewToken()
	r := &Redirect{Address: "http://" + host + path, taken: make(chan struct{})}
	var mu sync.Mutex
	left := 1
	r.server = &http.Server{
		ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		ErrorLog:    log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			h := w.Header()
			h.Set("Cache-Control", "no-store")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
			purpose := req.Header.Get("Sec-Purpose") + req.Header.Get("Purpose")
			switch {
			case req.Host != host || req.URL.Path != path || req.URL.RawQuery != "":
				http.NotFound(w, req)
				return
			case req.Method != http.MethodGet || strings.Contains(strings.ToLower(purpose), "prefetch"):
				http.Error(w, "Only opening this address leads on.", http.StatusMethodNotAllowed)
				return
			}
			if c, ok := req.Context().Value(connKey{}).(*net.TCPConn); ok {
				if p := tcpPeer(c); p.Known && p.UID != 0 && p.UID != self() {
					http.Error(w, "This address is another user's.", http.StatusForbidden)
					return
				}
			}
			mu.Lock()
			first := left > 0
			left--
			mu.Unlock()
			if !first {
				http.Error(w, "This address leads on once. Ask for a new one where you got it.", http.StatusGone)
				return
			}
			h.Set("Location", target)
			w.WriteHeader(http.StatusSeeOther)
			close(r.taken)
		}),
	}
	r.server.SetKeepAlivesEnabled(false)
	go r.server.Serve(l) // ends with Close
	return r, nil
}

// Taken is closed when a browser has been sent on.
func (r *Redirect) Taken() <-chan struct{} { return r.taken }

// Close waits for the answer to be out, if there is one, and ends the address.
func (r *Redirect) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if r.server.Shutdown(ctx) != nil {
		r.server.Close()
	}
}
