package signin

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"github.com/portico-sso/portico/internal/wallet"
)

// Token returns an access token of the session that is good for now, refreshing
// it when less than 15 minutes are left. Without one it returns a
// [*RequiredError]: a person has to sign in.
func (c *Client) Token(ctx context.Context, s Session) (wallet.Token, error) {
	t, err := c.stored(s)
	if err != nil {
		return wallet.Token{}, err
	}
	now := time.Now()
	switch {
	case t.ExpiresAt.Sub(now) >= margin:
		return t, nil
	case !s.legacy() && t.Refreshable(now):
		return c.refresh(ctx, s, t)
	case t.ExpiresAt.After(now):
		return t, nil
	default:
		return wallet.Token{}, &RequiredError{Session: s, Reason: Expired}
	}
}

// WithToken calls use with a good access token. If the access portal does not
// accept it, though by its dates it should, the token is refreshed once and use
// called again; only then has the session ended.
func (c *Client) WithToken(ctx context.Context, s Session, use func(accessToken string) error) error {
	t, err := c.Token(ctx, s)
	if err != nil {
		return err
	}
	err = use(t.AccessToken)
	if !Unauthorized(err) {
		return err
	}
	if s.legacy() || !t.Refreshable(time.Now()) {
		return &RequiredError{Session: s, Reason: Ended}
	}
	t.ExpiresAt = time.Time{} // whatever it says, it is over
	fresh, err := c.refresh(ctx, s, t)
	if _, required := errors.AsType[*RequiredError](err); required {
		return &RequiredError{Session: s, Reason: Ended}
	}
	if err != nil {
		return err
	}
	if err = use(fresh.AccessToken); Unauthorized(err) {
		return &RequiredError{Session: s, Reason: Ended}
	}
	return err
}

// stored reads the session's token.
func (c *Client) stored(s Session) (wallet.Token, error) {
	t, err := c.Wallet.Token(s.tokenKey())
	if errors.Is(err, wallet.ErrNotFound) {
		return t, &RequiredError{Session: s, Reason: Missing}
	}
	if _, corrupt := errors.AsType[*wallet.CorruptError](err); corrupt {
		c.warn("%v", err)
		return t, &RequiredError{Session: s, Reason: Unreadable}
	}
	return t, err
}

// refresh exchanges the refresh token under the session's lock. stale is the
// token the caller found wanting: if another one is stored by the time the lock
// is ours, somebody else has done the work. A lost answer is no loss, because
// the SDK sends the same refresh token again while the lock is held.
func (c *Client) refresh(ctx context.Context, s Session, stale wallet.Token) (wallet.Token, error) {
	unlock, err := c.lock(ctx, s)
	if err != nil {
		return c.fallback(stale, err)
	}
	defer unlock()
	t, err := c.stored(s)
	if err != nil {
		return wallet.Token{}, err
	}
	if t.AccessToken != stale.AccessToken && t.ExpiresAt.After(time.Now()) {
		return t, nil
	}
	if !t.Refreshable(time.Now()) {
		return c.fallback(stale, &RequiredError{Session: s, Reason: Expired})
	}
	fresh, err := c.exchange(ctx, s, t)
	if err != nil {
		if now, readErr := c.stored(s); readErr == nil && now.AccessToken != t.AccessToken && now.ExpiresAt.After(time.Now()) {
			return now, nil // a client that knows no lock was faster
		}
		if _, said := errors.AsType[*ServiceError](err); said && stillRefusable(err) {
			err = &RequiredError{Session: s, Reason: Expired}
		}
		return c.fallback(stale, err)
	}
	// A client that knows no lock may have stored a later token meanwhile.
	if now, err := c.stored(s); err == nil && now.AccessToken != t.AccessToken && now.ExpiresAt.After(fresh.ExpiresAt) {
		return now, nil
	}
	if err := c.Wallet.PutToken(s.tokenKey(), fresh); err != nil {
		// The old refresh token is spent, so the next refresh may fail: say it now.
		c.warn("the refreshed token could not be stored: %v", err)
	}
	return fresh, nil
}

// stillRefusable tells a refusal of the grant from trouble at the service,
// after which the same refresh token may well be accepted.
func stillRefusable(err error) bool {
	e, ok := errors.AsType[*ServiceError](err)
	return ok && e.Status < 500 && e.Status != 429
}

// fallback keeps to a token that is still valid when it cannot be refreshed.
func (c *Client) fallback(t wallet.Token, err error) (wallet.Token, error) {
	if t.ExpiresAt.After(time.Now()) {
		return t, nil
	}
	return wallet.Token{}, err
}

func (c *Client) exchange(ctx context.Context, s Session, t wallet.Token) (wallet.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, holdLimit)
	defer cancel()
	client, err := c.oidc(s)
	if err != nil {
		return wallet.Token{}, err
	}
	out, err := client.CreateToken(ctx, &ssooidc.CreateTokenInput{
		ClientId: &t.ClientID, ClientSecret: &t.ClientSecret,
		GrantType: aws.String(grantRefresh), RefreshToken: &t.RefreshToken,
	})
	if err != nil {
		return wallet.Token{}, Failure(err)
	}
	r := wallet.Registration{ClientID: t.ClientID, ClientSecret: t.ClientSecret, ExpiresAt: t.RegistrationExpiresAt}
	return token(s, r, out), nil
}
