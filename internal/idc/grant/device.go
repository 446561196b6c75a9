package grant

import (
	"context"
	"errors"
	"time"
)

// deviceCodeBytes makes a code of 86 characters, as long as AWS's.
const deviceCodeBytes = 64

// StartDevice answers StartDeviceAuthorization (RFC 8628 section 3.1). Whether
// the start URL is this instance's is for the caller to judge.
func (s *Service) StartDevice(ctx context.Context, now time.Time, clientID, clientSecret, startURL string, o DeviceOptions) (_ DeviceAuthorization, err error) {
	now = moment(now)
	client, err := s.authenticate(ctx, now, clientID, clientSecret)
	if err != nil {
		return DeviceAuthorization{}, err
	}
	defer func() { err = whose{clientName: client.Name}.of(err) }()
	if startURL == "" {
		return DeviceAuthorization{}, refuse(CodeInvalidRequest, "A start URL is required")
	}
	if !client.mayUse(GrantDeviceCode) {
		return DeviceAuthorization{}, refuse(CodeUnauthorizedClient, "The client is not registered for the device code grant")
	}
	p := s.policy()
	r, err := newRequest(ctx, now, client, p.DeviceCode, o.Origin, o.Script)
	if err != nil {
		return DeviceAuthorization{}, err
	}
	r.Flow, r.Scopes = FlowDevice, client.Scopes
	// A user code that is taken is rarer than one in 10^8; three times in a row is
	// a fault.
	for range 3 {
		var d DeviceAuthorization
		d, err = s.startDevice(ctx, now, r, p)
		if err == nil {
			d.ClientName = client.Name
		}
		if !errors.Is(err, ErrConflict) {
			return d, err
		}
	}
	return DeviceAuthorization{}, err
}

func (s *Service) startDevice(ctx context.Context, now time.Time, r RequestRecord, p Policy) (DeviceAuthorization, error) {
	deviceCode, err := s.random(deviceCodeBytes)
	if err != nil {
		return DeviceAuthorization{}, err
	}
	id, err := s.deviceRequestID(hashOf(deviceCode))
	if err != nil {
		return DeviceAuthorization{}, err
	}
	userCode, err := s.userCode(id)
	if err != nil {
		return DeviceAuthorization{}, err
	}
	r.ID, r.DeviceCode = hashOf(id), hashOf(deviceCode)
	r.UserCode, err = s.userCodeHash(userCode)
	if err != nil {
		return DeviceAuthorization{}, err
	}
	err = s.Store.InsertRequest(ctx, r, now, now.Add(-keepRequests), p.MaxLiveDeviceCodes)
	if errors.Is(err, ErrFull) {
		return DeviceAuthorization{}, refuse(CodeSlowDown, "Too many device codes are waiting")
	}
	if err != nil {
		return DeviceAuthorization{}, err
	}
	return DeviceAuthorization{
		DeviceCode: deviceCode, UserCode: userCode, ExpiresIn: p.DeviceCode, Interval: p.Interval,
		Workflow: workflowOf(r.ID),
	}, nil
}

// deviceRequestID derives the id that the consent page carries, so that it can
// be found again from the stored hash when a user code is entered.
func (s *Service) deviceRequestID(deviceCode Hash) (string, error) {
	return s.deriveString("device request id", string(deviceCode[:]), 32)
}

// ConfirmUserCode finds the request of a user code and binds it to the browser
// session. Wrong tries are limited over all people together, because the bound
// on guessing holds for the codes that are live, whoever guesses; and for each
// person, so that one who guesses keeps nobody else from confirming.
func (s *Service) ConfirmUserCode(ctx context.Context, now time.Time, sess Session, userCode string) (Request, error) {
	unknown := refuse(CodeInvalidGrant, "No such code is waiting")
	code, ok := normalUserCode(userCode)
	if !ok {
		return Request{}, unknown
	}
	hash, err := s.userCodeHash(code)
	if err != nil {
		return Request{}, err
	}
	p := s.policy()
	r, bound, err := s.Store.TryUserCode(ctx, UserCodeTry{
		UserCode: hash, SessionID: sess.ID, UserID: sess.UserID,
		Now: now, Window: wrongCodeWindow, Max: p.MaxWrongUserCodes, MaxEach: p.MaxWrongUserCodesEach,
	})
	if errors.Is(err, ErrNotFound) {
		return Request{}, unknown
	}
	if err != nil {
		return Request{}, err
	}
	if !bound {
		return Request{}, whoseRequest(r).of(whyNotPending(r, now))
	}
	id, err := s.deviceRequestID(r.DeviceCode)
	if err != nil {
		return Request{}, err
	}
	return s.shown(id, r)
}

// RedeemDevice answers CreateToken for a device code (RFC 8628 section 3.4). A
// script whose time has come answers the request first.
func (s *Service) RedeemDevice(ctx context.Context, now time.Time, clientID, clientSecret, deviceCode string) (_ Tokens, err error) {
	now = moment(now)
	client, err := s.authenticate(ctx, now, clientID, clientSecret)
	if err != nil {
		return Tokens{}, err
	}
	party := whose{clientName: client.Name}
	defer func() { err = party.of(err) }()
	if deviceCode == "" {
		return Tokens{}, refuse(CodeInvalidRequest, "A device code is required")
	}
	if !client.mayUse(GrantDeviceCode) {
		return Tokens{}, refuse(CodeUnauthorizedClient, "The client is not registered for the device code grant")
	}
	// A second look after a lost race: the request moved between reading it and
	// changing it, and where it now stands is the answer. It only moves forward,
	// so pending, allowed, redeemed are at most two moves.
	for range 3 {
		r, err := s.Store.RequestByDeviceCode(ctx, hashOf(deviceCode))
		if errors.Is(err, ErrNotFound) || err == nil && r.ClientID != client.ID {
			return Tokens{}, errInvalidGrant()
		}
		if err != nil {
			return Tokens{}, err
		}
		party = whoseRequest(r)
		if x, err := s.settle(ctx, now, r); x.done || errors.Is(err, ErrConflict) {
			continue
		} else if err != nil {
			return Tokens{}, err
		}
		var t Tokens
		switch {
		case r.Status == StatusRedeemed:
			return Tokens{}, errInvalidGrant()
		case r.Status == StatusDenied:
			return Tokens{}, refuse(CodeAccessDenied, "Authorization was denied")
		case !now.Before(r.ExpiresAt):
			return Tokens{}, refuse(CodeExpiredToken, "Device code has expired")
		case r.Status == StatusPending:
			err = s.poll(ctx, now, r)
		default:
			t, err = s.redeem(ctx, now, client, r)
		}
		if !errors.Is(err, ErrConflict) {
			return t, err
		}
	}
	return Tokens{}, errInvalidGrant()
}

// poll answers a poll that came before the decision. The AWS CLI polls twice at
// once before it begins to wait, and some clients give up at the first
// slow_down, so only polls that are much too fast hear it.
func (s *Service) poll(ctx context.Context, now time.Time, r RequestRecord) error {
	n, previous, err := s.Store.Poll(ctx, r.ID, now)
	if err != nil {
		return err
	}
	if n > 2 && now.Sub(previous) < s.policy().Interval/2 {
		return refuse(CodeSlowDown, "Polling faster than the interval allows")
	}
	return refuse(CodeAuthorizationPending, "Authorization is still pending")
}

func errInvalidGrant() *Error { return refuse(CodeInvalidGrant, "Invalid grant provided") }
