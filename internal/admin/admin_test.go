package admin_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/admin"
	"github.com/portico-sso/portico/internal/awsconfig"
	"github.com/portico-sso/portico/internal/awsmodel"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/output"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// caller signs alice in and returns a caller with her keys.
func caller(t *testing.T, ic *idctest.IdentityCenter, account, role string) *admin.Caller {
	t.Helper()
	w := &wallet.Wallet{Home: t.TempDir(), LockDir: t.TempDir()}
	c := &signin.Client{Wallet: w, HTTP: ic.HTTPClient(), OIDCEndpoint: ic.URL, PortalEndpoint: ic.URL}
	s := signin.Session{Name: "corp", StartURL: ic.StartURL, Region: ic.Region, Scopes: []string{"sso:account:access"}}
	_, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true, Show: func(i signin.Instructions) {
		if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	k, err := (&creds.Source{SignIn: c, Wallet: w}).RoleCredentials(t.Context(), creds.Role{Session: s, AccountID: account, RoleName: role})
	if err != nil {
		t.Fatal(err)
	}
	return &admin.Caller{HTTP: ic.HTTPClient(), Endpoint: ic.URL, Region: "eu-west-1",
		Credentials: admin.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}}
}

// callerIdentity asks STS who the caller is.
func callerIdentity(t *testing.T, c *admin.Caller) (output.Object, error) {
	t.Helper()
	svc, op := operation(t, "sts", "GetCallerIdentity")
	return admin.Merge(op, c.Pages(t.Context(), svc, op, nil, admin.Paging{}), admin.Paging{})
}

func operation(t *testing.T, command, name string) (*awsmodel.Service, *awsmodel.Operation) {
	t.Helper()
	svc := admin.Service(command)
	for _, op := range svc.Operations {
		if op.Name == name {
			return svc, op
		}
	}
	t.Fatalf("%s has no operation %s", command, name)
	return nil, nil
}

func TestCallerIdentityAndBuckets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := caller(t, idctest.New(t), "222222222222", "AdministratorAccess")
		id, err := callerIdentity(t, c)
		if err != nil {
			t.Fatal(err)
		}
		if len(id) != 3 || id[0].Name != "UserId" || id[1].Name != "Account" || id[2].Name != "Arn" {
			t.Fatalf("got %+v", id)
		}
		user, arn := id[0].Value.(string), id[2].Value.(string)
		if id[1].Value != "222222222222" || !strings.HasSuffix(arn, "/alice") || !strings.HasPrefix(user, "AROA") || !strings.HasSuffix(user, ":alice") {
			t.Errorf("got %+v", id)
		}
		buckets, err := c.Buckets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []admin.Bucket{{Name: "prod-backups", Created: time.Date(2024, 12, 2, 7, 39, 39, 0, time.UTC)}}
		if d := cmp.Diff(want, buckets); d != "" {
			t.Errorf("buckets (-want +got):\n%s", d)
		}
	})
}

// What was not issued, not for this, or not any more, is refused with the code
// that AWS uses.
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		good := caller(t, ic, "111111111111", "AdministratorAccess")
		other := caller(t, ic, "222222222222", "AdministratorAccess")
		refused := func(name string, spoil func(*admin.Credentials), sts, s3 string) {
			t.Helper()
			c := *good
			spoil(&c.Credentials)
			_, err := callerIdentity(t, &c)
			if e, ok := errors.AsType[*signin.ServiceError](err); !ok || e.Code != sts {
				t.Errorf("%s: STS: got %v, want %s", name, err, sts)
			}
			_, err = c.Buckets(t.Context())
			if e, ok := errors.AsType[*signin.ServiceError](err); !ok || e.Code != s3 {
				t.Errorf("%s: S3: got %v, want %s", name, err, s3)
			}
		}
		refused("one byte of the secret", func(c *admin.Credentials) {
			b := []byte(c.SecretAccessKey)
			b[7] ^= 1
			c.SecretAccessKey = string(b)
		}, "SignatureDoesNotMatch", "SignatureDoesNotMatch")
		refused("another's session token", func(c *admin.Credentials) { c.SessionToken = other.Credentials.SessionToken }, "InvalidClientTokenId", "InvalidToken")
		refused("no session token", func(c *admin.Credentials) { c.SessionToken = "" }, "InvalidClientTokenId", "InvalidToken")
		refused("an unknown key", func(c *admin.Credentials) { c.AccessKeyID = "ASIAAAAAAAAAAAAAAAAA" }, "InvalidClientTokenId", "InvalidAccessKeyId")
		time.Sleep(8*time.Hour + time.Minute)
		refused("expired", func(*admin.Credentials) {}, "ExpiredToken", "ExpiredToken")
	})
}

func TestRegionNeverBecomesAHost(t *testing.T) {
	for _, region := range []string{"", "x.evil.test/#", "us-east-1.evil"} {
		c := &admin.Caller{Region: region}
		if _, err := callerIdentity(t, c); !isRegion(err) {
			t.Errorf("%q: got %v, want RegionError", region, err)
		}
		if _, err := c.Buckets(t.Context()); !isRegion(err) {
			t.Errorf("%q: got %v, want RegionError", region, err)
		}
	}
}

func isRegion(err error) bool {
	_, ok := errors.AsType[*awsconfig.RegionError](err)
	return ok
}

// An answer that breaks off is asked for again, and when that does not help said
// to be broken off.
func TestAnswerThatBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c := caller(t, ic, "111111111111", "AdministratorAccess")
		for _, op := range []struct {
			name string
			ask  func() error
		}{
			{"GetCallerIdentity", func() error { _, err := callerIdentity(t, c); return err }},
			{"ListBuckets", func() error { _, err := c.Buckets(t.Context()); return err }},
		} {
			if _, err := ic.Inject(t.Context(), idctest.Fault{Op: op.name, Truncate: true, Count: 2}); err != nil {
				t.Fatal(err)
			}
			if err := op.ask(); err != nil {
				t.Errorf("%s: got %v, want the answer to the third try", op.name, err)
			}
			always, err := ic.Inject(t.Context(), idctest.Fault{Op: op.name, Truncate: true})
			if err != nil {
				t.Fatal(err)
			}
			err = op.ask()
			if e, ok := errors.AsType[*signin.ConnectionError](err); !ok || !e.BrokeOff() || always.Acted() != 3 {
				t.Errorf("%s: got %v after %d tries, want ConnectionError after 3", op.name, err, always.Acted())
			}
		}
	})
}
