package awsapi_test

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portico-sso/portico/internal/idc/awsapi"
	"github.com/portico-sso/portico/internal/idc/events"
)

// annotating is a transport that keeps what each call leaves for its event.
type annotating struct {
	*center
	event *events.Call
}

func (c *annotating) RoundTrip(req *http.Request) (*http.Response, error) {
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
	c.ServeHTTP(w, r.WithContext(ctx))
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

// What is refused is told with its code, and with as much of who asked as was
// shown to be true.
func TestEventsOfRefusals(t *testing.T) {
	c := &annotating{center: newCenter(t)}
	client, tokens := c.signIn(t, "alice")
	creds := c.roleCredentials(t, tokens.AccessToken, dev, "ReadOnly")
	cfg := c.config()
	cfg.HTTPClient = &http.Client{Transport: c}
	oidc, portal := ssooidc.NewFromConfig(cfg), sso.NewFromConfig(cfg)
	caller := func(creds aws.Credentials) error {
		cfg := c.configWith(creds)
		cfg.HTTPClient = &http.Client{Transport: c}
		_, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
		return err
	}
	create := func(in ssooidc.CreateTokenInput) error {
		_, err := oidc.CreateToken(t.Context(), &in)
		return err
	}
	marker := "a-marker-that-stands-for-a-secret"
	wrong := creds
	wrong.SecretAccessKey = marker
	token := creds
	token.SessionToken = marker
	for name, tt := range map[string]struct {
		call                           func() error
		source, event, code            string
		client, user, key, workflowToo string
	}{
		"registration": {func() error {
			_, err := oidc.RegisterClient(t.Context(), &ssooidc.RegisterClientInput{ClientName: aws.String("x"), ClientType: aws.String("confidential")})
			return err
		}, "sso-oauth", "RegisterClient", "InvalidClientMetadataException", "", "", "", ""},
		"wrong secret": {func() error {
			return create(ssooidc.CreateTokenInput{ClientId: client.id, ClientSecret: aws.String(marker), GrantType: aws.String(deviceGrant), DeviceCode: aws.String(marker)})
		}, "sso-oauth", "CreateToken", "InvalidClientException", "test", "", "", ""},
		"unknown client": {func() error {
			return create(ssooidc.CreateTokenInput{ClientId: aws.String(marker), ClientSecret: aws.String(marker), GrantType: aws.String(deviceGrant), DeviceCode: aws.String(marker)})
		}, "sso-oauth", "CreateToken", "InvalidClientException", "", "", "", ""},
		"unknown grant type": {func() error {
			return create(ssooidc.CreateTokenInput{ClientId: client.id, ClientSecret: client.secret, GrantType: aws.String(marker)})
		}, "sso-oauth", "CreateToken", "UnsupportedGrantTypeException", "", "", "", ""},
		"unknown device code": {func() error {
			return create(ssooidc.CreateTokenInput{ClientId: client.id, ClientSecret: client.secret, GrantType: aws.String(deviceGrant), DeviceCode: aws.String(marker)})
		}, "sso-oauth", "CreateToken", "InvalidGrantException", "test", "", "", ""},
		"wrong start URL": {func() error {
			_, err := oidc.StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
				ClientId: client.id, ClientSecret: client.secret, StartUrl: aws.String("https://u:" + marker + "@d-0000000000.awsapps.com/start?x=" + marker + "#" + marker)})
			return err
		}, "sso-oauth", "StartDeviceAuthorization", "InvalidRequestException", "", "", "", ""},
		"no token": {func() error {
			_, err := portal.ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: aws.String(marker)})
			return err
		}, "sso", "ListAccounts", "UnauthorizedException", "", "", "", ""},
		"no access": {func() error {
			_, err := portal.GetRoleCredentials(t.Context(), &sso.GetRoleCredentialsInput{AccessToken: tokens.AccessToken, AccountId: aws.String(prod), RoleName: aws.String("ReadOnly")})
			return err
		}, "sso", "GetRoleCredentials", "ForbiddenException", "test", "alice", "", "x"},
		"no account id": {func() error {
			_, err := portal.GetRoleCredentials(t.Context(), &sso.GetRoleCredentialsInput{AccessToken: tokens.AccessToken, AccountId: aws.String(marker), RoleName: aws.String("ReadOnly")})
			return err
		}, "sso", "GetRoleCredentials", "InvalidRequestException", "test", "alice", "", "x"},
		// Whoever cannot sign is not the person that the key was issued to.
		"wrong key":   {func() error { return caller(wrong) }, "sts", "GetCallerIdentity", "SignatureDoesNotMatch", "", "", creds.AccessKeyID, ""},
		"wrong token": {func() error { return caller(token) }, "sts", "GetCallerIdentity", "InvalidClientTokenId", "", "", creds.AccessKeyID, ""},
		"unknown key": {func() error {
			return caller(aws.Credentials{AccessKeyID: "AKIAABCDEFGHIJKLMNOP", SecretAccessKey: "x"})
		}, "sts", "GetCallerIdentity", "InvalidClientTokenId", "", "", "AKIAABCDEFGHIJKLMNOP", ""},
		"secret as key": {func() error {
			return caller(aws.Credentials{AccessKeyID: marker, SecretAccessKey: "x"})
		}, "sts", "GetCallerIdentity", "InvalidClientTokenId", "", "", "", ""},
		"not served": {func() error {
			_, err := c.RoundTrip(raw{"POST", "/", "{}", http.Header{"X-Amz-Target": {"AWSOrganizationsV20161128.ListAccounts"}}}.request(t))
			return err
		}, "organizations", "ListAccounts", "MissingAuthenticationTokenException", "", "", "", ""},
		"no operation": {func() error {
			_, err := c.RoundTrip(raw{"GET", "/bucket/" + marker, "", nil}.request(t))
			return err
		}, "", "", "MissingAuthenticationToken", "", "", "", ""},
	} {
		err := tt.call()
		e := c.event
		if e.Source != tt.source || e.Name != tt.event || e.ErrorCode != tt.code || e.ErrorMessage == "" {
			t.Errorf("%s: got %s %s %s %q after %v, want %s %s %s", name, e.Source, e.Name, e.ErrorCode, e.ErrorMessage, err, tt.source, tt.event, tt.code)
		}
		if e.Client != tt.client || (e.ClientID != "") != (tt.client != "") || e.UserName != tt.user || e.AccessKeyID != tt.key || (e.Workflow != "") != (tt.workflowToo != "") {
			t.Errorf("%s: got client %q, user %q, key %q, workflow %q", name, e.Client, e.UserName, e.AccessKeyID, e.Workflow)
		}
		for _, e := range e.Events(time.Now(), requestID, "127.0.0.1", "x", events.Place{}) {
			b, err := e.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(b), marker) {
				t.Errorf("%s: got %s, which tells the secret", name, b)
			}
		}
	}
	// Expired credentials are told with whose they were.
	c.advance(time.Hour)
	if err := caller(creds); err == nil || c.event.ErrorCode != "ExpiredToken" || c.event.UserName != "alice" || c.event.Workflow == "" {
		t.Errorf("expired: got %+v after %v", c.event, err)
	}
}

func TestRemoteAddress(t *testing.T) {
	for from, want := range map[string]string{"127.0.0.1:4711": "127.0.0.1", "[::1]:4711": "::1", "[fe80::1%eth0]:1": "fe80::1%eth0", "pipe": "pipe", "": ""} {
		if got := awsapi.RemoteAddress(&http.Request{RemoteAddr: from}); got != want {
			t.Errorf("%q: got %q, want %q", from, got, want)
		}
	}
}
