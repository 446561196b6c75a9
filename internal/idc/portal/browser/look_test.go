package browser_test

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// An album holds what was looked at.
type album struct {
	mu    sync.Mutex
	pages map[string]string // names to paths
	built map[string]bool   // by shapeScript
}

func newAlbum() *album { return &album{pages: map[string]string{}, built: map[string]bool{}} }

// How a page is built, whatever its words: its elements and their attributes.
const shapeScript = `[...document.querySelectorAll("body, body *")].map((e) => e.tagName + "." + e.className + " " + e.getAttributeNames().join(" ")).join("\n")`

// look examines the page that is shown, as it stands: by keyboard, for what does
// not fit, and by the rules of axe-core, on what differs most among screens.
// What depends on how a page is built alone is not asked again of one that only
// has other words. Nothing on the page changes by it but the focus.
func (a *album) look(b *tab, name string) {
	b.t.Helper()
	path, shape := b.path(), eval[string](b, shapeScript)
	a.mu.Lock()
	if a.pages[name] != "" {
		b.t.Errorf("%s was looked at before", name)
	}
	again := a.built[shape]
	a.pages[name], a.built[shape] = path, true
	a.mu.Unlock()

	b.checkFocused(name)
	b.keep(name)
	for _, s := range []screen{wide, narrow} {
		b.screen(s)
		b.checkFits(name, s)
		if !again {
			b.checkRules(name, s, "light")
		}
	}
	b.screen(wide)
	if again {
		return
	}
	b.checkKeys(name)
	b.scheme("dark")
	b.checkRules(name, wide, "dark")
	b.checkOutlines(name, "dark", eval[[]stop](b, "("+stopsScript+").all()"))
	b.scheme("light")
}

// checkFocused holds that the field to fill in has the focus from the start.
func (b *tab) checkFocused(name string) {
	b.t.Helper()
	if want := eval[string](b, `document.querySelector("[autofocus]")?.id ?? ""`); want != "" {
		if got := b.focused(); got != "input#"+want {
			b.t.Errorf("%s: got the focus on %s, want it on #%s", name, got, want)
		}
	}
}

const fitsScript = `(() => {
	const bad = [];
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth > width) bad.push("the page is " + document.documentElement.scrollWidth + " px wide");
	const all = [...document.querySelectorAll("body *:not(.skip):not(svg *)")];
	const cut = all.filter((e) => getComputedStyle(e).textOverflow === "ellipsis" && e.tagName !== "INPUT"); // and says so by that
	for (const e of all) {
		if (cut.some((c) => c !== e && c.contains(e))) continue;
		const r = e.getBoundingClientRect();
		if (r.width === 0 || r.height === 0) continue;
		const words = e.tagName.toLowerCase() + "." + e.className + " " + (e.textContent || e.value || "").trim().slice(0, 40);
		if (r.right > width + 1 || r.left < -1) bad.push(words + ": sticks out");
		const style = getComputedStyle(e);
		if (e.tagName !== "INPUT" && !cut.includes(e) && style.display !== "inline" && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0) bad.push(words + ": holds more than fits");
	}
	return bad;
})()`

// checkFits holds that nothing has to be scrolled sideways.
func (b *tab) checkFits(name string, s screen) {
	b.t.Helper()
	for _, bad := range eval[[]string](b, fitsScript) {
		b.t.Errorf("%s, %s: %s", name, s.name, bad)
	}
}

// A stop is where the Tab key leads.
type stop struct {
	Words    string  // what it is
	Order    int     // among all that can be operated, -1 for none of them
	Outline  float64 // its width, 0 for none
	Contrast float64 // of the outline, against what is around it
	Left     float64
	Top      float64
	Height   float64
	Seen     bool // within the window
}

// The stops of a page, by what has the focus after each key, or all of them
// without any key.
const stopsScript = `window.stops ??= (() => {
	const operable = () => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), summary")].filter((e) => e.checkVisibility());
	const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
	const luminance = (colors) => {
		canvas.clearRect(0, 0, 1, 1);
		for (const c of colors) { canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); }
		const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const stop = () => {
		const e = document.activeElement;
		const style = getComputedStyle(e);
		const behind = [];
		for (let p = e.parentElement; p; p = p.parentElement) behind.unshift(getComputedStyle(p).backgroundColor);
		const [one, two] = [luminance([...behind, style.outlineColor]), luminance(behind)];
		const r = e.getBoundingClientRect();
		return {
			Words: e.tagName.toLowerCase() + " " + (e.getAttribute("aria-label") || e.textContent.trim() || e.id).slice(0, 40),
			Order: operable().indexOf(e),
			Outline: style.outlineStyle === "none" || !e.matches(":focus-visible") ? 0 : parseFloat(style.outlineWidth),
			Contrast: (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05),
			Left: r.left, Top: r.top + scrollY, Height: r.height,
			Seen: r.top >= 0 && r.bottom <= innerHeight && r.left >= 0 && r.right <= innerWidth,
		};
	};
	let found;
	const note = () => found.push(stop());
	return {
		// Begins at the beginning, wherever the focus was.
		begin() {
			found = [];
			document.documentElement.tabIndex = -1;
			document.documentElement.focus();
			document.documentElement.removeAttribute("tabindex");
			window.scrollTo(0, 0);
			window.addEventListener("keyup", note, true);
			return operable().length;
		},
		end() { window.removeEventListener("keyup", note, true); return found; },
		all() { return operable().map((e) => { e.focus({focusVisible: true}); return stop(); }); },
	};
})()`

// checkKeys holds that the Tab key leads to all that can be operated, in the
// order in which it is read, and that it shows where it is.
func (b *tab) checkKeys(name string) {
	b.t.Helper()
	n := eval[int](b, "("+stopsScript+").begin()")
	b.keys(strings.Repeat("\t", n))
	stops := eval[[]stop](b, "window.stops.end()")
	if len(stops) != n {
		b.t.Fatalf("%s: got %d stops from %d keys", name, len(stops), n)
	}
	for i, at := range stops {
		if at.Order != i {
			b.t.Errorf("%s: got %q (%d) as stop %d of %d", name, at.Words, at.Order, i, n)
		}
		if !at.Seen {
			b.t.Errorf("%s: %q has the focus and cannot be seen", name, at.Words)
		}
		// Further down, or further right in the same row.
		if i > 0 && at.Top < stops[i-1].Top-at.Height && at.Left < stops[i-1].Left {
			b.t.Errorf("%s: from %q the Tab key leads back to %q", name, stops[i-1].Words, at.Words)
		}
	}
	b.checkOutlines(name, "light", stops)
}

// checkOutlines holds that what has the focus is seen to have it.
func (b *tab) checkOutlines(name, scheme string, stops []stop) {
	b.t.Helper()
	for _, at := range stops {
		if at.Outline < 2 || at.Contrast < 3 {
			b.t.Errorf("%s, %s: %q has an outline of %.0f px with a contrast of %.1f when it has the focus", name, scheme, at.Words, at.Outline, at.Contrast)
		}
	}
}

var axe = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile("testdata/axe/node_modules/axe-core/axe.min.js")
	return string(source), err
})

// A violation is what axe-core finds.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML    string
		Summary string
	}
}

// What another scheme changes is colours, and what another screen changes is
// where things are: the rules about these are enough then.
const axeScript = `(async (which) => {
	const report = (found) => found.map((v) => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.map((n) => ({HTML: n.html, Summary: n.failureSummary}))}));
	const options = {
		all: {rules: {"target-size": {enabled: true}}},
		places: {runOnly: ["target-size", "scrollable-region-focusable"], rules: {"target-size": {enabled: true}}},
		colors: {runOnly: ["color-contrast", "link-in-text-block"]},
	}[which];
	const r = await axe.run(document, {resultTypes: ["violations", "incomplete"], ...options});
	return {Violations: report(r.violations), Incomplete: report(r.incomplete)};
})`

// checkRules holds that axe-core finds nothing, and leaves nothing open.
func (b *tab) checkRules(name string, s screen, scheme string) {
	b.t.Helper()
	source, err := axe()
	if err != nil {
		return // TestAxe says so
	}
	if !eval[bool](b, `typeof axe === "object"`) {
		eval[chromedp.Void](b, source+"\n;undefined")
	}
	which := "all"
	switch {
	case scheme == "dark":
		which = "colors"
	case s != wide:
		which = "places"
	}
	found := eval[struct{ Violations, Incomplete []violation }](b, axeScript+"("+strconv.Quote(which)+")")
	for _, v := range append(found.Violations, found.Incomplete...) {
		nodes, _ := json.MarshalIndent(v.Nodes, "", "  ")
		b.t.Errorf("%s, %s, %s: axe-core: %s (%s): %s\n%s", name, scheme, s.name, v.ID, cmp.Or(v.Impact, "no impact"), v.Help, nodes)
	}
}

// keep keeps pictures of the page, where that is asked for.
func (b *tab) keep(name string) {
	b.t.Helper()
	dir := os.Getenv("PORTICO_SCREENS")
	switch dir {
	case "", "0":
		return
	case "1":
		dir = filepath.Join("..", "..", "..", "..", "screens")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for _, s := range []screen{wide, phone} {
		b.screen(s)
		for _, scheme := range []string{"dark", "light"} {
			b.scheme(scheme)
			picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name+"-"+scheme+"-"+s.name+".png"), picture, 0o644)
			}
			if err != nil {
				b.t.Error(err)
			}
		}
	}
}

// TestAxe says when the rules are not looked at.
func TestAxe(t *testing.T) {
	if _, err := axe(); err != nil {
		absent(t, "axe", "npm ci --prefix internal/idc/portal/browser/testdata/axe")
	}
}
