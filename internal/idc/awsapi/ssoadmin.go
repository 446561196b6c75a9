package awsapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

var ssoAdminOperations = []adminOperation{
	{"ListInstances", (*Handler).listInstances},
	{"DescribeInstance", (*Handler).describeInstance},
	{"ListPermissionSets", (*Handler).listPermissionSets},
	{"DescribePermissionSet", (*Handler).describePermissionSet},
	{"ListAccountAssignments", (*Handler).listAccountAssignments},
	{"ListAccountAssignmentsForPrincipal", (*Handler).listAccountAssignmentsForPrincipal},
	{"ListAccountsForProvisionedPermissionSet", (*Handler).listAccountsForProvisionedPermissionSet},
	{"ListPermissionSetsProvisionedToAccount", (*Handler).listPermissionSetsProvisionedToAccount},
	{"GetInlinePolicyForPermissionSet", (*Handler).getInlinePolicyForPermissionSet},
	{"ListManagedPoliciesInPermissionSet", (*Handler).listManagedPoliciesInPermissionSet},
	{"ListCustomerManagedPolicyReferencesInPermissionSet", (*Handler).listCustomerManagedPolicyReferences},
	{"ListTagsForResource", (*Handler).listSSOTags},
	{"CreateAccountAssignment", (*Handler).createAccountAssignment},
	{"DescribeAccountAssignmentCreationStatus", (*Handler).describeAssignmentCreationStatus},
	{"DeleteAccountAssignment", (*Handler).deleteAccountAssignment},
	{"DescribeAccountAssignmentDeletionStatus", (*Handler).describeAssignmentDeletionStatus},
	{"ListAccountAssignmentCreationStatus", (*Handler).listAssignmentCreationStatus},
	{"ListAccountAssignmentDeletionStatus", (*Handler).listAssignmentDeletionStatus},
}

// epoch is a time as JSON 1.1 has it: seconds.
type epoch time.Time

func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(e).UnixMilli())/1000, 'f', -1, 64), nil
}

var founded = epoch(directory.Founded)

type instanceInfo struct {
	InstanceArn      string
	IdentityStoreID  string `json:"IdentityStoreId"`
	OwnerAccountID   string `json:"OwnerAccountId"`
	CreatedDate      epoch
	Status           string
	PrimaryRegion    string
	Regions          []regionInfo
	IdentityStoreArn string
}

type regionInfo struct {
	RegionName      string
	Status          string
	AddedDate       epoch
	IsPrimaryRegion bool
}

func infoOf(i directory.Instance) instanceInfo {
	return instanceInfo{
		InstanceArn: i.ARN(), IdentityStoreID: i.IdentityStoreID, OwnerAccountID: i.ManagementAccount,
		CreatedDate: founded, Status: "ACTIVE", PrimaryRegion: i.Region,
		Regions:          []regionInfo{{i.Region, "ACTIVE", founded, true}},
		IdentityStoreArn: i.IdentityStoreARN(),
	}
}

func (h *Handler) listInstances(q *question) (any, error) {
	if _, err := q.page(maxPage); err != nil {
		return nil, err
	}
	return struct{ Instances []instanceInfo }{[]instanceInfo{infoOf(q.instance)}}, nil
}

func (h *Handler) describeInstance(q *question) (any, error) {
	arn := q.required("InstanceArn", instanceARNs)
	if err := q.wrong(); err != nil {
		return nil, err
	}
	if arn != q.instance.ARN() { // the operation has no error for what is not there
		return nil, q.fault(named{http.StatusBadRequest, "AccessDeniedException"},
			"User: %s is not authorized to perform: sso:DescribeInstance on resource: %s", q.caller.ARN, arn)
	}
	return infoOf(q.instance), nil
}

// theInstance refuses an instance that is not this one.
func (q *question) theInstance(arn string) error {
	if arn == "" || arn == q.instance.ARN() {
		return nil
	}
	return q.unknown("Instance", arn)
}

// unknown says that there is nothing of that ARN, or id.
func (q *question) unknown(kind, name string) error {
	return q.notFound("ResourceNotFoundException", "Could not find %s with id %s", kind, name[strings.LastIndexByte(name, '/')+1:])
}

// permissionSet finds a permission set of the instance. Both ARNs have been
// judged.
func (h *Handler) permissionSet(q *question, instance, arn string) (directory.PermissionSet, error) {
	if err := q.theInstance(instance); err != nil {
		return directory.PermissionSet{}, err
	}
	set, err := h.Directory.PermissionSetByARN(q.context(), q.instance, arn)
	return set, orNotFound(err, q.unknown("PermissionSet", arn))
}

// account refuses an account that does not exist.
func (h *Handler) account(q *question, id string) error {
	_, err := h.Directory.Account(q.context(), id)
	return orNotFound(err, q.unknown("Account", id))
}

type permissionSetARNList struct {
	PermissionSets []string
	NextToken      *string `json:",omitempty"`
}

func (h *Handler) listPermissionSets(q *question) (any, error) {
	instance := q.required("InstanceArn", instanceARNs)
	p, err := q.page(maxPage, instance)
	if err != nil {
		return nil, err
	}
	if err := q.theInstance(instance); err != nil {
		return nil, err
	}
	sets, next, err := h.Directory.PermissionSets(q.context(), p.after, p.limit)
	if err != nil {
		return nil, err
	}
	reply := permissionSetARNList{[]string{}, p.next(next)}
	for _, set := range sets {
		reply.PermissionSets = append(reply.PermissionSets, q.instance.PermissionSetARN(set.Name))
	}
	return reply, nil
}

type permissionSetInfo struct {
	Name             string
	PermissionSetArn string
	Description      string `json:",omitempty"`
	CreatedDate      epoch
	SessionDuration  string
}

func (h *Handler) describePermissionSet(q *question) (any, error) {
	set, err := h.askedPermissionSet(q)
	if err != nil {
		return nil, err
	}
	return struct{ PermissionSet permissionSetInfo }{permissionSetInfo{
		Name: set.Name, PermissionSetArn: q.instance.PermissionSetARN(set.Name), Description: set.Description,
		CreatedDate: founded, SessionDuration: isoDuration(set.SessionDuration),
	}}, nil
}

// askedPermissionSet is the one that a call without pages is about.
func (h *Handler) askedPermissionSet(q *question) (directory.PermissionSet, error) {
	instance, arn := q.required("InstanceArn", instanceARNs), q.required("PermissionSetArn", permissionSetARNs)
	if err := q.wrong(); err != nil {
		return directory.PermissionSet{}, err
	}
	return h.permissionSet(q, instance, arn)
}

// isoDuration writes a duration as ISO 8601 does: PT8H, PT1H30M.
func isoDuration(d time.Duration) string {
	s := "PT"
	for _, unit := range []struct {
		length time.Duration
		letter string
	}{{time.Hour, "H"}, {time.Minute, "M"}, {time.Second, "S"}} {
		if n := d / unit.length; n > 0 {
			s += fmt.Sprint(int64(n)) + unit.letter
			d %= unit.length
		}
	}
	return s
}

type assignmentInfo struct {
	AccountID        string `json:"AccountId"`
	PermissionSetArn string
	PrincipalType    string
	PrincipalID      string `json:"PrincipalId"`
}

type assignmentList struct {
	AccountAssignments []assignmentInfo
	NextToken          *string `json:",omitempty"`
}

// assignments is a page of what is assigned.
func (h *Handler) assignments(q *question, p listing, wanted directory.GrantedQuery) (any, error) {
	granted, next, err := h.Directory.Granted(q.context(), wanted, p.after, p.limit)
	if err != nil {
		return nil, err
	}
	reply := assignmentList{[]assignmentInfo{}, p.next(next)}
	for _, g := range granted {
		a := assignmentInfo{g.AccountID, q.instance.PermissionSetARN(g.PermissionSet), "USER", g.UserID}
		if g.Group != "" {
			a.PrincipalType, a.PrincipalID = "GROUP", q.instance.GroupID(g.Group)
		}
		reply.AccountAssignments = append(reply.AccountAssignments, a)
	}
	return reply, nil
}

func (h *Handler) listAccountAssignments(q *question) (any, error) {
	instance, arn := q.required("InstanceArn", instanceARNs), q.required("PermissionSetArn", permissionSetARNs)
	account := q.required("AccountId", accountIDs)
	p, err := q.page(maxPage, arn, account)
	if err != nil {
		return nil, err
	}
	set, err := h.permissionSet(q, instance, arn)
	if err != nil {
		return nil, err
	}
	if err := h.account(q, account); err != nil {
		return nil, err
	}
	return h.assignments(q, p, directory.GrantedQuery{AccountID: account, PermissionSet: set.Name})
}

func (h *Handler) listAccountAssignmentsForPrincipal(q *question) (any, error) {
	instance := q.required("InstanceArn", instanceARNs)
	id, kind := q.required("PrincipalId", resourceIDs), q.required("PrincipalType", principalTypes)
	filter, _ := q.structure("Filter")
	account := filter.optional("AccountId", accountIDs)
	p, err := q.page(maxPage, id, kind, account)
	if err != nil {
		return nil, err
	}
	if err := q.theInstance(instance); err != nil {
		return nil, err
	}
	wanted := directory.GrantedQuery{AccountID: account}
	if wanted.UserID, wanted.Group, err = h.principal(q, kind, id); err != nil {
		return nil, err
	}
	return h.assignments(q, p, wanted)
}

// provisioned reads ProvisioningStatus, and says whether anything has that status:
// what is assigned here is provisioned as it is, always.
func (q *question) provisioned() (status string, some bool) {
	status = q.optional("ProvisioningStatus", oneOf("LATEST_PERMISSION_SET_PROVISIONED", "LATEST_PERMISSION_SET_NOT_PROVISIONED"))
	return status, status != "LATEST_PERMISSION_SET_NOT_PROVISIONED"
}

type accountIDList struct {
	AccountIDs []string `json:"AccountIds,omitempty"`
	NextToken  *string  `json:",omitempty"`
}

func (h *Handler) listAccountsForProvisionedPermissionSet(q *question) (any, error) {
	instance, arn := q.required("InstanceArn", instanceARNs), q.required("PermissionSetArn", permissionSetARNs)
	status, some := q.provisioned()
	p, err := q.page(maxPage, arn, status)
	if err != nil {
		return nil, err
	}
	set, err := h.permissionSet(q, instance, arn)
	if err != nil || !some {
		return accountIDList{}, err
	}
	accounts, next, err := h.Directory.AccountsWith(q.context(), set.Name, p.after, p.limit)
	return accountIDList{accounts, p.next(next)}, err
}

// provisionedSets has no PermissionSets at all when there are none, as AWS's:
// clients stumble over that there, and are to find out here.
type provisionedSets struct {
	PermissionSets []string `json:",omitempty"`
	NextToken      *string  `json:",omitempty"`
}

func (h *Handler) listPermissionSetsProvisionedToAccount(q *question) (any, error) {
	instance, account := q.required("InstanceArn", instanceARNs), q.required("AccountId", accountIDs)
	status, some := q.provisioned()
	p, err := q.page(maxPage, account, status)
	if err != nil {
		return nil, err
	}
	if err := q.theInstance(instance); err != nil {
		return nil, err
	}
	if err := h.account(q, account); err != nil || !some {
		return provisionedSets{}, err
	}
	names, next, err := h.Directory.PermissionSetsIn(q.context(), account, p.after, p.limit)
	if err != nil {
		return nil, err
	}
	reply := provisionedSets{NextToken: p.next(next)}
	for _, name := range names {
		reply.PermissionSets = append(reply.PermissionSets, q.instance.PermissionSetARN(name))
	}
	return reply, nil
}

// Permission sets hold no policies here: a role opens what this Identity Center
// serves, and administrator is all there is to say about it.

func (h *Handler) getInlinePolicyForPermissionSet(q *question) (any, error) {
	_, err := h.askedPermissionSet(q)
	return struct{ InlinePolicy string }{}, err
}

func (h *Handler) listManagedPoliciesInPermissionSet(q *question) (any, error) {
	return struct{ AttachedManagedPolicies []struct{} }{[]struct{}{}}, h.noneOfPermissionSet(q)
}

func (h *Handler) listCustomerManagedPolicyReferences(q *question) (any, error) {
	return struct{ CustomerManagedPolicyReferences []struct{} }{[]struct{}{}}, h.noneOfPermissionSet(q)
}

// noneOfPermissionSet judges a list of a permission set that is always empty.
func (h *Handler) noneOfPermissionSet(q *question) error {
	instance, arn := q.required("InstanceArn", instanceARNs), q.required("PermissionSetArn", permissionSetARNs)
	if _, err := q.page(maxPage, arn); err != nil {
		return err
	}
	_, err := h.permissionSet(q, instance, arn)
	return err
}

var taggableARNs = pattern(`arn:aws(-[a-z]{1,5}){0,3}:sso::((:instance/(sso)?ins-[a-zA-Z0-9-.]{16})|` +
	`(:permissionSet/(sso)?ins-[a-zA-Z0-9-.]{16}/ps-[a-zA-Z0-9-./]{16})|` +
	`(\d{12}:application/(sso)?ins-[a-zA-Z0-9-.]{16}/apl-[a-zA-Z0-9]{16})|` +
	`(\d{12}:trustedTokenIssuer/(sso)?ins-[a-zA-Z0-9-.]{16}/tti-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}))`)

type tagList struct {
	Tags []struct{} // there are none
}

func (h *Handler) listSSOTags(q *question) (any, error) {
	instance, arn := q.optional("InstanceArn", instanceARNs), q.required("ResourceArn", taggableARNs)
	if _, err := q.page(maxPage, arn); err != nil {
		return nil, err
	}
	if err := q.theInstance(instance); err != nil {
		return nil, err
	}
	if arn != q.instance.ARN() {
		if _, err := h.Directory.PermissionSetByARN(q.context(), q.instance, arn); err != nil {
			return nil, orNotFound(err, q.unknown("Resource", arn))
		}
	}
	return tagList{[]struct{}{}}, nil
}
