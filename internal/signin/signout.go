package signin

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"

	"github.com/portico-sso/portico/internal/wallet"
)

// Portal is the access portal's API, for those who borrow a token.
func (c *Client) Portal(region string) (*sso.Client, error) {
	if err := checkRegion(region); err != nil {
		return nil, err
	}
	return sso.New(sso.Options{
		Region:       region,
		BaseEndpoint: endpoint(c.PortalEndpoint),
		HTTPClient:   c.httpClient(),
		Credentials:  aws.AnonymousCredentials{},
		Retryer:      ReadRetryer(),
	}), nil
}

// What signing out waits for, so that a person can close the lid: the end of a
// refresh in flight, and the service.
const (
	forgetWait = 5 * time.Second
	revokeWait = 10 * time.Second
)

// Forget deletes what is cached of every session, or of the one whose token is
// stored under only: tokens first, then role credentials (roles name those that
// the AWS CLI may have cached for that one session). It needs no network, and
// returns the tokens, for [Client.Revoke].
func (c *Client) Forget(ctx context.Context, only string, roles ...wallet.RoleKey) ([]wallet.StoredToken, error) {
	tokens, failed := c.Wallet.Tokens()
	var forgotten []wallet.StoredToken
	for _, t := range tokens {
		if only != "" && t.Key != only {
			continue
		}
		t, err := c.forget(ctx, t)
		forgotten = append(forgotten, t)
		failed = errors.Join(failed, err)
	}
	_, err := c.Wallet.DeleteRoleCredentials(only, roles...)
	return forgotten, errors.Join(failed, err)
}

// forget deletes one token, behind a refresh in flight where that ends soon, and
// returns what was deleted. A refresh that takes longer finds its token gone and
// stores nothing.
func (c *Client) forget(ctx context.Context, t wallet.StoredToken) (wallet.StoredToken, error) {
	waiting, cancel := context.WithTimeout(ctx, forgetWait)
	defer cancel()
	if unlock, err := c.Wallet.Lock(waiting, "session-"+t.Key); err == nil {
		defer unlock()
	}
	if now, err := c.Wallet.Token(t.Key); err == nil {
		t.Token = now
	}
	return t, c.Wallet.Delete(t)
}

// Revoke ends, at the service, the sign-ins behind the tokens. Those that it
// does not know any more are fine; what else goes wrong is a warning, as the
// tokens are gone from here.
func (c *Client) Revoke(ctx context.Context, tokens []wallet.StoredToken) {
	ctx, cancel := context.WithTimeout(ctx, revokeWait)
	defer cancel()
	var all sync.WaitGroup
	problems := make([]error, len(tokens))
	for i, t := range tokens {
		if t.Region != "" {
			all.Go(func() { problems[i] = c.SignOut(ctx, t.Region, t.AccessToken) })
		}
	}
	all.Wait()
	for i, err := range problems {
		if err != nil && !Unauthorized(err) {
			c.warn("signed out here, but %s could not be told: %v", Session{StartURL: tokens[i].StartURL}, err)
		}
	}
}

// SignOut ends, at the service, the sign-in behind an access token. Role
// credentials issued under it live on until they expire.
func (c *Client) SignOut(ctx context.Context, region, accessToken string) error {
	portal, err := c.Portal(region)
	if err != nil {
		return err
	}
	_, err = portal.Logout(ctx, &sso.LogoutInput{AccessToken: &accessToken})
	return Failure(err)
}
