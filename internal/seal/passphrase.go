package seal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"time"

	"filippo.io/age"
)

// HoldFor is how long an opened key is kept by whoever was asked for its
// passphrase on the way of another command.
const HoldFor = 8 * time.Hour

// A Holder keeps opened keys for a while in the memory of something that
// outlives this process and is no process itself.
type Holder interface {
	Get(name string) (string, error) // [ErrNotHeld]
	Hold(name, secret string, d time.Duration) error
	Drop(name string) error
}

// ErrNotHeld reports a key that is not, or no longer, held.
var ErrNotHeld = errors.New("not held")

// ErrNoHolder reports a system without a place to hold keys in.
var ErrNoHolder = errors.New("this system has no kernel keyring for an unlocked key to stay in")

func (v *Vault) holder() Holder {
	if v.Kernel != nil {
		return v.Kernel
	}
	return kernel{}
}

// held names a key in the holder: by where its file is, as two homes may have
// sessions of the same name, and by what is in it. Another machine of the same home
// may have made another key since, and nobody could open what the old one seals.
func (v *Vault) held(tokenKey string, locked []byte) string {
	sum := sha256.Sum256(append([]byte(v.path(tokenKey, passphraseFile)+"\n"), locked...))
	return "portico:" + hex.EncodeToString(sum[:12])
}

// unlocked is the key that a passphrase opens: the held one, or one whose
// passphrase is asked for now.
func (v *Vault) unlocked(tokenKey string, locked []byte) (*age.X25519Identity, error) {
	text, heldErr := v.holder().Get(v.held(tokenKey, locked))
	if key, err := age.ParseX25519Identity(text); heldErr == nil && err == nil {
		return key, nil
	}
	if v.Passphrase == nil {
		return nil, &KeyError{Session: v.name(tokenKey), Reason: NeedsPassphrase}
	}
	return v.unlock(context.Background(), tokenKey, locked, HoldFor)
}

// Unlock asks for the passphrase of the session's key, and holds the key for that
// long. It asks although the key may be held already.
func (v *Vault) Unlock(ctx context.Context, tokenKey string, d time.Duration) error {
	locked, err := os.ReadFile(v.path(tokenKey, passphraseFile))
	if err != nil {
		return err
	}
	if v.Passphrase == nil {
		return &KeyError{Session: v.name(tokenKey), Reason: NeedsPassphrase}
	}
	key, err := v.unlock(ctx, tokenKey, locked, 0)
	if err != nil {
		return err
	}
	return v.holder().Hold(v.held(tokenKey, locked), key.String(), d)
}

// Hold holds the session's key, which a passphrase opens and which was opened or
// made just now.
func (v *Vault) Hold(tokenKey string, d time.Duration) error {
	v.mu.Lock()
	known := v.keys[tokenKey]
	v.mu.Unlock()
	if known.key == nil || known.at.file != passphraseFile {
		return ErrNotHeld
	}
	return v.holder().Hold(v.held(tokenKey, []byte(known.at.text)), known.key.String(), d)
}

// Lock ends the holding of the session's key.
func (v *Vault) Lock(tokenKey string) error {
	locked, err := os.ReadFile(v.path(tokenKey, passphraseFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = v.holder().Drop(v.held(tokenKey, locked))
	}
	if errors.Is(err, ErrNotHeld) || errors.Is(err, ErrNoHolder) {
		return nil
	}
	return err
}

func (v *Vault) unlock(ctx context.Context, tokenKey string, locked []byte, hold time.Duration) (*age.X25519Identity, error) {
	passphrase, err := v.Passphrase(ctx, v.name(tokenKey))
	if err != nil {
		return nil, err
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, &KeyError{Session: v.name(tokenKey), Reason: WrongPassphrase}
	}
	text, err := decrypt(locked, identity)
	if err != nil {
		return nil, &KeyError{Session: v.name(tokenKey), Reason: WrongPassphrase}
	}
	key, err := age.ParseX25519Identity(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, &KeyError{Session: v.name(tokenKey), Reason: WrongPassphrase}
	}
	if hold > 0 {
		_ = v.holder().Hold(v.held(tokenKey, locked), key.String(), hold) // else the next command asks again
	}
	return key, nil
}
