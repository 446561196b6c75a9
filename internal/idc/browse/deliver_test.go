package browse_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/browse"
)

const delivered = "http://127.0.0.1:7777/oauth/callback?code=secret-code&state=s"

// port answers like a port on which somebody begins to listen at some time.
type port struct {
	opens time.Time
	tries int
	reply func(*http.Request) *http.Response
}

func (p *port) RoundTrip(r *http.Request) (*http.Response, error) {
	p.tries++
	if time.Now().Before(p.opens) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	if p.reply != nil {
		return p.reply(r), nil
	}
	return &http.Response{StatusCode: 200, Status: "200 OK", Body: io.NopCloser(strings.NewReader("done")), Request: r}, nil
}

func TestDeliverWaits(t *testing.T) {
	for late, took := range map[time.Duration]time.Duration{
		0: 300 * time.Millisecond, 400 * time.Millisecond: 550 * time.Millisecond, 5 * time.Second: 5050 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			p := &port{opens: began.Add(late)}
			if err := browse.Deliver(t.Context(), &http.Client{Transport: p}, delivered); err != nil {
				t.Error(err)
			}
			if got := time.Since(began); got != took {
				t.Errorf("listening after %s: got there after %s, want %s", late, got, took)
			}
		})
	}
}

func TestDeliverGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := &port{opens: began.Add(time.Hour)}
		err := browse.Deliver(t.Context(), &http.Client{Transport: p}, delivered)
		if err == nil || !strings.Contains(err.Error(), "nothing listens at the callback 127.0.0.1:7777") || strings.Contains(err.Error(), "secret-code") {
			t.Errorf("got %v", err)
		}
		if got := time.Since(began); got < 10*time.Second || got > 11*time.Second {
			t.Errorf("gave up after %s, want 10 s", got)
		}
	})
}

func TestDeliverEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p := &port{opens: time.Now().Add(time.Hour)}
		if err := browse.Deliver(ctx, &http.Client{Transport: p}, delivered); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
	})
}

func TestDeliverOnlyHere(t *testing.T) {
	for _, address := range []string{
		"", "callback", "https://evil.test/?code=secret-code", "http://10.0.0.1/?code=secret-code", "http://127.0.0.1.evil.test/?code=secret-code",
		"http://127.0.0.1@evil.test/?code=secret-code", "http://user:secret-code@127.0.0.1/", "ftp://127.0.0.1/?code=secret-code", "file:///127.0.0.1",
		"http://0.0.0.0/?code=secret-code", "http://169.254.169.254/?code=secret-code", "http://%zz/?code=secret-code", "javascript:secret-code",
	} {
		p := &port{}
		err := browse.Deliver(t.Context(), &http.Client{Transport: p}, address)
		if err == nil || p.tries != 0 || strings.Contains(err.Error(), "secret-code") {
			t.Errorf("%s: got %v after %d requests, want none", address, err, p.tries)
		}
	}
}

func TestDeliverFollowsNothing(t *testing.T) {
	var other atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { other.Add(1) }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.URL.Query().Get("code") != "secret-code" || len(r.Cookies()) > 0 {
			t.Errorf("got %s %s", r.Method, r.URL)
		}
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	}))
	defer server.Close()
	if err := browse.Deliver(t.Context(), nil, server.URL+"/oauth/callback?code=secret-code"); err != nil {
		t.Error(err)
	}
	if got := other.Load(); got != 0 {
		t.Errorf("followed the redirect %d times", got)
	}
}

// endless counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) { e.read += len(p); return len(p), nil }
func (e *endless) Close() error               { return nil }

func TestDeliverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := &endless{}
		p := &port{reply: func(r *http.Request) *http.Response {
			return &http.Response{StatusCode: 200, Status: "200 OK", Body: body, Request: r}
		}}
		if err := browse.Deliver(t.Context(), &http.Client{Transport: p}, delivered); err != nil || body.read > 64<<10 {
			t.Errorf("got %v after %d bytes, want 64 KiB at most", err, body.read)
		}

		p.reply = func(r *http.Request) *http.Response {
			return &http.Response{StatusCode: 404, Status: "404 Not Found", Body: http.NoBody, Request: r}
		}
		err := browse.Deliver(t.Context(), &http.Client{Transport: p}, delivered)
		if err == nil || !strings.Contains(err.Error(), "the callback at 127.0.0.1:7777 answered 404 Not Found") || p.tries != 2 {
			t.Errorf("got %v after %d tries", err, p.tries)
		}
		// A program told of a denial has heard it, however it answers.
		if err := browse.Deliver(t.Context(), &http.Client{Transport: p}, "http://127.0.0.1:7777/?error=access_denied"); err != nil {
			t.Error(err)
		}
	})
}
