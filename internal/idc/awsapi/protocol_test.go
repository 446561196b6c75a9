package awsapi_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/portico-sso/portico/internal/idc/awsapi"
)

// Calls that carry no signature are told apart by what else they look like.
func TestUnsignedCallsByPath(t *testing.T) {
	c := newCenter(t)
	botocore := http.Header{"Amz-Sdk-Invocation-Id": {"x"}, "Amz-Sdk-Request": {"attempt=1"}, "Accept-Encoding": {"identity"}}
	for _, tt := range []struct {
		method, target, contentType string
		s3                          bool
	}{
		{"GET", "/b1?list-type=2", "", true},
		{"GET", "/bucket?list-type=2&prefix=&delimiter=%2F&encoding-type=url", "", true},
		{"HEAD", "/bucket/key", "", true},
		{"PUT", "/bucket/key", "text/plain", true},
		{"POST", "/bucket?delete", "application/xml", true},
		{"GET", "/my.bucket/2015-03-31/functions/", "", true},
		{"GET", "/2015-03-31/functions/", "", false},
		{"GET", "/v1/apis", "", false},
		{"POST", "/clusters", "application/json", false},
		{"GET", "/Bucket/key", "", false},
	} {
		r := httptest.NewRequest(tt.method, tt.target, nil)
		r.Header = botocore.Clone()
		if tt.contentType != "" {
			r.Header.Set("Content-Type", tt.contentType)
		}
		if !c.Handles(r) {
			t.Errorf("%s %s: not taken for an AWS call", tt.method, tt.target)
		}
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		var answer struct {
			XMLName xml.Name `xml:"Error"`
			Code    string
		}
		isS3 := xml.Unmarshal(w.Body.Bytes(), &answer) == nil && answer.Code == "MissingAuthenticationToken"
		isREST := strings.HasPrefix(w.Header().Get("X-Amzn-Errortype"), "MissingAuthenticationTokenException")
		if w.Code != 403 || isS3 != tt.s3 || isREST == tt.s3 {
			t.Errorf("%s %s: got %d %v %s, want 403 as S3: %v", tt.method, tt.target, w.Code, w.Header(), w.Body, tt.s3)
		}
	}

	anonymous := s3.New(s3.Options{Region: "us-west-2", BaseEndpoint: aws.String(baseURL), UsePathStyle: true,
		HTTPClient: &http.Client{Transport: c}, RetryMaxAttempts: 1, Credentials: aws.AnonymousCredentials{}})
	_, err := anonymous.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("bucket")})
	wantCode(t, err, "MissingAuthenticationToken")
}

func TestFromBrowser(t *testing.T) {
	for _, tt := range []struct {
		header http.Header
		want   bool
	}{
		{nil, false},
		{http.Header{"Accept": {"*/*"}, "User-Agent": {"curl/8"}}, false},
		{http.Header{"Accept": {"text/html,*/*;q=0.8"}}, true},
		{http.Header{"Accept": {"image/avif,image/webp,*/*"}, "Sec-Fetch-Dest": {"image"}}, true},
		{http.Header{"Origin": {"null"}}, true},
	} {
		if got := awsapi.FromBrowser(&http.Request{Header: tt.header}); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.header, got, tt.want)
		}
	}
}

// A panic is answered in the caller's protocol, under the one request id.
func TestPanics(t *testing.T) {
	c := newCenter(t)
	creds := c.credentials(t)
	_, tokens := c.signIn(t, "bob")
	c.Directory, c.Grant = nil, nil
	for name, call := range map[string]struct {
		send func() (*http.Response, string)
		want string
	}{
		"oidc": {func() (*http.Response, string) {
			return c.send(t, raw{"POST", "/client/register", `{"clientName":"x","clientType":"public"}`, jsonHeader()})
		}, `{"error":"server_error",`},
		"portal": {func() (*http.Response, string) {
			return c.send(t, raw{"GET", "/assignment/accounts", "", http.Header{"X-Amz-Sso_bearer_token": {*tokens.AccessToken}}})
		}, `switchboard.portal#InternalServerException"`},
		"sts": {func() (*http.Response, string) {
			return c.sendSigned(t, creds, "sts", raw{"GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "", nil})
		}, "<Code>InternalFailure</Code>"},
		"s3": {func() (*http.Response, string) { return c.sendSigned(t, creds, "s3", raw{"GET", "/", "", nil}) }, "<Code>InternalError</Code>"},
		"json": {func() (*http.Response, string) {
			return c.sendSigned(t, creds, "organizations", others["organizations"].call)
		}, `"__type":"ServiceException"`},
	} {
		c.logged.Reset()
		resp, body := call.send()
		if resp.StatusCode != 500 || !strings.Contains(body, call.want) || strings.Contains(body, "nil pointer") {
			t.Errorf("%s: got %d %s, want 500 with %s", name, resp.StatusCode, body, call.want)
		}
		if log := c.logged.String(); !strings.Contains(log, "nil pointer") || !strings.Contains(log, "request_id="+requestID) || !strings.Contains(log, "stack=") {
			t.Errorf("%s: got log %s, want the cause, the stack and the id", name, log)
		}
	}
}

// The page where people sign in may be named by whatever name it answers to.
func TestStartURLByOtherNames(t *testing.T) {
	c := newCenter(t)
	register := func(issuer string) int {
		t.Helper()
		resp, _ := c.send(t, raw{"POST", "/client/register", `{"clientName":"x","clientType":"public","issuerUrl":"` + issuer + `"}`, jsonHeader()})
		return resp.StatusCode
	}
	const other = "http://localhost:8642/start"
	if got := register(other); got != 400 {
		t.Errorf("got %d for another name, want 400 when there is none", got)
	}
	c.OwnHost = func(host string) bool { return host == "localhost:8642" }
	for issuer, want := range map[string]int{
		other: 200, "http://LOCALHOST:8642/start/#/": 200, baseURL + "/start": 200, startURL: 200,
		"https://localhost:8642/start": 400, "http://localhost:8642/": 400, "http://localhost:8642/x/start": 400,
		"http://localhost:1/start": 400, "http://evil.test/start": 400, "http://u@localhost:8642/start": 400, "http://localhost:8642/start2": 400,
	} {
		if got := register(issuer); got != want {
			t.Errorf("%s: got %d, want %d", issuer, got, want)
		}
	}
}
