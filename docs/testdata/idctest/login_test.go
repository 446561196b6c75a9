package login

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc/types"

	"github.com/portico-sso/portico/idctest"
)

func TestNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		oidc := ssooidc.NewFromConfig(ic.AWSConfig())
		client, err := oidc.RegisterClient(t.Context(), &ssooidc.RegisterClientInput{
			ClientName: aws.String("my-tool"), ClientType: aws.String("public"),
		})
		if err != nil {
			t.Fatal(err)
		}
		device, err := oidc.StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
			ClientId: client.ClientId, ClientSecret: client.ClientSecret, StartUrl: &ic.StartURL,
		})
		if err != nil {
			t.Fatal(err)
		}

		time.Sleep(11 * time.Minute) // takes no time

		_, err = oidc.CreateToken(t.Context(), &ssooidc.CreateTokenInput{
			ClientId: client.ClientId, ClientSecret: client.ClientSecret, DeviceCode: device.DeviceCode,
			GrantType: aws.String("urn:ietf:params:oauth:grant-type:device_code"),
		})
		if expired := new(types.ExpiredTokenException); !errors.As(err, &expired) {
			t.Errorf("got %v, want ExpiredTokenException", err)
		}
	})
}
