package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/awsconfig"
)

func ofConfig(text string) *Facts {
	f := &Facts{Now: now, Program: "portico", Lookup: func(string) (string, bool) { return "", false }}
	f.Config, f.Credentials = NewText("/c", "~/.aws/config", []byte(text), false), NewText("/s", "~/.aws/credentials", nil, true)
	f.Merged = awsconfig.NewConfig(f.Config.doc, f.Credentials.doc)
	return f
}

// What a cure makes of a file, whole.
func TestCuredFiles(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"line endings stay", "[profile a]\r\nregion = eu-west-1 # x\r\n\r\n[profile b]\r\nRegion = eu-west-1\r\n", "[profile a]\r\n# x\r\nregion = eu-west-1\r\n\r\n[profile b]\r\nregion = eu-west-1\r\n"},
		{"no line ending at the end", "[profile a]\n  region = eu-west-1 ; x", "[profile a]\n; x\n  region = eu-west-1"},
		{"a section three times", "[profile a]\nx = 1\n# of b\n[profile b]\ny = 1\n[profile a]\nx = 1\nz = 1\n[profile c]\n[profile a]\nw = 1\n", "[profile a]\nx = 1\nz = 1\nw = 1\n# of b\n[profile b]\ny = 1\n[profile c]\n"},
		{"blocks move whole", "[profile a]\nx = 1\n[profile b]\n[profile a]\ns3 =\n    y = 1\n    z = 2\n", "[profile a]\nx = 1\ns3 =\n    y = 1\n    z = 2\n[profile b]\n"},
		{"three things in one line", "[profile a]\nRegion: \"eu-west-1\"\n", "[profile a]\nregion = eu-west-1\n"},
		{"one session for profiles of one start URL",
			"[profile a]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = R\n[profile b]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 2\nsso_role_name = R\n[profile c]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 2\nsso_role_name = R\n",
			"[profile a]\nsso_account_id = 1\nsso_role_name = R\nsso_session = x\n[profile b]\nsso_account_id = 2\nsso_role_name = R\nsso_session = x\n[profile c]\nsso_account_id = 2\nsso_role_name = R\nsso_session = x-2\n\n[sso-session x]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n\n[sso-session x-2]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"},
		{"what has to be decided stays, and everything with it", "[profile a]\nx = 1\nx = 2\nRegion = eu-west-1\n", "[profile a]\nx = 1\nx = 2\nRegion = eu-west-1\n"},
		{"values of other settings stay", "[profile a]\ncredential_process = sh -c \"x # y\"\ntool_key = \"q\" # z\n", "[profile a]\ncredential_process = sh -c \"x # y\"\n# z\ntool_key = \"q\"\n"},
	} {
		after := c.before
		if plan := MakePlan(ofConfig(c.before)); len(plan.Changes) > 0 {
			after = string(plan.Changes[0].After)
		}
		if after != c.after {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, after, c.after)
		}
	}
}

// A file that is no config at all is told of.
func TestHopelessFiles(t *testing.T) {
	for name, text := range map[string]string{
		"a log": strings.Repeat("just words\n", 700), "headers": strings.Repeat("[profile a]\nx = 1\n", 120), "keys": "[a]\n" + strings.Repeat("x = 1\n", 120),
		"open headers": strings.Repeat("[\n", 300), "bytes": strings.Repeat("\x00\xff\r\n", 300), "blanks": " \n\t\n", "nothing": "",
	} {
		f := ofConfig(text)
		found := Examine(f)
		MakePlan(f)
		if len(found) == 0 && strings.TrimSpace(text) != "" {
			t.Errorf("%s: nothing was found", name)
		}
	}
}

func TestPaths(t *testing.T) {
	f := ofConfig("[sso-session s]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n" +
		"[profile new]\nsso_session = s\nsso_account_id = 1\nsso_role_name = R\n" +
		"[profile both]\nsso_session = s\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = R\n" +
		"[profile legacy]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = R\n" +
		"[profile process]\ncredential_process = p\n[profile mixed]\nsso_session = s\nsso_account_id = 1\nsso_role_name = R\naws_access_key_id = A\n" +
		"[profile role]\nrole_arn = r\nsource_profile = new\n[profile lost]\nsso_session = gone\nsso_account_id = 1\nsso_role_name = R\n[profile empty]\n")
	want := []Path{
		{"new", "sso-session s", "sso-session s", "fails: no sso_start_url"},
		{"both", "sso-session s", "sso-session s", "start URL"},
		{"legacy", "start URL", "start URL", "start URL"},
		{"process", "credential_process", "credential_process", "credential_process"},
		{"mixed", "sso-session s", "access keys", "fails: no sso_start_url"},
		{"role", "role_arn from new", "role_arn from new", "role_arn from new"},
		{"lost", "fails: no sso-session gone", "fails: no sso-session gone", "fails: no sso_start_url"},
		{"empty", "none", "none", "none"},
	}
	if got := Paths(f); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Rules of .gitignore files, as git reads them.
func TestIgnored(t *testing.T) {
	for i, c := range []struct {
		rules map[string]string // by the directory of the .gitignore
		want  bool
	}{
		{map[string]string{}, false},
		{map[string]string{"": "/.aws/sso/cache/\n"}, true},
		{map[string]string{"": ".aws\n"}, true},
		{map[string]string{"": "*\n!.aws\n"}, true},
		{map[string]string{"": "cache/\n"}, true},
		{map[string]string{"": "/cache/\n"}, false},
		{map[string]string{"": ".aws/**/cache\n"}, true},
		{map[string]string{".aws": "sso/\n"}, true},
		{map[string]string{".aws": "/cache\n"}, false},
		{map[string]string{"": "*\n", ".aws": "!sso\n"}, true},
		{map[string]string{"": "sso\n", ".aws": "!sso\n"}, false},
		{map[string]string{"": "# .aws\n\n"}, false},
		{map[string]string{"": "*.json\n"}, true},
		{map[string]string{"": ".aws/sso/*\n"}, true},
		{map[string]string{".aws/sso/cache": "*\n!.gitignore\n"}, true},
		{map[string]string{"": "**/sso\n"}, true},
	} {
		root := t.TempDir()
		for dir, rules := range c.rules {
			if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, dir, ".gitignore"), []byte(rules), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := (Place{Home: t.TempDir(), Lookup: unset}).ignored(root, ".aws/sso/cache/t.json"); got != c.want {
			t.Errorf("%d %v: got %t", i, c.rules, got)
		}
	}
}

func unset(string) (string, bool) { return "", false }

// A person's rules for all work trees are where git's settings say.
func TestPersonalRules(t *testing.T) {
	root := t.TempDir()
	for config, want := range map[string]string{
		"":                                      ".config/git/ignore",
		"[core]\n\texcludesFile = ~/.rules\n":   ".rules",
		"[Core]\nexcludesfile=\"~/my rules\"\n": "my rules",
		"[other]\nexcludesfile = ~/.rules\n":    ".config/git/ignore",
	} {
		home := t.TempDir()
		file := filepath.Join(home, filepath.FromSlash(want))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte("cache\n"), 0o600),
			os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(config), 0o600)); err != nil {
			t.Fatal(err)
		}
		if !(Place{Home: home, Lookup: unset}).ignored(root, ".aws/sso/cache/t.json") {
			t.Errorf("%q: the rules in %s do not count", config, want)
		}
	}
}

func TestActions(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x y")
	for i, a := range []Action{
		{Kind: Append, Path: file, Text: "/a\n"}, {Kind: Append, Path: file, Text: "/b\n"}, {Kind: CopyFile, Path: file, To: file + ".copy"},
		{Kind: Chmod, Path: file, Mode: 0o600}, {Kind: SetAside, Path: file}, {Kind: SetAside, Path: file}, {Kind: Remove, Path: file + ".copy"}, {Kind: Remove, Path: file},
	} {
		if err := a.Do(); err != nil {
			t.Errorf("%d %s: %v", i, a, err)
		}
		if a.String() == "" || strings.Contains(a.String(), "\n") {
			t.Errorf("%q", a)
		}
	}
	if data, err := os.ReadFile(file + asideSuffix); err != nil || string(data) != "/a\n/b\n" {
		t.Errorf("got %q, %v", data, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("got %v", fmt.Sprint(entries))
	}
}
