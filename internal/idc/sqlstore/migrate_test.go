package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"testing"
	"testing/fstest"
)

func TestMigrationsAreNumbered(t *testing.T) {
	all, err := readMigrations(migrations)
	if err != nil || len(all) == 0 {
		t.Fatalf("got %d migrations and %v, want some", len(all), err)
	}
	for name, files := range map[string]fstest.MapFS{
		"gap":       {"migrations/0001_a.sql": {}, "migrations/0003_b.sql": {}},
		"no number": {"migrations/a.sql": {}},
		"twice":     {"migrations/0001_a.sql": {}, "migrations/0001_b.sql": {}},
	} {
		if _, err := readMigrations(files); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

func TestMigrateStepByStep(t *testing.T) {
	pool, err := sql.Open("sqlite", "file::memory:?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	keepConnections(pool, 1)
	first := migration{1, `CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);`}
	second := migration{2, `ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7;`}
	bad := migration{3, `CREATE TABLE b (x INTEGER); INSERT INTO nowhere VALUES (1);`}
	version := func() (n int) {
		t.Helper()
		if err := pool.QueryRow(`SELECT max(version) FROM schema_migration`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, step := range []struct {
		all  []migration
		want int
		ok   bool
	}{
		{[]migration{first}, 1, true},
		{[]migration{first}, 1, true},
		{[]migration{first, second}, 2, true},
		{[]migration{first, second, bad}, 2, false}, // and nothing of it stays
		{[]migration{first, second, {3, `CREATE TABLE b (x INTEGER)`}}, 3, true},
	} {
		err := migrateTo(context.Background(), pool, step.all)
		if (err == nil) != step.ok || version() != step.want {
			t.Fatalf("got version %d and %v, want %d, success %t", version(), err, step.want, step.ok)
		}
	}
	var y int
	if err := pool.QueryRow(`SELECT y FROM a`).Scan(&y); err != nil || y != 7 {
		t.Errorf("got %d and %v, want 7", y, err)
	}
	var newer *newerSchemaError
	if err := migrateTo(context.Background(), pool, []migration{first}); !errors.As(err, &newer) {
		t.Errorf("got %v, want a newer schema", err)
	}
}

// Every connection a pool ever opens has the settings, not only the first.
func TestEveryConnectionIsDurable(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var held []*sql.Conn
	for range readers {
		c, err := db.read.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	for _, c := range append(held, nil) {
		if c == nil {
			if c, err = db.write.Conn(t.Context()); err != nil {
				t.Fatal(err)
			}
			held = append(held, c)
		}
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": busyTimeout} {
			var got string
			if err := c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s: got %q, %v, want %q", pragma, got, err, want)
			}
		}
	}
	if _, err := held[0].ExecContext(t.Context(), `DELETE FROM client`); err == nil {
		t.Error("a reading connection can write")
	}
	for _, c := range held {
		c.Close()
	}
}

// A log that cannot be written back now is written back later, and is no reason
// to say that closing failed.
func TestCloseWithoutCheckpoint(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.write.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.write.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err == nil {
		t.Fatal("got a checkpoint inside a transaction, want an error")
	}
	if err := db.Close(); err != nil {
		t.Errorf("got %v, want none", err)
	}
}

// A database that still holds its key, which copies of it hold too, gets a new
// one, and what was issued under the old is void.
func TestUpgradeTakesTheKeyOut(t *testing.T) {
	dir := t.TempDir()
	path, err := prepareFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("sqlite", dsn(path, "_txlock=immediate"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := readMigrations(migrations)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrateTo(t.Context(), pool, all[:1]); err != nil {
		t.Fatal(err)
	}
	old := bytes.Repeat([]byte{7}, keyLength)
	if _, err := pool.ExecContext(t.Context(), `INSERT INTO server_key (id, key) VALUES (1, $1);
		INSERT INTO browser_session (id, cookie, person_id, created_at, expires_at, ended_at) VALUES ('s', x'01', 'alice', 1, 2, 0);
		INSERT INTO wrong_user_code (tried_at) VALUES (1)`, old); err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key, err := db.ServerKey(t.Context())
	if err != nil || bytes.Equal(key, old) {
		t.Errorf("got the old key or %v, want a new one", err)
	}
	var sessions int
	if err := db.queryRow(t.Context(), `SELECT count(*) FROM browser_session`).Scan(&sessions); err != nil || sessions != 0 {
		t.Errorf("got %d sessions and %v, want none", sessions, err)
	}
}
