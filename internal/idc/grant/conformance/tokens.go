package conformance

import (
	"errors"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func redeeming(t *testing.T, f *fixture) {
	f.client("c")
	f.session("s", "alice")
	for _, r := range []grant.RequestRecord{deviceRequest("device", "c"), codeRequest("code", "c")} {
		fresh := deviceOrCode(r, "fresh "+r.Flow)
		f.insert(fresh)
		f.is(f.Redeem(t.Context(), redemption(fresh, "fresh")), grant.ErrConflict) // pending
		r = f.allowed(r)
		good := redemption(r, r.Flow)
		expired := at(10 * time.Minute)
		if r.Flow == grant.FlowAuthorizationCode {
			expired = at(5 * time.Minute)
		}
		for name, change := range map[string]func(*grant.Redemption){
			"unknown request": func(x *grant.Redemption) { x.ID = hash("nothing") },
			"other session":   func(x *grant.Redemption) { x.Family.SessionID = "other" },
			"expired":         func(x *grant.Redemption) { x.Now = expired },
			"session expired": func(x *grant.Redemption) { x.Now = at(8 * time.Hour) },
		} {
			bad := good
			change(&bad)
			if err := f.Redeem(t.Context(), bad); !errors.Is(err, grant.ErrConflict) {
				t.Errorf("%s: got error %v, want %v", name, err, grant.ErrConflict)
			}
		}
		_, err := f.AccessToken(t.Context(), good.Access.Token)
		f.is(err, grant.ErrNotFound)
		good.Now = expired.Add(-time.Millisecond)
		f.ok(f.Redeem(t.Context(), good))
		got := f.read(r.ID)
		f.same(got.Status, grant.StatusRedeemed)
		f.same(got.FamilyID, good.Family.ID)

		again := redemption(r, "again")
		f.is(f.Redeem(t.Context(), again), grant.ErrConflict)
		_, err = f.AccessToken(t.Context(), again.Access.Token)
		f.is(err, grant.ErrNotFound)
	}
	r := f.allowed(deviceRequest("late", "c"))
	f.end("s", start)
	f.is(f.Redeem(t.Context(), redemption(r, "late")), grant.ErrConflict)
}

func redeemingIsAtomic(t *testing.T, f *fixture) {
	first := f.family("one")
	second := redemption(f.allowed(deviceRequest("two", "c")), "two")
	// The last of the insertions fails: nothing of the change may be left.
	bad := second
	bad.Refresh = first.Refresh
	if err := f.Redeem(t.Context(), bad); err == nil {
		t.Fatal("got no error, want one")
	}
	f.same(f.read(second.ID).Status, grant.StatusAllowed)
	_, err := f.AccessToken(t.Context(), second.Access.Token)
	f.is(err, grant.ErrNotFound)
	f.ok(f.Redeem(t.Context(), second))
}

func redeemingConcurrently(t *testing.T, f *fixture) {
	f.client("c")
	f.session("s", "alice")
	r := f.allowed(deviceRequest("one", "c"))
	f.same(f.crowd(32, func(i int) error {
		return f.Redeem(t.Context(), redemption(r, number("one", i)))
	}), 1)
	families := 0
	for i := range 32 {
		if a, err := f.AccessToken(t.Context(), hash("access of "+number("one", i))); err == nil {
			families++
			f.same(f.read(r.ID).FamilyID, a.Family.ID)
		}
	}
	f.same(families, 1)
}

func tokens(t *testing.T, f *fixture) {
	r := f.family("one")
	want := grant.FamilyRecord{Family: r.Family, SessionExpiresAt: at(8 * time.Hour)}
	access, err := f.AccessToken(t.Context(), r.Access.Token)
	f.ok(err)
	f.same(access, grant.AccessRecord{Family: want, ExpiresAt: r.Access.ExpiresAt})
	refresh, err := f.RefreshToken(t.Context(), r.Refresh)
	f.ok(err)
	f.same(refresh, grant.RefreshRecord{Family: want})

	// Marks are made once and stay.
	for _, d := range []time.Duration{time.Minute, time.Hour} {
		f.ok(f.RevokeFamily(t.Context(), r.Family.ID, at(d)))
		f.end("s", at(2*d))
	}
	want.RevokedAt, want.SessionEndedAt = at(time.Minute), at(2*time.Minute)
	access, err = f.AccessToken(t.Context(), r.Access.Token)
	f.ok(err)
	f.same(access.Family, want)

	// A legacy client gets no refresh token.
	f.session("s2", "alice")
	legacy := deviceRequest("legacy", "c")
	f.insert(legacy)
	_, err = f.BindRequest(t.Context(), legacy.ID, "s2")
	f.ok(err)
	_, err = f.Decide(t.Context(), verdict(legacy, "s2"))
	f.ok(err)
	x := redemption(legacy, "legacy")
	x.Family.SessionID, x.Refresh = "s2", grant.Hash{}
	f.ok(f.Redeem(t.Context(), x))
	_, err = f.RefreshToken(t.Context(), grant.Hash{})
	f.is(err, grant.ErrNotFound)
	_, err = f.AccessToken(t.Context(), x.Access.Token)
	f.ok(err)
}

func rotation(token grant.Hash, successor string, now time.Time) grant.Rotation {
	return grant.Rotation{
		Token: token, Now: now,
		Access:  grant.NewAccess{Token: hash("access of " + successor), ExpiresAt: now.Add(time.Hour)},
		Refresh: hash("refresh of " + successor),
	}
}

func rotating(t *testing.T, f *fixture) {
	r := f.family("one")
	f.is(f.Rotate(t.Context(), rotation(hash("nothing"), "x", start)), grant.ErrConflict)
	f.is(f.Rotate(t.Context(), rotation(r.Refresh, "x", r.Family.ExpiresAt)), grant.ErrConflict)

	f.ok(f.Rotate(t.Context(), rotation(r.Refresh, "two", at(time.Hour))))
	f.is(f.Rotate(t.Context(), rotation(r.Refresh, "fork", at(time.Hour))), grant.ErrConflict)
	_, err := f.RefreshToken(t.Context(), hash("refresh of fork"))
	f.is(err, grant.ErrNotFound)
	_, err = f.AccessToken(t.Context(), hash("access of fork"))
	f.is(err, grant.ErrNotFound)

	first, err := f.RefreshToken(t.Context(), r.Refresh)
	f.ok(err)
	f.same(first, grant.RefreshRecord{Family: first.Family, RotatedAt: at(time.Hour), SuccessorAccessExpires: at(2 * time.Hour)})
	second, err := f.RefreshToken(t.Context(), hash("refresh of two"))
	f.ok(err)
	f.same(second, grant.RefreshRecord{Family: first.Family})
	access, err := f.AccessToken(t.Context(), hash("access of two"))
	f.ok(err)
	f.same(access, grant.AccessRecord{Family: first.Family, ExpiresAt: at(2 * time.Hour)})

	f.ok(f.Rotate(t.Context(), rotation(hash("refresh of two"), "three", at(3*time.Hour))))
	first, err = f.RefreshToken(t.Context(), r.Refresh)
	f.ok(err)
	f.same(first.SuccessorRotatedAt, at(3*time.Hour))

	// A revoked family, or an ended session, is not extended.
	f.ok(f.RevokeFamily(t.Context(), r.Family.ID, at(3*time.Hour)))
	f.is(f.Rotate(t.Context(), rotation(hash("refresh of three"), "four", at(3*time.Hour))), grant.ErrConflict)
	other := redemption(f.allowed(deviceRequest("other", "c")), "other")
	f.ok(f.Redeem(t.Context(), other))
	f.end("s", at(3*time.Hour))
	f.is(f.Rotate(t.Context(), rotation(other.Refresh, "five", at(3*time.Hour))), grant.ErrConflict)
}

func rotatingConcurrently(t *testing.T, f *fixture) {
	r := f.family("one")
	f.same(f.crowd(32, func(i int) error {
		return f.Rotate(t.Context(), rotation(r.Refresh, number("next", i), at(time.Minute)))
	}), 1)
	ends := 0
	for i := range 32 {
		if _, err := f.RefreshToken(t.Context(), hash("refresh of "+number("next", i))); err == nil {
			ends++
		}
	}
	f.same(ends, 1)
}
