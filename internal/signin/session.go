package signin

import (
	"context"
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

	// Warn is told what went wrong without stopping the work. Nil drops it.
	Warn func(problem string)
}

func (c *Client) warn(format string, args ...any) {
	if c.Warn != nil {
		c.Warn(fmt.Sprintf(format, args...))
	}
}

func (c *Client) httpClient() *http.Client {
	base := c.HTTP
	if base == nil {
		base = http.DefaultClient
	}
	// A redirect would carry a token to an address nobody chose (RFC 9700, 4.12).
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
// longer than that.
const (
	holdLimit = 30 * time.Second
	waitLimit = 45 * time.Second
)

func (c *Client) lock(ctx context.Context, s Session) (unlock func(), err error) {
	return c.Hold(ctx, s.tokenKey())
}

// Hold takes the lock of the session whose token is stored under key, so that
// nobody refreshes it meanwhile. Whoever holds it is alive, so waiting longer
// than an exchange can take means something is wrong.
func (c *Client) Hold(ctx context.Context, key string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	return c.Wallet.Lock(ctx, "session-"+key)
}
