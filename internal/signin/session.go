package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/wallet"
)

// A Session says with which Identity Center to sign in: an [sso-session]
// section, or the two keys of a legacy profile.
type Session struct {
	Name     string   // the sso-session's name; "" for a legacy profile
	StartURL string   // as configured, never normalised: it names cache files
	Region   string   // where the Identity Center is, not where resources are
	Scopes   []string // nil: none configured

	// IssuerURL is what the service knows the instance by, see [Client.Resolve].
	// "" means StartURL.
	IssuerURL string
}

// issuer is the start URL as the service is told it.
func (s Session) issuer() string {
	if s.IssuerURL != "" {
		return s.IssuerURL
	}
	return s.StartURL
}

func (s Session) legacy() bool { return s.Name == "" }

func (s Session) tokenKey() string { return wallet.TokenKey(s.Name, s.StartURL) }

func (s Session) registrationKey() wallet.RegistrationKey {
	return wallet.RegistrationKey{StartURL: s.StartURL, Region: s.Region, Session: s.Name, Scopes: s.Scopes}
}

// String names the session in messages.
func (s Session) String() string {
	if s.legacy() {
		return s.StartURL
	}
	return s.Name
}

// A Client signs in to sessions and keeps their tokens.
type Client struct {
	Wallet *wallet.Wallet
	HTTP   *http.Client // nil means http.DefaultClient; redirects are never followed

	// Addresses to use in place of AWS's own for the session's region.
	OIDCEndpoint, PortalEndpoint string

	Addresses Addresses // which of AWS's own, where those are used

	// Warn is told what went wrong without stopping the work. Nil drops it.
	Warn func(problem string)

	// Waiting is told, once for each lock that was waited for longer than a second,
	// what its holder does ("renews the sign-in of corp") and the holder's process
	// number, 0 where that is not known. Nil drops it.
	Waiting func(what string, holder int)

	// Step is called just before each step of the protocol by which a token or a
	// role's credentials are renewed, with the step's name: "session lock",
	// "session read", "session send", "session answer", "session write", "session
	// unlock", and the same of "role". Tests end the process in it. Nil in
	// production.
	Step func(name string)
}

func (c *Client) step(name string) {
	if c.Step != nil {
		c.Step(name)
	}
}

func (c *Client) warn(format string, args ...any) {
	if c.Warn != nil {
		c.Warn(fmt.Sprintf(format, args...))
	}
}

func (c *Client) httpClient() *http.Client { return WithoutRedirects(c.HTTP) }

// WithoutRedirects is a client, http.DefaultClient for nil, that follows none: a
// redirect would carry a token or a signature to an address nobody chose (RFC
// 9700, 4.12).
func WithoutRedirects(base *http.Client) *http.Client {
	if base == nil {
		base = http.DefaultClient
	}
	h := *base
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &h
}

// checkRegion keeps a string that is no region from becoming part of a host name.
func checkRegion(region string) error {
	if !awsconfig.ValidRegion(region) {
		return &awsconfig.RegionError{Region: region}
	}
	return nil
}

// Locks are held for one exchange with the service and waited for a little
// longer than that. An attempt at the exchange gets a third of the time, so that
// one whose answer is lost can be repeated.
const (
	// waitingAfter is how long a wait may last unmentioned.
	waitingAfter = time.Second

	holdLimit    = 30 * time.Second
	waitLimit    = 45 * time.Second
	attemptLimit = 9 * time.Second
)

func (c *Client) lock(ctx context.Context, s Session) (unlock func(), err error) {
	return c.Lock(ctx, "session-"+s.tokenKey(), "renews the sign-in of "+s.String())
}

// Lock takes a lock of the wallet. Whoever holds it is alive and does one
// exchange, so waiting longer than that can take means something is wrong: that
// is a [*wallet.LockedError]. Where nothing can be locked at all (a read-only
// home) the work goes on without, with a warning. What says what its holders do,
// for [Client.Waiting].
func (c *Client) Lock(ctx context.Context, name, what string) (unlock func(), err error) {
	unlock, err = c.patient(ctx, name, what, waitLimit)
	if err == nil {
		return unlock, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if _, locked := errors.AsType[*wallet.LockedError](err); locked {
		return nil, err
	}
	c.warn("going on without a lock, which could not be taken: %v", err)
	return func() {}, nil
}

// patient takes a lock, and tells of the wait once it is one.
func (c *Client) patient(ctx context.Context, name, what string, limit time.Duration) (unlock func(), err error) {
	unmentioned, cancel := context.WithTimeout(ctx, waitingAfter)
	defer cancel()
	unlock, err = c.Wallet.Lock(unmentioned, name)
	e, locked := errors.AsType[*wallet.LockedError](err)
	if !locked || ctx.Err() != nil {
		return unlock, err
	}
	if c.Waiting != nil {
		c.Waiting(what, e.Holder)
	}
	waiting, cancel := context.WithTimeout(ctx, limit-waitingAfter)
	defer cancel()
	return c.Wallet.Lock(waiting, name)
}

// WhileSignedIn calls store if there still is a token of the session, and keeps
// anybody from signing out meanwhile: what is written after a sign-out would
// outlive it.
func (c *Client) WhileSignedIn(ctx context.Context, s Session, store func() error) error {
	unlock, err := c.lock(ctx, s)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := c.stored(s); err != nil {
		return err
	}
	return store()
}
