package awsapi_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	admintypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// things are what the calls of an administrator are about.
type things struct {
	instance, set, store, user, group, account, root string
	created, deleted                                 string // requests
	token                                            *string
	most                                             *int32
}

// adminCalls call each operation of an administrator, with all that it needs and
// nothing that it does not.
var adminCalls = map[string]func(ctx context.Context, cfg aws.Config, k things) (any, error){
	"sso-admin:ListInstances": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListInstances(ctx, &ssoadmin.ListInstancesInput{NextToken: k.token, MaxResults: k.most})
	},
	"sso-admin:DescribeInstance": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: &k.instance})
	},
	"sso-admin:ListPermissionSets": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListPermissionSets(ctx, &ssoadmin.ListPermissionSetsInput{InstanceArn: &k.instance, NextToken: k.token, MaxResults: k.most})
	},
	"sso-admin:DescribePermissionSet": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: &k.instance, PermissionSetArn: &k.set})
	},
	"sso-admin:ListAccountAssignments": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListAccountAssignments(ctx, &ssoadmin.ListAccountAssignmentsInput{
			InstanceArn: &k.instance, PermissionSetArn: &k.set, AccountId: &k.account, NextToken: k.token, MaxResults: k.most})
	},
	"sso-admin:ListAccountAssignmentsForPrincipal": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListAccountAssignmentsForPrincipal(ctx, &ssoadmin.ListAccountAssignmentsForPrincipalInput{
			InstanceArn: &k.instance, PrincipalId: &k.user, PrincipalType: admintypes.PrincipalTypeUser, NextToken: k.token, MaxResults: k.most})
	},
	"sso-admin:ListAccountsForProvisionedPermissionSet": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListAccountsForProvisionedPermissionSet(ctx, &ssoadmin.ListAccountsForProvisionedPermissionSetInput{
			InstanceArn: &k.instance, PermissionSetArn: &k.set, NextToken: k.token, MaxResults: k.most})
	},
	"sso-admin:ListPermissionSetsProvisionedToAccount": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListPermissionSetsProvisionedToAccount(ctx, &ssoadmin.ListPermissionSetsProvisionedToAccountInput{
			InstanceArn: &k.instance, AccountId: &k.account, NextToken: k.token, MaxResults: k.most})
	},
	"sso-admin:GetInlinePolicyForPermissionSet": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).GetInlinePolicyForPermissionSet(ctx, &ssoadmin.GetInlinePolicyForPermissionSetInput{InstanceArn: &k.instance, PermissionSetArn: &k.set})
	},
	"sso-admin:ListManagedPoliciesInPermissionSet": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListManagedPoliciesInPermissionSet(ctx, &ssoadmin.ListManagedPoliciesInPermissionSetInput{
			InstanceArn: &k.instance, PermissionSetArn: &k.set, NextToken: k.token, MaxResults: k.most})
	},
	"sso-admin:ListCustomerManagedPolicyReferencesInPermissionSet": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListCustomerManagedPolicyReferencesInPermissionSet(ctx, &ssoadmin.ListCustomerManagedPolicyReferencesInPermissionSetInput{
			InstanceArn: &k.instance, PermissionSetArn: &k.set, NextToken: k.token, MaxResults: k.most})
	},
	"sso-admin:ListTagsForResource": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{InstanceArn: &k.instance, ResourceArn: &k.set, NextToken: k.token})
	},
	"sso-admin:ListAccountAssignmentCreationStatus": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListAccountAssignmentCreationStatus(ctx, &ssoadmin.ListAccountAssignmentCreationStatusInput{
			InstanceArn: &k.instance, NextToken: k.token, MaxResults: k.most})
	},
	"sso-admin:ListAccountAssignmentDeletionStatus": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).ListAccountAssignmentDeletionStatus(ctx, &ssoadmin.ListAccountAssignmentDeletionStatusInput{
			InstanceArn: &k.instance, NextToken: k.token, MaxResults: k.most})
	},
	"sso-admin:CreateAccountAssignment": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).CreateAccountAssignment(ctx, &ssoadmin.CreateAccountAssignmentInput{InstanceArn: &k.instance, PermissionSetArn: &k.set,
			TargetId: &k.account, TargetType: admintypes.TargetTypeAwsAccount, PrincipalId: &k.user, PrincipalType: admintypes.PrincipalTypeUser})
	},
	"sso-admin:DescribeAccountAssignmentCreationStatus": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).DescribeAccountAssignmentCreationStatus(ctx, &ssoadmin.DescribeAccountAssignmentCreationStatusInput{
			InstanceArn: &k.instance, AccountAssignmentCreationRequestId: &k.created})
	},
	"sso-admin:DeleteAccountAssignment": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).DeleteAccountAssignment(ctx, &ssoadmin.DeleteAccountAssignmentInput{InstanceArn: &k.instance, PermissionSetArn: &k.set,
			TargetId: &k.account, TargetType: admintypes.TargetTypeAwsAccount, PrincipalId: &k.user, PrincipalType: admintypes.PrincipalTypeUser})
	},
	"sso-admin:DescribeAccountAssignmentDeletionStatus": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return ssoadmin.NewFromConfig(cfg).DescribeAccountAssignmentDeletionStatus(ctx, &ssoadmin.DescribeAccountAssignmentDeletionStatusInput{
			InstanceArn: &k.instance, AccountAssignmentDeletionRequestId: &k.deleted})
	},

	"identitystore:ListUsers": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return identitystore.NewFromConfig(cfg).ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: &k.store, NextToken: k.token, MaxResults: k.most})
	},
	"identitystore:DescribeUser": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return identitystore.NewFromConfig(cfg).DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: &k.store, UserId: &k.user})
	},
	"identitystore:GetUserId": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return identitystore.NewFromConfig(cfg).GetUserId(ctx, &identitystore.GetUserIdInput{IdentityStoreId: &k.store, AlternateIdentifier: uniquely("userName", "alice")})
	},
	"identitystore:ListGroups": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return identitystore.NewFromConfig(cfg).ListGroups(ctx, &identitystore.ListGroupsInput{IdentityStoreId: &k.store, NextToken: k.token, MaxResults: k.most})
	},
	"identitystore:DescribeGroup": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return identitystore.NewFromConfig(cfg).DescribeGroup(ctx, &identitystore.DescribeGroupInput{IdentityStoreId: &k.store, GroupId: &k.group})
	},
	"identitystore:GetGroupId": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return identitystore.NewFromConfig(cfg).GetGroupId(ctx, &identitystore.GetGroupIdInput{IdentityStoreId: &k.store, AlternateIdentifier: uniquely("displayName", "platform")})
	},
	"identitystore:ListGroupMemberships": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return identitystore.NewFromConfig(cfg).ListGroupMemberships(ctx, &identitystore.ListGroupMembershipsInput{
			IdentityStoreId: &k.store, GroupId: &k.group, NextToken: k.token, MaxResults: k.most})
	},
	"identitystore:ListGroupMembershipsForMember": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return identitystore.NewFromConfig(cfg).ListGroupMembershipsForMember(ctx, &identitystore.ListGroupMembershipsForMemberInput{
			IdentityStoreId: &k.store, MemberId: &idtypes.MemberIdMemberUserId{Value: k.user}, NextToken: k.token, MaxResults: k.most})
	},
	"identitystore:IsMemberInGroups": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return identitystore.NewFromConfig(cfg).IsMemberInGroups(ctx, &identitystore.IsMemberInGroupsInput{
			IdentityStoreId: &k.store, MemberId: &idtypes.MemberIdMemberUserId{Value: k.user}, GroupIds: []string{k.group}})
	},

	"organizations:DescribeOrganization": func(ctx context.Context, cfg aws.Config, _ things) (any, error) {
		return organizations.NewFromConfig(cfg).DescribeOrganization(ctx, nil)
	},
	"organizations:ListAccounts": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return organizations.NewFromConfig(cfg).ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: k.token, MaxResults: k.most})
	},
	"organizations:DescribeAccount": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return organizations.NewFromConfig(cfg).DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &k.account})
	},
	"organizations:ListRoots": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return organizations.NewFromConfig(cfg).ListRoots(ctx, &organizations.ListRootsInput{NextToken: k.token, MaxResults: k.most})
	},
	"organizations:ListParents": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return organizations.NewFromConfig(cfg).ListParents(ctx, &organizations.ListParentsInput{ChildId: &k.account, NextToken: k.token, MaxResults: k.most})
	},
	"organizations:ListChildren": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return organizations.NewFromConfig(cfg).ListChildren(ctx, &organizations.ListChildrenInput{
			ParentId: &k.root, ChildType: orgtypes.ChildTypeAccount, NextToken: k.token, MaxResults: k.most})
	},
	"organizations:ListOrganizationalUnitsForParent": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return organizations.NewFromConfig(cfg).ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{
			ParentId: &k.root, NextToken: k.token, MaxResults: k.most})
	},
	"organizations:ListAccountsForParent": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return organizations.NewFromConfig(cfg).ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: &k.root, NextToken: k.token, MaxResults: k.most})
	},
	"organizations:ListTagsForResource": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return organizations.NewFromConfig(cfg).ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: &k.account, NextToken: k.token})
	},
	"organizations:ListDelegatedAdministrators": func(ctx context.Context, cfg aws.Config, k things) (any, error) {
		return organizations.NewFromConfig(cfg).ListDelegatedAdministrators(ctx, &organizations.ListDelegatedAdministratorsInput{NextToken: k.token, MaxResults: k.most})
	},
}

func uniquely(path, value string) idtypes.AlternateIdentifier {
	return &idtypes.AlternateIdentifierMemberUniqueAttribute{Value: idtypes.UniqueAttribute{
		AttributePath: &path, AttributeValue: document.NewLazyDocument(value)}}
}
