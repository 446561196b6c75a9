package awsconfig

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRemove(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"the only one", "[x]\na = 1\n", ""},
		{"the last, set apart", "[b]\nk = 1\n\n[x]\na = 1\nb = 2\n", "[b]\nk = 1\n"},
		{"the last, not set apart", "[b]\nk = 1\n[x]\na = 1", "[b]\nk = 1\n"},
		{"one blank line of two", "[b]\nk = 1\n\n\n[x]\na = 1\n", "[b]\nk = 1\n\n"},
		{"between others", "[b]\nk = 1\n\n[x]\na = 1\n\n[c]\nk = 1\n", "[b]\nk = 1\n\n[c]\nk = 1\n"},
		{"the first", "# top\n\n[x]\na = 1\n\n[c]\nk = 1\n", "# top\n\n[c]\nk = 1\n"},
		{"below comments alone", "# top\n\n[x]\na = 1\n", "# top\n"},
		{"comments in it stay", "[b]\nk = 1\n\n[x]\na = 1\n# about c\n[c]\nk = 1\n", "[b]\nk = 1\n\n# about c\n[c]\nk = 1\n"},
		{"comments at the end stay", "[b]\nk = 1\n\n[x]\n# mine\na = 1\n\n# end\n", "[b]\nk = 1\n\n# mine\n\n# end\n"},
		{"values of several lines", "[x]\na = 1\n  2\n\n  3\nb = 2\n[c]\nk = 1\n", "[c]\nk = 1\n"},
		{"Windows", "[b]\r\nk = 1\r\n\r\n[x]\r\na = 1\r\n", "[b]\r\nk = 1\r\n"},
		{"not there", "[b]\nk = 1\n\n", "[b]\nk = 1\n\n"},
		{"its name in another kind", "[profile x]\na = 1\n", "[profile x]\na = 1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse("f", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			d.Remove(Section{KindCredentials, "x"})
			if got := string(d.Bytes()); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if d.Has(Section{KindCredentials, "x"}) {
				t.Error("it is still found")
			}
		})
	}
}

// What is left are lines that were there, every comment among them, and through
// Update no other section reads otherwise than before.
func TestRemoveKeepsEverythingElse(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		text := fileText().Draw(t, "file")
		d, err := Parse("f", []byte(text))
		if err != nil {
			t.Skip()
		}
		section := drawEdit(t).Section
		want := d.snapshot()
		want.remove([]Section{section})
		d.Remove(section)
		lines := func(text string) []string { // a lone CR ends one, too
			return strings.SplitAfter(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
		}
		left := lines(string(d.Bytes()))
		for _, line := range lines(text) {
			switch {
			case len(left) > 0 && left[0] == line:
				left = left[1:]
			case strings.HasPrefix(strings.TrimSpace(line), "#"):
				t.Fatalf("the comment %q is gone", line)
			}
		}
		if len(left) > 0 && left[0] != "" {
			t.Fatalf("%q was not there", left[0])
		}
		f := Files{Config: filepath.Join(dir, "config"), Credentials: filepath.Join(dir, "credentials")}
		path := f.pathOf(section)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = f.Update(t.Context(), Edit{Section: section, Remove: true})
		data, _ := os.ReadFile(path)
		if err != nil {
			if string(data) != text {
				t.Fatalf("refused (%v), and changed", err)
			}
			return
		}
		after, err := Parse("f", data)
		if err != nil {
			t.Fatal(err)
		}
		if difference := want.difference(after.snapshot()); difference != "" {
			t.Fatalf("%s differs after the removal", difference)
		}
	})
}

// What Check says is said of the section as it is once the lock is held, of its own
// keys alone, and nothing is changed then.
func TestCheckKeepsAnEditFromBeingMade(t *testing.T) {
	t.Parallel()
	const text = "[DEFAULT]\nmark = inherited\n[x]\na = 1\n"
	f := Files{Config: filepath.Join(t.TempDir(), "config"), Credentials: filepath.Join(t.TempDir(), "credentials")}
	if err := os.WriteFile(f.Credentials, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	for _, name := range []string{"x", "new"} {
		_, err := f.Update(t.Context(), Edit{Section: Section{KindCredentials, name}, Set: []KeyValue{Set("b", "2")}, Check: func(own map[string]string) error {
			if _, inherited := own["mark"]; inherited || (own == nil) != (name == "new") {
				t.Errorf("%s: got %v", name, own)
			}
			return no
		}})
		if !errors.Is(err, no) {
			t.Errorf("got %v", err)
		}
	}
	if data, _ := os.ReadFile(f.Credentials); string(data) != text {
		t.Errorf("got %q", data)
	}
}

// Several sections removed at once leave what they leave one by one, from the last
// one in the file up.
func TestRemoveTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		for i, n := range rapid.SliceOfN(rapid.IntRange(0, 5), 0, 8).Draw(t, "sections") {
			fmt.Fprintf(&text, "[profile p%d]\nk = 1\n%s", i, []string{"", "\n", "\n\n", "# c\n", "\n# c\n\n", "  more\n"}[n])
		}
		together, err := Parse("config", []byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		alone, _ := Parse("config", []byte(text.String()))
		var gone []Section
		for i := 8; i >= 0; i-- {
			if rapid.Bool().Draw(t, "gone") {
				s := Section{KindProfile, fmt.Sprintf("p%d", i)}
				gone = append(gone, s)
				alone.Remove(s)
			}
		}
		slices.Reverse(gone)
		together.removeAll(gone)
		if got, want := string(together.Bytes()), string(alone.Bytes()); got != want {
			t.Fatalf("%q without %v: got %q, want %q", text.String(), gone, got, want)
		}
	})
}
