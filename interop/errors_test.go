package interop

import (
	"strings"
	"testing"
)

// Every documented error, made in the way it comes about, arrives in the SDK as
// the type that programs test for.
func TestErrors(t *testing.T) {
	tests := []struct {
		name string
		// make brings the error about.
		make func(t *testing.T, l *login) *failure
		want failure
		// untyped is for errors that AWS sends and its service models lack.
		untyped bool
	}{
		{"authorization_pending", func(t *testing.T, l *login) *failure {
			return l.ask(t, l.redeem(), nil)
		}, failure{Code: "AuthorizationPendingException", Error: "authorization_pending", Status: 400}, false},
		{"slow_down", func(t *testing.T, l *login) *failure {
			l.center.portico(t, "fault", "add", "--op", "CreateToken", "--error", "SlowDownException")
			return l.ask(t, l.redeem(), nil)
		}, failure{Code: "SlowDownException", Error: "slow_down", Status: 400}, false},
		{"access_denied", func(t *testing.T, l *login) *failure {
			l.center.portico(t, "deny", "--as", "alice", l.device.UserCode)
			return l.ask(t, l.redeem(), nil)
		}, failure{Code: "AccessDeniedException", Error: "access_denied", Status: 400}, false},
		{"expired_token", func(t *testing.T, l *login) *failure {
			l.center.portico(t, "clock", "advance", "11m")
			return l.ask(t, l.redeem(), nil)
		}, failure{Code: "ExpiredTokenException", Error: "expired_token", Status: 400}, false},
		{"invalid_grant, unknown code", func(t *testing.T, l *login) *failure {
			l.device.DeviceCode = strings.Repeat("x", len(l.device.DeviceCode))
			return l.ask(t, l.redeem(), nil)
		}, failure{Code: "InvalidGrantException", Error: "invalid_grant", Status: 400}, false},
		{"invalid_grant, code redeemed", func(t *testing.T, l *login) *failure {
			l.allow(t)
			return l.ask(t, l.redeem(), nil)
		}, failure{Code: "InvalidGrantException", Error: "invalid_grant", Status: 400}, false},
		// The SDK tries again by itself, but a device code is good for one answer.
		{"invalid_grant, answer lost", func(t *testing.T, l *login) *failure {
			l.center.portico(t, "approve", "--as", "alice", l.device.UserCode)
			l.center.portico(t, "fault", "add", "--op", "CreateToken", "--drop=after", "--count", "1")
			return l.ask(t, l.redeem(), nil)
		}, failure{Code: "InvalidGrantException", Error: "invalid_grant", Status: 400}, false},
		{"invalid_grant, revoked", func(t *testing.T, l *login) *failure {
			l.allow(t)
			l.center.portico(t, "revoke", "--user", "alice")
			return l.ask(t, l.refresh(), nil)
		}, failure{Code: "InvalidGrantException", Error: "invalid_grant", Status: 400}, false},
		{"invalid_client, wrong secret", func(t *testing.T, l *login) *failure {
			l.client.ClientSecret += "x"
			return l.ask(t, l.redeem(), nil)
		}, failure{Code: "InvalidClientException", Error: "invalid_client", Status: 401}, false},
		{"invalid_client, registration ended", func(t *testing.T, l *login) *failure {
			l.center.portico(t, "clock", "advance", "2400h")
			return l.ask(t, l.startDevice(), nil)
		}, failure{Code: "InvalidClientException", Error: "invalid_client", Status: 401}, false},
		{"unsupported_grant_type", func(t *testing.T, l *login) *failure {
			r := l.refresh()
			r.Input.(fields)["grantType"] = "password"
			return l.ask(t, r, nil)
		}, failure{Code: "UnsupportedGrantTypeException", Error: "unsupported_grant_type", Status: 400}, false},
		{"invalid_request", func(t *testing.T, l *login) *failure {
			r := l.startDevice()
			r.Input.(fields)["startUrl"] = "https://d-0000000000.awsapps.com/start"
			return l.ask(t, r, nil)
		}, failure{Code: "InvalidRequestException", Error: "invalid_request", Status: 400}, false},
		{"invalid_client_metadata", func(t *testing.T, l *login) *failure {
			return l.ask(t, request{Service: "sso-oidc", Operation: "RegisterClient", Input: fields{
				"clientName": "interop", "clientType": "confidential"}}, nil)
		}, failure{Code: "InvalidClientMetadataException", Error: "invalid_client_metadata", Status: 400}, false},

		{"portal 401, token expired", func(t *testing.T, l *login) *failure {
			l.allow(t)
			l.center.portico(t, "clock", "advance", "61m")
			return l.ask(t, l.accounts(), nil)
		}, failure{Code: "UnauthorizedException", Status: 401}, false},
		{"portal 401, token unknown", func(t *testing.T, l *login) *failure {
			l.token.AccessToken = "nobody's"
			return l.ask(t, l.credentials("111111111111", "AdministratorAccess"), nil)
		}, failure{Code: "UnauthorizedException", Status: 401}, false},
		{"portal 403, role not assigned", func(t *testing.T, l *login) *failure {
			l.allow(t)
			return l.ask(t, l.credentials("111111111111", "ReadOnly"), nil)
		}, failure{Code: "ForbiddenException", Status: 403}, true},
		{"portal 403, assignment taken back", func(t *testing.T, l *login) *failure {
			l.allow(t)
			l.must(t, l.credentials("111111111111", "AdministratorAccess"), nil)
			l.center.portico(t, "unassign", "--group", "platform", "--permission-set", "AdministratorAccess", "--account", "111111111111")
			return l.ask(t, l.credentials("111111111111", "AdministratorAccess"), nil)
		}, failure{Code: "ForbiddenException", Status: 403}, true},
		{"portal 429", func(t *testing.T, l *login) *failure {
			l.allow(t)
			l.center.portico(t, "fault", "add", "--op", "ListAccounts", "--error", "TooManyRequestsException")
			return l.ask(t, l.accounts(), nil)
		}, failure{Code: "TooManyRequestsException", Status: 429}, false},
		{"portal 400", func(t *testing.T, l *login) *failure {
			l.allow(t)
			return l.ask(t, l.roles("no account"), nil)
		}, failure{Code: "InvalidRequestException", Status: 400}, false},

		{"sts, wrong secret", func(t *testing.T, l *login) *failure {
			l.allow(t)
			keys := l.keys(t)
			keys.SecretAccessKey = strings.Repeat("x", len(keys.SecretAccessKey))
			return l.ask(t, whoIs(keys), nil)
		}, failure{Code: "SignatureDoesNotMatch", Status: 403}, true},
		{"sts, expired", func(t *testing.T, l *login) *failure {
			l.allow(t)
			keys := l.keys(t)
			l.center.portico(t, "clock", "advance", "13h")
			return l.ask(t, whoIs(keys), nil)
		}, failure{Code: "ExpiredToken", Status: 403}, true},
	}
	everySDK(t, func(t *testing.T, s sdk) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				c := local(t, s.flags...)
				l := begin(t, c, c.drive(t, s))
				got := test.make(t, l)
				if got == nil {
					t.Fatalf("got success, want %v", &test.want)
				}
				want := test.want
				want.Typed = !test.untyped
				want.Message = got.Message
				if *got != want {
					t.Errorf("got  %v\nwant %v", got, &want)
				}
			})
		}
	})
}

// allow has alice allow the sign-in that has begun, and collects its tokens.
func (l *login) allow(t *testing.T) {
	t.Helper()
	l.center.portico(t, "approve", "--as", "alice", l.device.UserCode)
	l.must(t, l.redeem(), &l.token)
}

func (l *login) keys(t *testing.T) roleCredentials {
	t.Helper()
	var out struct{ RoleCredentials roleCredentials }
	l.must(t, l.credentials("111111111111", "AdministratorAccess"), &out)
	return out.RoleCredentials
}
