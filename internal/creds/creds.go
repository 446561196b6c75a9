package creds

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"

	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// A Role is one role (permission set) in one account, reached through a session.
type Role struct {
	Session             signin.Session
	AccountID, RoleName string
}

func (r Role) key() wallet.RoleKey {
	k := wallet.RoleKey{AccountID: r.AccountID, RoleName: r.RoleName, Session: r.Session.Name}
	if k.Session == "" {
		k.StartURL = r.Session.StartURL
	}
	return k
}

// A NoAccessError reports that the signed-in person does not have the role.
type NoAccessError struct {
	Role  Role
	Cause *signin.ServiceError
}

func (e *NoAccessError) Error() string { return e.Cause.Error() }
func (e *NoAccessError) Unwrap() error { return e.Cause }

// A Source gives out role credentials.
type Source struct {
	SignIn *signin.Client
	Wallet *wallet.Wallet
	Warn   func(problem string) // nil drops
}

// margin is how long cached credentials must still last, as in the AWS CLI.
const margin = 15 * time.Minute

// waitLimit is how long another process may take to fetch the same role.
const waitLimit = 45 * time.Second

// RoleCredentials returns keys for the role, valid for 15 minutes or more where
// the service gives that much. Its errors are those of [signin.Client.WithToken]
// and [*NoAccessError].
func (s *Source) RoleCredentials(ctx context.Context, role Role) (wallet.RoleCredentials, error) {
	cached, ok := s.cached(role)
	if ok {
		return cached, nil
	}
	unlock, err := s.lock(ctx, role)
	if err != nil {
		return s.fallback(cached, err)
	}
	defer unlock()
	if cached, ok = s.cached(role); ok {
		return cached, nil
	}
	fresh, err := s.Fetch(ctx, role, "")
	if err != nil {
		return s.fallback(cached, err)
	}
	if err := s.Wallet.PutRoleCredentials(role.key(), fresh); err != nil {
		s.warn("the role credentials could not be cached: %v", err)
	}
	return fresh, nil
}

// cached returns what the cache holds and whether it lasts long enough.
func (s *Source) cached(role Role) (wallet.RoleCredentials, bool) {
	c, err := s.Wallet.RoleCredentials(role.key())
	if err != nil {
		if !errors.Is(err, wallet.ErrNotFound) {
			s.warn("%v", err)
		}
		return wallet.RoleCredentials{}, false
	}
	return c, time.Until(c.Expiration) >= margin
}

func (s *Source) lock(ctx context.Context, role Role) (func(), error) {
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	return s.Wallet.Lock(ctx, "role-"+role.key().Name())
}

// fallback keeps to credentials that are still valid when new ones could not be
// had. A service that says no is believed; one that cannot be reached is not
// taken to have said it.
func (s *Source) fallback(c wallet.RoleCredentials, err error) (wallet.RoleCredentials, error) {
	left := time.Until(c.Expiration)
	if e, said := errors.AsType[*signin.ServiceError](err); left <= 0 || (said && e.Status < 500 && e.Status != http.StatusTooManyRequests) {
		return wallet.RoleCredentials{}, err
	}
	if _, required := errors.AsType[*signin.RequiredError](err); required {
		return wallet.RoleCredentials{}, err
	}
	s.warn("using cached credentials that expire in %s: %v", left.Round(time.Second), err)
	return c, nil
}

// Fetch asks the service, whatever the cache holds, and leaves the cache alone.
// An access token that is given is used as it is, in place of the session's.
func (s *Source) Fetch(ctx context.Context, role Role, accessToken string) (wallet.RoleCredentials, error) {
	portal, err := s.SignIn.Portal(role.Session.Region)
	if err != nil {
		return wallet.RoleCredentials{}, err
	}
	var out *sso.GetRoleCredentialsOutput
	ask := func(token string) error {
		var err error
		out, err = portal.GetRoleCredentials(ctx, &sso.GetRoleCredentialsInput{
			AccessToken: &token, AccountId: &role.AccountID, RoleName: &role.RoleName,
		})
		return signin.Failure(err)
	}
	if accessToken != "" {
		err = ask(accessToken)
	} else {
		err = s.SignIn.WithToken(ctx, role.Session, ask)
	}
	if e, ok := errors.AsType[*signin.ServiceError](err); ok && e.Status == http.StatusForbidden {
		return wallet.RoleCredentials{}, &NoAccessError{Role: role, Cause: e}
	}
	if err != nil {
		return wallet.RoleCredentials{}, err
	}
	c := out.RoleCredentials
	if c == nil || aws.ToString(c.AccessKeyId) == "" || aws.ToString(c.SecretAccessKey) == "" || aws.ToString(c.SessionToken) == "" {
		return wallet.RoleCredentials{}, fmt.Errorf("GetRoleCredentials answered without credentials for %s/%s", role.AccountID, role.RoleName)
	}
	return wallet.RoleCredentials{
		AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken,
		Expiration: time.UnixMilli(c.Expiration).UTC().Truncate(time.Second), AccountID: role.AccountID,
	}, nil
}

func (s *Source) warn(format string, args ...any) {
	if s.Warn != nil {
		s.Warn(fmt.Sprintf(format, args...))
	}
}
