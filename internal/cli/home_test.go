package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/cli"
	"github.com/portico-sso/portico/internal/cli/clitest"
	"github.com/portico-sso/portico/internal/wallet"
)

// A person has a home, and an Identity Center in which they are alice.
type person struct {
	t    *testing.T
	ic   *idctest.IdentityCenter
	home string
	env  []string
}

// run runs portico in the person's home, in this process; a browser of theirs
// allows everything.
func (p person) run(args ...string) (stdout, stderr string, code int) {
	p.t.Helper()
	var out, problems bytes.Buffer
	ctx := p.t.Context()
	app := cli.App{
		Name: "portico", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problems, Home: p.home,
		Env: append(append(p.ic.Env(), "HOME="+p.home, "PATH="+os.Getenv("PATH"), "TZ=UTC"), p.env...),
		OpenURL: func(address string) error {
			go func() {
				if err := p.ic.Approve(ctx, "alice", address); err != nil && ctx.Err() == nil {
					p.t.Errorf("the browser: %v", err)
				}
			}()
			return nil
		},
	}
	app = clitest.WithKeyring(app)
	code = app.Run(ctx, args)
	return out.String(), problems.String(), code
}

// must is run for what has to work.
func (p person) must(args ...string) (stdout string) {
	p.t.Helper()
	stdout, stderr, code := p.run(args...)
	if code != 0 {
		p.t.Fatalf("%q: got code %d and %s", args, code, stderr)
	}
	return stdout
}

// copy is the person with a copy of the home.
func (p person) copy(t *testing.T) person {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	if err := os.CopyFS(home, os.DirFS(p.home)); err != nil {
		t.Fatal(err)
	}
	p.t, p.home = t, home
	return p
}

func (p person) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p person) path(name string) string {
	return filepath.Join(p.home, ".aws", filepath.FromSlash(name))
}

// put writes a file below .aws.
func (p person) put(name, content string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(p.path(name)), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.path(name), []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p person) has(name string) bool {
	_, err := os.Lstat(p.path(name))
	return err == nil
}

// edit changes a JSON file below .aws; a nil value removes its key.
func (p person) edit(name string, changes map[string]any) {
	p.t.Helper()
	data, err := os.ReadFile(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	var content map[string]any
	if err := json.Unmarshal(data, &content); err != nil {
		p.t.Fatal(err)
	}
	for k, v := range changes {
		if v == nil {
			delete(content, k)
		} else {
			content[k] = v
		}
	}
	if data, err = json.Marshal(content); err != nil {
		p.t.Fatal(err)
	}
	p.put(name, string(data))
}

func tokenFile(session, startURL string) string {
	return "sso/cache/" + wallet.TokenKey(session, startURL) + ".json"
}

func roleFile(key wallet.RoleKey) string { return "cli/cache/" + key.Name() + ".json" }

// calls counts an operation's calls since an event.
func calls(ctx context.Context, t *testing.T, ic *idctest.IdentityCenter, operation string, after int64) int {
	t.Helper()
	found, err := ic.Events(ctx, idctest.EventFilter{Operation: operation, After: after})
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// lastEvent is where the events stand now.
func lastEvent(ctx context.Context, t *testing.T, ic *idctest.IdentityCenter) int64 {
	t.Helper()
	found, err := ic.Events(ctx, idctest.EventFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return 0
	}
	return found[len(found)-1].Sequence
}

const legacyURL = "https://d-1234567890.awsapps.com/start"

// twoSessions is a config with the sessions corp and other, and the legacy profile
// old, for one role.
const twoSessions = `[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = eu-west-1
[profile dev2]
sso_session = other
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
[profile old]
sso_start_url = ` + legacyURL + `
sso_region = us-east-1
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
[sso-session corp]
sso_start_url = ` + legacyURL + `
sso_region = us-east-1
sso_registration_scopes = sso:account:access
[sso-session other]
sso_start_url = ` + legacyURL + `
sso_region = us-east-1
sso_registration_scopes = sso:account:access
`

var (
	corpToken   = tokenFile("corp", "")
	otherToken  = tokenFile("other", "")
	legacyToken = tokenFile("", legacyURL)
	corpRole    = roleFile(wallet.RoleKey{AccountID: "111111111111", RoleName: "AdministratorAccess", Session: "corp"})
	otherRole   = roleFile(wallet.RoleKey{AccountID: "111111111111", RoleName: "AdministratorAccess", Session: "other"})
	legacyRole  = roleFile(wallet.RoleKey{AccountID: "111111111111", RoleName: "AdministratorAccess", StartURL: legacyURL})
)

// signedIn is a person who has signed in to all of twoSessions and used its roles.
func signedIn(t *testing.T) person {
	t.Helper()
	p := person{t: t, ic: idctest.New(t, idctest.Listen()), home: t.TempDir()}
	p.put("config", twoSessions)
	p.must("sso", "login", "--sso-session", "corp")
	p.must("sso", "login", "--sso-session", "other")
	p.must("sso", "login", "--profile", "old")
	for _, profile := range []string{"dev", "dev2", "old"} {
		p.must("credential-process", "--profile", profile)
	}
	return p
}

// token reads a JSON file below .aws.
func (p person) token(name string) map[string]any {
	p.t.Helper()
	data, err := os.ReadFile(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	var content map[string]any
	if err := json.Unmarshal(data, &content); err != nil {
		p.t.Fatal(err)
	}
	return content
}
