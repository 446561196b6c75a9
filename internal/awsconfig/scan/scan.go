// Package scan finds one profile in an AWS config file without reading the file
// into a model, so that ten thousand others cost hardly more than their bytes.
//
// It knows only profiles that take their credentials from IAM Identity Center,
// plainly written. It answers when package awsconfig could read nothing else in
// the file, and otherwise says that it does not know: a header it cannot place
// without reading what is above it, a profile or session written twice, keys that
// contradict each other, [DEFAULT], a value of several lines where it matters.
// Faults in sections that do not matter it does not see.
package scan

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/portico-sso/portico/internal/awsconfig/syntax"
)

// SSO is what a profile says of its role. Session is empty in the legacy form.
type SSO struct{ Session, StartURL, Region, AccountID, RoleName string }

// Profile finds a profile in the config file that r reads. It is not ok when the
// profile is not one of IAM Identity Center's, and at any doubt.
func Profile(r io.Reader, name string) (SSO, bool) {
	f := finder{name: name}
	if !utf8.ValidString(name) || !inBlocks(r, blockSize, f.block) {
		return SSO{}, false
	}
	return f.sso()
}

// HasHeader tells whether the credentials file that r reads has a section with
// that header or [DEFAULT], or could have.
func HasHeader(r io.Reader, header string) bool {
	return !inBlocks(r, blockSize, func(b []byte) bool {
		for at := 0; ; {
			next := bytes.IndexByte(b[at:], '[')
			if next < 0 {
				return true
			}
			at += next
			starts, known := startsLine(b, at)
			if !known {
				return false
			}
			if starts {
				raw, ok := syntax.Header(syntax.Strip(lineAt(b, at)))
				if ok && (raw == header || raw == syntax.Inherited) {
					return false
				}
			}
			at++
		}
	})
}

// finder goes through the lines of a file. It jumps from header to header, but
// for the lines of sections that may matter.
type finder struct {
	name     string
	profile  *section
	sessions []*section
	current  *section // whose lines are read; nil: nobody asks
}

type section struct {
	name    string
	options []option
	indent  int // of the last option
}

type option struct {
	key, value string
	nested     bool // what follows is indented below it
}

func (s *section) option(key string) *option {
	for i := range s.options {
		if s.options[i].key == key {
			return &s.options[i]
		}
	}
	return nil
}

func (s *section) has(key string) bool { return s.option(key) != nil }

// block reads whole lines and tells whether it understood them.
func (f *finder) block(b []byte) bool {
	for at := 0; at < len(b); {
		if f.current != nil {
			line := lineAt(b, at)
			if !f.line(line) {
				return false
			}
			at += len(line) + 1
			continue
		}
		next := bytes.IndexByte(b[at:], '[')
		if next < 0 {
			return true
		}
		at += next
		if f.another(b[at:]) {
			at++
			continue
		}
		starts, known := startsLine(b, at)
		if !known {
			return false
		}
		if !starts {
			at++
			continue
		}
		line := lineAt(b, at)
		if raw, ok := syntax.Header(syntax.Strip(line)); ok && !f.header(raw) {
			return false
		}
		at += len(line) + 1
	}
	return true
}

// another tells at a glance that a line is the header of another profile: at the
// first letter that differs and is no quote, escape or blank.
func (f *finder) another(b []byte) bool {
	const start = "[profile "
	if len(b) < len(start) || string(b[:len(start)]) != start {
		return false
	}
	b = b[len(start):]
	for i := range min(len(b), len(f.name)) {
		if b[i] == f.name[i] {
			continue
		}
		switch b[i] {
		case ' ', '\t', '\r', '\n', '\'', '"', '\\':
			return false
		}
		return true
	}
	return false
}

func (f *finder) header(raw string) bool {
	f.current = nil
	if raw == syntax.Inherited {
		return false
	}
	kind, name, ok := syntax.Meaning(raw)
	switch {
	case ok && kind == syntax.Profile && name == f.name:
		if f.profile != nil {
			return false
		}
		f.profile = &section{name: name}
		f.current = f.profile
	case ok && kind == syntax.Session:
		f.current = &section{name: name}
		f.sessions = append(f.sessions, f.current)
	}
	return true
}

// line reads a line of the current section as configparser does.
func (f *finder) line(text string) bool {
	content := syntax.Strip(text)
	if content == "" || content[0] == '#' || content[0] == ';' {
		return true
	}
	s, indent := f.current, syntax.Indent(text)
	if len(s.options) > 0 && indent > s.indent {
		return s.options[len(s.options)-1].more(content)
	}
	if raw, ok := syntax.Header(content); ok {
		return f.header(raw)
	}
	key, value, ok := syntax.Option(content)
	if !ok || !utf8.ValidString(text) || s.has(key) {
		return false
	}
	s.options = append(s.options, option{key: key, value: value})
	s.indent = indent
	return true
}

// more reads a setting nested under a key.
func (o *option) more(content string) bool {
	for i := range len(content) {
		if content[i] < ' ' || content[i] > '~' {
			return false
		}
	}
	o.nested = true
	return o.value == "" && strings.Contains(content, "=")
}

// sso puts together what the profile and its session say, as awsconfig's
// Settings.SSO does, and knows no error.
func (f *finder) sso() (SSO, bool) {
	p := f.profile
	if p == nil || p.has("role_arn") || p.has("web_identity_token_file") {
		return SSO{}, false
	}
	var session *section
	own := func(key string) *option { return p.option(key) }
	// A profile with a credential_process has the same under names of portico's.
	if p.has("portico_sso_session") && !p.has("sso_session") && !p.has("sso_account_id") && !p.has("sso_role_name") {
		names := map[string]string{"sso_session": "portico_sso_session", "sso_account_id": "portico_account_id", "sso_role_name": "portico_role_name"}
		own = func(key string) *option {
			if name := names[key]; name != "" {
				key = name
			}
			return p.option(key)
		}
	}
	if named := own("sso_session"); named != nil {
		for _, s := range f.sessions {
			if s.name != named.value {
				continue
			}
			if session != nil {
				return SSO{}, false
			}
			session = s
		}
		if session == nil || named.value == "" {
			return SSO{}, false
		}
		for _, theirs := range session.options {
			mine := p.option(theirs.key)
			if mine != nil && (mine.nested || theirs.nested || mine.value != theirs.value) {
				return SSO{}, false
			}
		}
		// Where the session's credentials are kept is not known here.
		if session.has("portico_store") {
			return SSO{}, false
		}
	}
	complete := true
	get := func(key string) string {
		var o *option
		if session != nil {
			o = session.option(key)
		}
		if o == nil {
			o = own(key)
		}
		if o == nil || o.value == "" {
			complete = false
			return ""
		}
		return o.value
	}
	c := SSO{StartURL: get("sso_start_url"), Region: get("sso_region"), AccountID: get("sso_account_id"), RoleName: get("sso_role_name")}
	if session != nil {
		c.Session = session.name
	}
	return c, complete
}
