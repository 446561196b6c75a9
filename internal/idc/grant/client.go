package grant

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of one registration, well above what real clients send. Registering
// needs no sign-in, so together with MaxRegistrations they bound what anybody
// can make the Store hold: less than 10 KB each.
const (
	maxClientName = 256
	maxScopes     = 20
	maxScope      = 128
	maxRedirects  = 10 // of maxRedirectURI
	maxGrantTypes = 10
	maxIssuerURL  = 512
)

// RegisterClient answers the sso-oidc operation of that name (RFC 7591 in
// spirit). Any scope is accepted; a client without scopes is a legacy one, whose
// access token lasts as long as the sign-in and cannot be refreshed.
func (s *Service) RegisterClient(ctx context.Context, now time.Time, r Registration) (client Client, secret string, err error) {
	now = moment(now)
	if err := validateRegistration(r); err != nil {
		return Client{}, "", err
	}
	id, err := s.random(16)
	if err != nil {
		return Client{}, "", err
	}
	secret, err = s.random(32)
	if err != nil {
		return Client{}, "", err
	}
	p := s.policy()
	client = Client{
		ID: id, Name: r.Name, Type: r.Type,
		Scopes: slices.Clone(r.Scopes), RedirectURIs: slices.Clone(r.RedirectURIs), GrantTypes: slices.Clone(r.GrantTypes),
		IssuerURL: r.IssuerURL,
		IssuedAt:  now, ExpiresAt: now.Add(p.Registration),
	}
	err = s.Store.InsertClient(ctx, ClientRecord{Client: client, Secret: hashOf(secret)}, now, now.Add(-keepUnusedClients), p.MaxRegistrations)
	if errors.Is(err, ErrFull) {
		return Client{}, "", refuse(CodeSlowDown, "Too many clients are registered")
	}
	if err != nil {
		return Client{}, "", err
	}
	return client, secret, nil
}

func validateRegistration(r Registration) error {
	if !validText(r.Name, maxClientName) {
		return refuse(CodeInvalidClientMetadata, "Invalid client name provided")
	}
	if r.Type != "public" {
		return refuse(CodeInvalidClientMetadata, "Invalid client type provided")
	}
	if r.IssuerURL != "" && !validText(r.IssuerURL, maxIssuerURL) {
		return refuse(CodeInvalidClientMetadata, "Invalid issuer URL provided")
	}
	if len(r.Scopes) > maxScopes || slices.ContainsFunc(r.Scopes, func(s string) bool { return !validScope(s) }) {
		return refuse(CodeInvalidScope, "Invalid scope provided")
	}
	if len(r.RedirectURIs) > maxRedirects {
		return refuse(CodeInvalidRedirectURI, "Too many redirect URIs provided")
	}
	for _, raw := range r.RedirectURIs {
		if _, err := parseRedirect(raw); err != nil {
			return err
		}
	}
	if len(r.GrantTypes) > maxGrantTypes {
		return refuse(CodeUnsupportedGrantType, "Too many grant types provided")
	}
	for _, g := range r.GrantTypes {
		if g != GrantAuthorizationCode && g != GrantDeviceCode && g != GrantRefreshToken {
			return refuse(CodeUnsupportedGrantType, "Unsupported grant type provided")
		}
	}
	if !slices.Contains(r.GrantTypes, GrantAuthorizationCode) {
		return nil
	}
	if slices.Contains(r.GrantTypes, GrantDeviceCode) {
		// AWS refuses the mix too. It was seen to answer InvalidScopeException when
		// no scopes were given, and an internal error when there were some, which
		// helps nobody: then say what is wrong with the request.
		if len(r.Scopes) == 0 {
			return refuse(CodeInvalidScope, "Scopes are required, and authorization_code cannot be combined with device_code")
		}
		return refuse(CodeInvalidRequest, "authorization_code cannot be combined with device_code in one registration")
	}
	if len(r.RedirectURIs) == 0 {
		return refuse(CodeInvalidRedirectURI, "authorization_code needs a redirect URI")
	}
	return nil
}

// validText holds for text that is shown to people: no control or format
// characters that could disguise it.
func validText(s string, limit int) bool {
	if strings.TrimSpace(s) == "" || len(s) > limit || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
	})
}

// validScope is RFC 6749 section 3.3.
func validScope(s string) bool {
	if s == "" || len(s) > maxScope {
		return false
	}
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// client returns a registration that has not expired.
func (s *Service) client(ctx context.Context, now time.Time, id string) (ClientRecord, error) {
	c, err := s.Store.Client(ctx, id)
	if errors.Is(err, ErrNotFound) || err == nil && !now.Before(c.ExpiresAt) {
		return ClientRecord{}, errInvalidClient(c)
	}
	return c, err
}

// authenticate checks the secret as well. Every refusal reads the same.
func (s *Service) authenticate(ctx context.Context, now time.Time, id, secret string) (ClientRecord, error) {
	c, err := s.client(ctx, now, id)
	if err != nil {
		return ClientRecord{}, err
	}
	if !c.Secret.equal(hashOf(secret)) {
		return ClientRecord{}, errInvalidClient(c)
	}
	return c, nil
}

func errInvalidClient(c ClientRecord) error {
	return whose{clientName: c.Name}.of(refuse(CodeInvalidClient, "Invalid client provided"))
}

// mayUse says whether the client registered for the grant type; one that named
// none may use all.
func (c Client) mayUse(grantType string) bool {
	return len(c.GrantTypes) == 0 || slices.Contains(c.GrantTypes, grantType)
}
