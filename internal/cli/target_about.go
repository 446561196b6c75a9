package cli

import (
	"fmt"
	"strings"
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
	if section, _ := b.config.Session(name); section.Sealed() {
		return "sealed"
	}
	t, err := b.wallet.Token(wallet.TokenKey(name, startURL))
	now := time.Now()
	switch {
	case err != nil:
		return "not signed in"
	case t.Refreshable(now):
		return "signed in, renewed as needed"
	case t.ExpiresAt.After(now):
		return "signed in until " + clock(t.ExpiresAt, now)
	}
	return "expired"
}

// signedIn tells whether a command could do without a sign-in, as far as can be
// seen.
func (b *about) signedIn(name, startURL string) bool {
	return strings.HasPrefix(b.session(name, startURL), "signed in")
}

// clock is a time of today or another day, and how far it is off.
func clock(t, now time.Time) string {
	layout := "15:04"
	if t.Sub(now) > 20*time.Hour {
		layout = "Mon 15:04"
	}
	left := strings.TrimSuffix(t.Sub(now).Round(time.Minute).String(), "0s")
	return fmt.Sprintf("%s (%s)", t.Local().Format(layout), left)
}

// target says what it would give.
func (b *about) target(t *target) []string {
	var lines []string
	say := func(label, text string) {
		if text != "" {
			lines = append(lines, fmt.Sprintf("%-12s %s", label, text))
		}
	}
	if t.Profile != "" {
		say("Profile", t.Profile)
	} else {
		say("Profile", "none yet")
	}
	account := t.AccountID
	if t.AccountName != "" {
		account = t.AccountName + " (" + t.AccountID + ")"
	}
	say("Account", account)
	say("Role", t.RoleName)
	say("Credentials", b.credentials(t))
	if t.AccountID != "" {
		whose := t.Session
		if whose == "" {
			whose = t.StartURL
		}
		say("Session", whose+", "+b.session(t.Session, t.StartURL))
	}
	say("Region", t.Region)
	say("E-mail", t.Email)
	say("Alias", t.Alias)
	say("Tags", t.Tags)
	say("Colour", t.Color)
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
		return "here, until " + clock(c.Expiration, now)
	}
	return "to be fetched"
}

// since is how long ago something was, to the minute.
func since(t time.Time) string {
	past := time.Since(t)
	if past < time.Minute {
		return "just now"
	}
	return strings.TrimSuffix(ago(past), "0s") + " ago"
}
