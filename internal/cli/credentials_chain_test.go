package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-sso/portico/idctest"
)

// exported is what export-credentials prints of keys.
func exported(id, secret string) string {
	return fmt.Sprintf("{\n  \"Version\": 1,\n  \"AccessKeyId\": %q,\n  \"SecretAccessKey\": %q\n}\n", id, secret)
}

func TestCredentialProcess(t *testing.T) {
	// A process is a script of its own: no shell stands between.
	script := func(t *testing.T, body string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "process")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("needs sh")
	}
	const good = `echo '{"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "sec"}'`
	const sso = "sso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n"
	for _, c := range []struct {
		name, body, more string // of the process, and of the profile
		words            string // after the process's path
		env              []string
		code             int
		stdout, stderr   string
	}{
		{name: "good", body: good, stdout: exported("AKID", "sec")},
		{name: "it leaves a helper behind", body: good + "; sleep 20 & exit 0", stdout: exported("AKID", "sec")},
		{name: "before keys of the config file", body: good, more: "aws_access_key_id = a\naws_secret_access_key = b\n", stdout: exported("AKID", "sec")},
		{name: "behind SSO", body: good, more: sso, code: 255, stderr: "Token for https://x does not exist"},
		{name: "its words are split, and nothing else", body: `[ "$#" = 3 ] && [ "$1" = 'a b' ] && [ "$2" = '|' ] && [ "$3" = '$HOME' ] && ` + good, words: ` "a b" | $HOME`, stdout: exported("AKID", "sec")},
		{name: "it says what it is for", body: `[ "$_AWS_CLI_PROFILE_CHAIN" = p ] && ` + good, stdout: exported("AKID", "sec")},
		{name: "it says what it is for, further on", env: []string{"_AWS_CLI_PROFILE_CHAIN=a"}, body: `[ "$_AWS_CLI_PROFILE_CHAIN" = a,p ] && ` + good, stdout: exported("AKID", "sec")},
		{name: "all members", body: `echo '{"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "sec", "SessionToken": "tok", "Expiration": "2099-01-01T00:00:00Z", "AccountId": "1"}'`,
			stdout: "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"AKID\",\n  \"SecretAccessKey\": \"sec\",\n  \"SessionToken\": \"tok\",\n  \"Expiration\": \"2099-01-01T00:00:00+00:00\"\n}\n"},
		{name: "it fails", body: "echo no luck >&2; exit 3", code: 253, stderr: "Unable to retrieve credentials: Error when retrieving credentials from custom-process: no luck\n"},
		{name: "it fails in silence", body: "exit 3", code: 253, stderr: "Error when retrieving credentials from custom-process: exit status 3\n"},
		{name: "another version", body: `echo '{"Version": 2}'`, code: 253, stderr: "Unsupported version '2' for credential process provider, supported versions: 1\n"},
		{name: "no version", body: `echo '{"AccessKeyId": "TOPSECRET"}'`, code: 253, stderr: "Unsupported version '<Version key not provided>' for credential process provider, supported versions: 1\n"},
		{name: "no secret", body: `echo '{"Version": 1, "AccessKeyId": "TOPSECRET"}'`, code: 253, stderr: "Missing required key in response: 'SecretAccessKey'\n"},
		{name: "no key", body: `echo '{"Version": 1, "SecretAccessKey": "TOPSECRET"}'`, code: 253, stderr: "Missing required key in response: 'AccessKeyId'\n"},
		{name: "over", body: `echo '{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "Expiration": "2020-01-01T00:00:00Z"}'`, code: 253, stderr: "Credentials were refreshed, but the refreshed credentials are still expired.\n"},
		{name: "no date", body: `echo '{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "Expiration": "soon"}'`, code: 253, stderr: "its Expiration is no date"},
		{name: "no JSON", body: `echo TOPSECRET`, code: 253, stderr: "its output is not a JSON object"},
		{name: "nothing", body: ``, code: 253, stderr: "its output is not a JSON object"},
		{name: "too much", body: `yes TOPSECRET | head -c 3000000`, code: 253, stderr: "its output is not a JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			terminalCase{config: "[profile p]\ncredential_process = " + script(t, c.body) + c.words + "\n" + c.more, env: c.env,
				args: []string{"configure", "export-credentials", "--profile", "p"}, code: c.code, stdout: c.stdout, stderr: c.stderr}.run(t)
		})
	}
	t.Run("keys of the credentials file come first", terminalCase{config: "[profile p]\ncredential_process = false\n", credentials: "[p]\naws_access_key_id = a\naws_secret_access_key = b\n",
		args: []string{"configure", "export-credentials", "--profile", "p"}, stdout: exported("a", "b")}.run)
	t.Run("no such program", terminalCase{config: "[profile p]\ncredential_process = no-such-program-here\n",
		args: []string{"configure", "export-credentials", "--profile", "p"}, code: 253, stderr: "Error when retrieving credentials from custom-process: no-such-program-here: no such command on PATH"}.run)
	t.Run("an open quotation mark", terminalCase{config: "[profile p]\ncredential_process = a 'b\n",
		args: []string{"configure", "export-credentials", "--profile", "p"}, code: 253, stderr: "a quotation mark is not closed"}.run)
	t.Run("configure list", terminalCase{config: "[profile p]\ncredential_process = " + script(t, good) + "\n", args: []string{"configure", "list", "--profile", "p"},
		stdout: listHeader + "profile    : p                        : manual           : --profile\naccess_key : ****************AKID     : custom-process   : \nsecret_key : ****************sec      : custom-process   : \nregion     : <not set>                : None             : None\n"}.run)
}

// An stsStub answers for STS where roles are assumed, which the local Identity
// Center does not offer: it hands out what the SDK's reader wants, and remembers
// what was asked, and with whose key it was signed.
type stsStub struct {
	mu    sync.Mutex
	asked []url.Values
	keys  []string
}

func (s *stsStub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	s.mu.Lock()
	s.asked, s.keys = append(s.asked, form), append(s.keys, key)
	n := len(s.asked)
	s.mu.Unlock()
	action := form.Get("Action")
	w.Header().Set("Content-Type", "text/xml")
	if strings.HasSuffix(form.Get("RoleArn"), "/Denied") {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>`)
		return
	}
	fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/x/y</Arn></AssumedRoleUser>`+
		`<Credentials><AccessKeyId>ASSUMED%[2]d</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%[3]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`,
		action, n, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	const role = "role_arn = arn:aws:iam::222222222222:role/"
	const keys = "[profile keys]\naws_access_key_id = STATIC\naws_secret_access_key = b\n"
	signedIn := signedIn(t)
	for _, c := range []struct {
		name   string
		config string // of the profile p, and more
		env    []string
		keys   []string // that signed the calls; dev is the SSO role's
		asked  map[string]string
		code   int
		stderr string
	}{
		{name: "by a profile's keys", config: role + "A\nsource_profile = keys\n" + keys, keys: []string{"STATIC"}, asked: map[string]string{"RoleArn": "arn:aws:iam::222222222222:role/A"}},
		{name: "by an SSO profile", config: role + "A\nsource_profile = dev\n", keys: []string{"dev"}},
		{name: "before SSO of its own", config: role + "A\nsource_profile = keys\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n" + keys, keys: []string{"STATIC"}},
		{name: "a chain", config: role + "A\nsource_profile = middle\n[profile middle]\n" + role + "B\nsource_profile = dev\n", keys: []string{"dev", "ASSUMED1"}},
		{name: "its own keys", config: role + "A\nsource_profile = p\naws_access_key_id = OWN\naws_secret_access_key = b\n", keys: []string{"OWN"}},
		{name: "the environment's keys", config: role + "A\ncredential_source = Environment\n", env: []string{"AWS_ACCESS_KEY_ID=ENV", "AWS_SECRET_ACCESS_KEY=b"}, keys: []string{"ENV"}},
		{name: "what else it asks for", config: role + "A\nsource_profile = keys\nrole_session_name = me\nexternal_id = x\nduration_seconds = 900\n" + keys, keys: []string{"STATIC"},
			asked: map[string]string{"RoleSessionName": "me", "ExternalId": "x", "DurationSeconds": "900"}},
		{name: "a web identity", config: role + "A\nweb_identity_token_file = TOKEN\n", keys: []string{""}, asked: map[string]string{"Action": "AssumeRoleWithWebIdentity", "WebIdentityToken": "the-token"}},
		{name: "refused", config: role + "Denied\nsource_profile = keys\n" + keys, keys: []string{"STATIC"}, code: 254, stderr: "An error occurred (AccessDenied) when calling the AssumeRole operation: not you"},
		{name: "no source", config: role + "A\n", code: 253, stderr: "Partial credentials found in assume-role, missing: source_profile or credential_source"},
		{name: "two sources", config: role + "A\nsource_profile = keys\ncredential_source = Environment\n" + keys, code: 253, stderr: `The profile "p" contains both source_profile and credential_source.`},
		{name: "a source that is not there", config: role + "A\nsource_profile = nope\n", code: 253, stderr: `The source_profile "nope" referenced in the profile "p" does not exist.`},
		{name: "a source without credentials", config: role + "A\nsource_profile = empty\n[profile empty]\n", code: 253, stderr: `The source profile "empty" must have credentials.`},
		{name: "a source of this machine", config: role + "A\ncredential_source = Ec2InstanceMetadata\n", code: 253, stderr: "which portico does not resolve"},
		{name: "a loop", config: role + "A\nsource_profile = q\n[profile q]\n" + role + "B\nsource_profile = p\n", code: 253, stderr: "Infinite loop in credential configuration detected. Attempting to load from profile p which has already been visited. Visited profiles: ['p', 'q']"},
		{name: "itself", config: role + "A\nsource_profile = p\n", code: 253, stderr: "Infinite loop in credential configuration detected."},
		{name: "MFA without a terminal", config: role + "A\nsource_profile = keys\nmfa_serial = arn:mfa\n" + keys, code: 253, stderr: "Enter MFA code for arn:mfa: there is no terminal to ask on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stub := &stsStub{}
			server := httptest.NewServer(stub)
			defer server.Close()
			p := signedIn.copy(t)
			p.env = append(c.env, "AWS_ENDPOINT_URL_STS="+server.URL)
			p.put("token", "the-token\n")
			p.put("config", twoSessions+"[profile p]\n"+strings.ReplaceAll(c.config, "TOKEN", p.path("token")))
			args := []string{"configure", "export-credentials", "--profile", "p"}
			stdout, stderr, code := p.run(args...)
			if code != c.code || !strings.Contains(stderr, c.stderr) || (code == 0) != strings.Contains(stdout, fmt.Sprintf(`"ASSUMED%d"`, len(c.keys))) {
				t.Errorf("got code %d, %s%s", code, stdout, stderr)
			}
			if len(stub.keys) != len(c.keys) {
				t.Fatalf("got the calls %v by %q, want %q", stub.asked, stub.keys, c.keys)
			}
			for i, want := range c.keys {
				if got := stub.keys[i]; got != want && (want != "dev" || !strings.HasPrefix(got, "ASIA")) {
					t.Errorf("call %d: signed by %s, want %s", i, got, want)
				}
			}
			for name, want := range c.asked {
				if got := stub.asked[0].Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if code != 0 {
				return
			}
			// From the cache now, and signing out of SSO leaves it there.
			p.must("sso", "logout")
			if again := p.must(args...); again != stdout || len(stub.keys) != len(c.keys) {
				t.Errorf("again: got %s by %d calls, want %s", again, len(stub.keys), stdout)
			}
		})
	}
}

// What is wrong with a chain's configuration is said in botocore's words, and by it:
// loops among them, wherever they close.
func TestChainErrorsAreBotocores(t *testing.T) {
	const role = "role_arn = arn:aws:iam::222222222222:role/"
	cases := map[string]string{
		"no source":        role + "A\n",
		"two sources":      role + "A\nsource_profile = p\ncredential_source = Environment\n",
		"no such source":   role + "A\nsource_profile = nope\n",
		"no such source 2": role + "A\nsource_profile = q\n[profile q]\n" + role + "B\nsource_profile = nope\n",
		"no such provider": role + "A\ncredential_source = Elsewhere\n",
		"bare source":      role + "A\nsource_profile = q\n[profile q]\nregion = us-east-1\n",
		"an empty source":  role + "A\nsource_profile =\n",
		"an empty one too": role + "A\nsource_profile = q\ncredential_source =\n[profile q]\naws_access_key_id = a\naws_secret_access_key = b\n",
		"itself":           role + "A\nsource_profile = p\n",
		"a loop":           role + "A\nsource_profile = q\n[profile q]\n" + role + "B\nsource_profile = p\n",
		"a loop further":   role + "A\nsource_profile = q\n[profile q]\n" + role + "B\nsource_profile = r\n[profile r]\n" + role + "C\nsource_profile = q\n",
		"a loop to keys":   role + "A\nsource_profile = q\naws_access_key_id = a\naws_secret_access_key = b\n[profile q]\n" + role + "B\nsource_profile = p\n",
		"itself further":   role + "A\nsource_profile = q\n[profile q]\n" + role + "B\nsource_profile = q\n",
	}
	const script = `
import json, os, sys, botocore.session
said = {}
for name, text in json.load(sys.stdin).items():
    path = os.path.join(sys.argv[1], 'config')
    with open(path, 'w') as f: f.write('[profile p]\n' + text)
    os.environ.update(AWS_CONFIG_FILE=path, AWS_SHARED_CREDENTIALS_FILE='/nonexistent', AWS_EC2_METADATA_DISABLED='true')
    try:
        c = botocore.session.Session(profile='p').get_credentials()
        said[name] = repr(c)
    except Exception as e:
        said[name] = str(e)
json.dump(said, sys.stdout)`
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-B", "-c", script, t.TempDir())
	cmd.Stdin, cmd.Env = bytes.NewReader(in), []string{"HOME=/nonexistent", "PATH=/usr/bin"}
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), "debian-boto3") {
			t.Fatalf("debian-boto3 is required: %v\n%s", err, problem.String())
		}
		t.Skipf("debian-boto3 is absent: %v", err)
	}
	var said map[string]string
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatal(err)
	}
	p := person{t: t, ic: idctest.New(t, idctest.Listen()), home: t.TempDir()}
	for name, text := range cases {
		p.put("config", "[profile p]\n"+text)
		_, stderr, code := p.run("configure", "export-credentials", "--profile", "p")
		if code != 253 || !strings.Contains(stderr, said[name]) {
			t.Errorf("%s: got code %d and %s\nwant %s", name, code, stderr, said[name])
		}
	}
}
