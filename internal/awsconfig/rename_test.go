package awsconfig

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestRename(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, to, want string }{
		{"as it is written", "[profile x]\na = 1\n", "y", "[profile y]\na = 1\n"},
		{"what stands around it", "# top\n\n  [profile x] # mine\r\n  a = 1\n\n[c]\nk = 1\n", "y", "# top\n\n  [profile y] # mine\r\n  a = 1\n\n[c]\nk = 1\n"},
		{"into quotes", "[profile x]\na = 1\n", "y z", "[profile 'y z']\na = 1\n"},
		{"out of quotes", "[profile \"x\"]\na = 1\n", "y", "[profile y]\na = 1\n"},
		{"the name it has", "[profile x]\na = 1\n", "x", "[profile x]\na = 1\n"},
		{"not there", "[profile b]\na = 1\n", "y", "[profile b]\na = 1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse("f", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			was := d.Has(Section{KindProfile, "x"})
			if err := d.Rename(Section{KindProfile, "x"}, c.to); err != nil {
				t.Fatal(err)
			}
			if got := string(d.Bytes()); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if d.Has(Section{KindProfile, c.to}) != was || c.to != "x" && d.Has(Section{KindProfile, "x"}) {
				t.Error("it is found by the wrong name")
			}
		})
	}
}

// Two profiles can change names in one update, over a third; a name that is taken
// changes nothing.
func TestUpdateRenames(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config")
	f := Files{Config: path, Credentials: filepath.Join(t.TempDir(), "credentials")}
	if err := os.WriteFile(path, []byte("[profile a]\nk = 1\n\n[profile b]\nk = 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rename := func(from, to string, set ...KeyValue) Edit {
		return Edit{Section: Section{KindProfile, from}, Rename: to, Set: set}
	}
	_, err := f.Update(t.Context(), rename("a", "c", Set("k", "3")), rename("b", "a"), rename("c", "b"))
	if err != nil {
		t.Fatal(err)
	}
	const swapped = "[profile b]\nk = 3\n\n[profile a]\nk = 2\n"
	if data, _ := os.ReadFile(path); string(data) != swapped {
		t.Errorf("got %q, want %q", data, swapped)
	}
	if changed, err := f.Update(t.Context(), rename("a", "a"), rename("none", "other")); changed || err != nil {
		t.Errorf("nothing to rename: %v, %v", changed, err)
	}
	_, err = f.Update(t.Context(), rename("a", "d"), rename("d", "b"))
	if _, taken := errors.AsType[*NameTakenError](err); !taken {
		t.Errorf("got %v, want that the name is taken", err)
	}
	if data, _ := os.ReadFile(path); string(data) != swapped {
		t.Errorf("after a refusal: got %q, want %q", data, swapped)
	}
}
