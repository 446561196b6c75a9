package profiles

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/awsconfig"
)

func TestTemplates(t *testing.T) {
	t.Parallel()
	row := Row{AccountID: "111111111111", AccountName: "acme-Payments Prod", AccountEmail: "aws+pay@example.com", RoleName: "AWSReadOnlyAccess", Region: "eu-west-1", SSOSession: "corp"}
	for template, want := range map[string]string{
		"":              "acme-Payments-Prod-AWSReadOnlyAccess",
		"{{.RoleName}}": "AWSReadOnlyAccess",
		`{{.AccountName | trimPrefix "acme-" | lower}}.{{.RoleName | trimPrefix "AWS" | trimSuffix "Access"}}`:              "payments-prod.ReadOnly",
		"{{.AccountName | slug}}/{{.Region | upper}}":                                                                       "acme-payments-prod/EU-WEST-1",
		`{{.AccountName | title | replace " " ""}}`:                                                                         "Acme-PaymentsProd",
		`{{.AccountName | regexReplace "^acme-(\\w+) (\\w+)$" "$2:$1"}}`:                                                    "Prod:Payments",
		`{{if regexMatch "(?i)prod" .AccountName}}SKIP{{else}}x{{end}}`:                                                     "SKIP",
		`{{if and (hasPrefix "acme" .AccountName) (contains "Pay" .AccountName) (hasSuffix "Access" .RoleName)}}yes{{end}}`: "yes",
		`{{"" | default .SSOSession}}_{{.AccountEmail | trim}}`:                                                             "corp_aws+pay@example.com",
	} {
		name, err := (Settings{Template: template}).namer()
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		if got, err := name(row); err != nil || safeName(got) != want {
			t.Errorf("%s: got %q, %v, want %q", template, safeName(got), err, want)
		}
	}
	for template, want := range map[string]string{
		"{{.AccountName":                       "line 1: unclosed action",
		"{{.Account}}":                         "line 1:2: at <.Account>: can't evaluate field Account in type a role",
		"{{.RoleName | shorten}}":              `line 1: function "shorten" not defined`,
		`{{.RoleName | regexReplace "(" "x"}}`: "error parsing regexp: missing closing ): `(`",
	} {
		if err := (Settings{Template: template}).Check("corp"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", template, err, want)
		}
	}
}

// Whatever an account is called, its profile has a name that every tool reads.
func TestNamesAreSafe(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a b":              "a-b",
		" -- a  #1 ]; -- ": "a-1",
		"Größe & Maß":      "Groesse-Mass",
		"a\x1b[31m\nb":     "a-31m-b",
		"a / b: c":         "a/b:c",
		`it's "x" \ y`:     "it-s-x-y",
		"日本":               "",
		"%$*?":             "",
	} {
		got := safeName(name)
		if got != want || got != "" && awsconfig.NameProblem(got) != "" {
			t.Errorf("%q: got %q, want %q; %s", name, got, want, awsconfig.NameProblem(got))
		}
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	row := Row{AccountID: "111111111111", AccountName: "Team/Prod (EU)", RoleName: "ReadOnly"}
	for pattern, want := range map[string]bool{
		"team/prod (eu)/*": true, "*(EU)*": true, "*(EU)/*": true, "*/ReadOnly": true, "*/readonly": true, "*/Read": false, "1111*": true, "111111111111/Admin": false,
		"111111111111/Read?nly": true, "/ReadOnly": true, "~prod": true, "~^team/.*/ReadOnly$": true, "~^111111111111/R": true, "~Admin": false, "prod": false,
	} {
		p, err := newPattern(pattern)
		if got := err == nil && p.matches(row); got != want {
			t.Errorf("%s: got %v, %v, want %v", pattern, got, err, want)
		}
	}
	if diff := cmp.Diff([]string{"a", "~x{2,3}(b,c)", "d e"}, SplitList(" a,, ~x{2,3}(b,c) ,d e,")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"prod-*", "prod-eu", true}, {"prod-*", "PROD-", true}, {"prod-*", "preprod-eu", false}, {"*", "", true}, {"", "", true}, {"", "x", false},
		{"*prod*", "a/prod/b", true}, {"p?od", "prod", true}, {"p?od", "pod", false}, {"a*b*c", "aXbYbZc", true}, {"a*b*c", "aXbYbZ", false},
		{"[ab]", "a", false}, {"äö*", "ÄÖü", true}, {"***", "x", true},
	} {
		if got := Fits(c.pattern, c.name); got != c.want {
			t.Errorf("%q on %q: got %v", c.pattern, c.name, got)
		}
	}
}

// What is stored is what is read.
func TestSettings(t *testing.T) {
	t.Parallel()
	read := func(text string) (Settings, error) {
		d, err := awsconfig.Parse("config", []byte("[sso-session corp]\n"+text))
		if err != nil {
			t.Fatal(err)
		}
		s, _ := awsconfig.NewConfig(d, nil).Session("corp")
		return ReadSettings(s)
	}
	want := Settings{Command: "names --short", Match: []string{"a*", "~b{1,2}/x"}, Exclude: []string{"c"}, Regions: []string{"eu-west-1"}, Format: Both, Keep: true,
		Keys: []Key{{Name: "output", Value: "json"}, {Match: "prod x/*", Name: "s3.max_queue_size", Value: "9"}}}
	var d awsconfig.Document
	e := want.Edit("corp")
	if err := d.Edit(e.Section, e.Set); err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(d.Bytes()), "\n")
	if got, err := read(text); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v (-want +got)\n%s\n%s", err, cmp.Diff(want, got), text)
	}
	for text, problem := range map[string]string{
		"portico_sync_format = new\n":                                                     `portico_sync_format of the sso-session corp: "new" is not one of: sso-session, credential-process, both`,
		"portico_sync_regions = eu west\n":                                                "portico_sync_regions",
		"portico_sync_keys = output=json\n":                                               "the keys go below it",
		"portico_sync_keys =\n  sso_account_id = 1\n":                                     "sso_account_id is not for profiles that are generated",
		"portico_sync_keys =\n  aws_secret_access_key = 1\n":                              "aws_secret_access_key is not for profiles that are generated",
		"portico_sync_keys =\n  region = eu-west-1\nportico_sync_regions = a-b-1,c-d-1\n": "region is set by portico_sync_regions, which has several",
		"portico_sync_match = ~(\n":                                                       `the pattern "~("`,
		"portico_sync_command = 'x\n":                                                     "unclosed quote",
		"portico_sync_command = x\nportico_sync_template = y\n":                           "not from both",
		"portico_sync_prune = never\n":                                                    "neither true nor false",
	} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: got %v, want %s", text, err, problem)
		}
	}
}
