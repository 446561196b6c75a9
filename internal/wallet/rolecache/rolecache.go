// Package rolecache is the AWS CLI's cache of role credentials as package wallet
// and the program portico-credential-process both know it: how a file is called,
// what is in it, how long it lasts, and how it is printed for credential_process.
//
// It exists because it links so little. It reads only what leaves no doubt;
// wallet has the general reader for the rest.
package rolecache

import (
	"crypto/sha1"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/pyjson"
)

// Margin is how long cached credentials must still last to be handed out as they
// are, as in the AWS CLI.
const Margin = 15 * time.Minute

// A Key identifies the credentials of one role in the AWS CLI's cache.
type Key struct {
	AccountID, RoleName string
	Session             string // the sso-session; "" for a legacy profile
	StartURL            string // of the session or the profile
}

// Name is the stem of the role's cache file, and names its lock.
func (k Key) Name() string {
	b := append([]byte(nil), `{"accountId":`...)
	b = pyjson.Append(b, k.AccountID, true)
	b = append(b, `,"roleName":`...)
	b = pyjson.Append(b, k.RoleName, true)
	if k.Session != "" {
		b = append(b, `,"sessionName":`...)
		b = pyjson.Append(b, k.Session, true)
	} else {
		b = append(b, `,"startUrl":`...)
		b = pyjson.Append(b, k.StartURL, true)
	}
	return Sum(string(append(b, '}')))
}

// Sum names a cache file by the SHA-1 of a text, as the AWS tools do.
func Sum(text string) string {
	const digits = "0123456789abcdef"
	var name []byte
	for _, b := range sha1.Sum([]byte(text)) { // encoding/hex would link fmt
		name = append(name, digits[b>>4], digits[b&0xf])
	}
	return string(name)
}

// Credentials are the short-term keys of one role.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expiration                                 time.Time // zero: they do not expire, as far as known
	AccountID                                  string    // "" where it is not known
}

// Lasts tells whether there is enough left of the credentials to hand them out.
func (c Credentials) Lasts(now time.Time) bool { return c.Expiration.Sub(now) >= Margin }

// Process is version 1 of the credential_process protocol.
func (c Credentials) Process() []byte {
	b := append(make([]byte, 0, 512+len(c.SessionToken)), "{\n  \"Version\": 1"...)
	member := func(name, value string) {
		b = append(b, ",\n  \""...)
		b = append(b, name...)
		b = append(b, "\": "...)
		b = pyjson.Append(b, value, false)
	}
	member("AccessKeyId", c.AccessKeyID)
	member("SecretAccessKey", c.SecretAccessKey)
	if c.SessionToken != "" {
		member("SessionToken", c.SessionToken)
	}
	if !c.Expiration.IsZero() {
		member("Expiration", FormatExpiry(c.Expiration))
	}
	return append(b, "\n}\n"...)
}

// FormatExpiry is how the AWS CLI prints an expiration: an offset, never Z.
func FormatExpiry(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }

// ParseTime reads the forms found in the wild: Z, offsets, fractions, the "UTC"
// suffix of older AWS CLIs, and no zone at all, which means UTC. It does not look
// at the machine's own zone, which would have to be read from its files.
func ParseTime(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if bare, ok := strings.CutSuffix(s, "UTC"); ok {
		s = strings.TrimSpace(bare) + "Z"
	}
	var first error
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05"} {
		t, err := time.ParseInLocation(layout, s, time.UTC)
		if err == nil {
			return t.UTC(), nil
		}
		if first == nil {
			first = err
		}
	}
	return time.Time{}, first
}
