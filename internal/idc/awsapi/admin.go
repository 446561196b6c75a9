package awsapi

import (
	"errors"
	"net/http"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sigv4"
)

// adminOperation is an operation by which the organisation is administered.
type adminOperation = operation[func(h *Handler, q *question) (any, error)]

// adminService is a service of such operations. All of them are JSON 1.1, with
// the operation in X-Amz-Target.
type adminService struct {
	name       string
	signing    string // the name in the scope of signatures, and in IAM actions
	operations []adminOperation
}

var adminServices = []adminService{
	{"sso-admin", "sso", ssoAdminOperations},
	{"identitystore", "identitystore", identityStoreOperations},
	{"organizations", "organizations", organizationsOperations},
}

// serveAdmin answers the services of administrators. Those of X-Amz-Target that
// are none of them are not served, like the operations that are not here.
func (h *Handler) serveAdmin(x *exchange) (any, error) {
	caller, err := h.caller(x)
	if err != nil {
		return nil, err
	}
	for _, s := range adminServices {
		if s.name != x.service {
			continue
		}
		if sigv4.Service(x.r) != s.signing {
			return nil, x.fault(x.words().signature[sigv4.Mismatch], "Credential should be scoped to correct service: '%s'.", s.signing)
		}
		for _, op := range s.operations {
			if op.name == x.operation {
				return h.administer(x, s, op, caller)
			}
		}
	}
	return nil, x.unknownOperation()
}

func (h *Handler) administer(x *exchange, s adminService, op adminOperation, caller grant.RoleCredential) (any, error) {
	instance, err := h.Directory.Instance(x.context())
	if err != nil {
		return nil, err
	}
	if err := x.authorize(s.signing, caller, instance); err != nil {
		return nil, err
	}
	members, err := parseObject(x.body)
	if err != nil {
		return nil, x.malformed(err)
	}
	q := &question{exchange: x, instance: instance, caller: caller}
	q.input = input{members: members, q: q}
	return op.answer(h, q)
}

// authorize refuses whoever may not administer, in AWS's words and with what
// would help here. As in AWS the management account alone administers, but
// everybody's administrators may see that there is an instance, and which account
// manages the organization.
func (x *exchange) authorize(signing string, caller grant.RoleCredential, i directory.Instance) error {
	denied := named{http.StatusBadRequest, "AccessDeniedException"}
	action, resource := signing+":"+x.operation, "*"
	switch {
	case signing == "organizations":
	case signing == "identitystore":
		resource = i.IdentityStoreARN()
	case x.operation != "ListInstances":
		resource = i.ARN()
	}
	on := " on resource: " + resource
	if x.operation == "ListInstances" {
		on = ""
	}
	if err := x.permits(caller, action, resource, denied); err != nil {
		return err
	}
	if !caller.Administrator {
		return x.fault(denied, "User: %s is not authorized to perform: %s%s because no identity-based policy allows the %s action"+
			" (in this local Identity Center permission sets with administrator: true allow it)", caller.ARN, action, on, action)
	}
	switch {
	case caller.AccountID == i.ManagementAccount,
		x.service == "sso-admin" && (x.operation == "ListInstances" || x.operation == "DescribeInstance"),
		x.service == "organizations" && x.operation == "DescribeOrganization":
		return nil
	case x.service == "organizations":
		return x.fault(denied, "You don't have permissions to access this resource."+
			" (the management account %s has, and %s is another)", i.ManagementAccount, caller.AccountID)
	}
	return x.fault(denied, "User: %s is not authorized to perform: %s%s because no resource-based policy allows the %s action"+
		" (the management account %s administers this Identity Center, and %s is another)", caller.ARN, action, on, action, i.ManagementAccount, caller.AccountID)
}

// question is the call of an administrator who may ask it.
type question struct {
	*exchange
	input
	instance directory.Instance
	caller   grant.RoleCredential

	problems []problem
	mistyped error // a member of another type than its own
}

// listing is what part of a list is asked for.
type listing struct {
	limit int
	after string
	bound []string
}

// page reads MaxResults and NextToken, and then judges all that was read. A token
// belongs to its operation, and to the values that the list was chosen by.
func (q *question) page(most int, chosenBy ...string) (listing, error) {
	p := listing{limit: q.number("MaxResults", 1, most), bound: append([]string{q.service, q.operation}, chosenBy...)}
	if p.limit == 0 {
		p.limit = most
	}
	token := q.optional("NextToken", nextTokens)
	if err := q.wrong(); err != nil {
		return listing{}, err
	}
	after, err := parsePageToken(token, p.bound...)
	if err != nil {
		return listing{}, q.invalid(problem{"nextToken", reasonToken, "The pagination token is invalid: " + err.Error()})
	}
	p.after = after
	return p, nil
}

// next is the NextToken of a reply, nil at the end of the list.
func (p listing) next(after string) *string { return nextToken(after, p.bound...) }

// notFound is an answer about something that is not there.
func (q *question) notFound(code, format string, args ...any) error {
	return q.fault(named{http.StatusBadRequest, code}, format, args...)
}

// orNotFound replaces what the directory says of something that is not there.
func orNotFound(err, notFound error) error {
	if errors.Is(err, directory.ErrNotFound) {
		return notFound
	}
	return err
}
