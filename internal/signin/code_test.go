package signin_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// The code flow comes back through a real listener, so these tests run in real
// time, against an Identity Center on loopback.

func codeLogin(t *testing.T, ic *idctest.IdentityCenter, c *signin.Client, s signin.Session, browser func(address string) error) (wallet.Token, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var browsers sync.WaitGroup
	defer browsers.Wait() // the page it came back to may still be on its way
	return c.Login(ctx, s, signin.Options{OpenURL: func(address string) error {
		browsers.Go(func() {
			if err := browser(address); err != nil {
				t.Errorf("browser: %v", err)
			}
		})
		return nil
	}})
}

func TestCodeLogin(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	n := count(c)
	for i := range 2 {
		tok, err := codeLogin(t, ic, c, s, func(address string) error {
			q := mustQuery(t, address)
			if got, want := q.Get("scopes"), "sso:account:access"; got != want {
				t.Errorf("got scopes %q, want %q", got, want)
			}
			if !strings.HasPrefix(q.Get("redirect_uri"), "http://127.0.0.1:") || q.Get("code_challenge_method") != "S256" || len(q.Get("state")) < 22 {
				t.Errorf("got query %v", q)
			}
			return ic.Approve(t.Context(), "alice", address)
		})
		if err != nil {
			t.Fatal(err)
		}
		if !tok.Refreshable(time.Now()) {
			t.Error("the token is not refreshable")
		}
		if got := n.of("/client/register"); got != 1 {
			t.Errorf("login %d: got %d registrations, want 1", i+1, got)
		}
	}
}

func mustQuery(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestCodeLoginDenied(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	_, err := codeLogin(t, ic, c, s, func(address string) error { return ic.Deny(t.Context(), "alice", address) })
	if e, ok := errors.AsType[*signin.DeniedError](err); !ok || e.Code != "access_denied" {
		t.Errorf("got %v, want DeniedError access_denied", err)
	}
}

// Without asking first, the browser would be sent to a page that refuses the
// client, and the wait would last ten minutes.
func TestForgottenRegistrationCode(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	k := wallet.RegistrationKey{StartURL: s.StartURL, Region: s.Region, Session: s.Name, Scopes: s.Scopes}
	if err := c.Wallet.PutRegistration(k, wallet.Registration{ClientID: "forgotten", ClientSecret: "x",
		ExpiresAt: time.Now().Add(30 * 24 * time.Hour), GrantTypes: []string{"authorization_code", "refresh_token"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := codeLogin(t, ic, c, s, func(address string) error { return ic.Approve(t.Context(), "alice", address) }); err != nil {
		t.Fatal(err)
	}
}

// Strangers at the callback get an answer and change nothing.
func TestCallbackStrangers(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	_, err := codeLogin(t, ic, c, s, func(address string) error {
		q := mustQuery(t, address)
		back, state := q.Get("redirect_uri"), q.Get("state")
		root := strings.TrimSuffix(back, "/oauth/callback")
		for _, stranger := range []struct{ method, url, host string }{
			{"GET", root + "/favicon.ico", ""},
			{"GET", root + "/", ""},
			{"GET", back, ""},
			{"GET", back + "?code=x", ""},
			{"GET", back + "?code=x&state=wrong", ""},
			{"GET", back + "?error=access_denied&state=wrong", ""},
			{"GET", back + "?state=" + state, ""},
			{"POST", back + "?code=x&state=" + state, ""},
			{"HEAD", back + "?code=x&state=" + state, ""},
			{"GET", root + "/oauth/callback/x?code=x&state=" + state, ""},
			{"GET", back + "?code=x&state=" + state, "evil.test"},
		} {
			req, err := http.NewRequestWithContext(t.Context(), stranger.method, stranger.url, nil)
			if err != nil {
				return err
			}
			if stranger.host != "" {
				req.Host = stranger.host
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusNotFound || resp.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: got status %d", stranger.method, stranger.url, resp.StatusCode)
			}
		}
		return ic.Approve(t.Context(), "alice", address)
	})
	if err != nil {
		t.Errorf("got %v, want success after the strangers", err)
	}
}

func TestProviderError(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	_, err := codeLogin(t, ic, c, s, func(address string) error {
		q := mustQuery(t, address)
		resp, err := http.Get(q.Get("redirect_uri") + "?state=" + q.Get("state") + "&error=server_error%0A&error_description=a%0D%0A%0D%0Aportico:" + strings.Repeat("x", 1000))
		if err == nil {
			resp.Body.Close()
		}
		return err
	})
	if e, ok := errors.AsType[*signin.DeniedError](err); !ok || e.Code != "server_error" || len(e.Description) > 210 || !strings.HasPrefix(e.Description, "a portico:x") {
		t.Errorf("got %#v", err)
	}
}

// Tokens are never sent where a redirect points.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var hosts []string
	c := &signin.Client{Wallet: &wallet.Wallet{Home: t.TempDir(), LockDir: t.TempDir()}, OIDCEndpoint: "http://127.0.0.1:1", PortalEndpoint: "http://127.0.0.1:1",
		HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			hosts = append(hosts, r.URL.Host)
			return &http.Response{StatusCode: http.StatusTemporaryRedirect, Header: http.Header{"Location": {"http://127.0.0.1:2/"}}, Body: http.NoBody, Request: r}, nil
		})}}
	if err := c.SignOut(t.Context(), "us-east-1", "token"); err == nil {
		t.Error("a redirect counts as a sign-out")
	}
	_, err := c.Login(t.Context(), signin.Session{Name: "s", StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1"}, signin.Options{DeviceCode: true})
	if err == nil {
		t.Error("a redirect counts as a registration")
	}
	for _, h := range hosts {
		if h != "127.0.0.1:1" {
			t.Errorf("a request went to %s", h)
		}
	}
}
