package cli

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portico-sso/portico/internal/output"
)

// globals are the flags every command takes, before or after its name.
type globals struct {
	Profile, Region, Output, Query, EndpointURL, CABundle string
	NoVerifySSL, Debug                                    bool
	ConnectTimeout, ReadTimeout                           int
	NoPaginate, NoSignRequest, NoPager                    bool
	Color, ErrorFormat, BinaryFormat                      string
	AutoPrompt, NoAutoPrompt                              bool

	// The role that a few commands take in place of a profile.
	AccountID, RoleName, SSOSession string

	profileGiven bool // --profile was, if only with nothing: "$(portico pick)" that was left
}

// The groups of the help text.
const (
	groupAWS         = "aws"
	groupEveryday    = "everyday"
	groupCredentials = "credentials"
	groupProfiles    = "profiles"
	groupSealed      = "sealed"
	groupAdmin       = "admin"
	groupLocal       = "local"
)

// slip is how many letters may be wrong in a word that is taken for a slip of the
// fingers.
const slip = 2

// newRoot builds the command tree. To add a command, write its file and add its
// constructor here. Of AWS's services, those that the words of the command line
// do not name come without their operations. Without words all have them.
func newRoot(a *App, words ...string) *cobra.Command {
	g := &globals{}
	a.globals = g
	root := &cobra.Command{
		Use:   a.Name,
		Short: "AWS IAM Identity Center from the terminal",
		Long: `AWS IAM Identity Center (AWS SSO) from the terminal: configure profiles, sign in,
see accounts and roles, use and hand out their credentials. It reads and writes
the same files as the AWS CLI and the SDKs, so all of them share one sign-in.

It also is an Identity Center: one that runs on this machine, to try things
out on and to test against.

Alone on a terminal it opens a screen with your sessions, profiles and roles, and
what can be done there.

Any other command goes through to the AWS CLI, with the profile's credentials
ready for it.`,
		Example: `  portico demo                               watch the whole story, nothing of yours touched
  portico configure sso                      sign in and make a profile
  portico sync                               make one for each of your accounts and roles
  portico pick                               find one of them, by a few letters
  portico sso login --profile dev            sign in again
  portico exec --profile dev -- terraform plan`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.startsScreen(g) {
				return (&start{app: a, root: cmd}).run(cmd.Context())
			}
			return cmd.Help()
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},

		SuggestionsMinimumDistance: slip,

		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.running = strings.TrimPrefix(cmd.CommandPath(), a.Name+" ")
			g.profileGiven = cmd.Flags().Changed("profile")
			return g.consistent()
		},
	}
	root.SetVersionTemplate("{{.Version}}\n")
	// Flags that are explained at length stay in their column on a small terminal.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return flagError(c, err) })

	root.PersistentFlags().AddFlagSet(globalFlags(g))
	root.AddGroup(
		&cobra.Group{ID: groupAWS, Title: "As in the AWS CLI:"},
		&cobra.Group{ID: groupEveryday, Title: "Every day:"},
		&cobra.Group{ID: groupCredentials, Title: "Credentials for other programs:"},
		&cobra.Group{ID: groupProfiles, Title: "Profiles, and your shell:"},
		&cobra.Group{ID: groupSealed, Title: "Sessions kept encrypted:"},
		&cobra.Group{ID: groupAdmin, Title: "For administrators:"},
		&cobra.Group{ID: groupLocal, Title: "The local Identity Center:"},
	)
	root.AddCommand(
		family(a, groupAWS, "configure", "Make and read profiles",
			newConfigureSSO(a, g), newConfigureSSOSession(a, g),
			newConfigureList(a, g), newListProfiles(a, g), newConfigureGet(a, g), newConfigureSet(a, g), newExportCredentials(a, g)),
		operations(a, g, words, "sso", "Sign in and out, list accounts and roles", newSSOLogin(a, g), newSSOLogout(a, g)),
		operations(a, g, words, "sso-oidc", "Clients and tokens of the sign-in"),
		operations(a, g, words, "sso-admin", "Instances, permission sets and assignments"),
		operations(a, g, words, "identitystore", "People and groups of IAM Identity Center"),
		operations(a, g, words, "organizations", "Accounts of the organization"),
		operations(a, g, words, "sts", "Ask who you are, assume roles"),
		partly(family(a, groupAWS, "s3", "List buckets", newS3Ls(a, g))),

		newStatus(a, g), newWhoami(a, g), newPick(a, g), newUse(a, g), newExec(a, g), newEach(a, g), newConsole(a, g), newPortal(a, g),
		newEnv(a, g), newWrite(a, g), newCredentialProcess(a, g), newServe(a, g),
		newSync(a, g), newCatalog(a, g), newDoctor(a, g), newUndo(a, g), newShellInit(a, g), newPrompt(a, g),
		newSeal(a, g), newUnseal(a, g), newUnlock(a, g), newLock(a, g),
		newAccess(a, g),

		newDemo(a, g),
		family(a, groupLocal, "local", "An Identity Center on this machine",
			newLocalStart(a, g), newLocalRun(a, g), newLocalEnv(a, g), newLocalBrowse(a, g), newLocalApprove(a, g), newLocalDeny(a, g),
			newLocalEvents(a, g), newLocalMail(a, g),
			family(a, "", "fault", "Make operations go wrong, on cue",
				newLocalFaultAdd(a, g), newLocalFaultList(a, g), newLocalFaultClear(a, g)),
			family(a, "", "decision", "Answer sign-ins without a person",
				newLocalDecisionAdd(a, g), newLocalDecisionList(a, g), newLocalDecisionClear(a, g)),
			family(a, "", "clock", "Make what was issued older, or the clock wrong",
				newLocalClockShow(a, g), newLocalClockAdvance(a, g), newLocalClockSkew(a, g)),
			newLocalSessions(a, g), newLocalRevoke(a, g),
			family(a, "", "user", "Disable and enable people",
				newLocalUserDisable(a, g), newLocalUserEnable(a, g)),
			newLocalAssign(a, g), newLocalUnassign(a, g)),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if completion(words) {
		a.addCompletions(root)
	}
	if a.Name != program {
		nameExamples(root, a.Name)
	}
	return root
}

// Commands is the whole tree of commands, for those who document it.
func Commands() *cobra.Command { return newRoot(&App{Name: program}) }

// program is what portico is called, unless somebody links it by another name.
const program = "portico"

// nameExamples makes the examples say the name by which the program was called.
func nameExamples(c *cobra.Command, name string) {
	c.Example = strings.ReplaceAll(c.Example, program+" ", name+" ")
	for _, sub := range c.Commands() {
		nameExamples(sub, name)
	}
}

// globalFlags are the flags of every command, set in g.
func globalFlags(g *globals) *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.StringVar(&g.Profile, "profile", "", "profile to use (else AWS_PROFILE, AWS_DEFAULT_PROFILE)")
	f.StringVar(&g.Region, "region", "", "region of resources (else AWS_REGION, AWS_DEFAULT_REGION, the profile)")
	choiceFlag(f, &g.Output, "output", outputFormats, "output format: json, text, table, yaml, yaml-stream or off")
	f.StringVar(&g.Query, "query", "", "JMESPath expression that picks from the result")
	f.StringVar(&g.EndpointURL, "endpoint-url", "", "address to use in place of the service's own")
	f.StringVar(&g.CABundle, "ca-bundle", "", "file of CA certificates to trust (else AWS_CA_BUNDLE)")
	f.BoolVar(&g.NoVerifySSL, "no-verify-ssl", false, "do not verify TLS certificates, this once")
	f.IntVar(&g.ConnectTimeout, "cli-connect-timeout", 60, "seconds to wait for a connection; 0 means for ever")
	f.IntVar(&g.ReadTimeout, "cli-read-timeout", 60, "seconds to wait for an answer; 0 means for ever")
	f.BoolVar(&g.NoPaginate, "no-paginate", false, "get one page of a listing, as the service gives it")
	f.BoolVar(&g.NoSignRequest, "no-sign-request", false, "send requests without credentials")
	f.BoolVar(&g.NoPager, "no-cli-pager", false, "print at once, without a pager")
	g.Color = "auto"
	choiceFlag(f, &g.Color, "color", colorChoices, "colour: on, off or auto")
	choiceFlag(f, &g.ErrorFormat, "cli-error-format", errorFormats, "how errors are told: enhanced, legacy, json, yaml, text or table")
	choiceFlag(f, &g.BinaryFormat, "cli-binary-format", []string{"base64", "raw-in-base64-out"}, "how blobs are given: base64 or raw-in-base64-out")
	f.BoolVar(&g.AutoPrompt, "cli-auto-prompt", false, "ask for what is missing")
	f.BoolVar(&g.NoAutoPrompt, "no-cli-auto-prompt", false, "ask for nothing")
	f.BoolVar(&g.Debug, "debug", false, "log each request to stderr, without secrets")
	return f
}

// flagError puts the AWS CLI's words in the place of the flag library's.
func flagError(c *cobra.Command, err error) error {
	problem := err.Error()
	if wrong, ok := errors.AsType[*choiceError](err); ok {
		problem = wrong.Error()
	} else if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok && wrong.GetFlag().Value.Type() == "int" {
		problem = fmt.Sprintf("argument --%s: invalid int value: %s", wrong.GetFlag().Name, output.Repr(wrong.GetValue()))
	}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if like := likeFlag(c, unknown.GetSpecifiedName()); like != "" {
			problem += fmt.Sprintf("; did you mean --%s?", like)
		}
	}
	return &usageError{Problem: problem}
}

// likeFlag is the flag of a command that a mistyped one may be meant to be, or "".
func likeFlag(c *cobra.Command, typed string) string {
	best, off := "", slip+1
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if d := typos(typed, f.Name); d < off && d < len(typed)-1 && !f.Hidden {
			best, off = f.Name, d
		}
	})
	return best
}

// family is a command that only holds others.
func family(a *App, group, name, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short, GroupID: group, Args: unknownCommand,
		SuggestionsMinimumDistance: slip,
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.autoPrompt(a.globals) {
				return a.promptCommand(cmd)
			}
			return &usageError{Problem: fmt.Sprintf("the following arguments are required: a subcommand of %s; see: %s --help", name, cmd.CommandPath())}
		}}
	if len(commands) > 0 {
		c.Example = commands[0].Example
	}
	c.AddCommand(commands...)
	return c
}

// partly marks a family whose other commands go through to the AWS CLI.
func partly(c *cobra.Command) *cobra.Command {
	c.Annotations = map[string]string{inPart: c.Short}
	return c
}

// unknownCommand refuses words that name no subcommand, with a suggestion.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	problem := fmt.Sprintf("unknown command %q for %s", args[0], cmd.CommandPath())
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		best := slices.MinFunc(like, func(a, b string) int { return typos(args[0], a) - typos(args[0], b) })
		problem += fmt.Sprintf("; did you mean %s?", best)
	}
	return &usageError{Problem: problem}
}

// noArgs refuses words the command has no use for, as the AWS CLI does.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{Problem: fmt.Sprintf("Unknown options: %s", args[0])}
	}
	return nil
}

// exclusive refuses two flags that exclude each other, in argparse's words.
func exclusive(c *cobra.Command, names ...string) error {
	given := ""
	for _, name := range names {
		switch {
		case !c.Flags().Changed(name):
		case given != "":
			return &usageError{Problem: fmt.Sprintf("argument --%s: not allowed with argument --%s", name, given)}
		default:
			given = name
		}
	}
	return nil
}

type flag struct{ name, value string }

// required names the flags that are missing, in the AWS CLI's words.
func required(flags ...flag) error {
	missing := ""
	for _, f := range flags {
		if f.value == "" {
			if missing != "" {
				missing += ", "
			}
			missing += f.name
		}
	}
	if missing == "" {
		return nil
	}
	return &usageError{Problem: "the following arguments are required: " + missing}
}

func version() string {
	v := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		v = info.Main.Version
	}
	return fmt.Sprintf("portico/%s %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
