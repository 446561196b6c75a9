package cli

import (
	"context"
	"fmt"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/profiles"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

// tokenCopies are, by the keys of the sessions' tokens, the second keys that
// sessions want whose profiles have both forms: that of the start URL.
func tokenCopies(config *awsconfig.Config) map[string]string {
	copies := map[string]string{}
	for _, name := range config.Sessions() {
		if s, _ := config.Session(name); bothForms(s) {
			copies[wallet.TokenKey(name, "")] = wallet.TokenKey("", s.StartURL)
		}
	}
	return copies
}

// bothForms tells whether a session's access token is to be found by its start URL
// too. What is sealed is not.
func bothForms(s awsconfig.SSOSession) bool {
	format, _ := s.Get(profiles.KeyFormat)
	return profiles.Format(format) == profiles.Both && s.StartURL != "" && !s.Sealed()
}

// soleOfBoth refuses two sessions that would keep their tokens in one file.
func (a *App) soleOfBoth(config *awsconfig.Config, name string, set profiles.Settings) error {
	session, _ := config.Session(name)
	if set.Format != profiles.Both {
		return nil
	}
	for _, other := range config.Sessions() {
		if s, _ := config.Session(other); other != name && s.StartURL == session.StartURL && bothForms(s) {
			return &configError{Kind: "Configuration",
				Problem: fmt.Sprintf("The sso-sessions %s and %s have one start URL, and tools that know no session find by it the token of only one.", terminal.Clean(name), terminal.Clean(other)),
				Hint:    fmt.Sprintf("Give one of them another form, such as: %s sync --sso-session %s --format %s", a.Name, quoteWord(other), profiles.SSOSession)}
		}
	}
	return nil
}

// keepCopies makes the copies of access tokens what the sessions' forms ask for.
// The profiles stand even where that fails.
func (c *syncCommand) keepCopies(ctx context.Context, s *setup, targets []syncTarget) {
	config, err := c.app.files().Load()
	if err != nil {
		return
	}
	w := *s.wallet
	w.Copies = tokenCopies(config)
	for _, t := range targets {
		section, _ := config.Session(t.name)
		client := &signin.Client{Wallet: &w, Warn: s.warn}
		if err := client.KeepCopy(ctx, signin.Session{Name: t.name, StartURL: section.StartURL, Region: section.Region}); err != nil {
			s.warn(err.Error())
		}
	}
}
