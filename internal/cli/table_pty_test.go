//go:build unix

package cli_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// A table knows its terminal: it turns on its side where that is narrow, and is
// in colour unless somebody minds.
func TestTableOnATerminal(t *testing.T) {
	env, home := local(t)
	config := `[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
output = table
`
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(columns uint16, extra ...string) string {
		t.Helper()
		path, err := exec.LookPath("portico")
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "sts", "get-caller-identity", "--profile", "dev", "--query", "{Account: Account, Mine: `true`, Text: `a word`}")
		cmd.Env = append(env, extra...)
		if columns == 0 {
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			return string(out)
		}
		tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: columns})
		if err != nil {
			t.Fatal(err)
		}
		defer tty.Close()
		out, _ := io.ReadAll(tty) // fails when the program ends, on Linux
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return strings.ReplaceAll(string(out), "\r", "")
	}
	login := exec.Command("portico", "sso", "login", "--profile", "dev")
	login.Env = env
	if out, err := login.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const flat = `------------------------------------
|         GetCallerIdentity        |
+---------------+-------+----------+
|    Account    | Mine  |  Text    |
+---------------+-------+----------+
|  111111111111 |  True |  a word  |
+---------------+-------+----------+
`
	const turned = `-----------------------------
|     GetCallerIdentity     |
+----------+----------------+
|  Account |  111111111111  |
|  Mine    |  True          |
|  Text    |  a word        |
+----------+----------------+
`
	for _, c := range []struct {
		columns uint16
		env     string
		colour  bool
		want    string
	}{
		{0, "", false, flat},
		{80, "", true, flat},
		{80, "NO_COLOR=1", false, flat},
		{30, "", true, turned},
		{30, "NO_COLOR=1", false, turned},
	} {
		got := run(c.columns, c.env)
		if colour := strings.Contains(got, "\x1b[1m\x1b[34m111111111111\x1b[0m"); colour != c.colour {
			t.Errorf("%d columns, %s: got colour %t, want %t", c.columns, c.env, colour, c.colour)
		}
		if got = escapes.ReplaceAllString(got, ""); got != c.want {
			t.Errorf("%d columns, %s: got\n%s\nwant\n%s", c.columns, c.env, got, c.want)
		}
	}
}
