// Package clitest gives portico a keyring that tests can see: of files, in the home.
package clitest

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/portico-sso/portico/internal/cli"
	"github.com/portico-sso/portico/internal/seal"
)

// WithKeyring gives a program that tests start a keyring in its home. The variable
// PORTICO_TEST_KEYRING, which nothing but this reads, says what is wrong with it.
func WithKeyring(a cli.App) cli.App {
	dir := filepath.Join(a.Home, Dir)
	problem, _ := a.Lookup("PORTICO_TEST_KEYRING")
	a.Keyring, a.KeyHolder, a.ScryptWork = fileKeyring{dir, problem}, fileHolder{dir}, 4
	return a
}

// Dir is where the keyring is, below the home.
const Dir = "keyring"

type fileKeyring struct{ dir, problem string }

func (k fileKeyring) path(service, item string) (string, error) {
	problems := map[string]string{
		"locked": "failed to unlock correct collection '/org/freedesktop/secrets/aliases/default'",
		"none":   "The name org.freedesktop.secrets was not provided by any .service files",
	}
	if text := problems[k.problem]; text != "" {
		return "", errors.New(text)
	}
	return filepath.Join(k.dir, service+"-"+filepath.Base(item)), os.MkdirAll(k.dir, 0o700)
}

func (k fileKeyring) Get(service, item string) (string, error) {
	path, err := k.path(service, item)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", keyring.ErrNotFound
	}
	return string(data), err
}

func (k fileKeyring) Set(service, item, secret string) error {
	path, err := k.path(service, item)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(secret), 0o600)
}

func (k fileKeyring) Delete(service, item string) error {
	path, err := k.path(service, item)
	if err != nil {
		return err
	}
	return os.Remove(path)
}

// fileHolder stands for the kernel, which knows no homes.
type fileHolder struct{ dir string }

func (h fileHolder) path(name string) string {
	return filepath.Join(h.dir, "held-"+filepath.Base(name))
}

func (h fileHolder) Get(name string) (string, error) {
	data, err := os.ReadFile(h.path(name))
	if errors.Is(err, os.ErrNotExist) {
		return "", seal.ErrNotHeld
	}
	return string(data), err
}

func (h fileHolder) Hold(name, secret string, _ time.Duration) error {
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(h.path(name), []byte(secret), 0o600)
}

func (h fileHolder) Drop(name string) error {
	if err := os.Remove(h.path(name)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return seal.ErrNotHeld
}
