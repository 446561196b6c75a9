package catalog

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/portico-sso/portico/internal/signin"
)

// A bearer has the access token for many calls: what is read from the wallet may
// have to be decrypted.
type bearer struct {
	client  *signin.Client
	session signin.Session
	signIn  string // the mark of the one that is listed under

	mu    sync.Mutex
	token string
	until time.Time
}

// errOtherSignIn says that somebody signed in while there was a listing: what is
// asked for from then on may be another person's, and must not be mixed with it.
var errOtherSignIn = errors.New("somebody has signed in anew while the accounts were listed; start again")

// bearerLasts is for how long a token is used before the wallet is asked again,
// which renews it in time.
const bearerLasts = time.Minute

func (b *bearer) use(ctx context.Context, call func(token string) error) error {
	token, err := b.get(ctx, "", nil)
	if err != nil {
		return err
	}
	if err = call(token); !signin.Unauthorized(err) {
		return err
	}
	if token, err = b.get(ctx, token, err); err != nil {
		return err
	}
	if err = call(token); signin.Unauthorized(err) {
		return &signin.RequiredError{Session: b.session, Reason: signin.Ended}
	}
	return err
}

// get returns a token other than the one that was not accepted, "" for none; why
// says how.
func (b *bearer) get(ctx context.Context, disowned string, why error) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.token != disowned && time.Now().Before(b.until) {
		return b.token, nil
	}
	var fresh string
	err := b.client.WithToken(ctx, b.session, func(token string) error {
		if token == disowned {
			return why
		}
		fresh = token
		return nil
	})
	if err == nil && fresh != b.token && b.client.SignInMark(b.session) != b.signIn {
		err = errOtherSignIn
	}
	if err == nil {
		b.token, b.until = fresh, time.Now().Add(bearerLasts)
	}
	return b.token, err
}
