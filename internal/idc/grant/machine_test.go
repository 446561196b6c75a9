package grant_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// machine drives a Service at random and keeps beside it, in the plainest way,
// what must be true:
//
//   - nothing is redeemed twice,
//   - what was refused because it was revoked, signed out or expired stays so,
//   - a refresh token has one successor for ever, so a family never forks.
type machine struct {
	w        *world
	now      time.Time
	aged     time.Duration // what of it passed by ageing all there is
	clients  []client
	sessions []*modelSession
	requests []*modelRequest
	tokens   []*modelToken
}

// clock is the moment the Service is told.
func (m *machine) clock() time.Time { return m.now.Add(-m.aged) }

type modelSession struct {
	grant.Session
	cookie string // "" when a script made the session in the device flow
	ended  bool
}

func (s *modelSession) live(now time.Time) bool { return !s.ended && now.Before(s.ExpiresAt) }

type modelRequest struct {
	client     client
	flow       string
	id         string // once known
	device     grant.DeviceAuthorization
	code       string
	codeEnds   time.Time
	createdAt  time.Time
	script     grant.Script
	session    *modelSession
	state      grant.Status
	family     *modelFamily
	redemption int
}

// expired says that nobody can decide any more.
func (r *modelRequest) expired(now time.Time) bool {
	lifetime := 600 * time.Second
	if r.script.Answer == grant.AnswerNever {
		lifetime *= 10
	}
	return !now.Before(r.createdAt.Add(lifetime))
}

// due says that a script answers as soon as somebody asks.
func (r *modelRequest) due(now time.Time) bool {
	return r.state == grant.StatusPending && r.script.UserID != "" && !now.Before(r.createdAt.Add(r.script.After)) && !r.expired(now)
}

type modelFamily struct {
	client  client
	session *modelSession
	revoked bool
	id      string
}

func (f *modelFamily) live(now time.Time) bool { return !f.revoked && f.session.live(now) }

type modelToken struct {
	family    *modelFamily
	access    string
	expires   time.Time
	refresh   string
	rotatedAt time.Time
	successor *modelToken
}

func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := newWorld(tbOf(t), "")
		m := &machine{w: db, now: start}
		for _, scopes := range [][]string{{"sso:account:access"}, {"sso:account:access"}, nil} {
			c, secret, err := db.RegisterClient(t.Context(), start, grant.Registration{Name: "c", Type: "public", Scopes: scopes, RedirectURIs: []string{"http://127.0.0.1/oauth/callback"}})
			if err != nil {
				t.Fatal(err)
			}
			m.clients = append(m.clients, client{c, secret})
		}
		t.Repeat(map[string]func(*rapid.T){
			"advance":     m.advance,
			"age":         m.age,
			"settle":      m.settle,
			"signIn":      m.signIn,
			"endSession":  m.endSession,
			"startDevice": m.startDevice,
			"authorize":   m.authorize,
			"decide":      m.decide,
			"redeem":      m.redeem,
			"redeemAgain": m.redeem,
			"misuse":      m.misuse,
			"refresh":     m.refresh,
			"refreshMore": m.refresh,
			"signOut":     m.signOut,
			"collect":     m.collect,
			"":            m.check,
		})
	})
}

// rapidTB gives a world its cleanup at the end of one rapid run.
type rapidTB struct {
	testing.TB // nil: only what is here is called
	t          *rapid.T
}

func tbOf(t *rapid.T) testing.TB { return rapidTB{t: t} }

func (r rapidTB) Context() context.Context          { return r.t.Context() }
func (r rapidTB) Helper()                           { r.t.Helper() }
func (r rapidTB) Fatal(args ...any)                 { r.t.Fatal(args...) }
func (r rapidTB) Fatalf(format string, args ...any) { r.t.Fatalf(format, args...) }
func (r rapidTB) Errorf(format string, args ...any) { r.t.Errorf(format, args...) }
func (r rapidTB) Cleanup(f func())                  { r.t.Cleanup(f) }

func pick[T any](t *rapid.T, all []T, what string) T {
	if len(all) == 0 {
		t.Skip("no " + what)
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(t, what)]
}

func (m *machine) advance(t *rapid.T) {
	steps := []time.Duration{time.Millisecond, time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, time.Hour, 4 * time.Hour}
	m.now = m.now.Add(pick(t, steps, "step"))
}

// age lets time pass the other way: nothing may tell it from advancing.
func (m *machine) age(t *rapid.T) {
	steps := []time.Duration{time.Millisecond, time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, time.Hour, 4 * time.Hour}
	by := pick(t, steps, "step")
	if err := m.w.Age(t.Context(), by); err != nil {
		t.Fatal(err)
	}
	m.now, m.aged = m.now.Add(by), m.aged+by
}

// script draws what answers a request; mostly a person does.
func (m *machine) script(t *rapid.T) (grant.Script, func(context.Context, string) (grant.Script, error)) {
	s := rapid.SampledFrom([]grant.Script{
		{}, {}, {}, {},
		{UserID: "bob", Answer: grant.AnswerAllow},
		{UserID: "bob", Answer: grant.AnswerAllow, After: 5 * time.Minute},
		{UserID: "bob", Answer: grant.AnswerAllow, After: 20 * time.Minute},
		{UserID: "bob", Answer: grant.AnswerDeny, After: time.Second},
		{Answer: grant.AnswerNever},
	}).Draw(t, "script")
	return s, func(context.Context, string) (grant.Script, error) { return s, nil }
}

// answer is what a due script does to the model; the session is nil for a denial.
func (m *machine) answer(r *modelRequest, cookie string) {
	r.state = grant.StatusDenied
	if r.script.Answer == grant.AnswerAllow {
		r.state = grant.StatusAllowed
		r.session = &modelSession{Session: grant.Session{UserID: "bob", CreatedAt: m.now, ExpiresAt: m.now.Add(8 * time.Hour)}, cookie: cookie}
		m.sessions = append(m.sessions, r.session)
	}
}

func (m *machine) settle(t *rapid.T) {
	r := pick(t, m.requests, "request")
	if r.id == "" {
		t.Skip("its id is known to nobody")
	}
	d, cookie, done, err := m.w.Settle(t.Context(), m.clock(), r.id)
	if gone := err != nil; gone {
		if code(err) != grant.CodeInvalidRequest || !m.now.After(r.createdAt.Add(time.Hour)) {
			t.Fatalf("settle: got %v, want none", err)
		}
		return
	}
	if should := r.due(m.now); done != should {
		t.Fatalf("settle in state %s: got done %t, want %t", r.state, done, should)
	}
	if !done {
		return
	}
	m.answer(r, cookie)
	if d.Request.State != r.state || (cookie != "") != (r.session != nil) || d.RedirectTo == "" {
		t.Fatalf("settle: got %+v, want state %s", d, r.state)
	}
	if r.session != nil {
		s, err := m.w.Session(t.Context(), m.clock(), cookie)
		if err != nil || s.UserID != "bob" {
			t.Fatalf("the session of a script: got %+v, %v, want bob's", s, err)
		}
		r.session.ID = s.ID
		r.code, r.codeEnds = codeOf(d.RedirectTo), m.now.Add(300*time.Second)
	}
}

func (m *machine) signIn(t *rapid.T) {
	cookie, s, err := m.w.StartSession(t.Context(), m.clock(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	s.ExpiresAt = s.ExpiresAt.Add(m.aged)
	m.sessions = append(m.sessions, &modelSession{Session: s, cookie: cookie})
}

func (m *machine) endSession(t *rapid.T) {
	s := pick(t, m.sessions, "session")
	if err := m.w.EndSession(t.Context(), m.clock(), s.Session); err != nil {
		t.Fatal(err)
	}
	s.ended = true
}

func (m *machine) startDevice(t *rapid.T) {
	c := pick(t, m.clients, "client")
	s, script := m.script(t)
	d, err := m.w.StartDevice(t.Context(), m.clock(), c.ID, c.secret, startURL, grant.DeviceOptions{Script: script})
	if err != nil {
		t.Fatal(err)
	}
	m.requests = append(m.requests, &modelRequest{client: c, flow: grant.FlowDevice, device: d, createdAt: m.now, script: s, state: grant.StatusPending})
}

func (m *machine) authorize(t *rapid.T) {
	c := pick(t, m.clients, "client")
	s, script := m.script(t)
	q := authorize(c)
	q.Script = script
	id, err := m.w.BeginAuthorization(t.Context(), m.clock(), q)
	if err != nil {
		t.Fatal(err)
	}
	m.requests = append(m.requests, &modelRequest{client: c, flow: grant.FlowAuthorizationCode, id: id, createdAt: m.now, script: s, state: grant.StatusPending})
}

func (m *machine) decide(t *rapid.T) {
	r, s := pick(t, m.requests, "request"), pick(t, m.sessions, "session")
	allow := rapid.IntRange(0, 4).Draw(t, "allow") > 0
	expired := r.expired(m.now)
	ours := r.script.Answer == "" // to decide
	if r.flow == grant.FlowDevice {
		got, err := m.w.ConfirmUserCode(t.Context(), m.clock(), s.Session, r.device.UserCode)
		if err != nil {
			_, tooMany := errors.AsType[*grant.TooManyTriesError](err)
			if r.state == grant.StatusPending && !expired && r.session == nil && !tooMany && ours {
				t.Fatalf("a live user code: got %v, want none", err)
			}
			return
		}
		if !ours {
			t.Fatal("a person entered the user code of a scripted request")
		}
		r.id, r.session = got.ID, s
	} else if _, err := m.w.Service.Request(t.Context(), m.clock(), s.Session, r.id); err == nil && ours {
		r.session = s
	}
	d, err := m.w.Decide(t.Context(), m.clock(), s.Session, r.id, allow)
	if r.repeats(s, allow, m.now) {
		collectable := m.now.After(r.createdAt.Add(time.Hour))
		if err != nil && !collectable || err == nil && codeOf(d.RedirectTo) != r.code {
			t.Fatalf("the same answer again: got %v, %v, want the same code", d, err)
		}
		return
	}
	should := r.state == grant.StatusPending && !expired && ours && r.session == s && s.live(m.now)
	if got := err == nil; got != should {
		t.Fatalf("decide in state %s: got %v, want success %t", r.state, err, should)
	}
	if err != nil {
		return
	}
	r.state = grant.StatusDenied
	if allow {
		r.state = grant.StatusAllowed
		r.code, r.codeEnds = codeOf(d.RedirectTo), m.now.Add(300*time.Second)
	}
}

// repeats says whether the person gave the request this answer before by the
// same sign-in, and the client has not come for it.
func (r *modelRequest) repeats(s *modelSession, allow bool, now time.Time) bool {
	if r.flow != grant.FlowAuthorizationCode || r.script.Answer != "" || r.session != s {
		return false
	}
	if !allow {
		return r.state == grant.StatusDenied
	}
	return r.state == grant.StatusAllowed && now.Before(r.codeEnds)
}

func codeOf(redirect string) string {
	var code string
	if _, err := fmt.Sscanf(redirect, callback+"?code=%43s", &code); err != nil {
		return ""
	}
	return code
}

func (m *machine) redeem(t *rapid.T) {
	r := pick(t, m.requests, "request")
	var tokens grant.Tokens
	var err error
	ends := r.createdAt.Add(600 * time.Second)
	if r.flow == grant.FlowDevice {
		if r.due(m.now) {
			m.answer(r, "")
		}
		tokens, err = m.w.RedeemDevice(t.Context(), m.clock(), r.client.ID, r.client.secret, r.device.DeviceCode)
	} else {
		ends = r.codeEnds
		code := r.code
		if code == "" {
			code = "none"
		}
		tokens, err = m.w.RedeemCode(t.Context(), m.clock(), r.client.ID, r.client.secret, code, callback, verifier)
	}
	should := r.state == grant.StatusAllowed && m.now.Before(ends) && r.session.live(m.now)
	if got := err == nil; got != should {
		t.Fatalf("redeem %s in state %s: got %v, want success %t", r.flow, r.state, err, should)
	}
	if err != nil {
		if r.state == grant.StatusRedeemed && r.flow == grant.FlowAuthorizationCode && m.now.Before(ends) {
			r.family.revoked = true
		}
		return
	}
	r.redemption++
	if r.redemption > 1 {
		t.Fatalf("redeemed %d times, want once", r.redemption)
	}
	r.state = grant.StatusRedeemed
	if r.session.ID == "" {
		r.session.ID = tokens.SessionID
	}
	r.family = &modelFamily{client: r.client, session: r.session, id: tokens.Workflow}
	m.tokens = append(m.tokens, &modelToken{family: r.family, access: tokens.AccessToken, expires: m.now.Add(tokens.ExpiresIn), refresh: tokens.RefreshToken})
	m.withinSession(t, r.session, tokens)
}

func (m *machine) withinSession(t *rapid.T, s *modelSession, tokens grant.Tokens) {
	if end := m.now.Add(tokens.ExpiresIn); end.After(s.ExpiresAt) {
		t.Fatalf("tokens until %s, want at most the session's %s", end, s.ExpiresAt)
	}
}

// misuse is everything that must change nothing; check looks whether it did.
func (m *machine) misuse(t *rapid.T) {
	r := pick(t, m.requests, "request")
	other := m.clients[0]
	if other.ID == r.client.ID {
		other = m.clients[1]
	}
	var err error
	switch rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		_, err = m.w.RedeemDevice(t.Context(), m.clock(), other.ID, other.secret, r.device.DeviceCode+"x")
	case 1:
		_, err = m.w.RedeemCode(t.Context(), m.clock(), other.ID, other.secret, r.code+"x", callback, verifier)
	case 2:
		_, err = m.w.RedeemCode(t.Context(), m.clock(), other.ID, other.secret, orNone(r.code), callback, verifier)
	case 3:
		_, err = m.w.RedeemCode(t.Context(), m.clock(), r.client.ID, r.client.secret, orNone(r.code), callback+"x", verifier)
	}
	if code(err) != grant.CodeInvalidGrant {
		t.Fatalf("misuse: got %v, want invalid_grant", err)
	}
}

func orNone(code string) string {
	if code == "" {
		return "none"
	}
	return code
}

func (m *machine) refresh(t *rapid.T) {
	tok := pick(t, m.tokens, "token")
	if tok.refresh == "" {
		t.Skip("legacy")
	}
	f := tok.family
	got, err := m.w.Refresh(t.Context(), m.clock(), f.client.ID, f.client.secret, tok.refresh)
	live := f.live(m.now)
	switch {
	case !live:
		if code(err) != grant.CodeInvalidGrant {
			t.Fatalf("refresh in a dead family: got %v, want invalid_grant", err)
		}
		return
	case tok.successor == nil:
		if err != nil {
			t.Fatalf("refresh of the living end: got %v, want none", err)
		}
		next := &modelToken{family: f, access: got.AccessToken, expires: m.now.Add(got.ExpiresIn), refresh: got.RefreshToken}
		tok.rotatedAt, tok.successor = m.now, next
		m.tokens = append(m.tokens, next)
	case m.now.Sub(tok.rotatedAt) > time.Minute:
		if code(err) != grant.CodeInvalidGrant {
			t.Fatalf("replay after the grace: got %v, want invalid_grant", err)
		}
		f.revoked = true
		return
	case tok.successor.successor != nil:
		if code(err) != grant.CodeInvalidGrant {
			t.Fatalf("replay of a token whose successor is spent: got %v, want invalid_grant", err)
		}
		return
	default:
		if err != nil {
			t.Fatalf("replay within the grace: got %v, want none", err)
		}
		if got.AccessToken != tok.successor.access || got.RefreshToken != tok.successor.refresh || !m.now.Add(got.ExpiresIn).Equal(tok.successor.expires) {
			t.Fatal("replay within the grace: got other tokens, want the same successor")
		}
	}
	m.withinSession(t, f.session, got)
}

func (m *machine) signOut(t *rapid.T) {
	tok := pick(t, m.tokens, "token")
	err := m.w.SignOut(t.Context(), m.clock(), tok.access)
	// A token of a family that ended, or its own expiry, does not matter here.
	should := tok.family.session.live(m.now)
	if got := err == nil; got != should {
		t.Fatalf("sign-out: got %v, want success %t", err, should)
	}
	if should {
		tok.family.session.ended = true
	}
}

func (m *machine) collect(t *rapid.T) {
	if err := m.w.Collect(t.Context(), m.clock()); err != nil {
		t.Fatal(err)
	}
}

// check holds the Service to the model after every step.
func (m *machine) check(t *rapid.T) {
	heads := map[*modelFamily]int{}
	for _, tok := range m.tokens {
		a, err := m.w.AccessToken(t.Context(), m.clock(), tok.access)
		should := tok.family.live(m.now) && m.now.Before(tok.expires)
		if got := err == nil; got != should {
			t.Fatalf("access token: got %v, want accepted %t", err, should)
		}
		if err == nil {
			if a.FamilyID != tok.family.id || a.SessionID != tok.family.session.ID || a.ClientID != tok.family.client.ID {
				t.Fatalf("access token: got %+v, want family %s", a, tok.family.id)
			}
		}
		if tok.successor == nil {
			heads[tok.family]++
		}
	}
	for _, n := range heads {
		if n != 1 {
			t.Fatalf("a family has %d living ends, want 1", n)
		}
	}
	for _, s := range m.sessions {
		if s.cookie == "" {
			continue
		}
		if _, err := m.w.Session(t.Context(), m.clock(), s.cookie); (err == nil) != s.live(m.now) {
			t.Fatalf("session: got %v, want live %t", err, s.live(m.now))
		}
	}
	all := make([]string, 0, 2*len(m.tokens))
	for _, tok := range m.tokens {
		all = append(all, tok.access)
		if tok.refresh != "" {
			all = append(all, tok.refresh)
		}
	}
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != len(all) {
		t.Fatal("two tokens are the same")
	}
}
