package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Why a token cannot be had without a person.
type Reason int

const (
	Missing    Reason = iota // nobody has signed in
	Unreadable               // the cached token cannot be read
	Expired                  // it is over and cannot be, or could not be, refreshed
	Ended                    // the service no longer knows it
	Elsewhere                // it is of another Identity Center, or another region
	AnswerLost               // it was refreshed, the answer was lost, and the service does not repeat it any more
)

// A RequiredError reports that a person has to sign in to the session.
type RequiredError struct {
	Session Session
	Reason  Reason
}

func (e *RequiredError) Error() string {
	switch {
	case e.Reason == Missing && e.Session.legacy():
		return fmt.Sprintf("Error loading SSO Token: Token for %s does not exist", e.Session.StartURL)
	case e.Reason == Missing:
		return fmt.Sprintf("Error loading SSO Token: Token for %s does not exist", e.Session.Name)
	case e.Reason == Unreadable:
		return fmt.Sprintf("Error loading SSO Token: Token for %s is invalid", e.Session.StartURL)
	case e.Reason == Elsewhere:
		return fmt.Sprintf("Error loading SSO Token: Token for %s is not for %s in %s, where the configuration now points", e.Session, e.Session.StartURL, e.Session.Region)
	case e.Reason == Expired && !e.Session.legacy():
		return refreshFailed
	case e.Reason == AnswerLost:
		return refreshFailed + ": the answer to an earlier refresh was lost, and the service no longer repeats it"
	default:
		return "The SSO session associated with this profile has expired or is otherwise invalid."
	}
}

const refreshFailed = "Error when retrieving token from sso: Token has expired and refresh failed"

// A RefreshError reports a refresh that the service did not judge: it was too
// busy, or in trouble. The sign-in is kept, and may be as good as before.
type RefreshError struct{ Cause *ServiceError }

func (e *RefreshError) Error() string { return refreshFailed + ": " + e.Cause.brief() }
func (e *RefreshError) Unwrap() error { return e.Cause }

// A LostAnswerError reports a refresh that may have reached the service, whose
// answer did not arrive however often it was asked for. The service repeats it for
// about a minute; after that a person may have to sign in.
type LostAnswerError struct {
	Session Session
	Cause   error
}

func (e *LostAnswerError) Error() string {
	return refreshFailed + ": the answer to the refresh was lost: " + e.Cause.Error()
}
func (e *LostAnswerError) Unwrap() error { return e.Cause }

// An AbandonedError reports a sign-in that nobody completed in time.
type AbandonedError struct {
	Session Session
	Trouble string // why the service could not be asked in the end; "" if it could
}

func (e *AbandonedError) Error() string {
	return "The pending authorization to retrieve an SSO token has expired. The login flow to retrieve an SSO token must be restarted."
}

// A DeniedError reports the error with which the provider ended the browser
// flow; access_denied is a person's "no".
type DeniedError struct {
	Session           Session
	Code, Description string // a stranger's words, shortened; clean them for a terminal
}

func (e *DeniedError) Error() string {
	text := "Error loading authorization code: Failed to retrieve an authorization code"
	if e.Description != "" {
		return fmt.Sprintf("%s: %s (%s)", text, e.Description, e.Code)
	}
	return fmt.Sprintf("%s: %s", text, e.Code)
}

// A GivenUpError reports that somebody else's sign-in, for which this one waited,
// was denied, abandoned or interrupted; or one a short while ago.
type GivenUpError struct {
	Session    Session
	Ago, Pause time.Duration // where this one did not wait: how long ago, and for how long none is begun
}

func (e *GivenUpError) Error() string {
	if e.Pause > 0 {
		return fmt.Sprintf("The last sign-in to %s was not completed, %s ago, and none is begun by itself for %s after that.", e.Session, e.Ago.Round(time.Second), e.Pause)
	}
	return fmt.Sprintf("The sign-in to %s, for which this waited, was not completed.", e.Session)
}

// A CallbackError reports that no listener could be opened for the browser's
// way back.
type CallbackError struct {
	Cause   error
	Address string // where it had to be; "" if any port would do
}

func (e *CallbackError) Unwrap() error { return e.Cause }

func (e *CallbackError) Error() string {
	if e.Address != "" {
		return fmt.Sprintf("Unable to initialize the OAuth 2.0 authorization callback handler: %v \n"+
			"Choose another port with --callback-port, or leave it out and any free one is taken. You may also use --use-device-code, which needs none.", e.Cause)
	}
	return fmt.Sprintf("Unable to initialize the OAuth 2.0 authorization callback handler: %v \n"+
		"You may use --use-device-code to fall back to the device code flow which does not require the callback handler.", e.Cause)
}

// A ServiceError is an answer in which an AWS service said no.
type ServiceError struct {
	Operation string // as in the API reference, such as CreateToken
	Code      string // such as AccessDeniedException
	Message   string // the service's public text, may be empty
	Details   [][2]string
	Status    int // HTTP status
	RequestID string
	Login     *Session // the sign-in that it ended, if it did

	RetryAfter time.Duration // for how long the service wants no more requests; 0 where it does not say

	// Ahead is by how much the service's clock (its Date header) is ahead of this
	// machine's; 0 where the answer has no date.
	Ahead time.Duration

	foreign bool // no error of this API: a gateway, or a proxy, may have said it
}

func (e *ServiceError) Error() string {
	return fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", e.Code, e.Operation, e.Message)
}

// brief is the code and what the service says with it, for a line that says more.
func (e *ServiceError) brief() string {
	text := e.Message
	for _, d := range e.Details {
		if text == "" && d[0] == oauthDescription {
			text = d[1]
		}
	}
	if text == "" {
		return e.Code
	}
	return e.Code + ": " + text
}

// Failure turns an error of the AWS SDK into a [*ServiceError] or a
// [*ConnectionError]. Whoever speaks to AWS through the SDK returns these, so
// that the rest of portico need not know it.
func Failure(err error) error {
	if err == nil {
		return nil
	}
	op, service, cause := "the request", "", err
	if oe, ok := errors.AsType[*smithy.OperationError](err); ok {
		op, service, cause = oe.Operation(), oe.Service(), oe.Unwrap()
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		if re, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
			cause = re.Unwrap()
		}
		return &ConnectionError{Operation: op, Cause: cause}
	}
	e := &ServiceError{Operation: op, Code: api.ErrorCode(), Message: api.ErrorMessage(), Details: details(api, service)}
	if re, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && re.HTTPResponse() != nil {
		e.Status = re.HTTPStatusCode()
		e.RequestID = re.HTTPResponse().Header.Get("X-Amzn-Requestid")
		e.RetryAfter = retryAfter(re.HTTPResponse().Header)
		e.Ahead = Ahead(re.HTTPResponse().Header)
		if body, ok := re.HTTPResponse().Body.(*keptBody); ok && len(e.Details) == 0 {
			e.Details = body.oauthDetails()
		}
	}
	_, unmodelled := errors.AsType[*smithy.GenericAPIError](err)
	e.foreign = e.Code == untyped
	if service == ssooidc.ServiceID {
		e.foreign = unmodelled || !oauthStatus(e.Status)
	}
	if unmodelled && e.Message == untyped { // the SDK's word for none
		e.Message = ""
		if len(e.Details) == 0 {
			e.Message = http.StatusText(e.Status)
		}
	}
	return e
}

// Ahead is by how much the clock of who sent an answer is ahead of this machine's.
func Ahead(header http.Header) time.Duration {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	return time.Until(date).Truncate(time.Second)
}

// untyped is what the SDK calls an error that names no type, or has no message.
const untyped = "UnknownError"

// oauthStatus reports whether an OAuth server judges a request with that status
// (RFC 6749, 5.2; SSO OIDC has types for no other than these and 500).
func oauthStatus(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden
}

const oauthDescription = "error_description"

// details reads the members that an exception of the service's model has besides
// its message, and that no interface offers, by their names on the wire.
func details(api smithy.APIError, service string) [][2]string {
	v := reflect.Indirect(reflect.ValueOf(api))
	if _, unmodelled := api.(*smithy.GenericAPIError); unmodelled || v.Kind() != reflect.Struct {
		return nil
	}
	var details [][2]string
	for field, value := range v.Fields() {
		name := field.Name
		if !field.IsExported() || name == "Message" || name == "ErrorCodeOverride" {
			continue
		}
		if service == ssooidc.ServiceID {
			name = strings.TrimSuffix(strings.ToLower(name[:1])+name[1:], "_")
		}
		value = reflect.Indirect(value)
		if value.Kind() == reflect.String && value.String() != "" {
			details = append(details, [2]string{name, value.String()})
		}
	}
	return details
}

// oauthDetails reads them from an answer whose type the SDK does not know, and of
// which it therefore reads nothing else.
func (b *keptBody) oauthDetails() [][2]string {
	var said map[string]any
	if json.Unmarshal(b.read.Bytes(), &said) != nil {
		return nil
	}
	var details [][2]string
	for _, name := range []string{"error", oauthDescription} {
		if s, ok := said[name].(string); ok {
			details = append(details, [2]string{name, s})
		}
	}
	return details
}

// Final reports whether the service has judged the request, so that asking again
// is no use. Trouble on its side, too many requests, and what is no error of its
// API are no judgement.
func (e *ServiceError) Final() bool {
	return e.Status < http.StatusInternalServerError && !e.Throttled() && !e.foreign
}

// Throttled reports whether there were too many requests for the service.
func (e *ServiceError) Throttled() bool {
	_, throttled := retry.DefaultThrottleErrorCodes[e.Code]
	return throttled || e.Code == "SlowDownException" || e.Status == http.StatusTooManyRequests
}

// refused reports whether err is the service's answer with that code.
func refused(err error, code string) bool {
	e, ok := errors.AsType[*ServiceError](err)
	return ok && e.Code == code
}

// Unauthorized reports whether err is the access portal's word that it does
// not accept the token.
func Unauthorized(err error) bool {
	e, ok := errors.AsType[*ServiceError](err)
	return ok && (e.Code == "UnauthorizedException" || e.Status == http.StatusUnauthorized)
}
