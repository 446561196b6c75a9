package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// tx is one change in progress.
type tx struct {
	ctx context.Context
	tx  *sql.Tx
}

func (t *tx) exec(query string, args ...any) (int64, error) {
	res, err := t.tx.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (t *tx) queryRow(query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(t.ctx, query, args...)
}

// query calls each for every row.
func (t *tx) query(query string, args []any, each func(scan func(...any) error) error) error {
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, each)
}

// change runs f as one transaction on the writing connection. Waiting for that
// connection ends with ctx; the change itself, a matter of milliseconds, does
// not: interrupting it would leave the caller not knowing whether it happened,
// and costs a connection.
func (db *DB) change(ctx context.Context, f func(tx *tx) error) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx = context.WithoutCancel(ctx)
	t, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(&tx{ctx, t}); err != nil {
		if rollback := t.Rollback(); rollback != nil {
			return errors.Join(err, rollback)
		}
		return err
	}
	return t.Commit()
}

// prepared returns a statement for the reading connections, made once.
func (db *DB) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	db.mu.Lock()
	s, ok := db.stmts[query]
	db.mu.Unlock()
	if ok {
		return s, nil
	}
	s, err := db.read.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.stmts == nil {
		return nil, errors.Join(sql.ErrConnDone, s.Close())
	}
	if first, ok := db.stmts[query]; ok {
		return first, s.Close()
	}
	db.stmts[query] = s
	return s, nil
}

// row is a *sql.Row that may have failed before there was one.
type row struct {
	row *sql.Row
	err error
}

func (r row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.row.Scan(dest...)
}

// queryRow reads beside the writer. Like a change it is not interrupted once it
// runs.
func (db *DB) queryRow(ctx context.Context, query string, args ...any) row {
	if err := ctx.Err(); err != nil {
		return row{err: err}
	}
	ctx = context.WithoutCancel(ctx)
	s, err := db.prepared(ctx, query)
	if err != nil {
		return row{err: err}
	}
	return row{row: s.QueryRowContext(ctx, args...)}
}

// query calls each for every row.
func (db *DB) query(ctx context.Context, query string, args []any, each func(scan func(...any) error) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	s, err := db.prepared(ctx, query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, each)
}

func eachRow(rows *sql.Rows, each func(scan func(...any) error) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// isUnique says whether an insertion met a row with the same key.
func isUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// millis stores a time; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment scans what millis stored.
type moment struct{ t *time.Time }

func (m moment) Scan(v any) error {
	n, ok := v.(int64)
	switch {
	case v == nil || ok && n == 0:
		*m.t = time.Time{}
	case ok:
		*m.t = time.UnixMilli(n).UTC()
	default:
		return fmt.Errorf("a time is stored as %T", v)
	}
	return nil
}

// blob stores a hash; the zero hash is NULL, which no unique index minds.
func blob(h grant.Hash) any {
	if h == (grant.Hash{}) {
		return nil
	}
	return h[:]
}

type hash struct{ h *grant.Hash }

func (s hash) Scan(v any) error {
	b, ok := v.([]byte)
	switch {
	case v == nil:
		*s.h = grant.Hash{}
	case ok && len(b) == len(s.h):
		copy(s.h[:], b)
	default:
		return fmt.Errorf("a hash is stored as %T", v)
	}
	return nil
}

// list stores strings as a JSON array; none and nil are the same. What HTML
// would need escaped is not, else an & would take six times its place.
func list(v []string) string {
	if len(v) == 0 {
		return "[]"
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // strings always encode
	}
	return strings.TrimSuffix(b.String(), "\n")
}

type texts struct{ v *[]string }

func (s texts) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("a list is stored as %T", v)
	}
	*s.v = nil
	if text == "[]" {
		return nil
	}
	return json.Unmarshal([]byte(text), s.v)
}
