package signin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// during calls act in the middle of each request to path: after the service has
// acted, before its answer is known here.
func during(c *signin.Client, path string, act func()) {
	next := c.HTTP.Transport
	c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if r.URL.Path == path {
			act()
		}
		return resp, err
	})}
}

func refreshNeeded(t *testing.T, tok wallet.Token) {
	t.Helper()
	time.Sleep(time.Until(tok.ExpiresAt) + time.Minute)
}

// Other AWS tools know no lock of ours. A token they stored while a refresh was
// in flight is kept, even one that ends a little earlier.
func TestForeignTokenIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		refreshNeeded(t, first)
		foreign := first
		foreign.AccessToken, foreign.RefreshToken = "of-another-login", "of-another-login-too"
		foreign.ExpiresAt = time.Now().Add(59 * time.Minute).UTC().Truncate(time.Second)
		during(c, "/token", func() {
			if err := c.Wallet.PutToken(key(s), foreign); err != nil {
				t.Error(err)
			}
		})
		got, err := c.Token(t.Context(), s)
		if err != nil || got.AccessToken != foreign.AccessToken {
			t.Errorf("got our own token (%v), want the one of the other login", err)
		}
		if now, err := c.Wallet.Token(key(s)); err != nil || now.AccessToken != foreign.AccessToken || now.RefreshToken != foreign.RefreshToken {
			t.Errorf("the other login's token was overwritten (%v)", err)
		}
	})
}

// A refresh token that somebody else has spent is no end of the session when
// what they got for it is stored.
func TestRefusedRefreshUsesWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		refreshNeeded(t, first)
		spent := first
		spent.RefreshToken = "spent"
		if err := c.Wallet.PutToken(key(s), spent); err != nil {
			t.Fatal(err)
		}
		foreign := first
		foreign.AccessToken, foreign.ExpiresAt = "of-somebody-else", time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		during(c, "/token", func() {
			if err := c.Wallet.PutToken(key(s), foreign); err != nil {
				t.Error(err)
			}
		})
		if got, err := c.Token(t.Context(), s); err != nil || got.AccessToken != foreign.AccessToken {
			t.Errorf("got %v, want the token that was stored meanwhile", err)
		}
		// One that is over by now is no help, and stays as it is.
		if err := c.Wallet.PutToken(key(s), spent); err != nil {
			t.Fatal(err)
		}
		foreign.AccessToken, foreign.ExpiresAt = "over-as-well", spent.ExpiresAt
		_, err := c.Token(t.Context(), s)
		if e, ok := errors.AsType[*signin.RequiredError](err); !ok || e.Reason != signin.Expired {
			t.Errorf("got %v, want RequiredError Expired", err)
		}
		if now, err := c.Wallet.Token(key(s)); err != nil || now.AccessToken != foreign.AccessToken {
			t.Errorf("the stored token was deleted or changed: %v", err)
		}
	})
}

// Who signs out while a refresh is in flight stays signed out.
func TestSignOutDuringRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		refreshNeeded(t, first)
		during(c, "/token", func() {
			if err := c.Wallet.DeleteToken(key(s)); err != nil {
				t.Error(err)
			}
		})
		_, err := c.Token(t.Context(), s)
		if e, ok := errors.AsType[*signin.RequiredError](err); !ok || e.Reason != signin.Missing {
			t.Errorf("got %v, want RequiredError Missing", err)
		}
		if _, err := c.Wallet.Token(key(s)); !errors.Is(err, wallet.ErrNotFound) {
			t.Errorf("the refreshed token was written back: %v", err)
		}
	})
}

// blackHole swallows the answers to path for which swallow says so, after the
// service has acted. It notes which refresh tokens were sent.
func blackHole(c *signin.Client, path string, swallow func(n int) bool) *[]string {
	next := c.HTTP.Transport
	sent := new([]string)
	c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path != path {
			return next.RoundTrip(r)
		}
		var body bytes.Buffer
		if r.Body != nil {
			r = r.Clone(r.Context())
			r.Body = io.NopCloser(io.TeeReader(r.Body, &body))
		}
		resp, err := next.RoundTrip(r)
		var said struct{ RefreshToken string }
		_ = json.Unmarshal(body.Bytes(), &said)
		*sent = append(*sent, said.RefreshToken)
		if err == nil && swallow(len(*sent)) {
			resp.Body.Close()
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return resp, err
	})}
	return sent
}

func always(int) bool { return true }

// An answer that never comes is asked for again with the same refresh token
// while the lock is held, and the lock is not held for long.
func TestAnswerThatNeverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		whole := c.HTTP
		refreshNeeded(t, first)

		sent := blackHole(c, "/token", always)
		start := time.Now()
		_, err := c.Token(t.Context(), s)
		if _, ok := errors.AsType[*signin.ConnectionError](err); !ok {
			t.Errorf("got %v, want ConnectionError: the session may be fine", err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("the lock was held for %v, want 30s at the most", took)
		}
		if len(*sent) < 2 {
			t.Errorf("got %d attempts, want one more for the lost answer", len(*sent))
		}
		for _, token := range *sent {
			if token != first.RefreshToken {
				t.Error("an attempt sent another refresh token")
			}
		}

		c.HTTP = whole
		sent = blackHole(c, "/token", func(n int) bool { return n == 1 })
		start = time.Now()
		if _, err := c.Token(t.Context(), s); err != nil || time.Since(start) > 30*time.Second {
			t.Errorf("got %v after %v and %d attempts, want the token within 30s", err, time.Since(start), len(*sent))
		}
	})
}

// Trouble of the service is no judgement on the sign-in.
func TestTroubleIsNoRefusal(t *testing.T) {
	for _, tt := range []struct {
		status          int
		exception, code string
	}{
		{http.StatusInternalServerError, "InternalServerException", "server_error"},
		{http.StatusServiceUnavailable, "", ""},
		{http.StatusTooManyRequests, "TooManyRequestsException", ""},
		{http.StatusTooManyRequests, "SlowDownException", "slow_down"},
	} {
		t.Run(http.StatusText(tt.status)+tt.exception, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s, first := signedIn(t, idctest.New(t))
				whole := c.HTTP
				c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					return refusal(r, tt.status, tt.exception, tt.code), nil
				})}
				time.Sleep(time.Until(first.ExpiresAt) - 5*time.Minute)
				if tok, err := c.Token(t.Context(), s); err != nil || tok.AccessToken != first.AccessToken {
					t.Errorf("got %v, want the token that still lasts", err)
				}
				refreshNeeded(t, first)
				_, err := c.Token(t.Context(), s)
				if _, required := errors.AsType[*signin.RequiredError](err); err == nil || required {
					t.Errorf("got %v, want an error that asks for no sign-in", err)
				}
				c.HTTP = whole
				if _, err := c.Token(t.Context(), s); err != nil {
					t.Errorf("after the trouble: %v", err)
				}
			})
		})
	}
}

// Whoever presses Ctrl-C wants nothing more, not even a token that still lasts.
func TestInterruptedRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		time.Sleep(time.Until(first.ExpiresAt) - 5*time.Minute)
		interrupted := func(name string) {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			start := time.Now()
			if _, err := c.Token(ctx, s); !errors.Is(err, context.Canceled) || time.Since(start) > 2*time.Second {
				t.Errorf("%s: got %v after %v, want context.Canceled after 1s", name, err, time.Since(start))
			}
		}
		unlock, err := c.Wallet.Lock(t.Context(), "session-"+key(s))
		if err != nil {
			t.Fatal(err)
		}
		interrupted("waiting for the lock")
		unlock()
		blackHole(c, "/token", always)
		interrupted("waiting for the service")
	})
}

// Signing out is over in seconds, whoever holds the session's lock and whether or
// not the service can be reached.
func TestSignOutIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, tok := signedIn(t, idctest.New(t))
		blackHole(c, "/logout", always)
		unlock, err := c.Wallet.Lock(t.Context(), "session-"+key(s))
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		start := time.Now()
		forgotten, err := c.Forget(t.Context(), "")
		if err != nil || len(forgotten.Tokens) != 1 || forgotten.Tokens[0].AccessToken != tok.AccessToken {
			t.Fatalf("got %d tokens, %v, want the one there was", len(forgotten.Tokens), err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("the token was deleted after %v, want 5s at the most", took)
		}
		if _, err := c.Wallet.Token(key(s)); !errors.Is(err, wallet.ErrNotFound) {
			t.Errorf("the token is still there: %v", err)
		}
		start = time.Now()
		problems := c.Revoke(t.Context(), forgotten.Tokens)
		if took := time.Since(start); took > 10*time.Second || len(problems) != 1 || problems[0] == nil {
			t.Errorf("the service was waited for %v, with the problems %q; want 10s at the most and one", took, problems)
		}
	})
}
