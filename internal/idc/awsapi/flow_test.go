package awsapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	oidctypes "github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// wantError checks that the SDK knows the error by its type.
func wantError[T error](t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[T](err); !ok {
		var want T
		t.Errorf("got %v, want %T", err, want)
	}
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDeviceFlow(t *testing.T) {
	c := newCenter(t)
	client := c.register(t, "sso:account:access")
	start, err := c.oidc().StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
		ClientId: client.id, ClientSecret: client.secret, StartUrl: aws.String(startURL + "/#/"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *start.VerificationUri, baseURL+"/device"; got != want {
		t.Errorf("got verification URI %s, want %s", got, want)
	}
	if got, want := *start.VerificationUriComplete, baseURL+"/device?user_code="+*start.UserCode; got != want {
		t.Errorf("got complete verification URI %s, want %s", got, want)
	}
	if start.ExpiresIn != 600 || start.Interval != 1 {
		t.Errorf("got expiry %d and interval %d, want 600 and 1", start.ExpiresIn, start.Interval)
	}

	create := &ssooidc.CreateTokenInput{
		ClientId: client.id, ClientSecret: client.secret, GrantType: aws.String(deviceGrant), DeviceCode: start.DeviceCode,
	}
	for range 2 { // the AWS CLI polls twice at once
		_, err = c.oidc().CreateToken(t.Context(), create)
		wantError[*oidctypes.AuthorizationPendingException](t, err)
	}
	_, err = c.oidc().CreateToken(t.Context(), create)
	wantError[*oidctypes.SlowDownException](t, err)

	c.decide(t, "alice", *start.UserCode, true)
	tokens, err := c.oidc().CreateToken(t.Context(), create)
	if err != nil {
		t.Fatal(err)
	}
	if tokens.ExpiresIn != 3600 || *tokens.TokenType != "Bearer" || tokens.RefreshToken == nil {
		t.Errorf("got %d s, type %s, refresh token %v; want 3600 s, Bearer and a refresh token",
			tokens.ExpiresIn, *tokens.TokenType, tokens.RefreshToken != nil)
	}
	_, err = c.oidc().CreateToken(t.Context(), create)
	wantError[*oidctypes.InvalidGrantException](t, err)

	accounts, err := c.sso().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: tokens.AccessToken})
	if err != nil {
		t.Fatal(err)
	}
	wantAccounts := []ssotypes.AccountInfo{
		{AccountId: aws.String(dev), AccountName: aws.String("dev"), EmailAddress: aws.String("aws+dev@example.com")},
		{AccountId: aws.String(prod), AccountName: aws.String("prod"), EmailAddress: aws.String("aws+prod@example.com")},
	}
	if diff := cmp.Diff(wantAccounts, accounts.AccountList, cmp.Comparer(sameAccount)); diff != "" || accounts.NextToken != nil {
		t.Errorf("accounts (-want +got), next token %v:\n%s", accounts.NextToken, diff)
	}

	roles, err := c.sso().ListAccountRoles(t.Context(), &sso.ListAccountRolesInput{AccessToken: tokens.AccessToken, AccountId: aws.String(dev)})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range roles.RoleList {
		if *r.AccountId != dev {
			t.Errorf("got a role of account %s, want %s", *r.AccountId, dev)
		}
		names = append(names, *r.RoleName)
	}
	if diff := cmp.Diff([]string{"AdministratorAccess", "ReadOnly"}, names); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}

	creds := c.roleCredentials(t, tokens.AccessToken, dev, "AdministratorAccess")
	if left := time.Until(creds.Expires); left > 8*time.Hour || left < 8*time.Hour-time.Minute {
		t.Errorf("got credentials for %s, want 8h", left)
	}
	cred, _, _, err := c.Grant.RoleCredential(t.Context(), creds.AccessKeyID)
	if err != nil {
		t.Fatal(err)
	}
	if !cred.Administrator || cred.UserName != "alice" {
		t.Errorf("got administrator %v for %s, want true for alice", cred.Administrator, cred.UserName)
	}

	wantIdentity(t, c, creds, "alice", "AdministratorAccess")
	buckets, err := c.s3(creds).ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, b := range buckets.Buckets {
		listed = append(listed, *b.Name+" "+b.CreationDate.Format(time.RFC3339))
	}
	wantBuckets := []string{"alpha-one 2023-01-02T03:04:05Z", "alpha-two 2022-01-02T03:04:05Z", "zulu 2024-09-26T15:11:02Z"}
	if diff := cmp.Diff(wantBuckets, listed); diff != "" {
		t.Errorf("buckets (-want +got):\n%s", diff)
	}
	if len(*buckets.Owner.ID) != 64 {
		t.Errorf("got owner %s, want a canonical user id", *buckets.Owner.ID)
	}

	if _, err := c.sso().Logout(t.Context(), &sso.LogoutInput{AccessToken: tokens.AccessToken}); err != nil {
		t.Fatal(err)
	}
	_, err = c.sso().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: tokens.AccessToken})
	wantError[*ssotypes.UnauthorizedException](t, err)
	_, err = c.sso().Logout(t.Context(), &sso.LogoutInput{AccessToken: tokens.AccessToken})
	wantError[*ssotypes.UnauthorizedException](t, err)
	_, err = c.oidc().CreateToken(t.Context(), &ssooidc.CreateTokenInput{
		ClientId: client.id, ClientSecret: client.secret, GrantType: aws.String("refresh_token"), RefreshToken: tokens.RefreshToken,
	})
	wantError[*oidctypes.InvalidGrantException](t, err)
	// What was issued lives on.
	wantIdentity(t, c, creds, "alice", "AdministratorAccess")
}

func sameAccount(a, b ssotypes.AccountInfo) bool {
	return *a.AccountId == *b.AccountId && *a.AccountName == *b.AccountName && *a.EmailAddress == *b.EmailAddress
}

func wantIdentity(t *testing.T, c *center, creds aws.Credentials, user, set string) {
	t.Helper()
	out, err := c.sts(creds).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	prefix := "arn:aws:sts::" + *out.Account + ":assumed-role/AWSReservedSSO_" + set + "_"
	if !strings.HasPrefix(*out.Arn, prefix) || !strings.HasSuffix(*out.Arn, "/"+user) || len(*out.Arn) != len(prefix)+16+1+len(user) {
		t.Errorf("got ARN %s, want %s<16 hex>/%s", *out.Arn, prefix, user)
	}
	if !strings.HasPrefix(*out.UserId, "AROA") || !strings.HasSuffix(*out.UserId, ":"+user) {
		t.Errorf("got user id %s, want AROA…:%s", *out.UserId, user)
	}
}

func TestDeviceCodeDeniedAndExpired(t *testing.T) {
	c := newCenter(t)
	client := c.register(t)
	begin := func() *ssooidc.StartDeviceAuthorizationOutput {
		out, err := c.oidc().StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
			ClientId: client.id, ClientSecret: client.secret, StartUrl: aws.String(baseURL + "/start/"),
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	poll := func(code *string) error {
		_, err := c.oidc().CreateToken(t.Context(), &ssooidc.CreateTokenInput{
			ClientId: client.id, ClientSecret: client.secret, GrantType: aws.String(deviceGrant), DeviceCode: code,
		})
		return err
	}
	denied := begin()
	c.decide(t, "bob", *denied.UserCode, false)
	wantError[*oidctypes.AccessDeniedException](t, poll(denied.DeviceCode))

	late := begin()
	c.advance(600 * time.Second)
	wantError[*oidctypes.ExpiredTokenException](t, poll(late.DeviceCode))
}

// TestLegacyClient covers registrations without scopes: their one token lasts
// as long as the sign-in.
func TestLegacyClient(t *testing.T) {
	c := newCenter(t)
	client := c.register(t)
	start, err := c.oidc().StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
		ClientId: client.id, ClientSecret: client.secret, StartUrl: aws.String(startURL),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.decide(t, "bob", *start.UserCode, true)
	tokens, err := c.oidc().CreateToken(t.Context(), &ssooidc.CreateTokenInput{
		ClientId: client.id, ClientSecret: client.secret, GrantType: aws.String(deviceGrant), DeviceCode: start.DeviceCode,
	})
	if err != nil {
		t.Fatal(err)
	}
	if tokens.RefreshToken != nil || tokens.ExpiresIn < 28790 || tokens.ExpiresIn > 28800 {
		t.Errorf("got refresh token %v and %d s, want none and 8 h", tokens.RefreshToken != nil, tokens.ExpiresIn)
	}
	c.advance(8 * time.Hour)
	_, err = c.sso().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: tokens.AccessToken})
	wantError[*ssotypes.UnauthorizedException](t, err)
}

func TestAuthorizationCodeAndRefresh(t *testing.T) {
	c := newCenter(t)
	out, err := c.oidc().RegisterClient(t.Context(), &ssooidc.RegisterClientInput{
		ClientName: aws.String("test"), ClientType: aws.String("public"), Scopes: []string{"sso:account:access"},
		GrantTypes: []string{"authorization_code", "refresh_token"}, RedirectUris: []string{"http://127.0.0.1/oauth/callback"},
		IssuerUrl: aws.String(startURL),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *out.AuthorizationEndpoint, baseURL+"/authorize"; got != want {
		t.Errorf("got authorization endpoint %s, want %s", got, want)
	}
	if got, want := *out.TokenEndpoint, baseURL+"/token"; got != want {
		t.Errorf("got token endpoint %s, want %s", got, want)
	}
	if got := out.ClientSecretExpiresAt - out.ClientIdIssuedAt; got != int64(90*24*time.Hour/time.Second) {
		t.Errorf("got a registration of %d s, want 90 days", got)
	}

	verifier := strings.Repeat("v", 64)
	sum := sha256.Sum256([]byte(verifier))
	redirect := "http://127.0.0.1:54321/oauth/callback"
	id, err := c.Grant.BeginAuthorization(t.Context(), c.now(), grant.AuthorizeParams{
		ResponseType: "code", ClientID: *out.ClientId, RedirectURI: redirect, State: "state",
		CodeChallenge: base64.RawURLEncoding.EncodeToString(sum[:]), CodeChallengeMethod: "S256",
		Scopes: []string{"sso:account:access"},
	})
	if err != nil {
		t.Fatal(err)
	}
	sess := c.session(t, "alice")
	if _, err := c.Grant.Request(t.Context(), c.now(), sess, id); err != nil {
		t.Fatal(err)
	}
	decision, err := c.Grant.Decide(t.Context(), c.now(), sess, id, true)
	if err != nil {
		t.Fatal(err)
	}
	callback, err := url.Parse(decision.RedirectTo)
	if err != nil {
		t.Fatal(err)
	}
	create := ssooidc.CreateTokenInput{
		ClientId: out.ClientId, ClientSecret: out.ClientSecret, GrantType: aws.String("authorization_code"),
		Code: aws.String(callback.Query().Get("code")), RedirectUri: aws.String(redirect), CodeVerifier: aws.String(verifier),
	}
	wrong := create
	wrong.CodeVerifier = aws.String(strings.Repeat("w", 64))
	_, err = c.oidc().CreateToken(t.Context(), &wrong)
	wantError[*oidctypes.InvalidGrantException](t, err)
	first, err := c.oidc().CreateToken(t.Context(), &create)
	if err != nil {
		t.Fatal(err)
	}

	refresh := func(token *string) (*ssooidc.CreateTokenOutput, error) {
		return c.oidc().CreateToken(t.Context(), &ssooidc.CreateTokenInput{
			ClientId: out.ClientId, ClientSecret: out.ClientSecret, GrantType: aws.String("refresh_token"), RefreshToken: token,
		})
	}
	second, err := refresh(first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	c.advance(50 * time.Second)
	replay, err := refresh(first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if *replay.AccessToken != *second.AccessToken || *replay.RefreshToken != *second.RefreshToken {
		t.Error("got other tokens for a replay within the grace, want the same")
	}
	c.advance(11 * time.Second)
	_, err = refresh(first.RefreshToken)
	wantError[*oidctypes.InvalidGrantException](t, err)
	_, err = refresh(second.RefreshToken)
	wantError[*oidctypes.InvalidGrantException](t, err)
	_, err = c.sso().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: second.AccessToken})
	wantError[*ssotypes.UnauthorizedException](t, err)
}

func TestOIDCRefusals(t *testing.T) {
	c := newCenter(t)
	client := c.register(t, "sso:account:access")
	register := func(change func(*ssooidc.RegisterClientInput)) error {
		in := &ssooidc.RegisterClientInput{ClientName: aws.String("x"), ClientType: aws.String("public")}
		change(in)
		_, err := c.oidc().RegisterClient(t.Context(), in)
		return err
	}
	create := func(change func(*ssooidc.CreateTokenInput)) error {
		in := &ssooidc.CreateTokenInput{
			ClientId: client.id, ClientSecret: client.secret, GrantType: aws.String(deviceGrant), DeviceCode: aws.String("nothing"),
		}
		change(in)
		_, err := c.oidc().CreateToken(t.Context(), in)
		return err
	}
	start := func(id, secret, url string) error {
		_, err := c.oidc().StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
			ClientId: aws.String(id), ClientSecret: aws.String(secret), StartUrl: aws.String(url),
		})
		return err
	}

	wantError[*oidctypes.InvalidClientMetadataException](t, register(func(in *ssooidc.RegisterClientInput) { in.ClientType = aws.String("confidential") }))
	wantError[*oidctypes.InvalidRedirectUriException](t, register(func(in *ssooidc.RegisterClientInput) {
		in.GrantTypes, in.RedirectUris = []string{"authorization_code"}, []string{"http://evil.test/"}
	}))
	wantError[*oidctypes.InvalidScopeException](t, register(func(in *ssooidc.RegisterClientInput) {
		in.GrantTypes, in.RedirectUris = []string{"authorization_code", deviceGrant}, []string{"http://127.0.0.1/"}
	}))
	wantError[*oidctypes.UnsupportedGrantTypeException](t, register(func(in *ssooidc.RegisterClientInput) { in.GrantTypes = []string{"password"} }))
	wantError[*oidctypes.InvalidRequestException](t, register(func(in *ssooidc.RegisterClientInput) { in.ClientName = aws.String("") }))
	wantError[*oidctypes.InvalidRequestException](t, register(func(in *ssooidc.RegisterClientInput) {
		in.IssuerUrl = aws.String("https://d-0000000000.awsapps.com/start")
	}))

	wantError[*oidctypes.InvalidClientException](t, start("nobody", *client.secret, startURL))
	wantError[*oidctypes.InvalidClientException](t, start(*client.id, "wrong", startURL))
	for _, url := range []string{"https://d-0000000000.awsapps.com/start", "start", "https://me@d-1234567890.awsapps.com/start", startURL + "x"} {
		wantError[*oidctypes.InvalidRequestException](t, start(*client.id, *client.secret, url))
	}
	if err := start(*client.id, *client.secret, "https://D-1234567890.awsapps.com/start/"); err != nil {
		t.Errorf("got %v, want the start URL accepted in another spelling", err)
	}

	wantError[*oidctypes.InvalidGrantException](t, create(func(*ssooidc.CreateTokenInput) {}))
	wantError[*oidctypes.InvalidClientException](t, create(func(in *ssooidc.CreateTokenInput) { in.ClientSecret = aws.String("wrong") }))
	wantError[*oidctypes.UnsupportedGrantTypeException](t, create(func(in *ssooidc.CreateTokenInput) { in.GrantType = aws.String("password") }))
	wantError[*oidctypes.InvalidRequestException](t, create(func(in *ssooidc.CreateTokenInput) { in.DeviceCode = nil }))
	wantError[*oidctypes.InvalidRequestException](t, create(func(in *ssooidc.CreateTokenInput) { in.GrantType = aws.String("refresh_token") }))
	wantError[*oidctypes.InvalidRequestException](t, create(func(in *ssooidc.CreateTokenInput) { in.GrantType = aws.String("authorization_code") }))
	wantError[*oidctypes.InvalidGrantException](t, create(func(in *ssooidc.CreateTokenInput) {
		in.GrantType, in.RefreshToken = aws.String("refresh_token"), aws.String("nothing")
	}))

	// One client may not redeem what another was given, nor use a grant type it
	// did not register.
	limited, err := c.oidc().RegisterClient(t.Context(), &ssooidc.RegisterClientInput{
		ClientName: aws.String("x"), ClientType: aws.String("public"), Scopes: []string{"s"},
		GrantTypes: []string{"authorization_code"}, RedirectUris: []string{"http://127.0.0.1/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantError[*oidctypes.UnauthorizedClientException](t, start(*limited.ClientId, *limited.ClientSecret, startURL))
}

func TestPortalPaging(t *testing.T) {
	c := newCenter(t)
	_, tokens := c.signIn(t, "many")
	for _, size := range []*int32{nil, aws.Int32(100), aws.Int32(7), aws.Int32(1)} {
		var ids []string
		pages := 0
		p := sso.NewListAccountsPaginator(c.sso(), &sso.ListAccountsInput{AccessToken: tokens.AccessToken, MaxResults: size})
		for p.HasMorePages() {
			page, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pages++
			for _, a := range page.AccountList {
				ids = append(ids, *a.AccountId)
			}
		}
		want := 250
		if len(ids) != want || ids[0] != "300000000000" || ids[249] != "300000000249" {
			t.Errorf("got %d accounts in %d pages, want %d in order", len(ids), pages, want)
		}
		for i := 1; i < len(ids); i++ {
			if ids[i-1] >= ids[i] {
				t.Fatalf("got %s before %s, want order and no account twice", ids[i-1], ids[i])
			}
		}
		each := 100
		if size != nil {
			each = int(*size)
		}
		if got, want := pages, (250+each-1)/each; got != want {
			t.Errorf("got %d pages of %d, want %d", got, each, want)
		}
	}

	var names []string
	p := sso.NewListAccountRolesPaginator(c.sso(), &sso.ListAccountRolesInput{
		AccessToken: tokens.AccessToken, AccountId: aws.String("300000000000"), MaxResults: aws.Int32(3),
	})
	for p.HasMorePages() {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.RoleList {
			names = append(names, *r.RoleName)
		}
	}
	want := []string{"ReadOnly", "Set0", "Set1", "Set2", "Set3", "Set4", "Set5", "Set6", "Set7", "Set8"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}

	// A token belongs to its listing and its caller.
	page, err := c.sso().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: tokens.AccessToken, MaxResults: aws.Int32(5)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.sso().ListAccountRoles(t.Context(), &sso.ListAccountRolesInput{
		AccessToken: tokens.AccessToken, AccountId: aws.String("300000000000"), NextToken: page.NextToken,
	})
	wantError[*ssotypes.InvalidRequestException](t, err)
	_, others := c.signIn(t, "alice")
	_, err = c.sso().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: others.AccessToken, NextToken: page.NextToken})
	wantError[*ssotypes.InvalidRequestException](t, err)
	for _, token := range []string{"x", "!!", *page.NextToken + "A", strings.Repeat("A", 40)} {
		_, err = c.sso().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: tokens.AccessToken, NextToken: aws.String(token)})
		wantError[*ssotypes.InvalidRequestException](t, err)
	}
}

func TestPortalRefusals(t *testing.T) {
	c := newCenter(t)
	_, tokens := c.signIn(t, "bob")
	token := *tokens.AccessToken
	get := func(token, account, role string) error {
		_, err := c.sso().GetRoleCredentials(t.Context(), &sso.GetRoleCredentialsInput{
			AccessToken: aws.String(token), AccountId: aws.String(account), RoleName: aws.String(role),
		})
		return err
	}
	roles := func(account string) error {
		_, err := c.sso().ListAccountRoles(t.Context(), &sso.ListAccountRolesInput{AccessToken: aws.String(token), AccountId: aws.String(account)})
		return err
	}
	wantError[*ssotypes.UnauthorizedException](t, get("x", dev, "ReadOnly"))
	wantError[*ssotypes.UnauthorizedException](t, get("x", "", ""))
	wantCode(t, get(token, dev, "AdministratorAccess"), "ForbiddenException")
	wantCode(t, get(token, prod, "ReadOnly"), "ForbiddenException")
	wantCode(t, get(token, "999999999999", "ReadOnly"), "ForbiddenException")
	wantCode(t, get(token, dev, "NoSuchSet"), "ForbiddenException")
	wantError[*ssotypes.InvalidRequestException](t, get(token, "dev", "ReadOnly"))
	wantCode(t, roles(prod), "ForbiddenException")
	wantCode(t, roles("999999999999"), "ForbiddenException")
	wantError[*ssotypes.InvalidRequestException](t, roles("11111111111१"))
	for _, size := range []int32{0, 101, -1} {
		_, err := c.sso().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: &token, MaxResults: aws.Int32(size)})
		wantError[*ssotypes.InvalidRequestException](t, err)
	}

	bearer := http.Header{"X-Amz-Sso_bearer_token": {token}}
	for _, tt := range []struct {
		target string
		header http.Header
		status int
		kind   string
	}{
		{"/assignment/accounts", http.Header{}, 401, "UnauthorizedException"},
		{"/assignment/accounts", http.Header{"X-Amz-Sso_bearer_token": {token, token}}, 401, "UnauthorizedException"},
		{"/assignment/roles", bearer, 400, "InvalidRequestException"},
		{"/federation/credentials?account_id=" + dev, bearer, 400, "InvalidRequestException"},
		{"/assignment/accounts?max_result=5&max_result=5", bearer, 400, "InvalidRequestException"},
		{"/assignment/accounts?max_result=%zz", bearer, 400, "InvalidRequestException"},
		{"/assignment/accounts?max_result=", bearer, 400, "InvalidRequestException"},
		{"/assignment/other", bearer, 404, "UnknownOperationException"},
		{"/somewhere", bearer, 404, "UnknownOperationException"},
	} {
		resp, body := c.send(t, raw{"GET", tt.target, "", tt.header})
		if resp.StatusCode != tt.status || !strings.HasPrefix(resp.Header.Get("X-Amzn-Errortype"), tt.kind+":") {
			t.Errorf("%s: got %d %s %s, want %d %s", tt.target, resp.StatusCode, resp.Header.Get("X-Amzn-Errortype"), body, tt.status, tt.kind)
		}
	}

	c.advance(time.Hour)
	wantError[*ssotypes.UnauthorizedException](t, get(token, dev, "ReadOnly"))
}
