package scan

import (
	"io"
	"unicode/utf8"
)

// Keys are what a profile of the config file that r reads says, and its sso-session,
// where it names one. It is not ok where the profile is not there, and at any doubt.
// A key with a nested block has no value.
func Keys(r io.Reader, name string) (profile, session map[string]string, ok bool) {
	f := finder{name: name}
	if !utf8.ValidString(name) || !inBlocks(r, blockSize, f.block) || f.profile == nil {
		return nil, nil, false
	}
	profile = f.profile.values()
	for _, s := range f.sessions {
		if s.name == profile["sso_session"] {
			session = s.values()
		}
	}
	return profile, session, true
}

func (s *section) values() map[string]string {
	values := make(map[string]string, len(s.options))
	for _, o := range s.options {
		if !o.nested {
			values[o.key] = o.value
		}
	}
	return values
}
