package admin_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/signin"
)

// A transport answers in place of a network.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func says(status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func callerOn(t transport) *admin.Caller {
	return &admin.Caller{Region: "us-east-1", HTTP: &http.Client{Transport: t}, Credentials: admin.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}}
}

// Each service is where its partition has it, and signed for there.
func TestWhereServicesAre(t *testing.T) {
	scope := regexp.MustCompile(`/([a-z0-9-]+/[a-z-]+)/aws4_request`)
	for _, tt := range []struct{ service, operation, region, host, signedFor string }{
		{"sso-admin", "ListInstances", "eu-west-1", "sso.eu-west-1.amazonaws.com", "eu-west-1/sso"},
		{"sso-admin", "ListInstances", "cn-north-1", "sso.cn-north-1.amazonaws.com.cn", "cn-north-1/sso"},
		{"identitystore", "ListUsers", "us-gov-west-1", "identitystore.us-gov-west-1.amazonaws.com", "us-gov-west-1/identitystore"},
		{"organizations", "ListAccounts", "eu-west-1", "organizations.us-east-1.amazonaws.com", "us-east-1/organizations"},
		{"organizations", "ListAccounts", "us-gov-east-1", "organizations.us-gov-west-1.amazonaws.com", "us-gov-west-1/organizations"},
		{"organizations", "ListAccounts", "cn-north-1", "organizations.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1/organizations"},
		{"sts", "GetCallerIdentity", "eu-west-1", "sts.eu-west-1.amazonaws.com", "eu-west-1/sts"},
		{"sts", "AssumeRoleWithWebIdentity", "eu-west-1", "sts.eu-west-1.amazonaws.com", ""},
		{"sso", "ListAccounts", "cn-northwest-1", "portal.sso.cn-northwest-1.amazonaws.com.cn", ""},
		{"sso-oidc", "RegisterClient", "eu-west-1", "oidc.eu-west-1.amazonaws.com", ""},
		{"sso-oidc", "CreateTokenWithIAM", "eu-west-1", "oidc.eu-west-1.amazonaws.com", "eu-west-1/sso-oauth"},
	} {
		svc, op := operation(t, tt.service, tt.operation)
		var host, signedFor string
		c := callerOn(func(r *http.Request) (*http.Response, error) {
			host, signedFor = r.URL.Host, ""
			if m := scope.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
				signedFor = m[1]
			}
			return says(http.StatusBadRequest, `{"__type": "Refused"}`)
		})
		c.Region = tt.region
		input := output.Object{}
		for _, m := range op.Input.Members {
			if m.Required {
				input = append(input, output.Member{Name: m.Name, Value: "x"})
			}
		}
		_, err := admin.Merge(op, c.Pages(t.Context(), svc, op, input, admin.Paging{}), admin.Paging{})
		if _, ok := errors.AsType[*signin.ServiceError](err); !ok {
			t.Errorf("%s %s: got %v, want the service's refusal", tt.service, tt.operation, err)
		}
		if host != tt.host || signedFor != tt.signedFor {
			t.Errorf("%s %s in %s: asked %s, signed for %q; want %s, %q", tt.service, tt.operation, tt.region, host, signedFor, tt.host, tt.signedFor)
		}
		// GovCloud's plain addresses are FIPS ones, and some services have no others.
		c.Addresses.FIPS, c.Addresses.DualStack = tt.service != "organizations" && tt.region == "eu-west-1", tt.service == "sso"
		if _, err := admin.Merge(op, c.Pages(t.Context(), svc, op, input, admin.Paging{}), admin.Paging{}); c.Addresses.FIPS && !strings.Contains(host, "-fips") {
			t.Errorf("%s %s: asked %s although FIPS was asked for (%v)", tt.service, tt.operation, host, err)
		}
		if want := ".api."; c.Addresses.DualStack && !strings.Contains(host, want) {
			t.Errorf("%s %s: asked %s, want one with %s", tt.service, tt.operation, host, want)
		}
		c.Addresses = signin.Addresses{}
		c.Unsigned, signedFor = true, "?"
		if _, err := admin.Merge(op, c.Pages(t.Context(), svc, op, input, admin.Paging{}), admin.Paging{}); signedFor != "" {
			t.Errorf("%s %s: signed for %q although unsigned was asked for (%v)", tt.service, tt.operation, signedFor, err)
		}
	}
}

// What an answer leaves out stays out; what it has, a false or a zero even, is there.
func TestAbsentIsNotEmpty(t *testing.T) {
	svc, op := operation(t, "identitystore", "DescribeUser")
	c := callerOn(func(*http.Request) (*http.Response, error) {
		return says(http.StatusOK, `{"UserName": "", "UserId": "u", "Emails": [{"Primary": false, "Value": "a"}, {"Value": null}], "Addresses": [], "New": 1, "IdentityStoreId": "d"}`)
	})
	got, err := admin.Merge(op, c.Pages(t.Context(), svc, op, output.Object{{Name: "IdentityStoreId", Value: "d"}, {Name: "UserId", Value: "u"}}, admin.Paging{}), admin.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	want := output.Object{{Name: "IdentityStoreId", Value: "d"}, {Name: "UserId", Value: "u"}, {Name: "UserName", Value: ""},
		{Name: "Addresses", Value: []any{}},
		{Name: "Emails", Value: []any{output.Object{{Name: "Value", Value: "a"}, {Name: "Primary", Value: false}}, output.Object{}}}}
	for _, m := range want {
		v, _ := got.Get(m.Name)
		if d := cmp.Diff(m.Value, v); d != "" {
			t.Errorf("%s (-want +got):\n%s", m.Name, d)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
}

// A listing of seven items in pages of three, as a service gives them.
func sevenItems(r *http.Request) (*http.Response, error) {
	var asked struct{ NextToken string }
	_ = json.NewDecoder(r.Body).Decode(&asked)
	switch asked.NextToken {
	case "":
		return says(http.StatusOK, `{"PermissionSets": ["1", "2", "3"], "NextToken": "t3"}`)
	case "t3":
		return says(http.StatusOK, `{"PermissionSets": ["4", "5", "6"], "NextToken": "t6"}`)
	case "t6", "eyJwYWdlIjogNn0=": // {"page": 6}
		return says(http.StatusOK, `{"PermissionSets": ["7"]}`)
	case "round":
		return says(http.StatusOK, `{"PermissionSets": [], "NextToken": "round"}`)
	}
	return says(http.StatusBadRequest, `{"__type": "ValidationException", "message": "no such token"}`)
}

func TestPaging(t *testing.T) {
	svc, op := operation(t, "sso-admin", "ListPermissionSets")
	encoded := func(json string) string { return base64.StdEncoding.EncodeToString([]byte(json)) }
	n := func(n int) *int { return &n }
	for _, tt := range []struct {
		name   string
		paging admin.Paging
		want   string // items of the pages
		next   string // the token at the end, decoded
		err    string
	}{
		{name: "all", want: "1 2 3|4 5 6|7"},
		{name: "within the first page", paging: admin.Paging{MaxItems: n(2)}, want: "1 2", next: `{"NextToken": null, "boto_truncate_amount": 2}`},
		{name: "to the end of a page", paging: admin.Paging{MaxItems: n(3)}, want: "1 2 3", next: `{"NextToken": "t3"}`},
		{name: "within a later page", paging: admin.Paging{MaxItems: n(4)}, want: "1 2 3|4", next: `{"NextToken": "t3", "boto_truncate_amount": 1}`},
		{name: "exactly all", paging: admin.Paging{MaxItems: n(7)}, want: "1 2 3|4 5 6|7"},
		{name: "more than there are", paging: admin.Paging{MaxItems: n(9)}, want: "1 2 3|4 5 6|7"},
		{name: "none", paging: admin.Paging{MaxItems: n(0)}, want: "", next: `{"NextToken": null, "boto_truncate_amount": 0}`},
		{name: "on within a page", paging: admin.Paging{StartingToken: encoded(`{"NextToken": "t3", "boto_truncate_amount": 1}`)}, want: "5 6|7"},
		{name: "on within the first", paging: admin.Paging{StartingToken: encoded(`{"NextToken": null, "boto_truncate_amount": 2}`)}, want: "3|4 5 6|7"},
		{name: "on and cut again", paging: admin.Paging{StartingToken: encoded(`{"NextToken": "t3", "boto_truncate_amount": 1}`), MaxItems: n(1)},
			want: "5", next: `{"NextToken": "t3", "boto_truncate_amount": 2}`},
		{name: "on at a page", paging: admin.Paging{StartingToken: encoded(`{"NextToken": "t6"}`)}, want: "7"},
		{name: "a token of the service's", paging: admin.Paging{StartingToken: "t6"}, want: "7"},
		{name: "the old form", paging: admin.Paging{StartingToken: "t3___2"}, want: "6|7"},
		{name: "the old form of the first page", paging: admin.Paging{StartingToken: "None___2"}, want: "3|4 5 6|7"},
		{name: "no form", paging: admin.Paging{StartingToken: "a___b___c"}, err: "Bad starting token: a___b___c"},
		{name: "a place that is no text", paging: admin.Paging{StartingToken: encoded(`{"NextToken": 3}`)}, err: "Bad starting token: " + encoded(`{"NextToken": 3}`)},
		{name: "an amount that is none", paging: admin.Paging{StartingToken: encoded(`{"NextToken": "t3", "boto_truncate_amount": -1}`)},
			err: "Bad starting token: " + encoded(`{"NextToken": "t3", "boto_truncate_amount": -1}`)},
		{name: "a token of the service's that is JSON", paging: admin.Paging{StartingToken: encoded(`{"page": 6}`)}, want: "7"},
		{name: "one call", paging: admin.Paging{Off: true}, want: "1 2 3"},
		{name: "round and round", paging: admin.Paging{StartingToken: "round"}, err: "Error during pagination: The same next token was received twice: {'NextToken': 'round'}"},
		{name: "a token nobody gave", paging: admin.Paging{StartingToken: "x"},
			err: "An error occurred (ValidationException) when calling the ListPermissionSets operation: no such token"},
	} {
		c := callerOn(sevenItems)
		var pages []string
		next, problem := "", ""
		for page, err := range c.Pages(t.Context(), svc, op, output.Object{{Name: "InstanceArn", Value: "arn:aws:sso:::instance/x"}}, tt.paging) {
			if err != nil {
				problem = err.Error()
				break
			}
			var items []string
			v, _ := page.Answer.Get("PermissionSets")
			for _, i := range v.([]any) {
				items = append(items, i.(string))
			}
			pages = append(pages, strings.Join(items, " "))
			token, _ := base64.StdEncoding.DecodeString(page.NextToken)
			next = string(token)
		}
		if got := strings.Join(pages, "|"); problem != tt.err || (tt.err == "" && (got != tt.want || next != tt.next)) {
			t.Errorf("%s: got %q, then %q, %s; want %q, then %q, %s", tt.name, got, next, problem, tt.want, tt.next, tt.err)
		}
	}
}

func TestMerge(t *testing.T) {
	svc, op := operation(t, "sso-admin", "ListPermissionSets")
	two := 2
	p := admin.Paging{MaxItems: &two}
	input := output.Object{{Name: "InstanceArn", Value: "arn:aws:sso:::instance/x"}}
	got, err := admin.Merge(op, callerOn(sevenItems).Pages(t.Context(), svc, op, input, p), p)
	want := output.Object{{Name: "PermissionSets", Value: []any{"1", "2"}}, {Name: "NextToken", Value: "eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAyfQ=="}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	p = admin.Paging{Off: true}
	got, err = admin.Merge(op, callerOn(sevenItems).Pages(t.Context(), svc, op, input, p), p)
	want = output.Object{{Name: "PermissionSets", Value: []any{"1", "2", "3"}}, {Name: "NextToken", Value: "t3"}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("one call: %v (-want +got):\n%s", err, d)
	}
}

// An operation that changes something is sent once more only if it was not done.
func TestWritesAreNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := func() (*http.Response, error) {
			r, _ := says(http.StatusOK, "")
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"Permission`), brokenReader{}))
			return r, nil
		}
		for _, tt := range []struct {
			operation, trouble string
			answer             func() (*http.Response, error)
			want               int
		}{
			{"CreatePermissionSet", "breaks off", broken, 1},
			{"CreatePermissionSet", "no answer", func() (*http.Response, error) { return nil, io.EOF }, 1},
			{"CreatePermissionSet", "too many", func() (*http.Response, error) {
				return says(http.StatusBadRequest, `{"__type": "ThrottlingException"}`)
			}, 3},
			{"ListInstances", "breaks off", broken, 3},
			{"ListInstances", "no answer", func() (*http.Response, error) { return nil, io.EOF }, 3},
		} {
			tries := 0
			c := callerOn(func(*http.Request) (*http.Response, error) { tries++; return tt.answer() })
			svc, op := operation(t, "sso-admin", tt.operation)
			input := output.Object{}
			if !op.Reads {
				input = output.Object{{Name: "InstanceArn", Value: "arn"}, {Name: "Name", Value: "n"}}
			}
			_, err := admin.Merge(op, c.Pages(t.Context(), svc, op, input, admin.Paging{}), admin.Paging{})
			if err == nil || tries != tt.want {
				t.Errorf("%s, %s: sent %d times (%v), want %d", tt.operation, tt.trouble, tries, err, tt.want)
			}
		}
	})
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A token that is refused is followed by a fresh one, and goes nowhere else.
func TestWithToken(t *testing.T) {
	svc, op := operation(t, "sso", "ListAccounts")
	var used []string
	c := callerOn(func(r *http.Request) (*http.Response, error) {
		used = append(used, r.Header.Get("X-Amz-Sso_bearer_token"))
		if len(used) == 1 {
			resp, _ := says(http.StatusTemporaryRedirect, "")
			resp.Header.Set("Location", "https://elsewhere.test/")
			return resp, nil
		}
		return says(http.StatusOK, `{"accountList": []}`)
	})
	c.WithToken = func(_ context.Context, call func(string) error) error {
		if err := call("first"); err == nil {
			t.Error("a redirect was followed")
		}
		return call("second")
	}
	if _, err := admin.Merge(op, c.Pages(t.Context(), svc, op, nil, admin.Paging{}), admin.Paging{}); err != nil {
		t.Fatal(err)
	}
	given := output.Object{{Name: "accessToken", Value: "given"}}
	if _, err := admin.Merge(op, c.Pages(t.Context(), svc, op, given, admin.Paging{}), admin.Paging{}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"first", "second", "given"}; !slices.Equal(used, want) {
		t.Errorf("used %v, want %v", used, want)
	}
}

// What the SDK lets pass and is no answer all the same is told as such, and not
// as the end of somebody's input.
func TestAnswersThatAreNone(t *testing.T) {
	for _, tt := range []struct{ service, operation, body string }{
		{"sts", "GetCallerIdentity", ""},
		{"sts", "GetCallerIdentity", "{}"},
		{"sts", "GetCallerIdentity", "<GetCallerIdentityResponse><GetCallerIdentityResult/>"},
		{"organizations", "DescribeOrganization", `{"Organization": {}} x`},
	} {
		svc, op := operation(t, tt.service, tt.operation)
		c := callerOn(func(*http.Request) (*http.Response, error) { return says(http.StatusOK, tt.body) })
		_, err := admin.Merge(op, c.Pages(t.Context(), svc, op, nil, admin.Paging{}), admin.Paging{})
		if e, ok := errors.AsType[*signin.ConnectionError](err); !ok || !e.Garbled() || errors.Is(err, io.EOF) {
			t.Errorf("%s %q: got %v, want a garbled answer", tt.operation, tt.body, err)
		}
	}
}

// What the model of an error has besides its message is part of the refusal.
func TestRefusalInDetail(t *testing.T) {
	for _, tt := range []struct {
		service, operation, body string
		want                     [][2]string
	}{
		{"organizations", "ListAccounts", `{"__type": "InvalidInputException", "Message": "m", "Reason": "INVALID_NEXT_TOKEN"}`, [][2]string{{"Reason", "INVALID_NEXT_TOKEN"}}},
		{"identitystore", "ListUsers", `{"__type": "ResourceNotFoundException", "Message": "m", "ResourceType": "USER", "ResourceId": "u"}`,
			[][2]string{{"ResourceType", "USER"}, {"ResourceId", "u"}}},
		{"sso-admin", "ListInstances", `{"__type": "ValidationException", "Message": "m"}`, nil},
		{"sso-admin", "ListInstances", `{"__type": "NobodyKnowsException", "Message": "m", "Reason": "r"}`, nil},
		{"sso-oidc", "CreateToken", `{"code": "InvalidRequestException", "error": "invalid_request", "error_description": "d", "reason": "KMS_NotFoundException"}`,
			[][2]string{{"error", "invalid_request"}, {"reason", "KMS_NotFoundException"}, {"error_description", "d"}}},
	} {
		svc, op := operation(t, tt.service, tt.operation)
		c := callerOn(func(*http.Request) (*http.Response, error) { return says(http.StatusBadRequest, tt.body) })
		var input output.Object
		for _, m := range op.Input.Members {
			if m.Required {
				input = append(input, output.Member{Name: m.Name, Value: "x"})
			}
		}
		_, err := admin.Merge(op, c.Pages(t.Context(), svc, op, input, admin.Paging{}), admin.Paging{})
		e, ok := errors.AsType[*signin.ServiceError](err)
		if !ok {
			t.Errorf("%s: got %v", tt.body, err)
		} else if d := cmp.Diff(tt.want, e.Details); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.body, d)
		}
	}
}
