package grant_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func equal(t testing.TB, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got other than want (-want +got):\n%s", diff)
	}
}

func TestAuthorizationCodeFlow(t *testing.T) {
	w := newWorld(t, "")
	c, sess, other := w.register(start), w.signIn(start, "alice"), w.signIn(start, "alice")
	id, err := w.BeginAuthorization(t.Context(), start, authorize(c))
	w.must(err)
	r, err := w.Service.Request(t.Context(), start, sess, id)
	w.must(err)
	want := grant.Request{
		ID: id, Flow: grant.FlowAuthorizationCode, ClientName: c.Name, ClientCreated: start, Scopes: c.Scopes,
		RedirectURI: callback, State: grant.StatusPending, Workflow: grant.Workflow(id), CreatedAt: start, ExpiresAt: at(600 * time.Second),
	}
	equal(t, r, want)
	// The first look binds it, even against the same person elsewhere.
	_, err = w.Service.Request(t.Context(), start, other, id)
	w.refused(err, grant.CodeAccessDenied)
	_, err = w.Decide(t.Context(), start, other, id, true)
	w.refused(err, grant.CodeAccessDenied)

	d, err := w.Decide(t.Context(), at(time.Minute), sess, id, true)
	w.must(err)
	want.State = grant.StatusAllowed
	equal(t, d.Request, want)
	code, ok := strings.CutPrefix(d.RedirectTo, callback+"?code=")
	code, ok2 := strings.CutSuffix(code, "&state=st%26te")
	if !ok || !ok2 || len(code) != 43 {
		t.Fatalf("got redirect %q, want the callback with code and state", d.RedirectTo)
	}
	_, err = w.Decide(t.Context(), at(time.Minute), sess, id, false)
	w.refused(err, grant.CodeInvalidRequest)

	tokens, err := w.redeemCode(at(2*time.Minute), c, code)
	w.must(err)
	_, err = w.AccessToken(t.Context(), at(2*time.Minute), tokens.AccessToken)
	w.must(err)

	// A second right use revokes what the first made.
	_, err = w.redeemCode(at(3*time.Minute), c, code)
	w.refused(err, grant.CodeInvalidGrant)
	_, err = w.AccessToken(t.Context(), at(3*time.Minute), tokens.AccessToken)
	w.refused(err, grant.ErrUnauthorized.Error())
	_, err = w.refresh(at(3*time.Minute), c, tokens.RefreshToken)
	w.refused(err, grant.CodeInvalidGrant)
}

func TestDenial(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	q := authorize(c)
	for state, want := range map[string]string{
		"x": callback + "?error=access_denied&state=x",
		"":  callback + "?error=access_denied",
	} {
		q.State = state
		id, err := w.BeginAuthorization(t.Context(), start, q)
		w.must(err)
		_, err = w.Service.Request(t.Context(), start, sess, id)
		w.must(err)
		d, err := w.Decide(t.Context(), start, sess, id, false)
		w.must(err)
		equal(t, d.RedirectTo, want)
	}
}

func TestBeginAuthorizationRefusals(t *testing.T) {
	w := newWorld(t, "")
	c := w.register(start)
	for _, test := range []struct {
		name   string
		change func(*grant.AuthorizeParams)
		want   string
	}{
		{"good", func(*grant.AuthorizeParams) {}, ""},
		{"no scopes", func(q *grant.AuthorizeParams) { q.Scopes = nil }, ""},
		{"one scope of two", func(q *grant.AuthorizeParams) { q.Scopes = []string{"other", "sso:account:access"} }, ""},
		{"no state", func(q *grant.AuthorizeParams) { q.State = "" }, ""},
		{"long state", func(q *grant.AuthorizeParams) { q.State = strings.Repeat("x", 5000) }, grant.CodeInvalidRequest},
		{"other scopes", func(q *grant.AuthorizeParams) { q.Scopes = []string{"other"} }, grant.CodeInvalidScope},
		{"implicit", func(q *grant.AuthorizeParams) { q.ResponseType = "token" }, grant.CodeInvalidRequest},
		{"no response type", func(q *grant.AuthorizeParams) { q.ResponseType = "" }, grant.CodeInvalidRequest},
		{"plain", func(q *grant.AuthorizeParams) { q.CodeChallengeMethod = "plain" }, grant.CodeInvalidRequest},
		{"no method", func(q *grant.AuthorizeParams) { q.CodeChallengeMethod = "" }, grant.CodeInvalidRequest},
		{"no challenge", func(q *grant.AuthorizeParams) { q.CodeChallenge = "" }, grant.CodeInvalidRequest},
		{"short challenge", func(q *grant.AuthorizeParams) { q.CodeChallenge = q.CodeChallenge[:42] }, grant.CodeInvalidRequest},
		{"padded challenge", func(q *grant.AuthorizeParams) { q.CodeChallenge += "=" }, grant.CodeInvalidRequest},
		{"challenge with newline", func(q *grant.AuthorizeParams) { q.CodeChallenge += "\n" }, grant.CodeInvalidRequest},
		{"foreign host", func(q *grant.AuthorizeParams) { q.RedirectURI = "https://evil.test/oauth/callback" }, grant.CodeInvalidRedirectURI},
		{"other path", func(q *grant.AuthorizeParams) { q.RedirectURI = "http://127.0.0.1/other" }, grant.CodeInvalidRedirectURI},
		{"no redirect", func(q *grant.AuthorizeParams) { q.RedirectURI = "" }, grant.CodeInvalidRedirectURI},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := authorize(c)
			test.change(&q)
			_, err := w.BeginAuthorization(t.Context(), start, q)
			if got := code(err); got != test.want {
				t.Errorf("got %q (%v), want %q", got, err, test.want)
			}
		})
	}
}

func TestScopesOfARequest(t *testing.T) {
	w := newWorld(t, "")
	sess := w.signIn(start, "alice")
	for _, test := range []struct{ registered, asked, want []string }{
		{[]string{"a", "b"}, nil, []string{"a", "b"}},
		{[]string{"a", "b"}, []string{"b", "c", "b"}, []string{"b"}},
		{nil, []string{"a"}, nil},
	} {
		c := w.register(start, func(r *grant.Registration) { r.Scopes = test.registered })
		q := authorize(c)
		q.Scopes = test.asked
		id, err := w.BeginAuthorization(t.Context(), start, q)
		w.must(err)
		r, err := w.Service.Request(t.Context(), start, sess, id)
		w.must(err)
		equal(t, r.Scopes, test.want)
	}
}

// A use of a code that is wrong in any part is refused and changes nothing.
func TestRedeemCodeRefusals(t *testing.T) {
	w := newWorld(t, "")
	c, other, sess := w.register(start), w.register(start), w.signIn(start, "alice")
	good := w.authorized(start, c, sess)
	for _, test := range []struct {
		name                     string
		as                       client
		code, redirect, verifier string
		now                      time.Time
		want                     string
	}{
		{"no code", c, "", callback, verifier, start, grant.CodeInvalidRequest},
		{"unknown code", c, "x", callback, verifier, start, grant.CodeInvalidGrant},
		{"other client", other, good, callback, verifier, start, grant.CodeInvalidGrant},
		{"other port", c, good, "http://127.0.0.1:1/oauth/callback", verifier, start, grant.CodeInvalidGrant},
		{"registered form", c, good, "http://127.0.0.1/oauth/callback", verifier, start, grant.CodeInvalidGrant},
		{"no redirect", c, good, "", verifier, start, grant.CodeInvalidGrant},
		{"wrong verifier", c, good, callback, strings.Repeat("x", 64), start, grant.CodeInvalidGrant},
		{"no verifier", c, good, callback, "", start, grant.CodeInvalidGrant},
		{"challenge as verifier", c, good, callback, challenge(verifier), start, grant.CodeInvalidGrant},
		{"expired", c, good, callback, verifier, at(300 * time.Second), grant.CodeInvalidGrant},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.RedeemCode(t.Context(), test.now, test.as.ID, test.as.secret, test.code, test.redirect, test.verifier)
			if got := code(err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	w.disabled["alice"] = true
	_, err := w.redeemCode(start, c, good)
	w.refused(err, grant.CodeInvalidGrant)
	w.disabled["alice"] = false
	tokens, err := w.redeemCode(at(299*time.Second), c, good)
	w.must(err)

	// Nor does a wrong one after the right one revoke.
	_, err = w.RedeemCode(t.Context(), at(299*time.Second), other.ID, other.secret, good, callback, verifier)
	w.refused(err, grant.CodeInvalidGrant)
	_, err = w.RedeemCode(t.Context(), at(299*time.Second), c.ID, c.secret, good, callback, strings.Repeat("x", 64))
	w.refused(err, grant.CodeInvalidGrant)
	_, err = w.AccessToken(t.Context(), at(299*time.Second), tokens.AccessToken)
	w.must(err)

	code := w.authorized(start, c, sess)
	w.must(w.EndSession(t.Context(), at(time.Second), sess))
	_, err = w.redeemCode(at(2*time.Second), c, code)
	w.refused(err, grant.CodeInvalidGrant)
}

func TestVerifierForms(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	for _, test := range []struct {
		verifier string
		want     string
	}{
		{strings.Repeat("a", 42), grant.CodeInvalidGrant},
		{strings.Repeat("a", 43), ""},
		{strings.Repeat("~", 128), ""},
		{strings.Repeat("a", 129), grant.CodeInvalidGrant},
		{strings.Repeat("a", 42) + "+", grant.CodeInvalidGrant},
		{strings.Repeat("a", 21) + " " + strings.Repeat("a", 21), grant.CodeInvalidGrant},
	} {
		q := authorize(c)
		q.CodeChallenge = challenge(test.verifier)
		id, err := w.BeginAuthorization(t.Context(), start, q)
		w.must(err)
		_, err = w.Service.Request(t.Context(), start, sess, id)
		w.must(err)
		d, err := w.Decide(t.Context(), start, sess, id, true)
		w.must(err)
		value, _, _ := strings.Cut(strings.TrimPrefix(d.RedirectTo, callback+"?code="), "&")
		_, err = w.RedeemCode(t.Context(), start, c.ID, c.secret, value, callback, test.verifier)
		if got := code(err); got != test.want {
			t.Errorf("verifier of %d: got %q, want %q", len(test.verifier), got, test.want)
		}
	}
}

func TestRequestRefusals(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	id, err := w.BeginAuthorization(t.Context(), start, authorize(c))
	w.must(err)
	_, err = w.Service.Request(t.Context(), start, sess, "unknown")
	w.refused(err, grant.CodeInvalidRequest)
	_, err = w.Decide(t.Context(), start, sess, "unknown", true)
	w.refused(err, grant.CodeInvalidRequest)
	// Deciding what was never looked at is another browser's doing.
	_, err = w.Decide(t.Context(), start, sess, id, true)
	w.refused(err, grant.CodeAccessDenied)
	_, err = w.Service.Request(t.Context(), at(600*time.Second), sess, id)
	w.refused(err, grant.CodeExpiredToken)
	_, err = w.Decide(t.Context(), at(600*time.Second), sess, id, true)
	w.refused(err, grant.CodeExpiredToken)
	w.disabled["alice"] = true
	_, err = w.Decide(t.Context(), start, sess, id, true)
	w.refused(err, grant.ErrNoSession.Error())
	w.disabled["alice"] = false
	w.must(w.EndSession(t.Context(), start, sess))
	_, err = w.Decide(t.Context(), start, sess, id, true)
	w.refused(err, grant.ErrNoSession.Error())
}

func TestRequestLimit(t *testing.T) {
	w := newWorld(t, "")
	w.Policy.MaxRequests = 2
	c := w.register(start)
	for _, c := range []client{c, w.register(start)} {
		_, err := w.BeginAuthorization(t.Context(), start, authorize(c))
		w.must(err)
	}
	third := w.register(start)
	_, err := w.BeginAuthorization(t.Context(), start, authorize(third))
	w.refused(err, grant.CodeSlowDown)
	_, err = w.BeginAuthorization(t.Context(), at(600*time.Second), authorize(third))
	w.must(err)
	w.device(start, c) // has a limit of its own
}

// An answer that was lost on its way to the browser is given again, the same one,
// to the same sign-in, until the client has come for the code.
func TestDecideAgain(t *testing.T) {
	w := newWorld(t, "")
	c, alice, other := w.register(start), w.signIn(start, "alice"), w.signIn(start, "alice")
	begin := func() string {
		id, err := w.BeginAuthorization(t.Context(), start, authorize(c))
		w.must(err)
		_, err = w.Request(t.Context(), start, alice, id)
		w.must(err)
		return id
	}
	id := begin()
	first, err := w.Decide(t.Context(), start, alice, id, true)
	w.must(err)
	again, err := w.Decide(t.Context(), at(time.Minute), alice, id, true)
	w.must(err)
	if again.RedirectTo != first.RedirectTo {
		t.Errorf("got %s, then %s", first.RedirectTo, again.RedirectTo)
	}
	_, err = w.Decide(t.Context(), start, alice, id, false)
	w.refused(err, grant.CodeInvalidRequest)
	_, err = w.Decide(t.Context(), start, other, id, true)
	w.refused(err, grant.CodeAccessDenied)
	_, err = w.Decide(t.Context(), at(5*time.Minute), alice, id, true) // the code is over
	w.refused(err, grant.CodeInvalidRequest)
	u, err := url.Parse(again.RedirectTo)
	w.must(err)
	_, err = w.redeemCode(start, c, u.Query().Get("code"))
	w.must(err)
	_, err = w.Decide(t.Context(), start, alice, id, true)
	w.refused(err, grant.CodeInvalidRequest)

	id = begin()
	first, err = w.Decide(t.Context(), start, alice, id, false)
	w.must(err)
	again, err = w.Decide(t.Context(), start, alice, id, false)
	w.must(err)
	if again.RedirectTo != first.RedirectTo {
		t.Errorf("denied: got %s, then %s", first.RedirectTo, again.RedirectTo)
	}
	_, err = w.Decide(t.Context(), start, alice, id, true)
	w.refused(err, grant.CodeInvalidRequest)
}
