package interop

import (
	"strings"
	"testing"
)

// administrator adds a profile for the management account, from which the
// organisation is administered.
func (c *center) administrator(t *testing.T) {
	t.Helper()
	write(t, c.home(".aws", "config"), `[sso-session corp]
sso_start_url = https://d-1234567890.awsapps.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[profile management]
sso_session = corp
sso_account_id = 999999999999
sso_role_name = AdministratorAccess
region = us-east-1

[profile billing]
sso_session = corp
sso_account_id = 999999999999
sso_role_name = Billing
region = us-east-1
`)
}

// The commands by which guides find the instance, its permission sets and who
// has them, through the proxy.
func TestAWSCLIAdministers(t *testing.T) {
	t.Parallel()
	aws := awsCLI(t)
	c := local(t, "--proxy", "--as", "alice", "--org", "testdata/org.yaml")
	c.administrator(t)
	c.must(t, aws, deviceLogin("--profile", "management")...)
	ask := func(out any, args ...string) {
		t.Helper()
		c.json(t, out, aws, append(args, "--profile", "management")...)
	}

	var instances struct {
		Instances []struct{ InstanceArn, IdentityStoreId string }
	}
	ask(&instances, "sso-admin", "list-instances")
	if len(instances.Instances) != 1 {
		t.Fatalf("got %+v", instances)
	}
	instance, store := instances.Instances[0].InstanceArn, instances.Instances[0].IdentityStoreId

	var sets struct{ PermissionSets []string }
	ask(&sets, "sso-admin", "list-permission-sets", "--instance-arn", instance, "--page-size", "1")
	if len(sets.PermissionSets) != 3 {
		t.Fatalf("got %v", sets)
	}
	var set struct {
		PermissionSet struct{ Name, SessionDuration, CreatedDate string }
	}
	ask(&set, "sso-admin", "describe-permission-set", "--instance-arn", instance, "--permission-set-arn", sets.PermissionSets[1])
	if p := set.PermissionSet; p.Name != "Billing" || p.SessionDuration != "PT2H" || !strings.HasPrefix(p.CreatedDate, "2024-01-01T") {
		t.Errorf("got %+v", p)
	}

	var assigned struct {
		AccountAssignments []struct{ PrincipalType, PrincipalId string }
	}
	ask(&assigned, "sso-admin", "list-account-assignments", "--instance-arn", instance,
		"--account-id", "000000000001", "--permission-set-arn", sets.PermissionSets[2])
	if len(assigned.AccountAssignments) != 2 {
		t.Fatalf("got %+v, want both groups", assigned)
	}
	var group struct{ DisplayName string }
	ask(&group, "identitystore", "describe-group", "--identity-store-id", store, "--group-id", assigned.AccountAssignments[0].PrincipalId)
	if kind := assigned.AccountAssignments[0].PrincipalType; kind != "GROUP" || group.DisplayName != "developers" {
		t.Errorf("got %s %s, want the group developers", kind, group.DisplayName)
	}

	var accounts struct {
		Accounts []struct{ Id, Name, Status string }
	}
	ask(&accounts, "organizations", "list-accounts", "--page-size", "2")
	if len(accounts.Accounts) != 5 || accounts.Accounts[1].Name != `Zürich "prod"` || accounts.Accounts[1].Status != "ACTIVE" {
		t.Errorf("got %+v", accounts)
	}

	r := c.run(t, aws, "organizations", "list-accounts", "--profile", "billing")
	if r.code != 254 || !strings.Contains(r.stderr, "An error occurred (AccessDeniedException) when calling the ListAccounts operation: User: arn:aws:sts::999999999999:assumed-role/AWSReservedSSO_Billing_") {
		t.Errorf("as one who is no administrator: %v", r)
	}
	r = c.run(t, aws, "sso-admin", "list-applications", "--instance-arn", instance, "--profile", "management")
	if r.code < 252 || strings.Contains(r.stderr, "Traceback") {
		t.Errorf("an operation that is not served: %v", r)
	}
}

// boto3 pages through the organisation with paginators of its own.
func TestBoto3Administers(t *testing.T) {
	t.Parallel()
	for name, find := range map[string]func(*testing.T) string{"boto3": modernBoto3, "debian-boto3": debianBoto3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			python := find(t)
			c := local(t, "--proxy", "--as", "alice", "--org", "testdata/org.yaml")
			c.administrator(t)
			c.must(t, "portico", "sso", "login", "--profile", "management")
			out := c.must(t, python, "-c", `
import boto3
session = boto3.Session(profile_name='management')
def every(client, operation, key, **given):
    return [item for page in client.get_paginator(operation).paginate(PaginationConfig={'PageSize': 1}, **given) for item in page[key]]
admin, people, org = (session.client(name) for name in ('sso-admin', 'identitystore', 'organizations'))
instance = admin.list_instances()['Instances'][0]
print(len(every(admin, 'list_permission_sets', 'PermissionSets', InstanceArn=instance['InstanceArn'])))
print(*[user['UserName'] for user in every(people, 'list_users', 'Users', IdentityStoreId=instance['IdentityStoreId'])])
print(*[account['Id'] for account in every(org, 'list_accounts', 'Accounts')])
print(every(org, 'list_roots', 'Roots')[0]['Name'], org.describe_organization()['Organization']['MasterAccountId'])
try:
    org.describe_account(AccountId='123456789012')
except org.exceptions.AccountNotFoundException as e:
    print(e.response['Error']['Message'])
try:
    people.describe_user(IdentityStoreId=instance['IdentityStoreId'], UserId='00000000-0000-0000-0000-000000000000')
except people.exceptions.ResourceNotFoundException as e:
    print(e.response['ResourceType'])
`)
			want := "3\nalice bob\n000000000001 111111111111 222222222222 333333333333 999999999999\nRoot 999999999999\nYou specified an account that doesn't exist.\nUSER"
			if out != want {
				t.Errorf("got:\n%s\nwant:\n%s", out, want)
			}
		})
	}
}
