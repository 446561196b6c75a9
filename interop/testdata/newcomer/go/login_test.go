// A device login with the AWS SDK for Go.
//
//	portico local run --as alice -- go test
package login

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
)

func TestLogin(t *testing.T) {
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	oidc := ssooidc.NewFromConfig(cfg)

	client, err := oidc.RegisterClient(t.Context(), &ssooidc.RegisterClientInput{
		ClientName: aws.String("my-tool"),
		ClientType: aws.String("public"),
	})
	if err != nil {
		t.Fatal(err)
	}
	device, err := oidc.StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
		ClientId:     client.ClientId,
		ClientSecret: client.ClientSecret,
		StartUrl:     aws.String("https://d-1234567890.awsapps.com/start"),
	})
	if err != nil {
		t.Fatal(err)
	}

	browser := strings.Fields(strings.ReplaceAll(os.Getenv("BROWSER"), "%s", *device.VerificationUriComplete))
	if err := exec.Command(browser[0], browser[1:]...).Run(); err != nil {
		t.Fatal(err) // alice signs in and allows
	}

	token, err := oidc.CreateToken(t.Context(), &ssooidc.CreateTokenInput{
		ClientId:     client.ClientId,
		ClientSecret: client.ClientSecret,
		DeviceCode:   device.DeviceCode,
		GrantType:    aws.String("urn:ietf:params:oauth:grant-type:device_code"),
	})
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := sso.NewFromConfig(cfg).ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: token.AccessToken})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(accounts.AccountList); n != 3 {
		t.Errorf("alice sees %d accounts, want 3", n)
	}
}
