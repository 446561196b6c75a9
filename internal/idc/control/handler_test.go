package control

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

const startURL = "https://d-1234567890.awsapps.com/start"

// center is an Identity Center that has nothing but its control.
type center struct {
	*Handler
	Record Record
}

func newCenter(t *testing.T) *center {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	people := &directory.Service{Store: db.Directory()}
	if err := people.Seed(t.Context(), directory.Organisation{StartURL: startURL, Region: "eu-west-1",
		Users: []directory.User{{Name: "zoe"}, {Name: "alice"}, {Name: "gone", Disabled: true}}}); err != nil {
		t.Fatal(err)
	}
	key, err := db.ServerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := &Handler{Key: NewKey(), CookieName: "session", Directory: people, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Grant: &grant.Service{Store: db.Grant(), Key: key, UserActive: people.Active}}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.Address = server.URL
	return &center{Handler: h, Record: Record{Address: server.URL, Key: h.Key, PID: os.Getpid(), Started: time.Now().UTC()}}
}

func (c *center) client() *Client { return &Client{Record: c.Record} }

// startDevice begins a device sign-in as any client would.
func (c *center) startDevice(t *testing.T) (client grant.Client, secret string, device grant.DeviceAuthorization) {
	t.Helper()
	client, secret, err := c.Grant.RegisterClient(t.Context(), time.Now(), grant.Registration{Name: "test", Type: "public", Scopes: []string{"sso:account:access"}})
	if err != nil {
		t.Fatal(err)
	}
	device, err = c.Grant.StartDevice(t.Context(), time.Now(), client.ID, secret, startURL)
	if err != nil {
		t.Fatal(err)
	}
	return client, secret, device
}

func TestInfo(t *testing.T) {
	c := newCenter(t)
	got, err := c.client().Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := Info{ID: ID(c.Key), Address: c.Address, StartURL: startURL, Region: "eu-west-1", Users: []string{"zoe", "alice", "gone"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSignIn(t *testing.T) {
	c := newCenter(t)
	cookie, err := c.client().SignIn(t.Context(), "ALICE")
	if err != nil {
		t.Fatal(err)
	}
	if cookie.Name != "session" || cookie.Path != "/" {
		t.Errorf("got cookie %s for %s", cookie.Name, cookie.Path)
	}
	sess, err := c.Grant.Session(t.Context(), time.Now(), cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := c.Directory.User(t.Context(), sess.UserID); err != nil || u.Name != "alice" {
		t.Errorf("got %q, %v; want alice", u.Name, err)
	}
	for user, code := range map[string]string{"nobody": "unknown_user", "": "unknown_user", "gone": "user_disabled"} {
		_, err := c.client().SignIn(t.Context(), user)
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != code {
			t.Errorf("%q: got %v, want %s", user, err, code)
		}
	}
}

func TestDecideDevice(t *testing.T) {
	c := newCenter(t)
	for _, allow := range []bool{true, false} {
		client, secret, device := c.startDevice(t)
		if err := c.client().DecideDevice(t.Context(), "alice", strings.ToLower(device.UserCode), allow); err != nil {
			t.Fatal(err)
		}
		tokens, err := c.Grant.RedeemDevice(t.Context(), time.Now(), client.ID, secret, device.DeviceCode)
		if !allow {
			if e, ok := errors.AsType[*grant.Error](err); !ok || e.Code != grant.CodeAccessDenied {
				t.Errorf("denied: got %v, want %s", err, grant.CodeAccessDenied)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		access, err := c.Grant.AccessToken(t.Context(), time.Now(), tokens.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := c.Directory.User(t.Context(), access.UserID); err != nil || u.Name != "alice" {
			t.Errorf("got %q, %v; want alice", u.Name, err)
		}
		err = c.client().DecideDevice(t.Context(), "zoe", device.UserCode, false)
		if _, ok := errors.AsType[*Error](err); !ok {
			t.Errorf("deciding again: got %v, want a refusal", err)
		}
	}
	err := c.client().DecideDevice(t.Context(), "alice", "BBBB-BBBB", true)
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != http.StatusBadRequest {
		t.Errorf("unknown code: got %v, want a refusal", err)
	}
}

func TestWrongKey(t *testing.T) {
	c, other := newCenter(t), newCenter(t)
	for _, key := range []string{"", "x", other.Key, c.Key + "x", c.Key[:len(c.Key)-1]} {
		client := c.client()
		client.Record.Key = key
		_, err := client.Info(t.Context())
		if e, ok := errors.AsType[*Error](err); !ok || e.Status != http.StatusUnauthorized || e.Code != "unauthorized" {
			t.Errorf("got %v, want 401", err)
		}
		if err := client.DecideDevice(t.Context(), "alice", "BBBB-BBBB", true); err == nil {
			t.Error("decided under another key")
		}
	}
}

func TestRefusedRequests(t *testing.T) {
	c := newCenter(t)
	good := http.Header{"Authorization": {"Bearer " + c.Key}, "Content-Type": {"application/json"}}
	with := func(name string, values ...string) http.Header {
		h := good.Clone()
		h[name] = values
		return h
	}
	for _, test := range []struct {
		name, method, operation, body string
		header                        http.Header
		want                          int
	}{
		{"good", "POST", "sign-in", `{"user":"alice"}`, good, 200},
		{"good in lower case", "POST", "sign-in", `{"user":"alice"}`, with("Authorization", "bearer "+c.Key), 200},
		{"charset", "POST", "sign-in", `{"user":"alice"}`, with("Content-Type", "application/json; charset=utf-8"), 200},
		{"page of this origin", "POST", "sign-in", `{"user":"alice"}`, with("Origin", c.Address), 403},
		{"page of another origin", "POST", "sign-in", `{"user":"alice"}`, with("Origin", "http://evil.test"), 403},
		{"sandboxed page", "POST", "sign-in", `{"user":"alice"}`, with("Origin", "null"), 403},
		{"address bar", "GET", "info", "", with("Sec-Fetch-Site", "none"), 403},
		{"same origin fetch", "GET", "info", "", with("Sec-Fetch-Mode", "cors"), 403},
		{"preflight", "OPTIONS", "sign-in", "", http.Header{"Origin": {"http://evil.test"}, "Access-Control-Request-Headers": {"authorization"}}, 403},
		{"proof for a page", "GET", "proof?nonce=0123456789abcdef", "", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"no key", "POST", "sign-in", `{"user":"alice"}`, with("Authorization"), 401},
		{"two keys", "POST", "sign-in", `{"user":"alice"}`, with("Authorization", "Bearer "+c.Key, "Bearer "+c.Key), 401},
		{"basic", "POST", "sign-in", `{"user":"alice"}`, with("Authorization", "Basic "+c.Key), 401},
		{"unknown operation without key", "POST", "nothing", "{}", with("Authorization"), 401},
		{"unknown operation", "POST", "nothing", "{}", good, 404},
		{"no operation", "GET", "", "", good, 404},
		{"form", "POST", "sign-in", "user=alice", with("Content-Type", "application/x-www-form-urlencoded"), 415},
		{"plain text", "POST", "sign-in", `{"user":"alice"}`, with("Content-Type", "text/plain"), 415},
		{"no type", "POST", "sign-in", `{"user":"alice"}`, with("Content-Type"), 415},
		{"GET to change", "GET", "sign-in", "", good, 405},
		{"POST to look", "POST", "info", "{}", good, 405},
		{"HEAD", "HEAD", "info", "", good, 405},
		{"large", "POST", "sign-in", `{"user":"` + strings.Repeat("x", maxBody) + `"}`, good, 413},
		{"no JSON", "POST", "sign-in", `user`, good, 400},
		{"empty", "POST", "sign-in", ``, good, 400},
		{"unknown field", "POST", "sign-in", `{"user":"alice","as":"bob"}`, good, 400},
		{"two values", "POST", "sign-in", `{"user":"alice"}{}`, good, 400},
		{"short nonce", "GET", "proof?nonce=x", "", nil, 400},
		{"long nonce", "GET", "proof?nonce=" + strings.Repeat("x", 200), "", nil, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), test.method, c.Address+Path+test.operation, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			for name, values := range test.header {
				req.Header[name] = values
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != test.want {
				t.Errorf("got %d %s, want %d", resp.StatusCode, body, test.want)
			}
			if got := resp.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("got Content-Type %q", got)
			}
			for name := range resp.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("answered with %s", name)
				}
			}
			if test.method != "HEAD" && !json.Valid(body) {
				t.Errorf("got %s, want JSON", body)
			}
			if strings.Contains(string(body), c.Key) {
				t.Error("the answer holds the key")
			}
		})
	}
}
