package creds_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// source is a signed-in fixture that counts GetRoleCredentials.
func source(t *testing.T, ic *idctest.IdentityCenter) (*creds.Source, creds.Role, *atomic.Int32) {
	t.Helper()
	c, s := signIn(t, ic, t.TempDir())
	var calls atomic.Int32
	next := c.HTTP.Transport
	c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/federation/credentials" {
			calls.Add(1)
		}
		return next.RoundTrip(r)
	})}
	return &creds.Source{SignIn: c, Wallet: c.Wallet, Warn: func(problem string) { t.Log(problem) }},
		creds.Role{Session: s, AccountID: "111111111111", RoleName: "AdministratorAccess"}, &calls
}

func TestCacheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, calls := source(t, idctest.New(t))
		first, err := s.RoleCredentials(t.Context(), role)
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(first.Expiration); left < 8*time.Hour-time.Minute || left > 8*time.Hour {
			t.Errorf("got credentials for %v, want the permission set's 8h", left)
		}
		time.Sleep(time.Until(first.Expiration) - 16*time.Minute)
		if c, err := s.RoleCredentials(t.Context(), role); err != nil || c != first || calls.Load() != 1 {
			t.Errorf("16 minutes left: %v after %d calls, want the cached ones after 1", err, calls.Load())
		}
		time.Sleep(2 * time.Minute)
		if c, err := s.RoleCredentials(t.Context(), role); err != nil || c == first || calls.Load() != 2 {
			t.Errorf("14 minutes left: %v after %d calls, want new ones after 2", err, calls.Load())
		}
	})
}

// Cached credentials need neither token nor network.
func TestCachedCredentialsNeedNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, _ := source(t, idctest.New(t))
		first, err := s.RoleCredentials(t.Context(), role)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Wallet.DeleteToken(wallet.TokenKey("corp", "")); err != nil {
			t.Fatal(err)
		}
		s.SignIn.HTTP = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") })}
		if c, err := s.RoleCredentials(t.Context(), role); err != nil || c != first {
			t.Errorf("got %v, want the cached credentials", err)
		}
	})
}

func TestOneCallForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, calls := source(t, idctest.New(t))
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := s.RoleCredentials(t.Context(), role); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if calls.Load() != 1 {
			t.Errorf("got %d calls of GetRoleCredentials, want 1", calls.Load())
		}
	})
}

// The service's no is everybody's who has waited for it, and nobody's who comes
// later.
func TestDenialIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, calls := source(t, idctest.New(t))
		role.RoleName = "ReadOnly"
		next := s.SignIn.HTTP.Transport
		s.SignIn.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return next.RoundTrip(r)
		})}
		// Credentials that still last do not stand against it.
		cached := lasting(t, s, role, 5*time.Minute)
		began := time.Now()
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				_, err := s.RoleCredentials(t.Context(), role)
				if e, ok := errors.AsType[*creds.NoAccessError](err); !ok || e.Role.RoleName != "ReadOnly" || e.Cause.Message != "No access" {
					t.Errorf("got %v, want NoAccessError", err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); calls.Load() != 1 || took > 3*time.Second {
			t.Errorf("got %d calls in %v, want 1", calls.Load(), took)
		}
		if _, err := s.RoleCredentials(t.Context(), role); err == nil || calls.Load() != 2 {
			t.Errorf("afterwards: got %v after %d calls, want another", err, calls.Load())
		}
		if now, err := s.Wallet.RoleCredentials(role.Key()); err != nil || now != cached {
			t.Errorf("a refusal has deleted or changed what was cached: %v", err)
		}
	})
}

func TestNoAccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, _ := source(t, idctest.New(t))
		role.RoleName = "ReadOnly"
		_, err := s.RoleCredentials(t.Context(), role)
		e, ok := errors.AsType[*creds.NoAccessError](err)
		if !ok || e.Cause.Status != http.StatusForbidden || e.Cause.Message != "No access" {
			t.Errorf("got %v, want NoAccessError", err)
		}
		if _, err := s.Fetch(t.Context(), role, "unknown-token"); !signin.Unauthorized(err) {
			t.Errorf("a token of nobody: got %v, want unauthorized", err)
		}
	})
}

// A cache that cannot be written or read costs a warning, not the credentials.
func TestUnusableCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, calls := source(t, idctest.New(t))
		var warned []string
		s.Warn = func(problem string) { warned = append(warned, problem) }
		key := role.Key()
		dir := filepath.Join(s.Wallet.Home, ".aws", "cli", "cache")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, key.Name()+".json")
		if err := os.WriteFile(file, []byte(`{"truncated`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.RoleCredentials(t.Context(), role); err != nil || calls.Load() != 1 || len(warned) == 0 {
			t.Errorf("corrupt entry: %v after %d calls, warned %q", err, calls.Load(), warned)
		}
		// A file where the directory should be.
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		warned = nil
		if _, err := s.RoleCredentials(t.Context(), role); err != nil || !strings.Contains(strings.Join(warned, "\n"), "could not be cached") {
			t.Errorf("unwritable cache: %v, warned %q", err, warned)
		}
	})
}

// When the service cannot be reached, credentials that still last are used; when
// it says no, they are not.
func TestFallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, _ := source(t, idctest.New(t))
		first, err := s.RoleCredentials(t.Context(), role)
		if err != nil {
			t.Fatal(err)
		}
		// The sign-in lasts as long as these do, so bring both near their end.
		first.Expiration = time.Now().Add(10 * time.Minute).Truncate(time.Second).UTC()
		key := role.Key()
		if err := s.Wallet.PutRoleCredentials(key, first); err != nil {
			t.Fatal(err)
		}
		network := s.SignIn.HTTP
		s.SignIn.HTTP = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") })}
		if c, err := s.RoleCredentials(t.Context(), role); err != nil || c != first {
			t.Errorf("no network: got %v, want the credentials that last", err)
		}
		s.SignIn.HTTP = network
		tok, err := s.SignIn.Token(t.Context(), role.Session)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SignIn.SignOut(t.Context(), role.Session.Region, tok.AccessToken); err != nil {
			t.Fatal(err)
		}
		if _, err := s.RoleCredentials(t.Context(), role); err == nil {
			t.Error("signed out: got credentials")
		}
	})
}

// A refresh that comes to nothing on the way to a role's credentials says nothing
// about the role, and costs nothing that still lasts.
func TestRefreshInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		s, role, _ := source(t, ic)
		tok, err := s.SignIn.Token(t.Context(), role.Session)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(tok.ExpiresAt) + time.Minute)
		fault, err := ic.Inject(t.Context(), idctest.Fault{Op: "CreateToken", Status: 403})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.RoleCredentials(t.Context(), role)
		_, undecided := errors.AsType[*signin.RefreshError](err)
		_, denied := errors.AsType[*creds.NoAccessError](err)
		if !undecided || denied {
			t.Errorf("got %#v, want RefreshError", err)
		}
		cached := lasting(t, s, role, 10*time.Minute)
		if c, err := s.RoleCredentials(t.Context(), role); err != nil || c != cached {
			t.Errorf("got %v, want the credentials that last", err)
		}
		fault.Remove()
		if _, err := ic.Inject(t.Context(), idctest.Fault{Op: "GetRoleCredentials", Truncate: true, Count: 2}); err != nil {
			t.Fatal(err)
		}
		if c, err := s.RoleCredentials(t.Context(), role); err != nil || c == cached {
			t.Errorf("got %v, want new credentials though two answers broke off", err)
		}
	})
}
