package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// FileName is the database's name in its directory.
const FileName = "identity-center.db"

// readers is how many connections read beside the one that writes.
const readers = 4

const notDatabase = "it is no database; move it away to begin with an empty one"

// busyTimeout only matters when another process has the database open: within
// one, changes queue for the one writing connection.
const busyTimeout = "10000"

// DB is an open database.
type DB struct {
	write *sql.DB // one connection
	read  *sql.DB // the same pool when in memory
	key   keeper

	mu    sync.Mutex
	stmts map[string]*sql.Stmt // prepared on read
}

// OpenError says which file could not be opened, and why.
type OpenError struct {
	Path    string
	Problem string
	Err     error
}

func (e *OpenError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("open %s: %s: %v", e.Path, e.Problem, e.Err)
	}
	return fmt.Sprintf("open %s: %s", e.Path, e.Problem)
}

func (e *OpenError) Unwrap() error { return e.Err }

// Open opens or makes the database in a directory, and brings its schema up to
// date. With an empty dir it lives in memory, on one connection, until Close.
func Open(ctx context.Context, dir string) (*DB, error) {
	if dir == "" {
		return openMemory(ctx)
	}
	path, err := prepareFile(dir)
	if err != nil {
		return nil, err
	}
	db := &DB{stmts: map[string]*sql.Stmt{}, key: keyFile{filepath.Join(filepath.Dir(path), KeyFileName)}}
	if db.write, err = sql.Open("sqlite", dsn(path, "_txlock=immediate")); err != nil {
		return nil, &OpenError{Path: path, Problem: "cannot be used", Err: err}
	}
	keepConnections(db.write, 1)
	if db.read, err = sql.Open("sqlite", dsn(path, "_query_only=1")); err != nil {
		return nil, errors.Join(&OpenError{Path: path, Problem: "cannot be used", Err: err}, db.write.Close())
	}
	keepConnections(db.read, readers)
	err = checkDurable(ctx, db.write)
	if err == nil {
		err = migrate(ctx, db.write)
	}
	if err == nil {
		err = checkDurable(ctx, db.read)
	}
	if err != nil {
		return nil, errors.Join(explain(path, err), db.read.Close(), db.write.Close())
	}
	return db, nil
}

// openMemory uses one connection for everything: it is the database, so nothing
// else in the process can meet it, and it must never be given up.
func openMemory(ctx context.Context) (*DB, error) {
	pool, err := sql.Open("sqlite", "file::memory:?_txlock=immediate&_foreign_keys=1&_dqs=0&_error_rc=1")
	if err != nil {
		return nil, err
	}
	keepConnections(pool, 1)
	if err := migrate(ctx, pool); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &DB{write: pool, read: pool, stmts: map[string]*sql.Stmt{}, key: &memoryKey{}}, nil
}

func keepConnections(pool *sql.DB, n int) {
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	pool.SetConnMaxIdleTime(0)
	pool.SetConnMaxLifetime(0)
}

// dsn sets everything that a connection does not inherit from the file, on
// every connection the pool ever opens.
func dsn(path, extra string) string {
	// SQLite reads %, ? and # in a file: name; a Windows path needs its slash.
	name := filepath.ToSlash(path)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name
	}
	u := url.URL{Scheme: "file", Path: name, RawQuery: "_busy_timeout=" + busyTimeout +
		"&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_dqs=0&_error_rc=1&" + extra}
	return u.String()
}

// prepareFile makes the directory and the file before SQLite does, which would
// leave the modes to the umask. The -wal and -shm files take the file's mode.
func prepareFile(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, FileName)
	fail := func(problem string, err error) (string, error) {
		return "", &OpenError{Path: path, Problem: problem, Err: err}
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return fail("its directory cannot be made", err)
	}
	switch err := os.Mkdir(dir, 0o700); {
	case err == nil:
		// Whatever the umask took away.
		if err := os.Chmod(dir, 0o700); err != nil {
			return fail("its directory cannot be made", err)
		}
	case !errors.Is(err, fs.ErrExist):
		return fail("its directory cannot be made", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fail("its directory cannot be read", err)
	}
	if !info.IsDir() {
		return fail(dir+" is no directory", nil)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0 {
		return fail("every user may write to "+dir, nil)
	}
	// Exclusive, and no symlink: a link would make us write where its owner likes.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
			return fail("it cannot be made", err)
		}
		return path, nil
	case !errors.Is(err, fs.ErrExist):
		return fail("it cannot be made", err)
	}
	info, err = os.Lstat(path)
	if err != nil {
		return fail("it cannot be read", err)
	}
	if !info.Mode().IsRegular() {
		return fail("it is no regular file", nil)
	}
	// SQLite takes a file that is shorter than its header for an empty one, and
	// would write over it.
	if n := info.Size(); n > 0 && n < 100 {
		return fail(notDatabase, nil)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		if err := os.Chmod(path, 0o600); err != nil {
			return fail("its mode cannot be set to 0600", err)
		}
	}
	return path, nil
}

// checkDurable refuses to run where an acknowledged change could be lost: some
// file systems silently give another journal mode.
func checkDurable(ctx context.Context, pool *sql.DB) error {
	var mode string
	if err := pool.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("journal mode is %q, not wal: this file system cannot keep the database", mode)
	}
	for pragma, want := range map[string]int{"synchronous": 2, "foreign_keys": 1} {
		var got int
		if err := pool.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s is %d, not %d", pragma, got, want)
		}
	}
	return nil
}

// explain turns what SQLite says about a file into words that help.
func explain(path string, err error) error {
	var newer *newerSchemaError
	if errors.As(err, &newer) {
		return &OpenError{Path: path, Problem: newer.Error()}
	}
	if errors.Is(err, errForeign) {
		return &OpenError{Path: path, Problem: errForeign.Error()}
	}
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB:
			return &OpenError{Path: path, Problem: notDatabase}
		case sqlite3.SQLITE_CORRUPT:
			return &OpenError{Path: path, Problem: "it is damaged; move it away to begin with an empty one", Err: err}
		case sqlite3.SQLITE_BUSY:
			return &OpenError{Path: path, Problem: "another process keeps it locked", Err: err}
		}
	}
	return &OpenError{Path: path, Problem: "cannot be used", Err: err}
}

// Directory is the Store of people, accounts and assignments.
func (db *DB) Directory() directory.Store { return directoryStore{db} }

// Grant is the Store of clients, codes, tokens, sessions and role credentials.
func (db *DB) Grant() grant.Store { return grantStore{db} }

// Close writes the log back into the file if nobody else is using it, and closes
// all connections.
func (db *DB) Close() error {
	var errs []error
	db.mu.Lock()
	for _, s := range db.stmts {
		errs = append(errs, s.Close())
	}
	db.stmts = nil
	db.mu.Unlock()
	if db.read != db.write {
		errs = append(errs, db.read.Close())
		// The last reader is gone, so the log can be emptied. It need not be: every
		// change is durable already, and the next Open reads the log. So neither
		// another process that is busy with the file nor a full disk is a fault here.
		_, _ = db.write.Exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return errors.Join(append(errs, db.write.Close())...)
}
