package doctor

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/wallet"
)

// A home is a machine made up: files, an environment, and what a network, a
// keyring and other programs would say.
type home struct {
	dir    string
	files  map[string]string // by path under the home
	modes  map[string]fs.FileMode
	links  map[string]string
	dirs   []string
	env    map[string]string
	adjust []func(*Facts)
}

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func stamp(d time.Duration) string { return now.Add(d).Format("2006-01-02T15:04:05Z") }

const config = ".aws/config"
const credentials = ".aws/credentials"

// tokenJSON is a sign-in that can be refreshed.
func tokenJSON(startURL, region string, left time.Duration) string {
	return fmt.Sprintf(`{"startUrl": %q, "region": %q, "accessToken": "aoa-secret-access-token", "expiresAt": %q, "clientId": "client-id", "clientSecret": "client-secret-value", "registrationExpiresAt": %q, "refreshToken": "aor-secret-refresh-token"}`,
		startURL, region, stamp(left), stamp(60*24*time.Hour))
}

func tokenFile(key string) string { return ".aws/sso/cache/" + wallet.TokenKey(key, "") + ".json" }

// healthy is a home in which nothing is wrong: two profiles of a session that is
// signed in, role credentials in the cache, an AWS CLI of today.
func healthy(dir string) *home {
	return &home{
		dir: dir,
		files: map[string]string{
			config: `# ours
[default]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = eu-west-1

[profile prod]
sso_session = corp
sso_account_id = 222222222222
sso_role_name = ReadOnly
region = eu-west-1
s3 =
    max_concurrent_requests = 20

[profile chained]
role_arn = arn:aws:iam::333333333333:role/Deploy
source_profile = prod

[sso-session corp]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access
`,
			tokenFile("corp"):              tokenJSON("https://acme.awsapps.com/start", "eu-central-1", 6*time.Hour),
			".aws/sso/cache/0123abcd.json": fmt.Sprintf(`{"clientId": "client-id", "clientSecret": "client-secret-value", "expiresAt": %q, "scopes": ["sso:account:access"], "grantTypes": ["authorization_code", "refresh_token"]}`, stamp(60*24*time.Hour)),
			".aws/cli/cache/4567abcd.json": fmt.Sprintf(`{"ProviderType": "sso", "Credentials": {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret-key", "SessionToken": "session-token", "Expiration": %q}}`, stamp(time.Hour)),
		},
		modes: map[string]fs.FileMode{}, links: map[string]string{},
		env: map[string]string{"AWS_PROFILE": "prod", "AWS_REGION": "eu-west-1"},
	}
}

// append adds text to a file.
func (h *home) append(name, text string) { h.files[name] += text }

// facts writes the home and reads it.
func (h *home) facts(t *testing.T) *Facts {
	t.Helper()
	h.write(t)
	return h.read()
}

func (h *home) write(t *testing.T) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range append(slices.Clone(h.dirs), ".aws/sso/cache", ".aws/cli/cache") {
		check(os.MkdirAll(filepath.Join(h.dir, dir), 0o700))
	}
	for name, text := range h.files {
		path := filepath.Join(h.dir, filepath.FromSlash(name))
		check(os.MkdirAll(filepath.Dir(path), 0o700))
		check(os.WriteFile(path, []byte(text), 0o600))
	}
	for name, to := range h.links {
		check(os.Symlink(to, filepath.Join(h.dir, filepath.FromSlash(name))))
	}
	for name, mode := range h.modes {
		path := filepath.Join(h.dir, filepath.FromSlash(name))
		check(os.Chmod(path, mode))
		t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
	}
}

func (h *home) read() *Facts {
	f := h.place().Read()
	h.imagine(f)
	return f
}

func (h *home) place() Place {
	lookup := func(name string) (string, bool) {
		v, ok := h.env[name]
		return strings.ReplaceAll(v, "$HOME", h.dir), ok
	}
	state := filepath.Join(h.dir, "state")
	return Place{Home: h.dir, State: state, Files: awsconfig.Locate(lookup, h.dir, filepath.Join(state, "locks")), Lookup: lookup, Program: "portico", Now: now}
}

// imagine adds what is not in files.
func (h *home) imagine(f *Facts) {
	f.OS = "linux"
	f.ToolsSought = true
	f.Tools = []Tool{{Name: "aws", Path: "/usr/bin/aws", Version: "2.36.7"}, {Name: "botocore", Path: "/usr/bin/python3", Version: "1.43.11"}}
	f.Typos = func(a, b string) int {
		if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
			return max(len(a), len(b)) - min(len(a), len(b))
		}
		return max(len(a), len(b))
	}
	f.Reaches = []Reach{{Session: "corp", Listed: now.Add(-time.Hour), Roles: map[string]bool{"111111111111/AdministratorAccess": true, "111111111111/ReadOnly": true, "222222222222/ReadOnly": true}}}
	f.Executable = func(name string) error {
		if name == "portico" || name == "portico-credential-process" {
			return nil
		}
		return fs.ErrNotExist
	}
	f.Probes = []Probe{
		{Host: "oidc.eu-central-1.amazonaws.com", For: "sso-session corp", Dated: true, Ahead: time.Second},
		{Host: "acme.awsapps.com", For: "sso-session corp", Session: "sso-session corp", Portal: "eu-central-1"},
	}
	for _, adjust := range h.adjust {
		adjust(f)
	}
}

func ids(findings []Finding) []string {
	set := map[string]bool{}
	for _, f := range findings {
		set[f.ID] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// fix does what a plan says.
func fix(t *testing.T, p Plan) {
	t.Helper()
	for _, c := range p.Changes {
		if err := os.WriteFile(c.File, c.After, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range p.Actions {
		if err := a.Do(); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}
