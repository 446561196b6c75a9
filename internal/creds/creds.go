package creds

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"

	"github.com/portico-sso/portico/internal/renewal"
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

// margin is how long cached credentials must still last to be used as they are.
const margin = renewal.Margin

// RoleCredentials returns keys for the role, valid for 15 minutes or more where
// the service gives that much and can be reached. Of all who ask, one asks the
// service; see package renewal. Its errors are those of [signin.Client.WithToken],
// [*wallet.LockedError] and [*NoAccessError].
func (s *Source) RoleCredentials(ctx context.Context, role Role) (wallet.RoleCredentials, error) {
	f := &renewal.Flight[wallet.RoleCredentials]{
		Kind: renewal.Role, Subject: &fetch{source: s, role: role}, Wallet: s.Wallet,
		Lock: "role-" + role.Key().Name(), Guard: role.Session.Guard(), What: fmt.Sprintf("fetches the credentials of %s/%s", role.AccountID, role.RoleName),
		Fold: func(_ renewal.Reason, cause error) []byte { return signin.Fold(cause) },
		Unfold: func(words []byte, holder int) error {
			return denied(role, signin.Unfold(words, role.Session, holder))
		},
		Way: s.SignIn.Way, Warn: s.SignIn.Warn, Waiting: s.SignIn.Waiting, Step: s.SignIn.Step,
	}
	return fly(ctx, f)
}

// fly has the flight run, and tells where what is still valid has to do.
func fly(ctx context.Context, f *renewal.Flight[wallet.RoleCredentials]) (wallet.RoleCredentials, error) {
	o := f.Run(ctx, "")
	if !o.Served {
		return wallet.RoleCredentials{}, o.Cause
	}
	if o.Cause != nil && f.Warn != nil {
		f.Warn(fmt.Sprintf("using cached credentials that expire in %s: %v", o.Left.Round(time.Second), o.Cause))
	}
	return o.Value, nil
}

// A fetch is the renewal of a role's credentials.
type fetch struct {
	source *Source
	role   Role

	signedOut string // the mark of the last sign-out, when the work began
}

func (f *fetch) Read(at renewal.Do) renewal.Stored[wallet.RoleCredentials] {
	signedIn, gone := true, false
	switch at {
	case renewal.LookAgain:
		_, f.signedOut = f.source.SignIn.Standing(f.role.Session)
	case renewal.Compare:
		// What is written after a sign-out would outlive it.
		var mark string
		signedIn, mark = f.source.SignIn.Standing(f.role.Session)
		gone = !signedIn || mark != f.signedOut
	}
	c, err := f.source.Wallet.RoleCredentials(f.role.Key())
	if err != nil {
		_, unopened := errors.AsType[*wallet.UnopenedError](err) // which the token meets next
		if !unopened && !errors.Is(err, wallet.ErrNotFound) {
			f.source.warn("%v", err)
		}
		return renewal.Stored[wallet.RoleCredentials]{Err: err, Renewable: true, Gone: gone}
	}
	found := stored(c)
	found.Gone = gone
	return found
}

func stored(c wallet.RoleCredentials) renewal.Stored[wallet.RoleCredentials] {
	return renewal.Stored[wallet.RoleCredentials]{Value: c, Mark: c.AccessKeyID, Expires: c.Expiration, Renewable: true}
}

// Storable: credentials that cannot be cached are still the caller's.
func (f *fetch) Storable() error { return nil }

func (f *fetch) Write(c wallet.RoleCredentials) error {
	err := f.source.Wallet.PutRoleCredentials(f.role.Key(), c)
	if err != nil {
		f.source.warn("the role credentials could not be cached: %v", err)
		return err
	}
	// Signing out does not wait for a guard whose holder is suspended.
	if _, mark := f.source.SignIn.Standing(f.role.Session); mark != f.signedOut {
		_, err = f.source.Wallet.DeleteRoleCredentials(wallet.TokenKey(f.role.Session.Name, f.role.Session.StartURL))
	}
	return err
}

// Send asks once; how often is for the protocol to say.
func (f *fetch) Send(ctx context.Context, _ wallet.RoleCredentials) (renewal.Stored[wallet.RoleCredentials], renewal.What, error) {
	c, err := f.source.fetch(ctx, f.role, "", func(o *sso.Options) { o.Retryer = aws.NopRetryer{} })
	// Whole seconds are what the cache keeps.
	c.Expiration = c.Expiration.Truncate(time.Second)
	return stored(c), signin.Said(err), err
}

// Fetch asks the service, whatever the cache holds, and leaves the cache alone.
// An access token that is given is used as it is, in place of the session's.
func (s *Source) Fetch(ctx context.Context, role Role, accessToken string) (wallet.RoleCredentials, error) {
	return s.fetch(ctx, role, accessToken)
}

func (s *Source) fetch(ctx context.Context, role Role, accessToken string, options ...func(*sso.Options)) (wallet.RoleCredentials, error) {
	portal, err := s.SignIn.Portal(role.Session.Region)
	if err != nil {
		return wallet.RoleCredentials{}, err
	}
	var out *sso.GetRoleCredentialsOutput
	ask := func(token string) error {
		ctx, cancel := ctx, context.CancelFunc(func() {})
		if len(options) > 0 {
			ctx, cancel = context.WithTimeout(ctx, renewal.AttemptLimit)
		}
		defer cancel()
		var err error
		out, err = portal.GetRoleCredentials(ctx, &sso.GetRoleCredentialsInput{
			AccessToken: &token, AccountId: &role.AccountID, RoleName: &role.RoleName,
		}, options...)
		return signin.Failure(err)
	}
	if accessToken != "" {
		err = ask(accessToken)
	} else {
		err = s.SignIn.WithToken(ctx, role.Session, ask)
	}
	if err != nil {
		return wallet.RoleCredentials{}, denied(role, err)
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

// denied tells the refusal of a role from other errors.
func denied(role Role, err error) error {
	if e, ok := errors.AsType[*signin.ServiceError](err); ok && e.Operation == "GetRoleCredentials" && e.Status == http.StatusForbidden {
		return &NoAccessError{Role: role, Cause: e}
	}
	return err
}

func (s *Source) warn(format string, args ...any) {
	if s.Warn != nil {
		s.Warn(fmt.Sprintf(format, args...))
	}
}
