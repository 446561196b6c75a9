package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// organisation is a seed with n accounts and a person who reaches them all.
func organisation(n int) string {
	var b strings.Builder
	b.WriteString("start_url: https://d-1234567890.awsapps.com/start\nregion: us-east-1\nusers: [{name: alice, email: alice@example.com}]\naccounts:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {id: \"%012d\", name: account-%d, email: a%d@example.com}\n", 100000000000+i, i, i)
	}
	b.WriteString("permission_sets: [{name: b-role}, {name: A-role}]\nassignments:\n  - {user: alice, permission_set: b-role, accounts: [\"*\"]}\n  - {user: alice, permission_set: A-role, accounts: [\"*\"]}\n")
	return b.String()
}

func signedIn(t *testing.T, ic *idctest.IdentityCenter) *catalog.Catalog {
	t.Helper()
	c := &signin.Client{Wallet: &wallet.Wallet{Home: t.TempDir(), LockDir: t.TempDir()}, HTTP: ic.HTTPClient(), OIDCEndpoint: ic.URL, PortalEndpoint: ic.URL}
	s := signin.Session{Name: "corp", StartURL: ic.StartURL, Region: ic.Region, Scopes: []string{"sso:account:access"}}
	_, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true, Show: func(i signin.Instructions) {
		if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return &catalog.Catalog{SignIn: c, Session: s}
}

func TestAllPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := signedIn(t, idctest.New(t, idctest.Seed(organisation(250))))
		accounts, err := list.Accounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, a := range accounts {
			seen[a.ID] = true
		}
		if len(accounts) != 250 || len(seen) != 250 {
			t.Errorf("got %d accounts, %d of them different, want 250", len(accounts), len(seen))
		}
		roles, err := list.Roles(t.Context(), accounts[7].ID)
		if err != nil {
			t.Fatal(err)
		}
		catalog.SortRoles(roles)
		want := []catalog.Role{{Name: "A-role", AccountID: accounts[7].ID}, {Name: "b-role", AccountID: accounts[7].ID}}
		if d := cmp.Diff(want, roles); d != "" {
			t.Errorf("roles (-want +got):\n%s", d)
		}
	})
}

func TestLabelsAndOrder(t *testing.T) {
	text := func(s string) *string { return &s }
	accounts := []catalog.Account{
		{ID: "9"},
		{ID: "1", Name: text("zeta"), Email: text("z@x")},
		{ID: "2", Name: text(""), Email: text("q@x")},
		{ID: "3", Name: text("Beta")},
		{ID: "4", Email: text("mail@x")},
		{ID: "5", Name: text("alpha"), Email: text("a@x")},
		{ID: "8"},
	}
	catalog.SortAccounts(accounts)
	var labels []string
	for _, a := range accounts {
		labels = append(labels, a.Label())
	}
	want := []string{", q@x (2)", "alpha, a@x (5)", "Beta (3)", "mail@x (4)", "zeta, z@x (1)", "8", "9"}
	if !slices.Equal(labels, want) {
		t.Errorf("got %q, want %q", labels, want)
	}
}
