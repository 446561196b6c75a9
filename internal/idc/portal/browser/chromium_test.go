package browser_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long anything may take. It is generous, for machines that are
// busy with other things.
const patience = 30 * time.Second

// rebound is a name that an attacker's name server points at this machine.
const rebound = "rebound.test"

// absent skips a test for want of a program, unless PORTICO_REQUIRE names it.
func absent(t testing.TB, name, cure string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("PORTICO_REQUIRE"), ","), name) {
		t.Fatalf("%s is required, and absent: %s", name, cure)
	}
	t.Skipf("%s is absent: %s", name, cure)
}

// chromium is the one browser of all tests, started when the first asks for it.
var chromium = sync.OnceValues(startChromium)

// stopChromium ends it, when it was started.
var stopChromium = func() {}

var errNoChromium = errors.New("no Chromium")

func TestMain(m *testing.M) {
	// The tests talk to this machine alone; what the environment says about AWS
	// is for others.
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasSuffix(strings.ToLower(name), "_proxy") {
			os.Unsetenv(name)
		}
	}
	code := m.Run()
	stopChromium()
	os.Exit(code)
}

func startChromium() (context.Context, error) {
	var path string
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, errNoChromium
	}
	home, err := os.MkdirTemp("", "portico-browser-")
	if err != nil {
		return nil, err
	}
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(home),
		chromedp.NoInheritEnv, chromedp.Env("PATH="+os.Getenv("PATH"), "HOME="+home, "TMPDIR="+os.Getenv("TMPDIR"), "LANG=C.UTF-8"),
		// Nothing beyond this machine has a name.
		chromedp.Flag("host-resolver-rules", "MAP "+rebound+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		// Pages of the browser's own, which no test opens, take most of a processor
		// whenever a window is opened.
		chromedp.Flag("disable-features", "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup"),
	}
	for _, name := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
		"disable-component-update", "disable-sync", "no-default-browser-check", "disable-dev-shm-usage", "hide-scrollbars",
		"disable-renderer-backgrounding", "disable-background-timer-throttling", "disable-backgrounding-occluded-windows",
	} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, stop := chromedp.NewContext(allocator)
	stopChromium = func() {
		stop()
		stopAllocator()
		os.RemoveAll(home)
	}
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ctx, nil
}

// A tab is one of a person's browser, and the person at it.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu    sync.Mutex
	heard []string // what the browser complained of
}

// window opens a browser that nobody has used, with one tab.
func window(t testing.TB) *tab {
	t.Helper()
	ctx, err := chromium()
	if errors.Is(err, errNoChromium) {
		absent(t, "chromium", "apt-get install chromium")
	}
	if err != nil {
		t.Fatal(err)
	}
	return newTab(t, ctx, chromedp.WithNewBrowserContext())
}

// another opens another tab of the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	return newTab(b.t, b.ctx)
}

func newTab(t testing.TB, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(parent, options...)
	t.Cleanup(closeTab)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			// That a page has an error's status is what tests ask for.
			if e.Entry.Source != log.EntrySourceNetwork {
				b.hear(string(e.Entry.Source) + ": " + e.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			b.hear("exception: " + e.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, words := range b.heard {
			t.Errorf("the browser complains: %s", words)
		}
	})
	// Several tabs are open at once, and each has its person's eyes.
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	b.screen(wide)
	return b
}

func (b *tab) hear(words string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = append(b.heard, words)
}

// complaints takes what was heard so far out of the tab.
func (b *tab) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	heard := b.heard
	b.heard = nil
	return heard
}

// call makes a call of the DevTools protocol, which has to go well.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := tryCall(b, command, params)
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return r
}

func tryCall[P, R any](b *tab, command cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Call(ctx, command, params)
}

// eval asks the page something as its developer tools would: without its content
// policy, and even where scripts are off.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	v, err := tryEval[T](b, script)
	if err != nil {
		b.t.Fatalf("%.200s: %v", script, err)
	}
	return v
}

// tryEval fails where the page may give way to another while it is asked.
func tryEval[T any](b *tab, script string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
}

// loader names the document that is shown.
func (b *tab) loader() cdp.LoaderID {
	b.t.Helper()
	return call(b, page.GetFrameTree, cdp.Empty{}).FrameTree.Frame.LoaderID
}

// leave does something that leads to another page, and waits until that is there.
func (b *tab) leave(do func()) {
	b.t.Helper()
	before := b.loader()
	do()
	b.arrive(before)
}

func (b *tab) arrive(before cdp.LoaderID) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		now := b.loader()
		if now != before {
			// It may be replaced by yet another while it is asked.
			ctx, cancel := context.WithTimeout(b.ctx, time.Second)
			state, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.readyState`))
			cancel()
			if err == nil && state == "complete" {
				return
			}
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("no other page came after %s, which says:\n%s", b.url(), b.text())
		}
	}
}

// goTo types an address.
func (b *tab) goTo(address string) {
	b.t.Helper()
	b.leave(func() { call(b, page.Navigate, page.NavigateParams{URL: address}) })
}

func (b *tab) reload() {
	b.t.Helper()
	b.leave(func() { call(b, page.Reload, page.ReloadParams{}) })
}

// back is the browser's own button.
func (b *tab) back() {
	b.t.Helper()
	history := call(b, page.GetNavigationHistory, cdp.Empty{})
	if history.CurrentIndex == 0 {
		b.t.Fatal("there is nothing to go back to")
	}
	entry := history.Entries[history.CurrentIndex-1]
	b.leave(func() {
		call(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry.ID})
	})
}

// find finds the one element that has a role and a name in the tree which
// assistive technology sees.
func (b *tab) find(role, name string) cdp.BackendNodeID {
	b.t.Helper()
	found := b.findAll(role, name)
	if len(found) != 1 {
		b.t.Fatalf("%s: got %d of %s %q, want 1, on a page that says:\n%s", b.url(), len(found), role, name, b.text())
	}
	return found[0]
}

func (b *tab) findAll(role, name string) []cdp.BackendNodeID {
	b.t.Helper()
	root := call(b, dom.GetDocument, dom.GetDocumentParams{}).Root
	var found []cdp.BackendNodeID
	for _, n := range call(b, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{BackendNodeID: root.BackendNodeID, Role: role}).Nodes {
		if n.Ignored || n.Name == nil {
			continue
		}
		if got, err := strconv.Unquote(string(n.Name.Value)); err == nil && got == name {
			found = append(found, n.BackendDOMNodeID)
		}
	}
	return found
}

// at says where an element can be hit, and brings it there.
func (b *tab) at(node cdp.BackendNodeID) (x, y float64) {
	b.t.Helper()
	call(b, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: node})
	quads := call(b, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: node}).Quads
	if len(quads) == 0 || len(quads[0]) != 8 {
		b.t.Fatalf("%s: an element has no place on the page", b.url())
	}
	for i := 0; i < 8; i += 2 {
		x, y = x+quads[0][i]/4, y+quads[0][i+1]/4
	}
	return x, y
}

// clickAt presses the button there; count is 2 for the second click of a double.
func (b *tab) clickAt(x, y float64, count int64) {
	b.t.Helper()
	mouse := input.DispatchMouseEventParams{X: x, Y: y, Type: chromedp.MouseMoved}
	call(b, input.DispatchMouseEvent, mouse)
	mouse.Button, mouse.ClickCount = input.MouseButtonLeft, count
	for _, mouse.Type = range []input.DispatchMouseEventType{chromedp.MousePressed, chromedp.MouseReleased} {
		call(b, input.DispatchMouseEvent, mouse)
	}
}

// click clicks what stays on the page.
func (b *tab) click(role, name string) {
	b.t.Helper()
	x, y := b.at(b.find(role, name))
	b.clickAt(x, y, 1)
}

// follow clicks what leads to another page.
func (b *tab) follow(role, name string) {
	b.t.Helper()
	node := b.find(role, name)
	x, y := b.at(node)
	b.leave(func() { b.clickAt(x, y, 1) })
}

func (b *tab) button(name string) { b.t.Helper(); b.follow("button", name) }
func (b *tab) link(name string)   { b.t.Helper(); b.follow("link", name) }

// keys presses them, wherever the focus is.
func (b *tab) keys(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.KeyEvent(keys, options...)); err != nil {
		b.t.Fatal(err)
	}
}

// fill writes into a field in place of what is in it, all at once as a paste does:
// where keys matter, tests press them.
func (b *tab) fill(name, text string) {
	b.t.Helper()
	role := "textbox"
	if len(b.findAll(role, name)) == 0 {
		role = "searchbox"
	}
	b.click(role, name)
	call(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Commands: []string{"selectAll"}})
	call(b, input.InsertText, input.InsertTextParams{Text: text})
}

// focused says what has the focus, by its tag and id.
func (b *tab) focused() string {
	b.t.Helper()
	return eval[string](b, `document.activeElement.tagName.toLowerCase() + (document.activeElement.id && "#" + document.activeElement.id)`)
}

func (b *tab) url() string     { b.t.Helper(); return eval[string](b, `location.href`) }
func (b *tab) text() string    { b.t.Helper(); return eval[string](b, `document.body?.innerText ?? ""`) }
func (b *tab) heading() string { b.t.Helper(); return eval[string](b, headingScript) }

const headingScript = `(document.querySelector("h1")?.innerText ?? "").replace(/\s+/g, " ").trim()`

// status is the HTTP status of the page.
func (b *tab) status() int {
	b.t.Helper()
	return eval[int](b, `performance.getEntriesByType("navigation")[0]?.responseStatus ?? 0`)
}

// path is the address without its origin and its query.
func (b *tab) path() string {
	b.t.Helper()
	u, err := url.Parse(b.url())
	if err != nil {
		b.t.Fatal(err)
	}
	return u.Path
}

// sees checks what page is shown.
func (b *tab) sees(status int, heading string, says ...string) {
	b.t.Helper()
	text, got := b.text(), b.heading()
	if s := b.status(); s != status || got != heading {
		b.t.Fatalf("%s: got %d %q, want %d %q, on a page that says:\n%s", b.url(), s, got, status, heading, text)
	}
	for _, words := range says {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), words) {
			b.t.Fatalf("%s: got a page that does not say %q:\n%s", b.url(), words, text)
		}
	}
}

// A screen is what a page is shown on.
type screen struct {
	name          string
	width, height int64
	phone         bool
}

var (
	wide  = screen{"wide", 1280, 900, false}
	phone = screen{"phone", 390, 844, true} // for pictures; what fits on narrow fits here
	// narrow is what a magnified page has left (WCAG 2.2, criterion 1.4.10).
	narrow = screen{"narrow", 320, 640, true}
)

func (b *tab) screen(s screen) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: s.width, Height: s.height, DeviceScaleFactor: 1, Mobile: s.phone,
	})
}

// scheme is light or dark.
func (b *tab) scheme(name string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
}
