package interop

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// An SDK finds its way to the local Identity Center however that listens.
func TestWays(t *testing.T) {
	ways := [][]string{nil, {"--tls"}, {"--proxy"}, {"--tls", "--proxy"}}
	everySDK(t, func(t *testing.T, s sdk) {
		for _, way := range ways {
			if slices.Contains(s.flags, "--proxy") && !slices.Contains(way, "--proxy") {
				continue
			}
			t.Run(strings.Join(append([]string{"run"}, way...), " "), func(t *testing.T) {
				t.Parallel()
				c := local(t, way...)
				l := signIn(t, c, c.drive(t, s))
				listAccounts(t, l)
				identify(t, l)
				l.must(t, l.logout(), nil)
			})
		}
	})
}

// The authorization code with PKCE, which no SDK has as a whole: a tool that
// waits for its browser to come back brings the code, and the SDK redeems it.
func TestAuthorizationCode(t *testing.T) {
	everySDK(t, func(t *testing.T, s sdk) {
		c := local(t, append(s.flags, "--as", "alice")...)
		d := c.drive(t, s)
		callbacks := make(chan url.Values, 1)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/oauth/callback" {
				callbacks <- r.URL.Query()
			}
		})}
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { server.Close() })

		var client registration
		f := d.ask(t, request{Service: "sso-oidc", Operation: "RegisterClient", Input: fields{
			"clientName": "interop", "clientType": "public", "scopes": []string{"sso:account:access"},
			"grantTypes": []string{"authorization_code", "refresh_token"}, "issuerUrl": startURL,
			"redirectUris": []string{"http://127.0.0.1/oauth/callback"}}}, &client)
		if f != nil && f.Code == "ParamValidationError" {
			t.Skipf("%s is from before there were authorization codes", s.name)
		} else if f != nil {
			t.Fatal(f)
		}

		verifier, state := rand.Text()+rand.Text(), rand.Text()
		challenge := sha256.Sum256([]byte(verifier))
		redirect := "http://" + listener.Addr().String() + "/oauth/callback"
		browser := strings.Fields(strings.ReplaceAll(c.getenv("BROWSER"), "%s", c.getenv("AWS_ENDPOINT_URL")+"/authorize?"+url.Values{
			"response_type": {"code"}, "client_id": {client.ClientID}, "redirect_uri": {redirect}, "state": {state},
			"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
			"scopes": {"sso:account:access"}}.Encode()))
		c.must(t, browser[0], browser[1:]...)
		var callback url.Values
		select {
		case callback = <-callbacks:
		case <-time.After(patience):
			t.Fatal("the browser did not come back")
		}
		if callback.Get("state") != state {
			t.Errorf("got state %q, want %q", callback.Get("state"), state)
		}

		redeem := func(verifier string) request {
			return request{Service: "sso-oidc", Operation: "CreateToken", Input: fields{
				"clientId": client.ClientID, "clientSecret": client.ClientSecret, "grantType": "authorization_code",
				"code": callback.Get("code"), "codeVerifier": verifier, "redirectUri": redirect}}
		}
		l := &login{driver: d, center: c, client: client}
		l.must(t, redeem(verifier), &l.token)
		listAccounts(t, l)
		if f := d.ask(t, redeem(verifier), nil); f == nil || f.Code != "InvalidGrantException" {
			t.Errorf("the same code again: got %v, want InvalidGrantException", f)
		}
	})
}

// A client whose clock is wrong, or whose service's is: some SDKs notice and
// correct it by themselves, the others are refused for as long as it lasts.
func TestSkewedClock(t *testing.T) {
	everySDK(t, func(t *testing.T, s sdk) {
		for _, by := range []string{"-10m", "10m"} {
			t.Run(by, func(t *testing.T) {
				t.Parallel()
				c := local(t, s.flags...)
				l := signIn(t, c, c.drive(t, s))
				keys := l.keys(t)
				c.portico(t, "clock", "skew", "--", by)
				if f := l.ask(t, whoIs(keys), nil); s.skewed == "" && f != nil || s.skewed != "" && (f == nil || f.Code != s.skewed) {
					t.Errorf("got %v, want %s", f, cmp.Or(s.skewed, "success"))
				}
				c.portico(t, "clock", "skew", "0")
				l.must(t, whoIs(keys), nil)
			})
		}
	})
}
