package awsconfig

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Five thousand sections at once, as a first sync of a large organisation makes
// them, and as its last one takes them out.
func BenchmarkUpdate5000(b *testing.B) {
	const sections = 5000
	var add, remove []Edit
	for i := range sections {
		s := Section{KindProfile, fmt.Sprintf("account-%d-ReadOnly", i)}
		add = append(add, Edit{Section: s, Set: []KeyValue{
			Set("sso_session", "acme"), Set("sso_account_id", fmt.Sprintf("%012d", i)), Set("sso_role_name", "ReadOnly"),
			Set("region", "eu-west-1"), Set("portico_sync", "acme"),
		}})
		remove = append(remove, Edit{Section: s, Remove: true})
	}
	own := "[profile own]\nregion = eu-west-1\n\n[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\n"
	for _, c := range []struct {
		name  string
		edits []Edit
		start []Edit
	}{{"add", add, nil}, {"remove", remove, add}, {"same", add, add}} {
		b.Run(c.name, func(b *testing.B) {
			f := Files{Config: filepath.Join(b.TempDir(), "config"), Credentials: filepath.Join(b.TempDir(), "credentials"), LockDir: b.TempDir()}
			if err := os.WriteFile(f.Config, []byte(own), 0o600); err != nil {
				b.Fatal(err)
			}
			if _, err := f.Update(b.Context(), append(c.start, edit(KindProfile, "own", Set("output", "json")))...); err != nil {
				b.Fatal(err)
			}
			start, err := os.ReadFile(f.Config)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				b.StopTimer()
				if err := os.WriteFile(f.Config, start, 0o600); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if _, err := f.Update(b.Context(), c.edits...); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"-diff", func(b *testing.B) {
			f := Files{Config: filepath.Join(b.TempDir(), "config"), Credentials: filepath.Join(b.TempDir(), "credentials"), LockDir: b.TempDir()}
			if err := os.WriteFile(f.Config, []byte(own), 0o600); err != nil {
				b.Fatal(err)
			}
			if c.start != nil {
				if _, err := f.Update(b.Context(), c.start...); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				changes, err := f.Preview(c.edits...)
				if err != nil {
					b.Fatal(err)
				}
				for _, change := range changes {
					_ = change.Diff()
				}
			}
		})
	}
}
