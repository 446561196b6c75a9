package signin_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/signin"
)

func TestRegionOf(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"https://ssoins-1.portal.eu-west-1.app.aws", "eu-west-1"},
		{"https://SSOINS-1.Portal.EU-West-1.App.AWS./start/#/", "eu-west-1"},
		{"https://ssoins-1.us-gov-west-1.portal.amazonaws.com/start", "us-gov-west-1"},
		{"https://ssoins-1.cn-north-1.portal.amazonaws.com.cn", "cn-north-1"},
		{"https://ssoins-1.eusc-de-east-1.portal.amazonaws.eu", "eusc-de-east-1"},
		{"https://ssoins-1.portal.cn-north-1.app.amazonwebservices.com.cn", "cn-north-1"},
		{"https://ssoins-1.portal.eusc-de-east-1.api.amazonwebservices.eu", "eusc-de-east-1"},
		{"https://d-1234567890.awsapps.com/start", ""},
		{"https://eu-west-1.awsapps.com/start", ""},
		{"https://ssoins-1.portal.not_a_region.app.aws", ""},
		{"https://a.ssoins-1.portal.eu-west-1.app.aws", ""},
		{"https://ssoins-1.portal.eu-west-1.app.aws.evil.net", ""},
		{"https://.portal.eu-west-1.app.aws", ""},
		{"https://sso.example.com/eu-west-1", ""},
		{"%", ""},
	} {
		if got := signin.RegionOf(tt.url); got != tt.want {
			t.Errorf("RegionOf(%s): got %q, want %q", tt.url, got, tt.want)
		}
	}
}

// An AWS-owned host is taken at its word and not contacted; its region is read
// where the name has one.
func TestResolveAWSOwned(t *testing.T) {
	c := &signin.Client{HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s was contacted", r.URL)
		return nil, errors.New("no")
	})}}
	for _, tt := range []struct{ url, region string }{
		{"https://d-1234567890.awsapps.com/start", ""},
		{"https://D-1234567890.AWSAPPS.COM./start#/", ""},
		{"https://awsapps.com", ""},
		{"https://start.awsapps.cn/directory/d-1", ""},
		{"https://start.us-gov-home.awsapps.com/directory/d-1", ""},
		{"https://ssoins-1.portal.us-west-2.app.aws/?x#y", "us-west-2"},
		{"https://ssoins-1.us-west-2.portal.amazonaws.com", "us-west-2"},
		{"https://portal.amazonaws.eu", ""},
		{"https://identitycenter.amazonaws.com/ssoins-1", ""},
		{"https://identitycenter.amazonaws.com.cn/ssoins-1", ""},
		{"https://identitycenter.amazonaws.eu/ssoins-1", ""},
		{"https://identitycenter.us-gov.amazonaws.com/ssoins-1", ""},
	} {
		got, err := c.Resolve(t.Context(), tt.url)
		if want := (signin.Resolved{URL: tt.url, Region: tt.region}); err != nil || got != want {
			t.Errorf("Resolve(%s): got %+v, %v; want %+v", tt.url, got, err, want)
		}
	}
}

func TestResolveVanity(t *testing.T) {
	const portal = "https://ssoins-1.portal.eu-west-1.app.aws"
	unresolved := func(start, final string) string {
		return "Could not resolve start URL '" + start + "' to an AWS-owned endpoint. Final URL: '" + final + "'"
	}
	for _, tt := range []struct {
		name, start, location string
		status, head          int // head: what HEAD gets, where that differs
		err                   error
		want                  signin.Resolved
		problem               string
		asked                 []string // default: one HEAD
	}{
		{name: "301", status: 301, location: portal, want: signin.Resolved{URL: portal, Region: "eu-west-1"}},
		{name: "302", status: 302, location: portal, want: signin.Resolved{URL: portal, Region: "eu-west-1"}},
		{name: "303", status: 303, location: portal, want: signin.Resolved{URL: portal, Region: "eu-west-1"}},
		{name: "307", status: 307, location: portal, want: signin.Resolved{URL: portal, Region: "eu-west-1"}},
		{name: "308", status: 308, location: portal, want: signin.Resolved{URL: portal, Region: "eu-west-1"}},
		{name: "no region in its name", status: 302, location: "https://d-1234567890.awsapps.com/start/", want: signin.Resolved{URL: "https://d-1234567890.awsapps.com/start"}},
		{name: "untidy", status: 301, location: "https://u:p@SSOINS-1.portal.eu-west-1.APP.aws:443/a;b/c%2Fd;p;q/?x=1#/y", want: signin.Resolved{URL: portal + "/a;b/c%2Fd;p;q", Region: "eu-west-1"}},
		{name: "parameters", status: 301, location: portal + "/start;p?q", want: signin.Resolved{URL: portal + "/start", Region: "eu-west-1"}},
		{name: "another port", status: 301, location: portal + ":8443/start", want: signin.Resolved{URL: portal + ":8443/start", Region: "eu-west-1"}},
		{name: "scheme-relative", status: 301, location: "//ssoins-1.portal.eu-west-1.app.aws/", want: signin.Resolved{URL: portal, Region: "eu-west-1"}},
		{name: "GET after 405", status: 301, head: 405, location: portal, want: signin.Resolved{URL: portal, Region: "eu-west-1"}, asked: []string{"HEAD", "GET"}},
		{name: "GET after 501", status: 301, head: 501, location: portal, want: signin.Resolved{URL: portal, Region: "eu-west-1"}, asked: []string{"HEAD", "GET"}},
		{name: "405 to both", status: 405, problem: "Failed to resolve start URL: HTTP 405", asked: []string{"HEAD", "GET"}},
		{name: "HEAD 200", status: 200, problem: unresolved("https://sso.example.com/go", "https://sso.example.com/go")},
		{name: "a second redirect is not taken", status: 301, location: "https://sso2.example.com/next", problem: unresolved("https://sso.example.com/go", "https://sso2.example.com/next")},
		{name: "relative", status: 301, location: "../elsewhere/", problem: unresolved("https://sso.example.com/go", "https://sso.example.com/elsewhere")},
		{name: "http", status: 301, location: "http://ssoins-1.portal.eu-west-1.app.aws:80/", problem: "Resolved URL must use https. Got: 'http://ssoins-1.portal.eu-west-1.app.aws'"},
		{name: "javascript", status: 301, location: "javascript:alert(1)", problem: "Resolved URL must use https. Got: 'javascript:alert(1)'"},
		{name: "no Location", status: 302, problem: "Redirect response missing Location header."},
		{name: "Location is no URL", status: 302, location: "https://[::1", problem: `Failed to resolve start URL: failed to parse Location header "https://[::1": parse "https://[::1": missing ']' in host`},
		{name: "300", status: 300, location: portal, problem: unresolved("https://sso.example.com/go", "https://sso.example.com/go")},
		{name: "500", status: 500, problem: "Failed to resolve start URL: HTTP 500"},
		{name: "404", status: 404, problem: "Failed to resolve start URL: HTTP 404"},
		{name: "unreachable", err: errors.New("dial tcp: connection refused"), problem: "Failed to resolve start URL: dial tcp: connection refused"},
		{name: "evil-awsapps.com", start: "https://evil-awsapps.com", status: 200, problem: unresolved("https://evil-awsapps.com", "https://evil-awsapps.com")},
		{name: "awsapps.com.evil.net", start: "https://awsapps.com.evil.net", status: 200, problem: unresolved("https://awsapps.com.evil.net", "https://awsapps.com.evil.net")},
		{name: "notidentitycenter", start: "https://notidentitycenter.amazonaws.com/", status: 200, problem: unresolved("https://notidentitycenter.amazonaws.com/", "https://notidentitycenter.amazonaws.com")},
		{name: "below identitycenter", start: "https://x.identitycenter.amazonaws.com", status: 200, problem: unresolved("https://x.identitycenter.amazonaws.com", "https://x.identitycenter.amazonaws.com")},
		{name: "no https", start: "http://sso.example.com", problem: "The sso_start_url must use the https scheme.", asked: []string{}},
		{name: "no URL", start: "https://", problem: "Invalid sso_start_url: 'https://'", asked: []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.start == "" {
				tt.start = "https://sso.example.com/go"
			}
			if tt.asked == nil {
				tt.asked = []string{"HEAD"}
			}
			var asked []string
			c := &signin.Client{HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.Method)
				if r.URL.String() != tt.start {
					t.Errorf("%s was contacted", r.URL)
				}
				if tt.err != nil {
					return nil, tt.err
				}
				resp := &http.Response{StatusCode: tt.status, Header: http.Header{}, Body: http.NoBody, Request: r}
				if r.Method == http.MethodHead && tt.head != 0 {
					resp.StatusCode = tt.head
				} else if tt.location != "" {
					resp.Header.Set("Location", tt.location)
				}
				return resp, nil
			})}}
			got, err := c.Resolve(t.Context(), tt.start)
			problem := ""
			if e, ok := errors.AsType[*signin.ResolveError](err); ok {
				problem = e.Error()
			} else if err != nil {
				t.Errorf("got %v, want a ResolveError", err)
			}
			if got != tt.want || problem != tt.problem {
				t.Errorf("got %+v, %q; want %+v, %q", got, problem, tt.want, tt.problem)
			}
			if !slices.Equal(asked, tt.asked) {
				t.Errorf("asked by %v, want %v", asked, tt.asked)
			}
		})
	}
}

// The time that the caller gives is a failure of the start URL; its end by
// Ctrl-C is not.
func TestResolveTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &signin.Client{HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := c.Resolve(ctx, "https://sso.example.com")
		if e, ok := errors.AsType[*signin.ResolveError](err); !ok || e.Error() != "Failed to resolve start URL: no answer in time" {
			t.Errorf("got %v", err)
		}
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, interrupt)
		if _, err := c.Resolve(ctx, "https://sso.example.com"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context canceled", err)
		}
	})
}
