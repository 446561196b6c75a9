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

// Key is where the AWS CLI caches the role.
func (r Role) Key() wallet.RoleKey {
	return wallet.RoleKey{AccountID: r.AccountID, RoleName: r.RoleName, Session: r.Session.Name, StartURL: r.Session.StartURL}
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

// holdLimit bounds what is done under a role's lock: others wait for it.
const holdLimit = 30 * time.Second

// RoleCredentials returns keys for the role, valid for 15 minutes or more where
// the service gives that much. Its errors are those of [signin.Client.WithToken]
// and [*NoAccessError].
func (s *Source) RoleCredentials(ctx context.Context, role Role) (wallet.RoleCredentials, error) {
	cached, ok := s.cached(role)
	if ok {
		return cached, nil
	}
	step := s.SignIn.Step
	if step == nil {
		step = func(string) {}
	}
	step("role lock")
	unlock, err := s.SignIn.Lock(ctx, "role-"+role.Key().Name(), fmt.Sprintf("fetches the credentials of %s/%s", role.AccountID, role.RoleName))
	if err != nil {
		return s.fallback(ctx, cached, err)
	}
	defer unlock()
	defer step("role unlock")
	step("role read")
	if cached, ok = s.cached(role); ok {
		return cached, nil
	}
	holding, cancel := context.WithTimeout(ctx, holdLimit)
	defer cancel()
	step("role send")
	fresh, err := s.Fetch(holding, role, "")
	step("role answer")
	if err != nil {
		return s.fallback(ctx, cached, err)
	}
	// Whole seconds are what the cache keeps.
	fresh.Expiration = fresh.Expiration.Truncate(time.Second)
	err = s.SignIn.WhileSignedIn(holding, role.Session, func() error {
		step("role write")
		return s.Wallet.PutRoleCredentials(role.Key(), fresh)
	})
	if err != nil {
		s.warn("the role credentials could not be cached: %v", err)
	}
	return fresh, nil
}

// cached returns what the cache holds and whether it lasts long enough.
func (s *Source) cached(role Role) (wallet.RoleCredentials, bool) {
	c, err := s.Wallet.RoleCredentials(role.Key())
	if err != nil {
		if !errors.Is(err, wallet.ErrNotFound) {
			s.warn("%v", err)
		}
		return wallet.RoleCredentials{}, false
	}
	return c, time.Until(c.Expiration) >= margin
}

// fallback keeps to credentials that are still valid when new ones could not be
// had. A service that says no is believed; one that cannot be reached is not
// taken to have said it; and a person who interrupts wants nothing more.
func (s *Source) fallback(ctx context.Context, c wallet.RoleCredentials, err error) (wallet.RoleCredentials, error) {
	if ctx.Err() != nil {
		return wallet.RoleCredentials{}, ctx.Err()
	}
	left := time.Until(c.Expiration)
	_, required := errors.AsType[*signin.RequiredError](err)
	said, answered := errors.AsType[*signin.ServiceError](err)
	if left <= 0 || required || (answered && said.Final()) {
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
	if e, ok := errors.AsType[*signin.ServiceError](err); ok && e.Operation == "GetRoleCredentials" && e.Status == http.StatusForbidden {
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
		Expiration: time.UnixMilli(c.Expiration).UTC(), AccountID: role.AccountID,
	}, nil
}

func (s *Source) warn(format string, args ...any) {
	if s.Warn != nil {
		s.Warn(fmt.Sprintf(format, args...))
	}
}
