package signin

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"

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
		return "Error when retrieving token from sso: Token has expired and refresh failed"
	default:
		return "The SSO session associated with this profile has expired or is otherwise invalid."
	}
}

// An AbandonedError reports a sign-in that nobody completed in time.
type AbandonedError struct{ Session Session }

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

// A CallbackError reports that no listener could be opened for the browser's
// way back.
type CallbackError struct{ Cause error }

func (e *CallbackError) Error() string {
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
}

func (e *ServiceError) Error() string {
	return fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", e.Code, e.Operation, e.Message)
}

// A ConnectionError reports that a service could not be reached or its answer
// did not arrive whole.
type ConnectionError struct {
	Operation string
	Cause     error
}

func (e *ConnectionError) Error() string {
	return fmt.Sprintf("could not reach the service for %s: %v", e.Operation, e.Cause)
}

func (e *ConnectionError) Unwrap() error { return e.Cause }

// Failure turns an error of the AWS SDK into a [*ServiceError] or a
// [*ConnectionError]. Whoever speaks to AWS through the SDK returns these, so
// that the rest of portico need not know it.
func Failure(err error) error {
	if err == nil {
		return nil
	}
	op := "the request"
	if oe, ok := errors.AsType[*smithy.OperationError](err); ok {
		op = oe.Operation()
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		cause := err
		if oe, ok := errors.AsType[*smithy.OperationError](err); ok {
			cause = oe.Unwrap()
		}
		if re, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
			cause = re.Unwrap()
		}
		return &ConnectionError{Operation: op, Cause: cause}
	}
	e := &ServiceError{Operation: op, Code: api.ErrorCode(), Message: api.ErrorMessage(), Details: oauthDetails(api)}
	if re, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && re.HTTPResponse() != nil {
		e.Status = re.HTTPStatusCode()
		e.RequestID = re.HTTPResponse().Header.Get("X-Amzn-Requestid")
	}
	return e
}

// oauthDetails reads the members that every SSO OIDC exception has and no
// interface offers.
func oauthDetails(api smithy.APIError) [][2]string {
	v := reflect.Indirect(reflect.ValueOf(api))
	if v.Kind() != reflect.Struct {
		return nil
	}
	var details [][2]string
	for _, m := range [][2]string{{"Error_", "error"}, {"Error_description", "error_description"}} {
		if f := v.FieldByName(m[0]); f.IsValid() {
			if s, ok := f.Interface().(*string); ok && s != nil {
				details = append(details, [2]string{m[1], *s})
			}
		}
	}
	return details
}

// Final reports whether the service has judged the request, so that asking again
// is no use. Trouble on its side, and too many requests, are no judgement.
func (e *ServiceError) Final() bool {
	return e.Status < http.StatusInternalServerError && e.Status != http.StatusTooManyRequests
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
