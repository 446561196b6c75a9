package awsapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/portico-sso/portico/internal/idc/awsapi"
	"github.com/portico-sso/portico/internal/idc/events"
)

// wantAWS checks that an answer is an AWS one, in a form that its content type
// promises, and of a bounded size.
func wantAWS(t *testing.T, resp *http.Response) {
	t.Helper()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer) > 64<<10 {
		t.Fatalf("got an answer of %d bytes", len(answer))
	}
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case len(answer) == 0:
	case strings.HasSuffix(media, "json"), strings.Contains(media, "json-1."):
		if !json.Valid(answer) {
			t.Fatalf("got %q as %s", answer, media)
		}
	case strings.HasSuffix(media, "xml"):
		d := xml.NewDecoder(bytes.NewReader(answer))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("got %q as %s: %v", answer, media, err)
			}
		}
	case media == "application/cbor":
	default:
		t.Fatalf("got content type %q (%v) with %q, want one of the AWS protocols", resp.Header.Get("Content-Type"), err, answer)
	}
	for name, values := range resp.Header {
		for _, v := range values {
			if strings.ContainsAny(v, "\r\n\x00") {
				t.Fatalf("got the header %s: %q", name, v)
			}
		}
	}
}

// wantEvent checks that the event of a call is small, whatever was sent, and
// tells nothing of it that could be a secret.
func wantEvent(t *testing.T, call *events.Call, secrets ...string) {
	t.Helper()
	for _, e := range call.Events(time.Now(), requestID, "127.0.0.1", "x", events.Place{Region: "eu-west-1"}) {
		b, err := e.MarshalJSON()
		if err != nil || len(b) > events.MaxSize {
			t.Fatalf("got an event of %d bytes, %v", len(b), err)
		}
		for _, secret := range secrets {
			if bytes.Contains(b, []byte(secret)) {
				t.Fatalf("got %s, which tells %s", b, secret)
			}
		}
	}
}

// FuzzServe sends anything anywhere: the answer is always an AWS one and no
// fault of ours, also when it is an injected one, and looking at a call first
// changes nothing about it.
func FuzzServe(f *testing.F) {
	c := newCenter(f)
	_, tokens := c.signIn(f, "bob")
	minted := *tokens.AccessToken
	for _, path := range oidcPaths {
		f.Add("POST", path, "application/json", "", "", "", []byte(`{"clientName":"x","clientType":"public","clientId":"x","clientSecret":"x","grantType":"refresh_token","refreshToken":"x","startUrl":"x"}`))
	}
	for _, path := range oidcPaths {
		f.Add("PROPFIND", path, "text/plain", "", "", "", []byte("\x00"))
		f.Add("POST", path, "application/json", "", "", "", []byte(`{"clientName":"\u0000\u202e`+strings.Repeat("x", 1000)+`","clientType":"public"}`))
		f.Add("POST", path, "application/json", "", "", "", []byte(strings.Repeat("[", 40)))
	}
	for path, method := range portalPaths {
		f.Add(method, path+"?account_id=111111111111&role_name=ReadOnly&max_result=1&next_token=x", "", "", "", minted, []byte(nil))
	}
	for op := range adminCalls {
		service, name, _ := strings.Cut(op, ":")
		f.Add("POST", "/", "application/x-amz-json-1.1", targets[service]+name, "", "", []byte(`{"InstanceArn":1,"MaxResults":"x"}`))
	}
	for _, tt := range others {
		f.Add(tt.call.method, tt.call.target, tt.call.header.Get("Content-Type"), tt.call.header.Get("X-Amz-Target"), "", "", []byte(tt.call.body))
	}
	f.Add("GET", "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20261121/r/s3/aws4_request&X-Amz-Signature=x", "", "", "", "", []byte(nil))
	f.Add("POST", "/", "application/x-www-form-urlencoded", "", "AWS4-HMAC-SHA256 Credential=a/20261121/r/ec2/aws4_request, SignedHeaders=host, Signature=x", "", []byte("Action=A%00&Version=2016-11-15"))
	f.Fuzz(func(t *testing.T, method, target, contentType, amzTarget, authorization, bearer string, body []byte) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Host != "" || method == "" || strings.ContainsAny(method, " \r\n") {
			t.Skip("not a request that net/http would hand on")
		}
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Method, r.URL, r.RequestURI, r.Host = method, u, target, "127.0.0.1:8642"
		for name, value := range map[string]string{
			"Content-Type": contentType, "X-Amz-Target": amzTarget, "Authorization": authorization, "X-Amz-Sso_bearer_token": bearer,
		} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		c.Handles(r)
		service, operation := c.Identify(r)
		c.Who(r, awsapi.Peek(r))
		if peeked, err := io.ReadAll(r.Body); err != nil || !bytes.Equal(peeked, body) {
			t.Fatalf("a look at the body left %q of %q, %v", peeked, body, err)
		}

		serve := func(answer func(w http.ResponseWriter, r *http.Request)) (*http.Response, *events.Call) {
			ctx, call := events.Begin(r.Context())
			r := r.WithContext(ctx)
			r.Body = io.NopCloser(bytes.NewReader(body))
			w := httptest.NewRecorder()
			answer(w, r)
			c.logged.Reset()
			wantEvent(t, call, minted, *tokens.RefreshToken)
			return w.Result(), call
		}
		resp, call := serve(c.ServeHTTP)
		if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
			t.Fatalf("got %d, want no fault of ours", resp.StatusCode)
		}
		wantAWS(t, resp)
		// The rest may be refused before the call is known.
		if source, name := awsapi.EventOf(service, operation); call.Name != "" && resp.StatusCode == http.StatusOK && (call.Name != name || call.Source != source) {
			t.Fatalf("was %s %s, taken for %s %s", call.Source, call.Name, source, name)
		}
		resp, call = serve(func(w http.ResponseWriter, r *http.Request) { c.Refuse(w, r, contentType, len(body), target) })
		if call.ErrorCode == "" || resp.StatusCode < 300 {
			t.Fatalf("got %d with the event %+v for a refusal", resp.StatusCode, call)
		}
		if media := resp.Header.Get("Content-Type"); !strings.Contains(media, "cbor") { // whose texts are shorter than 64 kB
			wantAWS(t, resp)
		}
	})
}

// FuzzOperations sends anything to each operation behind whatever stands before
// it: with a client's secret, a person's token, or a signature that is right.
func FuzzOperations(f *testing.F) {
	c := newCenter(f)
	client, tokens := c.signIn(f, "alice")
	creds := c.roleCredentials(f, tokens.AccessToken, dev, "ReadOnly")
	_, leaving := c.signIn(f, "bob") // who is signed out on the way
	admin := c.as(f, "alice", dev, "AdministratorAccess")
	k := c.things(f)
	type target struct{ service, method, path, operation string }
	operations := []target{
		{"sso-oidc", "POST", "/client/register", ""},
		{"sso-oidc", "POST", "/device_authorization", ""},
		{"sso-oidc", "POST", "/token", ""},
		{"sso", "GET", "/assignment/accounts", ""},
		{"sso", "GET", "/assignment/roles", ""},
		{"sso", "GET", "/federation/credentials", ""},
		{"sso", "POST", "/logout", ""},
		{"sts", "POST", "/", ""},
		{"sts", "GET", "/", ""},
		{"s3", "GET", "/", ""},
	}
	for _, op := range slices.Sorted(maps.Keys(adminCalls)) {
		service, name, _ := strings.Cut(op, ":")
		operations = append(operations, target{signing[service], "POST", "/", targets[service] + name})
	}
	for i := range operations {
		f.Add(uint8(i), "", "account_id=111111111111&role_name=ReadOnly&max_result=1", "", "", []byte(nil))
		f.Add(uint8(i), "PUT", "max-buckets=1&prefix=%00", "Content-Type", "text/html", []byte("x"))
		f.Add(uint8(i), "", "next_token=%ff&continuation-token=%ff", "Origin", "null", []byte(`{"a":[[[]]]}`))
		f.Add(uint8(i), "", "Action=GetCallerIdentity&Version=2011-06-15", "Accept", "application/json", []byte(`Action=GetAccessKeyInfo&Version=2011-06-15&AccessKeyId=`+creds.AccessKeyID))
		f.Add(uint8(i), "", "", "", "", []byte(`{"clientName":"\u202e","clientType":"public","grantTypes":["authorization_code"],"redirectUris":["http://127.0.0.1/x"],"scopes":["sso:account:access"],"startUrl":"`+startURL+`"}`))
		f.Add(uint8(i), "", "", "", "", []byte(`{"grantType":"`+deviceGrant+`","deviceCode":"x","startUrl":1}`))
		f.Add(uint8(i), "", "", "", "", []byte(`{"InstanceArn":"`+k.instance+`","PermissionSetArn":"`+k.set+`","ResourceArn":"`+k.set+`","AccountId":"`+k.account+
			`","PrincipalId":"`+k.user+`","PrincipalType":"USER","Filter":{"AccountId":null},"MaxResults":1,"IdentityStoreId":"`+k.store+`","UserId":"`+k.user+
			`","GroupId":"`+k.group+`","GroupIds":["`+k.group+`"],"MemberId":{"UserId":"`+k.user+`"},"Filters":[{"AttributePath":"UserName","AttributeValue":"x"}],`+
			`"AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"emails.value","AttributeValue":"x"}},"ParentId":"`+k.root+`","ChildId":"`+dev+`","ResourceId":"`+dev+`","ChildType":"ACCOUNT"}`))
		f.Add(uint8(i), "", "", "", "", []byte(`{"NextToken":"AAAA","MaxResults":-1e99,"Filter":[],"Filters":{},"MemberId":"x","AlternateIdentifier":{"ExternalId":{}},"GroupIds":[null]}`))
		f.Add(uint8(i), "", "", "", "", []byte(`{"grantType":"authorization_code","code":"x","redirectUri":"x","codeVerifier":"x"}`))
	}
	f.Fuzz(func(t *testing.T, which uint8, method, query, name, value string, body []byte) {
		op := operations[int(which)%len(operations)]
		q := raw{op.method, op.path + "?" + query, string(body), http.Header{}}
		if method != "" {
			q.method = method
		}
		if u, err := url.ParseRequestURI(q.target); err != nil || u.Host != "" || u.Fragment != "" || u.Path != op.path {
			t.Skip("not a request that net/http would hand on")
		}
		var members map[string]any
		if op.service == "sso-oidc" && json.Unmarshal(body, &members) == nil && members != nil {
			members["clientId"], members["clientSecret"] = client.id, client.secret
			known, err := json.Marshal(members)
			if err != nil {
				t.Fatal(err)
			}
			q.body = string(known)
		}
		r, err := http.NewRequest(q.method, baseURL+q.target, strings.NewReader(q.body))
		if err != nil {
			t.Skip(err)
		}
		r.RequestURI = q.target
		switch {
		case op.service == "sso-oidc":
			r.Header.Set("Content-Type", "application/json")
		case op.service == "sso" && op.operation == "":
			r.Header.Set("X-Amz-Sso_bearer_token", *tokens.AccessToken)
			if op.path == "/logout" {
				r.Header.Set("X-Amz-Sso_bearer_token", *leaving.AccessToken)
			}
		default:
			by := creds
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if op.operation != "" {
				by = admin
				r.Header.Set("Content-Type", "application/x-amz-json-1.1")
				r.Header.Set("X-Amz-Target", op.operation)
			}
			sum := sha256.Sum256([]byte(q.body))
			if err := signer.NewSigner().SignHTTP(t.Context(), by, r, hex.EncodeToString(sum[:]), op.service, "us-west-2", time.Now()); err != nil {
				t.Skip(err)
			}
		}
		if name = http.CanonicalHeaderKey(name); name != "" && !strings.ContainsAny(name+value, "\r\n\x00") {
			r.Header.Add(name, value)
		}
		ctx, call := events.Begin(t.Context())
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r.WithContext(ctx))
		c.logged.Reset()
		resp := w.Result()
		if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
			t.Fatalf("%s %s: got %d, want no fault of ours", q.method, q.target, resp.StatusCode)
		}
		if call.Name != "" && (resp.StatusCode >= 400) != (call.ErrorCode != "") {
			t.Fatalf("%s %s: got %d with the event %+v", q.method, q.target, resp.StatusCode, call)
		}
		wantAWS(t, resp)
		wantEvent(t, call, *client.secret, *tokens.AccessToken, *tokens.RefreshToken, creds.SecretAccessKey, creds.SessionToken, admin.SecretAccessKey, admin.SessionToken)
	})
}
