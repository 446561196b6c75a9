package idc

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/portal"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// Other names open pages and APIs, and never control.
func TestHosts(t *testing.T) {
	key := control.NewKey()
	s, _ := newServer(t, Config{ControlKey: key, Hosts: []string{"Idc.Test", "other.test:9000", "other.test:9001", "[2001:db8::1]", "192.0.2.7"}})
	for host, want := range map[string]bool{
		"idc.test": true, "IDC.test:8642": true, "idc.test:1": true, "[2001:db8::1]:8642": true, "192.0.2.7:80": true,
		"other.test:9000": true, "other.test:9001": true, "other.test": false, "other.test:8642": false,
		"evil.test": false, "x.idc.test": false, "idc.test.": false, "idc.test:": false, "[2001:db8::2]": false, "localhost": false, "": false,
		"localhost:8642": true, "127.0.0.1:8642": true,
	} {
		page := handle(t, s, "GET", base+"/signin", "", "Host", host)
		if got := page.StatusCode == http.StatusOK; got != want {
			t.Errorf("page at %q: got %s, want it: %v", host, page.Status, want)
		}
		api := handle(t, s, "POST", base+"/client/register", `{"clientName":"x","clientType":"public","issuerUrl":"http://`+host+`/start"}`,
			"Host", host, "Content-Type", "application/json")
		if got := api.StatusCode == http.StatusOK; got != want {
			t.Errorf("registration at %q: got %s, want it: %v", host, api.Status, want)
		}
		info := handle(t, s, "GET", base+control.Path+"info", "", "Host", host, "Authorization", "Bearer "+key)
		own := host == "localhost:8642" || host == "127.0.0.1:8642"
		if got := info.StatusCode == http.StatusOK; got != own {
			t.Errorf("control at %q: got %s, want it: %v", host, info.Status, own)
		}
		form := handle(t, s, "POST", base+"/signin", "username=&password=", "Host", host, "Origin", "http://"+host,
			"Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
		if got := form.StatusCode == http.StatusBadRequest; got != want {
			t.Errorf("form at %q: got %s, want it read: %v", host, form.Status, want)
		}
	}
	for _, bad := range []string{"", "http://idc.test", "idc.test/", "idc.test/x", "idc.test:", "idc.test:x", ":8642", "u@idc.test", "*", "*.idc.test",
		"idc.test?x", "idc.test#x", "a b", "a,b", "0.0.0.0", "0.0.0.0:8642", "[::]:8642", "::1", "2001:db8::1"} {
		_, err := New(t.Context(), Config{Hosts: []string{bad}})
		if _, ok := errors.AsType[*AddressError](err); !ok {
			t.Errorf("%q: got %v, want an *AddressError", bad, err)
		}
	}
}

// What is at no page's address is a page that is not there to a browser, and
// S3's to everything else.
func TestUnknownAddresses(t *testing.T) {
	s, _ := newServer(t, Config{})
	sdk := []string{"Amz-Sdk-Invocation-Id", "x", "Accept-Encoding", "identity"}
	for _, tt := range []struct {
		method, path string
		header       []string
		want         string
	}{
		{"GET", "/b1?list-type=2", nil, "S3"},
		{"GET", "/b1?list-type=2", []string{"Accept", "*/*"}, "S3"},
		{"GET", "/b1?list-type=2", sdk, "S3"},
		{"PUT", "/bucket/key", nil, "S3"},
		{"GET", "/nothing", nil, "S3"},
		{"GET", "/nothing", []string{"Accept", "text/html,application/xhtml+xml"}, "page"},
		{"GET", "/favicon.ico", []string{"Accept", "image/avif,*/*", "Sec-Fetch-Dest", "image"}, "page"},
		{"GET", "/start/x", []string{"Accept", "text/html"}, "page"},
		{"POST", "/nothing", []string{"Origin", base, "Sec-Fetch-Site", "same-origin"}, "page"},
		{"GET", "/assets/x", nil, "page"},
	} {
		resp := handle(t, s, tt.method, base+tt.path, "", tt.header...)
		body := text(t, resp)
		var answer struct {
			XMLName xml.Name `xml:"Error"`
			Code    string
			ID      string `xml:"RequestId"`
		}
		got := "neither"
		switch {
		case strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") && resp.StatusCode == http.StatusNotFound:
			got = "page"
		case xml.Unmarshal([]byte(body), &answer) == nil && answer.Code == "MissingAuthenticationToken" && answer.ID == resp.Header.Get("X-Amz-Request-Id"):
			got = "S3"
		}
		if got != tt.want {
			t.Errorf("%s %s %v: got %s %s, want %s", tt.method, tt.path, tt.header, resp.Status, body, tt.want)
		}
	}
}

// Header, body, and both lines of the log say the same id.
func TestOneRequestID(t *testing.T) {
	key := control.NewKey()
	s, log := newServer(t, Config{ControlKey: key})
	if err := errors.Join(s.events.Close(), s.db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, path, body string
		header             []string
		shown              func(id string) string
	}{
		{"GET", "/start", "", []string{"Cookie", portal.CookieName(base) + "=x"}, func(id string) string { return id }},
		{"POST", "/client/register", `{"clientName":"x","clientType":"public"}`, []string{"Content-Type", "application/json"}, nil},
		{"GET", control.Path + "info", "", []string{"Authorization", "Bearer " + key}, nil},
		{"GET", "/?Action=GetCallerIdentity", "", nil, func(id string) string { return "<RequestId>" + id + "</RequestId>" }},
		{"GET", "/", "", nil, func(id string) string { return "<HostId>" + id + "</HostId>" }},
	} {
		resp := handle(t, s, tt.method, base+tt.path, tt.body, append(tt.header, "X-Amzn-Requestid", "the caller's own")...)
		body, ids := text(t, resp), resp.Header.Values("X-Amzn-Requestid")
		if len(ids) != 1 || !uuid.MatchString(ids[0]) {
			t.Fatalf("%s: got ids %q, want one UUID", tt.path, ids)
		}
		if tt.shown != nil && !strings.Contains(body, tt.shown(ids[0])) {
			t.Errorf("%s: got %s, want the id %s in it", tt.path, body, ids[0])
		}
		var lines int
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, "request_id="+ids[0]) {
				lines++
			}
		}
		if lines != 2 { // of the family, and of access
			t.Errorf("%s: got %d lines with the id %s in\n%s", tt.path, lines, ids[0], log)
		}
	}
	if l := log.String(); strings.Contains(l, "the caller's own") {
		t.Errorf("got an id of the caller's in %s", l)
	}
}

// What the page promises a client, the access portal does, and nothing else.
func TestConsentIsKept(t *testing.T) {
	key := control.NewKey()
	s, _ := newServer(t, Config{ControlKey: key})
	cookie := signIn(t, s, key, "bob")
	post := func(path string, in map[string]any) map[string]any {
		t.Helper()
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		return answer[map[string]any](t, handle(t, s, "POST", base+path, string(body), "Content-Type", "application/json"))
	}
	form := func(path string, values url.Values) string {
		t.Helper()
		resp := handle(t, s, "POST", base+path, values.Encode(), "Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded")
		if resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: got %s: %s", path, resp.Status, text(t, resp))
		}
		return resp.Header.Get("Location")
	}
	for _, scopes := range [][]string{nil, {"sso:account:access"}, {"sso-portal:*"}, {"openid"}, {"openid", "sso:account:access"}, {"codewhisperer:completions"}, {"made:up"}} {
		client := post("/client/register", map[string]any{"clientName": "x", "clientType": "public", "scopes": scopes})
		id, secret := client["clientId"], client["clientSecret"]
		device := post("/device_authorization", map[string]any{"clientId": id, "clientSecret": secret, "startUrl": "https://d-1234567890.awsapps.com/start"})
		consent := form("/device", url.Values{"user_code": {device["userCode"].(string)}})
		promised := strings.Contains(text(t, handle(t, s, "GET", base+consent, "", "Cookie", cookie)), "See your accounts and roles, and get credentials for them")
		_, request, _ := strings.Cut(consent, "request=")
		form("/consent", url.Values{"request": {request}, "decision": {"allow"}})
		tokens := post("/token", map[string]any{"clientId": id, "clientSecret": secret,
			"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": device["deviceCode"]})
		for _, target := range []string{"/assignment/accounts", "/assignment/roles?account_id=111111111111", "/federation/credentials?account_id=111111111111&role_name=ReadOnly"} {
			resp := handle(t, s, "GET", base+target, "", "X-Amz-Sso_bearer_token", tokens["accessToken"].(string))
			if want := map[bool]int{true: http.StatusOK, false: http.StatusForbidden}[promised]; resp.StatusCode != want {
				t.Errorf("%v: %s: got %s, but the page promised it: %v", scopes, target, resp.Status, promised)
			}
		}
		if want := scopes == nil || slices.ContainsFunc(scopes, func(s string) bool { return strings.HasPrefix(s, "sso") }); promised != want {
			t.Errorf("%v: got promised %v, want %v", scopes, promised, want)
		}
	}
}

// Vanity start URLs lead to the portal's other names, by which clients may then
// register.
func TestVanityIsServed(t *testing.T) {
	s, _ := newServer(t, Config{})
	resp := handle(t, s, "HEAD", base+"/vanity", "")
	portal := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusMovedPermanently || !strings.HasSuffix(portal, ".app.aws") {
		t.Fatalf("got %s to %q", resp.Status, portal)
	}
	for issuer, want := range map[string]int{portal: 200, portal + "/start": 200, base + "/start": 200, startURL: 200, base + "/vanity": 400, "https://ssoins-0000000000000000.portal.us-east-1.app.aws": 400} {
		resp := handle(t, s, "POST", base+"/client/register", `{"clientName":"x","clientType":"public","issuerUrl":"`+issuer+`"}`, "Content-Type", "application/json")
		if resp.StatusCode != want {
			t.Errorf("%s: got %s, want %d", issuer, resp.Status, want)
		}
	}
	// A signed call is S3's, whatever its bucket is called.
	p := overHandler(t, s)
	p.until("GetCallerIdentity")
	if status, code := p.try(p.signed("s3", "GET", "/vanity", "")); status != 501 || code != "NotImplemented" {
		t.Errorf("a bucket of that name: got %d %s", status, code)
	}
}
