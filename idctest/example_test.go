package idctest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
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

// A program reads the organisation as its administrator: from the management
// account, by a permission set with administrator: true.
func Example_administrator() {
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
		AccessToken: token.AccessToken, AccountId: aws.String("999999999999"), RoleName: aws.String("AdministratorAccess"),
	})
	if err != nil {
		log.Fatal(err)
	}
	signed := ic.AWSConfig()
	signed.Credentials = credentials.NewStaticCredentialsProvider(
		*role.RoleCredentials.AccessKeyId, *role.RoleCredentials.SecretAccessKey, *role.RoleCredentials.SessionToken)

	instances, err := ssoadmin.NewFromConfig(signed).ListInstances(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*instances.Instances[0].InstanceArn)
	accounts, err := organizations.NewFromConfig(signed).ListAccounts(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range accounts.Accounts {
		fmt.Println(*a.Id, *a.Name)
	}
	// Output:
	// arn:aws:sso:::instance/ssoins-ecb5d1e760490621
	// 111111111111 dev
	// 222222222222 prod
	// 999999999999 management
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

// The portal is busy. The SDK tries three times; what comes through depends on
// how often it is told to wait.
func ExampleIdentityCenter_Inject() {
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
	portal := sso.NewFromConfig(ic.AWSConfig(), func(o *sso.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
	})

	for _, times := range []int{2, 3} {
		busy, err := ic.Inject(ctx, idctest.Fault{Op: "ListAccounts", Error: "TooManyRequestsException", Count: times})
		if err != nil {
			log.Fatal(err)
		}
		accounts, err := portal.ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: token.AccessToken})
		var throttled *ssotypes.TooManyRequestsException
		switch {
		case errors.As(err, &throttled):
			fmt.Println("gave up after", busy.Acted())
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(len(accounts.AccountList), "accounts after", busy.Acted())
		}
		busy.Remove()
	}
	// Output:
	// 3 accounts after 2
	// gave up after 3
}

// An access token lasts an hour, and a test has no hour.
func ExampleIdentityCenter_Advance() {
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

	if err := ic.Advance(ctx, time.Hour); err != nil {
		log.Fatal(err)
	}
	_, err = sso.NewFromConfig(ic.AWSConfig()).ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: token.AccessToken})
	var unauthorized *ssotypes.UnauthorizedException
	fmt.Println(errors.As(err, &unauthorized))
	// Output: true
}

// Nobody is at a browser: the sign-in of a program is denied by itself.
func ExampleIdentityCenter_Decide() {
	ctx := context.Background()
	ic, err := idctest.Start(ctx, idctest.Decisions(idctest.Decision{User: "alice", Answer: idctest.Allow}))
	if err != nil {
		log.Fatal(err)
	}
	defer ic.Close()
	oidc := ssooidc.NewFromConfig(ic.AWSConfig())
	nobody := func(string) error { return nil }

	token, err := login(ctx, oidc, ic.StartURL, nobody)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*token.TokenType)

	if err := ic.Decide(ctx, idctest.Decision{User: "bob", Answer: idctest.Deny, Client: "exam*"}); err != nil {
		log.Fatal(err)
	}
	_, err = login(ctx, oidc, ic.StartURL, nobody)
	var denied *types.AccessDeniedException
	fmt.Println(errors.As(err, &denied))
	// Output:
	// Bearer
	// true
}

// An administrator ends a person's sign-ins while a program uses one.
func ExampleIdentityCenter_Revoke() {
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

	sessions, err := ic.Sessions(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sessions[0].User, sessions[0].Clients)
	if err := ic.Revoke(ctx, "alice"); err != nil {
		log.Fatal(err)
	}
	_, err = sso.NewFromConfig(ic.AWSConfig()).ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: token.AccessToken})
	var unauthorized *ssotypes.UnauthorizedException
	fmt.Println(errors.As(err, &unauthorized))
	// Output:
	// alice [example]
	// true
}

// What a program did, as CloudTrail would tell it.
func ExampleIdentityCenter_Events() {
	ctx := context.Background()
	ic, err := idctest.Start(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer ic.Close()
	_, err = login(ctx, ssooidc.NewFromConfig(ic.AWSConfig()), ic.StartURL, func(address string) error {
		return ic.Deny(ctx, "bob", address)
	})
	if err == nil {
		log.Fatal("it was to be denied")
	}

	happened, err := ic.Events(ctx, idctest.EventFilter{})
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range happened {
		if e.Source == "sso-oauth.amazonaws.com" {
			fmt.Printf("%s %q\n", e.Name, e.ErrorCode)
		}
	}
	// Output:
	// RegisterClient ""
	// StartDeviceAuthorization ""
	// CreateToken "AccessDeniedException"
}
