package wallet

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"
)

// The AWS tools name cache files by the SHA-1 of a text. For tokens the text is
// the sso-session's name, or the start URL of a legacy profile, as configured
// and not normalised. For the others it is JSON as Python writes it, so these
// functions reproduce Python's JSON to the byte.

func sum(text string) string {
	h := sha1.Sum([]byte(text))
	return hex.EncodeToString(h[:])
}

// TokenKey names the token file of an sso-session, or of a start URL where
// session is empty.
func TokenKey(session, startURL string) string {
	if session != "" {
		return sum(session)
	}
	return sum(startURL)
}

// A RegistrationKey identifies a client registration. Scopes are those
// configured: nil where the key is absent, empty where it is present but empty.
type RegistrationKey struct {
	StartURL, Region string
	Session          string // "" for a legacy profile
	Scopes           []string
}

func (k RegistrationKey) name() string {
	scopes := "null"
	if k.Scopes != nil {
		quoted := make([]string, len(k.Scopes))
		for i, s := range k.Scopes {
			quoted[i] = quote(s)
		}
		scopes = "[" + strings.Join(quoted, ", ") + "]"
	}
	session := "null"
	if k.Session != "" {
		session = quote(k.Session)
	}
	return sum(fmt.Sprintf(`{"region": %s, "scopes": %s, "session_name": %s, "startUrl": %s, "tool": "botocore"}`,
		quote(k.Region), scopes, session, quote(k.StartURL)))
}

// A RoleKey identifies the credentials of one role in the AWS CLI's cache.
type RoleKey struct {
	AccountID, RoleName string
	Session             string // the sso-session; "" for a legacy profile
	StartURL            string // of the session or the profile
}

// Name is the stem of the role's cache file, and names its lock.
func (k RoleKey) Name() string {
	if k.Session != "" {
		return sum(fmt.Sprintf(`{"accountId":%s,"roleName":%s,"sessionName":%s}`,
			quote(k.AccountID), quote(k.RoleName), quote(k.Session)))
	}
	return sum(fmt.Sprintf(`{"accountId":%s,"roleName":%s,"startUrl":%s}`,
		quote(k.AccountID), quote(k.RoleName), quote(k.StartURL)))
}

// quote writes s as Python's json.dumps does: ASCII only, with no escaping of
// what only HTML cares about.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r < 0x20 || (r > 0x7e && r <= 0xffff):
			fmt.Fprintf(&b, `\u%04x`, r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
