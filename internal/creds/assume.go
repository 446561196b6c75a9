package creds

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
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
	// MFACode is asked for the code of the role's MFA device.
	MFACode func(ctx context.Context, device string) (string, error)

	Region   string
	Endpoint string // in place of STS's own address
	HTTP     *http.Client
	Wallet   *wallet.Wallet
	Warn     func(problem string)

	Addresses signin.Addresses // which of STS's own
}

// lockWait is how long somebody else's call for the same role may take.
const lockWait = 45 * time.Second

// Credentials returns cached credentials that last 15 minutes or more, else new
// ones.
func (a *Assumer) Credentials(ctx context.Context) (wallet.RoleCredentials, error) {
	if c, ok := a.cached(); ok {
		return c, nil
	}
	// A person looking for a code may take longer than others should wait.
	if a.Role.MFASerial == "" {
		waiting, cancel := context.WithTimeout(ctx, lockWait)
		unlock, err := a.Wallet.Lock(waiting, "role-"+a.Role.Name())
		cancel()
		if err == nil {
			defer unlock()
		} else if ctx.Err() != nil {
			return wallet.RoleCredentials{}, ctx.Err()
		}
		if c, ok := a.cached(); ok {
			return c, nil
		}
	}
	c, assumed, err := a.assume(ctx)
	if err != nil {
		return wallet.RoleCredentials{}, err
	}
	if err := a.Wallet.PutAssumedRole(a.Role, c, assumed); err != nil {
		a.Warn(fmt.Sprintf("the role credentials could not be cached: %v", err))
	}
	return c, nil
}

func (a *Assumer) cached() (wallet.RoleCredentials, bool) {
	c, err := a.Wallet.AssumedRole(a.Role)
	if err != nil {
		if !errors.Is(err, wallet.ErrNotFound) {
			a.Warn(err.Error())
		}
		return wallet.RoleCredentials{}, false
	}
	return c, time.Until(c.Expiration) >= margin
}

// assume asks STS.
func (a *Assumer) assume(ctx context.Context) (wallet.RoleCredentials, wallet.AssumedUser, error) {
	fail := func(err error) (wallet.RoleCredentials, wallet.AssumedUser, error) {
		return wallet.RoleCredentials{}, wallet.AssumedUser{}, err
	}
	if !awsconfig.ValidRegion(a.Region) {
		return fail(&awsconfig.RegionError{Region: a.Region})
	}
	cfg := aws.Config{Region: a.Region, HTTPClient: signin.WithoutRedirects(a.HTTP), Credentials: aws.AnonymousCredentials{}, Retryer: signin.ReadRetryer,
		ConfigSources: []any{a.Addresses}}
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
		source, err := a.Source(ctx)
		if err != nil {
			return fail(err)
		}
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
	return wallet.RoleCredentials{
			AccessKeyID: *keys.AccessKeyId, SecretAccessKey: *keys.SecretAccessKey, SessionToken: *keys.SessionToken,
			Expiration: aws.ToTime(keys.Expiration).UTC().Truncate(time.Second),
		}, wallet.AssumedUser{
			ID: aws.ToString(user.AssumedRoleId), ARN: aws.ToString(user.Arn),
		}, nil
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
