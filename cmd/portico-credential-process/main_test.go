package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile/location"
	"github.com/portico-sso/portico/internal/cli"
	"github.com/portico-sso/portico/internal/statedir"
	"github.com/portico-sso/portico/internal/wallet/rolecache"
)

// record names a file in which portico, when it is started here, leaves a mark.
const record = "RECORD_OF_TEST"

// The test's own program is both programs, by the names of its copies.
func TestMain(m *testing.M) {
	switch strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") {
	case "portico-credential-process":
		main()
		os.Exit(0)
	case "portico":
		if file := os.Getenv(record); file != "" {
			if err := os.WriteFile(file, []byte(strings.Join(os.Args[1:], " ")), 0o600); err != nil {
				panic(err)
			}
		}
		os.Exit(cli.Main(cli.System(), os.Args[1:]))
	}
	os.Exit(m.Run())
}

// A program is a copy of this test under a name.
func program(t *testing.T, dir, name string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(dir, name)
	// A child started meanwhile would inherit the open file, and what is open for
	// writing cannot be run.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = io.Copy(out, in)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

type result struct {
	stdout, stderr string
	code           int
}

func run(t *testing.T, env []string, path string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

const (
	start   = "https://d-1234567890.awsapps.com/start"
	session = "[sso-session corp]\nsso_start_url = " + start + "\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"
	role    = "sso_account_id = 111111111111\nsso_role_name = Admin\n"
	plain   = session + "[profile dev]\nsso_session = corp\n" + role
	legacy  = "[profile dev]\nsso_start_url = " + start + "\nsso_region = us-east-1\n" + role
)

// A world is what both programs are run in. They are to do the same in it.
type world struct {
	config, credentials string
	left                time.Duration // of the cached credentials; zero: an hour
	cache               func(text string) string
	also                func(t *testing.T, home string)
	env                 []string
	args                []string // nil: --profile dev

	alone bool // the lean program needs no portico
}

var worlds = map[string]world{
	"a session's profile":   {config: plain, alone: true},
	"--profile=":            {config: plain, args: []string{"--profile=dev"}, alone: true},
	"a legacy profile":      {config: legacy, alone: true},
	"the default profile":   {config: strings.Replace(plain, "profile dev", "default", 1), args: []string{}, alone: true},
	"AWS_PROFILE":           {config: plain, args: []string{}, env: []string{"AWS_PROFILE=dev"}, alone: true},
	"AWS_DEFAULT_PROFILE":   {config: plain, args: []string{}, env: []string{"AWS_DEFAULT_PROFILE=dev"}, alone: true},
	"both variables":        {config: plain, args: []string{}, env: []string{"AWS_PROFILE=dev", "AWS_DEFAULT_PROFILE=x"}, alone: true},
	"flag over environment": {config: plain, env: []string{"AWS_PROFILE=x", "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=S", "AWS_WEB_IDENTITY_TOKEN_FILE=/none"}, alone: true},
	"keys of the config":    {config: plain + "aws_access_key_id = A\naws_secret_access_key = S\n", alone: true},
	"its own helper":        {config: plain + "credential_process = portico-credential-process --profile dev\n", alone: true},
	"a fault elsewhere":     {config: plain + "[profile x]\nregion = \n", alone: true},
	"others' credentials":   {config: plain, credentials: "[default]\naws_access_key_id = A\naws_secret_access_key = S\n", alone: true},
	"a proxy and a bundle that are not there": {config: plain + "ca_bundle = /none\n", env: []string{"AWS_CA_BUNDLE=/none", "HTTPS_PROXY=:", "AWS_ENDPOINT_URL=:"},
		alone: true},
	"a quarter of an hour and a minute": {config: plain, left: 16 * time.Minute, alone: true},
	"another config file": {config: "", env: []string{"AWS_CONFIG_FILE=$HOME/other"}, alone: true,
		also: func(t *testing.T, home string) { write(t, filepath.Join(home, "other"), plain) }},
	"a linked config": {config: "", alone: true, also: func(t *testing.T, home string) {
		write(t, filepath.Join(home, "dotfiles"), plain)
		link(t, filepath.Join("..", "dotfiles"), filepath.Join(home, ".aws", "config"))
	}},

	"fourteen minutes":              {config: plain, left: 14 * time.Minute},
	"expired":                       {config: plain, left: -time.Minute},
	"nothing cached":                {config: plain, cache: func(string) string { return "" }},
	"cut short":                     {config: plain, cache: func(text string) string { return text[:len(text)-2] }},
	"no credentials cached":         {config: plain, cache: func(string) string { return "{}" }},
	"a list cached":                 {config: plain, cache: func(string) string { return "[]" }},
	"something large cached":        {config: plain, cache: func(text string) string { return text + strings.Repeat(" ", maxFile) }},
	"keys in another case":          {config: plain, cache: func(text string) string { return strings.Replace(text, "AccessKeyId", "accesskeyid", 1) }},
	"an escape":                     {config: plain, cache: func(text string) string { return strings.Replace(text, `"ASIA`, `"\u0041SIA`, 1) }},
	"another session of that name":  {config: plain, cache: func(text string) string { return strings.Replace(text, "d-1234567890", "d-9999999999", 1) }},
	"no such profile":               {config: plain, args: []string{"--profile", "nobody"}},
	"no config":                     {config: ""},
	"an unknown flag":               {config: plain, args: []string{"--profile", "dev", "--none"}},
	"another flag":                  {config: plain, args: []string{"--profile", "dev", "--region", "eu-west-1"}},
	"a flag cut short":              {config: plain, args: []string{"--prof", "dev"}},
	"no value":                      {config: plain, args: []string{"--profile"}},
	"an empty value":                {config: plain, args: []string{"--profile", ""}},
	"an empty value after =":        {config: plain, args: []string{"--profile="}},
	"a flag for a value":            {config: plain, args: []string{"--profile", "--region"}},
	"twice":                         {config: plain, args: []string{"--profile", "x", "--profile", "dev"}},
	"a word":                        {config: plain, args: []string{"dev"}},
	"help":                          {config: plain, args: []string{"--help"}},
	"an empty AWS_PROFILE":          {config: plain, args: []string{}, env: []string{"AWS_PROFILE="}},
	"keys in the environment":       {config: plain, args: []string{}, env: []string{"AWS_PROFILE=dev", "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=S"}},
	"half a key in it":              {config: plain, args: []string{}, env: []string{"AWS_PROFILE=dev", "AWS_ACCESS_KEY_ID=A"}},
	"web identity in it":            {config: plain, args: []string{}, env: []string{"AWS_PROFILE=dev", "AWS_WEB_IDENTITY_TOKEN_FILE=/none"}},
	"a chain that comes back":       {config: plain, env: []string{"_AWS_CLI_PROFILE_CHAIN=dev"}},
	"a chain from elsewhere":        {config: plain, env: []string{"_AWS_CLI_PROFILE_CHAIN=x"}},
	"a role to assume":              {config: plain + "role_arn = arn:aws:iam::1:role/x\n"},
	"web identity":                  {config: plain + "role_arn = arn:aws:iam::1:role/x\nweb_identity_token_file = /none\n"},
	"in the credentials file":       {config: plain, credentials: "[dev]\naws_access_key_id = A\naws_secret_access_key = S\n"},
	"a role in the credentials":     {config: plain, credentials: "[dev]\nrole_arn = arn:aws:iam::1:role/x\n"},
	"DEFAULT":                       {config: plain + "[DEFAULT]\nrole_arn = arn:aws:iam::1:role/x\n"},
	"DEFAULT of the credentials":    {config: plain, credentials: "[DEFAULT]\nrole_arn = x\n"},
	"the profile twice":             {config: plain + "[profile dev]\nregion = x\n"},
	"the profile twice, spelled":    {config: plain + "[profile 'dev']\nsso_account_id = 222222222222\nsso_role_name = Admin\nsso_session = corp\n"},
	"the session twice, spelled":    {config: plain + "[sso-session 'corp']\nsso_start_url = https://other/start\nsso_region = us-east-1\n"},
	"a contradiction":               {config: plain + "sso_region = eu-west-1\n"},
	"a fault in the profile":        {config: plain + "region\n"},
	"a byte order mark":             {config: "\ufeff" + plain},
	"UTF-16":                        {config: "[\x00p\x00"},
	"not UTF-8":                     {config: plain + "x = \xff\n"},
	"no such session":               {config: strings.Replace(plain, "[sso-session corp]", "[sso-session x]", 1)},
	"no role":                       {config: strings.Replace(plain, "Admin", "", 1)},
	"sealed":                        {config: strings.Replace(plain, "sso_region", "portico_store = sealed\nsso_region", 1)},
	"keys alone":                    {config: "[profile dev]\naws_access_key_id = A\naws_secret_access_key = S\n"},
	"another credential_process":    {config: "[profile dev]\ncredential_process = /none\n"},
	"a helper that asks for itself": {config: "[profile dev]\ncredential_process = portico-credential-process --profile dev\n"},
	"a config file to expand": {config: "", env: []string{"AWS_CONFIG_FILE=~/other"},
		also: func(t *testing.T, home string) { write(t, filepath.Join(home, "other"), plain) }},
	"a directory for a config": {config: "", also: func(t *testing.T, home string) {
		if err := os.Mkdir(filepath.Join(home, ".aws", "config"), 0o700); err != nil {
			t.Fatal(err)
		}
	}},
	"a write that was cut short": {config: plain, also: func(t *testing.T, home string) {
		target, err := location.Resolve(filepath.Join(home, ".aws", "config"))
		if err != nil {
			t.Fatal(err)
		}
		locks := statedir.Locks(statedir.In(home, func(string) (string, bool) { return "", false }))
		write(t, location.Journal(locks, target), "no journal at all")
	}},
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Skip(err)
	}
}

// make puts the world into a home and returns the environment there.
func (w world) make(t *testing.T, bin string, now time.Time) (home string, env []string) {
	t.Helper()
	home = t.TempDir()
	write(t, filepath.Join(home, ".aws", "x"), "")
	if w.config != "" {
		write(t, filepath.Join(home, ".aws", "config"), w.config)
	}
	if w.credentials != "" {
		write(t, filepath.Join(home, ".aws", "credentials"), w.credentials)
	}
	if w.left == 0 {
		w.left = time.Hour
	}
	text := fmt.Sprintf(`{"ProviderType": "sso", "Credentials": {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "s/+=", "SessionToken": "t//", "Expiration": %q}, "portico_start_url": %q}`,
		now.UTC().Add(w.left).Format("2006-01-02T15:04:05Z"), start)
	if w.cache != nil {
		text = w.cache(text)
	}
	for _, name := range []string{"corp", ""} {
		key := rolecache.Key{AccountID: "111111111111", RoleName: "Admin", Session: name, StartURL: start}
		if text != "" {
			write(t, filepath.Join(home, ".aws", "cli", "cache", key.Name()+".json"), text)
		}
	}
	if w.also != nil {
		w.also(t, home)
	}
	env = []string{"PATH=" + bin, "HOME=" + home, "USERPROFILE=" + home, "GORACE=atexit_sleep_ms=0", "NO_COLOR=1"}
	for _, kv := range w.env {
		env = append(env, strings.ReplaceAll(kv, "$HOME", home))
	}
	return home, env
}

func TestDoesAsPortico(t *testing.T) {
	t.Parallel()
	bin, lean := t.TempDir(), t.TempDir()
	portico, helper := program(t, bin, "portico"), program(t, lean, "portico-credential-process")
	for name, w := range worlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if w.args == nil {
				w.args = []string{"--profile", "dev"}
			}
			now := time.Now()
			home, env := w.make(t, bin, now)
			mark := filepath.Join(home, "mark")
			got := run(t, append(env, record+"="+mark), helper, w.args...)
			said, err := os.ReadFile(mark)
			if alone := errors.Is(err, os.ErrNotExist); alone != w.alone {
				t.Errorf("answered by itself: got %v, want %v", alone, w.alone)
			} else if asked := strings.Join(append([]string{"credential-process"}, w.args...), " "); !alone && string(said) != asked {
				t.Errorf("portico was asked for %q, want %q", said, asked)
			}
			home, env = w.make(t, bin, now) // as it was
			want := run(t, env, portico, append([]string{"credential-process"}, w.args...)...)
			want.stderr = strings.ReplaceAll(want.stderr, home, filepath.Dir(mark))
			if got != want {
				t.Errorf("got %+v, want portico's %+v", got, want)
			}
			if w.alone && (got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, "ASIAEXAMPLE")) {
				t.Errorf("got %+v, want credentials", got)
			}
		})
	}
}

// A portico beside it is preferred to one on PATH, a link to the program itself is
// none, and where there is none it says so.
func TestFindsPortico(t *testing.T) {
	t.Parallel()
	lean, bin := t.TempDir(), t.TempDir()
	helper := program(t, lean, "portico-credential-process")
	_, env := world{config: plain}.make(t, bin, time.Now())
	none := run(t, env, helper, "--none")
	if none.code != failed || none.stdout != "" || !strings.Contains(none.stderr, "there is no portico") || !strings.Contains(none.stderr, "go install") {
		t.Errorf("without portico: got %+v", none)
	}
	if runtime.GOOS == "windows" {
		return
	}
	link(t, helper, filepath.Join(bin, "portico"))
	if again := run(t, env, helper, "--none"); again != none {
		t.Errorf("with a link to itself for a portico: got %+v, want %+v", again, none)
	}
	script := func(dir, says string) {
		t.Helper()
		os.Remove(filepath.Join(dir, "portico"))
		write(t, filepath.Join(dir, "portico"), "#!/bin/sh\necho "+says+" \"$@\"\nexit 7\n")
		if err := os.Chmod(filepath.Join(dir, "portico"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script(bin, "PATH")
	if got, want := run(t, env, helper, "a b", "--none"), (result{"PATH credential-process a b --none\n", "", 7}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	script(lean, "beside")
	if got, want := run(t, env, helper), (result{"beside credential-process\n", "", 7}); got != want { // the default profile is in no file
		t.Errorf("got %+v, want %+v", got, want)
	}
}
