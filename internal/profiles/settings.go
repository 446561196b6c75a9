package profiles

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// Keys of an sso-session: what its profiles are to be.
const (
	KeyTemplate = "portico_sync_template"
	KeyCommand  = "portico_sync_command"
	KeyMatch    = "portico_sync_match"
	KeyExclude  = "portico_sync_exclude"
	KeyRegions  = "portico_sync_regions"
	KeyKeys     = "portico_sync_keys" // a nested block: KEY = VALUE, or PATTERN KEY = VALUE
	KeyFormat   = "portico_sync_format"
	KeyPrune    = "portico_sync_prune"
)

// Keys of a profile.
const (
	KeyMark  = "portico_sync"       // the session that the profile was made for
	KeyWrote = "portico_sync_wrote" // see record
)

var sessionKeys = []string{KeyTemplate, KeyCommand, KeyMatch, KeyExclude, KeyRegions, KeyKeys, KeyFormat, KeyPrune}

// A Format is the form of the profiles.
type Format string

const (
	// SSOSession has the keys that the AWS CLI and current SDKs read.
	SSOSession Format = "sso-session"
	// Process has a credential_process and no key of SSO's, for tools that know
	// nothing of it. It is also the form of every profile of a sealed session.
	Process Format = "credential-process"
	// Both has the session and, with the same values, the keys of the time before
	// there were sessions, for tools that read only those. The access token is then
	// kept under both names.
	Both Format = "both"
)

// Formats are the words for them.
var Formats = []string{string(SSOSession), string(Process), string(Both)}

// Settings are what a session's profiles are to be. The zero value is a profile
// for every role of every account, named by the default template.
type Settings struct {
	Template string   // of names; "" means the default one, see [Settings.template]
	Command  string   // gives the names in place of the template; as a shell would read it
	Match    []string // patterns: if there are any, a role has to match one
	Exclude  []string // and none of these
	Regions  []string // a profile for each
	Keys     []Key    // more keys for the profiles; of two for the same key the later counts
	Format   Format   // "" means SSOSession
	Keep     bool     // profiles of roles that were lost stay
}

// A Key is one more key of profiles.
type Key struct {
	Match string // of which roles; "" means all
	Name  string // as in the profile; with a dot, a setting nested under a key
	Value string
}

// sub is the setting as it is written in the session.
func (k Key) sub() string {
	if k.Match == "" {
		return k.Name
	}
	return k.Match + " " + k.Name
}

// A SettingError is a setting that cannot be.
type SettingError struct {
	Session, Key string
	Problem      string
}

func (e *SettingError) Error() string {
	return fmt.Sprintf("%s of the sso-session %s: %s", e.Key, e.Session, e.Problem)
}

// HasSettings tells whether the session says anything of its profiles.
func HasSettings(s awsconfig.SSOSession) bool {
	return slices.ContainsFunc(sessionKeys, s.Has)
}

// ReadSettings reads those of a session. What is wrong is a [*SettingError].
func ReadSettings(s awsconfig.SSOSession) (Settings, error) {
	get := func(key string) string { v, _ := s.Get(key); return v }
	set := Settings{
		Template: get(KeyTemplate), Command: get(KeyCommand),
		Match: SplitList(get(KeyMatch)), Exclude: SplitList(get(KeyExclude)), Regions: SplitList(get(KeyRegions)),
		Format: Format(get(KeyFormat)),
	}
	switch prune := get(KeyPrune); strings.ToLower(prune) {
	case "", "true":
	case "false":
		set.Keep = true
	default:
		return set, &SettingError{s.Name, KeyPrune, fmt.Sprintf("%q is neither true nor false", prune)}
	}
	if text := get(KeyKeys); text != "" {
		return set, &SettingError{s.Name, KeyKeys, "the keys go below it, one on each line, indented: KEY = VALUE"}
	}
	block := s.Sub(KeyKeys)
	for _, sub := range sortedKeys(block) {
		match, name := "", sub
		if i := strings.LastIndex(sub, " "); i >= 0 {
			match, name = strings.TrimSpace(sub[:i]), sub[i+1:]
		}
		set.Keys = append(set.Keys, Key{Match: match, Name: name, Value: block[sub]})
	}
	return set, set.Check(s.Name)
}

// Check refuses what cannot be, with a [*SettingError].
func (s Settings) Check(session string) error {
	refuse := func(key, format string, args ...any) error {
		return &SettingError{session, key, fmt.Sprintf(format, args...)}
	}
	if s.Format != "" && !slices.Contains(Formats, string(s.Format)) {
		return refuse(KeyFormat, "%q is not one of: %s", s.Format, strings.Join(Formats, ", "))
	}
	if s.Template != "" && s.Command != "" {
		return refuse(KeyCommand, "names come from a command or from %s, not from both", KeyTemplate)
	}
	if _, err := s.namer(); err != nil {
		return refuse(KeyTemplate, "%v", err)
	}
	if _, ok := awsconfig.SplitCommand(s.Command); !ok {
		return refuse(KeyCommand, "it has an unclosed quote")
	}
	for _, region := range s.Regions {
		if err := awsconfig.CheckRegion(region); err != nil {
			return refuse(KeyRegions, "%v", err)
		}
	}
	if _, err := patterns(s.Match); err != nil {
		return refuse(KeyMatch, "%v", err)
	}
	if _, err := patterns(s.Exclude); err != nil {
		return refuse(KeyExclude, "%v", err)
	}
	for _, k := range s.Keys {
		if err := s.checkKey(k); err != nil {
			return refuse(KeyKeys, "%v", err)
		}
	}
	return nil
}

// notExtra are keys that no more than one program can be the master of, or that
// have no business in a file that is generated.
var notExtra = []string{
	"sso_", "portico_sync", "portico_sso_", "portico_account_id", "portico_role_name", "portico_credential_process", "portico_written", "portico_expiration",
	"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "credential_process", "login_session",
	"role_arn", "source_profile", "credential_source", "web_identity_token_file",
}

func (s Settings) checkKey(k Key) error {
	if k.Match != "" {
		if _, err := newPattern(k.Match); err != nil {
			return err
		}
	}
	name, sub, nested := strings.Cut(k.Name, ".")
	if name == "" || nested && sub == "" || name == "as" {
		return fmt.Errorf("%q is no key", k.Name)
	}
	for _, prefix := range notExtra {
		if strings.HasPrefix(strings.ToLower(name), prefix) {
			return fmt.Errorf("%s is not for profiles that are generated", name)
		}
	}
	if strings.EqualFold(name, "region") && len(s.Regions) > 1 {
		return fmt.Errorf("region is set by %s, which has several", KeyRegions)
	}
	// Written once, so that what the config refuses is told here.
	var d awsconfig.Document
	return d.Edit(awsconfig.Section{Kind: awsconfig.KindProfile, Name: "x"}, []awsconfig.KeyValue{k.edit(), awsconfig.SetSub(KeyKeys, k.sub(), k.Value)})
}

func (k Key) edit() awsconfig.KeyValue {
	if name, sub, nested := strings.Cut(k.Name, "."); nested {
		return awsconfig.SetSub(name, sub, k.Value)
	}
	return awsconfig.Set(k.Name, k.Value)
}

// Edit stores the settings in the session's section. Keys that are no longer
// among them stay in their block.
func (s Settings) Edit(session string) awsconfig.Edit {
	e := awsconfig.Edit{Section: awsconfig.Section{Kind: awsconfig.KindSession, Name: session}}
	put := func(key, value string) {
		if value == "" {
			e.Set = append(e.Set, awsconfig.Unset(key))
			return
		}
		e.Set = append(e.Set, awsconfig.Set(key, value))
	}
	put(KeyTemplate, s.Template)
	put(KeyCommand, s.Command)
	put(KeyMatch, strings.Join(s.Match, ", "))
	put(KeyExclude, strings.Join(s.Exclude, ", "))
	put(KeyRegions, strings.Join(s.Regions, ", "))
	put(KeyFormat, string(s.Format))
	keep := ""
	if s.Keep {
		keep = "false"
	}
	put(KeyPrune, keep)
	for _, k := range s.Keys {
		e.Set = append(e.Set, awsconfig.SetSub(KeyKeys, k.sub(), k.Value))
	}
	return e
}

// With is the settings with one more key, or another value for one of them.
func (s Settings) With(k Key) Settings {
	s.Keys = slices.DeleteFunc(slices.Clone(s.Keys), func(old Key) bool { return old.sub() == k.sub() })
	s.Keys = append(s.Keys, k)
	return s
}

// SplitList reads a list that commas separate, but for those within brackets,
// which regular expressions have.
func SplitList(text string) []string {
	var items []string
	depth, from := 0, 0
	add := func(to int) {
		if item := strings.TrimSpace(text[from:to]); item != "" {
			items = append(items, item)
		}
		from = to + 1
	}
	for i := range len(text) {
		switch text[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		case ',':
			if depth == 0 {
				add(i)
			}
		}
	}
	add(len(text))
	return items
}
