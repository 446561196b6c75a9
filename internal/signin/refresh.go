package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"github.com/portico-sso/portico/internal/wallet"
)

// Token returns an access token of the session that is good for now, refreshing
// it when less than 15 minutes are left. Without one it returns a
// [*RequiredError], a person has to sign in, or, where the service did not answer
// the refresh, a [*RefreshError] or [*ConnectionError]: nothing is lost yet.
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
	// A token goes to the service that issued it and to no other, even if the
	// session of that name has been pointed elsewhere since.
	if (t.StartURL != "" && t.StartURL != s.StartURL) || (t.Region != "" && t.Region != s.Region) {
		return wallet.Token{}, &RequiredError{Session: s, Reason: Elsewhere}
	}
	return t, err
}

// refresh exchanges the refresh token under the session's lock. stale is the
// token the caller found wanting: if another one is stored by the time the lock
// is ours, somebody else has done the work. A lost answer is no loss, because
// the SDK sends the same refresh token again while the lock is held.
func (c *Client) refresh(ctx context.Context, s Session, stale wallet.Token) (wallet.Token, error) {
	c.step("session lock")
	unlock, err := c.lock(ctx, s)
	if err != nil {
		return c.fallback(ctx, stale, err)
	}
	defer unlock()
	defer c.step("session unlock")
	c.step("session read")
	t, err := c.stored(s)
	if err != nil {
		return wallet.Token{}, err
	}
	if replaced(t, stale) {
		return t, nil
	}
	if !t.Refreshable(time.Now()) {
		return c.fallback(ctx, stale, &RequiredError{Session: s, Reason: Expired})
	}
	// A refresh token is spent by its use: not for a successor that would be lost.
	if err := c.Wallet.CheckTokenWritable(s.tokenKey()); err != nil {
		return c.fallback(ctx, stale, fmt.Errorf("the token of %s needs a refresh, which could not be stored: %v", s, err))
	}
	c.step("session send")
	fresh, err := c.exchange(ctx, s, t)
	c.step("session answer")
	if e, said := errors.AsType[*ServiceError](err); said {
		err = &RefreshError{Cause: e}
		if e.Final() {
			err = &RequiredError{Session: s, Reason: Expired}
		}
	}
	// Clients that know no lock may have stored a token meanwhile, or deleted it.
	now, gone := c.stored(s)
	switch {
	case gone != nil:
		return wallet.Token{}, gone // signed out: what is not there stays so
	case replaced(now, t):
		return now, nil
	case err != nil:
		return c.fallback(ctx, stale, err)
	}
	c.step("session write")
	if err := c.Wallet.PutToken(s.tokenKey(), fresh); err != nil {
		c.warn("the refreshed token could not be stored: %v", err)
	}
	return fresh, nil
}

// replaced reports whether now is another token than before, and good.
func replaced(now, before wallet.Token) bool {
	return now.AccessToken != before.AccessToken && now.ExpiresAt.After(time.Now())
}

// fallback keeps to a token that is still valid when it cannot be refreshed,
// unless it was the person who ended the attempt.
func (c *Client) fallback(ctx context.Context, t wallet.Token, err error) (wallet.Token, error) {
	if ctx.Err() != nil {
		return wallet.Token{}, ctx.Err()
	}
	if t.ExpiresAt.After(time.Now()) {
		return t, nil
	}
	return wallet.Token{}, err
}

func (c *Client) exchange(ctx context.Context, s Session, t wallet.Token) (wallet.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, holdLimit)
	defer cancel()
	impatient := *c
	impatient.HTTP = c.httpClient()
	impatient.HTTP.Timeout = attemptLimit
	client, err := impatient.oidc(s)
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
