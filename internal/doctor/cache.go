package doctor

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/wallet"
)

// cacheChecks are for what sign-ins left in ~/.aws/sso/cache and ~/.aws/cli/cache.
func cacheChecks() []Check {
	return family("Sign-ins and caches",
		Check{ID: "cache-corrupt", Severity: Error, Title: "A cache file is not the JSON it should be",
			Why:  "Two processes wrote it at once, or one was killed. The AWS CLI stops at it with nothing but the file's name for a message.",
			Cure: "Move it away; what was in it is fetched again.", Fixes: true, find: cacheCorrupt},
		Check{ID: "cache-date", Severity: Warning, Title: "A cached sign-in has a date that not all tools read", Why: "The AWS SDK for Go takes RFC 3339 alone; “…UTC” fails.", Cure: "Sign in again.", find: cacheDate},
		Check{ID: "not-signed-in", Severity: Note, Title: "Nobody is signed in to a session", Why: "“Unable to locate credentials” or “Error loading SSO Token: Token for … does not exist”.",
			Cure: "`portico sso login --sso-session NAME`", find: notSignedIn},
		Check{ID: "token-expired", Severity: Note, Title: "A sign-in is over", Why: "“Token has expired and refresh failed”, “The SSO session associated with this profile has expired or is otherwise invalid”, “Invalid grant”.",
			Cure: "`portico sso login --sso-session NAME`", find: tokenExpired},
		Check{ID: "token-no-refresh", Severity: Warning, Title: "A sign-in cannot be refreshed",
			Why:  "It ends with its first access token. It was made without the scope sso:account:access, or its client registration is over.",
			Cure: "Set `sso_registration_scopes = sso:account:access`, and sign in again.", find: tokenNoRefresh},
		Check{ID: "token-ends-soon", Severity: Warning, Title: "A sign-in ends within the hour", Why: "It cannot be refreshed, or reaches the longest time that the organisation allows (`portico_session_duration`). What runs then fails in the middle.", Cure: "Sign in again before you start something long.", find: tokenEndsSoon},
		Check{ID: "token-other-portal", Severity: Warning, Title: "A cached sign-in is one to another portal or region than the session's",
			Why:  "The name of the session was used for another Identity Center before; tools do not look, and the service refuses with “UnauthorizedException”.",
			Cure: "`portico sso login --sso-session NAME`", find: tokenOther},
		Check{ID: "registration-expired", Severity: Note, Title: "A client registration is over", Why: "It is of no use, and holds up sign-ins of tools that do not look at its date.", Cure: "Delete the file.", Fixes: true, find: registrationExpired},
		Check{ID: "sealed-no-key", Severity: Error, Title: "The key of a sealed session cannot be had",
			Why: "Its sign-in is encrypted, and stays so: in SSH sessions, containers and WSL there often is no keyring.", Cure: "Unlock the keyring, or keep the key under a passphrase: `portico unseal`, then `portico seal --passphrase`.", find: sealedNoKey},
	)
}

// token is the cached sign-in under a key, or nil.
func (f *Facts) token(key string) *CacheFile {
	for i, c := range f.SSOCache {
		if strings.TrimSuffix(filepath.Base(c.Path), ".json") == key && c.text("accessToken") != "" {
			return &f.SSOCache[i]
		}
	}
	return nil
}

func (f *Facts) expiry(c CacheFile) time.Time {
	at, _ := wallet.ParseTime(c.text("expiresAt"))
	return at
}

// A signIn is what may be cached for a session, or for a start URL.
type signIn struct {
	name        string // of the session; "" for a legacy profile
	of          string
	url, region string
	login       string // the command
	sealed      bool
	used        bool // by the profile this shell uses
}

func (s signIn) key() string { return wallet.TokenKey(s.name, s.url) }

func (f *Facts) signIns(visit func(s signIn, token *CacheFile)) {
	current := f.env("AWS_PROFILE")
	if current == "" {
		current = f.env("AWS_DEFAULT_PROFILE")
	}
	if current == "" {
		current = "default"
	}
	p, _ := f.Merged.Profile(current)
	mine, _ := p.SSO("sso_session")
	url, _ := p.Get("sso_start_url")
	seen := map[string]bool{} // legacy profiles of one start URL share one
	f.portals(func(portal portal) {
		s := signIn{of: portal.of, url: portal.url, region: portal.region, used: url == portal.url && mine == "", login: f.Program + " sso login --profile " + word(portal.section.Name)}
		if session, ok := f.Merged.Session(portal.section.Name); ok && portal.section == sessionSection(session.Name) {
			s.name, s.sealed = session.Name, session.Sealed()
			s.used = mine == s.name
			s.login = f.Program + " sso login --sso-session " + word(s.name)
		}
		key := s.key()
		token := f.token(key)
		// What is a copy of another session's token is renewed with that.
		if s.sealed || seen[key] || token != nil && token.text(wallet.CopyMark) != "" {
			return
		}
		seen[key] = true
		visit(s, token)
	})
}

func cacheCorrupt(f *Facts, report func(Finding)) {
	all := append(append([]CacheFile{}, f.SSOCache...), f.RoleCache...)
	for _, c := range all {
		what := ""
		switch {
		case c.Problem != "":
			what = fmt.Sprintf("%s cannot be read: %s", c.Shown, c.Problem)
		case c.Content == nil:
			what = fmt.Sprintf("%s is not the JSON it should be: it was half written, or written by two at once", c.Shown)
		case filepath.Base(filepath.Dir(filepath.Dir(c.Path))) == "cli" && c.Content["Credentials"] == nil:
			what = c.Shown + " holds no credentials"
		case c.Content["accessToken"] != nil && (c.text("accessToken") == "" || c.text("expiresAt") == ""):
			what = c.Shown + " holds a sign-in without its token or its date"
		default:
			continue
		}
		found := Finding{What: what, Cure: "mv " + word(c.Path) + " " + word(c.Path+asideSuffix), Where: c.Shown}
		if c.Problem == "" {
			found.Actions = []Action{{Kind: SetAside, Path: c.Path}}
		}
		report(found)
	}
}

func cacheDate(f *Facts, report func(Finding)) {
	f.signIns(func(s signIn, token *CacheFile) {
		if token == nil {
			return
		}
		text := token.text("expiresAt")
		if _, err := time.Parse(time.RFC3339, text); err != nil && text != "" {
			when := "at what is no date"
			if _, err := wallet.ParseTime(text); err == nil { // else it may be anything, a token in the wrong place
				when = fmt.Sprintf("at %q", text)
			}
			report(Finding{What: fmt.Sprintf("the sign-in of the %s expires %s, which the AWS SDK for Go does not read", s.of, when), Cure: s.login, Where: token.Shown})
		}
	})
}

func notSignedIn(f *Facts, report func(Finding)) {
	f.signIns(func(s signIn, token *CacheFile) {
		if token != nil || s.region == "" {
			return
		}
		found := Finding{What: "nobody is signed in to the " + s.of, Cure: s.login}
		if s.used {
			found.Severity, found.What = Error, found.What+", which this shell's profile uses"
		}
		report(found)
	})
}

func tokenExpired(f *Facts, report func(Finding)) {
	f.signIns(func(s signIn, token *CacheFile) {
		if token == nil {
			return
		}
		at := f.expiry(*token)
		if at.IsZero() || at.After(f.Now) || f.refreshable(s, token) {
			return
		}
		found := Finding{What: fmt.Sprintf("the sign-in of the %s ended %s ago", s.of, round(f.Now.Sub(at))), Cure: s.login, Where: token.Shown}
		if s.used {
			found.Severity = Error
		}
		report(found)
	})
}

// refreshable tells whether the service may renew the sign-in.
func (f *Facts) refreshable(s signIn, token *CacheFile) bool {
	registered, _ := wallet.ParseTime(token.text("registrationExpiresAt"))
	return s.name != "" && token.text("refreshToken") != "" && token.text("clientId") != "" && registered.After(f.Now)
}

func tokenNoRefresh(f *Facts, report func(Finding)) {
	f.signIns(func(s signIn, token *CacheFile) {
		if token == nil || s.name == "" || f.refreshable(s, token) || !f.expiry(*token).After(f.Now) {
			return
		}
		why := "it has no refresh token"
		if token.text("refreshToken") != "" {
			why = "its client registration is over"
		}
		report(Finding{What: fmt.Sprintf("the sign-in of the %s cannot be refreshed: %s", s.of, why), Cure: s.login, Where: token.Shown})
	})
}

func tokenEndsSoon(f *Facts, report func(Finding)) {
	f.signIns(func(s signIn, token *CacheFile) {
		if token == nil {
			return
		}
		end, why := f.expiry(*token), "and cannot be refreshed"
		if f.refreshable(s, token) {
			end, why = f.Ends[s.name], "whatever is refreshed"
		}
		if left := end.Sub(f.Now); left > 0 && left < time.Hour {
			report(Finding{What: fmt.Sprintf("the sign-in of the %s ends in %s, %s", s.of, round(left), why), Cure: s.login, Where: token.Shown})
		}
	})
}

func tokenOther(f *Facts, report func(Finding)) {
	f.signIns(func(s signIn, token *CacheFile) {
		if token == nil || s.name == "" {
			return
		}
		url, region := token.text("startUrl"), token.text("region")
		switch {
		case url != "" && !unclean(s.url) && startURL(url) != startURL(s.url):
			report(Finding{What: fmt.Sprintf("the cached sign-in of the %s is one to %s", s.of, url), Cure: s.login, Where: token.Shown})
		case region != "" && s.region != "" && region != s.region && !unclean(s.region):
			report(Finding{What: fmt.Sprintf("the cached sign-in of the %s was made in %s, and its sso_region is %s", s.of, region, s.region), Cure: s.login, Where: token.Shown})
		}
	})
}

func registrationExpired(f *Facts, report func(Finding)) {
	for _, c := range f.SSOCache {
		if c.text("clientId") == "" || c.Content["accessToken"] != nil {
			continue
		}
		if at, err := wallet.ParseTime(c.text("expiresAt")); err == nil && at.Before(f.Now) {
			report(Finding{What: fmt.Sprintf("the client registration in %s ended %s ago", c.Shown, round(f.Now.Sub(at))), Cure: "rm " + word(c.Path), Where: c.Shown, Actions: []Action{{Kind: Remove, Path: c.Path}}})
		}
	}
}

func sealedNoKey(f *Facts, report func(Finding)) {
	for _, k := range f.Keyrings {
		if k.Problem != "" {
			report(Finding{What: fmt.Sprintf("the sealed session %s cannot be opened: %s", k.Session, k.Problem), Cure: k.Cure, Where: "sso-session " + k.Session})
		}
	}
}
