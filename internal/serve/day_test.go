package serve_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/creds"
	"github.com/portico-sso/portico/internal/serve"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// organisation has a role whose credentials last an hour, so that a day sees
// many of them.
const organisation = `
start_url: https://d-1234567890.awsapps.com/start
region: us-east-1
users:
  - {name: alice, email: alice@example.com, password: correct-horse}
accounts:
  - {id: "111111111111", name: dev, email: aws+dev@example.com}
permission_sets:
  - {name: Developer, session_duration: PT1H}
assignments:
  - {user: alice, permission_set: Developer, accounts: [dev]}
`

// pipes is a listener inside the process, for a bubble's virtual time.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.ended:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.ended) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000} }

// A day is an Identity Center, somebody who signs in, and an endpoint for their
// role.
type day struct {
	t       *testing.T
	center  *idctest.IdentityCenter
	client  *signin.Client
	session signin.Session
	offline atomic.Bool

	asking, together, asked atomic.Int32 // calls of GetRoleCredentials: now, at most at once, ever
}

func (d *day) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.offline.Load() {
		return nil, errors.New("network is unreachable")
	}
	if r.URL.Path == "/federation/credentials" {
		d.asked.Add(1)
		d.together.Store(max(d.together.Load(), d.asking.Add(1)))
		defer d.asking.Add(-1)
	}
	return d.center.HTTPClient().Transport.RoundTrip(r)
}

func (d *day) signIn() {
	d.t.Helper()
	_, err := d.client.Login(d.t.Context(), d.session, signin.Options{DeviceCode: true, Show: func(i signin.Instructions) {
		if err := d.center.Approve(d.t.Context(), "alice", i.CompleteURL); err != nil {
			d.t.Error(err)
		}
	}})
	if err != nil {
		d.t.Error(err)
	}
}

// endpoint gives out the role's credentials as the program does: from the files,
// at each request.
func (d *day) endpoint() *serve.Endpoint {
	role := creds.Role{Session: d.session, AccountID: "111111111111", RoleName: "Developer"}
	return &serve.Endpoint{Credentials: func(ctx context.Context) (serve.Credentials, error) {
		c, err := (&creds.Source{SignIn: d.client, Wallet: d.client.Wallet}).RoleCredentials(ctx, role)
		if err != nil {
			f := &serve.Refusal{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: err.Error()}
			if _, ok := errors.AsType[*signin.RequiredError](err); ok {
				f.Status, f.Code = http.StatusUnauthorized, "SignInRequired"
			}
			if _, ok := errors.AsType[*creds.NoAccessError](err); ok {
				f.Status, f.Code = http.StatusForbidden, "AccessDenied"
			}
			return serve.Credentials{}, f
		}
		return serve.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expiration, AccountID: c.AccountID}, nil
	}}
}

// A tally is what clients got in one stretch of the day.
type tally struct {
	mu      sync.Mutex
	answers map[string]int // by code; "" are credentials
}

func (t *tally) add(code string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers[code]++
}

func (t *tally) take() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	answers := t.answers
	t.answers = map[string]int{}
	return answers
}

// ask is one request of a client that has so much patience.
func ask(ctx context.Context, transport http.RoundTripper, token string, patience time.Duration) (code string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:40000/credentials", nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", token)
	answer, err := transport.RoundTrip(r)
	if err != nil {
		if ctx.Err() != nil {
			return "out of patience", nil
		}
		return "", err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	var a struct {
		AccessKeyID, SecretAccessKey, Token, Code, Message string
		Expiration                                         time.Time
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return "", fmt.Errorf("%d %s: %v", answer.StatusCode, data, err)
	}
	switch {
	case answer.StatusCode == http.StatusOK && a.AccessKeyID != "" && a.SecretAccessKey != "" && a.Token != "" && time.Until(a.Expiration) > 0:
		if time.Until(a.Expiration) < 15*time.Minute {
			return "short", nil // valid, and sooner renewed than the clients would like
		}
		return "", nil
	case answer.StatusCode >= 400 && a.Code != "" && a.Message != "" && a.AccessKeyID == "":
		return a.Code, nil
	}
	return "", fmt.Errorf("%d with code %q, expiration %v", answer.StatusCode, a.Code, a.Expiration)
}

// stock counts what a program would leak: goroutines, objects on the heap, files.
func stock(t *testing.T, home string) (goroutines int, objects uint64, files int) {
	t.Helper()
	synctest.Wait()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	err := filepath.WalkDir(home, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return runtime.NumGoroutine(), m.HeapObjects, files
}

// A day with everything that may go wrong in it: fifty clients get credentials
// that last, or are told what is the matter, one call at a time reaches the
// service, and nothing piles up.
func TestDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &day{t: t, center: idctest.New(t, idctest.Seed(organisation))}
		home := t.TempDir()
		d.client = &signin.Client{Wallet: &wallet.Wallet{Home: home, LockDir: filepath.Join(home, "locks")}, HTTP: &http.Client{Transport: d},
			OIDCEndpoint: d.center.URL, PortalEndpoint: d.center.URL}
		d.session = signin.Session{Name: "corp", StartURL: d.center.StartURL, Region: d.center.Region, Scopes: []string{"sso:account:access"}}
		begun := time.Now()
		d.signIn()

		door := &pipes{conns: make(chan net.Conn), ended: make(chan struct{})}
		token := serve.NewToken()
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() {
			if err := serve.Serve(ctx, door, d.endpoint().Handler("127.0.0.1:40000", token)); err != nil {
				t.Error(err)
			}
		})
		got := &tally{answers: map[string]int{}}
		transport := &http.Transport{DialContext: door.dial, DisableKeepAlives: true}
		clients, leave := context.WithCancel(ctx)
		for i := range 50 {
			rng := rand.New(rand.NewPCG(uint64(i), 0))
			patience := []time.Duration{2 * time.Second, 10 * time.Second, time.Minute}[i%3] // boto3's, and others
			done.Go(func() {
				for {
					select {
					case <-clients.Done():
						return
					case <-time.After(3*time.Minute + time.Duration(rng.Int64N(int64(serve.DayPause)))):
					}
					code, err := ask(ctx, transport, token, patience)
					if err != nil {
						t.Error(err)
					}
					got.add(code)
				}
			})
		}

		// pass lets time pass and looks at what clients got: only these codes, and the
		// first of them at least once.
		pass := func(what string, length time.Duration, codes ...string) {
			t.Helper()
			time.Sleep(length)
			synctest.Wait()
			answers := got.take()
			total := 0
			for code, n := range answers {
				total += n
				if !slices.Contains(codes, code) {
					t.Errorf("%s: %d clients got %q", what, n, code)
				}
			}
			if answers[codes[0]] == 0 {
				t.Errorf("%s: nobody got %q", what, codes[0])
			}
			t.Logf("%-44s %4d requests: %v", what, total, answers)
		}
		inject := func(f idctest.Fault) func() {
			t.Helper()
			i, err := d.center.Inject(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			return i.Remove
		}
		// Signing in takes a while, in which clients hear what they heard before.
		signInAgain := func() {
			d.signIn()
			synctest.Wait()
			got.take()
		}
		const fine, short, failed, impatient = "", "short", "ServiceUnavailable", "out of patience"

		pass("an ordinary hour", time.Hour, fine)
		goroutines, objects, files := stock(t, home)

		// What was got before lasts longer than a short outage.
		d.offline.Store(true)
		pass("no network for ten minutes", 10*time.Minute, fine, short, impatient)
		d.offline.Store(false)
		pass("after it", time.Hour, fine, short)
		d.offline.Store(true)
		pass("no network for two hours", 2*time.Hour, failed, fine, short, impatient)
		d.offline.Store(false)
		pass("after that", time.Hour, fine, failed)

		remove := inject(idctest.Fault{Op: "GetRoleCredentials", Status: 500})
		pass("faults of the portal", 90*time.Minute, failed, fine, short, impatient)
		remove()
		remove = inject(idctest.Fault{Op: "GetRoleCredentials", Latency: 5 * time.Second})
		pass("a slow portal", time.Hour, fine, short, failed, impatient)
		remove()

		// The sign-in lasts eight hours, and what it gave another one at most.
		pass("the sign-in ends", 8*time.Hour+10*time.Minute-time.Since(begun), fine)
		pass("nobody has signed in again", 90*time.Minute, "SignInRequired", fine, short)
		signInAgain()
		pass("somebody has", time.Hour, fine)

		inject(idctest.Fault{Op: "CreateToken", Drop: "after", Count: 2})
		pass("answers to a refresh lost", time.Hour, fine, short, impatient)
		inject(idctest.Fault{Op: "GetRoleCredentials", Drop: "after", Count: 2})
		pass("answers with credentials lost", time.Hour, fine, short, impatient)
		remove = inject(idctest.Fault{Op: "GetRoleCredentials", Truncate: true})
		pass("all answers torn", 90*time.Minute, failed, fine, short, impatient)
		remove()

		developer := idctest.Assignment{User: "alice", PermissionSet: "Developer", Accounts: []string{"dev"}}
		if err := d.center.Unassign(t.Context(), developer); err != nil {
			t.Fatal(err)
		}
		pass("the role taken away", 90*time.Minute, "AccessDenied", fine, short, failed)
		if err := d.center.Assign(t.Context(), developer); err != nil {
			t.Fatal(err)
		}
		pass("and given back", 30*time.Minute, fine)

		if err := d.center.Revoke(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
		pass("the sign-in revoked", 90*time.Minute, "SignInRequired", fine, short)
		signInAgain()
		remove = inject(idctest.Fault{Op: "CreateToken", Status: 500})
		pass("faults of refreshing", 2*time.Hour, fine, short, failed, impatient)
		remove()
		pass("the rest of the day", 24*time.Hour-time.Since(begun), fine, failed)

		nowGoroutines, nowObjects, nowFiles := stock(t, home)
		t.Logf("goroutines %d, then %d; objects %d, then %d; files %d, then %d; %d calls of GetRoleCredentials",
			goroutines, nowGoroutines, objects, nowObjects, files, nowFiles, d.asked.Load())
		if nowGoroutines > goroutines+5 || nowObjects > objects+objects/5 || nowFiles > files+3 { // each lock is a file, once it was needed
			t.Error("something piles up")
		}
		if d.together.Load() != 1 {
			t.Errorf("up to %d calls of GetRoleCredentials were under way at once, want 1", d.together.Load())
		}
		leave()
		stop()
		done.Wait()
	})
}
