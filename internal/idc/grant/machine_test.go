package grant_test

import (
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
	clients  []client
	sessions []*modelSession
	requests []*modelRequest
	tokens   []*modelToken
}

type modelSession struct {
	grant.Session
	cookie string
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
	session    *modelSession
	state      grant.Status
	family     *modelFamily
	redemption int
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

func (m *machine) signIn(t *rapid.T) {
	cookie, s, err := m.w.StartSession(t.Context(), m.now, "alice")
	if err != nil {
		t.Fatal(err)
	}
	m.sessions = append(m.sessions, &modelSession{Session: s, cookie: cookie})
}

func (m *machine) endSession(t *rapid.T) {
	s := pick(t, m.sessions, "session")
	if err := m.w.EndSession(t.Context(), m.now, s.Session); err != nil {
		t.Fatal(err)
	}
	s.ended = true
}

func (m *machine) startDevice(t *rapid.T) {
	c := pick(t, m.clients, "client")
	d, err := m.w.StartDevice(t.Context(), m.now, c.ID, c.secret, startURL)
	if err != nil {
		t.Fatal(err)
	}
	m.requests = append(m.requests, &modelRequest{client: c, flow: grant.FlowDevice, device: d, createdAt: m.now, state: grant.StatusPending})
}

func (m *machine) authorize(t *rapid.T) {
	c := pick(t, m.clients, "client")
	id, err := m.w.BeginAuthorization(t.Context(), m.now, authorize(c))
	if err != nil {
		t.Fatal(err)
	}
	m.requests = append(m.requests, &modelRequest{client: c, flow: grant.FlowAuthorizationCode, id: id, createdAt: m.now, state: grant.StatusPending})
}

func (m *machine) decide(t *rapid.T) {
	r, s := pick(t, m.requests, "request"), pick(t, m.sessions, "session")
	allow := rapid.IntRange(0, 4).Draw(t, "allow") > 0
	expired := !m.now.Before(r.createdAt.Add(600 * time.Second))
	if r.flow == grant.FlowDevice {
		got, err := m.w.ConfirmUserCode(t.Context(), m.now, s.Session, r.device.UserCode)
		if err != nil {
			_, tooMany := errors.AsType[*grant.TooManyTriesError](err)
			if r.state == grant.StatusPending && !expired && r.session == nil && !tooMany {
				t.Fatalf("a live user code: got %v, want none", err)
			}
			return
		}
		r.id, r.session = got.ID, s
	} else if _, err := m.w.Service.Request(t.Context(), m.now, s.Session, r.id); err == nil {
		r.session = s
	}
	d, err := m.w.Decide(t.Context(), m.now, s.Session, r.id, allow)
	should := r.state == grant.StatusPending && !expired && r.session == s && s.live(m.now)
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
		tokens, err = m.w.RedeemDevice(t.Context(), m.now, r.client.ID, r.client.secret, r.device.DeviceCode)
	} else {
		ends = r.codeEnds
		code := r.code
		if code == "" {
			code = "none"
		}
		tokens, err = m.w.RedeemCode(t.Context(), m.now, r.client.ID, r.client.secret, code, callback, verifier)
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
	r.family = &modelFamily{client: r.client, session: r.session}
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
		_, err = m.w.RedeemDevice(t.Context(), m.now, other.ID, other.secret, r.device.DeviceCode+"x")
	case 1:
		_, err = m.w.RedeemCode(t.Context(), m.now, other.ID, other.secret, r.code+"x", callback, verifier)
	case 2:
		_, err = m.w.RedeemCode(t.Context(), m.now, other.ID, other.secret, orNone(r.code), callback, verifier)
	case 3:
		_, err = m.w.RedeemCode(t.Context(), m.now, r.client.ID, r.client.secret, orNone(r.code), callback+"x", verifier)
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
	got, err := m.w.Refresh(t.Context(), m.now, f.client.ID, f.client.secret, tok.refresh)
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
	err := m.w.SignOut(t.Context(), m.now, tok.access)
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
	if err := m.w.Collect(t.Context(), m.now); err != nil {
		t.Fatal(err)
	}
}

// check holds the Service to the model after every step.
func (m *machine) check(t *rapid.T) {
	heads := map[*modelFamily]int{}
	for _, tok := range m.tokens {
		a, err := m.w.AccessToken(t.Context(), m.now, tok.access)
		should := tok.family.live(m.now) && m.now.Before(tok.expires)
		if got := err == nil; got != should {
			t.Fatalf("access token: got %v, want accepted %t", err, should)
		}
		if err == nil {
			if tok.family.id == "" {
				tok.family.id = a.FamilyID
			}
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
		if _, err := m.w.Session(t.Context(), m.now, s.cookie); (err == nil) != s.live(m.now) {
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
