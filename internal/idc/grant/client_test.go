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
		{"many scopes", func(r *grant.Registration) { r.Scopes = many(51, "a") }, grant.CodeInvalidScope},
		{"many redirects", func(r *grant.Registration) { r.RedirectURIs = many(21, "http://127.0.0.1") }, grant.CodeInvalidRedirectURI},
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
	_, _, err := w.RegisterClient(t.Context(), at(59*time.Minute), r)
	w.refused(err, grant.CodeSlowDown)
	// A flood is over after an hour, not after ninety days.
	_, _, err = w.RegisterClient(t.Context(), at(time.Hour), r)
	w.must(err)
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
			_, err := w.StartDevice(t.Context(), test.now, test.id, test.secret, startURL)
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
	_, err := w.StartDevice(t.Context(), start, codes.ID, codes.secret, startURL)
	w.refused(err, grant.CodeUnauthorizedClient)
	_, err = w.RedeemDevice(t.Context(), start, codes.ID, codes.secret, "x")
	w.refused(err, grant.CodeUnauthorizedClient)
	_, err = w.BeginAuthorization(t.Context(), start, authorize(devices))
	w.refused(err, grant.CodeUnauthorizedClient)
	_, err = w.redeemCode(start, devices, "x")
	w.refused(err, grant.CodeUnauthorizedClient)
}
