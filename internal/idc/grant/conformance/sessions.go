package conformance

import (
	"errors"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// redeemed makes a family in a session.
func (f *fixture) redeemed(name, clientName string, sess grant.Session, now time.Time) grant.Redemption {
	f.Helper()
	r := f.insert(deviceRequest(name, "c"))
	_, err := f.BindRequest(f.Context(), r.ID, sess.ID)
	f.ok(err)
	_, err = f.Decide(f.Context(), verdict(r, sess.ID))
	f.ok(err)
	x := redemption(r, name)
	x.Family.ClientName, x.Family.SessionID, x.Family.CreatedAt, x.Now = clientName, sess.ID, now, now
	f.ok(f.Redeem(f.Context(), x))
	return x
}

func listingSessions(t *testing.T, f *fixture) {
	f.client("c")
	session := func(id, userID string, created time.Duration) grant.SessionInfo {
		s := grant.Session{ID: id, UserID: userID, CreatedAt: at(created), ExpiresAt: at(created + 8*time.Hour)}
		f.ok(f.InsertSession(t.Context(), s, hash("cookie of "+id)))
		return grant.SessionInfo{Session: s}
	}
	// The oldest last, so that no order of insertion will do.
	young, bobs := session("young", "alice", 0), session("bob's", "bob", -time.Hour)
	old, gone := session("old", "alice", -2*time.Hour), session("gone", "alice", -3*time.Hour)
	lists := func(userID string, now time.Time, want ...grant.SessionInfo) {
		t.Helper()
		got, err := f.Sessions(t.Context(), userID, now)
		f.ok(err)
		f.same(got, want)
	}
	lists("", start, gone, old, bobs, young)
	lists("alice", start, gone, old, young)
	lists("bob", start, bobs)
	lists("carol", start)

	f.redeemed("c", "second", old.Session, at(4*time.Second))
	first := f.redeemed("b", "first", old.Session, at(3*time.Second))
	f.redeemed("a", "second", old.Session, at(5*time.Second))
	f.redeemed("d", "third", young.Session, at(6*time.Second))
	old.Clients, young.Clients = []string{"first", "second"}, []string{"third"}
	lists("alice", at(time.Minute), gone, old, young)
	f.ok(f.RevokeFamily(t.Context(), first.Family.ID, at(time.Minute)))
	old.Clients = []string{"second"}
	lists("alice", at(time.Minute), gone, old, young)

	// An end, and an expiry, take a session off the list.
	f.end("gone", at(time.Minute))
	lists("", at(time.Minute), old, bobs, young)
	lists("", at(6*time.Hour-time.Millisecond), old, bobs, young)
	lists("", at(6*time.Hour), bobs, young)
	lists("", at(8*time.Hour))
}

func endingSessions(t *testing.T, f *fixture) {
	for _, id := range []string{"a", "b", "ended"} {
		f.session(id, "alice")
	}
	f.session("other", "bob")
	f.same(f.end("ended", at(time.Minute)), true)
	ends := func(userID string, now time.Time, want int) {
		t.Helper()
		n, err := f.EndSessionsOf(t.Context(), userID, now)
		f.ok(err)
		f.same(n, want)
	}
	ends("", at(time.Hour), 0)
	ends("alice", at(time.Hour), 2)
	ends("alice", at(time.Hour), 0)
	ends("bob", at(8*time.Hour), 0) // over by then
	for id, want := range map[string]time.Time{"a": at(time.Hour), "b": at(time.Hour), "ended": at(time.Minute), "other": {}} {
		_, endedAt, err := f.SessionByCookie(t.Context(), hash("cookie of "+id))
		f.ok(err)
		f.same(endedAt, want)
	}
	f.same(f.end("other", at(8*time.Hour)), false)
	f.same(f.end("other", at(8*time.Hour-time.Millisecond)), true)
}

// Every time there is moves back, and what never was stays that.
func ageing(t *testing.T, f *fixture) {
	const by = 17*time.Hour + 3*time.Millisecond
	c := f.client("c")
	sess, ended := f.session("s", "alice"), f.session("ended", "alice")
	f.end("ended", at(time.Minute))
	pending, code := f.insert(deviceRequest("pending", "c")), f.allowed(codeRequest("code", "c"))
	waiting := f.insert(scripted(deviceRequest("waiting", "c")))
	x := f.redeemed("redeemed", "c", sess, at(2*time.Second))
	f.ok(f.Rotate(t.Context(), rotation(x.Refresh, "next", at(time.Minute))))
	f.ok(f.Rotate(t.Context(), rotation(hash("refresh of next"), "last", at(2*time.Minute))))
	access, err := f.AccessToken(t.Context(), x.Access.Token)
	f.ok(err)
	refresh, err := f.RefreshToken(t.Context(), x.Refresh)
	f.ok(err)
	revoked := f.redeemed("revoked", "c", sess, at(2*time.Second))
	f.ok(f.RevokeFamily(t.Context(), revoked.Family.ID, at(time.Minute)))
	credential := grant.RoleCredential{AccessKeyID: "ASIA", IssuedAt: start, ExpiresAt: at(time.Hour)}
	f.ok(f.InsertCredential(t.Context(), credential, start))
	_, _, err = f.Poll(t.Context(), pending.ID, at(time.Second))
	f.ok(err)
	for range 2 {
		_, _, err = f.TryUserCode(t.Context(), try("none", "s", "alice", at(time.Second)))
		f.is(err, grant.ErrNotFound)
	}
	// Something that was long ago stays something that was.
	f.ok(f.InsertSession(t.Context(), grant.Session{ID: "old", CreatedAt: time.UnixMilli(7), ExpiresAt: time.UnixMilli(9).UTC()}, hash("old")))

	f.ok(f.Age(t.Context(), by))

	older := func(times ...*time.Time) {
		for _, x := range times {
			*x = x.Add(-by)
		}
	}
	older(&c.IssuedAt, &c.ExpiresAt)
	gotClient, err := f.Client(t.Context(), "c")
	f.ok(err)
	f.same(gotClient, c)

	older(&pending.CreatedAt, &pending.ExpiresAt, &code.CreatedAt, &code.ExpiresAt, &code.CodeExpiresAt,
		&waiting.CreatedAt, &waiting.ExpiresAt, &waiting.AnswerAt)
	for _, want := range []grant.RequestRecord{pending, waiting, bare(code)} {
		f.same(f.read(want.ID), want)
	}
	n, previous, err := f.Poll(t.Context(), pending.ID, start)
	f.ok(err)
	f.same(n, 2)
	f.same(previous, at(time.Second-by))
	got, err := f.Request(t.Context(), code.ID)
	f.ok(err)
	f.same(got.SessionExpiresAt, at(8*time.Hour-by))

	endedAt := at(time.Minute)
	older(&sess.CreatedAt, &sess.ExpiresAt, &ended.CreatedAt, &ended.ExpiresAt, &endedAt)
	for _, want := range []struct {
		grant.Session
		endedAt time.Time
	}{{sess, time.Time{}}, {ended, endedAt}} {
		got, gotEnd, err := f.SessionByCookie(t.Context(), hash("cookie of "+want.ID))
		f.ok(err)
		f.same(got, want.Session)
		f.same(gotEnd, want.endedAt)
	}
	old, _, err := f.SessionByCookie(t.Context(), hash("old"))
	f.ok(err)
	if old.CreatedAt.IsZero() || old.ExpiresAt.IsZero() {
		t.Error("an age beyond all times made them none")
	}

	older(&access.ExpiresAt, &access.Family.CreatedAt, &access.Family.ExpiresAt, &access.Family.SessionExpiresAt)
	gotAccess, err := f.AccessToken(t.Context(), x.Access.Token)
	f.ok(err)
	f.same(gotAccess, access)
	refresh.Family = access.Family
	older(&refresh.RotatedAt, &refresh.SuccessorRotatedAt, &refresh.SuccessorAccessExpires)
	gotRefresh, err := f.RefreshToken(t.Context(), x.Refresh)
	f.ok(err)
	f.same(gotRefresh, refresh)
	gotAccess, err = f.AccessToken(t.Context(), revoked.Access.Token)
	f.ok(err)
	f.same(gotAccess.Family.RevokedAt, at(time.Minute-by))
	gotRefresh, err = f.RefreshToken(t.Context(), revoked.Refresh)
	f.ok(err)
	f.same(gotRefresh.RotatedAt, time.Time{})

	older(&credential.IssuedAt, &credential.ExpiresAt)
	gotCredential, err := f.Credential(t.Context(), "ASIA")
	f.ok(err)
	f.same(gotCredential, credential)

	// Two wrong codes a minute before the end of their window are two still.
	limited := try("none", "s", "alice", at(31*time.Second-by))
	limited.Max = 2
	_, _, err = f.TryUserCode(t.Context(), limited)
	var tooMany *grant.TooManyTriesError
	if !errors.As(err, &tooMany) || tooMany.RetryAfter != 30*time.Second {
		t.Errorf("got %v, want to wait 30s", err)
	}
	limited.Now = at(61*time.Second - by)
	_, _, err = f.TryUserCode(t.Context(), limited)
	f.is(err, grant.ErrNotFound)
}
