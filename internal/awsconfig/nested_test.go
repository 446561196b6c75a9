package awsconfig

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestSetNested(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"no section", "", "[default]\ns3 =\n    max = 5\n"},
		{"no block", "[default]\na = 1\n\n[b]\n", "[default]\na = 1\ns3 =\n    max = 5\n\n[b]\n"},
		{"empty block", "[default]\ns3 =\nb = 2\n", "[default]\ns3 =\n    max = 5\nb = 2\n"},
		{"block last in file", "[default]\ns3 =\n    x = 1", "[default]\ns3 =\n    x = 1\n    max = 5\n"},
		{"block's own indent", "[default]\ns3 =\n  x = 1\n", "[default]\ns3 =\n  x = 1\n  max = 5\n"},
		{"value replaced, indent kept", "[default]\ns3 =\n  max=1\n  x = 2\n", "[default]\ns3 =\n  max = 5\n  x = 2\n"},
		{"value is right already", "[default]\ns3=\n  max=5\n", "[default]\ns3=\n  max=5\n"},
		{"comments and blank lines stay", "[default]\ns3 =\n  # c\n\n  x = 1\n\n# tail\n", "[default]\ns3 =\n  # c\n\n  x = 1\n  max = 5\n\n# tail\n"},
		{"other blocks are left", "[default]\ns3api =\n  max = 1\ns3 =\n  x = 1\nmax = 9\n", "[default]\ns3api =\n  max = 1\ns3 =\n  x = 1\n  max = 5\nmax = 9\n"},
		{"indented section", "[default]\n  a = 1\n", "[default]\n  a = 1\n  s3 =\n      max = 5\n"},
		{"after another block", "[default]\na =\n  b = 1\n", "[default]\na =\n  b = 1\ns3 =\n    max = 5\n"},
		{"CRLF", "[default]\r\na = 1\r\n", "[default]\r\na = 1\r\ns3 =\r\n    max = 5\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Files{Config: filepath.Join(t.TempDir(), "config"), Credentials: filepath.Join(t.TempDir(), "none")}
			if err := os.WriteFile(f.Config, []byte(c.before), 0o600); err != nil {
				t.Fatal(err)
			}
			edit := Edit{Section: Section{KindProfile, "default"}, Set: []KeyValue{SetSub("s3", "max", " 5 ")}}
			for round, want := range []bool{c.before != c.after, false} {
				if changed, err := f.Update(t.Context(), edit); err != nil || changed != want {
					t.Fatalf("round %d: got changed %v, %v, want %v", round, changed, err, want)
				}
			}
			got, err := os.ReadFile(f.Config)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.after {
				t.Errorf("got\n%q, want\n%q", got, c.after)
			}
			read, err := f.Load()
			if err != nil {
				t.Fatal(err)
			}
			if p, _ := read.Profile("default"); p.Sub("s3")["max"] != "5" {
				t.Errorf("read back %v", p.Sub("s3"))
			}
		})
	}
}

func TestSetNestedRefuses(t *testing.T) {
	d := parse(t, "[default]\ns3 = foo\n")
	before := string(d.Bytes())
	profile := Section{KindProfile, "default"}
	if e, ok := errors.AsType[*NestedError](d.Edit(profile, []KeyValue{SetSub("s3", "max", "5")})); !ok || e.Sub != "max" {
		t.Errorf("a block in place of a value: got %v", e)
	}
	for _, kv := range []KeyValue{SetSub("a", "b", "SECRET\nx"), SetSub("a", "b\nc", "v"), SetSub("a\n", "b", "v"), SetSub("a", "b=", "v")} {
		if err := d.Edit(profile, []KeyValue{kv}); err == nil {
			t.Errorf("%q.%q: got no error", kv.Key, kv.Sub)
		}
	}
	if got := string(d.Bytes()); got != before {
		t.Errorf("the document changed: %q", got)
	}
}
