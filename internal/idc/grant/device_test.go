package grant_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func (w *world) poll(now time.Time, c client, d grant.DeviceAuthorization) error {
	_, err := w.RedeemDevice(w.Context(), now, c.ID, c.secret, d.DeviceCode)
	return err
}

func TestDeviceFlow(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	d := w.device(start, c)
	if d.ExpiresIn != 600*time.Second || d.Interval != time.Second || len(d.DeviceCode) != 86 {
		t.Errorf("got %s, %s and a code of %d characters, want 600 s, 1 s and 86", d.ExpiresIn, d.Interval, len(d.DeviceCode))
	}
	if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(d.UserCode) {
		t.Errorf("got user code %q, want XXXX-XXXX of consonants", d.UserCode)
	}
	w.refused(w.poll(start, c, d), grant.CodeAuthorizationPending)
	r, err := w.ConfirmUserCode(t.Context(), start, sess, d.UserCode)
	w.must(err)
	want := grant.Request{
		ID: r.ID, Flow: grant.FlowDevice, ClientName: c.Name, ClientCreated: start, Scopes: c.Scopes,
		UserCode: d.UserCode, State: grant.StatusPending, Workflow: d.Workflow, CreatedAt: start, ExpiresAt: at(600 * time.Second),
	}
	equal(t, r, want)
	r, err = w.Service.Request(t.Context(), at(time.Second), sess, r.ID)
	w.must(err)
	equal(t, r, want)
	w.refused(w.poll(at(time.Second), c, d), grant.CodeAuthorizationPending)
	dec, err := w.Decide(t.Context(), at(2*time.Second), sess, r.ID, true)
	w.must(err)
	want.State = grant.StatusAllowed
	equal(t, dec, grant.Decision{Request: want})
	tokens, err := w.RedeemDevice(t.Context(), at(2*time.Second), c.ID, c.secret, d.DeviceCode)
	w.must(err)
	if tokens.ExpiresIn != time.Hour || tokens.RefreshToken == "" {
		t.Errorf("got %s and refresh token %t, want 1h and one", tokens.ExpiresIn, tokens.RefreshToken != "")
	}
	a, err := w.AccessToken(t.Context(), at(3*time.Second), tokens.AccessToken)
	w.must(err)
	equal(t, a, grant.Access{
		UserID: "alice", SessionID: sess.ID, FamilyID: d.Workflow, ClientID: c.ID, ClientName: c.Name,
		Scopes: c.Scopes, ExpiresAt: at(2*time.Second + time.Hour),
	})
	w.refused(w.poll(at(3*time.Second), c, d), grant.CodeInvalidGrant)
	// Unlike a second use of an authorization code it does no harm: the poller
	// did not hear the answer to the first.
	_, err = w.AccessToken(t.Context(), at(4*time.Second), tokens.AccessToken)
	w.must(err)
}

func TestDeviceRefusals(t *testing.T) {
	w := newWorld(t, "")
	c, other, sess := w.register(start), w.register(start), w.signIn(start, "alice")
	decide := func(allow bool) func(d grant.DeviceAuthorization) {
		return func(d grant.DeviceAuthorization) {
			r, err := w.ConfirmUserCode(t.Context(), start, sess, d.UserCode)
			w.must(err)
			_, err = w.Decide(t.Context(), start, sess, r.ID, allow)
			w.must(err)
		}
	}
	nothing := func(grant.DeviceAuthorization) {}
	for _, test := range []struct {
		name   string
		before func(grant.DeviceAuthorization)
		as     client
		now    time.Time
		want   string
	}{
		{"pending", nothing, c, at(599 * time.Second), grant.CodeAuthorizationPending},
		{"expired", nothing, c, at(600 * time.Second), grant.CodeExpiredToken},
		{"denied", decide(false), c, start, grant.CodeAccessDenied},
		{"denied and expired", decide(false), c, at(700 * time.Second), grant.CodeAccessDenied},
		{"allowed and expired", decide(true), c, at(600 * time.Second), grant.CodeExpiredToken},
		{"another client", decide(true), other, start, grant.CodeInvalidGrant},
		{"disabled user", func(d grant.DeviceAuthorization) { decide(true)(d); w.disabled["alice"] = true }, c, start, grant.CodeInvalidGrant},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() { w.disabled["alice"] = false }()
			d := w.device(start, c)
			test.before(d)
			if got := code(w.poll(test.now, test.as, d)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	_, err := w.RedeemDevice(t.Context(), start, c.ID, c.secret, "")
	w.refused(err, grant.CodeInvalidRequest)
	_, err = w.RedeemDevice(t.Context(), start, c.ID, c.secret, "unknown")
	w.refused(err, grant.CodeInvalidGrant)
	_, err = w.StartDevice(t.Context(), start, c.ID, c.secret, "", grant.DeviceOptions{})
	w.refused(err, grant.CodeInvalidRequest)

	d := w.approved(start, c, sess)
	w.must(w.EndSession(t.Context(), at(time.Second), sess))
	w.refused(w.poll(at(2*time.Second), c, d), grant.CodeInvalidGrant)
}

func TestPollingAllowance(t *testing.T) {
	w := newWorld(t, "")
	c := w.register(start)
	for _, test := range []struct {
		name  string
		polls []time.Duration
		want  []string
	}{
		{"the AWS CLI", []time.Duration{0, 0, time.Second, 2 * time.Second}, []string{"p", "p", "p", "p"}},
		{"jitter", []time.Duration{0, 500 * time.Millisecond, time.Second, 1500 * time.Millisecond}, []string{"p", "p", "p", "p"}},
		{"hammering", []time.Duration{0, 0, 0, 499 * time.Millisecond, 998 * time.Millisecond, 1998 * time.Millisecond}, []string{"p", "p", "s", "s", "s", "p"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := w.device(start, c)
			for i, after := range test.polls {
				want := map[string]string{"p": grant.CodeAuthorizationPending, "s": grant.CodeSlowDown}[test.want[i]]
				if got := code(w.poll(at(after), c, d)); got != want {
					t.Errorf("poll %d: got %q, want %q", i+1, got, want)
				}
			}
		})
	}
	// Once it is allowed nothing slows the answer.
	sess := w.signIn(start, "alice")
	d := w.device(start, c)
	for range 5 {
		w.poll(start, c, d)
	}
	r, err := w.ConfirmUserCode(t.Context(), start, sess, d.UserCode)
	w.must(err)
	_, err = w.Decide(t.Context(), start, sess, r.ID, true)
	w.must(err)
	w.must(w.poll(start, c, d))
}

func TestDeviceCodeLimit(t *testing.T) {
	w := newWorld(t, "")
	w.Policy.MaxLiveDeviceCodes = 2
	c, other, third := w.register(start), w.register(start), w.register(start)
	one := w.device(start, c)
	w.device(at(time.Minute), other)
	_, err := w.StartDevice(t.Context(), at(time.Minute), third.ID, third.secret, startURL, grant.DeviceOptions{})
	w.refused(err, grant.CodeSlowDown)
	// A client that begins again gives its own place.
	again := w.device(at(time.Minute), c)
	w.refused(w.poll(at(time.Minute), c, one), grant.CodeInvalidGrant)
	w.refused(w.poll(at(time.Minute), c, again), grant.CodeAuthorizationPending)
	w.device(at(11*time.Minute), third)
}

// One client that takes every place keeps nobody out.
func TestDeviceCodesAreShared(t *testing.T) {
	w := newWorld(t, "")
	w.Policy.MaxLiveDeviceCodes = 10
	hoarder, sess := w.register(start), w.signIn(start, "alice")
	for range 30 {
		w.device(start, hoarder)
	}
	c := w.register(start)
	d := w.device(start, c)
	for range 30 {
		w.device(start, hoarder)
	}
	r, err := w.ConfirmUserCode(t.Context(), start, sess, d.UserCode)
	w.must(err)
	_, err = w.Decide(t.Context(), start, sess, r.ID, true)
	w.must(err)
	w.must(w.poll(start, c, d))
}

func TestUserCodeForms(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	d := w.device(start, c)
	plain := strings.ReplaceAll(d.UserCode, "-", "")
	for _, typed := range []string{d.UserCode, plain, strings.ToLower(d.UserCode), " " + strings.ToLower(plain) + " ", plain[:4] + " " + plain[4:]} {
		r, err := w.ConfirmUserCode(t.Context(), start, sess, typed)
		w.must(err)
		if r.UserCode != d.UserCode {
			t.Errorf("%q: got %q, want %q", typed, r.UserCode, d.UserCode)
		}
	}
	// What cannot be a code is refused before it is looked up or counted.
	for range 50 {
		for _, typed := range []string{"", "-", plain[:7], plain + "B", "AEIO-UAEI", "BBBB-BBB1", "BBBB_BBBB", strings.Repeat("B", 1000), "BBBB\u2010BBBB"} {
			_, err := w.ConfirmUserCode(t.Context(), start, sess, typed)
			w.refused(err, grant.CodeInvalidGrant)
		}
	}
}

func TestWrongUserCodesAreLimited(t *testing.T) {
	w := newWorld(t, "")
	c, other := w.register(start), w.signIn(start, "dave")
	guessers := []grant.Session{w.signIn(start, "alice"), w.signIn(start, "bob"), w.signIn(start, "carol")}
	d := w.device(start, c)
	wrong := "BBBB-BBBB"
	for i := range 30 {
		_, err := w.ConfirmUserCode(t.Context(), at(time.Duration(i)*time.Second), guessers[i%3], wrong)
		w.refused(err, grant.CodeInvalidGrant)
	}
	// Another person's tries count too: the bound is on guessing, by anyone.
	_, err := w.ConfirmUserCode(t.Context(), at(30*time.Second), other, d.UserCode)
	e, ok := errors.AsType[*grant.TooManyTriesError](err)
	if !ok || e.RetryAfter != 30*time.Second {
		t.Fatalf("got %v, want to wait 30s", err)
	}
	_, err = w.ConfirmUserCode(t.Context(), at(60*time.Second), other, d.UserCode)
	w.must(err)
}

// One person who guesses uses up their own tries and nobody else's.
func TestOneGuesserKeepsNobodyOut(t *testing.T) {
	w := newWorld(t, "")
	c, alice, bob := w.register(start), w.signIn(start, "alice"), w.signIn(start, "bob")
	again := w.signIn(start, "bob")
	d := w.device(start, c)
	tooMany := 0
	for i := range 31 {
		sess := []grant.Session{bob, again}[i%2]
		_, err := w.ConfirmUserCode(t.Context(), start, sess, "BBBB-BBBB")
		if _, ok := errors.AsType[*grant.TooManyTriesError](err); ok {
			tooMany++
		}
	}
	if tooMany != 21 {
		t.Errorf("bob: got %d of 31 tries refused, want all but 10", tooMany)
	}
	_, err := w.ConfirmUserCode(t.Context(), start, alice, d.UserCode)
	w.must(err)
}

func TestUserCodeOutcomes(t *testing.T) {
	w := newWorld(t, "")
	c, alice, bob := w.register(start), w.signIn(start, "alice"), w.signIn(start, "bob")
	d := w.device(start, c)
	_, err := w.ConfirmUserCode(t.Context(), at(600*time.Second), alice, d.UserCode)
	w.refused(err, grant.CodeExpiredToken)
	r, err := w.ConfirmUserCode(t.Context(), start, alice, d.UserCode)
	w.must(err)
	_, err = w.ConfirmUserCode(t.Context(), start, bob, d.UserCode)
	w.refused(err, grant.CodeAccessDenied)
	_, err = w.Service.Request(t.Context(), start, bob, r.ID)
	w.refused(err, grant.CodeAccessDenied)
	_, err = w.Decide(t.Context(), start, bob, r.ID, true)
	w.refused(err, grant.CodeAccessDenied)
	w.refused(w.poll(start, c, d), grant.CodeAuthorizationPending)
	_, err = w.Decide(t.Context(), start, alice, r.ID, false)
	w.must(err)
	_, err = w.ConfirmUserCode(t.Context(), start, alice, d.UserCode)
	w.refused(err, grant.CodeInvalidRequest)
}
