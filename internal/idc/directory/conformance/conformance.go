package conformance

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// Open returns an empty Store that lives as long as the test.
type Open func(t testing.TB) directory.Store

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	for name, f := range map[string]func(*testing.T, *fixture){
		"empty":                 empty,
		"organisation":          organisation,
		"replacing":             replacing,
		"applying is atomic":    applyingIsAtomic,
		"reach":                 reach,
		"pages":                 pages,
		"pages of all reaches":  pagesOfAllReaches,
		"attempts":              attempts,
		"attempts concurrently": attemptsConcurrently,

		"disabling":               disabling,
		"lists":                   lists,
		"assigning":               assigning,
		"listings":                listings,
		"granted":                 granted,
		"assignment requests":     assignmentRequests,
		"decisions":               decisions,
		"challenges":              challenges,
		"challenges of the gone":  challengesOfTheGone,
		"challenges are limited":  challengesAreLimited,
		"challenges concurrently": challengesConcurrently,
		"ageing":                  ageing,
		"collecting":              collecting,
	} {
		t.Run(name, func(t *testing.T) { f(t, &fixture{T: t, Store: open(t)}) })
	}
}

type fixture struct {
	*testing.T
	directory.Store
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("got error %v, want none", err)
	}
}

func (f *fixture) is(got, want error) {
	f.Helper()
	if !errors.Is(got, want) {
		f.Fatalf("got error %v, want %v", got, want)
	}
}

func (f *fixture) same(got, want any) {
	f.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		f.Fatalf("got other than want (-want +got):\n%s", diff)
	}
}

var start = time.Date(2026, 11, 20, 9, 30, 0, 123_000_000, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func sample() directory.Organisation {
	return directory.Organisation{
		StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1", ManagementAccount: "999999999999",
		Users: []directory.User{
			{ID: "u-zoe", Name: "Zoe", Email: "zoe@example.com", DisplayName: "Zoë", PasswordHash: "$argon2id$x", MFA: directory.MFAEmail, Groups: []string{"platform", "developers"}},
			{ID: "u-alice", Name: "alice", Email: "alice@example.com", PasswordHash: "$argon2id$y", MFACodeHash: "$argon2id$z", Groups: []string{"developers"}},
			{ID: "u-carol", Name: "carol", Disabled: true},
		},
		Accounts: []directory.Account{
			{ID: "222222222222", Name: "prod", Email: "aws+prod@example.com"},
			{ID: "111111111111", Name: "dev", Email: "aws+dev@example.com", Buckets: []directory.Bucket{{Name: "zz", Created: start}, {Name: "aa", Created: at(time.Hour)}}},
			{ID: "999999999999", Name: "management"},
		},
		PermissionSets: []directory.PermissionSet{
			{Name: "ReadOnly", Description: "looks", SessionDuration: time.Hour},
			{Name: "AdministratorAccess", SessionDuration: 8 * time.Hour, Administrator: true},
		},
		Assignments: []directory.Assignment{
			{Group: "platform", PermissionSet: "AdministratorAccess", Accounts: []string{"111111111111", "222222222222", "999999999999"}},
			{Group: "developers", PermissionSet: "ReadOnly", Accounts: []string{"111111111111"}},
			{User: "ALICE", PermissionSet: "ReadOnly", Accounts: []string{"111111111111", "222222222222"}},
			{User: "alice", PermissionSet: "ReadOnly", Accounts: []string{"222222222222"}},
			{User: "carol", PermissionSet: "ReadOnly", Accounts: []string{"222222222222"}},
		},
		Roles: []directory.IAMRole{
			{Account: "222222222222", Name: "Deploy", Path: "/ci/", Trusts: []directory.Principal{{Account: "111111111111", Role: "build"}, {User: "zoe"}},
				ExternalID: "partner-7", RequireMFA: true, MaxSessionDuration: 2 * time.Hour},
			{Account: "111111111111", Name: "build", Path: "/", Trusts: []directory.Principal{{PermissionSet: "ReadOnly"}}, MaxSessionDuration: time.Hour, Administrator: true},
		},
	}
}

func empty(t *testing.T, f *fixture) {
	ctx := t.Context()
	digest, err := f.SeedDigest(ctx)
	f.ok(err)
	f.same(digest, "")
	_, err = f.Instance(ctx)
	f.is(err, directory.ErrNotFound)
	_, err = f.UserByName(ctx, "alice")
	f.is(err, directory.ErrNotFound)
	_, err = f.UserByID(ctx, "")
	f.is(err, directory.ErrNotFound)
	_, err = f.Account(ctx, "111111111111")
	f.is(err, directory.ErrNotFound)
	_, err = f.RoleOf(ctx, "u-alice", "111111111111", "ReadOnly")
	f.is(err, directory.ErrNoAccess)
	_, err = f.IAMRole(ctx, "111111111111", "build")
	f.is(err, directory.ErrNotFound)
	users, err := f.Users(ctx)
	f.ok(err)
	f.same(len(users), 0)
}

func organisation(t *testing.T, f *fixture) {
	ctx, org := t.Context(), sample()
	f.ok(f.Apply(ctx, org, "digest"))
	digest, err := f.SeedDigest(ctx)
	f.ok(err)
	f.same(digest, "digest")
	i, err := f.Instance(ctx)
	f.ok(err)
	f.same(i, org.Instance())
	users, err := f.Users(ctx)
	f.ok(err)
	f.same(users, org.Users)
	for _, want := range org.Users {
		got, err := f.UserByID(ctx, want.ID)
		f.ok(err)
		f.same(got, want)
		got, err = f.UserByName(ctx, want.Name)
		f.ok(err)
		f.same(got, want)
	}
	zoe, err := f.UserByName(ctx, "zOE")
	f.ok(err)
	f.same(zoe.Name, "Zoe")
	for _, want := range org.Accounts {
		got, err := f.Account(ctx, want.ID)
		f.ok(err)
		f.same(got, want)
	}
	for _, want := range org.Roles {
		got, err := f.IAMRole(ctx, want.Account, strings.ToUpper(want.Name))
		f.ok(err)
		f.same(got, want)
	}
	_, err = f.IAMRole(ctx, "111111111111", "Deploy")
	f.is(err, directory.ErrNotFound)
}

func replacing(t *testing.T, f *fixture) {
	ctx, org := t.Context(), sample()
	f.ok(f.Apply(ctx, org, "one"))
	org.Users = org.Users[1:2]
	org.Users[0].Groups = nil
	org.Accounts = org.Accounts[1:]
	org.PermissionSets = org.PermissionSets[:1]
	org.Assignments, org.Roles = nil, nil
	org.ManagementAccount = ""
	f.ok(f.Apply(ctx, org, "two"))
	digest, err := f.SeedDigest(ctx)
	f.ok(err)
	f.same(digest, "two")
	i, err := f.Instance(ctx)
	f.ok(err)
	f.same(i.ManagementAccount, "111111111111")
	_, err = f.UserByID(ctx, "u-zoe")
	f.is(err, directory.ErrNotFound)
	_, err = f.Account(ctx, "222222222222")
	f.is(err, directory.ErrNotFound)
	_, err = f.IAMRole(ctx, "111111111111", "build")
	f.is(err, directory.ErrNotFound)
	users, err := f.Users(ctx)
	f.ok(err)
	f.same(users, org.Users)
	accounts, err := f.AccountsOf(ctx, "u-alice", "", 10)
	f.ok(err)
	f.same(len(accounts), 0)
}

func applyingIsAtomic(t *testing.T, f *fixture) {
	ctx, org := t.Context(), sample()
	f.ok(f.Apply(ctx, org, "one"))
	bad := sample()
	bad.Users = bad.Users[:1]
	bad.Accounts = append(bad.Accounts, bad.Accounts[0])
	if err := f.Apply(ctx, bad, "two"); err == nil {
		t.Fatal("got no error for an account that is there twice, want one")
	}
	digest, err := f.SeedDigest(ctx)
	f.ok(err)
	f.same(digest, "one")
	users, err := f.Users(ctx)
	f.ok(err)
	f.same(users, org.Users)
}

func reach(t *testing.T, f *fixture) {
	ctx, org := t.Context(), sample()
	f.ok(f.Apply(ctx, org, "digest"))
	want := map[string]map[string][]string{
		"u-zoe": {
			"111111111111": {"AdministratorAccess", "ReadOnly"},
			"222222222222": {"AdministratorAccess"},
			"999999999999": {"AdministratorAccess"},
		},
		"u-alice":   {"111111111111": {"ReadOnly"}, "222222222222": {"ReadOnly"}},
		"u-carol":   {"222222222222": {"ReadOnly"}},
		"u-unknown": {},
		"":          {},
	}
	for user, want := range want {
		got := map[string][]string{}
		accounts, err := f.AccountsOf(ctx, user, "", 10)
		f.ok(err)
		for _, a := range accounts {
			got[a.ID] = nil
			sets, err := f.RolesOf(ctx, user, a.ID, "", 10)
			f.ok(err)
			for _, p := range sets {
				got[a.ID] = append(got[a.ID], p.Name)
			}
		}
		f.same(got, want)
		for _, a := range org.Accounts {
			for _, p := range org.PermissionSets {
				set, err := f.RoleOf(ctx, user, a.ID, p.Name)
				if assigned := contains(want[a.ID], p.Name); assigned {
					f.ok(err)
					f.same(set, p)
				} else {
					f.is(err, directory.ErrNoAccess)
				}
			}
		}
	}
}

func contains(all []string, s string) bool {
	for _, x := range all {
		if x == s {
			return true
		}
	}
	return false
}

func pages(t *testing.T, f *fixture) {
	ctx := t.Context()
	org := sample()
	org.Accounts, org.Assignments, org.Roles = nil, nil, nil
	var want []string
	for i := range 25 {
		id := fmt.Sprintf("%012d", 25-i)
		org.Accounts = append(org.Accounts, directory.Account{ID: id, Name: "account " + id})
		want = append([]string{id}, want...)
	}
	org.Assignments = []directory.Assignment{{User: "alice", PermissionSet: "ReadOnly", Accounts: want}}
	f.ok(f.Apply(ctx, org, ""))
	var got []string
	after := ""
	for {
		page, err := f.AccountsOf(ctx, "u-alice", after, 7)
		f.ok(err)
		if len(page) > 7 {
			t.Fatalf("got a page of %d, want at most 7", len(page))
		}
		if len(page) == 0 {
			break
		}
		for _, a := range page {
			got = append(got, a.ID)
		}
		after = page[len(page)-1].ID
	}
	f.same(got, want)
	sets, err := f.RolesOf(ctx, "u-alice", want[0], "ReadOnly", 7)
	f.ok(err)
	f.same(len(sets), 0)
}

// What a person reaches comes from themselves and from groups, in turn or twice,
// and pages of any size show each account once.
func pagesOfAllReaches(t *testing.T, f *fixture) {
	ctx := t.Context()
	org := sample()
	org.Accounts, org.Assignments, org.Roles = nil, nil, nil
	reached := map[string][]string{}
	for i := range 40 {
		id := fmt.Sprintf("%012d", i+1)
		org.Accounts = append(org.Accounts, directory.Account{ID: id, Name: "account " + id})
		for name, assigned := range map[string]bool{"platform": i%3 == 0, "developers": i%4 == 1, "": i%5 == 2} {
			if !assigned {
				continue
			}
			for _, set := range []string{"ReadOnly", "AdministratorAccess"} {
				a := directory.Assignment{Group: name, PermissionSet: set, Accounts: []string{id}}
				if name == "" {
					a.User = "zoe"
				}
				org.Assignments = append(org.Assignments, a)
			}
		}
		if i%3 == 0 || i%4 == 1 || i%5 == 2 {
			reached["u-zoe"] = append(reached["u-zoe"], id)
		}
		if i%4 == 1 {
			reached["u-alice"] = append(reached["u-alice"], id)
		}
	}
	f.ok(f.Apply(ctx, org, ""))
	for _, user := range []string{"u-zoe", "u-alice", "u-carol", ""} {
		for _, limit := range []int{1, 3, 1000} {
			var got []string
			for after := ""; ; {
				page, err := f.AccountsOf(ctx, user, after, limit)
				f.ok(err)
				if len(page) > limit {
					t.Fatalf("got a page of %d, want at most %d", len(page), limit)
				}
				for _, a := range page {
					got = append(got, a.ID)
					f.same(a.Name, "account "+a.ID)
				}
				if len(page) == 0 {
					break
				}
				after = page[len(page)-1].ID
			}
			f.same(got, reached[user])
		}
	}
}

func attempts(t *testing.T, f *fixture) {
	ctx := t.Context()
	record := func(key string, now time.Time, want int) {
		t.Helper()
		a, err := f.RecordFailure(ctx, key, now, now.Add(-time.Minute), 3)
		f.ok(err)
		f.same(a, directory.Attempts{Failures: want, Last: now})
		a, err = f.Attempts(ctx, key)
		f.ok(err)
		f.same(a, directory.Attempts{Failures: want, Last: now})
	}
	none := func(key string) {
		t.Helper()
		a, err := f.Attempts(ctx, key)
		f.ok(err)
		f.same(a, directory.Attempts{})
	}
	none("a")
	record("a", start, 1)
	record("a", at(time.Second), 2)
	record("a", at(60*time.Second), 3)
	record("a", at(120*time.Second), 1) // long enough ago
	f.ok(f.ClearAttempts(ctx, "a"))
	none("a")
	f.ok(f.ClearAttempts(ctx, "a"))
	for i, key := range []string{"a", "b", "c", "d"} {
		record(key, at(time.Duration(i)*time.Second), 1)
	}
	none("a")
	record("b", at(5*time.Second), 2)
	record("e", at(6*time.Second), 1)
	none("c")
	record("b", at(7*time.Second), 3)
	// Counts are no part of the organisation.
	f.ok(f.Apply(ctx, sample(), "digest"))
	record("b", at(8*time.Second), 4)
}

func attemptsConcurrently(t *testing.T, f *fixture) {
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if _, err := f.RecordFailure(t.Context(), "a", start, at(-time.Minute), 10); err != nil {
				t.Errorf("got error %v, want none", err)
			}
		})
	}
	wg.Wait()
	a, err := f.Attempts(t.Context(), "a")
	f.ok(err)
	f.same(a.Failures, 32)
}
