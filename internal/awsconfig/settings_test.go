package awsconfig

import (
	"errors"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func env(pairs ...string) func(string) (string, bool) {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return func(name string) (string, bool) {
		v, ok := all[name]
		return v, ok
	}
}

func TestLocate(t *testing.T) {
	home := filepath.FromSlash("/home/u")
	for _, c := range []struct {
		env         []string
		config      string
		credentials string
		shown       string
	}{
		{nil, "/home/u/.aws/config", "/home/u/.aws/credentials", "~/.aws/config"},
		{[]string{"AWS_CONFIG_FILE", ""}, "/home/u/.aws/config", "/home/u/.aws/credentials", "~/.aws/config"},
		{[]string{"AWS_CONFIG_FILE", "~/c", "AWS_SHARED_CREDENTIALS_FILE", "$D/cr", "D", "/data"}, "/home/u/c", "/data/cr", "~/c"},
		{[]string{"AWS_CONFIG_FILE", "${D}x$UNSET/~", "D", "/data"}, "/datax$UNSET/~", "/home/u/.aws/credentials", "${D}x$UNSET/~"},
		{[]string{"AWS_CONFIG_FILE", "$D/c", "D", "~"}, "/home/u/c", "/home/u/.aws/credentials", "$D/c"},
		{[]string{"AWS_CONFIG_FILE", "~nobody-of-this-name/c"}, "~nobody-of-this-name/c", "/home/u/.aws/credentials", "~nobody-of-this-name/c"},
	} {
		f := Locate(env(c.env...), home, "/locks")
		if filepath.ToSlash(f.Config) != c.config || filepath.ToSlash(f.Credentials) != c.credentials || f.ConfigShown != c.shown || f.LockDir != "/locks" {
			t.Errorf("%q: got %+v, want %s, %s shown as %s", c.env, f, c.config, c.credentials, c.shown)
		}
	}
	if runtime.GOOS != "windows" {
		if f := Locate(env("AWS_CONFIG_FILE", "~root/c"), home, ""); f.Config == "~root/c" {
			t.Errorf("got %s, want the home of root", f.Config)
		}
	}
}

const settingsText = `
[default]
region = r-default
output = text
[profile a]
region = r-a
output = xml
ca_bundle = /a.pem
endpoint_url = https://all
services = v
[profile lost]
services = missing
[profile off]
ignore_configured_endpoint_urls = true
endpoint_url = https://all
[services v]
sso =
  endpoint_url = https://sso
sso_oidc =
  endpoint_url = https://oidc
`

func TestResolveProfile(t *testing.T) {
	c := config(t, settingsText)
	for _, k := range []struct {
		flag         string
		env          []string
		name, source string
		missing      string
	}{
		{"", nil, "default", "", ""},
		{"a", []string{"AWS_PROFILE", "off"}, "a", "--profile", ""},
		{"", []string{"AWS_PROFILE", "a", "AWS_DEFAULT_PROFILE", "off"}, "a", "AWS_PROFILE", ""},
		{"", []string{"AWS_DEFAULT_PROFILE", "off"}, "off", "AWS_DEFAULT_PROFILE", ""},
		{"", []string{"AWS_PROFILE", ""}, "", "AWS_PROFILE", "The config profile () could not be found"},
		{"nope", nil, "nope", "--profile", "The config profile (nope) could not be found"},
		{"", []string{"AWS_PROFILE", "nope"}, "nope", "AWS_PROFILE", "The config profile (nope) could not be found"},
	} {
		s, err := Resolve(c, Flags{Profile: k.flag}, env(k.env...))
		var notFound *ProfileNotFoundError
		if k.missing != "" {
			if !errors.As(err, &notFound) || err.Error() != k.missing {
				t.Errorf("%+v: got %v, want %s", k, err, k.missing)
			}
			s = ResolveLoose(c, Flags{Profile: k.flag}, env(k.env...))
		} else if err != nil {
			t.Fatal(err)
		}
		if s.ProfileName != k.name || s.ProfileSource != k.source || s.HasProfile != (k.missing == "") {
			t.Errorf("%+v: got %s from %q, found %t", k, s.ProfileName, s.ProfileSource, s.HasProfile)
		}
	}
	if s, err := Resolve(config(t, ""), Flags{}, env()); err != nil || s.HasProfile {
		t.Errorf("got %v, want the default profile allowed to be absent", err)
	}
}

func TestSimpleSettings(t *testing.T) {
	c := config(t, settingsText)
	for _, k := range []struct {
		flags                          Flags
		env                            []string
		region, source, output, bundle string
	}{
		{Flags{}, nil, "r-default", SourceConfig, "text", ""},
		{Flags{Region: "r-flag", Output: "json", CABundle: "/f.pem", Profile: "a"}, []string{"AWS_REGION", "r-env", "AWS_CA_BUNDLE", "/e.pem"}, "r-flag", "--region", "json", "/f.pem"},
		{Flags{}, []string{"AWS_REGION", "r-env", "AWS_DEFAULT_REGION", "r-old", "AWS_DEFAULT_OUTPUT", "yaml", "REQUESTS_CA_BUNDLE", "/r.pem"}, "r-env", "AWS_REGION", "yaml", "/r.pem"},
		{Flags{}, []string{"AWS_REGION", "", "AWS_DEFAULT_REGION", "r-old"}, "r-old", "AWS_DEFAULT_REGION", "text", ""},
		{Flags{Profile: "a", Output: "off"}, []string{"REQUESTS_CA_BUNDLE", "/r.pem"}, "r-a", SourceConfig, "off", "/a.pem"},
		{Flags{Profile: "off"}, nil, "", "", "json", ""},
	} {
		s, err := Resolve(c, k.flags, env(k.env...))
		if err != nil {
			t.Fatal(err)
		}
		region, source := s.Region()
		output, err := s.Output()
		if err != nil || region != k.region || source != k.source || output != k.output || s.CABundle() != k.bundle || !s.VerifySSL() {
			t.Errorf("%+v %q: got %s from %s, %s (%v), %s", k.flags, k.env, region, source, output, err, s.CABundle())
		}
	}
	s, _ := Resolve(c, Flags{Profile: "a", NoVerifySSL: true}, env())
	if _, err := s.Output(); err == nil || err.Error() != "Unknown output type: xml" {
		t.Errorf("got %v, want Unknown output type: xml", err)
	}
	if s.VerifySSL() {
		t.Error("got verification under --no-verify-ssl, want none")
	}
}

func TestAddressVariants(t *testing.T) {
	c := config(t, "[default]\nuse_fips_endpoint = True\n[profile a]\nuse_dualstack_endpoint = true\nuse_fips_endpoint = 1\n")
	for _, k := range []struct {
		profile         string
		env             []string
		fips, dualStack bool
	}{
		{"", nil, true, false},
		{"a", nil, false, true},
		{"a", []string{"AWS_USE_FIPS_ENDPOINT", "TRUE", "AWS_USE_DUALSTACK_ENDPOINT", "false"}, true, false},
	} {
		s, err := Resolve(c, Flags{Profile: k.profile}, env(k.env...))
		if err != nil {
			t.Fatal(err)
		}
		if s.UseFIPS() != k.fips || s.UseDualStack() != k.dualStack {
			t.Errorf("%+v: got FIPS %t, dual-stack %t", k, s.UseFIPS(), s.UseDualStack())
		}
	}
}

func TestEndpoint(t *testing.T) {
	c := config(t, settingsText)
	for _, k := range []struct {
		flags   Flags
		env     []string
		service string
		want    string
	}{
		{Flags{}, nil, "SSO", ""},
		{Flags{Profile: "a", EndpointURL: "https://flag"}, []string{"AWS_ENDPOINT_URL_SSO", "https://env"}, "SSO", "https://flag"},
		{Flags{Profile: "a"}, []string{"AWS_ENDPOINT_URL_SSO", "https://env", "AWS_ENDPOINT_URL", "https://envall"}, "SSO", "https://env"},
		{Flags{Profile: "a"}, []string{"AWS_ENDPOINT_URL_SSO", "", "AWS_ENDPOINT_URL", "https://envall"}, "SSO", "https://envall"},
		{Flags{Profile: "a"}, nil, "SSO", "https://sso"},
		{Flags{Profile: "a"}, nil, "SSO_OIDC", "https://oidc"},
		{Flags{Profile: "a"}, nil, "SSO OIDC", "https://oidc"},
		{Flags{Profile: "a"}, nil, "STS", "https://all"},
		{Flags{Profile: "a"}, []string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE", "AWS_ENDPOINT_URL", "https://envall"}, "SSO", ""},
		{Flags{Profile: "a", EndpointURL: "https://flag"}, []string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}, "SSO", "https://flag"},
		{Flags{Profile: "off"}, []string{"AWS_ENDPOINT_URL", "https://envall"}, "SSO", ""},
		{Flags{Profile: "lost"}, []string{"AWS_ENDPOINT_URL", "https://envall"}, "SSO", "https://envall"},
	} {
		s, err := Resolve(c, k.flags, env(k.env...))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Endpoint(k.service); err != nil || got != k.want {
			t.Errorf("%+v %q %s: got %q, %v, want %q", k.flags, k.env, k.service, got, err, k.want)
		}
	}
	s, _ := Resolve(c, Flags{Profile: "lost"}, env())
	_, err := s.Endpoint("SSO")
	var missing *MissingServicesError
	if want := `The profile is configured to use the services section but the "missing" services configuration does not exist.`; !errors.As(err, &missing) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	s, _ = Resolve(c, Flags{Profile: "a", EndpointURL: "https://flag"}, env())
	if got, err := s.ConfiguredEndpoint("SSO_OIDC"); err != nil || got != "https://oidc" {
		t.Errorf("got %q, %v, want the flag left out", got, err)
	}
}

const ssoText = `
[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access, x
region = eu-west-1
[sso-session test]
[profile ok]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin
sso_region = us-east-1
[profile legacy]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111111111111
sso_role_name = Admin
[profile half]
sso_account_id = 111111111111
[profile start-only]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
[profile nowhere]
sso_session = nope
sso_account_id = 1
[profile differs]
sso_session = corp
sso_account_id = 1
sso_role_name = R
sso_start_url = https://other
[profile differs-in-region]
sso_session = corp
sso_account_id = 1
sso_role_name = R
region = us-west-2
[profile empty-session]
sso_session = test
sso_role_name = R
[profile none]
sso_session = corp
[profile http]
sso_start_url = http://d-1234567890.awsapps.com/start
sso_region = us-east-1
[profile hostless]
sso_start_url = https:///start
sso_region = us-east-1
[profile chained]
role_arn = arn:aws:iam::1:role/x
source_profile = ok
`

func settings(t *testing.T, text, profile string) *Settings {
	t.Helper()
	s, err := Resolve(config(t, text), Flags{Profile: profile}, env())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSSO(t *testing.T) {
	start := "https://d-1234567890.awsapps.com/start"
	for profile, want := range map[string]SSO{
		"ok":     {SessionName: "corp", StartURL: start, Region: "us-east-1", Scopes: []string{"sso:account:access", "x"}, HasScopes: true, AccountID: "111111111111", RoleName: "Admin"},
		"legacy": {StartURL: start, Region: "us-east-1", AccountID: "111111111111", RoleName: "Admin", Legacy: true},
	} {
		got, err := settings(t, ssoText, profile).SSO()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v, got -want +got:\n%s", profile, err, diff)
		}
	}
	for profile, want := range map[string]string{
		"half":              `The profile "half" is configured to use SSO but is missing required configuration: sso_role_name, sso_start_url, sso_region`,
		"nowhere":           `The specified sso-session does not exist: "nope"`,
		"differs":           "The value for sso_start_url is inconsistent between profile (https://other) and sso-session (" + start + ").",
		"differs-in-region": "The value for region is inconsistent between profile (us-west-2) and sso-session (eu-west-1).",
		"empty-session":     `The profile "empty-session" is configured to use SSO but is missing required configuration: sso_account_id, sso_start_url, sso_region`,
	} {
		if _, err := settings(t, ssoText, profile).SSO(); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", profile, err, want)
		}
	}
	for _, profile := range []string{"none", "start-only"} {
		if _, err := settings(t, ssoText, profile).SSO(); !errors.Is(err, ErrNotSSO) {
			t.Errorf("%s: got %v, want %v", profile, err, ErrNotSSO)
		}
	}
	if !settings(t, ssoText, "chained").Profile.AssumesRole() || settings(t, ssoText, "ok").Profile.AssumesRole() {
		t.Error("got the wrong profiles assuming roles, want chained alone")
	}
	credentialsOnly := NewConfig(parse(t, "[sso-session s]\nsso_start_url = https://x\nsso_region = us-east-1\n"), parse(t, "[p]\nsso_session = s\nsso_account_id = 1\nsso_role_name = R\n"))
	s, err := Resolve(credentialsOnly, Flags{Profile: "p"}, env())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.SSO(); err != nil || got.AccountID != "1" {
		t.Errorf("got %+v, %v, want a profile in the credentials file to work", got, err)
	}
}

func TestLoginSession(t *testing.T) {
	start := "https://d-1234567890.awsapps.com/start"
	for _, c := range []struct {
		profile, session string
		want             SSO
		err              string
	}{
		{"ok", "", SSO{SessionName: "corp", StartURL: start, Region: "us-east-1", Scopes: []string{"sso:account:access", "x"}, HasScopes: true}, ""},
		{"differs", "", SSO{SessionName: "corp", StartURL: start, Region: "us-east-1", Scopes: []string{"sso:account:access", "x"}, HasScopes: true}, ""},
		{"", "corp", SSO{SessionName: "corp", StartURL: start, Region: "us-east-1", Scopes: []string{"sso:account:access", "x"}, HasScopes: true}, ""},
		{"nowhere", "corp", SSO{SessionName: "corp", StartURL: start, Region: "us-east-1", Scopes: []string{"sso:account:access", "x"}, HasScopes: true}, ""},
		{"start-only", "", SSO{StartURL: start, Region: "us-east-1", Legacy: true}, ""},
		{"", "X", SSO{}, `The specified sso-session does not exist: "X"`},
		{"nowhere", "", SSO{}, `The specified sso-session does not exist: "nope"`},
		{"", "test", SSO{}, "Missing the following required SSO configuration values: sso_start_url, sso_region."},
		{"half", "", SSO{}, "Missing the following required SSO configuration values: sso_start_url, sso_region. To make sure this profile is properly configured to use SSO, please run: aws configure sso"},
		{"http", "", SSO{}, "The sso_start_url must use the https scheme."},
		{"hostless", "", SSO{}, "Invalid sso_start_url: 'https:///start'"},
	} {
		got, err := settings(t, ssoText, c.profile).LoginSession(c.session)
		switch {
		case c.err != "" && (err == nil || err.Error() != c.err):
			t.Errorf("%s %s: got %v, want %s", c.profile, c.session, err, c.err)
		case c.err == "" && err != nil:
			t.Errorf("%s %s: %v", c.profile, c.session, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %s: got -want +got:\n%s", c.profile, c.session, diff)
		}
	}
}

func TestRegions(t *testing.T) {
	for _, r := range []string{
		"us-east-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1", "eusc-de-east-1",
		"cn-north-1", "cn-northwest-1", "mx-central-1", "ap-southeast-5", "ap-northeast-3", "il-central-1", "me-central-1", "af-south-1",
	} {
		if !ValidRegion(r) || CheckRegion(r) != nil {
			t.Errorf("%s: got refused, want accepted", r)
		}
	}
	for _, r := range []string{
		"", "us-east-1.evil.test", "x.evil.test/#", "us-east-1/", "us-east-1:80", "us-east-1@evil", "us-east-1#", "us-east-1 ", " us-east-1", "us-east-1\n",
		"US-EAST-1", "us--east-1", "-us-east-1", "us-east-1-", "us-east-١", "us_east_1", "1-2-3", "us-east-1?x", `us-east-1\`, "us-east-1%2e", "uｓ-east-1",
	} {
		if ValidRegion(r) {
			t.Errorf("%q: got accepted, want refused", r)
		}
	}
	for r, ok := range map[string]bool{"local": true, "US-EAST-1": true, "eu-west-1 # x": false, "123": false, "-a": false, "a.b": false, "": false} {
		err := CheckRegion(r)
		if (err == nil) != ok {
			t.Errorf("%q: got %v, want accepted %t", r, err, ok)
		}
	}
	if err := CheckRegion("eu-west-1 # x"); err.Error() != "Provided region_name 'eu-west-1 # x' doesn't match a supported format." {
		t.Errorf("got %v", err)
	}
}
