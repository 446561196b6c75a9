package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/awsconfig/scan"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

func newPrompt(a *App, g *globals) *cobra.Command {
	var format, shell string
	c := &cobra.Command{
		Use:     "prompt",
		Short:   "Print a segment for your prompt: account, role, time left",
		GroupID: groupProfiles,
		Long: `Prints what a prompt can show of the shell's profile, as dev/ReadOnly 47m: the
account and the role, or the profile's name where it has none, and how long the
role's credentials last; "signed out" where it takes a sign-in to get any. Production
is red, a profile with portico_color has that colour. Without a profile it prints
nothing. It asks nobody and takes a few milliseconds.

"portico shell-init --prompt" puts it before the prompt. Other prompts, such as
starship, can run it as a command. Characters that a shell would expand in a prompt
become question marks.

The words of --format are {profile}, {account}, {role}, {left}, {region} and
{session}.`,
		Example: `  portico prompt
  portico prompt --format '{profile} {region}'
  portico prompt --shell zsh`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			s := a.segment(g.Profile)
			text := s.format(format, time.Now())
			if text == "" {
				return nil
			}
			if a.terminal().Color() || shell != "" && a.getenv("NO_COLOR") == "" && g.Color != "off" {
				text = terminal.Paint(s.colour, text)
				text = segmentEscapes(shell).Replace(text)
			}
			_, err := fmt.Fprintln(a.Stdout, text)
			return err
		},
	}
	c.Flags().StringVar(&format, "format", "", "what to print (else \"{account}/{role} {left}\", or \"{profile} {left}\" without a role)")
	choiceFlag(c.Flags(), &shell, "shell", hookNames, "in colours, as the prompt of this shell needs them: bash, zsh, fish or pwsh")
	return c
}

// segmentEscapes mark colours, so that the shell does not count them as letters.
func segmentEscapes(shell string) *strings.Replacer {
	begin, end := "", ""
	switch shell {
	case "bash":
		begin, end = "\x01", "\x02"
	case "zsh":
		begin, end = "%{", "%}"
	}
	var pairs []string
	for _, colour := range append(terminal.Colours(), "") {
		code, _, _ := strings.Cut(terminal.Paint(colour, "\x00"), "\x00")
		pairs = append(pairs, cmp.Or(code, "\x1b[m"), begin+cmp.Or(code, "\x1b[m")+end)
	}
	return strings.NewReplacer(pairs...)
}

// A segment is what a prompt can show.
type segment struct {
	profile, account, role, region, session string

	expires   time.Time // of the credentials; zero where nobody knows
	signedOut bool      // it takes a sign-in to have any
	colour    string
}

// segment is that of the shell's profile, or of the one that is named. What cannot be
// read is not shown.
func (a *App) segment(profile string) segment {
	if profile == "" {
		if of := cmp.Or(a.getenv(profileVariable), a.getenv(roleVariable)); of != "" && a.getenv("AWS_ACCESS_KEY_ID") != "" {
			return a.keysSegment(of)
		}
		profile = a.namedProfile()
	}
	if profile == "" {
		return segment{}
	}
	own, session := a.keysOf(profile)
	either := func(key string) string {
		return cmp.Or(session[key], own[key], own[sealedNames[key]])
	}
	s := segment{profile: profile, role: either("sso_role_name"), region: cmp.Or(a.getenv("AWS_REGION"), a.getenv("AWS_DEFAULT_REGION"), own["region"]),
		session: either("sso_session")}
	id, startURL := either("sso_account_id"), either("sso_start_url")
	s.account = a.accountName(id)
	s.colour = newProductionRule(session[awsconfig.KeyProduction]).colour(own[awsconfig.KeyColor], profile, s.account)
	if s.role != "" && id != "" && startURL != "" {
		a.readLeft(&s, wallet.RoleKey{AccountID: id, RoleName: s.role, Session: s.session, StartURL: startURL})
	}
	return s
}

// sealedNames are what a profile's keys are called while its session is sealed.
var sealedNames = map[string]string{
	"sso_session": awsconfig.KeySealedSession, "sso_account_id": awsconfig.KeySealedAccount, "sso_role_name": awsconfig.KeySealedRole,
}

// keysSegment is that of a shell that holds keys, a profile's or a role's.
func (a *App) keysSegment(of string) segment {
	s := segment{profile: of, region: cmp.Or(a.getenv("AWS_REGION"), a.getenv("AWS_DEFAULT_REGION"))}
	s.expires, _ = time.Parse(time.RFC3339, a.getenv("AWS_CREDENTIAL_EXPIRATION"))
	if id, role, ok := strings.Cut(a.getenv(roleVariable), "/"); ok && a.getenv(profileVariable) == "" {
		s.account, s.role = a.accountName(id), role
		s.colour = productionRule{}.colour("", s.account)
		return s
	}
	own, session := a.keysOf(of)
	s.role = cmp.Or(own["sso_role_name"], own[awsconfig.KeySealedRole])
	s.account = a.accountName(cmp.Or(own["sso_account_id"], own[awsconfig.KeySealedAccount]))
	s.colour = newProductionRule(session[awsconfig.KeyProduction]).colour(own[awsconfig.KeyColor], of, s.account)
	return s
}

// keysOf are a profile's keys and its session's, read without a model of the file
// where there is no doubt.
func (a *App) keysOf(profile string) (own, session map[string]string) {
	files := a.files()
	known := false
	_, inCredentials := scanFile(files.Credentials, func(r io.Reader) ([]string, []string) {
		if scan.HasHeader(r, profile) {
			return nil, []string{profile}
		}
		return nil, nil
	})
	if len(inCredentials) == 0 {
		scanFile(files.Config, func(r io.Reader) ([]string, []string) {
			own, session, known = scan.Keys(r, profile)
			return nil, nil
		})
	}
	if known {
		return own, session
	}
	config, err := files.Load()
	if err != nil {
		return nil, nil
	}
	p, _ := config.Profile(profile)
	name, _ := p.SSO("sso_session")
	section, _ := config.Session(name)
	all := func(keys []string, get func(string) (string, bool)) map[string]string {
		values := map[string]string{}
		for _, key := range keys {
			values[key], _ = get(key)
		}
		return values
	}
	return all(p.Keys(), p.Get), all(section.Keys(), section.Get)
}

// accountName is what an account was called when it was listed, or its id.
func (a *App) accountName(id string) string {
	if id == "" {
		return ""
	}
	return cmp.Or(a.accountNames(nil)[id], id)
}

// readLeft finds out how long a role's credentials last, or that there is no sign-in
// to get any with. What is sealed stays so.
func (a *App) readLeft(s *segment, key wallet.RoleKey) {
	w := &wallet.Wallet{Home: a.Home, LockDir: a.lockDir(), SealedDir: a.sealedDir()}
	now := time.Now()
	c, err := w.RoleCredentials(key)
	if err == nil && c.Expiration.After(now) {
		s.expires = c.Expiration
		return
	}
	if _, sealed := errors.AsType[*wallet.UnopenedError](err); sealed || w.Sealed(wallet.TokenKey(key.Session, key.StartURL)) {
		return
	}
	t, err := w.Token(wallet.TokenKey(key.Session, key.StartURL))
	s.signedOut = errors.Is(err, wallet.ErrNotFound) || err == nil && !t.ExpiresAt.After(now) && !t.Refreshable(now)
}

// format puts a segment together, in characters that no shell expands in a prompt.
func (s segment) format(format string, now time.Time) string {
	if s.profile == "" {
		return ""
	}
	if format == "" {
		format = "{account}/{role} {left}"
		if s.account == "" || s.role == "" {
			format = "{profile} {left}"
		}
	}
	text := strings.NewReplacer("{profile}", s.profile, "{account}", s.account, "{role}", s.role, "{left}", s.left(now), "{region}", s.region, "{session}", s.session).Replace(format)
	return strings.Join(strings.Fields(promptText(text)), " ")
}

func (s segment) left(now time.Time) string {
	left := s.expires.Sub(now)
	switch {
	case s.signedOut:
		return "signed out"
	case s.expires.IsZero():
		return ""
	case left <= 0:
		return "expired"
	}
	return remaining(max(left, time.Minute))
}

// promptText is a text with only those characters that no shell expands in a prompt.
func promptText(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./@:+, ", r) {
			return r
		}
		return '?'
	}, terminal.Clean(text))
}
