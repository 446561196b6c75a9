package wallet

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// A Vault encrypts the files of the sessions that are sealed.
type Vault interface {
	// Has tells whether the session whose token key that is, is one to seal.
	Has(tokenKey string) bool
	// Seal encrypts what is kept under a name. It may make the session's key.
	Seal(tokenKey, name string, plain []byte) ([]byte, error)
	// Open is the other way. What was changed, or sealed under another name or
	// another key, is [ErrTampered]; any other error says why there is no key now.
	Open(tokenKey, name string, sealed []byte) ([]byte, error)
}

// ErrTampered reports a sealed file that is not what was sealed.
var ErrTampered = errors.New("it was not sealed here, or was changed since")

// An UnopenedError reports a file of a sealed session whose key cannot be had
// now. Nothing is wrong with the file.
type UnopenedError struct{ Cause error }

func (e *UnopenedError) Error() string { return e.Cause.Error() }
func (e *UnopenedError) Unwrap() error { return e.Cause }

// What the sealed files of a session are called: its token, and by a prefix what
// else there is. The stem after it is that of the file in the open.
const (
	sealedToken  = "token"
	clientPrefix = "client-"
	rolePrefix   = "role-"
	sealedSuffix = ".age"
)

// entry is where something is kept: in the open, or sealed.
type entry struct {
	path     string
	tokenKey string // of the session that is sealed; "" in the open
	name     string // what it is sealed as
}

// entry is the file of the session with that token key which in the open is
// path.
func (w *Wallet) entry(tokenKey, prefix, path string) entry {
	if !w.Sealed(tokenKey) {
		return entry{path: path}
	}
	return w.sealedEntry(tokenKey, prefix+strings.TrimSuffix(filepath.Base(path), ".json"))
}

func (w *Wallet) tokenEntry(tokenKey string) entry {
	if !w.Sealed(tokenKey) {
		return entry{path: filepath.Join(w.tokenDir(), tokenKey+".json")}
	}
	return w.sealedEntry(tokenKey, sealedToken)
}

func (w *Wallet) sealedEntry(tokenKey, name string) entry {
	return entry{path: filepath.Join(w.vaultDir(tokenKey), name+sealedSuffix), tokenKey: tokenKey, name: name}
}

func (w *Wallet) vaultDir(tokenKey string) string { return filepath.Join(w.SealedDir, tokenKey) }

// Sealed tells whether what the session has is kept sealed: because that is how
// it is configured, or because its token is. The second counts for a process that
// read the config before another one sealed the session.
func (w *Wallet) Sealed(tokenKey string) bool {
	if w.Vault == nil || tokenKey == "" {
		return false
	}
	if w.Vault.Has(tokenKey) {
		return true
	}
	_, err := os.Lstat(w.sealedEntry(tokenKey, sealedToken).path)
	return err == nil
}

// read decodes what is kept where find says into v. What moves into its vault, or
// out of it, meanwhile is looked for again.
func (w *Wallet) read(find func() entry, v any) (entry, error) {
	e := find()
	err := w.decode(e, v)
	// A file that was read before it moved may meet a key that is gone after.
	_, corrupt := errors.AsType[*CorruptError](err)
	if errors.Is(err, ErrNotFound) || (corrupt && e.tokenKey != "") {
		if now := find(); now.path != e.path {
			return now, w.decode(now, v)
		}
	}
	return e, err
}

func (w *Wallet) decode(e entry, v any) error {
	if e.tokenKey == "" {
		return read(e.path, v)
	}
	plain, err := w.open(e)
	if err != nil {
		return err
	}
	if json.Unmarshal(plain, v) != nil {
		return &CorruptError{Path: e.path, Problem: "not the JSON it should be"}
	}
	return nil
}

// open reads a sealed file.
func (w *Wallet) open(e entry) ([]byte, error) {
	sealed, err := readBytes(e.path)
	if err != nil {
		return nil, err
	}
	plain, err := w.Vault.Open(e.tokenKey, e.name, sealed)
	switch {
	case errors.Is(err, ErrTampered):
		return nil, &CorruptError{Path: e.path, Problem: err.Error()}
	case err != nil:
		return nil, &UnopenedError{Cause: err}
	}
	return plain, nil
}

// write replaces an entry.
func (w *Wallet) write(e entry, data []byte) error {
	if e.tokenKey == "" {
		return write(e.path, data)
	}
	sealed, err := w.Vault.Seal(e.tokenKey, e.name, data)
	if err != nil {
		return &UnopenedError{Cause: err}
	}
	return write(e.path, sealed)
}

// readBytes reads a whole file of no more than [maxFile].
func readBytes(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, ErrNotFound
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return nil, &CorruptError{Path: path, Problem: "no file of a cache"}
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound
	}
	return data, err
}

// sealedSessions are the token keys of the sessions that have sealed files.
func (w *Wallet) sealedSessions() ([]string, error) {
	if w.Vault == nil {
		return nil, nil
	}
	entries, err := os.ReadDir(w.SealedDir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var keys []string
	for _, e := range entries {
		if e.IsDir() {
			keys = append(keys, e.Name())
		}
	}
	return keys, err
}

// sealedNames are what the session has sealed.
func (w *Wallet) sealedNames(tokenKey string) ([]string, error) {
	entries, err := os.ReadDir(w.vaultDir(tokenKey))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), sealedSuffix)
		if ok && (name == sealedToken || strings.HasPrefix(name, clientPrefix) || strings.HasPrefix(name, rolePrefix)) {
			names = append(names, name)
		}
	}
	return names, err
}

// sealedTokens are the tokens of sealed sessions. One that cannot be opened now
// is among them, with nothing but its key, so that it can be deleted.
func (w *Wallet) sealedTokens() ([]StoredToken, error) {
	keys, failed := w.sealedSessions()
	var tokens []StoredToken
	for _, key := range keys {
		e := w.sealedEntry(key, sealedToken)
		if _, err := os.Lstat(e.path); err != nil {
			continue
		}
		var f tokenFile
		err := w.decode(e, &f)
		var t Token
		if err == nil {
			t, err = f.token(e.path)
		}
		tokens = append(tokens, StoredToken{Key: key, Token: t, Unread: err, path: e.path})
	}
	return tokens, failed
}

// deleteSealedRoles removes the sealed role credentials of one session, or of all.
func (w *Wallet) deleteSealedRoles(tokenKey string) (int, error) {
	keys, failed := w.sealedSessions()
	n := 0
	for _, key := range keys {
		if tokenKey != "" && key != tokenKey {
			continue
		}
		names, err := w.sealedNames(key)
		failed = errors.Join(failed, err)
		for _, name := range names {
			if strings.HasPrefix(name, rolePrefix) {
				n++
				failed = errors.Join(failed, remove(w.sealedEntry(key, name).path))
			}
		}
	}
	return n, failed
}

// checkSealable tells whether the session's files could be sealed now.
func (w *Wallet) checkSealable(e entry) error {
	if e.tokenKey == "" {
		return nil
	}
	_, err := w.Vault.Seal(e.tokenKey, e.name, nil)
	return err
}

// A Belonging is a file of a session that [Wallet.Enclose] and [Wallet.Disclose]
// move.
type Belonging struct {
	Open string // where it is in the open
	name string // what it is sealed as
}

// Secret tells whether the file opens something by itself, as a registration does
// not.
func (b Belonging) Secret() bool { return !strings.HasPrefix(b.name, clientPrefix) }

// Belongings are the session's files in the open: its token, its client
// registrations, and the credentials of its roles. The registrations are those
// that are named, and those of the client whose token it is; role credentials
// those that portico marked as the session's, and those of the given names, which
// the AWS CLI left.
func (w *Wallet) Belongings(tokenKey string, registration RegistrationKey, roles []string) ([]Belonging, error) {
	var all []Belonging
	add := func(path, prefix string) {
		all = append(all, Belonging{Open: path, name: prefix + strings.TrimSuffix(filepath.Base(path), ".json")})
	}
	var client string
	token := filepath.Join(w.tokenDir(), tokenKey+".json")
	_, absent := os.Lstat(token)
	failed := eachFile(w.tokenDir(), func(path string, content map[string]any) error {
		if path == token {
			client, _ = content["clientId"].(string)
		}
		return nil
	})
	failed = errors.Join(failed, eachFile(w.tokenDir(), func(path string, content map[string]any) error {
		id, _ := content["clientId"].(string)
		named := filepath.Base(path) == registration.name()+".json"
		if path != token && content["accessToken"] == nil && strings.HasSuffix(path, ".json") && (named || (id != "" && id == client)) {
			add(path, clientPrefix)
		}
		return nil
	}))
	failed = errors.Join(failed, eachFile(w.roleDir(), func(path string, content map[string]any) error {
		stem, isJSON := strings.CutSuffix(filepath.Base(path), ".json")
		theirs := content["portico_session"] == tokenKey
		for _, name := range roles {
			theirs = theirs || name == stem
		}
		if isJSON && theirs {
			add(path, rolePrefix)
		}
		return nil
	}))
	// The token comes last: where it is sealed, the session is.
	if absent == nil {
		all = append(all, Belonging{Open: token, name: sealedToken})
	}
	return all, failed
}

// SealedBelongings are the session's sealed files, the token last.
func (w *Wallet) SealedBelongings(tokenKey string) ([]Belonging, error) {
	names, err := w.sealedNames(tokenKey)
	var all []Belonging
	for _, name := range names {
		dir, stem := w.roleDir(), strings.TrimPrefix(name, rolePrefix)
		if c, ok := strings.CutPrefix(name, clientPrefix); ok {
			dir, stem = w.tokenDir(), c
		}
		if name != sealedToken {
			all = append(all, Belonging{Open: filepath.Join(dir, stem+".json"), name: name})
		}
	}
	for _, name := range names {
		if name == sealedToken {
			all = append(all, Belonging{Open: filepath.Join(w.tokenDir(), tokenKey+".json"), name: name})
		}
	}
	return all, err
}

// Enclose seals a copy of a file and reads it back. Where there is a sealed one
// already, of an attempt that was interrupted, the one that is good for longer
// stays; otherwise the copy is new, also where there is an error.
func (w *Wallet) Enclose(tokenKey string, b Belonging) (isNew bool, err error) {
	plain, err := readBytes(b.Open)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	e := w.sealedEntry(tokenKey, b.name)
	sealed, err := w.open(e)
	if err == nil && !bytes.Equal(sealed, plain) && lasts(sealed, plain) {
		return false, nil
	}
	isNew = errors.Is(err, ErrNotFound)
	if err := w.write(e, plain); err != nil {
		return isNew, err
	}
	if again, err := w.open(e); err != nil || !bytes.Equal(again, plain) {
		return isNew, errors.Join(&CorruptError{Path: e.path, Problem: "does not open to what was sealed"}, err)
	}
	return isNew, nil
}

// Opens makes sure that a sealed file can be decrypted.
func (w *Wallet) Opens(tokenKey string, b Belonging) error {
	_, err := w.open(w.sealedEntry(tokenKey, b.name))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Disclose writes a sealed file into the open, and reads it back. A file that is
// there stays if it is good for longer; otherwise the copy is new, also where
// there is an error.
func (w *Wallet) Disclose(tokenKey string, b Belonging) (isNew bool, err error) {
	plain, err := w.open(w.sealedEntry(tokenKey, b.name))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	now, err := readBytes(b.Open)
	if err == nil && !bytes.Equal(now, plain) && lasts(now, plain) {
		return false, nil
	}
	isNew = errors.Is(err, ErrNotFound)
	if err := write(b.Open, plain); err != nil {
		return isNew, err
	}
	if again, err := readBytes(b.Open); err != nil || !bytes.Equal(again, plain) {
		return isNew, errors.Join(&CorruptError{Path: b.Open, Problem: "is not what was written"}, err)
	}
	return isNew, nil
}

// Withdraw removes a copy in the open that [Wallet.Disclose] made, while the
// sealed file is still there.
func (w *Wallet) Withdraw(tokenKey string, b Belonging) error {
	if _, err := os.Lstat(w.sealedEntry(tokenKey, b.name).path); err != nil {
		return err
	}
	return remove(b.Open)
}

// RemoveOpen removes the file in the open, unless it is no longer what was sealed:
// then it says so, and the file is to be sealed again.
func (w *Wallet) RemoveOpen(tokenKey string, b Belonging) (changed bool, err error) {
	plain, err := readBytes(b.Open)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sealed, err := w.open(w.sealedEntry(tokenKey, b.name))
	if err != nil {
		return false, err
	}
	if !bytes.Equal(sealed, plain) && !lasts(sealed, plain) {
		return true, nil
	}
	return false, remove(b.Open)
}

// RemoveSealed removes the sealed file.
func (w *Wallet) RemoveSealed(tokenKey string, b Belonging) error {
	return remove(w.sealedEntry(tokenKey, b.name).path)
}

// CheckSealed makes sure that files of the session could be sealed, before any is
// moved. It makes the session's key where there is none.
func (w *Wallet) CheckSealed(tokenKey string) error {
	if err := atomicfile.MkdirAll(w.vaultDir(tokenKey)); err != nil {
		return err
	}
	return w.checkSealable(w.sealedEntry(tokenKey, sealedToken))
}

// lasts tells whether the first of two contents of one file expires after the
// second, or does not decode while the second does not either.
func lasts(a, b []byte) bool {
	end := func(data []byte) string {
		var f struct {
			ExpiresAt   string `json:"expiresAt"`
			Credentials struct{ Expiration string }
		}
		if json.Unmarshal(data, &f) != nil {
			return ""
		}
		t, err := ParseTime(f.ExpiresAt + f.Credentials.Expiration) // a file has one or the other
		if err != nil {
			return ""
		}
		return formatTime(t)
	}
	return end(a) > end(b)
}
