package sqlstore_test

import (
	"errors"
	"testing"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// A sign-in that a seed ended stays ended, whatever later seeds say; one that no
// seed spoke against goes on.
func TestSeedsEndSignInsForGood(t *testing.T) {
	base := func() directory.Organisation {
		return directory.Organisation{
			StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1",
			Users:    []directory.User{{Name: "alice", Password: "correct-horse"}, {Name: "bob", Password: "battery-staple"}, {Name: "dave"}},
			Accounts: []directory.Account{{ID: "111111111111", Name: "dev"}},
		}
	}
	change := func(f func(*directory.Organisation)) directory.Organisation {
		org := base()
		f(&org)
		return org
	}
	for _, test := range []struct {
		name  string
		then  directory.Organisation
		alice bool // alice's sign-in goes on
	}{
		{"the same", base(), true},
		{"another name to show", change(func(o *directory.Organisation) { o.Users[0].DisplayName = "Alice" }), true},
		{"another account", change(func(o *directory.Organisation) { o.Accounts[0].Name = "prod" }), true},
		{"disabled", change(func(o *directory.Organisation) { o.Users[0].Disabled = true }), false},
		{"removed", change(func(o *directory.Organisation) { o.Users = o.Users[1:] }), false},
		{"another password", change(func(o *directory.Organisation) { o.Users[0].Password = "changed" }), false},
		{"no password", change(func(o *directory.Organisation) { o.Users[0].Password = "" }), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			db := open(t, t.TempDir())
			key, err := db.ServerKey(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			people := &directory.Service{Store: db.Directory()}
			s := &grant.Service{Store: db.Grant(), Key: key, UserActive: people.Active}
			ctx, now := t.Context(), crashTime
			seed := func(org directory.Organisation) {
				t.Helper()
				if err := people.Seed(ctx, org); err != nil {
					t.Fatal(err)
				}
			}
			seed(base())
			client, secret, err := s.RegisterClient(ctx, now, grant.Registration{Name: "c", Type: "public", Scopes: []string{"a"}})
			if err != nil {
				t.Fatal(err)
			}
			type signIn struct {
				cookie string
				tokens grant.Tokens
			}
			signIns := map[string]*signIn{}
			for _, name := range []string{"alice", "bob", "dave"} {
				u, err := people.UserByName(ctx, name)
				if err != nil {
					t.Fatal(err)
				}
				cookie, sess, err := s.StartSession(ctx, now, u.ID)
				if err != nil {
					t.Fatal(err)
				}
				d, err := s.StartDevice(ctx, now, client.ID, secret, base().StartURL, grant.DeviceOptions{})
				if err != nil {
					t.Fatal(err)
				}
				r, err := s.ConfirmUserCode(ctx, now, sess, d.UserCode)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Decide(ctx, now, sess, r.ID, true); err != nil {
					t.Fatal(err)
				}
				tokens, err := s.RedeemDevice(ctx, now, client.ID, secret, d.DeviceCode)
				if err != nil {
					t.Fatal(err)
				}
				signIns[name] = &signIn{cookie, tokens}
			}
			check := func(when string) {
				t.Helper()
				for name, x := range signIns {
					want := name != "alice" || test.alice
					_, err := s.Session(ctx, now, x.cookie)
					if (err == nil) != want || err != nil && !errors.Is(err, grant.ErrNoSession) {
						t.Errorf("%s, %s's session: got %v, want alive %t", when, name, err, want)
					}
					_, err = s.AccessToken(ctx, now, x.tokens.AccessToken)
					if (err == nil) != want || err != nil && !errors.Is(err, grant.ErrUnauthorized) {
						t.Errorf("%s, %s's access token: got %v, want alive %t", when, name, err, want)
					}
					tokens, err := s.Refresh(ctx, now, client.ID, secret, x.tokens.RefreshToken)
					if (err == nil) != want {
						t.Errorf("%s, %s's refresh token: got %v, want alive %t", when, name, err, want)
					}
					if err == nil {
						x.tokens = tokens
					}
				}
			}
			seed(test.then)
			check("then")
			seed(base())
			check("as before")
		})
	}
}
