package awsapi

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/portico-sso/portico/internal/idc/grant"
)

// eventSources are the services whose event source is not their own name.
var eventSources = map[string]string{"sso-oidc": "sso-oauth", "sso-admin": "sso"}

var (
	serviceName   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`) })
	operationName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,99}$`) })
)

// event is the event of a call by source and name, which are "" where the call
// names no operation of no service. Calls that are not served have one too:
// they show what a client wants.
func (c *call) event() (source, name string) {
	name = c.operation[strings.LastIndexByte(c.operation, '.')+1:] // of a target
	if !serviceName().MatchString(c.service) || !operationName().MatchString(name) {
		return "", ""
	}
	return cmp.Or(eventSources[c.service], c.service), name
}

// record tells the request's event which call it was and how it ended. Who
// called, and for what, was told on the way, as it was found out.
func (h *Handler) record(x *exchange, f *fault) {
	x.event.Source, x.event.Name = x.call.event()
	if f != nil {
		x.event.ErrorCode, x.event.ErrorMessage = f.code, f.message
	}
}

// parameter notes a parameter of the call for its event: never a secret, and
// nothing that could be one sent in the wrong place.
func (x *exchange) parameter(name, value string) {
	if value == "" {
		return
	}
	if x.event.Request == nil {
		x.event.Request = map[string]string{}
	}
	x.event.Request[name] = clean(value)
}

// person notes whose call it is.
func (h *Handler) person(x *exchange, userID, workflow string) {
	x.event.UserID = cmp.Or(userID, x.event.UserID)
	x.event.Workflow = cmp.Or(workflow, x.event.Workflow)
	if userID != "" {
		x.event.UserName = h.userName(x.context(), userID)
	}
}

// credential notes a role's credentials, issued or used.
func (x *exchange) credential(c grant.RoleCredential) {
	e := x.event
	e.AccessKeyID, e.ARN, e.AccountID = c.AccessKeyID, c.ARN, c.AccountID
	e.UserID, e.UserName, e.SessionID = c.UserID, c.UserName, c.SessionID
	e.Workflow = c.Workflow
}

// userName is a person's name, "" for who is no longer here.
func (h *Handler) userName(ctx context.Context, id string) string {
	u, err := h.Directory.User(ctx, id)
	if err != nil {
		return ""
	}
	return u.Name
}

// plainURL is an address without what could carry a secret.
func plainURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// RemoteAddress is the address that a request came from, without its port.
func RemoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// EventOf is the event source and name of what Identify returns, "" for what is
// no event.
func EventOf(service, operation string) (source, name string) {
	return (&call{service: service, operation: operation}).event()
}
