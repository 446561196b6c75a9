package awsapi

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// stsOperations are those of STS that are answered as AWS answers whoever holds
// the credentials of a role: most are not for them.
var stsOperations = []operation[func(h *Handler, x *exchange, q parameters, caller grant.RoleCredential) (any, error)]{
	{"GetCallerIdentity", (*Handler).getCallerIdentity},
	{"GetAccessKeyInfo", (*Handler).getAccessKeyInfo},
	{"DecodeAuthorizationMessage", (*Handler).decodeAuthorizationMessage},
	{"AssumeRole", (*Handler).assumeRole},
	{"GetSessionToken", (*Handler).noSessionCredentials},
	{"GetFederationToken", (*Handler).noSessionCredentials},
	// Never signed.
	{"AssumeRoleWithSAML", (*Handler).assumeRoleWithSAML},
	{"AssumeRoleWithWebIdentity", (*Handler).assumeRoleWithWebIdentity},
}

type callerIdentity struct {
	Arn     string `xml:"Arn" json:"Arn"`
	UserID  string `xml:"UserId" json:"UserId"`
	Account string `xml:"Account" json:"Account"`
}

func (h *Handler) getCallerIdentity(x *exchange, _ parameters, caller grant.RoleCredential) (any, error) {
	return queryReply{x.operation, callerIdentity{Arn: caller.ARN, UserID: caller.CallerID, Account: caller.AccountID}}, nil
}

type accessKeyInfo struct {
	Account string `xml:"Account" json:"Account"`
}

var validationError = named{http.StatusBadRequest, "ValidationError"}

func (h *Handler) getAccessKeyInfo(x *exchange, q parameters, caller grant.RoleCredential) (any, error) {
	if err := x.permits(caller, "sts:GetAccessKeyInfo", "*", accessDenied); err != nil {
		return nil, err
	}
	id := q["AccessKeyId"]
	if len(id) < 16 || len(id) > 128 {
		return nil, x.fault(validationError, "AccessKeyId must be 16 to 128 characters long")
	}
	if accessKeyID().MatchString(id) {
		x.parameter("accessKeyId", id)
	}
	cred, _, _, err := h.Grant.RoleCredential(x.context(), id)
	if errors.Is(err, grant.ErrUnauthorized) {
		return nil, x.fault(validationError, "the access key is none that this local Identity Center issued")
	}
	if err != nil {
		return nil, err
	}
	return queryReply{x.operation, accessKeyInfo{cred.AccountID}}, nil
}

// needs refuses a call without one of its required parameters.
func (x *exchange) needs(q parameters, names ...string) error {
	var missing []string
	for _, name := range names {
		if q[name] == "" {
			missing = append(missing, "Value null at '"+lowerFirst(name)+"' failed to satisfy constraint: Member must not be null")
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return x.fault(validationError, "%s detected: %s", count(len(missing), "validation error"), strings.Join(missing, "; "))
}

// decodeAuthorizationMessage: no message is encoded here, so none is one of ours.
func (h *Handler) decodeAuthorizationMessage(x *exchange, q parameters, caller grant.RoleCredential) (any, error) {
	if err := x.needs(q, "EncodedMessage"); err != nil {
		return nil, err
	}
	if !caller.Administrator {
		return nil, x.fault(accessDenied, "User: %s is not authorized to perform: sts:DecodeAuthorizationMessage"+
			" because no identity-based policy allows the sts:DecodeAuthorizationMessage action", caller.ARN)
	}
	if err := x.permits(caller, "sts:DecodeAuthorizationMessage", "*", accessDenied); err != nil {
		return nil, err
	}
	return nil, x.fault(named{http.StatusBadRequest, "InvalidAuthorizationMessageException"}, "Message is not valid")
}

var (
	accessDenied    = named{http.StatusForbidden, "AccessDenied"}
	invalidIdentity = named{http.StatusBadRequest, "InvalidIdentityToken"}
)

func (h *Handler) noSessionCredentials(x *exchange, _ parameters, _ grant.RoleCredential) (any, error) {
	return nil, x.fault(accessDenied, "Cannot call %s with session credentials", x.operation)
}

// Nobody's tokens are trusted here: no account has an identity provider of its own.

func (h *Handler) assumeRoleWithSAML(x *exchange, q parameters, _ grant.RoleCredential) (any, error) {
	if err := x.needs(q, "RoleArn", "PrincipalArn", "SAMLAssertion"); err != nil {
		return nil, err
	}
	if _, err := base64.StdEncoding.DecodeString(q["SAMLAssertion"]); err != nil {
		return nil, x.fault(invalidIdentity, "Invalid base64 SAMLResponse")
	}
	return nil, x.fault(invalidIdentity, "Specified provider doesn't exist (accounts of this local Identity Center have no identity providers)")
}

func (h *Handler) assumeRoleWithWebIdentity(x *exchange, q parameters, _ grant.RoleCredential) (any, error) {
	if err := x.needs(q, "RoleArn", "RoleSessionName", "WebIdentityToken"); err != nil {
		return nil, err
	}
	if strings.Count(q["WebIdentityToken"], ".") != 2 {
		return nil, x.fault(invalidIdentity, "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	return nil, x.fault(invalidIdentity, "No OpenIDConnect provider found in your account"+
		" (accounts of this local Identity Center have no identity providers)")
}
