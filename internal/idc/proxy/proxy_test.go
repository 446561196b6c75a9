package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

const password = "the password of this run"

// running is a proxy that serves, on pipes or on a real listener.
type running struct {
	*Proxy
	log  *buffer
	dial func() net.Conn
	stop func() (took time.Duration, err error)
}

// buffer is a log that is read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// echo says who was asked for what.
func echo(w http.ResponseWriter, r *http.Request) {
	host, ok := Through(r.Context())
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%v %s %s %s%s %s", ok, host, r.Method, r.Host, r.URL, body)
}

func run(t *testing.T, l net.Listener, dial func() net.Conn, h http.HandlerFunc) *running {
	t.Helper()
	if h == nil {
		h = echo
	}
	r := &running{log: &buffer{}, dial: dial}
	r.Proxy = &Proxy{Handler: h, Authority: newAuthority(t, time.Now(), Hosts{AWS: true}), Password: password,
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx, l) }()
	r.stop = sync.OnceValues(func() (time.Duration, error) {
		began := time.Now()
		cancel()
		err := <-done
		return time.Since(began), err
	})
	return r
}

// onPipes is a proxy for a bubble.
func onPipes(t *testing.T, h http.HandlerFunc) *running {
	l := newTunnels(&net.UnixAddr{Name: "pipe"})
	return run(t, l, func() net.Conn {
		client, server := net.Pipe()
		go l.hand(server)
		return newBuffered(client)
	}, h)
}

// buffered is a client's end of a pipe that takes what is written at once, as
// a socket does: both ends of TLS say goodbye before they listen.
type buffered struct {
	net.Conn
	mu     sync.Mutex
	queue  chan []byte
	closed bool
}

func newBuffered(c net.Conn) *buffered {
	b := &buffered{Conn: c, queue: make(chan []byte, 100)}
	go func() {
		for p := range b.queue {
			_, _ = b.Conn.Write(p)
		}
		_ = b.Conn.Close()
	}()
	return b
}

func (b *buffered) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, net.ErrClosed
	}
	b.queue <- bytes.Clone(p)
	return len(p), nil
}

func (b *buffered) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return net.ErrClosed
	}
	b.closed = true
	close(b.queue)
	return errors.Join(b.Conn.SetReadDeadline(time.Now()), b.Conn.SetWriteDeadline(time.Now().Add(time.Millisecond)))
}

// onLoopback is a proxy for programs.
func onLoopback(t *testing.T, h http.HandlerFunc) (r *running, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	r = run(t, l, func() net.Conn {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}, h)
	t.Cleanup(func() {
		if _, err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r, address
}

// client goes through the proxy as Go's clients do.
func (r *running) client(t *testing.T, password string) (*http.Client, *http.Transport) {
	roots := x509.NewCertPool()
	roots.AddCert(rootOf(t, r.Authority))
	transport := &http.Transport{
		Proxy:           http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test:1", User: url.UserPassword("anybody", password)}),
		DialContext:     func(context.Context, string, string) (net.Conn, error) { return r.dial(), nil },
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	return &http.Client{Transport: transport}, transport
}

// bubble fails when a goroutine is left over a second after the test. Until
// then, the ends of a pipe may still say goodbye.
func bubble(t *testing.T, f func(*testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		f(t)
		time.Sleep(time.Second)
	})
}

func TestThroughProxy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, nil)
		client, transport := r.client(t, password)
		for range 2 { // the second on the same connection
			for _, host := range []string{"oidc.us-east-1.amazonaws.com", "PORTAL.sso.eusc-de-east-1.amazonaws.eu", "b.s3.amazonaws.com", "sts.amazonaws.com."} {
				resp, err := client.Post("https://"+host+"/token?x=1", "text/plain", strings.NewReader("body"))
				if err != nil {
					t.Fatalf("%s: %v", host, err)
				}
				b, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				want := fmt.Sprintf("true %s POST %s/token?x=1 body", normalHost(host), host)
				if resp.StatusCode != http.StatusOK || string(b) != want {
					t.Errorf("got %s %q, want %q", resp.Status, b, want)
				}
			}
		}
		transport.CloseIdleConnections()
		if took, err := r.stop(); err != nil || took > time.Second {
			t.Errorf("got %v after %s, want nil at once", err, took)
		}
		if strings.Contains(r.log.String(), password) {
			t.Error("the password is in the log")
		}
	})
	if host, ok := Through(t.Context()); ok || host != "" {
		t.Errorf("got %q of a request that came otherwise", host)
	}
}

// say sends a request as it is and reads the answer, up to its end.
func (r *running) say(t *testing.T, request string) (*http.Response, string) {
	t.Helper()
	c := r.dial()
	defer c.Close()
	go func() { _, _ = io.WriteString(c, request) }()
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	b, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	return resp, string(b)
}

func basic(password string) string {
	return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("anybody:"+password)) + "\r\n"
}

func TestRefusals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, func(http.ResponseWriter, *http.Request) { t.Error("the handler was asked") })
		authorized := basic(password)
		long := strings.Repeat("a", 200)
		for _, test := range []struct {
			request, headers string
			status           int
			words            []string // in the body
			reason           string   // in the status line
		}{
			{"CONNECT example.com:443", authorized, 403, []string{"does not serve example.com", "NO_PROXY", "HTTPS_PROXY"}, "does not serve example.com"},
			{"CONNECT ec2.us-east-1.amazonaws.com:443", authorized, 403, []string{"does not serve ec2.us-east-1.amazonaws.com"}, "ec2.us-east-1"},
			{"CONNECT 169.254.169.254:443", authorized, 403, []string{"does not serve 169.254.169.254"}, "169.254.169.254"},
			{"CONNECT 127.0.0.1:443", authorized, 403, []string{"does not serve 127.0.0.1"}, "127.0.0.1"},
			{"CONNECT localhost:443", authorized, 403, []string{"does not serve localhost"}, "localhost"},
			{"CONNECT [::1]:443", authorized, 403, []string{"does not serve ::1"}, "::1"},
			{"CONNECT oidc.us-east-1.amazonaws.com:80", authorized, 403, []string{"at port 443 only, not at 80"}, "443 only"},
			{"CONNECT oidc.us-east-1.amazonaws.com:0443", authorized, 403, []string{"at port 443 only, not at 0443"}, "443 only"},
			{"CONNECT oidc.us-east-1.amazonaws.com.evil.test:443", authorized, 403, []string{"evil.test"}, "evil.test"},
			{"CONNECT oidc.us-east-1.amazonaws.com", authorized, 400, []string{"no host and port"}, "no host and port"},
			{"CONNECT /oidc.us-east-1.amazonaws.com:443", authorized, 400, []string{"no host and port"}, "no host and port"},
			{"CONNECT " + long + "." + long + ":443", authorized, 400, []string{"no host and port"}, "no host and port"},

			{"CONNECT oidc.us-east-1.amazonaws.com:443", "", 407, []string{"needs the password"}, "Proxy Authentication Required"},
			{"CONNECT oidc.us-east-1.amazonaws.com:443", basic("wrong"), 407, []string{"needs the password"}, "Proxy"},
			{"CONNECT oidc.us-east-1.amazonaws.com:443", basic(""), 407, []string{"needs the password"}, "Proxy"},
			{"CONNECT oidc.us-east-1.amazonaws.com:443", basic(password + "x"), 407, []string{"needs the password"}, "Proxy"},
			{"CONNECT oidc.us-east-1.amazonaws.com:443", strings.Replace(authorized, "Basic", "Bearer", 1), 407, []string{"needs the password"}, "Proxy"},
			{"CONNECT oidc.us-east-1.amazonaws.com:443", strings.Replace(authorized, "Proxy-", "", 1), 407, []string{"needs the password"}, "Proxy"},
			{"CONNECT example.com:443", "", 407, []string{"needs the password"}, "Proxy"},

			{"GET http://oidc.us-east-1.amazonaws.com/", authorized, 403, []string{"by https only", "oidc.us-east-1.amazonaws.com", "NO_PROXY"}, "Forbidden"},
			{"GET http://169.254.169.254/latest/meta-data", authorized, 403, []string{"169.254.169.254"}, "Forbidden"},
			{"GET https://oidc.us-east-1.amazonaws.com/", authorized, 403, []string{"by https only"}, "Forbidden"},
			{"POST http://example.com/", "", 407, []string{"needs the password"}, "Proxy"},

			{"GET /", "", 404, []string{"This is the proxy of a local Identity Center", "HTTPS_PROXY"}, "Not Found"},
			{"POST /token", authorized, 404, []string{"AWS_ENDPOINT_URL"}, "Not Found"},
			{"OPTIONS *", "", 404, []string{"This is the proxy"}, "Not Found"},
		} {
			resp, body := r.say(t, test.request+" HTTP/1.1\r\nHost: oidc.us-east-1.amazonaws.com:443\r\n"+test.headers+"\r\n")
			if resp.StatusCode != test.status || !strings.Contains(resp.Status, test.reason) || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("%.90s: got %q, %q, want %d %s", test.request, resp.Status, resp.Header.Get("Content-Type"), test.status, test.reason)
			}
			for _, words := range test.words {
				if !strings.Contains(body, words) {
					t.Errorf("%.90s: got %q, want %q in it", test.request, body, words)
				}
			}
			if got := resp.Header.Get("Proxy-Authenticate"); (got != "") != (test.status == 407) {
				t.Errorf("%.90s: got Proxy-Authenticate %q", test.request, got)
			}
		}
		if _, err := r.stop(); err != nil {
			t.Error(err)
		}
		if l := r.log.String(); strings.Contains(l, password) {
			t.Errorf("the password is in the log: %s", l)
		}
	})
}

// The words reach people by way of their clients.
func TestRefusalInClient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, nil)
		defer r.stop()
		client, _ := r.client(t, password)
		_, err := client.Get("https://ec2.us-east-1.amazonaws.com/")
		if err == nil || !strings.Contains(err.Error(), "the local Identity Center does not serve ec2.us-east-1.amazonaws.com; NO_PROXY can name") {
			t.Errorf("got %v", err)
		}
		client, _ = r.client(t, "wrong")
		if _, err := client.Get("https://sts.amazonaws.com/"); err == nil || !strings.Contains(err.Error(), "Proxy Authentication Required") {
			t.Errorf("got %v", err)
		}
	})
}

// open goes as far as TLS, for the SNI given.
func (r *running) open(t *testing.T, connect, sni string) *tls.Conn {
	t.Helper()
	c := r.dial()
	if _, err := io.WriteString(c, "CONNECT "+connect+":443 HTTP/1.1\r\nHost: "+connect+":443\r\n"+basic(password)+"\r\n"); err != nil {
		t.Fatal(err)
	}
	// The proxy says no more before the client does, so nothing is read ahead.
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: "CONNECT"})
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", resp, err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(rootOf(t, r.Authority))
	config := &tls.Config{RootCAs: roots, ServerName: sni}
	if sni == "" {
		config.InsecureSkipVerify = true // else a name is required; it is checked below
	}
	tc := tls.Client(c, config)
	if err := tc.HandshakeContext(t.Context()); err != nil {
		t.Fatalf("TLS with %s for %q: %v", connect, sni, err)
	}
	if sni == "" {
		if err := tc.ConnectionState().PeerCertificates[0].VerifyHostname(normalHost(connect)); err != nil {
			t.Error(err)
		}
	}
	return tc
}

func TestMisdirected(t *testing.T) {
	const host = "oidc.us-east-1.amazonaws.com"
	bubble(t, func(t *testing.T) {
		r := onPipes(t, nil)
		defer r.stop()
		for _, test := range []struct {
			connect, sni, host string
			status             int
			words              string
		}{
			{host, host, host, 200, "true " + host},
			{host, host, host + ":443", 200, "true " + host},
			{host, host, strings.ToUpper(host) + ".:443", 200, "true " + host},
			{strings.ToUpper(host) + ".", host, host, 200, "true " + host},
			{host, "", host, 200, "true " + host},
			{host, "sts.amazonaws.com", "sts.amazonaws.com", 421, "by TLS for sts.amazonaws.com"},
			{host, "sts.amazonaws.com", host, 421, "by TLS for sts.amazonaws.com"},
			{host, host, "sts.amazonaws.com", 421, "by the Host header for sts.amazonaws.com"},
			{host, host, host + ":80", 421, "by the Host header"},
			{host, host, "127.0.0.1:8642", 421, "by the Host header"},
			{host, host, "evil.test", 421, "by the Host header for evil.test"},
		} {
			c := r.open(t, test.connect, test.sni)
			go func() { fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", test.host) }()
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatalf("%v: %v", test, err)
			}
			b := make([]byte, 500)
			n, _ := io.ReadFull(resp.Body, b)
			if resp.StatusCode != test.status || !strings.Contains(string(b[:n]), test.words) {
				t.Errorf("%v: got %s %s", test, resp.Status, b[:n])
			}
			_ = c.NetConn().Close()
		}
	})
}

// A client may send its first TLS message with the CONNECT, not waiting to be
// asked.
func TestEarlyHello(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, nil)
		defer r.stop()
		c := &eager{Conn: r.dial(), ahead: "CONNECT sts.amazonaws.com:443 HTTP/1.1\r\n" + basic(password) + "\r\n", answer: new(bytes.Buffer)}
		roots := x509.NewCertPool()
		roots.AddCert(rootOf(t, r.Authority))
		tc := tls.Client(c, &tls.Config{RootCAs: roots, ServerName: "sts.amazonaws.com"})
		defer c.Close()
		if err := tc.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(c.answer.String(), "HTTP/1.1 200 ") {
			t.Errorf("got %q", c.answer)
		}
	})
}

// eager is a connection whose first write has something before it, and whose
// first read drops an HTTP answer.
type eager struct {
	net.Conn
	ahead  string
	answer *bytes.Buffer
}

func (e *eager) Write(b []byte) (int, error) {
	n, err := e.Conn.Write(append([]byte(e.ahead), b...))
	n -= len(e.ahead)
	e.ahead = ""
	return n, err
}

func (e *eager) Read(b []byte) (int, error) {
	one := make([]byte, 1)
	for !strings.HasSuffix(e.answer.String(), "\r\n\r\n") {
		if _, err := e.Conn.Read(one); err != nil {
			return 0, err
		}
		e.answer.Write(one)
	}
	return e.Conn.Read(b)
}

// Whoever stops half-way holds a connection for a short time only, and those
// who behave are served meanwhile.
func TestTimeouts(t *testing.T) {
	const host = "sts.amazonaws.com"
	connect := "CONNECT " + host + ":443 HTTP/1.1\r\n" + basic(password) + "\r\n"
	send := func(s string) func(*testing.T, *running) net.Conn {
		return func(_ *testing.T, r *running) net.Conn {
			c := r.dial()
			go func() { _, _ = io.WriteString(c, s) }()
			return c
		}
	}
	inside := func(s string) func(*testing.T, *running) net.Conn {
		return func(t *testing.T, r *running) net.Conn {
			c := r.open(t, host, host)
			go func() { _, _ = io.WriteString(c, s) }()
			return c
		}
	}
	for name, test := range map[string]struct {
		open func(*testing.T, *running) net.Conn
		want time.Duration
	}{
		"nothing":                     {send(""), headerTimeout},
		"half a CONNECT":              {send("CONNECT sts.amazonaws.com:443 HTTP/1.1\r\nX-A: "), headerTimeout},
		"CONNECT alone":               {send(connect), headerTimeout},
		"half a hello":                {send(connect + "\x16\x03\x01\x02"), headerTimeout},
		"a refusal":                   {send("CONNECT example.com:443 HTTP/1.1\r\n" + basic(password) + "\r\n"), lingerTimeout},
		"TLS alone":                   {inside(""), headerTimeout},
		"half a request":              {inside("GET / HTTP/1.1\r\nHost: sts.ama"), headerTimeout},
		"half a body":                 {inside("POST / HTTP/1.1\r\nHost: sts.amazonaws.com\r\nContent-Length: 9\r\n\r\n{"), readTimeout},
		"idle in the tunnel":          {inside("GET / HTTP/1.1\r\nHost: sts.amazonaws.com\r\n\r\n"), idleTimeout},
		"idle after a wrong password": {send("CONNECT sts.amazonaws.com:443 HTTP/1.1\r\n\r\n"), idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := onPipes(t, nil)
				const many = 20
				ends := make(chan time.Duration, many)
				for range many {
					began := time.Now()
					c := test.open(t, r)
					go func() {
						_, _ = io.Copy(io.Discard, c) // until the proxy hangs up
						ends <- time.Since(began)
						if tc, ok := c.(*tls.Conn); ok {
							c = tc.NetConn()
						}
						_ = c.Close()
					}()
				}
				client, transport := r.client(t, password)
				resp, err := client.Get("https://" + host + "/")
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				transport.CloseIdleConnections()
				for range many {
					if took := <-ends; took < test.want || took > test.want+time.Second {
						t.Errorf("held for %s, want %s", took, test.want)
					}
				}
				if _, err := r.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A request under way is finished; one that never ends is cut. Nothing stays
// behind, whatever state a connection was in: the bubble would not end.
func TestDrain(t *testing.T) {
	for _, test := range []struct{ takes, want time.Duration }{
		{3 * time.Second, 3 * time.Second},
		{time.Hour, drainTimeout},
	} {
		bubble(t, func(t *testing.T) {
			r := onPipes(t, func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-time.After(test.takes):
					fmt.Fprint(w, "finished")
				case <-r.Context().Done():
				}
			})
			client, transport := r.client(t, password)
			got := make(chan string, 1)
			go func() {
				resp, err := client.Get("https://sts.amazonaws.com/")
				if err != nil {
					got <- "cut"
					return
				}
				defer resp.Body.Close()
				b, _ := io.ReadAll(resp.Body)
				got <- string(b)
			}()
			synctest.Wait()
			took, err := r.stop()
			if err != nil || took < test.want || took > test.want+time.Second {
				t.Errorf("got %v after %s, want nil after %s", err, took, test.want)
			}
			want := "finished"
			if test.takes > drainTimeout {
				want = "cut"
			}
			stopped := time.Now()
			if got := <-got; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if late := time.Since(stopped); late > 0 {
				t.Errorf("the client knows %s after the end", late)
			}
			transport.CloseIdleConnections()
		})
	}
}

// What waits for a client to speak delays nothing.
func TestStopsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, nil)
		silent, connected := r.dial(), r.dial()
		go func() {
			_, _ = io.WriteString(connected, "CONNECT sts.amazonaws.com:443 HTTP/1.1\r\n"+basic(password)+"\r\n")
		}()
		if _, err := http.ReadResponse(bufio.NewReader(connected), &http.Request{Method: "CONNECT"}); err != nil {
			t.Fatal(err)
		}
		opened := r.open(t, "sts.amazonaws.com", "sts.amazonaws.com")
		reading := make(chan error, 1)
		go func() { _, err := opened.Read(make([]byte, 1)); reading <- err }()
		synctest.Wait()
		if took, err := r.stop(); err != nil || took > time.Second {
			t.Errorf("got %v after %s, want nil at once", err, took)
		}
		<-reading
		for _, c := range []net.Conn{silent, connected, opened.NetConn()} {
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Error("a connection is still open")
			}
			_ = c.Close()
		}
	})
}

// Many who read nothing of a long answer do not make the end long.
func TestStopsDespiteDeafClients(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, func(w http.ResponseWriter, _ *http.Request) {
			for range 1000 {
				_, _ = w.Write(make([]byte, 1000))
			}
		})
		for range 20 {
			c := r.open(t, "sts.amazonaws.com", "sts.amazonaws.com")
			defer c.NetConn().Close()
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: sts.amazonaws.com\r\n\r\n")
		}
		synctest.Wait()
		if took, err := r.stop(); err != nil || took > drainTimeout+time.Second {
			t.Errorf("got %v after %s, want nil after %s", err, took, drainTimeout)
		}
	})
}

func TestServeFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, nil)
		for name, p := range map[string]*Proxy{
			"without a password": {Handler: http.HandlerFunc(echo), Authority: r.Authority},
			"for other machines": {Handler: http.HandlerFunc(echo), Authority: r.Authority, Password: password},
		} {
			l := newTunnels(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 1})
			if name == "without a password" {
				l.addr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
			}
			if err := p.Serve(t.Context(), l); err == nil {
				t.Errorf("%s: got nil", name)
			}
			if _, err := l.Accept(); err == nil {
				t.Errorf("%s: the listener is still open", name)
			}
		}
		if _, err := r.stop(); err != nil {
			t.Error(err)
		}
		// A listener that breaks ends it.
		l := newTunnels(&net.UnixAddr{Name: "pipe"})
		_ = l.Close()
		if err := r.Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want what the listener said", err)
		}
	})
}

// Somebody must be told that a client does not trust the proxy: the client's
// own words seldom say what to do.
func TestDistrust(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, nil)
		client, transport := r.client(t, password)
		transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		if _, err := client.Get("https://sts.amazonaws.com/"); err == nil {
			t.Fatal("an unknown authority is trusted")
		}
		synctest.Wait()
		if _, err := r.stop(); err != nil {
			t.Error(err)
		}
		if l := r.log.String(); !strings.Contains(l, "level=WARN") || !strings.Contains(l, "AWS_CA_BUNDLE") || !strings.Contains(l, "host=sts.amazonaws.com") {
			t.Errorf("got log %s", l)
		}
	})
}

// After a week it is not the client that has something to cure.
func TestCertificatesEndInTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, nil)
		get := func() error {
			client, transport := r.client(t, password)
			defer transport.CloseIdleConnections()
			resp, err := client.Get("https://sts.amazonaws.com/")
			if err == nil {
				_ = resp.Body.Close()
			}
			return err
		}
		if err := get(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(7 * 24 * time.Hour)
		if get() == nil {
			t.Error("got an answer")
		}
		synctest.Wait()
		if _, err := r.stop(); err != nil {
			t.Error(err)
		}
		l := r.log.String()
		if strings.Count(l, "level=WARN") != 1 || !strings.Contains(l, `level=WARN msg="the certificates of this run have ended; restart the Identity Center" host=sts.amazonaws.com`) {
			t.Errorf("got log %s", l)
		}
	})
}

// An end waits for the CONNECTs that are being answered: nothing of them is left
// when it is over.
func TestStopWaitsForConnects(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, nil)
		c := r.dial()
		defer c.Close()
		if _, err := io.WriteString(c, "CONNECT example.com:443 HTTP/1.1\r\n"+basic(password)+"\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the refusal lingers for what the client may still send
		end := make(chan time.Time, 1)
		go func() {
			_, _ = io.Copy(io.Discard, c)
			end <- time.Now()
		}()
		took, err := r.stop()
		if err != nil || took > lingerTimeout {
			t.Errorf("got %v after %s", err, took)
		}
		stopped := time.Now()
		if late := (<-end).Sub(stopped); late > 0 {
			t.Errorf("a CONNECT was answered until %s after the end", late)
		}
	})
}

// HTTP/1.0 knows no Host, and the name in the CONNECT does not stand in for it.
func TestTunnelWithoutHost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, func(http.ResponseWriter, *http.Request) { t.Error("the handler was asked") })
		c := r.open(t, "sts.amazonaws.com", "sts.amazonaws.com")
		go func() { _, _ = io.WriteString(c, "GET / HTTP/1.0\r\n\r\n") }()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("got %v, %v, want 421", resp, err)
		}
		_ = c.NetConn().Close()
		if _, err := r.stop(); err != nil {
			t.Error(err)
		}
	})
}

// Some clients give the password only when they are asked, on the connection
// on which they were.
func TestPasswordWhenAsked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := onPipes(t, nil)
		c := r.dial()
		answers := bufio.NewReader(c)
		for _, test := range []struct {
			headers string
			status  int
		}{{"", 407}, {basic("wrong"), 407}, {basic(password), 200}} {
			go func() {
				_, _ = io.WriteString(c, "CONNECT sts.amazonaws.com:443 HTTP/1.1\r\nHost: sts.amazonaws.com:443\r\n"+test.headers+"\r\n")
			}()
			resp, err := http.ReadResponse(answers, &http.Request{Method: "CONNECT"})
			if err != nil || resp.StatusCode != test.status {
				t.Fatalf("%q: got %v, %v, want %d", test.headers, resp, err, test.status)
			}
			if test.status != 200 { // ReadResponse takes no CONNECT to have a body
				_, _ = io.CopyN(io.Discard, answers, resp.ContentLength)
			}
		}
		_ = c.Close()
		if _, err := r.stop(); err != nil {
			t.Error(err)
		}
	})
}
