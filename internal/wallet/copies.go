package wallet

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Tools of the time before there were sso-sessions look for a token under its
// start URL. A session that wants to serve them too has a copy of its access token
// there: without what a refresh needs, which has one master, and marked as a copy.

// CopyMark is the key of a copy's file that holds the key of the token it is of.
const CopyMark = "portico_copy_of"

// A CopyError reports that a token was stored and its copy was not.
type CopyError struct {
	Path  string
	Cause error
}

func (e *CopyError) Error() string {
	return fmt.Sprintf("the copy of the access token for tools that know no sso-session, %s, could not be written: %v", e.Path, e.Cause)
}

func (e *CopyError) Unwrap() error { return e.Cause }

// putCopy writes the copy of a token that is kept in the open, if the session has
// one. What else stands under its key gives way.
func (w *Wallet) putCopy(key string, t Token) error {
	second := w.Copies[key]
	if second == "" || w.Sealed(key) || w.Sealed(second) {
		return nil
	}
	t.ClientID, t.ClientSecret, t.RefreshToken, t.RegistrationExpiresAt = "", "", "", time.Time{}
	e := w.tokenEntry(second)
	if err := w.putToken(e, t, key); err != nil {
		return &CopyError{Path: e.path, Cause: err}
	}
	return nil
}

// CopyToken writes the copy of the token there is under key. Hold the token's
// guard: the token must not be renewed or deleted meanwhile.
func (w *Wallet) CopyToken(key string) error {
	t, err := w.Token(key)
	if err != nil {
		return err
	}
	return w.putCopy(key, t)
}

// DropCopies removes every copy of the token under key.
func (w *Wallet) DropCopies(key string) error {
	if key == "" {
		return nil
	}
	return eachFile(w.tokenDir(), func(path string, content map[string]any) error {
		if content[CopyMark] != key || filepath.Base(path) == key+".json" || !strings.HasSuffix(path, ".json") {
			return nil
		}
		return remove(path)
	})
}

// deleteToken removes a token, its copies first: what is left of the two when
// something cuts that short is the one that others can tell whose it is.
func (w *Wallet) deleteToken(key, path string) error {
	return errors.Join(w.DropCopies(key), remove(path))
}
