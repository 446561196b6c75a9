package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/wallet"
)

// A Vault seals and opens the files of sessions, each with its own key.
type Vault struct {
	Dir      string                       // holds a directory for each session
	LockDir  string                       // where locks live
	IsSealed func(tokenKey string) bool   // whether a session is configured to be sealed
	Name     func(tokenKey string) string // of the session, for people

	Keyring Keyring // nil: the operating system's
	Kernel  Holder  // for keys that a passphrase opened; nil: the kernel's

	// Passphrase asks for the passphrase of a session's key. Nil: nobody is there
	// to ask.
	Passphrase func(ctx context.Context, session string) (string, error)
	// Attended says that a person can answer what the keyring may ask.
	Attended bool
	// Waiting is told once what a keyring is waited for. Nil drops it.
	Waiting func(what string)
	// Ended is closed when nobody wants to wait any more. Nil: it never is.
	Ended <-chan struct{}

	WorkFactor int // scrypt's, as a power of two; 0: age's own

	mu     sync.Mutex
	keys   map[string]opened
	failed map[string]failure
	silent time.Time // until when the keyring counts as such, for all sessions
}

// A failure is why there was no key a moment ago. A command reads several files,
// and neither a person nor a keyring is asked again for each.
type failure struct {
	err   error
	until time.Time
}

const failureStands = 10 * time.Second

// Has tells whether the session is one to seal.
func (v *Vault) Has(tokenKey string) bool { return v.IsSealed != nil && v.IsSealed(tokenKey) }

// title is the first line of what is sealed: it binds a file to its name, so that
// the credentials of one role cannot be put in place of another's.
func title(tokenKey, name string) string { return "portico " + tokenKey + "/" + name + "\n" }

// Seal encrypts what is kept under a name with the session's key, which it makes
// where the session has none.
func (v *Vault) Seal(tokenKey, name string, plain []byte) ([]byte, error) {
	key, err := v.key(tokenKey, true)
	if err != nil {
		return nil, err
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, key.Recipient())
	if err == nil {
		_, err = io.WriteString(w, title(tokenKey, name))
	}
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	return sealed.Bytes(), err
}

// Open decrypts what [Vault.Seal] made. Whatever is not exactly that is
// [wallet.ErrTampered]; so is every file whose key is gone for good.
func (v *Vault) Open(tokenKey, name string, sealed []byte) ([]byte, error) {
	key, err := v.key(tokenKey, false)
	if e, ok := errors.AsType[*KeyError](err); ok && e.Reason == Gone {
		return nil, fmt.Errorf("its key is gone: %w", wallet.ErrTampered)
	}
	if err != nil {
		return nil, err
	}
	plain, err := decrypt(sealed, key)
	if err != nil {
		return nil, wallet.ErrTampered
	}
	plain, ok := bytes.CutPrefix(plain, []byte(title(tokenKey, name)))
	if !ok {
		return nil, wallet.ErrTampered
	}
	return plain, nil
}

// decrypt returns the whole of what an age file holds, or nothing of it.
func decrypt(file []byte, identities ...age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(file), identities...)
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return plain, nil
}

// The files that say where a session's key is: one that a passphrase opens is
// itself there, of one in the keyring there is the name.
const (
	passphraseFile = "key.age"
	keyringFile    = "keyring"
)

func (v *Vault) path(tokenKey, name string) string { return filepath.Join(v.Dir, tokenKey, name) }

// A lead is what leads to a session's key: one of those files, and what is in it.
type lead struct{ file, text string }

func (v *Vault) lead(tokenKey string) (lead, error) {
	for _, name := range []string{passphraseFile, keyringFile} {
		text, err := os.ReadFile(v.path(tokenKey, name))
		if err == nil {
			return lead{name, string(text)}, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return lead{}, err
		}
	}
	return lead{}, &KeyError{Session: v.name(tokenKey), Reason: Gone}
}

// opened is a key in memory, and where it was found.
type opened struct {
	key *age.X25519Identity
	at  lead
}

// key is the session's. Once found it is kept in memory, for as long as nobody
// gives the session another one.
func (v *Vault) key(tokenKey string, create bool) (*age.X25519Identity, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	at, err := v.lead(tokenKey)
	if known := v.keys[tokenKey]; err == nil && known.key != nil && known.at == at {
		return known.key, nil
	}
	if f, ok := v.failed[tokenKey]; ok && time.Now().Before(f.until) {
		return nil, f.err
	}
	var found opened
	if err == nil {
		found, err = v.find(tokenKey, at)
	}
	gone := false
	if e, ok := errors.AsType[*KeyError](err); ok && e.Reason == Gone {
		if gone = !create; create {
			found, err = v.create(tokenKey)
		}
	}
	if err != nil {
		if v.failed == nil {
			v.failed = map[string]failure{}
		}
		if !gone { // the next to seal makes one
			v.failed[tokenKey] = failure{err, time.Now().Add(failureStands)}
		}
		return nil, err
	}
	v.remember(tokenKey, found)
	return found.key, nil
}

func (v *Vault) remember(tokenKey string, key opened) {
	if v.keys == nil {
		v.keys = map[string]opened{}
	}
	v.keys[tokenKey] = key
}

func (v *Vault) find(tokenKey string, at lead) (opened, error) {
	if at.file == passphraseFile {
		key, err := v.unlocked(tokenKey, []byte(at.text))
		return opened{key, at}, err
	}
	if time.Now().Before(v.silent) {
		return opened{}, &KeyError{Session: v.name(tokenKey), Reason: Silent, Waited: v.keyring().wait}
	}
	text, err := v.keyring().get(strings.TrimSpace(at.text))
	if e, ok := errors.AsType[*KeyError](err); ok && e.Reason == Silent {
		v.silent = time.Now().Add(failureStands)
	}
	if err != nil {
		return opened{}, v.about(tokenKey, err)
	}
	key, err := age.ParseX25519Identity(text)
	if err != nil {
		return opened{}, &KeyError{Session: v.name(tokenKey), Reason: Gone} // whoever put something else there
	}
	return opened{key, at}, nil
}

// create makes a key for the keyring, under a lock, so that two who seal at once
// agree on it.
func (v *Vault) create(tokenKey string) (opened, error) {
	unlock, err := v.lock(tokenKey)
	if err != nil {
		return opened{}, err
	}
	defer unlock()
	at, err := v.lead(tokenKey)
	named := err == nil && at.file == keyringFile
	if err == nil {
		if key, err := v.find(tokenKey, at); err == nil {
			return key, nil
		}
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return opened{}, err
	}
	// The item is named before it exists: a name without an item is a key that is
	// gone, and an item without a name would stay for ever.
	path := v.path(tokenKey, keyringFile)
	if !named {
		at = lead{keyringFile, v.name(tokenKey) + " " + strings.ToLower(key.Recipient().String()[len("age1"):][:8]) + "\n"}
		if err := atomicfile.Write(path, []byte(at.text), 0o600); err != nil {
			return opened{}, err
		}
	}
	item := strings.TrimSpace(at.text)
	if err := v.keyring().set(item, key.String()); err != nil {
		if e, ok := errors.AsType[*KeyError](err); !named && ok && e.Reason != Silent && e.Reason != Interrupted { // which may still do it
			_ = os.Remove(path)
			_ = os.Remove(filepath.Dir(path)) // unless there is something in it
		}
		return opened{}, v.about(tokenKey, err)
	}
	// A keyring that forgets is found out now, and not when the token is needed.
	if text, err := v.keyring().get(item); err != nil || text != key.String() {
		return opened{}, &KeyError{Session: v.name(tokenKey), Reason: Failed, Cause: errors.Join(errors.New("the keyring does not return what was put in it"), err)}
	}
	return opened{key, at}, nil
}

// lockWait is how long another process may take to make a key: a person may be
// asked for it.
const lockWait = 45 * time.Second

func (v *Vault) lock(tokenKey string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	return atomicfile.Lock(ctx, filepath.Join(v.LockDir, "seal-"+tokenKey+".lock"))
}

// CreateKey gives the session a key that a passphrase opens, unless it has a key.
func (v *Vault) CreateKey(tokenKey, passphrase string) error {
	unlock, err := v.lock(tokenKey)
	if err != nil {
		return err
	}
	defer unlock()
	if v.HasKey(tokenKey) {
		return nil
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return err
	}
	if v.WorkFactor > 0 {
		recipient.SetWorkFactor(v.WorkFactor)
	}
	var locked bytes.Buffer
	w, err := age.Encrypt(&locked, recipient)
	if err == nil {
		_, err = fmt.Fprintln(w, key)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	if err := atomicfile.Write(v.path(tokenKey, passphraseFile), locked.Bytes(), 0o600); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.remember(tokenKey, opened{key, lead{passphraseFile, locked.String()}})
	return nil
}

// HasKey tells whether the session has a key, whether or not it can be had now.
func (v *Vault) HasKey(tokenKey string) bool {
	_, err := os.Lstat(v.path(tokenKey, keyringFile))
	return err == nil || v.HasPassphrase(tokenKey)
}

// HasPassphrase tells whether a passphrase opens the session's key.
func (v *Vault) HasPassphrase(tokenKey string) bool {
	_, err := os.Lstat(v.path(tokenKey, passphraseFile))
	return err == nil
}

// DropKey removes the session's key from wherever it is, and the session's
// directory if nothing else is in it. What was sealed with the key stays sealed.
func (v *Vault) DropKey(tokenKey string) error {
	if item, err := os.ReadFile(v.path(tokenKey, keyringFile)); err == nil {
		if err := v.keyring().delete(strings.TrimSpace(string(item))); err != nil {
			return v.about(tokenKey, err)
		}
	}
	return v.ForgetKey(tokenKey)
}

// ForgetKey is [Vault.DropKey] where the keyring cannot be had: the item there
// stays, and nothing leads to it any more.
func (v *Vault) ForgetKey(tokenKey string) error {
	_ = v.Lock(tokenKey) // it ends by itself
	for _, name := range []string{keyringFile, passphraseFile} {
		if err := os.Remove(v.path(tokenKey, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	v.mu.Lock()
	delete(v.keys, tokenKey)
	v.mu.Unlock()
	_ = os.Remove(v.path(tokenKey, "")) // unless there is something in it
	return nil
}

func (v *Vault) name(tokenKey string) string {
	if v.Name != nil {
		if name := v.Name(tokenKey); name != "" {
			return name
		}
	}
	return tokenKey[:min(8, len(tokenKey))]
}

// about says whose key it is that cannot be had.
func (v *Vault) about(tokenKey string, err error) error {
	if e, ok := errors.AsType[*KeyError](err); ok {
		e.Session = v.name(tokenKey)
	}
	return err
}
