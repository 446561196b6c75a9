package awsconfig

import (
	"slices"
	"strings"
)

// providers are the keys that say where a profile's credentials come from, besides
// those of SSO and of portico.
var providers = []string{
	"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_account_id", "credential_process", "login_session",
	"role_arn", "source_profile", "credential_source", "web_identity_token_file", "role_session_name", "external_id", "mfa_serial", "duration_seconds",
}

// Provider is the first key in a file that says where the profile's credentials
// come from, or "".
func (p Profile) Provider(file string) string {
	for i, key := range p.keys {
		if p.all[i].origin.File == file && (slices.Contains(providers, key) || isSSO(key)) {
			return key
		}
	}
	return ""
}

// MayHaveCredentials tells whether the profile says where its credentials come
// from, rightly or not.
func (p Profile) MayHaveCredentials() bool {
	return p.HasRole() || slices.ContainsFunc([]string{"aws_access_key_id", "credential_process", "login_session", "role_arn", "web_identity_token_file"}, p.Has)
}

// withRole is the profile, or one without a name, with the credentials of another
// role: in the session of the flags, else the profile's own, else the only one
// there is. Everything else, such as its region, stays as it is. Where no session
// can be found, the result cannot sign in.
func (p Profile) withRole(c *Config, f Flags) Profile {
	role := Profile{Name: p.Name, InConfig: p.InConfig, InCredentials: p.InCredentials}
	for i, key := range p.keys {
		if !slices.Contains(providers, key) && !isSSO(key) {
			role.set(key, p.all[i])
		}
	}
	set := func(key, text string) { role.set(key, value{text: text}) }
	set("sso_account_id", f.AccountID)
	set("sso_role_name", f.RoleName)
	session := f.SSOSession
	if session == "" {
		session, _ = p.SSO("sso_session")
	}
	startURL, _ := p.Get("sso_start_url")
	region, _ := p.Get("sso_region")
	if names := c.Sessions(); session == "" && startURL == "" && len(names) == 1 {
		session = names[0]
	}
	switch {
	case session != "":
		set("sso_session", session)
	case startURL != "":
		set("sso_start_url", startURL)
		set("sso_region", region)
	}
	return role
}

func isSSO(key string) bool {
	return strings.HasPrefix(key, ssoPrefix) || strings.HasPrefix(key, porticoPrefix)
}
