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

func neverSigned(action string) bool { return strings.HasPrefix(action, "AssumeRoleWith") }

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
	var caller grant.RoleCredential
	if signed || !neverSigned(action) {
		caller, err = h.caller(x)
		if err != nil {
			return nil, err
		}
	}
	// The service is the one in the scope that was just verified, so nothing
	// signed for another service gets further.
	if x.service != "sts" {
		return nil, x.unknownOperation()
	}
	if q["Version"] != stsVersion {
		return nil, x.fault(x.words().unknownOperation, "could not find operation %s for version %s", clean(action), clean(q["Version"]))
	}
	for _, op := range stsOperations {
		if op.name == action {
			return op.answer(h, x, q, caller)
		}
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
