package signin_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// fixture is a client of a local Identity Center, with a wallet of its own.
func fixture(t *testing.T, ic *idctest.IdentityCenter) (*signin.Client, signin.Session) {
	t.Helper()
	w := &wallet.Wallet{Home: t.TempDir(), LockDir: t.TempDir()}
	c := &signin.Client{Wallet: w, HTTP: ic.HTTPClient(), OIDCEndpoint: ic.URL, PortalEndpoint: ic.URL,
		Warn: func(problem string) { t.Logf("warning: %s", problem) }}
	return c, signin.Session{Name: "corp", StartURL: ic.StartURL, Region: ic.Region, Scopes: []string{"sso:account:access"}}
}

func key(s signin.Session) string { return wallet.TokenKey(s.Name, s.StartURL) }

// counting counts the requests to each path, and may spoil an answer.
type counting struct {
	next  http.RoundTripper
	mu    sync.Mutex
	seen  map[string]int
	spoil func(path string, n int) bool // the answer is lost after the server has acted
}

func count(c *signin.Client) *counting {
	n := &counting{next: c.HTTP.Transport, seen: map[string]int{}}
	c.HTTP = &http.Client{Transport: n}
	return n
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	c.mu.Lock()
	c.seen[r.URL.Path]++
	n := c.seen[r.URL.Path]
	c.mu.Unlock()
	if err == nil && c.spoil != nil && c.spoil(r.URL.Path, n) {
		resp.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return resp, err
}

func (c *counting) of(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[path]
}

func deviceLogin(t *testing.T, c *signin.Client, s signin.Session, decide func(i signin.Instructions)) (wallet.Token, error) {
	t.Helper()
	return c.Login(t.Context(), s, signin.Options{DeviceCode: true, Show: func(i signin.Instructions) {
		if !strings.HasSuffix(i.CompleteURL, "?user_code="+i.UserCode) || i.URL == "" {
			t.Errorf("got instructions %+v", i)
		}
		decide(i)
	}})
}

func TestDeviceLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		start := time.Now()
		tok, err := deviceLogin(t, c, s, func(i signin.Instructions) {
			go func() {
				time.Sleep(3 * time.Minute) // the person is looking for their phone
				if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
					t.Error(err)
				}
			}()
		})
		if err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited < 3*time.Minute || waited > 3*time.Minute+5*time.Second {
			t.Errorf("got the token after %v, want just after 3m", waited)
		}
		if tok.RefreshToken == "" || tok.ClientSecret == "" || time.Until(tok.ExpiresAt) < 59*time.Minute {
			t.Errorf("got a token that lasts %v, refreshable %v", time.Until(tok.ExpiresAt), tok.Refreshable(time.Now()))
		}
		stored, err := c.Token(t.Context(), s)
		if err != nil || stored.AccessToken != tok.AccessToken {
			t.Errorf("stored: %v", err)
		}
	})
}

func TestDeviceLoginDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		_, err := deviceLogin(t, c, s, func(i signin.Instructions) {
			if err := ic.Deny(t.Context(), "alice", i.CompleteURL); err != nil {
				t.Error(err)
			}
		})
		e, ok := errors.AsType[*signin.ServiceError](err)
		if !ok || e.Code != "AccessDeniedException" || e.Operation != "CreateToken" || len(e.Details) != 2 {
			t.Errorf("got %#v, want the service's AccessDeniedException with its details", err)
		}
		if _, err := c.Wallet.Token(key(s)); !errors.Is(err, wallet.ErrNotFound) {
			t.Errorf("a token was stored: %v", err)
		}
	})
}

func TestDeviceLoginAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := fixture(t, idctest.New(t))
		start := time.Now()
		_, err := deviceLogin(t, c, s, func(signin.Instructions) {})
		if _, ok := errors.AsType[*signin.AbandonedError](err); !ok {
			t.Errorf("got %v, want AbandonedError", err)
		}
		if waited := time.Since(start); waited < 9*time.Minute || waited > 11*time.Minute {
			t.Errorf("gave up after %v, want about 10m", waited)
		}
	})
}

func TestDeviceLoginInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := fixture(t, idctest.New(t))
		ctx, cancel := context.WithCancel(t.Context())
		var pressed time.Time
		_, err := c.Login(ctx, s, signin.Options{DeviceCode: true, Show: func(signin.Instructions) {
			time.AfterFunc(time.Minute, func() { pressed = time.Now(); cancel() })
		}})
		if !errors.Is(err, context.Canceled) || time.Since(pressed) > 100*time.Millisecond {
			t.Errorf("got %v, %v after Ctrl-C", err, time.Since(pressed))
		}
	})
}

// The network going away while the person approves does not end the sign-in.
func TestDeviceLoginThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		n := count(c)
		var down atomic.Bool
		n.next = roundTripper(func(r *http.Request) (*http.Response, error) {
			if down.Load() {
				return nil, errors.New("network is unreachable")
			}
			return ic.HTTPClient().Transport.RoundTrip(r)
		})
		_, err := deviceLogin(t, c, s, func(i signin.Instructions) {
			if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
				t.Error(err)
			}
			down.Store(true)
			time.AfterFunc(time.Minute, func() { down.Store(false) })
		})
		if err != nil {
			t.Errorf("got %v, want a token once the network is back", err)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A registration the service has forgotten is renewed without a word.
func TestForgottenRegistrationDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		k := wallet.RegistrationKey{StartURL: s.StartURL, Region: s.Region, Session: s.Name, Scopes: s.Scopes}
		if err := c.Wallet.PutRegistration(k, wallet.Registration{ClientID: "forgotten", ClientSecret: "x", ExpiresAt: time.Now().Add(30 * 24 * time.Hour)}); err != nil {
			t.Fatal(err)
		}
		n := count(c)
		if _, err := deviceLogin(t, c, s, func(i signin.Instructions) { go ic.Approve(t.Context(), "alice", i.CompleteURL) }); err != nil {
			t.Fatal(err)
		}
		if n.of("/client/register") != 1 {
			t.Errorf("got %d registrations, want 1", n.of("/client/register"))
		}
		// And the new one is used again.
		if _, err := deviceLogin(t, c, s, func(i signin.Instructions) { go ic.Approve(t.Context(), "alice", i.CompleteURL) }); err != nil {
			t.Fatal(err)
		}
		if n.of("/client/register") != 1 {
			t.Errorf("got %d registrations after a second login, want 1", n.of("/client/register"))
		}
	})
}

func TestRegionNeverBecomesAHost(t *testing.T) {
	c := &signin.Client{Wallet: &wallet.Wallet{Home: t.TempDir(), LockDir: t.TempDir()},
		HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			t.Errorf("a request went to %s", r.URL.Host)
			return nil, errors.New("no")
		})}}
	for _, region := range []string{"", "x.evil.test/#", "us-east-1.evil.test", "us-east-1/", "us-east-1@evil", "us-east-1\n", "evil.test?", "a b"} {
		s := signin.Session{Name: "s", StartURL: "https://d-1234567890.awsapps.com/start", Region: region}
		if _, err := c.Login(t.Context(), s, signin.Options{}); err == nil {
			t.Errorf("%q: login went ahead", region)
		}
		if _, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true}); err == nil {
			t.Errorf("%q: device login went ahead", region)
		}
		if err := c.SignOut(t.Context(), region, "token"); err == nil {
			t.Errorf("%q: sign-out went ahead", region)
		}
	}
}
