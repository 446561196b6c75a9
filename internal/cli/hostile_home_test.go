//go:build unix

package cli_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stranger is a user without files.
const stranger = 12345

// Homes that are read-only, full, somebody else's, or hold what they should not.
// Credentials come where they can, with a warning; nothing is destroyed, and
// nothing waits for ever.
func TestHostileHomes(t *testing.T) {
	t.Parallel() // it mostly waits
	signedIn := signedIn(t)
	drop := func(files ...string) func(person) {
		return func(p person) {
			for _, f := range files {
				p.check(os.Remove(p.path(f)))
			}
		}
	}
	expired := func(p person) { p.edit(corpToken, map[string]any{"expiresAt": in(-time.Hour)}) }
	soon := func(p person) { p.edit(corpToken, map[string]any{"expiresAt": in(10 * time.Minute)}) }
	noRole := drop(corpRole)
	instead := func(file string, make func(path string) error) func(person) {
		return func(p person) {
			_ = os.Remove(p.path(file))
			p.check(make(p.path(file)))
		}
	}
	directory := func(path string) error { return os.Mkdir(path, 0o700) }
	pipe := func(path string) error { return syscall.Mkfifo(path, 0o600) }
	text := func(s string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(s), 0o600) }
	}
	linked := func(path string) error {
		if err := os.WriteFile(path+".elsewhere", []byte("{}"), 0o600); err != nil {
			return err
		}
		return os.Symlink(path+".elsewhere", path)
	}
	theirs := func(mode os.FileMode, dirs ...string) func(person) {
		return func(p person) {
			for _, dir := range dirs {
				p.check(filepath.WalkDir(p.path(dir), func(path string, d os.DirEntry, err error) error {
					if err != nil {
						return err
					}
					if !d.IsDir() {
						return os.Chmod(path, mode&^0o111)
					}
					return os.Chmod(path, mode)
				}))
			}
		}
	}
	const (
		uncached = "[WARNING]: the role credentials could not be cached"
		readOnly = `mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro "$HOME"`
		full     = `cp -a "$HOME" "$HOME.copy" && mount -t tmpfs -o size=400k none "$HOME" && cp -a "$HOME.copy/." "$HOME" && { cat /dev/zero >"$HOME/filler" 2>/dev/null; true; }`
	)
	process := []string{"credential-process", "--profile", "dev"}
	list := []string{"sso", "list-accounts", "--profile", "dev"}
	child := []string{"exec", "--profile", "dev", "--", "sh", "-c", `test -n "$AWS_SESSION_TOKEN"`}
	login := []string{"sso", "login", "--sso-session", "corp"}
	for _, c := range []struct {
		name      string
		args      []string
		given     []func(person)
		mount     string   // what is done in a mount namespace before
		stranger  bool     // run as that user, to whom all belongs
		theirs    []string // but this
		code      int
		stderr    []string // none: it says nothing
		refreshed int
		changed   bool // the caches may change
	}{
		{name: "read-only, cached", args: process, mount: readOnly},
		{name: "read-only, not cached", args: process, mount: readOnly, given: []func(person){noRole}, stderr: []string{uncached, "read-only"}},
		{name: "read-only, exec", args: child, mount: readOnly, given: []func(person){noRole}, stderr: []string{uncached}},
		{name: "read-only, list", args: list, mount: readOnly},
		{name: "read-only, the token ends soon", args: process, mount: readOnly, given: []func(person){noRole, soon}, stderr: []string{uncached}},
		{name: "read-only, expired", args: process, mount: readOnly, given: []func(person){noRole, expired}, code: 255, stderr: []string{"needs a refresh, which could not be stored", "The home directory is read-only"}},
		{name: "read-only, login", args: login, mount: readOnly, code: 255, stderr: []string{"the token could not be stored", "The home directory is read-only"}},

		{name: "full, cached", args: process, mount: full},
		{name: "full, not cached", args: process, mount: full, given: []func(person){noRole}, stderr: []string{uncached, "no space left"}},
		{name: "full, the token ends soon", args: process, mount: full, given: []func(person){noRole, soon}, stderr: []string{uncached}},
		{name: "full, expired", args: process, mount: full, given: []func(person){noRole, expired}, code: 255, stderr: []string{"needs a refresh, which could not be stored", "no space left"}},
		{name: "full, login", args: login, mount: full, code: 255, stderr: []string{"the token could not be stored", "no space left"}},
		{name: "full, configure", args: []string{"configure", "set", "region", "eu-west-3"}, mount: full, code: 255, stderr: []string{"no space left", "make room"}},

		{name: "somebody else's role cache, readable", args: process, stranger: true, theirs: []string{"cli"}, given: []func(person){theirs(0o755, "cli")}},
		{name: "somebody else's role cache, empty", args: process, stranger: true, theirs: []string{"cli"}, given: []func(person){noRole, theirs(0o755, "cli")}, stderr: []string{uncached, "belongs to user 0"}},
		{name: "somebody else's role cache, closed", args: process, stranger: true, theirs: []string{"cli"}, stderr: []string{uncached, "permission denied"}},
		{name: "somebody else's tokens, closed", args: process, stranger: true, theirs: []string{"sso"}, given: []func(person){noRole}, code: 255, stderr: []string{"permission denied", "sudo chown"}},
		{name: "somebody else's tokens, readable", args: process, stranger: true, theirs: []string{"sso"}, given: []func(person){noRole, theirs(0o755, "sso")}, changed: true},
		{name: "somebody else's tokens, expired", args: process, stranger: true, theirs: []string{"sso"}, given: []func(person){noRole, expired, theirs(0o755, "sso")}, code: 255, stderr: []string{"could not be stored", "belongs to user 0"}},
		{name: "somebody else's tokens, login", args: login, stranger: true, theirs: []string{"sso"}, code: 255, stderr: []string{"could not be stored"}},
		{name: "somebody else's state", args: process, stranger: true, theirs: []string{"../.local"}, given: []func(person){noRole}, stderr: []string{"going on without a lock"}, changed: true},
		{name: "somebody else's state, an agent", args: []string{"exec", "--profile", "dev", "--serve", "--for", "1m", "--", "true"}, stranger: true, theirs: []string{"../.local"},
			code: 255, stderr: []string{"audit log: ", "permission denied", "sudo chown -R \"$(id -un)\" /"}},

		{name: "half a role", args: process, given: []func(person){instead(corpRole, text(`{"ProviderType": "sso", "Cred`))}, stderr: []string{"[WARNING]: cache file", "not the JSON"}, changed: true},
		{name: "a foreign role", args: process, given: []func(person){instead(corpRole, text(`{"hello": ["world"]}`))}, stderr: []string{"[WARNING]: cache file", "holds no role credentials"}, changed: true},
		{name: "a huge role", args: process, given: []func(person){instead(corpRole, text(strings.Repeat(" ", 2<<20)))}, stderr: []string{"larger than 1 MiB"}, changed: true},
		{name: "a directory for a role", args: process, given: []func(person){instead(corpRole, directory)}, stderr: []string{"not a regular file", uncached}},
		{name: "a pipe for a role", args: process, given: []func(person){instead(corpRole, pipe)}, stderr: []string{"not a regular file", uncached}},
		{name: "a link for a role", args: process, given: []func(person){instead(corpRole, linked)}, stderr: []string{"holds no role credentials", uncached, "is a symbolic link"}},
		{name: "half a token", args: process, given: []func(person){noRole, instead(corpToken, text(`{"accessToken": "`))}, code: 255, stderr: []string{"not the JSON", "Sign in with"}},
		{name: "a foreign token", args: process, given: []func(person){noRole, instead(corpToken, text(`[1, 2]`))}, code: 255, stderr: []string{"not the JSON", "Sign in with"}},
		{name: "a directory for a token", args: process, given: []func(person){noRole, instead(corpToken, directory)}, code: 255, stderr: []string{"not a regular file", "Sign in with"}},
		{name: "a pipe for a token", args: process, given: []func(person){noRole, instead(corpToken, pipe)}, code: 255, stderr: []string{"not a regular file", "Sign in with"}},
		{name: "a pipe for a token, login", args: login, given: []func(person){instead(corpToken, pipe)}, code: 255, stderr: []string{"is not a regular file"}},
		{name: "a pipe for the config", args: []string{"configure", "list-profiles"}, given: []func(person){instead("config", pipe)}},
		{name: "a token that others can read", args: process, given: []func(person){noRole, func(p person) { p.check(os.Chmod(p.path(corpToken), 0o644)) }}, changed: true},
		{name: "a file for the state directory", args: process, given: []func(person){noRole, func(p person) {
			p.check(os.RemoveAll(filepath.Join(p.home, ".local")))
			p.put("../.local", "")
		}}, stderr: []string{"going on without a lock"}, changed: true},
		{name: "a file for the role cache", args: process, given: []func(person){noRole, drop(otherRole, legacyRole), func(p person) {
			p.check(os.RemoveAll(p.path("cli")))
			p.put("cli", "")
		}}, stderr: []string{uncached, "not a directory"}},
		// The last: it ends the sign-in of all.
		{name: "a pipe for a token, logout", args: []string{"sso", "logout"}, given: []func(person){instead(otherToken, pipe)}, changed: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := signedIn
			p.t, p.home = t, filepath.Join(t.TempDir(), "home")
			if out, err := exec.Command("cp", "-a", signedIn.home, p.home).CombinedOutput(); err != nil { // with modes
				t.Fatalf("%v\n%s", err, out)
			}
			for _, g := range c.given {
				g(p)
			}
			before := contentsOf(t, p.home)
			since := lastEvent(t.Context(), t, p.ic)
			cmd := p.hostile(t, c.mount, c.stranger, c.theirs, c.args)
			stdout, stderr, code := outcome(t, cmd)
			if strings.Contains(stderr, "unshare: ") || strings.Contains(stderr, "mount: ") {
				t.Log(stderr)
				absent(t, "unshare")
			}
			if code != c.code {
				t.Errorf("got code %d, want %d", code, c.code)
			}
			for _, want := range c.stderr {
				if !strings.Contains(strings.ToLower(stderr), strings.ToLower(want)) {
					t.Errorf("stderr does not say %q", want)
				}
			}
			if len(c.stderr) == 0 && stderr != "" && c.args[0] != "sso" {
				t.Error("it should have nothing to say")
			}
			if code == 0 && c.args[0] == "credential-process" && !json.Valid([]byte(stdout)) {
				t.Errorf("got %q, want credentials", stdout)
			}
			if n := calls(t.Context(), t, p.ic, "CreateToken", since); n != c.refreshed {
				t.Errorf("got %d refreshes, want %d", n, c.refreshed)
			}
			if after := contentsOf(t, p.home); !c.changed && !maps.Equal(before, after) {
				t.Errorf("the files changed: %q, and were %q", slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(before)))
			}
			if t.Failed() {
				t.Logf("stdout %q, stderr:\n%s", stdout, stderr)
			}
		})
	}
}

// hostile is portico in the person's home, after mount was done, or as a stranger.
func (p person) hostile(t *testing.T, mount string, asStranger bool, theirs, args []string) *exec.Cmd {
	t.Helper()
	cmd := program(t, append(p.ic.Env(), "HOME="+p.home, "PATH="+os.Getenv("PATH"), "TZ=UTC", "BROWSER=false"), args...)
	if mount != "" {
		flags := "-m"
		if os.Geteuid() != 0 {
			flags = "-rm"
		}
		cmd.Args = append([]string{"unshare", flags, "sh", "-c", mount + ` && exec "$@"`, "sh", cmd.Path}, args...)
		path, err := exec.LookPath("unshare")
		if err != nil {
			absent(t, "unshare")
		}
		cmd.Path = path
	}
	if asStranger {
		if os.Geteuid() != 0 {
			t.Skip("only root can become somebody else")
		}
		owned := map[string]bool{}
		for _, name := range theirs {
			owned[filepath.Join(p.home, ".aws", name)] = true
		}
		p.check(filepath.WalkDir(p.home, func(path string, d os.DirEntry, err error) error {
			if err != nil || owned[path] {
				if d != nil && d.IsDir() && owned[path] {
					return filepath.SkipDir
				}
				return err
			}
			return os.Chown(path, stranger, stranger)
		}))
		// Where tests keep their files is closed to others.
		for dir := filepath.Dir(p.home); len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
			p.check(os.Chmod(dir, 0o755))
		}
		cmd.Path = openCopy(t, cmd.Path)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	}
	return cmd
}

// openCopy is a copy of a program that everybody can run.
func openCopy(t *testing.T, program string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "portico-open-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "portico")
	writeProgram(t, path, data)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// contentsOf are the files of a home, but for locks and their notes, by path.
func contentsOf(t *testing.T, home string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".lock") || strings.HasSuffix(path, ".note") {
			return err
		}
		if !d.Type().IsRegular() {
			files[path] = d.Type().String()
			return nil
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
