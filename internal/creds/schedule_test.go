package creds_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
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

// A stage is where schedules are played: one sign-in that lasts for all of them,
// and what happens on the way between the callers and the service.
type stage struct {
	t      *testing.T
	home   string
	signIn signin.Client
	role   creds.Role
	next   http.RoundTripper

	mu       sync.Mutex
	lose     map[string]int // how many more answers of a path get lost
	lost     int
	asked    map[string]int
	underway int // refreshes of callers with our lock
}

func newStage(t *testing.T) *stage {
	ic := idctest.New(t, idctest.Policy{Session: 10 * 365 * 24 * time.Hour, AccessToken: time.Hour, Registration: 10 * 365 * 24 * time.Hour})
	s := &stage{t: t, home: memory(t)}
	c, session := signIn(t, ic, s.home)
	s.next, s.signIn = c.HTTP.Transport, *c
	s.signIn.HTTP = &http.Client{Transport: s}
	s.role = creds.Role{Session: session, AccountID: "111111111111", RoleName: "AdministratorAccess"}
	return s
}

// memory is a directory where writing through to the disk costs nothing, if there
// is one: what a disk does is not what schedules are about.
func memory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "portico")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (s *stage) RoundTrip(r *http.Request) (*http.Response, error) {
	path := r.URL.Path
	s.mu.Lock()
	s.asked[path]++
	if path == "/token" {
		if s.underway++; s.underway > 1 {
			s.t.Error("P1: two refreshes at once")
		}
	}
	s.mu.Unlock()
	resp, err := s.next.RoundTrip(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if path == "/token" {
		s.underway--
	}
	if err == nil && s.lose[path] > 0 {
		s.lose[path]--
		s.lost++
		resp.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return resp, err
}

// expire makes whatever was renewed be over.
func (s *stage) expire() wallet.Token {
	s.asked, s.lose, s.lost = map[string]int{}, map[string]int{}, 0
	if err := os.RemoveAll(filepath.Join(s.home, ".aws", "cli", "cache")); err != nil {
		s.t.Fatal(err)
	}
	tok, err := s.signIn.Wallet.Token(wallet.TokenKey("corp", ""))
	if err != nil {
		s.t.Fatalf("P4: %v", err)
	}
	time.Sleep(time.Until(tok.ExpiresAt) + time.Second)
	return tok
}

// call is one process that asks for the role. Step is called before each of its
// steps and may end it, with whatever it holds.
func (s *stage) call(step func(string)) (wallet.RoleCredentials, error) {
	c := s.signIn
	c.Step = step
	source := &creds.Source{SignIn: &c, Wallet: c.Wallet}
	return source.RoleCredentials(context.Background(), s.role)
}

// A tally is what became of one schedule's callers.
type tally struct {
	mu     sync.Mutex
	deaths int
	keys   map[string]bool
}

func (s *stage) check(name string, before wallet.Token, got *tally, others int) {
	bound := 1 + got.deaths + s.lost
	if n := s.asked["/token"]; n > bound+others {
		s.t.Errorf("%s: P2: got %d refreshes with %d deaths and %d losses", name, n, got.deaths, s.lost)
	}
	if n := s.asked["/federation/credentials"]; n > bound {
		s.t.Errorf("%s: P8: got %d calls of GetRoleCredentials with %d deaths and %d losses", name, n, got.deaths, s.lost)
	}
	if len(got.keys) > 1+got.deaths+s.lost {
		s.t.Errorf("%s: the callers have %d different keys", name, len(got.keys))
	}
	now, err := s.signIn.Wallet.Token(wallet.TokenKey("corp", ""))
	if err != nil {
		s.t.Fatalf("%s: P4: %v", name, err)
	}
	if now.ExpiresAt.Before(before.ExpiresAt) {
		s.t.Errorf("%s: P5: the token ends at %v, the one before at %v", name, now.ExpiresAt, before.ExpiresAt)
	}
}

// served checks what one caller got.
func (s *stage) served(name string, got *tally, c wallet.RoleCredentials, err error, began time.Time) {
	if err != nil {
		s.t.Errorf("%s: P3: %v", name, err)
		return
	}
	if time.Until(c.Expiration) <= 0 {
		s.t.Errorf("%s: P9: credentials that were over", name)
	}
	if took := time.Since(began); took > 75*time.Second {
		s.t.Errorf("%s: P7: it took %v", name, took)
	}
	got.mu.Lock()
	defer got.mu.Unlock()
	got.keys[c.AccessKeyID] = true
}

// Thousands of schedules of four callers, who are held up at random before their
// steps, die at some, lose answers, and share the session with a client that
// knows no lock: none of them loses it.
func TestSchedules(t *testing.T) {
	const bubbles = 2
	for b := range bubbles {
		t.Run(fmt.Sprint(b), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				for i := range schedules / bubbles {
					s.random(uint64(b*schedules + i))
					if t.Failed() {
						return
					}
				}
			})
		})
	}
}

func (s *stage) random(seed uint64) {
	r := rand.New(rand.NewPCG(seed, 5))
	name := fmt.Sprint("schedule ", seed)
	before := s.expire()
	for range r.IntN(3) {
		s.lose[[]string{"/token", "/federation/credentials"}[r.IntN(2)]]++
	}
	deaths, others := r.IntN(4), r.IntN(2)
	got := &tally{keys: map[string]bool{}}
	var all sync.WaitGroup
	for caller := range 4 {
		mine := rand.New(rand.NewPCG(seed, uint64(10+caller)))
		last := -1
		if caller < deaths {
			last = mine.IntN(26)
		}
		all.Go(func() {
			time.Sleep(time.Duration(mine.IntN(400)) * time.Millisecond)
			began, steps, dead := time.Now(), 0, true
			defer func() {
				if dead {
					got.mu.Lock()
					got.deaths++
					got.mu.Unlock()
				}
			}()
			c, err := s.call(func(string) {
				if steps++; steps > last && last >= 0 {
					runtime.Goexit()
				}
				if mine.IntN(3) == 0 {
					time.Sleep(time.Duration(mine.IntN(300)) * time.Millisecond)
				}
			})
			dead = false
			s.served(name, got, c, err, began)
		})
	}
	if others > 0 {
		all.Go(func() { s.foreign(r) })
	}
	all.Wait()
	s.check(name, before, got, others)
	// Whatever is left, the session can be gone on with.
	if _, err := s.call(nil); err != nil {
		s.t.Errorf("%s: P3: afterwards: %v", name, err)
	}
}

// foreign is what the AWS CLI does: it takes no lock, and writes in place.
func (s *stage) foreign(r *rand.Rand) {
	time.Sleep(time.Duration(r.IntN(600)) * time.Millisecond)
	path := filepath.Join(s.home, ".aws", "sso", "cache", wallet.TokenKey("corp", "")+".json")
	tok, err := s.signIn.Wallet.Token(wallet.TokenKey("corp", ""))
	if err != nil || time.Until(tok.ExpiresAt) > 15*time.Minute {
		return
	}
	body, _ := json.Marshal(map[string]string{"grantType": "refresh_token", "clientId": tok.ClientID, "clientSecret": tok.ClientSecret, "refreshToken": tok.RefreshToken})
	req, err := http.NewRequest("POST", s.signIn.OIDCEndpoint+"/token", strings.NewReader(string(body)))
	if err != nil {
		s.t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.next.RoundTrip(req)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer resp.Body.Close()
	var said struct {
		AccessToken, RefreshToken string
		ExpiresIn                 int
	}
	if json.NewDecoder(resp.Body).Decode(&said) != nil || said.AccessToken == "" {
		return
	}
	time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond)
	text := fmt.Sprintf(`{"startUrl": %q, "region": %q, "accessToken": %q, "expiresAt": %q, "clientId": %q, "clientSecret": %q, "registrationExpiresAt": %q, "refreshToken": %q}`,
		tok.StartURL, tok.Region, said.AccessToken, time.Now().Add(time.Duration(said.ExpiresIn)*time.Second).UTC().Format(time.RFC3339),
		tok.ClientID, tok.ClientSecret, tok.RegistrationExpiresAt.Format(time.RFC3339), said.RefreshToken)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer f.Close()
	_, _ = f.WriteString(text[:len(text)/2])
	time.Sleep(time.Duration(r.IntN(40)) * time.Millisecond)
	_, _ = f.WriteString(text[len(text)/2:])
}
