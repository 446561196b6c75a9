package grant

import (
	"context"
	"errors"
	"time"
)

// Refresh answers CreateToken for a refresh token (RFC 6749 section 6) and
// rotates it (RFC 9700 section 4.14). Successors derive from the token that is
// presented, so a replay is answered from hashes alone with the same bytes.
func (s *Service) Refresh(ctx context.Context, now time.Time, clientID, clientSecret, refreshToken string) (_ Tokens, err error) {
	now = moment(now)
	client, err := s.authenticate(ctx, now, clientID, clientSecret)
	if err != nil {
		return Tokens{}, err
	}
	party := whose{clientName: client.Name}
	defer func() { err = party.of(err) }()
	if refreshToken == "" {
		return Tokens{}, refuse(CodeInvalidRequest, "A refresh token is required")
	}
	if !client.mayUse(GrantRefreshToken) {
		return Tokens{}, refuse(CodeUnauthorizedClient, "The client is not registered for the refresh token grant")
	}
	t := Tokens{}
	if t.AccessToken, err = s.deriveString("access token", refreshToken, 32); err != nil {
		return Tokens{}, err
	}
	if t.RefreshToken, err = s.deriveString("refresh token", refreshToken, 32); err != nil {
		return Tokens{}, err
	}
	p := s.policy()
	for range 2 {
		r, err := s.Store.RefreshToken(ctx, hashOf(refreshToken))
		if f := r.Family; err == nil && f.ClientID == client.ID {
			party.userID, party.workflow = f.UserID, f.ID
			t.ClientName, t.UserID, t.SessionID, t.Workflow = f.ClientName, f.UserID, f.SessionID, f.ID
		}
		if errors.Is(err, ErrNotFound) || err == nil && (r.Family.ClientID != client.ID || !r.Family.live(now)) {
			return Tokens{}, errInvalidRefresh()
		}
		if err != nil {
			return Tokens{}, err
		}
		if active, err := s.active(ctx, r.Family.UserID); err != nil || !active {
			return Tokens{}, errOr(err, errInvalidRefresh())
		}
		if !r.RotatedAt.IsZero() {
			return s.replay(ctx, now, r, t)
		}
		expires := earlier(now.Add(p.AccessToken), r.Family.ExpiresAt)
		err = s.Store.Rotate(ctx, Rotation{
			Token: hashOf(refreshToken), Now: now,
			Access:  NewAccess{Token: hashOf(t.AccessToken), ExpiresAt: expires},
			Refresh: hashOf(t.RefreshToken),
		})
		if err == nil {
			t.ExpiresIn = expires.Sub(now)
			return t, nil
		}
		if !errors.Is(err, ErrConflict) {
			return Tokens{}, err
		}
		// Another caller rotated it, or the sign-in ended, in between: look again.
	}
	return Tokens{}, errInvalidRefresh()
}

// replay answers a token that was rotated before. The package comment has the
// table.
func (s *Service) replay(ctx context.Context, now time.Time, r RefreshRecord, t Tokens) (Tokens, error) {
	if now.Sub(r.RotatedAt) > s.policy().RefreshGrace {
		if err := s.Store.RevokeFamily(ctx, r.Family.ID, now); err != nil {
			return Tokens{}, err
		}
		return Tokens{}, errInvalidRefresh()
	}
	if !r.SuccessorRotatedAt.IsZero() {
		return Tokens{}, errInvalidRefresh()
	}
	// The successor keeps its own expiry: time that passed is not given again.
	t.ExpiresIn = max(0, r.SuccessorAccessExpires.Sub(now))
	return t, nil
}

func errInvalidRefresh() *Error {
	return refuse(CodeInvalidGrant, "Invalid refresh token provided")
}

// AccessToken returns what a portal call may act for, or ErrUnauthorized.
func (s *Service) AccessToken(ctx context.Context, now time.Time, token string) (Access, error) {
	a, err := s.Store.AccessToken(ctx, hashOf(token))
	if errors.Is(err, ErrNotFound) || err == nil && (!now.Before(a.ExpiresAt) || !a.Family.live(now)) {
		return Access{}, ErrUnauthorized
	}
	if err != nil {
		return Access{}, err
	}
	f := a.Family
	if active, err := s.active(ctx, f.UserID); err != nil || !active {
		return Access{}, errOr(err, ErrUnauthorized)
	}
	return Access{
		UserID: f.UserID, SessionID: f.SessionID, FamilyID: f.ID,
		ClientID: f.ClientID, ClientName: f.ClientName, Scopes: f.Scopes,
		ExpiresAt: a.ExpiresAt,
	}, nil
}

// Whose names the person for whom CreateToken would act on the first of these
// that is not "": who decided the request of a code, or whose refresh token it is.
// It is "" when that is not known here, or undecided; nothing is verified.
func (s *Service) Whose(ctx context.Context, deviceCode, code, refreshToken string) (userID string) {
	var r RequestRecord
	var err error
	switch {
	case deviceCode != "":
		r, err = s.Store.RequestByDeviceCode(ctx, hashOf(deviceCode))
	case code != "":
		r, err = s.Store.RequestByCode(ctx, hashOf(code))
	case refreshToken != "":
		var t RefreshRecord
		if t, err = s.Store.RefreshToken(ctx, hashOf(refreshToken)); err == nil {
			return t.Family.UserID
		}
	}
	if err != nil {
		return ""
	}
	if r.UserID == "" && (r.Answer == AnswerAllow || r.Answer == AnswerDeny) {
		return r.AnswerUserID // who is going to decide it
	}
	return r.UserID
}

// WhoseAccess names the client and the person of an access token, whether or not
// it is still good; "" when it is not known here.
func (s *Service) WhoseAccess(ctx context.Context, token string) (clientName, userID string) {
	a, err := s.Store.AccessToken(ctx, hashOf(token))
	if err != nil {
		return "", ""
	}
	return a.Family.ClientName, a.Family.UserID
}

// SignOut answers the portal's Logout: it ends the sign-in that the token came
// from, and so every family below it. The token itself may have expired, or its
// family be revoked: the AWS CLI signs out with whatever token it has cached, and
// a sign-in that goes on after that would be a surprise. Role credentials that
// were issued live on to their own expiry, as AWS's do.
func (s *Service) SignOut(ctx context.Context, now time.Time, token string) error {
	a, err := s.Store.AccessToken(ctx, hashOf(token))
	if errors.Is(err, ErrNotFound) || err == nil && !a.Family.sessionLive(now) {
		return ErrUnauthorized
	}
	if err != nil {
		return err
	}
	_, err = s.Store.EndSession(ctx, a.Family.SessionID, now)
	return err
}
