package idctest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portico-sso/portico/idctest"
)

// program is a client under test.
type program struct {
	ic         *idctest.IdentityCenter
	oidc       *ssooidc.Client
	sso        *sso.Client
	id, secret *string
}

func newProgram(t *testing.T, ic *idctest.IdentityCenter) *program {
	t.Helper()
	p := &program{ic: ic, oidc: ssooidc.NewFromConfig(ic.AWSConfig()), sso: sso.NewFromConfig(ic.AWSConfig())}
	out, err := p.oidc.RegisterClient(t.Context(), &ssooidc.RegisterClientInput{
		ClientName: aws.String("test"), ClientType: aws.String("public"), Scopes: []string{"sso:account:access"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.id, p.secret = out.ClientId, out.ClientSecret
	return p
}

func (p *program) startDevice(t *testing.T) *ssooidc.StartDeviceAuthorizationOutput {
	t.Helper()
	out, err := p.oidc.StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
		ClientId: p.id, ClientSecret: p.secret, StartUrl: &p.ic.StartURL,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// poll asks for the token until there is an answer, as often as it was told to.
func (p *program) poll(t *testing.T, device *ssooidc.StartDeviceAuthorizationOutput) (token *ssooidc.CreateTokenOutput, polls int, err error) {
	t.Helper()
	for polls = 1; ; polls++ {
		token, err = p.oidc.CreateToken(t.Context(), &ssooidc.CreateTokenInput{
			ClientId: p.id, ClientSecret: p.secret, GrantType: aws.String(deviceCode), DeviceCode: device.DeviceCode,
		})
		var pending *types.AuthorizationPendingException
		if !errors.As(err, &pending) {
			return token, polls, err
		}
		time.Sleep(time.Duration(device.Interval) * time.Second)
	}
}

func (p *program) refresh(t *testing.T, refreshToken *string) (*ssooidc.CreateTokenOutput, error) {
	t.Helper()
	return p.oidc.CreateToken(t.Context(), &ssooidc.CreateTokenInput{
		ClientId: p.id, ClientSecret: p.secret, GrantType: aws.String("refresh_token"), RefreshToken: refreshToken,
	})
}

func (p *program) accounts(t *testing.T, token *string) ([]string, error) {
	t.Helper()
	out, err := p.sso.ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: token})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range out.AccountList {
		ids = append(ids, *a.AccountId)
	}
	return ids, nil
}

// signed is a configuration with the credentials of a role.
func (p *program) signed(t *testing.T, token *string, account, role string) aws.Config {
	t.Helper()
	out, err := p.sso.GetRoleCredentials(t.Context(), &sso.GetRoleCredentialsInput{AccessToken: token, AccountId: &account, RoleName: &role})
	if err != nil {
		t.Fatal(err)
	}
	c := p.ic.AWSConfig()
	c.Credentials = credentials.NewStaticCredentialsProvider(*out.RoleCredentials.AccessKeyId, *out.RoleCredentials.SecretAccessKey, *out.RoleCredentials.SessionToken)
	return c
}

// A day of one person, in no time: minutes of polling, the hour of an access
// token, refreshes, and the end of the sign-in.
func TestADayInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		p := newProgram(t, ic)
		device := p.startDevice(t)
		go func() {
			time.Sleep(5 * time.Minute)
			if err := ic.Approve(t.Context(), "alice", *device.VerificationUriComplete); err != nil {
				t.Error(err)
			}
		}()
		began := time.Now()
		token, polls, err := p.poll(t, device)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 5*time.Minute || took > 5*time.Minute+5*time.Second || polls < 290 {
			t.Errorf("got a token after %s and %d polls, want five minutes", took, polls)
		}
		_, _, err = p.poll(t, device)
		if invalid := new(types.InvalidGrantException); !errors.As(err, &invalid) {
			t.Errorf("the code again: got %v, want InvalidGrantException", err)
		}

		caller, err := sts.NewFromConfig(p.signed(t, token.AccessToken, "222222222222", "AdministratorAccess")).GetCallerIdentity(t.Context(), nil)
		if err != nil || *caller.Account != "222222222222" || !strings.HasSuffix(*caller.Arn, "/alice") {
			t.Errorf("got %+v, %v", caller, err)
		}
		buckets, err := s3.NewFromConfig(p.signed(t, token.AccessToken, "111111111111", "AdministratorAccess")).ListBuckets(t.Context(), nil)
		if err != nil || len(buckets.Buckets) != 1 || *buckets.Buckets[0].Name != "dev-artifacts" {
			t.Errorf("got %+v, %v", buckets, err)
		}

		time.Sleep(59 * time.Minute)
		want := []string{"111111111111", "222222222222", "999999999999"}
		if got, err := p.accounts(t, token.AccessToken); err != nil || !slices.Equal(got, want) {
			t.Errorf("within the hour: got %v, %v", got, err)
		}
		time.Sleep(2 * time.Minute)
		_, err = p.accounts(t, token.AccessToken)
		if unauthorized := new(ssotypes.UnauthorizedException); !errors.As(err, &unauthorized) {
			t.Errorf("after the hour: got %v, want UnauthorizedException", err)
		}
		for hours := range 6 {
			token, err = p.refresh(t, token.RefreshToken)
			if err != nil {
				t.Fatalf("refresh after %d hours: %v", hours+1, err)
			}
			if _, err := p.accounts(t, token.AccessToken); err != nil {
				t.Errorf("after a refresh: %v", err)
			}
			time.Sleep(time.Hour)
		}
		time.Sleep(time.Hour)
		_, err = p.refresh(t, token.RefreshToken)
		if invalid := new(types.InvalidGrantException); !errors.As(err, &invalid) {
			t.Errorf("after eight hours: got %v, want InvalidGrantException", err)
		}
	})
}

func TestDeviceCodeExpiresInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		p := newProgram(t, ic)
		device := p.startDevice(t)
		began := time.Now()
		_, _, err := p.poll(t, device)
		if expired := new(types.ExpiredTokenException); !errors.As(err, &expired) {
			t.Errorf("got %v, want ExpiredTokenException", err)
		}
		if took := time.Since(began); took < 10*time.Minute || took > 10*time.Minute+2*time.Second {
			t.Errorf("got it after %s, want ten minutes", took)
		}
		if err := ic.Approve(t.Context(), "alice", *device.VerificationUriComplete); err == nil {
			t.Error("approved a code that has expired")
		}
	})
}

func TestDeniedInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		p := newProgram(t, ic)
		device := p.startDevice(t)
		if err := ic.Approve(t.Context(), "nobody", *device.VerificationUriComplete); err == nil {
			t.Error("nobody approved it")
		}
		if err := ic.Deny(t.Context(), "bob", *device.VerificationUriComplete); err != nil {
			t.Fatal(err)
		}
		_, _, err := p.poll(t, device)
		if denied := new(types.AccessDeniedException); !errors.As(err, &denied) {
			t.Errorf("got %v, want AccessDeniedException", err)
		}
	})
}

func TestPolicyInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t, idctest.Policy{AccessToken: 5 * time.Second, DeviceCode: time.Minute, Interval: 3 * time.Second})
		p := newProgram(t, ic)
		device := p.startDevice(t)
		if device.ExpiresIn != 60 || device.Interval != 3 {
			t.Errorf("got %d s, every %d s; want 60 and 3", device.ExpiresIn, device.Interval)
		}
		if err := ic.Approve(t.Context(), "alice", *device.VerificationUriComplete); err != nil {
			t.Fatal(err)
		}
		token, _, err := p.poll(t, device)
		if err != nil || token.ExpiresIn != 5 {
			t.Fatalf("got %d s, %v; want 5", token.ExpiresIn, err)
		}
		time.Sleep(6 * time.Second)
		if _, err := p.accounts(t, token.AccessToken); err == nil {
			t.Error("the token outlived its five seconds")
		}
	})
}
