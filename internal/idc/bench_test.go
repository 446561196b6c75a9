package idc

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What it costs to answer with the events of a sign-in kept in a database on
// disk, against the same without any: the recorder is closed, or there is no
// server around the wire at all.
func BenchmarkEvents(b *testing.B) {
	for _, setting := range []struct {
		name    string
		handler func(s *Server) http.Handler
	}{
		{"recorded", func(s *Server) http.Handler { return s }},
		{"unrecorded", func(s *Server) http.Handler {
			if err := s.events.Close(); err != nil {
				b.Fatal(err)
			}
			return s
		}},
		{"wire alone", func(s *Server) http.Handler { return s.api }},
	} {
		begin := func(b *testing.B) (*benchClient, http.Handler) {
			s, err := New(b.Context(), Config{DataDir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			c := newBenchClient(b, s)
			b.ReportAllocs()
			return c, setting.handler(s)
		}
		b.Run("GetRoleCredentials/"+setting.name, func(b *testing.B) {
			c, h := begin(b)
			for b.Loop() {
				c.call(h, "GET", "/federation/credentials?account_id="+devAccount+"&role_name=AdministratorAccess", "")
			}
		})
		b.Run("ListAccounts/"+setting.name, func(b *testing.B) {
			c, h := begin(b)
			for b.Loop() {
				c.call(h, "GET", "/assignment/accounts", "")
			}
		})
		b.Run("CreateToken/"+setting.name, func(b *testing.B) {
			c, h := begin(b)
			for b.Loop() {
				c.call(h, "POST", "/token", `{"clientId":"`+c.ClientID+`","clientSecret":"`+c.ClientSecret+`","grantType":"refresh_token","refreshToken":"`+c.RefreshToken+`"}`)
			}
		})
	}
}

// benchClient is a program that is signed in.
type benchClient struct {
	b *testing.B

	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	DeviceCode   string `json:"deviceCode"`
	UserCode     string `json:"userCode"`
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
}

func newBenchClient(b *testing.B, s *Server) *benchClient {
	c := &benchClient{b: b}
	c.call(s, "POST", "/client/register", `{"clientName":"bench","clientType":"public","scopes":["sso:account:access"]}`)
	c.call(s, "POST", "/device_authorization", `{"clientId":"`+c.ClientID+`","clientSecret":"`+c.ClientSecret+`","startUrl":"`+startURL+`"}`)
	user, err := s.directory.UserByName(b.Context(), "alice")
	if err != nil {
		b.Fatal(err)
	}
	_, sess, err := s.grant.StartSession(b.Context(), s.now(), user.ID)
	if err != nil {
		b.Fatal(err)
	}
	request, err := s.grant.ConfirmUserCode(b.Context(), s.now(), sess, c.UserCode)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.grant.Decide(b.Context(), s.now(), sess, request.ID, true); err != nil {
		b.Fatal(err)
	}
	c.call(s, "POST", "/token", `{"clientId":"`+c.ClientID+`","clientSecret":"`+c.ClientSecret+
		`","grantType":"urn:ietf:params:oauth:grant-type:device_code","deviceCode":"`+c.DeviceCode+`"}`)
	return c
}

func (c *benchClient) call(h http.Handler, method, target, body string) {
	r := httptest.NewRequestWithContext(c.b.Context(), method, base+target, strings.NewReader(body))
	if method == http.MethodGet {
		r.Body, r.ContentLength = http.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.AccessToken != "" && method == http.MethodGet {
		r.Header["X-Amz-Sso_bearer_token"] = []string{c.AccessToken}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer, err := io.ReadAll(w.Body)
	if err != nil || w.Code != http.StatusOK {
		c.b.Fatalf("%s %s: got %d %s", method, target, w.Code, answer)
	}
	if err := json.Unmarshal(answer, c); err != nil {
		c.b.Fatal(err)
	}
}
