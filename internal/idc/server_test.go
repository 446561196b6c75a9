package idc

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/seed"
)

// everyRoute is one request to each thing a browser or a client can ask for.
var everyRoute = []struct{ method, path, body string }{
	{"GET", "/", ""},
	{"GET", "/start", ""},
	{"GET", "/authorize", ""},
	{"GET", "/signin", ""},
	{"POST", "/signin", "username=alice&password=correct-horse"},
	{"POST", "/signout", ""},
	{"GET", "/signed-out", ""},
	{"GET", "/device", ""},
	{"POST", "/device", "user_code=BBBB-BBBB"},
	{"GET", "/consent?request=x", ""},
	{"POST", "/consent", "request=x&decision=allow"},
	{"GET", "/assets/x", ""},
	{"GET", "/vanity", ""},
	{"GET", "/vanity/nothing", ""},
	{"GET", "/nothing", ""},
	{"POST", "/client/register", "{}"},
	{"POST", "/device_authorization", "{}"},
	{"POST", "/token", "{}"},
	{"GET", "/assignment/accounts", ""},
	{"GET", "/assignment/roles", ""},
	{"GET", "/federation/credentials", ""},
	{"POST", "/logout", ""},
	{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15"},
	{"GET", "/?Action=GetCallerIdentity", ""},
	{"GET", "/.portico/v1/info", ""},
	{"GET", "/.portico/v1/proof?nonce=0123456789abcdef", ""},
	{"POST", "/.portico/v1/sign-in", `{"user":"alice"}`},
	{"POST", "/.portico/v1/decide-device", `{}`},
	{"OPTIONS", "/token", ""},
	{"TRACE", "/start", ""},
	{"DELETE", "/start", ""},
}

func TestForeignHost(t *testing.T) {
	key := control.NewKey()
	s, _ := newServer(t, Config{ControlKey: key})
	for _, route := range everyRoute {
		for _, host := range []string{"evil.test", "evil.test:8642", "127.0.0.1", "127.0.0.1:80", "localhost", "[::1]:1", "127.0.0.1:8642.evil.test",
			"127.0.0.1.evil.test:8642", "localhost.:8642", "0.0.0.0:8642", "127.0.0.2:8642", "::1:8642", "user@127.0.0.1:8642", ":8642", ""} {
			resp := handle(t, s, route.method, base+route.path, route.body, "Host", host,
				"Authorization", "Bearer "+key, "Content-Type", "application/json", "X-Amz-Target", "SWBExternalService.ListInstances")
			if body := text(t, resp); resp.StatusCode != http.StatusMisdirectedRequest || !strings.Contains(body, base) ||
				resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("%s %s for %q: got %s %q, want 421 with the right address", route.method, route.path, host, resp.Status, body)
			}
		}
		for _, host := range []string{"127.0.0.1:8642", "localhost:8642", "LocalHost:8642", "[::1]:8642"} {
			if resp := handle(t, s, route.method, base+route.path, route.body, "Host", host); resp.StatusCode == http.StatusMisdirectedRequest {
				t.Errorf("%s %s for %q: got 421", route.method, route.path, host)
			}
		}
	}
}

// The address may be another name, and the standard port is one that clients
// leave out.
func TestHostOfAddress(t *testing.T) {
	for _, test := range []struct {
		baseURL       string
		good, foreign []string
	}{
		{"http://Identity.Test:8642/", []string{"identity.test:8642", "IDENTITY.TEST:8642", "localhost:8642", "127.0.0.1:8642"}, []string{"identity.test", "identity.test:80", "x.identity.test:8642"}},
		{"http://localhost", []string{"localhost", "localhost:80", "127.0.0.1", "[::1]", "[::1]:80"}, []string{"localhost:8642", "evil.test"}},
		{"https://identity.test", []string{"identity.test", "identity.test:443", "localhost"}, []string{"identity.test:80", "evil.test:443"}},
		{"http://[::1]:8642", []string{"[::1]:8642", "localhost:8642"}, []string{"[::2]:8642", "::1"}},
	} {
		a, err := parseAddress(test.baseURL)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range test.good {
			if !a.allows(host) {
				t.Errorf("%s refuses %s", test.baseURL, host)
			}
		}
		for _, host := range append(test.foreign, "", ":", "[", "]") {
			if a.allows(host) {
				t.Errorf("%s allows %q", test.baseURL, host)
			}
		}
	}
	for _, bad := range []string{"x", "ftp://127.0.0.1", "http://", "http://:8642", "http://0.0.0.0:8642", "http://[::]:8642",
		"http://127.0.0.1:8642/start", "http://u@127.0.0.1", "http://127.0.0.1?x", "http://127.0.0.1/#x", "http://127.0.0.1:port"} {
		_, err := New(t.Context(), Config{BaseURL: bad})
		if _, ok := errors.AsType[*AddressError](err); !ok {
			t.Errorf("%s: got %v, want an *AddressError", bad, err)
		}
	}
}

func TestCrossSitePost(t *testing.T) {
	key := control.NewKey()
	s, _ := newServer(t, Config{ControlKey: key})
	cookie := signIn(t, s, key, "alice")
	for _, path := range []string{"/signin", "/signout", "/device", "/consent", "/nothing"} {
		for _, header := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"}, // another port of this machine
			{"Origin", "http://evil.test"},
			{"Origin", "http://127.0.0.1:9999"},
			{"Origin", "null"},
		} {
			resp := handle(t, s, "POST", base+path, "user_code=BBBB-BBBB", append(header, "Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded")...)
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("POST %s with %v: got %s, want 403", path, header, resp.Status)
			}
		}
	}
	for _, route := range everyRoute {
		if !strings.HasPrefix(route.path, "/.portico/") {
			continue
		}
		resp := handle(t, s, route.method, base+route.path, route.body, "Origin", base, "Authorization", "Bearer "+key, "Content-Type", "application/json")
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s from a page: got %s, want 403", route.method, route.path, resp.Status)
		}
	}
	// What was refused did nothing.
	if resp := handle(t, s, "GET", base+"/start", "", "Cookie", cookie); resp.StatusCode != http.StatusOK {
		t.Errorf("got %s, want the accounts of who is still signed in", resp.Status)
	}
	resp := handle(t, s, "POST", base+"/signout", "", "Cookie", cookie, "Sec-Fetch-Site", "same-origin", "Origin", base, "Content-Type", "application/x-www-form-urlencoded")
	if resp.StatusCode != http.StatusSeeOther {
		t.Errorf("from our own page: got %s, want 303", resp.Status)
	}
}

func TestHeadersOnEverything(t *testing.T) {
	s, _ := newServer(t, Config{ControlKey: control.NewKey()})
	ids := map[string]bool{}
	for _, route := range everyRoute {
		for _, header := range [][]string{nil, {"Host", "evil.test"}, {"Sec-Fetch-Site", "cross-site"}} {
			resp := handle(t, s, route.method, base+route.path, route.body, header...)
			id := resp.Header.Get("X-Amzn-RequestId")
			if len(id) < 16 || ids[id] {
				t.Errorf("%s %s: got request id %q", route.method, route.path, id)
			}
			ids[id] = true
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			} {
				if got := resp.Header.Get(name); got != want {
					t.Errorf("%s %s %v: got %s %q, want %q", route.method, route.path, header, name, got, want)
				}
			}
			csp := resp.Header.Get("Content-Security-Policy")
			if !strings.HasPrefix(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
				t.Errorf("%s %s: got policy %q", route.method, route.path, csp)
			}
			for name := range resp.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s: answered with %s", route.method, route.path, name)
				}
			}
		}
	}
}

func TestControlIsOff(t *testing.T) {
	key := control.NewKey()
	withoutKey, log := newServer(t, Config{})
	exposed, exposedLog := newServer(t, Config{ControlKey: key, BaseURL: "http://192.0.2.7:8642"})
	if strings.Contains(log.String(), "OTHER MACHINES") {
		t.Errorf("got a warning on loopback: %s", log)
	}
	if !strings.Contains(exposedLog.String(), "OTHER MACHINES") {
		t.Errorf("got no warning: %s", exposedLog)
	}
	for name, s := range map[string]*Server{"without key": withoutKey, "exposed": exposed} {
		for _, route := range everyRoute {
			if !strings.HasPrefix(route.path, "/.portico/") {
				continue
			}
			resp := handle(t, s, route.method, base+route.path, route.body, "Authorization", "Bearer "+key, "Content-Type", "application/json")
			if resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %s %s: got %s, want 404", name, route.method, route.path, resp.Status)
			}
		}
	}
}

func TestPanic(t *testing.T) {
	s, log := newServer(t, Config{})
	s.onPages.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/late":
			w.WriteHeader(http.StatusOK)
			fallthrough
		case "/early":
			panic("the cause")
		}
		panic(http.ErrAbortHandler)
	})
	resp := handle(t, s, "GET", base+"/early?secret=hunter2", "", "Accept", "text/html")
	id, body := resp.Header.Get("X-Amzn-RequestId"), text(t, resp)
	if resp.StatusCode != http.StatusInternalServerError || !strings.Contains(body, id) || strings.Contains(body, "the cause") {
		t.Errorf("got %s %q", resp.Status, body)
	}
	if l := log.String(); !strings.Contains(l, "the cause") || !strings.Contains(l, id) || !strings.Contains(l, "path=/early") || strings.Contains(l, "hunter2") {
		t.Errorf("got log %s", l)
	}
	for _, path := range []string{"/late", "/abort"} {
		func() {
			defer func() {
				if got := recover(); got != http.ErrAbortHandler {
					t.Errorf("%s: got %v, want the connection aborted", path, got)
				}
			}()
			handle(t, s, "GET", base+path, "", "Accept", "text/html")
		}()
	}
	s.api.Directory = nil // its handler panics
	resp = handle(t, s, "GET", base+"/assignment/accounts", "", "X-Amz-Sso_bearer_token", strings.Repeat("x", 43))
	if body := text(t, resp); resp.StatusCode == http.StatusInternalServerError && resp.Header.Get("X-Amzn-Errortype") == "" {
		t.Errorf("got %s without a type: %s", resp.Status, body)
	}
}

// The typed form of the 500, for whom it is meant.
func TestInternalErrorForClients(t *testing.T) {
	s, _ := newServer(t, Config{})
	s.api.Grant = nil
	resp := handle(t, s, "POST", base+"/client/register", `{"clientName":"x","clientType":"public"}`, "Content-Type", "application/json")
	body := text(t, resp)
	if got := resp.Header.Get("X-Amzn-Errortype"); resp.StatusCode != http.StatusInternalServerError || !strings.HasPrefix(got, "InternalServerException") ||
		!strings.HasPrefix(body, `{"error":"server_error"`) {
		t.Errorf("got %s, type %q: %s", resp.Status, got, body)
	}
}

// The log says what was asked and how it went, and nothing that opens anything.
func TestAccessLog(t *testing.T) {
	key := control.NewKey()
	s, log := newServer(t, Config{ControlKey: key})
	cookie := signIn(t, s, key, "alice")
	handle(t, s, "GET", base+"/start?q=hunter2", "", "Cookie", cookie, "User-Agent", "agent/1\nx")
	handle(t, s, "GET", base+"/assignment/accounts", "", "X-Amz-Sso_bearer_token", "hunter2")
	handle(t, s, "POST", base+"/signin", "username=alice&password=hunter2", "Content-Type", "application/x-www-form-urlencoded")
	l := log.String()
	for _, want := range []string{"method=GET", "path=/start", "status=200", "path=/assignment/accounts", "status=401", "path=/signin", "status=403", `agent="agent/1\nx"`} {
		if !strings.Contains(l, want) {
			t.Errorf("got no %s in %s", want, l)
		}
	}
	_, value, _ := strings.Cut(cookie, "=")
	for _, secret := range []string{"hunter2", key, value} {
		if strings.Contains(l, secret) {
			t.Errorf("a secret is in the log:\n%s", l)
		}
	}
}

func TestOrganisation(t *testing.T) {
	dir := t.TempDir()
	people := func(org *directory.Organisation) []string {
		t.Helper()
		s, err := New(t.Context(), Config{DataDir: dir, Organisation: org})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, users, err := s.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return users
	}
	org := directory.Organisation{StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1", Users: []directory.User{{Name: "carol"}}}
	for _, step := range []struct {
		org  *directory.Organisation
		want []string
	}{
		{nil, []string{"alice", "bob"}}, // the built-in one
		{&org, []string{"carol"}},       // replaced
		{nil, []string{"carol"}},        // what is there
		{&org, []string{"carol"}},       // again
		{pointer(seed.BuiltIn()), []string{"alice", "bob"}},
	} {
		if diff := cmp.Diff(step.want, people(step.org)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	org.Region = "nowhere"
	_, err := New(t.Context(), Config{DataDir: dir, Organisation: &org})
	if _, ok := errors.AsType[*directory.InvalidError](err); !ok {
		t.Errorf("got %v, want a *directory.InvalidError", err)
	}
}

func pointer[T any](v T) *T { return &v }

// A client registers once in ninety days and a person signs in once a day; a
// restart in between is nothing to them.
func TestRestart(t *testing.T) {
	dir, key := t.TempDir(), control.NewKey()
	start := func() *Server {
		s, err := New(t.Context(), Config{DataDir: dir, ControlKey: key})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	post := func(s *Server, path, body string) map[string]any {
		t.Helper()
		return answer[map[string]any](t, handle(t, s, "POST", base+path, body, "Content-Type", "application/json"))
	}
	s := start()
	client := post(s, "/client/register", `{"clientName":"x","clientType":"public","scopes":["sso:account:access"]}`)
	id, secret := client["clientId"].(string), client["clientSecret"].(string)
	device := post(s, "/device_authorization", `{"clientId":"`+id+`","clientSecret":"`+secret+`","startUrl":"https://d-1234567890.awsapps.com/start"}`)
	cookie := signIn(t, s, key, "alice")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}

	s = start()
	if resp := handle(t, s, "GET", base+"/start", "", "Cookie", cookie); resp.StatusCode != http.StatusOK || !strings.Contains(text(t, resp), "111111111111") {
		t.Errorf("accounts after a restart: got %s", resp.Status)
	}
	code := device["userCode"].(string)
	resp := handle(t, s, "POST", base+"/device", url.Values{"user_code": {code}}.Encode(), "Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded")
	consent := resp.Header.Get("Location")
	u, err := url.Parse(consent)
	if err != nil || u.Path != "/consent" {
		t.Fatalf("got %s %s", resp.Status, consent)
	}
	handle(t, s, "POST", base+"/consent", url.Values{"request": u.Query()["request"], "decision": {"allow"}}.Encode(), "Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = start()
	tokens := post(s, "/token", `{"clientId":"`+id+`","clientSecret":"`+secret+`","grantType":"urn:ietf:params:oauth:grant-type:device_code","deviceCode":"`+device["deviceCode"].(string)+`"}`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = start()
	defer s.Close()
	accounts := answer[map[string]any](t, handle(t, s, "GET", base+"/assignment/accounts", "", "X-Amz-Sso_bearer_token", tokens["accessToken"].(string)))
	if n := len(accounts["accountList"].([]any)); n != 3 {
		t.Errorf("got %d accounts, want 3", n)
	}
	refreshed := post(s, "/token", `{"clientId":"`+id+`","clientSecret":"`+secret+`","grantType":"refresh_token","refreshToken":"`+tokens["refreshToken"].(string)+`"}`)
	if refreshed["accessToken"] == "" || refreshed["accessToken"] == tokens["accessToken"] {
		t.Error("got no new access token")
	}
}

func TestEnvironment(t *testing.T) {
	env := Environment(base, "example.com, 127.0.0.1,,.corp")
	for _, want := range []string{
		"AWS_ENDPOINT_URL=" + base, "AWS_ENDPOINT_URL_SSO=" + base, "AWS_ENDPOINT_URL_SSO_OIDC=" + base, "AWS_ENDPOINT_URL_SSO_ADMIN=" + base,
		"AWS_ENDPOINT_URL_IDENTITYSTORE=" + base, "AWS_ENDPOINT_URL_ORGANIZATIONS=" + base, "AWS_ENDPOINT_URL_STS=" + base, "AWS_ENDPOINT_URL_S3=" + base,
		"NO_PROXY=127.0.0.1,localhost,::1,example.com,.corp", "no_proxy=127.0.0.1,localhost,::1,example.com,.corp",
	} {
		if !slices.Contains(env, want) {
			t.Errorf("got no %s in %v", want, env)
		}
	}
}
