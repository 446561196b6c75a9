package browser_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/portico-sso/portico/idctest"
)

const (
	scope       = "sso:account:access"
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

	alicePassword = "correct-horse"
	bobPassword   = "battery-staple"

	dev = "111111111111"
)

// center is an Identity Center that browsers reach.
func center(t testing.TB, options ...idctest.Option) *idctest.IdentityCenter {
	t.Helper()
	return idctest.New(t, append(options, idctest.Listen())...)
}

// signIn gives name and password, from the page that asks for the name.
func (b *tab) signIn(name, password string) {
	b.t.Helper()
	b.sees(200, "Sign in")
	b.fill("User name", name)
	b.button("Go on")
	b.sees(200, "Enter your password")
	b.fill("Password", password)
	b.button("Sign in")
}

// atHome opens a browser in which somebody is signed in.
func atHome(t testing.TB, ic *idctest.IdentityCenter, name, password string) *tab {
	t.Helper()
	b := window(t)
	b.goTo(ic.URL)
	b.signIn(name, password)
	b.sees(200, "Your accounts")
	return b
}

// A program is a client that knows the Identity Center by the AWS SDK alone.
type program struct {
	t          testing.TB
	ic         *idctest.IdentityCenter
	id, secret *string
	// Of an authorization code.
	redirect, verifier, state string
	callbacks                 chan url.Values
}

func register(t testing.TB, ic *idctest.IdentityCenter, name string, redirects ...string) *program {
	t.Helper()
	in := &ssooidc.RegisterClientInput{ClientName: &name, ClientType: aws.String("public"), Scopes: []string{scope}}
	if redirects != nil {
		in.GrantTypes, in.RedirectUris, in.IssuerUrl = []string{"authorization_code", "refresh_token"}, redirects, &ic.StartURL
	}
	out, err := ssooidc.NewFromConfig(ic.AWSConfig()).RegisterClient(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return &program{t: t, ic: ic, id: out.ClientId, secret: out.ClientSecret}
}

// device begins a sign-in by device code.
func (p *program) device() *ssooidc.StartDeviceAuthorizationOutput {
	p.t.Helper()
	out, err := ssooidc.NewFromConfig(p.ic.AWSConfig()).StartDeviceAuthorization(p.t.Context(), &ssooidc.StartDeviceAuthorizationInput{
		ClientId: p.id, ClientSecret: p.secret, StartUrl: &p.ic.StartURL,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// withCallback registers a program that waits for its callback on this machine.
func withCallback(t testing.TB, ic *idctest.IdentityCenter, name string) *program {
	t.Helper()
	p := register(t, ic, name, "http://127.0.0.1/oauth/callback")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.callbacks = make(chan url.Values, 10)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/oauth/callback" {
			http.NotFound(w, r)
			return
		}
		p.callbacks <- r.URL.Query()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Done</title><link rel=icon href='data:,'><h1>Back in the program</h1>"))
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	p.redirect = "http://" + listener.Addr().String() + "/oauth/callback"
	return p
}

// authorize is the address to which the program sends a browser, and sends it to
// be answered at the program's own.
func (p *program) authorize() string {
	p.verifier, p.state = rand.Text()+rand.Text(), rand.Text()
	challenge := sha256.Sum256([]byte(p.verifier))
	return p.ic.URL + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {*p.id}, "redirect_uri": {p.redirect}, "state": {p.state}, "scopes": {scope},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

// called waits for the callback.
func (p *program) called() url.Values {
	p.t.Helper()
	select {
	case q := <-p.callbacks:
		if q.Get("state") != p.state {
			p.t.Errorf("got state %q, want %q", q.Get("state"), p.state)
		}
		return q
	case <-time.After(patience):
		p.t.Fatal("the program was not called back")
	}
	return nil
}

// notCalled checks that no callback came so far.
func (p *program) notCalled() {
	p.t.Helper()
	select {
	case q := <-p.callbacks:
		p.t.Errorf("the program was called back with %v", q)
	default:
	}
}

func (p *program) redeem(in *ssooidc.CreateTokenInput) (*ssooidc.CreateTokenOutput, error) {
	in.ClientId, in.ClientSecret = p.id, p.secret
	return ssooidc.NewFromConfig(p.ic.AWSConfig()).CreateToken(p.t.Context(), in)
}

func (p *program) redeemDevice(code *string) (*ssooidc.CreateTokenOutput, error) {
	return p.redeem(&ssooidc.CreateTokenInput{GrantType: aws.String(deviceGrant), DeviceCode: code})
}

func (p *program) redeemCode(code string) (*ssooidc.CreateTokenOutput, error) {
	return p.redeem(&ssooidc.CreateTokenInput{
		GrantType: aws.String("authorization_code"), Code: &code, RedirectUri: &p.redirect, CodeVerifier: &p.verifier,
	})
}

// uses does what tokens are for: accounts, credentials of a role, a signed call.
func (p *program) uses(tokens *ssooidc.CreateTokenOutput, err error, user string) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, access := p.t.Context(), sso.NewFromConfig(p.ic.AWSConfig())
	accounts, err := access.ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: tokens.AccessToken})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(accounts.AccountList) == 0 {
		p.t.Error("got no account")
	}
	roles, err := access.ListAccountRoles(ctx, &sso.ListAccountRolesInput{AccessToken: tokens.AccessToken, AccountId: aws.String(dev)})
	if err != nil {
		p.t.Fatal(err)
	}
	role, err := access.GetRoleCredentials(ctx, &sso.GetRoleCredentialsInput{
		AccessToken: tokens.AccessToken, AccountId: aws.String(dev), RoleName: roles.RoleList[0].RoleName,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	keys := role.RoleCredentials
	checkIdentity(p.t, p.ic, *keys.AccessKeyId, *keys.SecretAccessKey, *keys.SessionToken, user)
	again, err := p.redeem(&ssooidc.CreateTokenInput{GrantType: aws.String("refresh_token"), RefreshToken: tokens.RefreshToken})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := access.ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: again.AccessToken}); err != nil {
		p.t.Error(err)
	}
}

// checkIdentity makes a signed call with credentials of a role in dev.
func checkIdentity(t testing.TB, ic *idctest.IdentityCenter, id, secret, token, user string) {
	t.Helper()
	config := ic.AWSConfig()
	config.Credentials = credentials.NewStaticCredentialsProvider(id, secret, token)
	who, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *who.Account != dev || !strings.HasSuffix(*who.Arn, "/"+user) {
		t.Errorf("got %s, want %s in %s", *who.Arn, user, dev)
	}
}

// wantCode checks that the SDK got that error.
func wantCode(t testing.TB, err error, want string) {
	t.Helper()
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// inject makes calls go wrong from now on.
func inject(t testing.TB, ic *idctest.IdentityCenter, f idctest.Fault) *idctest.Injection {
	t.Helper()
	i, err := ic.Inject(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func advance(t testing.TB, ic *idctest.IdentityCenter, by time.Duration) {
	t.Helper()
	if err := ic.Advance(t.Context(), by); err != nil {
		t.Fatal(err)
	}
}

// sessions counts a person's sign-ins.
func sessions(t testing.TB, ic *idctest.IdentityCenter, user string) int {
	t.Helper()
	live, err := ic.Sessions(context.WithoutCancel(t.Context()), user)
	if err != nil {
		t.Fatal(err)
	}
	return len(live)
}
