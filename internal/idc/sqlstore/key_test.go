package sqlstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

// issued is one of each thing that a server key stands behind.
type issued struct {
	client grant.Client
	secret string
	cookie string
	tokens grant.Tokens
	cred   grant.RoleCredential
}

func issue(t *testing.T, dir string) issued {
	t.Helper()
	s, done := service(t, dir)
	defer done()
	ctx, now := t.Context(), crashTime
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var x issued
	var sess grant.Session
	var err error
	x.client, x.secret, err = s.RegisterClient(ctx, now, grant.Registration{Name: "c", Type: "public", Scopes: []string{"a"}})
	must(err)
	x.cookie, sess, err = s.StartSession(ctx, now, "alice")
	must(err)
	d, err := s.StartDevice(ctx, now, x.client.ID, x.secret, "https://x", grant.DeviceOptions{})
	must(err)
	r, err := s.ConfirmUserCode(ctx, now, sess, d.UserCode)
	must(err)
	_, err = s.Decide(ctx, now, sess, r.ID, true)
	must(err)
	x.tokens, err = s.RedeemDevice(ctx, now, x.client.ID, x.secret, d.DeviceCode)
	must(err)
	x.cred, _, _, err = s.IssueRoleCredential(ctx, now, grant.RoleCredential{SessionID: sess.ID, ExpiresAt: now.Add(time.Hour)})
	must(err)
	return x
}

// stands says whether what was issued is good at the database in dir. It holds
// together or not at all; the registration always stays.
func (x issued) stands(t *testing.T, dir string) bool {
	t.Helper()
	s, done := service(t, dir)
	defer done()
	ctx, now := t.Context(), crashTime
	_, _, _, cred := s.RoleCredential(ctx, x.cred.AccessKeyID)
	_, session := s.Session(ctx, now, x.cookie)
	_, access := s.AccessToken(ctx, now, x.tokens.AccessToken)
	_, refresh := s.Refresh(ctx, now, x.client.ID, x.secret, x.tokens.RefreshToken)
	for what, err := range map[string]error{"session": session, "access token": access, "refresh token": refresh} {
		if (err == nil) != (cred == nil) {
			t.Errorf("role credential: got %v, but %s: %v", cred, what, err)
		}
	}
	if _, err := s.StartDevice(ctx, now, x.client.ID, x.secret, "https://x", grant.DeviceOptions{}); err != nil {
		t.Errorf("registration: got %v, want none", err)
	}
	return cred == nil
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A copy of the database alone opens nothing.
func TestCopyWithoutTheKey(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	x := issue(t, dir)
	copyFile(t, filepath.Join(dir, sqlstore.FileName), filepath.Join(copied, sqlstore.FileName))
	text, err := os.ReadFile(filepath.Join(dir, sqlstore.KeyFileName))
	if err != nil {
		t.Fatal(err)
	}
	key, err := open(t, dir).ServerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(copied, sqlstore.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, key) || bytes.Contains(data, bytes.TrimSpace(text)) {
		t.Error("the database holds the server key")
	}
	if x.stands(t, copied) {
		t.Error("what was issued is good at a copy that has no key")
	}
	other, err := open(t, copied).ServerKey(t.Context())
	if err != nil || bytes.Equal(other, key) {
		t.Errorf("got the same key or %v, want a new one", err)
	}
	// With its key the copy is a backup.
	backup := t.TempDir()
	copyFile(t, filepath.Join(dir, sqlstore.FileName), filepath.Join(backup, sqlstore.FileName))
	copyFile(t, filepath.Join(dir, sqlstore.KeyFileName), filepath.Join(backup, sqlstore.KeyFileName))
	if !x.stands(t, backup) || !x.stands(t, dir) {
		t.Error("what was issued is void, though the key is there")
	}
}

func TestLostAndForeignKey(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"lost":    os.Remove,
		"another": func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("ab", 32)), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			x := issue(t, dir)
			if !x.stands(t, dir) {
				t.Fatal("what was issued is void after a restart")
			}
			if err := spoil(filepath.Join(dir, sqlstore.KeyFileName)); err != nil {
				t.Fatal(err)
			}
			if x.stands(t, dir) {
				t.Error("what was issued outlives its key")
			}
			again := issue(t, dir)
			if !again.stands(t, dir) {
				t.Error("what is issued under the new key is void")
			}
		})
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, sqlstore.KeyFileName)
	// What a crash left behind is no key.
	if err := os.WriteFile(path+".new", []byte("ab"), 0o600); err != nil {
		t.Fatal(err)
	}
	db := open(t, dir)
	key, err := db.ServerKey(t.Context())
	if err != nil || len(key) != 32 {
		t.Fatalf("got %d bytes and %v, want 32", len(key), err)
	}
	if _, err := os.Stat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no other file", err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ServerKey(t.Context()); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v, want mode 600", info.Mode(), err)
		}
	}
	for name, spoil := range map[string]func() error{
		"empty":     func() error { return os.WriteFile(path, nil, 0o600) },
		"text":      func() error { return os.WriteFile(path, []byte("secret"), 0o600) },
		"short":     func() error { return os.WriteFile(path, []byte(strings.Repeat("ab", 31)), 0o600) },
		"directory": func() error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
			_, err := db.ServerKey(t.Context())
			if e, ok := errors.AsType[*sqlstore.OpenError](err); !ok || e.Path != path {
				t.Errorf("got %v, want an OpenError naming the file", err)
			}
		})
	}
}

// Processes that start together agree on the key.
func TestKeyOfACrowd(t *testing.T) {
	dir := t.TempDir()
	keys := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range keys {
		db := open(t, dir)
		wg.Go(func() {
			key, err := db.ServerKey(context.WithoutCancel(t.Context()))
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	wg.Wait()
	for _, key := range keys {
		if !bytes.Equal(key, keys[0]) || len(key) != 32 {
			t.Fatal("got different keys, want one")
		}
	}
}

// Closing beside a process that is busy with the file is no failure: nothing is
// lost.
func TestCloseBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	db, err := sqlstore.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	key, err := db.ServerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sess := grant.Session{ID: "s", UserID: "alice", CreatedAt: crashTime, ExpiresAt: crashTime.Add(time.Hour)}
	if err := db.Grant().InsertSession(t.Context(), sess, grant.Hash{1}); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", filepath.Join(dir, sqlstore.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("got %v, want none", err)
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	if got, err := again.ServerKey(t.Context()); err != nil || !bytes.Equal(got, key) {
		t.Errorf("got another key (%v), want the same", err)
	}
	if _, _, err := again.Grant().SessionByCookie(t.Context(), grant.Hash{1}); err != nil {
		t.Errorf("got %v, want the session", err)
	}
}
