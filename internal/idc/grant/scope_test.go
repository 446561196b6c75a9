package grant_test

import (
	"testing"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func TestPortalAccess(t *testing.T) {
	for _, tt := range []struct {
		scopes []string
		want   bool
	}{
		{nil, true},
		{[]string{}, true},
		{[]string{"sso:account:access"}, true},
		{[]string{"sso-portal:*"}, true},
		{[]string{"openid", "sso:account:access"}, true},
		{[]string{""}, false},
		{[]string{"openid"}, false},
		{[]string{"SSO:account:access"}, false},
		{[]string{"sso:account:access2", "sso:account", "sso-portal"}, false},
		{[]string{"codewhisperer:completions", "openid"}, false},
	} {
		if got := grant.PortalAccess(tt.scopes); got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.scopes, got, tt.want)
		}
	}
}
