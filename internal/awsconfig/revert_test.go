package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestRevert(t *testing.T) {
	t.Parallel()
	const base = "# mine\n[profile a]\nregion = a\noutput = json\n\n[profile b]\nregion = b\n"
	const added = base + "\n[profile new]\nregion = n\n"
	for _, c := range []struct {
		name, before, after, now string
		want                     string
		clash                    string
	}{
		{"nothing since", base, added, added, base, ""},
		{"taken back already", base, added, base, base, ""},
		{"a section below", base, added, added + "\n[profile theirs]\nregion = t\n", base + "\n[profile theirs]\nregion = t\n", ""},
		{"a section above", base, added, "[profile theirs]\nregion = t\n\n" + added, "[profile theirs]\nregion = t\n\n" + base, ""},
		{"a comment", base, added, strings.Replace(added, "# mine", "# yours", 1), strings.Replace(base, "# mine", "# yours", 1), ""},
		{"another key", base, strings.Replace(base, "region = a", "region = x", 1), strings.Replace(strings.Replace(base, "region = a", "region = x", 1), "json", "text", 1),
			strings.Replace(base, "json", "text", 1), ""},
		{"the same key", base, strings.Replace(base, "region = a", "region = x", 1), strings.Replace(base, "region = a", "region = y", 1), "", "region in [profile a]"},
		{"a key in what is to go", base, added, strings.Replace(added, "region = n", "region = m", 1), "", "[profile new]"},
		{"gone, and changed before", strings.Replace(base, "region = b", "region = c", 1), base, "# mine\n[profile a]\nregion = a\noutput = json\n", "", "[profile b]"},
		{"a section back, with one in its place", added, base, base + "\n[profile theirs]\nregion = t\n", added + "\n[profile theirs]\nregion = t\n", ""},
		{"a section back, with a key before it", added, base, base + "output = text\n", base + "output = text\n\n[profile new]\nregion = n\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := Change{File: "config", Before: []byte(c.before), After: []byte(c.after)}.Revert([]byte(c.now))
			refused, isRefusal := errors.AsType[*RevertError](err)
			switch {
			case c.clash != "" && (!isRefusal || refused.What != c.clash):
				t.Errorf("got %q, %v, want a clash in %s", got, err, c.clash)
			case c.clash == "" && (err != nil || string(got) != c.want):
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

// What is reverted has none of the change left and all of what came since, key by
// key, or is refused.
func TestRevertKeepsWhatCameSince(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := fileText().Draw(t, "file")
		before, err := Parse("config", []byte(text))
		if err != nil {
			return
		}
		change := func(text []byte, label string) []byte {
			d, err := Parse("config", text)
			if err != nil {
				t.Fatal(err)
			}
			e := drawEdit(t)
			if err := d.Edit(e.Section, e.Set); err != nil {
				return text
			}
			return d.Bytes()
		}
		after := change(before.Bytes(), "ours")
		now := change(after, "theirs")
		got, err := Change{File: "config", Before: before.Bytes(), After: after}.Revert(now)
		if err != nil {
			return
		}
		states := [4]snapshot{}
		for i, data := range [][]byte{after, before.Bytes(), now, got} {
			d, err := Parse("config", data)
			if err != nil {
				t.Fatalf("%q: %v", data, err)
			}
			states[i] = d.snapshot()
		}
		for header, keys := range states[2].sections {
			for key, value := range keys {
				was := valueOf(states[0].sections[header], key)
				if is := valueOf(states[3].sections[header], key); was != (maybe{value, true}) && is != (maybe{value, true}) {
					t.Fatalf("%s in [%s] came since and is %+v", key, header, is)
				}
			}
		}
	})
}

func backedUp(t *testing.T) (f Files, dir string) {
	f = testFiles(t.TempDir())
	f.Backups = &Backups{Dir: filepath.Join(filepath.Dir(f.LockDir), "backups"), Command: "test", Warn: func(err error) { t.Error(err) }}
	write(t, f.Config, "[profile a]\nregion = a\n")
	return f, f.Backups.Dir
}

func TestBackups(t *testing.T) {
	t.Parallel()
	f, dir := backedUp(t)
	for _, value := range []string{"b", "c", "c", "b"} {
		if _, err := f.Update(t.Context(), edit(KindProfile, "a", Set("region", value))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Update(t.Context(), edit(KindCredentials, "a", Set("aws_secret_access_key", "hush"))); err != nil {
		t.Fatal(err)
	}
	past, err := f.Past()
	if err != nil || len(past) != 3 {
		t.Fatalf("got %+v, %v, want the three changes of the config file", past, err)
	}
	c, err := f.States(past[0])
	if err != nil || string(c.Before) != "[profile a]\nregion = c\n" || string(c.After) != "[profile a]\nregion = b\n" || past[0].Added != 1 || past[0].Removed != 1 {
		t.Errorf("got %q to %q, %+v, %v", c.Before, c.After, past[0], err)
	}
	states := 0
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if want := map[bool]os.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: got mode %o, %v, want %o", path, info.Mode().Perm(), err, want)
		}
		if data, _ := os.ReadFile(path); strings.Contains(string(data), "hush") {
			t.Errorf("%s holds a secret of the credentials file", path)
		}
		if strings.HasSuffix(path, ".config") {
			states++
		}
		return nil
	})
	if err != nil || states != 3 { // a, b, c: each once
		t.Errorf("got %d states, %v, want 3", states, err)
	}
}

// Old changes are dropped when there are many, and with them the states that no
// other has.
func TestBackupsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		b := &Backups{Dir: dir}
		p := &pending{target: "/config"}
		for i := range keepChanges + 20 {
			p.old, p.new = fmt.Appendf(nil, "%d", i), fmt.Appendf(nil, "%d", i+1)
			if _, err := b.keep(p, false); err != nil {
				t.Fatal(err)
			}
			if i == 9 {
				time.Sleep(keepFor + time.Hour)
			}
		}
		journal, err := readJournal(b.of(p.target))
		states, globErr := filepath.Glob(filepath.Join(b.of(p.target), "*.config"))
		if err != nil || globErr != nil || len(journal) != keepChanges+10 || len(states) != len(journal)+1 {
			t.Errorf("got %d changes and %d states, %v, %v, want %d and one more", len(journal), len(states), err, globErr, keepChanges+10)
		}
	})
}

// A change goes on without a backup, and says so.
func TestBackupThatFails(t *testing.T) {
	t.Parallel()
	f, dir := backedUp(t)
	write(t, dir, "in the way") // where the directory is to be
	said := ""
	f.Backups.Warn = func(err error) { said = err.Error() }
	changed, err := f.Update(t.Context(), edit(KindProfile, "a", Set("region", "b")))
	if err != nil || !changed || !strings.Contains(said, "no backup was made") {
		t.Errorf("got %v, %v and %q, want the change and a warning", changed, err, said)
	}
	wantFile(t, f.Config, "[profile a]\nregion = b\n")
}

// A change that is not made is not noted.
// Another program may write while the backup is made.
func TestChangeDuringBackup(t *testing.T) {
	f := testFiles(t.TempDir())
	write(t, f.Config, "[default]\nk = 1\n")
	notDir := filepath.Join(t.TempDir(), "file")
	write(t, notDir, "")
	var once sync.Once
	f.Backups = &Backups{Dir: notDir, Warn: func(error) {
		once.Do(func() { write(t, f.Config, "[default]\nk = 1\n[profile theirs]\nk = 2\n") })
	}}
	if changed, err := f.Update(t.Context(), edit(KindProfile, "default", Set("k", "3"))); err != nil || !changed {
		t.Fatalf("got %t, %v", changed, err)
	}
	wantFile(t, f.Config, "[default]\nk = 3\n[profile theirs]\nk = 2\n")
}

func TestNoBackupOfNoChange(t *testing.T) {
	t.Parallel()
	f, _ := backedUp(t)
	write(t, f.Credentials, "[a]\nk = v\n")
	ctx, cancel := context.WithCancel(t.Context())
	edits := []Edit{edit(KindProfile, "a", Set("region", "b")), edit(KindCredentials, "a", Set("k", "w"))}
	edits[1].Check = func(map[string]string) error { cancel(); return nil }
	if _, err := f.Update(ctx, edits...); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the context's error", err)
	}
	if past, err := f.Past(); err != nil || len(past) != 0 {
		t.Errorf("got %+v, %v, want no change", past, err)
	}
}
