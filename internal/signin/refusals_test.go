package signin_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

func registrationKey(s signin.Session) wallet.RegistrationKey {
	return wallet.RegistrationKey{StartURL: s.StartURL, Region: s.Region, Session: s.Name, Scopes: s.Scopes}
}

// A registration that would end in the middle of things is not used.
func TestRegistrationMargin(t *testing.T) {
	for left, want := range map[time.Duration]int{14 * time.Minute: 1, 16 * time.Minute: 0} {
		synctest.Test(t, func(t *testing.T) {
			ic := idctest.New(t)
			c, s, _ := signedIn(t, ic)
			r, err := c.Wallet.Registration(registrationKey(s))
			if err != nil {
				t.Fatal(err)
			}
			r.ExpiresAt = time.Now().Add(left)
			if err := c.Wallet.PutRegistration(registrationKey(s), r); err != nil {
				t.Fatal(err)
			}
			n := count(c)
			signedInWith(t, ic, c, s)
			if got := n.of("/client/register"); got != want {
				t.Errorf("%v left: got %d registrations, want %d", left, got, want)
			}
		})
	}
}

// A token goes to the Identity Center that issued it, whatever the session of
// that name says now.
func TestTokenOfElsewhere(t *testing.T) {
	for name, move := range map[string]func(*signin.Session){
		"start URL": func(s *signin.Session) { s.StartURL = "https://d-0000000000.awsapps.com/start" },
		"region":    func(s *signin.Session) { s.Region = "eu-west-1" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s, tok := signedIn(t, idctest.New(t))
				c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					t.Errorf("a request went to %s", r.URL)
					return nil, errors.New("no")
				})}
				move(&s)
				elsewhere := func(err error) {
					t.Helper()
					if e, ok := errors.AsType[*signin.RequiredError](err); !ok || e.Reason != signin.Elsewhere {
						t.Errorf("got %v, want RequiredError Elsewhere", err)
					}
				}
				ask := func() {
					t.Helper()
					got, err := c.Token(t.Context(), s)
					elsewhere(err)
					if got.AccessToken != "" || got.RefreshToken != "" {
						t.Error("the token came along with the error")
					}
					elsewhere(c.WithToken(t.Context(), s, func(string) error {
						t.Error("the token was handed out")
						return nil
					}))
				}
				ask()
				refreshNeeded(t, tok) // when there is something to refresh, too
				ask()
			})
		})
	}
}

// Nobody is sent through the browser for a token that cannot be kept.
func TestLoginNeedsAPlaceForTheToken(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes and links are told differently there")
	}
	for name, spoil := range map[string]func(t *testing.T, cache, token string){
		"a directory that others may write to": func(t *testing.T, cache, _ string) {
			if err := os.Chmod(cache, 0o777); err != nil {
				t.Fatal(err)
			}
		},
		"a symbolic link": func(t *testing.T, _, token string) {
			if err := os.Symlink(filepath.Join(t.TempDir(), "elsewhere"), token); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := &signin.Client{Wallet: &wallet.Wallet{Home: t.TempDir(), LockDir: t.TempDir()},
				HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					t.Errorf("a request went to %s", r.URL)
					return nil, errors.New("no")
				})}}
			s := signin.Session{Name: "corp", StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1"}
			cache := filepath.Join(c.Wallet.Home, ".aws", "sso", "cache")
			if err := os.MkdirAll(cache, 0o700); err != nil {
				t.Fatal(err)
			}
			spoil(t, cache, filepath.Join(cache, key(s)+".json"))
			for _, device := range []bool{false, true} {
				_, err := c.Login(t.Context(), s, signin.Options{DeviceCode: device,
					Show:    func(signin.Instructions) { t.Error("a person was asked to sign in") },
					OpenURL: func(string) error { t.Error("a browser was opened"); return nil },
				})
				if err == nil {
					t.Errorf("device code %v: login went ahead", device)
				}
			}
		})
	}
}

// A dead network is told at once: nobody is sent to a page for a client that
// the service may not know, and no other client is registered for it.
func TestLoginOverADeadNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		c := &signin.Client{Wallet: &wallet.Wallet{Home: t.TempDir(), LockDir: t.TempDir()},
			HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				asked[r.URL.Path]++
				return nil, errors.New("network is unreachable")
			})}}
		s := signin.Session{Name: "corp", StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1", Scopes: []string{"sso:account:access"}}
		if err := c.Wallet.PutRegistration(registrationKey(s), wallet.Registration{ClientID: "client", ClientSecret: "x",
			ExpiresAt: time.Now().Add(30 * 24 * time.Hour), GrantTypes: []string{"authorization_code", "refresh_token"}}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err := c.Login(t.Context(), s, signin.Options{Show: func(i signin.Instructions) { t.Fatal("a person was asked to sign in") }})
		if _, ok := errors.AsType[*signin.ConnectionError](err); !ok || time.Since(start) > 30*time.Second {
			t.Errorf("got %v after %v, want ConnectionError at once", err, time.Since(start))
		}
		if asked["/client/register"] != 0 {
			t.Error("another client was to be registered over a dead network")
		}
	})
}
