package idctest_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/portico-sso/portico/idctest"
)

const deviceCode = "urn:ietf:params:oauth:grant-type:device_code"

// login is a program under test: it signs in by device code. show tells the
// person which address to open.
func login(ctx context.Context, oidc *ssooidc.Client, startURL string, show func(address string) error) (*ssooidc.CreateTokenOutput, error) {
	client, err := oidc.RegisterClient(ctx, &ssooidc.RegisterClientInput{
		ClientName: aws.String("example"), ClientType: aws.String("public"), Scopes: []string{"sso:account:access"},
	})
	if err != nil {
		return nil, err
	}
	device, err := oidc.StartDeviceAuthorization(ctx, &ssooidc.StartDeviceAuthorizationInput{
		ClientId: client.ClientId, ClientSecret: client.ClientSecret, StartUrl: aws.String(startURL),
	})
	if err != nil {
		return nil, err
	}
	if err := show(*device.VerificationUriComplete); err != nil {
		return nil, err
	}
	return oidc.CreateToken(ctx, &ssooidc.CreateTokenInput{
		ClientId: client.ClientId, ClientSecret: client.ClientSecret, GrantType: aws.String(deviceCode), DeviceCode: device.DeviceCode,
	})
}

// A person allows the sign-in; the token opens a role, whose credentials STS
// verifies. A test would begin with New and need no Close.
func Example_approved() {
	ctx := context.Background()
	ic, err := idctest.Start(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer ic.Close()

	token, err := login(ctx, ssooidc.NewFromConfig(ic.AWSConfig()), ic.StartURL, func(address string) error {
		return ic.Approve(ctx, "alice", address)
	})
	if err != nil {
		log.Fatal(err)
	}
	role, err := sso.NewFromConfig(ic.AWSConfig()).GetRoleCredentials(ctx, &sso.GetRoleCredentialsInput{
		AccessToken: token.AccessToken, AccountId: aws.String("111111111111"), RoleName: aws.String("AdministratorAccess"),
	})
	if err != nil {
		log.Fatal(err)
	}
	signed := ic.AWSConfig()
	signed.Credentials = credentials.NewStaticCredentialsProvider(
		*role.RoleCredentials.AccessKeyId, *role.RoleCredentials.SecretAccessKey, *role.RoleCredentials.SessionToken)
	caller, err := sts.NewFromConfig(signed).GetCallerIdentity(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*caller.Arn)
	// Output: arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_AdministratorAccess_e07725ae4c34552c/alice
}

// A person denies the sign-in, and the program hears AWS's own error.
func Example_denied() {
	ctx := context.Background()
	ic, err := idctest.Start(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer ic.Close()

	_, err = login(ctx, ssooidc.NewFromConfig(ic.AWSConfig()), ic.StartURL, func(address string) error {
		return ic.Deny(ctx, "bob", address)
	})
	var denied *types.AccessDeniedException
	fmt.Println(errors.As(err, &denied))
	// Output: true
}

// An organisation of the test's own.
func ExampleSeed() {
	ctx := context.Background()
	ic, err := idctest.Start(ctx, idctest.Seed(`
region: eu-central-1
users:
  - {name: carol, groups: [ops]}
accounts:
  - {id: "333333333333", name: sandbox}
  - {id: "444444444444", name: vault}
permission_sets:
  - {name: Operator}
assignments:
  - {group: ops, permission_set: Operator, accounts: [sandbox]}
`))
	if err != nil {
		log.Fatal(err)
	}
	defer ic.Close()

	token, err := login(ctx, ssooidc.NewFromConfig(ic.AWSConfig()), ic.StartURL, func(address string) error {
		return ic.Approve(ctx, "carol", address)
	})
	if err != nil {
		log.Fatal(err)
	}
	accounts, err := sso.NewFromConfig(ic.AWSConfig()).ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: token.AccessToken})
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range accounts.AccountList {
		fmt.Println(*a.AccountId, *a.AccountName)
	}
	// Output: 333333333333 sandbox
}
