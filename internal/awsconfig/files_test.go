package awsconfig

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// TestMain turns the test binary into the child of the tests that kill one.
func TestMain(m *testing.M) {
	if dir := os.Getenv("AWSCONFIG_TEST_EDIT"); dir != "" {
		editForever(dir)
	}
	os.Exit(m.Run())
}

func testFiles(dir string) Files {
	return Files{
		Config:      filepath.Join(dir, ".aws", "config"),
		Credentials: filepath.Join(dir, ".aws", "credentials"),
		LockDir:     filepath.Join(dir, "state"),
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
	}
}

func edit(kind, name string, set ...KeyValue) Edit {
	return Edit{Section: Section{kind, name}, Set: set}
}

func TestLoad(t *testing.T) {
	f := testFiles(t.TempDir())
	c, err := f.Load()
	if err != nil || len(c.Profiles()) != 0 {
		t.Fatalf("no files: got %v, %v, want an empty config", c, err)
	}
	write(t, f.Config, "[profile a]\nregion = r1\n")
	write(t, f.Credentials, "[a]\nregion = r2\n")
	if c, err = f.Load(); err != nil {
		t.Fatal(err)
	}
	p, _ := c.Profile("a")
	if v, _ := p.Get("region"); v != "r2" {
		t.Errorf("got %s, want r2", v)
	}
	if o, _ := p.Origin("region"); o.File != f.Credentials || o.Line != 2 {
		t.Errorf("got %+v, want line 2 of the credentials file", o)
	}
	write(t, f.Credentials, "rubbish\n")
	_, err = f.Load()
	if want := "Unable to parse config file: " + f.Credentials; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	f.Credentials = filepath.Dir(f.Config) // a directory, a device: no file, no keys
	if _, err := f.Load(); err != nil {
		t.Errorf("got %v, want none", err)
	}
}

func TestUpdateCreatesPrivateFiles(t *testing.T) {
	f := testFiles(t.TempDir())
	changed, err := f.Update(t.Context(),
		edit(KindProfile, "dev", Set("sso_session", "corp"), Set("region", "eu-west-1")),
		edit(KindSession, "corp", Set("sso_start_url", "https://d-1234567890.awsapps.com/start#/")),
		edit(KindCredentials, "dev", Set("aws_access_key_id", "K")),
	)
	if err != nil || !changed {
		t.Fatalf("got %t, %v, want a change", changed, err)
	}
	wantFile(t, f.Config, "[profile dev]\nsso_session = corp\nregion = eu-west-1\n\n[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start#/\n")
	wantFile(t, f.Credentials, "[dev]\naws_access_key_id = K\n")
	if runtime.GOOS == "windows" {
		return
	}
	for path, want := range map[string]fs.FileMode{f.Config: 0o600, f.Credentials: 0o600, filepath.Dir(f.Config): 0o700, f.LockDir: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want mode %o", path, info.Mode(), err, want)
		}
	}
	if f.CredentialsExposed() {
		t.Error("got exposed for mode 600, want not")
	}
	for mode, want := range map[fs.FileMode]bool{0o644: true, 0o700: false, 0o400: false, 0o620: true} {
		if err := os.Chmod(f.Credentials, mode); err != nil {
			t.Fatal(err)
		}
		if got := f.CredentialsExposed(); got != want {
			t.Errorf("mode %o: got exposed %t, want %t", mode, got, want)
		}
	}
}

func TestUpdateWritesNothingForNothing(t *testing.T) {
	f := testFiles(t.TempDir())
	write(t, f.Config, "[profile dev]\nregion=eu-west-1")
	before, err := os.Stat(f.Config)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := f.Update(t.Context(), edit(KindProfile, "dev", Set("region", "eu-west-1"), Unset("output")), edit(KindCredentials, "x", Unset("y")))
	if err != nil || changed {
		t.Errorf("got %t, %v, want no change", changed, err)
	}
	after, err := os.Stat(f.Config)
	if err != nil || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Errorf("got another file (%v), want it untouched", err)
	}
	if _, err := os.Stat(f.Credentials); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got a credentials file (%v), want none", err)
	}
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	f := testFiles(t.TempDir())
	write(t, f.Config, "[profile dev]\n")
	write(t, f.Credentials, "[dev]\n")
	good := edit(KindProfile, "dev", Set("region", "eu-west-1"))
	for name, bad := range map[string]Edit{
		"value": edit(KindSession, "s", Set("k", "a\nb")),
		"name":  edit(KindSession, "s]\nk = v", Set("k", "v")),
		"key":   edit(KindCredentials, "dev", Set("a=b", "v")),
	} {
		if changed, err := f.Update(t.Context(), good, bad); err == nil || changed {
			t.Errorf("%s: got %t, %v, want an error", name, changed, err)
		}
		wantFile(t, f.Config, "[profile dev]\n")
		wantFile(t, f.Credentials, "[dev]\n")
	}
	write(t, f.Credentials, "rubbish")
	if _, err := f.Update(t.Context(), good, edit(KindCredentials, "dev", Set("k", "v"))); err == nil {
		t.Error("got no error for an unreadable credentials file, want one")
	}
	wantFile(t, f.Config, "[profile dev]\n")

	// The second file cannot be written: the first goes back.
	write(t, f.Credentials, "[dev]\n")
	files, err := f.pending([]Edit{good, edit(KindCredentials, "dev", Set("k", "v"))})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.edit(files, []Edit{good, edit(KindCredentials, "dev", Set("k", "v"))}); err != nil {
		t.Fatal(err)
	}
	write(t, files[1].path, "[theirs]\n")
	if changed, again, err := f.write(t.Context(), files); changed || !again || !errors.Is(err, errMoved) {
		t.Errorf("got %t, %t, %v, want %v", changed, again, err, errMoved)
	}
	wantFile(t, files[0].path, string(files[0].old))
	wantFile(t, files[1].path, "[theirs]\n")
}

func TestUpdateWithoutALock(t *testing.T) {
	dir := t.TempDir()
	f := Files{Config: filepath.Join(dir, "config"), Credentials: filepath.Join(dir, "credentials"), LockDir: filepath.Join(dir, "plain", "locks")}
	const before = "[default]\nregion = eu-west-1\n"
	for path, text := range map[string]string{f.Config: before, filepath.Join(dir, "plain"): ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.Update(t.Context(), Edit{Section: Section{KindProfile, "default"}, Set: []KeyValue{Set("region", "us-east-1")}})
	if e, ok := errors.AsType[*NoLockError](err); !ok || e.File != f.Config || e.Dir != f.LockDir {
		t.Errorf("got %v, want that no lock can be taken", err)
	}
	if after, _ := os.ReadFile(f.Config); string(after) != before {
		t.Errorf("the file was changed:\n%s", after)
	}
}

func TestUpdateThroughLink(t *testing.T) {
	dir := t.TempDir()
	f := testFiles(dir)
	target := filepath.Join(dir, "dotfiles", "aws-config")
	write(t, target, "[default]\n")
	if err := os.Chmod(target, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(f.Config), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../dotfiles/aws-config", f.Config); err != nil {
		t.Skip(err)
	}
	if _, err := f.Update(t.Context(), edit(KindProfile, "default", Set("region", "eu-west-1"))); err != nil {
		t.Fatal(err)
	}
	wantFile(t, target, "[default]\nregion = eu-west-1\n")
	if link, err := os.Readlink(f.Config); err != nil || link != "../dotfiles/aws-config" {
		t.Errorf("got %q, %v, want the link kept", link, err)
	}
	if info, err := os.Stat(target); err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o640) {
		t.Errorf("got %v, %v, want mode 640", info.Mode(), err)
	}
}

func TestUpdateOfOneFileUnderTwoNames(t *testing.T) {
	f := testFiles(t.TempDir())
	f.Credentials = f.Config
	if _, err := f.Update(t.Context(), edit(KindProfile, "a", Set("k", "1")), edit(KindCredentials, "a", Set("k", "2"))); err != nil {
		t.Fatal(err)
	}
	wantFile(t, f.Config, "[profile a]\nk = 1\n\n[a]\nk = 2\n")
}

func TestUpdateWaitsForTheLock(t *testing.T) {
	f := testFiles(t.TempDir())
	write(t, f.Config, "[default]\n")
	target, err := atomicfile.Resolve(f.Config)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := atomicfile.TryLock(f.lockPath(target))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var locked *atomicfile.LockedError
	if _, err := f.Update(ctx, edit(KindProfile, "default", Set("k", "v"))); !errors.As(err, &locked) {
		t.Errorf("got %v, want *LockedError", err)
	}
	if _, err := f.Load(); err != nil {
		t.Errorf("reading: got %v, want no wait for the lock", err)
	}
}

func TestConcurrentUpdatesLoseNothing(t *testing.T) {
	for _, lockDir := range []bool{true, false} {
		f := testFiles(t.TempDir())
		if !lockDir {
			f.LockDir = ""
		}
		write(t, f.Config, "# mine\n[default]\n")
		const writers, turns = 8, 6
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range turns {
					key := fmt.Sprintf("k%d_%d", w, i)
					if _, err := f.Update(t.Context(), edit(KindProfile, "default", Set(key, key)), edit(KindCredentials, key, Set("k", key))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		c, err := f.Load()
		if err != nil {
			t.Fatal(err)
		}
		p, _ := c.Profile("default")
		if got := len(p.Keys()); got != writers*turns {
			t.Errorf("got %d keys, want %d", got, writers*turns)
		}
		if got := len(c.Profiles()); got != writers*turns+1 {
			t.Errorf("got %d profiles, want %d", got, writers*turns+1)
		}
	}
}

func backupsOf(dir string) *Backups {
	return &Backups{Dir: filepath.Join(dir, "backups"), Warn: func(err error) { fmt.Println("warning", err) }}
}

// undoable fails where a change that is noted cannot be taken back, or the last one
// is not what the file is, or was.
func undoable(t *testing.T, f Files) {
	t.Helper()
	now, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	past, err := f.Past()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range past {
		c, err := f.States(p)
		if err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
		if i == 0 && !bytes.Equal(now, c.Before) && !bytes.Equal(now, c.After) {
			t.Fatalf("the file is neither what it was before the last change nor after it")
		}
	}
}

// editForever alternates between texts of different lengths.
func editForever(dir string) {
	f := testFiles(dir)
	f.Backups = backupsOf(dir)
	for i := 0; ; i++ {
		value := strings.Repeat(string(rune('a'+i%5)), 500*(1+i%4))
		if _, err := f.Update(context.Background(), edit(KindProfile, "default", Set("k", value)), edit(KindSession, "s", Set("k", value))); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println("edited")
	}
}

func TestKilledUpdate(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	for _, linked := range []bool{false, true} {
		t.Run(fmt.Sprintf("linked=%t", linked), func(t *testing.T) {
			dir := t.TempDir()
			f := testFiles(dir)
			f.Backups = backupsOf(dir)
			write(t, f.Config, "# mine\r\n[default]\r\nk = aaa\r\n\r\n[sso-session s]\r\nk = aaa\r\n# end")
			if linked {
				if err := os.Link(f.Config, filepath.Join(dir, "other")); err != nil {
					t.Skip(err)
				}
			}
			for range rounds {
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), "AWSCONFIG_TEST_EDIT="+dir)
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				lines := bufio.NewScanner(out)
				for range rand.IntN(8) {
					if lines.Scan() && lines.Text() != "edited" {
						t.Fatalf("got %q, want an edit", lines.Text())
					}
				}
				_ = cmd.Process.Kill()
				_ = cmd.Wait()

				c, err := f.Load()
				if err != nil {
					t.Fatal(err)
				}
				undoable(t, f)
				p, _ := c.Profile("default")
				s, _ := c.Session("s")
				one, _ := p.Get("k")
				two, _ := s.Get("k")
				if one != two || one == "" {
					t.Fatalf("got values of %d and %d bytes, want one update or the next", len(one), len(two))
				}
			}
			if _, err := f.Update(t.Context(), edit(KindProfile, "default", Set("k", "z")), edit(KindSession, "s", Set("k", "z"))); err != nil {
				t.Fatal(err)
			}
			wantFile(t, f.Config, "# mine\r\n[default]\r\nk = z\r\n\r\n[sso-session s]\r\nk = z\r\n# end")
			for _, dir := range []string{filepath.Dir(f.Config), f.LockDir} {
				entries, err := os.ReadDir(dir)
				if err != nil || len(entries) != 1 {
					t.Errorf("%s: got %v, %v, want one file", dir, entries, err)
				}
			}
		})
	}
}

func TestManyEdits(t *testing.T) {
	f := testFiles(t.TempDir())
	var edits []Edit
	for i := range 2000 {
		edits = append(edits, edit(KindProfile, fmt.Sprintf("p%d", i), Set("sso_session", "s"), Set("sso_account_id", "111111111111"), Set("sso_role_name", "R")))
	}
	began := time.Now()
	if _, err := f.Update(t.Context(), edits...); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("got %v for 2000 profiles, want 5 s at most", took)
	}
}
