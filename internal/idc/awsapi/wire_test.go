package awsapi_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portico-sso/portico/internal/idc/awsapi"
)

// wantWire checks one answer byte for byte.
func wantWire(t *testing.T, resp *http.Response, body string, status int, kind, want string) {
	t.Helper()
	if resp.StatusCode != status || body != want {
		t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, status, want)
	}
	if got := resp.Header.Get("X-Amzn-Errortype"); got != kind {
		t.Errorf("got error type %q, want %q", got, kind)
	}
	if got := resp.Header.Values("X-Amzn-Requestid"); !slices.Equal(got, []string{requestID}) {
		t.Errorf("got request id %q, want the one given", got)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("got content type %q, want application/json", got)
	}
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %q, want no-store", got)
	}
}

const (
	oidcSuffix   = ":http://internal.amazon.com/coral/com.amazonaws.sso.oidc/"
	portalSuffix = ":http://internal.amazon.com/coral/com.amazonaws.switchboard.portal/"
)

func TestWireOfErrors(t *testing.T) {
	c := newCenter(t)
	client := c.register(t)
	start, err := c.oidc().StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
		ClientId: client.id, ClientSecret: client.secret, StartUrl: aws.String(startURL),
	})
	if err != nil {
		t.Fatal(err)
	}
	create := func(grantType string, members map[string]string) raw {
		m := map[string]string{"clientId": *client.id, "clientSecret": *client.secret, "grantType": grantType}
		for name, value := range members {
			m[name] = value
		}
		body, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return raw{"POST", "/token", string(body), jsonHeader()}
	}
	resp, body := c.send(t, create(deviceGrant, map[string]string{"deviceCode": *start.DeviceCode}))
	wantWire(t, resp, body, 400, "AuthorizationPendingException"+oidcSuffix,
		`{"error":"authorization_pending","error_description":"Authorization is still pending"}`)
	resp, body = c.send(t, create(deviceGrant, map[string]string{"deviceCode": "x"}))
	wantWire(t, resp, body, 400, "InvalidGrantException"+oidcSuffix,
		`{"error":"invalid_grant","error_description":"Invalid grant provided"}`)
	resp, body = c.send(t, create("refresh_token", map[string]string{"refreshToken": "x"}))
	wantWire(t, resp, body, 400, "InvalidGrantException"+oidcSuffix,
		`{"error":"invalid_grant","error_description":"Invalid refresh token provided"}`)
	resp, body = c.send(t, create(deviceGrant, map[string]string{"deviceCode": "x", "clientSecret": "x"}))
	wantWire(t, resp, body, 401, "InvalidClientException"+oidcSuffix,
		`{"error":"invalid_client","error_description":"Invalid client provided"}`)
	resp, body = c.send(t, create("<&>", nil))
	wantWire(t, resp, body, 400, "UnsupportedGrantTypeException"+oidcSuffix,
		`{"error":"unsupported_grant_type","error_description":"Unsupported grant type provided"}`)

	resp, body = c.send(t, raw{"GET", "/assignment/accounts", "", http.Header{"X-Amz-Sso_bearer_token": {"x"}}})
	wantWire(t, resp, body, 401, "UnauthorizedException"+portalSuffix,
		`{"message":"Session token not found or invalid","__type":"com.amazonaws.switchboard.portal#UnauthorizedException"}`)
	_, tokens := c.signIn(t, "bob")
	bearer := http.Header{"X-Amz-Sso_bearer_token": {*tokens.AccessToken}}
	resp, body = c.send(t, raw{"GET", "/federation/credentials?" + query("account_id", prod, "role_name", "ReadOnly"), "", bearer})
	wantWire(t, resp, body, 403, "ForbiddenException"+portalSuffix,
		`{"message":"No access","__type":"com.amazonaws.switchboard.portal#ForbiddenException"}`)
}

// TestWireOfReplies holds the order of members, which people compare with AWS's.
func TestWireOfReplies(t *testing.T) {
	c := newCenter(t)
	resp, body := c.send(t, raw{"POST", "/client/register", `{"clientName": "x", "clientType": "public", "scopes": null, "new": [{}]}`, jsonHeader()})
	wantWire(t, resp, body, 200, "", body)
	wantOrder(t, body, "clientId", "clientSecret", "clientIdIssuedAt", "clientSecretExpiresAt", "authorizationEndpoint", "tokenEndpoint")
	var client struct{ ClientID, ClientSecret string }
	if err := json.Unmarshal([]byte(body), &client); err != nil {
		t.Fatal(err)
	}
	_, body = c.send(t, raw{"POST", "/device_authorization",
		`{"clientId":"` + client.ClientID + `","clientSecret":"` + client.ClientSecret + `","startUrl":"` + startURL + `"}`,
		http.Header{"Content-Type": {"application/json; charset=utf-8"}}})
	wantOrder(t, body, "deviceCode", "expiresIn", "interval", "userCode", "verificationUri", "verificationUriComplete")

	registered, tokens := c.signIn(t, "bob")
	_, body = c.send(t, raw{"POST", "/token", `{"clientId":"` + *registered.id + `","clientSecret":"` + *registered.secret +
		`","grantType":"refresh_token","refreshToken":"` + *tokens.RefreshToken + `","scope":["a"]}`, jsonHeader()})
	wantOrder(t, body, "accessToken", "tokenType", "expiresIn", "refreshToken")

	bearer := http.Header{"X-Amz-Sso_bearer_token": {*tokens.AccessToken}}
	resp, body = c.send(t, raw{"GET", "/assignment/accounts", "", bearer})
	wantWire(t, resp, body, 200, "", `{"accountList":[{"accountId":"111111111111","accountName":"dev","emailAddress":"aws+dev@example.com"}],"nextToken":null}`)
	resp, body = c.send(t, raw{"GET", "/assignment/roles?account_id=" + dev, "", bearer})
	wantWire(t, resp, body, 200, "", `{"roleList":[{"roleName":"ReadOnly","accountId":"111111111111"}],"nextToken":null}`)
	_, body = c.send(t, raw{"GET", "/federation/credentials?" + query("account_id", dev, "role_name", "ReadOnly"), "", bearer})
	wantOrder(t, body, "roleCredentials", "accessKeyId", "secretAccessKey", "sessionToken", "expiration")
	var creds struct{ RoleCredentials struct{ Expiration int64 } }
	if err := json.Unmarshal([]byte(body), &creds); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(time.UnixMilli(creds.RoleCredentials.Expiration)); left > time.Hour || left < 59*time.Minute {
		t.Errorf("got expiration %d, want milliseconds, in an hour", creds.RoleCredentials.Expiration)
	}
	resp, body = c.send(t, raw{"POST", "/logout", "", bearer})
	if resp.StatusCode != 200 || body != "" {
		t.Errorf("got %d %q, want 200 and nothing", resp.StatusCode, body)
	}
}

func wantOrder(t *testing.T, body string, names ...string) {
	t.Helper()
	at := 0
	for _, name := range names {
		i := strings.Index(body[at:], `"`+name+`":`)
		if i < 0 {
			t.Errorf("got %s, want the members in the order %v", body, names)
			return
		}
		at += i
	}
}

var (
	oidcPaths   = []string{"/client/register", "/device_authorization", "/token"}
	portalPaths = map[string]string{"/assignment/accounts": "GET", "/assignment/roles": "GET", "/federation/credentials": "GET", "/logout": "POST"}
)

func TestMalformedOIDCRequests(t *testing.T) {
	c := newCenter(t)
	deep := func(n int) string {
		return `{"clientName":"x","clientType":"public","more":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
	}
	if resp, body := c.send(t, raw{"POST", "/client/register", deep(32), jsonHeader()}); resp.StatusCode != 200 {
		t.Errorf("32 levels: got %d %s, want 200", resp.StatusCode, body)
	}
	for _, tt := range []struct{ path, body, says string }{
		{"/client/register", deep(33), "nested deeper than 32"},
		{"/client/register", `{"more":` + strings.Repeat(`{"a":`, 32) + `1` + strings.Repeat(`}`, 32) + `}`, "nested deeper than 32"},
		{"/client/register", ``, "not a JSON object"},
		{"/client/register", `null`, "not a JSON object"},
		{"/client/register", `[]`, "not a JSON object"},
		{"/client/register", `"x"`, "not a JSON object"},
		{"/client/register", `{"clientName":"x"`, "not a JSON object"},
		{"/client/register", `{"clientName":"x"} {}`, "not a JSON object"},
		{"/client/register", `{"clientName":"x"}x`, "not a JSON object"},
		{"/client/register", "{\"clientName\":\"\xff\"}", "not a JSON object"},
		{"/client/register", `{"clientName":"x","clientName":"x"}`, "clientName is given more than once"},
		{"/client/register", `{"clientName":"x","more":{"a":1,"a":2}}`, "a is given more than once"},
		{"/client/register", `{"clientName":"x","more":[{"a":1},{"a":2,"\u0061":2}]}`, "a is given more than once"},
		{"/client/register", `{"ClientName":"x","clientType":"public"}`, "clientName is required"},
		{"/client/register", `{"clientName":1}`, "clientName must be a string"},
		{"/client/register", `{"clientName":"x","clientType":["public"]}`, "clientType must be a string"},
		{"/client/register", `{"clientName":"x","clientType":"public","scopes":"a"}`, "scopes must be a list of strings"},
		{"/client/register", `{"clientName":"x","clientType":"public","scopes":["a",null]}`, "scopes must be a list of strings"},
		{"/client/register", `{"clientName":"x","clientType":"public","redirectUris":[1]}`, "redirectUris must be a list of strings"},
		{"/client/register", `{"clientName":"x","clientType":"public","grantTypes":{}}`, "grantTypes must be a list of strings"},
		{"/client/register", `{"clientName":"x","clientType":"public","issuerUrl":1}`, "issuerUrl must be a string"},
		{"/client/register", `{"clientName":"x","clientType":"public","entitledApplicationArn":1}`, "entitledApplicationArn must be a string"},
		{"/device_authorization", `{"clientSecret":"x","startUrl":"x"}`, "clientId is required"},
		{"/device_authorization", `{"clientId":"x","clientSecret":"x"}`, "startUrl is required"},
		{"/device_authorization", `{"clientId":"x","clientSecret":true,"startUrl":"x"}`, "clientSecret must be a string"},
		{"/token", `{"clientId":"x","clientSecret":"x"}`, "grantType is required"},
		{"/token", `{"clientId":"x","clientSecret":"x","grantType":"refresh_token","refreshToken":null}`, "refreshToken is required"},
		{"/token", `{"clientId":"x","clientSecret":"x","grantType":"authorization_code","code":"x","redirectUri":"x"}`, "codeVerifier is required"},
		{"/token", `{"clientId":"x","clientSecret":"x","grantType":"refresh_token","refreshToken":"x","scope":"a"}`, "scope must be a list of strings"},
	} {
		resp, body := c.send(t, raw{"POST", tt.path, tt.body, jsonHeader()})
		if resp.StatusCode != 400 || resp.Header.Get("X-Amzn-Errortype") != "InvalidRequestException"+oidcSuffix ||
			!strings.HasPrefix(body, `{"error":"invalid_request",`) || !strings.Contains(body, tt.says) {
			t.Errorf("%s %s: got %d %s, want invalid_request saying %q", tt.path, tt.body, resp.StatusCode, body, tt.says)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	c := newCenter(t)
	refused := []http.Header{
		{"Content-Type": {"text/plain"}},
		{"Content-Type": {"text/plain;charset=UTF-8"}},
		{"Content-Type": {"application/x-www-form-urlencoded"}},
		{"Content-Type": {"multipart/form-data; boundary=x"}},
		{"Content-Type": {"application/json", "text/plain"}},
		{"Content-Type": {"application/json;;"}},
	}
	for _, header := range append(refused, http.Header{}) {
		for _, path := range oidcPaths {
			resp, body := c.send(t, raw{"POST", path, `{"clientName":"x","clientType":"public"}`, header})
			if resp.StatusCode != 415 || resp.Header.Get("X-Amzn-Errortype") != "InvalidRequestException"+oidcSuffix {
				t.Errorf("%s %v: got %d %s, want 415", path, header, resp.StatusCode, body)
			}
		}
	}
	for path, method := range portalPaths {
		for _, header := range refused {
			header = header.Clone()
			header.Set("X-Amz-Sso_bearer_token", "x")
			resp, body := c.send(t, raw{method, path, "", header})
			if resp.StatusCode != 415 || !strings.HasPrefix(resp.Header.Get("X-Amzn-Errortype"), "InvalidRequestException:") {
				t.Errorf("%s %v: got %d %s, want 415", path, header, resp.StatusCode, body)
			}
		}
	}
}

func TestWebPagesAreRefused(t *testing.T) {
	c := newCenter(t)
	calls := []raw{{"GET", "/", "", nil}, {"GET", "/?Action=GetCallerIdentity", "", nil}}
	for _, path := range oidcPaths {
		calls = append(calls, raw{"POST", path, `{"clientName":"x","clientType":"public"}`, jsonHeader()})
	}
	for path, method := range portalPaths {
		calls = append(calls, raw{method, path, "", nil})
	}
	for _, tt := range others {
		calls = append(calls, tt.call)
	}
	for _, call := range calls {
		for name, value := range map[string]string{
			"Origin": "https://evil.test", "origin": "null", "Sec-Fetch-Site": "cross-site", "sec-fetch-site": "same-site",
		} {
			marked := call
			marked.header = call.header.Clone()
			if marked.header == nil {
				marked.header = http.Header{}
			}
			marked.header.Set(name, value)
			if r := marked.request(t); !c.Handles(r) {
				continue // left to the pages, which have rules of their own
			}
			resp, body := c.send(t, marked)
			if resp.StatusCode != 403 || resp.Header.Get("Access-Control-Allow-Origin") != "" || strings.Contains(body, "clientId") {
				t.Errorf("%s %s with %s %s: got %d %s, want 403", call.method, call.target, name, value, resp.StatusCode, body)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	c := newCenter(t)
	paths := map[string]string{}
	for _, path := range oidcPaths {
		paths[path] = "POST"
	}
	for path, method := range portalPaths {
		paths[path] = method
	}
	for path, allowed := range paths {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			if method == allowed {
				continue
			}
			resp, body := c.send(t, raw{method, path, "", jsonHeader()})
			if resp.StatusCode != 405 || resp.Header.Get("Allow") != allowed || resp.Header.Get("X-Amzn-Errortype") == "" {
				t.Errorf("%s %s: got %d %s, want 405 allowing %s", method, path, resp.StatusCode, body, allowed)
			}
		}
	}
}

func TestBodyLimits(t *testing.T) {
	c := newCenter(t)
	pad := func(n int) string {
		const head, tail = `{"clientName":"x","clientType":"public","pad":"`, `"}`
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	for _, tt := range []struct {
		path         string
		size, status int
	}{
		{"/token", 16 << 10, 400}, // a member is missing, but it was read
		{"/token", 16<<10 + 1, 413},
		{"/token?aws_iam=t", 16<<10 + 1, 413},
		{"/client/register", 16 << 10, 200},
		{"/client/register", 16<<10 + 1, 413},
		{"/device_authorization", 16<<10 + 1, 413},
	} {
		resp, body := c.send(t, raw{"POST", tt.path, pad(tt.size), jsonHeader()})
		if resp.StatusCode != tt.status || tt.status != 200 && !strings.HasPrefix(body, `{"error":"invalid_request"`) {
			t.Errorf("%s with %d bytes: got %d %s, want %d", tt.path, tt.size, resp.StatusCode, body, tt.status)
		}
	}
	good := c.credentials(t)
	for name, tt := range others {
		if tt.call.method != "POST" || strings.HasPrefix(tt.call.target, "/token") {
			continue
		}
		for _, size := range []int{64 << 10, 64<<10 + 1, 1 << 20, 1<<20 + 1} {
			call := tt.call
			call.body = strings.Repeat("x", size)
			resp, body := c.send(t, call)
			if got, want := resp.StatusCode == 413, size > 64<<10; got != want {
				t.Errorf("%s, unsigned, %d bytes: got %d %s, want it too large: %v", name, size, resp.StatusCode, body, want)
			}
			resp, body = c.sendSigned(t, good, tt.service, call)
			if got, want := resp.StatusCode == 413, size > 1<<20; got != want {
				t.Errorf("%s, signed, %d bytes: got %d %s, want it too large: %v", name, size, resp.StatusCode, body, want)
			}
		}
	}
	bearer := http.Header{"X-Amz-Sso_bearer_token": {"x"}}
	for path, method := range portalPaths {
		sizes := map[int]bool{0: false, 1: method == "GET", 16 << 10: method == "GET", 16<<10 + 1: true}
		for size, want := range sizes {
			resp, body := c.send(t, raw{method, path, strings.Repeat("x", size), bearer})
			if got := resp.StatusCode == 413; got != want {
				t.Errorf("%s %s with %d bytes: got %d %s, want it too large: %v", method, path, size, resp.StatusCode, body, want)
			}
		}
	}
}

func TestHandles(t *testing.T) {
	h := &awsapi.Handler{}
	html := http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}}
	for _, tt := range []struct {
		method, target string
		header         http.Header
		want           bool
	}{
		{"POST", "/client/register", nil, true},
		{"OPTIONS", "/device_authorization", nil, true},
		{"POST", "/token", nil, true},
		{"GET", "/token", html, true},
		{"GET", "/authorize?response_type=code", html, false},
		{"GET", "/authorize", nil, false},
		{"GET", "/assignment/accounts", nil, true},
		{"GET", "/federation/credentials", nil, true},
		{"POST", "/logout", nil, true},
		{"GET", "/x", http.Header{"X-Amz-Sso_bearer_token": {"x"}}, true},
		{"POST", "/", http.Header{"X-Amz-Target": {"A.B"}}, true},
		{"POST", "/", nil, true},
		{"GET", "/", nil, true},
		{"GET", "/?x-id=ListBuckets", http.Header{"Accept": {"*/*"}}, true},
		{"GET", "/?Action=GetCallerIdentity", html, true},
		{"GET", "/", html, false},
		{"GET", "/", http.Header{"Accept": {"application/xml", "Text/HTML ; q=1"}}, false},
		{"HEAD", "/", nil, false},
		{"GET", "/bucket?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=x", html, true},
		{"GET", "/bucket", http.Header{"Authorization": {"AWS4-HMAC-SHA256 x"}}, true},
		{"GET", "/bucket", http.Header{"Amz-Sdk-Invocation-Id": {"x"}}, true},
		{"POST", "/service/a/operation/b", http.Header{"Smithy-Protocol": {"rpc-v2-cbor"}}, true},
		{"GET", "/start", html, false},
		{"GET", "/start", nil, false},
		{"POST", "/signin", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, false},
		{"GET", "/device?user_code=ABCD-EFGH", nil, false},
		{"GET", "/favicon.ico", nil, false},
	} {
		r := httptest.NewRequest(tt.method, tt.target, nil)
		r.Header = tt.header.Clone()
		if got := h.Handles(r); got != tt.want {
			t.Errorf("%s %s %v: got %v, want %v", tt.method, tt.target, tt.header, got, tt.want)
		}
	}
}

// TestFaultsStayInside checks that a failing database is told to the log alone.
func TestFaultsStayInside(t *testing.T) {
	c := newCenter(t)
	creds := c.credentials(t)
	_, tokens := c.signIn(t, "bob")
	c.Grant.Store = failingStore{c.Grant.Store}
	resp, body := c.send(t, raw{"POST", "/client/register", `{"clientName":"x","clientType":"public"}`, jsonHeader()})
	if resp.StatusCode != 500 || resp.Header.Get("X-Amzn-Errortype") != "InternalServerException"+oidcSuffix || !strings.HasPrefix(body, `{"error":"server_error"`) {
		t.Errorf("got %d %s, want server_error", resp.StatusCode, body)
	}
	resp2, body2 := c.send(t, raw{"GET", "/assignment/accounts", "", http.Header{"X-Amz-Sso_bearer_token": {*tokens.AccessToken}}})
	if resp2.StatusCode != 500 || !strings.Contains(body2, "InternalServerException") {
		t.Errorf("got %d %s, want InternalServerException", resp2.StatusCode, body2)
	}
	_, err := c.sts(creds).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "InternalFailure")
	_, err = c.s3(creds).ListBuckets(t.Context(), &s3.ListBucketsInput{})
	wantCode(t, err, "InternalError")
	if strings.Contains(body+body2+err.Error(), errDisk.Error()) {
		t.Error("got the cause in an answer, want it in the log alone")
	}
	if got := strings.Count(c.logged.String(), errDisk.Error()); got != 4 {
		t.Errorf("got the cause %d times in the log, want 4", got)
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	c := newCenter(t)
	client, tokens := c.signIn(t, "bob")
	creds := c.roleCredentials(t, tokens.AccessToken, dev, "ReadOnly")
	wantIdentity(t, c, creds, "bob", "ReadOnly")
	c.sendSigned(t, creds, "sts", raw{"GET", "/?Action=GetCallerIdentity&Version=2011-06-15&marker=QUERYMARKER", "", nil})
	c.send(t, raw{"POST", "/token", `{"clientId":"BODYMARKER","BODYMARKER":1,"BODYMARKER":2}`, jsonHeader()})
	c.send(t, raw{"GET", "/assignment/accounts?next_token=QUERYMARKER", "", http.Header{"X-Amz-Sso_bearer_token": {*tokens.AccessToken}}})
	c.send(t, raw{"GET", "/assignment/evil%0Apath", "", nil})
	if _, err := c.sso().Logout(t.Context(), &sso.LogoutInput{AccessToken: tokens.AccessToken}); err != nil {
		t.Fatal(err)
	}
	log := c.logged.String()
	for name, secret := range map[string]string{
		"client secret": *client.secret, "access token": *tokens.AccessToken, "refresh token": *tokens.RefreshToken,
		"secret access key": creds.SecretAccessKey, "session token": creds.SessionToken,
		"query": "QUERYMARKER", "body": "BODYMARKER", "authorization": "AWS4-HMAC",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("got the %s in the log", name)
		}
	}
	if !strings.Contains(log, "operation=GetCallerIdentity") || !strings.Contains(log, "code=InvalidRequestException") {
		t.Errorf("got %s, want operations and codes", log)
	}
}

// TestZeroFields covers a handler that was given neither clock nor log.
func TestZeroFields(t *testing.T) {
	c := newCenter(t)
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	defer slog.SetDefault(old)
	c.Now, c.Log = nil, nil
	creds := c.credentials(t)
	wantIdentity(t, c, creds, "bob", "ReadOnly")
}
