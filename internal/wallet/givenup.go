package wallet

import (
	"crypto/rand"
	"os"
	"path/filepath"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// GivenUp is a mark of the last sign-in to the session of a token key that came to
// nothing, "" if none has. While the mark is the same, none has since.
func (w *Wallet) GivenUp(key string) string {
	mark, _ := os.ReadFile(w.givenUpFile(key))
	return string(mark)
}

// GiveUp leaves another mark.
func (w *Wallet) GiveUp(key string) error {
	return atomicfile.Write(w.givenUpFile(key), []byte(rand.Text()), 0o600)
}

func (w *Wallet) givenUpFile(key string) string {
	return filepath.Join(w.LockDir, "login-"+key+".given-up")
}
