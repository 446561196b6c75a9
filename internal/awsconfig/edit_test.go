package awsconfig

import (
	"errors"
	"strings"
	"testing"
)

func TestEdit(t *testing.T) {
	profile := func(name string) Section { return Section{KindProfile, name} }
	for _, c := range []struct {
		name    string
		before  string
		section Section
		set     []KeyValue
		after   string
	}{
		{"value in brackets is no header", "[default]\na = old[v]\n", profile("default"), []KeyValue{Set("a", "new")}, "[default]\na = new\n"},
		{"no final newline", "[default]\na = 1", profile("default"), []KeyValue{Set("b", "2")}, "[default]\na = 1\nb = 2\n"},
		{"changed line keeps its missing newline", "[default]\na = 1", profile("default"), []KeyValue{Set("a", "2")}, "[default]\na = 2"},
		{"header without newline", "[default]", profile("default"), []KeyValue{Set("a", "1")}, "[default]\na = 1\n"},
		{"commented key", "[default]\n#foo = 1\nbar = 2\n", profile("default"), []KeyValue{Set("foo", "3")}, "[default]\n#foo = 1\nbar = 2\nfoo = 3\n"},
		{"commented header", "#[default]\n[default]\n", profile("default"), []KeyValue{Set("a", "1")}, "#[default]\n[default]\na = 1\n"},
		{"only a newline", "\n", profile("default"), []KeyValue{Set("a", "1")}, "\n[default]\na = 1\n"},
		{"empty file", "", profile("default"), []KeyValue{Set("a", "1")}, "[default]\na = 1\n"},
		{"quoted header", "[profile \"foobar\"]\na = 1\n", profile("foobar"), []KeyValue{Set("a", "2")}, "[profile \"foobar\"]\na = 2\n"},
		{"two spaces in a name", "[profile \"two  spaces\"]\na = 1\n", profile("two  spaces"), []KeyValue{Set("b", "2")}, "[profile \"two  spaces\"]\na = 1\nb = 2\n"},
		{"double quotes found for a name with a space", "[profile \"a b\"]\na = 1\n", profile("a b"), []KeyValue{Set("a", "2")}, "[profile \"a b\"]\na = 2\n"},
		{"single quotes around a plain name", "[profile 'a']\na = 1\n", profile("a"), []KeyValue{Set("a", "2")}, "[profile 'a']\na = 2\n"},
		{"two spaces before a name", "[profile  a]\na = 1\n", profile("a"), []KeyValue{Set("a", "2")}, "[profile  a]\na = 2\n"},
		{"indented first header", " [default]\na = 1\n", profile("default"), []KeyValue{Set("a", "2")}, " [default]\na = 2\n"},
		{"session in quotes", "[sso-session 'my corp']\na = 1\n", Section{KindSession, "my corp"}, []KeyValue{Set("a", "2")}, "[sso-session 'my corp']\na = 2\n"},
		// No reader of botocore's kind takes [ default ] for the default profile.
		{"header that means nothing", "[ default ]\na = 1\n", profile("default"), []KeyValue{Set("a", "2")}, "[ default ]\na = 1\n\n[default]\na = 2\n"},
		{"profile default is used", "[profile default]\na = 1\n", profile("default"), []KeyValue{Set("a", "2")}, "[profile default]\na = 2\n"},
		{"the later of two defaults", "[default]\na = 1\n[profile default]\nb = 1\n", profile("default"), []KeyValue{Set("a", "2")}, "[default]\na = 1\n[profile default]\nb = 1\na = 2\n"},
		{"the later of two defaults, other order", "[profile default]\na = 1\n[default]\nb = 1\n", profile("default"), []KeyValue{Set("a", "2")}, "[profile default]\na = 1\n[default]\nb = 1\na = 2\n"},
		{"case of keys", "[default]\nREGION = a\n", profile("default"), []KeyValue{Set("region", "b")}, "[default]\nregion = b\n"},
		{"same value in another form", "[default]\nREGION=a\noutput:json \n", profile("default"), []KeyValue{Set("region", "a")}, "[default]\nREGION=a\noutput:json \n"},
		{"blank lines stay behind new keys", "[a]\n[default]\na = 1\n\n\n[b]\n", profile("default"), []KeyValue{Set("b", "2"), Set("c", "3")}, "[a]\n[default]\na = 1\nb = 2\nc = 3\n\n\n[b]\n"},
		{"tail comment of the last section", "[default]\na = 1\n\n# tail", profile("default"), []KeyValue{Set("c", "3")}, "[default]\na = 1\nc = 3\n\n# tail"},
		{"CRLF", "[default]\r\na = 1\r\n", profile("default"), []KeyValue{Set("a", "2"), Set("b", "3")}, "[default]\r\na = 2\r\nb = 3\r\n"},
		{"CRLF, new section", "[default]\r\na = 1\r\n", profile("x"), []KeyValue{Set("a", "2")}, "[default]\r\na = 1\r\n\r\n[profile x]\r\na = 2\r\n"},
		{"mixed endings", "[default]\na = 1\r\nb = 2\n", profile("default"), []KeyValue{Set("a", "9")}, "[default]\na = 9\r\nb = 2\n"},
		{"indent is kept", "[default]\n    a=1\n", profile("default"), []KeyValue{Set("a", "2"), Set("b", "3")}, "[default]\n    a = 2\n    b = 3\n"},
		{"nested line of the same name", "[default]\ns3 =\n    region = x\nregion = y\n", profile("default"), []KeyValue{Set("region", "z")}, "[default]\ns3 =\n    region = x\nregion = z\n"},
		{"new key with the name of a nested line", "[default]\ns3 =\n    region = x\n\n[b]\n", profile("default"), []KeyValue{Set("region", "z")}, "[default]\ns3 =\n    region = x\nregion = z\n\n[b]\n"},
		{"value over several lines", "[default]\na = 1\n  2\n# c\n  3\nb = 4\n", profile("default"), []KeyValue{Set("a", "5")}, "[default]\na = 5\n# c\nb = 4\n"},
		{"unset", "[default]\na = 1\nb = 2\n", profile("default"), []KeyValue{Unset("a"), Unset("absent")}, "[default]\nb = 2\n"},
		{"unset a block", "[default]\ns3 =\n  # why\n  x = 1\nb = 2\n", profile("default"), []KeyValue{Unset("s3")}, "[default]\n  # why\nb = 2\n"},
		{"unset in no section", "[default]\n", profile("x"), []KeyValue{Unset("a")}, "[default]\n"},
		{"nothing to set", "[default]\n", profile("x"), nil, "[default]\n"},
		{"empty value", "[default]\na = 1\n", profile("default"), []KeyValue{Set("a", "")}, "[default]\na =\n"},
		{"value is trimmed", "[default]\n", profile("default"), []KeyValue{Set("a", "  v \t ")}, "[default]\na = v\n"},
		{"new section after a blank line", "[default]\na = 1\n\n", profile("x"), []KeyValue{Set("a", "2")}, "[default]\na = 1\n\n[profile x]\na = 2\n"},
		{"new section after no newline", "[default]\na = 1", profile("x"), []KeyValue{Set("a", "2")}, "[default]\na = 1\n\n[profile x]\na = 2\n"},
		{"new section with a space", "", profile("my prof"), []KeyValue{Set("a", "2")}, "[profile 'my prof']\na = 2\n"},
		{"new session with a space", "", Section{KindSession, "my corp"}, []KeyValue{Set("a", "2")}, "[sso-session 'my corp']\na = 2\n"},
		{"new section with a backslash", "", profile(`a\b`), []KeyValue{Set("a", "2")}, "[profile 'a\\b']\na = 2\n"},
		{"credentials are never quoted", "", Section{KindCredentials, "my prof"}, []KeyValue{Set("a", "2")}, "[my prof]\na = 2\n"},
		{"credentials section found", "[my prof]\na = 1\n", Section{KindCredentials, "my prof"}, []KeyValue{Set("a", "2")}, "[my prof]\na = 2\n"},
		{"below an indented header", "[a]\n  [b]\nx = 1\n", Section{KindCredentials, "a"}, []KeyValue{Set("k", "v")}, "[a]\n  k = v\n  [b]\nx = 1\n"},
		{"between indented things", "[a]\n  x = 1\n [b]\n", Section{KindCredentials, "a"}, []KeyValue{Set("k", "v")}, "[a]\n  x = 1\n  k = v\n [b]\n"},
		{"indented block last", "[a]\n  s3 =\n    x = 1\n", Section{KindCredentials, "a"}, []KeyValue{Set("k", "v")}, "[a]\n  s3 =\n    x = 1\nk = v\n"},
		{"an odd existing name is edited in place", "[profile \"it's\"]\na = 1\n", profile("it's"), []KeyValue{Set("a", "2")}, "[profile \"it's\"]\na = 2\n"},
		{"inherited value", "[DEFAULT]\na = 1\n[default]\n", profile("default"), []KeyValue{Set("a", "2")}, "[DEFAULT]\na = 1\n[default]\na = 2\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := parse(t, c.before)
			if err := d.Edit(c.section, c.set); err != nil {
				t.Fatal(err)
			}
			if got := string(d.Bytes()); got != c.after {
				t.Errorf("got\n%q, want\n%q", got, c.after)
			}
			again := parse(t, string(d.Bytes()))
			for _, kv := range c.set {
				got, ok := again.Lookup(c.section, kv.Key)
				if kv.Value == nil && ok {
					t.Errorf("%s: got %q, want it gone", kv.Key, got)
				}
				if kv.Value != nil && got != strings.TrimSpace(*kv.Value) {
					t.Errorf("%s: got %q, want %q", kv.Key, got, *kv.Value)
				}
			}
			once := string(again.Bytes())
			if err := again.Edit(c.section, c.set); err != nil || string(again.Bytes()) != once {
				t.Errorf("the same edit again: got %q, %v, want no change", again.Bytes(), err)
			}
		})
	}
}

func TestEditRefuses(t *testing.T) {
	const before = "[default]\ns3 =\n  x = 1\nregion = a\n  output = json\n"
	var nameError *NameError
	var keyError *KeyError
	var valueError *ValueError
	var nestedError *NestedError
	for _, c := range []struct {
		name    string
		section Section
		set     KeyValue
		want    any
	}{
		{"newline in a name", Section{KindProfile, "a\nb"}, Set("k", "v"), &nameError},
		{"carriage return in a name", Section{KindSession, "a\rb"}, Set("k", "v"), &nameError},
		{"bracket in a name", Section{KindProfile, "a]b"}, Set("k", "v"), &nameError},
		{"double quote in a name", Section{KindProfile, `a"b`}, Set("k", "v"), &nameError},
		{"single quote in a name", Section{KindProfile, `a'b`}, Set("k", "v"), &nameError},
		{"equals sign in a name", Section{KindProfile, "a=b"}, Set("k", "v"), &nameError},
		{"comment in a name", Section{KindProfile, "a#b"}, Set("k", "v"), &nameError},
		{"escape in a name", Section{KindProfile, "a\x1b[2J"}, Set("k", "v"), &nameError},
		{"bad UTF-8 in a name", Section{KindProfile, "a\xff"}, Set("k", "v"), &nameError},
		{"no name", Section{KindProfile, ""}, Set("k", "v"), &nameError},
		{"everybody's section", Section{KindCredentials, "DEFAULT"}, Set("k", "v"), &nameError},
		{"blank around a bare name", Section{KindCredentials, " a"}, Set("k", "v"), &nameError},
		{"newline in a key", Section{KindProfile, "default"}, Set("a\nb", "v"), &keyError},
		{"delimiter in a key", Section{KindProfile, "default"}, Set("a=b", "v"), &keyError},
		{"comment as a key", Section{KindProfile, "default"}, Set("#a", "v"), &keyError},
		{"header as a key", Section{KindProfile, "default"}, Set("[a", "v"), &keyError},
		{"no key", Section{KindProfile, "default"}, Set("", "v"), &keyError},
		{"newline in a value", Section{KindProfile, "default"}, Set("k", "secret\nx = y"), &valueError},
		{"carriage return in a value", Section{KindProfile, "default"}, Set("k", "secret\rx = y"), &valueError},
		{"NUL in a value", Section{KindProfile, "default"}, Set("k", "secret\x00"), &valueError},
		{"lone quotation mark", Section{KindProfile, "default"}, Set("k", ` "`), &valueError},
		{"bad UTF-8 in a value", Section{KindProfile, "default"}, Set("k", "secret\xff"), &valueError},
		{"value that goes on in settings", Section{KindProfile, "default"}, Set("region", "b"), &nestedError},
		{"unset of such a value", Section{KindProfile, "default"}, Unset("region"), &nestedError},
		{"value over a block", Section{KindProfile, "default"}, Set("s3", "v"), &nestedError},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := parse(t, before)
			err := d.Edit(c.section, []KeyValue{Set("first", "v"), c.set})
			if !errors.As(err, c.want) {
				t.Fatalf("got %v, want %T", err, c.want)
			}
			if got := string(d.Bytes()); got != before {
				t.Errorf("got %q, want the document as it was", got)
			}
			if strings.Contains(err.Error(), "secret") || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("got %q, want no value and nothing raw in it", err)
			}
		})
	}
	var parseError *ParseError
	if err := parse(t, "[DEFAULT]\ns3 =\n  bad\n").Edit(Section{KindProfile, "p"}, []KeyValue{Set("k", "v")}); !errors.As(err, &parseError) {
		t.Errorf("got %v, want *ParseError: the first section would make the file unreadable", err)
	}
	err := parse(t, "").Edit(Section{KindProfile, "p"}, []KeyValue{Set("k", "a\nb")})
	if want := "Invalid value for key k: newline characters and carriage returns are not allowed."; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestNameProblem(t *testing.T) {
	for name, bad := range map[string]bool{
		"dev": false, "AdministratorAccess-111111111111": false, "a.b_c@d+e": false, "großer-name": false, "a:b": false, "a[b": false,
		"a b": true, "a\tb": true, "a\u00a0b": true, `a\b`: true, "": true, "a]": true, "a'b": true, "a=b": true, "a#": true, "a\n": true,
	} {
		if got := NameProblem(name); (got != "") != bad {
			t.Errorf("%q: got %q, want a problem %t", name, got, bad)
		}
	}
}
