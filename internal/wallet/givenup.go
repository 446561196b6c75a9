package wallet

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// GivenUp tells of the last sign-in to the session of a token key that came to
// nothing: a mark, "" if there was none, and when the person or the service said no
// in it; zero if neither did. While the mark is the same, none has since.
func (w *Wallet) GivenUp(key string) (mark string, at time.Time) {
	data, _ := atomicfile.Read(w.givenUpFile(key))
	mark = string(data)
	text, _, _ := strings.Cut(mark, " ")
	at, _ = time.Parse(time.RFC3339Nano, text)
	return mark, at
}

// GiveUp leaves another mark.
func (w *Wallet) GiveUp(key string, answered bool) error {
	mark := "unanswered " + rand.Text()
	if answered {
		mark = time.Now().UTC().Format(time.RFC3339Nano) + " " + rand.Text()
	}
	return atomicfile.Write(w.givenUpFile(key), []byte(mark), 0o600)
}

func (w *Wallet) givenUpFile(key string) string {
	return filepath.Join(w.LockDir, "login-"+key+".given-up")
}
