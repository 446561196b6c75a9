package conformance

import (
	"errors"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func requests(t *testing.T, f *fixture) {
	c := f.client("c")
	device, code := f.insert(deviceRequest("device", "c")), f.insert(codeRequest("code", "c"))
	for _, want := range []grant.RequestRecord{device, code} {
		got, err := f.Request(t.Context(), want.ID)
		f.ok(err)
		f.same(bare(got), want)
		f.same(got.ClientName, c.Name)
		f.same(got.ClientCreated, c.IssuedAt)
	}
	got, err := f.RequestByDeviceCode(t.Context(), device.DeviceCode)
	f.ok(err)
	f.same(bare(got), device)
	got, err = f.RequestByUserCode(t.Context(), device.UserCode)
	f.ok(err)
	f.same(bare(got), device)

	// Each hash is taken once.
	for name, change := range map[string]func(*grant.RequestRecord){
		"id":          func(r *grant.RequestRecord) { r.ID = device.ID },
		"device code": func(r *grant.RequestRecord) { r.DeviceCode = device.DeviceCode },
		"user code":   func(r *grant.RequestRecord) { r.UserCode = device.UserCode },
	} {
		r := deviceRequest("other by "+name, "c")
		change(&r)
		if err := f.InsertRequest(t.Context(), r, start, start, 1000); !errors.Is(err, grant.ErrConflict) {
			t.Errorf("same %s: got error %v, want %v", name, err, grant.ErrConflict)
		}
	}
}

func requestLimit(t *testing.T, f *fixture) {
	f.client("c")
	f.client("other")
	f.session("s", "alice")
	insert := func(r grant.RequestRecord, now time.Time) error {
		r.CreatedAt, r.ExpiresAt = now, now.Add(10*time.Minute)
		if r.ID == hash("id of one") {
			r.ClientID = "other" // with one each, neither gives way to a third
		}
		return f.InsertRequest(t.Context(), r, now, now.Add(-time.Hour), 2)
	}
	bind := func(name string) {
		_, err := f.BindRequest(t.Context(), hash("id of "+name), "s")
		f.ok(err)
	}
	f.ok(insert(deviceRequest("one", "c"), start))
	f.ok(insert(deviceRequest("two", "c"), at(time.Minute)))
	bind("two")
	f.is(insert(deviceRequest("three", "c"), at(time.Minute)), grant.ErrFull)
	f.ok(insert(codeRequest("four", "c"), at(time.Minute)))
	// An expired one is no longer counted, but still there.
	f.ok(insert(deviceRequest("three", "c"), at(10*time.Minute)))
	bind("three")
	f.read(hash("id of one"))
	f.is(insert(deviceRequest("five", "c"), at(10*time.Minute)), grant.ErrFull)
	// Neither is one that was denied; one that waits to be redeemed is.
	deny := func(name string, allow bool) {
		v := verdict(deviceRequest(name, "c"), "s")
		v.Allow = allow
		_, err := f.Decide(t.Context(), v)
		f.ok(err)
	}
	deny("two", true)
	f.is(insert(deviceRequest("five", "c"), at(10*time.Minute)), grant.ErrFull)
	deny("three", false)
	f.ok(insert(deviceRequest("five", "c"), at(10*time.Minute)))
	// Long expired ones are dropped on the way.
	f.ok(insert(deviceRequest("six", "c"), at(70*time.Minute)))
	_, err := f.Request(t.Context(), hash("id of one"))
	f.is(err, grant.ErrNotFound)
}

// One client's requests give way to its own next one, and to other clients'.
func requestHoarding(t *testing.T, f *fixture) {
	f.client("hoarder")
	f.client("c")
	f.client("d")
	f.session("s", "alice")
	insert := func(name, clientID string, second int) error {
		r := deviceRequest(name, clientID)
		now := at(time.Duration(second) * time.Second)
		r.CreatedAt, r.ExpiresAt = now, now.Add(10*time.Minute)
		return f.InsertRequest(t.Context(), r, now, now.Add(-time.Hour), 4)
	}
	are := func(want ...string) {
		t.Helper()
		var got []string
		for _, name := range []string{"h1", "h2", "h3", "h4", "h5", "c1", "c2", "d1"} {
			switch _, err := f.Request(t.Context(), hash("id of "+name)); {
			case err == nil:
				got = append(got, name)
			default:
				f.is(err, grant.ErrNotFound)
			}
		}
		f.same(got, want)
	}
	for i, name := range []string{"h1", "h2", "h3", "h4"} {
		f.ok(insert(name, "hoarder", i))
	}
	// What somebody is about to decide is never dropped.
	_, err := f.BindRequest(t.Context(), hash("id of h1"), "s")
	f.ok(err)
	f.ok(insert("h5", "hoarder", 5))
	are("h1", "h3", "h4", "h5")
	f.ok(insert("c1", "c", 6))
	are("h1", "h4", "h5", "c1")
	f.ok(insert("d1", "d", 7))
	are("h1", "h5", "c1", "d1")
	// Now nobody has more than one that waits.
	f.client("e")
	f.is(insert("h2", "e", 8), grant.ErrFull)
	f.ok(insert("c2", "c", 9))
	are("h1", "h5", "c2", "d1")
}

func try(name, sessionID, userID string, now time.Time) grant.UserCodeTry {
	return grant.UserCodeTry{UserCode: hash("user code of " + name), SessionID: sessionID, UserID: userID, Now: now, Window: time.Minute, Max: 3, MaxEach: 3}
}

func userCodes(t *testing.T, f *fixture) {
	f.client("c")
	f.session("s", "alice")
	r := f.insert(deviceRequest("one", "c"))
	tooMany := func(name string, now time.Time, want time.Duration) {
		t.Helper()
		_, _, err := f.TryUserCode(t.Context(), try(name, "s", "alice", now))
		var e *grant.TooManyTriesError
		if !errors.As(err, &e) || e.RetryAfter != want {
			t.Fatalf("got %#v, want to wait %s", err, want)
		}
	}
	for i := range 3 {
		_, _, err := f.TryUserCode(t.Context(), try("none", "s", "alice", at(time.Duration(i)*10*time.Second)))
		f.is(err, grant.ErrNotFound)
	}
	// Now the right one is not looked at either, else guessing would go on.
	tooMany("one", at(30*time.Second), 30*time.Second)
	tooMany("one", at(59*time.Second), time.Second)
	f.same(f.read(r.ID).SessionID, "")
	// The window slides: one try has left it.
	_, _, err := f.TryUserCode(t.Context(), try("none", "s", "alice", at(60*time.Second)))
	f.is(err, grant.ErrNotFound)
	tooMany("one", at(61*time.Second), 9*time.Second)
	got, bound, err := f.TryUserCode(t.Context(), try("one", "s", "alice", at(70*time.Second)))
	f.ok(err)
	f.same(bound, true)
	r.SessionID = "s"
	f.same(bare(got), r)
	// A right try is not counted.
	for range 5 {
		_, bound, err = f.TryUserCode(t.Context(), try("one", "s", "alice", at(200*time.Second)))
		f.ok(err)
		f.same(bound, true)
	}
	// One that binds nothing is, even when the code exists.
	for range 3 {
		got, bound, err = f.TryUserCode(t.Context(), try("one", "s", "alice", at(10*time.Minute)))
		f.ok(err)
		f.same(bound, false)
		f.same(bare(got), r)
	}
	tooMany("one", at(10*time.Minute), time.Minute)
}

func userCodesOfEach(t *testing.T, f *fixture) {
	f.client("c")
	f.session("a", "alice")
	f.session("b", "bob")
	f.insert(deviceRequest("one", "c"))
	attempt := func(name, sessionID, userID string, second int) error {
		x := try(name, sessionID, userID, at(time.Duration(second)*time.Second))
		x.MaxEach = 2
		_, _, err := f.TryUserCode(t.Context(), x)
		return err
	}
	tooMany := func(err error, want time.Duration) {
		t.Helper()
		var e *grant.TooManyTriesError
		if !errors.As(err, &e) || e.RetryAfter != want {
			t.Fatalf("got %#v, want to wait %s", err, want)
		}
	}
	f.is(attempt("none", "b", "bob", 0), grant.ErrNotFound)
	f.is(attempt("none", "b", "bob", 10), grant.ErrNotFound)
	tooMany(attempt("none", "b", "bob", 20), 40*time.Second)
	f.ok(attempt("one", "a", "alice", 20))
	f.is(attempt("none", "a", "alice", 20), grant.ErrNotFound)
	// That was the third of all.
	tooMany(attempt("one", "a", "alice", 30), 30*time.Second)
	tooMany(attempt("one", "b", "bob", 30), 30*time.Second)
	f.ok(attempt("one", "a", "alice", 60))
	f.is(attempt("none", "b", "bob", 60), grant.ErrNotFound)
}

func userCodesBind(t *testing.T, f *fixture) {
	f.client("c")
	f.session("a1", "alice")
	f.session("a2", "alice")
	f.session("b", "bob")
	r := f.insert(deviceRequest("one", "c"))
	attempt := func(sessionID, userID string, now time.Time, want bool) {
		t.Helper()
		_, bound, err := f.TryUserCode(t.Context(), try("one", sessionID, userID, now))
		f.ok(err)
		f.same(bound, want)
		if want {
			f.same(f.read(r.ID).SessionID, sessionID)
		}
	}
	attempt("a1", "alice", start, true)
	attempt("b", "bob", start, false)
	attempt("a2", "alice", start, true)
	attempt("b", "bob", at(time.Second), false)
	f.end("a2", at(2*time.Second))
	attempt("b", "bob", at(3*time.Second), true)
	// Decided is decided.
	_, err := f.Decide(t.Context(), verdict(r, "b"))
	f.ok(err)
	attempt("b", "bob", at(2*time.Minute), false)
}

func binding(t *testing.T, f *fixture) {
	f.client("c")
	s := f.session("s", "alice")
	f.session("other", "bob")
	r := f.insert(codeRequest("one", "c"))
	for range 2 {
		got, err := f.BindRequest(t.Context(), r.ID, "s")
		f.ok(err)
		f.same(got.SessionID, "s")
		f.same(got.SessionExpiresAt, s.ExpiresAt)
	}
	got, err := f.BindRequest(t.Context(), r.ID, "other")
	f.ok(err)
	f.same(got.SessionID, "s")
}

func rebinding(t *testing.T, f *fixture) {
	f.client("c")
	f.session("s", "alice")
	f.session("next", "alice")
	f.session("other", "bob")
	bind := func(r grant.RequestRecord, sessionID string) grant.RequestRecord {
		f.insert(r)
		_, err := f.BindRequest(t.Context(), r.ID, sessionID)
		f.ok(err)
		return r
	}
	code, device := bind(codeRequest("code", "c"), "s"), bind(deviceRequest("device", "c"), "s")
	bobs := bind(codeRequest("bob's", "c"), "other")
	unbound := f.insert(codeRequest("unbound", "c"))
	decided := f.allowed(deviceRequest("decided", "c"))
	f.ok(f.RebindRequests(t.Context(), "s", "next"))
	f.ok(f.RebindRequests(t.Context(), "", "next"))
	f.ok(f.RebindRequests(t.Context(), "unknown", "next"))
	for id, want := range map[grant.Hash]string{code.ID: "next", device.ID: "next", bobs.ID: "other", unbound.ID: "", decided.ID: "s"} {
		f.same(f.read(id).SessionID, want)
	}
	_, err := f.Decide(t.Context(), verdict(code, "next"))
	f.ok(err)
}

func deciding(t *testing.T, f *fixture) {
	f.client("c")
	f.session("s", "alice")
	f.session("other", "bob")
	for _, flow := range []func(name, clientID string) grant.RequestRecord{deviceRequest, codeRequest} {
		r := flow("one", "c")
		r = f.insert(deviceOrCode(r, "decided "+r.Flow))
		v := verdict(r, "s")
		_, err := f.Decide(t.Context(), v)
		f.is(err, grant.ErrConflict) // not bound
		_, err = f.BindRequest(t.Context(), r.ID, "s")
		f.ok(err)
		for name, change := range map[string]func(*grant.Verdict){
			"unknown request": func(v *grant.Verdict) { v.ID = hash("nothing") },
			"other session":   func(v *grant.Verdict) { v.SessionID = "other" },
			"no session":      func(v *grant.Verdict) { v.SessionID = "" },
			"expired":         func(v *grant.Verdict) { v.Now = r.ExpiresAt },
			"session expired": func(v *grant.Verdict) { v.Now = at(8 * time.Hour) },
		} {
			bad := v
			change(&bad)
			if _, err := f.Decide(t.Context(), bad); !errors.Is(err, grant.ErrConflict) {
				t.Errorf("%s: got error %v, want %v", name, err, grant.ErrConflict)
			}
		}
		before := f.read(r.ID)
		f.same(before.Status, grant.StatusPending)
		got, err := f.Decide(t.Context(), v)
		f.ok(err)
		want := before
		want.Status, want.UserID = grant.StatusAllowed, "alice"
		if r.Flow == grant.FlowAuthorizationCode {
			want.Code, want.CodeExpiresAt = v.Code, v.CodeExpiresAt
			byCode, err := f.RequestByCode(t.Context(), v.Code)
			f.ok(err)
			f.same(bare(byCode), want)
		}
		f.same(bare(got), want)
		// Neither the same nor the opposite again.
		_, err = f.Decide(t.Context(), v)
		f.is(err, grant.ErrConflict)
		v.Allow = false
		_, err = f.Decide(t.Context(), v)
		f.is(err, grant.ErrConflict)
		f.same(f.read(r.ID), want)
	}
	r := f.insert(codeRequest("denied", "c"))
	_, err := f.BindRequest(t.Context(), r.ID, "s")
	f.ok(err)
	got, err := f.Decide(t.Context(), grant.Verdict{ID: r.ID, SessionID: "s", UserID: "alice", Now: start})
	f.ok(err)
	f.same(got.Status, grant.StatusDenied)
	f.same(got.Code, grant.Hash{})

	r = f.insert(codeRequest("ended", "c"))
	_, err = f.BindRequest(t.Context(), r.ID, "s")
	f.ok(err)
	f.end("s", start)
	_, err = f.Decide(t.Context(), verdict(r, "s"))
	f.is(err, grant.ErrConflict)
}

// deviceOrCode renames a request of either flow.
func deviceOrCode(r grant.RequestRecord, name string) grant.RequestRecord {
	if r.Flow == grant.FlowDevice {
		return deviceRequest(name, r.ClientID)
	}
	return codeRequest(name, r.ClientID)
}

func decidingConcurrently(t *testing.T, f *fixture) {
	f.client("c")
	f.session("s", "alice")
	r := f.insert(deviceRequest("one", "c"))
	_, err := f.BindRequest(t.Context(), r.ID, "s")
	f.ok(err)
	f.same(f.crowd(32, func(i int) error {
		v := verdict(r, "s")
		v.Allow = i%2 == 0
		_, err := f.Decide(t.Context(), v)
		return err
	}), 1)
}

func polling(t *testing.T, f *fixture) {
	f.client("c")
	f.session("s", "alice")
	r := f.insert(deviceRequest("one", "c"))
	poll := func(now time.Time, wantN int, wantPrevious time.Time) {
		t.Helper()
		n, previous, err := f.Poll(t.Context(), r.ID, now)
		f.ok(err)
		f.same(n, wantN)
		f.same(previous, wantPrevious)
	}
	poll(at(time.Second), 1, time.Time{})
	poll(at(time.Second), 2, at(time.Second))
	poll(at(1500*time.Millisecond), 3, at(time.Second))
	poll(at(3*time.Second), 4, at(1500*time.Millisecond))
	_, err := f.BindRequest(t.Context(), r.ID, "s")
	f.ok(err)
	_, err = f.Decide(t.Context(), verdict(r, "s"))
	f.ok(err)
	_, _, err = f.Poll(t.Context(), r.ID, at(4*time.Second))
	f.is(err, grant.ErrConflict)
}
