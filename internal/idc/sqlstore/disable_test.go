package sqlstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// Disabling a person ends their sign-ins in the same breath and for good, and
// nobody else's.
func TestDisablingEndsSignInsForGood(t *testing.T) {
	db := open(t, t.TempDir())
	key, err := db.ServerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	people := &directory.Service{Store: db.Directory(), Key: key}
	// Whether a person is active is not asked: it is the sessions that end.
	s := &grant.Service{Store: db.Grant(), Key: key}
	ctx, now := t.Context(), crashTime
	if err := people.Seed(ctx, directory.Organisation{
		StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1",
		Users: []directory.User{{Name: "alice"}, {Name: "bob"}},
	}); err != nil {
		t.Fatal(err)
	}
	cookies := map[string]string{}
	for _, name := range []string{"alice", "bob"} {
		u, err := people.UserByName(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if cookies[name], _, err = s.StartSession(ctx, now, u.ID); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when, name string, want error) {
		t.Helper()
		if _, err := s.Session(ctx, now.Add(time.Minute), cookies[name]); !errors.Is(err, want) {
			t.Errorf("%s, %s's session: got %v, want %v", when, name, err, want)
		}
	}
	check("before", "alice", nil)
	if err := people.SetDisabled(ctx, now, "bob", false); err != nil {
		t.Fatal(err)
	}
	check("enabled", "bob", nil)
	if err := people.SetDisabled(ctx, now, "alice", true); err != nil {
		t.Fatal(err)
	}
	check("disabled", "alice", grant.ErrNoSession)
	check("another disabled", "bob", nil)
	if err := people.SetDisabled(ctx, now, "alice", false); err != nil {
		t.Fatal(err)
	}
	check("enabled again", "alice", grant.ErrNoSession)
}
