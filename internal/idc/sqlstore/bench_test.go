package sqlstore_test

import (
	"fmt"
	"testing"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// vast is 1,000 accounts with 60 permission sets assigned in each, to a group and
// some to the person too.
func vast() directory.Organisation {
	org := directory.Organisation{
		StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1",
		Users: []directory.User{{ID: "u-alice", Name: "alice", Groups: []string{"platform", "developers"}}},
	}
	var ids []string
	for i := range 1000 {
		id := fmt.Sprintf("%012d", i+1)
		ids = append(ids, id)
		org.Accounts = append(org.Accounts, directory.Account{ID: id, Name: "account " + id})
	}
	for i := range 60 {
		set := fmt.Sprintf("Set%02d", i)
		org.PermissionSets = append(org.PermissionSets, directory.PermissionSet{Name: set})
		a := directory.Assignment{Group: "platform", PermissionSet: set, Accounts: ids}
		switch i % 3 {
		case 1:
			a.Group = "developers"
		case 2:
			a.User, a.Group = "alice", ""
		}
		org.Assignments = append(org.Assignments, a)
	}
	return org
}

// BenchmarkStart is what the page of accounts reads: all accounts, and some roles
// of the twenty that it shows.
func BenchmarkStart(b *testing.B) {
	store := open(b, b.TempDir()).Directory()
	if err := store.Apply(b.Context(), vast(), ""); err != nil {
		b.Fatal(err)
	}
	s := &directory.Service{Store: store}
	for b.Loop() {
		n := 0
		for after := ""; ; {
			page, next, err := s.Accounts(b.Context(), "u-alice", after, 0)
			if err != nil {
				b.Fatal(err)
			}
			n += len(page)
			if after = next; next == "" {
				break
			}
		}
		if n != 1000 {
			b.Fatalf("got %d accounts, want 1,000", n)
		}
		for i := range 20 {
			roles, _, err := s.Roles(b.Context(), "u-alice", fmt.Sprintf("%012d", i+1), "", 5)
			if err != nil || len(roles) != 5 {
				b.Fatalf("got %d roles and %v, want 5", len(roles), err)
			}
		}
	}
}
