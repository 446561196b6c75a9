package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrations embed.FS

// errForeign says that the file is a database, but not ours.
var errForeign = errors.New("it is another program's database; choose another directory")

// newerSchemaError says that a newer portico has changed the schema.
type newerSchemaError struct{ got, known int }

func (e *newerSchemaError) Error() string {
	return fmt.Sprintf("it was written by a newer portico (schema %d, this one knows %d); use that one, or another directory", e.got, e.known)
}

type migration struct {
	version int
	sql     string
}

// readMigrations returns them in order; their numbers have no gaps.
func readMigrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var all []migration
	for i, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %s is not number %d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{version: i + 1, sql: string(text)})
	}
	return all, nil
}

// migrate runs what is missing, all in one transaction: two processes that
// start together take turns, and a crash leaves the schema as it was.
func migrate(ctx context.Context, pool *sql.DB) error {
	all, err := readMigrations(migrations)
	if err != nil {
		return err
	}
	return migrateTo(ctx, pool, all)
}

func migrateTo(ctx context.Context, pool *sql.DB, all []migration) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // no effect after Commit
	var tables, ours, current int
	err = tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(name = 'schema_migration'), 0) FROM sqlite_master WHERE type = 'table'`).Scan(&tables, &ours)
	if err != nil {
		return err
	}
	if tables > 0 && ours == 0 {
		return errForeign
	}
	if ours == 0 {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE schema_migration (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)`); err != nil {
			return err
		}
	}
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM schema_migration`).Scan(&current); err != nil {
		return err
	}
	if current > len(all) {
		return &newerSchemaError{got: current, known: len(all)}
	}
	for _, m := range all[current:] {
		if _, err := tx.ExecContext(ctx, m.sql); err != nil {
			return fmt.Errorf("migration %d: %w", m.version, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO schema_migration (version, applied_at) VALUES ($1, $2)`, m.version, time.Now().UnixMilli()); err != nil {
			return err
		}
	}
	return tx.Commit()
}
