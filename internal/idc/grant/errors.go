package grant

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// The error codes of RFC 6749 section 5.2, RFC 7591 section 3.2.2 and RFC 8628
// section 3.5, as the sso-oidc operations send them.
const (
	CodeInvalidRequest        = "invalid_request"
	CodeInvalidClient         = "invalid_client"
	CodeInvalidClientMetadata = "invalid_client_metadata"
	CodeInvalidRedirectURI    = "invalid_redirect_uri"
	CodeInvalidScope          = "invalid_scope"
	CodeUnsupportedGrantType  = "unsupported_grant_type"
	CodeUnauthorizedClient    = "unauthorized_client"
	CodeInvalidGrant          = "invalid_grant"
	CodeAuthorizationPending  = "authorization_pending"
	CodeSlowDown              = "slow_down"
	CodeAccessDenied          = "access_denied"
	CodeExpiredToken          = "expired_token"
)

// Error is a refusal that the caller is told about. Description is public text:
// it never holds a code, a token or a secret.
type Error struct {
	Code        string
	Description string
	// Whose refusal it is, as far as that is known: for a record of what
	// happened, not for the caller.
	ClientName, UserID, Workflow string
}

func (e *Error) Error() string {
	return e.Code + ": " + e.Description
}

// whose is what is known of the party that a call is about.
type whose struct{ clientName, userID, workflow string }

// of adds it to a refusal.
func (w whose) of(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.ClientName = cmp.Or(e.ClientName, w.clientName)
		e.UserID = cmp.Or(e.UserID, w.userID)
		e.Workflow = cmp.Or(e.Workflow, w.workflow)
	}
	return err
}

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Description: fmt.Sprintf(format, args...)}
}

var (
	// ErrUnauthorized says that an access token is unknown, expired or signed
	// out, that its user may no longer act, or that an access key is unknown.
	ErrUnauthorized = errors.New("session token not found or invalid")
	// ErrNoSession says that a browser session is unknown or over.
	ErrNoSession = errors.New("no such sign-in session")
)

// TooManyTriesError says that too many wrong user codes were entered lately.
type TooManyTriesError struct {
	RetryAfter time.Duration
}

func (e *TooManyTriesError) Error() string {
	return fmt.Sprintf("too many wrong codes: try again in %s", e.RetryAfter.Round(time.Second))
}
