package portal

import (
	"bufio"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// hostile are values that no shell and no file may take for more than a value.
var hostile = []string{
	"plain", "it's", `"quoted"`, "$(touch x)", "`touch x`", "${HOME}", "a b", "a\tb", "a;b", "a&b", "a|b", "a>b", "a\nb", "a\r\nexport X=1",
	`back\slash`, `end\`, "'", "''", `'"'"'`, "!history", "%PATH%", "^caret", "~", "~root", "=ls", "*", "?", "[x]", "{a,b}", "#comment", "a #comment", "a;comment",
	"-rf", "--", "", " ", "\u2018typographic\u2019", "\u201a\u201b", "\u202ereversed", "\x1b[31m", "\x00", "ünïcödé", "]\n[profile evil]\ncredential_process = touch x",
	"a = b", "\u2028", "@splat", "a,b", "+x", "`n",
}

// cleaned is what remains of a value where control and format characters cannot be.
func cleaned(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, s)
}

// A real shell reads back what was quoted, and does nothing else.
func TestPOSIXQuoting(t *testing.T) {
	tried := false
	for _, shell := range []string{"bash", "zsh", "dash"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		tried = true
		var script strings.Builder
		for _, value := range hostile {
			script.WriteString("printf '%s\\0' " + posixWord(value) + " " + posixQuote(value) + "\nexport V=" + posixQuote(value) + "\nprintf '%s\\0' \"$V\"\n")
		}
		cmd := exec.CommandContext(t.Context(), path)
		cmd.Stdin, cmd.Dir = strings.NewReader(script.String()), t.TempDir()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", shell, err, out)
		}
		got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		if len(got) != 3*len(hostile) {
			t.Fatalf("%s: got %d values, want %d: %q", shell, len(got), 3*len(hostile), got)
		}
		for i, value := range hostile {
			for _, g := range got[3*i : 3*i+3] {
				if g != cleaned(value) {
					t.Errorf("%s: %q: got %q", shell, value, g)
				}
			}
		}
	}
	if !tried {
		t.Skip("there is no POSIX shell")
	}
}

// The whole snippets, evaluated, set what they say and nothing else.
func TestSnippetsInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	for _, value := range hostile {
		keys := roleKeys{ID: value, Secret: value + "1", Token: value + "2", Expires: time.Unix(1e9, 0)}
		found := credentialSnippets("111111111111", value, keys)
		cmd := exec.CommandContext(t.Context(), bash, "-c", found[0].Text+"\nenv -0\n")
		cmd.Env, cmd.Dir = []string{"PATH=/usr/bin:/bin"}, t.TempDir()
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		got := map[string]string{}
		for line := range strings.SplitSeq(string(out), "\x00") {
			name, v, _ := strings.Cut(line, "=")
			got[name] = v
		}
		for name, want := range map[string]string{
			"AWS_ACCESS_KEY_ID": value, "AWS_SECRET_ACCESS_KEY": value + "1", "AWS_SESSION_TOKEN": value + "2", "AWS_CREDENTIAL_EXPIRATION": "2001-09-09T01:46:40Z",
		} {
			if got[name] != cleaned(want) {
				t.Errorf("%q: got %s %q, want %q", value, name, got[name], cleaned(want))
			}
			delete(got, name)
		}
		for _, name := range []string{"", "PATH", "PWD", "SHLVL", "_", "OLDPWD"} {
			delete(got, name)
		}
		if len(got) > 0 {
			t.Errorf("%q: sets %v as well", value, got)
		}

		// The command gets each value as one argument.
		command := setupSnippets(value, value, value, value)[0].Text
		cmd = exec.CommandContext(t.Context(), bash, "-c", `portico() { printf '%s\0' "$@"; }`+"\n"+command)
		cmd.Env, cmd.Dir = []string{"PATH=/usr/bin:/bin"}, t.TempDir()
		if out, err = cmd.Output(); err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		args := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		v := cleaned(value)
		want := []string{"configure", "sso", "--sso-session", "local", "--sso-start-url", v, "--sso-region", v, "--account-id", v, "--role-name", v}
		if !slices.Equal(args, want) {
			t.Errorf("%q: got %q", value, args)
		}
	}
}

// PowerShell takes typographic quotes for quotes; a doubled one stands for itself.
func TestPowerShellQuoting(t *testing.T) {
	for _, value := range hostile {
		quoted := powerShellQuote(value)
		if strings.ContainsAny(quoted, "\r\n\x00\x1b") {
			t.Errorf("%q: got %q", value, quoted)
		}
		inner := []rune(strings.TrimSuffix(strings.TrimPrefix(quoted, "'"), "'"))
		var read []rune
		for i := 0; i < len(inner); i++ {
			if strings.ContainsRune("'\u2018\u2019\u201a\u201b", inner[i]) {
				if i+1 == len(inner) || inner[i+1] != inner[i] {
					t.Fatalf("%q: %s ends within", value, quoted)
				}
				i++
			}
			read = append(read, inner[i])
		}
		if string(read) != cleaned(value) {
			t.Errorf("%q: %s reads as %q", value, quoted, string(read))
		}
	}
}

// What cmd.exe cannot be given safely makes no snippet for it.
func TestBatch(t *testing.T) {
	for _, value := range append(hostile, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY=") {
		found := credentialSnippets("1", "R", roleKeys{ID: "ASIAX", Secret: value, Token: "t", Expires: time.Unix(0, 0)})
		i := slices.IndexFunc(found, func(s snippet) bool { return strings.HasPrefix(s.Text, "set ") })
		if i < 0 {
			continue
		}
		for line := range strings.SplitSeq(found[i].Text, "\n") {
			if strings.ContainsAny(line, "%!^&|<>()\r") || strings.Count(line, `"`) != 2 || !strings.HasPrefix(line, `set "AWS_`) || !strings.HasSuffix(line, `"`) {
				t.Errorf("%q: got %s", value, line)
			}
		}
	}
	if !fitsBatch("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY=") {
		t.Error("a key is refused")
	}
}

// ini reads a file as AWS's tools do: sections, and keys with values up to a
// comment.
func ini(t *testing.T, text string) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	section := ""
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "":
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
			if out[section] != nil {
				t.Errorf("section %s twice", section)
			}
			out[section] = map[string]string{}
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok {
				t.Errorf("got line %q", line)
			}
			for _, comment := range []string{" #", " ;"} {
				value, _, _ = strings.Cut(value, comment)
			}
			out[section][strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return out
}

// A file has the sections and keys that it is meant to have, whatever the names.
func TestFiles(t *testing.T) {
	for _, value := range hostile {
		all := setupSnippets(value, "us-east-1", "111111111111", value)
		if len(all) == 2 {
			got := ini(t, all[1].Text)
			profile := "profile " + section(value+"-111111111111")
			if len(got) != 2 || len(got["sso-session local"]) != 3 || len(got[profile]) != 4 ||
				got["sso-session local"]["sso_start_url"] != value || got[profile]["sso_role_name"] != value {
				t.Errorf("%q: got %v from\n%s", value, got, all[1].Text)
			}
		}
		for _, s := range credentialSnippets("111111111111", value, roleKeys{ID: "ASIAX", Secret: "s+/=", Token: "t+/=", Expires: time.Unix(0, 0)}) {
			if s.Title != "Profile" {
				continue
			}
			got := ini(t, s.Text)
			name := section("111111111111_" + value)
			if len(got) != 1 || len(got[name]) != 3 || got[name]["aws_session_token"] != "t+/=" || strings.ContainsAny(name, "[]\n\"' ") {
				t.Errorf("%q: got %v from\n%s", value, got, s.Text)
			}
		}
	}
	if got := setupSnippets("https://d-1234567890.awsapps.com/start", "us-east-1", "111111111111", "Read=Only,+.@-"); len(got) != 2 {
		t.Errorf("a name of AWS's makes no file: %v", got)
	}
}

func FuzzSnippets(f *testing.F) {
	for _, value := range hostile {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		quoted := posixQuote(value)
		if strings.ContainsAny(quoted, "\n\r\x00\x1b") || strings.Count(strings.ReplaceAll(quoted, `'\''`, ""), "'") != 2 {
			t.Errorf("%q: got %s", value, quoted)
		}
		if fitsINI(value) && strings.ContainsAny(value, "\n\r #;[]\"'") || fitsBatch(value) && strings.ContainsAny(value, "%!^&|<>\"\n\r") {
			t.Errorf("%q: taken as it is", value)
		}
		if strings.ContainsAny(section(value), "[]\n\r\"' #;") {
			t.Errorf("%q: got section %q", value, section(value))
		}
	})
}

func TestPOSIXWord(t *testing.T) {
	for in, want := range map[string]string{
		"https://d-1234567890.awsapps.com/start": "https://d-1234567890.awsapps.com/start",
		"":                                       "''", "a b": "'a b'", "$(rm -rf x)": "'$(rm -rf x)'", "it's": `'it'\''s'`, "a;b": "'a;b'", "=ls": "'=ls'",
	} {
		if got := posixWord(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestProgramOf(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " ": "",
		"aws-cli/2.36.7 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 md/command#sso.login":                                                    "AWS CLI 2.36.7",
		"aws-cli/2.9.19 Python/3.9.11 Linux/6.8 exe/x86_64.ubuntu.22 prompt/off command/sso.login":                                    "AWS CLI 2.9.19",
		"Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.8":                                                                       "a Python program with boto3 1.43.11",
		"Botocore/1.43.11 md/awscrt#0.27 ua/2.1":                                                                                      "a Python program with botocore 1.43.11",
		"aws-sdk-go-v2/1.47.6 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/ssooidc#1.44.2":                        "a Go program with the AWS SDK 1.47.6",
		"APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) aws-sdk-go-v2/1.32 ua/2.1":                                "Terraform 1.11.4",
		"aws-sdk-js/3.1169.0 ua/2.1 os/linux#6.8 lang/js md/nodejs#24.1.0":                                                            "a JavaScript program with the AWS SDK 3.1169.0",
		"aws-sdk-go-v2/1.47.6 ua/2.1 app/my-tool":                                                                                     "my-tool",
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                      "Firefox 145",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36":                       "Chrome 142",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.1": "Edge 142",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15":       "Safari 26",
		"Mozilla/5.0 x":              "a browser",
		"curl/8.5.0":                 "curl 8.5.0",
		"Go-http-client/1.1":         "Go-http-client 1.1",
		"nonsense without a version": "nonsense without a version",
		"app/\u202e\x1b[31mred":      "[31mred",
	} {
		if got := programOf(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := programOf(strings.Repeat("x", 5000)); len(got) > 100 {
		t.Errorf("got %d letters", len(got))
	}
}
