package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/cli"
)

// A terminalCase is one command line in a home of its own. Where an expectation is
// empty, that stream has to be empty.
type terminalCase struct {
	name                string
	config, credentials string
	env, args           []string
	code                int
	stdout              string // all of it
	stderr              string // part of it
	after               string // the config file afterwards, if it is told
}

func (c terminalCase) run(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	for name, content := range map[string]string{"config": c.config, "credentials": c.credentials} {
		if content == "" {
			continue
		}
		if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, ".aws", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, problems bytes.Buffer
	app := cli.App{Name: "portico", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problems, Home: home,
		Env: append([]string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=http://127.0.0.1:1"}, c.env...)}
	code := app.Run(t.Context(), c.args)
	if code != c.code {
		t.Errorf("got code %d, want %d", code, c.code)
	}
	if got := out.String(); got != c.stdout {
		t.Errorf("stdout: got\n%q, want\n%q", got, c.stdout)
	}
	if got := problems.String(); !strings.Contains(got, c.stderr) || (c.stderr == "" && got != "") {
		t.Errorf("stderr: got\n%s\nwant\n%s", got, c.stderr)
	}
	if got := out.String() + problems.String(); strings.Contains(got, "TOPSECRET") {
		t.Errorf("a secret is told:\n%s", got)
	}
	if c.after != "" {
		got, err := os.ReadFile(filepath.Join(home, ".aws", "config"))
		if err != nil || string(got) != c.after {
			t.Errorf("config: got\n%q (%v), want\n%q", got, err, c.after)
		}
	}
}

const listHeader = "NAME       : VALUE                    : TYPE             : LOCATION\n"

const unset = "access_key : <not set>                : None             : None\n" +
	"secret_key : <not set>                : None             : None\n"

func TestConfigReading(t *testing.T) {
	get := func(words ...string) []string { return append([]string{"configure", "get"}, words...) }
	list := []string{"configure", "list"}
	profiles := []string{"configure", "list-profiles"}
	export := []string{"configure", "export-credentials"}
	for _, c := range []terminalCase{
		{name: "no config file", args: list,
			stdout: listHeader + "profile    : <not set>                : None             : None\n" + unset + "region     : <not set>                : None             : None\n"},
		{name: "a name in two words", config: "[profile a b]\nregion = x\n", args: profiles},
		{name: "a quoted name", config: "[profile \"a b\"]\nregion = x\n[profile 'c d']\n", args: profiles, stdout: "a b\nc d\n"},
		{name: "a quoted name is found", config: "[profile \"a b\"]\nregion = x\n", args: get("region", "--profile", "a b"), stdout: "x\n"},
		{name: "default, then profile default", config: "[default]\nregion = x\noutput = text\n[profile default]\nregion = y\n", args: get("region"), stdout: "y\n"},
		{name: "default, then profile default: the first is gone", config: "[default]\noutput = text\n[profile default]\nregion = y\n", args: get("output"), code: 1},
		{name: "duplicate key", config: "[default]\na = 1\na = 2\n", args: get("a"), code: 255, stderr: "Unable to parse config file: "},
		{name: "duplicate section", config: "[default]\na = 1\n[default]\nb = 2\n", args: list, code: 255, stderr: "Unable to parse config file: "},
		{name: "byte order mark", config: "\ufeff[default]\na = 1\n", args: list, code: 255, stderr: "Unable to parse config file: "},
		{name: "byte order mark in the credentials file", credentials: "\ufeff[default]\na = 1\n", args: profiles, code: 255, stderr: "Unable to parse config file: "},
		{name: "comment behind a value", config: "[default]\na = 1 ; x\n", args: get("a"), stdout: "1 ; x\n"},
		{name: "quotes are kept", config: "[default]\na = \"q\"\n", args: get("a"), stdout: "\"q\"\n"},
		{name: "nested line without =", config: "[default]\ns3 =\n  x\n", args: get("a"), code: 255, stderr: "Unable to parse config file: "},
		{name: "the same key in both files", config: "[profile p]\nregion = x\n", credentials: "[p]\nregion = y\n", args: get("region", "--profile", "p"), stdout: "y\n"},
		{name: "SSO keys in the credentials file alone", credentials: "[p]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n",
			args: append(export, "--profile", "p"), code: 255, stderr: "Error loading SSO Token: Token for https://d-1234567890.awsapps.com/start does not exist"},
		{name: "AWS_PROFILE is empty", env: []string{"AWS_PROFILE="}, config: "[default]\nregion = x\n", args: list, code: 255, stderr: "The config profile () could not be found"},
		{name: "--profile is empty", config: "[default]\nregion = x\n", args: get("region", "--profile", ""), stdout: "x\n"},
		{name: "a section that is none", config: "[foo]\nregion = x\n[profilefoo bar]\n", args: profiles, stdout: "bar\n"},
		{name: "order of profiles", config: "[profile z]\n[default]\n[profile a]\n", credentials: "[k]\n[a]\n[b]\n", args: profiles, stdout: "z\ndefault\na\nk\nb\n"},
		{name: "profiles whatever AWS_PROFILE says", env: []string{"AWS_PROFILE=nope"}, config: "[default]\n", args: profiles, stdout: "default\n"},
		{name: "CRLF", config: "[default]\r\nregion = x\r\n[profile p]\r\nregion = y\r\n", args: get("region", "--profile", "p"), stdout: "y\n"},
		{name: "DEFAULT is inherited", config: "[DEFAULT]\nregion = x\n[profile p]\n", args: get("region", "--profile", "p"), stdout: "x\n"},
		{name: "AWS_CONFIG_FILE", env: []string{"AWS_CONFIG_FILE=~/.aws/../.aws/config"}, config: "[default]\nregion = x\n", args: list,
			stdout: listHeader + "profile    : <not set>                : None             : None\n" + unset + "region     : x                        : config-file      : ~/.aws/../.aws/config\n"},

		{name: "conflict between profile and session", config: "[profile p]\nsso_session = s\nsso_start_url = A\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nsso_start_url = B\nsso_region = us-east-1\n",
			args: append(export, "--profile", "p"), code: 253, stderr: "An error occurred (Configuration): Unable to retrieve credentials: The value for sso_start_url is inconsistent between profile (A) and sso-session (B)."},
		{name: "conflict in a service command", config: "[profile p]\nsso_session = s\nregion = x\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nregion = y\nsso_start_url = B\nsso_region = us-east-1\n",
			args: []string{"sts", "get-caller-identity", "--profile", "p"}, code: 255, stderr: "[ERROR]: The value for region is inconsistent between profile (x) and sso-session (y)."},
		{name: "only a role", config: "[profile p]\nsso_role_name = r\n", args: append(export, "--profile", "p"), code: 253,
			stderr: `Unable to retrieve credentials: The profile "p" is configured to use SSO but is missing required configuration: sso_account_id, sso_start_url, sso_region`},
		{name: "a session that lacks its region", config: "[profile p]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nsso_start_url = https://x\n", args: append(export, "--profile", "p"), code: 253,
			stderr: `The profile "p" is configured to use SSO but is missing required configuration: sso_region`},
		{name: "only an account, and what completes the profile", config: "[profile p]\nsso_account_id = 1\n", args: append(export, "--profile", "p"), code: 253,
			stderr: "sso_role_name, sso_start_url, sso_region\n\nTo complete the profile: portico configure sso --profile p\n"},
		{name: "a session that is not there, and what makes it", config: "[profile p]\nsso_session = nope\nsso_account_id = 1\nsso_role_name = r\n", args: append(export, "--profile", "p"), code: 253,
			stderr: "does not exist: \"nope\"\n\nTo make the session nope: portico configure sso-session\n"},
		{name: "neither account nor role", config: "[profile p]\nsso_session = s\n", args: append(export, "--profile", "p"), code: 253, stderr: "Unable to retrieve credentials: no credentials found"},
		{name: "a session that is not there", config: "[profile p]\nsso_session = nope\nsso_account_id = 1\nsso_role_name = r\n", args: append(export, "--profile", "p"), code: 253,
			stderr: `Unable to retrieve credentials: The specified sso-session does not exist: "nope"`},
		{name: "SSO before keys", config: "[profile p]\nsso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\naws_access_key_id = a\naws_secret_access_key = b\n",
			args: append(export, "--profile", "p"), code: 255, stderr: "Token for https://x does not exist"},
		{name: "a services section that is not there", config: "[profile p]\nservices = missing\naws_access_key_id = a\naws_secret_access_key = b\nregion = us-east-1\n", env: []string{"AWS_ENDPOINT_URL="},
			args: []string{"sts", "get-caller-identity", "--profile", "p"}, code: 255,
			stderr: `The profile is configured to use the services section but the "missing" services configuration does not exist.`},
	} {
		t.Run(c.name, c.run)
	}
}

func TestConfigureList(t *testing.T) {
	keys := func(kind string) string {
		return "access_key : ****************AAAA     : " + kind + " : \n" + "secret_key : ****************bbbb     : " + kind + " : \n"
	}
	const noProfile = "profile    : <not set>                : None             : None\n"
	static := "aws_access_key_id = AKIDAAAA\naws_secret_access_key = bbbbbbbb\n"
	env := []string{"AWS_ACCESS_KEY_ID=AKIDAAAA", "AWS_SECRET_ACCESS_KEY=bbbbbbbb"}
	list := []string{"configure", "list"}
	for _, c := range []terminalCase{
		{name: "keys in config", config: "[default]\n" + static + "region = eu-north-1\n", args: list,
			stdout: listHeader + noProfile + keys("config-file     ") + "region     : eu-north-1               : config-file      : ~/.aws/config\n"},
		{name: "keys in credentials", credentials: "[default]\n" + static + "region = eu-north-1\n", args: list,
			stdout: listHeader + noProfile + keys("shared-credentials-file") + "region     : eu-north-1               : config-file      : ~/.aws/credentials\n"},
		{name: "keys in the environment", env: append(env, "AWS_REGION=eu-north-1"), args: list,
			stdout: listHeader + noProfile + keys("env             ") + "region     : eu-north-1               : env              : ['AWS_REGION', 'AWS_DEFAULT_REGION']\n"},
		{name: "--profile hides them", env: env, config: "[profile l]\n", args: []string{"configure", "list", "--profile", "l"},
			stdout: listHeader + "profile    : l                        : manual           : --profile\n" + unset + "region     : <not set>                : None             : None\n"},
		{name: "AWS_PROFILE does not", env: append(env, "AWS_PROFILE=l"), config: "[profile l]\n", args: list,
			stdout: listHeader + "profile    : l                        : env              : ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE']\n" + keys("env             ") + "region     : <not set>                : None             : None\n"},
		{name: "--region has no effect", config: "[default]\nregion = eu-north-1\n", args: []string{"configure", "list", "--region", "x"},
			stdout: listHeader + noProfile + unset + "region     : eu-north-1               : config-file      : ~/.aws/config\n"},
		{name: "half a key", env: env[:1], args: list, code: 255, stdout: listHeader + noProfile, stderr: "[ERROR]: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY"},
		{name: "no token", config: "[default]\nsso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n", args: list, code: 255,
			stdout: listHeader + noProfile, stderr: "[ERROR]: Error loading SSO Token: Token for https://x does not exist"},
		{name: "no such profile", args: []string{"configure", "list", "--profile", "nope"}, code: 255, stderr: "The config profile (nope) could not be found"},
		{name: "a word too many", args: []string{"configure", "list", "x"}, code: 252, stderr: "Unknown options: x"},
	} {
		t.Run(c.name, c.run)
	}
}

func TestConfigureGet(t *testing.T) {
	const config = "[default]\nregion = d\ns3 =\n  max = 5\n[profile p]\nregion = pp\nempty =\n[profile a.b]\nregion = ab\n[profile a]\nb =\n  region = nested\n" +
		"[sso-session s]\nsso_region = sr\n[services v]\nsso =\n  endpoint_url = http://x\n"
	for _, c := range []struct {
		words  string
		code   int
		stdout string
		stderr string
	}{
		{"region", 0, "d\n", ""},
		{"REGION", 0, "d\n", ""},
		{"region --profile p", 0, "pp\n", ""},
		{"empty --profile p", 0, "\n", ""},
		{"default.region --profile p", 0, "d\n", ""},
		{"profile.p.region", 0, "pp\n", ""},
		{"p.region", 0, "pp\n", ""},
		{"profile.a.b.region", 0, "ab\n", ""},
		{"a.b.region", 0, "ab\n", ""},
		{"b.region --profile a", 0, "nested\n", ""},
		{"s3.max", 0, "5\n", ""},
		{"default.s3.max", 0, "5\n", ""},
		{"profile.default.s3.max", 0, "5\n", ""},
		{"nope", 1, "", ""},
		{"s3.nope", 1, "", ""},
		{"region.sub", 1, "", ""},
		{"nope.region", 1, "", ""},
		{"profile.nope.region", 1, "", ""},
		{"profile.nope.region --profile nope", 1, "", ""},
		{"region --profile nope", 255, "", "The config profile (nope) could not be found"},
		{"s3", 1, "", "varname (s3) must reference a value, not a section or sub-section."},
		{"sso_region --sso-session s", 0, "sr\n", ""},
		{"sso.endpoint_url --services v", 0, "http://x\n", ""},
		{"sso_region --sso-session nope", 255, "", "[ERROR]: The config sub-section (nope) could not be found"},
		{"sso.endpoint_url --services nope", 255, "", "[ERROR]: The config sub-section (nope) could not be found"},
		{"x --sso-session s --services v", 252, "", "mutually exclusive"},
		{"profile.p", 252, "", "names a profile and no setting of it"},
		{"s3.max.x", 252, "", "is no name of a setting"},
		{"s3.", 252, "", "is no name of a setting"},
		{".x", 252, "", "is no name of a setting"},
		{"a b", 252, "", "got 2 words, want 1 (varname)"},
		{"", 252, "", "the following arguments are required: varname"},
	} {
		t.Run(c.words, terminalCase{config: config, args: append([]string{"configure", "get"}, strings.Fields(c.words)...), code: c.code, stdout: c.stdout, stderr: c.stderr}.run)
	}
}

func TestConfigureSet(t *testing.T) {
	const before = "# mine\n[profile p]\nregion=x\n"
	for _, c := range []struct {
		name   string
		words  []string
		code   int
		stderr string
		after  string
	}{
		{"active profile", []string{"output", "text"}, 0, "", before + "\n[default]\noutput = text\n"},
		{"--profile", []string{"output", "text", "--profile", "p"}, 0, "", before + "output = text\n"},
		{"profile.P.K", []string{"profile.p.region", "y"}, 0, "", "# mine\n[profile p]\nregion = y\n"},
		{"P.K of a known profile", []string{"p.region", "y"}, 0, "", "# mine\n[profile p]\nregion = y\n"},
		{"K.SUB where K is a profile, too", []string{"p.max", "5", "--profile", "q"}, 0, "", before + "\n[profile q]\np =\n    max = 5\n"},
		{"profile.P.K and another profile", []string{"profile.p.region", "y", "--profile", "q"}, 0, "", "# mine\n[profile p]\nregion = y\n"},
		{"K.SUB", []string{"s3.max", "5"}, 0, "", before + "\n[default]\ns3 =\n    max = 5\n"},
		{"profile.P.K.SUB", []string{"profile.p.s3.max", "5"}, 0, "", before + "s3 =\n    max = 5\n"},
		{"default.K", []string{"default.region", "y", "--profile", "p"}, 0, "", before + "\n[default]\nregion = y\n"},
		{"a new profile with a blank", []string{"un.known", "v", "--profile", "space test"}, 0, "", before + "\n[profile 'space test']\nun =\n    known = v\n"},
		{"the same value", []string{"region", "x", "--profile", "p"}, 0, "", before},
		{"an empty value", []string{"cli_pager", "", "--profile", "p"}, 0, "", before + "cli_pager =\n"},
		{"a value that begins with -", []string{"k", "--profile", "p", "--", "-v"}, 0, "", before + "k = -v\n"},
		{"--sso-session", []string{"sso_region", "y", "--sso-session", "s"}, 0, "", before + "\n[sso-session s]\nsso_region = y\n"},
		{"--services", []string{"sso.endpoint_url", "http://x", "--services", "v"}, 0, "", before + "\n[services v]\nsso =\n    endpoint_url = http://x\n"},
		{"--sso-session without a name", []string{"sso_region", "y", "--sso-session", ""}, 252, "(ParamValidation): Invalid value for --sso-session.", before},
		{"--sso-session and --services", []string{"k", "v", "--sso-session", "s", "--services", "v"}, 252, "mutually exclusive", before},
		{"a profile without a key", []string{"profile.x", "v"}, 252, "names a profile and no setting of it", before},
		{"a newline in the value", []string{"k", "TOPSECRET\nx"}, 255, "Invalid value for key k: newline characters and carriage returns are not allowed.", before},
		{"a newline in the key", []string{"k\nj", "TOPSECRET"}, 255, "newline characters", before},
		{"a newline in the name of a section", []string{"k", "TOPSECRET", "--profile", "a\n[x]"}, 255, "newline characters", before},
		{"a newline in a nested value", []string{"s3.max", "TOPSECRET\n"}, 255, "newline characters", before},
		{"a secret in two words", []string{"aws_secret_access_key", "TOPSECRET", "TOPSECRET"}, 252, "got 3 words, want 2 (varname value)", before},
		{"a secret like a flag", []string{"aws_secret_access_key", "-TOPSECRET"}, 252, "after --", before},
		{"a secret like a long flag", []string{"aws_secret_access_key", "--TOPSECRET"}, 252, "after --", before},
		{"no value", []string{"k"}, 252, "the following arguments are required: value", before},
	} {
		t.Run(c.name, func(t *testing.T) {
			test := terminalCase{config: before, args: append([]string{"configure", "set"}, c.words...), code: c.code, stderr: c.stderr, after: c.after}
			test.run(t)
		})
	}
}
