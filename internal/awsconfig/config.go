package awsconfig

import (
	"maps"
	"slices"
	"strings"
)

// Origin is where a value was written.
type Origin struct {
	File string
	Line int
}

type value struct {
	text   string
	nested map[string]string // instead of text
	origin Origin
}

// values are keys in file order. Most sections have a handful, which are found
// sooner one by one than in a map, and thousands of maps would be made.
type values struct {
	keys  []string
	all   []value        // of each key
	index map[string]int // where each key is; nil while there are few
}

const few = 16

func (v *values) at(key string) int {
	if v.index != nil {
		if at, ok := v.index[key]; ok {
			return at
		}
		return -1
	}
	return slices.Index(v.keys, key)
}

// find is the value of a key in lower case.
func (v *values) find(key string) (value, bool) {
	if at := v.at(key); at >= 0 {
		return v.all[at], true
	}
	return value{}, false
}

func (v *values) set(key string, to value) {
	if at := v.at(key); at >= 0 {
		v.all[at] = to
		return
	}
	v.keys, v.all = append(v.keys, key), append(v.all, to)
	switch {
	case v.index != nil:
		v.index[key] = len(v.keys) - 1
	case len(v.keys) > few:
		v.index = make(map[string]int, 2*few)
		for i, k := range v.keys {
			v.index[k] = i
		}
	}
}

// Get is the value of a key, whatever its case in the file. A key that holds a
// nested block has none, see Sub.
func (v values) Get(key string) (string, bool) {
	found, ok := v.find(strings.ToLower(key))
	if !ok || found.nested != nil {
		return "", false
	}
	return found.text, true
}

// Sub is the nested block of a key, or nil.
func (v values) Sub(key string) map[string]string {
	found, _ := v.find(strings.ToLower(key))
	return maps.Clone(found.nested)
}

// Has tells whether the key is there, with a value or a nested block.
func (v values) Has(key string) bool {
	return v.at(strings.ToLower(key)) >= 0
}

// Keys are the keys in the order they were read.
func (v values) Keys() []string { return slices.Clone(v.keys) }

// Origin is where a key was written.
func (v values) Origin(key string) (Origin, bool) {
	found, ok := v.find(strings.ToLower(key))
	return found.origin, ok
}

// Profile is what both files say about one profile.
type Profile struct {
	Name string
	// InConfig and InCredentials say which file has a section for it.
	InConfig, InCredentials bool
	values
}

// AssumesRole tells whether the profile's credentials come from AssumeRole or
// AssumeRoleWithWebIdentity, which both the AWS CLI and the SDKs prefer to SSO.
func (p Profile) AssumesRole() bool {
	return p.Has("role_arn") && (p.Has("source_profile") || p.Has("credential_source") || p.Has("web_identity_token_file"))
}

// SSOSession is an [sso-session].
type SSOSession struct {
	Name      string
	StartURL  string
	Region    string
	Scopes    []string // sso_registration_scopes: comma list, blanks trimmed, empty items dropped
	HasScopes bool     // the key is there, even if it is empty
	values
}

// Services is a [services] section: one nested block for each service.
type Services struct {
	Name string
	values
}

// Config is what the config file and the credentials file say together.
type Config struct {
	profiles named[Profile]
	sessions named[SSOSession]
	services named[Services]
}

// named keeps the order in which names came first; a later section of the same
// name replaces the earlier one in its place.
type named[T any] struct {
	names []string
	all   map[string]T
}

func (n *named[T]) set(name string, to T) {
	if n.all == nil {
		n.all = map[string]T{}
	}
	if _, ok := n.all[name]; !ok {
		n.names = append(n.names, name)
	}
	n.all[name] = to
}

// NewConfig merges two parsed files; either may be nil. Keys of the credentials
// file win, key by key.
func NewConfig(config, credentials *Document) *Config {
	c := &Config{}
	if config != nil {
		c.readConfig(config)
	}
	if credentials != nil {
		c.readCredentials(credentials)
	}
	return c
}

func (c *Config) readConfig(d *Document) {
	defaults := d.defaults()
	for _, b := range d.sections {
		if !b.named {
			continue
		}
		v := b.values(d.name, defaults)
		switch b.section.Kind {
		case KindProfile:
			c.profiles.set(b.section.Name, Profile{Name: b.section.Name, InConfig: true, values: v})
		case KindSession:
			c.sessions.set(b.section.Name, newSession(b.section.Name, v))
		case KindServices:
			c.services.set(b.section.Name, Services{Name: b.section.Name, values: v})
		}
	}
}

func (c *Config) readCredentials(d *Document) {
	defaults := d.defaults()
	for _, b := range d.sections {
		if b.raw == inherited {
			continue
		}
		over := b.values(d.name, defaults)
		p, ok := c.profiles.all[b.raw]
		if !ok {
			p = Profile{Name: b.raw}
		}
		p.InCredentials = true
		for i, key := range over.keys {
			p.set(key, over.all[i])
		}
		c.profiles.set(b.raw, p)
	}
}

// defaults are the keys of [DEFAULT], which every section inherits.
func (d *Document) defaults() values {
	var v values
	for _, b := range d.sections {
		if b.raw == inherited {
			b.addTo(&v, d.name)
		}
	}
	return v
}

func (b *block) values(file string, defaults values) values {
	var v values
	b.addTo(&v, file)
	for i, key := range defaults.keys {
		if v.at(key) < 0 {
			v.set(key, defaults.all[i])
		}
	}
	return v
}

func (b *block) addTo(v *values, file string) {
	options := b.options()
	if v.keys == nil {
		v.keys, v.all = make([]string, 0, len(options)), make([]value, 0, len(options))
	}
	for _, o := range options {
		v.set(o.key, value{text: o.value, nested: o.nested, origin: Origin{File: file, Line: o.number}})
	}
}

func newSession(name string, v values) SSOSession {
	s := SSOSession{Name: name, values: v}
	s.StartURL, _ = v.Get("sso_start_url")
	s.Region, _ = v.Get("sso_region")
	var text string
	text, s.HasScopes = v.Get("sso_registration_scopes")
	s.Scopes = ParseScopes(text)
	return s
}

// ParseScopes reads a comma list of OAuth scopes.
func ParseScopes(text string) []string {
	var scopes []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strip(item); item != "" {
			scopes = append(scopes, item)
		}
	}
	return scopes
}

// Profiles are the names in the order of the config file, then those the
// credentials file adds.
func (c *Config) Profiles() []string { return slices.Clone(c.profiles.names) }

// Profile finds a profile by name.
func (c *Config) Profile(name string) (Profile, bool) {
	p, ok := c.profiles.all[name]
	return p, ok
}

// Sessions are the names of the sso-sessions in file order.
func (c *Config) Sessions() []string { return slices.Clone(c.sessions.names) }

// Session finds an sso-session by name.
func (c *Config) Session(name string) (SSOSession, bool) {
	s, ok := c.sessions.all[name]
	return s, ok
}

// ServicesNames are the names of the services sections in file order.
func (c *Config) ServicesNames() []string { return slices.Clone(c.services.names) }

// Services finds a services section by name.
func (c *Config) Services(name string) (Services, bool) {
	s, ok := c.services.all[name]
	return s, ok
}
