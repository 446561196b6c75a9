package awsapi

import (
	"context"
	"errors"
	"regexp"
	"sync"

	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sigv4"
)

// caller verifies the signature of a call and returns whose it is.
func (h *Handler) caller(x *exchange) (grant.RoleCredential, error) {
	var found grant.RoleCredential
	v := sigv4.Verifier{RequestClock: h.SignatureNow, Lookup: func(ctx context.Context, accessKeyID string) (sigv4.Secret, error) {
		cred, secret, checkToken, err := h.Grant.RoleCredential(ctx, accessKeyID)
		if errors.Is(err, grant.ErrUnauthorized) {
			return sigv4.Secret{}, sigv4.ErrUnknownKey
		}
		if err != nil {
			return sigv4.Secret{}, err
		}
		found = cred
		return sigv4.Secret{Key: secret, CheckToken: checkToken, Expires: cred.ExpiresAt}, nil
	}}
	if id := sigv4.AccessKeyID(x.r); accessKeyID().MatchString(id) {
		x.event.AccessKeyID = id
	}
	_, err := v.Verify(x.r, x.body, x.now)
	refusal, refused := errors.AsType[*sigv4.Error](err)
	if err == nil || refused && knownHolder(refusal.Kind) {
		x.credential(found)
	}
	if refused {
		return grant.RoleCredential{}, x.signatureFault(refusal)
	}
	if err != nil {
		return grant.RoleCredential{}, err
	}
	return found, nil
}

// accessKeyID is what an access key id looks like; what does not look like one
// may be a secret in the wrong place.
var accessKeyID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z]{4}[A-Z0-9]{12,28}$`) })

// knownHolder says whether whoever is refused has shown to hold the credential.
func knownHolder(k sigv4.Kind) bool {
	return k == sigv4.Expired || k == sigv4.Skewed || k == sigv4.PresignExpired
}

// signatureFault words a refusal as AWS does, and adds what only a local
// Identity Center needs to say.
func (x *exchange) signatureFault(e *sigv4.Error) *fault {
	n, ok := x.words().signature[e.Kind]
	if !ok {
		n = x.words().malformed
	}
	if x.protocol == s3XML && e.Kind == sigv4.Incomplete && x.r.Header.Get("Authorization") == "" {
		n.code = "AuthorizationQueryParametersError"
	}
	text := "The request signature is not valid: " + e.Detail
	switch e.Kind {
	case sigv4.Missing:
		text = "Request is missing Authentication Token: " + about
	case sigv4.UnknownKey, sigv4.BadToken:
		text = "The security token included in the request is invalid"
		switch {
		case x.protocol == s3XML && e.Kind == sigv4.UnknownKey:
			text = "The AWS Access Key Id you provided does not exist in our records"
		case x.protocol == s3XML:
			text = "The provided token is malformed or otherwise invalid"
		case x.protocol == ec2XML:
			text = "AWS was not able to validate the provided access credentials"
		}
		text += ": this is a local AWS IAM Identity Center, which knows only the role credentials that it issued itself"
	case sigv4.Expired:
		text = "The security token included in the request is expired: " + e.Detail
	case sigv4.Mismatch:
		text = "The request signature we calculated does not match the signature you provided." +
			" Check your AWS Secret Access Key and signing method (" + e.Detail + ")"
	case sigv4.Skewed:
		if x.protocol == s3XML {
			text = "The difference between the request time and the current time is too large: " + e.Detail
		}
	case sigv4.PresignExpired:
		text = "Request has expired: " + e.Detail
	}
	return x.fault(n, "%s", text)
}
