package browser_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portico-sso/portico/idctest"
)

// confirm leads from the address of a device code to the question.
func (b *tab) confirm(address string) {
	b.t.Helper()
	b.goTo(address)
	b.button("The code is the same: go on")
	b.sees(200, "Allow access?")
}

// A sign-in by device code, from the program's first call to the last its tokens
// make.
func TestDeviceCode(t *testing.T) {
	t.Parallel()
	ic := center(t)
	p := register(t, ic, "my-tool")
	d := p.device()
	b := window(t)
	b.goTo(*d.VerificationUriComplete)
	b.sees(200, "Sign in", "Sign in to confirm the code that your device shows.")
	b.signIn("alice", alicePassword)
	b.sees(200, "Confirm a code", "Compare this code")
	b.button("The code is the same: go on")
	b.sees(200, "Allow access?", "my-tool", *d.UserCode, "See your accounts and roles")
	_, err := p.redeemDevice(d.DeviceCode)
	wantCode(t, err, "AuthorizationPendingException")
	b.button("Allow")
	b.sees(200, "Access allowed", "my-tool can now act for you.")
	tokens, err := p.redeemDevice(d.DeviceCode)
	p.uses(tokens, err, "alice")
}

// A sign-in by authorization code, with a callback to a program that waits, by
// somebody who is asked for a code.
func TestAuthorizationCode(t *testing.T) {
	t.Parallel()
	ic := center(t)
	p := withCallback(t, ic, "my-tool")
	b := window(t)
	b.goTo(p.authorize())
	b.sees(200, "Sign in", "A program is asking for access.")
	b.signIn("bob", bobPassword)
	b.sees(200, "Enter the code")
	b.fill("Code", b.readCode())
	b.button("Sign in")
	b.sees(200, "Allow access?", "my-tool", "a program on this computer", "this browser")
	p.notCalled()
	b.button("Allow")
	b.sees(200, "Back in the program")
	tokens, err := p.redeemCode(p.called().Get("code"))
	p.uses(tokens, err, "bob")
}

func TestDenial(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)

	p := register(t, ic, "my-tool")
	d := p.device()
	b.confirm(*d.VerificationUriComplete)
	b.button("Deny")
	b.sees(200, "Access denied", "my-tool got nothing and will be told so.")
	_, err := p.redeemDevice(d.DeviceCode)
	wantCode(t, err, "AccessDeniedException")

	p = withCallback(t, ic, "my-tool")
	b.goTo(p.authorize())
	b.button("Deny")
	b.sees(200, "Back in the program")
	if q := p.called(); q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("got callback %v, want error access_denied and no code", q)
	}
}

// Who goes back after deciding cannot decide again, and is told what they did.
func TestBackAfterDeciding(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	// The browser may keep the page as it was, or ask for it again.
	again := func(button string) {
		t.Helper()
		b.back()
		if b.heading() == "Allow access?" {
			b.button(button)
		}
	}

	p := withCallback(t, ic, "my-tool")
	b.goTo(p.authorize())
	b.button("Allow")
	b.sees(200, "Back in the program")
	code := p.called().Get("code")
	again("Deny")
	b.sees(409, "The request was already decided", "You allowed it.")
	p.notCalled()
	tokens, err := p.redeemCode(code)
	p.uses(tokens, err, "alice")

	p = register(t, ic, "my-tool")
	d := p.device()
	b.confirm(*d.VerificationUriComplete)
	b.button("Deny")
	b.sees(200, "Access denied")
	b.back()
	if b.heading() == "Allow access?" {
		b.button("Allow")
		b.sees(409, "The request was already decided", "You denied it.")
	}
	_, err = p.redeemDevice(d.DeviceCode)
	wantCode(t, err, "AccessDeniedException")

	// Nor does signing in once more do any harm, or show somebody's pages after
	// they have gone.
	b.goTo(ic.URL)
	b.button("Sign out")
	b.sees(200, "Signed out")
	b.back()
	if b.heading() == "Your accounts" {
		b.link("dev")
	}
	b.sees(200, "Sign in")
}

// doubleClick clicks a button again while the answer to the first click is under
// way.
func (b *tab) doubleClick(ic *idctest.IdentityCenter, name, form string) {
	b.t.Helper()
	slow := inject(b.t, ic, idctest.Fault{Op: form, Latency: time.Second, Count: 1})
	defer slow.Remove()
	x, y := b.at(b.find("button", name))
	b.leave(func() {
		b.clickAt(x, y, 1)
		for deadline := time.Now().Add(patience); slow.Acted() == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				b.t.Fatal("the first click sent nothing")
			}
		}
		b.clickAt(x, y, 2)
	})
}

// However often a button is clicked, the sign-in goes on as if it had been once.
func TestDoubleClick(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := window(t)
	b.goTo(ic.URL)
	b.fill("User name", "alice")
	b.doubleClick(ic, "Go on", "POST /signin")
	b.fill("Password", alicePassword)
	b.doubleClick(ic, "Sign in", "POST /signin")
	b.sees(200, "Your accounts")

	p := register(t, ic, "my-tool")
	d := p.device()
	b.goTo(*d.VerificationUriComplete)
	b.doubleClick(ic, "The code is the same: go on", "POST /device")
	b.sees(200, "Allow access?")
	b.doubleClick(ic, "Allow", "POST /consent")
	b.sees(200, "Access allowed")
	tokens, err := p.redeemDevice(d.DeviceCode)
	p.uses(tokens, err, "alice")

	p = withCallback(t, ic, "my-tool")
	b.goTo(p.authorize())
	b.doubleClick(ic, "Allow", "POST /consent")
	b.sees(200, "Back in the program")
	tokens, err = p.redeemCode(p.called().Get("code"))
	p.uses(tokens, err, "alice")

	b.goTo(ic.URL)
	b.doubleClick(ic, "Sign out", "POST /signout")
	b.sees(200, "Signed out")
}

// When the answer to a decision is lost, sending the form again tells what was
// decided, and decides nothing else.
func TestResubmission(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	lose := func() {
		t.Helper()
		lost := inject(t, ic, idctest.Fault{Op: "POST /consent", Drop: idctest.AfterActing, Count: 1})
		b.button("Allow")
		if lost.Acted() != 1 {
			t.Fatal("no answer was lost")
		}
		if strings.HasPrefix(b.url(), "chrome-error://") { // else the browser sent it again by itself
			b.reload()
		}
	}
	p := register(t, ic, "my-tool")
	d := p.device()
	b.confirm(*d.VerificationUriComplete)
	lose()
	if text := b.text(); !strings.Contains(text, "You allowed it.") && !strings.Contains(text, "my-tool can now act for you.") {
		t.Errorf("got a page that does not say what was decided:\n%s", text)
	}
	tokens, err := p.redeemDevice(d.DeviceCode)
	p.uses(tokens, err, "alice")

	// The callback of an authorization code is lost with the answer. The program
	// has to begin again, and is either called back or told of by the page.
	p = withCallback(t, ic, "my-tool")
	b.goTo(p.authorize())
	lose()
	if b.heading() != "Back in the program" {
		b.sees(409, "The request was already decided", "You allowed it.", "start the sign-in again there")
		b.goTo(p.authorize())
		b.button("Allow")
	}
	b.sees(200, "Back in the program")
	tokens, err = p.redeemCode(p.called().Get("code"))
	p.uses(tokens, err, "alice")
}

// What is decided in one tab is decided in the other.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	ic := center(t)
	one := atHome(t, ic, "alice", alicePassword)
	two := one.another()

	p := withCallback(t, ic, "my-tool")
	one.goTo(p.authorize())
	two.goTo(one.url())
	two.sees(200, "Allow access?")
	one.button("Allow")
	one.sees(200, "Back in the program")
	code := p.called().Get("code")
	two.button("Deny")
	two.sees(409, "The request was already decided", "You allowed it.")
	p.notCalled()
	tokens, err := p.redeemCode(code)
	p.uses(tokens, err, "alice")

	q := register(t, ic, "my-tool")
	d := q.device()
	one.confirm(*d.VerificationUriComplete)
	two.confirm(*d.VerificationUriComplete)
	two.button("Deny")
	two.sees(200, "Access denied")
	one.button("Allow")
	one.sees(409, "The request was already decided", "You denied it.")
	one.goTo(one.url())
	one.sees(200, "Access denied")

	// Signing in in both tabs at once: both get on.
	fresh := window(t)
	fresh.goTo(p.authorize())
	other := fresh.another()
	other.goTo(ic.URL + "/start?q=dev")
	fresh.signIn("alice", alicePassword)
	fresh.sees(200, "Allow access?")
	other.signIn("alice", alicePassword)
	other.sees(200, "Your accounts", "1 of 3 accounts")
	fresh.button("Allow")
	fresh.sees(200, "Back in the program")
	tokens, err = p.redeemCode(p.called().Get("code"))
	p.uses(tokens, err, "alice")
}

// A request that nobody answered in time cannot be answered any more.
func TestRequestExpires(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	p, q := withCallback(t, ic, "my-tool"), register(t, ic, "my-tool")
	d := q.device()
	b.goTo(p.authorize())
	other := b.another()
	other.goTo(*d.VerificationUriComplete)
	advance(t, ic, 11*time.Minute)
	b.button("Allow")
	b.sees(410, "The request has expired")
	p.notCalled()
	other.button("The code is the same: go on")
	other.sees(410, "The request has expired")
	_, err := q.redeemDevice(d.DeviceCode)
	wantCode(t, err, "ExpiredTokenException")
}

// Nothing is decided by a sign-in that has ended, and no code outlives its time.
func TestSignInExpires(t *testing.T) {
	t.Parallel()
	ic := center(t, idctest.Policy{DeviceCode: 24 * time.Hour})
	b := atHome(t, ic, "alice", alicePassword)
	p := register(t, ic, "my-tool")
	d := p.device()
	b.confirm(*d.VerificationUriComplete)
	advance(t, ic, 9*time.Hour)
	b.button("Allow")
	b.sees(200, "Sign in", "A program is asking for access.")
	b.signIn("alice", alicePassword)
	// What was asked belongs to the sign-in that is over.
	b.sees(403, "The request belongs to another sign-in")
	_, err := p.redeemDevice(d.DeviceCode)
	wantCode(t, err, "AuthorizationPendingException")

	// The code too can be too old when it is entered.
	b = window(t)
	b.goTo(ic.URL + "/start?q=dev")
	b.signIn("bob", bobPassword)
	code := b.readCode()
	advance(t, ic, 10*time.Minute)
	b.fill("Code", code)
	b.button("Sign in")
	b.sees(410, "The code has expired")
	b.link("Sign in again")
	b.signIn("bob", bobPassword)
	b.fill("Code", b.readCode())
	b.button("Sign in")
	b.sees(200, "Your accounts", "1 of 2 accounts")
}

// Shortly before its end a sign-in is made anew, because what it allows would end
// with it.
func TestSignInEndsSoon(t *testing.T) {
	t.Parallel()
	ic := center(t, idctest.Policy{DeviceCode: 24 * time.Hour})
	b := atHome(t, ic, "alice", alicePassword)
	p := register(t, ic, "my-tool")
	d := p.device()
	b.confirm(*d.VerificationUriComplete)
	advance(t, ic, 7*time.Hour+58*time.Minute)
	b.button("Allow")
	b.sees(200, "Sign in", "Your sign-in is about to end")
	b.signIn("alice", alicePassword)
	b.sees(200, "Allow access?", *d.UserCode)
	b.button("Allow")
	b.sees(200, "Access allowed")
	tokens, err := p.redeemDevice(d.DeviceCode)
	p.uses(tokens, err, "alice")
}

// Who is shut out in the middle of a sign-in gets no further.
func TestDisabled(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	p := withCallback(t, ic, "my-tool")
	b.goTo(p.authorize())
	if err := ic.DisableUser(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	b.button("Allow")
	b.sees(200, "Sign in")
	b.signIn("alice", alicePassword)
	b.sees(403, "Enter your password", "The user name or the password is wrong.")
	p.notCalled()
}

// Nobody decides what somebody else was asked.
func TestSomebodyElse(t *testing.T) {
	t.Parallel()
	ic := center(t, idctest.Seed(organisation))
	alice, carol := atHome(t, ic, "alice", alicePassword), atHome(t, ic, "carol", "nothing-yet")
	p := withCallback(t, ic, "my-tool")
	alice.goTo(p.authorize())
	carol.goTo(alice.url())
	carol.sees(403, "The request belongs to another sign-in")
	alice.button("Allow")
	alice.sees(200, "Back in the program")
	tokens, err := p.redeemCode(p.called().Get("code"))
	p.uses(tokens, err, "alice")

	q := register(t, ic, "my-tool")
	d := q.device()
	alice.confirm(*d.VerificationUriComplete)
	carol.goTo(*d.VerificationUriComplete)
	carol.button("The code is the same: go on")
	carol.sees(403, "The request belongs to another sign-in")
	carol.goTo(alice.url())
	carol.sees(403, "The request belongs to another sign-in")
	alice.button("Allow")
	alice.sees(200, "Access allowed")

	// In one browser: the second to sign in does not answer for the first.
	p = withCallback(t, ic, "my-tool")
	alice.goTo(p.authorize())
	other := alice.another()
	other.goTo(ic.URL)
	other.button("Sign out")
	other.link("Sign in again")
	other.signIn("carol", "nothing-yet")
	alice.button("Allow")
	alice.sees(403, "The request belongs to another sign-in")
	p.notCalled()
}

// A program whose callback nobody answers any more leaves the browser without an
// answer, and the sign-in without harm.
func TestProgramGone(t *testing.T) {
	t.Parallel()
	ic := center(t)
	b := atHome(t, ic, "alice", alicePassword)
	p := register(t, ic, "my-tool", "http://127.0.0.1/oauth/callback")
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	p.redirect = gone.URL + "/oauth/callback"
	b.goTo(p.authorize())
	b.button("Allow")
	if !strings.HasPrefix(b.url(), "chrome-error://") {
		t.Errorf("got %s, want an error of the browser's own", b.url())
	}
	b.goTo(ic.URL)
	b.sees(200, "Your accounts")
}
