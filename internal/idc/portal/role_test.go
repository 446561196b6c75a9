package portal_test

import (
	"context"
	"errors"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// snippets are the texts to copy of a page, as a browser copies them.
func snippets(t testing.TB, page string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range root.Descendants() {
		if n.Data == "pre" {
			out = append(out, content(n))
		}
	}
	return out
}

func TestRole(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	role := directory.NewRole("us-east-1", dev, directory.PermissionSet{Name: "AdministratorAccess"})
	a := b.get("/start/role?account="+dev+"&role=AdministratorAccess").says(t, 200, "dev &amp; &lt;test&gt;", dev, "administrator", "Everything.", "8 h", role.ARN,
		startURL, "us-east-1", "sso:account:access", `<script src="/assets/copy-`)
	got := snippets(t, a.body)
	if len(got) != 2 || !strings.Contains(got[0], "--account-id "+dev+" \\\n  --role-name AdministratorAccess") ||
		!strings.Contains(got[1], "[profile AdministratorAccess-"+dev+"]\nsso_session = local\n") {
		t.Errorf("got %q", got)
	}
	if strings.Contains(a.body, "ASIA") {
		t.Error("looking at the page issues credentials")
	}
	for path, says := range map[string]string{
		"/start/role": "There is no such account for you", "/start/role?account=999999999999&role=ReadOnly": "There is no such account for you",
		"/start/role?account=" + prod + "&role=ReadOnly":                                                 "There is no such role for you",
		"/start/role?account=" + dev + "&role=readonly":                                                  "There is no such role for you",
		"/start/role?account=" + dev + "&role=" + url.QueryEscape("<b>'"):                                "There is no such role for you",
		"/start/role?account=" + strings.Repeat("9", 3000) + "&role=" + strings.Repeat("%E2%80%AE", 100): "There is no such account for you",
	} {
		b.get(path).says(t, 404, says)
		query := strings.TrimPrefix(path, "/start/role")
		form, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
		if err != nil {
			t.Fatal(err)
		}
		if a := b.post("/start/role", form).says(t, 404, says); strings.Contains(a.body, "ASIA") {
			t.Errorf("%s: issued", path)
		}
	}
	// What is in the address is no form.
	b.post("/start/role?account="+dev+"&role=ReadOnly", url.Values{}).says(t, 404)
	c.browser(t).get("/start/role?account="+dev+"&role=ReadOnly").redirects(t, "/signin?next="+url.QueryEscape("/start/role?account="+dev+"&role=ReadOnly"))
	c.browser(t).post("/start/role", url.Values{"account": {dev}, "role": {"ReadOnly"}}).redirects(t, "/signin?next="+url.QueryEscape("/start/role?account="+dev+"&role=ReadOnly"))
}

// The credentials of the page are credentials: those of the session, for as long
// as the role's last.
func TestIssue(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	a := b.post("/start/role", url.Values{"account": {dev}, "role": {"AdministratorAccess"}}).says(t, 200, "bash, zsh", "PowerShell", "Windows command prompt", "In ~/.aws/credentials:", "Get new ones")
	got := snippets(t, a.body)
	if len(got) != 6 {
		t.Fatalf("got %d texts, want 4 of credentials and 2 to set up", len(got))
	}
	var id, secret, token string
	for i, pattern := range []string{
		`^export AWS_ACCESS_KEY_ID='([^']+)'\nexport AWS_SECRET_ACCESS_KEY='([^']+)'\nexport AWS_SESSION_TOKEN='([^']+)'\nexport AWS_CREDENTIAL_EXPIRATION='[^']+'$`,
		`^\$Env:AWS_ACCESS_KEY_ID = '([^']+)'\n\$Env:AWS_SECRET_ACCESS_KEY = '([^']+)'\n\$Env:AWS_SESSION_TOKEN = '([^']+)'\n\$Env:AWS_CREDENTIAL_EXPIRATION = '[^']+'$`,
		`^set "AWS_ACCESS_KEY_ID=([^"]+)"\nset "AWS_SECRET_ACCESS_KEY=([^"]+)"\nset "AWS_SESSION_TOKEN=([^"]+)"\nset "AWS_CREDENTIAL_EXPIRATION=[^"]+"$`,
		`^\[` + dev + `_AdministratorAccess\]\naws_access_key_id = (\S+)\naws_secret_access_key = (\S+)\naws_session_token = (\S+)$`,
	} {
		m := regexp.MustCompile(pattern).FindStringSubmatch(got[i])
		if m == nil {
			t.Fatalf("got\n%s\nwant %s", got[i], pattern)
		}
		if i > 0 && (m[1] != id || m[2] != secret || m[3] != token) {
			t.Errorf("text %d has other credentials than the first", i)
		}
		id, secret, token = m[1], m[2], m[3]
	}
	cred, wantSecret, right, err := c.Grant.RoleCredential(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if wantSecret != secret || !right(token) {
		t.Error("the page shows another secret or token than was issued")
	}
	left := cred.ExpiresAt.Sub(c.now())
	if cred.UserName != "alice" || cred.AccountID != dev || cred.PermissionSet != "AdministratorAccess" || !cred.Administrator || cred.SessionID == "" ||
		cred.Workflow != cred.SessionID || left > 8*time.Hour || left < 8*time.Hour-time.Minute {
		t.Errorf("got %+v with %s left", cred, left)
	}
	a.says(t, 200, `<time datetime="`+cred.ExpiresAt.UTC().Format(time.RFC3339)+`">`)
	if next := snippets(t, b.post("/start/role", url.Values{"account": {dev}, "role": {"AdministratorAccess"}}).body); next[0] == got[0] {
		t.Error("got the same credentials twice")
	}
	// They live on after a sign-out, but there are no more of them.
	b.post("/signout", url.Values{})
	if _, _, _, err := c.Grant.RoleCredential(t.Context(), id); err != nil {
		t.Error(err)
	}
	b.post("/start/role", url.Values{"account": {dev}, "role": {"AdministratorAccess"}}).redirectsTo(t, "/signin?next=")
	for _, secret := range []string{secret, token} {
		if strings.Contains(c.logged.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

func (a answer) redirectsTo(t testing.TB, prefix string) {
	t.Helper()
	if got := a.header.Get("Location"); a.status != 303 || !strings.HasPrefix(got, prefix) {
		t.Errorf("got %d to %q, want 303 to %s…", a.status, got, prefix)
	}
}

// The page's own text, pasted into a real bash.
func TestIssuedInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	got := snippets(t, b.post("/start/role", url.Values{"account": {dev}, "role": {"ReadOnly"}}).body)
	cmd := exec.CommandContext(t.Context(), bash)
	cmd.Stdin, cmd.Env = strings.NewReader(got[0]+"\nprintf %s \"$AWS_ACCESS_KEY_ID|$AWS_SECRET_ACCESS_KEY|$AWS_SESSION_TOKEN\"\n"), []string{}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	parts := strings.Split(string(out), "|")
	if len(parts) != 3 {
		t.Fatalf("got %q", out)
	}
	_, secret, right, err := c.Grant.RoleCredential(t.Context(), parts[0])
	if err != nil || secret != parts[1] || !right(parts[2]) {
		t.Errorf("got %q, %v", out, err)
	}
}

// Assignments that are gone are gone from the page and from what it hands out.
func TestUnassignedMeanwhile(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	form := url.Values{"account": {dev}, "role": {"ReadOnly"}}
	b.post("/start/role", form).says(t, 200, "Here they are")
	if _, err := c.Directory.Unassign(t.Context(), directory.Assignment{User: "alice", PermissionSet: "ReadOnly", Accounts: []string{dev}}); err != nil {
		t.Fatal(err)
	}
	b.post("/start/role", form).says(t, 404, "There is no such role for you")
	b.get("/start/role?"+form.Encode()).says(t, 404, "There is no such role for you")
	if a := b.get("/start?account=" + dev); strings.Contains(a.body, "ReadOnly") {
		t.Error("the account shows the role still")
	}
}

// The script adds buttons and does nothing else: the page holds none that would
// be dead without it.
func TestCopyScript(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	a := b.get("/start/role?account="+dev+"&role=ReadOnly").says(t, 200)
	m := regexp.MustCompile(`<script src="(/assets/copy-[0-9a-f]{16}\.js)" defer></script>`).FindStringSubmatch(a.body)
	if m == nil || strings.Contains(a.body, "Copy") {
		t.Fatalf("got\n%s", a.body)
	}
	script := b.get(m[1])
	if got := script.header.Get("Content-Type"); script.status != 200 || got != "text/javascript; charset=utf-8" {
		t.Errorf("got %d, %s", script.status, got)
	}
	for _, word := range []string{"fetch", "XMLHttpRequest", "innerHTML", "eval", "http", "cookie", "localStorage"} {
		if strings.Contains(script.body, word) {
			t.Errorf("the script has %q in it", word)
		}
	}
	css := b.get(regexp.MustCompile(`/assets/portico-[0-9a-f]+\.css`).FindString(a.body))
	if !strings.Contains(css.body, "pre code, .whole { -webkit-user-select: all; user-select: all; }") {
		t.Error("one click does not select the text")
	}
}

// A session that ends between the look and the form issues nothing.
func TestIssueAfterTheEnd(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	sess, err := c.Grant.Session(t.Context(), c.now(), b.cookie())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Grant.EndSessionByID(t.Context(), c.now(), sess.ID); err != nil && !errors.Is(err, grant.ErrNotFound) {
		t.Fatal(err)
	}
	b.post("/start/role", url.Values{"account": {dev}, "role": {"ReadOnly"}}).redirectsTo(t, "/signin?next=")
}

// A sign-in that ends while its role is looked up issues nothing either, and the
// way leads back to the role.
func TestIssueWhileItEnds(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.signedIn(t, "alice", "correct-horse")
	sess, err := c.Grant.Session(t.Context(), c.now(), b.cookie())
	if err != nil {
		t.Fatal(err)
	}
	// This is asked last when a sign-in is checked.
	active := c.Grant.UserActive
	c.Grant.UserActive = func(ctx context.Context, id string) (bool, error) {
		if err := c.Grant.EndSession(ctx, c.now(), sess); err != nil {
			t.Error(err)
		}
		return active(ctx, id)
	}
	a := b.post("/start/role", url.Values{"account": {dev}, "role": {"ReadOnly"}})
	a.redirects(t, "/signin?next="+url.QueryEscape("/start/role?account="+dev+"&role=ReadOnly"))
	if got := c.logged.String(); got != "" {
		t.Errorf("got log:\n%s", got)
	}
}
