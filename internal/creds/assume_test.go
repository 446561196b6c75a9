package creds_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/wallet"
)

const chain = `
users:
  - {name: alice} # with a device: see TestAssumeWithMFA
accounts:
  - {id: "111111111111", name: dev}
  - {id: "222222222222", name: prod}
permission_sets:
  - {name: AdministratorAccess}
assignments:
  - {user: alice, permission_set: AdministratorAccess, accounts: ["*"]}
roles:
  - {account: prod, name: deploy, trusts: [{account: dev}]}
  - {account: prod, name: closed, trusts: [{account: prod}]}
  - {account: prod, name: careful, require_mfa: true, trusts: [{account: dev}]}
`

const careful = "arn:aws:iam::222222222222:role/careful"

// An assuming is an Assumer whose calls and warnings are counted.
type assuming struct {
	*creds.Assumer
	ic    *idctest.IdentityCenter
	calls atomic.Int32 // of AssumeRole
	cut   atomic.Bool  // the way to STS

	mu     sync.Mutex
	warned []string
}

func assumer(t *testing.T, seed string) *assuming {
	t.Helper()
	ic := idctest.New(t, idctest.Seed(seed))
	s, role, _ := source(t, ic)
	a := &assuming{ic: ic}
	next := s.SignIn.HTTP.Transport
	client := *s.SignIn
	client.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path != "/" {
			return next.RoundTrip(r)
		}
		a.calls.Add(1)
		if a.cut.Load() {
			return nil, errors.New("no network")
		}
		return next.RoundTrip(r)
	})}
	client.Warn = func(problem string) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.warned = append(a.warned, problem)
	}
	a.Assumer = &creds.Assumer{
		Role:   wallet.AssumedRole{ARN: "arn:aws:iam::222222222222:role/deploy", SessionName: "me"},
		Source: func(ctx context.Context) (wallet.RoleCredentials, error) { return s.RoleCredentials(ctx, role) },
		Region: "us-east-1", Endpoint: ic.URL, SignIn: &client,
	}
	return a
}

// put leaves credentials in the cache that last for so long.
func (a *assuming) put(t *testing.T, left time.Duration) {
	t.Helper()
	c := wallet.RoleCredentials{AccessKeyID: "ASIACACHED", SecretAccessKey: "s", SessionToken: "t", Expiration: time.Now().Add(left).UTC().Truncate(time.Second)}
	if err := a.SignIn.Wallet.PutAssumedRole(a.Role, c, wallet.AssumedUser{}); err != nil {
		t.Fatal(err)
	}
	a.calls.Store(0)
}

// However many ask, STS is asked once; the account is told as the AWS CLI tells it.
func TestAssumeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := assumer(t, chain)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				c, err := a.Credentials(t.Context())
				if err != nil || c.AccountID != "222222222222" || time.Until(c.Expiration) < 59*time.Minute {
					t.Errorf("got %+v, %v", c, err)
				}
			})
		}
		wg.Wait()
		if n := a.calls.Load(); n != 1 {
			t.Errorf("got %d calls of AssumeRole, want 1", n)
		}
	})
}

// That STS lets one caller's keys not assume the role says nothing of another's:
// whoever waits with those has the role.
func TestAssumeWithOtherKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := assumer(t, chain)
		if _, err := a.Source(t.Context()); err != nil {
			t.Fatal(err)
		}
		wrong, client := *a.Assumer, *a.SignIn
		wrong.Source = func(context.Context) (wallet.RoleCredentials, error) {
			return wallet.RoleCredentials{AccessKeyID: "AKIAWRONG", SecretAccessKey: "s", SessionToken: "t"}, nil
		}
		next := client.HTTP.Transport
		client.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return next.RoundTrip(r)
		})}
		wrong.SignIn = &client
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := wrong.Credentials(t.Context()); err == nil {
				t.Error("with wrong keys: got credentials")
			}
		})
		synctest.Wait() // it has the lock
		for range 5 {
			all.Go(func() {
				if _, err := a.Credentials(t.Context()); err != nil {
					t.Errorf("with the right ones: %v", err)
				}
			})
		}
		all.Wait()
		if n := a.calls.Load(); n != 2 {
			t.Errorf("got %d calls of AssumeRole, want 2", n)
		}
	})
}

// How long cached credentials last says whether STS is asked, and what comes of it
// when STS cannot be reached or says no.
func TestAssumeAgain(t *testing.T) {
	cases := map[string]struct {
		left        time.Duration
		held        bool // somebody else's is the role's lock
		cut, closed bool // STS cannot be reached, or refuses
		cached      bool // is what comes of it
		calls       int32
		err         string
	}{
		"fresh":                     {left: 16 * time.Minute, cached: true},
		"fresh, no network":         {left: 16 * time.Minute, cut: true, cached: true},
		"ahead of time":             {left: 12 * time.Minute, calls: 1},
		"ahead of time, not alone":  {left: 12 * time.Minute, held: true, cached: true},
		"ahead of time, no network": {left: 12 * time.Minute, cut: true, cached: true, calls: 3},
		"soon over":                 {left: 5 * time.Minute, calls: 1},
		"soon over, no network":     {left: 5 * time.Minute, cut: true, cached: true, calls: 3},
		"soon over, refused":        {left: 5 * time.Minute, closed: true, calls: 1, err: "is not authorized to perform: sts:AssumeRole"},
		"over, no network":          {left: -time.Minute, cut: true, calls: 3, err: "Could not connect to the endpoint URL"},
		"over":                      {left: -time.Minute, calls: 1},
	}
	synctest.Test(t, func(t *testing.T) {
		a := assumer(t, chain)
		open, closed := a.Role.ARN, "arn:aws:iam::222222222222:role/closed"
		for name, tt := range cases {
			time.Sleep(2 * time.Minute) // a failure keeps others from trying ahead of time, for a while
			a.Role.ARN = open
			if tt.closed {
				a.Role.ARN = closed
			}
			if _, err := a.Source(t.Context()); err != nil { // so that calls are of STS alone
				t.Fatal(err)
			}
			a.put(t, tt.left)
			a.cut.Store(tt.cut)
			unlock := func() {}
			if tt.held {
				var err error
				if unlock, err = a.SignIn.Wallet.Lock(t.Context(), "role-"+a.Role.Name()); err != nil {
					t.Fatal(err)
				}
			}
			c, err := a.Credentials(t.Context())
			unlock()
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("%s: got %v, want %q", name, err, tt.err)
				}
			} else if err != nil || (c.AccessKeyID == "ASIACACHED") != tt.cached {
				t.Errorf("%s: got %s, %v", name, c.AccessKeyID, err)
			}
			if n := a.calls.Load(); n != tt.calls {
				t.Errorf("%s: got %d calls, want %d", name, n, tt.calls)
			}
			if refused, ok := errors.AsType[*creds.AssumeError](err); tt.closed && (!ok || refused.Cause.Code != "AccessDenied" || refused.Role.ARN != closed) {
				t.Errorf("%s: got %v, want an AssumeError", name, err)
			}
		}
	})
}

// A policy takes away from what the role may do, STS and the services see it, and
// neither the whole role nor another policy is had for the narrowed one.
func TestSessionPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := assumer(t, chain)
		const none = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}`
		names := map[string]bool{}
		for _, tt := range []struct {
			policy creds.SessionPolicy
			denied bool
		}{
			{creds.SessionPolicy{}, false},
			{creds.SessionPolicy{JSON: none}, true},
			{creds.SessionPolicy{ARNs: []string{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}}, false},
			{creds.SessionPolicy{JSON: none, ARNs: []string{"arn:aws:iam::aws:policy/AWSDenyAll"}}, true},
		} {
			a.Role.Policy, a.Role.PolicyARNs = tt.policy.JSON, tt.policy.ARNs
			names[a.Role.Name()] = true
			for range 2 { // by STS, and from the cache
				c, err := a.Credentials(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				cfg := a.ic.AWSConfig()
				cfg.Credentials = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
				_, err = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(t.Context(), nil)
				if tt.denied != (err != nil) || err != nil && !strings.Contains(err.Error(), "session policy") {
					t.Errorf("%+v: got %v", tt.policy, err)
				}
			}
		}
		if n := a.calls.Load(); n != 4 || len(names) != 4 {
			t.Errorf("got %d calls under %d names, want 4 and 4", n, len(names))
		}
		events, err := a.ic.Events(t.Context(), idctest.EventFilter{Operation: "AssumeRole"})
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, e := range events {
			if e.Request["policy"] == none {
				seen++
			}
		}
		if seen != 2 {
			t.Errorf("STS saw the policy %d times, want 2", seen)
		}
	})
}

// A code is asked for once, whoever waits, and sent once, whatever becomes of it.
// Where nobody can be asked, what still lasts serves.
func TestAssumeWithMFA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := assumer(t, strings.Replace(chain, "{name: alice}", `{name: alice, mfa_code: "123456"}`, 1))
		a.Role.ARN, a.Role.MFASerial = careful, "arn:aws:iam::111111111111:mfa/alice"
		var asked atomic.Int32
		code := "123456"
		a.MFACode = func(context.Context, string) (string, error) {
			asked.Add(1)
			time.Sleep(2 * time.Minute) // where is that telephone
			return code, nil
		}
		var told atomic.Int32
		a.SignIn.Waiting = func(what string, _ int) {
			told.Add(1)
			if what != "asks for the MFA code of "+careful {
				t.Errorf("got %q", what)
			}
		}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := a.Credentials(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if asked.Load() != 1 || told.Load() != 4 || a.calls.Load() != 1 {
			t.Errorf("asked %d times, told %d, called STS %d times; want 1, 4, 1", asked.Load(), told.Load(), a.calls.Load())
		}

		code = "654321"
		a.put(t, -time.Minute)
		_, err := a.Credentials(t.Context())
		if e, ok := errors.AsType[*creds.AssumeError](err); !ok || !strings.Contains(e.Cause.Message, "invalid MFA one time pass code") || a.calls.Load() != 1 {
			t.Errorf("a wrong code: got %v after %d calls", err, a.calls.Load())
		}
		code = "123456"
		a.put(t, -time.Minute)
		a.cut.Store(true)
		if _, err := a.Credentials(t.Context()); err == nil || a.calls.Load() != 1 {
			t.Errorf("no network: got %v after %d calls, want one", err, a.calls.Load())
		}
		a.cut.Store(false)
		a.MFACode = func(context.Context, string) (string, error) { return "", errors.New("nobody is there") }
		a.put(t, 5*time.Minute)
		if c, err := a.Credentials(t.Context()); err != nil || c.AccessKeyID != "ASIACACHED" || len(a.warned) == 0 {
			t.Errorf("nobody to ask: got %v, warned %q", err, a.warned)
		}
		a.put(t, -time.Minute)
		if _, err := a.Credentials(t.Context()); err == nil || err.Error() != "nobody is there" || a.calls.Load() != 0 {
			t.Errorf("nobody to ask, and nothing left: got %v", err)
		}
	})
}

// What a container's endpoint must be, and what it may answer.
func TestContainerOf(t *testing.T) {
	for address, ok := range map[string]bool{
		"http://127.0.0.1:80/x": true, "http://[::1]/x": true, "http://localhost/x": true, "http://169.254.170.23/v1": true, "http://[fd00:ec2::23]/v1": true,
		"https://example.com/x": true, "http://example.com/x": false, "http://169.254.169.254/x": false, "http://localhost.example.com/": false,
		"http://user:pw@127.0.0.1/x": false, "ftp://127.0.0.1/x": false, "127.0.0.1/x": false, "http://": false,
	} {
		_, err := creds.ContainerOf(func(name string) (string, bool) {
			if name == "AWS_CONTAINER_CREDENTIALS_FULL_URI" {
				return address, true
			}
			return "", false
		})
		if (err == nil) != ok {
			t.Errorf("%s: got %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("the error tells a password: %v", err)
		}
	}
	if c, err := creds.ContainerOf(func(string) (string, bool) { return "", false }); c != nil || err != nil {
		t.Errorf("got %v, %v where there is none", c, err)
	}
}
