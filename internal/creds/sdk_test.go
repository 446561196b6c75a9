package creds_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// home makes a home directory with a config that the AWS SDK reads too, and
// points the SDK at it.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if err := os.MkdirAll(filepath.Join(dir, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := `[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = eu-west-1

[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
`
	if err := os.WriteFile(filepath.Join(dir, ".aws", "config"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// signIn is what "portico sso login" does, with alice at the browser.
func signIn(t *testing.T, ic *idctest.IdentityCenter, dir string) (*signin.Client, signin.Session) {
	t.Helper()
	c := &signin.Client{Wallet: &wallet.Wallet{Home: dir, LockDir: filepath.Join(dir, "locks")}, HTTP: ic.HTTPClient(), OIDCEndpoint: ic.URL, PortalEndpoint: ic.URL}
	s := signin.Session{Name: "corp", StartURL: ic.StartURL, Region: ic.Region, Scopes: []string{"sso:account:access"}}
	_, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true, Show: func(i signin.Instructions) {
		if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// sdk is the AWS SDK for Go as any program uses it.
func sdk(t *testing.T, ic *idctest.IdentityCenter) aws.Config {
	t.Helper()
	for _, kv := range ic.Env() {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_ENDPOINT_URL_") {
			os.Setenv(name, value)
			t.Cleanup(func() { os.Unsetenv(name) })
		}
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigProfile("dev"),
		// The SDK settles on its default when the test binary starts.
		config.WithSharedConfigFiles([]string{filepath.Join(os.Getenv("HOME"), ".aws", "config")}), config.WithHTTPClient(ic.HTTPClient()))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// The SDK goes on where portico stopped: it uses the token, refreshes it when it
// has expired, and portico goes on with what the SDK wrote.
func TestGoSDKGoesOn(t *testing.T) {
	dir := home(t)
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := signIn(t, ic, dir)
		identity := func() string {
			t.Helper()
			out, err := sts.NewFromConfig(sdk(t, ic)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			if err != nil {
				t.Fatal(err)
			}
			return *out.Arn
		}
		if arn := identity(); !strings.HasPrefix(arn, "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_AdministratorAccess_") || !strings.HasSuffix(arn, "/alice") {
			t.Errorf("got %s", arn)
		}
		before, err := c.Wallet.Token(wallet.TokenKey(s.Name, ""))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(before.ExpiresAt) + time.Minute)
		identity()
		after, err := c.Wallet.Token(wallet.TokenKey(s.Name, ""))
		if err != nil || after.AccessToken == before.AccessToken || after.RefreshToken == "" {
			t.Errorf("the SDK did not refresh the token: %v", err)
		}
		if tok, err := c.Token(t.Context(), s); err != nil || tok.AccessToken != after.AccessToken {
			t.Errorf("portico does not go on with the SDK's token: %v", err)
		}
		time.Sleep(time.Until(after.ExpiresAt) + time.Minute)
		if _, err := c.Token(t.Context(), s); err != nil {
			t.Errorf("portico does not refresh the SDK's token: %v", err)
		}
	})
}

// Signed out elsewhere, the SDK gets a typed error, for the token and for its
// refresh.
func TestGoSDKSignedOut(t *testing.T) {
	dir := home(t)
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := signIn(t, ic, dir)
		tok, err := c.Token(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SignOut(t.Context(), s.Region, tok.AccessToken); err != nil {
			t.Fatal(err)
		}
		_, err = sts.NewFromConfig(sdk(t, ic)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if _, ok := errors.AsType[*ssotypes.UnauthorizedException](err); !ok {
			t.Errorf("got %v, want UnauthorizedException", err)
		}
		time.Sleep(time.Until(tok.ExpiresAt) + time.Minute)
		_, err = sts.NewFromConfig(sdk(t, ic)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if _, ok := errors.AsType[*types.InvalidGrantException](err); !ok {
			t.Errorf("got %v, want InvalidGrantException", err)
		}
	})
}
