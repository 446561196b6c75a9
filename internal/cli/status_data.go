package cli

import "time"

// What programs read of a survey. Times are RFC 3339, UTC; what is not known is left
// out.
type (
	statusData struct {
		Sessions []sessionData `json:"sessions"`
		Shell    shellData     `json:"shell"`
		Roles    []roleData    `json:"roles"`
	}
	sessionData struct {
		Name       string    `json:"name"`
		StartURL   string    `json:"startUrl,omitempty"`
		Region     string    `json:"region,omitempty"`
		State      string    `json:"state"`
		Person     string    `json:"person,omitempty"`
		SignedInAt time.Time `json:"signedInAt,omitzero"`
		ExpiresAt  time.Time `json:"expiresAt,omitzero"`
		Renewable  bool      `json:"renewable"`
		EndsAt     time.Time `json:"endsAt,omitzero"`
		EndsBy     string    `json:"endsBy,omitempty"`
		Configured bool      `json:"configured"`
	}
	roleData struct {
		AccountID   string    `json:"accountId,omitempty"`
		AccountName string    `json:"accountName,omitempty"`
		RoleName    string    `json:"roleName,omitempty"`
		Session     string    `json:"ssoSession,omitempty"`
		ARN         string    `json:"arn,omitempty"`
		ExpiresAt   time.Time `json:"expiresAt,omitzero"`
		Sealed      bool      `json:"sealed"`
		Profiles    []string  `json:"profiles,omitempty"`
	}
	shellData struct {
		Profile     string     `json:"profile,omitempty"`
		ProfileFrom string     `json:"profileFrom,omitempty"`
		Provider    string     `json:"provider,omitempty"`
		Session     string     `json:"ssoSession,omitempty"`
		AccountID   string     `json:"accountId,omitempty"`
		AccountName string     `json:"accountName,omitempty"`
		RoleName    string     `json:"roleName,omitempty"`
		Region      string     `json:"region,omitempty"`
		ExpiresAt   time.Time  `json:"expiresAt,omitzero"`
		Problem     string     `json:"problem,omitempty"`
		Steps       []stepData `json:"steps,omitempty"`
	}
	stepData struct {
		Of    string `json:"of"`
		What  string `json:"what"`
		Value string `json:"value,omitempty"`
		Where string `json:"where,omitempty"`
		Used  bool   `json:"used"`
		Note  string `json:"note,omitempty"`
	}
)

func (r *survey) data() statusData {
	d := statusData{Sessions: []sessionData{}, Roles: []roleData{}, Shell: r.Shell.data()}
	for _, s := range r.Sessions {
		d.Sessions = append(d.Sessions, sessionData{Name: s.name(), StartURL: s.StartURL, Region: s.Region, State: s.State, Person: s.Person,
			SignedInAt: whole(s.Since), ExpiresAt: whole(s.Expires), Renewable: s.Renewable, EndsAt: whole(s.Ends), EndsBy: s.EndsBy, Configured: s.Configured})
	}
	for _, role := range r.Roles {
		d.Roles = append(d.Roles, roleData{AccountID: role.Account, AccountName: role.AccountName, RoleName: role.Role, Session: role.Session,
			ARN: role.ARN, ExpiresAt: whole(role.Expires), Sealed: role.Sealed, Profiles: role.Profiles})
	}
	return d
}

func (sh shellStatus) data() shellData {
	d := shellData{Profile: sh.Profile, ProfileFrom: sh.ProfileFrom, Provider: sh.Provider, Session: sh.Session, AccountID: sh.Account,
		AccountName: sh.AccountName, RoleName: sh.Role, Region: sh.Region, ExpiresAt: whole(sh.Expires), Problem: sh.Problem}
	for _, st := range sh.Steps {
		d.Steps = append(d.Steps, stepData(st))
	}
	return d
}

// whole is a time in whole seconds, UTC.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
