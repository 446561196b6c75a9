package catalog

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/atomicfile"
	"github.com/portico-sso/portico/internal/signin"
)

func company(accounts, roles int) *record {
	r := newRecord()
	r.session, r.startURL, r.region, r.signIn, r.began = "corp", "https://d-1234567890.awsapps.com/start", "us-east-1", "0123456789abcdef", time.Now()
	for i := range accounts {
		id := fmt.Sprintf("%012d", 100000000000+i)
		name, email := fmt.Sprintf("team-%d-production", i), fmt.Sprintf("aws+team-%d@example.com", i)
		r.accounts = append(r.accounts, Account{ID: id, Name: &name, Email: &email})
		for j := range roles {
			r.roles[id] = append(r.roles[id], Role{Name: fmt.Sprintf("PermissionSet%d", j), AccountID: id})
		}
	}
	r.all = true
	r.end()
	return r
}

// Names are what the service says, and it may say anything.
func TestLines(t *testing.T) {
	r := company(0, 0)
	text := func(s string) *string { return &s }
	r.session = "a\tb\\c"
	r.accounts = []Account{
		{ID: "1"}, {ID: "2", Name: text("")}, {ID: "3", Email: text("=")}, {ID: "4", Name: text("tab\there\nline\r\\n \x1b[31m Ünï"), Email: text("\\")},
	}
	r.roles = map[string][]Role{"1": {}, "2": {{"a\tb", "2"}, {"", "2"}}, "4": {{`back\slash\`, "4"}}}
	r.failed = map[string]string{"3": "one\nline\ttwo"}
	back := parse(r.lines())
	if back == nil {
		t.Fatal("cannot be read back")
	}
	back.began = r.began
	if d := cmp.Diff(r, back, cmp.AllowUnexported(record{})); d != "" {
		t.Errorf("written and read (-written +read):\n%s", d)
	}
}

// Whatever is cut off or changed, what is read was written.
func FuzzParse(f *testing.F) {
	whole := company(3, 2).lines()
	f.Add(whole)
	for _, n := range []int{0, 1, 20, 100, len(whole) / 2, len(whole) - 1} {
		f.Add(whole[:n])
	}
	f.Add([]byte("00000000\tsession\t1\t\t\t\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := parse(data)
		if r == nil {
			return
		}
		s := r.snapshot()
		n := 0
		for _, roles := range s.All() {
			n += len(roles)
		}
		if n > len(s.Roles) || (s.Complete && len(s.Failed) > 0) {
			t.Errorf("%d of %d roles are of an account, complete %t with %d failed", n, len(s.Roles), s.Complete, len(s.Failed))
		}
	})
}

// Accounts that are listed anew take the place of those before; roles stay.
func TestAnew(t *testing.T) {
	r := company(3, 2)
	r.all, r.whole = false, false
	gone := r.accounts[0]
	r.accounts = r.accounts[:1]
	text := line(r.lines(), lineAnew, "")
	for _, a := range company(3, 2).accounts[1:] {
		text = accountLine(text, a)
	}
	text = line(text, lineAccounts, "2")
	back := parse(text)
	if back == nil || !back.all || len(back.accounts) != 2 || len(back.roles) != 3 {
		t.Fatalf("got %+v", back)
	}
	if s := back.snapshot(); !s.Complete || len(s.Roles) != 4 || len(s.RolesOf(gone.ID)) != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestEveryCut(t *testing.T) {
	whole := company(3, 2).lines()
	for n := range whole {
		if r := parse(whole[:n]); r != nil && r.whole {
			t.Errorf("%d of %d bytes pass for the whole", n, len(whole))
		}
		changed := append([]byte{}, whole...)
		changed[n] ^= 1
		if r := parse(changed); r != nil && r.whole {
			t.Errorf("a change of byte %d is not noticed", n)
		}
	}
}

// Completion reads it at each Tab.
func BenchmarkSaved(b *testing.B) {
	dir := b.TempDir()
	c := &Catalog{Dir: dir, Session: signin.Session{Name: "corp", StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1"}}
	if err := atomicfile.Write(filepath.Join(dir, c.key()+keptSuffix), company(1000, 5).lines(), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if s, known, err := c.Saved(); !known || err != nil || len(s.Roles) != 5000 {
			b.Fatal(len(s.Roles), known, err)
		}
	}
}
