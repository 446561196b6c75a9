package seed

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/directory"
)

func TestBuiltIn(t *testing.T) {
	want := directory.Organisation{
		StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1", ManagementAccount: "999999999999",
		Users: []directory.User{
			{Name: "alice", Email: "alice@example.com", Password: "correct-horse", Groups: []string{"platform"}},
			{Name: "bob", Email: "bob@example.com", Password: "battery-staple", MFA: "email", Groups: []string{"developers"}},
		},
		Accounts: []directory.Account{
			{ID: "111111111111", Name: "dev", Email: "aws+dev@example.com",
				Buckets: []directory.Bucket{{Name: "dev-artifacts", Created: time.Date(2024, 9, 26, 15, 11, 2, 0, time.UTC)}}},
			{ID: "222222222222", Name: "prod", Email: "aws+prod@example.com",
				Buckets: []directory.Bucket{{Name: "prod-backups", Created: time.Date(2024, 12, 2, 7, 39, 39, 0, time.UTC)}}},
			{ID: "999999999999", Name: "management", Email: "aws@example.com"},
		},
		PermissionSets: []directory.PermissionSet{
			{Name: "AdministratorAccess", SessionDuration: 8 * time.Hour, Administrator: true},
			{Name: "ReadOnly", SessionDuration: time.Hour},
		},
		Assignments: []directory.Assignment{
			{Group: "platform", PermissionSet: "AdministratorAccess", Accounts: []string{"111111111111", "222222222222", "999999999999"}},
			{Group: "developers", PermissionSet: "ReadOnly", Accounts: []string{"111111111111"}},
			{User: "bob", PermissionSet: "ReadOnly", Accounts: []string{"222222222222"}},
		},
	}
	if diff := cmp.Diff(want, BuiltIn()); diff != "" {
		t.Errorf("built-in organisation (-want +got):\n%s", diff)
	}
}

func TestEveryField(t *testing.T) {
	const hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	got, err := Parse("org.yaml", fmt.Appendf(nil, `
start_url: https://example.app.aws/start
region: eu-central-1
management_account: second
users:
  - id: 906769eb-c0f7-4b1d-b39f-8a4ac6a1b7aa
    name: carol
    email: carol@example.com
    display_name: Carol Ünal
    password_hash: %s
    groups: [ops, "on call"]
    mfa: email
    disabled: true
  - {name: dave, password: , groups: }
accounts:
  - {id: 012345678901, name: first, email: , buckets: [{name: a.b-c}, {name: xyz, created: 2020-02-03}, {name: zone, created: "2020-02-03T04:05:06.789+02:00"}]}
  - {id: 111111111111, name: second}
permission_sets:
  - {name: "A=b", description: Some words, session_duration: PT1H30M}
  - {name: B, administrator: false}
  - {name: C, session_duration: PT90M30S}
assignments:
  - {group: on call, permission_set: "A=b", accounts: [first, 111111111111, "012345678901", second]}
  - {user: DAVE, permission_set: B, accounts: [first, "*"]}
roles:
  - {account: second, name: Deploy, path: /ci/, trusts: [{permission_set: B, account: first}, {role: build}, {user: DAVE}],
     external_id: partner-7, require_mfa: true, max_session_duration: PT2H, administrator: true}
  - {account: 012345678901, name: build, trusts: [{account: "111111111111"}]}
decisions:
  - {user: CAROL, client: "my-tool-*", flow: device, answer: allow, after: 3s}
  - {user: dave, flow: authorization_code, answer: deny, after: 1m0.5s}
  - {answer: never}
`, hash))
	if err != nil {
		t.Fatal(err)
	}
	both := []string{"012345678901", "111111111111"}
	want := directory.Organisation{
		StartURL: "https://example.app.aws/start", Region: "eu-central-1", ManagementAccount: "111111111111",
		Users: []directory.User{
			{ID: "906769eb-c0f7-4b1d-b39f-8a4ac6a1b7aa", Name: "carol", Email: "carol@example.com", DisplayName: "Carol Ünal",
				PasswordHash: hash, MFA: "email", Groups: []string{"ops", "on call"}, Disabled: true},
			{Name: "dave"},
		},
		Accounts: []directory.Account{
			{ID: "012345678901", Name: "first", Buckets: []directory.Bucket{
				{Name: "a.b-c", Created: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)},
				{Name: "xyz", Created: time.Date(2020, 2, 3, 0, 0, 0, 0, time.UTC)},
				{Name: "zone", Created: time.Date(2020, 2, 3, 2, 5, 6, 789e6, time.UTC)},
			}},
			{ID: "111111111111", Name: "second"},
		},
		PermissionSets: []directory.PermissionSet{
			{Name: "A=b", Description: "Some words", SessionDuration: 90 * time.Minute},
			{Name: "B"},
			{Name: "C", SessionDuration: 90*time.Minute + 30*time.Second},
		},
		Assignments: []directory.Assignment{
			{Group: "on call", PermissionSet: "A=b", Accounts: both},
			{User: "DAVE", PermissionSet: "B", Accounts: both},
		},
		Roles: []directory.IAMRole{
			{Account: "111111111111", Name: "Deploy", Path: "/ci/",
				Trusts:     []directory.Principal{{PermissionSet: "B", Account: "012345678901"}, {Role: "build"}, {User: "DAVE"}},
				ExternalID: "partner-7", RequireMFA: true, MaxSessionDuration: 2 * time.Hour, Administrator: true},
			{Account: "012345678901", Name: "build", Trusts: []directory.Principal{{Account: "111111111111"}}},
		},
		Decisions: []directory.Decision{
			{User: "CAROL", Client: "my-tool-*", Flow: "device", Answer: "allow", After: 3 * time.Second},
			{User: "dave", Flow: "authorization_code", Answer: "deny", After: time.Minute + 500*time.Millisecond},
			{Answer: "never"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is left out has a default, so a test's seed can be short; anchors serve
// to repeat oneself.
func TestShortSeed(t *testing.T) {
	got, err := Parse("org.yaml", []byte(`
users: [{name: a, groups: &g [x]}, {name: b, groups: *g}]
accounts: [{id: "111111111111", name: one}]
`))
	if err != nil {
		t.Fatal(err)
	}
	if got.StartURL != defaultStartURL || got.Region != "us-east-1" || got.Instance().ManagementAccount != "111111111111" {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff([]string{"x"}, got.Users[1].Groups); diff != "" {
		t.Error(diff)
	}
}

// A valid seed to spoil, one line a thing.
const valid = `start_url: https://d-1234567890.awsapps.com/start
region: us-east-1
management_account: "222222222222"
users:
  - {name: alice, email: alice@example.com, groups: [platform]}
  - {name: bob, email: bob@example.com}
accounts:
  - {id: "111111111111", name: dev, buckets: [{name: dev-artifacts, created: 2024-09-26T15:11:02Z}]}
  - {id: "222222222222", name: prod}
permission_sets:
  - {name: Admin, session_duration: PT8H, administrator: true}
assignments:
  - {group: platform, permission_set: Admin, accounts: ["*"]}
  - {user: bob, permission_set: Admin, accounts: [dev]}
decisions:
  - {user: alice, client: "my-*", flow: device, answer: allow, after: 3s}
  - {answer: never, client: other}
roles:
  - {account: "111111111111", name: build, trusts: [{user: BOB}]}
`

func TestErrors(t *testing.T) {
	if _, err := Parse("org.yaml", []byte(valid)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, old, new string // spoil valid, or
		whole          string // another file
		want           string
	}{
		{name: "empty", whole: " ", want: "org.yaml: it is empty (state users, accounts, permission_sets and assignments, or leave the file out for the built-in organisation)"},
		{name: "comments only", whole: "# nothing\n---\n", want: "org.yaml: it is empty (state users, accounts, permission_sets and assignments, or leave the file out for the built-in organisation)"},
		{name: "not a mapping", whole: "hello", want: "org.yaml:1: it is text, not a mapping (write name: value pairs with any of accounts, assignments, decisions, management_account, permission_sets, region, roles, start_url, users)"},
		{name: "several documents", whole: "region: us-east-1\n---\nregion: eu-west-1\n", want: "org.yaml:2: a second document begins here (keep one document, without --- in between)"},
		{name: "no YAML", whole: "users: [a\nregion: b\n", want: "org.yaml:2: it is no YAML: did not find expected ',' or ']' (look at indentation, quotes and brackets on this line and the one before)"},
		{name: "tab", whole: "users:\n\t- name: a\n", want: "org.yaml:2: it is no YAML: found character that cannot start any token (indent with spaces, not with tabs)"},
		{name: "control character", whole: "region: us-east-1\nusers: \x01\n", want: "org.yaml:2: it is no YAML: control characters are not allowed (value: 1) (look at indentation, quotes and brackets on this line and the one before)"},
		{name: "too deep", whole: "users: " + strings.Repeat("[", 40), want: "org.yaml:1: it is no YAML: exceeded max depth of 32 (look at indentation, quotes and brackets on this line and the one before)"},
		{name: "unknown anchor", whole: "users: *u\n", want: "org.yaml:1: it is no YAML: unknown anchor 'u' referenced (look at indentation, quotes and brackets on this line and the one before)"},

		{name: "start URL", old: "https://d-1234567890.awsapps.com/start", new: "http://d-1234567890.awsapps.com/start",
			want: `org.yaml:1: start_url: "http://d-1234567890.awsapps.com/start" is no https URL (write it like https://d-1234567890.awsapps.com/start)`},
		{name: "start URL elsewhere", old: "https://d-1234567890.awsapps.com/start", new: "https://sso.example.com/start",
			want: `org.yaml:1: start_url: "https://sso.example.com/start" is at a host where the AWS CLI would look for AWS and not go on (write it like https://d-1234567890.awsapps.com/start, which nobody looks up; people's browsers go to the address of the Identity Center)`},
		{name: "region", old: "us-east-1", new: "x.evil.test/#", want: `org.yaml:2: region: "x.evil.test/#" is no region (write it like us-east-1)`},
		{name: "management account", old: `management_account: "222222222222"`, new: `management_account: "222222222223"`,
			want: `org.yaml:3: management_account: there is no account "222222222223" (did you mean 222222222222?)`},
		{name: "unknown field", old: "users:", new: "user:", want: "org.yaml:4: user: there is no such field (did you mean users?)"},
		{name: "unknown field inside", old: "administrator: true", new: "Adminstrator: true",
			want: "org.yaml:11: permission_sets[0].Adminstrator: there is no such field (did you mean administrator?)"},
		{name: "unknown field like none", old: "administrator: true", new: "relay: x",
			want: "org.yaml:11: permission_sets[0].relay: there is no such field (use any of administrator, description, name, session_duration)"},
		{name: "unknown field with escapes", old: "administrator: true", new: `"\e[2J": x`,
			want: `org.yaml:11: permission_sets[0]."\x1b[2J": there is no such field (use any of administrator, description, name, session_duration)`},
		{name: "field twice", old: "email: bob@example.com", new: "name: bob", want: "org.yaml:6: users[1].name: it is there twice (keep one of the two)"},
		{name: "field twice, first empty", old: "{name: bob, ", new: "{name: , name: bob, ", want: "org.yaml:6: users[1].name: it is there twice (keep one of the two)"},
		{name: "field twice, second empty", old: "{name: bob, ", new: "{name: bob, name: , ", want: "org.yaml:6: users[1].name: it is there twice (keep one of the two)"},
		{name: "field twice, both empty", old: "email: bob@example.com", new: "email: , email: ", want: "org.yaml:6: users[1].email: it is there twice (keep one of the two)"},
		{name: "account named as all are", old: "name: prod", new: `name: "*"`,
			want: `org.yaml:9: accounts[1].name: "*" stands for all accounts (give the account another name)`},
		{name: "merge key", old: "{name: bob, ", new: "{<<: {name: bob}, ", want: "org.yaml:6: users[1]: << is not supported (write the fields out)"},
		{name: "field name no text", old: "{name: bob, ", new: "{[a]: b, ", want: "org.yaml:6: users[1]: a field name is a list (write name: value pairs with any of disabled, display_name, email, groups, id, mfa, mfa_code, name, password, password_hash)"},

		{name: "role's account", old: `account: "111111111111"`, new: "account: dve", want: `org.yaml:19: roles[0].account: there is no account "dve" (did you mean dev?)`},
		{name: "role's name", old: "name: build", new: "name: AWSReservedSSO_x", want: `org.yaml:19: roles[0].name: "AWSReservedSSO_x" is a name that permission sets take (do not begin it with AWSReservedSSO_)`},
		{name: "role without trust", old: ", trusts: [{user: BOB}]", want: "org.yaml:19: roles[0].trusts: it is missing (add trusts)"},
		{name: "role trusts nobody", old: "{user: BOB}]", new: "{}]", want: "org.yaml:19: roles[0].trusts[0]: nobody is named (add account, permission_set, role or user)"},
		{name: "role trusts a stranger", old: "{user: BOB}]", new: "{user: bobby}]", want: `org.yaml:19: roles[0].trusts[0].user: there is no user "bobby" (name one of the users)`},
		{name: "role trusts no account", old: "{user: BOB}]", new: "{account: x}]", want: `org.yaml:19: roles[0].trusts[0].account: there is no account "x" (there is dev, prod)`},
		{name: "role's path", old: "name: build", new: "name: build, path: ci", want: `org.yaml:19: roles[0].path: "ci" is no path (write it like /ci/, with a slash at both ends)`},
		{name: "MFA code", old: "name: bob,", new: `name: bob, mfa_code: "12345",`, want: `org.yaml:6: users[1].mfa_code: it is no code of an MFA device (write six digits in quotes, like "123456")`},

		{name: "list expected", old: "[platform]", new: "platform", want: "org.yaml:5: users[0].groups: it is text, not a list (write one line beginning with - for each, or [a, b])"},
		{name: "mapping expected", old: "{name: bob, email: bob@example.com}", new: "bob",
			want: "org.yaml:6: users[1]: it is text, not a mapping (write name: value pairs with any of disabled, display_name, email, groups, id, mfa, mfa_code, name, password, password_hash)"},
		{name: "text expected", old: "name: bob", new: "name: [bob]", want: "org.yaml:6: users[1].name: it is a list, not text (write text)"},
		{name: "number for text", old: "name: bob", new: "name: 1e3", want: "org.yaml:6: users[1].name: it is a number, not text (put it in quotes)"},
		{name: "date for text", old: "name: bob", new: "name: 2024-01-01", want: "org.yaml:6: users[1].name: it is a date, not text (put it in quotes)"},
		{name: "empty element", old: "[platform]", new: "[~]", want: "org.yaml:5: users[0].groups[0]: it is nothing, not text (write text)"},
		{name: "tag", old: "name: bob", new: "name: !secret bob", want: `org.yaml:6: users[1].name: it is a value tagged "!secret", not text (put it in quotes)`},
		{name: "boolean", old: "administrator: true", new: "administrator: yes", want: `org.yaml:11: permission_sets[0].administrator: "yes" is text, not true or false (write true or false)`},
		{name: "password not shown", old: "name: bob", new: "name: bob, password: 12345", want: "org.yaml:6: users[1].password: it is a number, not text (put it in quotes)"},

		{name: "user without name", old: "name: bob, ", want: "org.yaml:6: users[1].name: it is missing (add name)"},
		{name: "user with empty name", old: "name: bob", new: "name: ", want: "org.yaml:6: users[1].name: it is missing (add name)"},
		{name: "account without name", old: ", name: prod", want: "org.yaml:9: accounts[1].name: it is missing (add name)"},
		{name: "account without id", old: `id: "222222222222", `, want: "org.yaml:9: accounts[1].id: it is missing (add id)"},
		{name: "permission set without name", old: "name: Admin, ", want: "org.yaml:11: permission_sets[0].name: it is missing (add name)"},
		{name: "bucket without name", old: "name: dev-artifacts, ", want: "org.yaml:8: accounts[0].buckets[0].name: it is missing (add name)"},
		{name: "assignment without set", old: "user: bob, permission_set: Admin", new: "user: bob", want: "org.yaml:14: assignments[1].permission_set: it is missing (add permission_set)"},
		{name: "assignment without accounts", old: ", accounts: [dev]", want: "org.yaml:14: assignments[1].accounts: it is missing (add accounts)"},
		{name: "assignment of nobody", old: "user: bob, permission_set: Admin", new: "permission_set: Admin", want: "org.yaml:14: assignments[1]: nobody is named (add user or group)"},
		{name: "assignment of two", old: "{user: bob,", new: "{user: bob, group: platform,",
			want: "org.yaml:14: assignments[1].group: a user is named as well (use one assignment for the user and one for the group)"},

		{name: "duplicate user", old: "name: bob", new: "name: ALICE", want: `org.yaml:6: users[1].name: "ALICE" is also users[0] (give each user a name of their own)`},
		{name: "duplicate account", old: `"222222222222", name: prod`, new: `"111111111111", name: prod`,
			want: `org.yaml:9: accounts[1].id: "111111111111" is also accounts[0] (give each account an id of its own)`},
		{name: "duplicate account name", old: "name: prod", new: "name: dev", want: `org.yaml:9: accounts[1].name: "dev" is also accounts[0] (give each account a name of its own)`},
		{name: "duplicate permission set", old: "assignments:", new: "  - {name: Admin}\nassignments:",
			want: `org.yaml:12: permission_sets[1].name: "Admin" is also permission_sets[0] (give each permission set a name of its own)`},
		{name: "e-mail", old: "bob@example.com", new: "bob", want: `org.yaml:6: users[1].email: "bob" is no e-mail address (write it like alice@example.com)`},
		{name: "mfa", old: "email: bob@example.com", new: "mfa: totp", want: `org.yaml:6: users[1].mfa: "totp" is not known (write email, or leave it out)`},

		{name: "short account id", old: `"222222222222", name`, new: `"22222222222", name`,
			want: `org.yaml:9: accounts[1].id: "22222222222" is no account id (write twelve digits in quotes, like "111111111111")`},
		{name: "account id that lost a digit", old: `"222222222222", name`, new: `22222222222, name`,
			want: `org.yaml:9: accounts[1].id: "22222222222" is a number, not an account id (write the twelve digits in quotes, like "012345678901")`},
		{name: "account id as float", old: `"222222222222", name`, new: `2.22222222222e11, name`,
			want: `org.yaml:9: accounts[1].id: "2.22222222222e11" is a number, not an account id (write the twelve digits in quotes, like "012345678901")`},
		{name: "account id as list", old: `"222222222222", name`, new: `[2], name`,
			want: `org.yaml:9: accounts[1].id: it is a list, not an account id (write the twelve digits in quotes, like "012345678901")`},

		{name: "unknown account", old: "[dev]", new: "[dve]", want: `org.yaml:14: assignments[1].accounts[0]: there is no account "dve" (did you mean dev?)`},
		{name: "unknown account like none", old: "[dev]", new: "[elsewhere]", want: `org.yaml:14: assignments[1].accounts[0]: there is no account "elsewhere" (there is dev, prod)`},
		{name: "unknown account id", old: "[dev]", new: "[333333333333]", want: `org.yaml:14: assignments[1].accounts[0]: there is no account "333333333333" (there is 111111111111, 222222222222)`},
		{name: "ambiguous account", old: "name: prod}", new: `name: "111111111111"}`,
			whole: strings.NewReplacer("name: prod}", `name: "111111111111"}`, "[dev]", "[111111111111]").Replace(valid)},
		{name: "unknown user", old: "user: bob", new: "user: bbo", want: `org.yaml:14: assignments[1].user: there is no user "bbo" (did you mean bob?)`},
		{name: "unknown group", old: "group: platform", new: "group: plattform", want: `org.yaml:13: assignments[0].group: no user is in group "plattform" (did you mean platform?)`},
		{name: "unknown set", old: "user: bob, permission_set: Admin", new: "user: bob, permission_set: ReadOnly",
			want: `org.yaml:14: assignments[1].permission_set: there is no permission set "ReadOnly" (there is Admin)`},
		{name: "all of none", whole: "users: [{name: a}]\npermission_sets: [{name: P}]\nassignments:\n  - user: a\n    permission_set: P\n    accounts:\n      - \"*\"\n",
			want: "org.yaml:7: assignments[0].accounts[0]: there is no account (add accounts)"},

		{name: "decider", old: "user: alice", new: "user: alicia", want: `org.yaml:16: decisions[0].user: there is no user "alicia" (did you mean alice?)`},
		{name: "no decider", old: "user: alice, ", new: "", want: `org.yaml:16: decisions[0].user: nobody is named (name who answers)`},
		{name: "no answer", old: "answer: never, ", new: "", want: `org.yaml:17: decisions[1].answer: it is missing (add answer)`},
		{name: "answer", old: "answer: allow", new: "answer: maybe", want: `org.yaml:16: decisions[0].answer: "maybe" is no answer (write allow, deny or never)`},
		{name: "flow", old: "flow: device", new: "flow: pkce", want: `org.yaml:16: decisions[0].flow: "pkce" is no flow (write device or authorization_code, or leave it out for both)`},
		{name: "wait", old: "after: 3s", new: "after: 3", want: `org.yaml:16: decisions[0].after: "3" is no duration (write it like 3s, 500ms or 1m30s)`},
		{name: "waits", old: "after: 3s", new: "after: [3s]", want: `org.yaml:16: decisions[0].after: it is a list, not a duration (write it like 3s, 500ms or 1m30s)`},
		{name: "long wait", old: "after: 3s", new: "after: 25h", want: `org.yaml:16: decisions[0].after: 25h0m0s is out of range (use at most 24h0m0s, in whole milliseconds)`},
		{name: "short wait", old: "after: 3s", new: "after: 1us", want: `org.yaml:16: decisions[0].after: 1µs is out of range (use at most 24h0m0s, in whole milliseconds)`},
		{name: "wait for nobody", old: "client: other", new: "after: 3s", want: `org.yaml:17: decisions[1].after: nobody answers, so there is nothing to wait for (leave it out)`},
		{name: "pattern", old: `"my-*"`, new: `"my-["`,
			want: `org.yaml:16: decisions[0].client: "my-[" is no pattern (write a client's name, with * for any letters and ? for one, and \ before a [)`},
		{name: "decision field", old: "after: 3s", new: "wait: 3s", want: `org.yaml:16: decisions[0].wait: there is no such field (use any of after, answer, client, flow, user)`},

		{name: "duration", old: "PT8H", new: "8h", want: `org.yaml:11: permission_sets[0].session_duration: "8h" is no duration (write it as ISO 8601 does, from PT1H to PT12H)`},
		{name: "empty duration", old: "PT8H", new: "PT", want: `org.yaml:11: permission_sets[0].session_duration: "PT" is no duration (write it as ISO 8601 does, from PT1H to PT12H)`},
		{name: "no duration", old: "PT8H", new: "PT0S", want: `org.yaml:11: permission_sets[0].session_duration: "PT0S" is out of range (write it as ISO 8601 does, from PT1H to PT12H)`},
		{name: "long duration", old: "PT8H", new: "PT12H1S", want: `org.yaml:11: permission_sets[0].session_duration: 12h0m1s is out of range (use PT1H to PT12H, in whole seconds)`},
		{name: "short duration", old: "PT8H", new: "PT59M", want: `org.yaml:11: permission_sets[0].session_duration: 59m0s is out of range (use PT1H to PT12H, in whole seconds)`},

		{name: "bucket", old: "dev-artifacts", new: "Dev_Artifacts",
			want: `org.yaml:8: accounts[0].buckets[0].name: "Dev_Artifacts" is no bucket name (use 3 to 63 lower-case letters, digits, dots or dashes, beginning and ending with a letter or digit)`},
		{name: "bucket dots", old: "dev-artifacts", new: "dev..artifacts",
			want: `org.yaml:8: accounts[0].buckets[0].name: "dev..artifacts" has a dot beside a dot or a dash (use 3 to 63 lower-case letters, digits, dots or dashes, beginning and ending with a letter or digit)`},
		{name: "bucket address", old: "dev-artifacts", new: "10.0.0.1",
			want: `org.yaml:8: accounts[0].buckets[0].name: "10.0.0.1" looks like an IP address (use 3 to 63 lower-case letters, digits, dots or dashes, beginning and ending with a letter or digit)`},
		{name: "bucket time", old: "2024-09-26T15:11:02Z", new: "2024-09-26T15:11:02", want: `org.yaml:8: accounts[0].buckets[0].created: "2024-09-26T15:11:02" is no time (write it like 2024-09-26T15:11:02Z)`},
		{name: "bucket no time", old: "2024-09-26T15:11:02Z", new: "[soon]", want: `org.yaml:8: accounts[0].buckets[0].created: it is a list, not a time (write it like 2024-09-26T15:11:02Z)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := test.whole
			if data == "" {
				if n := strings.Count(valid, test.old); n != 1 {
					t.Fatalf("%q is there %d times", test.old, n)
				}
				data = strings.Replace(valid, test.old, test.new, 1)
			}
			if test.name == "ambiguous account" {
				test.want = `org.yaml:14: assignments[1].accounts[0]: "111111111111" is the id of one account and the name of another (rename the account 222222222222)`
			}
			_, err := Parse("org.yaml", []byte(data))
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("got %v (%T), want an *Error", err, err)
			}
			if got := err.Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// A small file may not unfold to a large one, however it goes about it.
func TestBounds(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("users:\n- {name: u, groups: &g0 [" + strings.TrimSuffix(strings.Repeat("x,", 1000), ",") + "]}\n")
	for range 1000 {
		bomb.WriteString("- {name: u, groups: *g0}\n")
	}
	var pairs strings.Builder
	pairs.WriteString("users: [{name: a}]\npermission_sets: [{name: P}]\naccounts:\n")
	for i := range 2000 {
		fmt.Fprintf(&pairs, "- {id: %012d, name: n%d}\n", i, i)
	}
	pairs.WriteString("assignments:\n- &a {user: a, permission_set: P, accounts: ['*']}\n" + strings.Repeat("- *a\n", 1000))
	for name, data := range map[string]string{
		"size":           "# " + strings.Repeat("x", MaxSize),
		"aliases":        bomb.String(),
		"pairs":          pairs.String(),
		"alias of alias": "users: &u [*u]\n",
		"nesting bomb":   "users: &a [a,a,a,a]\naccounts: &b [*a,*a,*a,*a]\npermission_sets: [*b,*b,*b,*b]\n",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse("org.yaml", []byte(data))
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("got %v, want an *Error", err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
			t.Log(err)
		})
	}
}

func TestStartURLs(t *testing.T) {
	for address, want := range map[string]bool{
		"https://d-1234567890.awsapps.com/start": true, "https://MY-name.AWSApps.com/start": true, "https://x.awsapps.com./start": true,
		"https://start.us-gov-home.awsapps.com/directory/x": true, "https://d-1234567890.awsapps.cn/start": true,
		"https://ssoins-1.portal.eu-west-1.app.aws": true, "https://ssoins-1.eu-west-1.portal.amazonaws.com/": true,
		"https://identitycenter.us-gov.amazonaws.com/ssoins-1": true,
		"https://127.0.0.1:8443/start":                         true, "https://[::1]/start": true, "https://localhost/start": true,
		"http://127.0.0.1:8642/start": false, "http://d-1234567890.awsapps.com/start": false,
		"https://evil-awsapps.com/start": false, "https://awsapps.com.evil.test/start": false,
		"https://notidentitycenter.amazonaws.com/x": false, "https://127.0.0.1.evil.test/start": false, "https://sso.example.com/start": false,
		"https:///start": false, "https://u@d-1234567890.awsapps.com/start": false,
	} {
		org, err := Parse("org.yaml", []byte("start_url: "+address+"\naccounts: [{id: '111111111111', name: one}]\n"))
		if (err == nil) != want || want && org.StartURL != address {
			t.Errorf("%s: got %v, want accepted: %v", address, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(valid))
	f.Add(builtIn)
	f.Add([]byte("users: &u [*u]\n"))
	f.Add([]byte("a: 1\n---\nb: 2\n"))
	f.Add([]byte("\ufeffusers:\r\n- {name: !!str 1}\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		org, err := Parse("f", data)
		if err == nil {
			if err := org.Validate(); err != nil {
				t.Errorf("accepted, but: %v", err)
			}
			again, err := Parse("f", data)
			if diff := cmp.Diff(org, again); err != nil || diff != "" {
				t.Errorf("second time: %v\n%s", err, diff)
			}
			return
		}
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("got %T, want an *Error", err)
		}
		if lines := 1 + strings.Count(string(data), "\n") + strings.Count(string(data), "\r"); e.Line < 0 || (e.Line > lines+1 && validLines(data)) {
			t.Errorf("got line %d of %d: %v", e.Line, lines, e)
		}
		if e.File != "f" || e.Problem == "" {
			t.Errorf("got %+v", e)
		}
	})
}

// validLines says that the file is in UTF-8 and has no line ends but the
// common ones, which are those FuzzParse counts.
func validLines(data []byte) bool {
	s := string(data)
	return !strings.ContainsAny(s, "\u0085\u2028\u2029\x00") && !strings.HasPrefix(s, "\xff\xfe") && !strings.HasPrefix(s, "\xfe\xff")
}
