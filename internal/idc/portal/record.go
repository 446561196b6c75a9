package portal

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// The events of the pages. CloudTrail has those of signing in and the one of role
// credentials; the others tell what it does not.
const (
	eventAuthorize          = "Authorize"
	eventChallenge          = "CredentialChallenge"
	eventVerification       = "CredentialVerification"
	eventAuthentication     = "UserAuthentication"
	eventConfirmUserCode    = "ConfirmUserCode"
	eventAuthorizeClient    = "AuthorizeClient"
	eventSignOut            = "SignOut"
	eventGetRoleCredentials = "GetRoleCredentials"
	eventGetSigninToken     = "GetSigninToken"
	eventConsoleLogin       = "ConsoleLogin"
	eventConsoleLogout      = "ConsoleLogout"

	sourceSignIn = "signin"
	sourceSSO    = "sso"
)

// What CloudTrail calls a password and a code by e-mail.
const (
	credentialPassword = "PASSWORD"
	credentialEmail    = "EMAIL_OTP"
)

// EventOf is the event that a request makes whatever becomes of it; "" for page
// views, which make none.
func EventOf(method, path string) (source, name string) {
	post := method == http.MethodPost
	switch {
	case path == "/authorize" && (method == http.MethodGet || method == http.MethodHead):
		return sourceSSO, eventAuthorize
	case post && (path == "/signin" || path == "/signin/code"):
		return sourceSignIn, eventVerification
	case post && path == "/signout":
		return sourceSignIn, eventSignOut
	case post && path == "/device":
		return sourceSSO, eventConfirmUserCode
	case post && path == "/consent":
		return sourceSSO, eventAuthorizeClient
	case post && path == "/start/role":
		return sourceSSO, eventGetRoleCredentials
	case post && path == "/federation":
		return sourceSignIn, eventGetSigninToken
	case post && path == "/console/signout":
		return sourceSignIn, eventConsoleLogout
	}
	return "", ""
}

// bySession notes whose session this is.
func (v *visit) bySession() {
	v.event.UserID, v.event.UserName, v.event.SessionID = v.sess.UserID, v.name, v.sess.ID
}

// bySomebody notes who signs in. A name that nobody has is not told, because now
// and then it is a password: CloudTrail has this word instead.
func (v *visit) bySomebody(u directory.User) {
	v.event.UserID, v.event.UserName, v.event.SessionID = u.ID, u.Name, ""
	if u.ID == "" {
		v.event.UserName = "HIDDEN_DUE_TO_SECURITY_REASONS"
	}
}

// refused notes why nothing came of it.
func (v *visit) refused(code, message string) {
	v.event.ErrorCode, v.event.ErrorMessage = code, message
}

// note adds to what an event says.
func note(e *events.Call, key, value string) {
	if e.Extra == nil {
		e.Extra = map[string]string{}
	}
	e.Extra[key] = value
}

// signInEvent makes the event one of signing in, by this kind of credential.
func signInEvent(e *events.Call, name, credential, outcome string) {
	e.Source, e.Name = sourceSignIn, name
	note(e, "CredentialType", credential)
	note(e, name, outcome)
}

const (
	success = "Success"
	failure = "Failure"
)

var uuid = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
})

// workflowOf ties the events of a sign-in to the request that it is for. Without
// one the forms carry a name of their own from step to step.
func (v *visit) workflowOf(next, carried string) string {
	path, rawQuery, _ := strings.Cut(next, "?")
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		query = nil
	}
	switch id, code := query.Get("request"), query.Get("user_code"); {
	case path == "/consent" && id != "":
		return grant.Workflow(id)
	case path == "/device" && code != "":
		if w := v.Grant.WorkflowOfUserCode(v.r.Context(), code); w != "" {
			return w
		}
	}
	if uuid().MatchString(carried) {
		return carried
	}
	return ""
}

// newWorkflow is a UUID (RFC 9562, version 4), as those of package grant are.
func newWorkflow() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// exceptions are the error codes of package grant as AWS's operations name them,
// so that one word finds all events.
var exceptions = map[string]string{
	grant.CodeInvalidRequest:        "InvalidRequestException",
	grant.CodeInvalidClient:         "InvalidClientException",
	grant.CodeInvalidClientMetadata: "InvalidClientMetadataException",
	grant.CodeInvalidRedirectURI:    "InvalidRedirectUriException",
	grant.CodeInvalidScope:          "InvalidScopeException",
	grant.CodeUnauthorizedClient:    "UnauthorizedClientException",
	grant.CodeInvalidGrant:          "InvalidGrantException",
	grant.CodeSlowDown:              "SlowDownException",
	grant.CodeAccessDenied:          "AccessDeniedException",
	grant.CodeExpiredToken:          "ExpiredTokenException",
}

// refusedBy notes what package grant said no to, and whose request it was.
func (v *visit) refusedBy(e *grant.Error) {
	v.refused(exceptions[e.Code], e.Description)
	if e.ClientName != "" {
		v.event.Client = e.ClientName
	}
	if e.Workflow != "" {
		v.event.Workflow = e.Workflow
	}
}
