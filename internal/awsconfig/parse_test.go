package awsconfig

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, text string) *Document {
	t.Helper()
	d, err := Parse("config", []byte(text))
	if err != nil {
		t.Fatalf("parsing %q: %v", text, err)
	}
	return d
}

func config(t *testing.T, text string) *Config {
	t.Helper()
	return NewConfig(parse(t, text), nil)
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text   string
		line, column int
		problem      string // a part of it
	}{
		{"byte order mark", "\ufeff[default]\n", 1, 1, "byte order mark"},
		{"not UTF-8", "[default]\nk = \xff\n", 2, 5, "not UTF-8"},
		{"duplicate section", "[a]\n[b]\n[a]\n", 3, 1, "[a] is already on line 1"},
		{"duplicate key", "[a]\nk = 1\n\n  k = 2\nK : 3\n", 5, 1, "k is already on line 2"},
		{"duplicate key in defaults", "[DEFAULT]\nk = 1\n[DEFAULT]\nk = 2\n", 4, 1, "k is already on line 2"},
		{"no delimiter", "[a]\nregion us-east-1\n", 2, 1, "no ="},
		{"no key", "[a]\n= v\n", 2, 1, "no key before the ="},
		{"text before a header", "# c\n\n k = v\n[a]\n", 3, 2, "before the first section"},
		{"unclosed header", "[a]\n[profile b\n", 2, 1, "not closed"},
		{"unclosed first header", "[profile b\n", 1, 1, "not closed"},
		{"empty header", "[a]\n[]\n", 2, 1, "not closed"},
		{"nested line without =", "[a]\ns3 =\n  x = 1\n  # fine\n  bad\n", 5, 3, "nested under s3"},
		{"nested line without = in a section of no meaning", "[x]\ns3:\n  bad: 1\n", 3, 3, "nested under s3"},
		{"carriage return ends a line", "[a]\nk = v\rrubbish\n", 3, 1, "no ="},
		{"lone header after a comment of another encoding", "[a]\n# \xe9\n", 2, 3, "not UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("/home/u/.aws/config", []byte(c.text))
			var parse *ParseError
			if !errors.As(err, &parse) {
				t.Fatalf("got %v, want *ParseError", err)
			}
			if parse.Line != c.line || parse.Column != c.column || !strings.Contains(parse.Problem, c.problem) || parse.Cure == "" {
				t.Errorf("got %d:%d %q (%q), want %d:%d %q and a cure", parse.Line, parse.Column, parse.Problem, parse.Cure, c.line, c.column, c.problem)
			}
			if want := "Unable to parse config file: /home/u/.aws/config"; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %q, want it to begin with %q", err, want)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for _, text := range []string{
		"", "\n", "# only a comment", "[default]", "[a]\r\nk = v\r\n", "[a]\nk = v\r\n\rl=w",
		"[DEFAULT]\ns3 =\n  bad\n", "[DEFAULT]\ns3 =\n  bad\n[a]\ns3 = fine\n", "[DEFAULT]\na = 1\n[DEFAULT]\nb = 2\n", "[a b] trailing\n",
		"[profile a]\n[profile  a]\n", "[a]\nk = [v]\n", "[a]\n[z = 1\n",
	} {
		if d := parse(t, text); string(d.Bytes()) != text {
			t.Errorf("got %q back, want %q", d.Bytes(), text)
		}
	}
}

func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		header string
		want   Section // zero: means nothing
	}{
		{"default", Section{KindProfile, "default"}},
		{"profile default", Section{KindProfile, "default"}},
		{"profile x", Section{KindProfile, "x"}},
		{"profile\tx", Section{KindProfile, "x"}},
		{"profile  x ", Section{KindProfile, "x"}},
		{`profile "a b"`, Section{KindProfile, "a b"}},
		{`profile 'a b'`, Section{KindProfile, "a b"}},
		{`profile "two  spaces"`, Section{KindProfile, "two  spaces"}},
		{`profile a\ b`, Section{KindProfile, "a b"}},
		{`profile "a\"b\c"`, Section{KindProfile, `a"b\c`}},
		{`profile a'b 'c"d"`, Section{KindProfile, "ab cd"}},
		{`profile ""`, Section{KindProfile, ""}},
		{"profilefoo bar", Section{KindProfile, "bar"}},
		{"sso-session s", Section{KindSession, "s"}},
		{`sso-session "my corp"`, Section{KindSession, "my corp"}},
		{"services v", Section{KindServices, "v"}},
		{"profile", Section{}},
		{"profile a b", Section{}},
		{"profile a\tb", Section{}},
		{`profile "a`, Section{}},
		{`profile 'a`, Section{}},
		{`profile a\`, Section{}},
		{" profile x", Section{}},
		{" default ", Section{}},
		{"Default", Section{}},
		{"foo", Section{}},
		{"preview", Section{}},
	} {
		got, ok := sectionOf(c.header)
		if got != c.want || ok != (c.want != Section{}) {
			t.Errorf("[%s]: got %+v, %t, want %+v", c.header, got, ok, c.want)
		}
	}
}

func TestReading(t *testing.T) {
	for _, c := range []struct {
		name, text string
		profile    string
		want       map[string]string
	}{
		{"no inline comments", "[default]\na = 1 ; x\nb = eu-west-1 # x\n", "default", map[string]string{"a": "1 ; x", "b": "eu-west-1 # x"}},
		{"quotes are kept", "[default]\na = \"q\"\n", "default", map[string]string{"a": `"q"`}},
		{"keys are lower-cased", "[default]\nRegion = x\n", "default", map[string]string{"region": "x"}},
		{"colon", "[default]\na:1\nb : x=y\n", "default", map[string]string{"a": "1", "b": "x=y"}},
		{"continuation", "[default]\na = 1\n  2\n# c\n\n\t3\n\nb = 4\n", "default", map[string]string{"a": "1\n2\n\n3", "b": "4"}},
		{"CRLF", "[default]\r\na = 1\r\nb = 2\r\n", "default", map[string]string{"a": "1", "b": "2"}},
		{"the later default replaces", "[default]\na = 1\n[profile default]\nb = 2\n", "default", map[string]string{"b": "2"}},
		{"the later default replaces, other order", "[profile default]\na = 1\n[default]\nb = 2\n", "default", map[string]string{"b": "2"}},
		{"two spellings of a name", "[profile a]\nx = 1\n[profile \"a\"]\ny = 2\n", "a", map[string]string{"y": "2"}},
		{"DEFAULT is inherited", "[profile a]\nx = 1\n[DEFAULT]\nx = 0\ny = 2\n", "a", map[string]string{"x": "1", "y": "2"}},
		{"indented options", "[profile a]\n  x = 1\n  y = 2\n", "a", map[string]string{"x": "1", "y": "2"}},
		{"indented header", " [profile a]\nx = 1\n", "a", map[string]string{"x": "1"}},
		{"indented header below a key", "[profile a]\nx = 1\n [profile b]\n", "a", map[string]string{"x": "1\n[profile b]"}},
		{"value in brackets", "[profile a]\nx = old[v]\ny = [v]\n", "a", map[string]string{"x": "old[v]", "y": "[v]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, ok := config(t, c.text).Profile(c.profile)
			if !ok {
				t.Fatalf("got no profile %s, want one", c.profile)
			}
			got := map[string]string{}
			for _, key := range p.Keys() {
				got[key], _ = p.Get(key)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("got -want +got:\n%s", diff)
			}
		})
	}
}

func TestNestedReading(t *testing.T) {
	c := config(t, "[default]\nS3 =\n    Addressing_Style = path\n    x = a = b\ncloudwatch =\n  y = 1\nregion=us-west-2\n"+
		"[services v]\nsso =\n  endpoint_url = http://127.0.0.1:1\n")
	p, _ := c.Profile("default")
	want := map[string]string{"Addressing_Style": "path", "x": "a = b"}
	if diff := cmp.Diff(want, p.Sub("s3")); diff != "" {
		t.Errorf("got -want +got:\n%s", diff)
	}
	if v, ok := p.Get("s3"); ok {
		t.Errorf("got %q as the value of a block, want none", v)
	}
	if !p.Has("s3") || p.Sub("region") != nil || p.Sub("absent") != nil {
		t.Error("got blocks where there are none, or none where there is one")
	}
	if v, _ := p.Get("region"); v != "us-west-2" {
		t.Errorf("got %q, want us-west-2", v)
	}
	v, ok := c.Services("v")
	if !ok || v.Sub("sso")["endpoint_url"] != "http://127.0.0.1:1" {
		t.Errorf("got %+v, %t, want the endpoint", v.Sub("sso"), ok)
	}
	if o, ok := p.Origin("region"); !ok || o != (Origin{"config", 7}) {
		t.Errorf("got %+v, want line 7", o)
	}
}

func TestProfileOrderAndMerge(t *testing.T) {
	c := NewConfig(
		parse(t, "[profile z]\n[foo]\n[profile b]\nregion = r1\noutput = json\n[sso-session s]\n[default]\n"),
		parse(t, "[only]\nsso_session = s\n[b]\nregion = r2\n[default]\naws_access_key_id = K\n[profile z]\n"),
	)
	if want := []string{"z", "b", "default", "only", "profile z"}; !slices.Equal(c.Profiles(), want) {
		t.Errorf("got %q, want %q", c.Profiles(), want)
	}
	b, _ := c.Profile("b")
	region, _ := b.Get("region")
	output, _ := b.Get("output")
	if region != "r2" || output != "json" || !b.InConfig || !b.InCredentials {
		t.Errorf("got %s %s %t %t, want the credentials file to win key by key", region, output, b.InConfig, b.InCredentials)
	}
	only, ok := c.Profile("only")
	if v, _ := only.Get("sso_session"); !ok || v != "s" || only.InConfig {
		t.Errorf("got %q, %t, want the profile of the credentials file", v, ok)
	}
	if want := []string{"s"}; !slices.Equal(c.Sessions(), want) {
		t.Errorf("got %q, want %q", c.Sessions(), want)
	}
}

func TestScopes(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
		has  bool
	}{
		{"sso_registration_scopes = a, b,,  a b ,", []string{"a", "b", "a b"}, true},
		{"sso_registration_scopes =", nil, true},
		{"x = y", nil, false},
	} {
		s, _ := config(t, "[sso-session s]\n"+c.text+"\n").Session("s")
		if !slices.Equal(s.Scopes, c.want) || s.HasScopes != c.has {
			t.Errorf("%s: got %q, %t, want %q, %t", c.text, s.Scopes, s.HasScopes, c.want, c.has)
		}
	}
}

// sharedData is a folder of files other tools are tested with. It lies beside
// the repository and may be absent, unless PORTICO_REQUIRE says it may not.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(dir); err != nil {
		if strings.Contains(os.Getenv("PORTICO_REQUIRE"), "shared-data") {
			t.Fatalf("shared-data is required: %v", err)
		}
		t.Skipf("no shared data: %v", err)
	}
	return dir
}

func TestBotocoreFiles(t *testing.T) {
	dir := sharedData(t, "aws-config")
	profiles := map[string][]string{
		"aws_bad_profile":        {"default", "my profile", "personal1"},
		"aws_config":             {"default", "personal"},
		"aws_config_nested":      {"default"},
		"aws_config_nocreds":     {"default"},
		"aws_config_other":       {"default", "personal"},
		"aws_services_config":    {"default"},
		"aws_sso_session_config": {"default"},
		"aws_third_config":       {"default", "third"},
		"boto_config":            nil,
		"boto_config_empty":      nil,
		"foo_config":             {"default", "foo"},
	}
	refused := []string{"aws_config_bad", "aws_config_badbytes", "aws_config_nested_bad", "aws_credentials"}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		d, err := Parse(e.Name(), data)
		if want, ok := profiles[e.Name()]; ok {
			if err != nil {
				t.Errorf("%s: %v", e.Name(), err)
			} else if got := NewConfig(d, nil).Profiles(); !slices.Equal(got, want) {
				t.Errorf("%s: got profiles %q, want %q", e.Name(), got, want)
			} else if string(d.Bytes()) != string(data) {
				t.Errorf("%s: got other bytes back", e.Name())
			}
			continue
		}
		if err == nil && slices.Contains(refused, e.Name()) {
			t.Errorf("%s: got no error, want one", e.Name())
		}
	}
}
