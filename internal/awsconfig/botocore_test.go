package awsconfig

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// botocoreCase is one file and what botocore makes of it, see testdata/ask_botocore.py.
type botocoreCase struct {
	In       string            `json:"in"`
	Refused  bool              `json:"refused"`
	Profiles []botocoreSection `json:"profiles"`
	Sessions []botocoreSection `json:"sso_sessions"`
	Services []botocoreSection `json:"services"`
	Raw      []botocoreSection `json:"raw"`
}

// botocoreSection is [name, [[key, value], …]].
type botocoreSection struct {
	Name string
	Keys [][2]any
}

func (s *botocoreSection) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&s.Name, &s.Keys})
}

// TestAgreesWithBotocore reads what botocore was asked to read. More cases than
// are kept here: python3 testdata/ask_botocore.py 1 4000 > file, and name the file
// in PORTICO_BOTOCORE_CASES.
func TestAgreesWithBotocore(t *testing.T) {
	files := []string{"testdata/botocore.json"}
	if more := os.Getenv("PORTICO_BOTOCORE_CASES"); more != "" {
		files = append(files, more)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var suite struct {
			Cases []botocoreCase `json:"cases"`
		}
		if err := json.Unmarshal(data, &suite); err != nil {
			t.Fatal(err)
		}
		if len(suite.Cases) < 200 {
			t.Fatalf("%s has %d cases, want 200 or more", file, len(suite.Cases))
		}
		for _, c := range suite.Cases {
			if difference := c.difference(); difference != "" {
				t.Errorf("%s: reading %q: %s", file, c.In, difference)
			}
		}
	}
}

func (c botocoreCase) difference() string {
	d, err := Parse("config", []byte(c.In))
	switch {
	case c.Refused && err != nil:
		return ""
	case c.Refused:
		return "got no error, want one"
	case err != nil:
		return fmt.Sprintf("got %v, want no error", err)
	}
	config := NewConfig(d, nil)
	var got botocoreCase
	got.In = c.In
	for _, name := range config.Profiles() {
		p, _ := config.Profile(name)
		got.Profiles = append(got.Profiles, botocoreSection{name, p.values.pairs()})
	}
	for _, name := range config.Sessions() {
		s, _ := config.Session(name)
		got.Sessions = append(got.Sessions, botocoreSection{name, s.values.pairs()})
	}
	for _, name := range config.ServicesNames() {
		s, _ := config.Services(name)
		got.Services = append(got.Services, botocoreSection{name, s.values.pairs()})
	}
	credentials := NewConfig(nil, d)
	for _, name := range credentials.Profiles() {
		p, _ := credentials.Profile(name)
		got.Raw = append(got.Raw, botocoreSection{name, p.values.pairs()})
	}
	for _, list := range []*[]botocoreSection{&c.Profiles, &c.Sessions, &c.Services, &c.Raw} {
		if len(*list) == 0 {
			*list = nil
		}
		for i := range *list {
			if len((*list)[i].Keys) == 0 {
				(*list)[i].Keys = nil
			}
		}
	}
	return cmp.Diff(c, got)
}

func (v values) pairs() [][2]any {
	var pairs [][2]any
	for i, key := range v.keys {
		if nested := v.all[i].nested; nested != nil {
			block := map[string]any{}
			for k, v := range nested {
				block[k] = v
			}
			pairs = append(pairs, [2]any{key, block})
			continue
		}
		pairs = append(pairs, [2]any{key, v.all[i].text})
	}
	return pairs
}
