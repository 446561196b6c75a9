package awsconfig

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/portico-sso/portico/internal/awsconfig/scan"
)

// configText draws config files that are about one profile, a, most of them fit
// for a scan.
func configText() *rapid.Generator[string] {
	pick := func(of ...string) *rapid.Generator[string] { return rapid.SampledFrom(of) }
	headers := pick("profile a", "profile a", "profile a", "sso-session s", "sso-session s", "default", "profile b", "profile ab", "profile  a",
		`profile "a"`, "profile 'a'", `profile a""`, `profile \a`, "profile\ta", "profile", "profile ", "profile a b", "profilex a", "profile a]", "profile a]b",
		"sso-session t", `sso-session "s"`, "sso-session", "DEFAULT", "services s", "a", " profile a", "profile \u00e9", "[profile a")
	options := pick("sso_session = s", "sso_session = s", "sso_session=t", "sso_session =", "sso_account_id = 111111111111", "sso_account_id = 222222222222",
		"sso_role_name : Admin", "SSO_Role_Name = Admin", "sso_start_url = https://x/start", "sso_start_url = https://y/start#/", "sso_region = us-east-1",
		"sso_region\t=\teu-west-1", "region = us-east-1", "role_arn = arn", "web_identity_token_file = f", "output", "= x", ": x", "s3 =", "x = [profile a]", "sso_role_name =",
		"[z = 1", "z] = 1", "portico_store = sealed", "k = \u00e9", "sso_region = us-east-1 # no comment", "credential_process = p", "aws_access_key_id = A", "portico_sso_session = t",
		"portico_account_id = 222222222222", "portico_role_name = Other")
	eols := pick("\n", "\n", "\n", "\n", "\n", "\r\n", "\r", "\n\n", "\r\n \r\n", "\n# c\n", "\n  ; c\n", "\v\n", "\n# [profile a]\n")
	indents := pick("", "", "", "", "", "", " ", "  ", "\t", "\u00a0", "\u0085", "\x1c")
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		// One that can be answered, to be spoilt by what is around it.
		whole := "[profile a]\nsso_session = s\nsso_account_id = 111111111111\nsso_role_name = Admin\n[sso-session s]\nsso_start_url = https://x/start\nsso_region = us-east-1\n"
		if rapid.IntRange(0, 30).Draw(t, "mark") == 0 {
			b.WriteString("\ufeff")
		}
		at := rapid.IntRange(0, 5).Draw(t, "whole")
		for i := range rapid.IntRange(0, 5).Draw(t, "lines") {
			if i == at {
				b.WriteString(whole)
			}
			b.WriteString(indents.Draw(t, "indent"))
			if rapid.Bool().Draw(t, "header") || i == 0 {
				b.WriteString("[" + headers.Draw(t, "header text") + "]" + pick("", "", "", " # c", " ; x]", "x").Draw(t, "trailer"))
			} else {
				b.WriteString(options.Draw(t, "option"))
			}
			b.WriteString(eols.Draw(t, "eol"))
		}
		text := b.String()
		if !strings.Contains(text, whole) && rapid.Bool().Draw(t, "at the end") {
			text += whole
		}
		if rapid.Bool().Draw(t, "cut") {
			text = strings.TrimRight(text, "\r\n")
		}
		return text
	})
}

// checkScan holds the scan of one file against the reading of all of it, and tells
// whether the scan knew an answer to a file that can be read.
func checkScan(t failer, text, profile string) bool {
	t.Helper()
	got, known := scan.Profile(strings.NewReader(text), profile)
	byLine, knownByLine := scan.Profile(iotest.OneByteReader(strings.NewReader(text)), profile)
	if got != byLine || known != knownByLine {
		t.Fatalf("scan of %q: got %+v, %v at once, and %+v, %v line by line", text, got, known, byLine, knownByLine)
	}
	d, err := Parse("config", []byte(text))
	if !known || err != nil {
		return false
	}
	s := ResolveLoose(NewConfig(d, nil), Flags{Profile: profile}, func(string) (string, bool) { return "", false })
	if !s.HasProfile || s.Profile.Has("role_arn") || s.Profile.Has("web_identity_token_file") {
		t.Fatalf("scan of %q: got %+v, want a doubt: the profile has another provider", text, got)
	}
	want, err := s.SSO()
	if err != nil {
		t.Fatalf("scan of %q: got %+v, want a doubt: %v", text, got, err)
	}
	if got != (scan.SSO{Session: want.SessionName, StartURL: want.StartURL, Region: want.Region, AccountID: want.AccountID, RoleName: want.RoleName}) {
		t.Fatalf("scan of %q: got %+v, want %+v", text, got, want)
	}
	if session, ok := s.Config.Session(want.SessionName); ok && session.Has("portico_store") {
		t.Fatalf("scan of %q: got %+v, want a doubt: the session says where it is stored", text, got)
	}
	return true
}

// checkHeader does the same for a section of the credentials file.
func checkHeader(t failer, text, profile string) bool {
	t.Helper()
	has := scan.HasHeader(strings.NewReader(text), profile)
	if byLine := scan.HasHeader(iotest.OneByteReader(strings.NewReader(text)), profile); has != byLine {
		t.Fatalf("header %q in %q: got %v at once, and %v line by line", profile, text, has, byLine)
	}
	d, err := Parse("credentials", []byte(text))
	if has || err != nil {
		return false
	}
	if p, ok := NewConfig(nil, d).Profile(profile); ok {
		t.Fatalf("header %q in %q: not found, and read are %v", profile, text, p.Keys())
	}
	return true
}

func TestScanAgreesWithParse(t *testing.T) {
	known, absent := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text := configText().Draw(t, "text")
		if checkScan(t, text, rapid.SampledFrom([]string{"a", "a", "a", "a", "b", "ab", "default", "a b", "", "\u00e9"}).Draw(t, "profile")) {
			known++
		}
		if checkHeader(t, text, rapid.SampledFrom([]string{"a", "profile a", "profile b", "default", " profile a"}).Draw(t, "header")) {
			absent++
		}
	})
	if known == 0 || absent == 0 { // few texts are plain enough
		t.Errorf("got %d known profiles and %d absent sections, want the generator to make more", known, absent)
	}
}

func FuzzScan(f *testing.F) {
	f.Add("[profile a]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nsso_start_url = u\nsso_region = e\n", "a")
	f.Add("[profile \"a b\"]\nsso_account_id = 1\nsso_role_name = r\nsso_start_url = u\nsso_region = e\ns3 =\n  x = 1\n", "a b")
	f.Add("[DEFAULT]\nx = 1\n [profile a]\r\n", "a")
	for _, text := range awsConfigs(f) {
		f.Add(text, "default")
	}
	f.Fuzz(func(t *testing.T, text, profile string) {
		checkScan(t, text, profile)
		checkHeader(t, text, profile)
	})
}

// awsConfigs are botocore's own test files, where they are.
func awsConfigs(t testing.TB) []string {
	dir := filepath.Join("..", "..", "..", "shared", "data", "aws-config")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// What many people's files look like must not be a doubt: they would wait for
// portico every time.
func TestScanKnows(t *testing.T) {
	session := "[sso-session s]\nsso_start_url = https://x/start\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"
	profile := "sso_session = s\nsso_account_id = 111111111111\nsso_role_name = Admin\n"
	legacy := "sso_start_url = https://x/start\nsso_region = us-east-1\nsso_account_id = 111111111111\nsso_role_name = Admin\n"
	var crowd strings.Builder // longer than what is read at once
	for i := range 2000 {
		fmt.Fprintf(&crowd, "[profile a%d]\nsso_session = s\nsso_account_id = %012d\nsso_role_name = Admin\n\n", i, i)
	}
	for name, c := range map[string]struct{ text, profile string }{
		"session first":     {session + "[profile a]\n" + profile, "a"},
		"session last":      {"[profile a]\n" + profile + session, "a"},
		"legacy":            {"[profile a]\n" + legacy, "a"},
		"default":           {"[default]\n" + profile + session, "default"},
		"quoted":            {"[profile \"a b\"]\n" + profile + session, "a b"},
		"others quoted":     {"[profile \"a b\"]\n[profile 'b']\n[profile a]\n" + profile + session, "a"},
		"CRLF":              {strings.ReplaceAll("[profile a]\n"+profile+session, "\n", "\r\n"), "a"},
		"indented":          {"[profile a]\n  " + strings.ReplaceAll(profile, "\n", "\n  ") + "\n" + session, "a"},
		"comments":          {"# it's mine [really]\n[profile a] # é\n; é\n" + profile + "#x\n" + session, "a"},
		"nested":            {"[profile a]\ns3 =\n  max_concurrent_requests = 20\n\n  x = y\n" + profile + session, "a"},
		"lists elsewhere":   {"[profile b]\nx = [1, 2]\n[profile a]\n" + profile + session, "a"},
		"non-ASCII":         {"[profile é]\nx = é\n" + profile + session, "é"},
		"same key in both":  {"[profile a]\nsso_region = us-east-1\n" + profile + session, "a"},
		"no newline at end": {session + "[profile a]\n" + strings.TrimSuffix(profile, "\n"), "a"},
		"in a crowd":        {session + crowd.String(), "a1000"},
		"after a crowd":     {crowd.String() + "[profile a]\n" + profile + session, "a"},
		"before a crowd":    {"[profile a]\n" + profile + session + crowd.String(), "a"},
	} {
		t.Run(name, func(t *testing.T) {
			if !checkScan(t, c.text, c.profile) {
				t.Errorf("the scan does not know %q", c.text[max(0, len(c.text)-600):])
			}
		})
	}
}

// Longer lines than are read at once, and marks, are left to the parser.
func TestScanDoubts(t *testing.T) {
	plain := "[profile a]\nsso_start_url = https://x/start\nsso_region = us-east-1\nsso_account_id = 111111111111\nsso_role_name = Admin\n"
	for name, text := range map[string]string{
		"byte order mark": "\ufeff" + plain,
		"long line":       plain + "#" + strings.Repeat("x", 1<<17) + "\n",
		"twice":           plain + plain,
		"twice, quoted":   plain + strings.Replace(plain, "profile a", "profile 'a'", 1),
		"DEFAULT":         "[DEFAULT]\n" + plain,
		"indented header": "[b]\n [profile a]\n" + plain,
		"twice a key":     plain + "sso_region = us-east-1\n",
		"a role":          plain + "role_arn = arn\n",
		"no session":      plain + "sso_session = s\n",
		"two sessions":    plain + "sso_session = s\n[sso-session s]\n[sso-session 's']\n",
		"contradiction":   plain + "sso_session = s\nx = 1\n[sso-session s]\nx = 2\n",
		"no role":         strings.Replace(plain, "Admin", "", 1),
		"not UTF-8":       plain + "x = \xff\n",
		"several lines":   plain + "x = 1\n  2\n",
		"mark, comment":   "\ufeff# c\n" + plain,
		"no-break space":  "\u00a0[DEFAULT]\nrole_arn = arn\n" + plain,
		"nested, twice":   plain + "sso_session = s\nx =\n  y = 1\n[sso-session s]\nx =\n  y = 2\n",
		"nested session":  strings.Replace(plain, "sso_role_name = Admin\n", "", 1) + "sso_session =\n  x = 1\n[sso-session '']\nsso_role_name = Admin\n",
		"sealed":          plain + "sso_session = s\n[sso-session s]\nportico_store = sealed\n",
		"escaped":         plain + "[profile \\a]\nsso_account_id = 2\n",
	} {
		if got, ok := scan.Profile(strings.NewReader(text), "a"); ok {
			t.Errorf("%s: got %+v, want a doubt", name, got)
		}
	}
	failing := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(plain)))
	if got, ok := scan.Profile(failing, "a"); ok {
		t.Errorf("a file that cannot be read: got %+v, want a doubt", got)
	}
	if !scan.HasHeader(strings.NewReader("[x]\n  [a]\n"), "a") {
		t.Error("an indented header: got none, want a doubt")
	}
}
