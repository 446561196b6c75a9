package awsconfig

import (
	"maps"
	"net/url"
	"strings"
)

// SSO is how a profile, or a session alone, signs in and what it then uses.
type SSO struct {
	SessionName string // "" for the legacy form, keys in the profile itself
	StartURL    string // as configured
	Region      string // sso_region
	Scopes      []string
	HasScopes   bool
	AccountID   string // empty from LoginSession
	RoleName    string // empty from LoginSession
	Legacy      bool
}

// SSO resolves what GetRoleCredentials needs for the profile: the profile's
// keys and those of its session, which must not contradict each other. It is
// ErrNotSSO when the profile has neither account nor role. A profile that
// assumes a role is not looked at here, see [Profile.AssumesRole].
func (s *Settings) SSO() (SSO, error) {
	if !s.Profile.HasRole() {
		return SSO{}, ErrNotSSO
	}
	var session SSOSession
	name, hasSession := s.Profile.SSO("sso_session")
	if hasSession {
		var ok bool
		if session, ok = s.Config.Session(name); !ok {
			return SSO{}, &NoSuchSessionError{Name: name}
		}
		if err := s.consistent(session); err != nil {
			return SSO{}, err
		}
	}
	get := func(key string) string {
		if v, ok := session.Get(key); ok {
			return v
		}
		v, _ := s.Profile.SSO(key)
		return v
	}
	var missing []string
	for _, key := range []string{"sso_role_name", "sso_account_id", "sso_start_url", "sso_region"} {
		if get(key) == "" {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		return SSO{}, &IncompleteError{Profile: s.ProfileName, Missing: missing}
	}
	return SSO{
		SessionName: name,
		StartURL:    get("sso_start_url"),
		Region:      get("sso_region"),
		Scopes:      session.Scopes,
		HasScopes:   session.HasScopes,
		AccountID:   get("sso_account_id"),
		RoleName:    get("sso_role_name"),
		Legacy:      !hasSession,
	}, nil
}

// consistent compares every key the session and the profile both have.
func (s *Settings) consistent(session SSOSession) error {
	for i, key := range session.keys {
		mine, ok := s.Profile.find(key)
		if !ok {
			continue
		}
		theirs := session.all[i]
		same := mine.text == theirs.text
		if mine.nested != nil && theirs.nested != nil {
			same = maps.Equal(mine.nested, theirs.nested)
		}
		if !same {
			return &InconsistentError{Key: key, Profile: mine.text, Session: theirs.text}
		}
	}
	return nil
}

// LoginSession resolves what signing in needs: the session named by the flag,
// else the profile's, else the profile's own legacy keys. A session is used
// alone, so keys of the profile cannot contradict it.
func (s *Settings) LoginSession(sessionFlag string) (SSO, error) {
	name, hasSession := sessionFlag, sessionFlag != ""
	if !hasSession {
		name, hasSession = s.Profile.SSO("sso_session")
	}
	login := SSO{SessionName: name, Legacy: !hasSession}
	if hasSession {
		session, ok := s.Config.Session(name)
		if !ok {
			return SSO{}, &NoSuchSessionError{Name: name}
		}
		login.StartURL, login.Region = session.StartURL, session.Region
		login.Scopes, login.HasScopes = session.Scopes, session.HasScopes
	} else {
		login.StartURL, _ = s.Profile.Get("sso_start_url")
		login.Region, _ = s.Profile.Get("sso_region")
	}
	var missing []string
	if login.StartURL == "" {
		missing = append(missing, "sso_start_url")
	}
	if login.Region == "" {
		missing = append(missing, "sso_region")
	}
	if len(missing) > 0 {
		return SSO{}, &MissingLoginError{Missing: missing, Session: name}
	}
	if err := CheckStartURL(login.StartURL); err != nil {
		return SSO{}, err
	}
	return login, nil
}

// CheckStartURL refuses, with a *StartURLError, a start URL without https or
// without a host.
func CheckStartURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return &StartURLError{URL: text}
	case !strings.EqualFold(u.Scheme, "https"):
		return &StartURLError{URL: text, HTTPS: true}
	case u.Hostname() == "":
		return &StartURLError{URL: text}
	}
	return nil
}
