package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

// whoami says in one line whose credentials are in use.
type whoami struct {
	App      *App
	Globals  *globals
	Handover *handover
	Offline  bool
	JSON     bool
}

func newWhoami(a *App, g *globals) *cobra.Command {
	w := &whoami{App: a, Globals: g, Handover: &handover{app: a, globals: g}}
	c := &cobra.Command{
		Use:     "whoami",
		Short:   "Say in one line who you are, in which account, and until when",
		GroupID: groupEveryday,
		Long: `Asks STS whose the credentials are that a command would use here, and says it in one
line: the person, the account, the role, the profile and session they come from, and
until when they last. Keys in the environment count, as they do for every command.

--offline asks nobody and says what is known on this machine, of which the person is
only what the last whoami of the same sign-in found. "status --why" says why it is
these credentials.`,
		Example: `  portico whoami
  portico whoami --profile prod
  portico whoami --offline
  portico whoami --query accountId --output text`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return w.run(cmd.Context()) },
	}
	c.Flags().BoolVar(&w.Offline, "offline", false, "ask nobody: say what is known on this machine")
	c.Flags().BoolVar(&w.JSON, "json", false, "print JSON, as --output json does")
	w.Handover.addRole(c)
	w.Handover.addLogin(c)
	return c
}

// An identity is who somebody is, for programs.
type identity struct {
	Person      string    `json:"person,omitempty"`
	AccountID   string    `json:"accountId,omitempty"`
	AccountName string    `json:"accountName,omitempty"`
	RoleName    string    `json:"roleName,omitempty"`
	ARN         string    `json:"arn,omitempty"`
	UserID      string    `json:"userId,omitempty"`
	Provider    string    `json:"provider,omitempty"`
	Profile     string    `json:"profile,omitempty"`
	Session     string    `json:"ssoSession,omitempty"`
	ExpiresAt   time.Time `json:"expiresAt,omitzero"`
	Asked       bool      `json:"asked"` // STS, now
}

func (w *whoami) run(ctx context.Context) error {
	if w.JSON {
		w.Globals.Output = "json"
	}
	id, err := w.identity(ctx)
	if err != nil {
		return err
	}
	return w.App.show(w.Globals, "Identity", id, func() error {
		_, err := fmt.Fprintln(w.App.Stdout, terminal.Clean(id.words(time.Now())))
		return err
	})
}

func (w *whoami) identity(ctx context.Context) (identity, error) {
	if w.Offline {
		s, err := w.Handover.setup()
		if err != nil {
			return identity{}, err
		}
		s.shut()
		sh := s.shell()
		if sh.Provider == "" {
			return identity{}, s.noCredentials()
		}
		if sh.Problem != "" {
			return identity{}, errors.New(sh.Problem)
		}
		id := identityOf(sh)
		id.AccountName = w.App.accountNames(s.settings.Config)[id.AccountID]
		if key := s.tokenKeyInUse(); key != "" {
			id.Person = s.wallet.Person(key)
		}
		return id, nil
	}
	s, c, err := w.Handover.credentials(ctx)
	if err != nil {
		return identity{}, err
	}
	id := identityOf(s.shell())
	id.Provider, id.ExpiresAt = c.Provider, whole(c.Expiration)
	if c.Expiration.IsZero() {
		id.ExpiresAt = time.Time{}
	}
	who, err := s.callerIdentity(ctx, c)
	if err != nil {
		return identity{}, err
	}
	get := func(name string) string { v, _ := who.Get(name); text, _ := v.(string); return text }
	id.ARN, id.UserID, id.AccountID, id.Asked = get("Arn"), get("UserId"), get("Account"), true
	id.AccountName = w.App.accountNames(s.settings.Config)[id.AccountID]
	_, role, assumed := assumedRole(id.ARN)
	last := id.ARN[strings.LastIndexAny(id.ARN, "/:")+1:]
	id.Person = last
	if assumed {
		id.RoleName = role
	} else {
		id.RoleName = ""
	}
	if key := s.tokenKeyInUse(); key != "" && c.Provider == fromSSO {
		_ = s.wallet.PutPerson(key, last) // it is only for the next --offline
	}
	return id, nil
}

// callerIdentity asks STS whose credentials these are.
func (s *setup) callerIdentity(ctx context.Context, c credentials) (output.Object, error) {
	way, err := s.http()
	if err != nil {
		return nil, err
	}
	endpoint, err := s.endpoint("STS", false)
	if err != nil {
		return nil, err
	}
	region, _ := s.settings.Region()
	caller := &admin.Caller{Credentials: admin.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken},
		Region: cmp.Or(region, s.globalRegion()), HTTP: way, Endpoint: endpoint, Addresses: s.addresses()}
	sts := admin.Service("sts")
	for _, op := range sts.Operations {
		if op.Name == "GetCallerIdentity" {
			return admin.Merge(op, caller.Pages(ctx, sts, op, nil, admin.Paging{Off: true}), admin.Paging{Off: true})
		}
	}
	return nil, errors.New("STS has no GetCallerIdentity")
}

// tokenKeyInUse is that of the session whose role is in use, "" where the
// credentials are none of such a role.
func (s *setup) tokenKeyInUse() string {
	sso, err := s.settings.SSO()
	if err != nil || s.settings.Profile.AssumesRole() {
		return ""
	}
	return wallet.TokenKey(sso.SessionName, sso.StartURL)
}

// identityOf is what the shell's view tells of an identity.
func identityOf(sh shellStatus) identity {
	id := identity{AccountID: sh.Account, RoleName: sh.Role, Provider: sh.Provider, Session: sh.Session}
	if !sh.Expires.IsZero() {
		id.ExpiresAt = whole(sh.Expires)
	}
	if sh.Provider != fromEnvironment || sh.ProfileFrom == profileVariable {
		id.Profile = sh.Profile
	}
	return id
}

// words are the one line.
func (id identity) words(now time.Time) string {
	var parts []string
	for _, word := range []string{id.Person, accountLabel(id.AccountName, id.AccountID), id.RoleName} {
		if word != "" {
			parts = append(parts, word)
		}
	}
	text := strings.Join(parts, " ")
	switch {
	case id.Profile != "":
		text += " via profile " + id.Profile
	case id.Provider == fromEnvironment:
		text += " by keys of the environment"
	}
	if id.Session != "" {
		text += ", session " + id.Session
	}
	if !id.ExpiresAt.IsZero() {
		text += ", until " + moment(id.ExpiresAt, now)
	}
	return text
}
