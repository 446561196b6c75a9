package awsconfig

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// fileText draws files of every shape Parse knows, most of them valid.
func fileText() *rapid.Generator[string] {
	eols := rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n", "\r\n", "\r", "\n\n", "\r\n \r\n", "\n# c\n", "\n  ; c\n"})
	indents := rapid.SampledFrom([]string{"", "", "", "", " ", "  ", "    ", "\t", "\u00a0"})
	headers := rapid.SampledFrom([]string{
		"default", "profile default", "profile a", `profile "a"`, "profile  a", `profile "a b"`, "profile 'a b'", "DEFAULT",
		"profile a b", "foo", " default ", "sso-session s", `sso-session "s t"`, "services v", "profile é", "a]b", "[",
	})
	keys := rapid.SampledFrom([]string{"region", "REGION", "output", "s3", "sso_session", "sso_account_id", "a b", "é", "x[y]", "[z"})
	values := rapid.SampledFrom([]string{"", "us-east-1", "1 ; x", `"q"`, "a = b", "x:y", "old[v]", "[v]", "é", "https://x/start#/"})
	delimiters := rapid.SampledFrom([]string{" = ", "=", ":", " : ", " =", "\t=\t"})
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for i := range rapid.IntRange(0, 12).Draw(t, "lines") {
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case kind < 3 || (i == 0 && kind < 9):
				b.WriteString(rapid.SampledFrom([]string{"", "", "", "", " "}).Draw(t, "indent"))
				b.WriteString("[" + headers.Draw(t, "header") + "]")
				b.WriteString(rapid.SampledFrom([]string{"", "", "", " # c"}).Draw(t, "trailer"))
			case kind < 8:
				b.WriteString(indents.Draw(t, "indent") + keys.Draw(t, "key") + delimiters.Draw(t, "delimiter") + values.Draw(t, "value"))
			case kind < 9:
				b.WriteString(rapid.SampledFrom([]string{"# c", "; c", "#region = x", "  # c", "", "   "}).Draw(t, "comment"))
			default:
				b.WriteString("    " + rapid.SampledFrom([]string{"x = 1", "region = nested", "more", "y=2"}).Draw(t, "nested"))
			}
			b.WriteString(eols.Draw(t, "eol"))
		}
		text := b.String()
		if rapid.IntRange(0, 4).Draw(t, "cut") == 0 {
			text = strings.TrimRight(text, "\r\n")
		}
		return text
	})
}

func drawEdit(t *rapid.T) Edit {
	section := Section{
		Kind: rapid.SampledFrom([]string{KindProfile, KindProfile, KindSession, KindServices, KindCredentials}).Draw(t, "section kind"),
		Name: rapid.SampledFrom([]string{"default", "a", "a b", "s", "s t", "v", "new", "é", "foo", " default "}).Draw(t, "section name"),
	}
	e := Edit{Section: section}
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"region", "output", "sso_session", "s3", "x", "portico_key", "é"}), 1, 3,
		func(key string) string { return key }).Draw(t, "keys")
	for _, key := range keys {
		if rapid.IntRange(0, 4).Draw(t, "unset") == 0 {
			e.Set = append(e.Set, Unset(key))
			continue
		}
		e.Set = append(e.Set, Set(key, rapid.SampledFrom([]string{"v", "us-east-1", "", "a = b", "[profile evil]", "# c", "é"}).Draw(t, "value")))
	}
	return e
}

func TestUneditedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := fileText().Draw(t, "text")
		d, err := Parse("config", []byte(text))
		if err != nil {
			t.Skip("refused")
		}
		if got := string(d.Bytes()); got != text {
			t.Fatalf("got %q, want %q", got, text)
		}
	})
}

func TestEditKeepsEverythingElse(t *testing.T) {
	read, edited := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text := fileText().Draw(t, "text")
		e := drawEdit(t)
		d, err := Parse("config", []byte(text))
		if err != nil {
			return
		}
		read++
		if checkEdit(t, d, text, e) {
			edited++
		}
	})
	if read < 20 || edited < 10 {
		t.Errorf("got %d files read and %d edited, want the generator to make more", read, edited)
	}
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkEdit holds every promise of Edit against one edit of one text.
func checkEdit(t failer, d *Document, text string, e Edit) (applied bool) {
	t.Helper()
	before := d.snapshot()
	old := slices.Clone(d.lines())
	if err := d.Edit(e.Section, e.Set); err != nil {
		if got := string(d.Bytes()); got != text {
			t.Fatalf("a refused edit changed %q to %q", text, got)
		}
		return false
	}
	before.apply(e)
	out := string(d.Bytes())
	after, err := Parse("config", []byte(out))
	if err != nil {
		t.Fatalf("editing %q with %+v gave %q: %v", text, e, out, err)
	}
	if difference := before.difference(after.snapshot()); difference != "" {
		t.Fatalf("editing %q with %+v gave %q: %s differs", text, e, out, difference)
	}
	// Lines: what is not the edited keys' own lines is there, in order.
	keys := map[string]bool{}
	for _, kv := range e.Set {
		keys[strings.ToLower(kv.Key)] = true
	}
	now := after.lines()
	at := 0
	touchable := false // the line belongs to an edited key of the section
	for i, l := range old {
		switch l.kind {
		case lineHeader:
			touchable = false
		case lineOption:
			touchable = keys[l.key]
		}
		if (l.kind == lineOption || l.kind == lineMore) && touchable {
			continue
		}
		found := at
		for found < len(now) && (now[found].text != l.text || (now[found].eol != l.eol && (l.eol != "" || i != len(old)-1) && l.eol != "\r")) {
			found++
		}
		if found == len(now) {
			t.Fatalf("editing %q with %+v gave %q: line %q is lost", text, e, out, l.text)
		}
		at = found + 1
	}
	// The same edit again changes nothing.
	if err := after.Edit(e.Section, e.Set); err != nil || string(after.Bytes()) != out {
		t.Fatalf("editing %q with %+v twice gave %q, %v, then %q", text, e, out, err, after.Bytes())
	}
	return true
}

func (d *Document) lines() []line {
	all := slices.Clone(d.preamble)
	for _, b := range d.sections {
		all = append(all, b.header)
		all = append(all, b.lines...)
	}
	return all
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "[default]\nregion = us-east-1\n", "[a]\r\nk = v\r\n  more\r\n", "\ufeff[a]\n", "[a]\nk = 1\nk = 2\n", "[profile \"a b\"]\ns3 =\n  x = 1\n",
		"[a]\n[a]\n", "k = v\n", "[a\n", "[a]\nx", "[a]\ns3 =\n bad\n", "[a]\rk=v\r", "[DEFAULT]\nx=1\n[profile a]\n", "[a]\n\x1ck = v\x1d\n", "[a]\n\xff\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse("config", data)
		if err != nil {
			parse, ok := err.(*ParseError)
			if !ok || parse.Line < 1 || parse.Column < 1 || parse.Problem == "" || parse.Cure == "" {
				t.Errorf("got %#v, want a place, a problem and a cure", err)
			}
			return
		}
		if string(d.Bytes()) != string(data) {
			t.Errorf("got %q back, want %q", d.Bytes(), data)
		}
		c := NewConfig(d, d)
		for _, name := range c.Profiles() {
			if _, ok := c.Profile(name); !ok {
				t.Errorf("profile %q is listed and not found", name)
			}
		}
	})
}

func FuzzEdit(f *testing.F) {
	for _, seed := range []string{
		"", "[default]\nregion = us-east-1\n", "[default]", "[profile \"a b\"]\nk=v\n", "[a]\r\nk = v\r\n", "[default]\n k = v\n [b]\n", "[default]\nk = 1\r\r\n",
	} {
		f.Add(seed, "profile", "a b", "k", "v", false)
		f.Add(seed, "profile", "default", "region", "old[v]", true)
		f.Add(seed, "credentials", "default", "K", " # x", false)
	}
	f.Fuzz(func(t *testing.T, text, kind, name, key, value string, unset bool) {
		switch kind {
		case KindProfile, KindSession, KindServices, KindCredentials:
		default:
			kind = KindProfile
		}
		d, err := Parse("config", []byte(text))
		if err != nil {
			return
		}
		kv := Set(key, value)
		if unset {
			kv = Unset(key)
		}
		checkEdit(t, d, text, Edit{Section: Section{kind, name}, Set: []KeyValue{kv, Set("other", "x")}})
	})
}

func FuzzName(f *testing.F) {
	for _, seed := range []string{
		"dev", "a b", "a]\ncredential_process = evil\n[x", `a"b`, "a'b", "a=b", "a#b", "a;b", `a\`, "DEFAULT", "default", " ", "\u2028", "\u0085", "a\tb", "[a", "é", "\xff", "profile x",
	} {
		f.Add(seed)
	}
	const before = "[profile victim]\nregion = us-east-1\n\n"
	f.Fuzz(func(t *testing.T, name string) {
		for _, kind := range []string{KindProfile, KindSession, KindServices, KindCredentials} {
			d, err := Parse("config", []byte(before))
			if err != nil {
				t.Fatal(err)
			}
			s := Section{kind, name}
			if err := d.Edit(s, []KeyValue{Set("k", "v")}); err != nil {
				if NameProblem(name) == "" && name != inherited {
					t.Errorf("%s %q: refused (%v) although the name has no problem", kind, name, err)
				}
				continue
			}
			if !utf8.ValidString(name) {
				t.Errorf("%q: written although it is not UTF-8", name)
			}
			after, err := Parse("config", d.Bytes())
			if err != nil {
				t.Fatalf("%s %q: gave %q: %v", kind, name, d.Bytes(), err)
			}
			if v, _ := after.Lookup(s, "k"); v != "v" {
				t.Errorf("%s %q: got %q back, want v", kind, name, v)
			}
			keys := 0
			for _, l := range after.lines() {
				if l.kind == lineOption {
					keys++
				}
			}
			want := 2
			if len(after.sections) > 2 || keys != want {
				t.Errorf("%s %q: got %d sections and %d keys, want 2 at most and %d", kind, name, len(after.sections), keys, want)
			}
		}
	})
}
