package signin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/pace"
	"github.com/portico-sso/portico/internal/renewal"
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

	// Way tells apart those who may find the services in different states, and so do
	// not take each other's failures for their own: what HTTP and the addresses were
	// made from, and the computer.
	Way string

	// Warn is told what went wrong without stopping the work. Nil drops it.
	Warn func(problem string)

	// Pace is what calls of the access portal wait for, and what makes those again
	// that were one too many. Nil: each goes at once, and is made three times at most.
	Pace *pace.Pacer

	// Waiting is told, once for each lock that was waited for longer than a second,
	// what its holder does ("renews the sign-in of corp") and the holder's process
	// number, 0 where that is not known. Nil drops it.
	Waiting func(what string, holder int)

	// Step is called just before each step of the protocol by which a token or a
	// role's credentials are renewed, with the step's name: "session lock",
	// "session read", "session send", "session answer", "session write", "session
	// unlock" and what else package renewal has, and the same of "role". Tests end
	// the process in it. Nil in production.
	Step func(name string)
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

func (s Session) lock() string { return wallet.SessionLock(s.tokenKey()) }

// Hold takes a lock, waiting up to limit, and tells of the wait once it is one.
// What says what its holders do, for [Client.Waiting]. Where somebody holds it
// longer than that, the error is a [*wallet.LockedError]; any other, ctx's own
// apart, means that nothing can be locked at all (a read-only home).
func (c *Client) Hold(ctx context.Context, name, what string, limit time.Duration) (unlock func(), err error) {
	unmentioned, cancel := context.WithTimeout(ctx, renewal.TellAfter)
	defer cancel()
	unlock, err = c.Wallet.Lock(unmentioned, name)
	if e, locked := errors.AsType[*wallet.LockedError](err); locked && ctx.Err() == nil {
		if c.Waiting != nil {
			c.Waiting(what, e.Holder)
		}
		waiting, cancel := context.WithTimeout(ctx, limit-renewal.TellAfter)
		defer cancel()
		unlock, err = c.Wallet.Lock(waiting, name)
	}
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return unlock, err
}

// Standing tells whether there is a token of the session, and the mark of the
// last time that somebody signed out of it. Who remembers the mark from before
// asking the service, and holds the guard, knows whether what it got belongs to
// a sign-in that is over.
func (c *Client) Standing(s Session) (signedIn bool, mark string) {
	_, err := c.Wallet.Token(s.tokenKey())
	note, _ := c.Wallet.Note(signOutNote(s.tokenKey()))
	return !errors.Is(err, wallet.ErrNotFound), note.ID
}

// Guard is the name of the lock under which what a sign-in yields is stored or
// deleted: for the time of that, and no longer.
func (s Session) Guard() string { return guard(s.tokenKey()) }

func guard(tokenKey string) string { return "file-" + tokenKey }

func signOutNote(tokenKey string) string { return "signout-" + tokenKey }

// SignInMark tells one sign-in to a session from another: it stays the same while
// the token that is stored stems from the same one, by refreshes of ours. Of
// another tool's refresh that cannot be known, so it counts as a sign-in. "" means
// that nobody is signed in.
func (c *Client) SignInMark(s Session) string {
	t, err := c.Wallet.Token(s.tokenKey())
	if err != nil {
		return ""
	}
	return c.signInMark(s, t.AccessToken)
}

func (c *Client) signInMark(s Session, accessToken string) string {
	mark := fingerprint(accessToken)
	if n, err := c.Wallet.Note(descentNote(s)); err == nil && (n.Token == mark || n.Spent == mark) {
		return n.SignIn
	}
	return mark
}

// Refused tells whether the service would not renew the token that is stored: the
// sign-in is over, whatever the token's date.
func (c *Client) Refused(s Session) bool {
	t, err := c.Wallet.Token(s.tokenKey())
	if err != nil {
		return false
	}
	n, err := c.Wallet.Note(s.lock())
	return err == nil && n.Denied && n.Token == fingerprint(t.AccessToken)
}

// noteDescent remembers that a token is the successor of another, and from which
// sign-in both are: the successor may not get as far as to be stored.
func (c *Client) noteDescent(s Session, successor, before string) {
	_ = c.Wallet.PutNote(descentNote(s), wallet.Note{Token: fingerprint(successor), Spent: fingerprint(before), SignIn: c.signInMark(s, before)})
}

func descentNote(s Session) string { return "descent-" + s.tokenKey() }

func fingerprint(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return hex.EncodeToString(sum[:8])
}
