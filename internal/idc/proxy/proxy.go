package proxy

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

// Those of the Identity Center's own listener.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 60 * time.Second
	drainTimeout  = 5 * time.Second

	maxHeaderBytes = 16 << 10
	maxConnections = 10_000
)

// What a client may still send after a refusal, before the connection is cut
// and takes the refusal with it.
const (
	lingerTimeout = 500 * time.Millisecond
	lingerBytes   = 64 << 10
)

// Proxy is an HTTP proxy on loopback that takes CONNECT (RFC 9110 section
// 9.3.6) to the hosts that Served names, and answers for them: it connects to
// nothing. Whoever is to use it needs its password, under any user name.
type Proxy struct {
	Handler   http.Handler // gets what clients ask of the AWS hosts; see Through
	Authority *Authority   // with Hosts.AWS
	Password  string       // of this run
	Log       *slog.Logger // nil: slog.Default()
}

type throughKey struct{}

// Through says by which AWS host name a request came, if it came through a Proxy.
func Through(ctx context.Context) (host string, ok bool) {
	host, ok = ctx.Value(throughKey{}).(string)
	return host, ok
}

// Serve answers on a listener until ctx ends, then gives requests under way five
// seconds to finish. It closes the listener, and returns nil when ctx was what
// ended it.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) error {
	if err := p.check(l); err != nil {
		return errors.Join(err, l.Close())
	}
	handshakes, endHandshakes := context.WithCancel(context.WithoutCancel(ctx))
	defer endHandshakes()
	s := &serving{Proxy: p, log: p.Log, tunnels: newTunnels(l.Addr()), handshakes: handshakes}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.tls = &tls.Config{GetCertificate: p.Authority.GetCertificate, NextProtos: []string{"http/1.1"}}

	var silent silentConns
	limited := func(h http.Handler) *http.Server {
		return &http.Server{
			Handler:           h,
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
	}
	outer, inner := limited(http.HandlerFunc(s.answer)), limited(http.HandlerFunc(s.pass))
	inner.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, throughKey{}, c.(*tls.Conn).NetConn().(*tunnel).host)
	}

	// Before Serve returns, so do all of these.
	var background sync.WaitGroup
	defer background.Wait()
	failed := make(chan error, 2)
	background.Go(func() { failed <- outer.Serve(netutil.LimitListener(l, maxConnections)) })
	background.Go(func() { failed <- inner.Serve(s.tunnels) })
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	endHandshakes()
	if err != nil {
		err = errors.Join(err, outer.Close(), inner.Close())
		s.connects.shut()
		return err
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	silent.close()
	// The outer one first: what it still hands over, the inner one still takes.
	for _, server := range []*http.Server{outer, inner} {
		stopped := server.Shutdown(drain)
		if errors.Is(stopped, context.DeadlineExceeded) {
			s.log.WarnContext(ctx, "requests were still under way after "+drainTimeout.String())
			stopped = server.Close()
		}
		err = errors.Join(err, stopped)
		s.connects.shut() // Shutdown forgets what was hijacked
	}
	return err
}

// check refuses what would make the proxy anybody's.
func (p *Proxy) check(l net.Listener) error {
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		return fmt.Errorf("the proxy would be open to other machines at %s: let it listen on 127.0.0.1", a)
	}
	if p.Password == "" {
		return errors.New("the proxy has no password")
	}
	return nil
}

// serving is a Proxy while it serves.
type serving struct {
	*Proxy
	log        *slog.Logger
	tls        *tls.Config
	tunnels    *tunnels
	handshakes context.Context // ends the handshakes under way
	connects   gate            // what the handlers of CONNECT pass
}

// answer answers what is said to the proxy itself.
func (s *serving) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect && r.URL.Host == "" {
		say(w, http.StatusNotFound, "This is the proxy of a local Identity Center: HTTPS_PROXY leads AWS clients here. "+
			"It has no pages, and is no endpoint to set AWS_ENDPOINT_URL to.")
		return
	}
	if !s.authorized(r) {
		w.Header().Set("Proxy-Authenticate", `Basic realm="portico"`)
		say(w, http.StatusProxyAuthRequired, "This proxy needs the password of this run of the local Identity Center: "+
			"take HTTPS_PROXY as it was printed at the start.")
		return
	}
	if r.Method != http.MethodConnect {
		say(w, http.StatusForbidden, fmt.Sprintf("This proxy of a local Identity Center answers for AWS's hosts by https only, not for http://%s. %s",
			printable(r.URL.Host), cure(r.URL.Hostname())))
		return
	}
	if done := s.connects.enter(); done != nil {
		defer done()
		s.connect(w, r)
	}
}

func (s *serving) authorized(r *http.Request) bool {
	// A header of Go's parser alone: it knows how to take Authorization apart.
	asked := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	_, password, ok := asked.BasicAuth()
	got, want := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(s.Password))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1 && ok
}

// connect opens a tunnel, or says why there is none.
func (s *serving) connect(w http.ResponseWriter, r *http.Request) {
	// RequestURI, because net/http makes paths of some targets.
	host, port, ok := parseTarget(r.RequestURI)
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.log.ErrorContext(r.Context(), "taking over a connection failed", "error", err)
		say(w, http.StatusInternalServerError, "The proxy failed; its log says why.")
		return
	}
	_ = conn.SetDeadline(time.Now().Add(headerTimeout)) // until net/http sets its own
	switch {
	case !ok:
		refuse(conn, http.StatusBadRequest, "the CONNECT names no host and port", "")
		return
	case !served(host):
		refuse(conn, http.StatusForbidden, fmt.Sprintf("the local Identity Center does not serve %s", host), cure(host))
		return
	case port != "443":
		refuse(conn, http.StatusForbidden, fmt.Sprintf("the local Identity Center serves %s at port 443 only, not at %s", host, port), cure(host))
		return
	}
	t := &tunnel{Conn: conn, host: host, early: buffered.Reader}
	c := tls.Server(t, s.tls)
	if _, err = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err == nil {
		err = c.HandshakeContext(s.handshakes)
	}
	if err != nil {
		s.handshakeFailed(host, err)
		_ = conn.Close()
		return
	}
	s.tunnels.hand(c)
}

// handshakeFailed tells apart the failures that somebody must cure.
func (s *serving) handshakeFailed(host string, err error) {
	if errors.Is(err, errEnded) {
		s.log.Warn(err.Error(), "host", host, "ended", s.Authority.NotAfter())
		return
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "remote error" {
		s.log.Warn("a client does not accept the proxy's certificate: let AWS_CA_BUNDLE, SSL_CERT_FILE or NODE_EXTRA_CA_CERTS name the certificate authority of this run",
			"host", host, "error", err)
		return
	}
	s.log.Debug("no TLS handshake", "host", host, "error", err)
}

// pass hands on what comes out of a tunnel.
func (s *serving) pass(w http.ResponseWriter, r *http.Request) {
	host, _ := Through(r.Context())
	if name := normalHost(r.TLS.ServerName); name != "" && name != host {
		say(w, http.StatusMisdirectedRequest, fmt.Sprintf("The proxy was asked to CONNECT to %s, and then by TLS for %s. Go there by a CONNECT of its own.", host, name))
		return
	}
	asked := r.Host
	if name, port, ok := parseTarget(asked); ok && port == "443" {
		asked = name
	}
	if asked = normalHost(asked); asked != host {
		say(w, http.StatusMisdirectedRequest, fmt.Sprintf("The proxy was asked to CONNECT to %s, and then by the Host header for %s. Go there by a CONNECT of its own.", host, printable(asked)))
		return
	}
	s.Handler.ServeHTTP(w, r)
}

// cure says how to do without the proxy.
func cure(host string) string {
	return fmt.Sprintf("Add %s to NO_PROXY, or unset HTTPS_PROXY and HTTP_PROXY, to reach it directly.", cmp.Or(printable(host), "the host"))
}

// printable is text of a client's with nothing in it that a terminal minds.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 255)]
}

func say(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, words+"\n")
}

// refuse answers a CONNECT. The reason is in the status line as well: Python's
// and Go's clients show that line of a proxy's answer, and not its body.
func refuse(conn net.Conn, status int, reason, cure string) {
	defer conn.Close()
	body := strings.TrimSpace(strings.ToUpper(reason[:1])+reason[1:]+". "+cure) + "\n"
	line := fmt.Sprintf("HTTP/1.1 %03d %s", status, reason)
	if cure != "" {
		line += "; NO_PROXY can name what to reach directly"
	}
	if _, err := fmt.Fprintf(conn, "%s\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		line, len(body), body); err != nil {
		return
	}
	_ = conn.SetDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.CopyN(io.Discard, conn, lingerBytes)
}

// gate waits for those who are inside and lets nobody else in.
type gate struct {
	mu     sync.Mutex
	inside sync.WaitGroup
	closed bool
}

// enter returns nil when the gate is shut.
func (g *gate) enter() (leave func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	g.inside.Add(1)
	return g.inside.Done
}

func (g *gate) shut() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
}

// tunnel is the client's end of what a CONNECT opened.
type tunnel struct {
	net.Conn
	host  string
	early *bufio.Reader // what came with the CONNECT
}

func (t *tunnel) Read(b []byte) (int, error) {
	if t.early != nil {
		if n := t.early.Buffered(); n > 0 {
			return t.early.Read(b[:min(n, len(b))])
		}
		t.early = nil // 4 KiB less to hold
	}
	return t.Conn.Read(b)
}

// tunnels is a listener whose connections come out of CONNECTs.
type tunnels struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	close  func()
}

func newTunnels(addr net.Addr) *tunnels {
	t := &tunnels{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
	t.close = sync.OnceFunc(func() { close(t.closed) })
	return t
}

// hand gives a connection to whoever accepts, or closes it.
func (t *tunnels) hand(c net.Conn) {
	select {
	case t.conns <- c:
	case <-t.closed:
		hangUp(c)
	}
}

func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case c := <-t.conns:
		return c, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

func (t *tunnels) Close() error   { t.close(); return nil }
func (t *tunnels) Addr() net.Addr { return t.addr }

// silentConns are the connections on which no request was ever made. A server
// that shuts down would wait five seconds for them.
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
		hangUp(c)
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
		hangUp(c)
	}
}

// hangUp closes a connection without a word of TLS, for which a peer that does
// not read would make us wait.
func hangUp(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	_ = c.Close()
}
