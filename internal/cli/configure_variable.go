package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// A variable is a setting by the name that "configure get" and "configure set"
// know it by.
type variable struct {
	Section  awsconfig.Section
	Key, Sub string // Sub: in the block nested under Key
	Active   bool   // it is the active profile's, which the name does not say
}

// variableForms are shown where a name has none of them.
const variableForms = "Write KEY, PROFILE.KEY, profile.PROFILE.KEY or default.KEY; a nested setting adds .SUBKEY"

// variable reads a name in a section other than a profile's, when one is given,
// or else the forms of variableForms. A profile that is in a file may have dots in
// its name.
func (s *setup) variable(name string, section awsconfig.Section) (variable, error) {
	v := variable{Section: section}
	rest := name
	if section == (awsconfig.Section{}) {
		var profile string
		after, explicit := strings.CutPrefix(name, "profile.")
		switch {
		case explicit:
			if profile, rest = s.splitProfile(after); profile == "" {
				profile, rest, _ = strings.Cut(after, ".")
			}
			if profile == "" || rest == "" {
				return v, &usageError{Problem: fmt.Sprintf("%q names a profile and no setting of it. %s", name, variableForms)}
			}
		case strings.HasPrefix(name, "default."):
			profile, rest = "default", strings.TrimPrefix(name, "default.")
		default:
			if profile, rest = s.splitProfile(name); profile == "" {
				profile, rest, v.Active = s.settings.ProfileName, name, true
			}
		}
		v.Section = awsconfig.Section{Kind: awsconfig.KindProfile, Name: profile}
	}
	var nested bool
	v.Key, v.Sub, nested = strings.Cut(rest, ".")
	if v.Key == "" || (nested && v.Sub == "") || strings.Contains(v.Sub, ".") {
		return v, &usageError{Problem: fmt.Sprintf("%q is no name of a setting. %s", name, variableForms)}
	}
	return v, nil
}

// splitProfile takes the longest name of a known profile off the front.
func (s *setup) splitProfile(text string) (profile, rest string) {
	for at := strings.LastIndexByte(text, '.'); at > 0; at = strings.LastIndexByte(text[:at], '.') {
		if _, ok := s.settings.Config.Profile(text[:at]); ok {
			return text[:at], text[at+1:]
		}
	}
	return "", text
}

// subsectionFlags choose a section that is no profile.
type subsectionFlags struct{ Session, Services string }

func (f *subsectionFlags) add(c *cobra.Command, verb string) {
	c.Flags().StringVar(&f.Session, "sso-session", "", verb+" this sso-session in place of a profile")
	c.Flags().StringVar(&f.Services, "services", "", verb+" this services section in place of a profile")
}

func (f *subsectionFlags) section(changed func(flag string) bool) (awsconfig.Section, error) {
	session, services := changed("sso-session"), changed("services")
	switch {
	case session && services:
		return awsconfig.Section{}, &usageError{Problem: "--sso-session and --services are mutually exclusive."}
	case session && f.Session == "":
		return awsconfig.Section{}, &usageError{Problem: "Invalid value for --sso-session."}
	case services && f.Services == "":
		return awsconfig.Section{}, &usageError{Problem: "Invalid value for --services."}
	case session:
		return awsconfig.Section{Kind: awsconfig.KindSession, Name: f.Session}, nil
	case services:
		return awsconfig.Section{Kind: awsconfig.KindServices, Name: f.Services}, nil
	}
	return awsconfig.Section{}, nil
}
