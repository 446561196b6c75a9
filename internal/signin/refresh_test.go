package signin_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// signedIn is a fixture with a token in it.
func signedIn(t *testing.T, ic *idctest.IdentityCenter) (*signin.Client, signin.Session, wallet.Token) {
	t.Helper()
	c, s := fixture(t, ic)
	tok, err := deviceLogin(t, c, s, func(i signin.Instructions) {
		if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, s, tok
}

func TestRefreshWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		n := count(c)
		time.Sleep(time.Until(first.ExpiresAt) - 16*time.Minute)
		if tok, err := c.Token(t.Context(), s); err != nil || tok.AccessToken != first.AccessToken {
			t.Errorf("16 minutes left: got another token, or %v", err)
		}
		time.Sleep(2 * time.Minute)
		tok, err := c.Token(t.Context(), s)
		if err != nil || tok.AccessToken == first.AccessToken || tok.RefreshToken == first.RefreshToken {
			t.Errorf("14 minutes left: the token was not refreshed (%v)", err)
		}
		if n.of("/token") != 1 {
			t.Errorf("got %d refreshes, want 1", n.of("/token"))
		}
	})
}

// However many ask at once, one refresh reaches the service, and everybody gets
// the same token.
func TestOneRefreshForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		n := count(c)
		time.Sleep(time.Until(first.ExpiresAt) + time.Minute)
		const callers = 20
		tokens := make([]wallet.Token, callers)
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				var err error
				if tokens[i], err = c.Token(t.Context(), s); err != nil {
					t.Errorf("caller %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n.of("/token") != 1 {
			t.Errorf("got %d refreshes, want 1", n.of("/token"))
		}
		for i, tok := range tokens {
			if tok.AccessToken != tokens[0].AccessToken || tok.AccessToken == first.AccessToken {
				t.Errorf("caller %d got a token of its own", i)
			}
		}
	})
}

// An answer that was lost on its way is asked for again with the same refresh
// token, while the service still honours it.
func TestLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		n := count(c)
		n.spoil = func(path string, i int) bool { return path == "/token" && i == 1 }
		time.Sleep(time.Until(first.ExpiresAt) + time.Minute)
		if _, err := c.Token(t.Context(), s); err != nil {
			t.Fatalf("the session was lost: %v", err)
		}
		time.Sleep(time.Hour)
		if _, err := c.Token(t.Context(), s); err != nil {
			t.Errorf("the refresh after: %v", err)
		}
	})
}

// The service being unreachable costs nothing while the token still lasts.
func TestRefreshFallsBackToAValidToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s, first := signedIn(t, idctest.New(t))
		c.HTTP = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("network is unreachable")
		})}
		time.Sleep(time.Until(first.ExpiresAt) - 5*time.Minute)
		if tok, err := c.Token(t.Context(), s); err != nil || tok.AccessToken != first.AccessToken {
			t.Errorf("got %v, want the token that still lasts", err)
		}
		time.Sleep(6 * time.Minute)
		_, err := c.Token(t.Context(), s)
		if _, ok := errors.AsType[*signin.ConnectionError](err); !ok {
			t.Errorf("got %v, want ConnectionError: the session may be fine", err)
		}
	})
}

func TestTokenNeedsAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		reason := func(want signin.Reason) {
			t.Helper()
			_, err := c.Token(t.Context(), s)
			if e, ok := errors.AsType[*signin.RequiredError](err); !ok || e.Reason != want {
				t.Errorf("got %v, want RequiredError %d", err, want)
			}
		}
		reason(signin.Missing)
		_, s, tok := signedInWith(t, ic, c, s)
		tok.RefreshToken = ""
		if err := c.Wallet.PutToken(key(s), tok); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		reason(signin.Expired)
		tok.RefreshToken = "unknown-to-the-service"
		if err := c.Wallet.PutToken(key(s), tok); err != nil {
			t.Fatal(err)
		}
		reason(signin.Expired)
		if now, err := c.Wallet.Token(key(s)); err != nil || now.RefreshToken != tok.RefreshToken {
			t.Errorf("a refusal deleted or changed the stored token: %v", err)
		}
	})
}

func signedInWith(t *testing.T, ic *idctest.IdentityCenter, c *signin.Client, s signin.Session) (*signin.Client, signin.Session, wallet.Token) {
	t.Helper()
	tok, err := deviceLogin(t, c, s, func(i signin.Instructions) {
		if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, s, tok
}

// A 401 for a token that should be good is answered by one refresh and one more
// try; only then has the session ended.
func TestWithToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s, first := signedIn(t, ic)
		n := count(c)
		unauthorized := &signin.ServiceError{Operation: "ListAccounts", Code: "UnauthorizedException", Status: http.StatusUnauthorized}
		var used []string
		err := c.WithToken(t.Context(), s, func(token string) error {
			used = append(used, token)
			if token == first.AccessToken {
				return unauthorized
			}
			return nil
		})
		if err != nil || len(used) != 2 || n.of("/token") != 1 {
			t.Errorf("got %v after %d tries and %d refreshes, want success after 2 and 1", err, len(used), n.of("/token"))
		}
		err = c.WithToken(t.Context(), s, func(string) error { return unauthorized })
		if e, ok := errors.AsType[*signin.RequiredError](err); !ok || e.Reason != signin.Ended {
			t.Errorf("got %v, want RequiredError Ended", err)
		}
		// Signed out at the service: neither the token nor its refresh is good.
		tok, err := c.Token(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SignOut(t.Context(), s.Region, tok.AccessToken); err != nil {
			t.Fatal(err)
		}
		err = c.WithToken(t.Context(), s, func(token string) error { return c.SignOut(t.Context(), s.Region, token) })
		if e, ok := errors.AsType[*signin.RequiredError](err); !ok || e.Reason != signin.Ended {
			t.Errorf("signed out: got %v, want RequiredError Ended", err)
		}
	})
}

func TestLegacyTokenIsNotRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		s.Name, s.Scopes = "", nil
		_, s, tok := signedInWith(t, ic, c, s)
		if tok.RefreshToken != "" || time.Until(tok.ExpiresAt) < 7*time.Hour {
			t.Errorf("got a legacy token that lasts %v, refresh token %v", time.Until(tok.ExpiresAt), tok.RefreshToken != "")
		}
		n := count(c)
		time.Sleep(9 * time.Hour)
		if _, err := c.Token(t.Context(), s); err == nil || n.of("/token") != 0 {
			t.Errorf("got %v after %d refreshes, want an error after none", err, n.of("/token"))
		}
	})
}
