package doctor

import (
	"github.com/portico-sso/portico/internal/awsconfig"
)

// A Path is where each kind of tool takes a profile's credentials from.
type Path struct {
	Profile string `json:"profile"`
	Current string `json:"aws_cli_and_boto3"` // AWS CLI 2.9 and newer, boto3 of the same time
	GoSDK   string `json:"go_sdk"`            // Terraform, kubectl plugins
	Old     string `json:"older"`             // AWS CLI 2.0 to 2.8, SDKs from before 2023
}

// Paths are those of all profiles, in the order of the files.
func Paths(f *Facts) []Path {
	all := []Path{}
	f.profiles(func(p awsconfig.Profile) {
		session, hasSession := p.Get("sso_session")
		_, known := f.Merged.Session(session)
		role := p.Has("sso_account_id") || p.Has("sso_role_name")
		legacy := role && p.Has("sso_start_url") && p.Has("sso_region")
		sso := ""
		switch {
		case role && hasSession && known:
			sso = "sso-session " + session
		case role && hasSession:
			sso = "fails: no sso-session " + session
		case legacy:
			sso = "start URL"
		case role:
			sso = "fails: no sso-session"
		}
		old := ""
		switch {
		case legacy:
			old = "start URL"
		case role:
			old = "fails: no sso_start_url"
		}
		keys, process := "", ""
		if p.Has("aws_access_key_id") {
			keys = "access keys"
		}
		if p.Has("credential_process") {
			process = "credential_process"
		}
		source := ""
		if p.AssumesRole() {
			source = "role_arn"
			if from, ok := p.Get("source_profile"); ok {
				source += " from " + from
			}
		}
		all = append(all, Path{p.Name, firstOf(source, sso, keys, process), firstOf(source, keys, sso, process), firstOf(source, old, keys, process)})
	})
	return all
}

func firstOf(paths ...string) string {
	for _, p := range paths {
		if p != "" {
			return p
		}
	}
	return "none"
}
