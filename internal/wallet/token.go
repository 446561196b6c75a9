package wallet

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/wallet/rolecache"
)

// A Token is what one sign-in left: the access token and what it takes to
// refresh it. Times are UTC, whole seconds on disk.
type Token struct {
	StartURL, Region string
	AccessToken      string
	ExpiresAt        time.Time

	// Empty for sign-ins that cannot be refreshed.
	ClientID, ClientSecret string
	RegistrationExpiresAt  time.Time
	RefreshToken           string
}

// Refreshable reports whether the token carries all that a refresh needs and
// its client's registration still stands.
func (t Token) Refreshable(now time.Time) bool {
	return t.RefreshToken != "" && t.ClientID != "" && t.ClientSecret != "" && t.RegistrationExpiresAt.After(now)
}

// tokenKeys are the keys of a token file in the AWS CLI's order.
var tokenKeys = []string{"startUrl", "region", "accessToken", "expiresAt", "clientId", "clientSecret", "registrationExpiresAt", "refreshToken", CopyMark}

type tokenFile struct {
	StartURL              string `json:"startUrl"`
	Region                string `json:"region"`
	AccessToken           string `json:"accessToken"`
	ExpiresAt             string `json:"expiresAt"`
	ClientID              string `json:"clientId"`
	ClientSecret          string `json:"clientSecret"`
	RegistrationExpiresAt string `json:"registrationExpiresAt"`
	RefreshToken          string `json:"refreshToken"`
}

// Token returns the token under key (see [TokenKey]): [ErrNotFound] when there
// is none, a [*CorruptError] when its file holds no usable token.
func (w *Wallet) Token(key string) (Token, error) {
	var f tokenFile
	e, err := w.read(func() entry { return w.tokenEntry(key) }, &f)
	if err != nil {
		return Token{}, err
	}
	return f.token(e.path)
}

func (f *tokenFile) token(path string) (Token, error) {
	if f.AccessToken == "" || f.ExpiresAt == "" {
		return Token{}, &CorruptError{Path: path, Problem: "holds no access token with an expiry"}
	}
	expires, err := ParseTime(f.ExpiresAt)
	if err != nil {
		return Token{}, &CorruptError{Path: path, Problem: "its expiresAt is no date"}
	}
	t := Token{
		StartURL: f.StartURL, Region: f.Region, AccessToken: f.AccessToken, ExpiresAt: expires,
		ClientID: f.ClientID, ClientSecret: f.ClientSecret, RefreshToken: f.RefreshToken,
	}
	if f.RegistrationExpiresAt != "" {
		// Without a readable date the token is merely not refreshable.
		t.RegistrationExpiresAt, _ = ParseTime(f.RegistrationExpiresAt)
	}
	return t, nil
}

// PutToken writes the token under key, and its copy where it has one: a [*CopyError]
// says that only the copy could not be written. Keys of an existing file that are
// not ours survive, after ours.
func (w *Wallet) PutToken(key string, t Token) error {
	if err := w.putToken(w.tokenEntry(key), t, ""); err != nil {
		return err
	}
	return w.putCopy(key, t)
}

func (w *Wallet) putToken(e entry, t Token, copyOf string) error {
	var o object
	o.text("startUrl", t.StartURL)
	o.text("region", t.Region)
	o.text("accessToken", t.AccessToken)
	o.text("expiresAt", formatTime(t.ExpiresAt))
	if t.ClientID != "" {
		o.text("clientId", t.ClientID)
		o.text("clientSecret", t.ClientSecret)
		o.text("registrationExpiresAt", formatTime(t.RegistrationExpiresAt))
	}
	if t.RefreshToken != "" {
		o.text("refreshToken", t.RefreshToken)
	}
	if copyOf != "" {
		o.text(CopyMark, copyOf)
	}
	var old map[string]json.RawMessage
	if w.decode(e, &old) == nil {
		for _, k := range sortedKeys(old) {
			if !slices.Contains(tokenKeys, k) {
				o.raw(k, old[k])
			}
		}
	}
	err := w.write(e, o.bytes())
	if err != nil {
		// What it took the place of may be spent: a fault that passes must not cost
		// a person a sign-in.
		err = w.write(e, o.bytes())
	}
	return err
}

// DeleteToken removes the token under key, and its copies.
func (w *Wallet) DeleteToken(key string) error {
	return w.deleteToken(key, w.tokenEntry(key).path)
}

// A StoredToken is a token found by looking at every file of the cache.
type StoredToken struct {
	Key string // what it is stored under
	Token
	CopyOf string // the key of the token that it is a copy of; "" for a token of its own
	Unread error  // why a sealed one is known by its key alone
	path   string
}

// Tokens returns every stored token, expired ones too, ordered by file name.
// Files that hold none, such as registrations, are passed over; the extension
// does not matter, as it does not to the AWS CLI when it signs out, nor does what
// else the file holds. It is an error, beside the tokens, that a file could not
// be opened.
func (w *Wallet) Tokens() ([]StoredToken, error) {
	var tokens []StoredToken
	err := eachFile(w.tokenDir(), func(path string, content map[string]any) error {
		text := func(key string) string { s, _ := content[key].(string); return s }
		if text("accessToken") == "" {
			return nil
		}
		t := Token{StartURL: text("startUrl"), Region: text("region"), AccessToken: text("accessToken")}
		t.ExpiresAt, _ = ParseTime(text("expiresAt"))
		tokens = append(tokens, StoredToken{Key: strings.TrimSuffix(filepath.Base(path), ".json"), Token: t, CopyOf: text(CopyMark), path: path})
		return nil
	})
	sealed, failed := w.sealedTokens()
	return append(tokens, sealed...), errors.Join(err, failed)
}

// Delete removes a token that [Wallet.Tokens] found, and its copies.
func (w *Wallet) Delete(t StoredToken) error { return w.deleteToken(t.Key, t.path) }

// eachFile calls visit with each file of dir that holds a JSON object, and returns
// what went wrong with any. Most files concern somebody else, so there is no
// second look at one that does not decode. A directory that is not there has no
// files; links count as what they lead to.
func eachFile(dir string, visit func(path string, content map[string]any) error) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var failed error
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		var content map[string]any
		problem, err := readOnce(path, &content)
		if problem != "" || errors.Is(err, ErrNotFound) {
			continue
		}
		if err == nil {
			err = visit(path, content)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// A Registration is an OAuth client as RegisterClient made it.
type Registration struct {
	ClientID, ClientSecret string
	ExpiresAt              time.Time
	Scopes                 []string
	GrantTypes             []string // contains authorization_code for PKCE clients, empty for device code
}

type registrationFile struct {
	ClientID     string   `json:"clientId"`
	ClientSecret string   `json:"clientSecret"`
	ExpiresAt    string   `json:"expiresAt"`
	Scopes       []string `json:"scopes"`
	GrantTypes   []string `json:"grantTypes"`
}

func (w *Wallet) registrationEntry(key RegistrationKey) entry {
	return w.entry(TokenKey(key.Session, key.StartURL), clientPrefix, filepath.Join(w.tokenDir(), key.name()+".json"))
}

// Registration returns the client registration under key.
func (w *Wallet) Registration(key RegistrationKey) (Registration, error) {
	var f registrationFile
	e, err := w.read(func() entry { return w.registrationEntry(key) }, &f)
	if err != nil {
		return Registration{}, err
	}
	expires, err := ParseTime(f.ExpiresAt)
	if f.ClientID == "" || f.ClientSecret == "" || err != nil {
		return Registration{}, &CorruptError{Path: e.path, Problem: "holds no client registration"}
	}
	return Registration{ClientID: f.ClientID, ClientSecret: f.ClientSecret, ExpiresAt: expires, Scopes: f.Scopes, GrantTypes: f.GrantTypes}, nil
}

// PutRegistration writes the client registration under key.
func (w *Wallet) PutRegistration(key RegistrationKey, r Registration) error {
	var o object
	o.text("clientId", r.ClientID)
	o.text("clientSecret", r.ClientSecret)
	o.text("expiresAt", formatTime(r.ExpiresAt))
	if len(r.Scopes) > 0 {
		o.list("scopes", r.Scopes)
	}
	if len(r.GrantTypes) > 0 {
		o.list("grantTypes", r.GrantTypes)
	}
	return w.write(w.registrationEntry(key), o.bytes())
}

// formatTime writes what every reader accepts: botocore reads many forms, the
// Go SDK only RFC 3339.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// ParseTime reads the forms of a time that are found in the wild.
func ParseTime(s string) (time.Time, error) { return rolecache.ParseTime(s) }

// object builds JSON the way the AWS CLI lays it out on disk.
type object struct{ b bytes.Buffer }

func (o *object) raw(key string, value []byte) {
	if o.b.Len() > 0 {
		o.b.WriteString(", ")
	}
	o.b.WriteString(quote(key) + ": ")
	o.b.Write(value)
}

func (o *object) text(key, value string) { o.raw(key, []byte(quote(value))) }

func (o *object) list(key string, values []string) {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	o.raw(key, []byte("["+strings.Join(quoted, ", ")+"]"))
}

func (o *object) bytes() []byte { return []byte("{" + o.b.String() + "}") }

func sortedKeys(m map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
