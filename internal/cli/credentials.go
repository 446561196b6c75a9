package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
	"github.com/portico-sso/portico/internal/wallet/rolecache"
)

// credentials are what a profile resolves to.
type credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expiration                                 time.Time // zero: they do not expire, as far as known
	AccountID                                  string    // "" where it is not known
	Provider                                   string    // the AWS CLI's name for where they come from
}

// The providers, by the AWS CLI's names for them.
const (
	fromEnvironment = "env"
	fromSSO         = "sso"
	fromRole        = "assume-role"
	fromWebIdentity = "assume-role-with-web-identity"
	fromProcess     = "custom-process"
	fromCredentials = "shared-credentials-file"
	fromConfig      = "config-file"
	fromContainer   = "container-role"
)

// A credentialsError says that a profile cannot have credentials as things are
// configured, in the AWS CLI's words.
type credentialsError struct{ Problem, Hint string }

func (e *credentialsError) Error() string { return e.Problem }

// role returns the profile's role when the profile is one of SSO's.
func (s *setup) role() (creds.Role, error) {
	c, err := s.settings.SSO()
	return creds.Role{Session: session(c), AccountID: c.AccountID, RoleName: c.RoleName}, err
}

// credentials resolves the profile, in the AWS CLI's order: keys in the
// environment unless a profile or a role is named by flag, then what the profile
// says.
func (s *setup) credentials(ctx context.Context) (credentials, error) {
	if !s.policy.IsZero() {
		return s.narrowedCredentials(ctx)
	}
	if s.globals.Profile == "" && s.globals.AccountID == "" {
		if c, err := s.environmentKeys(); c.AccessKeyID != "" || err != nil {
			return c, err
		}
	}
	return s.profileCredentials(ctx, nil)
}

// profileCredentials go through the providers of a profile: a role to assume, a
// web identity, SSO, keys in the credentials file, a process, keys in the config
// file, the endpoint of a container. visited are the profiles that assume a role with this one's.
func (s *setup) profileCredentials(ctx context.Context, visited []string) (credentials, error) {
	p := s.settings.Profile
	get := func(key string) string { v, _ := p.Get(key); return v }
	switch token, arn := s.webIdentity(visited); {
	case s.assumes():
		return s.assumeRole(ctx, visited)
	case token != "":
		return s.assumeByWebIdentity(ctx, token, arn)
	}
	role, err := s.role()
	if err == nil {
		return s.roleCredentials(ctx, role)
	}
	if !errors.Is(err, awsconfig.ErrNotSSO) {
		return credentials{}, err
	}
	keys, err := s.fileKeys()
	if err != nil || keys.Provider == fromCredentials {
		return keys, err
	}
	if command := get("credential_process"); command != "" {
		return s.processCredentials(ctx, command)
	}
	if keys.AccessKeyID == "" {
		keys, err = s.containerCredentials(ctx)
	}
	if err == nil && keys.AccessKeyID == "" {
		err = s.noCredentials()
	}
	return keys, err
}

func (s *setup) roleCredentials(ctx context.Context, role creds.Role) (credentials, error) {
	// What lasts is handed out before anything is looked at that the network takes.
	if c, err := s.wallet.RoleCredentials(role.Key()); err == nil && c.Lasts(time.Now()) {
		return from(fromSSO, c), nil
	}
	client, err := s.signin(false)
	if err != nil {
		return credentials{}, err
	}
	source := &creds.Source{SignIn: client, Wallet: s.wallet, Warn: s.warn}
	c, err := source.RoleCredentials(ctx, role)
	if _, required := errors.AsType[*signin.RequiredError](err); required && role.Session.Name == "" {
		err = &hintedError{Err: err, Hint: fmt.Sprintf("Sign in with: %s sso login --profile %s", s.name, quoteWord(s.settings.ProfileName))}
	}
	return from(fromSSO, c), err
}

func from(provider string, c wallet.RoleCredentials) credentials {
	return credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
		Expiration: c.Expiration, AccountID: c.AccountID, Provider: provider}
}

func (s *setup) environmentKeys() (credentials, error) {
	get := func(names ...string) string {
		for _, name := range names {
			if v, _ := s.lookup(name); v != "" {
				return v
			}
		}
		return ""
	}
	c := credentials{AccessKeyID: get("AWS_ACCESS_KEY_ID"), SecretAccessKey: get("AWS_SECRET_ACCESS_KEY"),
		SessionToken: get("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"), AccountID: get("AWS_ACCOUNT_ID"), Provider: fromEnvironment}
	if c.AccessKeyID == "" {
		return credentials{}, nil
	}
	if c.SecretAccessKey == "" {
		return credentials{}, partial(fromEnvironment, "AWS_SECRET_ACCESS_KEY")
	}
	// What is no date is left out, as by the AWS CLI.
	c.Expiration, _ = wallet.ParseTime(get("AWS_CREDENTIAL_EXPIRATION"))
	return c, nil
}

func partial(provider, missing string) error {
	return &credentialsError{Problem: fmt.Sprintf("Partial credentials found in %s, missing: %s", provider, missing),
		Hint: "Set both halves of the key, or neither."}
}

// fileKeys are the keys a profile has in the files, if it has any.
func (s *setup) fileKeys() (credentials, error) {
	p := s.settings.Profile
	get := func(key string) string { v, _ := p.Get(key); return v }
	c := credentials{AccessKeyID: get("aws_access_key_id"), SecretAccessKey: get("aws_secret_access_key"),
		SessionToken: get("aws_session_token"), AccountID: get("aws_account_id"), Provider: fromConfig}
	if origin, _ := p.Origin("aws_access_key_id"); p.InCredentials && origin.File == s.credentialsFile {
		c.Provider = fromCredentials
	}
	switch {
	case c.AccessKeyID == "":
		return credentials{}, nil
	case c.SecretAccessKey == "":
		return credentials{}, partial(c.Provider, "aws_secret_access_key")
	}
	return c, nil
}

func (s *setup) noCredentials() error {
	hint := fmt.Sprintf("Make a profile with: %s configure sso", s.name)
	switch names := s.settings.Config.Profiles(); {
	case s.settings.HasProfile && (hasSession(s.settings.Profile) || s.settings.Profile.Has("sso_start_url")):
		hint = fmt.Sprintf("The profile %s names no account and role. To choose them: %s configure sso --profile %s",
			terminal.Clean(s.settings.ProfileName), s.name, quoteWord(terminal.Clean(s.settings.ProfileName)))
	case s.settings.HasProfile:
		hint = fmt.Sprintf("To give the profile %s an account and a role: %s configure sso --profile %s",
			terminal.Clean(s.settings.ProfileName), s.name, quoteWord(terminal.Clean(s.settings.ProfileName)))
	case len(names) > 0:
		hint = chooseProfile(s.name, names)
	}
	return &configError{Kind: "NoCredentials", Problem: "Unable to locate credentials.", Hint: hint}
}

func hasSession(p awsconfig.Profile) bool { _, ok := p.SSO("sso_session"); return ok }

// environment is how credentials stand in an environment.
func (c credentials) environment() [][2]string {
	vars := [][2]string{{"AWS_ACCESS_KEY_ID", c.AccessKeyID}, {"AWS_SECRET_ACCESS_KEY", c.SecretAccessKey}}
	if c.SessionToken != "" {
		vars = append(vars, [2]string{"AWS_SESSION_TOKEN", c.SessionToken})
	}
	if !c.Expiration.IsZero() {
		vars = append(vars, [2]string{"AWS_CREDENTIAL_EXPIRATION", expiry(c.Expiration)})
	}
	return vars
}

// expiry is how the AWS CLI writes an expiration: an offset, never Z.
func expiry(t time.Time) string { return rolecache.FormatExpiry(t) }

// until says how long they last, after a comma; nothing where that is not known.
func (c credentials) until() string {
	if c.Expiration.IsZero() {
		return ""
	}
	left := strings.TrimSuffix(time.Until(c.Expiration).Round(time.Minute).String(), "0s")
	return fmt.Sprintf(", until %s (%s)", c.Expiration.Local().Format("15:04"), left)
}

// masked shows of a key what the AWS CLI shows: the last four characters.
func masked(key string) string {
	return strings.Repeat("*", 16) + terminal.Clean(key[max(0, len(key)-4):])
}
