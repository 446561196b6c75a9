package grant_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// crowd makes 32 calls at once.
func crowd(call func() (grant.Tokens, error)) (tokens []grant.Tokens, errs []error) {
	tokens, errs = make([]grant.Tokens, 32), make([]error, 32)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() {
			<-begin
			tokens[i], errs[i] = call()
		})
	}
	close(begin)
	wg.Wait()
	return tokens, errs
}

// one returns the tokens of the only call that succeeded; all others must have
// been refused with invalid_grant.
func one(t *testing.T, tokens []grant.Tokens, errs []error) grant.Tokens {
	t.Helper()
	var won []grant.Tokens
	for i, err := range errs {
		if err == nil {
			won = append(won, tokens[i])
		} else if got := code(err); got != grant.CodeInvalidGrant {
			t.Errorf("got %q, want invalid_grant", got)
		}
	}
	if len(won) != 1 {
		t.Fatalf("got %d successes, want 1", len(won))
	}
	return won[0]
}

func eachStore(t *testing.T, f func(t *testing.T, w *world)) {
	t.Run("file", func(t *testing.T) { f(t, newWorld(t, t.TempDir())) })
	t.Run("memory", func(t *testing.T) { f(t, newWorld(t, "")) })
}

func TestDeviceCodeIsRedeemedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		c, sess := w.register(start), w.signIn(start, "alice")
		for range 5 {
			d := w.approved(start, c, sess)
			tokens, errs := crowd(func() (grant.Tokens, error) {
				return w.RedeemDevice(t.Context(), start, c.ID, c.secret, d.DeviceCode)
			})
			_, err := w.AccessToken(t.Context(), start, one(t, tokens, errs).AccessToken)
			w.must(err)
		}
	})
}

// The losers used a right code a second time, so the winner's family is gone.
func TestCodeIsRedeemedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		c, sess := w.register(start), w.signIn(start, "alice")
		for range 5 {
			code := w.authorized(start, c, sess)
			tokens, errs := crowd(func() (grant.Tokens, error) { return w.redeemCode(start, c, code) })
			_, err := w.AccessToken(t.Context(), start, one(t, tokens, errs).AccessToken)
			w.refused(err, grant.ErrUnauthorized.Error())
		}
	})
}

func TestRefreshRace(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		c, sess := w.register(start), w.signIn(start, "alice")
		current := w.tokens(start, c, sess)
		for i := range 5 {
			now := at(time.Duration(i+1) * 50 * time.Minute)
			tokens, errs := crowd(func() (grant.Tokens, error) { return w.refresh(now, c, current.RefreshToken) })
			for i := range tokens {
				w.must(errs[i])
				equal(t, tokens[i], tokens[0])
			}
			current = tokens[0]
			_, err := w.AccessToken(t.Context(), now, current.AccessToken)
			w.must(err)
		}
	})
}

// A sign-out that was acknowledged is never overtaken by a refresh.
func TestSignOutAgainstRefresh(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		c := w.register(start)
		for range 10 {
			tokens := w.tokens(start, c, w.signIn(start, "alice"))
			var wg sync.WaitGroup
			got := make([]grant.Tokens, 8)
			for i := range got {
				wg.Go(func() { got[i], _ = w.refresh(start, c, tokens.RefreshToken) })
			}
			if err := w.SignOut(t.Context(), start, tokens.AccessToken); err != nil {
				t.Error(err)
			}
			if _, err := w.refresh(start, c, tokens.RefreshToken); code(err) != grant.CodeInvalidGrant {
				t.Errorf("refresh after sign-out: got %v, want invalid_grant", err)
			}
			wg.Wait()
			for _, x := range got {
				if x.AccessToken == "" {
					continue
				}
				if _, err := w.AccessToken(t.Context(), start, x.AccessToken); err == nil {
					t.Error("an access token outlived the sign-out")
				}
			}
		}
	})
}

func TestOneRegistrationTooMany(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.Policy.MaxLiveDeviceCodes = 10
		var clients []client // each of its own: one that begins again gives its own place
		for range 100 {
			clients = append(clients, w.register(start))
		}
		var next atomic.Int64
		_, errs := crowd(func() (grant.Tokens, error) {
			c := clients[next.Add(1)-1]
			_, err := w.StartDevice(t.Context(), start, c.ID, c.secret, startURL, grant.DeviceOptions{})
			return grant.Tokens{}, err
		})
		n := 0
		for _, err := range errs {
			if err == nil {
				n++
			} else if got := code(err); got != grant.CodeSlowDown {
				t.Errorf("got %q, want slow_down", got)
			}
		}
		if n != 10 {
			t.Errorf("got %d device codes, want 10", n)
		}
	})
}
