package grant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func TestRefresh(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	first := w.tokens(start, c, sess)
	second, err := w.refresh(at(50*time.Minute), c, first.RefreshToken)
	w.must(err)
	if second.AccessToken == first.AccessToken || second.RefreshToken == first.RefreshToken || second.ExpiresIn != time.Hour {
		t.Errorf("got the same tokens or %s, want new ones for 1h", second.ExpiresIn)
	}
	// The old access token lives on to its own end: other processes hold it.
	_, err = w.AccessToken(t.Context(), at(59*time.Minute), first.AccessToken)
	w.must(err)
	_, err = w.AccessToken(t.Context(), at(60*time.Minute), first.AccessToken)
	w.refused(err, grant.ErrUnauthorized.Error())
	_, err = w.AccessToken(t.Context(), at(109*time.Minute), second.AccessToken)
	w.must(err)
	third, err := w.refresh(at(2*time.Hour), c, second.RefreshToken)
	w.must(err)
	if third.RefreshToken == second.RefreshToken {
		t.Error("got the same refresh token, want a new one")
	}
}

// The table in the package comment.
func TestReplay(t *testing.T) {
	const rotated = 10 * time.Minute
	for _, test := range []struct {
		name             string
		after            time.Duration // from the rotation to the replay
		successorRotated bool
		same, revoked    bool
	}{
		{"at once", 0, false, true, false},
		{"within the grace", time.Minute, false, true, false},
		{"after the grace", time.Minute + time.Millisecond, false, false, true},
		{"within, successor spent", 30 * time.Second, true, false, false},
		{"after, successor spent", 2 * time.Minute, true, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, "")
			c, sess := w.register(start), w.signIn(start, "alice")
			first := w.tokens(start, c, sess)
			second, err := w.refresh(at(rotated), c, first.RefreshToken)
			w.must(err)
			end := second
			if test.successorRotated {
				end, err = w.refresh(at(rotated+time.Second), c, second.RefreshToken)
				w.must(err)
			}
			now := at(rotated + test.after)
			got, err := w.refresh(now, c, first.RefreshToken)
			if test.same {
				w.must(err)
				want := second
				want.ExpiresIn -= test.after
				equal(t, got, want)
			} else {
				w.refused(err, grant.CodeInvalidGrant)
			}
			_, err = w.AccessToken(t.Context(), now, end.AccessToken)
			if got := err != nil; got != test.revoked {
				t.Errorf("access token of the living end: got refused %t, want %t", got, test.revoked)
			}
			_, err = w.refresh(now, c, end.RefreshToken)
			if got := err != nil; got != test.revoked {
				t.Errorf("living end: got refused %t (%v), want %t", got, err, test.revoked)
			}
		})
	}
}

// A successor that has itself expired is still the only way on.
func TestReplayOfShortTokens(t *testing.T) {
	w := newWorld(t, "")
	w.Policy.AccessToken = 10 * time.Second
	c, sess := w.register(start), w.signIn(start, "alice")
	first := w.tokens(start, c, sess)
	second, err := w.refresh(at(time.Minute), c, first.RefreshToken)
	w.must(err)
	got, err := w.refresh(at(100*time.Second), c, first.RefreshToken)
	w.must(err)
	want := second
	want.ExpiresIn = 0
	equal(t, got, want)
	_, err = w.refresh(at(101*time.Second), c, got.RefreshToken)
	w.must(err)
}

func TestRefreshRefusals(t *testing.T) {
	w := newWorld(t, "")
	c, other, sess := w.register(start), w.register(start), w.signIn(start, "alice")
	tokens := w.tokens(start, c, sess)
	_, err := w.refresh(start, c, "")
	w.refused(err, grant.CodeInvalidRequest)
	_, err = w.refresh(start, c, "unknown")
	w.refused(err, grant.CodeInvalidGrant)
	_, err = w.refresh(start, c, tokens.AccessToken)
	w.refused(err, grant.CodeInvalidGrant)
	_, err = w.refresh(start, other, tokens.RefreshToken)
	w.refused(err, grant.CodeInvalidGrant)
	_, err = w.AccessToken(t.Context(), start, tokens.RefreshToken)
	w.refused(err, grant.ErrUnauthorized.Error())
	w.disabled["alice"] = true
	_, err = w.refresh(start, c, tokens.RefreshToken)
	w.refused(err, grant.CodeInvalidGrant)
	_, err = w.AccessToken(t.Context(), start, tokens.AccessToken)
	w.refused(err, grant.ErrUnauthorized.Error())
	w.disabled["alice"] = false
	_, err = w.refresh(start, c, tokens.RefreshToken)
	w.must(err)
}

// Nothing outlives the sign-in, however late it was refreshed or redeemed.
func TestAbsoluteEnd(t *testing.T) {
	w := newWorld(t, "")
	c, old, sess := w.register(start), w.register(start, legacy), w.signIn(start, "alice")
	first := w.tokens(start, c, sess)
	second, err := w.refresh(at(7*time.Hour+45*time.Minute), c, first.RefreshToken)
	w.must(err)
	equal(t, second.ExpiresIn, 15*time.Minute)
	late := w.tokens(at(7*time.Hour+59*time.Minute), c, sess)
	equal(t, late.ExpiresIn, time.Minute)
	legacyTokens := w.tokens(at(time.Hour), old, sess)
	equal(t, legacyTokens.ExpiresIn, 7*time.Hour)
	equal(t, legacyTokens.RefreshToken, "")

	before, end := at(8*time.Hour-time.Millisecond), at(8*time.Hour)
	for _, token := range []string{second.AccessToken, late.AccessToken, legacyTokens.AccessToken} {
		_, err = w.AccessToken(t.Context(), before, token)
		w.must(err)
		_, err = w.AccessToken(t.Context(), end, token)
		w.refused(err, grant.ErrUnauthorized.Error())
	}
	_, err = w.refresh(end, c, second.RefreshToken)
	w.refused(err, grant.CodeInvalidGrant)
	_, err = w.refresh(end, c, second.RefreshToken)
	w.refused(err, grant.CodeInvalidGrant)
	got, err := w.refresh(before, c, second.RefreshToken)
	w.must(err)
	equal(t, got.ExpiresIn, time.Millisecond)
}

func TestSignOut(t *testing.T) {
	w := newWorld(t, "")
	c := w.register(start)
	cookie, sess, err := w.StartSession(t.Context(), start, "alice")
	w.must(err)
	otherCookie, otherSess, err := w.StartSession(t.Context(), start, "alice")
	w.must(err)
	one, two, other := w.tokens(start, c, sess), w.tokens(start, c, sess), w.tokens(start, c, otherSess)
	w.refused(w.SignOut(t.Context(), start, "unknown"), grant.ErrUnauthorized.Error())
	w.refused(w.SignOut(t.Context(), start, one.RefreshToken), grant.ErrUnauthorized.Error())
	cred, _, _, err := w.IssueRoleCredential(t.Context(), start, grant.RoleCredential{SessionID: sess.ID, ExpiresAt: at(time.Hour)})
	w.must(err)

	w.must(w.SignOut(t.Context(), at(time.Second), one.AccessToken))
	now := at(2 * time.Second)
	w.refused(w.SignOut(t.Context(), now, one.AccessToken), grant.ErrUnauthorized.Error())
	for _, tokens := range []grant.Tokens{one, two} {
		_, err = w.AccessToken(t.Context(), now, tokens.AccessToken)
		w.refused(err, grant.ErrUnauthorized.Error())
		_, err = w.refresh(now, c, tokens.RefreshToken)
		w.refused(err, grant.CodeInvalidGrant)
	}
	_, err = w.Session(t.Context(), now, cookie)
	w.refused(err, grant.ErrNoSession.Error())
	_, _, _, err = w.IssueRoleCredential(t.Context(), now, grant.RoleCredential{SessionID: sess.ID, ExpiresAt: at(time.Hour)})
	w.refused(err, grant.ErrUnauthorized.Error())
	// What was issued lives on, and so does the other sign-in.
	_, _, _, err = w.RoleCredential(t.Context(), cred.AccessKeyID)
	w.must(err)
	_, err = w.AccessToken(t.Context(), now, other.AccessToken)
	w.must(err)
	_, err = w.Session(t.Context(), now, otherCookie)
	w.must(err)
}

// A client signs out with the last token it has, which may have expired, or whose
// family may be revoked.
func TestSignOutWithAnOldToken(t *testing.T) {
	for name, revoke := range map[string]bool{"expired": false, "revoked": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "")
			c, sess := w.register(start), w.signIn(start, "alice")
			one, two := w.tokens(start, c, sess), w.tokens(start, c, sess)
			if revoke {
				next, err := w.refresh(at(time.Minute), c, one.RefreshToken)
				w.must(err)
				_, err = w.refresh(at(10*time.Minute), c, one.RefreshToken)
				w.refused(err, grant.CodeInvalidGrant)
				_, err = w.refresh(at(10*time.Minute), c, next.RefreshToken)
				w.refused(err, grant.CodeInvalidGrant)
			}
			now := at(5 * time.Hour)
			w.must(w.Collect(t.Context(), now))
			_, err := w.AccessToken(t.Context(), now, one.AccessToken)
			w.refused(err, grant.ErrUnauthorized.Error())
			w.must(w.SignOut(t.Context(), now, one.AccessToken))
			_, err = w.refresh(now, c, two.RefreshToken)
			w.refused(err, grant.CodeInvalidGrant)
			w.refused(w.SignOut(t.Context(), now, one.AccessToken), grant.ErrUnauthorized.Error())
		})
	}
	w := newWorld(t, "")
	tokens := w.tokens(start, w.register(start), w.signIn(start, "alice"))
	w.refused(w.SignOut(t.Context(), at(8*time.Hour), tokens.AccessToken), grant.ErrUnauthorized.Error())
}

// Signing in once more in the same browser goes on with what was open there.
func TestTakeOver(t *testing.T) {
	w := newWorld(t, "")
	c, before, after, bob := w.register(start), w.signIn(start, "alice"), w.signIn(start, "alice"), w.signIn(start, "bob")
	id, err := w.BeginAuthorization(t.Context(), start, authorize(c))
	w.must(err)
	_, err = w.Service.Request(t.Context(), start, before, id)
	w.must(err)
	_, err = w.Service.Request(t.Context(), start, after, id)
	w.refused(err, grant.CodeAccessDenied)
	w.refused(w.TakeOver(t.Context(), before, bob), grant.ErrNoSession.Error())
	_, err = w.Service.Request(t.Context(), start, bob, id)
	w.refused(err, grant.CodeAccessDenied)
	w.must(w.TakeOver(t.Context(), before, after))
	_, err = w.Decide(t.Context(), start, before, id, true)
	w.refused(err, grant.CodeAccessDenied)
	_, err = w.Decide(t.Context(), start, after, id, true)
	w.must(err)
}

func TestSession(t *testing.T) {
	w := newWorld(t, "")
	cookie, sess, err := w.StartSession(t.Context(), start.Add(123456*time.Nanosecond), "alice")
	w.must(err)
	equal(t, sess, grant.Session{ID: sess.ID, UserID: "alice", CreatedAt: start, ExpiresAt: at(8 * time.Hour)})
	got, err := w.Session(t.Context(), at(8*time.Hour-time.Millisecond), cookie)
	w.must(err)
	equal(t, got, sess)
	_, err = w.Session(t.Context(), at(8*time.Hour), cookie)
	w.refused(err, grant.ErrNoSession.Error())
	_, err = w.Session(t.Context(), start, sess.ID)
	w.refused(err, grant.ErrNoSession.Error())
	w.disabled["alice"] = true
	_, err = w.Session(t.Context(), start, cookie)
	w.refused(err, grant.ErrNoSession.Error())
	w.disabled["alice"] = false
	w.must(w.EndSession(t.Context(), at(time.Minute), sess))
	_, err = w.Session(t.Context(), at(time.Minute), cookie)
	w.refused(err, grant.ErrNoSession.Error())
	w.UserActive = func(context.Context, string) (bool, error) { return false, errors.New("no directory") }
	_, err = w.Session(t.Context(), start, cookie)
	if err == nil {
		t.Error("got a session, want an error")
	}
}

func TestRoleCredential(t *testing.T) {
	w := newWorld(t, "")
	sess := w.signIn(start, "alice")
	want := grant.RoleCredential{
		AccountID: "111111111111", PermissionSet: "ReadOnly", RoleName: "AWSReservedSSO_ReadOnly_0123456789abcdef", RoleID: "AROA",
		UserID: "id", UserName: "alice", SessionID: sess.ID, ARN: "arn", CallerID: "AROA:alice", ExpiresAt: at(time.Hour),
	}
	issued, secret, token, err := w.IssueRoleCredential(t.Context(), start, want)
	w.must(err)
	want.AccessKeyID, want.IssuedAt = issued.AccessKeyID, start
	equal(t, issued, want)
	if len(issued.AccessKeyID) != 20 || issued.AccessKeyID[:4] != "ASIA" || len(secret) != 40 {
		t.Errorf("got key %q and a secret of %d, want ASIA and 16 more, and 40", issued.AccessKeyID, len(secret))
	}
	got, gotSecret, check, err := w.RoleCredential(t.Context(), issued.AccessKeyID)
	w.must(err)
	equal(t, got, want)
	if gotSecret != secret {
		t.Error("got another secret than was issued")
	}
	for candidate, want := range map[string]bool{token: true, "": false, token[1:]: false, token + "x": false, secret: false} {
		if got := check(candidate); got != want {
			t.Errorf("token of %d characters: got %t, want %t", len(candidate), got, want)
		}
	}
	_, otherSecret, otherToken, err := w.IssueRoleCredential(t.Context(), start, want)
	w.must(err)
	if otherSecret == secret || check(otherToken) {
		t.Error("got the secrets of another key, want different ones")
	}
	_, _, _, err = w.RoleCredential(t.Context(), "ASIAUNKNOWN")
	w.refused(err, grant.ErrUnauthorized.Error())
	want.ExpiresAt = start
	if _, _, _, err = w.IssueRoleCredential(t.Context(), start, want); err == nil {
		t.Error("got a credential that is expired at birth, want an error")
	}
}

func TestCollect(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	tokens := w.tokens(start, c, sess)
	waiting := w.device(start, c)
	cred, _, _, err := w.IssueRoleCredential(t.Context(), start, grant.RoleCredential{SessionID: sess.ID, ExpiresAt: at(time.Hour)})
	w.must(err)
	// Nothing that still answers is dropped, nor what is over but lately.
	w.must(w.Collect(t.Context(), at(time.Hour)))
	w.refused(w.poll(at(time.Hour), c, waiting), grant.CodeExpiredToken)
	w.must(w.Collect(t.Context(), at(7*time.Hour)))
	w.refused(w.poll(at(7*time.Hour), c, waiting), grant.CodeInvalidGrant)
	_, err = w.refresh(at(7*time.Hour), c, tokens.RefreshToken)
	w.must(err)
	_, _, _, err = w.RoleCredential(t.Context(), cred.AccessKeyID)
	w.must(err)
	w.must(w.Collect(t.Context(), at(25*time.Hour)))
	_, _, _, err = w.RoleCredential(t.Context(), cred.AccessKeyID)
	w.refused(err, grant.ErrUnauthorized.Error())
	_, err = w.StartDevice(t.Context(), at(89*24*time.Hour), c.ID, c.secret, startURL, grant.DeviceOptions{})
	w.must(err)
	w.must(w.Collect(t.Context(), at(90*24*time.Hour)))
	_, err = w.StartDevice(t.Context(), start, c.ID, c.secret, startURL, grant.DeviceOptions{})
	w.refused(err, grant.CodeInvalidClient)
}

func TestWhoseAccess(t *testing.T) {
	w := newWorld(t, "")
	c := w.register(start)
	token := w.tokens(start, c, w.signIn(start, "bob")).AccessToken
	w.must(w.SignOut(t.Context(), start, token)) // it is no good any more, and known
	if client, user := w.WhoseAccess(t.Context(), token); client == "" || user != "bob" {
		t.Errorf("got %q of %q", user, client)
	}
	if client, user := w.WhoseAccess(t.Context(), "no such token"); client != "" || user != "" {
		t.Errorf("got %q of %q for a token nobody has", user, client)
	}
}

func TestWhose(t *testing.T) {
	w := newWorld(t, "")
	c, alice, bob := w.register(start), w.signIn(start, "alice"), w.signIn(start, "bob")
	undecided := w.device(start, c)
	approved := w.approved(start, c, bob)
	authorized := w.authorized(start, c, alice)
	tokens := w.tokens(start, c, bob)
	for _, test := range []struct{ device, code, refresh, want string }{
		{device: approved.DeviceCode, want: "bob"},
		{code: authorized, want: "alice"},
		{refresh: tokens.RefreshToken, want: "bob"},
		{device: undecided.DeviceCode},
		{device: "no such code", code: authorized},
		{code: tokens.RefreshToken},
		{refresh: tokens.AccessToken},
		{},
	} {
		if got := w.Whose(t.Context(), test.device, test.code, test.refresh); got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}
