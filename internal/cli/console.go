package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/console"
	"github.com/portico-sso/portico/internal/serve"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

func newConsole(a *App, g *globals) *cobra.Command {
	c := &consoleCommand{App: a, Handover: &handover{app: a, globals: g, Typed: true}}
	var list bool
	cmd := &cobra.Command{
		Use:     "console [flags] [SERVICE | PATH | ARN | URL]",
		Short:   "Open the AWS Management Console with a profile's credentials",
		GroupID: groupEveryday,
		Long: `Opens the AWS Management Console in a browser, signed in with the credentials of a
profile, of --account-id and --role-name, or of the environment. What is to be shown
is a service (s3, ec2, logs: see --list), a page of one (ec2#Instances:,
s3/buckets/NAME), an ARN, or the address of a page of the console. Regions may be
written short, such as use1 or apse2.

The console session lasts as long as the credentials. --duration makes it longer or
shorter, 15m to 12h; AWS takes that from credentials of a role, but not where the
role was assumed with another role's (role_arn over IAM Identity Center). Long-term
keys open no console.

The address that signs in is a secret for 15 minutes, and works for whoever has it.
It goes to the browser by a way of its own, and is seen only with --print. --portal
takes the access portal's own link instead, which holds no secret and needs no
credentials here: the browser signs in.

--browser says in which browser, for good if it is set as portico_browser in the
sso-session:

  firefox-container      a Firefox container for each profile, by the extension
                         "Open external links in a container"
  granted-container      the same, by the extension of Granted
  firefox-profile[:NAME], chrome-profile[:NAME], edge-profile[:NAME],
  brave-profile[:NAME], chromium-profile[:NAME], vivaldi-profile[:NAME]
                         a profile of that browser, for each profile or by name
  COMMAND {url}          any command, with {name} and {color} as well

A browser holds one session of the console unless multi-session support is turned
on in it. Where it is off and AWS says "You must first log out", --logout-first does
that on the way; where it is on, that is not needed, and ends the other sessions.`,
		Example: `  portico console --profile dev
  portico console s3 --profile dev --region euw1
  portico console --profile dev arn:aws:lambda:eu-west-1:111111111111:function:resize
  portico console --account-id 111111111111 --role-name ReadOnly logs --duration 8h
  portico console --profile dev --print
  portico console --profile dev --browser firefox-container
  portico console --profile dev --portal ec2#Instances:`,
		Args: func(_ *cobra.Command, args []string) error { return noArgs(nil, args[min(1, len(args)):]) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				return a.listConsoleServices(g)
			}
			if len(args) > 0 {
				if c.What != "" {
					return &usageError{Problem: "argument --destination: not allowed with an argument that says the same"}
				}
				c.What = args[0]
			}
			return c.run(cmd.Context())
		},
		ValidArgsFunction: completeConsole,
	}
	f := cmd.Flags()
	f.StringVar(&c.What, "destination", "", "what to show, as the argument")
	f.BoolVar(&c.Print, "print", false, "print the address in place of opening it")
	f.BoolVar(&c.Portal, "portal", false, "go through the access portal, with the browser's own sign-in")
	f.DurationVar(&c.Duration, "duration", 0, "how long the console session lasts, 15m to 12h (default: as long as the credentials)")
	f.BoolVar(&c.LogOutFirst, "logout-first", false, "leave the console session that the browser is in")
	f.StringVar(&c.Browser, "browser", "", "in which browser (else portico_browser of the sso-session, BROWSER, the system's)")
	f.BoolVar(&list, "list", false, "list the names that services have here")
	c.Handover.addRole(cmd)
	c.Handover.addLogin(cmd)
	return cmd
}

// completeConsole offers the first names of the services.
func completeConsole(_ *cobra.Command, args []string, word string) (names []string, _ cobra.ShellCompDirective) {
	if len(args) == 0 {
		for _, s := range console.Services() {
			names = append(names, s[0])
		}
	}
	return beginning(names, word), cobra.ShellCompDirectiveNoFileComp
}

// A consoleService is a line of console --list.
type consoleService struct {
	Name  string   `json:"name"`
	Names []string `json:"names,omitempty"`
}

func (a *App) listConsoleServices(g *globals) error {
	var all []consoleService
	for _, s := range console.Services() {
		all = append(all, consoleService{s[0], s[1:]})
	}
	return a.show(g, "console", all, func() error {
		rows := [][]string{{"SERVICE", "ALSO"}}
		for _, s := range all {
			rows = append(rows, []string{s.Name, strings.Join(s.Names, ", ")})
		}
		return writeTable(a.Stdout, rows)
	})
}

type consoleCommand struct {
	App      *App
	Handover *handover

	What                       string
	Print, Portal, LogOutFirst bool
	Duration                   time.Duration
	Browser                    string
}

func (c *consoleCommand) run(ctx context.Context) error {
	a, g := c.App, c.Handover.globals
	g.Region = console.Region(g.Region)
	switch {
	case c.Duration != 0 && (c.Duration < console.ShortestSession || c.Duration > console.LongestSession):
		return &usageError{Problem: fmt.Sprintf("argument --duration: %s is not between 15m and 12h, as AWS takes it", c.Duration)}
	case c.Portal && c.Duration != 0:
		return &usageError{Problem: "argument --duration: not allowed with argument --portal, whose sessions last as long as the permission set's"}
	case c.Portal && c.LogOutFirst:
		return &usageError{Problem: "argument --logout-first: not allowed with argument --portal"}
	}
	if err := a.pickIfNone(ctx, g); err != nil {
		return err
	}
	s, err := c.Handover.setup()
	if err != nil {
		return err
	}
	place, err := s.consolePlace()
	if err != nil {
		return err
	}
	page, err := place.Page(c.What)
	if unknown, ok := errors.AsType[*console.UnknownError](err); ok {
		return &hintedError{Err: &usageError{Problem: unknown.Error()}, Hint: fmt.Sprintf("The services are listed by: %s console --list. A path behind one works as well, such as ec2#Instances:, and so do ARNs and addresses of the console.", a.Name)}
	}
	if err != nil {
		return err
	}
	b, err := c.browser(s)
	if err != nil {
		return err
	}
	if c.Portal {
		return c.throughPortal(ctx, s, b, page)
	}
	if keys, _ := s.environmentKeys(); c.Duration != 0 && s.chained() && (g.Profile != "" || keys.AccessKeyID == "") {
		return &hintedError{Err: &usageError{Problem: fmt.Sprintf("argument --duration: not allowed with the profile %s, whose role is assumed with the credentials of another role", terminal.Clean(s.settings.ProfileName))},
			Hint: "AWS ends the console session of such a role with its credentials, after an hour at most. Leave --duration out."}
	}
	return c.federate(ctx, b, place, page)
}

// consolePlace is the partition of the session, or else of the region.
func (s *setup) consolePlace() (console.Place, error) {
	region, _ := s.settings.Region()
	if region != "" {
		if err := awsconfig.CheckRegion(region); err != nil {
			return console.Place{}, err
		}
		if s.globals.Region != "" && !awsconfig.ValidRegion(region) {
			return console.Place{}, &usageError{Problem: fmt.Sprintf("argument --region: %s is no region of AWS", terminal.Clean(region))}
		}
	}
	home := s.globalRegion()
	place, ok := console.At(cmp.Or(region, home))
	if sso, err := s.settings.SSO(); err == nil && ok {
		if of, known := console.At(sso.Region); known && of.Partition != place.Partition {
			if s.globals.Region != "" {
				return place, &usageError{Problem: fmt.Sprintf("argument --region: %s is of the partition %s, and the profile's session of %s", region, place.Partition, of.Partition)}
			}
			place, ok = console.At(home)
		}
	}
	if !ok {
		return place, &configError{Kind: "Configuration", Problem: fmt.Sprintf("The region %s is of a partition whose console has no published address.", region)}
	}
	return place, nil
}

// throughPortal opens the access portal's own link.
func (c *consoleCommand) throughPortal(ctx context.Context, s *setup, b consoleBrowser, page string) error {
	role, err := s.role()
	if err != nil || s.assumes() {
		return &hintedError{Err: &usageError{Problem: "argument --portal: the access portal knows only accounts and roles of IAM Identity Center, and the profile is none of its"},
			Hint: "Leave --portal out: other credentials open the console as well."}
	}
	start, err := s.portalAddress(ctx, "")
	if err != nil {
		return err
	}
	if c.What == "" {
		if region, _ := s.settings.Region(); region == "" {
			page = "" // its own choice
		}
	}
	link := console.PortalLink(start, role.AccountID, role.RoleName, page)
	c.App.used(c.Handover.globals)
	if c.Print {
		_, err := fmt.Fprintln(c.App.Stdout, terminal.Clean(link))
		return err
	}
	if err := b.open(link); err != nil {
		return notOpened(err, "Open it in a browser yourself: "+terminal.Clean(link))
	}
	return nil
}

// federate signs in with credentials.
func (c *consoleCommand) federate(ctx context.Context, b consoleBrowser, place console.Place, page string) error {
	a := c.App
	s, keys, err := c.Handover.credentials(ctx)
	if err != nil {
		return err
	}
	if err := checkConsoleKeys(s, keys); err != nil {
		return err
	}
	if account := console.AccountOf(c.What); account != "" && keys.AccountID != "" && account != keys.AccountID {
		s.warn(fmt.Sprintf("the ARN is of the account %s, and the credentials are of %s", account, keys.AccountID))
	}
	way, err := s.http()
	if err != nil {
		return err
	}
	endpoint, err := s.endpoint("SIGNIN", false)
	if err != nil {
		return err
	}
	f := console.Federation{Place: place, HTTP: way, Endpoint: endpoint, LogOutFirst: c.LogOutFirst}
	login, err := f.LoginURL(ctx, console.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken},
		c.Duration, s.consoleIssuer(), page)
	if err != nil {
		return c.refused(s, keys, err)
	}
	a.used(c.Handover.globals)
	if c.Print {
		_, err := fmt.Fprintln(a.Stdout, login)
		return err
	}
	if c.Duration > 0 {
		keys.Expiration = time.Now().Add(c.Duration)
	}
	fmt.Fprintf(a.Stderr, "Opening the console for %s%s.\n", terminal.Clean(b.Name), keys.until())
	return c.handOver(ctx, b, login)
}

// checkConsoleKeys refuses what AWS would refuse without saying why.
func checkConsoleKeys(s *setup, keys credentials) error {
	if keys.SessionToken != "" {
		return nil
	}
	whose := "The profile " + terminal.Clean(s.settings.ProfileName) + " has"
	if keys.Provider == fromEnvironment {
		whose = "The environment has"
	}
	return &credentialsError{Problem: whose + " long-term keys, and AWS opens the console for temporary credentials only.",
		Hint: "Use a profile with a role: one of IAM Identity Center, or one with role_arn and source_profile. An IAM user's keys become temporary ones by: aws sts get-federation-token --name NAME --policy-arns …"}
}

// chained tells whether the profile's credentials are known to come from role
// chaining: of a role that is assumed with those of another one.
func (s *setup) chained() bool {
	if !s.assumes() {
		return false
	}
	root, ok := rootProfile(s.settings.Config, s.settings.Profile)
	if !ok {
		return false
	}
	source, _ := s.settings.Profile.Get("source_profile")
	_, temporary := root.Get("aws_session_token")
	return root.HasRole() || temporary || source != root.Name && source != s.settings.ProfileName
}

// consoleIssuer is where AWS sends a person whose console session is over.
func (s *setup) consoleIssuer() string {
	if sso, err := s.settings.SSO(); err == nil {
		return sso.StartURL
	}
	return "https://github.com/portico-sso/portico"
}

// refused explains why there is no sign-in token.
func (c *consoleCommand) refused(s *setup, keys credentials, err error) error {
	if _, ok := errors.AsType[*url.Error](err); ok {
		return &signin.ConnectionError{Operation: "the federation endpoint", Cause: err}
	}
	refused, ok := errors.AsType[*console.RefusedError](err)
	if !ok || refused.Status != http.StatusBadRequest && refused.Status != http.StatusForbidden {
		return err
	}
	e := &signin.ServiceError{Operation: "GetSigninToken", Code: fmt.Sprint(refused.Status), Message: cmp.Or(refused.Reason, "The federation endpoint takes these credentials for no console session, and does not say why.")}
	hint := "The credentials may have ended: get new ones and try again."
	switch {
	case c.Duration != 0:
		hint = "AWS takes --duration only with the credentials of a role that was not assumed with another role's, and never with those of GetFederationToken. Leave it out."
	case keys.Provider == fromEnvironment:
		hint = "They are those of the environment (AWS_ACCESS_KEY_ID), and may have ended. A profile named with --profile comes before them."
	case keys.Provider == fromRole && s.chained():
		hint = "They come from role chaining. Where AWS takes them for no console session, open the console with the source profile, and switch roles there."
	}
	return &hintedError{Err: e, Hint: hint}
}

// patience is how long a browser has to come for its address.
const patience = time.Minute

// handOver gives a browser an address that is a secret. What a program is started
// with every user of the machine can read, so the browser comes for it.
func (c *consoleCommand) handOver(ctx context.Context, b consoleBrowser, login string) error {
	again := fmt.Sprintf("%s console --print prints the address, for any browser. It is a secret for 15 minutes.", c.App.Name)
	if why := c.App.noBrowser(); why != "" && !b.Chosen {
		return notOpened(fmt.Errorf("this is %s, where no browser can be opened", why), again)
	}
	r, err := serve.NewRedirect(login)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := b.open(r.Address); err != nil {
		return notOpened(err, again)
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-r.Taken():
		return nil
	case <-late.C:
		return notOpened(errors.New("no browser came for its address within a minute"), again)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func notOpened(err error, hint string) error {
	return &hintedError{Err: fmt.Errorf("the console could not be opened: %w", err), Hint: hint}
}

// containerOf is what a browser's container or profile is called for a role, and
// the colour it has.
func (c *consoleCommand) containerOf(s *setup) (name, colour string) {
	g, colours := c.Handover.globals, newPalette(s.settings.Config)
	switch name, _ = s.settings.Profile.Get(awsconfig.KeyContainer); {
	case g.AccountID != "":
		sso, _ := s.settings.SSO()
		return g.AccountID + " " + g.RoleName, colours.role(sso.SessionName, c.App.accountNames(s.settings.Config)[g.AccountID])
	case name == "" && s.settings.HasProfile:
		name = s.settings.ProfileName
	case name == "":
		name = "AWS"
	}
	return name, colours.profile(s.settings.ProfileName)
}
