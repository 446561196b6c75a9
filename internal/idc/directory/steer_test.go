package directory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// unknown wants an error that names what is not there.
func unknown(t *testing.T, err error, want string) {
	t.Helper()
	e, ok := errors.AsType[*directory.UnknownError](err)
	if !ok || !errors.Is(err, directory.ErrNotFound) || e.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func invalid(t *testing.T, err error, want string) {
	t.Helper()
	if e, ok := errors.AsType[*directory.InvalidError](err); !ok || e.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestSetDisabled(t *testing.T) {
	s := seeded(t)
	ctx := t.Context()
	signIn := func(want error) {
		t.Helper()
		if _, err := s.Authenticate(ctx, start, "alice", "correct-horse", ""); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		u, err := s.UserByName(ctx, "alice")
		if err != nil {
			t.Fatal(err)
		}
		if active, err := s.Active(ctx, u.ID); err != nil || active != (want == nil) {
			t.Errorf("got active %t and %v, want %t", active, err, want == nil)
		}
	}
	signIn(nil)
	if err := s.SetDisabled(ctx, start, "ALICE", true); err != nil {
		t.Fatal(err)
	}
	signIn(directory.ErrBadCredentials)
	// The seed there was changes nothing, another one everything.
	if err := s.Seed(ctx, sample()); err != nil {
		t.Fatal(err)
	}
	signIn(directory.ErrBadCredentials)
	other := sample()
	other.Users[3].DisplayName = "Dave"
	if err := s.Seed(ctx, other); err != nil {
		t.Fatal(err)
	}
	signIn(nil)
	if err := s.SetDisabled(ctx, start, "alice", true); err != nil {
		t.Fatal(err)
	}
	if err := s.SetDisabled(ctx, start, "alice", false); err != nil {
		t.Fatal(err)
	}
	signIn(nil)
	unknown(t, s.SetDisabled(ctx, start, "alicia", true), `there is no user "alicia" (did you mean alice?)`)
	unknown(t, s.SetDisabled(ctx, start, "somebody", false), `there is no user "somebody" (there is alice, bob, carol, dave)`)
}

func TestAssign(t *testing.T) {
	s := seeded(t)
	ctx := t.Context()
	dave, err := s.UserByName(ctx, "dave")
	if err != nil {
		t.Fatal(err)
	}
	reach := func(want ...string) {
		t.Helper()
		accounts, _, err := s.Accounts(ctx, dave.ID, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range accounts {
			got = append(got, a.Name)
		}
		equal(t, got, want)
	}
	change := func(does func(directory.Assignment) (int, error), want int, accounts ...string) {
		t.Helper()
		n, err := does(directory.Assignment{User: "Dave", PermissionSet: "ReadOnly", Accounts: accounts})
		if err != nil || n != want {
			t.Errorf("%v: got %d and %v, want %d", accounts, n, err, want)
		}
	}
	assign := func(a directory.Assignment) (int, error) { return s.Assign(ctx, a) }
	unassign := func(a directory.Assignment) (int, error) { return s.Unassign(ctx, a) }
	reach()
	change(assign, 1, "dev", "111111111111")
	reach("dev")
	change(assign, 2, "*")
	reach("dev", "prod", "management")
	change(unassign, 1, "prod")
	reach("dev", "management")
	change(unassign, 2, "dev", "*")
	reach()
	n, err := s.Assign(ctx, directory.Assignment{Group: "developers", PermissionSet: "AdministratorAccess", Accounts: []string{"prod"}})
	if err != nil || n != 1 {
		t.Errorf("got %d and %v, want 1", n, err)
	}

	ok := directory.Assignment{User: "dave", PermissionSet: "ReadOnly", Accounts: []string{"dev"}}
	for _, test := range []struct {
		change func(*directory.Assignment)
		check  func(*testing.T, error, string)
		want   string
	}{
		{func(a *directory.Assignment) { a.User = "davy" }, unknown, `there is no user "davy" (did you mean dave?)`},
		{func(a *directory.Assignment) { a.User, a.Group = "", "plattform" }, unknown, `no user is in group "plattform" (did you mean platform?)`},
		{func(a *directory.Assignment) { a.PermissionSet = "Nothing" }, unknown, `there is no permission set "Nothing" (there is AdministratorAccess, ReadOnly)`},
		{func(a *directory.Assignment) { a.Accounts = []string{"dev", "333333333333"} }, unknown,
			`there is no account "333333333333" (there is 111111111111, 222222222222, 999999999999)`},
		{func(a *directory.Assignment) { a.Accounts = []string{"elsewhere"} }, unknown, `there is no account "elsewhere" (there is dev, prod, management)`},
		{func(a *directory.Assignment) { a.User = "" }, invalid, `user: nobody is named (name a user or a group)`},
		{func(a *directory.Assignment) { a.Group = "platform" }, invalid, `group: a user is named as well (assign to the user and to the group one after the other)`},
		{func(a *directory.Assignment) { a.PermissionSet = "" }, invalid, `permission_set: it is missing (name a permission set)`},
		{func(a *directory.Assignment) { a.Accounts = nil }, invalid, `accounts: no account is named (name accounts, or all by "*")`},
	} {
		a := ok
		test.change(&a)
		_, err := s.Assign(ctx, a)
		test.check(t, err, test.want)
		_, err = s.Unassign(ctx, a)
		test.check(t, err, test.want)
	}
	reach()
}

func TestDecisions(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	org := sample()
	org.Decisions = []directory.Decision{
		{User: "CAROL", Client: "c*", Answer: directory.AnswerAllow}, // disabled
		{User: "BOB", Client: "c*", Answer: directory.AnswerAllow, After: 3 * time.Second},
		{Flow: directory.FlowDevice, Answer: directory.AnswerNever},
	}
	if err := s.Seed(ctx, org); err != nil {
		t.Fatal(err)
	}
	answers := func(client, flow, want string) {
		t.Helper()
		d, u, ok, err := s.DecisionFor(ctx, client, flow)
		if err != nil {
			t.Fatal(err)
		}
		got := "a person"
		if ok {
			got = d.ID + " " + u.Name + " " + d.Answer + " " + d.After.String()
		}
		if got != want || u.Name != d.User {
			t.Errorf("%s, %s: got %s as %q, want %s", client, flow, got, d.User, want)
		}
	}
	answers("client", directory.FlowDevice, "seed-2 bob allow 3s")
	answers("client", directory.FlowAuthorizationCode, "seed-2 bob allow 3s")
	answers("Client/1.2", directory.FlowDevice, "seed-2 bob allow 3s") // in any case; * takes a slash too
	answers("a client", directory.FlowDevice, "seed-3  never 0s")
	answers("a client", directory.FlowAuthorizationCode, "a person")

	add := func(d directory.Decision) directory.Decision {
		t.Helper()
		added, err := s.AddDecision(ctx, d)
		if err != nil || added.ID == "" {
			t.Fatalf("got %q and %v, want an id", added.ID, err)
		}
		return added
	}
	first := add(directory.Decision{User: "alice", Client: `a\*[bc]?`, Flow: directory.FlowDevice, Answer: directory.AnswerDeny})
	second := add(directory.Decision{User: "ALICE", Client: "client", Answer: directory.AnswerDeny, After: time.Minute})
	answers("a*cx", directory.FlowDevice, first.ID+" alice deny 0s")
	answers("abcx", directory.FlowAuthorizationCode, "a person")
	answers("client", directory.FlowDevice, second.ID+" alice deny 1m0s")
	all, err := s.Decisions(ctx)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, all, []directory.Decision{
		{ID: second.ID, User: "alice", Client: "client", Answer: "deny", After: time.Minute},
		{ID: first.ID, User: "alice", Client: `a\*[bc]?`, Flow: "device", Answer: "deny"},
		{ID: "seed-1", User: "carol", Client: "c*", Answer: "allow"},
		{ID: "seed-2", User: "bob", Client: "c*", Answer: "allow", After: 3 * time.Second},
		{ID: "seed-3", Flow: "device", Answer: "never"},
	})
	if err := s.SetDisabled(ctx, start, "carol", false); err != nil {
		t.Fatal(err)
	}
	if err := s.ClearDecisions(ctx, second.ID); err != nil {
		t.Fatal(err)
	}
	answers("client", directory.FlowDevice, "seed-1 carol allow 0s")
	unknown(t, s.ClearDecisions(ctx, "seed-4"), `there is no decision "seed-4" (did you mean seed-1?)`)
	if err := s.Seed(ctx, org); err != nil {
		t.Fatal(err)
	}
	answers("a*cx", directory.FlowDevice, first.ID+" alice deny 0s")
	if err := s.ClearDecisions(ctx, ""); err != nil {
		t.Fatal(err)
	}
	answers("client", directory.FlowDevice, "a person")
	unknown(t, s.ClearDecisions(ctx, first.ID), `there is no decision "`+first.ID+`" (there is none yet)`)
}

func TestDecisionsAreValid(t *testing.T) {
	s := seeded(t)
	for _, test := range []struct {
		d    directory.Decision
		want string
	}{
		{directory.Decision{User: "alice"}, `answer: "" is no answer (write allow, deny or never)`},
		{directory.Decision{User: "alice", Answer: "Allow"}, `answer: "Allow" is no answer (write allow, deny or never)`},
		{directory.Decision{Answer: "deny"}, `user: nobody is named (name who answers)`},
		{directory.Decision{Answer: "never", After: time.Second}, `after: nobody answers, so there is nothing to wait for (leave it out)`},
		{directory.Decision{User: "alice", Answer: "allow", After: -time.Second}, `after: -1s is out of range (use at most 24h0m0s, in whole milliseconds)`},
		{directory.Decision{User: "alice", Answer: "allow", Flow: "pkce"}, `flow: "pkce" is no flow (write device or authorization_code, or leave it out for both)`},
		{directory.Decision{User: "alice", Answer: "allow", Client: "a[b"},
			`client: "a[b" is no pattern (write a client's name, with * for any letters and ? for one, and \ before a [)`},
		{directory.Decision{User: "alice", Answer: "allow", Client: "a\x1b"}, `client: "a\x1b" is no name (use at most 256 bytes of plain text)`},
	} {
		_, err := s.AddDecision(t.Context(), test.d)
		invalid(t, err, test.want)
		org := sample()
		org.Decisions = []directory.Decision{{Answer: "never"}, test.d}
		invalid(t, org.Validate(), "decisions[1]."+test.want)
	}
	_, err := s.AddDecision(t.Context(), directory.Decision{User: "bobby", Answer: "allow"})
	unknown(t, err, `there is no user "bobby" (did you mean bob?)`)
	org := sample()
	org.Decisions = []directory.Decision{{User: "bobby", Answer: "allow"}}
	invalid(t, org.Validate(), `decisions[0].user: there is no user "bobby" (name one of the users)`)
	if all, err := s.Decisions(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("got %v and %v, want none", all, err)
	}
}

// A script that adds and never clears is told so, and does not slow every
// sign-in down for ever.
func TestDecisionsAreBounded(t *testing.T) {
	s := seeded(t)
	for n := range 999 {
		if err := s.Store.InsertDecision(t.Context(), directory.Decision{ID: fmt.Sprint(n), Answer: "never"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AddDecision(t.Context(), directory.Decision{Answer: "never"}); err != nil {
		t.Fatal(err)
	}
	_, err := s.AddDecision(t.Context(), directory.Decision{Answer: "never"})
	invalid(t, err, "decisions: there are 1000 already (clear some)")
}
