package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

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

// wizard is what the configure commands have in common.
func (a *App) wizard(s *setup, cmd *cobra.Command) wizard {
	return wizard{
		Terminal: a.terminal(), Config: s.settings.Config, Warn: s.warn,
		Given: func(flag string) *string {
			if flag == "profile" {
				return nil // one that is given is chosen; an empty one is none
			}
			return given(cmd, flag)
		},
		Resolve: func(ctx context.Context, startURL string) (signin.Resolved, error) {
			client, err := s.signin(false) // no trouble to those who need none
			if err != nil {
				return signin.Resolved{}, err
			}
			return client.Resolve(ctx, startURL)
		},
	}
}

func newConfigureSSO(a *App, g *globals) *cobra.Command {
	var how loginFlags
	var account, role string
	c := &cobra.Command{
		Use:   "sso",
		Short: "Sign in, choose an account and a role, and make a profile of them",
		Long: `Asks for an SSO session, signs in, lets you choose one of your accounts and roles,
and writes the profile to ~/.aws/config. Running it again updates the profile in
place; the rest of the file is not touched. Enter takes what is in brackets, and
Tab completes sessions, start URLs, regions, scopes and formats.

A question whose flag is given is not asked. With --account-id and --role-name
given nothing is asked at all, so that scripts can run it.

Then run something with the profile, portico exec --profile dev -- COMMAND, and
make profiles for all your other accounts and roles: portico sync`,
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
			w := a.wizard(s, cmd)
			w.Auto = account != "" && role != ""
			signIn, err := a.newLogin(s, client, w.Terminal, how)
			if err != nil {
				return err
			}
			signIn.ResolveTime = resolveLimit
			return (&configureSSO{
				wizard: w, name: a.Name, out: a.Stdout, settings: s.settings, files: a.files(), client: client, login: signIn, helper: a.helper,
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
	helper   func(profile string) string // a sealed profile's credential_process
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
	if err := c.signIn(ctx, &chosen); err != nil {
		return err
	}
	account, role, err := c.accountAndRole(ctx, chosen)
	if !c.Auto && (signin.Unauthorized(err) || isEnded(err)) {
		fmt.Fprintln(c.out, "Unable to list AWS accounts and/or roles. Skipping configuring AWS credential provider for profile.")
		account, role, err = "", "", nil // one without the other is a profile that fails
	}
	if err != nil {
		return err
	}
	region, err := c.ask(ctx, question{Flag: "region", Text: "Default client Region",
		Current: c.current("region"), Optional: true, Validate: validClientRegion, Complete: terminal.Completions(ssoRegions...)})
	if err != nil {
		return err
	}
	format, err := c.ask(ctx, question{Flag: "output", Text: "CLI default output format (json if not specified)",
		Current: c.current("output"), Optional: true, Validate: validFormat, Complete: terminal.Completions(outputFormats...)})
	if err != nil {
		return err
	}
	profile, err := c.profileName(ctx, account, role)
	if err != nil {
		return err
	}
	target, exists := c.settings.Config.Profile(profile)
	if !exists {
		c.warnOfName("profile", profile)
	}
	edit := profileEdit(target, profile, chosen, account, role, region, format)
	if session, _ := c.settings.Config.Session(chosen.Name); session.Sealed() {
		edit = sealedForm(edit, target, c.helper(profile))
	} else {
		edit = openForm(edit, target)
	}
	edits := []awsconfig.Edit{edit}
	if chosen.Name != "" {
		edits = append(edits, chosen.edit())
	}
	if _, err := c.files.Update(ctx, edits...); err != nil { // both or neither
		return err
	}
	c.warnOfRivals(profile, target)
	usable := account != "" && role != ""
	c.conclude(profile, usable)
	if usable && chosen.Name != "" {
		c.leadOn(profile)
	}
	return nil
}

// checkFlags refuses what the last questions would refuse, before anybody is
// sent through the browser.
func (c *configureSSO) checkFlags() error {
	if v := c.Given("region"); v != nil {
		if err := validClientRegion(*v); err != nil {
			return &usageError{Problem: "--region: " + err.Error()}
		}
	}
	if c.settings.ProfileSource != "" {
		return checkName(c.settings.ProfileSource, awsconfig.KindProfile, c.settings.ProfileName)
	}
	return nil
}

func isEnded(err error) bool {
	e, ok := errors.AsType[*signin.RequiredError](err)
	return ok && e.Reason == signin.Ended
}

// current is the profile's own value of a key, which Enter takes.
func (c *configureSSO) current(key string) string {
	v, _ := c.settings.Profile.SSO(key)
	return v
}

// session settles with which Identity Center to sign in.
func (c *configureSSO) session(ctx context.Context) (chosenSession, error) {
	name, err := c.sessionName(ctx)
	if err != nil {
		return chosenSession{}, err
	}
	if name == "" {
		fmt.Fprint(c.out, c.Terminal.Bold("WARNING: Configuring using legacy format (e.g. without an SSO session).\n"+
			"Consider re-running \"configure sso\" command and providing a session name.")+"\n")
		var s chosenSession
		err := c.where(ctx, &s, c.current("sso_start_url"), c.current("sso_region"))
		return s, err
	}
	if err := checkName("--sso-session", awsconfig.KindSession, name); err != nil {
		return chosenSession{}, err
	}
	if old, ok := c.Config.Session(name); ok {
		return c.knownSession(name, old)
	}
	c.warnOfName("sso-session", name)
	s := chosenSession{Name: name, Fresh: true}
	if err := c.where(ctx, &s, c.current("sso_start_url"), c.current("sso_region")); err != nil {
		return s, err
	}
	err = c.scopes(ctx, &s, "")
	return s, err
}

// sessionName asks for the session's name; nothing means the legacy format,
// which a script has to ask for by giving --sso-session an empty value.
func (c *configureSSO) sessionName(ctx context.Context) (string, error) {
	q := question{Flag: "sso-session", Text: "SSO session name (Recommended)", Bare: true, Optional: !c.Auto,
		Complete: terminal.Completions(c.sessionNames()...), Toolbar: c.aboutSession,
		Validate: func(answer string) error {
			if strings.TrimSpace(answer) == "" {
				return nil
			}
			return validName(awsconfig.KindSession)(answer)
		}}
	if v := c.Given(q.Flag); v != nil {
		return strings.TrimSpace(*v), nil
	}
	if q.Current = c.current("sso_session"); q.Current != "" {
		q.Text, q.Bare = "SSO session name", false
	}
	return c.ask(ctx, q)
}

// knownSession takes the configured session as it is. Values given by flag
// replace its own; what it lacks and no flag gives is an error.
func (c *configureSSO) knownSession(name string, old awsconfig.SSOSession) (chosenSession, error) {
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
		v := c.Given(f.flag)
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
		return s, loginError(c.name, c.settings, err)
	}
	return s, nil
}

// signIn gets a token: the cached one of what is configured already, if it is
// good for a while; else a new one.
func (c *configureSSO) signIn(ctx context.Context, s *chosenSession) error {
	if err := awsconfig.CheckStartURL(s.StartURL); err != nil {
		return loginError(c.name, c.settings, err)
	}
	if !s.Fresh {
		t, err := c.client.Token(ctx, s.signin())
		if err == nil && time.Until(t.ExpiresAt) >= reusable {
			return nil
		}
	}
	signedIn, err := c.login.run(ctx, s.signin())
	s.Region, s.IssuerURL = signedIn.Region, signedIn.IssuerURL // the start URL may have told
	return err
}

// reusable is how long a token must be good for, so that it outlasts the
// questions and what comes after them.
const reusable = 15 * time.Minute

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

const askAdministrator = "An administrator of your Identity Center has to assign you, or a group of yours, a permission set in an account."

func (c *configureSSO) account(ctx context.Context, list *catalog.Catalog) (string, error) {
	waiting := c.Terminal.Progress("Listing your accounts")
	accounts, err := list.Accounts(ctx)
	waiting.Done()
	if err != nil {
		return "", err
	}
	catalog.SortAccounts(accounts)
	if want := c.Given("account-id"); want != nil {
		if !slices.ContainsFunc(accounts, func(a catalog.Account) bool { return a.ID == *want }) {
			return "", fmt.Errorf("account %s is not one of the %d you reach", *want, len(accounts))
		}
		return *want, nil
	}
	switch len(accounts) {
	case 0:
		return "", &hintedError{Err: words("No AWS accounts are available to you."), Hint: askAdministrator}
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
	waiting := c.Terminal.Progress("Listing your roles")
	roles, err := list.Roles(ctx, account)
	waiting.Done()
	if err != nil {
		return "", err
	}
	catalog.SortRoles(roles)
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = r.Name
	}
	if want := c.Given("role-name"); want != nil {
		if !slices.Contains(names, *want) {
			return "", fmt.Errorf("role %s is not one of yours in account %s: %s", *want, account, orElse(some(names), "you have none there"))
		}
		return *want, nil
	}
	switch len(names) {
	case 0:
		return "", &hintedError{Err: words("No roles are available for the account " + account), Hint: askAdministrator}
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
		return c.settings.ProfileName, nil // checked at the beginning
	}
	q := question{Flag: "profile", Text: "Profile name", Validate: validName(awsconfig.KindProfile)}
	if account != "" && role != "" {
		q.Current = role + "-" + account
	}
	return c.ask(ctx, q)
}

// warnOfName tells of a name that not every AWS tool will understand.
func (w *wizard) warnOfName(kind, name string) {
	if problem := awsconfig.NameProblem(name); problem != "" {
		w.Warn(fmt.Sprintf("the %s name %q: %s", kind, name, problem))
	}
}

// warnOfRivals tells of what the profile had before that AWS tools prefer to SSO.
func (c *configureSSO) warnOfRivals(profile string, old awsconfig.Profile) {
	switch {
	case old.AssumesRole():
		c.Warn(fmt.Sprintf("the profile %s has role_arn: AWS tools assume that role, and do not use what was configured now", profile))
	case old.Has("aws_access_key_id"):
		c.Warn(fmt.Sprintf("the profile %s has aws_access_key_id: the AWS SDK for Go uses that key, and not SSO", profile))
	}
}

// validName refuses what cannot be the name of a section.
func validName(kind string) func(string) error {
	return func(answer string) error {
		name := strings.TrimSpace(answer)
		if name == "" {
			return errRequired
		}
		return awsconfig.Section{Kind: kind, Name: name}.Check()
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

// profileEdit is what the config file is to say about the profile, given what
// it says now.
func profileEdit(old awsconfig.Profile, name string, s chosenSession, account, role, region, format string) awsconfig.Edit {
	e := awsconfig.Edit{Section: awsconfig.Section{Kind: awsconfig.KindProfile, Name: name}}
	add := func(key, value string) {
		if value != "" {
			e.Set = append(e.Set, awsconfig.Set(key, value))
		}
	}
	unset := func(key string) { e.Set = append(e.Set, awsconfig.Unset(key)) }
	if s.Name != "" {
		add("sso_session", s.Name)
		// Legacy keys stay, unless they say something else than the session: no
		// AWS tool takes such a profile.
		for key, value := range map[string]string{"sso_start_url": s.StartURL, "sso_region": s.Region, "sso_registration_scopes": s.Scopes} {
			if had, ok := old.Get(key); ok && value != "" && had != value {
				unset(key)
			}
		}
	} else {
		unset("sso_session")
		add("sso_start_url", s.StartURL)
		add("sso_region", s.Region)
	}
	if account != "" && role != "" {
		add("sso_account_id", account)
		add("sso_role_name", role)
	} else if old.Has("sso_account_id") != old.Has("sso_role_name") {
		unset("sso_account_id")
		unset("sso_role_name")
	}
	add("region", region)
	add("output", format)
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

// leadOn names the next commands, which the AWS CLI does not have.
func (c *configureSSO) leadOn(profile string) {
	if c.name != "aws" {
		fmt.Fprintf(c.out, "\nTo run a command with it, or a shell: %s exec --profile %s\nTo make profiles for all your accounts and roles: %[1]s sync\n", c.name, quoteWord(terminal.Clean(profile)))
	}
}
