package browser_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/idc/portal"
)

// organisation has what the built-in one lacks: somebody without accounts, and
// names that need room.
const organisation = `
start_url: https://d-1234567890.awsapps.com/start
region: us-east-1
users:
  - {name: alice, email: alice@example.com, password: correct-horse, groups: [platform]}
  - {name: bob, email: bob@example.com, password: battery-staple, mfa: email, groups: [developers]}
  - {name: carol, email: carol@example.com, password: nothing-yet}
  - {name: bartholomew.featherstonehaugh-cholmondeley@subsidiary.example.co, email: bartholomew.featherstonehaugh-cholmondeley@subsidiary.example.com, password: long-names, groups: [developers]}
accounts:
  - {id: "111111111111", name: dev, email: aws+dev@example.com}
  - {id: "222222222222", name: prod, email: aws+prod@example.com}
  - {id: "333333333333", name: "An account whose-name-was-never_meant.to.be.read", email: aws+an.account.whose.name.was.never.meant.to.be.read@subsidiary.example.com}
permission_sets:
  - {name: AdministratorAccess, session_duration: PT8H, administrator: true}
  - {name: ReadOnly, description: "Looks, and touches nothing", session_duration: PT1H}
  - {name: "DatabaseMaintenance-Quarterly-XY", description: "For the people who move the databases to new machines every three months, and for nobody else", session_duration: PT12H}
assignments:
  - {group: platform, permission_set: AdministratorAccess, accounts: ["*"]}
  - {group: developers, permission_set: ReadOnly, accounts: ["*"]}
  - {group: developers, permission_set: "DatabaseMaintenance-Quarterly-XY", accounts: ["333333333333"]}
`

// Every page, reached as people reach it.
func TestPages(t *testing.T) {
	t.Parallel()
	window(t) // or skip
	a := newAlbum()
	t.Run("by", func(t *testing.T) {
		for name, journey := range map[string]func(*testing.T, *album, *idctest.IdentityCenter){
			"name and password": signInPages, "e-mail code": codePages, "device": devicePages, "consent": consentPages,
			"accounts": accountPages, "role": rolePages, "mistakes": mistakePages, "rules": rulePages, "long names": longPages, "console": consolePages,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				journey(t, a, center(t, idctest.Seed(organisation)))
			})
		}
	})
	if t.Failed() {
		return
	}
	for _, name := range portal.Pages() {
		path, isPage := strings.CutPrefix(name, "GET ")
		if !isPage || path == "/" || path == "/start/" {
			continue
		}
		found := false
		for _, seen := range a.pages {
			found = found || seen == path
		}
		if !found {
			t.Errorf("nobody looked at %s", path)
		}
	}
	t.Logf("%d pages, built in %d ways", len(a.pages), len(a.built))
}

// tooOften gives a wrong password until there is a wait.
func (b *tab) tooOften(name string) {
	b.t.Helper()
	b.signIn(name, "wrong")
	for range 10 {
		if b.status() == 429 {
			return
		}
		b.fill("Password", "wrong")
		b.button("Sign in")
	}
	b.t.Fatal("nobody minds wrong passwords")
}

func signInPages(t *testing.T, a *album, ic *idctest.IdentityCenter) {
	b := window(t)
	b.goTo(ic.URL)
	b.sees(200, "Sign in", "User name")
	a.look(b, "signin")
	b.fill("User name", " ")
	b.button("Go on")
	b.sees(400, "Sign in", "Enter your user name.")
	a.look(b, "signin-empty")
	b.fill("User name", "alice")
	b.button("Go on")
	b.sees(200, "Enter your password")
	a.look(b, "password")
	b.fill("Password", "wrong")
	b.button("Sign in")
	b.sees(403, "Enter your password", "The user name or the password is wrong.")
	a.look(b, "password-wrong")
	b.link("Change the user name")
	b.tooOften("nobody")
	b.sees(429, "Enter your password", "There were too many attempts to sign in. Try again in")
	a.look(b, "password-throttled")
	b.link("Change the user name")
	b.signIn("alice", alicePassword)
	b.sees(200, "Your accounts", "Signed in as alice")
	b.button("Sign out")
	b.sees(200, "Signed out")
	a.look(b, "signed-out")
	b.link("Sign in again")
	b.sees(200, "Sign in")
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// readCode follows the link to the mail in another tab, as somebody reads it who
// keeps the page of the code open.
func (b *tab) readCode() string {
	b.t.Helper()
	mail := b.another()
	mail.goTo(b.url())
	mail.link("Read the message")
	mail.sees(200, "Mail")
	code := sixDigits.FindString(mail.text())
	if code == "" {
		b.t.Fatalf("got no code in:\n%s", mail.text())
	}
	return code
}

func codePages(t *testing.T, a *album, ic *idctest.IdentityCenter) {
	nobody := window(t)
	nobody.goTo(ic.URL + "/mail")
	nobody.sees(200, "Mail", "There is no message for this browser.")
	a.look(nobody, "mail-nobody")
	nobody.goTo(ic.URL + "/signin/code")
	nobody.sees(410, "The code has expired")
	a.look(nobody, "code-over")

	b := window(t)
	b.goTo(ic.URL)
	b.signIn("bob", bobPassword)
	b.sees(200, "Enter the code", "b…@example.com")
	a.look(b, "code")
	mail := b.another()
	mail.goTo(b.url())
	mail.link("Read the message")
	mail.sees(200, "Mail", "your code to sign in")
	a.look(mail, "mail-code")
	mail.link("Enter the code")
	mail.sees(200, "Enter the code")
	b.fill("Code", " ")
	b.button("Sign in")
	b.sees(400, "Enter the code", "Enter the six digits of the code.")
	a.look(b, "code-empty")
	right := b.readCode()
	b.fill("Code", wrongCode(right))
	b.button("Sign in")
	b.sees(403, "Enter the code", "The code is wrong. You have 4 more tries.")
	a.look(b, "code-wrong")
	b.button("Send another code")
	b.sees(200, "Enter the code", "Another code of six digits was sent")
	a.look(b, "code-again")
	for range 5 {
		b.fill("Code", "x")
		b.button("Sign in")
	}
	b.sees(429, "Too many wrong codes")
	a.look(b, "code-too-many")
	b.link("Sign in again")
	for range 12 { // with the code that was sent still good
		b.signIn("bob", bobPassword)
		if b.status() == 429 {
			break
		}
		b.link("Sign in as somebody else")
	}
	b.sees(429, "Enter your password", "Too many codes were sent to you and not used.")
	a.look(b, "code-not-sent")
	advance(t, ic, 10*time.Minute)
	b.fill("Password", bobPassword)
	b.button("Sign in")
	b.fill("Code", b.readCode())
	b.button("Sign in")
	b.sees(200, "Your accounts", "Signed in as bob")
	b.link("Mail")
	b.sees(200, "Mail", "To you", "too old")
	a.look(b, "mail-own")
}

// wrongCode is another one of six digits.
func wrongCode(right string) string {
	if right[0] == '9' {
		return "1" + right[1:]
	}
	return string(right[0]+1) + right[1:]
}

func devicePages(t *testing.T, a *album, ic *idctest.IdentityCenter) {
	p := register(t, ic, "my-tool")
	d := p.device()
	b := window(t)
	b.goTo(*d.VerificationUri)
	b.sees(200, "Sign in", "Sign in to confirm the code")
	a.look(b, "signin-to-device")
	b.signIn("alice", alicePassword)
	b.sees(200, "Confirm a code", "Enter the code")
	a.look(b, "device")
	b.fill("Code", "BBBB-BBBB")
	b.button("Go on")
	b.sees(400, "Confirm a code", "No device is waiting with this code.")
	a.look(b, "device-wrong")
	b.fill("Code", strings.ToLower(strings.ReplaceAll(*d.UserCode, "-", " ")))
	b.button("Go on")
	b.sees(200, "Allow access?", *d.UserCode, "unverified name")
	a.look(b, "consent-device")
	b.click("DisclosureTriangle", "I did not start this")
	if !strings.Contains(b.text(), "they meant to sign in as you") {
		t.Error("got nothing behind: I did not start this")
	}
	a.look(b, "consent-device-explained")
	b.button("Allow")
	b.sees(200, "Access allowed", "my-tool can now act for you.")
	a.look(b, "allowed")
	b.link("your accounts")
	b.sees(200, "Your accounts")

	d = p.device()
	b.goTo(*d.VerificationUriComplete)
	b.sees(200, "Confirm a code", "Compare this code")
	a.look(b, "device-given")
	b.button("The code is the same: go on")
	b.button("Deny")
	b.sees(200, "Access denied", "my-tool got nothing")
	a.look(b, "denied")

	b.goTo(ic.URL + "/device")
	for range 12 {
		b.fill("Code", "BBBB-BBBB")
		b.button("Go on")
		if b.status() == 429 {
			break
		}
	}
	b.sees(429, "Confirm a code", "Too many wrong codes were entered.")
	a.look(b, "device-too-many")
}

func consentPages(t *testing.T, a *album, ic *idctest.IdentityCenter) {
	p := withCallback(t, ic, "my-tool")
	b := window(t)
	b.goTo(p.authorize())
	b.sees(200, "Sign in", "A program is asking for access.")
	a.look(b, "signin-to-consent")
	b.signIn("alice", alicePassword)
	b.sees(200, "Allow access?", "this browser")
	a.look(b, "consent")
	asked := b.url()
	b.button("Allow")
	b.sees(200, "Back in the program")
	b.goTo(asked)
	b.sees(409, "The request was already decided", "You allowed it.")
	a.look(b, "decided")

	b.goTo(p.authorize())
	asked = b.url()
	other := atHome(t, ic, "carol", "nothing-yet")
	other.goTo(asked)
	other.sees(403, "The request belongs to another sign-in")
	a.look(other, "other-browser")

	outside := register(t, ic, "a site elsewhere", "https://app.example.com/a/rather/long/way/back/to/the/program/that/asked")
	outside.redirect = "https://app.example.com/a/rather/long/way/back/to/the/program/that/asked"
	b.goTo(outside.authorize())
	b.sees(200, "Allow access?", "The answer leaves this computer.")
	a.look(b, "consent-outside")

	advance(t, ic, 11*time.Minute)
	b.button("Allow")
	b.sees(410, "The request has expired")
	a.look(b, "expired")
	b.goTo(ic.URL + "/consent?request=x")
	b.sees(404, "There is no such request")
	a.look(b, "no-request")

	address := p.authorize()
	b.goTo(strings.Replace(address, "client_id="+*p.id, "client_id=unknown", 1))
	b.sees(400, "This program is not known here", "Make the program register again")
	a.look(b, "unknown-client")
	p.redirect = "https://evil.test/"
	b.goTo(p.authorize())
	b.sees(400, "The way back is not registered")
	a.look(b, "redirect")
	b.goTo(address + "&state=twice")
	b.sees(400, "The request is incomplete or wrong", "state more than once")
	a.look(b, "incomplete")
}

func accountPages(t *testing.T, a *album, ic *idctest.IdentityCenter) {
	b := atHome(t, ic, "alice", alicePassword)
	b.sees(200, "Your accounts", "3 accounts")
	a.look(b, "start")
	b.fill("Search by name, id or e-mail address", "DEV 1111")
	b.button("Search")
	b.sees(200, "Your accounts", "1 of 3 accounts", "aws+dev@example.com")
	a.look(b, "start-found")
	b.link("dev")
	b.sees(200, "dev", "1 role", "AdministratorAccess", "Credentials last 8 h")
	a.look(b, "account")
	b.link("Your accounts")
	b.fill("Search by name, id or e-mail address", "nothing of the kind")
	b.keys("\r")
	b.arriveAt("/start", "No account matches.")
	b.sees(200, "Your accounts", "0 of 3 accounts")
	a.look(b, "start-not-found")
	b.link("Show all")
	b.sees(200, "Your accounts", "3 accounts")
	b.goTo(ic.URL + "/start?account=999999999999")
	b.sees(404, "There is no such account for you")
	a.look(b, "no-account")
	b.link("Your accounts")
	b.sees(200, "Your accounts")
	b.goTo(ic.URL + "/mail")
	b.sees(200, "Mail", "There is no message for you.")
	a.look(b, "mail-none")

	carol := atHome(t, ic, "carol", "nothing-yet")
	carol.sees(200, "Your accounts", "No account is assigned to you.")
	a.look(carol, "start-unassigned")
}

// arriveAt waits for a page that says something, after a key stroke.
func (b *tab) arriveAt(path, says string) {
	b.t.Helper()
	there := fmt.Sprintf(`location.pathname === %q && document.readyState === "complete" && document.body.innerText.includes(%q)`, path, says)
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if is, err := tryEval[bool](b, there); err == nil && is {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s: does not become %s that says %q:\n%s", b.url(), path, says, b.text())
		}
	}
}

func rolePages(t *testing.T, a *album, ic *idctest.IdentityCenter) {
	b := atHome(t, ic, "alice", alicePassword)
	b.link("dev")
	b.link("AdministratorAccess")
	b.sees(200, "AdministratorAccess administrator", "in dev 111111111111", "SSO start URL", ic.StartURL, "sso:account:access")
	a.look(b, "role")
	b.click("DisclosureTriangle", "Or by hand")
	b.sees(200, "AdministratorAccess administrator", "[sso-session local]", "sso_account_id = 111111111111")
	b.button("Get credentials")
	b.sees(200, "AdministratorAccess administrator", "Here they are, once.")
	for _, name := range []string{"PowerShell", "Windows command prompt", "Profile", "Or by hand"} {
		b.click("DisclosureTriangle", name)
	}
	b.sees(200, "AdministratorAccess administrator", "export AWS_ACCESS_KEY_ID=", "$Env:AWS_ACCESS_KEY_ID =", `set "AWS_ACCESS_KEY_ID=`, "aws_access_key_id =")
	a.look(b, "role-credentials")
	b.goTo(ic.URL + "/start/role?account=" + dev + "&role=ReadOnly")
	b.sees(404, "There is no such role for you")
	a.look(b, "no-role")
	b.link("Your roles in this account")
	b.sees(200, "dev")
}

func mistakePages(t *testing.T, a *album, ic *idctest.IdentityCenter) {
	b := window(t)
	b.goTo(ic.URL + "/nothing")
	b.sees(404, "There is no such page")
	a.look(b, "not-found")
	b.goTo(ic.URL + "/signout")
	b.sees(405, "This page is not used that way")
	a.look(b, "method")
	evil := site(t, autoSubmit(ic.URL+"/consent", url.Values{"decision": {"allow"}}))
	b.goTo(evil)
	b.arriveAt("/consent", "The form came from another site")
	b.sees(403, "The form came from another site")
	a.look(b, "foreign")
	fault := inject(t, ic, idctest.Fault{Op: "/signin", Status: 500})
	b.goTo(ic.URL)
	b.sees(500, "A fault was injected here")
	a.look(b, "injected")
	fault.Remove()
	busy := inject(t, ic, idctest.Fault{Op: "/signin", Error: "TooManyRequestsException"})
	b.reload()
	b.sees(b.status(), "A fault was injected here", "TooManyRequestsException")
	a.look(b, "injected-error")
	busy.Remove()
	b.reload()
	b.sees(200, "Sign in")

	// What breaks in earnest.
	dir := t.TempDir()
	broken := center(t, idctest.Data(dir))
	home := atHome(t, broken, "alice", alicePassword)
	// The server has it open too.
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "identity-center.db")+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("ALTER TABLE account RENAME TO elsewhere"); err != nil {
		t.Fatal(err)
	}
	home.reload()
	home.sees(500, "Something went wrong here", "It is not your doing.", "Request id")
	a.look(home, "server-error")
}

func rulePages(t *testing.T, a *album, ic *idctest.IdentityCenter) {
	decide := func(d idctest.Decision) {
		t.Helper()
		if err := ic.Decide(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	p := withCallback(t, ic, "my-tool")
	b := window(t)
	decide(idctest.Decision{Answer: idctest.Never})
	b.goTo(p.authorize())
	b.sees(200, "Left unanswered", "my-tool")
	a.look(b, "unanswered")
	device := register(t, ic, "another-tool").device()
	alice := atHome(t, ic, "alice", alicePassword)
	alice.goTo(*device.VerificationUriComplete)
	alice.button("The code is the same: go on")
	alice.sees(403, "A rule answers this sign-in")
	if heading, text := eval[string](alice, `getComputedStyle(document.querySelector("h1")).color`), eval[string](alice, `getComputedStyle(document.body).color`); heading != text {
		t.Errorf("got a heading in %s, as if something had gone wrong", heading)
	}
	a.look(alice, "scripted")
	decide(idctest.Decision{User: "alice", Answer: idctest.Allow, After: 5 * time.Minute})
	b.goTo(p.authorize())
	b.sees(200, "Waiting for a rule", "It does so in 5 minutes.")
	a.look(b, "waiting")
	p.notCalled()
	decide(idctest.Decision{User: "alice", Answer: idctest.Deny})
	b.goTo(p.authorize())
	b.sees(200, "Back in the program")
	if got := p.called().Get("error"); got != "access_denied" {
		t.Errorf("got error %q, want access_denied", got)
	}
	decide(idctest.Decision{User: "alice", Answer: idctest.Allow, After: 100 * time.Millisecond})
	b.goTo(p.authorize())
	b.sees(200, "Back in the program")
	tokens, err := p.redeemCode(p.called().Get("code"))
	p.uses(tokens, err, "alice")
}

const longName = "bartholomew.featherstonehaugh-cholmondeley@subsidiary.example.co"

func longPages(t *testing.T, a *album, ic *idctest.IdentityCenter) {
	b := window(t)
	b.goTo(ic.URL)
	b.fill("User name", longName)
	b.button("Go on")
	a.look(b, "long-password")
	b.fill("Password", "long-names")
	b.button("Sign in")
	b.sees(200, "Your accounts", "Signed in as "+longName)
	a.look(b, "long-start")
	b.link("An account whose-name-was-never_meant.to.be.read")
	b.sees(200, "An account whose-name-was-never_meant.to.be.read", "2 roles")
	a.look(b, "long-account")
	b.link("DatabaseMaintenance-Quarterly-XY")
	b.sees(200, "DatabaseMaintenance-Quarterly-XY", "every three months")
	a.look(b, "long-role")
	name := strings.Repeat("W", 60) + " e" + strings.Repeat("\u0302", 20) + strings.Repeat("W", 60)
	p := withCallback(t, ic, name)
	b.goTo(p.authorize())
	b.sees(200, "Allow access?")
	a.look(b, "long-consent")
}
