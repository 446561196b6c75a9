package wallet

import (
	"errors"
	"path/filepath"

	"github.com/portico-sso/portico/internal/wallet/rolecache"
)

// RoleCredentials are the short-term keys of one role, as GetRoleCredentials
// returns them.
type RoleCredentials = rolecache.Credentials

type roleFile struct {
	StartURL    string `json:"portico_start_url"`
	Credentials struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
		AccountID       string `json:"AccountId"`
	}
}

func (w *Wallet) roleEntry(key RoleKey) entry {
	return w.entry(TokenKey(key.Session, key.StartURL), rolePrefix, filepath.Join(w.roleDir(), key.Name()+".json"))
}

// RoleCredentials returns the cached credentials of a role.
func (w *Wallet) RoleCredentials(key RoleKey) (RoleCredentials, error) {
	var f roleFile
	e, err := w.read(func() entry { return w.roleEntry(key) }, &f)
	if err != nil {
		return RoleCredentials{}, err
	}
	if f.StartURL != "" && f.StartURL != key.StartURL {
		return RoleCredentials{}, ErrNotFound // a session of that name at another Identity Center
	}
	return f.credentials(e.path)
}

func (f *roleFile) credentials(path string) (RoleCredentials, error) {
	c := f.Credentials
	expires, err := ParseTime(c.Expiration)
	if c.AccessKeyID == "" || c.SecretAccessKey == "" || c.SessionToken == "" || err != nil {
		return RoleCredentials{}, &CorruptError{Path: path, Problem: "holds no role credentials"}
	}
	return RoleCredentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		Expiration: expires, AccountID: c.AccountID,
	}, nil
}

func credentialsObject(c RoleCredentials) *object {
	o := &object{}
	o.text("AccessKeyId", c.AccessKeyID)
	o.text("SecretAccessKey", c.SecretAccessKey)
	o.text("SessionToken", c.SessionToken)
	o.text("Expiration", formatTime(c.Expiration))
	if c.AccountID != "" {
		o.text("AccountId", c.AccountID)
	}
	return o
}

// PutRoleCredentials writes a role's credentials. The file says which session
// and start URL they came from, beside the AWS CLI's own keys, so that signing
// out of one session can tell whose they are.
func (w *Wallet) PutRoleCredentials(key RoleKey, c RoleCredentials) error {
	var o object
	o.text("ProviderType", "sso")
	o.raw("Credentials", credentialsObject(c).bytes())
	o.text("portico_session", TokenKey(key.Session, key.StartURL))
	o.text("portico_start_url", key.StartURL)
	return w.write(w.roleEntry(key), o.bytes())
}

// DeleteRoleCredentials removes cached role credentials that came from an SSO
// sign-in and returns how many. tokenKey confines it to one session's; empty
// means all. The AWS CLI's entries do not name their session: those of the given
// roles count as the session's. Credentials of other kinds (assumed roles) stay,
// unless they are sealed with the session's.
func (w *Wallet) DeleteRoleCredentials(tokenKey string, roles ...RoleKey) (int, error) {
	theirs := map[string]bool{}
	for _, r := range roles {
		theirs[r.Name()+".json"] = true
	}
	n := 0
	err := eachFile(w.roleDir(), func(path string, content map[string]any) error {
		session, _ := content["portico_session"].(string)
		if content["ProviderType"] != "sso" ||
			(tokenKey != "" && session != tokenKey && !(session == "" && theirs[filepath.Base(path)])) {
			return nil
		}
		n++
		return remove(path)
	})
	sealed, failed := w.deleteSealedRoles(tokenKey)
	return n + sealed, errors.Join(err, failed)
}
