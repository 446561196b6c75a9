package awsapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"
)

// A token does what the scopes of its client say, and signing out always.
func TestScopes(t *testing.T) {
	c := newCenter(t)
	for _, tt := range []struct {
		scopes []string
		opens  bool
	}{
		{nil, true},
		{[]string{"sso:account:access"}, true},
		{[]string{"sso-portal:*"}, true},
		{[]string{"openid", "sso:account:access"}, true},
		{[]string{"openid"}, false},
		{[]string{"codewhisperer:completions", "codewhisperer:analysis"}, false},
	} {
		t.Run(strings.Join(tt.scopes, " "), func(t *testing.T) {
			tokens := c.signInTo(t, c.register(t, tt.scopes...), "bob")
			bearer := http.Header{"X-Amz-Sso_bearer_token": {*tokens.AccessToken}}
			for _, target := range []string{
				"/assignment/accounts",
				"/assignment/roles?account_id=" + dev,
				"/federation/credentials?" + query("account_id", dev, "role_name", "ReadOnly"),
			} {
				resp, body := c.send(t, raw{"GET", target, "", bearer})
				if tt.opens {
					if resp.StatusCode != 200 {
						t.Errorf("%s: got %d %s, want 200", target, resp.StatusCode, body)
					}
					continue
				}
				var refusal struct{ Message string }
				if err := json.Unmarshal([]byte(body), &refusal); err != nil {
					t.Fatal(err)
				}
				if resp.StatusCode != 403 || resp.Header.Get("X-Amzn-Errortype") != "ForbiddenException"+portalSuffix ||
					!strings.Contains(refusal.Message, "sso:account:access") {
					t.Errorf("%s: got %d %s, want a ForbiddenException that names the scope", target, resp.StatusCode, body)
				}
			}
			if _, err := c.sso().Logout(t.Context(), &sso.LogoutInput{AccessToken: tokens.AccessToken}); err != nil {
				t.Errorf("sign out: %v", err)
			}
			_, err := c.sso().ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: aws.String(*tokens.AccessToken)})
			wantError[*ssotypes.UnauthorizedException](t, err)
		})
	}
}
