package sqlstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	dir := filepath.Join(t.TempDir(), "state", "local")
	db := open(t, dir)
	if _, err := db.ServerKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: got mode %o, want %o", path, got, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// A mode that someone loosened is tightened again.
	path := filepath.Join(dir, sqlstore.FileName)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 600", info.Mode(), err)
	}
}

func TestReopen(t *testing.T) {
	// SQLite must not read anything into the path.
	dir := filepath.Join(t.TempDir(), "a b%20c#d&e=f'g;ü")
	if runtime.GOOS != "windows" {
		dir += "?mode=memory"
	}
	first, err := sqlstore.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	key, err := first.ServerKey(t.Context())
	if err != nil || len(key) != 32 {
		t.Fatalf("got a key of %d bytes and %v, want 32", len(key), err)
	}
	again, err := first.ServerKey(t.Context())
	if err != nil || !bytes.Equal(again, key) {
		t.Errorf("got another key (%v), want the same", err)
	}
	// Another process may look in meanwhile.
	second := open(t, dir)
	if got, err := second.ServerKey(t.Context()); err != nil || !bytes.Equal(got, key) {
		t.Errorf("beside: got another key (%v), want the same", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := open(t, dir).ServerKey(t.Context()); err != nil || !bytes.Equal(got, key) {
		t.Errorf("reopened: got another key (%v), want the same", err)
	}
	if _, err := os.Stat(filepath.Join(dir, sqlstore.FileName)); err != nil {
		t.Error(err)
	}
	if _, err := first.ServerKey(t.Context()); err == nil {
		t.Error("got a key from a closed database, want an error")
	}
}

func TestOpenRefuses(t *testing.T) {
	write := func(data string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, sqlstore.FileName), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	execute := func(statements string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			db, err := sql.Open("sqlite", filepath.Join(dir, sqlstore.FileName))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(statements); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name   string
		before func(t *testing.T, dir string)
		want   string
	}{
		{"text", write(strings.Repeat("this is no database\n", 100)), "no database"},
		{"short text", write("x"), "no database"},
		{"another program's", execute(`CREATE TABLE bookmark (url TEXT)`), "another program's"},
		{"newer", func(t *testing.T, dir string) {
			db, err := sqlstore.Open(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			execute(`INSERT INTO schema_migration (version, applied_at) VALUES (99, 0)`)(t, dir)
		}, "newer portico (schema 99"},
		{"directory", func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, sqlstore.FileName), 0o700); err != nil {
				t.Fatal(err)
			}
		}, "no regular file"},
		{"symlink", func(t *testing.T, dir string) {
			if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, sqlstore.FileName)); err != nil {
				t.Skip(err)
			}
		}, "no regular file"},
		{"shared directory", func(t *testing.T, dir string) {
			if runtime.GOOS == "windows" {
				t.Skip("Windows has no modes")
			}
			if err := os.Chmod(dir, 0o777); err != nil {
				t.Fatal(err)
			}
		}, "every user may write"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.before(t, dir)
			db, err := sqlstore.Open(t.Context(), dir)
			if err == nil {
				db.Close()
				t.Fatal("got no error, want one")
			}
			e, ok := errors.AsType[*sqlstore.OpenError](err)
			if !ok || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), filepath.Join(dir, sqlstore.FileName)) {
				t.Errorf("got %T %q, want an OpenError naming the file and %q", err, err, test.want)
			}
			if ok && e.Path != filepath.Join(dir, sqlstore.FileName) {
				t.Errorf("got path %q, want the file", e.Path)
			}
		})
	}
	t.Run("file for a directory", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlstore.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "no directory") {
			t.Errorf("got %v, want that it is no directory", err)
		}
	})
}

// A damaged file is refused, or its damage is met later; never a panic.
func TestTruncated(t *testing.T) {
	dir := t.TempDir()
	db, err := sqlstore.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, sqlstore.FileName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 16, 99, 100, 4095, 4096, 5000, len(whole) / 2} {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := sqlstore.Open(t.Context(), dir)
		if err == nil {
			_, err = db.ServerKey(t.Context())
			db.Close()
		}
		if err == nil {
			t.Errorf("cut to %d bytes: got no error, want one", n)
		}
	}
}

func TestMemoryDatabasesAreApart(t *testing.T) {
	keys := map[string]bool{}
	for range 20 {
		key, err := open(t, "").ServerKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		keys[string(key)] = true
	}
	if len(keys) != 20 {
		t.Errorf("got %d keys, want 20 different ones", len(keys))
	}
}

// The clock of a bubble stands still while a database works.
func TestBubble(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "file": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				db, err := sqlstore.Open(t.Context(), dir)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				store := db.Grant()
				done := make(chan error)
				for i := range 16 {
					go func() {
						sess := grant.Session{ID: string(rune('a' + i)), UserID: "alice", CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
						done <- store.InsertSession(context.WithoutCancel(t.Context()), sess, grant.Hash{byte(i + 1)})
					}()
				}
				for range 16 {
					if err := <-done; err != nil {
						t.Error(err)
					}
				}
				time.Sleep(time.Minute)
				if _, _, err := store.SessionByCookie(t.Context(), grant.Hash{1}); err != nil {
					t.Error(err)
				}
				if got := time.Since(begin); got != time.Minute {
					t.Errorf("got %s passed, want 1m0s", got)
				}
			})
		})
	}
}

// Whoever gives up waiting leaves the database as it is, in memory too.
func TestCancelling(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "file": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			db := open(t, dir)
			key, err := db.ServerKey(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			store := db.Grant()
			for i := range 200 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*5*time.Microsecond)
				_, _ = store.EndSession(ctx, "s", time.UnixMilli(1))
				_, _ = store.Client(ctx, "c")
				cancel()
			}
			if got, err := db.ServerKey(t.Context()); err != nil || !bytes.Equal(got, key) {
				t.Errorf("got another key (%v), want the same", err)
			}
		})
	}
}
