package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-sso/portico/idctest"
)

func TestPortal(t *testing.T) {
	real := []string{"AWS_ENDPOINT_URL="}
	const session = "[profile dev]\nsso_session = corp\n[profile keys]\naws_access_key_id = a\naws_secret_access_key = b\nregion = us-east-1\n[sso-session corp]\nsso_start_url = https://sso.example.com/\nsso_region = us-east-1\n"
	for _, c := range []terminalCase{
		{name: "the only session", config: session, env: real, args: []string{"portal"}, stdout: "https://sso.example.com/\n"},
		{name: "the profile's session", config: session, env: real, args: []string{"portal", "--profile", "dev"}, stdout: "https://sso.example.com/\n"},
		{name: "the named session", config: session, env: real, args: []string{"portal", "--profile", "keys", "--sso-session", "corp"}, stdout: "https://sso.example.com/\n"},
		{name: "a legacy profile", config: "[default]\nsso_start_url = https://d-1.awsapps.com/start#/\nsso_region = us-east-1\n", env: real, args: []string{"portal"}, stdout: "https://d-1.awsapps.com/start#/\n"},
		{name: "a local Identity Center", config: session, args: []string{"portal"}, stdout: "http://127.0.0.1:1/start\n"},
		{name: "no such session", config: session, args: []string{"portal", "--sso-session", "nope"}, code: 253, stderr: `The specified sso-session does not exist: "nope"`},
		{name: "neither session nor keys", args: []string{"portal"}, code: 253, stderr: "Missing the following required SSO configuration values: sso_start_url, sso_region."},
		{name: "keys and no region", env: []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}, args: []string{"portal"}, code: 253, stderr: "(NoRegion): You must specify a region"},
		{name: "keys of nobody", config: session, args: []string{"portal", "--profile", "keys"}, code: 255, stderr: `Could not connect to the endpoint URL: "http://127.0.0.1:1/"`},
		{name: "no such profile", args: []string{"portal", "--profile", "nope"}, code: 255, stderr: "could not be found"},
		{name: "a word too many", args: []string{"portal", "x"}, code: 252, stderr: "Unknown options: x"},
	} {
		t.Run(c.name, c.run)
	}
}

// An administrator without a session gets the portal of the instance; --open
// opens it.
func TestPortalOfTheInstance(t *testing.T) {
	p := person{t: t, ic: idctest.New(t, idctest.Listen()), home: t.TempDir()}
	p.put("config", strings.ReplaceAll(twoSessions, "111111111111", "999999999999"))
	p.must("sso", "login", "--sso-session", "corp")
	lines := p.must("configure", "export-credentials", "--profile", "dev", "--format", "env-no-export")
	p.home, p.env = t.TempDir(), append(strings.Fields(lines), "AWS_REGION=us-east-1")
	if got := p.must("portal"); got != p.ic.URL+"/start\n" {
		t.Errorf("got %q, want %s/start", got, p.ic.URL)
	}
	if n := calls(t.Context(), t, p.ic, "ListInstances", 0); n != 1 {
		t.Errorf("got %d calls of ListInstances, want 1", n)
	}
	portico, err := exec.LookPath("portico")
	if err != nil {
		t.Fatal(err)
	}
	opened := filepath.Join(t.TempDir(), "opened")
	open := exec.CommandContext(t.Context(), "sh", "-c", `"$0" portal --open; until [ -s "$OPENED" ]; do sleep 0.01; done; cat "$OPENED"`, portico)
	open.Env = append(append(p.ic.Env(), p.env...), "HOME="+p.home, "PATH="+os.Getenv("PATH"), "OPENED="+opened, "BROWSER=sh -c 'echo opened $0 >$OPENED' %s", atOnce)
	out, err := open.CombinedOutput()
	if want := p.ic.URL + "/start\nopened " + p.ic.URL + "/start\n"; err != nil || string(out) != want {
		t.Errorf("--open: got %q (%v), want %q", out, err, want)
	}
}
