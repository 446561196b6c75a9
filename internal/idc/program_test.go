package idc

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/grant"
)

const (
	devAccount = "111111111111"
	startURL   = "https://d-1234567890.awsapps.com/start"
	callback   = "http://127.0.0.1/oauth/callback"
	verifier   = "a-verifier-of-the-length-that-rfc-7636-demands-it"
)

// program is a client of an Identity Center that does every call by hand and
// once, so that nothing is tried again behind a test's back. It signs alice in.
type program struct {
	t    *testing.T
	s    *Server
	send func(*http.Request) (*http.Response, error)
	host string // of the requests it makes

	ahead time.Duration // of its clock, by which it signs

	id, secret, deviceCode, userCode, access, refresh string
	role                                              aws.Credentials
	minted                                            []string // secrets that came or went
}

func (l *listening) program(t *testing.T) *program {
	return &program{t: t, s: l.Server, send: l.client.Do, host: base}
}

// overHandler is a program without a listener in between.
func overHandler(t *testing.T, s *Server) *program {
	return &program{t: t, s: s, send: func(r *http.Request) (*http.Response, error) { return serveOnce(s, r), nil }, host: base}
}

// operations makes one request for each operation that is served, in an order
// in which a sign-in makes them.
var operations = []struct {
	name    string
	request func(p *program) *http.Request
}{
	{"RegisterClient", func(p *program) *http.Request {
		return p.json("/client/register", map[string]any{"clientName": "my-tool", "clientType": "public", "scopes": []string{"sso:account:access"}})
	}},
	{"StartDeviceAuthorization", func(p *program) *http.Request {
		return p.json("/device_authorization", map[string]any{"clientId": p.id, "clientSecret": p.secret, "startUrl": startURL})
	}},
	{"CreateToken", (*program).redeem},
	{"ListAccounts", func(p *program) *http.Request { return p.portal("GET", "/assignment/accounts") }},
	{"ListAccountRoles", func(p *program) *http.Request { return p.portal("GET", "/assignment/roles?account_id="+devAccount) }},
	{"GetRoleCredentials", func(p *program) *http.Request {
		return p.portal("GET", "/federation/credentials?account_id="+devAccount+"&role_name=AdministratorAccess")
	}},
	{"GetCallerIdentity", func(p *program) *http.Request {
		return p.signed("sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15")
	}},
	{"GetAccessKeyInfo", func(p *program) *http.Request {
		return p.signed("sts", "POST", "/", "Action=GetAccessKeyInfo&Version=2011-06-15&AccessKeyId="+p.role.AccessKeyID)
	}},
	{"ListBuckets", func(p *program) *http.Request { return p.signed("s3", "GET", "/?x-id=ListBuckets", "") }},
	{"Logout", func(p *program) *http.Request { return p.portal("POST", "/logout") }},
}

func operation(name string) func(p *program) *http.Request {
	for _, o := range operations {
		if o.name == name {
			return o.request
		}
	}
	panic("no operation " + name)
}

func (p *program) request(method, target, body string) *http.Request {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.host+target, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "my-tool/1.0 md/command#sso.login")
	return r
}

func (p *program) json(path string, in map[string]any) *http.Request {
	b, err := json.Marshal(in)
	if err != nil {
		p.t.Fatal(err)
	}
	r := p.request("POST", path, string(b))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func (p *program) redeem() *http.Request {
	return p.json("/token", map[string]any{"clientId": p.id, "clientSecret": p.secret, "grantType": grant.GrantDeviceCode, "deviceCode": p.deviceCode})
}

func (p *program) refreshing() *http.Request {
	return p.json("/token", map[string]any{"clientId": p.id, "clientSecret": p.secret, "grantType": "refresh_token", "refreshToken": p.refresh})
}

func (p *program) portal(method, target string) *http.Request {
	r := p.request(method, target, "")
	r.Header["x-amz-sso_bearer_token"] = []string{p.access}
	return r
}

// signed signs a request with the role that the program has. A body is a form
// unless headers say otherwise: names and values in turn.
func (p *program) signed(service, method, target, body string, headers ...string) *http.Request {
	p.t.Helper()
	r := p.request(method, target, body)
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	sum := sha256.Sum256([]byte(body))
	if err := signer.NewSigner().SignHTTP(p.t.Context(), p.role, r, hex.EncodeToString(sum[:]), service, "eu-west-1", time.Now().Add(p.ahead)); err != nil {
		p.t.Fatal(err)
	}
	_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	p.minted = append(p.minted, signature)
	return r
}

// reply is an answer as far as it came.
type reply struct {
	*http.Response
	body []byte
	err  error // of reading the body
}

func (p *program) do(r *http.Request) (reply, error) {
	resp, err := p.send(r)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp, body, err}, nil
}

// must sends what must succeed and keeps what it brings.
func (p *program) must(r *http.Request) reply {
	p.t.Helper()
	a, err := p.do(r)
	if err != nil || a.err != nil {
		p.t.Fatalf("%s %s: %v, %v", r.Method, r.URL.Path, err, a.err)
	}
	if a.StatusCode != http.StatusOK {
		p.t.Fatalf("%s %s: got %s: %s", r.Method, r.URL.Path, a.Status, a.body)
	}
	p.keep(a.body)
	return a
}

// keep learns from an answer.
func (p *program) keep(body []byte) {
	var m struct {
		ClientID        string `json:"clientId"`
		ClientSecret    string `json:"clientSecret"`
		DeviceCode      string `json:"deviceCode"`
		UserCode        string `json:"userCode"`
		AccessToken     string `json:"accessToken"`
		RefreshToken    string `json:"refreshToken"`
		RoleCredentials struct {
			AccessKeyID     string `json:"accessKeyId"`
			SecretAccessKey string `json:"secretAccessKey"`
			SessionToken    string `json:"sessionToken"`
		} `json:"roleCredentials"`
	}
	_ = json.Unmarshal(body, &m) // XML has nothing to keep
	set := func(field *string, value string, secret bool) {
		if value == "" {
			return
		}
		*field = value
		if secret {
			p.minted = append(p.minted, value)
		}
	}
	set(&p.id, m.ClientID, false)
	set(&p.secret, m.ClientSecret, true)
	set(&p.deviceCode, m.DeviceCode, true)
	set(&p.userCode, m.UserCode, true)
	set(&p.access, m.AccessToken, true)
	set(&p.refresh, m.RefreshToken, true)
	set(&p.role.AccessKeyID, m.RoleCredentials.AccessKeyID, false)
	set(&p.role.SecretAccessKey, m.RoleCredentials.SecretAccessKey, true)
	set(&p.role.SessionToken, m.RoleCredentials.SessionToken, true)
}

// allow does what alice does with the code that the program shows.
func (p *program) allow() {
	p.t.Helper()
	now := p.s.now()
	user, err := p.s.directory.UserByName(p.t.Context(), "alice")
	if err != nil {
		p.t.Fatal(err)
	}
	cookie, sess, err := p.s.grant.StartSession(p.t.Context(), now, user.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	p.minted = append(p.minted, cookie)
	request, err := p.s.grant.ConfirmUserCode(p.t.Context(), now, sess, p.userCode)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.s.grant.Decide(p.t.Context(), now, sess, request.ID, true); err != nil {
		p.t.Fatal(err)
	}
}

// until does all a sign-in does before the operation named, and before Logout at
// the latest.
func (p *program) until(name string) {
	p.t.Helper()
	for _, o := range operations {
		if o.name == "CreateToken" {
			p.allow()
		}
		if o.name == name || o.name == "Logout" {
			return
		}
		p.must(o.request(p))
	}
}

// signInByCode goes through the authorization code flow, with the browser's part
// done at the pages.
func (p *program) signInByCode(cookie string) {
	p.t.Helper()
	p.must(p.json("/client/register", map[string]any{"clientName": "my-tool", "clientType": "public", "scopes": []string{"sso:account:access"},
		"redirectUris": []string{callback}, "grantTypes": []string{"authorization_code", "refresh_token"}, "issuerUrl": startURL}))
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {p.id}, "redirect_uri": {callback}, "state": {"secret-state-of-the-client"},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "scopes": {"sso:account:access"},
	}
	visit := func(method, target, body string) reply {
		p.t.Helper()
		r := p.request(method, target, body)
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Accept", "text/html")
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		a, err := p.do(r)
		if err != nil {
			p.t.Fatal(err)
		}
		return a
	}
	further := func(a reply) *url.URL {
		p.t.Helper()
		to, err := a.Location()
		if err != nil {
			p.t.Fatalf("got %s without a way on: %s", a.Status, a.body)
		}
		return to
	}
	consent := further(visit("GET", "/authorize?"+query.Encode(), ""))
	visit("GET", consent.RequestURI(), "")
	back := further(visit("POST", "/consent", url.Values{"request": {consent.Query().Get("request")}, "decision": {"allow"}}.Encode()))
	code := back.Query().Get("code")
	p.minted = append(p.minted, code, verifier, "secret-state-of-the-client", consent.Query().Get("request"), cookie)
	p.must(p.json("/token", map[string]any{"clientId": p.id, "clientSecret": p.secret, "grantType": "authorization_code",
		"code": code, "redirectUri": callback, "codeVerifier": verifier}))
}

// events are those of this server so far.
func (p *program) events() []events.Event {
	p.t.Helper()
	es, err := p.s.Events().Query(p.t.Context(), events.Query{Limit: 1000}, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	return es
}

// last is the latest event, which must be the named one.
func (p *program) last(name string) events.Event {
	p.t.Helper()
	es := p.events()
	if len(es) == 0 || es[len(es)-1].EventName != name {
		p.t.Fatalf("got %v, want %s as the last event", names(es), name)
	}
	return es[len(es)-1]
}

func names(es []events.Event) (names []string) {
	for _, e := range es {
		names = append(names, e.EventName)
	}
	return names
}

// wantNoSecrets looks for everything that was minted in all events.
func (p *program) wantNoSecrets() {
	p.t.Helper()
	slices.Sort(p.minted)
	marks := slices.Compact(p.minted)
	if len(marks) < 3 {
		p.t.Fatalf("only %d secrets to look for", len(marks))
	}
	for _, e := range p.events() {
		b, err := json.Marshal(e)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, mark := range marks {
			if len(mark) > 5 && bytes.Contains(b, []byte(mark)) {
				p.t.Errorf("%s tells the secret %s: %s", e.EventName, mark, b)
			}
		}
	}
}

// code is the error that an answer names, in any protocol.
func (a reply) code() string {
	if kind, _, _ := strings.Cut(a.Header.Get("X-Amzn-Errortype"), ":"); kind != "" {
		return kind
	}
	var typed struct {
		Type string `json:"__type"`
	}
	if json.Unmarshal(a.body, &typed) == nil && typed.Type != "" {
		return typed.Type
	}
	_, rest, found := strings.Cut(string(a.body), "<Code>")
	if !found {
		return fmt.Sprintf("no code in %q", a.body)
	}
	code, _, _ := strings.Cut(rest, "<")
	return code
}

// serveOnce hands a client's request to a server without a listener.
func serveOnce(s http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "192.0.2.1:4711", r.URL.Host
	for name, values := range in.Header { // as a server's parser would have them
		delete(in.Header, name)
		in.Header[http.CanonicalHeaderKey(name)] = values
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	s.ServeHTTP(w, in)
	return w.Result()
}
