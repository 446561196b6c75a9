package creds

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// A SessionPolicy narrows the credentials of a role that is assumed: they may do
// what both the role and the policy allow. The zero policy leaves the role as it
// is.
type SessionPolicy struct {
	JSON string   // a policy document
	ARNs []string // of managed policies in the role's account
}

// IsZero reports that there is none.
func (p SessionPolicy) IsZero() bool { return p.JSON == "" && len(p.ARNs) == 0 }

// An Assumer gives out credentials of a role that STS lets somebody assume. They
// are kept where the AWS CLI keeps its own, under the same names.
type Assumer struct {
	Role wallet.AssumedRole

	// Source are the keys that assume the role. Nil: a WebIdentity does.
	Source func(context.Context) (wallet.RoleCredentials, error)
	// WebIdentity is the token of whoever signs in, read when it is needed.
	WebIdentity func() (string, error)
	// MFACode is asked for the code of the role's MFA device. A person who wants
	// nothing more answers context.Canceled.
	MFACode func(ctx context.Context, device string) (string, error)

	Region   string
	Endpoint string // in place of STS's own address

	// SignIn has the wallet and its locks, the way to the network, and who is told
	// of trouble. Nobody is signed in by it.
	SignIn *signin.Client
}

// An AssumeError reports that STS refused a role.
type AssumeError struct {
	Role  wallet.AssumedRole
	Cause *signin.ServiceError
}

func (e *AssumeError) Error() string { return e.Cause.Error() }
func (e *AssumeError) Unwrap() error { return e.Cause }

// askingLimit is how long the lock of a role with MFA is waited for: a person
// looks for a code meanwhile.
const askingLimit = 3 * time.Minute

// Credentials returns cached credentials that last 15 minutes or more, else new
// ones. However many processes ask, one of them asks STS, and its person.
//
// The source's credentials are had before the role's lock is taken, so that locks
// of a chain are never held together and no lock waits for a person but that of
// the role whose code is asked for.
func (a *Assumer) Credentials(ctx context.Context) (wallet.RoleCredentials, error) {
	cached, ok := a.cached()
	if ok {
		return cached, nil
	}
	source, err := a.source(ctx)
	if err != nil {
		return a.fallback(ctx, cached, err)
	}
	unlock, err := a.lock(ctx, time.Until(cached.Expiration))
	if err != nil {
		return a.fallback(ctx, cached, err)
	}
	f := &renewal.Flight[wallet.RoleCredentials]{
		Kind: renewal.Role, Subject: call, Wallet: a.SignIn.Wallet,
		Lock: "role-" + a.Role.Name(), What: "assumes " + a.Role.ARN,
		Fold: func(_ renewal.Reason, cause error) []byte { return signin.Fold(cause) },
		Unfold: func(words []byte, holder int) error {
			return a.refused(signin.Unfold(words, signin.Session{}, holder))
		},
		// Profiles may have one role and assume it with different keys.
		Way: a.SignIn.Way + " " + call.source.AccessKeyID, Warn: a.SignIn.Warn, Waiting: a.SignIn.Waiting, Step: a.SignIn.Step,
	}
	return fly(ctx, f)
}

// lock takes the role's lock. Credentials that still last a while are renewed
// ahead by whoever comes first: for the others unlock is nil.
func (a *Assumer) lock(ctx context.Context, left time.Duration) (unlock func(), err error) {
	name, what := "role-"+a.Role.Name(), "assumes "+a.Role.ARN
	if left >= ahead {
		unlock, err := a.SignIn.Wallet.TryLock(name)
		if _, locked := errors.AsType[*wallet.LockedError](err); locked {
			return nil, nil
		}
		if err == nil {
			return unlock, nil
		}
	}
	if a.Role.MFASerial == "" {
		return a.SignIn.Lock(ctx, name, what)
	}
	for began := time.Now(); ; {
		unlock, err = a.SignIn.Lock(ctx, name, "asks for the MFA code of "+a.Role.ARN)
		if _, locked := errors.AsType[*wallet.LockedError](err); !locked || time.Since(began) >= askingLimit {
			return unlock, err
		}
	}
}

// askingLock is waited for no longer than that, and the wait is told of. Where
// nothing can be locked, everybody asks.
func (a *Assumer) askingLock(ctx context.Context, wait time.Duration) (unlock func(), err error) {
	name := "code-" + a.Role.Name()
	if wait == 0 {
		unlock, err = a.SignIn.Wallet.TryLock(name)
	} else {
		unlock, err = a.SignIn.Hold(ctx, name, "asks for the MFA code of "+a.Role.ARN, wait)
	}
	if _, locked := errors.AsType[*wallet.LockedError](err); err == nil || locked || ctx.Err() != nil {
		return unlock, err
	}
	a.warn("going on without a lock, which could not be taken: %v", err)
	return func() {}, nil
}

// cached is what the cache holds, and for how long it is good.
func (a *Assumer) cached() (wallet.RoleCredentials, time.Duration) {
	c, err := a.SignIn.Wallet.AssumedRole(a.Role)
	if err != nil {
		if !errors.Is(err, wallet.ErrNotFound) {
			a.warn("%v", err)
		}
		return wallet.RoleCredentials{}, false
	}
	return c, time.Until(c.Expiration) >= margin
}

// fallback goes on with what is still valid where the call of STS could not even
// be made: nobody was there to be asked, or the source's service was not reached.
// One that says no is believed, and a person who interrupts wants nothing more.
func (a *Assumer) fallback(ctx context.Context, err error) (wallet.RoleCredentials, error) {
	if ctx.Err() != nil {
		return wallet.RoleCredentials{}, ctx.Err()
	}
	c, left := a.cached()
	if left <= 0 || errors.Is(err, context.Canceled) || signin.Said(err) == renewal.Refused {
		return wallet.RoleCredentials{}, err
	}
	a.warn("using cached credentials that expire in %s: %v", left.Round(time.Second), err)
	return c, nil
}

func (a *Assumer) warn(format string, args ...any) {
	if a.SignIn.Warn != nil {
		a.SignIn.Warn(fmt.Sprintf(format, args...))
	}
}

// source is what the call is signed with: nothing where a web identity speaks for
// itself.
func (a *Assumer) source(ctx context.Context) (wallet.RoleCredentials, error) {
	if !awsconfig.ValidRegion(a.Region) {
		return wallet.RoleCredentials{}, &awsconfig.RegionError{Region: a.Region}
	}
	if a.Source == nil {
		return wallet.RoleCredentials{}, nil
	}
	return a.Source(ctx)
}

// assume asks STS.
func (a *Assumer) assume(ctx context.Context, source wallet.RoleCredentials) (wallet.RoleCredentials, wallet.AssumedUser, error) {
	fail := func(err error) (wallet.RoleCredentials, wallet.AssumedUser, error) {
		if e, said := errors.AsType[*signin.ServiceError](err); said {
			err = &AssumeError{Role: a.Role, Cause: e}
		}
		return wallet.RoleCredentials{}, wallet.AssumedUser{}, err
	}
	cfg := aws.Config{Region: a.Region, HTTPClient: signin.WithoutRedirects(a.SignIn.HTTP), Credentials: aws.AnonymousCredentials{}, Retryer: signin.ReadRetryer,
		ConfigSources: []any{a.SignIn.Addresses}}
	if a.Endpoint != "" {
		cfg.BaseEndpoint = &a.Endpoint
	}
	name := a.Role.SessionName
	if name == "" {
		name = "portico-session-" + strconv.FormatInt(time.Now().Unix(), 10)
	}
	var duration *int32
	if a.Role.Duration > 0 {
		duration = aws.Int32(int32(a.Role.Duration))
	}
	var keys *types.Credentials
	var user *types.AssumedRoleUser
	if a.Source == nil {
		token, err := a.WebIdentity()
		if err != nil {
			return fail(err)
		}
		holding, cancel := context.WithTimeout(ctx, holdLimit)
		defer cancel()
		out, err := sts.NewFromConfig(cfg).AssumeRoleWithWebIdentity(holding, &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &a.Role.ARN, RoleSessionName: &name, WebIdentityToken: &token, DurationSeconds: duration})
		if err != nil {
			return fail(signin.Failure(err))
		}
		keys, user = out.Credentials, out.AssumedRoleUser
	} else {
		cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: source.AccessKeyID, SecretAccessKey: source.SecretAccessKey, SessionToken: source.SessionToken}, nil
		})
		in := &sts.AssumeRoleInput{RoleArn: &a.Role.ARN, RoleSessionName: &name, DurationSeconds: duration}
		fill(in, a.Role)
		if a.Role.MFASerial != "" {
			code, err := a.MFACode(ctx, a.Role.MFASerial)
			if err != nil {
				return fail(err)
			}
			in.SerialNumber, in.TokenCode = &a.Role.MFASerial, &code
			// A code works once: sent again, it is wrong.
			cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
		}
		holding, cancel := context.WithTimeout(ctx, holdLimit)
		defer cancel()
		out, err := sts.NewFromConfig(cfg).AssumeRole(holding, in)
		if err != nil {
			return fail(signin.Failure(err))
		}
		keys, user = out.Credentials, out.AssumedRoleUser
	}
	if keys == nil || user == nil || aws.ToString(keys.AccessKeyId) == "" || aws.ToString(keys.SecretAccessKey) == "" || aws.ToString(keys.SessionToken) == "" {
		return fail(fmt.Errorf("STS answered without credentials for %s", a.Role.ARN))
	}
	who := wallet.AssumedUser{ID: aws.ToString(user.AssumedRoleId), ARN: aws.ToString(user.Arn)}
	return wallet.RoleCredentials{
		AccessKeyID: *keys.AccessKeyId, SecretAccessKey: *keys.SecretAccessKey, SessionToken: *keys.SessionToken,
		Expiration: aws.ToTime(keys.Expiration).UTC().Truncate(time.Second), AccountID: accountOf(who.ARN),
	}, who, nil
}

// accountOf is the account in an ARN, "" in what is none.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[4]
}

// fill sets what the role is asked for with, apart from the code of its device.
func fill(in *sts.AssumeRoleInput, r wallet.AssumedRole) {
	set := func(field **string, value string) {
		if value != "" {
			*field = &value
		}
	}
	set(&in.ExternalId, r.ExternalID)
	set(&in.SourceIdentity, r.SourceIdentity)
	set(&in.Policy, r.Policy)
	for _, arn := range r.PolicyARNs {
		in.PolicyArns = append(in.PolicyArns, types.PolicyDescriptorType{Arn: &arn})
	}
	for _, t := range r.Tags {
		in.Tags = append(in.Tags, types.Tag{Key: &t.Key, Value: &t.Value})
	}
	in.TransitiveTagKeys = r.TransitiveTags
}
