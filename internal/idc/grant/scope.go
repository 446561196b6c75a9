package grant

import "strings"

// ScopeAccountAccess is the scope by which a client asks for the access portal.
const ScopeAccountAccess = "sso:account:access"

// PortalAccess says whether tokens of these scopes open the access portal:
// ListAccounts, ListAccountRoles and GetRoleCredentials. A client without any
// scope is of the kind that was there before scopes were, and has it; so have
// clients that ask by the older scopes "sso-portal:…".
func PortalAccess(scopes []string) bool {
	for _, s := range scopes {
		if s == ScopeAccountAccess || strings.HasPrefix(s, "sso-portal:") {
			return true
		}
	}
	return len(scopes) == 0
}
