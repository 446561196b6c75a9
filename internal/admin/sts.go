package admin

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/signin"
)

// Credentials sign a call. SessionToken is empty for long-term keys.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

func (c Credentials) provider() aws.CredentialsProviderFunc {
	return func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
	}
}

// A Caller makes signed calls in one region.
type Caller struct {
	Credentials Credentials
	Region      string
	HTTP        *http.Client // nil means http.DefaultClient
	Endpoint    string       // in place of the service's own address
}

func (c *Caller) http() *http.Client {
	if c.HTTP == nil {
		return http.DefaultClient
	}
	return c.HTTP
}

// An Identity is whose credentials a call was signed with.
type Identity struct {
	UserID, Account, ARN string
}

// CallerIdentity asks STS who the caller is.
func (c *Caller) CallerIdentity(ctx context.Context) (Identity, error) {
	if !awsconfig.ValidRegion(c.Region) {
		return Identity{}, &awsconfig.RegionError{Region: c.Region}
	}
	o := sts.Options{Region: c.Region, HTTPClient: c.http(), Credentials: c.Credentials.provider(), Retryer: signin.ReadRetryer()}
	if c.Endpoint != "" {
		o.BaseEndpoint = &c.Endpoint
	}
	out, err := sts.New(o).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, signin.Failure(err)
	}
	return Identity{UserID: aws.ToString(out.UserId), Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn)}, nil
}
