package wallet

import (
	"fmt"
	"strings"

	"github.com/portico-sso/portico/internal/pyjson"
	"github.com/portico-sso/portico/internal/wallet/rolecache"
)

// The AWS tools name cache files by the SHA-1 of a text. For tokens the text is
// the sso-session's name, or the start URL of a legacy profile, as configured
// and not normalised. For the others it is JSON as Python writes it, so these
// functions reproduce Python's JSON to the byte.

func sum(text string) string { return rolecache.Sum(text) }

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
type RoleKey = rolecache.Key

func quote(s string) string { return string(pyjson.Append(nil, s, true)) }
