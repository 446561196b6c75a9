package signin

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"

	"github.com/portico-sso/portico/internal/renewal"
	"github.com/portico-sso/portico/internal/wallet"
)

// Portal is the access portal's API, for those who borrow a token.
func (c *Client) Portal(region string) (*sso.Client, error) {
	if err := checkRegion(region); err != nil {
		return nil, err
	}
	config := aws.Config{
		Region:        region,
		BaseEndpoint:  endpoint(c.PortalEndpoint),
		ConfigSources: []any{c.Addresses},
		HTTPClient:    c.httpClient(),
		Credentials:   aws.AnonymousCredentials{},
		Retryer:       ReadRetryer,
	}
	if c.Pace != nil {
		config.Retryer = pacedRetryer
		config.APIOptions = append(config.APIOptions, paced(c.Pace))
	}
	return sso.NewFromConfig(config), nil
}

// What signing out waits for, so that a person can close the lid: the end of a
// refresh in flight, and the service.
const (
	forgetWait = 5 * time.Second
	revokeWait = 10 * time.Second
)

// A Forgotten is what [Client.Forget] deleted.
type Forgotten struct {
	Tokens []wallet.StoredToken // for [Client.Revoke]
	Roles  int                  // of how many roles there were credentials
}

// Forget deletes what is cached of every session, or of the one whose token is
// stored under only: tokens first, then role credentials (roles name those that
// the AWS CLI may have cached for that one session). It needs no network. What
// cannot be deleted keeps nothing else from being so.
func (c *Client) Forget(ctx context.Context, only string, roles ...wallet.RoleKey) (Forgotten, error) {
	c.Wallet.Sweep()
	tokens, failed := c.Wallet.Tokens()
	var done Forgotten
	gone := map[string]bool{}
	for _, t := range tokens {
		if only != "" && t.Key != only && t.CopyOf != only {
			continue
		}
		t, err := c.forget(ctx, t)
		done.Tokens = append(done.Tokens, t)
		gone[t.Key+" "+t.AccessToken] = true
		failed = errors.Join(failed, err)
	}
	// A copy of what is among them is no sign-in of its own.
	done.Tokens = slices.DeleteFunc(done.Tokens, func(t wallet.StoredToken) bool {
		return t.CopyOf != "" && gone[t.CopyOf+" "+t.AccessToken]
	})
	n, err := c.Wallet.DeleteRoleCredentials(only, roles...)
	done.Roles = n
	return done, errors.Join(failed, err)
}

// forget deletes one token, behind a refresh in flight where that ends soon, and
// returns what was deleted. Whoever asks the service for longer than that finds
// the token gone, and the mark that is left here, and stores nothing: the guard is
// taken by both, and never held while a service is waited for.
func (c *Client) forget(ctx context.Context, t wallet.StoredToken) (wallet.StoredToken, error) {
	waiting, cancel := context.WithTimeout(ctx, forgetWait-renewal.GuardLimit)
	defer cancel()
	if unlock, err := c.Wallet.Lock(waiting, wallet.SessionLock(t.Key)); err == nil {
		defer unlock()
	}
	guarding, cancel := context.WithTimeout(ctx, renewal.GuardLimit)
	defer cancel()
	if release, err := c.Wallet.Lock(guarding, guard(t.Key)); err == nil {
		defer release()
	}
	// Without the mark they go by the token alone.
	_ = c.Wallet.PutNote(signOutNote(t.Key), wallet.Note{})
	if now, err := c.Wallet.Token(t.Key); err == nil {
		t.Token = now
	}
	return t, c.Wallet.Delete(t)
}

// Revoke ends, at the service, the sign-ins behind the tokens, and returns for
// each why that could not be done; that the service does not know it any more is
// as good.
func (c *Client) Revoke(ctx context.Context, tokens []wallet.StoredToken) []error {
	ctx, cancel := context.WithTimeout(ctx, revokeWait)
	defer cancel()
	var all sync.WaitGroup
	problems := make([]error, len(tokens))
	for i, t := range tokens {
		if t.Unread != nil {
			problems[i] = t.Unread
			continue
		}
		if t.Region == "" {
			problems[i] = errors.New("the token says nothing of its region")
			continue
		}
		all.Go(func() {
			if err := c.SignOut(ctx, t.Region, t.AccessToken); !Unauthorized(err) {
				problems[i] = err
			}
		})
	}
	all.Wait()
	return problems
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
