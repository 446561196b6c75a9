package grant_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func TestWorkflow(t *testing.T) {
	one, other := grant.Workflow("one"), grant.Workflow("other")
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(one) {
		t.Errorf("got %q, want a UUID", one)
	}
	if one == other || one != grant.Workflow("one") {
		t.Errorf("got %q and %q, want the same for the same request alone", one, other)
	}
}

// One name from the first call of a sign-in to the last, and whoever is refused
// is named too.
func TestWorkflowOfASignIn(t *testing.T) {
	w := newWorld(t, "")
	c, sess := w.register(start), w.signIn(start, "alice")
	names := func(what string, err error, userID, workflow string) {
		t.Helper()
		e, ok := errors.AsType[*grant.Error](err)
		if !ok || e.ClientName != c.Name || e.UserID != userID || e.Workflow != workflow {
			t.Errorf("%s: got %+v, want client %q, user %q, workflow %q", what, err, c.Name, userID, workflow)
		} else if text := e.Error(); strings.Contains(text, c.Name) || strings.Contains(text, workflow) && workflow != "" {
			t.Errorf("%s: %q says more than the caller is told", what, text)
		}
	}
	d := w.device(start, c)
	if got := w.WorkflowOfUserCode(t.Context(), strings.ToLower(d.UserCode)); got != d.Workflow || got == "" {
		t.Errorf("got workflow %q of the user code, want %q", got, d.Workflow)
	}
	if d.ClientName != c.Name {
		t.Errorf("got client %q, want %q", d.ClientName, c.Name)
	}
	names("pending", w.poll(start, c, d), "", d.Workflow)
	r, err := w.ConfirmUserCode(t.Context(), start, sess, d.UserCode)
	w.must(err)
	if r.Workflow != d.Workflow || grant.Workflow(r.ID) != d.Workflow {
		t.Errorf("got workflow %q of the request, want %q", r.Workflow, d.Workflow)
	}
	_, err = w.Decide(t.Context(), start, sess, r.ID, true)
	w.must(err)
	_, err = w.Decide(t.Context(), start, sess, r.ID, true)
	names("decided", err, "alice", d.Workflow)
	first, err := w.RedeemDevice(t.Context(), start, c.ID, c.secret, d.DeviceCode)
	w.must(err)
	names("redeemed", w.poll(start, c, d), "alice", d.Workflow)
	second, err := w.refresh(start, c, first.RefreshToken)
	w.must(err)
	for _, got := range []grant.Tokens{first, second} {
		equal(t, got, grant.Tokens{
			AccessToken: got.AccessToken, RefreshToken: got.RefreshToken, ExpiresIn: got.ExpiresIn,
			ClientName: c.Name, UserID: "alice", SessionID: sess.ID, Workflow: d.Workflow,
		})
		a, err := w.AccessToken(t.Context(), start, got.AccessToken)
		w.must(err)
		equal(t, a.FamilyID, d.Workflow)
	}
	_, err = w.refresh(at(2*time.Minute), c, first.RefreshToken)
	names("replayed", err, "alice", d.Workflow)
	_, err = w.refresh(start, c, "unknown")
	names("unknown", err, "", "")
	_, err = w.Refresh(t.Context(), start, c.ID, "wrong", first.RefreshToken)
	names("a wrong secret", err, "", "")
	_, err = w.StartDevice(t.Context(), start, c.ID, c.secret, "", grant.DeviceOptions{})
	names("no start URL", err, "", "")

	id, err := w.BeginAuthorization(t.Context(), start, authorize(c))
	w.must(err)
	r, err = w.Service.Request(t.Context(), start, sess, id)
	w.must(err)
	dec, err := w.Decide(t.Context(), start, sess, id, true)
	w.must(err)
	tokens, err := w.redeemCode(start, c, codeOf(dec.RedirectTo))
	w.must(err)
	if want := grant.Workflow(id); r.Workflow != want || dec.Request.Workflow != want || tokens.Workflow != want || want == d.Workflow {
		t.Errorf("got %q, %q and %q, want %q thrice", r.Workflow, dec.Request.Workflow, tokens.Workflow, want)
	}
	_, err = w.redeemCode(start, c, codeOf(dec.RedirectTo))
	names("leaked code", err, "alice", grant.Workflow(id))
	q := authorize(c)
	q.ResponseType = "token"
	_, err = w.BeginAuthorization(t.Context(), start, q)
	names("bad query", err, "", "")

	// Another client's code is no business of this one.
	other := w.register(start, func(r *grant.Registration) { r.Name = c.Name })
	names("another's", w.poll(start, other, d), "", "")
	_, err = w.redeemCode(start, other, codeOf(dec.RedirectTo))
	names("another's", err, "", "")
	_, err = w.refresh(start, other, second.RefreshToken)
	names("another's", err, "", "")
}

// What looks a code up for the record is no way round the limit on guesses, nor
// does it use any up.
func TestWorkflowOfUserCodeCountsNoTry(t *testing.T) {
	w := newWorld(t, "")
	w.Policy.MaxWrongUserCodesEach = 1
	c, sess := w.register(start), w.signIn(start, "alice")
	d := w.device(start, c)
	for _, typed := range []string{"BBBB-BBBB", "", "nonsense", strings.Repeat("B", 100)} {
		if got := w.WorkflowOfUserCode(t.Context(), typed); got != "" {
			t.Errorf("%q: got %q, want none", typed, got)
		}
	}
	_, err := w.ConfirmUserCode(t.Context(), start, sess, d.UserCode)
	w.must(err)
}
