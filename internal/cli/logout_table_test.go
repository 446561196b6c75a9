package cli_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/portico-sso/portico/idctest"
)

func TestLogoutTable(t *testing.T) {
	t.Parallel()
	signedIn := signedIn(t)
	all := []string{corpToken, otherToken, legacyToken, corpRole, otherRole, legacyRole}
	ofCorp := []string{corpToken, corpRole}
	const role = `{"ProviderType": "sso", "Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "2030-01-01T00:00:00Z"}}`
	const registration = `{"clientId": "c", "clientSecret": "s", "expiresAt": "2030-01-01T00:00:00Z"}`
	for _, c := range []struct {
		name   string
		put    map[string]string // more files
		edit   map[string]any    // of the token of corp
		args   []string
		env    []string
		fault  idctest.Fault
		gone   []string // of all and of put
		calls  int      // of Logout
		code   int
		stderr []string
	}{
		{name: "several tokens", gone: all, calls: 3, stderr: []string{"Signed out of corp.\n", "Signed out of other.\n", "Signed out of " + legacyURL + ".\n", "Deleted the cached credentials of 3 roles.\n"}},
		{name: "one session", args: []string{"--sso-session", "corp"}, gone: ofCorp, calls: 1, stderr: []string{"Signed out of corp.\nDeleted the cached credentials of 1 role.\n"}},
		{name: "one profile", args: []string{"--profile", "dev"}, gone: ofCorp, calls: 1, stderr: []string{"Signed out of corp.\n"}},
		{name: "a legacy profile", args: []string{"--profile", "old"}, gone: []string{legacyToken, legacyRole}, calls: 1, stderr: []string{"Signed out of " + legacyURL + ".\n"}},
		{name: "an expired token", edit: map[string]any{"expiresAt": "2020-01-01T00:00:00Z"}, args: []string{"--sso-session", "corp"}, gone: ofCorp, calls: 1},
		{name: "a date that is none", edit: map[string]any{"expiresAt": 5}, args: []string{"--sso-session", "corp"}, gone: ofCorp, calls: 1},
		{name: "no region", edit: map[string]any{"region": nil}, args: []string{"--sso-session", "corp"}, gone: ofCorp, stderr: []string{"could not be told: the token says nothing of its region"}},
		{name: "a region that is none", edit: map[string]any{"region": "evil.test/#"}, args: []string{"--sso-session", "corp"}, gone: ofCorp, stderr: []string{"could not be told"}},
		{name: "a token the service does not know", edit: map[string]any{"accessToken": "unknown"}, args: []string{"--sso-session", "corp"}, gone: ofCorp, calls: 1, stderr: []string{"Signed out of corp.\n"}},
		{name: "the service says 400", fault: idctest.Fault{Op: "Logout", Status: 400}, gone: all, calls: 3, stderr: []string{"[WARNING]: signed out here, but " + legacyURL + " could not be told"}},
		{name: "the service is not there", env: []string{"AWS_ENDPOINT_URL_SSO=http://127.0.0.1:1"}, args: []string{"--sso-session", "corp"}, gone: ofCorp, stderr: []string{"[WARNING]: signed out here, but"}},
		{name: "a profile that somebody chose and is not there", env: []string{"AWS_PROFILE=nope"}, gone: all, calls: 3},
		{name: "the session by name, and such a profile", env: []string{"AWS_PROFILE=nope"}, args: []string{"--sso-session", "corp"}, gone: ofCorp, calls: 1},
		{name: "a profile by flag that is not there", args: []string{"--profile", "nope"}, code: 255, stderr: []string{"The config profile (nope) could not be found"}},
		{name: "no such session", args: []string{"--sso-session", "nope"}, code: 253, stderr: []string{`(Configuration): The specified sso-session does not exist: "nope"`}},
		{name: "a profile without SSO", put: map[string]string{"credentials": "[keys]\naws_access_key_id = a\n"}, args: []string{"--profile", "keys"}, code: 253,
			stderr: []string{"Missing the following required SSO configuration values: sso_start_url, sso_region."}},
		{name: "a word too many", args: []string{"corp"}, code: 252, stderr: []string{"Unknown options: corp"}},
		{name: "what is not a token stays", put: map[string]string{
			"sso/cache/registration.json": registration, "sso/cache/array.json": "[1]", "sso/cache/bad.json": `{"accessToken": `, "sso/cache/bom.json": "\ufeff{\"accessToken\": \"x\"}",
			"sso/cache/number.json": `{"accessToken": 5}`, "sso/cache/empty.json": "", "sso/cache/text.json": `"accessToken"`, "sso/cache/sub/deep.json": `{"accessToken": "x", "region": "us-east-1"}`,
			"cli/cache/array.json": "[1]", "cli/cache/bad.json": `{"ProviderType": "sso"`, "cli/cache/null.json": "null", "cli/cache/session.db": "SQLite format 3\x00",
			"cli/cache/assumed.json": strings.Replace(role, `"ProviderType": "sso", `, "", 1), "cli/cache/login.json": strings.Replace(role, "sso", "login", 1), "cli/cache/sub/deep.json": role,
		}, gone: all, calls: 3},
		{name: "a token by any extension", put: map[string]string{"sso/cache/token.bak": `{"accessToken": "x", "region": "us-east-1", "startUrl": "https://x"}`, "sso/cache/plain": `{"accessToken": "y"}`},
			gone: append([]string{"sso/cache/token.bak", "sso/cache/plain"}, all...), calls: 4},
		{name: "one session leaves a stranger's token", put: map[string]string{"sso/cache/token.bak": `{"accessToken": "x", "region": "us-east-1"}`}, args: []string{"--sso-session", "corp"}, gone: ofCorp, calls: 1},
		{name: "the AWS CLI's entries", put: map[string]string{corpRole: role, otherRole: role, "cli/cache/0.json": role}, args: []string{"--sso-session", "corp"}, gone: ofCorp, calls: 1},
		{name: "the AWS CLI's entries, all", put: map[string]string{corpRole: role, otherRole: role, "cli/cache/0.json": role}, gone: append([]string{"cli/cache/0.json"}, all...), calls: 3},
		{name: "an entry that has lost its session's role", put: map[string]string{"cli/cache/1.json": strings.Replace(role, `"Cred`, `"portico_session": "`+strings.TrimSuffix(strings.TrimPrefix(corpToken, "sso/cache/"), ".json")+`", "Cred`, 1)},
			args: []string{"--sso-session", "corp"}, gone: append([]string{"cli/cache/1.json"}, ofCorp...), calls: 1},
		{name: "a session without region or start URL", put: map[string]string{"config": "[sso-session corp]\n"}, args: []string{"--sso-session", "corp"}, gone: ofCorp, calls: 1},
		{name: "a session that has left the config", put: map[string]string{"config": "[default]\n"}, args: []string{"--sso-session", "corp"}, gone: ofCorp, calls: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := signedIn.copy(t)
			p.env = c.env
			for name, content := range c.put {
				p.put(name, content)
			}
			if c.edit != nil {
				p.edit(corpToken, c.edit)
			}
			if c.fault.Op != "" {
				fault, err := p.ic.Inject(t.Context(), c.fault)
				if err != nil {
					t.Fatal(err)
				}
				defer fault.Remove()
			}
			before := lastEvent(t.Context(), t, p.ic)
			stdout, stderr, code := p.run(append([]string{"sso", "logout"}, c.args...)...)
			if code != c.code || stdout != "" {
				t.Errorf("got code %d, want %d; stdout %q", code, c.code, stdout)
			}
			for _, want := range c.stderr {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr: got\n%s\nwant\n%s", stderr, want)
				}
			}
			for _, name := range append(slices.Collect(maps.Keys(c.put)), all...) {
				if p.has(name) == slices.Contains(c.gone, name) {
					t.Errorf("%s: got there %v, want %v", name, p.has(name), !p.has(name))
				}
			}
			if n := calls(t.Context(), t, p.ic, "Logout", before); n != c.calls {
				t.Errorf("got %d calls of Logout, want %d", n, c.calls)
			}
		})
	}
}

func TestLogoutOfNothing(t *testing.T) {
	p := person{t: t, ic: idctest.New(t, idctest.Listen()), home: t.TempDir()}
	for _, args := range [][]string{{"sso", "logout"}, {"sso", "logout", "--debug"}} {
		if stdout, stderr, code := p.run(args...); code != 0 || stdout != "" || stderr != "There was no sign-in.\n" {
			t.Errorf("no caches: got code %d, %q, %q", code, stdout, stderr)
		}
	}
	if p.has("sso") || p.has("cli") {
		t.Error("caches were made")
	}
}

// A link to a token is a token.
func TestLogoutFollowsNoLinkAway(t *testing.T) {
	p := person{t: t, ic: idctest.New(t, idctest.Listen()), home: t.TempDir()}
	p.put("elsewhere.json", `{"accessToken": "x", "region": "us-east-1", "startUrl": "https://x"}`)
	p.put("sso/cache/keep.txt", "")
	if err := os.Symlink("../../elsewhere.json", p.path(corpToken)); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink("nowhere", p.path("sso/cache/dangling.json")); err != nil {
		t.Fatal(err)
	}
	p.must("sso", "logout")
	if p.has(corpToken) || !p.has("sso/cache/dangling.json") || calls(t.Context(), t, p.ic, "Logout", 0) != 1 {
		t.Error("want the link gone, the dangling one kept and the service told")
	}
}
