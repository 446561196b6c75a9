package awsapi

import (
	"github.com/portico-sso/portico/internal/idc/directory"
)

var organizationsOperations = []adminOperation{
	{"DescribeOrganization", (*Handler).describeOrganization},
	{"ListAccounts", (*Handler).listOrganizationAccounts},
	{"DescribeAccount", (*Handler).describeAccount},
	{"ListRoots", (*Handler).listRoots},
	{"ListParents", (*Handler).listParents},
	{"ListChildren", (*Handler).listChildren},
	{"ListOrganizationalUnitsForParent", (*Handler).listOrganizationalUnits},
	{"ListAccountsForParent", (*Handler).listAccountsForParent},
	{"ListTagsForResource", (*Handler).listOrganizationTags},
	{"ListDelegatedAdministrators", (*Handler).listDelegatedAdministrators},
}

// maxOrganizationsPage is the largest page of AWS Organizations.
const maxOrganizationsPage = 20

const (
	rootIDs = `r-[0-9a-z]{4,32}`
	unitIDs = `ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}`
)

var (
	childIDs          = pattern(`\d{12}|` + unitIDs)
	parentIDs         = pattern(rootIDs + `|` + unitIDs)
	servicePrincipals = pattern(`[\w+=,.@-]*`).upTo(128)
	taggableIDs       = pattern(rootIDs + `|\d{12}|` + unitIDs + `|p-[0-9a-zA-Z_]{8,128}|rp-[0-9a-zA-Z_]{4,128}|rt-[0-9a-zA-Z_]{8,32}`)
)

type organizationInfo struct {
	ID                   string `json:"Id"`
	Arn                  string
	FeatureSet           string
	MasterAccountArn     string
	MasterAccountID      string     `json:"MasterAccountId"`
	MasterAccountEmail   string     `json:",omitempty"`
	AvailablePolicyTypes []struct{} // none
}

func (h *Handler) describeOrganization(q *question) (any, error) {
	i := q.instance
	management, err := h.Directory.Account(q.context(), i.ManagementAccount)
	if err != nil {
		return nil, err
	}
	return struct{ Organization organizationInfo }{organizationInfo{
		ID: i.OrganizationID(), Arn: i.OrganizationsARN("organization"), FeatureSet: "ALL",
		MasterAccountArn: i.OrganizationsARN("account", i.ManagementAccount), MasterAccountID: i.ManagementAccount,
		MasterAccountEmail: management.Email, AvailablePolicyTypes: []struct{}{},
	}}, nil
}

type organizationAccount struct {
	ID              string `json:"Id"`
	Arn             string
	Email           string `json:",omitempty"`
	Name            string
	Status          string
	State           string
	Paths           []string
	JoinedMethod    string
	JoinedTimestamp epoch
}

func organizationAccountOf(i directory.Instance, a directory.Account) organizationAccount {
	joined := "CREATED"
	if a.ID == i.ManagementAccount {
		joined = "INVITED" // as AWS has it
	}
	return organizationAccount{
		ID: a.ID, Arn: i.OrganizationsARN("account", a.ID), Email: a.Email, Name: a.Name,
		Status: "ACTIVE", State: "ACTIVE", Paths: []string{i.OrganizationID() + "/" + i.RootID() + "/" + a.ID + "/"},
		JoinedMethod: joined, JoinedTimestamp: founded,
	}
}

type organizationAccounts struct {
	Accounts  []organizationAccount
	NextToken *string `json:",omitempty"`
}

func (h *Handler) listOrganizationAccounts(q *question) (any, error) {
	p, err := q.page(maxOrganizationsPage)
	if err != nil {
		return nil, err
	}
	return h.organizationAccounts(q, p)
}

func (h *Handler) organizationAccounts(q *question, p listing) (any, error) {
	accounts, next, err := h.Directory.AllAccounts(q.context(), p.after, p.limit)
	if err != nil {
		return nil, err
	}
	reply := organizationAccounts{[]organizationAccount{}, p.next(next)}
	for _, a := range accounts {
		reply.Accounts = append(reply.Accounts, organizationAccountOf(q.instance, a))
	}
	return reply, nil
}

func (h *Handler) describeAccount(q *question) (any, error) {
	id := q.required("AccountId", accountIDs)
	if err := q.wrong(); err != nil {
		return nil, err
	}
	a, err := h.Directory.Account(q.context(), id)
	if err != nil {
		return nil, orNotFound(err, q.notFound("AccountNotFoundException", "You specified an account that doesn't exist."))
	}
	return struct{ Account organizationAccount }{organizationAccountOf(q.instance, a)}, nil
}

type rootInfo struct {
	ID          string `json:"Id"`
	Arn         string
	Name        string
	PolicyTypes []struct{} // none
}

func (h *Handler) listRoots(q *question) (any, error) {
	if _, err := q.page(maxOrganizationsPage); err != nil {
		return nil, err
	}
	root := q.instance.RootID()
	return struct{ Roots []rootInfo }{[]rootInfo{{root, q.instance.OrganizationsARN("root", root), "Root", []struct{}{}}}}, nil
}

// placed is something in the tree of the organization. All accounts are right
// under its root here.
type placed struct {
	ID   string `json:"Id"`
	Type string
}

func (h *Handler) listParents(q *question) (any, error) {
	child := q.required("ChildId", childIDs)
	if _, err := q.page(maxOrganizationsPage, child); err != nil {
		return nil, err
	}
	if _, err := h.Directory.Account(q.context(), child); err != nil {
		return nil, orNotFound(err, q.notFound("ChildNotFoundException", "You specified a child that doesn't exist."))
	}
	return struct{ Parents []placed }{[]placed{{q.instance.RootID(), "ROOT"}}}, nil
}

// parent reads the parent that a list is about, which must be the root.
func (q *question) parent() (id string, check func() error) {
	id = q.required("ParentId", parentIDs)
	return id, func() error {
		if id != q.instance.RootID() {
			return q.notFound("ParentNotFoundException", "You specified parent that doesn't exist.")
		}
		return nil
	}
}

type childList struct {
	Children  []placed
	NextToken *string `json:",omitempty"`
}

func (h *Handler) listChildren(q *question) (any, error) {
	parent, exists := q.parent()
	kind := q.required("ChildType", oneOf("ACCOUNT", "ORGANIZATIONAL_UNIT"))
	p, err := q.page(maxOrganizationsPage, parent, kind)
	if err != nil {
		return nil, err
	}
	reply := childList{Children: []placed{}}
	if err := exists(); err != nil || kind != "ACCOUNT" {
		return reply, err
	}
	accounts, next, err := h.Directory.AllAccounts(q.context(), p.after, p.limit)
	if err != nil {
		return nil, err
	}
	reply.NextToken = p.next(next)
	for _, a := range accounts {
		reply.Children = append(reply.Children, placed{a.ID, kind})
	}
	return reply, nil
}

func (h *Handler) listOrganizationalUnits(q *question) (any, error) {
	parent, exists := q.parent()
	if _, err := q.page(maxOrganizationsPage, parent); err != nil {
		return nil, err
	}
	return struct{ OrganizationalUnits []struct{} }{[]struct{}{}}, exists()
}

func (h *Handler) listAccountsForParent(q *question) (any, error) {
	parent, exists := q.parent()
	p, err := q.page(maxOrganizationsPage, parent)
	if err != nil {
		return nil, err
	}
	if err := exists(); err != nil {
		return nil, err
	}
	return h.organizationAccounts(q, p)
}

func (h *Handler) listOrganizationTags(q *question) (any, error) {
	id := q.required("ResourceId", taggableIDs)
	if _, err := q.page(maxOrganizationsPage, id); err != nil {
		return nil, err
	}
	if id != q.instance.RootID() {
		if _, err := h.Directory.Account(q.context(), id); err != nil {
			return nil, orNotFound(err, q.notFound("TargetNotFoundException", "You specified a target that doesn't exist."))
		}
	}
	return tagList{[]struct{}{}}, nil
}

// listDelegatedAdministrators: the management account alone administers here.
func (h *Handler) listDelegatedAdministrators(q *question) (any, error) {
	service := q.optional("ServicePrincipal", servicePrincipals)
	if _, err := q.page(maxOrganizationsPage, service); err != nil {
		return nil, err
	}
	return struct{ DelegatedAdministrators []struct{} }{[]struct{}{}}, nil
}
