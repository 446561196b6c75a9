package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/awsargs"
	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/idc"
	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/terminal"
)

// The AWS CLI's exit codes.
const (
	exitInterrupted = 130
	exitUsage       = 252
	exitConfig      = 253
	exitService     = 254
	exitGeneral     = 255

	// What shells, env and timeout return where a command cannot be run, and where
	// there is none. Nothing of AWS does.
	exitNotRunnable = 126
	exitNoCommand   = 127
)

// A usageError is a command line that cannot be run.
type usageError struct{ Problem string }

func (e *usageError) Error() string { return e.Problem }

// A configError is a setting that is missing or wrong. Kind is the AWS CLI's
// name for it: Configuration, NoRegion, NoCredentials.
type configError struct {
	Kind, Problem, Hint string
}

func (e *configError) Error() string { return e.Problem }

// words are an error in the AWS CLI's own words, capitals and full stops
// included.
type words string

func (w words) Error() string { return string(w) }

// An exitError ends with a child's code and says nothing.
type exitError struct{ Code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit status %d", e.Code) }

// A commandError says why a command that a person gave cannot be run.
type commandError struct {
	Problem string
	Code    int // exitNotRunnable or exitNoCommand
}

func (e *commandError) Error() string { return e.Problem }

// A hintedError carries the command or setting that cures it.
type hintedError struct {
	Err  error
	Hint string
}

func (e *hintedError) Error() string { return e.Err.Error() }
func (e *hintedError) Unwrap() error { return e.Err }

// A problem is an error as it is told.
type problem struct {
	exit    int
	code    string // the AWS CLI's or the service's; "" where the AWS CLI has none
	usage   string // what comes above it
	message string
	calling string      // the operation that a service refused
	details [][2]string // what the service said besides
	hint    string
}

// report tells of an error as the AWS CLI does, with its cure below it, and
// returns the exit code.
func report(ctx context.Context, a *App, err error) int {
	if err == nil || errors.Is(err, errPagerQuit) {
		return 0
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.Code
	}
	if errors.Is(err, terminal.ErrInterrupted) {
		return exitInterrupted // the prompt has left its line already
	}
	// After a signal, whatever failed failed because of it.
	if s, ok := errors.AsType[*signalError](context.Cause(ctx)); ok {
		fmt.Fprintln(a.Stdout)
		return s.code()
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.Stdout)
		return exitInterrupted
	}
	p, format := explain(a, err), a.errorFormat()
	if format == errorsEnhanced || format == errorsLegacy {
		p.hint = cure(ctx, a, err) // programs do not wait for what only people read
	}
	p.tell(a.Stderr, a.Name, format)
	return p.exit
}

// explain finds the words and the exit code for an error. Text that came from
// elsewhere is cleaned of what a terminal would obey.
func explain(a *App, err error) problem {
	p := problem{exit: exitGeneral, message: err.Error()}
	if e, ok := errors.AsType[*usageError](err); ok {
		p.exit, p.code, p.message = exitUsage, "ParamValidation", e.Problem
	} else if e, ok := errors.AsType[*awsargs.UsageError](err); ok {
		p.exit, p.code = exitUsage, "ParamValidation"
		if e.Usage != "" {
			p.code, p.usage = "", awsargs.Usage(a.Name)
		}
	} else if e, ok := errors.AsType[*control.Error](err); ok && e.Value() {
		p.exit, p.code = exitUsage, "ParamValidation"
	} else if _, ok := errors.AsType[*idc.AddressError](err); ok {
		p.exit, p.code = exitUsage, "ParamValidation"
	} else if _, ok := errors.AsType[*output.QueryError](err); ok {
		p.exit, p.code = exitUsage, "ParamValidation"
	} else if _, ok := errors.AsType[*noAWSError](err); ok {
		p.exit = exitNoCommand
	} else if e, ok := errors.AsType[*commandError](err); ok {
		p.exit = e.Code
	} else if e, ok := errors.AsType[*configError](err); ok {
		p.exit, p.code, p.message = exitConfig, e.Kind, e.Problem
	} else if _, ok := errors.AsType[*signin.ResolveError](err); ok {
		p.exit, p.code = exitConfig, "Configuration"
	} else if e, ok := errors.AsType[*signin.RequiredError](err); ok {
		if e.Reason == signin.Ended || (e.Reason == signin.Expired && e.Session.Name == "") {
			p.message += fmt.Sprintf(" To refresh this SSO session run %s sso login with the corresponding profile.", a.Name)
		}
	} else if _, ok := errors.AsType[*signin.RefreshError](err); ok {
		// the service's words are in it, and its judgement is not
	} else if e, ok := errors.AsType[*signin.LostAnswerError](err); ok {
		p.message = e.Error() // and not merely what the network did
	} else if e, ok := errors.AsType[*signin.ServiceError](err); ok {
		p.exit, p.code, p.calling, p.message, p.details = exitService, e.Code, e.Operation, e.Message, e.Details
	} else if e, ok := errors.AsType[*signin.ConnectionError](err); ok {
		p.message = e.Error()
	} else if errors.Is(err, io.EOF) {
		p.message = ""
	}
	return p
}

// cleanLines cleans text of ours in which a stranger's is quoted, and keeps its
// lines.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		indent := len(l) - len(strings.TrimLeft(l, " "))
		lines[i] = l[:indent] + terminal.Clean(l[indent:])
	}
	return strings.Join(lines, "\n")
}

// sentence is the error's first line, as the AWS CLI has it. In the legacy format
// only what a service refused has a code.
func (p *problem) sentence(legacy bool) string {
	switch {
	case p.calling != "":
		return fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", p.code, p.calling, p.message)
	case p.code != "" && !legacy:
		return fmt.Sprintf("An error occurred (%s): %s", p.code, p.message)
	}
	return p.message
}

// tell writes the problem in one of the formats of --cli-error-format. Those
// without a code are always told in words.
func (p *problem) tell(w io.Writer, name, format string) {
	legacy := format == errorsLegacy
	if format != errorsEnhanced && !legacy && p.code != "" && p.tellStructured(w, output.Format(format)) == nil {
		return
	}
	if p.usage != "" {
		fmt.Fprintf(w, "\n%s", p.usage)
	}
	fmt.Fprintf(w, "\n%s: [ERROR]: %s\n", name, cleanLines(p.sentence(legacy)))
	if len(p.details) > 0 && !legacy {
		fmt.Fprint(w, "\nAdditional error details:\n")
		for _, d := range p.details {
			fmt.Fprintf(w, "%s: %s\n", terminal.Clean(d[0]), terminal.Clean(d[1]))
		}
	}
	if p.hint != "" {
		fmt.Fprintf(w, "\n%s\n", cleanLines(p.hint))
	}
}

// tellStructured is for programs, which get the service's text as it came.
func (p *problem) tellStructured(w io.Writer, format output.Format) error {
	o := output.Object{{Name: "Code", Value: p.code}, {Name: "Message", Value: p.message}}
	for _, d := range p.details {
		o = append(o, output.Member{Name: d[0], Value: d[1]})
	}
	return (&output.Printer{Out: w, Format: format, Operation: "error"}).Print(o)
}

// The formats of --cli-error-format that are no formats of output.
const (
	errorsEnhanced = "enhanced"
	errorsLegacy   = "legacy"
)

var errorFormats = []string{errorsEnhanced, errorsLegacy, "json", "yaml", "text", "table"}

// errorFormat is how errors are to be told. What the environment or a file have
// to say about it must not be a reason not to tell them, so there nonsense counts
// as nothing.
func (a *App) errorFormat() string {
	format := ""
	if a.globals != nil {
		format = a.globals.ErrorFormat
	}
	if format == "" {
		format = a.getenv("AWS_CLI_ERROR_FORMAT")
	}
	if s := a.looseSettings(); format == "" && s != nil {
		format, _ = s.Profile.Get("cli_error_format")
	}
	if format = strings.ToLower(format); slices.Contains(errorFormats, format) {
		return format
	}
	return errorsEnhanced
}

// looseSettings are the settings as far as they can be had, for what is said about
// an error. Nil means not at all.
func (a *App) looseSettings() *awsconfig.Settings {
	config, err := a.files().Load()
	if err != nil {
		return nil
	}
	var flags awsconfig.Flags
	if g := a.globals; g != nil {
		flags = g.settings()
	}
	return awsconfig.ResolveLoose(config, flags, a.Lookup)
}
