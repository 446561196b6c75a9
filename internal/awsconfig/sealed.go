package awsconfig

import "strings"

// Keys of portico's own. Every AWS tool ignores and keeps them. A key belongs to
// sessions or to profiles, never to both: botocore refuses a profile whose key
// differs from its session's.
const (
	KeyStore = "portico_store" // of a session: where what it has is kept; "sealed" or "plain"
	KeyLogin = "portico_login" // of a session: how to sign in

	// Of a session: how long a sign-in lasts at most, which no API tells; when to warn
	// before it ends, and what to run then.
	KeySessionDuration = "portico_session_duration" // 8h
	KeyWarnBefore      = "portico_warn_before"      // 15m, 5m
	KeyWarnCommand     = "portico_warn_command"

	// What people choose from lists: of a profile, whether it is a favourite, other
	// names for it, and what it is about, as env=prod, team=core; of a session, the
	// favourites among its roles that have no profile, as ACCOUNT/ROLE.
	KeyFavourite  = "portico_favorite"
	KeyAlias      = "portico_alias"
	KeyTags       = "portico_tags"
	KeyFavourites = "portico_favorites"

	// Of a profile of a sealed session, in place of sso_session, sso_account_id
	// and sso_role_name, which would beat credential_process everywhere.
	KeySealedSession = "portico_sso_session"
	KeySealedAccount = "portico_account_id"
	KeySealedRole    = "portico_role_name"

	// Of a profile: the credential_process that somebody had configured before
	// the profile's session was sealed.
	KeyReplacedProcess = "portico_credential_process"

	KeyColor      = "portico_color"      // of a profile: what shows that it is in use
	KeyProduction = "portico_production" // of a session: a regular expression for names of production
)

const (
	ssoPrefix     = "sso_"
	porticoPrefix = "portico_"
)

// sealedKeys are a profile's keys of the form that SSO's own have in a sealed
// session. Any other key of SSO's gets the prefix.
var sealedKeys = map[string]string{
	"sso_session":    KeySealedSession,
	"sso_account_id": KeySealedAccount,
	"sso_role_name":  KeySealedRole,
}

// sealedKey is what a profile's key is called when its session is sealed, or "".
func sealedKey(key string) string {
	if name := sealedKeys[key]; name != "" {
		return name
	}
	switch {
	case strings.HasPrefix(key, ssoPrefix):
		return porticoPrefix + key
	case key == "credential_process":
		return KeyReplacedProcess
	}
	return ""
}

// openKey is the other way.
func openKey(key string) string {
	for open, sealed := range sealedKeys {
		if key == sealed {
			return open
		}
	}
	switch {
	case strings.HasPrefix(key, porticoPrefix+ssoPrefix):
		return strings.TrimPrefix(key, porticoPrefix)
	case key == KeyReplacedProcess:
		return "credential_process"
	}
	return ""
}

// Sealed tells whether what the session has is to be kept sealed.
func (s SSOSession) Sealed() bool {
	store, _ := s.Get(KeyStore)
	return strings.EqualFold(store, "sealed")
}

// SealedForm tells whether the profile has its session in portico's keys and not
// in those of SSO.
func (p Profile) SealedForm() bool {
	return p.Has(KeySealedSession) && !p.Has("sso_session") && !p.Has("sso_account_id") && !p.Has("sso_role_name")
}

// SSO is the value of one of the keys sso_session, sso_account_id and
// sso_role_name, under whichever name the profile has it.
func (p Profile) SSO(key string) (string, bool) {
	if name := sealedKeys[key]; name != "" && p.SealedForm() {
		key = name
	}
	return p.Get(key)
}

// HasRole tells whether the profile names an account or a role of SSO.
func (p Profile) HasRole() bool {
	if p.SealedForm() {
		return p.Has(KeySealedAccount) || p.Has(KeySealedRole)
	}
	return p.Has("sso_account_id") || p.Has("sso_role_name")
}

// SealEdits bring the profile into the form that it has while its session is
// sealed: its SSO keys are renamed where they are, in both files, and SDKs get
// their credentials from process. Without a role there are none to get.
func (p Profile) SealEdits(process string) []Edit {
	add := []KeyValue{}
	if p.HasRole() {
		add = append(add, Set("credential_process", process))
	}
	return p.renamed(sealedKey, add)
}

// OpenEdits are the other way from [Profile.SealEdits]. ours tells whether a
// credential_process is one that they gave.
func (p Profile) OpenEdits(ours func(process string) bool) []Edit {
	var drop []KeyValue
	if process, _ := p.Get("credential_process"); ours(process) {
		drop = append(drop, Unset("credential_process"))
	}
	return p.renamed(openKey, drop)
}

// renamed are the edits that rename a profile's keys in both files. What else
// there is to change is done where the profile is.
func (p Profile) renamed(to func(string) string, change []KeyValue) []Edit {
	var rename []KeyValue
	for _, key := range p.keys {
		process := key == "credential_process"
		if name := to(key); name != "" && !(process && (len(change) == 0 || p.SealedForm())) {
			rename = append(rename, Rename(key, name))
		}
	}
	var edits []Edit
	// What is dropped goes before another takes its name, what is new comes after.
	set := append(change, rename...)
	if len(change) > 0 && change[0].Value != nil {
		set = append(rename, change...)
	}
	if p.InConfig {
		edits = append(edits, Edit{Section: Section{Kind: KindProfile, Name: p.Name}, Set: set})
	}
	if p.InCredentials {
		if p.InConfig {
			set = rename
		}
		edits = append(edits, Edit{Section: Section{Kind: KindCredentials, Name: p.Name}, Set: set})
	}
	return edits
}
