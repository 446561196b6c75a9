package browse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/control"
)

const (
	// maxSteps is far above what a sign-in takes: authorize, consent, decide, or
	// device, consent, decide, outcome.
	maxSteps = 12
	maxPage  = 1 << 20

	// A sign-in that a rule answers later is looked at again and again: the page
	// redirects to itself. Those are no steps, but have an end, somewhat after that
	// of every request.
	maxWait      = 15 * time.Minute
	betweenLooks = 250 * time.Millisecond
)

// Browser visits pages as one person.
type Browser struct {
	Control *control.Client
	User    string       // who signs in
	Deny    bool         // deny what is asked
	HTTP    *http.Client // nil: straight to the address, past any proxy
}

// PageError is a page that says no.
type PageError struct {
	Status int
	Title  string // the page's heading
	Text   string // what it says is wrong
}

func (e *PageError) Error() string {
	switch {
	case e.Title == "" && e.Text == "":
		return "the page answered with status " + strconv.Itoa(e.Status)
	case e.Text == "":
		return e.Title
	case e.Title == "":
		return e.Text
	}
	return e.Title + ": " + e.Text
}

// UnansweredError says that a rule of the Identity Center leaves the sign-in
// unanswered: whoever began it waits until their own patience ends.
type UnansweredError struct {
	Text string // what the page says about it
}

func (e *UnansweredError) Error() string {
	if e.Text == "" {
		return "this sign-in is left unanswered"
	}
	return "this sign-in is left unanswered: " + e.Text
}

// Visit signs the person in, opens the address of a sign-in and goes through the
// pages to the decision. For an authorization code the client's callback is
// returned and not fetched; for a device code it is "", the device hears of it by
// itself. Where a rule of the Identity Center answers instead of the person, its
// answer is returned, whatever it is. The error may be a *PageError or an
// *UnansweredError.
func (b *Browser) Visit(ctx context.Context, address string) (callback string, err error) {
	base, start, err := b.resolve(address)
	if err != nil {
		return "", err
	}
	cookie, err := b.Control.SignIn(ctx, b.User)
	if err != nil {
		return "", fmt.Errorf("sign in as %q: %w", b.User, err)
	}
	t := &tab{client: withoutCookies(b.Control.Record, b.HTTP), base: base, cookies: map[string]string{cookie.Name: cookie.Value}}
	callback, byRule, err := b.walk(ctx, t, start)
	if err != nil || b.Deny || byRule {
		// Nothing hangs on this sign-in, so it should not linger.
		t.signOut(ctx)
	}
	return callback, err
}

// walk goes from page to page. byRule says that a rule gave the answer, or that
// nothing was to be decided: the console's page is an end, too.
func (b *Browser) walk(ctx context.Context, t *tab, start *url.URL) (callback string, byRule bool, err error) {
	next, form := start, url.Values(nil)
	deciding, decided := false, false
	began := time.Now()
	for steps := 0; steps < maxSteps; steps++ {
		asked := time.Now()
		resp, err := t.fetch(ctx, next, form)
		if err != nil {
			return "", false, err
		}
		if resp.location != nil {
			consent := form == nil && next.Path == "/consent"
			if sameOrigin(resp.location, t.base) {
				if consent && resp.location.String() == next.String() && time.Since(began) < maxWait {
					steps-- // a rule has not answered yet
					if err := sleep(ctx, betweenLooks-time.Since(asked)); err != nil {
						return "", false, err
					}
				}
				next, form = resp.location, nil
				decided, deciding = decided || deciding, false
				continue
			}
			// The consent page leads away by itself when a rule has answered.
			if !deciding && !consent {
				return "", false, fmt.Errorf("the page %s leads to %s://%s, away from the Identity Center", next.Path, resp.location.Scheme, resp.location.Host)
			}
			return resp.location.String(), !deciding, nil
		}
		page, err := parsePage(resp.body)
		if err != nil {
			return "", false, fmt.Errorf("read the page %s: %w", next.Path, err)
		}
		if resp.status != http.StatusOK {
			return "", false, page.refusal(resp.status)
		}
		if page.state == stateUnanswered {
			return "", false, &UnansweredError{Text: page.lead}
		}
		if page.state == stateConsole {
			return "", true, nil
		}
		if decided {
			return "", false, nil
		}
		if next, form, deciding, err = b.fillIn(t, next, page); err != nil {
			return "", false, err
		}
	}
	return "", false, fmt.Errorf("no decision after %d pages", maxSteps)
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// fillIn finds the form that goes on and fills it in.
func (b *Browser) fillIn(t *tab, at *url.URL, p *page) (next *url.URL, form url.Values, decides bool, err error) {
	for _, f := range p.forms {
		action, err := at.Parse(f.action)
		if err != nil || f.method != http.MethodPost || !sameOrigin(action, t.base) {
			continue
		}
		switch action.Path {
		case "/device":
			if f.fields.Get("user_code") == "" {
				return nil, nil, false, errors.New("the page asks for the code of a device, and the address holds none")
			}
			return action, f.fields, false, nil
		case "/consent":
			decision := "allow"
			if b.Deny {
				decision = "deny"
			}
			if !f.buttons.Has("decision", decision) {
				return nil, nil, false, fmt.Errorf("the page titled %q has no button to %s", p.title, decision)
			}
			f.fields.Set("decision", decision)
			return action, f.fields, true, nil
		case "/signin":
			return nil, nil, false, fmt.Errorf("the Identity Center asks for a password although %q is signed in", b.User)
		}
	}
	return nil, nil, false, fmt.Errorf("expected a form to confirm or decide, got the page titled %q", p.title)
}

// resolve checks that an address is a page of the Identity Center that is
// steered, and says where to fetch it: always at the recorded address, because
// another name for this machine may lead to another program.
func (b *Browser) resolve(address string) (base, start *url.URL, err error) {
	base, err = url.Parse(b.Control.Record.Address)
	if err != nil || base.Host == "" {
		return nil, nil, fmt.Errorf("%q is no address of an Identity Center", b.Control.Record.Address)
	}
	start, err = url.Parse(address)
	if err != nil {
		return nil, nil, errors.New("the address to open is no URL")
	}
	same := start.Scheme == base.Scheme && start.User == nil && control.Port(start) == control.Port(base) &&
		(strings.EqualFold(start.Hostname(), base.Hostname()) || control.Loopback(start.Hostname()) && control.Loopback(base.Hostname()))
	if !same && !AtAWS(start) {
		return nil, nil, fmt.Errorf("%s://%s is not the Identity Center at %s", start.Scheme, start.Host, b.Control.Record.Address)
	}
	at := *start
	// As the page's script does with a link to the console.
	if place, query, ok := strings.Cut(start.EscapedFragment(), "?"); ok && place == "/console" && strings.TrimSuffix(at.Path, "/") == "/start" {
		at.Path, at.RawQuery = "/start/console", query
	}
	at.Scheme, at.Host, at.Fragment, at.RawFragment = base.Scheme, base.Host, "", ""
	return base, &at, nil
}

// AtAWS says whether an address is where clients that ignore endpoint variables
// send a browser: to /authorize at AWS's own sign-in host, which has many names,
// by region and partition. Any that begins as they do is taken for one, because
// whoever visits pages here means the Identity Center that stands in for it, and
// nothing is asked anywhere else.
func AtAWS(u *url.URL) bool {
	service, domain, _ := strings.Cut(strings.ToLower(u.Hostname()), ".")
	return u.Scheme == "https" && u.User == nil && u.Port() == "" && u.Path == "/authorize" &&
		(service == "oidc" || service == "oidc-fips") && strings.Contains(domain, ".") && !strings.HasSuffix(domain, ".localhost")
}

// tab holds what a browser keeps between pages.
type tab struct {
	client  *http.Client
	base    *url.URL
	cookies map[string]string
}

type response struct {
	status   int
	location *url.URL // of a redirect
	body     []byte
}

// fetch gets a page, or posts a form when there is one.
func (t *tab) fetch(ctx context.Context, at *url.URL, form url.Values) (*response, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", at.Path, err)
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range t.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("open %s at %s: %w", at.Path, at.Host, control.Cause(err))
	}
	defer resp.Body.Close()
	for _, c := range resp.Cookies() {
		if t.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(t.cookies, c.Name)
		}
	}
	out := &response{status: resp.StatusCode}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		out.location, err = resp.Location()
		if err != nil {
			return nil, fmt.Errorf("%s answered %s without a place to go to", at.Path, resp.Status)
		}
		return out, nil
	}
	out.body, err = io.ReadAll(io.LimitReader(resp.Body, maxPage+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", at.Path, err)
	}
	if len(out.body) > maxPage {
		return nil, fmt.Errorf("the page %s is larger than %d bytes", at.Path, maxPage)
	}
	return out, nil
}

const signOutTimeout = 2 * time.Second

// signOut ends the session. It is tidiness: a failure changes no outcome.
func (t *tab) signOut(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signOutTimeout)
	defer cancel()
	_, _ = t.fetch(ctx, t.base.JoinPath("signout"), url.Values{})
}

// withoutCookies is a client that answers with the redirect itself and keeps
// cookies to us.
func withoutCookies(r control.Record, c *http.Client) *http.Client {
	own := r.HTTPClient(c)
	own.Jar = nil
	return own
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.User == nil && strings.EqualFold(a.Hostname(), b.Hostname()) && control.Port(a) == control.Port(b)
}
