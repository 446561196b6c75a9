package wallet

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/atomicfile"
)

// A Note is a word that one process leaves for others beside a lock: what it is
// about to do, or why it failed. It holds no secret.
type Note struct {
	ID      string    `json:"id"` // no two are the same
	At      time.Time `json:"at"`
	Process int       `json:"process"`

	Spent   string          `json:"spent,omitempty"`  // the fingerprint of a token that may be, or has a successor
	Token   string          `json:"token,omitempty"`  // the fingerprint of a token that was denied, or that stems
	SignIn  string          `json:"signIn,omitempty"` // from this sign-in
	Denied  bool            `json:"denied,omitempty"`
	Way     string          `json:"way,omitempty"` // the fingerprint of how it went to the service
	Failure json.RawMessage `json:"failure,omitempty"`
	Person  string          `json:"person,omitempty"` // who signed in, as STS calls them
}

func (w *Wallet) notePath(name string) string {
	return strings.TrimSuffix(w.lockFile(name), ".lock") + ".note"
}

// Note returns what was left under that name last.
func (w *Wallet) Note(name string) (Note, error) {
	var n Note
	problem, err := readOnce(w.notePath(name), &n)
	if problem != "" {
		err = &CorruptError{Path: w.notePath(name), Problem: problem}
	}
	return n, err
}

// PutNote leaves a note; its ID, time and process are filled in.
func (w *Wallet) PutNote(name string, n Note) error {
	n.ID, n.At, n.Process = rand.Text(), time.Now().UTC(), os.Getpid()
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := atomicfile.MkdirAll(filepath.Dir(w.notePath(name))); err != nil {
		return err
	}
	return atomicfile.Write(w.notePath(name), text, 0o600)
}
