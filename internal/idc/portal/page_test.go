package portal_test

import (
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

var strictPolicy = regexp.MustCompile(`^default-src 'none'; (script-src 'self'; )?style-src 'self'; img-src 'self'; form-action 'self'( [^ ;,]+)?; frame-ancestors 'none'; base-uri 'none'$`)

// checkHeaders holds for every answer, whatever it is.
func checkHeaders(t testing.TB, path string, a answer) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: got %s %q, want %q", path, name, got, want)
		}
	}
	policy := a.header.Values("Content-Security-Policy")
	m := strictPolicy.FindStringSubmatch(strings.Join(policy, ", "))
	if len(policy) != 1 || m == nil {
		t.Errorf("%s: got policy %q", path, policy)
	} else if m[2] != "" && !strings.HasPrefix(path, "/consent") {
		t.Errorf("%s: got policy %q, want no other origin", path, policy)
	} else if got, want := m[1] != "", strings.Contains(a.body, "<script "); got != want && a.body != "" { // HEAD has none
		t.Errorf("%s: a script is allowed: %v, and there: %v", path, got, want)
	}
	wantCache := "no-store"
	if strings.HasPrefix(path, "/assets/") && a.status == 200 {
		wantCache = "public, max-age=31536000, immutable"
	}
	if got := a.header.Get("Cache-Control"); got != wantCache {
		t.Errorf("%s: got Cache-Control %q, want %q", path, got, wantCache)
	}
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s: got %s", path, name)
		}
	}
}

var void = []string{"meta", "link", "input", "br"}

var scriptAddress = regexp.MustCompile(`^/assets/(copy|deep-link)-[0-9a-f]{16}\.js$`)

// checkPage holds every page to being well formed and usable without sight,
// pointer or script.
func checkPage(t testing.TB, where, page string) {
	t.Helper()
	checkNesting(t, where, page)
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	count := map[string]int{}
	ids := map[string]int{}
	labels := map[string]bool{}
	var refersTo []string
	title, lang := "", ""
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		attr := attributes(n)
		if id, ok := attr["id"]; ok {
			ids[id]++
		}
		for _, name := range []string{"aria-describedby", "aria-labelledby"} {
			refersTo = append(refersTo, strings.Fields(attr[name])...)
		}
		for name := range attr {
			if strings.HasPrefix(name, "on") || name == "style" {
				t.Errorf("%s: <%s> has %s", where, n.Data, name)
			}
		}
		switch n.Data {
		case "html":
			lang = attr["lang"]
		case "title":
			title = content(n)
		case "script":
			// One of ours, which does nothing that the page needs.
			if !scriptAddress.MatchString(attr["src"]) || content(n) != "" {
				t.Errorf("%s: has a script at %q with %q", where, attr["src"], content(n))
			}
		case "style", "iframe", "object", "base":
			t.Errorf("%s: has <%s>", where, n.Data)
		case "label":
			labels[attr["for"]] = true
		case "form":
			if !strings.HasPrefix(attr["action"], "/") || strings.HasPrefix(attr["action"], "//") {
				t.Errorf("%s: form leads to %q", where, attr["action"])
			}
		case "button":
			if attr["type"] != "submit" {
				t.Errorf("%s: a button does nothing without a script", where)
			}
			fallthrough
		case "a", "h1", "h2", "h3", "summary", "dt", "dd":
			if strings.TrimSpace(content(n)) == "" {
				t.Errorf("%s: empty <%s>", where, n.Data)
			}
		}
		for _, name := range []string{"href", "src", "action"} {
			if v, ok := attr[name]; ok && !strings.HasPrefix(v, "/") && !strings.HasPrefix(v, "#") {
				t.Errorf("%s: <%s %s=%q> leads elsewhere", where, n.Data, name, v)
			}
		}
	}
	for n := range root.Descendants() {
		if n.Data != "input" || n.Type != html.ElementNode {
			continue
		}
		if attr := attributes(n); attr["type"] != "hidden" && !labels[attr["id"]] {
			t.Errorf("%s: input %q has no label", where, attr["name"])
		}
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("%s: id %q is used %d times", where, id, n)
		}
	}
	for _, id := range refersTo {
		if ids[id] == 0 {
			t.Errorf("%s: described by %q, which is not there", where, id)
		}
	}
	for _, tag := range []string{"h1", "main", "header", "footer", "title"} {
		if count[tag] != 1 {
			t.Errorf("%s: got %d <%s>, want 1", where, count[tag], tag)
		}
	}
	if lang != "en" || !strings.HasSuffix(title, " · portico") || len(title) < len("x · portico") {
		t.Errorf("%s: got lang %q, title %q", where, lang, title)
	}
	if !strings.HasPrefix(page, "<!DOCTYPE html>") {
		t.Errorf("%s: no doctype", where)
	}
}

// checkNesting sees what a forgiving parser repairs.
func checkNesting(t testing.TB, where, page string) {
	t.Helper()
	var open []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("%s: %v left open", where, open)
			}
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !slices.Contains(void, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Errorf("%s: </%s> closes %v", where, name, open)
				return
			}
			open = open[:len(open)-1]
		}
	}
}

func attributes(n *html.Node) map[string]string {
	m := map[string]string{}
	for _, a := range n.Attr {
		m[a.Key] = a.Val
	}
	return m
}

func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// Text has a contrast of 4.5 and edges of controls one of 3 against what they
// stand on (WCAG 2.2, 1.4.3 and 1.4.11), in both schemes.
func TestContrast(t *testing.T) {
	css, err := os.ReadFile("assets/portico.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark scheme")
	}
	for scheme, text := range map[string]string{"light": light, "dark": dark[:strings.Index(dark, "*,")]} {
		colour := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(text, -1) {
			colour[m[1]] = m[2]
		}
		for _, pair := range []struct {
			front, back string
			min         float64
		}{
			{"ink", "ground", 4.5}, {"ink", "surface", 4.5}, {"ink", "tint", 4.5}, {"soft", "ground", 4.5}, {"soft", "surface", 4.5},
			{"accent", "ground", 4.5}, {"accent", "surface", 4.5}, {"accent", "tint", 4.5}, {"accent-strong", "surface", 4.5},
			{"accent", "care-ground", 4.5}, {"accent-strong", "care-ground", 4.5}, {"accent-strong", "tint", 4.5}, {"accent-strong", "ground", 4.5}, {"care", "ground", 4.5}, {"problem", "ground", 4.5},
			{"on-accent", "accent", 4.5}, {"on-accent", "accent-strong", 4.5},
			{"problem", "problem-ground", 4.5}, {"problem", "surface", 4.5}, {"care", "care-ground", 4.5}, {"care", "surface", 4.5},
			{"edge", "surface", 3}, {"edge", "ground", 3}, {"focus", "surface", 3}, {"focus", "ground", 3},
		} {
			if got := contrast(t, colour[pair.front], colour[pair.back]); got < pair.min {
				t.Errorf("%s: %s on %s: got %.2f, want %.1f", scheme, pair.front, pair.back, got, pair.min)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(hex string) float64 {
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			if len(hex) != 6 {
				t.Fatalf("%q is no colour", hex)
			}
			n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			v := float64(n) / 255
			if v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += weight * v
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
