package conformance

import (
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// listed is a list, page by page: of one page size the pages of another are parts.
func listed[T any](f *fixture, next func(after string, limit int) ([]T, error), key func(T) string) []string {
	f.Helper()
	var whole []string
	for _, limit := range []int{100, 1, 2} {
		var keys []string
		for after := ""; ; {
			page, err := next(after, limit)
			f.ok(err)
			if len(page) > limit {
				f.Fatalf("got %d, want at most %d", len(page), limit)
			}
			for _, one := range page {
				after = key(one)
				keys = append(keys, after)
			}
			if len(page) < limit {
				break
			}
		}
		if whole == nil {
			whole = keys
		}
		f.same(keys, whole)
	}
	return whole
}

func listings(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.ok(f.Apply(ctx, sample(), ""))
	name := func(s string) string { return s }
	user := func(u directory.User) string {
		if u.Groups != nil {
			t.Errorf("%s has groups in a list", u.Name)
		}
		return strings.ToLower(u.Name)
	}
	f.same(listed(f, func(after string, limit int) ([]directory.Account, error) { return f.AccountsAfter(ctx, after, limit) },
		func(a directory.Account) string { return a.ID }), []string{"111111111111", "222222222222", "999999999999"})
	f.same(listed(f, func(after string, limit int) ([]directory.PermissionSet, error) {
		return f.PermissionSetsAfter(ctx, after, limit)
	}, func(p directory.PermissionSet) string { return p.Name }), []string{"AdministratorAccess", "ReadOnly"})
	f.same(listed(f, func(after string, limit int) ([]directory.User, error) { return f.UsersAfter(ctx, after, limit) }, user),
		[]string{"alice", "carol", "zoe"})
	f.same(listed(f, func(after string, limit int) ([]directory.User, error) {
		return f.MembersAfter(ctx, "developers", after, limit)
	}, user), []string{"alice", "zoe"})
	f.same(listed(f, func(after string, limit int) ([]string, error) {
		return f.AccountsWith(ctx, "ReadOnly", after, limit)
	}, name), []string{"111111111111", "222222222222"})
	f.same(listed(f, func(after string, limit int) ([]string, error) {
		return f.PermissionSetsIn(ctx, "111111111111", after, limit)
	}, name), []string{"AdministratorAccess", "ReadOnly"})
	groups, err := f.Groups(ctx)
	f.ok(err)
	f.same(groups, []string{"developers", "platform"})

	zoe, err := f.UsersAfter(ctx, "CAROL", 1)
	f.ok(err)
	f.same(zoe[0].Email, "zoe@example.com")
	none, err := f.MembersAfter(ctx, "nobody", "", 1)
	f.ok(err)
	f.same(len(none), 0)
}

func granted(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.ok(f.Apply(ctx, sample(), ""))
	key := func(g directory.Granted) string {
		return strings.Join([]string{g.AccountID, g.PermissionSet, g.Group, g.UserID}, "|")
	}
	grants := func(q directory.GrantedQuery) []string {
		t.Helper()
		return listed(f, func(after string, limit int) ([]directory.Granted, error) {
			parts := append(strings.Split(after, "|"), "", "", "")
			return f.Granted(ctx, q, directory.Granted{AccountID: parts[0], PermissionSet: parts[1], Group: parts[2], UserID: parts[3]}, limit)
		}, key)
	}
	admin := []string{"111111111111|AdministratorAccess|platform|", "222222222222|AdministratorAccess|platform|", "999999999999|AdministratorAccess|platform|"}
	dev := []string{"111111111111|ReadOnly||u-alice", "111111111111|ReadOnly|developers|"}
	prod := []string{"222222222222|ReadOnly||u-alice", "222222222222|ReadOnly||u-carol"}
	f.same(grants(directory.GrantedQuery{}), []string{admin[0], dev[0], dev[1], admin[1], prod[0], prod[1], admin[2]})
	f.same(grants(directory.GrantedQuery{AccountID: "111111111111", PermissionSet: "ReadOnly"}), dev)
	f.same(grants(directory.GrantedQuery{Group: "platform"}), admin)
	f.same(grants(directory.GrantedQuery{UserID: "u-alice"}), []string{dev[0], dev[1], prod[0]})
	f.same(grants(directory.GrantedQuery{UserID: "u-zoe", AccountID: "111111111111"}), []string{admin[0], dev[1]})
	f.same(grants(directory.GrantedQuery{UserID: "u-carol", Group: "platform"}), []string(nil))
}
