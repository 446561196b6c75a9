package browse

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// page is what a person would take from a page.
type page struct {
	title   string
	heading string // h1
	alert   string // what role="alert" holds
	lead    string // the first paragraph after the heading
	state   string // main's data-state
	forms   []form
}

// stateUnanswered marks the page of a sign-in that a rule leaves unanswered.
const stateUnanswered = "unanswered"

// stateConsole marks the page that stands in for AWS's console.
const stateConsole = "console"

type form struct {
	method, action string
	fields         url.Values // of inputs, as they stand
	buttons        buttons
}

type button struct{ name, value string }

type buttons []button

// Has says whether there is a submit button of that name and value.
func (b buttons) Has(name, value string) bool { return slices.Contains(b, button{name, value}) }

func parsePage(body []byte) (*page, error) {
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	p := &page{}
	p.read(root, false)
	return p, nil
}

// read walks the tree. inMain: only what is in main is about this page.
func (p *page) read(n *html.Node, inMain bool) {
	if n.Type == html.ElementNode {
		switch n.DataAtom {
		case atom.Title:
			p.title = clean(text(n))
		case atom.Main:
			inMain = true
			p.state = attribute(n, "data-state")
		case atom.H1:
			p.heading = clean(text(n))
		case atom.P:
			if inMain && p.heading != "" && p.lead == "" {
				p.lead = clean(text(n))
			}
		case atom.Form:
			p.forms = append(p.forms, readForm(n))
		}
		if attribute(n, "role") == "alert" {
			p.alert = clean(text(paragraph(n)))
		}
	}
	for c := range n.ChildNodes() {
		p.read(c, inMain)
	}
}

// refusal is the page's own word for what is wrong.
func (p *page) refusal(status int) *PageError {
	e := &PageError{Status: status, Title: p.heading, Text: p.lead}
	if p.alert != "" {
		e.Text = p.alert
	}
	return e
}

func readForm(n *html.Node) form {
	f := form{method: http.MethodGet, action: attribute(n, "action"), fields: url.Values{}}
	if strings.EqualFold(attribute(n, "method"), "post") {
		f.method = http.MethodPost
	}
	for d := range n.Descendants() {
		if d.Type != html.ElementNode || attribute(d, "name") == "" {
			continue
		}
		name, value := attribute(d, "name"), attribute(d, "value")
		switch d.DataAtom {
		case atom.Input:
			f.fields.Add(name, value)
		case atom.Button:
			f.buttons = append(f.buttons, button{name, value})
		}
	}
	return f
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// paragraph is the first paragraph under a node: past the heading of an alert.
// Without one it is the node itself.
func paragraph(n *html.Node) *html.Node {
	for d := range n.Descendants() {
		if d.DataAtom == atom.P {
			return d
		}
	}
	return n
}

// text is what is written under a node.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

const maxShown = 500

// clean makes text of a page fit for a terminal: one line, no control or format
// characters, not endless.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxShown {
		s = string(r[:maxShown]) + "…"
	}
	return s
}
