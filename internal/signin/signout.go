package signin

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
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
	}), nil
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
