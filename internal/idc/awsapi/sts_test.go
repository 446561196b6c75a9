package awsapi_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// A role session cannot become another one, and is told so in AWS's words.
func TestRoleSessionsBecomeNothingElse(t *testing.T) {
	c, alice, _ := administration(t)
	bob := c.credentials(t)
	ctx := t.Context()
	says := func(err error, code, want string) {
		t.Helper()
		wantCode(t, err, code)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}

	_, err := c.sts(bob).GetSessionToken(ctx, nil)
	says(err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
	_, err = c.sts(bob).GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("x")})
	says(err, "AccessDenied", "Cannot call GetFederationToken with session credentials")

	role := "arn:aws:iam::" + prod + ":role/deploy"
	assume := func(arn, name string) error {
		_, err := c.sts(alice).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: &name})
		return err
	}
	says(assume(role, "ci"), "AccessDenied", "/alice is not authorized to perform: sts:AssumeRole on resource: "+role)
	says(assume("deploy", "ci"), "ValidationError", "RoleArn is not the ARN of a role")
	says(assume(role, "a name"), "ValidationError", "Value at 'roleSessionName' failed to satisfy constraint")
	says(assume("", ""), "ValidationError", "2 validation errors detected: Value null at 'roleArn'")

	decode := func(creds aws.Credentials, message string) error {
		_, err := c.sts(creds).DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{EncodedMessage: &message})
		return err
	}
	says(decode(alice, "x"), "InvalidAuthorizationMessageException", "Message is not valid")
	wantError[*ststypes.InvalidAuthorizationMessageException](t, decode(alice, "x"))
	says(decode(bob, "x"), "AccessDenied", "/bob is not authorized to perform: sts:DecodeAuthorizationMessage")
	says(decode(alice, ""), "ValidationError", "Value null at 'encodedMessage'")

	// Nobody signs these.
	anonymous := sts.NewFromConfig(c.config())
	saml := func(assertion string) error {
		_, err := anonymous.AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{RoleArn: &role, PrincipalArn: &role, SAMLAssertion: &assertion})
		return err
	}
	says(saml("?"), "InvalidIdentityToken", "Invalid base64 SAMLResponse")
	says(saml("PHg+"), "InvalidIdentityToken", "Specified provider doesn't exist")
	wantError[*ststypes.InvalidIdentityTokenException](t, saml("PHg+"))
	says(saml(""), "ValidationError", "'sAMLAssertion'")
	web := func(token string) error {
		_, err := anonymous.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: aws.String("ci"), WebIdentityToken: &token})
		return err
	}
	says(web("x"), "InvalidIdentityToken", "The ID Token provided is not a valid JWT")
	says(web("a.b.c"), "InvalidIdentityToken", "No OpenIDConnect provider found in your account")
}
