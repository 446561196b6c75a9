package serve

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener inside the process.
type pipes struct{ conns chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error { close(p.conns); return nil }

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// Clients that send nothing, half a request, too much or a body that never comes
// hold nothing up for long.
func TestHostileClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		door := pipes{make(chan net.Conn)}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- Serve(ctx, door, giving().Handler(host, token)) }()

		const request = "GET /credentials HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: " + token + "\r\n"
		try := func(name, text string, status int, within time.Duration) {
			t.Helper()
			c := door.dial()
			defer c.Close()
			start := time.Now()
			go io.WriteString(c, text)
			answer, err := http.ReadResponse(bufio.NewReader(c), nil)
			got := 0
			if err == nil {
				got = answer.StatusCode
				if _, err := io.ReadAll(answer.Body); err != nil || !answer.Close {
					t.Errorf("%s: %v, and it is kept open: %v", name, err, !answer.Close)
				}
			}
			if got != status || time.Since(start) > within {
				t.Errorf("%s: got status %d after %v, want %d within %v", name, got, time.Since(start), status, within)
			}
		}
		try("a good one", request+"\r\n", 200, 0)
		try("nothing", "", 0, headerTime)
		try("half a request", request, 0, headerTime)
		try("headers without end", request+"X: "+strings.Repeat("x", 20<<10)+"\r\n\r\n", 431, time.Second)
		try("a body that does not come", strings.Replace(request, "GET", "POST", 1)+"Content-Length: 1000000\r\n\r\n", 405, time.Second)
		try("a body in pieces", request+"Transfer-Encoding: chunked\r\n\r\n5\r\nhell", 400, time.Second)
		try("no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, headerTime)

		try("what net/http answers by itself", "OPTIONS * HTTP/1.1\r\nHost: "+host+"\r\n\r\n", 401, 0)

		// Those who hold connections open and ask nothing keep nobody out: the oldest
		// of them is hung up on, and at last all are.
		var held []net.Conn
		for range maxConnections {
			c := door.dial()
			go io.WriteString(c, "GET /cred")
			held = append(held, c)
		}
		synctest.Wait()
		start := time.Now()
		try("among many who ask nothing", request+"\r\n", 200, 0)
		if _, err := held[0].Read(make([]byte, 1)); err != io.EOF || time.Since(start) > 0 {
			t.Errorf("the oldest: got %v after %v, want EOF at once", err, time.Since(start))
		}
		time.Sleep(headerTime)
		synctest.Wait()
		for i, c := range held[1:] {
			if _, err := io.ReadAll(c); err != nil || time.Since(start) > headerTime {
				t.Fatalf("connection %d: %v after %v, want it closed after %v", i, err, time.Since(start), headerTime)
			}
		}

		start = time.Now()
		stop()
		if err := <-ended; err != nil || time.Since(start) > farewell {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

// Where everybody has asked, and waits, those beyond the limit are hung up on at
// once and nobody loses their place.
func TestManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		door := pipes{make(chan net.Conn)}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		e := giving()
		give, wait := e.Credentials, make(chan struct{})
		e.Credentials = func(ctx context.Context) (Credentials, error) { <-wait; return give(ctx) }
		go func() { ended <- Serve(ctx, door, e.Handler(host, token)) }()
		var waiting []net.Conn
		for range maxConnections {
			c := door.dial()
			go io.WriteString(c, "GET /credentials HTTP/1.1\r\nHost: "+host+"\r\nAuthorization: "+token+"\r\n\r\n")
			waiting = append(waiting, c)
		}
		synctest.Wait()
		start := time.Now()
		if _, err := door.dial().Read(make([]byte, 1)); err != io.EOF || time.Since(start) > 0 {
			t.Errorf("one too many: got %v after %v, want EOF at once", err, time.Since(start))
		}
		close(wait)
		for i, c := range waiting {
			if answer, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || answer.StatusCode != 200 {
				t.Fatalf("connection %d: got %v, %v, want what it waited for", i, answer, err)
			}
			c.Close()
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
