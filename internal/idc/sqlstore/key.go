package sqlstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// KeyFileName is the server key's name, beside the database.
const KeyFileName = "identity-center.key"

const keyLength = 32

// ServerKey returns the 32 random bytes from which role credentials and
// successor tokens derive. They are made once, and lie in a file of their own:
// a copy of the database alone opens nothing. In memory they stay in memory.
//
// The database knows its key by a fingerprint. When the key is lost a new one is
// made, and when it is another one than before, all that was issued under the old
// one is void: everybody signs in again. Registrations stay, because clients
// keep them for months and do not expect to lose them.
func (db *DB) ServerKey(ctx context.Context) ([]byte, error) {
	var key []byte
	// One change at a time, also among processes: the first makes the key, the
	// others find it.
	err := db.change(ctx, func(tx *tx) (err error) {
		if key, err = db.key.read(); errors.Is(err, fs.ErrNotExist) {
			key, err = db.key.create()
		}
		if err != nil {
			return err
		}
		return adoptKey(tx, key)
	})
	if err != nil {
		return nil, err
	}
	return key, nil
}

// adoptKey notes which key the database belongs to.
func adoptKey(tx *tx, key []byte) error {
	want := sha256.Sum256(append([]byte("server key fingerprint\x00"), key...))
	var got []byte
	err := tx.queryRow(`SELECT fingerprint FROM server_key WHERE id = 1`).Scan(&got)
	if err == nil && bytes.Equal(got, want[:]) {
		return nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	for _, table := range []string{"request", "browser_session", "role_credential"} { // families and tokens go with sessions
		if _, err := tx.exec("DELETE FROM " + table); err != nil {
			return err
		}
	}
	_, err = tx.exec(`INSERT INTO server_key (id, fingerprint) VALUES (1, $1)
		ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint`, want[:])
	return err
}

// keeper is where a key is between two starts.
type keeper interface {
	// read returns the key, or fs.ErrNotExist.
	read() ([]byte, error)
	// create makes a key that is durable before it is returned. Only one caller at
	// a time may.
	create() ([]byte, error)
}

func newKey() ([]byte, error) {
	key := make([]byte, keyLength)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return key, nil
}

// memoryKey keeps the key as long as the database in memory.
type memoryKey struct{ key []byte }

func (m *memoryKey) read() ([]byte, error) {
	if m.key == nil {
		return nil, fs.ErrNotExist
	}
	return bytes.Clone(m.key), nil
}

func (m *memoryKey) create() (key []byte, err error) {
	m.key, err = newKey()
	return bytes.Clone(m.key), err
}

// keyFile keeps the key in a file, in hex.
type keyFile struct{ path string }

func (k keyFile) read() ([]byte, error) {
	fail := func(problem string, err error) ([]byte, error) {
		return nil, &OpenError{Path: k.path, Problem: problem, Err: err}
	}
	info, err := os.Lstat(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return fail("it cannot be read", err)
	}
	if !info.Mode().IsRegular() {
		return fail("it is no regular file", nil)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		if err := os.Chmod(k.path, 0o600); err != nil {
			return fail("its mode cannot be set to 0600", err)
		}
	}
	text, err := os.ReadFile(k.path)
	if err != nil {
		return fail("it cannot be read", err)
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != keyLength {
		return fail("it is no server key; move it away to get a new one, which ends every sign-in", nil)
	}
	return key, nil
}

// create writes a whole file under another name first: a crash leaves a key or
// none, never a part of one.
func (k keyFile) create() ([]byte, error) {
	fail := func(err error) ([]byte, error) {
		return nil, &OpenError{Path: k.path, Problem: "it cannot be made", Err: err}
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	fresh := k.path + ".new"
	// A crash may have left one; nothing was ever made with it.
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fail(err)
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(fresh, k.path)
	}
	if err != nil {
		return fail(errors.Join(err, os.Remove(fresh)))
	}
	if err := syncDirectory(filepath.Dir(k.path)); err != nil {
		return fail(err)
	}
	return key, nil
}

// syncDirectory makes a new name in a directory durable. Windows does that by
// itself and cannot be asked to.
func syncDirectory(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
