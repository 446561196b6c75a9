package access_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/access"
	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/pace"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// organization has sixty accounts with two permission sets each, which two groups
// and one person have.
func organization() idctest.Option {
	var b strings.Builder
	b.WriteString("start_url: https://d-1234567890.awsapps.com/start\nregion: us-east-1\nmanagement_account: \"100000000000\"\nusers:\n")
	b.WriteString("  - {name: alice, email: alice@example.com, password: correct-horse, groups: [admins]}\n")
	for i := range 3 {
		fmt.Fprintf(&b, "  - {name: u%d, email: u%d@example.com, password: correct-horse-%d, groups: [readers]}\n", i, i, i)
	}
	b.WriteString("accounts:\n")
	for i := range 60 {
		fmt.Fprintf(&b, "  - {id: \"%d\", name: account-%d, email: a%d@example.com}\n", 100000000000+i, i, i)
	}
	b.WriteString(`permission_sets:
  - {name: Admin, session_duration: PT1H, administrator: true}
  - {name: ReadOnly, session_duration: PT1H}
assignments:
  - {group: admins, permission_set: Admin, accounts: ["*"]}
  - {group: readers, permission_set: ReadOnly, accounts: ["*"]}
  - {user: u1, permission_set: ReadOnly, accounts: [account-7]}
`)
	return idctest.Seed(b.String())
}

// source asks as alice, who administers, at the pace that the service allows.
func source(t *testing.T, ic *idctest.IdentityCenter) *access.Source {
	t.Helper()
	w := &wallet.Wallet{Home: t.TempDir(), LockDir: t.TempDir()}
	c := &signin.Client{Wallet: w, HTTP: ic.HTTPClient(), OIDCEndpoint: ic.URL, PortalEndpoint: ic.URL}
	session := signin.Session{Name: "corp", StartURL: ic.StartURL, Region: ic.Region, Scopes: []string{"sso:account:access"}}
	if _, err := c.Login(t.Context(), session, signin.Options{DeviceCode: true, Show: func(i signin.Instructions) {
		if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
			t.Error(err)
		}
	}}); err != nil {
		t.Fatal(err)
	}
	k, err := (&creds.Source{SignIn: c, Wallet: w}).RoleCredentials(t.Context(), creds.Role{Session: session, AccountID: "100000000000", RoleName: "Admin"})
	if err != nil {
		t.Fatal(err)
	}
	caller := func() *admin.Caller {
		return &admin.Caller{HTTP: ic.HTTPClient(), Endpoint: ic.URL, Region: ic.Region, Paced: pace.New(signin.Throttled).Do,
			Credentials: admin.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}}
	}
	s := &access.Source{Admin: caller(), Store: caller(), Organization: caller()}
	svc := admin.Service("sso-admin")
	for _, op := range svc.Operations {
		if op.Name != "ListInstances" {
			continue
		}
		answer, err := admin.Merge(op, s.Admin.Pages(t.Context(), svc, op, nil, admin.Paging{}), admin.Paging{})
		if err != nil {
			t.Fatal(err)
		}
		list, _ := answer.Get("Instances")
		arn, _ := list.([]any)[0].(output.Object).Get("InstanceArn")
		s.InstanceARN = arn.(string)
	}
	if s.StoreID, err = s.IdentityStore(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// another asks the same instance again, and counts its calls.
func another(of *access.Source, calls *atomic.Int64) *access.Source {
	s := &access.Source{InstanceARN: of.InstanceARN, StoreID: of.StoreID}
	for to, from := range map[**admin.Caller]*admin.Caller{&s.Admin: of.Admin, &s.Store: of.Store, &s.Organization: of.Organization} {
		c := *from
		*to = &c
		paced := c.Paced
		c.Paced = func(ctx context.Context, call func(context.Context) error) error {
			calls.Add(1)
			return paced(ctx, call)
		}
	}
	return s
}

func TestSource(t *testing.T) {
	t.Parallel()
	ic := idctest.New(t, organization())
	whole := source(t, ic)
	t.Run("a report goes on", func(t *testing.T) { reportGoesOn(t, ic, whole) })
	if err := ic.ClearFaults(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("of a person", func(t *testing.T) { ofPersonIsWhatTheReportSays(t, ic, whole) })
}

// A report under the service's limit has everything. Stopped halfway, the next one
// asks for the other half.
func reportGoesOn(t *testing.T, ic *idctest.IdentityCenter, whole *access.Source) {
	for _, op := range []string{"sso-admin:*", "identitystore:*"} {
		if _, err := ic.Inject(t.Context(), idctest.Fault{Op: op, Rate: 300, Burst: 40}); err != nil {
			t.Fatal(err)
		}
	}
	var calls atomic.Int64
	facts, err := another(whole, &calls).Report(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := facts.Grants()
	if n := 60 + 60*3 + 1; len(want) != n { // u1 has one more, directly
		t.Errorf("%d grants, want %d", len(want), n)
	}
	all := calls.Load()

	path := filepath.Join(t.TempDir(), "x.jsonl")
	journal := func() *access.Journal {
		j, err := access.OpenJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { j.Close() })
		return j
	}
	half := another(whole, &calls)
	half.Journal = journal()
	ctx, cancel := context.WithCancel(t.Context())
	half.Step = func(done, _ int) {
		if done == 80 {
			cancel()
		}
	}
	if _, err := half.Report(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the report to have been stopped", err)
	}
	kept := int64(half.Journal.Len())
	if kept < 60 || kept > all-20 {
		t.Errorf("%d of %d answers are kept, want about half", kept, all)
	}

	calls.Store(0)
	rest := another(whole, &calls)
	rest.Journal = journal()
	facts, err = rest.Report(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := facts.Grants(); !reflect.DeepEqual(got, want) {
		t.Errorf("%d grants, want %d, the same", len(got), len(want))
	}
	if n := calls.Load(); n > all-kept+2 { // answers of several pages are several calls
		t.Errorf("%d calls for the rest of %d, of which %d were answered", n, all, kept)
	}
}

// What somebody reaches is a matter of a few calls, and what the report says of
// them.
func ofPersonIsWhatTheReportSays(t *testing.T, ic *idctest.IdentityCenter, s *access.Source) {
	report, err := s.Report(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, g := range report.Grants() {
		if g.Person.Name == "u1" {
			want = append(want, fmt.Sprint(g.AccountName, g.PermissionSet, g.Group.Name))
		}
	}
	for _, served := range []bool{true, false} {
		if !served {
			if _, err := ic.Inject(t.Context(), idctest.Fault{Op: "ListAccountAssignmentsForPrincipal", Error: "AccessDeniedException"}); err != nil {
				t.Fatal(err)
			}
		}
		var calls atomic.Int64
		asker := another(s, &calls)
		person, found, err := asker.Person(t.Context(), "u1@example.com")
		if err != nil || !found {
			t.Fatalf("%v, found %t", err, found)
		}
		facts, err := asker.OfPerson(t.Context(), person)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range facts.Grants() {
			got = append(got, fmt.Sprint(g.AccountName, g.PermissionSet, g.Group.Name))
		}
		if !slices.Equal(got, want) || len(got) != 61 {
			t.Errorf("served %t: got %d grants %v, want %d", served, len(got), got, len(want))
		}
		if n := calls.Load(); served && n > 15 {
			t.Errorf("%d calls", n)
		}
	}
}
