package grant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// neverLifetimes is how many of its lifetimes a request stays that nobody ever
// answers. Its client is told one, as always: what ends the wait is then the
// client's own patience, and only a client without any hears expired_token.
const neverLifetimes = 10

// Limits of what is kept of an Origin.
const (
	maxUserAgent = 512
	maxAddress   = 64
)

// newRequest is a request of either flow before it has its codes.
func newRequest(ctx context.Context, now time.Time, client ClientRecord, lifetime time.Duration, o Origin,
	script func(ctx context.Context, clientName string) (Script, error)) (RequestRecord, error) {
	r := RequestRecord{
		ClientID: client.ID, Status: StatusPending,
		Origin:    Origin{Address: shortText(o.Address, maxAddress), UserAgent: shortText(o.UserAgent, maxUserAgent)},
		CreatedAt: now, ExpiresAt: now.Add(lifetime),
	}
	if script == nil {
		return r, nil
	}
	sc, err := script(ctx, client.Name)
	if err != nil {
		return RequestRecord{}, err
	}
	switch sc.Answer {
	case "":
		return r, nil
	case AnswerNever:
		r.ExpiresAt = now.Add(neverLifetimes * lifetime)
	case AnswerAllow, AnswerDeny:
		if sc.UserID == "" || sc.After < 0 {
			return RequestRecord{}, fmt.Errorf("grant: a script that answers %q needs a person and no negative delay", sc.Answer)
		}
		r.AnswerAt = moment(now.Add(sc.After))
	default:
		return RequestRecord{}, fmt.Errorf("grant: %q is no answer of a script", sc.Answer)
	}
	r.Answer, r.AnswerUserID = sc.Answer, sc.UserID
	return r, nil
}

// shortText is text from the wire as it may be shown to people: no control or
// format characters, and no longer than limit.
func shortText(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, s[:min(len(s), 4*limit)])
	for len(s) > limit {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// waits says that a script answers the request, and has not yet.
func (r RequestRecord) waits() bool { return r.Status == StatusPending && r.Answer != "" }

// due says that the script's time has come while there is something to answer.
func (r RequestRecord) due(now time.Time) bool {
	return r.waits() && !r.AnswerAt.IsZero() && !now.Before(r.AnswerAt) && now.Before(r.ExpiresAt)
}

func errScripted() *Error { return refuse(CodeAccessDenied, "A rule answers this sign-in") }

// Settle answers a scripted request whose time has come, as the script's person.
// To allow, a session of theirs begins, whose cookie is returned; to deny, none
// is needed and cookie is empty. done is false when there is nothing to answer:
// no script, not yet due, the person may not act, or the answer is given; d then
// holds the Request of one whose script has yet to answer, and nothing otherwise.
//
// Nothing waits for the time to come. The device flow settles in RedeemDevice;
// whoever serves the browser of an authorization request asks here.
func (s *Service) Settle(ctx context.Context, now time.Time, requestID string) (d Decision, cookie string, done bool, err error) {
	now = moment(now)
	for range 2 {
		r, err := s.Store.Request(ctx, hashOf(requestID))
		if errors.Is(err, ErrNotFound) {
			return Decision{}, "", false, refuse(CodeInvalidRequest, "No such request")
		}
		if err != nil || !r.waits() {
			return Decision{}, "", false, err
		}
		x, err := s.settle(ctx, now, r)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return Decision{}, "", false, err
		}
		d, err := s.decided(requestID, x.request, x.code)
		return d, x.cookie, x.done, err
	}
	return Decision{}, "", false, nil
}

// settled is a request after settle.
type settled struct {
	request RequestRecord
	cookie  string // when allowed
	code    string // when allowed, in the authorization code flow
	done    bool
}

// settle answers a request that is due. ErrConflict: it moved on, and there is
// no session more than before.
func (s *Service) settle(ctx context.Context, now time.Time, r RequestRecord) (settled, error) {
	x := settled{request: r}
	if !r.due(now) || s.PeopleOnly != nil && s.PeopleOnly() {
		return x, nil
	}
	// Somebody who may not act cannot sign in either: the request waits on.
	if active, err := s.active(ctx, r.AnswerUserID); err != nil || !active {
		return x, err
	}
	v := Verdict{ID: r.ID, UserID: r.AnswerUserID, Allow: r.Answer == AnswerAllow, Now: now}
	var sess Session
	var err error
	if v.Allow {
		if x.cookie, sess, err = s.newSession(now, r.AnswerUserID); err != nil {
			return settled{}, err
		}
		v.SessionID = sess.ID
		if r.Flow == FlowAuthorizationCode {
			if x.code, err = s.random(32); err != nil {
				return settled{}, err
			}
			v.Code, v.CodeExpiresAt = hashOf(x.code), now.Add(s.policy().AuthorizationCode)
		}
	}
	x.request, err = s.Store.Settle(ctx, v, sess, hashOf(x.cookie))
	x.done = err == nil
	return x, err
}
