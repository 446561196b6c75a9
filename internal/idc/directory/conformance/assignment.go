package conformance

import (
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

func assignmentRequests(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.ok(f.Apply(ctx, sample(), ""))
	request := func(id string, deletion bool, g directory.Granted) directory.AssignmentRequest {
		return directory.AssignmentRequest{ID: id, Deletion: deletion, Granted: g, Created: start}
	}
	const keep = 4
	carol := directory.Granted{AccountID: "111111111111", PermissionSet: "ReadOnly", UserID: "u-carol"}
	has := func(want int) {
		t.Helper()
		got, err := f.Granted(ctx, directory.GrantedQuery{UserID: "u-carol", AccountID: "111111111111"}, directory.Granted{}, 10)
		f.ok(err)
		f.same(len(got), want)
	}
	has(0)
	f.ok(f.RequestAssignment(ctx, request("one", false, carol), keep))
	has(1)
	f.ok(f.RequestAssignment(ctx, request("two", false, carol), keep)) // it is so already
	has(1)
	f.ok(f.RequestAssignment(ctx, request("three", true, carol), keep))
	has(0)
	f.ok(f.RequestAssignment(ctx, request("four", true, carol), keep))
	has(0)

	for _, g := range []directory.Granted{
		{AccountID: "000000000000", PermissionSet: "ReadOnly", UserID: "u-carol"},
		{AccountID: "111111111111", PermissionSet: "Nothing", UserID: "u-carol"},
		{AccountID: "111111111111", PermissionSet: "ReadOnly", UserID: "u-nobody"},
		{AccountID: "111111111111", PermissionSet: "ReadOnly", Group: "nobody"},
		{AccountID: "111111111111", PermissionSet: "ReadOnly", Group: "platform", UserID: "u-carol"},
		{AccountID: "111111111111", PermissionSet: "ReadOnly"},
	} {
		f.is(f.RequestAssignment(ctx, request("refused", false, g), keep), directory.ErrNotFound)
	}
	_, err := f.AssignmentRequest(ctx, "refused")
	f.is(err, directory.ErrNotFound)

	got, err := f.AssignmentRequest(ctx, "three")
	f.ok(err)
	f.same(got, request("three", true, carol))
	ids := func(deletion bool, after string, limit int) (ids []string) {
		t.Helper()
		list, err := f.AssignmentRequests(ctx, deletion, after, limit)
		f.ok(err)
		for _, r := range list {
			ids = append(ids, r.ID)
		}
		return ids
	}
	f.same(ids(false, "", 10), []string{"two", "one"})
	f.same(ids(true, "", 1), []string{"four"})
	f.same(ids(true, "four", 10), []string{"three"})

	// The oldest goes for the newest, and all become older. A seed that replaces
	// the organisation leaves them: they tell what was asked for.
	f.ok(f.RequestAssignment(ctx, request("five", false, directory.Granted{AccountID: "111111111111", PermissionSet: "ReadOnly", Group: "platform"}), keep))
	f.ok(f.Age(ctx, time.Hour))
	f.ok(f.Apply(ctx, sample(), "again"))
	f.same(ids(false, "", 10), []string{"five", "two"})
	got, err = f.AssignmentRequest(ctx, "five")
	f.ok(err)
	f.same(got.Created, at(-time.Hour))
	f.same(got.Group, "platform")
}
