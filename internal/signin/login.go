package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portico-sso/portico/internal/renewal"
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

	// CallbackAddress is where the browser's way back is listened for: address
	// and port. "" means any free port of the loopback interface.
	CallbackAddress string

	// Paste lets the person give the address at which a browser ended that could
	// not come back, until ctx ends. Accept completes the sign-in, or says what is
	// wrong with the address. An error of Paste ends the sign-in. Nil: nobody can.
	Paste func(ctx context.Context, accept func(address string) error) error

	// Needed makes this a sign-in for which nobody asked by name, one of maybe many
	// that want the same at the same time: once it is its turn, Needed tells whether
	// there is still a need. If there is, and the sign-in that it waited for came to
	// nothing, so does this one, with a [*GivenUpError]: the person has answered.
	// Nil: this sign-in has been asked for.
	Needed func(ctx context.Context) bool

	// Pause is how long after the answer was no none of those that are only Needed is
	// begun: who tries again and again opens no browser each time.
	Pause time.Duration
}

// Instructions are what a person needs to sign in.
type Instructions struct {
	URL         string // to open by hand
	UserCode    string // device code flow: to enter there
	CompleteURL string // device code flow: the address with the code in it
}

// turnLimit is longer than a sign-in lasts. Whoever holds the turn longer is
// suspended, or stuck, and not waited for.
const turnLimit = 15 * time.Minute

// Login signs a person in, whatever token there was before, and stores the new
// one. While another process does that for the same session it waits, and takes
// the result if there is one; see [Client.Waiting]. It returns a [*DeniedError], [*AbandonedError],
// [*CallbackError], [*GivenUpError], [*ServiceError] or [*ConnectionError] when
// that comes to nothing.
func (c *Client) Login(ctx context.Context, s Session, o Options) (wallet.Token, error) {
	if err := checkRegion(s.Region); err != nil {
		return wallet.Token{}, err
	}
	// Nobody is sent through the browser for a token that cannot be kept.
	if err := c.Wallet.CheckTokenWritable(s.tokenKey()); err != nil {
		return wallet.Token{}, fmt.Errorf("the token could not be stored: %w", err)
	}
	before, unread := c.Wallet.Token(s.tokenKey()) // whatever there is
	if _, corrupt := errors.AsType[*wallet.CorruptError](unread); corrupt || errors.Is(unread, wallet.ErrNotFound) {
		unread = nil
	}
	givenUp, _ := c.Wallet.GivenUp(s.tokenKey())
	unlock, err := c.turn(ctx, s, o)
	if err != nil {
		return wallet.Token{}, err
	}
	defer unlock()
	// What could not be read before is not known to be another one now.
	if now, err := c.stored(s); err == nil && unread == nil && replaced(now, before) {
		return now, nil
	}
	if o.Needed != nil {
		if !o.Needed(ctx) {
			return c.stored(s)
		}
		mark, at := c.Wallet.GivenUp(s.tokenKey())
		if mark != givenUp {
			return wallet.Token{}, &GivenUpError{Session: s}
		}
		if ago := time.Since(at); ago >= 0 && ago < o.Pause {
			return wallet.Token{}, &GivenUpError{Session: s, Ago: ago, Pause: o.Pause}
		}
	}
	t, err := c.login(ctx, s, o)
	if e, ok := errors.AsType[*ServiceError](err); ok {
		e.Login = &s
	}
	if err != nil {
		if e := c.Wallet.GiveUp(s.tokenKey(), answered(err)); e != nil {
			c.warn("those who wait for this sign-in cannot be told that it came to nothing: %v", e)
		}
		return wallet.Token{}, err
	}
	return t, c.keep(ctx, s, t)
}

// answered tells whether the person, or the service, was asked and did not say yes.
func answered(err error) bool {
	_, denied := errors.AsType[*DeniedError](err)
	_, abandoned := errors.AsType[*AbandonedError](err)
	said, ok := errors.AsType[*ServiceError](err)
	return denied || abandoned || (ok && said.Final())
}

// turn waits until nobody else signs in to the session, up to turnLimit. Where
// nothing can be locked there are no turns; that is told when the token is stored.
func (c *Client) turn(ctx context.Context, s Session, o Options) (done func(), err error) {
	done, err = c.Hold(ctx, "login-"+s.tokenKey(), "signs in to "+s.String(), turnLimit)
	if err != nil && ctx.Err() == nil && o.Needed == nil { // else nobody counts how many would open a browser
		return func() {}, nil
	}
	return done, err
}

// keep stores a new token, behind a refresh in flight. The person has done their
// part, so nothing that keeps us from locking keeps us from storing.
func (c *Client) keep(ctx context.Context, s Session, t wallet.Token) error {
	unlock, err := c.Hold(ctx, s.lock(), "renews the sign-in of "+s.String(), renewal.WaitLimit)
	if ctx.Err() != nil && err != nil {
		return err
	}
	if _, locked := errors.AsType[*wallet.LockedError](err); locked {
		c.warn("%v; storing the token all the same", err)
	} else if err != nil {
		c.warn("going on without a lock, which could not be taken: %v", err)
	} else {
		defer unlock()
	}
	guarding, cancel := context.WithTimeout(ctx, renewal.GuardLimit)
	defer cancel()
	if release, err := c.Wallet.Lock(guarding, s.Guard()); err == nil {
		defer release()
	}
	if err := c.put(s.tokenKey(), t); err != nil {
		return err
	}
	_ = c.Wallet.PutSignedIn(s.tokenKey()) // without it the sign-in is as good
	return nil
}

// put stores a token. That its copy cannot be written is no reason to lose it.
func (c *Client) put(key string, t wallet.Token) error {
	err := c.Wallet.PutToken(key, t)
	if e, ok := errors.AsType[*wallet.CopyError](err); ok {
		c.warn("%v", e)
		return nil
	}
	return err
}

// KeepCopy brings the copy of the session's access token up to date, or removes it
// where the session is to have none.
func (c *Client) KeepCopy(ctx context.Context, s Session) error {
	if c.Wallet.Copies[s.tokenKey()] == "" {
		return c.Wallet.DropCopies(s.tokenKey())
	}
	guarding, cancel := context.WithTimeout(ctx, renewal.GuardLimit)
	defer cancel()
	release, err := c.Wallet.Lock(guarding, s.Guard())
	if err != nil {
		return err
	}
	defer release()
	if err = c.Wallet.CopyToken(s.tokenKey()); errors.Is(err, wallet.ErrNotFound) {
		return nil
	}
	return err
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
