package signin_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// die asks for a token and ends before the step of that name, like a process that
// is killed there: what it holds is let go of.
func die(c *signin.Client, s signin.Session, before string) {
	mortal := *c
	mortal.Step = func(step string) {
		if step == before {
			runtime.Goexit()
		}
	}
	var dead sync.WaitGroup
	dead.Go(func() { _, _ = mortal.Token(context.Background(), s) })
	dead.Wait()
}

// One who dies between the service's answer and the write leaves a refresh token
// that is spent. Within the service's minute the next one gets the very successor;
// after it, the error says what has become of the session.
func TestDeathBeforeTheWrite(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		lost  bool
	}{{30 * time.Second, false}, {2 * time.Minute, true}} {
		synctest.Test(t, func(t *testing.T) {
			ic := idctest.New(t)
			c, s, first := signedIn(t, ic)
			refreshNeeded(t, first)
			die(c, s, "session write")
			time.Sleep(tt.after)
			tok, err := c.Token(t.Context(), s)
			if !tt.lost {
				if err != nil || tok.AccessToken == first.AccessToken {
					t.Errorf("within the minute: got %v", err)
				}
				return
			}
			for range 2 { // and whoever asks later hears the same
				e, ok := errors.AsType[*signin.RequiredError](err)
				if !ok || e.Reason != signin.AnswerLost || !strings.Contains(err.Error(), "the answer to an earlier refresh was lost") {
					t.Errorf("after the minute: got %v", err)
				}
				_, err = c.Token(t.Context(), s)
			}
			// Nothing of it clings to the next sign-in.
			_, _, second := signedInWith(t, ic, c, s)
			refreshNeeded(t, second)
			if _, err := c.Token(t.Context(), s); err != nil {
				t.Errorf("after another sign-in: %v", err)
			}
		})
	}
}

// An answer that is lost however often it is asked for is told as that.
func TestLostAnswerIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		refreshNeeded(t, first)
		whole := c.HTTP
		sent := blackHole(c, "/token", always)
		_, err := c.Token(t.Context(), s)
		if e, ok := errors.AsType[*signin.LostAnswerError](err); !ok || !strings.Contains(e.Error(), "the answer to the refresh was lost: Read timeout") || len(*sent) != 3 {
			t.Errorf("got %v after %d attempts", err, len(*sent))
		}
		c.HTTP = whole
		if _, err := c.Token(t.Context(), s); err != nil {
			t.Errorf("at once afterwards: %v", err)
		}
	})
}

// An answer that arrives just after Ctrl-C is stored: what it was asked for with
// is spent.
func TestInterruptedJustBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		refreshNeeded(t, first)
		ctx, interrupt := context.WithCancel(t.Context())
		during(c, "/token", func() { interrupt(); time.Sleep(200 * time.Millisecond) })
		if _, err := c.Token(ctx, s); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if now, err := c.Wallet.Token(key(s)); err != nil || now.AccessToken == first.AccessToken {
			t.Errorf("the new token was not stored: %v", err)
		}
	})
}

// A holder that fails fails for all who have waited for it: fifty callers
// ask a service that is down, or says no, once, and are done when the first is.
func TestFailureIsShared(t *testing.T) {
	down := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for name, tt := range map[string]struct {
		answer   func(*http.Request) (*http.Response, error)
		requests int
		is       func(error) bool
	}{
		"no answer": {down, 3, func(err error) bool { _, ok := errors.AsType[*signin.LostAnswerError](err); return ok }},
		"refused": {func(r *http.Request) (*http.Response, error) {
			return refusal(r, http.StatusBadRequest, "InvalidGrantException", "invalid_grant"), nil
		}, 1, func(err error) bool {
			e, ok := errors.AsType[*signin.RequiredError](err)
			return ok && e.Reason == signin.Expired && e.Session.Name == "corp"
		}},
		"in trouble": {func(r *http.Request) (*http.Response, error) {
			return refusal(r, http.StatusServiceUnavailable, "", ""), nil
		}, 3, func(err error) bool { _, ok := errors.AsType[*signin.RefreshError](err); return ok }},
		"out of reach": {func(*http.Request) (*http.Response, error) { return nil, &signin.ProxyError{Proxy: "http://p"} }, 3, func(err error) bool {
			_, ok := errors.AsType[*signin.ConnectionError](err)
			return ok
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s, first := signedIn(t, idctest.New(t))
				refreshNeeded(t, first)
				var mu sync.Mutex
				requests := 0
				c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					mu.Lock()
					requests++
					mu.Unlock()
					time.Sleep(time.Second)
					return tt.answer(r)
				})}
				began := time.Now()
				var all sync.WaitGroup
				for range 50 {
					all.Go(func() {
						if _, err := c.Token(t.Context(), s); !tt.is(err) {
							t.Errorf("got %v", err)
						}
					})
				}
				all.Wait()
				if took := time.Since(began); requests != tt.requests || took > 31*time.Second {
					t.Errorf("got %d requests in %v, want %d", requests, took, tt.requests)
				}
				// Who comes afterwards asks anew.
				if _, err := c.Token(t.Context(), s); err == nil || requests == tt.requests {
					t.Errorf("afterwards: got %v after %d requests", err, requests)
				}
			})
		})
	}
}

// A failure that may be the holder's own, who goes another way to the service, is
// not that of those who wait: one of them asks, and has the answer for all.
func TestFailureOnAnotherWayIsNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		refreshNeeded(t, first)
		lost := *c
		lost.Way = "through a proxy that is down"
		lost.HTTP = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return nil, &signin.ProxyError{Proxy: "http://p"}
		})}
		var all sync.WaitGroup
		all.Go(func() {
			_, err := lost.Token(t.Context(), s)
			if _, ok := errors.AsType[*signin.ConnectionError](err); !ok {
				t.Errorf("through the proxy: got %v, want ConnectionError", err)
			}
		})
		synctest.Wait() // it has the lock
		requests := 0
		during(c, "/token", func() { requests++ })
		for range 20 {
			all.Go(func() {
				if tok, err := c.Token(t.Context(), s); err != nil || tok.AccessToken == first.AccessToken {
					t.Errorf("got %v, want a new token", err)
				}
			})
		}
		all.Wait()
		if requests != 1 {
			t.Errorf("got %d requests, want 1", requests)
		}
	})
}

// Nor is it theirs that a caller had too little time: with more of it there is an
// answer.
func TestFailureForLackOfTimeIsNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		refreshNeeded(t, first)
		during(c, "/token", func() { time.Sleep(5 * time.Second) })
		next := c.HTTP.Transport
		c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if r.Context().Err() != nil {
				return nil, r.Context().Err()
			}
			return resp, err
		})}
		var all sync.WaitGroup
		all.Go(func() {
			short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if _, err := c.Token(short, s); err == nil {
				t.Error("in two seconds: got a token, which takes five")
			}
		})
		synctest.Wait() // it has the lock
		for range 5 {
			all.Go(func() {
				if tok, err := c.Token(t.Context(), s); err != nil || tok.AccessToken == first.AccessToken {
					t.Errorf("got %v, want a new token", err)
				}
			})
		}
		all.Wait()
	})
}

// With more than ten minutes left nobody waits for a renewal, nor tries again at
// once one that has failed.
func TestRenewalAheadWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		c.Waiting = func(string, int) { t.Error("it waited") }
		n := count(c)
		time.Sleep(time.Until(first.ExpiresAt) - 14*time.Minute)
		same := func(name string, requests int) {
			t.Helper()
			began := time.Now()
			if tok, err := c.Token(t.Context(), s); err != nil || tok.AccessToken != first.AccessToken || time.Since(began) > 0 || n.of("/token") != requests {
				t.Errorf("%s: got %v after %v and %d requests, want what there is", name, err, time.Since(began), n.of("/token"))
			}
		}
		unlock, err := c.Wallet.Lock(t.Context(), "session-"+key(s))
		if err != nil {
			t.Fatal(err)
		}
		same("somebody else renews", 0)
		unlock()

		next := n.next
		n.next = roundTripper(func(*http.Request) (*http.Response, error) { return nil, &signin.ProxyError{Proxy: "http://p"} })
		same("it fails", 3)
		same("at once again", 3)
		time.Sleep(time.Minute)
		same("a minute later", 6)
		n.next = next
		time.Sleep(time.Minute)
		if tok, err := c.Token(t.Context(), s); err != nil || tok.AccessToken == first.AccessToken {
			t.Errorf("in the end: got %v, want a new token", err)
		}
	})
}

// A wait of more than a second is told once, with who is waited for, and has an
// end.
func TestWaitIsToldAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		refreshNeeded(t, first)
		began, told := time.Now(), 0
		c.Waiting = func(what string, holder int) {
			told++
			if after := time.Since(began); what != "renews the sign-in of corp" || holder != os.Getpid() || after < time.Second || after > 2*time.Second {
				t.Errorf("got told of process %d, which %s, after %v", holder, what, after)
			}
		}
		unlock, err := c.Wallet.Lock(t.Context(), "session-"+key(s))
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		_, err = c.Token(t.Context(), s)
		e, ok := errors.AsType[*wallet.LockedError](err)
		if took := time.Since(began); !ok || e.Holder != os.Getpid() || took < 45*time.Second || took > 46*time.Second || told != 1 {
			t.Errorf("got %v after %v, told %d times", err, took, told)
		}
	})
}

// Whoever signs out at any point of a refresh finds no token afterwards, now or
// later, and no copy of one.
func TestSignOutAtEveryStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s, tok := signedIn(t, ic)
		second := wallet.TokenKey("", s.StartURL)
		c.Wallet.Copies = map[string]string{key(s): second}
		for n := 0; ; n++ {
			refreshNeeded(t, tok)
			steps, reached, name := 0, false, ""
			var out sync.WaitGroup
			c.Step = func(step string) {
				if steps++; steps-1 == n {
					reached, name = true, step
					out.Go(func() {
						if _, err := c.Forget(context.Background(), ""); err != nil {
							t.Error(err)
						}
						if _, err := c.Wallet.Token(key(s)); !errors.Is(err, wallet.ErrNotFound) {
							t.Errorf("before %s: the token is still there: %v", name, err)
						}
					})
					time.Sleep(10 * time.Second) // it does not wait for us for longer
				}
			}
			_, _ = c.Token(t.Context(), s)
			out.Wait()
			c.Step = nil
			if !reached {
				if n < 10 {
					t.Errorf("got %d steps, want 10 and more", n)
				}
				return
			}
			if _, err := c.Wallet.Token(key(s)); !errors.Is(err, wallet.ErrNotFound) {
				t.Errorf("before %s: a token was written after signing out: %v", name, err)
			}
			if _, err := c.Wallet.Token(second); !errors.Is(err, wallet.ErrNotFound) {
				t.Errorf("before %s: a copy was written after signing out: %v", name, err)
			}
			_, _, tok = signedInWith(t, ic, c, s)
			if got, err := c.Wallet.Token(second); err != nil || got.AccessToken != tok.AccessToken {
				t.Errorf("signed in again: the copy is of another token, or %v", err)
			}
		}
	})
}
