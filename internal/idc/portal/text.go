package portal

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// How much is shown of what strangers name.
const (
	maxShownName   = 80
	maxShownClient = 80
	maxShownScope  = 100
	maxShownURL    = 300
)

// plain makes text of a stranger fit to be shown: on one line, without control
// and format characters (escape sequences, reversed writing, invisible letters),
// without piles of accents, and no longer than limit.
func plain(s string, limit int) string {
	var b strings.Builder
	shown, marks, space := 0, 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			space = b.Len() > 0
			continue
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
			continue
		case unicode.Is(unicode.M, r):
			if marks++; marks > 2 {
				continue
			}
		default:
			marks = 0
		}
		if space {
			b.WriteByte(' ')
			shown++
			space = false
		}
		if shown >= limit {
			return strings.TrimSpace(b.String()) + "…"
		}
		b.WriteRune(r)
		shown++
	}
	if b.Len() == 0 {
		return "(nothing that can be shown)"
	}
	return b.String()
}

// inWords rounds a wait up to what people say.
func inWords(d time.Duration) string {
	count := func(unit time.Duration, one string) string {
		n := int(math.Ceil(float64(d) / float64(unit)))
		if n <= 1 {
			return "1 " + one
		}
		return strconv.Itoa(n) + " " + one + "s"
	}
	switch {
	case d <= 90*time.Second:
		return count(time.Second, "second")
	case d <= 90*time.Minute:
		return count(time.Minute, "minute")
	default:
		return count(time.Hour, "hour")
	}
}

// moment is a time as a page shows it.
type moment struct {
	Stamp string // RFC 3339
	Words string
}

func (v *visit) ago(t time.Time) moment {
	m := moment{Stamp: t.UTC().Format(time.RFC3339)}
	d := v.now.Sub(t)
	count := func(n int, one string) string {
		if n == 1 {
			return "1 " + one + " ago"
		}
		return strconv.Itoa(n) + " " + one + "s ago"
	}
	switch {
	case d < time.Minute:
		m.Words = "less than a minute ago"
	case d < time.Hour:
		m.Words = count(int(d/time.Minute), "minute")
	case d < 24*time.Hour:
		m.Words = count(int(d/time.Hour), "hour")
	default:
		m.Words = count(int(d/(24*time.Hour)), "day")
	}
	return m
}

// scopeView is one thing a client asks for.
type scopeView struct{ Words, Raw string }

// scopesInWords says what scopes mean: grant.PortalAccess decides what opens the
// access portal, so the page promises what the service keeps.
func scopesInWords(scopes []string) []scopeView {
	const portal = "See your accounts and roles, and get credentials for them"
	if len(scopes) == 0 && grant.PortalAccess(nil) {
		return []scopeView{{Words: portal + ", until you sign out or your sign-in ends", Raw: "no scope named"}}
	}
	var out []scopeView
	for _, scope := range scopes {
		s := scopeView{Raw: plain(scope, maxShownScope)}
		switch {
		case grant.PortalAccess([]string{scope}):
			s.Words = portal
		case scope == "openid":
			s.Words = "Know that it is you"
		case strings.HasPrefix(scope, "codewhisperer:"):
			s.Words = "Use Amazon Q Developer for you (this Identity Center has no such service)"
		default:
			s.Words = "Something this Identity Center does not know, and gives nothing for"
		}
		out = append(out, s)
	}
	return out
}

// number groups digits by thousands.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
