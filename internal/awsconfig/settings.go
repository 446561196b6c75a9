package awsconfig

import (
	"slices"
	"strings"
)

// Flags are the global options that choose settings.
type Flags struct {
	Profile, Region, Output, EndpointURL, CABundle string
	NoVerifySSL                                    bool

	// AccountID and RoleName, given together, stand for a profile of that role;
	// SSOSession is whose, see [Profile.withRole].
	AccountID, RoleName, SSOSession string
}

// Where a setting came from, besides "--flag" and the name of an environment
// variable. The empty string means it was not set.
const SourceConfig = "config"

// Settings is what one command works with: flags over environment over files.
type Settings struct {
	Config        *Config
	ProfileName   string // "default" when none was chosen
	ProfileSource string // "--profile", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", or ""
	Profile       Profile
	HasProfile    bool // Profile is in a file

	flags  Flags
	getenv func(string) (string, bool)
}

// Resolve chooses the profile. One that was asked for by flag or environment
// and is in no file is a *ProfileNotFoundError; the default profile may be absent.
func Resolve(c *Config, flags Flags, getenv func(string) (string, bool)) (*Settings, error) {
	s := ResolveLoose(c, flags, getenv)
	if s.ProfileSource != "" && !s.HasProfile {
		return nil, &ProfileNotFoundError{Name: s.ProfileName}
	}
	return s, nil
}

// ProfileVariables name the profile where no flag does, the first that is set.
var ProfileVariables = []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}

// ResolveLoose is [Resolve] for commands that create profiles: the chosen one
// need not exist.
func ResolveLoose(c *Config, flags Flags, getenv func(string) (string, bool)) *Settings {
	s := &Settings{Config: c, ProfileName: "default", flags: flags, getenv: getenv}
	if flags.Profile != "" {
		s.ProfileName, s.ProfileSource = flags.Profile, "--profile"
	} else {
		for _, name := range ProfileVariables {
			// Set and empty is a profile with an empty name, as in botocore.
			if v, ok := getenv(name); ok {
				s.ProfileName, s.ProfileSource = v, name
				break
			}
		}
	}
	s.Profile, s.HasProfile = c.Profile(s.ProfileName)
	if flags.AccountID != "" || flags.RoleName != "" {
		s.Profile = s.Profile.withRole(c, flags)
	}
	return s
}

// lookup applies flag, variables and profile key in that order. Empty counts as
// not set.
func (s *Settings) lookup(flag, flagName string, variables []string, key string) (text, source string) {
	if flag != "" {
		return flag, flagName
	}
	for _, name := range variables {
		if v, ok := s.getenv(name); ok && v != "" {
			return v, name
		}
	}
	if v, ok := s.Profile.Get(key); ok && v != "" && key != "" {
		return v, SourceConfig
	}
	return "", ""
}

// Region is the region of service commands, as written; sign-in and role
// credentials use the region in [SSO] instead.
func (s *Settings) Region() (region, source string) {
	return s.lookup(s.flags.Region, "--region", []string{"AWS_REGION", "AWS_DEFAULT_REGION"}, "region")
}

// Output is the output format, json when nothing says otherwise.
func (s *Settings) Output() (string, error) {
	v, _ := s.lookup(s.flags.Output, "--output", []string{"AWS_DEFAULT_OUTPUT"}, "output")
	if v == "" {
		return "json", nil
	}
	if !slices.Contains([]string{"json", "text", "table", "yaml", "yaml-stream", "off"}, v) {
		return "", &UnknownOutputError{Value: v}
	}
	return v, nil
}

// ChoosesOutput reports whether anything says how to print: a flag, the environment
// or the profile.
func (s *Settings) ChoosesOutput() bool {
	v, _ := s.lookup(s.flags.Output, "--output", []string{"AWS_DEFAULT_OUTPUT"}, "output")
	return v != ""
}

// CABundle is the file of certificates to trust instead of the system's.
func (s *Settings) CABundle() string {
	if v, _ := s.lookup(s.flags.CABundle, "--ca-bundle", []string{"AWS_CA_BUNDLE"}, "ca_bundle"); v != "" {
		return v
	}
	v, _ := s.getenv("REQUESTS_CA_BUNDLE")
	return v
}

// UseFIPS says whether AWS's FIPS addresses are to be used.
func (s *Settings) UseFIPS() bool { return s.isTrue("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint") }

// UseDualStack says whether AWS's dual-stack addresses are to be used.
func (s *Settings) UseDualStack() bool {
	return s.isTrue("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")
}

func (s *Settings) isTrue(variable, key string) bool {
	v, _ := s.lookup("", "", []string{variable}, key)
	return strings.EqualFold(v, "true")
}

// VerifySSL is false only under --no-verify-ssl.
func (s *Settings) VerifySSL() bool { return !s.flags.NoVerifySSL }

// Endpoint is the URL configured for a service ("SSO", "SSO_OIDC", "SSO_ADMIN",
// "STS", …), --endpoint-url included. The empty string means the SDK's own.
func (s *Settings) Endpoint(service string) (string, error) {
	if s.flags.EndpointURL != "" {
		return s.flags.EndpointURL, nil
	}
	return s.ConfiguredEndpoint(service)
}

// ConfiguredEndpoint is [Settings.Endpoint] without --endpoint-url, which
// belongs to the command's own service and not to the sign-in and
// GetRoleCredentials calls made on its way.
func (s *Settings) ConfiguredEndpoint(service string) (string, error) {
	ignore, _ := s.lookup("", "", []string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}, "ignore_configured_endpoint_urls")
	if strings.EqualFold(ignore, "true") {
		return "", nil
	}
	service = strings.NewReplacer(" ", "_", "-", "_").Replace(service)
	for _, name := range []string{"AWS_ENDPOINT_URL_" + strings.ToUpper(service), "AWS_ENDPOINT_URL"} {
		if v, ok := s.getenv(name); ok && v != "" {
			return v, nil
		}
	}
	if name, ok := s.Profile.Get("services"); ok {
		section, ok := s.Config.Services(name)
		if !ok || len(section.keys) == 0 {
			return "", &MissingServicesError{Name: name}
		}
		if v := section.Sub(strings.ToLower(service))["endpoint_url"]; v != "" {
			return v, nil
		}
	}
	v, _ := s.Profile.Get("endpoint_url")
	return v, nil
}

// ValidRegion tells whether a region has the form of a real one, in any
// partition, and so may become part of a host name that secrets are sent to:
// lower-case words joined by hyphens and a number, as in us-gov-west-1.
func ValidRegion(region string) bool {
	parts := strings.Split(region, "-")
	last := len(parts) - 1
	if last < 2 || last > 4 {
		return false
	}
	for i, part := range parts {
		alphabet, longest := "abcdefghijklmnopqrstuvwxyz", 12
		if i == last {
			alphabet, longest = "0123456789", 2
		}
		if part == "" || len(part) > longest || strings.Trim(part, alphabet) != "" {
			return false
		}
	}
	return true
}

// CheckRegion refuses, with a *RegionError, a region that botocore refuses: one
// that is not a host label. It lets names through that only private endpoints
// know; [ValidRegion] does not.
func CheckRegion(region string) error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const digits = "0123456789"
	if len(region) > 63 || strings.Trim(region, digits) == "" || strings.Trim(region, letters+digits+"-") != "" ||
		strings.HasPrefix(region, "-") || strings.HasSuffix(region, "-") {
		return &RegionError{Region: region}
	}
	return nil
}
