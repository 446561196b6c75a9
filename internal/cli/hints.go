package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/awsargs"
	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/seal"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// cure says what helps against an error: the cause, as far as it is known, and
// the next command to run. Where nothing does, it is empty.
func cure(ctx context.Context, a *App, err error) string {
	// Who hints at a thing knows more than what follows from its kind.
	if e, ok := errors.AsType[*hintedError](err); ok && e.Hint != "" {
		return e.Hint
	}
	_, ofOperation := errors.AsType[*awsargs.UsageError](err)
	if _, ok := errors.AsType[*usageError](err); ok || ofOperation {
		return "Run with --help for the flags and an example."
	}
	if e, ok := errors.AsType[*configError](err); ok {
		return e.Hint
	}
	if e, ok := errors.AsType[*credentialsError](err); ok {
		return e.Hint
	}
	if e, ok := errors.AsType[*seal.KeyError](err); ok {
		return sealedCure(a.Name, e)
	}
	if e, ok := errors.AsType[*noAWSError](err); ok {
		return e.Hint
	}
	if e, ok := errors.AsType[*signin.ResolveError](err); ok {
		if text := cure(ctx, a, e.Cause); text != "" {
			return text
		}
		return "sso_start_url is to be the address of your AWS access portal, such as https://d-1234567890.awsapps.com/start, or one of your company's that redirects straight to it."
	}
	if e, ok := errors.AsType[*awsconfig.IncompleteError](err); ok {
		return fmt.Sprintf("To complete the profile: %s configure sso --profile %s", a.Name, quoteWord(e.Profile))
	}
	if _, ok := errors.AsType[*awsconfig.ParseError](err); ok {
		return fmt.Sprintf("To see all that is wrong there, and to cure what can be cured: %s doctor --fix", a.Name)
	}
	if e, ok := errors.AsType[*awsconfig.NoLockError](err); ok {
		return fmt.Sprintf("portico's locks are kept in %s: make it a directory that you can write to.", e.Dir)
	}
	if e, ok := errors.AsType[*awsconfig.InconsistentError](err); ok {
		return fmt.Sprintf("The profile and its sso-session disagree. Take %s out of the profile in %s; the session's counts.", e.Key, a.files().Config)
	}
	if _, ok := errors.AsType[*awsconfig.NoSuchSessionError](err); ok {
		return loginCure(a.Name, a.looseSettings(), err)
	}
	if e, ok := errors.AsType[*awsconfig.UnknownOutputError](err); ok {
		return fmt.Sprintf("%q stands in AWS_DEFAULT_OUTPUT or as output in the profile. The formats are %s.", e.Value, strings.Join(outputFormats, ", "))
	}
	if e, ok := errors.AsType[*awsconfig.RegionError](err); ok {
		if _, after, blank := strings.Cut(e.Region, " "); blank && strings.ContainsAny(after, "#;") {
			return "A comment needs a line of its own in the AWS files: what follows the region counts as part of it."
		}
		return "Regions look like eu-west-1. It is set by --region, AWS_REGION, AWS_DEFAULT_REGION, or as region or sso_region in " + a.files().Config + "."
	}
	if e, ok := errors.AsType[*signin.RequiredError](err); ok {
		return "Sign in with: " + a.Name + " sso login" + loginTarget(e.Session)
	}
	if e, ok := errors.AsType[*signin.GivenUpError](err); ok {
		return "To try again: " + a.Name + " sso login" + loginTarget(e.Session)
	}
	if e, ok := errors.AsType[*signin.DeniedError](err); ok {
		return "The browser came back with that. To try again: " + a.loginAgain(e.Session)
	}
	if e, ok := errors.AsType[*signin.AbandonedError](err); ok {
		return abandonedCure(a, e)
	}
	if e, ok := errors.AsType[*creds.NoAccessError](err); ok {
		return deniedCure(ctx, a, e.Role)
	}
	if _, ok := errors.AsType[*signin.RefreshError](err); ok {
		return "The service did not answer the refresh. The sign-in is kept and may be good: wait a moment and try again."
	}
	if e, ok := errors.AsType[*signin.LostAnswerError](err); ok {
		return fmt.Sprintf("The service may have renewed the sign-in, and repeats its answer for about a minute: try again now. After that, sign in with: %s sso login%s", a.Name, loginTarget(e.Session))
	}
	if e, ok := errors.AsType[*wallet.LockedError](err); ok && e.Holder != 0 {
		return fmt.Sprintf("Process %d has been at it for longer than it may take. If it is stuck, end it, and try again.", e.Holder)
	}
	if e, ok := errors.AsType[*signin.ServiceError](err); ok {
		return serviceCure(ctx, a, e)
	}
	if e, ok := errors.AsType[*signin.ProxyError](err); ok {
		return proxyCure(e)
	}
	if text := certificateCure(a, err); text != "" {
		return text
	}
	if e, ok := errors.AsType[*signin.ConnectionError](err); ok {
		return connectionCure(e)
	}
	if text := fileCure(err, a.stateDir()); text != "" {
		return text
	}
	if errors.Is(err, io.EOF) {
		return "The input ended before every question was answered; each has a flag: see --help."
	}
	return ""
}

// loginCure is for settings without which nobody can sign in. They may be nil.
func loginCure(name string, settings *awsconfig.Settings, err error) string {
	if e, ok := errors.AsType[*awsconfig.MissingLoginError](err); ok && e.Session != "" {
		text := fmt.Sprintf("To complete the session: %s configure sso-session", name)
		for _, key := range e.Missing {
			text += fmt.Sprintf("\nor: %s configure set %s VALUE --sso-session %s", name, key, quoteWord(e.Session))
		}
		return text
	}
	if e, ok := errors.AsType[*awsconfig.NoSuchSessionError](err); ok {
		return sessionHint(name, e.Name, settings)
	}
	text := fmt.Sprintf("To set it up: %s configure sso", name)
	if _, ok := errors.AsType[*awsconfig.MissingLoginError](err); !ok || settings == nil {
		return text
	}
	switch names := settings.Config.Profiles(); {
	case settings.ProfileSource != "":
		text += " --profile " + quoteWord(settings.ProfileName)
	case !settings.HasProfile && len(names) > 0:
		return chooseProfile(name, names)
	case !settings.HasProfile && len(settings.Config.Sessions()) > 0:
		return fmt.Sprintf("Choose a session with --sso-session (there is %s), or make a profile with: %s configure sso", some(settings.Config.Sessions()), name)
	}
	return text
}

// chooseProfile is for somebody who has profiles, has named none, and has no
// default one.
func chooseProfile(name string, names []string) string {
	return fmt.Sprintf("Choose a profile with --profile or AWS_PROFILE (there is %s), or make one with: %s configure sso", some(names), name)
}

// sessionHint says which sessions there are, or which one may have been meant.
func sessionHint(name, wanted string, settings *awsconfig.Settings) string {
	hint := fmt.Sprintf("To make the session %s: %s configure sso-session", wanted, name)
	if settings == nil {
		return hint
	}
	names := settings.Config.Sessions()
	if like := nearest(wanted, names); like != "" {
		return fmt.Sprintf("Did you mean %s? ", like) + hint
	}
	if len(names) > 0 {
		hint = fmt.Sprintf("There is %s. ", some(names)) + hint
	}
	return hint
}

// profileHint says which profiles there are, the one that may have been meant
// first.
func profileHint(name, wanted string, c *awsconfig.Config) string {
	hint := fmt.Sprintf("To make a profile: %s configure sso", name)
	if wanted == "" { // an empty --profile is none
		return "AWS_PROFILE or AWS_DEFAULT_PROFILE is set, and empty. To choose no profile: unset AWS_PROFILE AWS_DEFAULT_PROFILE"
	}
	names := c.Profiles()
	if like := nearest(wanted, names); like != "" {
		return fmt.Sprintf("Did you mean %s? ", like) + hint
	}
	if len(names) > 0 {
		hint = fmt.Sprintf("There is %s. ", some(names)) + hint
	}
	return hint
}

// nearest is the name that a typo may have been meant to be, or "".
func nearest(typed string, names []string) string {
	best, found := max(len(typed)/3, 1), ""
	for _, name := range names {
		if d := typos(strings.ToLower(typed), strings.ToLower(name)); d <= best && (found == "" || d < best) {
			best, found = d, name
		}
	}
	return found
}

// typos counts how many letters one has to add, drop, change or swap with its
// neighbour to make one word of another.
func typos(a, b string) int {
	from, to := []rune(a), []rune(b)
	rows := make([][]int, len(from)+1)
	for i := range rows {
		rows[i] = make([]int, len(to)+1)
		rows[i][0] = i
	}
	for j := range to {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(from); i++ {
		for j := 1; j <= len(to); j++ {
			change := 1
			if from[i-1] == to[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && from[i-1] == to[j-2] && from[i-2] == to[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(from)][len(to)]
}

// serviceCure is for the refusals that a person can do something about.
func serviceCure(ctx context.Context, a *App, e *signin.ServiceError) string {
	if e.Login != nil && e.Operation == "CreateToken" {
		again := a.loginAgain(*e.Login)
		switch e.Code {
		case "AccessDeniedException":
			return "Access was not allowed in the browser. To try again: " + again
		case "InvalidGrantException", "ExpiredTokenException":
			return "The sign-in can no longer be used. To start again: " + again + "\n" + wrongRegion(*e.Login)
		}
	}
	if e.Throttled() {
		return "The service had too many requests. Wait a moment and try again."
	}
	environment := a.getenv("AWS_ACCESS_KEY_ID") != "" && (a.globals == nil || a.globals.Profile == "")
	switch e.Code {
	case "UnauthorizedException":
		return fmt.Sprintf("The access token is unknown or over. Sign in with: %s sso login", a.Name)
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		if environment {
			return "The keys in the environment have expired, and hide the profile. Do without them: " + unsetKeys
		}
		if e.Code == "RequestExpired" {
			return clockCure(e)
		}
		profile := ""
		if a.globals != nil && a.globals.Profile != "" {
			profile = " --profile " + quoteWord(a.globals.Profile)
		}
		return fmt.Sprintf("The role's credentials have expired at the service before their time. Begin anew with: %s sso logout%s, then %s sso login%s", a.Name, profile, a.Name, profile)
	case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId":
		if environment {
			return "The service does not know the keys in the environment, which hide the profile. Do without them: " + unsetKeys
		}
	case "AccessDenied", "AccessDeniedException":
		return forbiddenCure(ctx, a)
	case "SignatureDoesNotMatch", "RequestTimeTooSkewed", "InvalidSignatureException":
		return clockCure(e)
	}
	return ""
}

const unsetKeys = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"

// notable is how far apart two clocks must be for AWS to mind, or nearly.
const notable = 4 * time.Minute

func clockCure(e *signin.ServiceError) string {
	off := strings.TrimSuffix(e.Ahead.Abs().Round(time.Minute).String(), "0s")
	switch {
	case e.Ahead > notable:
		return fmt.Sprintf("This machine's clock is %s behind the service's. Set it right, and try again.", off)
	case e.Ahead < -notable:
		return fmt.Sprintf("This machine's clock is %s ahead of the service's. Set it right, and try again.", off)
	case e.Code == "RequestTimeTooSkewed":
		return "The service finds the time of the request wrong. Look at this machine's clock, and try again."
	}
	return "The clocks agree, so the secret key is not the one that belongs to the access key, or something on the way has changed the request."
}

func connectionCure(e *signin.ConnectionError) string {
	op, dialled := errors.AsType[*net.OpError](e.Cause)
	_, lookup := errors.AsType[*net.DNSError](e.Cause)
	text := e.Cause.Error()
	switch {
	case e.BrokeOff() || e.Closed():
		return "Try again. If it goes on, check the network and its proxy (HTTPS_PROXY)."
	case e.TimedOut():
		return "Check the network and its proxy (HTTPS_PROXY). If they are slow, give them more time with --cli-read-timeout."
	case e.Garbled():
		return "A proxy (HTTPS_PROXY), or a sign-in page of the network, may have answered in its place."
	case lookup:
		return "The name does not resolve. Check the region, and the network or its proxy (HTTPS_PROXY)."
	case strings.Contains(text, "connection refused") || strings.Contains(text, "actively refused"):
		return "Nothing listens there. If that address is a local Identity Center, start it; else check AWS_ENDPOINT_URL and endpoint_url."
	case strings.Contains(text, "record does not look like a TLS handshake"):
		return "That address does not speak TLS: if it is yours, write http:// in place of https://."
	case dialled && op.Timeout():
		return "Nothing answers there. Check the network: behind a proxy, HTTPS_PROXY has to name it. --cli-connect-timeout says how long to wait."
	case dialled:
		return fmt.Sprintf("The network says: %v. Check it, and its proxy (HTTPS_PROXY).", op.Err)
	}
	return ""
}

func abandonedCure(a *App, e *signin.AbandonedError) string {
	again := "To start again: " + a.loginAgain(e.Session)
	if e.Trouble != "" {
		return fmt.Sprintf("In the end the service did not say whether the sign-in was complete: %s\n%s", e.Trouble, again)
	}
	return "Nobody completed the sign-in in time. " + wrongRegion(e.Session) + "\n" + again
}

// wrongRegion is what often is behind a code or grant that no page accepts.
func wrongRegion(s signin.Session) string {
	return fmt.Sprintf("If the page said the code or grant is invalid, sso_region (%s) may be wrong: it is the region of the Identity Center, not of your resources. "+
		"To find it, open %s: its sign-in page is at https://REGION.signin.aws; administrators see it in the IAM Identity Center console, under Settings.", s.Region, s.StartURL)
}

// loginAgain is the command for another try at a sign-in: the wizard, as long as no
// file has the session.
func (a *App) loginAgain(s signin.Session) string {
	if settings := a.looseSettings(); settings != nil && !inFiles(settings.Config, s) {
		return a.Name + " configure sso" + a.sameProfile()
	}
	return a.Name + " sso login" + loginTarget(s)
}

// inFiles reports whether a session is in a file, by its name or in a profile.
func inFiles(c *awsconfig.Config, s signin.Session) bool {
	if s.Name != "" {
		_, found := c.Session(s.Name)
		return found
	}
	return slices.ContainsFunc(c.Profiles(), func(name string) bool {
		p, _ := c.Profile(name)
		startURL, _ := p.Get("sso_start_url")
		return startURL == s.StartURL
	})
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
