package wallet

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A StoredRole is what a file of the role cache tells of the credentials in it,
// without them. What is empty is not known.
type StoredRole struct {
	Name     string    // the stem of its file, see [RoleKey.Name]
	TokenKey string    // of the session; the AWS CLI does not say whose its files are
	StartURL string    // of the session
	Account  string    // the account's id
	ARN      string    // whom STS calls the holder of an assumed role
	Expires  time.Time // zero for what is sealed, which is not opened for this
	Sealed   bool
}

// StoredRoles returns what is in the role cache, expired or not, in the order of
// the files. Files that hold no credentials are passed over. It is an error, beside
// the roles, that something could not be read.
func (w *Wallet) StoredRoles() ([]StoredRole, error) {
	var roles []StoredRole
	entries, failed := os.ReadDir(w.roleDir())
	if errors.Is(failed, os.ErrNotExist) {
		failed = nil
	}
	for _, e := range entries {
		stem, isJSON := strings.CutSuffix(e.Name(), ".json")
		if !isJSON {
			continue
		}
		var f struct {
			TokenKey        string `json:"portico_session"`
			StartURL        string `json:"portico_start_url"`
			Credentials     struct{ AccessKeyId, Expiration, AccountId string }
			AssumedRoleUser struct{ Arn string }
		}
		data, err := readBytes(filepath.Join(w.roleDir(), e.Name()))
		if _, odd := errors.AsType[*CorruptError](err); odd || errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if json.Unmarshal(data, &f) != nil || f.Credentials.AccessKeyId == "" {
			continue
		}
		expires, err := ParseTime(f.Credentials.Expiration)
		if err != nil {
			continue
		}
		roles = append(roles, StoredRole{Name: stem, TokenKey: f.TokenKey, StartURL: f.StartURL, Account: f.Credentials.AccountId, ARN: f.AssumedRoleUser.Arn, Expires: expires})
	}
	sessions, err := w.sealedSessions()
	failed = errors.Join(failed, err)
	for _, key := range sessions {
		names, err := w.sealedNames(key)
		failed = errors.Join(failed, err)
		for _, name := range names {
			if stem, ok := strings.CutPrefix(name, rolePrefix); ok {
				roles = append(roles, StoredRole{Name: stem, TokenKey: key, Sealed: true})
			}
		}
	}
	return roles, failed
}

// signInNote is left when somebody signs in.
func signInNote(tokenKey string) string { return "signin-" + tokenKey }

// SignedIn tells when the sign-in of a session's token began, zero where portico
// does not know: another tool signed in, or nobody is. Only the next sign-in by
// portico tells it from one that another tool made after ours.
func (w *Wallet) SignedIn(tokenKey string) time.Time {
	n, err := w.Note(signInNote(tokenKey))
	if err != nil {
		return time.Time{}
	}
	return n.At
}

// PutSignedIn leaves that the sign-in of a session's token begins now.
func (w *Wallet) PutSignedIn(tokenKey string) error { return w.PutNote(signInNote(tokenKey), Note{}) }

// Person tells who signed in to a session, as STS called the holder of its roles
// last, and "" where nobody has asked STS since the sign-in.
func (w *Wallet) Person(tokenKey string) string {
	n, err := w.Note("person-" + tokenKey)
	if err != nil || n.At.Before(w.SignedIn(tokenKey)) {
		return ""
	}
	return n.Person
}

// PutPerson leaves who signed in to a session.
func (w *Wallet) PutPerson(tokenKey, name string) error {
	return w.PutNote("person-"+tokenKey, Note{Person: name})
}
