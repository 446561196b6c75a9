//go:build unix

package cli_test

import (
	"slices"
	"strings"
	"testing"
)

// On a terminal answers come through a pager, which the settings choose; how a
// person leaves it is no error.
func TestPager(t *testing.T) {
	t.Parallel() // it mostly waits
	env, home := local(t)
	configured(t, home, corp+"[profile paged]\nsso_session = corp\ncli_pager = sed s/^/profile:/\n[profile unpaged]\nsso_session = corp\ncli_pager =\n")
	if _, stderr, code := outcome(t, program(t, env, "sso", "login", "--profile", "dev")); code != 0 {
		t.Fatal(stderr)
	}
	const first = `{` + "\n" + `    "accountList": [`
	for _, tt := range []struct {
		name string
		env  []string
		args []string
		want string
		keys string
		code int
	}{
		{name: "AWS_PAGER, in words of a shell", env: []string{`AWS_PAGER=sed "s/^/AWS PAGER:/"`}, want: "AWS PAGER:" + first[:1]},
		{name: "before cli_pager", env: []string{"AWS_PAGER=sed s/^/variable:/"}, args: []string{"--profile", "paged"}, want: "variable:{"},
		{name: "cli_pager before PAGER", env: []string{"PAGER=sed s/^/general:/"}, args: []string{"--profile", "paged"}, want: "profile:{"},
		{name: "PAGER", env: []string{"PAGER=sed s/^/general:/"}, want: "general:{"},
		{name: "how less is told to be", env: []string{`AWS_PAGER=sh -c 'echo LESS is $LESS; cat'`}, want: "LESS is FRX\n{"},
		{name: "how a person tells less to be", env: []string{"LESS=M", `AWS_PAGER=sh -c 'echo LESS is $LESS; cat'`}, want: "LESS is M\n{"},
		{name: "empty AWS_PAGER", env: []string{"AWS_PAGER=", "PAGER=sed s/^/general:/"}, want: first},
		{name: "empty cli_pager", env: []string{"PAGER=sed s/^/general:/"}, args: []string{"--profile", "unpaged"}, want: first},
		{name: "flag", env: []string{"AWS_PAGER=sed s/^/variable:/"}, args: []string{"--no-cli-pager"}, want: first},
		{name: "none there", env: []string{"AWS_PAGER=no-such-pager --x"}, code: 253,
			want: "portico: [ERROR]: An error occurred (Pager): Unable to redirect output to pager. Received the following error when opening pager:\n[Errno 2] No such file or directory: 'no-such-pager'"},
		{name: "quit at once", env: []string{"AWS_PAGER=true"}},
		{name: "which fails", env: []string{"AWS_PAGER=sh -c 'head -1; exit 3'"}, want: "{"},
		{name: "less, left", env: []string{"AWS_PAGER=less", "LESS=X"}, want: "accountList", keys: "q"},
		{name: "nothing to page", env: []string{"AWS_PAGER=echo a pager"}, args: []string{"--output", "off"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := slices.Concat(env, tt.env)
			if len(tt.args) == 0 || tt.args[0] != "--profile" {
				tt.args = append(tt.args, "--profile", "dev")
			}
			s := open(t, env, append([]string{"sso", "list-accounts"}, tt.args...)...)
			s.expect(tt.want)
			if tt.keys != "" {
				s.send(tt.keys)
			}
			if code := s.end(); code != tt.code {
				t.Errorf("got exit code %d, want %d; screen:\n%s", code, tt.code, s.text)
			}
			if tt.want == "" && strings.TrimSpace(s.text) != "" {
				t.Errorf("got the screen\n%s", s.text)
			}
		})
	}
	t.Run("no terminal", func(t *testing.T) {
		stdout, stderr, code := outcome(t, program(t, append(slices.Clip(env), "AWS_PAGER=no-such-pager"), "sso", "list-accounts", "--profile", "dev"))
		if code != 0 || !strings.HasPrefix(stdout, first) {
			t.Errorf("got %d %s%s", code, stdout, stderr)
		}
	})
	t.Run("colour", func(t *testing.T) {
		for _, tt := range []struct {
			args []string
			want bool
		}{{[]string{"--color", "on"}, true}, {[]string{"--color", "off"}, false}, {nil, false}} {
			stdout, stderr, code := outcome(t, program(t, append(slices.Clip(env), "NO_COLOR=1"), append([]string{"sso", "list-accounts", "--profile", "dev", "--output", "table"}, tt.args...)...))
			if code != 0 || strings.Contains(stdout, "\x1b[") != tt.want {
				t.Errorf("%q: got %d %q%s", tt.args, code, stdout, stderr)
			}
		}
		if _, stderr, code := outcome(t, program(t, env, "sso", "list-accounts", "--color", "green")); code != 252 || !strings.Contains(stderr, "argument --color: Found invalid choice 'green' (choose from on, off, auto)") {
			t.Errorf("got %d %s", code, stderr)
		}
	})
}
