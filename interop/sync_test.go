package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// handWritten is a config that a person has kept for years: comments, blank lines,
// nested blocks, spellings of their own, and a session in the middle of it whose
// profiles are made.
func handWritten() (before, session, after string) {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, "# for team %d\n[profile team-%d]\nregion=eu-west-%d\n", i, i, i%3+1)
		if i%3 == 0 {
			b.WriteString("s3 =\n  max_concurrent_requests = 20\n\n  addressing_style = path\n")
		}
		if i%5 == 0 {
			fmt.Fprintf(&b, "Role_ARN : arn:aws:iam::123456789012:role/Team%d\nsource_profile = team-%d ; not a comment\n\n\n", i, i+1)
		}
		if i == 150 {
			before = b.String()
			b.Reset()
		}
	}
	return before, "[sso-session corp]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n", b.String()
}

// Every profile that portico made works in every client, in each of its forms and
// with whatever name; every byte that a person wrote is there after it.
func TestSync(t *testing.T) {
	t.Parallel()
	c := local(t, "--proxy", "--as", "alice", "--org", "testdata/org.yaml")
	before, session, after := handWritten()
	config := c.home(".aws", "config")
	write(t, config, before+session+after)
	clients := c.clients(t)
	c.must(t, "portico", "sso", "login", "--sso-session", "corp")

	for _, form := range []string{"sso-session", "credential-process", "both"} {
		out := c.must(t, "portico", "sync", "--yes", "--save", "--format", form, "--template", "{{.AccountName}}:{{.RoleName}}",
			"--set", "s3.max_queue_size=9", "--set", `~^a/b:portico_tags=env=dev, team=core`, "--regions", "eu-west-1")
		want := "11 changed"
		if form == "sso-session" {
			want = "11 added"
		}
		if !strings.Contains(out, want) {
			t.Fatalf("%s: got\n%s\nwant %s", form, out, want)
		}
		text := read(t, config)
		if !strings.HasPrefix(text, before+session) || !strings.Contains(text, "\n"+after) {
			t.Fatalf("%s: what a person wrote is not as it was:\n%s", form, cmp.Diff(before+session+after, text))
		}
		if out = c.must(t, "portico", "sync", "--yes"); out == "" || read(t, config) != text {
			t.Fatalf("%s: run again it says\n%s\n%s", form, out, cmp.Diff(text, read(t, config)))
		}
		c.all(t, form, clients, "a/b-c:Read+Only.@-_", "333333333333")
	}
	c.all(t, "another name", clients[:2], "Zuerich-prod:AdministratorAccess", "111111111111")

	// A tool that knows no session finds the same profile by its other keys, and its
	// token by the start URL.
	var old strings.Builder
	for line := range strings.Lines(read(t, config)) {
		if !strings.HasPrefix(line, "sso_session") {
			old.WriteString(line)
		}
	}
	write(t, c.home("old"), old.String())
	c.env = append(c.env, "AWS_CONFIG_FILE="+c.home("old"))
	c.all(t, "by the start URL", clients[1:], "management:Billing", "999999999999")
	c.env = c.env[:len(c.env)-1]
	c.must(t, "portico", "sso", "logout", "--sso-session", "corp")
	if tokens, _ := filepath.Glob(c.home(".aws", "sso", "cache", "7487b5b6*.json")); len(tokens) != 0 {
		t.Errorf("after the logout there is %v", tokens)
	}
}

// all has every client use a profile, side by side.
func (c *center) all(t *testing.T, when string, clients []client, profile, account string) {
	t.Run(when, func(t *testing.T) {
		for _, client := range clients {
			t.Run(client.name, func(t *testing.T) {
				t.Parallel()
				if got, ok := client.account(t, profile); !ok || got != account {
					t.Errorf("got the account %q by the profile %s, want %s", got, profile, account)
				}
			})
		}
	})
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
