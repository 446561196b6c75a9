package awsapi

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/portico-sso/portico/internal/idc/sigv4"
)

// fault is an error for the caller. Its cause goes to the log alone.
type fault struct {
	status  int
	code    string // AWS error code
	oauth   string // the OAuth error that goes with it, sso-oidc only
	message string
	detail  faultDetail
	cause   error
}

// faultDetail is what errors of JSON 1.1 may say besides.
type faultDetail struct {
	Reason       string `json:",omitempty"`
	RequestID    string `json:"RequestId,omitempty"`
	ResourceType string `json:",omitempty"`
	ResourceID   string `json:"ResourceId,omitempty"`
}

func (f *fault) Error() string { return f.code + ": " + f.message }

// named is one error in one protocol's words.
type named struct {
	status int
	code   string
}

// wording holds a protocol's words for what can go wrong with any call.
type wording struct {
	unknownOperation, badMethod, tooLarge, busy, malformed, foreign, internal named
	signature                                                                 map[sigv4.Kind]named
}

var (
	oidcWords = wording{
		unknownOperation: named{400, "UnknownOperationException"},
		badMethod:        named{405, "InvalidRequestException"},
		tooLarge:         named{413, "InvalidRequestException"},
		busy:             named{503, "ServiceUnavailableException"},
		malformed:        named{400, "InvalidRequestException"},
		foreign:          named{403, "InvalidRequestException"},
		internal:         named{500, "InternalServerException"},
		signature:        restWords.signature,
	}
	portalWords = wording{
		unknownOperation: named{404, "UnknownOperationException"},
		badMethod:        named{405, "InvalidRequestException"},
		tooLarge:         named{413, "InvalidRequestException"},
		busy:             named{503, "ServiceUnavailableException"},
		malformed:        named{400, "InvalidRequestException"},
		foreign:          named{403, "ForbiddenException"},
		internal:         named{500, "InternalServerException"},
	}
	// JSON 1.0 and 1.1, whose errors are all 400 or 500.
	targetWords = wording{
		unknownOperation: named{400, "UnknownOperationException"},
		badMethod:        named{405, "UnknownOperationException"},
		tooLarge:         named{413, "RequestEntityTooLargeException"},
		busy:             named{503, "ServiceUnavailableException"},
		malformed:        named{400, "SerializationException"},
		foreign:          named{403, "AccessDeniedException"},
		internal:         named{500, "InternalServerException"},
		signature:        jsonSignature(400),
	}
	organizationsWords = wording{
		unknownOperation: targetWords.unknownOperation,
		badMethod:        targetWords.badMethod,
		tooLarge:         targetWords.tooLarge,
		busy:             named{503, "ServiceException"},
		malformed:        targetWords.malformed,
		foreign:          targetWords.foreign,
		internal:         named{500, "ServiceException"},
		signature:        targetWords.signature,
	}
	restWords = wording{
		unknownOperation: named{404, "UnknownOperationException"},
		badMethod:        named{405, "UnknownOperationException"},
		tooLarge:         named{413, "RequestEntityTooLargeException"},
		busy:             named{503, "ServiceUnavailableException"},
		malformed:        named{400, "SerializationException"},
		foreign:          named{403, "AccessDeniedException"},
		internal:         named{500, "InternalServerException"},
		signature:        jsonSignature(403),
	}
	queryWords = wording{
		unknownOperation: named{400, "InvalidAction"},
		badMethod:        named{405, "InvalidAction"},
		tooLarge:         named{413, "RequestEntityTooLarge"},
		busy:             named{503, "ServiceUnavailable"},
		malformed:        named{400, "MalformedQueryString"},
		foreign:          named{403, "AccessDenied"},
		internal:         named{500, "InternalFailure"},
		signature: map[sigv4.Kind]named{
			sigv4.Missing:        {403, "MissingAuthenticationToken"},
			sigv4.Incomplete:     {400, "IncompleteSignature"},
			sigv4.UnknownKey:     {403, "InvalidClientTokenId"},
			sigv4.BadToken:       {403, "InvalidClientTokenId"},
			sigv4.Expired:        {403, "ExpiredToken"},
			sigv4.Mismatch:       {403, "SignatureDoesNotMatch"},
			sigv4.Skewed:         {403, "SignatureDoesNotMatch"},
			sigv4.PresignExpired: {403, "SignatureDoesNotMatch"},
		},
	}
	ec2Words = wording{
		unknownOperation: named{400, "InvalidAction"},
		badMethod:        named{405, "InvalidAction"},
		tooLarge:         named{413, "RequestEntityTooLarge"},
		busy:             named{503, "Unavailable"},
		malformed:        named{400, "MalformedQueryString"},
		foreign:          named{403, "UnauthorizedOperation"},
		internal:         named{500, "InternalError"},
		signature: map[sigv4.Kind]named{
			sigv4.Missing:        {400, "MissingAuthenticationToken"},
			sigv4.Incomplete:     {400, "IncompleteSignature"},
			sigv4.UnknownKey:     {401, "AuthFailure"},
			sigv4.BadToken:       {401, "AuthFailure"},
			sigv4.Expired:        {400, "RequestExpired"},
			sigv4.Mismatch:       {401, "AuthFailure"},
			sigv4.Skewed:         {400, "RequestExpired"},
			sigv4.PresignExpired: {400, "RequestExpired"},
		},
	}
	s3Words = wording{
		unknownOperation: named{501, "NotImplemented"},
		badMethod:        named{405, "MethodNotAllowed"},
		tooLarge:         named{413, "EntityTooLarge"},
		busy:             named{503, "ServiceUnavailable"},
		malformed:        named{400, "InvalidRequest"},
		foreign:          named{403, "AccessDenied"},
		internal:         named{500, "InternalError"},
		signature: map[sigv4.Kind]named{
			sigv4.Missing:        {403, "MissingAuthenticationToken"},
			sigv4.Incomplete:     {400, "AuthorizationHeaderMalformed"},
			sigv4.UnknownKey:     {403, "InvalidAccessKeyId"},
			sigv4.BadToken:       {400, "InvalidToken"},
			sigv4.Expired:        {400, "ExpiredToken"},
			sigv4.Mismatch:       {403, "SignatureDoesNotMatch"},
			sigv4.Skewed:         {403, "RequestTimeTooSkewed"},
			sigv4.PresignExpired: {403, "AccessDenied"},
		},
	}
)

func jsonSignature(status int) map[sigv4.Kind]named {
	return map[sigv4.Kind]named{
		sigv4.Missing:        {status, "MissingAuthenticationTokenException"},
		sigv4.Incomplete:     {status, "IncompleteSignatureException"},
		sigv4.UnknownKey:     {status, "UnrecognizedClientException"},
		sigv4.BadToken:       {status, "UnrecognizedClientException"},
		sigv4.Expired:        {status, "ExpiredTokenException"},
		sigv4.Mismatch:       {status, "InvalidSignatureException"},
		sigv4.Skewed:         {status, "InvalidSignatureException"},
		sigv4.PresignExpired: {status, "InvalidSignatureException"},
	}
}

func (c *call) words() *wording {
	if c.protocol == targetJSON && c.service == "organizations" {
		return &organizationsWords
	}
	switch c.protocol {
	case oidcJSON:
		return &oidcWords
	case portalJSON:
		return &portalWords
	case targetJSON, rpcCBOR:
		return &targetWords
	case queryXML:
		return &queryWords
	case ec2XML:
		return &ec2Words
	case s3XML:
		return &s3Words
	}
	return &restWords
}

func (c *call) fault(n named, format string, args ...any) *fault {
	return &fault{status: n.status, code: n.code, message: fmt.Sprintf(format, args...)}
}

// about is what every refusal to serve says, so that a person whose endpoint
// variable caught more than they meant understands at once.
const about = "this is a local AWS IAM Identity Center (portico), not AWS. It serves " +
	"sso-oidc RegisterClient, StartDeviceAuthorization, CreateToken; " +
	"sso ListAccounts, ListAccountRoles, GetRoleCredentials, Logout; " +
	"sts GetCallerIdentity, GetAccessKeyInfo, AssumeRole; s3 ListBuckets; " +
	"and what reads the organisation, and assigns, by sso-admin, identitystore and organizations"

func (c *call) unknownOperation() *fault {
	name := clean(strings.TrimSpace(c.service + " " + c.operation))
	return c.fault(c.words().unknownOperation, "%s is not served: %s", name, about)
}

// faultOf turns any error into the one that the caller sees.
func (x *exchange) faultOf(err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	f := x.fault(x.words().internal, "the local Identity Center failed to answer; its log says why")
	f.cause = err
	return f
}

const (
	oidcErrors   = ":http://internal.amazon.com/coral/com.amazonaws.sso.oidc/"
	portalErrors = ":http://internal.amazon.com/coral/com.amazonaws.switchboard.portal/"
)

func (x *exchange) writeFault(w http.ResponseWriter, f *fault) {
	header := w.Header()
	kind := "Sender"
	if f.status >= 500 {
		kind = "Receiver"
	}
	switch x.protocol {
	case oidcJSON:
		// The body stays pure OAuth; without the header no client knows the type.
		oauth := f.oauth
		if oauth == "" {
			oauth = "invalid_request"
			if f.status >= 500 {
				oauth = "server_error"
			}
		}
		header["X-Amzn-Errortype"] = []string{f.code + oidcErrors}
		send(w, f.status, "application/json", encodeJSON(struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}{oauth, f.message}))
	case portalJSON:
		header["X-Amzn-Errortype"] = []string{f.code + portalErrors}
		send(w, f.status, "application/json", encodeJSON(struct {
			Message string `json:"message"`
			Type    string `json:"__type"`
		}{f.message, "com.amazonaws.switchboard.portal#" + f.code}))
	case targetJSON:
		send(w, f.status, x.jsonType, encodeJSON(struct {
			Type    string `json:"__type"`
			Message string `json:"Message"`
			faultDetail
		}{f.code, f.message, f.detail}))
	case rpcCBOR:
		header.Set("Smithy-Protocol", "rpc-v2-cbor")
		send(w, f.status, "application/cbor", cborFault(f))
	case queryXML:
		x.writeQueryFault(w, f, kind)
	case ec2XML:
		send(w, f.status, "text/xml;charset=UTF-8", encodeXML(struct {
			XMLName xml.Name `xml:"Response"`
			Code    string   `xml:"Errors>Error>Code"`
			Message string   `xml:"Errors>Error>Message"`
			ID      string   `xml:"RequestID"`
		}{Code: f.code, Message: f.message, ID: x.id}))
	case s3XML:
		x.s3Headers(header)
		send(w, f.status, "application/xml", encodeXML(struct {
			XMLName  xml.Name `xml:"Error"`
			Code     string
			Message  string
			Resource string
			ID       string `xml:"RequestId"`
			HostID   string `xml:"HostId"`
		}{Code: f.code, Message: f.message, Resource: clean(x.r.URL.Path), ID: x.s3RequestID(), HostID: x.id}))
	case restXML:
		send(w, f.status, "text/xml", encodeXML(errorResponse("", kind, f, x.id)))
	default:
		header["X-Amzn-Errortype"] = []string{f.code}
		send(w, f.status, "application/json", encodeJSON(struct {
			Message string `json:"message"`
		}{f.message}))
	}
}

// xmlFault is the error of the query protocol and of most REST-XML services.
type xmlFault struct {
	XMLName xml.Name
	Type    string `xml:"Error>Type"`
	Code    string `xml:"Error>Code"`
	Message string `xml:"Error>Message"`
	ID      string `xml:"RequestId"`
}

func errorResponse(namespace, kind string, f *fault, id string) xmlFault {
	return xmlFault{xml.Name{Space: namespace, Local: "ErrorResponse"}, kind, f.code, f.message, id}
}

func (x *exchange) writeReply(w http.ResponseWriter, reply any) error {
	switch reply := reply.(type) {
	case nil:
		w.WriteHeader(http.StatusOK)
	case queryReply:
		return x.writeQueryReply(w, reply)
	case bucketList:
		x.s3Headers(w.Header())
		send(w, http.StatusOK, "application/xml", encodeXML(reply))
	default:
		contentType := "application/json"
		if x.protocol == targetJSON {
			contentType = x.jsonType
		}
		send(w, http.StatusOK, contentType, encodeJSON(reply))
	}
	return nil
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that went away is nobody's fault
}

// encodeJSON and encodeXML take types of this package alone, which always
// encode.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func encodeXML(v any) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	_ = xml.NewEncoder(&b).Encode(v)
	return b.Bytes()
}

// cborFault is the map {"__type": code, "message": text} of RFC 8949.
func cborFault(f *fault) []byte {
	text := func(b []byte, s string) []byte {
		b = append(b, 0x79) // text string, length in two bytes
		b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
		return append(b, s...)
	}
	b := []byte{0xa2} // map of two pairs
	b = text(text(b, "__type"), f.code)
	return text(text(b, "message"), f.message)
}
