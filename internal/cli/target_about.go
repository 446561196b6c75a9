package cli

import (
	"cmp"
	"fmt"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/wallet"
)

// An about says of targets and sessions what a person wants to know before they
// choose. It reads what is on disk, and opens nothing that is sealed.
type about struct {
	app    *App
	config *awsconfig.Config
	wallet *wallet.Wallet
}

func (a *App) about(config *awsconfig.Config) *about {
	return &about{app: a, config: config, wallet: &wallet.Wallet{Home: a.Home, LockDir: a.lockDir()}}
}

// session says whether somebody is signed in to it.
func (b *about) session(name, startURL string) string {
	st, now := b.status(name, startURL), time.Now()
	switch {
	case st.State == stateSealed:
		return "sealed"
	case st.signedIn() && st.Renewable:
		return "signed in, renewed as needed"
	case st.signedIn():
		return "signed in until " + moment(st.Expires, now)
	case st.State == stateExpired, st.State == stateEnded:
		return "expired"
	}
	return "not signed in"
}

// signedIn tells whether a command could do without a sign-in, as far as can be
// seen.
func (b *about) signedIn(name, startURL string) bool { return b.status(name, startURL).signedIn() }

func (b *about) status(name, startURL string) sessionStatus {
	section, _ := b.config.Session(name)
	st := sessionStatus{section: section, SSO: awsconfig.SSO{SessionName: name, StartURL: startURL, Region: section.Region, Legacy: name == ""}}
	if st.State = stateSealed; !section.Sealed() {
		st.read(b.wallet, time.Now())
	}
	return st
}

// target says what it would give.
func (b *about) target(t *target) []string {
	var lines []string
	say := func(label, text string) {
		if text != "" {
			lines = append(lines, fmt.Sprintf("%-12s %s", label, text))
		}
	}
	say("Profile", cmp.Or(t.Profile, "none yet"))
	say("Account", accountLabel(t.AccountName, t.AccountID))
	say("Role", t.RoleName)
	say("Credentials", b.credentials(t))
	if t.AccountID != "" {
		say("Session", cmp.Or(t.Session, t.StartURL)+", "+b.session(t.Session, t.StartURL))
	}
	say("Region", t.Region)
	say("E-mail", t.Email)
	say("Alias", t.Alias)
	say("Tags", t.Tags)
	say("Colour", t.Colour)
	if !t.last.IsZero() {
		say("Last used", since(t.last))
	}
	return lines
}

// credentials says where they come from, and whether they are here already.
func (b *about) credentials(t *target) string {
	if t.Source != "" {
		return t.Source
	}
	if section, _ := b.config.Session(t.Session); section.Sealed() {
		return "sealed"
	}
	key := wallet.RoleKey{AccountID: t.AccountID, RoleName: t.RoleName, Session: t.Session, StartURL: t.StartURL}
	c, err := b.wallet.RoleCredentials(key)
	if now := time.Now(); err == nil && c.Lasts(now) {
		return "here, until " + moment(c.Expiration, now)
	}
	return "to be fetched"
}
