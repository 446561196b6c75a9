package interop

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// One sign-in from its beginning to its end, by the calls of the SDK.
func TestSignIn(t *testing.T) {
	everySDK(t, func(t *testing.T, s sdk) {
		c := local(t, append(s.flags, "--org", "testdata/org.yaml")...)
		d := c.drive(t, s)
		l := begin(t, c, d)
		if f := d.ask(t, l.redeem(), nil); f == nil || f.Code != "AuthorizationPendingException" {
			t.Fatalf("before anybody answered: got %v, want AuthorizationPendingException", f)
		}
		c.portico(t, "approve", "--as", "alice", l.device.UserCode)
		d.must(t, l.redeem(), &l.token)
		if l.token.TokenType != "Bearer" || l.token.ExpiresIn != 3600 {
			t.Errorf("got token type %q for %d s, want Bearer for 3600 s", l.token.TokenType, l.token.ExpiresIn)
		}

		var accounts []struct{ AccountList []account }
		d.must(t, paged(l.accounts(), 2), &accounts)
		var names []string
		for _, page := range accounts {
			if len(page.AccountList) > 2 {
				t.Errorf("got a page of %d accounts, want at most 2", len(page.AccountList))
			}
			for _, a := range page.AccountList {
				names = append(names, a.AccountID+" "+a.AccountName+" "+a.EmailAddress)
			}
		}
		slices.Sort(names)
		if diff := cmp.Diff([]string{
			"000000000001 dev & test aws+dev@example.com",
			"111111111111 Zürich \"prod\" aws+zurich@example.com",
			"222222222222 東京 aws+tokyo@example.com",
			"333333333333 a/b c aws+abc@example.com",
			"999999999999 management aws@example.com",
		}, names); diff != "" {
			t.Errorf("accounts (-want +got):\n%s", diff)
		}
		if len(accounts) < 3 {
			t.Errorf("got 5 accounts in %d pages of 2, want 3", len(accounts))
		}

		var roles []struct{ RoleList []role }
		d.must(t, paged(l.roles("999999999999"), 1), &roles)
		names = nil
		for _, page := range roles {
			for _, r := range page.RoleList {
				names = append(names, r.AccountID+" "+r.RoleName)
			}
		}
		slices.Sort(names)
		if diff := cmp.Diff([]string{"999999999999 AdministratorAccess", "999999999999 Billing", "999999999999 Read+Only=,.@-_"}, names); diff != "" {
			t.Errorf("roles (-want +got):\n%s", diff)
		}

		var credentials struct{ RoleCredentials roleCredentials }
		d.must(t, l.credentials("000000000001", "Read+Only=,.@-_"), &credentials)
		keys := credentials.RoleCredentials
		if ends := time.UnixMilli(keys.Expiration); time.Until(ends) < 55*time.Minute || time.Until(ends) > time.Hour {
			t.Errorf("got credentials until %v, want an hour", ends)
		}
		var me identity
		d.must(t, whoIs(keys), &me)
		if !regexp.MustCompile(`^arn:aws:sts::000000000001:assumed-role/AWSReservedSSO_Read\+Only=,\.@-__[0-9a-f]{16}/alice$`).MatchString(me.Arn) {
			t.Errorf("got %s", me.Arn)
		}

		before := l.token
		d.must(t, l.refresh(), &l.token)
		if l.token.AccessToken == before.AccessToken || l.token.RefreshToken == "" {
			t.Error("got the same access token or no refresh token from a refresh")
		}
		d.must(t, l.accounts(), nil)

		d.must(t, l.logout(), nil)
		if f := d.ask(t, l.accounts(), nil); f == nil || f.Code != "UnauthorizedException" {
			t.Errorf("accounts after logout: got %v, want UnauthorizedException", f)
		}
		if f := d.ask(t, l.refresh(), nil); f == nil || f.Code != "InvalidGrantException" {
			t.Errorf("refresh after logout: got %v, want InvalidGrantException", f)
		}
		d.must(t, whoIs(keys), nil) // role credentials outlive the sign-in
	})
}

// The SDK's own credential providers take a sign-in from the cache that all
// clients share, renew it when it is about to end, and leave the renewed one
// where the others find it.
func TestProviderRefreshes(t *testing.T) {
	everySDK(t, func(t *testing.T, s sdk) {
		c := local(t, s.flags...)
		c.profiles(t)
		d := c.drive(t, s)
		l := signIn(t, c, d)
		file := c.cache(t, l, time.Hour)

		var me identity
		d.must(t, whoAmI("dev"), &me)
		if me.Account != "111111111111" {
			t.Errorf("got account %q", me.Account)
		}
		if got := c.cached(t, file); got.AccessToken != l.token.AccessToken {
			t.Error("a fresh sign-in was refreshed")
		}

		c.cache(t, l, s.renews)
		d.must(t, whoAmI("dev"), &me)
		got := c.cached(t, file)
		if got.AccessToken == l.token.AccessToken || got.RefreshToken == "" || time.Until(got.ExpiresAt) < 50*time.Minute {
			t.Errorf("with %v to go it was not refreshed: renewed token %v, refresh token %v, until %v",
				s.renews, got.AccessToken != l.token.AccessToken, got.RefreshToken != "", got.ExpiresAt)
		}
		if n := len(c.events(t, "CreateToken")); n != 2 {
			t.Errorf("got %d CreateToken events, want 2: the sign-in and its refresh", n)
		}
	})
}

// Once an administrator has ended the sign-in, the SDK's own providers say so.
func TestProviderAfterRevocation(t *testing.T) {
	everySDK(t, func(t *testing.T, s sdk) {
		c := local(t, s.flags...)
		c.profiles(t)
		d := c.drive(t, s)
		l := signIn(t, c, d)
		c.portico(t, "revoke", "--user", "alice")
		for _, test := range []struct {
			left time.Duration
			want *regexp.Regexp
		}{{time.Hour, s.unauthorized}, {-time.Minute, s.unrefreshable}} {
			c.cache(t, l, test.left)
			if f := d.ask(t, whoAmI("dev"), nil); f == nil || !test.want.MatchString(f.Code+": "+f.Message) {
				t.Errorf("with %v to go: got %v, want %v", test.left, f, test.want)
			}
		}
	})
}

// A cachedToken is a sign-in in the cache that all clients share.
type cachedToken struct {
	StartURL              string    `json:"startUrl"`
	Region                string    `json:"region"`
	AccessToken           string    `json:"accessToken"`
	ExpiresAt             time.Time `json:"expiresAt"`
	ClientID              string    `json:"clientId"`
	ClientSecret          string    `json:"clientSecret"`
	RegistrationExpiresAt time.Time `json:"registrationExpiresAt"`
	RefreshToken          string    `json:"refreshToken"`
}

// cache puts a sign-in where clients look for session corp's, as a tool that
// signs in would, with so much time to go by the clients' own clock.
func (c *center) cache(t *testing.T, l *login, left time.Duration) (file string) {
	t.Helper()
	data, err := json.Marshal(cachedToken{
		StartURL: startURL, Region: "us-east-1", AccessToken: l.token.AccessToken, RefreshToken: l.token.RefreshToken,
		ExpiresAt: time.Now().Add(left).UTC().Truncate(time.Second),
		ClientID:  l.client.ClientID, ClientSecret: l.client.ClientSecret,
		RegistrationExpiresAt: time.Unix(l.client.ClientSecretExpiresAt, 0).UTC(),
	})
	if err != nil {
		t.Fatal(err)
	}
	file = c.home(".aws", "sso", "cache", "ee0bfd2552fbd840c02cc48b6e823320543c450f.json") // SHA-1 of "corp"
	write(t, file, string(data))
	return file
}

func (c *center) cached(t *testing.T, file string) (k cachedToken) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &k); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return k
}
