package grant_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// side is one of two Services that live through the same history with the same
// secrets. For one of them time passes on the clock, for the other by ageing what
// there is while its clock is behind.
type side struct {
	*world
	now     time.Time
	aged    time.Duration
	clients []client
	cookies []string
	devices []asked[grant.DeviceAuthorization]
	codes   []asked[string]
	granted []asked[grant.Tokens]
	ids     []string
	keys    []string
}

// asked is what a client got.
type asked[T any] struct {
	client
	got T
}

func newSide(t *rapid.T) *side {
	w := newWorld(tbOf(t), "")
	w.Key = []byte("the same key for both of them, 32 bytes or more")
	w.Rand = rand.NewChaCha8([32]byte{7})
	w.Policy = grant.Policy{
		MaxRegistrations: 4, MaxLiveDeviceCodes: 3, MaxRequests: 3, MaxWrongUserCodes: 4, MaxWrongUserCodesEach: 3,
		Registration: 5 * time.Hour, Interval: 10 * time.Second,
	}
	return &side{world: w, now: start}
}

// draw is what one step of the history is made of.
type draw struct {
	i, j   int
	yes    bool
	script grant.Script
}

// at returns the element of a draw, or the zero value when there is none.
func element[T any](all []T, i int) (x T) {
	if len(all) > 0 {
		x = all[i%len(all)]
	}
	return x
}

// steps are the things that can happen; each returns what it was answered.
var steps = map[string]func(ctx context.Context, s *side, d draw) []any{
	"register": func(ctx context.Context, s *side, d draw) []any {
		r := grant.Registration{Name: "c" + strconv.Itoa(len(s.clients)), Type: "public", RedirectURIs: []string{"http://127.0.0.1/oauth/callback"}}
		if d.yes || len(s.clients) == 0 {
			r.Scopes = []string{"sso:account:access"}
		}
		c, secret, err := s.RegisterClient(ctx, s.now, r)
		if err == nil {
			s.clients = append(s.clients, client{c, secret})
		}
		return []any{c, secret, err}
	},
	"sign in": func(ctx context.Context, s *side, d draw) []any {
		cookie, sess, err := s.StartSession(ctx, s.now, element([]string{"alice", "bob"}, d.i))
		s.cookies = append(s.cookies, cookie)
		return []any{cookie, sess, err}
	},
	"device": func(ctx context.Context, s *side, d draw) []any {
		c := element(s.clients, d.i)
		got, err := s.StartDevice(ctx, s.now, c.ID, c.secret, startURL, grant.DeviceOptions{Script: by(d.script)})
		if err == nil {
			s.devices = append(s.devices, asked[grant.DeviceAuthorization]{c, got})
		}
		return []any{got, err}
	},
	"authorize": func(ctx context.Context, s *side, d draw) []any {
		c := element(s.clients, d.i)
		q := authorize(c)
		q.Script = by(d.script)
		id, err := s.BeginAuthorization(ctx, s.now, q)
		if err == nil {
			s.codes = append(s.codes, asked[string]{c, id})
		}
		return []any{id, err}
	},
	"poll": func(ctx context.Context, s *side, d draw) []any {
		x := element(s.devices, d.i)
		var answers []any
		for range 2 { // as the AWS CLI does
			tokens, err := s.RedeemDevice(ctx, s.now, x.ID, x.secret, x.got.DeviceCode)
			if err == nil {
				s.granted = append(s.granted, asked[grant.Tokens]{x.client, tokens})
			}
			answers = append(answers, tokens, err)
		}
		return answers
	},
	// Most of what there is hangs on this, so it is one step too.
	"log in": func(ctx context.Context, s *side, d draw) []any {
		c := element(s.clients, d.i)
		q := authorize(c)
		id, err := s.BeginAuthorization(ctx, s.now, q)
		if err != nil {
			return []any{err}
		}
		sess, err := s.Session(ctx, s.now, element(s.cookies, d.j))
		if err != nil {
			return []any{err}
		}
		r, err := s.Service.Request(ctx, s.now, sess, id)
		if err != nil {
			return []any{err}
		}
		decision, err := s.Decide(ctx, s.now, sess, id, true)
		if err != nil {
			return []any{err}
		}
		tokens, err := s.redeemCode(s.now, c, codeOf(decision.RedirectTo))
		if err == nil {
			s.granted = append(s.granted, asked[grant.Tokens]{c, tokens})
		}
		return []any{r, decision, tokens, err}
	},
	"guess": func(ctx context.Context, s *side, d draw) []any {
		var answers []any
		for range 2 {
			_, err := s.ConfirmUserCode(ctx, s.now, grant.Session{ID: "x", UserID: element([]string{"alice", "bob"}, d.i)}, "BBBB-BBBB")
			answers = append(answers, err)
		}
		return answers
	},
	"user code": func(ctx context.Context, s *side, d draw) []any {
		sess, _ := s.Session(ctx, s.now, element(s.cookies, d.j))
		typed := element(s.devices, d.i).got.UserCode
		r, err := s.ConfirmUserCode(ctx, s.now, sess, typed)
		if err != nil {
			return []any{r, err, s.WorkflowOfUserCode(ctx, typed)}
		}
		decision, err := s.Decide(ctx, s.now, sess, r.ID, d.i%3 > 0)
		return []any{r, decision, err}
	},
	"consent": func(ctx context.Context, s *side, d draw) []any {
		sess, _ := s.Session(ctx, s.now, element(s.cookies, d.j))
		x := element(s.codes, d.i)
		r, err := s.Service.Request(ctx, s.now, sess, x.got)
		if err != nil || !d.yes {
			return []any{r, err}
		}
		decision, err := s.Decide(ctx, s.now, sess, x.got, true)
		s.ids = append(s.ids, codeOf(decision.RedirectTo))
		return []any{r, decision, err}
	},
	"settle": func(ctx context.Context, s *side, d draw) []any {
		decision, cookie, done, err := s.Settle(ctx, s.now, element(s.codes, d.i).got)
		if done {
			s.ids, s.cookies = append(s.ids, codeOf(decision.RedirectTo)), append(s.cookies, cookie)
		}
		return []any{decision, cookie, done, err}
	},
	"redeem code": func(ctx context.Context, s *side, d draw) []any {
		c := element(s.clients, d.j)
		tokens, err := s.redeemCode(s.now, c, element(s.ids, d.i))
		if err == nil {
			s.granted = append(s.granted, asked[grant.Tokens]{c, tokens})
		}
		return []any{tokens, err}
	},
	"refresh": func(ctx context.Context, s *side, d draw) []any {
		x := element(s.granted, d.i)
		tokens, err := s.refresh(s.now, x.client, x.got.RefreshToken)
		if err == nil {
			s.granted = append(s.granted, asked[grant.Tokens]{x.client, tokens})
		}
		return []any{tokens, err}
	},
	"portal": func(ctx context.Context, s *side, d draw) []any {
		a, err := s.AccessToken(ctx, s.now, element(s.granted, d.i).got.AccessToken)
		if err != nil {
			return []any{a, err}
		}
		c, key, token, err := s.IssueRoleCredential(ctx, s.now, grant.RoleCredential{
			UserID: a.UserID, SessionID: a.SessionID, Workflow: a.FamilyID, ExpiresAt: s.now.Add(time.Hour),
		})
		s.keys = append(s.keys, c.AccessKeyID)
		return []any{a, c, key, token, err}
	},
	"credential": func(ctx context.Context, s *side, d draw) []any {
		c, secret, _, err := s.RoleCredential(ctx, element(s.keys, d.i))
		return []any{c, secret, err, s.now.Before(c.ExpiresAt)}
	},
	"look": func(ctx context.Context, s *side, d draw) []any {
		sess, err := s.Session(ctx, s.now, element(s.cookies, d.i))
		all, err2 := s.Sessions(ctx, s.now, element([]string{"", "alice", "bob"}, d.j))
		return []any{sess, err, all, err2}
	},
	"end": func(ctx context.Context, s *side, d draw) []any {
		switch x := element(s.granted, d.i).got; d.j % 4 {
		case 0:
			return []any{s.SignOut(ctx, s.now, x.AccessToken)}
		case 1:
			return []any{s.EndSessionByID(ctx, s.now, x.SessionID)}
		case 2:
			n, err := s.EndSessionsOf(ctx, s.now, element([]string{"alice", "bob"}, d.i))
			return []any{n, err}
		}
		return []any{s.Collect(ctx, s.now)}
	},
}

// later moves every time in v, which is a pointer, by d.
func later(v reflect.Value, d time.Duration) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() && v.Elem().CanSet() {
			later(v.Elem(), d)
		}
	case reflect.Slice:
		for i := range v.Len() {
			later(v.Index(i), d)
		}
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*time.Time); ok {
			if !t.IsZero() {
				*t = t.Add(d)
			}
			return
		}
		for i := range v.NumField() {
			later(v.Field(i), d)
		}
	}
}

// onOneClock returns answers as the clock that is not behind would tell them.
func (s *side) onOneClock(answers []any) []any {
	var out []any
	for _, a := range answers {
		if err, ok := a.(error); ok {
			out = append(out, err.Error())
			if e, ok := errors.AsType[*grant.Error](err); ok {
				out = append(out, *e)
			}
			continue
		}
		if a == nil {
			continue
		}
		p := reflect.New(reflect.TypeOf(a))
		p.Elem().Set(reflect.ValueOf(a))
		later(p, s.aged)
		out = append(out, p.Elem().Interface())
	}
	return out
}

// Nothing that can be asked tells an hour that was aged from an hour that passed.
func TestAgeIsTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		passing, ageing := newSide(t), newSide(t)
		names := append(slices.Sorted(maps.Keys(steps)), "time", "time", "time", "time", "refresh", "refresh", "refresh", "refresh")
		// Something to begin with, so that most steps have something to work on.
		history := []string{"register", "register", "sign in", "sign in", "device", "log in"}
		ahead := rapid.Custom(func(t *rapid.T) draw {
			return draw{
				i: rapid.IntRange(0, 5).Draw(t, "i"), j: rapid.IntRange(0, 5).Draw(t, "j"), yes: rapid.Bool().Draw(t, "yes"),
				script: rapid.SampledFrom([]grant.Script{
					{}, {}, {}, bobs("allow", 0), bobs("allow", time.Minute), bobs("deny", 30*time.Second), bobs("allow", 20*time.Minute), {Answer: "never"},
				}).Draw(t, "script"),
			}
		})
		for range rapid.IntRange(10, 60).Draw(t, "length") {
			history = append(history, rapid.SampledFrom(names).Draw(t, "step"))
		}
		for _, name := range history {
			d := ahead.Draw(t, name)
			if name == "time" {
				step := rapid.SampledFrom([]time.Duration{
					time.Millisecond, time.Second, 4 * time.Second, 5 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, time.Hour, 4 * time.Hour,
				}).Draw(t, "step")
				passing.now = passing.now.Add(step)
				if d.yes {
					ageing.aged += step
					ageing.must(ageing.Age(t.Context(), step))
				} else {
					ageing.now = ageing.now.Add(step)
				}
				continue
			}
			want, got := passing.onOneClock(steps[name](t.Context(), passing, d)), ageing.onOneClock(steps[name](t.Context(), ageing, d))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s, aged by %s: got other than as time passes (-want +got):\n%s", name, ageing.aged, diff)
			}
		}
	})
}

func TestAgeOnlyForwards(t *testing.T) {
	w := newWorld(t, "")
	for _, by := range []time.Duration{0, -time.Second} {
		if err := w.Age(t.Context(), by); err == nil {
			t.Errorf("by %s: got no error, want one", by)
		}
	}
}
