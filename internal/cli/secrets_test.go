//go:build unix

package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cached collects the secrets in a home's caches.
func cached(t *testing.T, home string, secrets map[string]string) {
	t.Helper()
	for _, dir := range []string{"sso", "cli"} {
		files, err := filepath.Glob(filepath.Join(home, ".aws", dir, "cache", "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("nothing is cached in %s: %v", dir, err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var doc map[string]any
			if err := json.Unmarshal(data, &doc); err != nil {
				t.Fatal(err)
			}
			secretsIn(doc, secrets)
		}
	}
}

// --debug tells what went where, for a report that a person may publish: with no
// query and no secret in it.
func TestDebugTellsNoSecrets(t *testing.T) {
	t.Parallel() // it mostly waits
	env, home := local(t)
	configured(t, home, corp)
	secrets := map[string]string{}
	var log strings.Builder
	run := func(want string, args ...string) {
		t.Helper()
		_, stderr, code := outcome(t, program(t, env, append(args, "--debug")...))
		if code != 0 || !strings.Contains(stderr, want) || !strings.Contains(stderr, "status=200") {
			t.Errorf("%q: exit code %d; got the log\n%s\nwant a 200 of %s in it", args, code, stderr, want)
		}
		log.WriteString(stderr)
	}
	run("path=/token", "sso", "login", "--profile", "dev")
	run("path=/federation/credentials", "sts", "get-caller-identity", "--profile", "dev")
	cached(t, home, secrets)
	run("path=/device_authorization", "sso", "login", "--profile", "dev", "--use-device-code")
	run("path=/assignment/accounts", "sso", "list-accounts", "--profile", "dev")
	run("path=/assignment/roles", "sso", "list-account-roles", "--profile", "dev", "--account-id", "111111111111")
	run("host=127.0.0.1", "s3", "ls", "--profile", "dev")
	cached(t, home, secrets)
	run("path=/logout", "sso", "logout")

	// What fails is told without them, too.
	_, stderr, _ := outcome(t, program(t, append(env, "AWS_ENDPOINT_URL_SSO=http://127.0.0.1:1"),
		"sso", "list-account-roles", "--access-token", "token-on-the-command-line", "--region", "us-east-1", "--account-id", "111111111111", "--debug"))
	debug, _, _ := strings.Cut(stderr, "ERROR") // what the command itself says comes after
	if !strings.Contains(debug, "request failed") {
		t.Errorf("got %q, want the failed request in it", stderr)
	}
	log.WriteString(debug)
	secrets["token-on-the-command-line"] = "--access-token"

	for secret, name := range secrets {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s", name)
		}
	}
	if len(secrets) < 8 {
		t.Errorf("got %d secrets to look for, which is too few", len(secrets))
	}
	for _, query := range []string{"?", "code=", "state=", "user_code", "account_id=", "x-id=", "code_challenge", "Authorization", "Bearer"} {
		if strings.Contains(log.String(), query) {
			t.Errorf("the log holds %q:\n%s", query, &log)
		}
	}
}

// The Identity Center's own log tells no more.
func TestDebugOfLocalRunTellsNoSecrets(t *testing.T) {
	t.Parallel() // it mostly waits
	home := t.TempDir()
	configured(t, home, corp)
	env := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	_, log, code := outcome(t, program(t, env, "local", "run", "--debug", "--keep-home", "--as", "alice", "--",
		"sh", "-c", "portico sso login --profile dev && portico sts get-caller-identity --profile dev && portico sso login --profile dev --use-device-code"))
	if code != 0 {
		t.Fatalf("got exit code %d\n%s", code, log)
	}
	secrets := map[string]string{}
	cached(t, home, secrets)
	for secret, name := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s", name)
		}
	}
	for _, query := range []string{"?", "state=", "user_code", "code_challenge", "Bearer"} {
		if strings.Contains(log, query) {
			t.Errorf("the log holds %q:\n%s", query, log)
		}
	}
}

// The watch finds what it is for: each of these scripts gives a secret away.
func TestLeaksAreFound(t *testing.T) {
	t.Parallel()
	const login = "idc\n" + `exec sh -ec 'eval "$(portico local env --address $IDC --as alice)"; portico sso login --sso-session corp; portico credential-process --profile dev >credentials; chmod 600 credentials'` + "\n"
	const token = `$(sed 's/.*"accessToken": "\([^"]*\)".*/\1/' `
	for _, c := range []struct{ name, script, want string }{
		{"nothing", "exec cat credentials\n", ""},
		{"stderr", "exec sh -c 'cat home/.aws/sso/cache/*.json >&2'\n", "stderr shows the accessToken"},
		{"stdout", "exec sh -c 'cat home/.aws/sso/cache/*.json'\n", "stdout shows the refreshToken"},
		{"role on stderr", "exec sh -c 'cat credentials >&2'\n", "stderr shows the SecretAccessKey"},
		{"a file", "exec sh -c 'cat home/.aws/sso/cache/*.json >loose; chmod 644 loose'\n", "loose, of mode 644, holds the clientSecret"},
		{"a cache", "exec sh -c 'chmod 640 home/.aws/cli/cache/*'\n", "of mode 640, holds the SessionToken"},
		{"arguments", "exec sh arguments.sh\n-- arguments.sh --\nportico configure get x" + token + "home/.aws/sso/cache/ee0b*.json) || true\n", "the arguments of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			script := login + c.script + "-- home/.aws/config --\n" + corp
			if err := os.WriteFile(filepath.Join(dir, "leak.txtar"), []byte(script), 0o600); err != nil {
				t.Fatal(err)
			}
			var seen *scriptT
			runScripts(&scriptT{T: t, watch: func(s *scriptT) { seen = s }}, dir)
			t.Cleanup(func() {
				switch found := strings.Join(seen.leaks, "\n"); {
				case seen.secrets < 4:
					t.Errorf("got %d secrets to look for, want those of a sign-in", seen.secrets)
				case c.want == "" && found != "":
					t.Errorf("found %s, want nothing", found)
				case !strings.Contains(found, c.want):
					t.Errorf("found %q, want %q", found, c.want)
				}
			})
		})
	}
}
