package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabTo presses the Tab key until the focus is on what has this name.
func (b *tab) tabTo(name string) {
	b.t.Helper()
	const now = `(() => {
		const e = document.activeElement;
		return e === document.body ? "" : (e.getAttribute("aria-label") || e.labels?.[0]?.textContent || e.textContent || "").trim().replace(/\s+/g, " ");
	})()`
	for range 40 {
		if eval[string](b, now) == name {
			return
		}
		b.keys(kb.Tab)
	}
	b.t.Fatalf("%s: the Tab key does not lead to %q", b.url(), name)
}

// enter presses it, and waits for where it leads.
func (b *tab) enter() { b.t.Helper(); b.leave(func() { b.keys(kb.Enter) }) }

// Both ways of signing in can be gone without a pointer, and where something is
// to be typed it can be typed at once.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	ic := center(t)
	p := register(t, ic, "my-tool")
	d := p.device()
	b := window(t)
	b.goTo(*d.VerificationUri)
	b.keys("bob")
	b.enter()
	b.sees(200, "Enter your password")
	b.keys(bobPassword)
	b.enter()
	b.sees(200, "Enter the code")
	b.tabTo("Read the message")
	b.enter()
	code := sixDigits.FindString(b.text())
	b.tabTo("Enter the code")
	b.enter()
	b.sees(200, "Enter the code")
	b.keys(code)
	b.enter()
	b.sees(200, "Confirm a code")
	b.keys(*d.UserCode)
	b.enter()
	b.sees(200, "Allow access?", *d.UserCode)
	b.tabTo("Allow")
	b.enter()
	b.sees(200, "Access allowed")
	tokens, err := p.redeemDevice(d.DeviceCode)
	p.uses(tokens, err, "bob")

	// A code that is in the address has to be looked at, so it is not sent by the
	// key that brought the person here.
	d = p.device()
	b.goTo(*d.VerificationUriComplete)
	b.tabTo("The code is the same: go on")
	b.enter()
	b.tabTo("I did not start this")
	b.keys(kb.Enter)
	b.eventually(`document.querySelector("details").open`)
	b.tabTo("Leave without answering")
	b.keys(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))
	b.keys(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))
	b.enter()
	b.sees(200, "Access denied")
	_, err = p.redeemDevice(d.DeviceCode)
	wantCode(t, err, "AccessDeniedException")

	q := withCallback(t, ic, "my-tool")
	b.goTo(q.authorize())
	b.tabTo("Allow")
	b.enter()
	b.sees(200, "Back in the program")
	tokens, err = q.redeemCode(q.called().Get("code"))
	q.uses(tokens, err, "bob")

	// The access portal.
	b.goTo(ic.URL)
	b.tabTo("Search by name, id or e-mail address")
	b.keys("dev")
	b.enter()
	b.sees(200, "Your accounts", "1 of 2 accounts")
	b.tabTo("dev")
	b.enter()
	b.tabTo("ReadOnly")
	b.enter()
	b.tabTo("Get credentials")
	b.enter()
	b.sees(200, "ReadOnly", "Here they are, once.")
	b.tabTo("Profile")
	b.keys(kb.Enter)
	b.eventually(`[...document.querySelectorAll("details")].find((d) => d.innerText.startsWith("Profile")).open`)
	b.tabTo("Sign out")
	b.enter()
	b.sees(200, "Signed out")

	// The first stop of every page skips what stands above its content.
	b.keys(kb.Tab)
	b.tabTo("Skip to the content")
	b.keys(kb.Enter)
	b.eventually(`document.activeElement.id === "content"`)
	b.keys(kb.Tab)
	b.tabTo("Sign in again")
	b.enter()
	b.sees(200, "Sign in")
}
