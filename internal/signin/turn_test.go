package signin_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// Two sign-ins to one session at once: the person answers one, and both have its
// token. The one that waits says so after a second.
func TestTwoLoginsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		old := seedToken(t, c, s)
		var shown, waiting atomic.Int32
		c.Waiting = func(what string, holder int) {
			if waiting.Add(1); what != "signs in to corp" || holder != os.Getpid() {
				t.Errorf("got told of process %d, which %s", holder, what)
			}
		}
		var both sync.WaitGroup
		tokens := make([]wallet.Token, 2)
		for i := range tokens {
			time.Sleep(100 * time.Millisecond)
			both.Go(func() {
				var err error
				tokens[i], err = c.Login(t.Context(), s, signin.Options{DeviceCode: true,
					Show: func(in signin.Instructions) {
						shown.Add(1)
						time.AfterFunc(time.Minute, func() {
							if err := ic.Approve(context.Background(), "alice", in.CompleteURL); err != nil {
								t.Error(err)
							}
						})
					}})
				if err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(900 * time.Millisecond)
		if waiting.Load() != 0 {
			t.Error("the wait was told before it was one")
		}
		both.Wait()
		if shown.Load() != 1 || waiting.Load() != 1 {
			t.Errorf("got %d sign-ins shown and %d waits told, want one each", shown.Load(), waiting.Load())
		}
		if tokens[0].AccessToken != tokens[1].AccessToken || tokens[0].AccessToken == old.AccessToken || tokens[0].AccessToken == "" {
			t.Error("the two do not share one new token")
		}
	})
}

// seedToken stores a token that is good for an hour: it is none of the results.
func seedToken(t *testing.T, c *signin.Client, s signin.Session) wallet.Token {
	t.Helper()
	old := wallet.Token{StartURL: s.StartURL, Region: s.Region, AccessToken: "of-an-earlier-login", ExpiresAt: time.Now().Add(time.Hour)}
	if err := c.Wallet.PutToken(key(s), old); err != nil {
		t.Fatal(err)
	}
	return old
}

// When the first comes to nothing, the second goes on with its own, whatever
// token was there before.
func TestSecondLoginAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		seedToken(t, c, s)
		var both sync.WaitGroup
		both.Go(func() {
			_, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true, Show: func(in signin.Instructions) {
				time.AfterFunc(time.Minute, func() { ic.Deny(context.Background(), "alice", in.CompleteURL) })
			}})
			if _, ok := errors.AsType[*signin.ServiceError](err); !ok {
				t.Errorf("the first: got %v, want the denial", err)
			}
		})
		time.Sleep(time.Second)
		asked := false
		tok, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true, Show: func(in signin.Instructions) {
			asked = true
			time.AfterFunc(time.Minute, func() { ic.Approve(context.Background(), "alice", in.CompleteURL) })
		}})
		if err != nil || !asked || tok.AccessToken == "of-an-earlier-login" {
			t.Errorf("the second: got %v, asked %v", err, asked)
		}
		both.Wait()
	})
}

// Ctrl-C while waiting ends the wait, and the other goes on.
func TestInterruptedWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		var first sync.WaitGroup
		first.Go(func() {
			if _, err := deviceLogin(t, c, s, func(in signin.Instructions) {
				time.AfterFunc(time.Minute, func() { ic.Approve(context.Background(), "alice", in.CompleteURL) })
			}); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second)
		for _, after := range []time.Duration{500 * time.Millisecond, 10 * time.Second} {
			ctx, interrupt := context.WithCancel(t.Context())
			time.AfterFunc(after, interrupt)
			began := time.Now()
			_, err := c.Login(ctx, s, signin.Options{DeviceCode: true, Show: func(signin.Instructions) { t.Error("it did not wait") }})
			if !errors.Is(err, context.Canceled) || time.Since(began) > after+100*time.Millisecond {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
		}
		first.Wait()
	})
}

// One who holds the turn and does nothing with it is not waited for for ever.
func TestTurnOfSomebodySuspended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		unlock, err := c.Wallet.Lock(t.Context(), "login-"+key(s))
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		began, waited := time.Now(), 0
		c.Waiting = func(string, int) { waited++ }
		if _, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true, Show: func(in signin.Instructions) {
			if after := time.Since(began); after < 15*time.Minute || after > 16*time.Minute {
				t.Errorf("went on after %v, want a quarter of an hour", after)
			}
			ic.Approve(t.Context(), "alice", in.CompleteURL)
		}}); err != nil || waited != 1 {
			t.Errorf("got %v after %d waits, want a sign-in after one", err, waited)
		}
	})
}

// Sessions do not wait for one another.
func TestLoginsToTwoSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		other := s
		other.Name = "other"
		_, err := deviceLogin(t, c, s, func(in signin.Instructions) {
			if _, err := deviceLogin(t, c, other, func(in signin.Instructions) { ic.Approve(t.Context(), "alice", in.CompleteURL) }); err != nil {
				t.Error(err)
			}
			ic.Approve(t.Context(), "alice", in.CompleteURL)
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// needing is what a command without the person's own word for it signs in with.
func needing(c *signin.Client, s signin.Session, shown *atomic.Int32, then func(signin.Instructions)) signin.Options {
	return signin.Options{DeviceCode: true,
		Needed: func(ctx context.Context) bool {
			_, err := c.Token(ctx, s)
			_, required := errors.AsType[*signin.RequiredError](err)
			return required
		},
		Show: func(in signin.Instructions) {
			shown.Add(1)
			time.AfterFunc(time.Minute, func() { then(in) })
		}}
}

// Twenty that need a sign-in ask the person once, whenever they begin and whatever
// the answer is: all have the token, or none of them asks again.
func TestManyThatNeedALogin(t *testing.T) {
	for _, approved := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ic := idctest.New(t)
			c, s := fixture(t, ic)
			var shown, given, gaveUp, denied atomic.Int32
			var all sync.WaitGroup
			for range 20 {
				time.Sleep(2 * time.Second) // the last begin while the first is still being answered
				all.Go(func() {
					_, err := c.Login(t.Context(), s, needing(c, s, &shown, func(in signin.Instructions) {
						if approved {
							ic.Approve(context.Background(), "alice", in.CompleteURL)
						} else {
							ic.Deny(context.Background(), "alice", in.CompleteURL)
						}
					}))
					_, waited := errors.AsType[*signin.GivenUpError](err)
					_, said := errors.AsType[*signin.ServiceError](err)
					switch {
					case err == nil:
						given.Add(1)
					case waited:
						gaveUp.Add(1)
					case said:
						denied.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			all.Wait()
			got := [4]int32{shown.Load(), given.Load(), denied.Load(), gaveUp.Load()}
			want := [4]int32{1, 20, 0, 0}
			if !approved {
				want = [4]int32{1, 0, 1, 19}
			}
			if got != want {
				t.Errorf("approved %v: got %v shown, given, denied, given up; want %v", approved, got, want)
			}
			// Who comes after that asks anew, or not at all.
			tok, err := c.Login(t.Context(), s, needing(c, s, &shown, func(in signin.Instructions) { ic.Approve(context.Background(), "alice", in.CompleteURL) }))
			if want[0] = 2; approved {
				want[0] = 1
			}
			if err != nil || tok.AccessToken == "" || shown.Load() != want[0] {
				t.Errorf("approved %v, afterwards: got %v after %d sign-ins, want %d", approved, err, shown.Load(), want[0])
			}
		})
	}
}

// Who is interrupted while they sign in ends the wait of the others; who died does
// not: one of them goes on.
func TestLoginOfSomebodyGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		var shown atomic.Int32
		approve := func(in signin.Instructions) { ic.Approve(context.Background(), "alice", in.CompleteURL) }
		ctx, interrupt := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := c.Login(ctx, s, needing(c, s, &shown, func(signin.Instructions) {})); !errors.Is(err, context.Canceled) {
				t.Errorf("the first: got %v", err)
			}
		})
		time.Sleep(time.Second)
		all.Go(func() {
			if _, err := c.Login(t.Context(), s, needing(c, s, &shown, approve)); !isGivenUp(err) {
				t.Errorf("the second: got %v", err)
			}
		})
		time.Sleep(time.Second)
		interrupt()
		all.Wait()
		// A process that dies lets go of its lock, and leaves no mark.
		unlock, err := c.Wallet.Lock(t.Context(), "login-"+key(s))
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(5*time.Second, unlock)
		if _, err := c.Login(t.Context(), s, needing(c, s, &shown, approve)); err != nil || shown.Load() != 2 {
			t.Errorf("after a death: got %v after %d sign-ins", err, shown.Load())
		}
	})
}

// What is tried again and again opens no browser each time: not before the pause
// after the last answer is over. A person's own sign-in is at once.
func TestPauseAfterADenial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		client, s := fixture(t, ic)
		var shown atomic.Int32
		o := needing(client, s, &shown, func(in signin.Instructions) { ic.Deny(context.Background(), "alice", in.CompleteURL) })
		o.Pause = time.Minute
		for i, c := range []struct {
			options signin.Options
			after   time.Duration
			shown   int32
			givenUp bool
		}{
			{o, 0, 1, false}, {o, time.Second, 1, true}, {o, 58 * time.Second, 1, true}, {o, 2 * time.Second, 2, false}, {o, 0, 2, true},
			{needing(client, s, &shown, func(in signin.Instructions) { ic.Approve(context.Background(), "alice", in.CompleteURL) }), 0, 3, false},
		} {
			time.Sleep(c.after)
			if _, err := client.Login(t.Context(), s, c.options); isGivenUp(err) != c.givenUp || shown.Load() != c.shown {
				t.Errorf("%d: got %v after %d sign-ins, want %d", i, err, shown.Load(), c.shown)
			}
		}
	})
}

func isGivenUp(err error) bool {
	_, ok := errors.AsType[*signin.GivenUpError](err)
	return ok
}

// One that holds the turn for ever is waited for, and then nobody opens a browser
// on top of it.
func TestNeededWhileSomebodyIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		unlock, err := c.Wallet.Lock(t.Context(), "login-"+key(s))
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		var shown atomic.Int32
		_, err = c.Login(t.Context(), s, needing(c, s, &shown, func(signin.Instructions) {}))
		if _, locked := errors.AsType[*wallet.LockedError](err); !locked || shown.Load() != 0 {
			t.Errorf("got %v after %d sign-ins, want to be told who holds the turn", err, shown.Load())
		}
	})
}
