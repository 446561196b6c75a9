package idc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/control"
)

// listening is a server on pipes, inside a bubble.
type listening struct {
	*Server
	pipes  *pipes
	client *http.Client
	stop   func() (took time.Duration, err error)
}

func listen(t *testing.T, c Config) *listening {
	t.Helper()
	s, _ := newServer(t, c)
	l := &listening{Server: s, pipes: newPipes()}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.pipes.dial(ctx) }}
	l.client = &http.Client{Transport: transport}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l.pipes) }()
	l.stop = func() (time.Duration, error) {
		began := time.Now()
		cancel()
		err := <-done
		transport.CloseIdleConnections()
		return time.Since(began), err
	}
	return l
}

func TestServeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, Config{})
		get := func() error {
			resp, err := l.client.Get(base + "/signin")
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		}
		if err := get(); err != nil {
			t.Fatal(err)
		}
		// A connection opened in advance, as browsers do, delays nothing.
		silent, err := l.pipes.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		synctest.Wait()
		if took, err := l.stop(); err != nil || took > time.Second {
			t.Errorf("got %v after %s, want nil at once", err, took)
		}
		if err := get(); err == nil {
			t.Error("still answers")
		}
	})
}

// A request under way is finished; one that never ends is cut.
func TestServeDrains(t *testing.T) {
	for _, test := range []struct{ takes, want time.Duration }{
		{3 * time.Second, 3 * time.Second},
		{time.Hour, drainTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := listen(t, Config{})
			l.onPages.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-time.After(test.takes):
					fmt.Fprint(w, "finished")
				case <-r.Context().Done():
				}
			})
			got := make(chan string, 1)
			go func() {
				resp, err := l.client.Get(base + "/start")
				if err != nil {
					got <- "cut"
					return
				}
				defer resp.Body.Close()
				b, _ := io.ReadAll(resp.Body)
				got <- string(b)
			}()
			synctest.Wait()
			took, err := l.stop()
			if err != nil || took < test.want || took > test.want+time.Second {
				t.Errorf("got %v after %s, want nil after %s", err, took, test.want)
			}
			want := "finished"
			if test.takes > drainTimeout {
				want = "cut"
			}
			if got := <-got; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// Half a request must not hold a connection for long, nor silence for ever.
func TestServeTimeouts(t *testing.T) {
	for name, test := range map[string]struct {
		sent string
		want time.Duration
	}{
		"nothing":     {"", headerTimeout},
		"half a head": {"POST /token HTTP/1.1\r\nHost: 127.0.0.1:8642\r\nX-A: ", headerTimeout},
		"half a body": {"POST /token HTTP/1.1\r\nHost: 127.0.0.1:8642\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", readTimeout},
		"idle":        {"GET /signin HTTP/1.1\r\nHost: 127.0.0.1:8642\r\n\r\n", idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := listen(t, Config{})
				const many = 50
				ends := make(chan time.Duration, many)
				for range many {
					c, err := l.pipes.dial(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					go func() {
						defer c.Close()
						began := time.Now()
						if _, err := io.WriteString(c, test.sent); err != nil {
							t.Error(err)
						}
						_, _ = io.Copy(io.Discard, c) // until the server hangs up
						ends <- time.Since(began)
					}()
				}
				// Those who behave are served meanwhile.
				resp, err := l.client.Get(base + "/signin")
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				for range many {
					// net/http lingers half a second over a body that was cut short.
					if got := <-ends; got < test.want || got > test.want+time.Second {
						t.Fatalf("got hung up on after %s, want %s", got, test.want)
					}
				}
				if _, err := l.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// net/http answers "OPTIONS *" itself unless told not to.
func TestOptionsOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, Config{})
		for host, want := range map[string]int{"evil.test": http.StatusMisdirectedRequest, "127.0.0.1:8642": http.StatusForbidden} {
			c, err := l.pipes.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = fmt.Fprintf(c, "OPTIONS * HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host) }()
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != want || resp.Header.Get("X-Amzn-Requestid") == "" {
				t.Errorf("%s: got %s %v, want %d and a request id", host, resp.Status, resp.Header, want)
			}
			resp.Body.Close()
			c.Close()
		}
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}

// Whoever sends too much is hung up on, whichever family answers.
func TestTooMuchClosesTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := control.NewKey()
		l := listen(t, Config{ControlKey: key})
		for name, head := range map[string]string{
			"api":     "POST /token HTTP/1.1\r\nContent-Type: application/json\r\n",
			"pages":   "POST /signin HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n",
			"control": "POST /.portico/v1/sign-in HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer " + key + "\r\n",
		} {
			const size = 16<<10 + 1
			for how, body := range map[string]string{
				"declared": fmt.Sprintf("Content-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size)),
				"chunked":  fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", size, strings.Repeat("x", size)),
			} {
				c, err := l.pipes.dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				go func() { _, _ = io.WriteString(c, head+"Host: 127.0.0.1:8642\r\n"+body) }()
				resp, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					t.Fatalf("%s, %s: %v", name, how, err)
				}
				if resp.StatusCode != http.StatusRequestEntityTooLarge || !resp.Close {
					t.Errorf("%s, %s: got %s, closed %v; want 413 and the connection closed", name, how, resp.Status, resp.Close)
				}
				resp.Body.Close()
				c.Close()
			}
		}
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestHeaderLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, Config{})
		const head = "GET /signin HTTP/1.1\r\nHost: 127.0.0.1:8642\r\nConnection: close\r\nX-Fill: %s\r\n\r\n"
		fit := maxHeaderBytes - len(head) + len("%s")
		for n, want := range map[int]string{fit: "200", fit + 1: "431"} {
			c, err := l.pipes.dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = fmt.Fprintf(c, head, strings.Repeat("x", n)) }()
			line, err := bufio.NewReader(c).ReadString('\n')
			if err != nil || !strings.Contains(line, want) {
				t.Errorf("%d bytes: got %q, %v; want %s", n, line, err, want)
			}
			c.Close()
		}
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}

// A listener that other machines reach puts control out of reach, although the
// address says loopback.
func TestExposedListener(t *testing.T) {
	key := control.NewKey()
	s, log := newServer(t, Config{ControlKey: key})
	tcp, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, tcp) }()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+tcp.Addr().String()+control.Path+"info", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "127.0.0.1:8642"
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("got %s, want 404", resp.Status)
	}
	if !strings.Contains(log.String(), "OTHER MACHINES") {
		t.Errorf("got no warning: %s", log)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestServeReportsALostListener(t *testing.T) {
	s, _ := newServer(t, Config{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := s.Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want the listener's error", err)
	}
}

// What has expired goes ten minutes later, as the package's clock has it, and
// nothing stirs in between.
func TestCollect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, Config{})
		for i, step := range []struct {
			wait time.Duration
			want bool
		}{{time.Minute, false}, {8 * time.Minute, false}, {time.Minute, true}, {time.Minute, false}, {time.Hour, true}} {
			time.Sleep(step.wait)
			before := l.collected.Load()
			resp, err := l.client.Get(base + "/signin")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			synctest.Wait()
			if got := l.collected.Load() != before; got != step.want {
				t.Errorf("step %d: got %v, want %v", i, got, step.want)
			}
			if len(l.collect) != 0 {
				t.Errorf("step %d: nobody collects", i)
			}
		}
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}
