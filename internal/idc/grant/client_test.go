package grant_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func TestRegisterClient(t *testing.T) {
	w := newWorld(t, "")
	many := func(n int, s string) []string {
		all := make([]string, n)
		for i := range all {
			all[i] = s
		}
		return all
	}
	for _, test := range []struct {
		name   string
		change func(*grant.Registration)
		want   string
	}{
		{"as the AWS CLI", func(r *grant.Registration) {
			r.GrantTypes = []string{grant.GrantAuthorizationCode, grant.GrantRefreshToken}
			r.IssuerURL = startURL
		}, ""},
		{"device only", func(r *grant.Registration) {
			r.RedirectURIs, r.GrantTypes = nil, []string{grant.GrantDeviceCode, grant.GrantRefreshToken}
		}, ""},
		{"legacy", legacy, ""},
		{"any scope", func(r *grant.Registration) { r.Scopes = []string{"sso-portal:*", "codewhisperer:completions"} }, ""},
		{"https callback", func(r *grant.Registration) { r.RedirectURIs = []string{"https://app.example.com/cb?x=1"} }, ""},
		{"no name", func(r *grant.Registration) { r.Name = " " }, grant.CodeInvalidClientMetadata},
		{"long name", func(r *grant.Registration) { r.Name = strings.Repeat("x", 257) }, grant.CodeInvalidClientMetadata},
		{"name with bidi", func(r *grant.Registration) { r.Name = "evil\u202egpj" }, grant.CodeInvalidClientMetadata},
		{"name with escape", func(r *grant.Registration) { r.Name = "\x1b[31m" }, grant.CodeInvalidClientMetadata},
		{"name no UTF-8", func(r *grant.Registration) { r.Name = "\xff" }, grant.CodeInvalidClientMetadata},
		{"confidential", func(r *grant.Registration) { r.Type = "confidential" }, grant.CodeInvalidClientMetadata},
		{"no type", func(r *grant.Registration) { r.Type = "" }, grant.CodeInvalidClientMetadata},
		{"issuer with newline", func(r *grant.Registration) { r.IssuerURL = "https://x\n" }, grant.CodeInvalidClientMetadata},
		{"scope with space", func(r *grant.Registration) { r.Scopes = []string{"a b"} }, grant.CodeInvalidScope},
		{"empty scope", func(r *grant.Registration) { r.Scopes = []string{""} }, grant.CodeInvalidScope},
		{"many scopes", func(r *grant.Registration) { r.Scopes = many(21, "a") }, grant.CodeInvalidScope},
		{"many redirects", func(r *grant.Registration) { r.RedirectURIs = many(11, "http://127.0.0.1") }, grant.CodeInvalidRedirectURI},
		{"long scope", func(r *grant.Registration) { r.Scopes = []string{strings.Repeat("a", 129)} }, grant.CodeInvalidScope},
		{"long redirect", func(r *grant.Registration) {
			r.RedirectURIs = []string{"http://127.0.0.1/" + strings.Repeat("a", 512)}
		}, grant.CodeInvalidRedirectURI},
		{"long issuer", func(r *grant.Registration) { r.IssuerURL = "https://" + strings.Repeat("a", 512) }, grant.CodeInvalidClientMetadata},
		{"many grants", func(r *grant.Registration) { r.GrantTypes = many(11, grant.GrantRefreshToken) }, grant.CodeUnsupportedGrantType},
		{"bad redirect", func(r *grant.Registration) { r.RedirectURIs = []string{"http://example.com"} }, grant.CodeInvalidRedirectURI},
		{"no redirect for codes", func(r *grant.Registration) {
			r.RedirectURIs, r.GrantTypes = nil, []string{grant.GrantAuthorizationCode}
		}, grant.CodeInvalidRedirectURI},
		{"unknown grant", func(r *grant.Registration) { r.GrantTypes = []string{"password"} }, grant.CodeUnsupportedGrantType},
		{"both flows", func(r *grant.Registration) {
			r.GrantTypes = []string{grant.GrantAuthorizationCode, grant.GrantDeviceCode}
		}, grant.CodeInvalidRequest},
		{"both flows, no scopes", func(r *grant.Registration) {
			r.Scopes, r.GrantTypes = nil, []string{grant.GrantDeviceCode, grant.GrantAuthorizationCode}
		}, grant.CodeInvalidScope},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := grant.Registration{Name: "client", Type: "public", Scopes: []string{"sso:account:access"}, RedirectURIs: []string{"http://127.0.0.1/oauth/callback"}}
			test.change(&r)
			c, secret, err := w.RegisterClient(t.Context(), start, r)
			if got := code(err); got != test.want {
				t.Fatalf("got %q (%v), want %q", got, err, test.want)
			}
			if err != nil {
				return
			}
			want := grant.Client{
				ID: c.ID, Name: r.Name, Type: r.Type, Scopes: r.Scopes, RedirectURIs: r.RedirectURIs, GrantTypes: r.GrantTypes, IssuerURL: r.IssuerURL,
				IssuedAt: start, ExpiresAt: at(90 * 24 * time.Hour),
			}
			if diff := cmp.Diff(want, c); diff != "" {
				t.Errorf("got other than want (-want +got):\n%s", diff)
			}
			if len(c.ID) < 22 || len(secret) < 43 {
				t.Errorf("got id %q and a secret of %d characters, want at least 128 and 256 bits", c.ID, len(secret))
			}
		})
	}
}

func TestRegistrationLimit(t *testing.T) {
	w := newWorld(t, "")
	w.Policy.MaxRegistrations = 2
	w.register(start)
	w.register(start)
	r := grant.Registration{Name: "x", Type: "public"}
	_, _, err := w.RegisterClient(t.Context(), at(59*time.Second), r)
	w.refused(err, grant.CodeSlowDown)
	// A flood is over after a minute, not after ninety days.
	_, _, err = w.RegisterClient(t.Context(), at(time.Minute), r)
	w.must(err)
}

// A flood of registrations takes nothing from a sign-in that is under way with a
// client that has never redeemed anything.
func TestSignInsSurviveAFlood(t *testing.T) {
	w := newWorld(t, "")
	w.Policy.MaxRegistrations = 3
	flood := func(from time.Duration) {
		for i := range 20 {
			_, _, err := w.RegisterClient(t.Context(), at(from+time.Duration(i)*10*time.Second), grant.Registration{Name: "flood", Type: "public"})
			if got := code(err); got != "" && got != grant.CodeSlowDown {
				t.Fatalf("got %v, want a client or slow_down", err)
			}
		}
	}
	c, sess := w.register(start.Add(-2*time.Hour)), w.signIn(start, "alice")
	d := w.device(start, c)
	flood(time.Second)
	r, err := w.ConfirmUserCode(t.Context(), at(4*time.Minute), sess, d.UserCode)
	w.must(err)
	_, err = w.Decide(t.Context(), at(4*time.Minute), sess, r.ID, true)
	w.must(err)
	flood(5 * time.Minute)
	w.must(w.poll(at(9*time.Minute), c, d))
}

func TestUsedRegistrationsSurviveAFlood(t *testing.T) {
	w := newWorld(t, "")
	w.Policy.MaxRegistrations = 3
	c, sess := w.register(start), w.signIn(start, "alice")
	tokens := w.tokens(start, c, sess)
	for i := range 20 {
		_, _, err := w.RegisterClient(t.Context(), at(time.Duration(i)*2*time.Hour/3), grant.Registration{Name: "flood", Type: "public"})
		if got := code(err); got != "" && got != grant.CodeSlowDown {
			t.Fatalf("got %v, want a client or slow_down", err)
		}
	}
	_, err := w.refresh(at(7*time.Hour), c, tokens.RefreshToken)
	w.must(err)
}

// Every operation of a client checks its secret, and every refusal is the same.
func TestClientAuthentication(t *testing.T) {
	w := newWorld(t, "")
	c, other, sess := w.register(start), w.register(start), w.signIn(start, "alice")
	d := w.approved(start, c, sess)
	pkce := w.authorized(start, c, sess)
	tokens := w.tokens(start, c, sess)
	for _, test := range []struct {
		name, id, secret string
		now              time.Time
	}{
		{"unknown client", "nobody", c.secret, start},
		{"no client", "", "", start},
		{"wrong secret", c.ID, c.secret + "x", start},
		{"no secret", c.ID, "", start},
		{"another's secret", c.ID, other.secret, start},
		{"expired", c.ID, c.secret, at(90 * 24 * time.Hour)},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.StartDevice(t.Context(), test.now, test.id, test.secret, startURL, grant.DeviceOptions{})
			if got := code(err); got != grant.CodeInvalidClient {
				t.Errorf("StartDevice: got %q, want invalid_client", got)
			}
			_, err = w.RedeemDevice(t.Context(), test.now, test.id, test.secret, d.DeviceCode)
			if got := code(err); got != grant.CodeInvalidClient {
				t.Errorf("RedeemDevice: got %q, want invalid_client", got)
			}
			_, err = w.RedeemCode(t.Context(), test.now, test.id, test.secret, pkce, callback, verifier)
			if got := code(err); got != grant.CodeInvalidClient {
				t.Errorf("RedeemCode: got %q, want invalid_client", got)
			}
			_, err = w.Refresh(t.Context(), test.now, test.id, test.secret, tokens.RefreshToken)
			if got := code(err); got != grant.CodeInvalidClient {
				t.Errorf("Refresh: got %q, want invalid_client", got)
			}
		})
	}
	q := authorize(c)
	q.ClientID = "nobody"
	_, err := w.BeginAuthorization(t.Context(), start, q)
	w.refused(err, grant.CodeInvalidClient)
	_, err = w.BeginAuthorization(t.Context(), at(90*24*time.Hour), authorize(c))
	w.refused(err, grant.CodeInvalidClient)

	// None of that changed anything.
	_, err = w.RedeemDevice(t.Context(), start, c.ID, c.secret, d.DeviceCode)
	w.must(err)
	_, err = w.redeemCode(start, c, pkce)
	w.must(err)
	_, err = w.refresh(start, c, tokens.RefreshToken)
	w.must(err)
}

func TestGrantTypesAreHeldTo(t *testing.T) {
	w := newWorld(t, "")
	codes := w.register(start, func(r *grant.Registration) { r.GrantTypes = []string{grant.GrantAuthorizationCode} })
	devices := w.register(start, func(r *grant.Registration) { r.GrantTypes = []string{grant.GrantDeviceCode} })
	_, err := w.StartDevice(t.Context(), start, codes.ID, codes.secret, startURL, grant.DeviceOptions{})
	w.refused(err, grant.CodeUnauthorizedClient)
	_, err = w.RedeemDevice(t.Context(), start, codes.ID, codes.secret, "x")
	w.refused(err, grant.CodeUnauthorizedClient)
	_, err = w.BeginAuthorization(t.Context(), start, authorize(devices))
	w.refused(err, grant.CodeUnauthorizedClient)
	_, err = w.redeemCode(start, devices, "x")
	w.refused(err, grant.CodeUnauthorizedClient)

	// Who does not list refresh_token gets none, and may use none.
	sess := w.signIn(start, "alice")
	tokens := w.tokens(start, devices, sess)
	equal(t, tokens.RefreshToken, "")
	equal(t, tokens.ExpiresIn, time.Hour)
	tokens, err = w.redeemCode(start, codes, w.authorized(start, codes, sess))
	w.must(err)
	equal(t, tokens.RefreshToken, "")
	_, err = w.refresh(start, devices, "x")
	w.refused(err, grant.CodeUnauthorizedClient)
	for _, types := range [][]string{
		nil,
		{grant.GrantDeviceCode, grant.GrantRefreshToken},
		{grant.GrantAuthorizationCode, grant.GrantRefreshToken},
	} {
		c := w.register(start, func(r *grant.Registration) { r.GrantTypes = types })
		if c.GrantTypes == nil || types[0] == grant.GrantDeviceCode {
			tokens = w.tokens(start, c, sess)
		} else {
			tokens, err = w.redeemCode(start, c, w.authorized(start, c, sess))
			w.must(err)
		}
		_, err = w.refresh(start, c, tokens.RefreshToken)
		w.must(err)
	}
}
