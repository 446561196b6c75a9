package grant_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

const startURL = "https://d-1234567890.awsapps.com/start"

var start = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// at is a moment after the start.
func at(d time.Duration) time.Time { return start.Add(d) }

// world is a Service on a real database, with people who may be disabled.
type world struct {
	testing.TB
	*grant.Service
	disabled map[string]bool
}

func newWorld(t testing.TB, dir string) *world {
	t.Helper()
	db, err := sqlstore.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	key, err := db.ServerKey(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, disabled: map[string]bool{}}
	w.Service = &grant.Service{Store: db.Grant(), Key: key, UserActive: func(_ context.Context, userID string) (bool, error) {
		return !w.disabled[userID], nil
	}}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("got error %v, want none", err)
	}
}

// code returns the OAuth code of an error, "" for none and the text of others.
func code(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*grant.Error](err); ok {
		return e.Code
	}
	return err.Error()
}

func (w *world) refused(err error, want string) {
	w.Helper()
	if got := code(err); got != want {
		w.Fatalf("got %q (%v), want %q", got, err, want)
	}
}

type client struct {
	grant.Client
	secret string
}

func (w *world) register(now time.Time, change ...func(*grant.Registration)) client {
	w.Helper()
	r := grant.Registration{Name: "botocore-client-test", Type: "public", Scopes: []string{"sso:account:access"}, RedirectURIs: []string{"http://127.0.0.1/oauth/callback"}}
	for _, f := range change {
		f(&r)
	}
	c, secret, err := w.RegisterClient(w.Context(), now, r)
	w.must(err)
	return client{c, secret}
}

func legacy(r *grant.Registration) { r.Scopes = nil }

func (w *world) signIn(now time.Time, userID string) grant.Session {
	w.Helper()
	_, sess, err := w.StartSession(w.Context(), now, userID)
	w.must(err)
	return sess
}

func (w *world) device(now time.Time, c client) grant.DeviceAuthorization {
	w.Helper()
	d, err := w.StartDevice(w.Context(), now, c.ID, c.secret, startURL, grant.DeviceOptions{})
	w.must(err)
	return d
}

// approved starts a device authorization and has the session allow it.
func (w *world) approved(now time.Time, c client, sess grant.Session) grant.DeviceAuthorization {
	w.Helper()
	d := w.device(now, c)
	r, err := w.ConfirmUserCode(w.Context(), now, sess, d.UserCode)
	w.must(err)
	_, err = w.Decide(w.Context(), now, sess, r.ID, true)
	w.must(err)
	return d
}

func (w *world) tokens(now time.Time, c client, sess grant.Session) grant.Tokens {
	w.Helper()
	t, err := w.RedeemDevice(w.Context(), now, c.ID, c.secret, w.approved(now, c, sess).DeviceCode)
	w.must(err)
	return t
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const callback = "http://127.0.0.1:43217/oauth/callback"

var verifier = strings.Repeat("aZ09-._~", 8)

func authorize(c client) grant.AuthorizeParams {
	return grant.AuthorizeParams{
		ResponseType: "code", ClientID: c.ID, RedirectURI: callback, State: "st&te",
		CodeChallenge: challenge(verifier), CodeChallengeMethod: "S256", Scopes: []string{"sso:account:access"},
	}
}

// authorized runs the browser's half and returns the code.
func (w *world) authorized(now time.Time, c client, sess grant.Session) string {
	w.Helper()
	id, err := w.BeginAuthorization(w.Context(), now, authorize(c))
	w.must(err)
	_, err = w.Service.Request(w.Context(), now, sess, id)
	w.must(err)
	d, err := w.Decide(w.Context(), now, sess, id, true)
	w.must(err)
	u, err := url.Parse(d.RedirectTo)
	w.must(err)
	return u.Query().Get("code")
}

func (w *world) redeemCode(now time.Time, c client, code string) (grant.Tokens, error) {
	return w.RedeemCode(w.Context(), now, c.ID, c.secret, code, callback, verifier)
}

func (w *world) refresh(now time.Time, c client, token string) (grant.Tokens, error) {
	return w.Refresh(w.Context(), now, c.ID, c.secret, token)
}

func TestServerKeyIsRequired(t *testing.T) {
	w := newWorld(t, "")
	c := w.register(start)
	w.Key = make([]byte, 31)
	if _, err := w.StartDevice(t.Context(), start, c.ID, c.secret, startURL, grant.DeviceOptions{}); err == nil || code(err) == grant.CodeInvalidClient {
		t.Errorf("got %v, want a fault for a short key", err)
	}
}

func TestRandomnessFailing(t *testing.T) {
	w := newWorld(t, "")
	w.Rand = bytes.NewReader(nil)
	if _, _, err := w.StartSession(t.Context(), start, "alice"); err == nil {
		t.Error("got a session without randomness, want an error")
	}
	if _, _, err := w.RegisterClient(t.Context(), start, grant.Registration{Name: "x", Type: "public"}); err == nil {
		t.Error("got a client without randomness, want an error")
	}
}
