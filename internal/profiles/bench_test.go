package profiles

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/portico-sso/portico/internal/awsconfig"
)

// BenchmarkPlan plans and writes 4,000 profiles, and plans them again where
// nothing is to change.
func BenchmarkPlan(b *testing.B) {
	l := Listing{Complete: true}
	for i := range 1000 {
		id := fmt.Sprintf("%012d", i)
		l.Accounts = append(l.Accounts, Account{ID: id, Name: fmt.Sprintf("team-%d", i)})
		for _, role := range []string{"AdministratorAccess", "Billing", "PowerUser", "ReadOnly"} {
			l.Roles = append(l.Roles, Role{id, role})
		}
	}
	for _, again := range []bool{false, true} {
		b.Run(map[bool]string{false: "first", true: "again"}[again], func(b *testing.B) {
			dir := b.TempDir()
			run := func(f awsconfig.Files) {
				in := of(b, f, Input{Listing: l})
				in.Session = awsconfig.SSOSession{Name: "corp"}
				p, err := NewPlan(in)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := f.Update(b.Context(), p.Edits...); err != nil {
					b.Fatal(err)
				}
			}
			for i := range b.N {
				f := awsconfig.Files{Config: filepath.Join(dir, fmt.Sprint(i)), Credentials: filepath.Join(dir, "credentials"), LockDir: dir}
				if again {
					f.Config = filepath.Join(dir, "same")
					if i == 0 {
						run(f)
						b.ResetTimer()
					}
				}
				run(f)
			}
		})
	}
}
