package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/wallet"
)

// shellStatus is what a command without flags would use in this shell, and why.
type shellStatus struct {
	Profile, ProfileFrom string // ProfileFrom "": nobody chose one
	Provider             string // the AWS CLI's name for where the credentials come from; "": there are none
	Session              string
	Account, AccountName string
	Role                 string
	Region               string
	Expires              time.Time // of credentials that are there already
	Problem              string    // why there can be none
	Colour               string    // of the profile
	Steps                []step
}

// A step is one place that is looked at, in the order in which that is done.
type step struct {
	Of    string // profile, credentials or region
	What  string
	Value string // "": it is not set
	Where string // the file and line
	Used  bool
	Note  string
}

// precedence collects the steps: the first that is set is used.
type precedence struct {
	of    string
	won   string // what is used
	steps []step
}

// look adds a place. It tells whether that is the one in use.
func (p *precedence) look(what, value, where string) bool {
	st := step{Of: p.of, What: what, Value: value}
	if value != "" {
		st.Where = where
		if st.Used = p.won == ""; st.Used {
			p.won = what
		} else {
			st.Note = "hidden by " + p.won
		}
	}
	p.steps = append(p.steps, st)
	return st.Used
}

// shell follows the precedence, without asking anybody for anything.
func (s *setup) shell() shellStatus {
	var sh shellStatus
	if byRole := s.globals.AccountID != ""; !byRole && (s.settings.HasProfile || s.settings.ProfileSource != "") {
		sh.Profile, sh.ProfileFrom = s.settings.ProfileName, s.settings.ProfileSource
	}
	sh.Steps = append(sh.Steps, s.whyProfile(&sh)...)
	sh.Steps = append(sh.Steps, s.whyCredentials(&sh)...)
	sh.Steps = append(sh.Steps, s.whyRegion(&sh)...)
	return sh
}

func (s *setup) whyProfile(sh *shellStatus) []step {
	p := precedence{of: "profile"}
	if s.globals.Profile != "" {
		p.look("--profile", s.globals.Profile, "command line")
	}
	for _, name := range awsconfig.ProfileVariables {
		if v, set := s.lookup(name); set && v == "" {
			v = `""` // which is a profile without a name
			p.look(name, v, "environment")
		} else {
			p.look(name, v, "environment")
		}
	}
	byDefault := ""
	if _, there := s.settings.Config.Profile("default"); there {
		byDefault = "default"
	}
	p.look("[default]", byDefault, "config")
	if sh.ProfileFrom != "" && !s.settings.HasProfile {
		sh.Problem = fmt.Sprintf("The config profile (%s) could not be found", sh.Profile)
	}
	return p.steps
}

// whyCredentials goes the way of [setup.credentials].
func (s *setup) whyCredentials(sh *shellStatus) []step {
	p := precedence{of: "credentials"}
	profile := s.settings.Profile
	get := func(key string) string { v, _ := profile.Get(key); return v }
	where := func(key string) string {
		origin, ok := profile.Origin(key)
		if !ok {
			return ""
		}
		return fmt.Sprintf("%s:%d", origin.File, origin.Line)
	}
	use := func(provider, what, value, at string) bool {
		if !p.look(what, value, at) {
			return false
		}
		sh.Provider = provider
		return true
	}

	keys, err := s.environmentKeys()
	if s.globals.Profile == "" && s.globals.AccountID == "" {
		value := ""
		if keys.AccessKeyID != "" || err != nil {
			id, _ := s.lookup("AWS_ACCESS_KEY_ID")
			value = masked(id)
		}
		if use(fromEnvironment, "AWS_ACCESS_KEY_ID", value, "environment") {
			s.fromMarker(sh, keys)
			sh.Problem = "" // whatever the profile is
			if err != nil {
				sh.Problem = err.Error()
			}
		}
	}
	assumes := ""
	if profile.Has("role_arn") && !profile.Has("web_identity_token_file") {
		assumes = get("role_arn")
		if source := cmp.Or(get("source_profile"), get("credential_source")); source != "" {
			assumes += " by " + source
		}
	}
	if use(fromRole, "role_arn", assumes, where("role_arn")) {
		account, _, _ := assumedRole(get("role_arn"))
		sh.Account, sh.Role = account, get("role_arn")
		root, _ := rootProfile(s.settings.Config, profile)
		sh.Session, _ = root.SSO("sso_session")
	}
	token, _ := s.webIdentity(nil)
	at := where("web_identity_token_file")
	if v, _ := s.lookup("AWS_WEB_IDENTITY_TOKEN_FILE"); v != "" {
		at = "environment"
	}
	use(fromWebIdentity, "web identity", token, at)

	sso, err := s.settings.SSO()
	switch {
	case err == nil:
		if use(fromSSO, "sso", sso.AccountID+"/"+sso.RoleName, s.originOfRole()) {
			sh.Account, sh.Role = sso.AccountID, sso.RoleName
			sh.Session = cmp.Or(sso.SessionName, sso.StartURL)
			if c, err := s.wallet.RoleCredentials(wallet.RoleKey{AccountID: sso.AccountID, RoleName: sso.RoleName, Session: sso.SessionName, StartURL: sso.StartURL}); err == nil {
				sh.Expires = c.Expiration
			}
		}
	case errors.Is(err, awsconfig.ErrNotSSO):
		use(fromSSO, "sso", "", "")
	default:
		if use(fromSSO, "sso", "incomplete", s.originOfRole()) {
			sh.Problem = err.Error()
		}
	}
	inFile, err := s.fileKeys()
	fileKeys := func(provider string, has bool) bool {
		if !has {
			return use(provider, provider, "", "")
		}
		return use(provider, provider, masked(get("aws_access_key_id")), where("aws_access_key_id"))
	}
	fileKeys(fromCredentials, inFile.Provider == fromCredentials)
	use(fromProcess, "credential_process", get("credential_process"), where("credential_process"))
	if fileKeys(fromConfig, inFile.Provider == fromConfig || err != nil) && err != nil {
		sh.Problem = err.Error()
	}
	for _, name := range []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		v, _ := s.lookup(name)
		use(fromContainer, name, v, "environment")
	}
	imds := step{Of: p.of, What: "instance metadata", Note: "asked by the AWS CLI and the SDKs, on EC2; not by " + program}
	if v, _ := s.lookup("AWS_EC2_METADATA_DISABLED"); v == "true" {
		imds.Note = "turned off by AWS_EC2_METADATA_DISABLED"
	}
	p.steps = append(p.steps, imds)
	if sh.Provider == "" && sh.Problem == "" {
		sh.Problem = "Unable to locate credentials."
	}
	return p.steps
}

// fromMarker tells whose the keys of the environment are, where portico put them
// there.
func (s *setup) fromMarker(sh *shellStatus, keys credentials) {
	sh.Account, sh.Expires = keys.AccountID, keys.Expiration
	sh.Profile, sh.ProfileFrom = "", ""
	if name, _ := s.lookup(profileVariable); name != "" {
		sh.Profile, sh.ProfileFrom = name, profileVariable
		of := awsconfig.ResolveLoose(s.settings.Config, awsconfig.Flags{Profile: name}, s.lookup)
		if sso, err := of.SSO(); err == nil {
			sh.Role, sh.Session = sso.RoleName, cmp.Or(sso.SessionName, sso.StartURL)
		}
	}
	if role, _ := s.lookup(roleVariable); role != "" {
		if account, name, ok := strings.Cut(role, "/"); ok {
			sh.Account, sh.Role = account, name
		}
	}
}

// originOfRole is where the profile's role is configured.
func (s *setup) originOfRole() string {
	for _, key := range []string{"sso_account_id", "sso_role_name", awsconfig.KeySealedAccount, awsconfig.KeySealedRole, "sso_session"} {
		if origin, ok := s.settings.Profile.Origin(key); ok && origin.File != "" {
			return fmt.Sprintf("%s:%d", origin.File, origin.Line)
		}
	}
	return "command line"
}

func (s *setup) whyRegion(sh *shellStatus) []step {
	p := precedence{of: "region"}
	if s.globals.Region != "" {
		p.look("--region", s.globals.Region, "command line")
	}
	for _, name := range regionVariables {
		v, _ := s.lookup(name)
		p.look(name, v, "environment")
	}
	v, _ := s.settings.Profile.Get("region")
	at := ""
	if origin, ok := s.settings.Profile.Origin("region"); ok {
		at = fmt.Sprintf("%s:%d", origin.File, origin.Line)
	}
	p.look("region", v, at)
	sh.Region, _ = s.settings.Region()
	return p.steps
}
