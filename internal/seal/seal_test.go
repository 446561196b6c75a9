package seal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"
	"github.com/zalando/go-keyring"

	"github.com/portico-sso/portico/internal/wallet"
)

// memory is a keyring, and a holder, in this process.
type memory struct {
	mu    sync.Mutex
	items map[string]string
	err   error
	hang  chan struct{} // calls wait for it
}

func (m *memory) do(work func()) error {
	if m.hang != nil {
		<-m.hang
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.items == nil {
		m.items = map[string]string{}
	}
	work()
	return m.err
}

func (m *memory) Get(service, item string) (secret string, err error) {
	found := false
	if err = m.do(func() { secret, found = m.items[service+item] }); err == nil && !found {
		err = keyring.ErrNotFound
	}
	return secret, err
}

func (m *memory) Set(service, item, secret string) error {
	return m.do(func() { m.items[service+item] = secret })
}

func (m *memory) Delete(service, item string) error {
	return m.do(func() { delete(m.items, service+item) })
}

type held map[string]string

func (h held) Get(name string) (string, error) {
	if s, ok := h[name]; ok {
		return s, nil
	}
	return "", ErrNotHeld
}

func (h held) Hold(name, secret string, _ time.Duration) error { h[name] = secret; return nil }
func (h held) Drop(name string) error                          { delete(h, name); return nil }

const tokenKey = "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"

func newVault(t *testing.T, k Keyring) *Vault {
	dir := t.TempDir()
	return &Vault{Dir: filepath.Join(dir, "sealed"), LockDir: filepath.Join(dir, "locks"), Keyring: k, Kernel: held{}, WorkFactor: 2,
		Name: func(string) string { return "corp" }}
}

// again is the vault as another process has it.
func again(v *Vault) *Vault {
	return &Vault{Dir: v.Dir, LockDir: v.LockDir, Keyring: v.Keyring, Kernel: v.Kernel, WorkFactor: v.WorkFactor, Name: v.Name}
}

// No byte of a sealed file can be changed, taken away or added, and no file can
// stand in for another.
func TestNothingChangedIsOpened(t *testing.T) {
	t.Parallel()
	v := newVault(t, &memory{})
	plain := []byte(`{"accessToken": "secret"}`)
	sealed, err := v.Seal(tokenKey, "token", plain)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again(v).Open(tokenKey, "token", sealed); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("got %q, %v", got, err)
	}
	if bytes.Contains(sealed, []byte("secret")) || bytes.Contains(sealed, []byte("accessToken")) {
		t.Error("the sealed file holds what was sealed")
	}
	refused := func(what string, name string, changed []byte) {
		t.Helper()
		if got, err := v.Open(tokenKey, name, changed); !errors.Is(err, wallet.ErrTampered) {
			t.Errorf("%s: got %q, %v; want it refused", what, got, err)
		}
	}
	for at := range sealed {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			changed := bytes.Clone(sealed)
			changed[at] ^= flip
			refused("flipped at "+string(sealed[:at]), "token", changed)
		}
		refused("cut short", "token", sealed[:at])
		refused("a byte left out", "token", append(bytes.Clone(sealed[:at]), sealed[at+1:]...))
	}
	refused("longer by a line", "token", append(bytes.Clone(sealed), '\n'))
	refused("twice", "token", append(bytes.Clone(sealed), sealed...))
	refused("another's", "role-1", sealed)

	theirs, err := newVault(t, &memory{}).Seal(tokenKey, "token", plain)
	if err != nil {
		t.Fatal(err)
	}
	refused("sealed with another key", "token", theirs)
}

// The age library opens a sealed file with the identity that is in the keyring,
// and so does the age tool.
func TestAgeOpensIt(t *testing.T) {
	t.Parallel()
	k := &memory{}
	v := newVault(t, k)
	sealed, err := v.Seal(tokenKey, "token", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if len(k.items) != 1 {
		t.Fatalf("the keyring holds %d items, want 1", len(k.items))
	}
	for item, secret := range k.items {
		if !strings.HasPrefix(item, "portico"+"corp ") || len(secret) > 100 {
			t.Errorf("the item %q of %d bytes; want a short one that names the session", item, len(secret))
		}
		id, err := age.ParseX25519Identity(secret)
		if err != nil {
			t.Fatal(err)
		}
		r, err := age.Decrypt(bytes.NewReader(sealed), id)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if _, err := got.ReadFrom(r); err != nil || got.String() != "portico "+tokenKey+"/token\n{}" {
			t.Errorf("got %q, %v", got.String(), err)
		}
	}
	if err := again(v).DropKey(tokenKey); err != nil || len(k.items) != 0 {
		t.Errorf("DropKey: %v, and %d items left", err, len(k.items))
	}
}

// However many begin at once, a session gets one key.
func TestOneKey(t *testing.T) {
	t.Parallel()
	k := &memory{}
	v := newVault(t, k)
	var all sync.WaitGroup
	sealed := make([][]byte, 8)
	for i := range sealed {
		all.Go(func() {
			var err error
			if sealed[i], err = again(v).Seal(tokenKey, "token", []byte("{}")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, s := range sealed {
		if _, err := again(v).Open(tokenKey, "token", s); err != nil {
			t.Error(err)
		}
	}
}

// A keyring that is waited for is told after a second and given up after its
// time, which is longer where a person may have to answer it.
func TestAKeyringHasADeadline(t *testing.T) {
	for attended, want := range map[bool]time.Duration{true: 30 * time.Second, false: 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			k := &memory{hang: make(chan struct{})}
			v := newVault(t, k)
			if err := os.MkdirAll(v.path(tokenKey, ""), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(v.path(tokenKey, keyringFile), []byte("corp 1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			var told []time.Duration
			v.Attended, v.Waiting = attended, func(string) { told = append(told, time.Since(start)) }
			_, err := v.Open(tokenKey, "token", nil)
			e, ok := errors.AsType[*KeyError](err)
			if !ok || e.Reason != Silent || e.Session != "corp" || time.Since(start) != want {
				t.Errorf("got %v after %s, want a KeyError after %s", err, time.Since(start), want)
			}
			if len(told) != 1 || told[0] != time.Second {
				t.Errorf("told at %v, want once after a second", told)
			}
			close(k.hang)
		})
	}
}

// What the keyrings of the three systems say has its reason.
func TestReasons(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Reason{
		"The name org.freedesktop.secrets was not provided by any .service files": NoKeyring,
		"no session bus": NoKeyring,
		"dial unix /run/user/1000/bus: connect: no such file or directory":          NoKeyring,
		"failed to unlock correct collection '/org/freedesktop/secrets/collection'": Locked,
		"Cannot create an item in a locked collection":                              Locked,
		"exit status 36":    Locked, // errSecInteractionNotAllowed
		"exit status 128":   Denied, // errSecUserCanceled
		"exit status 51":    Denied, // errSecAuthFailed
		"Access is denied.": Denied,
		"something else":    Failed,
	} {
		e, ok := errors.AsType[*KeyError](classify(errors.New(text)))
		if !ok || e.Reason != want {
			t.Errorf("%q: got %v, want reason %d", text, e, want)
		}
	}
	if e, ok := errors.AsType[*KeyError](classify(keyring.ErrNotFound)); !ok || e.Reason != Gone {
		t.Error("an item that is not there is no key that is gone")
	}
}

// A key that was taken out of the keyring is gone: what it sealed counts as
// changed, and the next thing to be sealed gets a new one.
func TestALostKey(t *testing.T) {
	t.Parallel()
	k := &memory{}
	v := newVault(t, k)
	sealed, err := v.Seal(tokenKey, "token", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	clear(k.items)
	if _, err := again(v).Open(tokenKey, "token", sealed); !errors.Is(err, wallet.ErrTampered) || !strings.Contains(err.Error(), "its key is gone") {
		t.Errorf("got %v", err)
	}
	sealed, err = again(v).Seal(tokenKey, "token", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again(v).Open(tokenKey, "token", sealed); err != nil {
		t.Error(err)
	}
}

// A passphrase is asked for once and held; without anybody to ask that is said.
func TestPassphrase(t *testing.T) {
	t.Parallel()
	v := newVault(t, nil)
	if err := v.CreateKey(tokenKey, "correct horse"); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(v.path(tokenKey, passphraseFile)); err != nil || fi.Mode().Perm()&0o077 != 0 {
		t.Errorf("the key's file: %v, %v", fi, err)
	}
	sealed, err := v.Seal(tokenKey, "token", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	reason := func(err error) Reason {
		e, _ := errors.AsType[*KeyError](err)
		if e == nil {
			return 0
		}
		return e.Reason
	}
	if _, err := again(v).Open(tokenKey, "token", sealed); reason(err) != NeedsPassphrase {
		t.Errorf("got %v", err)
	}
	asked, answer := 0, "wrong"
	person := again(v)
	person.Passphrase = func(context.Context, string) (string, error) { asked++; return answer, nil }
	if _, err := person.Open(tokenKey, "token", sealed); reason(err) != WrongPassphrase {
		t.Errorf("got %v", err)
	}
	if _, err := person.Open(tokenKey, "token", sealed); reason(err) != WrongPassphrase || asked != 1 {
		t.Errorf("got %v, asked %d times", err, asked)
	}
	person = again(v)
	person.Passphrase = func(context.Context, string) (string, error) { asked++; return answer, nil }
	answer = "correct horse"
	if _, err := person.Open(tokenKey, "token", sealed); err != nil || asked != 2 {
		t.Errorf("got %v, asked %d times", err, asked)
	}
	if _, err := again(v).Open(tokenKey, "token", sealed); err != nil {
		t.Errorf("the key is not held: %v", err)
	}
	if err := v.Lock(tokenKey); err != nil {
		t.Error(err)
	}
	if _, err := again(v).Open(tokenKey, "token", sealed); reason(err) != NeedsPassphrase {
		t.Errorf("after Lock: got %v", err)
	}
}

// A held key is that of the file it was opened from: where another machine of the
// same home has made another key since, the old one opens and seals nothing.
func TestHeldKeyOfAnotherFile(t *testing.T) {
	t.Parallel()
	here := newVault(t, nil)
	if err := here.CreateKey(tokenKey, "correct horse"); err != nil {
		t.Fatal(err)
	}
	if err := here.Hold(tokenKey, HoldFor); err != nil {
		t.Fatal(err)
	}
	there := again(here)
	there.Kernel = held{}
	if err := there.DropKey(tokenKey); err != nil {
		t.Fatal(err)
	}
	if err := there.CreateKey(tokenKey, "battery staple"); err != nil {
		t.Fatal(err)
	}
	if err := there.Hold(tokenKey, HoldFor); err != nil {
		t.Fatal(err)
	}
	sealed, err := there.Seal(tokenKey, "token", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again(here).Open(tokenKey, "token", sealed); err == nil || errors.Is(err, wallet.ErrTampered) {
		t.Errorf("got %v, want the passphrase to be missing", err)
	}
	if sealed, err := again(here).Seal(tokenKey, "token", []byte("{}")); err == nil {
		t.Errorf("it was sealed with a key that is gone: %q", sealed)
	}
	if _, err := again(there).Open(tokenKey, "token", sealed); err != nil {
		t.Error(err)
	}
	if err := there.ForgetKey(tokenKey); err != nil {
		t.Fatal(err)
	}
	if n := len(there.Kernel.(held)); n != 0 {
		t.Errorf("%d keys are held after all were forgotten", n)
	}
}

// What runs for long takes note that the session was unsealed and sealed again
// meanwhile: nothing is opened, and above all nothing sealed, with the old key.
func TestKeyInMemoryIsReplaced(t *testing.T) {
	t.Parallel()
	for name, create := range map[string]func(*Vault) error{
		"in the keyring":      func(v *Vault) error { _, err := v.Seal(tokenKey, "token", nil); return err },
		"behind a passphrase": func(v *Vault) error { return v.CreateKey(tokenKey, "battery staple") },
	} {
		long := newVault(t, &memory{})
		if _, err := long.Seal(tokenKey, "token", []byte("{}")); err != nil {
			t.Fatal(err)
		}
		other := again(long)
		if err := other.DropKey(tokenKey); err != nil {
			t.Fatal(err)
		}
		if err := create(other); err != nil {
			t.Fatal(err)
		}
		if err := other.Hold(tokenKey, HoldFor); err != nil && !errors.Is(err, ErrNotHeld) {
			t.Fatal(err)
		}
		theirs, err := other.Seal(tokenKey, "token", []byte("theirs"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := long.Open(tokenKey, "token", theirs); err != nil || string(got) != "theirs" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		ours, err := long.Seal(tokenKey, "token", []byte("ours"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again(other).Open(tokenKey, "token", ours); err != nil || string(got) != "ours" {
			t.Errorf("%s: what is sealed then opens to %q, %v", name, got, err)
		}
	}
}

// A keyring that does not answer is waited for once, and not for each session: who
// signs out of all of them has them gone before the lid is closed.
func TestSilentKeyringIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &memory{hang: make(chan struct{})}
		v := newVault(t, k)
		start := time.Now()
		for range 2 {
			for i := range 5 {
				key := tokenKey[1:] + string(rune('0'+i))
				if err := os.MkdirAll(v.path(key, ""), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(v.path(key, keyringFile), []byte("corp 1\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				_, err := v.Open(key, "token", nil)
				if e, ok := errors.AsType[*KeyError](err); !ok || e.Reason != Silent || e.Waited != unattendedWait {
					t.Errorf("got %v, want that the keyring did not answer", err)
				}
			}
		}
		if waited := time.Since(start); waited != unattendedWait {
			t.Errorf("waited %s, want %s", waited, unattendedWait)
		}
		close(k.hang)
		time.Sleep(failureStands + time.Second)
		if _, err := v.Seal(tokenKey, "token", nil); err != nil {
			t.Errorf("once it answers again: %v", err)
		}
	})
}

// Ctrl-C ends the wait for a keyring.
func TestKeyringIsNotWaitedForAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &memory{hang: make(chan struct{})}
		defer close(k.hang)
		v := newVault(t, k)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		v.Attended, v.Ended = true, ctx.Done()
		start := time.Now()
		for range 2 {
			if _, err := v.Seal(tokenKey, "token", nil); !errors.Is(err, context.Canceled) || time.Since(start) != 2*time.Second {
				t.Errorf("got %v after %s", err, time.Since(start))
			}
		}
	})
}
