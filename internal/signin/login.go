package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portico-sso/portico/internal/wallet"
)

// Options say how to sign in.
type Options struct {
	// DeviceCode uses the device code flow. Legacy sessions always do.
	DeviceCode bool

	// Show puts what the person has to do before them. It is called once, when
	// everything is ready for them to do it.
	Show func(Instructions)

	// OpenURL opens the person's browser. Nil: they open it themselves. Its
	// failure is no failure of the sign-in: the address has been shown.
	OpenURL func(url string) error
}

// Instructions are what a person needs to sign in.
type Instructions struct {
	URL         string // to open by hand
	UserCode    string // device code flow: to enter there
	CompleteURL string // device code flow: the address with the code in it
}

// Login signs a person in, whatever token there was before, and stores the new
// one. It returns a [*DeniedError], [*AbandonedError], [*CallbackError],
// [*ServiceError] or [*ConnectionError] when that comes to nothing.
func (c *Client) Login(ctx context.Context, s Session, o Options) (wallet.Token, error) {
	if err := checkRegion(s.Region); err != nil {
		return wallet.Token{}, err
	}
	// Nobody is sent through the browser for a token that cannot be kept.
	if err := c.Wallet.CheckTokenWritable(s.tokenKey()); err != nil {
		return wallet.Token{}, fmt.Errorf("the token could not be stored: %v", err)
	}
	t, err := c.login(ctx, s, o)
	if e, ok := errors.AsType[*ServiceError](err); ok {
		e.Login = &s
	}
	if err != nil {
		return wallet.Token{}, err
	}
	unlock, err := c.lock(ctx, s)
	if _, locked := errors.AsType[*wallet.LockedError](err); locked {
		c.warn("%v; storing the token all the same", err) // the person has done their part
	} else if err != nil {
		return wallet.Token{}, err
	} else {
		defer unlock()
	}
	return t, c.Wallet.PutToken(s.tokenKey(), t)
}

func (c *Client) login(ctx context.Context, s Session, o Options) (wallet.Token, error) {
	if o.DeviceCode || s.legacy() {
		return c.deviceLogin(ctx, s, o)
	}
	return c.codeLogin(ctx, s, o)
}

func (o Options) show(i Instructions) {
	if o.Show != nil {
		o.Show(i)
	}
}

func (o Options) open(url string) {
	if o.OpenURL != nil {
		_ = o.OpenURL(url) // the address is on the screen
	}
}

// sleep waits, or ends with ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
