package directory_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

var start = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func sample() directory.Organisation {
	return directory.Organisation{
		StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1", ManagementAccount: "999999999999",
		Users: []directory.User{
			{Name: "alice", Email: "alice@example.com", Password: "correct-horse", Groups: []string{"platform"}},
			{Name: "bob", Email: "bob@example.com", Password: "battery-staple", MFA: directory.MFAEmail, Groups: []string{"developers"}},
			{Name: "carol", Password: "disabled-carol", Disabled: true, Groups: []string{"platform"}},
			{Name: "dave"},
		},
		Accounts: []directory.Account{
			{ID: "111111111111", Name: "dev", Email: "aws+dev@example.com", Buckets: []directory.Bucket{{Name: "dev-artifacts", Created: start}}},
			{ID: "222222222222", Name: "prod"},
			{ID: "999999999999", Name: "management"},
		},
		PermissionSets: []directory.PermissionSet{
			{Name: "AdministratorAccess", SessionDuration: 8 * time.Hour, Administrator: true},
			{Name: "ReadOnly"},
		},
		Assignments: []directory.Assignment{
			{Group: "platform", PermissionSet: "AdministratorAccess", Accounts: []string{"111111111111", "222222222222", "999999999999"}},
			{Group: "developers", PermissionSet: "ReadOnly", Accounts: []string{"111111111111"}},
			{User: "bob", PermissionSet: "ReadOnly", Accounts: []string{"222222222222"}},
		},
	}
}

func open(t testing.TB) *directory.Service {
	t.Helper()
	db, err := sqlstore.Open(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &directory.Service{Store: db.Directory()}
}

func seeded(t testing.TB) *directory.Service {
	t.Helper()
	s := open(t)
	if err := s.Seed(context.Background(), sample()); err != nil {
		t.Fatal(err)
	}
	return s
}

func equal(t testing.TB, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got other than want (-want +got):\n%s", diff)
	}
}

func TestNames(t *testing.T) {
	org := sample()
	equal(t, org.IdentityStoreID(), "d-1234567890")
	other := org
	other.StartURL = "https://company.awsapps.com/start"
	for name, test := range map[string]struct{ got, pattern string }{
		"instance":             {org.InstanceID(), `^ssoins-[0-9a-f]{16}$`},
		"identity store":       {other.IdentityStoreID(), `^d-[0-9a-f]{10}$`},
		"user":                 {directory.UserID("d-1234567890", "alice"), `^1234567890-[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
		"role suffix":          {directory.RoleSuffix("111111111111", "ReadOnly"), `^[0-9a-f]{16}$`},
		"role id":              {directory.RoleID("111111111111", "ReadOnly"), `^AROA[A-Z2-7]{17}$`},
		"instance ARN":         {org.Instance().ARN(), `^arn:aws:sso:::instance/ssoins-[0-9a-f]{16}$`},
		"management (derived)": {directory.Organisation{Accounts: org.Accounts}.Instance().ManagementAccount, `^111111111111$`},
	} {
		if !regexp.MustCompile(test.pattern).MatchString(test.got) {
			t.Errorf("%s: got %q, want %s", name, test.got, test.pattern)
		}
	}
	seen := map[string]string{}
	for _, store := range []string{"d-1234567890", "d-0987654321"} {
		for _, name := range []string{"alice", "bob"} {
			seen[directory.UserID(store, name)] = store + name
		}
	}
	for _, account := range []string{"111111111111", "222222222222"} {
		for _, set := range []string{"ReadOnly", "Admin"} {
			seen[directory.RoleSuffix(account, set)] = account + set
			seen[directory.RoleID(account, set)] = account + set
		}
	}
	if len(seen) != 12 {
		t.Errorf("got %d different ids, want 12", len(seen))
	}
	// Ids must never change: Terraform states and caches hold them.
	equal(t, directory.UserID("d-1234567890", "alice"), "1234567890-2745b39b-f4f9-8350-a6f5-cd4b870a1e6f")
	equal(t, directory.RoleSuffix("111111111111", "ReadOnly"), "ebfe5fa88641a334")
	equal(t, directory.RoleID("111111111111", "ReadOnly"), "AROA2VD4JNVUCOY7MTWWH")
	equal(t, org.InstanceID(), "ssoins-ecb5d1e760490621")
}

func TestRoleARNs(t *testing.T) {
	set := directory.PermissionSet{Name: "ReadOnly"}
	for region, want := range map[string]struct{ partition, path string }{
		"us-east-1":      {"aws", ""},
		"eu-west-1":      {"aws", "eu-west-1/"},
		"cn-north-1":     {"aws-cn", "cn-north-1/"},
		"us-gov-west-1":  {"aws-us-gov", "us-gov-west-1/"},
		"us-iso-east-1":  {"aws-iso", "us-iso-east-1/"},
		"us-isob-east-1": {"aws-iso-b", "us-isob-east-1/"},
		"eu-isoe-west-1": {"aws-iso-e", "eu-isoe-west-1/"},
		"us-isof-east-1": {"aws-iso-f", "us-isof-east-1/"},
		"eusc-de-east-1": {"aws-eusc", "eusc-de-east-1/"},
	} {
		r := directory.NewRole(region, "111111111111", set)
		name := "AWSReservedSSO_ReadOnly_" + directory.RoleSuffix("111111111111", "ReadOnly")
		equal(t, r.Name, name)
		equal(t, r.ARN, "arn:"+want.partition+":iam::111111111111:role/aws-reserved/sso.amazonaws.com/"+want.path+name)
		equal(t, r.SessionARN("alice"), "arn:"+want.partition+":sts::111111111111:assumed-role/"+name+"/alice")
		equal(t, r.UserID("alice"), r.ID+":alice")
	}
	long := directory.NewRole("us-east-1", "111111111111", directory.PermissionSet{Name: strings.Repeat("x", 32)})
	if len(long.Name) != 64 {
		t.Errorf("got a role name of %d, want 64, which is IAM's limit", len(long.Name))
	}
}

func TestValidate(t *testing.T) {
	if err := sample().Validate(); err != nil {
		t.Fatal(err)
	}
	if err := (directory.Organisation{StartURL: "https://x.awsapps.com/start", Region: "eu-central-1"}).Validate(); err != nil {
		t.Fatal(err)
	}
	for path, changes := range map[string][]func(*directory.Organisation){
		"start_url": {
			func(o *directory.Organisation) { o.StartURL = "" },
			func(o *directory.Organisation) { o.StartURL = "http://127.0.0.1/start" },
			func(o *directory.Organisation) { o.StartURL = "https://u:p@x/start" },
			func(o *directory.Organisation) { o.StartURL = "https://x/start#/" },
		},
		"region": {
			func(o *directory.Organisation) { o.Region = "" },
			func(o *directory.Organisation) { o.Region = "x.evil.test/#" },
			func(o *directory.Organisation) { o.Region = "us-east-1\n" },
		},
		"management_account":    {func(o *directory.Organisation) { o.ManagementAccount = "333333333333" }},
		"users[1].name":         {func(o *directory.Organisation) { o.Users[1].Name = "ALICE" }, func(o *directory.Organisation) { o.Users[1].Name = "a b" }, func(o *directory.Organisation) { o.Users[1].Name = "" }, func(o *directory.Organisation) { o.Users[1].Name = "bob/x" }},
		"users[1].id":           {func(o *directory.Organisation) { o.Users[1].ID = "x" }, func(o *directory.Organisation) { o.Users[0].ID = uuid; o.Users[1].ID = uuid }},
		"users[1].email":        {func(o *directory.Organisation) { o.Users[1].Email = "bob" }, func(o *directory.Organisation) { o.Users[1].Email = "Alice@example.com" }, func(o *directory.Organisation) { o.Users[1].Email = "a@b@c" }},
		"users[1].display_name": {func(o *directory.Organisation) { o.Users[1].DisplayName = "\x1b[2J" }},
		"users[1].password":     {func(o *directory.Organisation) { o.Users[1].Password = strings.Repeat("x", 1025) }},
		"users[1].password_hash": {
			func(o *directory.Organisation) { o.Users[1].PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$" },
			func(o *directory.Organisation) { o.Users[1].Password = ""; o.Users[1].PasswordHash = "$2b$12$abc" },
			func(o *directory.Organisation) { o.Users[1].Password = ""; o.Users[1].PasswordHash = huge },
		},
		"users[1].mfa":                   {func(o *directory.Organisation) { o.Users[1].MFA = "sms" }, func(o *directory.Organisation) { o.Users[1].Email = "" }},
		"users[1].groups[0]":             {func(o *directory.Organisation) { o.Users[1].Groups = []string{""} }},
		"users[1].groups[1]":             {func(o *directory.Organisation) { o.Users[1].Groups = []string{"a", "a"} }},
		"accounts[1].id":                 {func(o *directory.Organisation) { o.Accounts[1].ID = "22222222222" }, func(o *directory.Organisation) { o.Accounts[1].ID = o.Accounts[0].ID }},
		"accounts[1].name":               {func(o *directory.Organisation) { o.Accounts[1].Name = "dev" }, func(o *directory.Organisation) { o.Accounts[1].Name = "" }},
		"accounts[1].email":              {func(o *directory.Organisation) { o.Accounts[1].Email = "x" }},
		"accounts[1].buckets[0].name":    {func(o *directory.Organisation) { o.Accounts[1].Buckets = []directory.Bucket{{Name: "Dev"}} }, func(o *directory.Organisation) { o.Accounts[1].Buckets = []directory.Bucket{{Name: "dev-artifacts"}} }},
		"permission_sets[1].name":        {func(o *directory.Organisation) { o.PermissionSets[1].Name = strings.Repeat("x", 33) }, func(o *directory.Organisation) { o.PermissionSets[1].Name = "AdministratorAccess" }},
		"permission_sets[1].description": {func(o *directory.Organisation) { o.PermissionSets[1].Description = "a\u202eb" }},
		"permission_sets[1].session_duration": {
			func(o *directory.Organisation) { o.PermissionSets[1].SessionDuration = 59 * time.Minute },
			func(o *directory.Organisation) { o.PermissionSets[1].SessionDuration = 13 * time.Hour },
			func(o *directory.Organisation) { o.PermissionSets[1].SessionDuration = time.Hour + time.Millisecond },
		},
		"assignments[1]":                {func(o *directory.Organisation) { o.Assignments[1].Group = "" }},
		"assignments[1].group":          {func(o *directory.Organisation) { o.Assignments[1].Group = "nobody" }, func(o *directory.Organisation) { o.Assignments[1].User = "bob" }},
		"assignments[2].user":           {func(o *directory.Organisation) { o.Assignments[2].User = "zoe" }},
		"assignments[1].permission_set": {func(o *directory.Organisation) { o.Assignments[1].PermissionSet = "x" }},
		"assignments[1].accounts":       {func(o *directory.Organisation) { o.Assignments[1].Accounts = nil }},
		"assignments[1].accounts[0]":    {func(o *directory.Organisation) { o.Assignments[1].Accounts = []string{"dev"} }},
	} {
		for i, change := range changes {
			org := sample()
			change(&org)
			err := org.Validate()
			e, ok := errors.AsType[*directory.InvalidError](err)
			if !ok || e.Path != path || e.Problem == "" || e.Cure == "" {
				t.Errorf("%s, case %d: got %v, want an InvalidError there with a cure", path, i, err)
			}
		}
	}
}

const (
	uuid = "11111111-2222-3333-4444-555555555555"
	huge = "$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

func TestReach(t *testing.T) {
	s := seeded(t)
	ctx := t.Context()
	bob, err := s.UserByName(ctx, "BOB")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, bob.ID, directory.UserID("d-1234567890", "bob"))
	equal(t, bob.Password, "")
	accounts, next, err := s.Accounts(ctx, bob.ID, "", 1)
	equal(t, []any{accounts, next, err}, []any{[]directory.Account{{ID: "111111111111", Name: "dev", Email: "aws+dev@example.com"}}, "111111111111", nil})
	accounts, next, err = s.Accounts(ctx, bob.ID, next, 1)
	equal(t, []any{accounts, next, err}, []any{[]directory.Account{{ID: "222222222222", Name: "prod"}}, "", nil})
	accounts, next, err = s.Accounts(ctx, bob.ID, "", 0)
	equal(t, []any{len(accounts), next, err}, []any{2, "", nil})
	roles, next, err := s.Roles(ctx, bob.ID, "111111111111", "", 0)
	equal(t, []any{roles, next, err}, []any{[]directory.PermissionSet{{Name: "ReadOnly", SessionDuration: time.Hour}}, "", nil})
	roles, _, err = s.Roles(ctx, bob.ID, "999999999999", "", 0)
	equal(t, []any{len(roles), err}, []any{0, nil})
	role, err := s.Role(ctx, bob.ID, "222222222222", "ReadOnly")
	equal(t, []any{role, err}, []any{directory.NewRole("us-east-1", "222222222222", directory.PermissionSet{Name: "ReadOnly", SessionDuration: time.Hour}), nil})
	for _, x := range [][3]string{{bob.ID, "222222222222", "AdministratorAccess"}, {bob.ID, "999999999999", "ReadOnly"}, {"nobody", "111111111111", "ReadOnly"}, {"", "111111111111", "ReadOnly"}} {
		if _, err := s.Role(ctx, x[0], x[1], x[2]); !errors.Is(err, directory.ErrNoAccess) {
			t.Errorf("%v: got %v, want %v", x, err, directory.ErrNoAccess)
		}
	}
	a, err := s.Account(ctx, "111111111111")
	equal(t, []any{a, err}, []any{sample().Accounts[0], nil})
	if _, err := s.Account(ctx, "000000000000"); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("got %v, want %v", err, directory.ErrNotFound)
	}
	for name, want := range map[string]bool{"alice": true, "carol": false} {
		u, err := s.UserByName(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		active, err := s.Active(ctx, u.ID)
		equal(t, []any{active, err}, []any{want, nil})
	}
	active, err := s.Active(ctx, "nobody")
	equal(t, []any{active, err}, []any{false, nil})
}

func TestSeedAgain(t *testing.T) {
	s := seeded(t)
	ctx := t.Context()
	digest, err := s.Store.SeedDigest(ctx)
	if err != nil || !strings.HasPrefix(digest, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("got digest %q and %v, want argon2id", digest, err)
	}
	alice, err := s.UserByName(ctx, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Seed(ctx, sample()); err != nil {
		t.Fatal(err)
	}
	again, err := s.Store.SeedDigest(ctx)
	equal(t, []any{again, err}, []any{digest, nil})
	same, err := s.UserByName(ctx, "alice")
	equal(t, []any{same, err}, []any{alice, nil})

	// Another password is another seed; ids stay.
	org := sample()
	org.Users[0].Password = "changed"
	org.Users = append(org.Users[:1], org.Users[2:]...)
	org.Assignments = org.Assignments[:1]
	bob, err := s.UserByName(ctx, "bob")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Seed(ctx, org); err != nil {
		t.Fatal(err)
	}
	changed, err := s.UserByName(ctx, "alice")
	equal(t, []any{changed.ID, err, changed.PasswordHash != alice.PasswordHash}, []any{alice.ID, nil, true})
	active, err := s.Active(ctx, bob.ID)
	equal(t, []any{active, err}, []any{false, nil})
	if _, err := s.Authenticate(ctx, start, "alice", "changed", ""); err != nil {
		t.Error(err)
	}

	bad := sample()
	bad.Region = ""
	if err := s.Seed(ctx, bad); err == nil {
		t.Error("got no error for a bad seed, want one")
	}
	equal(t, fmt.Sprint(sample().Users[0].Password), "correct-horse")
}
