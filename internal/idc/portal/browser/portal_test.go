package browser_test

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/portico-sso/portico/idctest"
)

// permit says whether pages of the Identity Center may use the clipboard.
func (b *tab) permit(ic *idctest.IdentityCenter, name string, setting browser.PermissionSetting) {
	b.t.Helper()
	_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: name, AllowWithoutSanitization: name == "clipboard-read"}, Setting: setting,
		Origin: ic.URL, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// credentialsOfDev leads to credentials of alice's in dev.
func (b *tab) credentialsOfDev() {
	b.t.Helper()
	b.link("dev")
	b.link("AdministratorAccess")
	b.button("Get credentials")
	b.sees(200, "AdministratorAccess administrator", "Here they are, once.")
}

// snippets are the texts to be copied that are shown, by the title above each.
const snippetsScript = `Object.fromEntries([...document.querySelectorAll("details[open]")].map((d) =>
	[d.querySelector("summary").innerText.trim(), d.querySelector("pre").innerText]))`

// Each text that is there to be copied has a button which does that, and what is
// copied works as it is.
func TestCopy(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	b.credentialsOfDev()
	for _, name := range []string{"PowerShell", "Windows command prompt", "Profile", "Or by hand"} {
		b.click("DisclosureTriangle", name)
	}
	shown := eval[map[string]string](b, snippetsScript)
	if len(shown) != 6 {
		t.Fatalf("got %d texts, want 6: %v", len(shown), shown)
	}
	buttons := b.findAll("button", "Copy")
	if len(buttons) != len(shown) {
		t.Fatalf("got %d buttons for %d texts", len(buttons), len(shown))
	}
	b.permit(ic, "clipboard-read", browser.PermissionSettingGranted)
	b.permit(ic, "clipboard-write", browser.PermissionSettingGranted)
	copied := map[string]bool{}
	for i, node := range buttons {
		x, y := b.at(node)
		b.clickAt(x, y, 1)
		b.eventually(fmt.Sprintf(`document.querySelectorAll(".copy [role=status]")[%d].textContent === "Copied."`, i))
		copied[eval[string](b, `navigator.clipboard.readText()`)] = true
	}
	for title, text := range shown {
		if !copied[text] {
			t.Errorf("%s: got nothing copied that says:\n%s", title, text)
		}
	}

	// Where the browser lets no page write there, the page says so.
	b.permit(ic, "clipboard-write", browser.PermissionSettingDenied)
	x, y := b.at(buttons[0])
	b.clickAt(x, y, 1)
	b.eventually(`document.querySelector(".copy [role=status]").textContent.includes("did not let it be copied")`)

	// A shell takes the text for bash.
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	out, err := exec.Command(sh, "-c", shown["bash, zsh"]+"\n"+`printf '%s\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN"`).Output()
	if err != nil {
		t.Fatal(err)
	}
	keys := strings.Fields(string(out))
	if len(keys) != 3 {
		t.Fatalf("got %q from the shell", out)
	}
	checkIdentity(t, ic, keys[0], keys[1], keys[2], "alice")
	for title, pattern := range map[string]string{
		"PowerShell":             `(?m)^\$Env:AWS_SESSION_TOKEN = '` + regexp.QuoteMeta(keys[2]) + `'$`,
		"Windows command prompt": `(?m)^set "AWS_SECRET_ACCESS_KEY=` + regexp.QuoteMeta(keys[1]) + `"$`,
		"Profile":                `(?m)^aws_access_key_id = ` + keys[0] + `$`,
		"Or by hand":             `(?m)^sso_start_url = ` + regexp.QuoteMeta(ic.StartURL) + `$`,
		"One command":            `--account-id ` + dev,
	} {
		if !regexp.MustCompile(pattern).MatchString(shown[title]) {
			t.Errorf("%s: got no %s in:\n%s", title, pattern, shown[title])
		}
	}
}

// eventually waits until something is true on the page.
func (b *tab) eventually(script string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); !eval[bool](b, script); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s: it is never true that %s", b.url(), script)
		}
	}
}

// Without scripts everything works but the buttons that copy, which are not
// there; one click takes a whole text instead.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := window(t)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p := withCallback(t, ic, "my-tool")
	b.goTo(p.authorize())
	b.signIn("bob", bobPassword)
	b.link("Read the message")
	code := sixDigits.FindString(b.text())
	b.back()
	b.fill("Code", code)
	b.button("Sign in")
	b.sees(200, "Allow access?")
	b.click("DisclosureTriangle", "I did not start this")
	b.sees(200, "Allow access?", "Nothing is granted then, and nobody learns your password.")
	b.button("Allow")
	b.sees(200, "Back in the program")
	tokens, err := p.redeemCode(p.called().Get("code"))
	p.uses(tokens, err, "bob")

	q := register(t, ic, "my-tool")
	d := q.device()
	b.confirm(*d.VerificationUriComplete)
	b.button("Allow")
	b.sees(200, "Access allowed")
	tokens, err = q.redeemDevice(d.DeviceCode)
	q.uses(tokens, err, "bob")

	b.goTo(ic.URL)
	b.fill("Search by name, id or e-mail address", "dev")
	b.button("Search")
	b.sees(200, "Your accounts", "1 of 2 accounts")
	b.link("dev")
	b.link("ReadOnly")
	b.button("Get credentials")
	b.sees(200, "ReadOnly", "Here they are, once.")
	b.click("DisclosureTriangle", "PowerShell")
	b.sees(200, "ReadOnly", "$Env:AWS_ACCESS_KEY_ID =")
	if n := len(b.findAll("button", "Copy")); n != 0 {
		t.Errorf("got %d buttons that do nothing", n)
	}
	for title, text := range eval[map[string]string](b, snippetsScript) {
		r := eval[struct{ X, Y float64 }](b, fmt.Sprintf(`(() => {
			const e = [...document.querySelectorAll("details")].find((d) => d.querySelector("summary").innerText.trim() === %q).querySelector("pre code");
			e.scrollIntoView({block: "center"});
			const r = e.getClientRects()[0];
			return {X: r.left + r.width / 2, Y: r.top + r.height / 2};
		})()`, title))
		b.clickAt(r.X, r.Y, 1)
		if got := eval[string](b, `getSelection().toString()`); got != text {
			t.Errorf("%s: one click selects %q, want %q", title, got, text)
		}
	}
	b.button("Sign out")
	b.sees(200, "Signed out")
}

// Credentials are in no address, and going back or away and forth does not show
// them from a copy that the browser kept after signing out.
func TestCredentialsAreShownOnce(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	b.credentialsOfDev()
	if got := b.path(); got != "/start/role" || strings.Contains(b.url(), "SECRET") {
		t.Errorf("got credentials at %s", b.url())
	}
	secret := regexp.MustCompile(`AWS_SECRET_ACCESS_KEY='([^']+)'`).FindStringSubmatch(b.text())[1]
	b.goTo(b.url())
	if strings.Contains(b.text(), secret) {
		t.Error("the address of the page shows the credentials again")
	}
	b.button("Sign out")
	b.sees(200, "Signed out")
	for range 3 {
		b.back()
		if strings.Contains(b.text(), secret) {
			t.Errorf("%s: got the credentials after signing out", b.url())
		}
	}
}

// Taking a role away takes it off the pages.
func TestUnassigned(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	b.link("dev")
	b.link("AdministratorAccess")
	if err := ic.Unassign(t.Context(), idctest.Assignment{Group: "platform", PermissionSet: "AdministratorAccess", Accounts: []string{"dev"}}); err != nil {
		t.Fatal(err)
	}
	b.button("Get credentials")
	b.sees(404, "There is no such account for you")
	b.link("Your accounts")
	b.sees(200, "Your accounts", "2 accounts")
	if n := len(b.findAll("link", "dev")); n != 0 {
		t.Error("got an account that is not assigned any more")
	}
}

// With a thousand accounts the portal stays usable.
func TestThousandAccounts(t *testing.T) {
	t.Parallel()
	var seed strings.Builder
	seed.WriteString("users:\n  - {name: alice, email: alice@example.com, password: correct-horse}\naccounts:\n")
	for i := range 1000 {
		fmt.Fprintf(&seed, "  - {id: \"%012d\", name: team-%03d, email: aws+team-%03d@example.com}\n", 100000000000+i, i, i)
	}
	seed.WriteString("permission_sets:\n  - {name: AdministratorAccess}\n  - {name: ReadOnly}\n")
	seed.WriteString("assignments:\n  - {user: alice, permission_set: AdministratorAccess, accounts: [\"*\"]}\n  - {user: alice, permission_set: ReadOnly, accounts: [\"*\"]}\n")
	ic := center(t, idctest.Seed(seed.String()))
	b := atHome(t, ic, "alice", alicePassword)
	took := func(what string) {
		t.Helper()
		m := eval[struct{ Server, Content, Load float64 }](b, `(() => {
			const n = performance.getEntriesByType("navigation")[0];
			return {Server: n.responseEnd - n.requestStart, Content: n.domContentLoadedEventEnd, Load: n.loadEventEnd};
		})()`)
		t.Logf("%-22s %6.1f ms for the answer, %6.1f ms to DOMContentLoaded, %6.1f ms to load", what, m.Server, m.Content, m.Load)
	}
	b.sees(200, "Your accounts", "1,000 accounts, showing 1 to 20")
	b.reload()
	took("the first page")
	b.link("Next")
	b.sees(200, "Your accounts", "showing 21 to 40", "Page 2 of 50")
	took("the second page")
	b.link("Previous")
	b.sees(200, "Your accounts", "showing 1 to 20", "Page 1 of 50")
	if n := len(b.findAll("link", "Previous")); n != 0 {
		t.Error("got a page before the first")
	}
	b.fill("Search by name, id or e-mail address", "team-7")
	b.button("Search")
	b.sees(200, "Your accounts", "100 of 1,000 accounts, showing 1 to 20", "team-700")
	took("a search for 100")
	b.link("Next")
	b.sees(200, "Your accounts", "showing 21 to 40", "team-720")
	b.fill("Search by name, id or e-mail address", "aws+team-999@ 100000000999")
	b.button("Search")
	b.sees(200, "Your accounts", "1 of 1,000 accounts", "team-999")
	took("a search for one")
	b.link("team-999")
	b.sees(200, "team-999", "2 roles")
	took("an account")
	b.goTo(ic.URL + "/start?page=50")
	b.sees(200, "Your accounts", "showing 981 to 1,000", "Page 50 of 50")
	b.goTo(ic.URL + "/start?page=5000")
	b.sees(200, "Your accounts", "Page 50 of 50")
	newAlbum().look(b, "start-many")
}
