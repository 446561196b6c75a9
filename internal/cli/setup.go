package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/pace"
	"github.com/portico-sso/portico/internal/seal"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
	"github.com/portico-sso/portico/internal/wallet"
)

// A setup is a profile's view of the world: what a command that talks to AWS
// starts from.
type setup struct {
	name     string
	globals  *globals
	settings *awsconfig.Settings
	wallet   *wallet.Wallet
	vault    *seal.Vault                  // of the wallet
	http     func() (*http.Client, error) // the way out, made when it is first taken
	lookup   func(string) (string, bool)
	warn     func(problem string)
	waiting  func(what string, holder int) // see [signin.Client]
	step     func(name string)             // see [App]

	credentialsFile string // as config values name it for their origin
	catalogs        string // where listings are kept
	chain           string // see [setup.enterChain]

	pace *pace.Pacer // of many calls of the access portal; nil where there is one

	// policy narrows the role that the profile assumes, the last one of a chain.
	// A profile that assumes none has no credentials under a policy.
	policy creds.SessionPolicy

	// process makes a profile's credential_process out of its words, with more of
	// an environment; ask asks the person at the terminal, if there is one.
	process func(words, env []string) (*creds.Process, error)
	ask     func(ctx context.Context, question string) (string, error)
}

func (a *App) files() awsconfig.Files {
	files := awsconfig.Locate(a.Lookup, a.Home, a.lockDir())
	files.Backups = &awsconfig.Backups{Dir: filepath.Join(a.stateDir(), "backups", "config"), Command: a.running, Warn: func(err error) {
		fmt.Fprintf(a.Stderr, "%s: [WARNING]: %s\n", a.Name, terminal.Clean(err.Error()))
	}}
	return files
}

// setup reads the configuration and resolves the profile. A profile that was
// chosen and does not exist is an error, unless the command can make it.
func (a *App) setup(g *globals) (*setup, error) { return a.resolve(g, true) }

// setupForNew is setup for a command that does without the profile, or makes it.
func (a *App) setupForNew(g *globals) (*setup, error) { return a.resolve(g, false) }

func (a *App) resolve(g *globals, strict bool) (*setup, error) {
	before, _ := os.Stat(a.files().Config)
	config, err := a.files().Load()
	if err != nil {
		return nil, err
	}
	flags := g.settings()
	settings := awsconfig.ResolveLoose(config, flags, a.Lookup)
	if strict {
		if _, err = awsconfig.Resolve(config, flags, a.Lookup); err != nil {
			return nil, &hintedError{Err: err, Hint: profileHint(a.Name, settings.ProfileName, config)}
		}
	}
	var said sync.Map // what is looked at before and after waiting for a lock is wrong twice
	vault := a.vault(config, before)
	s := &setup{
		name: a.Name, globals: g, settings: settings, lookup: a.Lookup, credentialsFile: a.files().Credentials, catalogs: a.catalogDir(),
		wallet: &wallet.Wallet{Home: a.Home, LockDir: a.lockDir(), SealedDir: a.sealedDir(), Vault: vault, Copies: tokenCopies(config)}, vault: vault,
		warn: func(problem string) {
			if _, again := said.LoadOrStore(problem, true); !again {
				fmt.Fprintf(a.Stderr, "%s: [WARNING]: %s\n", a.Name, terminal.Clean(problem))
			}
		},
		waiting: func(what string, holder int) {
			who := "another process"
			if holder != 0 {
				who = fmt.Sprintf("process %d", holder)
			}
			fmt.Fprintf(a.Stderr, "Waiting for %s, which %s…\n", who, terminal.Clean(what))
		},
		step: a.Step,
	}
	s.process, s.ask = a.credentialProcess, a.askPerson
	s.http = sync.OnceValues(func() (*http.Client, error) { return a.httpClient(g, settings) })
	for _, name := range config.Sessions() {
		session, _ := config.Session(name)
		if store, _ := session.Get(awsconfig.KeyStore); store != "" && store != "plain" && !session.Sealed() {
			s.warn(fmt.Sprintf("the value %q of %s in the sso-session %s is not one of: plain, sealed", store, awsconfig.KeyStore, name))
		}
	}
	return s, nil
}

// settings are the flags that choose them.
func (g *globals) settings() awsconfig.Flags {
	return awsconfig.Flags{Profile: g.Profile, Region: g.Region, Output: g.Output, EndpointURL: g.EndpointURL, CABundle: g.CABundle, NoVerifySSL: g.NoVerifySSL,
		AccountID: g.AccountID, RoleName: g.RoleName, SSOSession: g.SSOSession}
}

// endpoint is where a service is, when that is not AWS's own address. Only a
// service's own command obeys --endpoint-url.
func (s *setup) endpoint(service string, own bool) (string, error) {
	find := s.settings.ConfiguredEndpoint
	if own {
		find = s.settings.Endpoint
	}
	address, err := find(service)
	if err != nil || address == "" {
		return "", err
	}
	problem := ""
	switch u, err := url.Parse(address); {
	case err == nil && u.User != nil, err != nil && strings.Contains(address, "@"): // which a password may be before
		problem = fmt.Sprintf("the endpoint for %s has a user in its address, and no service takes one", service)
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		problem = fmt.Sprintf("the endpoint %q for %s is no http or https address", address, service)
	}
	if problem != "" {
		return "", &configError{Kind: "Configuration", Problem: problem,
			Hint: fmt.Sprintf("It is set by --endpoint-url, AWS_ENDPOINT_URL_%s, AWS_ENDPOINT_URL, the services section or endpoint_url in the profile.", service)}
	}
	return address, nil
}

// loginSession is what signing in needs; what it lacks is a matter of
// configuration.
func (s *setup) loginSession(name string) (awsconfig.SSO, error) {
	c, err := s.settings.LoginSession(name)
	return c, loginError(s.name, s.settings, err)
}

func loginError(name string, settings *awsconfig.Settings, err error) error {
	if err == nil {
		return nil
	}
	e := &configError{Kind: "Configuration", Problem: err.Error()}
	if missing, ok := errors.AsType[*awsconfig.MissingLoginError](err); ok {
		e.Problem = missing.Message(name)
	}
	e.Hint = loginCure(name, settings, err)
	return e
}

// signin makes a client for signing in; own says that the command is one of the
// access portal's operations.
func (s *setup) signin(own bool) (*signin.Client, error) {
	way, err := s.http()
	if err != nil {
		return nil, err
	}
	oidc, err := s.endpoint("SSO_OIDC", false)
	if err != nil {
		return nil, err
	}
	portal, err := s.endpoint("SSO", own)
	if err != nil {
		return nil, err
	}
	return &signin.Client{Wallet: s.wallet, HTTP: way, OIDCEndpoint: oidc, PortalEndpoint: portal, Addresses: s.addresses(),
		Way: s.way(oidc, portal), Warn: s.warn, Waiting: s.waiting, Step: s.step, Pace: s.pace}, nil
}

// way is for [signin.Client]: what of the settings, and of where this runs, may
// keep the services from us and not from others of the same home.
func (s *setup) way(endpoints ...string) string {
	computer, _ := os.Hostname()
	network, _ := os.Readlink("/proc/self/ns/net") // a container's
	verify := s.settings.VerifySSL()
	var bundle string
	if verify {
		bundle = s.settings.CABundle()
	}
	roots, _ := s.lookup("SSL_CERT_FILE")
	more, _ := s.lookup("SSL_CERT_DIR")
	return fmt.Sprintf("%q %q %q %+v %s %t %q %q %q %d %d", computer, network, endpoints, s.addresses(), newProxies(s.lookup).String(),
		verify, bundle, roots, more, s.globals.ConnectTimeout, s.globals.ReadTimeout)
}

func (s *setup) addresses() signin.Addresses {
	return signin.Addresses{FIPS: s.settings.UseFIPS(), DualStack: s.settings.UseDualStack()}
}

func session(c awsconfig.SSO) signin.Session {
	s := signin.Session{Name: c.SessionName, StartURL: c.StartURL, Region: c.Region}
	if c.HasScopes {
		s.Scopes = append([]string{}, c.Scopes...)
	}
	return s
}

// portalSession is the session a portal listing speaks for: the named one, the
// profile's, or the only one there is.
func (s *setup) portalSession(name string) (signin.Session, error) {
	if name == "" && !s.profileHasSession() {
		if names := s.settings.Config.Sessions(); len(names) == 1 {
			name = names[0]
		}
	}
	c, err := s.loginSession(name)
	return session(c), err
}

// profileHasSession tells whether the profile says which session is meant. A
// [default] that nobody named and that is not for SSO, as one with a region alone,
// does not.
func (s *setup) profileHasSession() bool {
	_, session := s.settings.Profile.SSO("sso_session")
	_, legacy := s.settings.Profile.SSO("sso_start_url")
	return s.settings.ProfileSource != "" || session || legacy
}

// catalog asks the access portal on the way of another command, whose
// --endpoint-url must not get the access token.
func (s *setup) catalog(sess signin.Session) (*catalog.Catalog, error) {
	client, err := s.signin(false)
	return &catalog.Catalog{SignIn: client, Session: sess, Dir: s.catalogs, Warn: s.warn}, err
}

// some names the first few.
func some(names []string) string {
	const few = 3
	text := ""
	for i, n := range names {
		switch {
		case i == few:
			return text + fmt.Sprintf(" and %d more", len(names)-few)
		case i > 0:
			text += ", "
		}
		text += n
	}
	return text
}

// globalRegion is where a partition's global endpoints are signed for: that of
// the session's Identity Center, which is in the same partition as its accounts.
func (s *setup) globalRegion() string {
	sso, _ := s.settings.SSO()
	for _, p := range []struct{ prefix, region string }{
		{"cn-", "cn-north-1"}, {"us-gov-", "us-gov-west-1"}, {"us-iso-", "us-iso-east-1"}, {"us-isob-", "us-isob-east-1"}, {"eusc-", "eusc-de-east-1"},
	} {
		if strings.HasPrefix(sso.Region, p.prefix) {
			return p.region
		}
	}
	return "us-east-1"
}

// caller makes signed calls to a service with the profile's credentials. STS
// and S3 answer at a global address where no region is set.
func (s *setup) caller(ctx context.Context, service string) (*admin.Caller, error) {
	way, err := s.http()
	if err != nil {
		return nil, err
	}
	endpoint, err := s.endpoint(service, true)
	if err != nil {
		return nil, err
	}
	c, err := s.credentials(ctx)
	if err != nil {
		return nil, err
	}
	region, _ := s.settings.Region()
	if region == "" {
		region = s.globalRegion()
	}
	return &admin.Caller{
		Credentials: admin.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken},
		Region:      region, HTTP: way, Endpoint: endpoint, Addresses: s.addresses(),
	}, nil
}
