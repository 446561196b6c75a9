package grant_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// by is a script for every client.
func by(s grant.Script) func(context.Context, string) (grant.Script, error) {
	return func(context.Context, string) (grant.Script, error) { return s, nil }
}

func bobs(answer string, after time.Duration) grant.Script {
	return grant.Script{UserID: "bob", Answer: answer, After: after}
}

func (w *world) scriptedDevice(now time.Time, c client, s grant.Script) grant.DeviceAuthorization {
	w.Helper()
	d, err := w.StartDevice(w.Context(), now, c.ID, c.secret, startURL, grant.DeviceOptions{Script: by(s)})
	w.must(err)
	return d
}

func (w *world) scriptedCode(now time.Time, c client, s grant.Script) (requestID string) {
	w.Helper()
	q := authorize(c)
	q.Script = by(s)
	id, err := w.BeginAuthorization(w.Context(), now, q)
	w.must(err)
	return id
}

func (w *world) sessions(now time.Time, userID string) []grant.SessionInfo {
	w.Helper()
	all, err := w.Sessions(w.Context(), now, userID)
	w.must(err)
	return all
}

func TestScriptedDeviceFlow(t *testing.T) {
	type poll struct {
		after time.Duration
		want  string // "" tokens
	}
	const pending, denied, expired = grant.CodeAuthorizationPending, grant.CodeAccessDenied, grant.CodeExpiredToken
	for name, test := range map[string]struct {
		script   grant.Script
		polls    []poll
		sessions int // of bob, in the end
	}{
		"a person":       {grant.Script{}, []poll{{0, pending}, {time.Minute, pending}, {10 * time.Minute, expired}}, 0},
		"allow at once":  {bobs("allow", 0), []poll{{0, ""}, {0, grant.CodeInvalidGrant}}, 1},
		"allow later":    {bobs("allow", 3*time.Second), []poll{{0, pending}, {2999 * time.Millisecond, pending}, {3 * time.Second, ""}}, 1},
		"allow, unasked": {bobs("allow", 3*time.Second), []poll{{599 * time.Second, ""}}, 1},
		"allow too late": {bobs("allow", 10*time.Minute), []poll{{0, pending}, {599 * time.Second, pending}, {10 * time.Minute, expired}}, 0},
		"asked too late": {bobs("allow", 3*time.Second), []poll{{10 * time.Minute, expired}}, 0},
		"deny at once":   {bobs("deny", 0), []poll{{0, denied}, {0, denied}, {time.Hour, denied}}, 0},
		"deny later":     {bobs("deny", 3*time.Second), []poll{{2 * time.Second, pending}, {3 * time.Second, denied}}, 0},
		"never": {grant.Script{Answer: grant.AnswerNever}, []poll{
			{0, pending}, {10 * time.Minute, pending}, {100*time.Minute - time.Millisecond, pending}, {100 * time.Minute, expired},
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "")
			c := w.register(start)
			d := w.scriptedDevice(start, c, test.script)
			if d.ExpiresIn != 10*time.Minute {
				t.Errorf("got a lifetime of %s, want 10m0s whatever answers", d.ExpiresIn)
			}
			for _, p := range test.polls {
				tokens, err := w.RedeemDevice(t.Context(), at(p.after), c.ID, c.secret, d.DeviceCode)
				if code(err) != p.want {
					t.Fatalf("after %s: got %v, want %q", p.after, err, p.want)
				}
				if err == nil {
					a, err := w.AccessToken(t.Context(), at(p.after), tokens.AccessToken)
					w.must(err)
					equal(t, a, grant.Access{
						UserID: "bob", SessionID: tokens.SessionID, FamilyID: d.Workflow, ClientID: c.ID, ClientName: c.Name,
						Scopes: c.Scopes, ExpiresAt: at(p.after + time.Hour),
					})
				}
			}
			if got := w.sessions(at(10*time.Minute), ""); len(got) != test.sessions {
				t.Errorf("got sessions %+v, want %d", got, test.sessions)
			}
		})
	}
}

// Of many polls at the moment it is due one gets the tokens, and one session is
// made.
func TestScriptSettlesOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		c := w.register(start)
		for n := range 5 {
			d := w.scriptedDevice(start, c, bobs("allow", time.Second))
			tokens, errs := crowd(func() (grant.Tokens, error) {
				return w.RedeemDevice(t.Context(), at(time.Second), c.ID, c.secret, d.DeviceCode)
			})
			won := one(t, tokens, errs)
			all := w.sessions(at(time.Second), "bob")
			if len(all) != n+1 {
				t.Fatalf("got %d sessions, want %d", len(all), n+1)
			}
			if _, err := w.AccessToken(t.Context(), at(time.Second), won.AccessToken); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestScriptOutlivesTheService(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, dir)
	c := w.register(start)
	d := w.scriptedDevice(start, c, bobs("allow", time.Minute))
	again := newWorld(t, dir)
	_, err := again.RedeemDevice(t.Context(), at(time.Minute), c.ID, c.secret, d.DeviceCode)
	w.must(err)
}

func TestScriptedAuthorizationCode(t *testing.T) {
	w := newWorld(t, "")
	c := w.register(start)
	id := w.scriptedCode(start, c, bobs("allow", 3*time.Second))
	d, cookie, done, err := w.Settle(t.Context(), at(2*time.Second), id)
	w.must(err)
	want := grant.Request{
		ID: id, Flow: grant.FlowAuthorizationCode, ClientName: c.Name, ClientCreated: start, Scopes: c.Scopes,
		RedirectURI: callback, State: grant.StatusPending, Workflow: grant.Workflow(id),
		Script: bobs("allow", 3*time.Second), AnswerAt: at(3 * time.Second), CreatedAt: start, ExpiresAt: at(600 * time.Second),
	}
	if done || cookie != "" {
		t.Errorf("before its time: got done %t and cookie %q, want neither", done, cookie)
	}
	equal(t, d, grant.Decision{Request: want})

	d, cookie, done, err = w.Settle(t.Context(), at(3*time.Second), id)
	w.must(err)
	want.State = grant.StatusAllowed
	equal(t, d.Request, want)
	sess, err := w.Session(t.Context(), at(3*time.Second), cookie)
	w.must(err)
	equal(t, sess, grant.Session{ID: sess.ID, UserID: "bob", CreatedAt: at(3 * time.Second), ExpiresAt: at(3*time.Second + 8*time.Hour)})
	if !done || codeOf(d.RedirectTo) == "" || !strings.HasSuffix(d.RedirectTo, "&state=st%26te") {
		t.Errorf("got done %t and %q, want the callback with code and state", done, d.RedirectTo)
	}
	// The browser that got the cookie may look again; nothing is answered twice.
	got, err := w.Service.Request(t.Context(), at(4*time.Second), sess, id)
	w.must(err)
	equal(t, got, want)
	d2, cookie, done, err := w.Settle(t.Context(), at(4*time.Second), id)
	w.must(err)
	if done || cookie != "" {
		t.Error("a script answered twice")
	}
	equal(t, d2, grant.Decision{})
	tokens, err := w.redeemCode(at(5*time.Second), c, codeOf(d.RedirectTo))
	w.must(err)
	if tokens.UserID != "bob" || tokens.SessionID != sess.ID || tokens.Workflow != want.Workflow || tokens.ClientName != c.Name {
		t.Errorf("got %+v, want bob's of that sign-in", tokens)
	}
	_, err = w.redeemCode(at(4*time.Second+5*time.Minute), c, codeOf(d.RedirectTo))
	w.refused(err, grant.CodeInvalidGrant)

	denied := w.scriptedCode(start, c, bobs("deny", 0))
	d, cookie, done, err = w.Settle(t.Context(), start, denied)
	w.must(err)
	if wantTo := callback + "?error=access_denied&state=st%26te"; !done || cookie != "" || d.RedirectTo != wantTo {
		t.Errorf("got done %t, cookie %q and %q, want a denial and no cookie", done, cookie, d.RedirectTo)
	}
	if n := len(w.sessions(at(5*time.Second), "")); n != 1 {
		t.Errorf("got %d sessions, want that of the allowed one", n)
	}
}

func TestSettleWithNothingToAnswer(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	_, _, _, err := w.Settle(t.Context(), start, "unknown")
	w.refused(err, grant.CodeInvalidRequest)
	persons, err := w.BeginAuthorization(t.Context(), start, authorize(c))
	w.must(err)
	for name, test := range map[string]struct {
		id    string
		now   time.Time
		shown bool
	}{
		"a person's": {persons, start, false},
		"too late":   {w.scriptedCode(start, c, bobs("allow", 0)), at(10 * time.Minute), true},
		"never":      {w.scriptedCode(start, c, grant.Script{Answer: grant.AnswerNever}), at(99 * time.Minute), true},
	} {
		d, cookie, done, err := w.Settle(t.Context(), test.now, test.id)
		if err != nil || done || cookie != "" || d.RedirectTo != "" || (d.Request.ID != "") != test.shown {
			t.Errorf("%s: got %+v, %q, %t, %v, want nothing answered", name, d, cookie, done, err)
		}
	}
	if all := w.sessions(start, ""); len(all) != 1 || all[0].ID != sess.ID {
		t.Errorf("got sessions %+v, want alice's alone", all)
	}
}

func TestScriptedIsNotForPeople(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	for name, script := range map[string]grant.Script{"later": bobs("allow", time.Minute), "now": bobs("allow", 0), "never": {Answer: grant.AnswerNever}} {
		t.Run(name, func(t *testing.T) {
			d, id := w.scriptedDevice(start, c, script), w.scriptedCode(start, c, script)
			_, confirming := w.ConfirmUserCode(t.Context(), start, sess, d.UserCode)
			_, looking := w.Service.Request(t.Context(), start, sess, id)
			_, deciding := w.Decide(t.Context(), start, sess, id, true)
			for _, err := range []error{confirming, looking, deciding} {
				e, ok := errors.AsType[*grant.Error](err)
				if !ok || e.Code != grant.CodeAccessDenied || e.Description != "A rule answers this sign-in" || e.ClientName != c.Name || e.Workflow == "" {
					t.Errorf("got %#v, want that a rule answers it", err)
				}
			}
			// Nor is it anybody's to look at, or to decide, once it has expired.
			_, err := w.Service.Request(t.Context(), at(2*time.Hour), sess, id)
			w.refused(err, grant.CodeExpiredToken)
			_, err = w.Decide(t.Context(), at(2*time.Hour), sess, id, true)
			w.refused(err, grant.CodeExpiredToken)
		})
	}
}

// Whoever may not act does not answer either, until they may.
func TestScriptOfSomebodyDisabled(t *testing.T) {
	w := newWorld(t, "")
	c := w.register(start)
	w.disabled["bob"] = true
	d, id := w.scriptedDevice(start, c, bobs("allow", 0)), w.scriptedCode(start, c, bobs("deny", 0))
	w.refused(w.poll(start, c, d), grant.CodeAuthorizationPending)
	_, _, done, err := w.Settle(t.Context(), start, id)
	w.must(err)
	if done {
		t.Error("somebody disabled answered")
	}
	w.disabled["bob"] = false
	w.must(w.poll(at(time.Minute), c, d))
	_, _, done, err = w.Settle(t.Context(), at(time.Minute), id)
	if err != nil || !done {
		t.Errorf("got done %t and %v, want an answer", done, err)
	}
}

func TestScriptIsChosenByClient(t *testing.T) {
	w := newWorld(t, "")
	c := w.register(start, func(r *grant.Registration) { r.Name = "my-tool" })
	var asked []string
	script := func(_ context.Context, clientName string) (grant.Script, error) {
		asked = append(asked, clientName)
		return grant.Script{}, nil
	}
	_, err := w.StartDevice(t.Context(), start, c.ID, "wrong", startURL, grant.DeviceOptions{Script: script})
	w.refused(err, grant.CodeInvalidClient)
	_, err = w.StartDevice(t.Context(), start, c.ID, c.secret, startURL, grant.DeviceOptions{Script: script})
	w.must(err)
	q := authorize(c)
	q.Script = script
	_, err = w.BeginAuthorization(t.Context(), start, q)
	w.must(err)
	equal(t, asked, []string{"my-tool", "my-tool"})

	failed := errors.New("no directory")
	for name, f := range map[string]func(context.Context, string) (grant.Script, error){
		"fault":          func(context.Context, string) (grant.Script, error) { return grant.Script{}, failed },
		"unknown answer": by(grant.Script{UserID: "bob", Answer: "perhaps"}),
		"nobody":         by(grant.Script{Answer: grant.AnswerAllow}),
		"before":         by(bobs("deny", -time.Second)),
	} {
		_, err := w.StartDevice(t.Context(), start, c.ID, c.secret, startURL, grant.DeviceOptions{Script: f})
		if _, refusal := errors.AsType[*grant.Error](err); err == nil || refusal || name == "fault" && !errors.Is(err, failed) {
			t.Errorf("%s: got %v, want a fault", name, err)
		}
	}
}

func TestOrigin(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	long := strings.Repeat("é", 300)
	for name, test := range map[string]struct{ given, want grant.Origin }{
		"plain":      {grant.Origin{Address: "127.0.0.1", UserAgent: "aws-cli/2.31"}, grant.Origin{Address: "127.0.0.1", UserAgent: "aws-cli/2.31"}},
		"none":       {},
		"disguised":  {grant.Origin{UserAgent: "a\x1b[2J\u202eb\xffc\n"}, grant.Origin{UserAgent: "a[2Jbc"}},
		"long":       {grant.Origin{UserAgent: long}, grant.Origin{UserAgent: long[:512]}},
		"no halves":  {grant.Origin{UserAgent: "x" + long}, grant.Origin{UserAgent: "x" + long[:510]}},
		"no address": {grant.Origin{Address: strings.Repeat("1", 100)}, grant.Origin{Address: strings.Repeat("1", 64)}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := w.StartDevice(t.Context(), start, c.ID, c.secret, startURL, grant.DeviceOptions{Origin: test.given})
			w.must(err)
			device, err := w.ConfirmUserCode(t.Context(), start, sess, d.UserCode)
			w.must(err)
			q := authorize(c)
			q.Origin = test.given
			id, err := w.BeginAuthorization(t.Context(), start, q)
			w.must(err)
			code, err := w.Service.Request(t.Context(), start, sess, id)
			w.must(err)
			equal(t, device.Origin, test.want)
			equal(t, code.Origin, test.want)
		})
	}
}
