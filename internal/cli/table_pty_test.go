//go:build unix

package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// A table knows its terminal: it turns on its side where that is narrow, and is
// in colour unless somebody minds.
func TestTableOnATerminal(t *testing.T) {
	env, home := local(t)
	configured(t, home, strings.Replace(corp, "region = eu-west-1", "output = table", 1))
	run := func(columns uint16, extra ...string) string {
		t.Helper()
		cmd := program(t, nil, "sts", "get-caller-identity", "--profile", "dev", "--query", "{Account: Account, Mine: `true`, Text: `a word`}")
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
	if out, err := program(t, env, "sso", "login", "--profile", "dev").CombinedOutput(); err != nil {
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

// A stranger's names do not steer a terminal. A pipe gets them as they are.
func TestNamesOnATerminal(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"Accounts": [{"Name": "a\u001b[2Jb\u202e"}]}`)
	}))
	defer service.Close()
	env := []string{"HOME=" + t.TempDir(), "AWS_PAGER=", "NO_COLOR=1", "TERM=xterm-256color", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret"}
	for _, format := range []string{"text", "table"} {
		words := []string{"organizations", "list-accounts", "--endpoint-url", service.URL, "--output", format}
		out, err := program(t, env, words...).Output()
		if err != nil || !strings.Contains(string(out), "a\x1b[2Jb\u202e") {
			t.Errorf("%s, through a pipe: got %q (%v)", format, out, err)
		}
		s := open(t, env, words...)
		s.expect("ab")
		if code := s.end(); code != 0 || strings.ContainsAny(s.text, "\x1b\u202e") {
			t.Errorf("%s, on a terminal: got %d, %q", format, code, s.text)
		}
	}
}
