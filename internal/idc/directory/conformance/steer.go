package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

func disabling(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.is(f.SetDisabled(ctx, "alice", true, start), directory.ErrNotFound)
	f.ok(f.Apply(ctx, sample(), "one"))
	f.is(f.SetDisabled(ctx, "nobody", true, start), directory.ErrNotFound)
	set := func(name, id string, disabled bool) {
		t.Helper()
		f.ok(f.SetDisabled(ctx, name, disabled, start))
		u, err := f.UserByID(ctx, id)
		f.ok(err)
		f.same(u.Disabled, disabled)
	}
	set("zOE", "u-zoe", true)
	set("zoe", "u-zoe", true)
	set("Zoe", "u-zoe", false)
	set("carol", "u-carol", false)
	alice, err := f.UserByID(ctx, "u-alice")
	f.ok(err)
	f.same(alice, sample().Users[1])
	f.ok(f.Apply(ctx, sample(), "two"))
	carol, err := f.UserByID(ctx, "u-carol")
	f.ok(err)
	f.same(carol.Disabled, true)
}

func lists(t *testing.T, f *fixture) {
	ctx, org := t.Context(), sample()
	f.ok(f.Apply(ctx, org, ""))
	accounts, err := f.Accounts(ctx)
	f.ok(err)
	f.same(accounts, []directory.Account{{ID: "111111111111", Name: "dev", Email: "aws+dev@example.com"}, org.Accounts[0], org.Accounts[2]})
	sets, err := f.PermissionSets(ctx)
	f.ok(err)
	f.same(sets, []directory.PermissionSet{org.PermissionSets[1], org.PermissionSets[0]})
}

func assigning(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.ok(f.Apply(ctx, sample(), "one"))
	both := []string{"111111111111", "999999999999"}
	carol := directory.Assignment{User: "CAROL", PermissionSet: "AdministratorAccess", Accounts: both}
	platform := directory.Assignment{Group: "platform", PermissionSet: "ReadOnly", Accounts: both[:1]}
	change := func(does func(directory.Assignment) (int, error), a directory.Assignment, want int) {
		t.Helper()
		n, err := does(a)
		f.ok(err)
		f.same(n, want)
	}
	assign := func(a directory.Assignment) (int, error) { return f.Assign(ctx, a) }
	unassign := func(a directory.Assignment) (int, error) { return f.Unassign(ctx, a) }
	may := func(user, account, set string, want bool) {
		t.Helper()
		_, err := f.RoleOf(ctx, user, account, set)
		if want {
			f.ok(err)
		} else {
			f.is(err, directory.ErrNoAccess)
		}
	}
	may("u-carol", both[0], "AdministratorAccess", false)
	change(assign, carol, 2)
	change(assign, carol, 0)
	may("u-carol", both[0], "AdministratorAccess", true)
	may("u-carol", both[1], "AdministratorAccess", true)
	may("u-carol", both[1], "ReadOnly", false)
	change(unassign, directory.Assignment{User: "carol", PermissionSet: "AdministratorAccess", Accounts: both[1:]}, 1)
	may("u-carol", both[1], "AdministratorAccess", false)
	change(unassign, carol, 1)
	change(unassign, carol, 0)
	may("u-carol", both[0], "AdministratorAccess", false)

	// What a group has is no person's, and the other way round.
	change(assign, platform, 1)
	may("u-zoe", both[0], "ReadOnly", true)
	change(unassign, directory.Assignment{Group: "developers", PermissionSet: "ReadOnly", Accounts: both}, 1)
	may("u-zoe", both[0], "ReadOnly", true)
	change(unassign, directory.Assignment{User: "zoe", PermissionSet: "ReadOnly", Accounts: both}, 0)
	may("u-zoe", both[0], "ReadOnly", true)
	change(unassign, platform, 1)
	may("u-zoe", both[0], "ReadOnly", false)

	// One unknown thing, and nothing of it happens.
	for _, a := range []directory.Assignment{
		{User: "nobody", PermissionSet: "ReadOnly", Accounts: both},
		{Group: "nobodies", PermissionSet: "ReadOnly", Accounts: both},
		{User: "carol", PermissionSet: "ReadWrite", Accounts: both},
		{User: "carol", PermissionSet: "ReadOnly", Accounts: []string{both[0], "333333333333"}},
	} {
		_, err := f.Assign(ctx, a)
		f.is(err, directory.ErrNotFound)
		_, err = f.Unassign(ctx, a)
		f.is(err, directory.ErrNotFound)
	}
	may("u-carol", both[0], "ReadOnly", false)

	change(assign, carol, 2)
	f.ok(f.Apply(ctx, sample(), "two"))
	may("u-carol", both[0], "AdministratorAccess", false)
}

func decisions(t *testing.T, f *fixture) {
	ctx, org := t.Context(), sample()
	all := func(want ...directory.Decision) {
		t.Helper()
		got, err := f.Decisions(ctx)
		f.ok(err)
		f.same(append([]directory.Decision{}, got...), append([]directory.Decision{}, want...))
	}
	all()
	first := directory.Decision{ID: "seed-1", User: "ALICE", Client: "my-*", Flow: directory.FlowDevice, Answer: directory.AnswerAllow, After: 1500 * time.Millisecond}
	second := directory.Decision{ID: "seed-2", Answer: directory.AnswerNever}
	org.Decisions = []directory.Decision{first, second}
	f.ok(f.Apply(ctx, org, "one"))
	first.User = "alice"
	all(first, second)
	f.is(f.InsertDecision(ctx, directory.Decision{ID: "x", User: "nobody", Answer: directory.AnswerDeny}), directory.ErrNotFound)
	added := []directory.Decision{
		{ID: "a", User: "Zoe", Flow: directory.FlowAuthorizationCode, Answer: directory.AnswerDeny},
		{ID: "b", User: "Zoe", Client: "c", Answer: directory.AnswerAllow, After: time.Hour},
		{ID: "c", Answer: directory.AnswerNever},
	}
	for _, d := range added {
		f.ok(f.InsertDecision(ctx, d))
	}
	if err := f.InsertDecision(ctx, added[0]); err == nil {
		t.Error("got no error for an id that is there, want one")
	}
	all(added[2], added[1], added[0], first, second)
	f.is(f.ClearDecisions(ctx, "x"), directory.ErrNotFound)
	f.ok(f.ClearDecisions(ctx, "b"))
	f.ok(f.ClearDecisions(ctx, "seed-1"))
	all(added[2], added[0], second)
	f.ok(f.Apply(ctx, sample(), "two"))
	all()
	f.ok(f.InsertDecision(ctx, added[0]))
	f.ok(f.ClearDecisions(ctx, ""))
	all()
	f.ok(f.ClearDecisions(ctx, ""))
}

func ageing(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.ok(f.Apply(ctx, sample(), ""))
	_, err := f.RecordFailure(ctx, "a", start, at(-time.Minute), 10)
	f.ok(err)
	open, ended := challenge(1, "u-alice", start), challenge(2, "u-zoe", start)
	f.insert(open)
	f.insert(ended)
	f.answer(ended, true, at(time.Second), nil)
	f.ok(f.Age(ctx, 90*time.Second))
	a, err := f.Attempts(ctx, "a")
	f.ok(err)
	f.same(a, directory.Attempts{Failures: 1, Last: at(-90 * time.Second)})
	open.SentAt, open.ExpiresAt = open.SentAt.Add(-90*time.Second), open.ExpiresAt.Add(-90*time.Second)
	ended.SentAt, ended.ExpiresAt, ended.EndedAt = open.SentAt, open.ExpiresAt, at(-89*time.Second)
	f.hold(start.Add(-time.Hour), open, ended)
	f.answer(open, true, open.ExpiresAt, directory.ErrChallengeOver)

	// What is over stays over, however old it becomes.
	f.ok(f.Age(ctx, 200*365*24*time.Hour))
	f.answer(ended, true, start, directory.ErrChallengeOver)
	f.answer(open, true, start, directory.ErrChallengeOver)
	got, err := f.Challenge(ctx, ended.ID)
	f.ok(err)
	if got.EndedAt.IsZero() {
		t.Error("a challenge that had ended has not")
	}
}

func collecting(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.ok(f.Apply(ctx, sample(), ""))
	for i, key := range []string{"a", "b", "c"} {
		_, err := f.RecordFailure(ctx, key, at(time.Duration(i)*time.Minute), start, 10)
		f.ok(err)
		f.insert(challenge(i, "u-alice", at(time.Duration(i)*time.Hour)))
	}
	f.ok(f.Collect(ctx, at(time.Hour), at(time.Minute)))
	f.hold(time.Time{}, challenge(2, "u-alice", at(2*time.Hour)))
	for key, want := range map[string]int{"a": 0, "b": 0, "c": 1} {
		a, err := f.Attempts(ctx, key)
		f.ok(err)
		f.same(fmt.Sprint(key, a.Failures), fmt.Sprint(key, want))
	}
}
