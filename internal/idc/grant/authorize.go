package grant

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"
)

const maxState = 4096

// BeginAuthorization checks the query of GET /authorize (RFC 6749 section
// 4.1.1, RFC 7636 section 4.3) and keeps it for a person to decide. Whatever is
// wrong is an *Error for the page: the browser is sent nowhere from here.
func (s *Service) BeginAuthorization(ctx context.Context, now time.Time, q AuthorizeParams) (requestID string, err error) {
	now = moment(now)
	client, err := s.client(ctx, now, q.ClientID)
	if err != nil {
		return "", err
	}
	defer func() { err = whose{clientName: client.Name}.of(err) }()
	asked, bad := parseRedirect(q.RedirectURI)
	if bad != nil {
		return "", bad
	}
	known := slices.ContainsFunc(client.RedirectURIs, func(raw string) bool {
		registered, bad := parseRedirect(raw)
		return bad == nil && sameRedirect(registered, asked)
	})
	if !known {
		return "", refuse(CodeInvalidRedirectURI, "The redirect URI is not registered for this client")
	}
	if !client.mayUse(GrantAuthorizationCode) {
		return "", refuse(CodeUnauthorizedClient, "The client is not registered for the authorization code grant")
	}
	if q.ResponseType != "code" {
		return "", refuse(CodeInvalidRequest, "response_type must be code")
	}
	if q.CodeChallengeMethod != "S256" {
		return "", refuse(CodeInvalidRequest, "code_challenge_method must be S256")
	}
	if b, err := base64.RawURLEncoding.Strict().DecodeString(q.CodeChallenge); err != nil || len(b) != sha256.Size || len(q.CodeChallenge) != 43 {
		return "", refuse(CodeInvalidRequest, "code_challenge must be the base64url form of a SHA-256 digest")
	}
	if len(q.State) > maxState {
		return "", refuse(CodeInvalidRequest, "state is too long")
	}
	scopes, err := grantedScopes(client.Scopes, q.Scopes)
	if err != nil {
		return "", err
	}
	p := s.policy()
	r, err := newRequest(ctx, now, client, p.Request, q.Origin, q.Script)
	if err != nil {
		return "", err
	}
	requestID, err = s.random(32)
	if err != nil {
		return "", err
	}
	r.ID, r.Flow, r.Scopes = hashOf(requestID), FlowAuthorizationCode, scopes
	r.RedirectURI, r.State, r.CodeChallenge = q.RedirectURI, q.State, q.CodeChallenge
	err = s.Store.InsertRequest(ctx, r, now, now.Add(-keepRequests-p.AuthorizationCode), p.MaxRequests)
	if errors.Is(err, ErrFull) {
		return "", refuse(CodeSlowDown, "Too many sign-ins are waiting")
	}
	if err != nil {
		return "", err
	}
	return requestID, nil
}

// grantedScopes narrows what is asked for to what was registered, as RFC 6749
// section 3.3 allows. A client that registered none is a legacy one and stays
// that whatever it asks for.
func grantedScopes(registered, asked []string) ([]string, error) {
	if len(registered) == 0 || len(asked) == 0 {
		return registered, nil
	}
	var granted []string
	for _, scope := range asked {
		if slices.Contains(registered, scope) && !slices.Contains(granted, scope) {
			granted = append(granted, scope)
		}
	}
	if len(granted) == 0 {
		return nil, refuse(CodeInvalidScope, "None of the scopes is registered for this client")
	}
	return granted, nil
}

// RedeemCode answers CreateToken for an authorization code (RFC 6749 section
// 4.1.3, RFC 7636 section 4.5). A use that is wrong in any part changes nothing.
// A second right one means that the code leaked: what the first made is revoked
// (RFC 9700 section 4.5).
func (s *Service) RedeemCode(ctx context.Context, now time.Time, clientID, clientSecret, code, redirectURI, verifier string) (_ Tokens, err error) {
	now = moment(now)
	client, err := s.authenticate(ctx, now, clientID, clientSecret)
	if err != nil {
		return Tokens{}, err
	}
	party := whose{clientName: client.Name}
	defer func() { err = party.of(err) }()
	if code == "" {
		return Tokens{}, refuse(CodeInvalidRequest, "A code is required")
	}
	if !client.mayUse(GrantAuthorizationCode) {
		return Tokens{}, refuse(CodeUnauthorizedClient, "The client is not registered for the authorization code grant")
	}
	for range 2 {
		r, err := s.Store.RequestByCode(ctx, hashOf(code))
		if errors.Is(err, ErrNotFound) {
			return Tokens{}, errInvalidGrant()
		}
		if err != nil {
			return Tokens{}, err
		}
		if r.ClientID == client.ID {
			party = whoseRequest(r)
		}
		if r.ClientID != client.ID || redirectURI != r.RedirectURI || !verifies(r.CodeChallenge, verifier) || !now.Before(r.CodeExpiresAt) {
			return Tokens{}, errInvalidGrant()
		}
		if r.Status == StatusRedeemed {
			if err := s.Store.RevokeFamily(ctx, r.FamilyID, now); err != nil {
				return Tokens{}, err
			}
			return Tokens{}, errInvalidGrant()
		}
		t, err := s.redeem(ctx, now, client, r)
		if !errors.Is(err, ErrConflict) {
			return t, err
		}
	}
	return Tokens{}, errInvalidGrant()
}

// verifies is RFC 7636 section 4.6 for S256.
func verifies(challenge, verifier string) bool {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	if len(verifier) < 43 || len(verifier) > 128 || strings.Trim(verifier, unreserved) != "" {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// redeem turns an allowed request into tokens. ErrConflict: it moved on.
func (s *Service) redeem(ctx context.Context, now time.Time, client ClientRecord, r RequestRecord) (Tokens, error) {
	if active, err := s.active(ctx, r.UserID); err != nil || !active {
		return Tokens{}, errOr(err, errInvalidGrant())
	}
	t := Tokens{ClientName: client.Name, UserID: r.UserID, SessionID: r.SessionID, Workflow: workflowOf(r.ID)}
	var err error
	if t.AccessToken, err = s.random(32); err != nil {
		return Tokens{}, err
	}
	// The sign-in's end is the end of all below it. A legacy client cannot
	// refresh, so its one token lasts that long.
	expires := r.SessionExpiresAt
	if len(r.Scopes) > 0 {
		expires = earlier(now.Add(s.policy().AccessToken), expires)
	}
	var refresh Hash
	if len(r.Scopes) > 0 && client.mayUse(GrantRefreshToken) {
		if t.RefreshToken, err = s.random(32); err != nil {
			return Tokens{}, err
		}
		refresh = hashOf(t.RefreshToken)
	}
	t.ExpiresIn = expires.Sub(now)
	err = s.Store.Redeem(ctx, Redemption{
		ID: r.ID, Now: now,
		Family: Family{
			ID: t.Workflow, SessionID: r.SessionID, UserID: r.UserID,
			ClientID: client.ID, ClientName: client.Name, Scopes: r.Scopes,
			CreatedAt: now, ExpiresAt: r.SessionExpiresAt,
		},
		Access:  NewAccess{Token: hashOf(t.AccessToken), ExpiresAt: expires},
		Refresh: refresh,
	})
	if err != nil {
		return Tokens{}, err
	}
	return t, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
