package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/portico-sso/portico/internal/creds"
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

	// exitNoCommand is what shells, env and timeout return where there is no such
	// command, and nothing of AWS does.
	exitNoCommand = 127
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

// A hintedError carries the command or setting that cures it.
type hintedError struct {
	Err  error
	Hint string
}

func (e *hintedError) Error() string { return e.Err.Error() }
func (e *hintedError) Unwrap() error { return e.Err }

// report writes an error the way the AWS CLI does, with a hint below it, and
// returns the exit code.
func report(ctx context.Context, a *App, err error) int {
	if err == nil {
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
	text, hint, code := explain(a, err)
	fmt.Fprintf(a.Stderr, "\n%s: [ERROR]: %s\n", a.Name, text)
	if hint != "" {
		fmt.Fprintf(a.Stderr, "\n%s\n", cleanLines(hint))
	}
	return code
}

// explain finds words, a hint and the exit code for an error. Text that came
// from elsewhere is cleaned of what a terminal would obey.
func explain(a *App, err error) (text, hint string, code int) {
	text, code = cleanLines(err.Error()), exitGeneral
	if e, ok := errors.AsType[*hintedError](err); ok {
		hint = e.Hint
	}
	if e, ok := errors.AsType[*usageError](err); ok {
		return coded("ParamValidation", terminal.Clean(e.Problem)), "Run with --help for the flags and an example.", exitUsage
	}
	if e, ok := errors.AsType[*control.Error](err); ok && e.Code == "invalid_fault" {
		return coded("ParamValidation", terminal.Clean(e.Message)), "", exitUsage
	}
	if e, ok := errors.AsType[*output.QueryError](err); ok {
		return coded("ParamValidation", cleanLines(e.Error())), "", exitUsage
	}
	if e, ok := errors.AsType[*noAWSError](err); ok {
		return terminal.Clean(e.Problem), e.Hint, exitNoCommand
	}
	if e, ok := errors.AsType[*configError](err); ok {
		return coded(e.Kind, terminal.Clean(e.Problem)), e.Hint, exitConfig
	}
	if e, ok := errors.AsType[*signin.RequiredError](err); ok {
		if hint == "" {
			hint = "Sign in with: " + a.Name + " sso login" + loginTarget(e.Session)
		}
		if e.Reason == signin.Ended || (e.Reason == signin.Expired && e.Session.Name == "") {
			text += fmt.Sprintf(" To refresh this SSO session run %s sso login with the corresponding profile.", a.Name)
		}
		return text, hint, exitGeneral
	}
	if e, ok := errors.AsType[*signin.DeniedError](err); ok {
		return text, fmt.Sprintf("The browser came back with that. To try again: %s sso login%s", a.Name, loginTarget(e.Session)), exitGeneral
	}
	if e, ok := errors.AsType[*signin.AbandonedError](err); ok {
		return text, abandonedHint(a, e), exitGeneral
	}
	if e, ok := errors.AsType[*creds.NoAccessError](err); ok {
		return serviceText(e.Cause), fmt.Sprintf("The signed-in person does not have %s in account %s. See what there is with: %s sso list-account-roles --account-id %s%s",
			terminal.Clean(e.Role.RoleName), terminal.Clean(e.Role.AccountID), a.Name, terminal.Clean(e.Role.AccountID), sessionFlag(e.Role.Session)), exitService
	}
	if _, ok := errors.AsType[*signin.RefreshError](err); ok {
		return text, "The service did not answer the refresh. The sign-in is kept and may be good: wait a moment and try again.", exitGeneral
	}
	if e, ok := errors.AsType[*signin.ServiceError](err); ok {
		if hint == "" {
			hint = serviceHint(a, e)
		}
		return serviceText(e), hint, exitService
	}
	if e, ok := errors.AsType[*signin.ConnectionError](err); ok {
		return terminal.Clean(e.Error()), connectionHint(e), exitGeneral
	}
	if errors.Is(err, io.EOF) {
		return "", "The input ended before every question was answered; each has a flag: see --help.", exitGeneral
	}
	return text, hint, code
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

func coded(code, text string) string { return fmt.Sprintf("An error occurred (%s): %s", code, text) }

func serviceText(e *signin.ServiceError) string {
	var b strings.Builder
	b.WriteString(terminal.Clean(e.Error()))
	if len(e.Details) > 0 {
		b.WriteString("\n\nAdditional error details:")
		for _, d := range e.Details {
			fmt.Fprintf(&b, "\n%s: %s", d[0], terminal.Clean(d[1]))
		}
	}
	return b.String()
}

// serviceHint names the next command for the refusals a person can do
// something about.
func serviceHint(a *App, e *signin.ServiceError) string {
	if e.Login != nil && e.Operation == "CreateToken" {
		again := a.Name + " sso login" + loginTarget(*e.Login)
		switch e.Code {
		case "AccessDeniedException":
			return "Access was not allowed in the browser. To try again: " + again
		case "InvalidGrantException", "ExpiredTokenException":
			return "The sign-in can no longer be used. To start again: " + again
		}
	}
	if e.Throttled() {
		return "The service had too many requests. Wait a moment and try again."
	}
	switch e.Code {
	case "UnauthorizedException":
		return fmt.Sprintf("The access token is unknown or over. Sign in with: %s sso login", a.Name)
	case "ExpiredToken", "ExpiredTokenException":
		return "The credentials used have expired. If AWS_ACCESS_KEY_ID is set in the environment, unset it; it hides the profile."
	case "SignatureDoesNotMatch", "RequestTimeTooSkewed", "InvalidSignatureException":
		return "The secret key is not the one issued, or this machine's clock is wrong."
	}
	return ""
}

func connectionHint(e *signin.ConnectionError) string {
	text := e.Cause.Error()
	switch {
	case e.BrokeOff() || e.Closed():
		return "Try again. If it goes on, check the network and its proxy (HTTPS_PROXY)."
	case e.TimedOut():
		return "Check the network and its proxy (HTTPS_PROXY). If they are slow, give them more time with --cli-read-timeout."
	case e.Garbled():
		return "A proxy (HTTPS_PROXY), or a sign-in page of the network, may have answered in its place."
	case strings.Contains(text, "x509:") || strings.Contains(text, "certificate"):
		return "If a proxy inspects TLS, point AWS_CA_BUNDLE (or --ca-bundle) at its CA certificate."
	case strings.Contains(text, "no such host"):
		return "Check the region, and the network or its proxy (HTTPS_PROXY)."
	case strings.Contains(text, "connection refused"):
		return "Nothing listens there. If that address is a local Identity Center, start it; else check AWS_ENDPOINT_URL and endpoint_url."
	}
	return ""
}

func abandonedHint(a *App, e *signin.AbandonedError) string {
	if e.Trouble != "" {
		return fmt.Sprintf("In the end the service did not say whether the sign-in was complete: %s\nTo start again: %s sso login%s", terminal.Clean(e.Trouble), a.Name, loginTarget(e.Session))
	}
	return fmt.Sprintf("Nobody completed the sign-in in time. If the page said the code or grant is invalid, sso_region (%s) may be wrong: it is the region of the Identity Center, not of your resources.\nTo start again: %s sso login%s",
		terminal.Clean(e.Session.Region), a.Name, loginTarget(e.Session))
}

// loginTarget is the flag that makes sso login sign in to this session.
func loginTarget(s signin.Session) string {
	if s.Name == "" {
		return " with the profile that has this start URL"
	}
	return " --sso-session " + quoteWord(s.Name)
}

func sessionFlag(s signin.Session) string {
	if s.Name == "" {
		return ""
	}
	return " --sso-session " + quoteWord(s.Name)
}
