package creds_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// lasting puts an entry into the cache that the source finds and that lasts for
// so long.
func lasting(t *testing.T, s *creds.Source, role creds.Role, left time.Duration) wallet.RoleCredentials {
	t.Helper()
	c := wallet.RoleCredentials{AccessKeyID: "ASIACACHED", SecretAccessKey: "secret", SessionToken: "token", AccountID: role.AccountID,
		Expiration: time.Now().Add(left).UTC().Truncate(time.Second)}
	if err := s.Wallet.PutRoleCredentials(role.Key(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Credentials that arrive after a sign-out are the caller's, and leave nothing
// behind.
func TestSignOutDuringFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, _ := source(t, idctest.New(t))
		next := s.SignIn.HTTP.Transport
		s.SignIn.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if r.URL.Path == "/federation/credentials" {
				if err := s.Wallet.DeleteToken(wallet.TokenKey(role.Session.Name, role.Session.StartURL)); err != nil {
					t.Error(err)
				}
			}
			return resp, err
		})}
		if c, err := s.RoleCredentials(t.Context(), role); err != nil || c.AccessKeyID == "" {
			t.Errorf("got %v, want the credentials", err)
		}
		if _, err := s.Wallet.RoleCredentials(role.Key()); !errors.Is(err, wallet.ErrNotFound) {
			t.Errorf("credentials were cached after the sign-out: %v", err)
		}
	})
}

// Two Identity Centers may have a session of one name and an account and a role
// of one name: whose credentials these are is asked before they are used.
func TestCacheOfAnotherIdentityCenter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, calls := source(t, idctest.New(t))
		other := role
		other.Session.StartURL = "https://d-0000000000.awsapps.com/start"
		cached := lasting(t, s, other, time.Hour)
		if other.Key().Name() != role.Key().Name() {
			t.Fatal("the two have different files: the test proves nothing")
		}
		c, err := s.RoleCredentials(t.Context(), role)
		if err != nil || c.AccessKeyID == cached.AccessKeyID || calls.Load() != 1 {
			t.Errorf("got %s, %v after %d calls, want our own after 1", c.AccessKeyID, err, calls.Load())
		}
	})
}

// A keyring is one that opens for some only.
type keyring struct {
	wallet.Vault
	locked bool
}

func (k keyring) Has(string) bool                                { return true }
func (k keyring) Seal(_, _ string, plain []byte) ([]byte, error) { return plain, nil }
func (k keyring) Open(_, _ string, sealed []byte) ([]byte, error) {
	if k.locked {
		time.Sleep(time.Second)
		return nil, errors.New("the keyring is locked")
	}
	return sealed, nil
}

// That one caller cannot open a sealed session is not the failure of those who
// wait for it and can.
func TestKeyOfOneCallerAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, calls := source(t, idctest.New(t))
		tok, err := s.Wallet.Token(wallet.TokenKey(role.Session.Name, ""))
		if err != nil {
			t.Fatal(err)
		}
		s.Wallet.SealedDir = t.TempDir()
		sealed := func(locked bool) *creds.Source {
			w, client := *s.Wallet, *s.SignIn
			w.Vault = keyring{locked: locked}
			client.Wallet = &w
			return &creds.Source{SignIn: &client, Wallet: &w}
		}
		open, shut := sealed(false), sealed(true)
		if err := open.Wallet.PutToken(wallet.TokenKey(role.Session.Name, ""), tok); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		all.Go(func() {
			_, err := shut.RoleCredentials(t.Context(), role)
			if _, unopened := errors.AsType[*wallet.UnopenedError](err); !unopened {
				t.Errorf("without the key: got %v, want UnopenedError", err)
			}
		})
		synctest.Wait() // it has the lock
		for range 5 {
			all.Go(func() {
				if _, err := open.RoleCredentials(t.Context(), role); err != nil {
					t.Errorf("with the key: %v", err)
				}
			})
		}
		all.Wait()
		if n := calls.Load(); n != 1 {
			t.Errorf("got %d calls of GetRoleCredentials, want 1", n)
		}
	})
}

// Where nothing can be locked the work is done all the same.
func TestUnwritableLockDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, _ := source(t, idctest.New(t))
		var warned []string
		s.SignIn.Warn = func(problem string) { warned = append(warned, problem) }
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s.Wallet.LockDir = filepath.Join(file, "locks")
		c, err := s.RoleCredentials(t.Context(), role)
		if err != nil || c.AccessKeyID == "" || !strings.Contains(strings.Join(warned, "\n"), "lock") {
			t.Errorf("got %v with the warnings %q, want credentials and a word about the lock", err, warned)
		}
		if got, err := s.Wallet.RoleCredentials(role.Key()); err != nil || got != c {
			t.Errorf("the credentials were not cached: %v", err)
		}
	})
}

// silence is a network that swallows everything.
func silence() *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})}
}

// Whoever presses Ctrl-C wants nothing more, not even what still lasts.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, _ := source(t, idctest.New(t))
		lasting(t, s, role, 10*time.Minute)
		interrupted := func(name string) {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			start := time.Now()
			if _, err := s.RoleCredentials(ctx, role); !errors.Is(err, context.Canceled) || time.Since(start) > 2*time.Second {
				t.Errorf("%s: got %v after %v, want context.Canceled after 1s", name, err, time.Since(start))
			}
		}
		unlock, err := s.Wallet.Lock(t.Context(), "role-"+role.Key().Name())
		if err != nil {
			t.Fatal(err)
		}
		interrupted("waiting for the lock")
		unlock()
		s.SignIn.HTTP = silence()
		interrupted("waiting for the service")
	})
}

// Others wait for the role's lock, so a service that never answers is not waited
// for in vain for long.
func TestServiceThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, role, _ := source(t, idctest.New(t))
		s.SignIn.HTTP = silence()
		start := time.Now()
		_, err := s.RoleCredentials(t.Context(), role)
		if _, ok := errors.AsType[*signin.ConnectionError](err); !ok || time.Since(start) > 30*time.Second {
			t.Errorf("got %v after %v, want ConnectionError within 30s", err, time.Since(start))
		}
		// What still lasts is used then.
		cached := lasting(t, s, role, 10*time.Minute)
		if c, err := s.RoleCredentials(t.Context(), role); err != nil || c != cached {
			t.Errorf("got %v, want the credentials that last", err)
		}
	})
}
