package conformance

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// scripted is a request that bob's script answers after a minute.
func scripted(r grant.RequestRecord) grant.RequestRecord {
	r.Answer, r.AnswerUserID, r.AnswerAt = grant.AnswerAllow, "bob", at(time.Minute)
	return r
}

// settling is how it is answered in a session that begins with the answer.
func settling(t *testing.T, r grant.RequestRecord, sessionID string, now time.Time) (context.Context, grant.Verdict, grant.Session, grant.Hash) {
	v := verdict(r, sessionID)
	v.UserID, v.Now = "bob", now
	return t.Context(), v, grant.Session{ID: sessionID, UserID: "bob", CreatedAt: now, ExpiresAt: now.Add(8 * time.Hour)}, hash("cookie of " + sessionID)
}

func scripts(t *testing.T, f *fixture) {
	f.client("c")
	f.session("s", "alice")
	session := func(id string) error {
		_, _, err := f.SessionByCookie(t.Context(), hash("cookie of "+id))
		return err
	}
	for _, r := range []grant.RequestRecord{deviceRequest("device", "c"), codeRequest("code", "c")} {
		want := f.insert(scripted(r))
		f.same(f.read(r.ID), want)

		// It is for no person to decide.
		got, err := f.BindRequest(t.Context(), r.ID, "s")
		f.ok(err)
		f.same(bare(got), want)
		if r.Flow == grant.FlowDevice {
			got, bound, err := f.TryUserCode(t.Context(), try("device", "s", "alice", start))
			f.ok(err)
			f.same(bound, false)
			f.same(bare(got), want)
		}
		for _, sessionID := range []string{"s", ""} {
			_, err = f.Decide(t.Context(), verdict(r, sessionID))
			f.is(err, grant.ErrConflict)
		}

		id := "of " + r.Flow
		for name, now := range map[string]time.Time{"too early": at(time.Minute - time.Millisecond), "too late": at(10 * time.Minute)} {
			if _, err := f.Settle(settling(t, r, id, now)); !errors.Is(err, grant.ErrConflict) {
				t.Errorf("%s: got error %v, want %v", name, err, grant.ErrConflict)
			}
		}
		f.is(session(id), grant.ErrNotFound)
		got, err = f.Settle(settling(t, r, id, at(time.Minute)))
		f.ok(err)
		_, v, sess, cookie := settling(t, r, id, at(time.Minute))
		want.Status, want.SessionID, want.UserID = grant.StatusAllowed, id, "bob"
		if r.Flow == grant.FlowAuthorizationCode {
			want.Code, want.CodeExpiresAt = v.Code, v.CodeExpiresAt
		}
		f.same(bare(got), want)
		f.same(got.SessionExpiresAt, sess.ExpiresAt)
		stored, endedAt, err := f.SessionByCookie(t.Context(), cookie)
		f.ok(err)
		f.same(stored, sess)
		f.same(endedAt, time.Time{})
		// Once.
		_, err = f.Settle(settling(t, r, id+" again", at(2*time.Minute)))
		f.is(err, grant.ErrConflict)
		f.is(session(id+" again"), grant.ErrNotFound)
		// What it allowed is redeemed like any other.
		x := redemption(want, r.Flow)
		x.Now, x.Family.SessionID, x.Family.UserID = at(2*time.Minute), id, "bob"
		f.ok(f.Redeem(t.Context(), x))
	}

	// To deny takes no session.
	r := scripted(codeRequest("denied", "c"))
	r.Answer = grant.AnswerDeny
	f.insert(r)
	got, err := f.Settle(t.Context(), grant.Verdict{ID: r.ID, UserID: "bob", Now: at(time.Minute)}, grant.Session{}, grant.Hash{})
	f.ok(err)
	r.Status, r.UserID = grant.StatusDenied, "bob"
	f.same(bare(got), r)
	f.is(session(""), grant.ErrNotFound)

	// Neither without a script, nor by one that never answers.
	never := deviceRequest("never", "c")
	never.Answer = grant.AnswerNever
	for _, r := range []grant.RequestRecord{deviceRequest("a person's", "c"), never} {
		f.insert(r)
		_, err := f.Settle(settling(t, r, "x", at(5*time.Minute)))
		f.is(err, grant.ErrConflict)
		f.same(f.read(r.ID), r)
	}
	f.is(session("x"), grant.ErrNotFound)
}

func scriptsAreAtomic(t *testing.T, f *fixture) {
	f.client("c")
	f.session("s", "alice")
	r := f.insert(scripted(deviceRequest("one", "c")))
	_, err := f.Settle(settling(t, r, "s", at(time.Minute))) // the session's id is taken
	f.is(err, grant.ErrConflict)
	f.same(f.read(r.ID), r)
	_, err = f.Settle(settling(t, r, "t", at(time.Minute)))
	f.ok(err)
}

func settlingConcurrently(t *testing.T, f *fixture) {
	f.client("c")
	r := f.insert(scripted(deviceRequest("one", "c")))
	f.same(f.crowd(32, func(i int) error {
		_, err := f.Settle(settling(t, r, number("s", i), at(time.Minute)))
		return err
	}), 1)
	all, err := f.Sessions(t.Context(), "", at(time.Minute))
	f.ok(err)
	f.same(len(all), 1)
	f.same(f.read(r.ID).SessionID, all[0].ID)
}
