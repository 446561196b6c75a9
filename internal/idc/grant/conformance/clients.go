package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func clients(t *testing.T, f *fixture) {
	want := f.client("one")
	bare := grant.ClientRecord{Client: grant.Client{ID: "bare", Name: "名", Type: "public", IssuedAt: start, ExpiresAt: at(time.Hour)}, Secret: hash("bare")}
	f.ok(f.InsertClient(t.Context(), bare, start, start, 1000))
	for _, want := range []grant.ClientRecord{want, bare} {
		got, err := f.Client(t.Context(), want.ID)
		f.ok(err)
		f.same(got, want)
	}
	f.is(f.InsertClient(t.Context(), want, start, start, 1000), grant.ErrConflict)
	_, err := f.Client(t.Context(), "two")
	f.is(err, grant.ErrNotFound)
}

func clientLimit(t *testing.T, f *fixture) {
	insert := func(id string, now, unusedBefore time.Time) error {
		c := clientRecord(id)
		c.IssuedAt, c.ExpiresAt = now, now.Add(time.Hour)
		return f.InsertClient(t.Context(), c, now, unusedBefore, 3)
	}
	gone := func(id string) {
		t.Helper()
		_, err := f.Client(t.Context(), id)
		f.is(err, grant.ErrNotFound)
	}
	there := func(id string) {
		t.Helper()
		_, err := f.Client(t.Context(), id)
		f.ok(err)
	}
	f.ok(insert("one", start, at(-time.Hour)))
	f.ok(insert("two", at(10*time.Minute), at(-time.Hour)))
	f.ok(insert("three", at(20*time.Minute), at(-time.Hour)))
	f.is(insert("four", at(30*time.Minute), at(-time.Hour)), grant.ErrFull)
	gone("four")

	// The first has expired at this very moment and makes room.
	f.ok(insert("four", at(time.Hour), at(-time.Hour)))
	gone("one")
	f.is(insert("five", at(time.Hour), at(9*time.Minute)), grant.ErrFull)

	// Of those that are old enough the used one stays.
	f.session("s", "alice")
	r := deviceRequest("used", "two")
	f.ok(f.Redeem(t.Context(), redemption(f.allowed(r), "used")))
	f.ok(insert("five", at(time.Hour), at(20*time.Minute)))
	there("two")
	gone("three")
	there("four")
	there("five")
}

// Dropping a client would drop what somebody is about to decide or redeem.
func clientsWithRequests(t *testing.T, f *fixture) {
	f.session("s", "alice")
	insert := func(id string, now time.Time, max int) error {
		c := clientRecord(id)
		c.IssuedAt = now
		return f.InsertClient(t.Context(), c, now, now.Add(-time.Minute), max)
	}
	for i, id := range []string{"pending", "allowed", "coded", "denied", "idle one", "idle two"} {
		f.ok(insert(id, at(time.Duration(i)*time.Millisecond), 6))
	}
	f.insert(deviceRequest("pending", "pending"))
	f.allowed(deviceRequest("allowed", "allowed"))
	coded := f.insert(codeRequest("coded", "coded"))
	denied := f.insert(codeRequest("denied", "denied"))
	for _, r := range []grant.RequestRecord{coded, denied} {
		_, err := f.BindRequest(t.Context(), r.ID, "s")
		f.ok(err)
		v := verdict(r, "s")
		v.Allow = r.ID == coded.ID
		if v.CodeExpiresAt = at(20 * time.Minute); !v.Allow {
			v.Code, v.CodeExpiresAt = grant.Hash{}, time.Time{}
		}
		_, err = f.Decide(t.Context(), v)
		f.ok(err)
	}
	are := func(want ...string) {
		t.Helper()
		var got []string
		for _, id := range []string{"pending", "allowed", "coded", "denied", "idle one", "idle two", "next", "last", "later"} {
			if _, err := f.Client(t.Context(), id); err == nil {
				got = append(got, id)
			}
		}
		f.same(got, want)
	}
	// The oldest goes, and no more than need be.
	f.ok(insert("next", at(2*time.Minute), 6))
	are("pending", "allowed", "coded", "idle one", "idle two", "next")
	f.ok(insert("last", at(2*time.Minute), 5))
	are("pending", "allowed", "coded", "next", "last")
	f.is(insert("later", at(2*time.Minute), 5), grant.ErrFull)
	// Once what it asked for has expired it can go: the code of one lasts longer.
	f.ok(insert("later", at(11*time.Minute), 3))
	are("coded", "next", "later")
}

func sessions(t *testing.T, f *fixture) {
	want := f.session("s", "alice")
	got, endedAt, err := f.SessionByCookie(t.Context(), hash("cookie of s"))
	f.ok(err)
	f.same(got, want)
	f.same(endedAt, time.Time{})
	f.is(f.InsertSession(t.Context(), want, hash("another cookie")), grant.ErrConflict)
	other := want
	other.ID = "other"
	f.is(f.InsertSession(t.Context(), other, hash("cookie of s")), grant.ErrConflict)

	// The first end counts.
	f.same(f.end("s", at(time.Minute)), true)
	f.same(f.end("s", at(time.Hour)), false)
	f.same(f.end("unknown", at(time.Hour)), false)
	_, endedAt, err = f.SessionByCookie(t.Context(), hash("cookie of s"))
	f.ok(err)
	f.same(endedAt, at(time.Minute))
}

func credentials(t *testing.T, f *fixture) {
	f.session("s", "alice")
	c := grant.RoleCredential{
		AccessKeyID: "ASIAAAAAAAAAAAAAAAAA", AccountID: "111111111111", PermissionSet: "ReadOnly",
		RoleName: "AWSReservedSSO_ReadOnly_0123456789abcdef", RoleID: "AROAAAAAAAAAAAAAAAAAA",
		UserID: "1234567890-id", UserName: "alice", SessionID: "s", Workflow: "c0ffee",
		ARN: "arn:aws:sts::111111111111:assumed-role/x/alice", CallerID: "AROA:alice",
		SessionPolicies: `[{"Statement":[]}]`, TransitiveTags: `[{"Key":"a","Value":"b"}]`, SourceIdentity: "alice",
		Administrator: true, IssuedAt: start, ExpiresAt: at(time.Hour),
	}
	f.ok(f.InsertCredential(t.Context(), c, start))
	got, err := f.Credential(t.Context(), c.AccessKeyID)
	f.ok(err)
	f.same(got, c)
	f.is(f.InsertCredential(t.Context(), c, start), grant.ErrConflict)

	c.AccessKeyID = "ASIAB"
	f.is(f.InsertCredential(t.Context(), c, at(8*time.Hour)), grant.ErrNotFound)
	f.end("s", at(time.Minute))
	f.is(f.InsertCredential(t.Context(), c, at(2*time.Minute)), grant.ErrNotFound)
	_, err = f.Credential(t.Context(), c.AccessKeyID)
	f.is(err, grant.ErrNotFound)

	// Without a session there is none to be live.
	c.SessionID = ""
	f.ok(f.InsertCredential(t.Context(), c, at(2*time.Minute)))
}

func collecting(t *testing.T, f *fixture) {
	r := f.family("one")
	f.ok(f.InsertCredential(t.Context(), grant.RoleCredential{AccessKeyID: "ASIA", IssuedAt: start, ExpiresAt: at(time.Hour)}, start))
	all := func(d time.Duration) grant.Horizon {
		return grant.Horizon{Clients: at(d), Requests: at(d), Sessions: at(d), Credentials: at(d)}
	}
	has := func(want map[string]bool) {
		t.Helper()
		got := map[string]bool{}
		_, err := f.Client(t.Context(), "c")
		got["client"] = err == nil
		_, err = f.Request(t.Context(), r.ID)
		got["request"] = err == nil
		_, err = f.AccessToken(t.Context(), r.Access.Token)
		got["access"] = err == nil
		_, err = f.RefreshToken(t.Context(), r.Refresh)
		got["refresh"] = err == nil
		_, _, err = f.SessionByCookie(t.Context(), hash("cookie of s"))
		got["session"] = err == nil
		_, err = f.Credential(t.Context(), "ASIA")
		got["credential"] = err == nil
		f.same(got, want)
	}
	f.ok(f.Collect(t.Context(), all(10*time.Minute-time.Millisecond)))
	has(map[string]bool{"client": true, "request": true, "access": true, "refresh": true, "session": true, "credential": true})
	f.ok(f.Collect(t.Context(), all(10*time.Minute)))
	has(map[string]bool{"client": true, "request": false, "access": true, "refresh": true, "session": true, "credential": true})
	// The access token has expired, but still ends its session.
	f.ok(f.Collect(t.Context(), all(time.Hour)))
	has(map[string]bool{"client": true, "request": false, "access": true, "refresh": true, "session": true, "credential": false})
	f.end("s", at(2*time.Hour))
	f.ok(f.Collect(t.Context(), all(2*time.Hour)))
	has(map[string]bool{"client": true, "request": false, "access": false, "refresh": false, "session": false, "credential": false})
	f.ok(f.Collect(t.Context(), all(90*24*time.Hour)))
	has(map[string]bool{"client": false, "request": false, "access": false, "refresh": false, "session": false, "credential": false})
}

func endedContexts(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Client(ctx, "c")
	f.is(err, context.Canceled)
	_, err = f.EndSession(ctx, "s", start)
	f.is(err, context.Canceled)
	f.client("c")
	_, err = f.Client(t.Context(), "c")
	f.ok(err)
}

func nothing(t *testing.T, f *fixture) {
	ctx := t.Context()
	_, err := f.Request(ctx, hash("x"))
	f.is(err, grant.ErrNotFound)
	_, err = f.RequestByCode(ctx, hash("x"))
	f.is(err, grant.ErrNotFound)
	_, err = f.RequestByDeviceCode(ctx, hash("x"))
	f.is(err, grant.ErrNotFound)
	_, err = f.RequestByUserCode(ctx, hash("x"))
	f.is(err, grant.ErrNotFound)
	// The zero hash means none, and finds none.
	f.client("c")
	f.insert(codeRequest("one", "c"))
	_, err = f.RequestByDeviceCode(ctx, grant.Hash{})
	f.is(err, grant.ErrNotFound)
	_, err = f.RequestByCode(ctx, grant.Hash{})
	f.is(err, grant.ErrNotFound)
	_, err = f.RequestByUserCode(ctx, grant.Hash{})
	f.is(err, grant.ErrNotFound)
	_, err = f.Settle(ctx, grant.Verdict{ID: hash("x"), Now: start}, grant.Session{}, grant.Hash{})
	f.is(err, grant.ErrConflict)
	all, err := f.Sessions(ctx, "", start)
	f.ok(err)
	f.same(len(all), 0)
	n, err := f.EndSessionsOf(ctx, "alice", start)
	f.ok(err)
	f.same(n, 0)
	f.ok(f.Age(ctx, time.Hour))
	_, err = f.BindRequest(ctx, hash("x"), "s")
	f.is(err, grant.ErrNotFound)
	_, _, err = f.Poll(ctx, hash("x"), start)
	f.is(err, grant.ErrConflict)
	_, _, err = f.SessionByCookie(ctx, hash("x"))
	f.is(err, grant.ErrNotFound)
	_, err = f.AccessToken(ctx, hash("x"))
	f.is(err, grant.ErrNotFound)
	_, err = f.RefreshToken(ctx, hash("x"))
	f.is(err, grant.ErrNotFound)
	_, err = f.Credential(ctx, "x")
	f.is(err, grant.ErrNotFound)
	f.ok(f.RevokeFamily(ctx, "x", start))
	f.ok(f.Collect(ctx, grant.Horizon{}))
}
