package awsapi

import (
	"errors"
	"net/http"

	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/policy"
)

// permits refuses what the session policies of the caller's credentials do not
// allow. GetCallerIdentity needs no permission, and so no policy takes it away.
func (x *exchange) permits(caller grant.RoleCredential, action, resource string, denied named) error {
	if caller.SessionPolicies == "" {
		return nil
	}
	session, err := policy.Decode(caller.SessionPolicies)
	if err != nil {
		return err
	}
	switch policy.Decide(session, action, resource) {
	case policy.Allowed:
		return nil
	case policy.Denied:
		return x.fault(denied, "User: %s is not authorized to perform: %s on resource: %s with an explicit deny in a session policy",
			caller.ARN, action, resource)
	}
	return x.fault(denied, "User: %s is not authorized to perform: %s on resource: %s because no session policy allows the %s action",
		caller.ARN, action, resource, action)
}

var malformedPolicy = named{http.StatusBadRequest, "MalformedPolicyDocument"}

// sessionPolicies are those that AssumeRole is called with, as they are kept.
func (x *exchange) sessionPolicies(inline string, arns []string) (string, error) {
	var documents []string
	for _, arn := range arns {
		document, ok := policy.Managed(arn)
		if !ok {
			return "", x.fault(malformedPolicy, "The policy %s does not exist or is not attachable."+
				" (this local Identity Center knows a few of AWS's own, as arn:aws:iam::aws:policy/ReadOnlyAccess)", clean(arn))
		}
		documents = append(documents, document)
	}
	if inline != "" {
		_, err := policy.Parse(inline)
		if wrong, ok := errors.AsType[*policy.SyntaxError](err); ok {
			return "", x.fault(malformedPolicy, "%s", clean(wrong.Problem))
		}
		documents = append(documents, inline)
	}
	if len(documents) == 0 {
		return "", nil
	}
	return policy.Encode(documents), nil
}
