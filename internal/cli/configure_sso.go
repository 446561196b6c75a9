package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// addSessionFlags adds the flags that answer the questions about a session. What
// matters is also whether they were given; see given.
func addSessionFlags(c *cobra.Command) {
	c.Flags().String("sso-session", "", "name of the SSO session")
	c.Flags().String("sso-start-url", "", "address of your access portal, such as https://d-1234567890.awsapps.com/start")
	c.Flags().String("sso-region", "", "region of the Identity Center")
	c.Flags().String("sso-registration-scopes", "", "comma-separated OAuth scopes")
}

// given is a flag's value, or nil when it is not on the command line.
func given(c *cobra.Command, name string) *string {
	f := c.Flags().Lookup(name)
	if f == nil || !f.Changed {
		return nil
	}
	v := f.Value.String()
	return &v
}

func newConfigureSSO(a *App, g *globals) *cobra.Command {
	var how loginFlags
	var account, role string
	c := &cobra.Command{
		Use:   "sso",
		Short: "Sign in, choose an account and a role, and make a profile of them",
		Long: `Asks for an SSO session, signs in, lets you choose one of your accounts and roles,
and writes the profile to ~/.aws/config. Running it again updates the profile in
place; the rest of the file is not touched.

A question whose flag is given is not asked. With --account-id and --role-name
given nothing is asked at all, so that scripts can run it.`,
		Example: `  portico configure sso
  portico configure sso --profile dev
  portico configure sso --sso-session corp --sso-start-url https://d-1234567890.awsapps.com/start \
    --sso-region us-east-1 --account-id 111111111111 --role-name ReadOnly --region eu-west-1 --profile dev`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.setupForNew(g)
			if err != nil {
				return err
			}
			client, err := s.signin(false)
			if err != nil {
				return err
			}
			t := a.terminal()
			signIn, err := a.newLogin(s, client, t, how)
			if err != nil {
				return err
			}
			return (&configureSSO{
				wizard: wizard{Terminal: t, Auto: account != "" && role != ""},
				name:   a.Name, out: a.Stdout, settings: s.settings, files: a.files(), client: client, warn: s.warn,
				login: signIn,
				given: func(flag string) *string { return given(cmd, flag) },
			}).run(cmd.Context())
		},
	}
	addSessionFlags(c)
	c.Flags().StringVar(&account, "account-id", "", "the account")
	c.Flags().StringVar(&role, "role-name", "", "the role, that is the permission set")
	how.add(c)
	return c
}

// configureSSO is the wizard that makes a profile.
type configureSSO struct {
	wizard
	name     string
	out      io.Writer
	settings *awsconfig.Settings
	files    awsconfig.Files
	client   *signin.Client
	login    *login
	warn     func(string)
	given    func(flag string) *string
}

// A chosenSession is what the first questions lead to.
type chosenSession struct {
	Name, StartURL, Region, Scopes string
	Fresh                          bool // new, or not what the config says: sign in whatever token there is
}

func (s chosenSession) signin() signin.Session {
	c := signin.Session{Name: s.Name, StartURL: s.StartURL, Region: s.Region}
	if s.Scopes != "" {
		c.Scopes = awsconfig.ParseScopes(s.Scopes)
	}
	return c
}

// run asks everything before it writes anything.
func (c *configureSSO) run(ctx context.Context) error {
	if err := c.checkFlags(); err != nil {
		return err
	}
	chosen, err := c.session(ctx)
	if err != nil {
		return err
	}
	if err := c.signIn(ctx, chosen); err != nil {
		return err
	}
	account, role, err := c.accountAndRole(ctx, chosen)
	if signin.Unauthorized(err) || isEnded(err) {
		fmt.Fprintln(c.out, "Unable to list AWS accounts and/or roles. Skipping configuring AWS credential provider for profile.")
		account, role, err = "", "", nil
	}
	if err != nil {
		return err
	}
	region, err := c.ask(ctx, question{Flag: "--region", Given: c.given("region"), Text: "Default client Region",
		Current: c.current("region"), Optional: true, Validate: validOptionalRegion})
	if err != nil {
		return err
	}
	format, err := c.ask(ctx, question{Flag: "--output", Given: c.given("output"), Text: "CLI default output format (json if not specified)",
		Current: c.current("output"), Optional: true, Validate: validFormat, Complete: outputFormats})
	if err != nil {
		return err
	}
	profile, err := c.profileName(ctx, account, role)
	if err != nil {
		return err
	}
	warnOfName(c.warn, "profile", profile)
	if err := c.write(ctx, profile, chosen, account, role, region, format); err != nil {
		return err
	}
	c.conclude(profile, account != "" && role != "")
	return nil
}

// checkFlags refuses what the last questions would refuse, before anybody is
// sent through the browser.
func (c *configureSSO) checkFlags() error {
	for flag, check := range map[string]func(string) error{"region": validOptionalRegion, "output": validFormat} {
		if v := c.given(flag); v != nil {
			if err := check(*v); err != nil {
				return &usageError{Problem: "--" + flag + ": " + err.Error()}
			}
		}
	}
	if c.settings.ProfileSource != "" {
		return checkName("--profile", awsconfig.KindProfile, c.settings.ProfileName)
	}
	return nil
}

func isEnded(err error) bool {
	e, ok := errors.AsType[*signin.RequiredError](err)
	return ok && e.Reason == signin.Ended
}

// current is the profile's own value of a key, which Enter takes.
func (c *configureSSO) current(key string) string {
	v, _ := c.settings.Profile.Get(key)
	return v
}

// session settles with which Identity Center to sign in.
func (c *configureSSO) session(ctx context.Context) (chosenSession, error) {
	name, err := c.sessionName(ctx)
	if err != nil {
		return chosenSession{}, err
	}
	if name == "" {
		fmt.Fprint(c.out, "WARNING: Configuring using legacy format (e.g. without an SSO session).\n"+
			"Consider re-running \"configure sso\" command and providing a session name.\n")
		return c.legacySession(ctx)
	}
	if err := checkName("--sso-session", awsconfig.KindSession, name); err != nil {
		return chosenSession{}, err
	}
	if old, ok := c.settings.Config.Session(name); ok {
		return c.knownSession(ctx, name, old)
	}
	warnOfName(c.warn, "sso-session", name)
	s := chosenSession{Name: name, Fresh: true}
	s.StartURL, s.Region, err = c.where(ctx, c.current("sso_start_url"), c.current("sso_region"))
	if err != nil {
		return s, err
	}
	s.Scopes, err = c.scopes(ctx, "")
	return s, err
}

// sessionName asks for the session's name; nothing means the legacy format,
// which a script has to ask for by giving --sso-session an empty value.
func (c *configureSSO) sessionName(ctx context.Context) (string, error) {
	q := question{Flag: "--sso-session", Given: c.given("sso-session"), Text: "SSO session name (Recommended)", Bare: true,
		Optional: !c.Auto, Complete: slices.Sorted(slices.Values(c.settings.Config.Sessions()))}
	if q.Given != nil {
		return strings.TrimSpace(*q.Given), nil
	}
	if q.Current = c.current("sso_session"); q.Current != "" {
		q.Text, q.Bare = "SSO session name", false
	}
	return c.ask(ctx, q)
}

func (c *configureSSO) legacySession(ctx context.Context) (chosenSession, error) {
	var s chosenSession
	var err error
	s.StartURL, s.Region, err = c.where(ctx, c.current("sso_start_url"), c.current("sso_region"))
	return s, err
}

// knownSession takes the configured session as it is. Values given by flag
// replace its own; what it lacks and no flag gives is an error.
func (c *configureSSO) knownSession(ctx context.Context, name string, old awsconfig.SSOSession) (chosenSession, error) {
	s := chosenSession{Name: name, StartURL: old.StartURL, Region: old.Region}
	s.Scopes, _ = old.Get("sso_registration_scopes")
	for _, f := range []struct {
		flag     string
		value    *string
		validate func(string) error
	}{
		{"sso-start-url", &s.StartURL, validStartURL},
		{"sso-region", &s.Region, validRegion},
		{"sso-registration-scopes", &s.Scopes, validScopes},
	} {
		v := c.given(f.flag)
		if v == nil {
			continue
		}
		if err := f.validate(*v); err != nil {
			return s, &usageError{Problem: "--" + f.flag + ": " + err.Error()}
		}
		if got := strings.TrimSpace(*v); got != *f.value {
			*f.value, s.Fresh = got, true
		}
	}
	if s.StartURL == "" || s.Region == "" {
		_, err := c.settings.LoginSession(name) // says what is missing, in the AWS CLI's words
		return s, loginError(c.name, err)
	}
	return s, nil
}

func (w *wizard) startURL(ctx context.Context, given *string, current string) (string, error) {
	return w.ask(ctx, question{Flag: "--sso-start-url", Given: given, Text: "SSO start URL", Current: current, Validate: validStartURL})
}

func (w *wizard) ssoRegion(ctx context.Context, given *string, current string) (string, error) {
	return w.ask(ctx, question{Flag: "--sso-region", Given: given, Text: "SSO region", Current: current, Validate: validRegion})
}

// where asks for the two values that say where the Identity Center is.
func (c *configureSSO) where(ctx context.Context, startURL, region string) (string, string, error) {
	startURL, err := c.startURL(ctx, c.given("sso-start-url"), startURL)
	if err != nil {
		return "", "", err
	}
	region, err = c.ssoRegion(ctx, c.given("sso-region"), region)
	return startURL, region, err
}

func (c *configureSSO) scopes(ctx context.Context, current string) (string, error) {
	return c.registrationScopes(ctx, c.given("sso-registration-scopes"), current)
}

const defaultScopes = "sso:account:access"

func (w *wizard) registrationScopes(ctx context.Context, given *string, current string) (string, error) {
	return w.ask(ctx, question{Flag: "--sso-registration-scopes", Given: given, Text: "SSO registration scopes",
		Current: orElse(current, defaultScopes), Validate: validScopes, Complete: []string{defaultScopes}})
}

// signIn gets a token: the cached one of a session that is configured already,
// if it is good for a while; else a new one.
func (c *configureSSO) signIn(ctx context.Context, s chosenSession) error {
	if !s.Fresh {
		if _, err := c.client.Token(ctx, s.signin()); err == nil {
			return nil
		}
	}
	_, err := c.login.run(ctx, s.signin())
	return err
}

// accountAndRole lets the person choose among what they have.
func (c *configureSSO) accountAndRole(ctx context.Context, s chosenSession) (account, role string, err error) {
	list := &catalog.Catalog{SignIn: c.client, Session: s.signin()}
	account, err = c.account(ctx, list)
	if err != nil {
		return "", "", err
	}
	fmt.Fprintf(c.out, "Using the account ID %s\n", terminal.Clean(account))
	role, err = c.role(ctx, list, account)
	if err != nil {
		return "", "", err
	}
	fmt.Fprintf(c.out, "Using the role name \"%s\"\n", terminal.Clean(role))
	return account, role, nil
}

func (c *configureSSO) account(ctx context.Context, list *catalog.Catalog) (string, error) {
	waiting := c.Terminal.Progress("Listing your accounts")
	accounts, err := list.Accounts(ctx)
	waiting.Done()
	if err != nil {
		return "", err
	}
	catalog.SortAccounts(accounts)
	if want := c.given("account-id"); want != nil {
		if !slices.ContainsFunc(accounts, func(a catalog.Account) bool { return a.ID == *want }) {
			return "", fmt.Errorf("account %s is not one of the %d you reach", *want, len(accounts))
		}
		return *want, nil
	}
	switch len(accounts) {
	case 0:
		return "", words("No AWS accounts are available to you.")
	case 1:
		fmt.Fprintf(c.out, "The only AWS account available to you is: %s\n", terminal.Clean(accounts[0].ID))
		return accounts[0].ID, nil
	}
	labels := make([]string, len(accounts))
	for i, a := range accounts {
		labels[i] = a.Label()
	}
	i, err := c.choose(ctx, fmt.Sprintf("There are %d AWS accounts available to you.", len(accounts)), labels)
	if err != nil {
		return "", err
	}
	return accounts[i].ID, nil
}

func (c *configureSSO) role(ctx context.Context, list *catalog.Catalog, account string) (string, error) {
	roles, err := list.Roles(ctx, account)
	if err != nil {
		return "", err
	}
	catalog.SortRoles(roles)
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = r.Name
	}
	if want := c.given("role-name"); want != nil {
		if !slices.Contains(names, *want) {
			return "", fmt.Errorf("role %s is not one of yours in account %s: %s", *want, account, orElse(some(names), "you have none there"))
		}
		return *want, nil
	}
	switch len(names) {
	case 0:
		return "", words("No roles are available for the account " + account)
	case 1:
		fmt.Fprintf(c.out, "The only role available to you is: %s\n", terminal.Clean(names[0]))
		return names[0], nil
	}
	i, err := c.choose(ctx, fmt.Sprintf("There are %d roles available to you.", len(names)), names)
	if err != nil {
		return "", err
	}
	return names[i], nil
}

func (c *configureSSO) choose(ctx context.Context, title string, labels []string) (int, error) {
	fmt.Fprintln(c.out, title)
	return c.Terminal.Pick(ctx, terminal.Menu{Items: labels})
}

// profileName is the chosen profile's, or asked for.
func (c *configureSSO) profileName(ctx context.Context, account, role string) (string, error) {
	if c.settings.ProfileSource != "" {
		return c.settings.ProfileName, checkName("--profile", awsconfig.KindProfile, c.settings.ProfileName)
	}
	q := question{Flag: "--profile", Text: "Profile name"}
	if account != "" && role != "" {
		q.Current = role + "-" + account
	}
	q.Validate = func(answer string) error {
		name := strings.TrimSpace(answer)
		if name == "" {
			return errRequired
		}
		return awsconfig.Section{Kind: awsconfig.KindProfile, Name: name}.Check()
	}
	name, err := c.ask(ctx, q)
	if err != nil {
		return "", err
	}
	return name, checkName("--profile", awsconfig.KindProfile, name)
}

// warnOfName tells of a name that not every AWS tool will understand.
func warnOfName(warn func(string), kind, name string) {
	if problem := awsconfig.NameProblem(name); problem != "" {
		warn(fmt.Sprintf("the %s name %q: %s", kind, name, problem))
	}
}

func checkName(flag, kind, name string) error {
	if err := (awsconfig.Section{Kind: kind, Name: name}).Check(); err != nil {
		return &usageError{Problem: flag + ": " + err.Error()}
	}
	return nil
}

func validFormat(answer string) error {
	f := strings.TrimSpace(answer)
	if f == "" || slices.Contains(outputFormats, f) {
		return nil
	}
	return fmt.Errorf("one of %s", strings.Join(outputFormats, ", "))
}

// write puts the profile and, unless it is legacy, its session into the config,
// both or neither.
func (c *configureSSO) write(ctx context.Context, profile string, s chosenSession, account, role, region, format string) error {
	var set []awsconfig.KeyValue
	add := func(key, value string) {
		if value != "" {
			set = append(set, awsconfig.Set(key, value))
		}
	}
	if s.Name != "" {
		add("sso_session", s.Name)
		// Legacy keys that say otherwise would make the profile inconsistent.
		for _, key := range []string{"sso_start_url", "sso_region"} {
			if old := c.current(key); old != "" && old != map[string]string{"sso_start_url": s.StartURL, "sso_region": s.Region}[key] {
				set = append(set, awsconfig.Unset(key))
			}
		}
	} else {
		set = append(set, awsconfig.Unset("sso_session"))
		add("sso_start_url", s.StartURL)
		add("sso_region", s.Region)
	}
	add("sso_account_id", account)
	add("sso_role_name", role)
	add("region", region)
	add("output", format)
	edits := []awsconfig.Edit{{Section: awsconfig.Section{Kind: awsconfig.KindProfile, Name: profile}, Set: set}}
	if s.Name != "" {
		edits = append(edits, sessionEdit(s))
	}
	_, err := c.files.Update(ctx, edits...)
	return err
}

func sessionEdit(s chosenSession) awsconfig.Edit {
	e := awsconfig.Edit{Section: awsconfig.Section{Kind: awsconfig.KindSession, Name: s.Name}, Set: []awsconfig.KeyValue{
		awsconfig.Set("sso_start_url", s.StartURL), awsconfig.Set("sso_region", s.Region),
	}}
	if s.Scopes != "" {
		e.Set = append(e.Set, awsconfig.Set("sso_registration_scopes", s.Scopes))
	}
	return e
}

func (c *configureSSO) conclude(profile string, usable bool) {
	switch {
	case !usable:
		fmt.Fprintf(c.out, "Successfully configured SSO for profile: %s\n", terminal.Clean(profile))
	case strings.EqualFold(profile, "default"):
		fmt.Fprintf(c.out, "The AWS CLI is now configured to use the default profile.\nRun the following command to verify your configuration:\n\n%s sts get-caller-identity\n", c.name)
	default:
		fmt.Fprintf(c.out, "To use this profile, specify the profile name using --profile, as shown:\n\n%s sts get-caller-identity --profile %s\n", c.name, terminal.Clean(profile))
	}
}
