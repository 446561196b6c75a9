package awsapi_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzServe sends anything anywhere: the answer is always an AWS one in a form
// that its content type promises, and no fault of ours.
func FuzzServe(f *testing.F) {
	c := newCenter(f)
	_, tokens := c.signIn(f, "bob")
	bearer := *tokens.AccessToken
	for _, path := range oidcPaths {
		f.Add("POST", path, "application/json", "", "", "", []byte(`{"clientName":"x","clientType":"public","clientId":"x","clientSecret":"x","grantType":"refresh_token","refreshToken":"x","startUrl":"x"}`))
	}
	for path, method := range portalPaths {
		f.Add(method, path+"?account_id=111111111111&role_name=ReadOnly&max_result=1&next_token=x", "", "", "", bearer, []byte(nil))
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
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		c.logged.Reset()

		resp := w.Result()
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
			t.Fatalf("got %d %s, want no fault of ours", resp.StatusCode, answer)
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
			t.Fatalf("got content type %q (%v), want one of the AWS protocols", resp.Header.Get("Content-Type"), err)
		}
	})
}
