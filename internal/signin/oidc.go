package signin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/portico-sso/portico/internal/wallet"
)

const (
	grantDeviceCode = "urn:ietf:params:oauth:grant-type:device_code"
	grantCode       = "authorization_code"
	grantRefresh    = "refresh_token"
)

// defaultScope is what an sso-session without scopes asks for in the
// authorization code flow. It makes the token refreshable.
const defaultScope = "sso:account:access"

// margin is how long a registration or a token must still last to be used.
const margin = 15 * time.Minute

// redirectURI is what is registered; RFC 8252, 7.3 leaves the port open.
const redirectURI = "http://127.0.0.1/oauth/callback"

// browserAgent marks the requests of the authorization code flow, as the AWS CLI
// does.
var browserAgent = awsmiddleware.AddSDKAgentKeyValue(awsmiddleware.AdditionalMetadata, "sso", "auth")

func (c *Client) oidc(s Session, more ...func(*middleware.Stack) error) (*ssooidc.Client, error) {
	if err := checkRegion(s.Region); err != nil {
		return nil, err
	}
	return ssooidc.NewFromConfig(aws.Config{
		Region:        s.Region,
		BaseEndpoint:  endpoint(c.OIDCEndpoint),
		ConfigSources: []any{c.Addresses},
		HTTPClient:    c.httpClient(),
		Credentials:   aws.AnonymousCredentials{},
		APIOptions:    append([]func(*middleware.Stack) error{keepErrors}, more...),
	}), nil
}

// keepErrors keeps the bodies of refusals for [Failure]: of those whose type it
// does not know, the SDK reads the type alone.
func keepErrors(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("KeepErrors",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && resp.StatusCode >= http.StatusBadRequest {
				resp.Body = &keptBody{ReadCloser: resp.Body}
			}
			return out, metadata, err
		}), middleware.After)
}

// A keptBody remembers what was read of it.
type keptBody struct {
	io.ReadCloser
	read bytes.Buffer
}

func (b *keptBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Write(p[:n])
	return n, err
}

func endpoint(override string) *string {
	if override == "" {
		return nil
	}
	return &override
}

// authorizeBase is the scheme and host of the OIDC endpoint, where the
// authorization page is.
func (c *Client) authorizeBase(ctx context.Context, s Session) (string, error) {
	base := c.OIDCEndpoint
	if base == "" {
		if err := checkRegion(s.Region); err != nil {
			return "", err
		}
		e, err := ssooidc.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, ssooidc.EndpointParameters{Region: &s.Region, UseFIPS: &c.Addresses.FIPS, UseDualStack: &c.Addresses.DualStack})
		if err != nil {
			return "", fmt.Errorf("sign-in address for %s: %v", s.Region, err)
		}
		base = e.URI.String()
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("sso-oidc endpoint %q is no URL", base)
	}
	return u.Scheme + "://" + u.Host, nil
}

// registration returns a client registration of the wanted kind: the cached one
// if it lasts and the service still knows it, else a new one.
func (c *Client) registration(ctx context.Context, s Session, pkce bool) (wallet.Registration, error) {
	r, err := c.Wallet.Registration(s.registrationKey())
	kind := slices.Contains(r.GrantTypes, grantCode)
	if err == nil && kind == pkce && time.Until(r.ExpiresAt) >= margin {
		if !pkce {
			return r, nil
		}
		known, err := c.known(ctx, s, r)
		if known || err != nil {
			return r, err
		}
	}
	if _, corrupt := errors.AsType[*wallet.CorruptError](err); corrupt {
		c.warn("%v; registering anew", err)
	}
	return c.register(ctx, s, pkce)
}

// known asks whether the service still has a registration, by redeeming a code
// that cannot exist. Without this a browser would be sent to a page that refuses
// the client, and the wait for its callback would last ten minutes.
func (c *Client) known(ctx context.Context, s Session, r wallet.Registration) (bool, error) {
	client, err := c.oidc(s, browserAgent)
	if err != nil {
		return false, err
	}
	_, err = client.CreateToken(ctx, &ssooidc.CreateTokenInput{
		ClientId: &r.ClientID, ClientSecret: &r.ClientSecret, GrantType: aws.String(grantCode),
		Code: aws.String("is-this-client-known"), CodeVerifier: aws.String(newVerifier()), RedirectUri: aws.String(redirectURI),
	})
	err = Failure(err)
	if _, lost := errors.AsType[*ConnectionError](err); lost {
		return false, err
	}
	return !refused(err, "InvalidClientException"), nil
}

// register makes a new client, of a kind that can use either code or device
// code but not both: AWS refuses a mixture.
func (c *Client) register(ctx context.Context, s Session, pkce bool) (wallet.Registration, error) {
	var mark []func(*middleware.Stack) error
	if pkce {
		mark = append(mark, browserAgent)
	}
	client, err := c.oidc(s, mark...)
	if err != nil {
		return wallet.Registration{}, err
	}
	name := s.Name
	if s.legacy() {
		name = strconv.FormatInt(time.Now().Unix(), 10)
	}
	in := &ssooidc.RegisterClientInput{
		ClientName: aws.String("portico-" + name),
		ClientType: aws.String("public"),
		Scopes:     s.Scopes,
	}
	if pkce {
		in.GrantTypes = []string{grantCode, grantRefresh}
		in.RedirectUris = []string{redirectURI}
		in.IssuerUrl = aws.String(s.issuer())
		in.Scopes = pkceScopes(s)
	}
	out, err := client.RegisterClient(ctx, in)
	if err != nil {
		return wallet.Registration{}, Failure(err)
	}
	r := wallet.Registration{
		ClientID: aws.ToString(out.ClientId), ClientSecret: aws.ToString(out.ClientSecret),
		ExpiresAt: time.Unix(out.ClientSecretExpiresAt, 0).UTC(),
		Scopes:    in.Scopes, GrantTypes: in.GrantTypes,
	}
	if err := c.Wallet.PutRegistration(s.registrationKey(), r); err != nil {
		c.warn("the client registration could not be cached: %v", err)
	}
	return r, nil
}

func pkceScopes(s Session) []string {
	if len(s.Scopes) == 0 {
		return []string{defaultScope}
	}
	return s.Scopes
}

// token builds what is stored from what CreateToken answered.
func token(s Session, r wallet.Registration, out *ssooidc.CreateTokenOutput) wallet.Token {
	return wallet.Token{
		StartURL: s.StartURL, Region: s.Region,
		AccessToken: aws.ToString(out.AccessToken), RefreshToken: aws.ToString(out.RefreshToken),
		ExpiresAt: time.Now().Add(time.Duration(out.ExpiresIn) * time.Second).UTC().Truncate(time.Second),
		ClientID:  r.ClientID, ClientSecret: r.ClientSecret, RegistrationExpiresAt: r.ExpiresAt,
	}
}
