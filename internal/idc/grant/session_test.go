package grant_test

import (
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func TestSessions(t *testing.T) {
	w := newWorld(t, "")
	one := w.register(start, func(r *grant.Registration) { r.Name = "one" })
	two := w.register(start, func(r *grant.Registration) { r.Name = "two" })
	alice, bob := w.signIn(start, "alice"), w.signIn(at(time.Second), "bob")
	w.tokens(start, one, alice)
	w.tokens(at(time.Second), two, alice)
	w.tokens(at(2*time.Second), one, alice)
	leaked := w.authorized(start, two, bob)
	_, err := w.redeemCode(start, two, leaked)
	w.must(err)
	both := grant.SessionInfo{Session: alice, Clients: []string{"one", "two"}}
	equal(t, w.sessions(at(3*time.Second), ""), []grant.SessionInfo{both, {Session: bob, Clients: []string{"two"}}})
	equal(t, w.sessions(at(3*time.Second), "alice"), []grant.SessionInfo{both})
	// A family that was revoked acts for nobody.
	_, err = w.redeemCode(start, two, leaked)
	w.refused(err, grant.CodeInvalidGrant)
	equal(t, w.sessions(at(3*time.Second), "bob"), []grant.SessionInfo{{Session: bob}})
	if got := w.sessions(at(8*time.Hour), ""); len(got) != 1 || got[0].ID != bob.ID {
		t.Errorf("got %+v, want bob's, which began a second later", got)
	}
}

// As in AWS: everything that would go through Identity Center is refused at
// once, and role credentials live on to their own expiry.
func TestReachOfARevocation(t *testing.T) {
	for name, revoke := range map[string]func(w *world, now time.Time, sess grant.Session){
		"by id": func(w *world, now time.Time, sess grant.Session) {
			w.must(w.EndSessionByID(w.Context(), now, sess.ID))
			w.refused(w.EndSessionByID(w.Context(), now, sess.ID), grant.ErrNotFound.Error())
		},
		"of a person": func(w *world, now time.Time, sess grant.Session) {
			for _, want := range []int{2, 0} {
				n, err := w.EndSessionsOf(w.Context(), now, sess.UserID)
				w.must(err)
				equal(w, n, want)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "")
			c, sess := w.register(start), w.signIn(start, "alice")
			w.signIn(start, "alice")
			bobs := w.tokens(start, c, w.signIn(start, "bob"))
			tokens := w.tokens(start, c, sess)
			access, err := w.AccessToken(t.Context(), start, tokens.AccessToken)
			w.must(err)
			credential := grant.RoleCredential{UserID: access.UserID, SessionID: access.SessionID, Workflow: access.FamilyID, ExpiresAt: at(time.Hour)}
			issued, secret, _, err := w.IssueRoleCredential(t.Context(), start, credential)
			w.must(err)
			allowed := w.approved(start, c, sess)
			pending, err := w.BeginAuthorization(t.Context(), start, authorize(c))
			w.must(err)
			_, err = w.Service.Request(t.Context(), start, sess, pending)
			w.must(err)

			now := at(time.Minute)
			revoke(w, now, sess)

			_, err = w.AccessToken(t.Context(), now, tokens.AccessToken)
			w.refused(err, grant.ErrUnauthorized.Error())
			_, err = w.refresh(now, c, tokens.RefreshToken)
			w.refused(err, grant.CodeInvalidGrant)
			_, _, _, err = w.IssueRoleCredential(t.Context(), now, credential)
			w.refused(err, grant.ErrUnauthorized.Error())
			w.refused(w.poll(now, c, allowed), grant.CodeInvalidGrant)
			_, err = w.Decide(t.Context(), now, sess, pending, true)
			w.refused(err, grant.ErrNoSession.Error())
			w.refused(w.SignOut(t.Context(), now, tokens.AccessToken), grant.ErrUnauthorized.Error())

			got, gotSecret, _, err := w.RoleCredential(t.Context(), issued.AccessKeyID)
			w.must(err)
			equal(t, got, issued)
			if gotSecret != secret || got.Workflow != tokens.Workflow {
				t.Errorf("got %+v, want the credentials as they were", got)
			}
			_, err = w.AccessToken(t.Context(), now, bobs.AccessToken)
			w.must(err)
		})
	}
}

func TestEndingNothing(t *testing.T) {
	w := newWorld(t, "")
	sess := w.signIn(start, "alice")
	w.refused(w.EndSessionByID(t.Context(), start, "unknown"), grant.ErrNotFound.Error())
	w.refused(w.EndSessionByID(t.Context(), at(8*time.Hour), sess.ID), grant.ErrNotFound.Error())
	n, err := w.EndSessionsOf(t.Context(), start, "")
	if n != 0 || err != nil {
		t.Errorf("got %d and %v, want nobody's", n, err)
	}
	w.must(w.EndSessionByID(t.Context(), start, sess.ID))
}
