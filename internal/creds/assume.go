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
	"github.com/portico-sso/portico/internal/renewal"
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

// askingLimit is how long somebody is waited for who is asked for a code.
const askingLimit = 3 * time.Minute

// Credentials returns cached credentials that last 15 minutes or more, else new
// ones where STS gives them and can be reached. Of all who ask, one asks STS; see
// package renewal. Its errors are those of the source and of the code's question,
// [*wallet.LockedError] and [*AssumeError].
//
// The source's credentials are had before the role's lock is taken, so that the
// locks of a chain are never held together.
func (a *Assumer) Credentials(ctx context.Context) (wallet.RoleCredentials, error) {
	if c, left := a.cached(); left >= margin {
		return c, nil
	}
	call := &assumption{assumer: a}
	var err error
	if call.source, err = a.source(ctx); err != nil {
		return a.fallback(ctx, err)
	}
	if a.Role.MFASerial != "" && a.Source != nil {
		done, err := a.askOnce(ctx, call)
		if _, busy := errors.AsType[*wallet.LockedError](err); busy {
			if c, left := a.cached(); left >= renewal.Patience {
				return c, nil // somebody is being asked ahead of time
			}
		}
		if err != nil {
			return a.fallback(ctx, err)
		}
		defer done()
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

// askOnce asks for the code of the role's device, under a lock of its own: a
// person takes longer than a role's lock may be held. Whoever else needs a code
// for the role waits for what it brings, and asks only if that is nothing. Nobody
// who has credentials for some time yet waits for that.
func (a *Assumer) askOnce(ctx context.Context, call *assumption) (done func(), err error) {
	wait := time.Duration(0)
	if _, left := a.cached(); left < renewal.Patience {
		wait = askingLimit
	}
	if done, err = a.askingLock(ctx, wait); err != nil {
		return nil, err
	}
	if _, left := a.cached(); left >= margin {
		return done, nil
	}
	if call.code, err = a.MFACode(ctx, a.Role.MFASerial); err != nil {
		done()
		return nil, err
	}
	return done, nil
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
		return wallet.RoleCredentials{}, 0 // the flight looks too, and tells
	}
	return c, time.Until(c.Expiration)
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

// refused makes an [*AssumeError] of what STS said.
func (a *Assumer) refused(err error) error {
	if e, said := errors.AsType[*signin.ServiceError](err); said {
		return &AssumeError{Role: a.Role, Cause: e}
	}
	return err
}

// An assumption is the renewal of an assumed role's credentials.
type assumption struct {
	assumer *Assumer
	source  wallet.RoleCredentials
	code    string // of the MFA device

	sent error // what became of the code
	user wallet.AssumedUser
}

func (f *assumption) Read(renewal.Do) renewal.Stored[wallet.RoleCredentials] {
	c, err := f.assumer.SignIn.Wallet.AssumedRole(f.assumer.Role)
	if err != nil {
		_, unopened := errors.AsType[*wallet.UnopenedError](err) // which the source met before
		if !unopened && !errors.Is(err, wallet.ErrNotFound) {
			f.assumer.warn("%v", err)
		}
		return renewal.Stored[wallet.RoleCredentials]{Err: err, Renewable: true}
	}
	return stored(c)
}

// Storable: credentials that cannot be cached are still the caller's.
func (f *assumption) Storable() error { return nil }

func (f *assumption) Write(c wallet.RoleCredentials) error {
	err := f.assumer.SignIn.Wallet.PutAssumedRole(f.assumer.Role, c, f.user)
	if err != nil {
		f.assumer.warn("the role credentials could not be cached: %v", err)
	}
	return err
}

// Send asks once; how often is for the protocol to say. But a code is good for
// one call: sent again it would be wrong, and that would hide what happened.
func (f *assumption) Send(ctx context.Context, _ wallet.RoleCredentials) (renewal.Stored[wallet.RoleCredentials], renewal.What, error) {
	if f.sent != nil {
		return renewal.Stored[wallet.RoleCredentials]{}, renewal.Unreached, f.sent
	}
	attempt, cancel := context.WithTimeout(ctx, renewal.AttemptLimit)
	defer cancel()
	c, user, err := f.assumer.assume(attempt, f.source, f.code)
	if err != nil && f.code != "" {
		f.sent = err
	}
	f.user = user
	return stored(c), signin.Said(err), err
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

// assume asks STS once.
func (a *Assumer) assume(ctx context.Context, source wallet.RoleCredentials, code string) (wallet.RoleCredentials, wallet.AssumedUser, error) {
	fail := func(err error) (wallet.RoleCredentials, wallet.AssumedUser, error) {
		return wallet.RoleCredentials{}, wallet.AssumedUser{}, a.refused(err)
	}
	cfg := aws.Config{Region: a.Region, HTTPClient: signin.WithoutRedirects(a.SignIn.HTTP), Credentials: aws.AnonymousCredentials{}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
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
		out, err := sts.NewFromConfig(cfg).AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
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
		if code != "" {
			in.SerialNumber, in.TokenCode = &a.Role.MFASerial, &code
		}
		out, err := sts.NewFromConfig(cfg).AssumeRole(ctx, in)
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
