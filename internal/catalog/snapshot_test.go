package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/catalog"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

// A company has n accounts with four roles each, of which bob has two.
func company(n int) idctest.Option {
	var b strings.Builder
	b.WriteString("start_url: https://d-1234567890.awsapps.com/start\nregion: us-east-1\nusers: [{name: alice, email: alice@example.com}, {name: bob, email: bob@example.com}]\naccounts:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {id: \"%012d\", name: account-%04d, email: a%d@example.com}\n", 100000000000+i, i, i)
	}
	b.WriteString("permission_sets: [{name: Admin}, {name: Billing}, {name: PowerUser}, {name: ReadOnly}]\nassignments:\n")
	for _, set := range []string{"Admin", "Billing", "PowerUser", "ReadOnly"} {
		fmt.Fprintf(&b, "  - {user: alice, permission_set: %s, accounts: [\"*\"]}\n", set)
	}
	b.WriteString("  - {user: bob, permission_set: Admin, accounts: [\"*\"]}\n  - {user: bob, permission_set: Billing, accounts: [\"*\"]}\n")
	return idctest.Seed(b.String())
}

// A portal is one whose calls are counted, and take 40 ms.
type portal struct {
	*idctest.IdentityCenter
	slow *idctest.Injection
	list *catalog.Catalog
	seen int
}

func newPortal(t *testing.T, accounts int) *portal {
	p := &portal{IdentityCenter: idctest.New(t, company(accounts))}
	var err error
	if p.slow, err = p.Inject(t.Context(), idctest.Fault{Op: "sso:*", Latency: 40 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	p.list = signedIn(t, p.IdentityCenter)
	p.list.Dir = filepath.Join(t.TempDir(), "catalog")
	p.list.Warn = func(problem string) { t.Errorf("warning: %s", problem) }
	return p
}

// calls are those since it was asked last.
func (p *portal) calls() int {
	before := p.seen
	p.seen = p.slow.Acted()
	return p.seen - before
}

func (p *portal) inject(t *testing.T, f idctest.Fault) *idctest.Injection {
	t.Helper()
	i, err := p.Inject(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (p *portal) signIn(t *testing.T, user string) {
	t.Helper()
	_, err := p.list.SignIn.Login(t.Context(), p.list.Session, signin.Options{DeviceCode: true, Show: func(i signin.Instructions) {
		if err := p.Approve(t.Context(), user, i.CompleteURL); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// snapshot wants all of so many accounts with so many roles each.
func (p *portal) snapshot(t *testing.T, o catalog.Options, accounts, roles int) catalog.Snapshot {
	t.Helper()
	s, err := p.list.Snapshot(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	p.check(t, s, accounts, roles)
	return s
}

func (p *portal) check(t *testing.T, s catalog.Snapshot, accounts, roles int) {
	t.Helper()
	if !s.Complete || len(s.Failed) > 0 || len(s.Accounts) != accounts || len(s.Roles) != accounts*roles {
		t.Fatalf("got %d accounts, %d roles, complete %t, failed %v; want %d and %d", len(s.Accounts), len(s.Roles), s.Complete, s.Failed, accounts, accounts*roles)
	}
	for a, rs := range s.All() {
		if len(rs) != roles || rs[0].AccountID != a.ID {
			t.Fatalf("account %s has %v", a.ID, rs)
		}
	}
}

func inBubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func TestThousandAccounts(t *testing.T) {
	inBubble(t, "without a limit", func(t *testing.T) {
		p := newPortal(t, 1000)
		began := time.Now()
		last := 0
		var mu sync.Mutex
		s := p.snapshot(t, catalog.Options{Progress: func(done, total int) {
			mu.Lock()
			defer mu.Unlock()
			if last = max(last, done); done > total {
				t.Errorf("%d of %d are done", done, total)
			}
		}}, 1000, 4)
		if took := time.Since(began); took > 2*time.Second || last != 1000 {
			t.Errorf("took %v and told of %d accounts, want 2 s at most and 1000", took, last)
		}
		if n := p.calls(); n != 1010 {
			t.Errorf("made %d calls, want 1010", n)
		}
		again := p.snapshot(t, catalog.Options{}, 1000, 4)
		saved, known, err := p.list.Saved()
		if n := p.calls(); n != 0 || !known || err != nil {
			t.Errorf("made %d calls the second time, and it is kept: %t, %v", n, known, err)
		}
		for _, other := range []catalog.Snapshot{again, saved} {
			if d := cmp.Diff(s, other, cmp.Comparer(func(a, b time.Time) bool { return a.Sub(b).Abs() < time.Millisecond })); d != "" {
				t.Errorf("kept otherwise than listed (-listed +kept):\n%s", d)
			}
		}
		for path, info := range files(t, p.list.Dir) {
			if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
		}
		time.Sleep(25 * time.Hour)
		p.signIn(t, "alice")
		p.calls()
		p.snapshot(t, catalog.Options{}, 1000, 4)
		if n := p.calls(); n != 1010 {
			t.Errorf("made %d calls a day later, want 1010", n)
		}
	})
	inBubble(t, "20 a second", func(t *testing.T) {
		p := newPortal(t, 1000)
		limit := p.inject(t, idctest.Fault{Op: "sso:*", Rate: 20, Burst: 40})
		began := time.Now()
		p.snapshot(t, catalog.Options{}, 1000, 4)
		took, calls, refused := time.Since(began), p.calls(), limit.Acted()
		t.Logf("%v, %d calls, %d refused", took, calls, refused)
		if took > 51*time.Second || refused*100 >= calls*4 || calls != 1010+refused {
			t.Errorf("took %v, %d of %d calls refused; want 48.5 s and 5 %% more at most, fewer than 4 %% of 1010", took, refused, calls)
		}
	})
	inBubble(t, "5 a second", func(t *testing.T) {
		p := newPortal(t, 200)
		p.inject(t, idctest.Fault{Op: "sso:*", Rate: 5, Burst: 40})
		began := time.Now()
		p.snapshot(t, catalog.Options{}, 200, 4)
		if took := time.Since(began); took > 34*time.Second {
			t.Errorf("took %v, want 32.4 s and 5 %% more at most", took)
		}
	})
}

func files(t *testing.T, dir string) map[string]fs.FileInfo {
	t.Helper()
	found := map[string]fs.FileInfo{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Join(dir, e.Name())] = info
	}
	return found
}

// A listing that is interrupted goes on where it was.
func TestResume(t *testing.T) {
	interrupted := func(t *testing.T) (p *portal, before int) {
		p = newPortal(t, 300)
		p.inject(t, idctest.Fault{Op: "sso:*", Rate: 20, Burst: 40})
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		if _, err := p.list.Snapshot(ctx, catalog.Options{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		s, known, err := p.list.Saved()
		if !known || err != nil || s.Complete || len(s.Roles) < 4*100 {
			t.Fatalf("%d roles are kept, complete %t, known %t, %v", len(s.Roles), s.Complete, known, err)
		}
		if err := p.ClearFaults(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.slow, p.seen = p.inject(t, idctest.Fault{Op: "sso:*", Latency: 40 * time.Millisecond}), 0
		return p, len(s.Roles) / 4
	}
	inBubble(t, "after Ctrl-C", func(t *testing.T) {
		p, before := interrupted(t)
		p.snapshot(t, catalog.Options{}, 300, 4)
		if n := p.calls(); n != 300-before {
			t.Errorf("made %d calls with %d of 300 accounts known, want no more than it needs", n, before)
		}
		if kept := files(t, p.list.Dir); len(kept) != 1 {
			t.Errorf("left %v, want the catalog alone", kept)
		}
	})
	inBubble(t, "after two ends among the accounts", func(t *testing.T) {
		p := newPortal(t, 300)
		limit := func(rate float64, burst int, d time.Duration) (roles int) {
			p.inject(t, idctest.Fault{Op: "sso:*", Rate: rate, Burst: burst})
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			if _, err := p.list.Snapshot(ctx, catalog.Options{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v", err)
			}
			s, _, err := p.list.Saved()
			if err != nil {
				t.Fatal(err)
			}
			return len(s.Roles) / 4
		}
		limit(20, 40, 70*time.Millisecond)
		limit(20, 40, 70*time.Millisecond)
		before := limit(20, 40, 6*time.Second)
		if before < 100 {
			t.Fatalf("the roles of %d accounts are kept after six seconds", before)
		}
		if err := p.ClearFaults(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.slow, p.seen = p.inject(t, idctest.Fault{Op: "sso:*", Latency: 40 * time.Millisecond}), 0
		p.snapshot(t, catalog.Options{}, 300, 4)
		if n := p.calls(); n != 300-before {
			t.Errorf("made %d calls with %d of 300 accounts known, want no more than it needs", n, before)
		}
	})
	inBubble(t, "after a power cut", func(t *testing.T) {
		p, before := interrupted(t)
		for path, info := range files(t, p.list.Dir) {
			if err := os.Truncate(path, info.Size()-7); err != nil {
				t.Fatal(err)
			}
		}
		p.snapshot(t, catalog.Options{}, 300, 4)
		if n := p.calls(); n != 300-before+1 {
			t.Errorf("made %d calls with %d of 300 accounts known and one line broken off", n, before)
		}
	})
	inBubble(t, "as somebody else", func(t *testing.T) {
		p, _ := interrupted(t)
		p.signIn(t, "bob")
		p.snapshot(t, catalog.Options{}, 300, 2)
	})
	inBubble(t, "to refresh", func(t *testing.T) {
		p, before := interrupted(t)
		p.snapshot(t, catalog.Options{Refresh: true}, 300, 4)
		if n := p.calls(); n != 300-before {
			t.Errorf("made %d calls to refresh with %d of 300 accounts known, want no more than it needs", n, before)
		}
		p.snapshot(t, catalog.Options{Refresh: true}, 300, 4)
		if n := p.calls(); n != 303 {
			t.Errorf("made %d calls to refresh, want all", n)
		}
	})
}

func TestSignInAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPortal(t, 250)
		p.snapshot(t, catalog.Options{}, 250, 4)
		p.calls()
		time.Sleep(50 * time.Minute)
		if _, err := p.list.SignIn.Token(t.Context(), p.list.Session); err != nil {
			t.Fatal(err)
		}
		p.snapshot(t, catalog.Options{}, 250, 4)
		if n := p.calls(); n != 0 {
			t.Errorf("made %d calls after a refresh of the token, want none", n)
		}
		p.signIn(t, "alice")
		p.snapshot(t, catalog.Options{}, 250, 4)
		if n := p.calls(); n != 3+1 {
			t.Errorf("made %d calls after the same person signed in, want the accounts and the roles of one", n)
		}
		p.snapshot(t, catalog.Options{}, 250, 4)
		if n := p.calls(); n != 0 {
			t.Errorf("made %d calls after that, want none", n)
		}
		p.signIn(t, "bob")
		p.snapshot(t, catalog.Options{}, 250, 2)
		if n := p.calls(); n != 253 {
			t.Errorf("made %d calls after another person signed in, want all", n)
		}
		if _, err := p.list.SignIn.Forget(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		_, err := p.list.Snapshot(t.Context(), catalog.Options{})
		if e, ok := errors.AsType[*signin.RequiredError](err); !ok || e.Reason != signin.Missing {
			t.Errorf("got %v with nobody signed in", err)
		}
	})
}

// What the service does not tell of one account costs no other.
// Who signs in or out while there is a listing.
func TestSignInMeanwhile(t *testing.T) {
	slow := func(t *testing.T) *portal {
		p := newPortal(t, 400)
		p.inject(t, idctest.Fault{Op: "ListAccountRoles", Rate: 4, Burst: 4})
		return p
	}
	inBubble(t, "as another person", func(t *testing.T) {
		p := slow(t)
		var other sync.WaitGroup
		defer other.Wait()
		other.Go(func() {
			time.Sleep(30 * time.Second)
			p.signIn(t, "bob")
		})
		p.snapshot(t, catalog.Options{}, 400, 2)
	})
	inBubble(t, "out", func(t *testing.T) {
		p := slow(t)
		var other sync.WaitGroup
		defer other.Wait()
		other.Go(func() {
			time.Sleep(80 * time.Second) // the token that is used is good for a while
			if _, err := p.list.SignIn.Forget(t.Context(), ""); err != nil {
				t.Error(err)
			}
		})
		_, err := p.list.Snapshot(t.Context(), catalog.Options{})
		if e, ok := errors.AsType[*signin.RequiredError](err); !ok || e.Reason != signin.Missing {
			t.Errorf("got %v", err)
		}
		if left := files(t, p.list.Dir); len(left) > 1 {
			t.Errorf("left %v, want no catalog", left)
		}
	})
}

func TestFailures(t *testing.T) {
	inBubble(t, "refused for good", func(t *testing.T) {
		p := newPortal(t, 120)
		p.inject(t, idctest.Fault{Op: "ListAccountRoles", Status: 403, Error: "ForbiddenException", Nth: 70, Count: 1})
		s, err := p.list.Snapshot(t.Context(), catalog.Options{})
		if err != nil || s.Complete || len(s.Failed) != 1 || len(s.Accounts) != 120 || len(s.Roles) != 119*4 || !strings.Contains(s.Failed[0].Problem, "Forbidden") {
			t.Fatalf("got %d roles, failed %v, %v", len(s.Roles), s.Failed, err)
		}
		p.calls()
		p.snapshot(t, catalog.Options{}, 120, 4)
		if n := p.calls(); n != 1 {
			t.Errorf("made %d calls to make it whole, want 1", n)
		}
	})
	inBubble(t, "trouble that passes", func(t *testing.T) {
		p := newPortal(t, 120)
		p.inject(t, idctest.Fault{Op: "ListAccountRoles", Status: 500, Nth: 30, Count: 9})
		p.snapshot(t, catalog.Options{}, 120, 4)
	})
	inBubble(t, "a service that is down", func(t *testing.T) {
		p := newPortal(t, 120)
		p.inject(t, idctest.Fault{Op: "ListAccountRoles", Status: 503, Nth: 100, Count: 1e6})
		_, err := p.list.Snapshot(t.Context(), catalog.Options{})
		if e, ok := errors.AsType[*signin.ServiceError](err); !ok || e.Status != 503 {
			t.Fatalf("got %v", err)
		}
		if s, known, _ := p.list.Saved(); !known || len(s.Roles) < 90*4 {
			t.Errorf("%d roles are kept", len(s.Roles))
		}
	})
	inBubble(t, "a session that ends", func(t *testing.T) {
		p := newPortal(t, 120)
		p.inject(t, idctest.Fault{Op: "ListAccountRoles", Error: "UnauthorizedException", Nth: 60, Count: 1e6})
		_, err := p.list.Snapshot(t.Context(), catalog.Options{})
		if e, ok := errors.AsType[*signin.RequiredError](err); !ok || e.Reason != signin.Ended {
			t.Fatalf("got %v", err)
		}
	})
	inBubble(t, "a directory that cannot be written", func(t *testing.T) {
		p := newPortal(t, 10)
		if err := os.WriteFile(p.list.Dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		told := 0
		p.list.Warn = func(string) { told++ }
		p.snapshot(t, catalog.Options{}, 10, 4)
		if told == 0 {
			t.Error("nobody was told")
		}
	})
}

// Two processes that want it list once.
func TestTwoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPortal(t, 200)
		p.calls()
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { p.snapshot(t, catalog.Options{}, 200, 4) })
		}
		both.Wait()
		if n := p.calls(); n != 202 {
			t.Errorf("made %d calls, want those of one", n)
		}
		unlock, err := p.list.SignIn.Wallet.TryLock("catalog-" + wallet.TokenKey("corp", p.StartURL))
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		_, err = p.list.Snapshot(t.Context(), catalog.Options{Refresh: true, Idle: true})
		if _, locked := errors.AsType[*wallet.LockedError](err); !locked {
			t.Errorf("got %v where another lists", err)
		}
	})
}

func TestBrokenFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPortal(t, 120)
		p.snapshot(t, catalog.Options{}, 120, 4)
		p.calls()
		var path string
		for path = range files(t, p.list.Dir) {
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string]string{
			"empty": "", "garbage": "\x00\x01garbage\n\n\n", "half": string(whole[:len(whole)/2]), "no end": string(whole[:len(whole)-30]),
			"a name changed": strings.Replace(string(whole), "account-0007", "account-0666", 1),
			"a line twice":   string(whole) + string(whole[strings.LastIndexByte(string(whole[:len(whole)-1]), '\n')+1:]),
		} {
			if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			s := p.snapshot(t, catalog.Options{}, 120, 4)
			if _, ok := s.Account("100000000007"); !ok || *s.Accounts[7].Name != "account-0007" {
				t.Errorf("%s: account 7 is %v", name, s.Accounts[7].Label())
			}
		}
	})
}

// What is kept of a session is not what another one of that name had.
func TestOtherIdentityCenter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPortal(t, 3)
		p.snapshot(t, catalog.Options{}, 3, 4)
		all, err := catalog.Kept(p.list.Dir)
		if err != nil || len(all) != 1 || all[0].Session != "corp" || len(all[0].Roles) != 12 {
			t.Errorf("got %v, %v", all, err)
		}
		moved := *p.list
		moved.Session.StartURL = "https://d-0987654321.awsapps.com/start"
		if s, known, err := moved.Saved(); known || err != nil {
			t.Errorf("got %v, %v of another Identity Center", s, err)
		}
		if err := catalog.Forget(p.list.Dir, "other"); err != nil {
			t.Error(err)
		}
		if _, known, _ := p.list.Saved(); !known {
			t.Error("forgotten with another")
		}
		if err := catalog.Forget(p.list.Dir, wallet.TokenKey("corp", p.StartURL)); err != nil {
			t.Error(err)
		}
		if _, known, _ := p.list.Saved(); known {
			t.Error("not forgotten")
		}
	})
}
