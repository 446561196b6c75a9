package awsapi

import (
	"bytes"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"

	"github.com/portico-sso/portico/internal/idc/grant"
)

const (
	formType     = "application/x-www-form-urlencoded"
	stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"
	stsVersion   = "2011-06-15"
	ec2Version   = "2016-11-15"
)

// serveQuery answers the query protocol: STS in earnest, all others with an
// error.
func (h *Handler) serveQuery(x *exchange) (any, error) {
	if x.r.Method == http.MethodPost && len(x.body) > 0 && mediaType(x.r) != formType {
		return nil, x.fault(x.words().malformed, "Content-Type must be %s", formType)
	}
	q, err := parseParameters(queryText(x.r, x.body))
	if err != nil {
		return nil, x.malformed(err)
	}
	action := q["Action"]
	if action == "" {
		return nil, x.fault(named{http.StatusBadRequest, "MissingAction"}, "the request names no Action: %s", about)
	}
	signed := x.service != ""
	x.nameAction(q)
	if !signed && (action == "AssumeRoleWithSAML" || action == "AssumeRoleWithWebIdentity") { // never signed
		return nil, x.unknownOperation()
	}

	caller, err := h.caller(x)
	if err != nil {
		return nil, err
	}
	// The service is the one in the scope that was just verified, so nothing
	// signed for another service gets further.
	if x.service != "sts" {
		return nil, x.unknownOperation()
	}
	if q["Version"] != stsVersion {
		return nil, x.fault(x.words().unknownOperation, "could not find operation %s for version %s", clean(action), clean(q["Version"]))
	}
	switch action {
	case "GetCallerIdentity":
		return queryReply{action, callerIdentity{Arn: caller.ARN, UserID: caller.CallerID, Account: caller.AccountID}}, nil
	case "GetAccessKeyInfo":
		return h.getAccessKeyInfo(x, q)
	}
	return nil, x.unknownOperation()
}

// queryText is where the parameters of a call of the query protocol stand.
func queryText(r *http.Request, body []byte) string {
	if r.Method == http.MethodPost && len(body) > 0 {
		return string(body)
	}
	return r.URL.RawQuery
}

// nameAction takes the operation, and where no signature names it the service,
// from the parameters.
func (c *call) nameAction(q parameters) {
	c.operation = q["Action"]
	switch {
	case c.service == "" && q["Version"] == stsVersion:
		c.service = "sts"
	case c.service == "" && q["Version"] == ec2Version:
		c.protocol, c.service = ec2XML, "ec2"
	}
}

type callerIdentity struct {
	Arn     string `xml:"Arn" json:"Arn"`
	UserID  string `xml:"UserId" json:"UserId"`
	Account string `xml:"Account" json:"Account"`
}

type accessKeyInfo struct {
	Account string `xml:"Account" json:"Account"`
}

func (h *Handler) getAccessKeyInfo(x *exchange, q parameters) (any, error) {
	invalid := named{http.StatusBadRequest, "ValidationError"}
	id := q["AccessKeyId"]
	if len(id) < 16 || len(id) > 128 {
		return nil, x.fault(invalid, "AccessKeyId must be 16 to 128 characters long")
	}
	if accessKeyID.MatchString(id) {
		x.parameter("accessKeyId", id)
	}
	cred, _, _, err := h.Grant.RoleCredential(x.context(), id)
	if errors.Is(err, grant.ErrUnauthorized) {
		return nil, x.fault(invalid, "the access key is none that this local Identity Center issued")
	}
	if err != nil {
		return nil, err
	}
	return queryReply{x.operation, accessKeyInfo{cred.AccountID}}, nil
}

// queryReply is the result of an action, which names the elements around it.
type queryReply struct {
	action string
	result any
}

// wantsJSON: verifiers of presigned GetCallerIdentity requests ask STS for JSON,
// aws-iam-authenticator among them.
func (x *exchange) wantsJSON() bool {
	return strings.HasPrefix(x.r.Header.Get("Accept"), "application/json")
}

func (x *exchange) writeQueryReply(w http.ResponseWriter, reply queryReply) error {
	type metadata struct {
		RequestID string `xml:"RequestId" json:"RequestId"`
	}
	response, result := reply.action+"Response", reply.action+"Result"
	if x.wantsJSON() {
		send(w, http.StatusOK, "application/json", encodeJSON(map[string]any{response: map[string]any{
			result: reply.result, "ResponseMetadata": metadata{x.id},
		}}))
		return nil
	}
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	outer := xml.StartElement{Name: xml.Name{Space: stsNamespace, Local: response}}
	element := func(name string) xml.StartElement { return xml.StartElement{Name: xml.Name{Local: name}} }
	err := errors.Join(
		e.EncodeToken(outer),
		e.EncodeElement(reply.result, element(result)),
		e.EncodeElement(metadata{x.id}, element("ResponseMetadata")),
		e.EncodeToken(outer.End()),
		e.Flush(),
	)
	if err != nil {
		return err
	}
	send(w, http.StatusOK, "text/xml", b.Bytes())
	return nil
}

func (x *exchange) writeQueryFault(w http.ResponseWriter, f *fault, kind string) {
	if x.wantsJSON() {
		type detail struct{ Code, Message, Type string }
		send(w, f.status, "application/json", encodeJSON(struct {
			Error     detail
			RequestID string `json:"RequestId"`
		}{detail{f.code, f.message, kind}, x.id}))
		return
	}
	namespace := ""
	if x.service == "sts" {
		namespace = stsNamespace
	}
	send(w, f.status, "text/xml", encodeXML(errorResponse(namespace, kind, f, x.id)))
}
