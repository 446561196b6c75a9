package signin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// A request as it was sent.
type sent struct {
	path, agent string
	body        map[string]any
}

// sending notes what a client sends.
func sending(t *testing.T, c *signin.Client) *[]sent {
	t.Helper()
	var all []sent
	next := c.HTTP.Transport
	c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		s := sent{path: r.URL.Path, agent: r.Header.Get("User-Agent")}
		if r.Body != nil {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(text))
			_ = json.Unmarshal(text, &s.body)
		}
		all = append(all, s)
		return next.RoundTrip(r)
	})}
	return &all
}

func scripted(t *testing.T, ic *idctest.IdentityCenter) {
	t.Helper()
	if err := ic.Decide(t.Context(), idctest.Decision{User: "alice", Answer: idctest.Allow}); err != nil {
		t.Fatal(err)
	}
}

// A device that has been approved beforehand needs no person: nothing is shown
// and no browser opened, whatever token there was.
func TestApprovedBeforehand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		scripted(t, ic)
		old := seedToken(t, c, s)
		tok, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true,
			Show:    func(signin.Instructions) { t.Error("instructions were shown") },
			OpenURL: func(string) error { t.Error("a browser was opened"); return nil }})
		if err != nil || tok.AccessToken == old.AccessToken {
			t.Errorf("got the old token %v, %v; want a new one", tok.AccessToken == old.AccessToken, err)
		}
	})
}

// A browser that does not open is no failure, in either flow.
func TestBrowserRaises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		_, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true,
			Show:    func(i signin.Instructions) { ic.Approve(t.Context(), "alice", i.CompleteURL) },
			OpenURL: func(string) error { return errors.New("no browser") }})
		if err != nil {
			t.Error(err)
		}
	})
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	_, err := c.Login(t.Context(), s, signin.Options{OpenURL: func(address string) error {
		go ic.Approve(context.Background(), "alice", address)
		return errors.New("no browser")
	}})
	if err != nil {
		t.Error(err)
	}
}

// What goes over the wire: the kinds of registration, the scopes, the start URL
// that the service knows, and the user agent.
func TestWhatIsSent(t *testing.T) {
	ic := idctest.New(t, idctest.Listen())
	c, s := fixture(t, ic)
	s.Scopes = []string{"sso:account:access", "codewhisperer:completions"}
	s.StartURL, s.IssuerURL = "https://sso.example.com", ic.StartURL
	requests := sending(t, c)
	of := func(path string) (found []sent) {
		for _, r := range *requests {
			if r.path == path {
				found = append(found, r)
			}
		}
		*requests = nil
		return found
	}

	if _, err := deviceLogin(t, c, s, func(i signin.Instructions) {
		if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	for _, r := range *requests {
		if strings.Contains(r.agent, "md/sso#auth") {
			t.Errorf("%s: got user agent %q, want the mark of PKCE nowhere", r.path, r.agent)
		}
		if r.path == "/device_authorization" && r.body["startUrl"] != ic.StartURL {
			t.Errorf("got startUrl %v, want the resolved one", r.body["startUrl"])
		}
	}
	if r := of("/client/register"); len(r) != 1 || r[0].body["grantTypes"] != nil || r[0].body["issuerUrl"] != nil {
		t.Errorf("got the device registrations %v", r)
	}

	// The other flow registers anew, over the first.
	tok, err := codeLogin(t, ic, c, s, func(address string) error {
		if !strings.Contains(address, "&scopes=sso%3Aaccount%3Aaccess%20codewhisperer%3Acompletions&") {
			t.Errorf("got address %s", address)
		}
		return ic.Approve(t.Context(), "alice", address)
	})
	if err != nil {
		t.Fatal(err)
	}
	if tok.StartURL != s.StartURL {
		t.Errorf("got start URL %q in the token, want the configured one", tok.StartURL)
	}
	for _, r := range *requests {
		if !strings.Contains(r.agent, "md/sso#auth") {
			t.Errorf("%s: got user agent %q, want md/sso#auth in it", r.path, r.agent)
		}
	}
	r := of("/client/register")
	if len(r) != 1 {
		t.Fatalf("got %d registrations, want 1", len(r))
	}
	if body := r[0].body; body["issuerUrl"] != ic.StartURL || len(body["scopes"].([]any)) != 2 || len(body["grantTypes"].([]any)) != 2 {
		t.Errorf("got registration %v", body)
	}
	k := wallet.RegistrationKey{StartURL: s.StartURL, Region: s.Region, Session: s.Name, Scopes: s.Scopes}
	if stored, err := c.Wallet.Registration(k); err != nil || len(stored.GrantTypes) != 2 {
		t.Errorf("stored: %v, %v", stored.GrantTypes, err)
	}
}
