package awsconfig

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portico-sso/portico/internal/awsconfig/scan"
)

// Where a scan for the keys of a profile has no doubt, they are those of the model;
// and what it takes for names of sections are names of sections.
func TestScanKeysAgreeWithParse(t *testing.T) {
	known := 0
	rapid.Check(t, func(t *rapid.T) {
		text := configText().Draw(t, "text")
		d, err := Parse("config", []byte(text))
		if err != nil {
			return
		}
		c := NewConfig(d, nil)
		profiles, sessions := scan.Names(strings.NewReader(text))
		for _, name := range profiles {
			if !slices.Contains(c.Profiles(), name) {
				t.Fatalf("%q: there is no profile %q", text, name)
			}
		}
		for _, name := range sessions {
			if !slices.Contains(c.Sessions(), name) {
				t.Fatalf("%q: there is no session %q", text, name)
			}
		}
		own, session, ok := scan.Keys(strings.NewReader(text), "a")
		if !ok {
			return
		}
		known++
		p, _ := c.Profile("a")
		same(t, text, own, p.Keys(), p.Get)
		name, _ := p.Get("sso_session")
		s, _ := c.Session(name)
		same(t, text, session, s.Keys(), s.Get)
	})
	if known < 3 {
		t.Errorf("got %d known profiles, want the generator to make more", known)
	}
}

// same compares keys with those of the model, which has values of those alone that
// hold no block.
func same(t *rapid.T, text string, got map[string]string, keys []string, get func(string) (string, bool)) {
	n := 0
	for _, key := range keys {
		value, ok := get(key)
		if !ok {
			continue
		}
		n++
		if is, there := got[key]; !there || is != value {
			t.Fatalf("%q: got %s = %q, %t, want %q", text, key, is, there, value)
		}
	}
	if n != len(got) {
		t.Fatalf("%q: got %v, want the keys %q", text, got, keys)
	}
}
