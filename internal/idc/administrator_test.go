package idc

import (
	"net/http"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/idc/awsapi"
	"github.com/portico-sso/portico/internal/idc/directory"
)

const managementAccount = "999999999999"

// administration is the body of a call of each operation of administrators, by
// things of the built-in organisation: $I is the instance, $P a permission set,
// $S the identity store, $U a user, $G a group, $A an account, $R the root, $C and
// $D requests that made and deleted an assignment.
var administration = map[string]string{
	"sso-admin:ListInstances":                                      `{}`,
	"sso-admin:DescribeInstance":                                   `{"InstanceArn":"$I"}`,
	"sso-admin:ListPermissionSets":                                 `{"InstanceArn":"$I"}`,
	"sso-admin:DescribePermissionSet":                              `{"InstanceArn":"$I","PermissionSetArn":"$P"}`,
	"sso-admin:ListAccountAssignments":                             `{"InstanceArn":"$I","PermissionSetArn":"$P","AccountId":"$A"}`,
	"sso-admin:ListAccountAssignmentsForPrincipal":                 `{"InstanceArn":"$I","PrincipalId":"$U","PrincipalType":"USER"}`,
	"sso-admin:ListAccountsForProvisionedPermissionSet":            `{"InstanceArn":"$I","PermissionSetArn":"$P"}`,
	"sso-admin:ListPermissionSetsProvisionedToAccount":             `{"InstanceArn":"$I","AccountId":"$A"}`,
	"sso-admin:GetInlinePolicyForPermissionSet":                    `{"InstanceArn":"$I","PermissionSetArn":"$P"}`,
	"sso-admin:ListManagedPoliciesInPermissionSet":                 `{"InstanceArn":"$I","PermissionSetArn":"$P"}`,
	"sso-admin:ListCustomerManagedPolicyReferencesInPermissionSet": `{"InstanceArn":"$I","PermissionSetArn":"$P"}`,
	"sso-admin:ListTagsForResource":                                `{"ResourceArn":"$P"}`,
	"sso-admin:ListAccountAssignmentCreationStatus":                `{"InstanceArn":"$I"}`,
	"sso-admin:ListAccountAssignmentDeletionStatus":                `{"InstanceArn":"$I"}`,
	"sso-admin:CreateAccountAssignment":                            `{"InstanceArn":"$I","PermissionSetArn":"$P","TargetId":"$A","TargetType":"AWS_ACCOUNT","PrincipalId":"$U","PrincipalType":"USER"}`,
	"sso-admin:DeleteAccountAssignment":                            `{"InstanceArn":"$I","PermissionSetArn":"$P","TargetId":"$A","TargetType":"AWS_ACCOUNT","PrincipalId":"$U","PrincipalType":"USER"}`,
	"sso-admin:DescribeAccountAssignmentCreationStatus":            `{"InstanceArn":"$I","AccountAssignmentCreationRequestId":"$C"}`,
	"sso-admin:DescribeAccountAssignmentDeletionStatus":            `{"InstanceArn":"$I","AccountAssignmentDeletionRequestId":"$D"}`,

	"identitystore:ListUsers":                     `{"IdentityStoreId":"$S"}`,
	"identitystore:DescribeUser":                  `{"IdentityStoreId":"$S","UserId":"$U"}`,
	"identitystore:GetUserId":                     `{"IdentityStoreId":"$S","AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"userName","AttributeValue":"bob"}}}`,
	"identitystore:ListGroups":                    `{"IdentityStoreId":"$S"}`,
	"identitystore:DescribeGroup":                 `{"IdentityStoreId":"$S","GroupId":"$G"}`,
	"identitystore:GetGroupId":                    `{"IdentityStoreId":"$S","AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"displayName","AttributeValue":"platform"}}}`,
	"identitystore:ListGroupMemberships":          `{"IdentityStoreId":"$S","GroupId":"$G"}`,
	"identitystore:ListGroupMembershipsForMember": `{"IdentityStoreId":"$S","MemberId":{"UserId":"$U"}}`,
	"identitystore:IsMemberInGroups":              `{"IdentityStoreId":"$S","MemberId":{"UserId":"$U"},"GroupIds":["$G"]}`,

	"organizations:DescribeOrganization":             `{}`,
	"organizations:ListAccounts":                     `{}`,
	"organizations:DescribeAccount":                  `{"AccountId":"$A"}`,
	"organizations:ListRoots":                        `{}`,
	"organizations:ListParents":                      `{"ChildId":"$A"}`,
	"organizations:ListChildren":                     `{"ParentId":"$R","ChildType":"ACCOUNT"}`,
	"organizations:ListOrganizationalUnitsForParent": `{"ParentId":"$R"}`,
	"organizations:ListAccountsForParent":            `{"ParentId":"$R"}`,
	"organizations:ListTagsForResource":              `{"ResourceId":"$A"}`,
	"organizations:ListDelegatedAdministrators":      `{}`,
}

// administer makes the request of an operation of administration, with the role
// that the program then has in the management account.
func (p *program) administer(operation string) *http.Request {
	p.t.Helper()
	p.must(p.portal("GET", "/federation/credentials?account_id="+managementAccount+"&role_name=AdministratorAccess"))
	instance, err := p.s.directory.Instance(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	alice, err := p.s.directory.UserByName(p.t.Context(), "alice")
	if err != nil {
		p.t.Fatal(err)
	}
	requested := map[bool]string{}
	for _, deletion := range []bool{false, true} {
		r, err := p.s.directory.RequestAssignment(p.t.Context(), p.s.now(), deletion,
			directory.Granted{AccountID: devAccount, PermissionSet: "ReadOnly", UserID: alice.ID})
		if err != nil {
			p.t.Fatal(err)
		}
		requested[deletion] = r.ID
	}
	body := strings.NewReplacer("$C", requested[false], "$D", requested[true], "$I", instance.ARN(), "$P", instance.PermissionSetARN("ReadOnly"), "$S", instance.IdentityStoreID, "$U", alice.ID,
		"$G", instance.GroupID("platform"), "$A", devAccount, "$R", instance.RootID()).Replace(administration[operation])
	service, name, _ := strings.Cut(operation, ":")
	scope, target := service, map[string]string{
		"sso-admin": "SWBExternalService.", "identitystore": "AWSIdentityStore.", "organizations": "AWSOrganizationsV20161128.",
	}[service]
	if service == "sso-admin" {
		scope = "sso"
	}
	return p.signed(scope, "POST", "/", body, "Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", target+name)
}

// refusedAlways are the operations that succeed for nobody whose credentials are
// a role's.
var refusedAlways = []string{"DecodeAuthorizationMessage", "AssumeRole", "GetSessionToken", "GetFederationToken", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}

// Each operation that is served has a call here.
func TestProgramKnowsOperations(t *testing.T) {
	known := len(operations) + len(refusedAlways) + len(administration)
	if served := awsapi.Operations(); len(served) != known {
		t.Errorf("got %d operations, want %d: %v", len(served), known, served)
	}
	for _, op := range awsapi.Operations() {
		service, name, _ := strings.Cut(op, ":")
		if _, ok := administration[op]; !ok && (service == "sso-oidc" || service == "sso") {
			operation(name)
		}
	}
}

// What administrators do is recorded like everything else, with what it was
// about.
func TestAdministrationEvents(t *testing.T) {
	s, _ := newServer(t, Config{})
	p := overHandler(t, s)
	p.until("Logout")
	for operation := range administration {
		service, name, _ := strings.Cut(operation, ":")
		if service == "sso-admin" {
			service = "sso"
		}
		p.must(p.administer(operation))
		e := p.last(name)
		if e.EventSource != service+".amazonaws.com" || e.ErrorCode != "" || e.UserIdentity.ARN == "" || e.UserIdentity.AccountID != managementAccount {
			t.Errorf("%s: got the event %+v", operation, e)
		}
		for member, want := range map[string]string{`"InstanceArn"`: "instanceArn", `"AccountId"`: "accountId", `"IdentityStoreId"`: "identityStoreId"} {
			if strings.Contains(administration[operation], member) && e.RequestParameters[want] == "" {
				t.Errorf("%s: the event has no %s in %v", operation, want, e.RequestParameters)
			}
		}
	}
	p.wantNoSecrets()
}
