package catalog

import (
	"context"
	"sync"
	"time"

	"github.com/portico-sso/portico/internal/signin"
)

// A bearer has the access token for many calls: what is read from the wallet may
// have to be decrypted.
type bearer struct {
	client  *signin.Client
	session signin.Session

	mu    sync.Mutex
	token string
	until time.Time
}

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
	err := b.client.WithToken(ctx, b.session, func(token string) error {
		if token == disowned {
			return why
		}
		b.token, b.until = token, time.Now().Add(bearerLasts)
		return nil
	})
	return b.token, err
}
