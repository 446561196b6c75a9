package signin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
)

// dialCallback opens a bare connection to where the sign-in waits.
func dialCallback(t *testing.T, back *url.URL) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", back.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Whatever else comes to the callback, and however much of it, the right
// redirect still completes the sign-in.
func TestCallbackUnderAttack(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	_, err := codeLogin(t, ic, c, s, func(address string) error {
		q := mustQuery(t, address)
		back, err := url.Parse(q.Get("redirect_uri"))
		if err != nil {
			return err
		}
		// Another program on the same port: not on this address, and elsewhere it
		// gets nothing.
		if l, err := net.Listen("tcp", back.Host); err == nil {
			l.Close()
			t.Error("somebody else could listen at the callback's address")
		}
		if l, err := net.Listen("tcp6", "[::1]:"+back.Port()); err == nil {
			defer l.Close()
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					t.Error("the redirect went to another listener")
					conn.Close()
				}
			}()
		}

		// Slow ones, which never finish what they have begun to say; more of them
		// than are let stay.
		for i := range 600 {
			conn := dialCallback(t, back)
			if i%2 == 0 {
				io.WriteString(conn, "GET /oauth/callback?state=")
			}
		}
		// Malformed ones.
		for _, text := range []string{
			"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", // a TLS handshake
			"SSH-2.0-scanner\r\n\r\n",
			"GET\r\n\r\n",
			"GET /oauth/callback?%zz HTTP/1.1\r\nHost: " + back.Host + "\r\n\r\n",
			"GET /oauth/callback?state=%FF%00&code=\x00 HTTP/1.1\r\nHost: " + back.Host + "\r\n\r\n",
			"GET /oauth/callback HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
			"POST /oauth/callback HTTP/1.1\r\nHost: " + back.Host + "\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\n",
			"GET /oauth/callback HTTP/1.1\r\nHost: " + back.Host + "\r\nContent-Length: 99999999999\r\n\r\n",
			"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
			strings.Repeat("A", 1<<20),
		} {
			conn := dialCallback(t, back)
			conn.SetDeadline(time.Now().Add(5 * time.Second))
			io.WriteString(conn, text)
		}
		// Huge ones.
		for _, query := range []string{strings.Repeat("x", 1<<20), "state=" + strings.Repeat("s", 8<<10) + "&code=x", strings.Repeat("&a", 8<<10)} {
			resp, err := http.Get(back.String() + "?" + query)
			if err != nil {
				continue // the connection was closed on it
			}
			resp.Body.Close()
			if resp.StatusCode < 400 {
				t.Errorf("a request of %d bytes: got status %d", len(query), resp.StatusCode)
			}
		}
		// And a thousand that only guess.
		var strangers sync.WaitGroup
		work := make(chan int)
		for range 8 {
			strangers.Go(func() {
				for i := range work {
					method := []string{"GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE"}[i%6]
					u := *back
					u.Path = []string{"/oauth/callback", "/", "/favicon.ico", "/oauth/callback/", "/.env"}[i%5]
					u.RawQuery = fmt.Sprintf("code=x%d&state=%d&error=access_denied", i, i)
					if i%3 == 0 {
						u.RawQuery = fmt.Sprintf("code=x%d&state=", i)
					}
					req, err := http.NewRequestWithContext(t.Context(), method, u.String(), strings.NewReader("state=x"))
					if err != nil {
						t.Error(err)
						continue
					}
					resp, err := http.DefaultClient.Do(req)
					if err != nil {
						t.Errorf("%s %s: %v", method, u.Path, err)
						continue
					}
					resp.Body.Close()
					if resp.StatusCode != http.StatusNotFound {
						t.Errorf("%s %s: got status %d", method, u.Path, resp.StatusCode)
					}
				}
			})
		}
		for i := range 1000 {
			work <- i
		}
		close(work)
		strangers.Wait()
		return ic.Approve(t.Context(), "alice", address)
	})
	if err != nil {
		t.Errorf("got %v, want success after all that", err)
	}
}

// freePort is a port of the loopback interface that nobody has.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestCallbackAddress(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	port := freePort(t)
	for _, address := range []string{"127.0.0.1:" + port, "0.0.0.0:" + port} {
		var browser sync.WaitGroup
		defer browser.Wait()
		_, err := c.Login(t.Context(), s, signin.Options{CallbackAddress: address, OpenURL: func(address string) error {
			if got, want := mustQuery(t, address).Get("redirect_uri"), "http://127.0.0.1:"+port+"/oauth/callback"; got != want {
				t.Errorf("got redirect URI %q, want %q", got, want)
			}
			browser.Go(func() {
				if err := ic.Approve(t.Context(), "alice", address); err != nil {
					t.Error(err)
				}
			})
			return nil
		}})
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		browser.Wait()
	}

	l, err := net.Listen("tcp4", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	shown := false
	_, err = c.Login(t.Context(), s, signin.Options{CallbackAddress: "127.0.0.1:" + port, Show: func(signin.Instructions) { shown = true }})
	if e, ok := errors.AsType[*signin.CallbackError](err); !ok || !strings.Contains(e.Error(), "address already in use \nChoose another port with --callback-port") {
		t.Errorf("a taken port: got %v", err)
	}
	if shown {
		t.Error("an address was shown that leads back to nobody")
	}
}

// Browsers do not say the port that http has anyway.
func TestCallbackOnPort80(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:80")
	if err != nil {
		t.Skip(err) // it takes privileges
	}
	l.Close()
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var browser sync.WaitGroup
	defer browser.Wait()
	_, err = c.Login(ctx, s, signin.Options{CallbackAddress: "127.0.0.1:80", OpenURL: func(address string) error {
		back := mustQuery(t, address).Get("redirect_uri")
		if want := "http://127.0.0.1/oauth/callback"; back != want {
			t.Errorf("got redirect URI %q, want %q", back, want)
		}
		browser.Go(func() {
			if err := ic.Approve(t.Context(), "alice", address); err != nil {
				t.Error(err)
			}
		})
		return nil
	}})
	if err != nil {
		t.Error(err)
	}
}

// carried is where a browser ends that cannot come back, with what it carries.
func carried(t *testing.T, address string) string {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if next.URL.Path == "/oauth/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := browser.Get(address)
	if err != nil {
		t.Error(err)
		return ""
	}
	resp.Body.Close()
	if back := resp.Header.Get("Location"); strings.HasPrefix(back, "http://127.0.0.1:") {
		return back
	}
	t.Errorf("the browser ended with status %d", resp.StatusCode)
	return ""
}

// What is pasted counts like a redirect, and no error repeats it.
func TestPaste(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	address := make(chan string, 1)
	_, err := c.Login(t.Context(), s, signin.Options{Show: func(i signin.Instructions) { address <- i.URL }, Paste: func(ctx context.Context, accept func(string) error) error {
		q := mustQuery(t, <-address)
		back, state := q.Get("redirect_uri"), q.Get("state")
		for _, tt := range []struct{ text, want string }{
			{"", "that is not the address"},
			{"hello", "that is not the address"},
			{"http://[", "that is not the address"},
			{back, "that is not the address"},
			{back + "?code=SECRET", "that is not the address"},
			{back + "?state=" + state, "that is not the address"},
			{"https://d-1234567890.awsapps.com/start?x=SECRET", "that is not the address"},
			{back + "?code=SECRET&state=other", "that address belongs to another sign-in"},
			{back + "?error=SECRET&state=other", "that address belongs to another sign-in"},
			{"http://127.0.0.1:1/oauth/callback?code=SECRET&state=" + state, "that address is not one this sign-in comes back to"},
			{"http://sso.example.com/oauth/callback?code=SECRET&state=" + state, "that address is not one this sign-in comes back to"},
			{back + "/other?code=SECRET&state=" + state, "that address is not one this sign-in comes back to"},
		} {
			err := accept(tt.text)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%q: got %v, want %q", tt.text, err, tt.want)
			}
		}
		<-ctx.Done()
		return ctx.Err()
	}, OpenURL: func(address string) error {
		go func() {
			if err := ic.Approve(t.Context(), "alice", address); err != nil {
				t.Error(err)
			}
		}()
		return nil
	}})
	if err != nil {
		t.Errorf("got %v, want the sign-in by the browser, whatever is pasted", err)
	}
}

func TestPasteCompletes(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	if err := ic.Decide(t.Context(), idctest.Decision{User: "alice", Answer: idctest.Allow, Flow: idctest.AuthorizationCode}); err != nil {
		t.Fatal(err)
	}
	for _, form := range []struct{ name, before, after string }{
		{"as it is", "", ""},
		{"in quotation marks", ` "`, "\" \r"},
		{"without a scheme", "-", ""},
	} {
		t.Run(form.name, func(t *testing.T) {
			c, s := fixture(t, ic)
			var address string
			tok, err := c.Login(t.Context(), s, signin.Options{Show: func(i signin.Instructions) { address = i.URL },
				Paste: func(_ context.Context, accept func(string) error) error {
					text := carried(t, address)
					if text == "" {
						return errors.New("nothing to paste")
					}
					if form.before == "-" { // as some browsers show it
						return accept(strings.TrimPrefix(text, "http://"))
					}
					half := len(text) / 2
					return accept(form.before + text[:half] + " \n" + text[half:] + form.after) // a terminal broke it
				}})
			if err != nil || tok.AccessToken == "" {
				t.Errorf("got %v, want a token", err)
			}
		})
	}
}

// An error at the prompt, which Ctrl-C is, ends the sign-in.
func TestPasteEnds(t *testing.T) {
	c, s := fixture(t, idctest.New(t, idctest.Listen()))
	interrupted := errors.New("interrupted")
	_, err := c.Login(t.Context(), s, signin.Options{Paste: func(context.Context, func(string) error) error { return interrupted }})
	if !errors.Is(err, interrupted) {
		t.Errorf("got %v, want the prompt's error", err)
	}
}

// RFC 9207: a server that says who it is has to be the one that was asked.
func TestIssuer(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	for _, tt := range []struct {
		iss string
		ok  bool
	}{
		{ic.URL, true},
		{ic.StartURL, true},
		{"", true},
		{"https://evil.example.com", false},
		{"https://oidc.us-east-1.amazonaws.com", false}, // AWS was not asked
		{"%", false},
	} {
		c, s := fixture(t, ic)
		_, err := codeLogin(t, ic, c, s, func(address string) error {
			q := mustQuery(t, address)
			resp, err := http.Get(q.Get("redirect_uri") + "?code=x&state=" + q.Get("state") + "&iss=" + url.QueryEscape(tt.iss))
			if err == nil {
				resp.Body.Close()
			}
			return err
		})
		e, ok := errors.AsType[*signin.DeniedError](err)
		if refused := ok && e.Code == "invalid_issuer"; refused == tt.ok {
			t.Errorf("iss %q: got %v", tt.iss, err)
		}
	}
}
