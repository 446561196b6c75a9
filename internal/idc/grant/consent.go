package grant

import (
	"context"
	"errors"
	"net/url"
	"time"
)

// Request returns what a person is asked to allow. An authorization request
// belongs to the first browser session that looks at it, a device request to the
// one in which its user code was entered; to all others it is denied, so that
// nobody can be led to approve, or made to look at, another's sign-in. One that a
// script answers belongs to none until it has.
func (s *Service) Request(ctx context.Context, now time.Time, sess Session, requestID string) (Request, error) {
	id := hashOf(requestID)
	r, err := s.Store.Request(ctx, id)
	if err == nil && r.Flow == FlowAuthorizationCode && r.SessionID == "" && r.Answer == "" {
		r, err = s.Store.BindRequest(ctx, id, sess.ID)
	}
	if errors.Is(err, ErrNotFound) {
		return Request{}, refuse(CodeInvalidRequest, "No such request")
	}
	if err != nil {
		return Request{}, err
	}
	switch {
	case r.waits():
		err = whyNotPending(r, now)
	case r.SessionID == "" || r.SessionID != sess.ID:
		err = errOtherBrowser()
	case r.Status == StatusPending && !now.Before(r.ExpiresAt):
		err = errRequestExpired()
	}
	if err != nil {
		return Request{}, whoseRequest(r).of(err)
	}
	return s.shown(requestID, r)
}

// Decide allows or denies, once. The same answer to an authorization request by
// the same sign-in is given again as long as its code was not redeemed.
func (s *Service) Decide(ctx context.Context, now time.Time, sess Session, requestID string, allow bool) (Decision, error) {
	now = moment(now)
	if active, err := s.active(ctx, sess.UserID); err != nil || !active {
		return Decision{}, errOr(err, ErrNoSession)
	}
	id := hashOf(requestID)
	v := Verdict{ID: id, SessionID: sess.ID, UserID: sess.UserID, Allow: allow, Now: now}
	// Derived, so that a browser whose answer was lost, or a person who clicked
	// twice, gets the same code again: the client still waits for it.
	code, err := s.deriveString("authorization code", requestID, 32)
	if err != nil {
		return Decision{}, err
	}
	if allow {
		// A device request ignores it: its client holds the device code.
		v.Code, v.CodeExpiresAt = hashOf(code), now.Add(s.policy().AuthorizationCode)
	}
	r, err := s.Store.Decide(ctx, v)
	if errors.Is(err, ErrConflict) {
		r, err = s.Store.Request(ctx, id)
		if err == nil && !v.repeats(r) {
			err = errOr(whoseRequest(r).of(undecidable(r, now, sess)), ErrNoSession)
		}
	}
	if errors.Is(err, ErrNotFound) {
		return Decision{}, refuse(CodeInvalidRequest, "No such request")
	}
	if err != nil {
		return Decision{}, err
	}
	return s.decided(requestID, r, code)
}

// decided is the outcome for the browser. The code counts only for an allowed
// authorization request.
func (s *Service) decided(requestID string, r RequestRecord, code string) (Decision, error) {
	shown, err := s.shown(requestID, r)
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Request: shown}
	if r.Flow == FlowAuthorizationCode && r.Status != StatusPending {
		outcome := url.Values{}
		if r.Status == StatusAllowed {
			outcome.Set("code", code)
		} else {
			outcome.Set("error", CodeAccessDenied)
		}
		if r.State != "" {
			outcome.Set("state", r.State)
		}
		d.RedirectTo = callback(r.RedirectURI, outcome)
	}
	return d, nil
}

// repeats says whether the same sign-in has given the same answer before, and
// the client has not come for it yet.
func (v Verdict) repeats(r RequestRecord) bool {
	if r.Flow != FlowAuthorizationCode || r.SessionID != v.SessionID || r.UserID != v.UserID {
		return false
	}
	if !v.Allow {
		return r.Status == StatusDenied
	}
	return r.Status == StatusAllowed && r.Code == v.Code && v.Now.Before(r.CodeExpiresAt)
}

// undecidable says why a request could not be decided, or nil when it is not
// the request's fault.
func undecidable(r RequestRecord, now time.Time, sess Session) error {
	if r.waits() {
		return whyNotPending(r, now)
	}
	if r.SessionID != sess.ID {
		return errOtherBrowser()
	}
	if r.Status != StatusPending || !now.Before(r.ExpiresAt) {
		return whyNotPending(r, now)
	}
	return nil
}

// whyNotPending explains a request that cannot, or can no longer, be decided in
// this browser.
func whyNotPending(r RequestRecord, now time.Time) *Error {
	switch {
	case r.Status != StatusPending:
		return refuse(CodeInvalidRequest, "The request was already decided")
	case !now.Before(r.ExpiresAt):
		return errRequestExpired()
	case r.waits():
		return errScripted()
	default:
		return errOtherBrowser()
	}
}

// whoseRequest is the party that a request is about.
func whoseRequest(r RequestRecord) whose {
	return whose{clientName: r.ClientName, userID: r.UserID, workflow: workflowOf(r.ID)}
}

func errRequestExpired() *Error { return refuse(CodeExpiredToken, "The request has expired") }

func errOtherBrowser() *Error {
	return refuse(CodeAccessDenied, "The request belongs to another browser")
}

func (s *Service) shown(requestID string, r RequestRecord) (Request, error) {
	out := Request{
		ID: requestID, Flow: r.Flow,
		ClientName: r.ClientName, ClientCreated: r.ClientCreated,
		Scopes: r.Scopes, RedirectURI: r.RedirectURI,
		State: r.Status, Origin: r.Origin, Workflow: workflowOf(r.ID),
		Script: Script{UserID: r.AnswerUserID, Answer: r.Answer}, AnswerAt: r.AnswerAt,
		CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
	}
	if !r.AnswerAt.IsZero() {
		out.Script.After = r.AnswerAt.Sub(r.CreatedAt)
	}
	if r.Flow == FlowDevice {
		code, err := s.userCode(requestID)
		if err != nil {
			return Request{}, err
		}
		out.UserCode = code
	}
	return out, nil
}
