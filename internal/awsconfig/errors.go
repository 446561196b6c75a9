package awsconfig

import (
	"errors"
	"fmt"
	"strings"
)

// ParseError says where a file cannot be read and what would cure it.
type ParseError struct {
	File         string
	Line, Column int // from 1; the column counts characters
	Problem      string
	Cure         string
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("Unable to parse config file: %s: line %d, column %d: %s; %s", e.File, e.Line, e.Column, e.Problem, e.Cure)
}

// NoLockError reports a file that was left alone because no lock can be taken for
// it: another program's edit could be lost.
type NoLockError struct {
	File  string
	Dir   string // where the locks are kept
	Cause error
}

func (e *NoLockError) Error() string {
	return fmt.Sprintf("%s was not changed, as no lock can be taken for it: %v", e.File, e.Cause)
}

func (e *NoLockError) Unwrap() error { return e.Cause }

// NameError refuses a section name that could not be written as one header
// which every reader understands as that name and nothing else.
type NameError struct {
	Kind    string // see [Section]
	Name    string
	Problem string
}

func (e *NameError) Error() string {
	kind := e.Kind
	if kind == KindCredentials {
		kind = KindProfile
	}
	return fmt.Sprintf("invalid %s name %q: %s", kind, e.Name, e.Problem)
}

// KeyError refuses a key that would not be read back as that key.
type KeyError struct {
	Key     string
	Problem string
}

func (e *KeyError) Error() string { return fmt.Sprintf("invalid key %q: %s", e.Key, e.Problem) }

// ValueError refuses a value. It never holds the value, which may be a secret.
type ValueError struct {
	Key     string
	Problem string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("Invalid value for key %s: %s.", e.Key, e.Problem)
}

// NestedError says that indented settings follow a key, which a single value
// must not replace; or, with Sub, the other way round.
type NestedError struct {
	Section  Section
	Key, Sub string
}

func (e *NestedError) Error() string {
	if e.Sub != "" {
		return fmt.Sprintf("%s in [%s] has a value of its own, which setting %s.%s would remove; edit the file by hand", e.Key, e.Section, e.Key, e.Sub)
	}
	return fmt.Sprintf("%s in [%s] is followed by indented settings, which setting it would remove; edit the file by hand", e.Key, e.Section)
}

// ProfileNotFoundError names a profile that was asked for and is in no file.
type ProfileNotFoundError struct{ Name string }

func (e *ProfileNotFoundError) Error() string {
	return fmt.Sprintf("The config profile (%s) could not be found", e.Name)
}

// NoSuchSessionError names an sso-session that is referred to and not defined.
type NoSuchSessionError struct{ Name string }

func (e *NoSuchSessionError) Error() string {
	return fmt.Sprintf(`The specified sso-session does not exist: "%s"`, e.Name)
}

// IncompleteError lists what a profile lacks for GetRoleCredentials.
type IncompleteError struct {
	Profile string
	Missing []string // in the order role, account, start URL, region
}

func (e *IncompleteError) Error() string {
	return fmt.Sprintf(`The profile "%s" is configured to use SSO but is missing required configuration: %s`,
		e.Profile, strings.Join(e.Missing, ", "))
}

// InconsistentError says that a profile contradicts its sso-session.
type InconsistentError struct{ Key, Profile, Session string }

func (e *InconsistentError) Error() string {
	return fmt.Sprintf("The value for %s is inconsistent between profile (%s) and sso-session (%s).", e.Key, e.Profile, e.Session)
}

// MissingLoginError lists what signing in lacks.
type MissingLoginError struct {
	Missing []string // sso_start_url, sso_region
	Session string   // "" when the profile names no session
}

func (e *MissingLoginError) Error() string { return e.Message("aws") }

// Message is the text for a program called by that name.
func (e *MissingLoginError) Message(program string) string {
	text := "Missing the following required SSO configuration values: " + strings.Join(e.Missing, ", ") + "."
	if e.Session == "" {
		text += " To make sure this profile is properly configured to use SSO, please run: " + program + " configure sso"
	}
	return text
}

// StartURLError refuses a start URL that no sign-in may be sent to.
type StartURLError struct {
	URL   string
	HTTPS bool // the URL is well formed but does not use https
}

func (e *StartURLError) Error() string {
	if e.HTTPS {
		return "The sso_start_url must use the https scheme."
	}
	return fmt.Sprintf("Invalid sso_start_url: '%s'", e.URL)
}

// MissingServicesError names a services section that is referred to and not defined.
type MissingServicesError struct{ Name string }

func (e *MissingServicesError) Error() string {
	return fmt.Sprintf(`The profile is configured to use the services section but the "%s" services configuration does not exist.`, e.Name)
}

// UnknownOutputError names an output format that does not exist.
type UnknownOutputError struct{ Value string }

func (e *UnknownOutputError) Error() string { return "Unknown output type: " + e.Value }

// RegionError refuses a region that is no host label.
type RegionError struct{ Region string }

func (e *RegionError) Error() string {
	return fmt.Sprintf("Provided region_name '%s' doesn't match a supported format.", e.Region)
}

// ErrNotSSO says that a profile has neither sso_account_id nor sso_role_name,
// so its credentials come from elsewhere.
var ErrNotSSO = errors.New("the profile is not configured to use SSO")
