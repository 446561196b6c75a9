package awsapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/portico-sso/portico/internal/idc/sigv4"
)

// served are the operations that are answered in earnest, by service.
var served = []struct {
	service    string
	operations []string
}{
	{"sso-oidc", []string{"RegisterClient", "StartDeviceAuthorization", "CreateToken"}},
	{"sso", []string{"ListAccounts", "ListAccountRoles", "GetRoleCredentials", "Logout"}},
	{"sts", names(stsOperations)},
	{"s3", []string{"ListBuckets"}},
	{"sso-admin", names(ssoAdminOperations)},
	{"identitystore", names(identityStoreOperations)},
	{"organizations", names(organizationsOperations)},
}

// operation is one of a service that finds them by name.
type operation[Answer any] struct {
	name   string
	answer Answer
}

func names[Answer any](operations []operation[Answer]) []string {
	var all []string
	for _, op := range operations {
		all = append(all, op.name)
	}
	return all
}

// Operations are all operations that are served, as sso-oidc:CreateToken.
func Operations() []string {
	var all []string
	for _, s := range served {
		for _, name := range s.operations {
			all = append(all, s.service+":"+name)
		}
	}
	return all
}

// Serves says whether an operation is served: CreateToken or sso-oidc:CreateToken,
// in any case; or whether a service is: sso-oidc:*.
func Serves(op string) bool {
	service, operation, qualified := strings.Cut(op, ":")
	if !qualified {
		service, operation = "", op
	}
	for _, s := range served {
		if strings.EqualFold(s.service, service) && operation == "*" {
			return true
		}
		if (service == "" || strings.EqualFold(s.service, service)) &&
			slices.ContainsFunc(s.operations, func(name string) bool { return strings.EqualFold(name, operation) }) {
			return true
		}
	}
	return false
}

// Identify says which operation of which service r calls, as far as r tells:
// an operation that is not named is method and path, a service "". The query
// protocol names them in the body, which is read for that and put back.
func (h *Handler) Identify(r *http.Request) (service, operation string) {
	c := identify(r)
	return c.service, c.operation
}

func identify(r *http.Request) call {
	c := classify(r)
	if c.protocol != queryXML && c.protocol != ec2XML {
		return c
	}
	if q, err := parseParameters(queryText(r, Peek(r))); err == nil && q["Action"] != "" {
		c.nameAction(q)
	}
	return c
}

// Who says by whose client and for whom r calls, by name, "" where r does not
// tell or it is not known here. body is that of r. It believes what r says and
// verifies no secret and no signature. A signed call names a person and no client.
// Of CreateToken it is the person whose token, or whose decision, is presented.
func (h *Handler) Who(r *http.Request, body []byte) (client, user string) {
	ctx := r.Context()
	switch classify(r).protocol {
	case oidcJSON:
		o, err := parseObject(body)
		if err != nil {
			return "", ""
		}
		if name, _ := o.text("clientName"); name != "" && r.URL.Path == "/client/register" {
			return name, ""
		}
		id, _ := o.text("clientId")
		if c, err := h.Grant.Store.Client(ctx, id); err == nil {
			client = c.Name
		}
		user = h.userName(ctx, h.Grant.Whose(ctx, presented(o, "deviceCode"), presented(o, "code"), presented(o, "refreshToken")))
	case portalJSON:
		token, err := (&exchange{r: r}).bearer()
		if err != nil {
			return "", ""
		}
		var id string
		client, id = h.Grant.WhoseAccess(ctx, token)
		user = h.userName(ctx, id)
	default:
		if cred, _, _, err := h.Grant.RoleCredential(ctx, sigv4.AccessKeyID(r)); err == nil {
			user = cred.UserName
		}
	}
	return client, user
}

// presented is a member of a body, "" when there is none or it is no text.
func presented(o object, name string) string {
	value, _ := o.text(name)
	return value
}

// Refuse answers r with an error in the protocol of its call, whatever r asks
// for. errorType is one of that service's, or of sso-oidc an OAuth error code;
// "" means the one that goes with the status. status 0 means the type's own.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, errorType string, status int, message string) {
	x := h.newExchange(w, r, identify(r))
	h.refuse(w, x, x.refusal(errorType, status, message))
}

// Throttle answers r as its service answers who calls too often. Services differ
// in that, and clients wait and try again by the type.
func (h *Handler) Throttle(w http.ResponseWriter, r *http.Request, message string) {
	x := h.newExchange(w, r, identify(r))
	errorType, status := "", http.StatusTooManyRequests
	switch x.protocol {
	case queryXML, restXML:
		errorType, status = "Throttling", http.StatusBadRequest
	case ec2XML:
		errorType, status = "RequestLimitExceeded", http.StatusServiceUnavailable
	case s3XML:
		errorType, status = "SlowDown", http.StatusServiceUnavailable
	case targetJSON:
		errorType, status = "ThrottlingException", http.StatusBadRequest
		if x.service == "organizations" {
			errorType = "TooManyRequestsException"
		}
	}
	h.refuse(w, x, x.refusal(errorType, status, message))
}

// exception is an error type that clients know, with the status it has.
type exception struct {
	status int
	code   string
	oauth  string // sso-oidc only
}

// oidcExceptions are those of the service model, with the OAuth errors that
// stand in the body. Of several with one status, or one OAuth error, the first
// is what that alone means.
var oidcExceptions = []exception{
	{400, "InvalidRequestException", "invalid_request"},
	{401, "InvalidClientException", "invalid_client"},
	{400, "InvalidClientMetadataException", "invalid_client_metadata"},
	{400, "InvalidRedirectUriException", "invalid_redirect_uri"},
	{400, "InvalidScopeException", "invalid_scope"},
	{400, "UnsupportedGrantTypeException", "unsupported_grant_type"},
	{400, "UnauthorizedClientException", "unauthorized_client"},
	{400, "InvalidGrantException", "invalid_grant"},
	{400, "AuthorizationPendingException", "authorization_pending"},
	{400, "SlowDownException", "slow_down"},
	{400, "AccessDeniedException", "access_denied"},
	{400, "ExpiredTokenException", "expired_token"},
	{500, "InternalServerException", "server_error"},
	{400, "InvalidRequestRegionException", "invalid_request"},
	// In no model, but every AWS service may send them.
	{429, "TooManyRequestsException", "slow_down"},
	{429, "ThrottlingException", "slow_down"},
	{403, "ForbiddenException", "access_denied"},
	{503, "ServiceUnavailableException", "server_error"},
}

var portalExceptions = []exception{
	{400, "InvalidRequestException", ""},
	{401, "UnauthorizedException", ""},
	{403, "ForbiddenException", ""},
	{404, "ResourceNotFoundException", ""},
	{429, "TooManyRequestsException", ""},
	{500, "InternalServerException", ""},
	{503, "ServiceUnavailableException", ""},
	{403, "AccessDeniedException", ""},
	{429, "ThrottlingException", ""},
	{401, "ExpiredTokenException", ""},
}

// queryExceptions are AWS's common errors and STS's own.
var queryExceptions = []exception{
	{403, "AccessDenied", ""},
	{400, "ValidationError", ""},
	{400, "InvalidAction", ""},
	{500, "InternalFailure", ""},
	{503, "ServiceUnavailable", ""},
	{403, "ExpiredToken", ""},
	{403, "SignatureDoesNotMatch", ""},
	{403, "InvalidClientTokenId", ""},
	{403, "MissingAuthenticationToken", ""},
	{403, "OptInRequired", ""},
	{403, "RegionDisabledException", ""},
	{400, "IncompleteSignature", ""},
	{400, "RequestExpired", ""},
	{400, "Throttling", ""},
	{429, "ThrottlingException", ""},
	{429, "TooManyRequestsException", ""},
}

var s3Exceptions = []exception{
	{400, "InvalidRequest", ""},
	{403, "AccessDenied", ""},
	{404, "NoSuchBucket", ""},
	{405, "MethodNotAllowed", ""},
	{409, "OperationAborted", ""},
	{412, "PreconditionFailed", ""},
	{429, "TooManyRequests", ""},
	{500, "InternalError", ""},
	{501, "NotImplemented", ""},
	{503, "SlowDown", ""},
	{503, "ServiceUnavailable", ""},
	{400, "ExpiredToken", ""},
	{400, "InvalidToken", ""},
	{403, "InvalidAccessKeyId", ""},
	{403, "SignatureDoesNotMatch", ""},
	{403, "RequestTimeTooSkewed", ""},
	{403, "AllAccessDisabled", ""},
	{404, "NoSuchKey", ""},
	{400, "RequestTimeout", ""},
}

// jsonExceptions are what AWS's JSON services have in common: all of them 400
// or 500, but for what does not come from the service itself.
var jsonExceptions = []exception{
	{400, "ValidationException", ""},
	{403, "AccessDeniedException", ""},
	{404, "ResourceNotFoundException", ""},
	{409, "ConflictException", ""},
	{429, "ThrottlingException", ""},
	{500, "InternalServerException", ""},
	{503, "ServiceUnavailableException", ""},
	{429, "TooManyRequestsException", ""},
	{403, "ExpiredTokenException", ""},
	{403, "UnrecognizedClientException", ""},
	{403, "InvalidSignatureException", ""},
	{403, "MissingAuthenticationTokenException", ""},
}

// organizationsExceptions are those of AWS Organizations, which has names of its
// own for what they all have.
var organizationsExceptions = append([]exception{
	{400, "InvalidInputException", ""},
	{404, "AccountNotFoundException", ""},
	{409, "ConcurrentModificationException", ""},
	{429, "TooManyRequestsException", ""},
	{500, "ServiceException", ""},
}, jsonExceptions...)

func (c *call) exceptions() []exception {
	if c.protocol == targetJSON && c.service == "organizations" {
		return organizationsExceptions
	}
	switch c.protocol {
	case oidcJSON:
		return oidcExceptions
	case portalJSON:
		return portalExceptions
	case queryXML, ec2XML, restXML:
		return queryExceptions
	case s3XML:
		return s3Exceptions
	}
	return jsonExceptions
}

// refusal words an error that is none of ours. What nobody knows is the
// caller's fault, with status 400.
func (c *call) refusal(errorType string, status int, message string) *fault {
	if status < 300 || status > 599 { // nothing that an error can be
		status = 0
	}
	if errorType == "" && status == 0 {
		status = http.StatusInternalServerError
	}
	known := c.exceptions()
	i := slices.IndexFunc(known, func(e exception) bool {
		if errorType == "" {
			return e.status == status
		}
		return e.code == errorType || e.oauth != "" && e.oauth == errorType
	})
	e := exception{status: http.StatusBadRequest, code: errorType}
	switch {
	case i >= 0:
		e = known[i]
	case errorType == "" && status >= 500:
		e.code = c.words().internal.code
	case errorType == "":
		e.code = c.words().malformed.code
	}
	f := &fault{status: e.status, code: headerText(e.code), oauth: e.oauth, message: message}
	if status != 0 {
		f.status = status
	}
	if i >= 0 && c.protocol == targetJSON && status == 0 && f.status < 500 && f.status != http.StatusTooManyRequests {
		f.status = http.StatusBadRequest // JSON 1.0 and 1.1 have no other
	}
	return f
}

// headerText makes an error type fit for a header: somebody chose it.
func headerText(s string) string {
	return strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' || c == ':' || c == ',' {
			return '?'
		}
		return c
	}, clean(s))
}
