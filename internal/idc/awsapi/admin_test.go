package awsapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	admintypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// targets are what stands before the operation in X-Amz-Target, and signing the
// names in the scopes of signatures.
var (
	targets = map[string]string{"sso-admin": "SWBExternalService.", "identitystore": "AWSIdentityStore.", "organizations": "AWSOrganizationsV20161128."}
	signing = map[string]string{"sso-admin": "sso", "identitystore": "identitystore", "organizations": "organizations"}
)

// ask sends a body that no SDK would, signed as it must be.
func (c *center) ask(t testing.TB, creds aws.Credentials, operation, body string) (*http.Response, string) {
	t.Helper()
	service, name, _ := strings.Cut(operation, ":")
	return c.sendSigned(t, creds, signing[service], raw{"POST", "/", body, http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {targets[service] + name}}})
}

// administration is an Identity Center with an administrator's credentials for
// its management account, and what there is to ask for.
func administration(t testing.TB) (*center, aws.Credentials, things) {
	t.Helper()
	c := newCenter(t)
	return c, c.as(t, "alice", dev, "AdministratorAccess"), c.things(t)
}

func (c *center) as(t testing.TB, user, account, set string) aws.Credentials {
	t.Helper()
	_, tokens := c.signIn(t, user)
	return c.roleCredentials(t, tokens.AccessToken, account, set)
}

func (c *center) things(t testing.TB) things {
	t.Helper()
	i, err := c.Directory.Instance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	alice, err := c.Directory.UserByName(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	request := func(deletion bool) string {
		t.Helper()
		r, err := c.Directory.RequestAssignment(t.Context(), c.now(), deletion, directory.Granted{AccountID: prod, PermissionSet: "Set0", UserID: alice.ID})
		if err != nil {
			t.Fatal(err)
		}
		return r.ID
	}
	return things{created: request(false), deleted: request(true), instance: i.ARN(), set: i.PermissionSetARN("ReadOnly"), store: i.IdentityStoreID, user: alice.ID,
		group: i.GroupID("platform"), account: dev, root: i.RootID()}
}

// Every operation answers an administrator of the management account, and nobody
// else; and the SDK knows each refusal for what it is.
func TestAdministrators(t *testing.T) {
	c, alice, k := administration(t)
	elsewhere := c.as(t, "alice", prod, "AdministratorAccess")
	bob := c.as(t, "bob", dev, "ReadOnly")
	for name, call := range adminCalls {
		service, operation, _ := strings.Cut(name, ":")
		action := signing[service] + ":" + operation
		if _, err := call(t.Context(), c.configWith(alice), k); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, err := call(t.Context(), c.configWith(bob), k)
		wantCode(t, err, "AccessDeniedException")
		if says := err.Error(); !strings.Contains(says, ":assumed-role/AWSReservedSSO_ReadOnly_") || !strings.Contains(says, "/bob is not authorized to perform: "+action) ||
			!strings.Contains(says, "because no identity-based policy allows the "+action+" action") {
			t.Errorf("%s as bob: got %v", name, err)
		}
		_, err = call(t.Context(), c.configWith(elsewhere), k)
		switch {
		case name == "sso-admin:ListInstances", name == "sso-admin:DescribeInstance", name == "organizations:DescribeOrganization":
			if err != nil {
				t.Errorf("%s from another account: %v", name, err)
			}
		case service == "organizations":
			wantError[*orgtypes.AccessDeniedException](t, err)
			if !strings.Contains(err.Error(), "You don't have permissions to access this resource.") {
				t.Errorf("%s from another account: got %v", name, err)
			}
		default:
			wantCode(t, err, "AccessDeniedException")
			if !strings.Contains(err.Error(), "because no resource-based policy allows the "+action+" action") {
				t.Errorf("%s from another account: got %v", name, err)
			}
		}
		_, err = call(t.Context(), c.config(), k)
		wantCode(t, err, "MissingAuthenticationTokenException")
		resp, body := c.sendSigned(t, alice, "sts", raw{"POST", "/", "{}", http.Header{
			"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {targets[service] + operation}}})
		if resp.StatusCode != 400 || !strings.Contains(body, `{"__type":"InvalidSignatureException","Message":"Credential should be scoped to correct service: '`+signing[service]+`'."}`) {
			t.Errorf("%s signed for sts: got %d %s", name, resp.StatusCode, body)
		}
	}
}

// What was not asked well is refused before anything is looked up, and says all
// that is wrong with it at once.
func TestAdministratorsInput(t *testing.T) {
	c, alice, k := administration(t)
	const pattern = "failed to satisfy constraint: Member must satisfy regular expression pattern: "
	set := `"InstanceArn":"` + k.instance + `","PermissionSetArn":"` + k.set + `"`
	store := `"IdentityStoreId":"` + k.store + `"`
	for _, tt := range []struct{ operation, body, want string }{
		{"sso-admin:ListInstances", ``, `{"__type":"SerializationException","Message":"the body is not a JSON object"}`},
		{"sso-admin:ListInstances", `[]`, `{"__type":"SerializationException",`},
		{"sso-admin:ListInstances", `{"MaxResults":"1"}`, `{"__type":"SerializationException","Message":"MaxResults must be an integer"}`},
		{"sso-admin:ListInstances", `{"MaxResults":1.5}`, `{"__type":"SerializationException","Message":"MaxResults must be an integer"}`},
		{"sso-admin:ListInstances", `{"MaxResults":0}`, `{"__type":"ValidationException","Message":"1 validation error detected: Value at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"}`},
		{"sso-admin:ListInstances", `{"MaxResults":101}`, `Value at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"}`},
		{"sso-admin:ListInstances", `{"MaxResults":null,"NextToken":null}`, `{"Instances":[`},
		{"sso-admin:ListInstances", `{"NextToken":"x"}`, `{"__type":"ValidationException","Message":"The pagination token is invalid: the token is not one of this service"}`},
		{"sso-admin:ListInstances", `{"NextToken":"?"}`, `Value at 'nextToken' ` + pattern},
		{"sso-admin:DescribeInstance", `{}`, `Value at 'instanceArn' failed to satisfy constraint: Member must not be null"}`},
		{"sso-admin:DescribeInstance", `{"InstanceArn":"arn:aws:sso:::instance/ssoins-0000000000000000"}`, `{"__type":"AccessDeniedException",`},
		{"sso-admin:ListPermissionSets", `{"InstanceArn":"arn:aws:sso:::instance/ssoins-0000000000000000"}`, `{"__type":"ResourceNotFoundException","Message":"Could not find Instance with id ssoins-0000000000000000"}`},
		{"sso-admin:DescribePermissionSet", `{"InstanceArn":"x"}`, `"2 validation errors detected: Value at 'instanceArn' ` + pattern},
		{"sso-admin:DescribePermissionSet", `{"InstanceArn":"` + k.instance + `","PermissionSetArn":"` + strings.Replace(k.set, "/ps-", "/ps-0", 1)[:len(k.set)] + `"}`, `{"__type":"ResourceNotFoundException","Message":"Could not find PermissionSet with id ps-0`},
		{"sso-admin:DescribePermissionSet", `{"InstanceArn":"arn:aws:sso:::instance/ssoins-0000000000000000","PermissionSetArn":"` + k.set + `"}`, "Could not find Instance"},
		{"sso-admin:ListAccountAssignments", `{` + set + `,"AccountId":"1"}`, `Value at 'accountId' ` + pattern + `\\d{12}"}`},
		{"sso-admin:ListAccountAssignments", `{` + set + `,"AccountId":"999999999999"}`, `Could not find Account with id 999999999999"}`},
		{"sso-admin:ListAccountAssignmentsForPrincipal", `{"InstanceArn":"` + k.instance + `","PrincipalId":"` + k.user + `","PrincipalType":"ROLE"}`, `Value at 'principalType' failed to satisfy constraint: Member must satisfy enum value set: [USER, GROUP]"}`},
		{"sso-admin:ListAccountAssignmentsForPrincipal", `{"InstanceArn":"` + k.instance + `","PrincipalId":"` + k.user + `","PrincipalType":"GROUP"}`, `Could not find Group with id ` + k.user},
		{"sso-admin:ListAccountAssignmentsForPrincipal", `{"InstanceArn":"` + k.instance + `","PrincipalId":"` + k.group + `","PrincipalType":"USER"}`, `Could not find User with id ` + k.group},
		{"sso-admin:ListAccountAssignmentsForPrincipal", `{"InstanceArn":"` + k.instance + `","PrincipalId":"` + k.user + `","PrincipalType":"USER","Filter":{"AccountId":"x"}}`, `Value at 'filter.accountId' ` + pattern},
		{"sso-admin:ListAccountAssignmentsForPrincipal", `{"InstanceArn":"` + k.instance + `","PrincipalId":"` + k.user + `","PrincipalType":"USER","Filter":"x"}`, `{"__type":"SerializationException","Message":"Filter must be a structure"}`},
		{"sso-admin:ListAccountsForProvisionedPermissionSet", `{` + set + `,"ProvisioningStatus":"x"}`, `Member must satisfy enum value set: [LATEST_PERMISSION_SET_PROVISIONED, LATEST_PERMISSION_SET_NOT_PROVISIONED]"}`},
		{"sso-admin:ListAccountsForProvisionedPermissionSet", `{` + set + `,"ProvisioningStatus":"LATEST_PERMISSION_SET_NOT_PROVISIONED"}`, `{}`},
		{"sso-admin:ListPermissionSetsProvisionedToAccount", `{"InstanceArn":"` + k.instance + `","AccountId":"999999999999"}`, `Could not find Account`},
		{"sso-admin:ListPermissionSetsProvisionedToAccount", `{"InstanceArn":"` + k.instance + `","AccountId":"` + dev + `","ProvisioningStatus":"LATEST_PERMISSION_SET_NOT_PROVISIONED"}`, `{}`},
		{"sso-admin:GetInlinePolicyForPermissionSet", `{` + set + `}`, `{"InlinePolicy":""}`},
		{"sso-admin:ListTagsForResource", `{"ResourceArn":"` + k.instance + `"}`, `{"Tags":[]}`},
		{"sso-admin:ListTagsForResource", `{"ResourceArn":"arn:aws:sso::` + dev + `:application/ssoins-0000000000000000/apl-0000000000000000"}`, `Could not find Resource with id apl-0000000000000000"}`},
		{"sso-admin:ListTagsForResource", `{"ResourceArn":"arn:aws:iam::x"}`, `Value at 'resourceArn' ` + pattern},
		{"sso-admin:ListAccountAssignmentCreationStatus", `{"InstanceArn":"` + k.instance + `","Filter":{"Status":"SUCCEEDED"}}`, `{"AccountAssignmentsCreationStatus":[{"Status":"SUCCEEDED","RequestId":"` + k.created + `","CreatedDate":`},
		{"sso-admin:ListAccountAssignmentCreationStatus", `{"InstanceArn":"` + k.instance + `","Filter":{"Status":"FAILED"}}`, `{"AccountAssignmentsCreationStatus":[]}`},
		{"sso-admin:DescribeAccountAssignmentCreationStatus", `{"InstanceArn":"` + k.instance + `","AccountAssignmentCreationRequestId":"` + k.deleted + `"}`, `Could not find Request with id ` + k.deleted},
		{"sso-admin:DescribeAccountAssignmentDeletionStatus", `{"InstanceArn":"` + k.instance + `","AccountAssignmentDeletionRequestId":"x"}`, `Value at 'accountAssignmentDeletionRequestId' ` + pattern},
		{"sso-admin:CreateAccountAssignment", `{}`, `"6 validation errors detected: `},
		{"sso-admin:CreateAccountAssignment", `{` + set + `,"TargetId":"` + dev + `","TargetType":"OU","PrincipalId":"` + k.user + `","PrincipalType":"USER"}`, `Value at 'targetType' failed to satisfy constraint: Member must satisfy enum value set: [AWS_ACCOUNT]"}`},
		{"sso-admin:CreateAccountAssignment", `{` + set + `,"TargetId":"999999999999","TargetType":"AWS_ACCOUNT","PrincipalId":"` + k.user + `","PrincipalType":"USER"}`, `Could not find Account with id 999999999999"}`},
		{"sso-admin:DeleteAccountAssignment", `{` + set + `,"TargetId":"` + dev + `","TargetType":"AWS_ACCOUNT","PrincipalId":"` + k.user + `","PrincipalType":"GROUP"}`, `Could not find Group with id ` + k.user},
		{"sso-admin:ListAccountAssignmentDeletionStatus", `{"InstanceArn":"` + k.instance + `","Filter":{"Status":"x"}}`, `Value at 'filter.status'`},

		{"identitystore:ListUsers", `{"IdentityStoreId":"d-0000000000"}`, `{"__type":"ResourceNotFoundException","Message":"IDENTITY_STORE not found.","RequestId":"` + requestID + `","ResourceType":"IDENTITY_STORE","ResourceId":"d-0000000000"}`},
		{"identitystore:ListUsers", `{` + store + `,"Filters":[{"AttributePath":"Emails.Value","AttributeValue":"x"}]}`, `Value at 'filters.1.member.attributePath' failed to satisfy constraint: Member must satisfy enum value set: [UserName]"}`},
		{"identitystore:ListUsers", `{` + store + `,"Filters":[{},{}]}`, `Value at 'filters' failed to satisfy constraint: Member must have length less than or equal to 1"}`},
		{"identitystore:ListUsers", `{` + store + `,"Filters":[{}]}`, `2 validation errors detected`},
		{"identitystore:ListUsers", `{` + store + `,"Filters":[{"AttributePath":"UserName","AttributeValue":"ALICE"}]}`, `"UserName":"alice"`},
		{"identitystore:ListUsers", `{` + store + `,"Filters":[{"AttributePath":"UserName","AttributeValue":"nobody"}]}`, `{"Users":[]}`},
		{"identitystore:ListGroups", `{` + store + `,"Filters":[{"AttributePath":"DisplayName","AttributeValue":"platform"}]}`, `"GroupId":"` + k.group + `"`},
		{"identitystore:ListGroups", `{` + store + `,"Filters":[{"AttributePath":"DisplayName","AttributeValue":"nobody"}]}`, `{"Groups":[]}`},
		{"identitystore:DescribeUser", `{` + store + `,"UserId":"` + k.group + `"}`, `"Message":"USER not found.","RequestId":"` + requestID + `","ResourceType":"USER","ResourceId":"` + k.group + `"}`},
		{"identitystore:DescribeGroup", `{` + store + `,"GroupId":"` + k.user + `"}`, `"Message":"GROUP not found."`},
		{"identitystore:GetUserId", `{` + store + `}`, `"1 validation error detected: Value at 'alternateIdentifier' failed to satisfy constraint: Member must not be null"}`},
		{"identitystore:GetUserId", `{` + store + `,"AlternateIdentifier":{}}`, `Value at 'alternateIdentifier.uniqueAttribute' failed to satisfy constraint: Member must not be null`},
		{"identitystore:GetUserId", `{` + store + `,"AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"nickName","AttributeValue":"x"}}}`, `Member must satisfy enum value set: [userName, emails.value]"}`},
		{"identitystore:GetUserId", `{` + store + `,"AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"userName","AttributeValue":{}}}}`, `{"__type":"SerializationException",`},
		{"identitystore:GetUserId", `{` + store + `,"AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"userName","AttributeValue":"nobody"}}}`, `"Message":"USER not found."`},
		{"identitystore:GetUserId", `{` + store + `,"AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"emails.value","AttributeValue":"BOB@example.com"}}}`, `{"IdentityStoreId":"` + k.store + `","UserId":"`},
		{"identitystore:GetUserId", `{` + store + `,"AlternateIdentifier":{"ExternalId":{"Issuer":"x","Id":"x"}}}`, `"Message":"USER not found."`},
		{"identitystore:GetGroupId", `{` + store + `,"AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"displayName","AttributeValue":"nobody"}}}`, `"Message":"GROUP not found."`},
		{"identitystore:GetGroupId", `{` + store + `,"AlternateIdentifier":{"ExternalId":{"Issuer":"x","Id":"x"}}}`, `"Message":"GROUP not found."`},
		{"identitystore:ListGroupMemberships", `{` + store + `,"GroupId":"` + k.user + `"}`, `"Message":"GROUP not found."`},
		{"identitystore:ListGroupMembershipsForMember", `{` + store + `}`, `"1 validation error detected: Value at 'memberId' failed to satisfy constraint: Member must not be null"}`},
		{"identitystore:ListGroupMembershipsForMember", `{` + store + `,"MemberId":{}}`, `Value at 'memberId.userId' failed`},
		{"identitystore:ListGroupMembershipsForMember", `{` + store + `,"MemberId":{"UserId":"` + k.group + `"}}`, `"Message":"USER not found."`},
		{"identitystore:IsMemberInGroups", `{` + store + `,"MemberId":{"UserId":"` + k.user + `"}}`, `Value at 'groupIds' failed to satisfy constraint: Member must not be null"}`},
		{"identitystore:IsMemberInGroups", `{` + store + `,"MemberId":{"UserId":"` + k.user + `"},"GroupIds":[]}`, `Member must have length between 1 and 100"}`},
		{"identitystore:IsMemberInGroups", `{` + store + `,"MemberId":{"UserId":"` + k.user + `"},"GroupIds":["x"]}`, `Value at 'groupIds' ` + pattern},
		{"identitystore:IsMemberInGroups", `{` + store + `,"MemberId":{"UserId":"` + k.user + `"},"GroupIds":["` + k.user + `"]}`, `"Message":"GROUP not found."`},

		{"organizations:ListAccounts", `{"MaxResults":21}`, `{"__type":"InvalidInputException","Message":"You provided a numeric value that is larger than the maximum value allowed. (maxResults)","Reason":"MAX_VALUE_EXCEEDED"}`},
		{"organizations:ListAccounts", `{"MaxResults":0}`, `"Reason":"MIN_VALUE_EXCEEDED"}`},
		{"organizations:ListAccounts", `{"NextToken":"x"}`, `"Reason":"INVALID_NEXT_TOKEN"}`},
		{"organizations:DescribeAccount", `{}`, `{"__type":"InvalidInputException","Message":"You must include a value for all required parameters. (accountId)","Reason":"INPUT_REQUIRED"}`},
		{"organizations:DescribeAccount", `{"AccountId":"1"}`, `{"__type":"InvalidInputException","Message":"You provided a value that does not match the required pattern. (accountId)","Reason":"INVALID_PATTERN"}`},
		{"organizations:DescribeAccount", `{"AccountId":"999999999999"}`, `{"__type":"AccountNotFoundException","Message":"You specified an account that doesn't exist."}`},
		{"organizations:ListParents", `{"ChildId":"999999999999"}`, `{"__type":"ChildNotFoundException",`},
		{"organizations:ListParents", `{"ChildId":"ou-abcd-12345678"}`, `{"__type":"ChildNotFoundException",`},
		{"organizations:ListChildren", `{"ParentId":"` + k.root + `","ChildType":"x"}`, `"Reason":"INVALID_ENUM"}`},
		{"organizations:ListChildren", `{"ParentId":"` + k.root + `","ChildType":"ORGANIZATIONAL_UNIT"}`, `{"Children":[]}`},
		{"organizations:ListChildren", `{"ParentId":"r-zzzz","ChildType":"ACCOUNT"}`, `{"__type":"ParentNotFoundException",`},
		{"organizations:ListOrganizationalUnitsForParent", `{"ParentId":"ou-abcd-12345678"}`, `{"__type":"ParentNotFoundException",`},
		{"organizations:ListAccountsForParent", `{"ParentId":"r-zzzz"}`, `{"__type":"ParentNotFoundException",`},
		{"organizations:ListTagsForResource", `{"ResourceId":"` + k.root + `"}`, `{"Tags":[]}`},
		{"organizations:ListTagsForResource", `{"ResourceId":"p-12345678"}`, `{"__type":"TargetNotFoundException",`},
		{"organizations:ListDelegatedAdministrators", `{"ServicePrincipal":"sso.amazonaws.com"}`, `{"DelegatedAdministrators":[]}`},
		{"organizations:ListDelegatedAdministrators", `{"ServicePrincipal":"?"}`, `"Reason":"INVALID_PATTERN"}`},

		{"sso-admin:CreateInstance", `{}`, `{"__type":"UnknownOperationException","Message":"sso-admin CreateInstance is not served: this is a local AWS IAM Identity Center`},
		{"organizations:CreateAccount", `{}`, `organizations CreateAccount is not served`},
	} {
		resp, body := c.ask(t, alice, tt.operation, tt.body)
		fine := resp.StatusCode == 200 || resp.StatusCode == 400 && strings.HasPrefix(body, `{"__type":`)
		if !fine || !strings.Contains(body, tt.want) {
			t.Errorf("%s %s: got %d %s, want %s", tt.operation, tt.body, resp.StatusCode, body, tt.want)
		}
		if media := resp.Header.Get("Content-Type"); media != "application/x-amz-json-1.1" {
			t.Errorf("%s: got content type %s", tt.operation, media)
		}
	}
}

// pages collects a list, page by page.
func pages[T any](t *testing.T, c *center, creds aws.Credentials, operation string, k things, most int32, of func(reply any) ([]T, *string)) (all []T, count int) {
	t.Helper()
	if most > 0 {
		k.most = &most
	}
	for {
		reply, err := adminCalls[operation](t.Context(), c.configWith(creds), k)
		if err != nil {
			t.Fatalf("%s, page %d: %v", operation, count+1, err)
		}
		part, next := of(reply)
		all, count = append(all, part...), count+1
		if next == nil {
			return all, count
		}
		if most > 0 && len(part) != int(most) {
			t.Errorf("%s: got %d on a page of %d", operation, len(part), most)
		}
		if count > 1000 {
			t.Fatalf("%s does not end", operation)
		}
		k.token = next
	}
}

// A list is the same, whole or in pieces of any size, and in one order.
func TestAdministratorsPages(t *testing.T) {
	c, alice, k := administration(t)
	many, err := c.Directory.UserByName(t.Context(), "many")
	if err != nil {
		t.Fatal(err)
	}
	ofMany := k
	ofMany.user = many.ID
	crowded := k
	crowded.account = "300000000000"
	for _, tt := range []struct {
		operation string
		k         things
		want      int
		whole     int // pages, when none asks for their size
		of        func(reply any) ([]string, *string)
	}{
		{"sso-admin:ListPermissionSets", k, 11, 1, func(r any) ([]string, *string) {
			out := r.(*ssoadmin.ListPermissionSetsOutput)
			return out.PermissionSets, out.NextToken
		}},
		{"sso-admin:ListAccountAssignmentsForPrincipal", ofMany, 259, 3, func(r any) (all []string, _ *string) {
			out := r.(*ssoadmin.ListAccountAssignmentsForPrincipalOutput)
			for _, a := range out.AccountAssignments {
				all = append(all, *a.AccountId+*a.PermissionSetArn+*a.PrincipalId)
			}
			return all, out.NextToken
		}},
		{"sso-admin:ListAccountAssignments", k, 2, 1, func(r any) (all []string, _ *string) {
			out := r.(*ssoadmin.ListAccountAssignmentsOutput)
			for _, a := range out.AccountAssignments {
				all = append(all, *a.PrincipalId)
			}
			return all, out.NextToken
		}},
		{"sso-admin:ListAccountsForProvisionedPermissionSet", k, 251, 3, func(r any) ([]string, *string) {
			out := r.(*ssoadmin.ListAccountsForProvisionedPermissionSetOutput)
			return out.AccountIds, out.NextToken
		}},
		{"sso-admin:ListPermissionSetsProvisionedToAccount", crowded, 10, 1, func(r any) ([]string, *string) {
			out := r.(*ssoadmin.ListPermissionSetsProvisionedToAccountOutput)
			return out.PermissionSets, out.NextToken
		}},
		{"identitystore:ListUsers", k, 4, 1, func(r any) (all []string, _ *string) {
			out := r.(*identitystore.ListUsersOutput)
			for _, u := range out.Users {
				all = append(all, *u.UserId)
			}
			return all, out.NextToken
		}},
		{"identitystore:ListGroups", k, 2, 1, func(r any) (all []string, _ *string) {
			out := r.(*identitystore.ListGroupsOutput)
			for _, g := range out.Groups {
				all = append(all, *g.GroupId)
			}
			return all, out.NextToken
		}},
		{"identitystore:ListGroupMemberships", k, 2, 1, func(r any) (all []string, _ *string) {
			out := r.(*identitystore.ListGroupMembershipsOutput)
			for _, m := range out.GroupMemberships {
				all = append(all, *m.MembershipId)
			}
			return all, out.NextToken
		}},
		{"identitystore:ListGroupMembershipsForMember", k, 2, 1, func(r any) (all []string, _ *string) {
			out := r.(*identitystore.ListGroupMembershipsForMemberOutput)
			for _, m := range out.GroupMemberships {
				all = append(all, *m.MembershipId)
			}
			return all, out.NextToken
		}},
		{"organizations:ListAccounts", k, 252, 13, func(r any) (all []string, _ *string) {
			out := r.(*organizations.ListAccountsOutput)
			for _, a := range out.Accounts {
				all = append(all, *a.Id)
			}
			return all, out.NextToken
		}},
		{"organizations:ListAccountsForParent", k, 252, 13, func(r any) (all []string, _ *string) {
			out := r.(*organizations.ListAccountsForParentOutput)
			for _, a := range out.Accounts {
				all = append(all, *a.Id)
			}
			return all, out.NextToken
		}},
		{"organizations:ListChildren", k, 252, 13, func(r any) (all []string, _ *string) {
			out := r.(*organizations.ListChildrenOutput)
			for _, a := range out.Children {
				all = append(all, *a.Id)
			}
			return all, out.NextToken
		}},
	} {
		whole, count := pages(t, c, alice, tt.operation, tt.k, 0, tt.of)
		if len(whole) != tt.want || count != tt.whole {
			t.Errorf("%s: got %d on %d pages, want %d on %d", tt.operation, len(whole), count, tt.want, tt.whole)
		}
		seen := map[string]bool{}
		for _, one := range whole {
			if seen[one] {
				t.Errorf("%s: %s is there twice", tt.operation, one)
			}
			seen[one] = true
		}
		for _, most := range []int32{1, 7, 20} {
			if tt.want > 100 && most == 1 {
				continue
			}
			if pieces, _ := pages(t, c, alice, tt.operation, tt.k, most, tt.of); !cmp.Equal(pieces, whole) {
				t.Errorf("%s by %d: got another list:\n%s", tt.operation, most, cmp.Diff(whole, pieces))
			}
		}
	}
}

// A token is of one operation and of what was asked of it.
func TestAdministratorsTokens(t *testing.T) {
	c, alice, k := administration(t)
	k.most = aws.Int32(1)
	reply, err := adminCalls["organizations:ListAccounts"](t.Context(), c.configWith(alice), k)
	if err != nil {
		t.Fatal(err)
	}
	k.token = reply.(*organizations.ListAccountsOutput).NextToken
	_, err = adminCalls["organizations:ListAccountsForParent"](t.Context(), c.configWith(alice), k)
	wantError[*orgtypes.InvalidInputException](t, err)
	_, err = adminCalls["sso-admin:ListPermissionSets"](t.Context(), c.configWith(alice), k)
	wantError[*admintypes.ValidationException](t, err)
	_, err = adminCalls["identitystore:ListUsers"](t.Context(), c.configWith(alice), k)
	wantError[*idtypes.ValidationException](t, err)

	k.token = nil
	reply, err = adminCalls["sso-admin:ListAccountsForProvisionedPermissionSet"](t.Context(), c.configWith(alice), k)
	if err != nil {
		t.Fatal(err)
	}
	k.token = reply.(*ssoadmin.ListAccountsForProvisionedPermissionSetOutput).NextToken
	k.set = strings.Replace(k.set, k.set[len(k.set)-16:], "0000000000000000", 1)
	_, err = adminCalls["sso-admin:ListAccountsForProvisionedPermissionSet"](t.Context(), c.configWith(alice), k)
	wantError[*admintypes.ValidationException](t, err)
}

// What is told is the organisation that was stated.
func TestAdministratorsSee(t *testing.T) {
	c, alice, k := administration(t)
	cfg := c.configWith(alice)
	admin, people, org := ssoadmin.NewFromConfig(cfg), identitystore.NewFromConfig(cfg), organizations.NewFromConfig(cfg)
	ctx := t.Context()

	instances, err := admin.ListInstances(ctx, nil)
	if err != nil || len(instances.Instances) != 1 {
		t.Fatalf("got %+v, %v, want one instance", instances, err)
	}
	if i := instances.Instances[0]; *i.InstanceArn != k.instance || *i.IdentityStoreId != "d-1234567890" || *i.OwnerAccountId != dev ||
		i.Status != admintypes.InstanceStatusActive || *i.PrimaryRegion != "eu-west-1" || !i.CreatedDate.Equal(directory.Founded) || !i.Regions[0].IsPrimaryRegion {
		t.Errorf("got %+v", i)
	}

	set, err := admin.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: &k.instance, PermissionSetArn: &k.set})
	if err != nil {
		t.Fatal(err)
	}
	if p := set.PermissionSet; *p.Name != "ReadOnly" || *p.SessionDuration != "PT1H" || p.Description != nil || !p.CreatedDate.Equal(directory.Founded) {
		t.Errorf("got %+v", p)
	}

	// alice has ReadOnly in dev herself, and AdministratorAccess by her group.
	assigned, err := admin.ListAccountAssignmentsForPrincipal(ctx, &ssoadmin.ListAccountAssignmentsForPrincipalInput{
		InstanceArn: &k.instance, PrincipalId: &k.user, PrincipalType: admintypes.PrincipalTypeUser, Filter: &admintypes.ListAccountAssignmentsFilter{AccountId: aws.String(dev)}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range assigned.AccountAssignments {
		got = append(got, string(a.PrincipalType)+" "+*a.PrincipalId+" "+*a.AccountId)
	}
	if want := []string{"GROUP " + k.group + " " + dev, "USER " + k.user + " " + dev}; !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	group, err := admin.ListAccountAssignmentsForPrincipal(ctx, &ssoadmin.ListAccountAssignmentsForPrincipalInput{
		InstanceArn: &k.instance, PrincipalId: &k.group, PrincipalType: admintypes.PrincipalTypeGroup})
	if err != nil || len(group.AccountAssignments) != 2 {
		t.Errorf("got %+v, %v, want the group's two accounts", group, err)
	}

	user, err := people.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: &k.store, UserId: &k.user})
	if err != nil {
		t.Fatal(err)
	}
	if *user.UserName != "alice" || *user.DisplayName != "Alice Example" || *user.Emails[0].Value != "alice@example.com" || !user.Emails[0].Primary ||
		user.UserStatus != idtypes.UserStatusEnabled || !user.CreatedAt.Equal(directory.Founded) {
		t.Errorf("got %+v", user)
	}
	if err := c.Directory.SetDisabled(ctx, time.Now(), "bob", true); err != nil {
		t.Fatal(err)
	}
	bobs, err := people.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: &k.store,
		//lint:ignore SA1019 clients still send it
		Filters: []idtypes.Filter{{AttributePath: aws.String("UserName"), AttributeValue: aws.String("bob")}}})
	if err != nil || len(bobs.Users) != 1 || bobs.Users[0].UserStatus != idtypes.UserStatusDisabled {
		t.Errorf("got %+v, %v, want bob, disabled", bobs, err)
	}
	in, err := people.IsMemberInGroups(ctx, &identitystore.IsMemberInGroupsInput{IdentityStoreId: &k.store,
		MemberId: &idtypes.MemberIdMemberUserId{Value: *bobs.Users[0].UserId}, GroupIds: []string{k.group}})
	if err != nil || len(in.Results) != 1 || in.Results[0].MembershipExists {
		t.Errorf("got %+v, %v, want that bob is not in the group", in, err)
	}

	whole, err := org.DescribeOrganization(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := *whole.Organization.Id
	account, err := org.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: aws.String(prod)})
	if err != nil {
		t.Fatal(err)
	}
	if a := account.Account; *a.Name != "prod" || *a.Email != "aws+prod@example.com" || *a.Arn != "arn:aws:organizations::"+dev+":account/"+id+"/"+prod ||
		a.State != orgtypes.AccountStateActive || a.JoinedMethod != orgtypes.AccountJoinedMethodCreated || a.Paths[0] != id+"/"+k.root+"/"+prod+"/" ||
		!a.JoinedTimestamp.Equal(directory.Founded) {
		t.Errorf("got %+v", a)
	}
	roots, err := org.ListRoots(ctx, nil)
	if err != nil || *roots.Roots[0].Arn != "arn:aws:organizations::"+dev+":root/"+id+"/"+k.root || *whole.Organization.MasterAccountId != dev {
		t.Errorf("got %+v, %+v, %v", roots, whole.Organization, err)
	}
}

// An assignment is made and taken away, and the person has the role in between.
func TestAdministratorsAssign(t *testing.T) {
	c, alice, k := administration(t)
	admin, ctx := ssoadmin.NewFromConfig(c.configWith(alice)), t.Context()
	bob, err := c.Directory.UserByName(ctx, "bob")
	if err != nil {
		t.Fatal(err)
	}
	_, tokens := c.signIn(t, "bob")
	has := func(want bool) {
		t.Helper()
		_, err := c.sso().GetRoleCredentials(ctx, &sso.GetRoleCredentialsInput{AccessToken: tokens.AccessToken, AccountId: aws.String(prod), RoleName: aws.String("ReadOnly")})
		if got := err == nil; got != want {
			t.Errorf("bob has the role: %t (%v), want %t", got, err, want)
		}
	}
	k.account, k.user = prod, bob.ID
	has(false)
	for range 2 { // what is there already may be made again
		reply, err := adminCalls["sso-admin:CreateAccountAssignment"](ctx, c.configWith(alice), k)
		if err != nil {
			t.Fatal(err)
		}
		s := reply.(*ssoadmin.CreateAccountAssignmentOutput).AccountAssignmentCreationStatus
		if s.Status != admintypes.StatusValuesInProgress || *s.TargetId != prod || *s.PrincipalId != bob.ID || *s.PermissionSetArn != k.set {
			t.Errorf("got %+v", s)
		}
		k.created = *s.RequestId
	}
	has(true)
	status, err := admin.DescribeAccountAssignmentCreationStatus(ctx, &ssoadmin.DescribeAccountAssignmentCreationStatusInput{
		InstanceArn: &k.instance, AccountAssignmentCreationRequestId: &k.created})
	if err != nil || status.AccountAssignmentCreationStatus.Status != admintypes.StatusValuesSucceeded {
		t.Errorf("got %+v, %v, want SUCCEEDED", status, err)
	}
	for range 2 {
		if _, err := adminCalls["sso-admin:DeleteAccountAssignment"](ctx, c.configWith(alice), k); err != nil {
			t.Fatal(err)
		}
		has(false)
	}

	// A whole group.
	if _, err := admin.CreateAccountAssignment(ctx, &ssoadmin.CreateAccountAssignmentInput{InstanceArn: &k.instance, PermissionSetArn: &k.set,
		TargetId: aws.String(prod), TargetType: admintypes.TargetTypeAwsAccount, PrincipalId: &k.group, PrincipalType: admintypes.PrincipalTypeGroup}); err != nil {
		t.Fatal(err)
	}
	c.as(t, "carol", prod, "ReadOnly")

	k.most = aws.Int32(1)
	requests, count := pages(t, c, alice, "sso-admin:ListAccountAssignmentCreationStatus", k, 1, func(r any) (all []string, _ *string) {
		out := r.(*ssoadmin.ListAccountAssignmentCreationStatusOutput)
		for _, s := range out.AccountAssignmentsCreationStatus {
			all = append(all, *s.RequestId)
		}
		return all, out.NextToken
	})
	if len(requests) != 4 || count != 4 || requests[1] != k.created {
		t.Errorf("got the requests %v on %d pages, want 4, the latest first", requests, count)
	}
}
