package awsapi_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	oidctypes "github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/portico-sso/portico/internal/idc/awsapi"
	"github.com/portico-sso/portico/internal/idc/events"
)

// refusing is a transport on which every call is refused.
type refusing struct {
	*center
	errorType string
	status    int
	throttle  bool
	event     *events.Call
}

func (c *refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	var wire bytes.Buffer
	if err := req.Write(&wire); err != nil {
		return nil, err
	}
	r, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return nil, err
	}
	ctx, event := events.Begin(req.Context())
	c.event = event
	w := httptest.NewRecorder()
	w.Header().Set("X-Amzn-Requestid", requestID)
	if c.throttle {
		c.Throttle(w, r.WithContext(ctx), "as told")
	} else {
		c.Refuse(w, r.WithContext(ctx), c.errorType, c.status, "as told")
	}
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

var stranger = aws.Credentials{AccessKeyID: "ASIAQQQQQQQQQQQQQQQQ", SecretAccessKey: "x", SessionToken: "x"}

// everyOperation calls each operation that is served, as an SDK does.
func everyOperation(t *testing.T, cfg aws.Config) map[string]func() error {
	x := aws.String("x")
	oidc, portal := ssooidc.NewFromConfig(cfg), sso.NewFromConfig(cfg)
	calls := map[string]func() error{
		"sso-oidc:RegisterClient": func() error {
			_, err := oidc.RegisterClient(t.Context(), &ssooidc.RegisterClientInput{ClientName: x, ClientType: x})
			return err
		},
		"sso-oidc:StartDeviceAuthorization": func() error {
			_, err := oidc.StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{ClientId: x, ClientSecret: x, StartUrl: x})
			return err
		},
		"sso-oidc:CreateToken": func() error {
			_, err := oidc.CreateToken(t.Context(), &ssooidc.CreateTokenInput{ClientId: x, ClientSecret: x, GrantType: x})
			return err
		},
		"sso:ListAccounts": func() error {
			_, err := portal.ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: x})
			return err
		},
		"sso:ListAccountRoles": func() error {
			_, err := portal.ListAccountRoles(t.Context(), &sso.ListAccountRolesInput{AccessToken: x, AccountId: x})
			return err
		},
		"sso:GetRoleCredentials": func() error {
			_, err := portal.GetRoleCredentials(t.Context(), &sso.GetRoleCredentialsInput{AccessToken: x, AccountId: x, RoleName: x})
			return err
		},
		"sso:Logout": func() error {
			_, err := portal.Logout(t.Context(), &sso.LogoutInput{AccessToken: x})
			return err
		},
		"sts:GetCallerIdentity": func() error {
			_, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
			return err
		},
		"sts:GetAccessKeyInfo": func() error {
			_, err := sts.NewFromConfig(cfg).GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: x})
			return err
		},
		"sts:DecodeAuthorizationMessage": func() error {
			_, err := sts.NewFromConfig(cfg).DecodeAuthorizationMessage(t.Context(), &sts.DecodeAuthorizationMessageInput{EncodedMessage: x})
			return err
		},
		"sts:AssumeRole": func() error {
			_, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: x, RoleSessionName: x})
			return err
		},
		"sts:GetSessionToken": func() error {
			_, err := sts.NewFromConfig(cfg).GetSessionToken(t.Context(), nil)
			return err
		},
		"sts:GetFederationToken": func() error {
			_, err := sts.NewFromConfig(cfg).GetFederationToken(t.Context(), &sts.GetFederationTokenInput{Name: x})
			return err
		},
		"sts:AssumeRoleWithSAML": func() error {
			_, err := sts.NewFromConfig(cfg).AssumeRoleWithSAML(t.Context(), &sts.AssumeRoleWithSAMLInput{RoleArn: x, PrincipalArn: x, SAMLAssertion: x})
			return err
		},
		"sts:AssumeRoleWithWebIdentity": func() error {
			_, err := sts.NewFromConfig(cfg).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{RoleArn: x, RoleSessionName: x, WebIdentityToken: x})
			return err
		},
		"s3:ListBuckets": func() error {
			_, err := s3.NewFromConfig(cfg).ListBuckets(t.Context(), nil)
			return err
		},
	}
	for name, call := range adminCalls {
		calls[name] = func() error {
			_, err := call(t.Context(), cfg, things{})
			return err
		}
	}
	for _, name := range awsapi.Operations() {
		if calls[name] == nil {
			t.Fatalf("%s has no call here", name)
		}
	}
	if len(calls) != len(awsapi.Operations()) {
		t.Fatalf("got %d calls for %d operations", len(calls), len(awsapi.Operations()))
	}
	return calls
}

// Every operation can be refused with every error of its service, and with any
// status, and the SDK knows the error for what it is.
func TestRefuse(t *testing.T) {
	c := &refusing{center: newCenter(t)}
	cfg := c.configWith(stranger)
	cfg.HTTPClient = &http.Client{Transport: c}
	type refusal struct {
		errorType string
		status    int
		wantCode  string
		want      int
	}
	common := []refusal{
		{"NobodyKnowsThis", 0, "NobodyKnowsThis", 400},
		{"NobodyKnowsThis", 418, "NobodyKnowsThis", 418},
	}
	oidc := append([]refusal{
		{"AuthorizationPendingException", 0, "AuthorizationPendingException", 400},
		{"authorization_pending", 0, "AuthorizationPendingException", 400},
		{"SlowDownException", 0, "SlowDownException", 400},
		{"slow_down", 0, "SlowDownException", 400},
		{"ExpiredTokenException", 0, "ExpiredTokenException", 400},
		{"InvalidGrantException", 0, "InvalidGrantException", 400},
		{"InvalidGrantException", 403, "InvalidGrantException", 403},
		{"AccessDeniedException", 0, "AccessDeniedException", 400},
		{"InvalidClientException", 0, "InvalidClientException", 401},
		{"InvalidRequestException", 0, "InvalidRequestException", 400},
		{"InvalidScopeException", 0, "InvalidScopeException", 400},
		{"UnauthorizedClientException", 0, "UnauthorizedClientException", 400},
		{"UnsupportedGrantTypeException", 0, "UnsupportedGrantTypeException", 400},
		{"InternalServerException", 0, "InternalServerException", 500},
		{"TooManyRequestsException", 0, "TooManyRequestsException", 429},
		{"ThrottlingException", 0, "ThrottlingException", 429},
		{"", 0, "InternalServerException", 500},
		{"", 401, "InvalidClientException", 401},
		{"", 418, "InvalidRequestException", 418},
		{"", 429, "TooManyRequestsException", 429},
		{"", 503, "ServiceUnavailableException", 503},
		{"", 502, "InternalServerException", 502},
		{"", 99, "InternalServerException", 500},
		{"SlowDownException", 1000, "SlowDownException", 400},
	}, common...)
	portal := append([]refusal{
		{"UnauthorizedException", 0, "UnauthorizedException", 401},
		{"ForbiddenException", 0, "ForbiddenException", 403},
		{"TooManyRequestsException", 0, "TooManyRequestsException", 429},
		{"ResourceNotFoundException", 0, "ResourceNotFoundException", 404},
		{"InvalidRequestException", 0, "InvalidRequestException", 400},
		{"", 401, "UnauthorizedException", 401},
		{"", 429, "TooManyRequestsException", 429},
		{"", 500, "InternalServerException", 500},
		{"", 504, "InternalServerException", 504},
	}, common...)
	query := append([]refusal{
		{"ExpiredToken", 0, "ExpiredToken", 403},
		{"SignatureDoesNotMatch", 0, "SignatureDoesNotMatch", 403},
		{"InvalidClientTokenId", 0, "InvalidClientTokenId", 403},
		{"Throttling", 0, "Throttling", 400},
		{"", 429, "ThrottlingException", 429},
		{"", 403, "AccessDenied", 403},
		{"", 500, "InternalFailure", 500},
		{"", 503, "ServiceUnavailable", 503},
	}, common...)
	bucket := append([]refusal{
		{"ExpiredToken", 0, "ExpiredToken", 400},
		{"InvalidAccessKeyId", 0, "InvalidAccessKeyId", 403},
		{"SlowDown", 0, "SlowDown", 503},
		{"", 403, "AccessDenied", 403},
		{"", 500, "InternalError", 500},
		{"", 503, "SlowDown", 503},
	}, common...)
	admin := append([]refusal{
		{"ThrottlingException", 0, "ThrottlingException", 429},
		{"AccessDeniedException", 0, "AccessDeniedException", 400},
		{"ResourceNotFoundException", 0, "ResourceNotFoundException", 400},
		{"ConflictException", 0, "ConflictException", 400},
		{"ValidationException", 0, "ValidationException", 400},
		{"ExpiredTokenException", 0, "ExpiredTokenException", 400},
		{"", 500, "InternalServerException", 500},
		{"", 403, "AccessDeniedException", 403},
	}, common...)
	accounts := append([]refusal{
		{"AccessDeniedException", 0, "AccessDeniedException", 400},
		{"AWSOrganizationsNotInUseException", 0, "AWSOrganizationsNotInUseException", 400},
		{"AccountNotFoundException", 0, "AccountNotFoundException", 400},
		{"", 429, "TooManyRequestsException", 429},
		{"", 500, "ServiceException", 500},
		{"", 502, "ServiceException", 502},
	}, common...)
	of := map[string][]refusal{
		"sso-oidc": oidc, "sso": portal, "sts": query, "s3": bucket, "sso-admin": admin, "identitystore": admin, "organizations": accounts,
	}
	for op, call := range everyOperation(t, cfg) {
		service, name, _ := strings.Cut(op, ":")
		for _, tt := range of[service] {
			c.errorType, c.status = tt.errorType, tt.status
			err := call()
			api, _ := errors.AsType[smithy.APIError](err)
			resp, _ := errors.AsType[*awshttp.ResponseError](err)
			if api == nil || resp == nil || api.ErrorCode() != tt.wantCode || resp.HTTPStatusCode() != tt.want {
				t.Errorf("%s refused with %q %d: got %v, want %s with %d", name, tt.errorType, tt.status, err, tt.wantCode, tt.want)
			}
			if c.event.Name != name || c.event.ErrorCode != tt.wantCode || c.event.ErrorMessage != "as told" {
				t.Errorf("%s refused with %q: got the event %+v", name, tt.errorType, c.event)
			}
		}
	}
	// Clients decide by these types, and by the OAuth error in the body.
	c.errorType, c.status = "AuthorizationPendingException", 0
	err := everyOperation(t, cfg)["sso-oidc:CreateToken"]()
	if pending, ok := errors.AsType[*oidctypes.AuthorizationPendingException](err); !ok || aws.ToString(pending.Error_) != "authorization_pending" {
		t.Errorf("got %v, want a pending authorization in type and body", err)
	}
	c.errorType = "UnauthorizedException"
	if _, ok := errors.AsType[*ssotypes.UnauthorizedException](everyOperation(t, cfg)["sso:ListAccounts"]()); !ok {
		t.Error("got no *UnauthorizedException")
	}
}

// Each service throttles in its own way, and the SDK tries again for all of them.
func TestThrottle(t *testing.T) {
	c := &refusing{center: newCenter(t), throttle: true}
	cfg := c.configWith(stranger)
	cfg.HTTPClient = &http.Client{Transport: c}
	type answer struct {
		code   string
		status int
	}
	oidc, portal, query := answer{"TooManyRequestsException", 429}, answer{"TooManyRequestsException", 429}, answer{"Throttling", 400}
	of := map[string]answer{
		"sso-oidc": oidc, "sso": portal, "sts": query, "s3": {"SlowDown", 503},
		"sso-admin": {"ThrottlingException", 400}, "identitystore": {"ThrottlingException", 400}, "organizations": {"TooManyRequestsException", 400},
	}
	for op, call := range everyOperation(t, cfg) {
		service, name, _ := strings.Cut(op, ":")
		err := call()
		api, _ := errors.AsType[smithy.APIError](err)
		resp, _ := errors.AsType[*awshttp.ResponseError](err)
		if api == nil || resp == nil || (answer{api.ErrorCode(), resp.HTTPStatusCode()}) != of[service] {
			t.Errorf("%s: got %v, want %v", name, err, of[service])
			continue
		}
		if !retry.NewStandard().IsErrorRetryable(err) {
			t.Errorf("%s: nobody would try %v again", name, err)
		}
		if c.event.Name != name || c.event.ErrorCode != of[service].code || c.event.ErrorMessage != "as told" {
			t.Errorf("%s: got %v and the event %+v", name, err, c.event)
		}
	}
	for _, tt := range []struct {
		q    raw
		want int
		in   string
	}{
		{raw{"POST", "/", "{}", http.Header{"X-Amz-Target": {"SWBExternalService.ListInstances"}}}, 400, `{"__type":"ThrottlingException"`},
		{raw{"POST", "/", "Action=DescribeRegions&Version=2016-11-15", formHeader()}, 503, "<Code>RequestLimitExceeded</Code>"},
		{raw{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", formHeader()}, 400, "<Code>Throttling</Code>"},
	} {
		w := httptest.NewRecorder()
		c.Throttle(w, tt.q.request(t), "as told")
		if w.Code != tt.want || !strings.Contains(w.Body.String(), tt.in) || !strings.Contains(w.Body.String(), "as told") {
			t.Errorf("%s %s: got %d %s, want %d with %s", tt.q.method, tt.q.body, w.Code, w.Body, tt.want, tt.in)
		}
	}
}

// A protocol that is told only by its service is refused in, too.
func TestRefuseOthers(t *testing.T) {
	c := newCenter(t)
	for _, tt := range []struct {
		q         raw
		errorType string
		want      int
		in        string
	}{
		{raw{"POST", "/", "{}", http.Header{"X-Amz-Target": {"AWSOrganizationsV20161128.ListAccounts"}}}, "AccessDeniedException", 400, `{"__type":"AccessDeniedException","Message":"m"}`},
		{raw{"POST", "/", "{}", http.Header{"X-Amz-Target": {"SWBExternalService.ListInstances"}}}, "ThrottlingException", 429, `{"__type":"ThrottlingException","Message":"m"}`},
		{raw{"POST", "/", "Action=DescribeRegions&Version=2016-11-15", formHeader()}, "AuthFailure", 400, "<Errors><Error><Code>AuthFailure</Code>"},
		{raw{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", withAccept(formHeader(), "application/json")}, "ExpiredToken", 403, `"Code":"ExpiredToken"`},
		{raw{"GET", "/2015-03-31/functions", "", nil}, "X\r\nSet-Cookie: a=b", 400, `{"message":"m"}`},
	} {
		w := httptest.NewRecorder()
		c.Refuse(w, tt.q.request(t), tt.errorType, 0, "m")
		if w.Code != tt.want || !strings.Contains(w.Body.String(), tt.in) {
			t.Errorf("%s %s: got %d %s, want %d with %s", tt.q.method, tt.q.target, w.Code, w.Body, tt.want, tt.in)
		}
		if got := w.Header().Get("X-Amzn-Errortype"); strings.ContainsAny(got, "\r\n :") {
			t.Errorf("got the header %q", got)
		}
	}
}

func formHeader() http.Header {
	return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
}

func withAccept(h http.Header, media string) http.Header {
	h.Set("Accept", media)
	return h
}

// Which operation a request calls is known before it is answered, and the body
// is still there afterwards.
func TestIdentify(t *testing.T) {
	c := newCenter(t)
	var seen, want []string
	cfg := c.configWith(stranger)
	cfg.HTTPClient = transportFunc(func(req *http.Request) (*http.Response, error) {
		var wire bytes.Buffer
		if err := req.Write(&wire); err != nil {
			return nil, err
		}
		sent := wire.String()
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(sent)))
		if err != nil {
			return nil, err
		}
		service, operation := c.Identify(r)
		seen = append(seen, service+":"+operation)
		left, err := io.ReadAll(r.Body)
		if err != nil || !strings.HasSuffix(sent, string(left)) || int64(len(left)) != max(0, r.ContentLength) {
			t.Errorf("%s: the body is now %q, %v", operation, left, err)
		}
		return nil, errors.New("not sent")
	})
	for name, call := range everyOperation(t, cfg) {
		_ = call()
		want = append(want, name)
	}
	if !slices.Equal(seen, want) {
		t.Errorf("got %v, want %v", seen, want)
	}
	long := raw{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15&x=" + strings.Repeat("x", 1<<20), formHeader()}
	if service, operation := c.Identify(long.request(t)); service != "" || operation != "POST /" {
		t.Errorf("got %q %q for a body that is too long", service, operation)
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// A body that was looked at is read as it came, however it ends.
func TestPeek(t *testing.T) {
	const most = 64 << 10
	broken := errors.New("cut")
	for name, tt := range map[string]struct {
		body    io.Reader
		length  int64
		visible bool
		want    int
		err     error
	}{
		"none":              {http.NoBody, 0, false, 0, nil},
		"short":             {strings.NewReader("abc"), 3, true, 3, nil},
		"of unknown length": {iotest.OneByteReader(strings.NewReader("abc")), -1, true, 3, nil},
		"as long as may be": {strings.NewReader(strings.Repeat("x", most)), -1, true, most, nil},
		"too long":          {strings.NewReader(strings.Repeat("x", most+2)), -1, false, most + 2, nil},
		"said to be long":   {strings.NewReader("abc"), most + 1, false, 3, nil},
		"broken":            {io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)), -1, false, 3, broken},
	} {
		r := httptest.NewRequest("POST", "/", tt.body)
		r.ContentLength = tt.length
		for range 2 {
			if got := awsapi.Peek(r); (got != nil) != tt.visible || got != nil && len(got) != tt.want {
				t.Errorf("%s: got %d bytes", name, len(got))
			}
		}
		left, err := io.ReadAll(r.Body)
		if len(left) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: then read %d bytes and %v, want %d and %v", name, len(left), err, tt.want, tt.err)
		}
	}
}

// A rule about a client or a person finds them before anything is verified.
func TestWho(t *testing.T) {
	c := newCenter(t)
	client, tokens := c.signIn(t, "alice")
	creds := c.roleCredentials(t, tokens.AccessToken, dev, "ReadOnly")
	bearer := http.Header{"X-Amz-Sso_bearer_token": {*tokens.AccessToken}}
	signed := http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=" + creds.AccessKeyID + "/20261121/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=0"}}
	known := `{"clientId":"` + *client.id + `"}`
	for _, tt := range []struct {
		q            raw
		client, user string
	}{
		{raw{"POST", "/client/register", `{"clientName":"mine"}`, jsonHeader()}, "mine", ""},
		{raw{"POST", "/device_authorization", known, jsonHeader()}, "test", ""},
		{raw{"POST", "/token", known, jsonHeader()}, "test", ""},
		{raw{"POST", "/token", `{"clientId":"x","clientName":"mine"}`, jsonHeader()}, "", ""},
		{raw{"POST", "/token", `{`, jsonHeader()}, "", ""},
		{raw{"GET", "/assignment/accounts", "", bearer}, "test", "alice"},
		{raw{"POST", "/logout", "", bearer}, "test", "alice"},
		{raw{"GET", "/assignment/accounts", "", nil}, "", ""},
		{raw{"POST", "/", "Action=GetCallerIdentity", signed}, "", "alice"},
		{raw{"GET", "/", "", signed}, "", "alice"},
		{raw{"GET", "/", "", nil}, "", ""},
	} {
		client, user := c.Who(tt.q.request(t), []byte(tt.q.body))
		if client != tt.client || user != tt.user {
			t.Errorf("%s %s %s: got %q, %q, want %q, %q", tt.q.method, tt.q.target, tt.q.body, client, user, tt.client, tt.user)
		}
	}
}

func TestOperations(t *testing.T) {
	if got := awsapi.Operations(); len(got) != 53 || !slices.Contains(got, "sso-oidc:CreateToken") || slices.Contains(got, "sso-oidc:CreateTokenWithIAM") {
		t.Errorf("got %v", got)
	}
}

func TestServes(t *testing.T) {
	for op, want := range map[string]bool{
		"CreateToken": true, "createtoken": true, "sso-oidc:CreateToken": true, "SSO:listaccounts": true,
		"sso:*": true, "STS:*": true, "s3:*": true, "organizations:ListAccounts": true, "sso-admin:*": true, "sso-admin:ListUsers": false,
		"foo:*": false, ":*": false, "*": false, "*:*": false, "sso:CreateToken": false, "CreateToken:*": false, "": false,
	} {
		if got := awsapi.Serves(op); got != want {
			t.Errorf("%q: got %t, want %t", op, got, want)
		}
	}
}
