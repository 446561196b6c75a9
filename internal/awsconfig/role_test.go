package awsconfig

import (
	"slices"
	"testing"
)

// A role of the flags has nothing of where the profile's own credentials come from.
func TestRoleInPlaceOfAProfile(t *testing.T) {
	t.Parallel()
	const files = `[default]
region = eu-west-1
aws_access_key_id = a
[profile keys]
region = eu-west-2
output = text
aws_access_key_id = a
aws_secret_access_key = b
role_arn = arn
source_profile = default
credential_process = c
sso_account_id = 1
portico_account_id = 2
[profile theirs]
sso_session = other
sso_account_id = 1
sso_role_name = x
[profile old]
sso_start_url = https://old.test/start
sso_region = eu-west-3
[profile sealed]
portico_sso_session = other
`
	const one = "[sso-session corp]\nsso_start_url = https://corp.test/start\nsso_region = us-east-1\n"
	const other = "[sso-session other]\nsso_start_url = https://other.test/start\nsso_region = us-east-2\n"
	for _, c := range []struct{ profile, session, sessions, want, region string }{
		{"", "", one, "corp", "eu-west-1"},
		{"keys", "", one, "corp", "eu-west-2"},
		{"keys", "", one + other, "", "eu-west-2"},
		{"keys", "other", one + other, "other", "eu-west-2"},
		{"theirs", "", one + other, "other", ""},
		{"theirs", "corp", one + other, "corp", ""},
		{"old", "", one, "https://old.test/start", ""},
		{"sealed", "", one + other, "other", ""},
	} {
		d, err := Parse("config", []byte(files+c.sessions))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Resolve(NewConfig(d, nil), Flags{Profile: c.profile, AccountID: "111111111111", RoleName: "Admin", SSOSession: c.session}, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		if region, _ := s.Region(); region != c.region {
			t.Errorf("%s: got region %q, want %q", c.profile, region, c.region)
		}
		sso, err := s.SSO()
		if c.want == "" {
			if err == nil {
				t.Errorf("%s: got %+v, want an error: there are two sessions", c.profile, sso)
			}
			continue
		}
		got := sso.SessionName
		if sso.Legacy {
			got = sso.StartURL
		}
		if err != nil || got != c.want || sso.AccountID != "111111111111" || sso.RoleName != "Admin" {
			t.Errorf("%s with %s: got %+v, %v; want the session %s", c.profile, c.session, sso, err, c.want)
		}
		if s.Profile.AssumesRole() || slices.ContainsFunc(providers, s.Profile.Has) {
			t.Errorf("%s: the profile's own providers are left", c.profile)
		}
	}
}
