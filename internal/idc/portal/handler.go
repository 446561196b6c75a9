package portal

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// maxBody bounds a form.
const maxBody = 16 << 10

// Handler serves the pages. The id of a request is what stands in the
// X-Amzn-Requestid header of the answer when ServeHTTP is called.
type Handler struct {
	Grant     *grant.Service
	Directory *directory.Service
	BaseURL   string           // http://127.0.0.1:8642, without a slash at the end
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: slog.Default()
}

// visit is one request under way.
type visit struct {
	*Handler
	w     http.ResponseWriter
	r     *http.Request
	now   time.Time
	event *events.Call
	sess  grant.Session // after signedIn
	name  string        // of who is signed in, after session
	user  *person       // the same, as pages show them
	form  url.Values    // of a POST
}

// route is one path. A nil function means that the method is not allowed.
type route struct{ get, post func(*visit) error }

// Serves says whether a path is that of a page, a form or an asset.
func Serves(path string) bool {
	_, ok := routeOf(path)
	return ok
}

// paths are those of all routes but the assets.
var paths = []string{"/", "/authorize", "/signin", "/signin/code", "/mail", "/signout", "/signed-out", "/device", "/consent", "/start", "/start/", "/start/role", "/start/console", "/console", "/console/signout", "/federation", "/oauth"}

// Pages names the pages and the forms, as in "GET /signin" and "POST /signin".
func Pages() []string {
	var names []string
	for _, path := range paths {
		rt, _ := routeOf(path)
		if rt.get != nil {
			names = append(names, "GET "+path)
		}
		if rt.post != nil {
			names = append(names, "POST "+path)
		}
	}
	return names
}

func routeOf(path string) (route, bool) {
	switch path {
	case "/":
		return route{get: func(v *visit) error { return v.seeOther("/start") }}, true
	case "/authorize":
		return route{get: (*visit).authorize}, true
	case "/signin":
		return route{get: (*visit).signInPage, post: (*visit).signIn}, true
	case "/signin/code":
		return route{get: (*visit).codePage, post: (*visit).giveCode}, true
	case "/mail":
		return route{get: (*visit).mailPage}, true
	case "/signout":
		return route{post: (*visit).signOut}, true
	case "/signed-out":
		return route{get: (*visit).signedOutPage}, true
	case "/device":
		return route{get: (*visit).devicePage, post: (*visit).confirmCode}, true
	case "/consent":
		return route{get: (*visit).consentPage, post: (*visit).decide}, true
	case "/start":
		return route{get: (*visit).startPage}, true
	case "/start/":
		// As AWS writes it before a #. Browsers keep what stands behind that.
		return route{get: func(v *visit) error { return v.seeOther(startAddress(v.r.URL.Query())) }}, true
	case "/start/role":
		return route{get: (*visit).rolePage, post: (*visit).issue}, true
	case "/start/console":
		return route{get: (*visit).openConsole}, true
	case "/console":
		return route{get: (*visit).consolePage}, true
	case "/console/signout":
		return route{post: (*visit).consoleSignOut}, true
	case "/federation":
		return route{get: (*visit).federation, post: (*visit).postFederation}, true
	case "/oauth":
		return route{get: (*visit).oauth}, true
	}
	if strings.HasPrefix(path, "/assets/") {
		return route{get: (*visit).asset}, true
	}
	return route{}, false
}

// Who says whose a request is: the name of the client whose sign-in its address
// names, and of who is signed in in that browser; "" for what is not known. As
// the page that is asked for would, it binds an authorization request to the
// browser in which it is first looked at.
func (h *Handler) Who(r *http.Request) (client, user string) {
	v := h.visit(nil, r)
	ok, err := v.session()
	if ok = ok && err == nil; ok {
		user = v.name
	}
	query := r.URL.Query()
	switch id := query.Get("request"); {
	case r.URL.Path == "/authorize":
		if c, err := h.Grant.Store.Client(r.Context(), query.Get("client_id")); err == nil {
			client = c.Name
		}
	case ok && id != "":
		request, err := h.Grant.Request(r.Context(), v.now, v.sess, id)
		client = request.ClientName
		if refused, ok := errors.AsType[*grant.Error](err); ok {
			client = refused.ClientName
		}
	}
	return client, user
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := h.visit(w, r)
	v.secure()
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			panic(p)
		}
		// Pages are written whole at the very end, so there is room for another.
		v.fail(&panicError{p, debug.Stack()})
	}()
	if err := v.serve(); err != nil {
		v.fail(err)
	}
}

func (h *Handler) visit(w http.ResponseWriter, r *http.Request) *visit {
	return &visit{Handler: h, w: w, r: r, now: h.now(), event: events.Of(r.Context())}
}

func (v *visit) serve() error {
	v.event.Source, v.event.Name = EventOf(v.r.Method, v.r.URL.Path) // until more is known
	// A browser sends Origin null with our own forms too, because our pages send
	// no referrer; Sec-Fetch-Site, which is looked at first, vouches for them.
	if new(http.CrossOriginProtection).Check(v.r) != nil {
		return faultForeign()
	}
	rt, ok := routeOf(v.r.URL.Path)
	if !ok {
		return faultNotFound()
	}
	switch v.r.Method {
	case http.MethodGet, http.MethodHead:
		if rt.get == nil {
			return faultMethod("POST")
		}
		return rt.get(v)
	case http.MethodPost:
		if rt.post == nil {
			return faultMethod("GET, HEAD")
		}
		if err := v.readForm(); err != nil {
			return err
		}
		return rt.post(v)
	}
	switch {
	case rt.get == nil:
		return faultMethod("POST")
	case rt.post == nil:
		return faultMethod("GET, HEAD")
	}
	return faultMethod("GET, HEAD, POST")
}

func (h *Handler) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}

func (h *Handler) logger() *slog.Logger {
	if h.Log != nil {
		return h.Log
	}
	return slog.Default()
}

// secure sets what every answer carries.
func (v *visit) secure() {
	header := v.w.Header()
	header.Set("Content-Security-Policy", contentPolicy("", false))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	if v.https() {
		header.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// contentPolicy admits our style sheet, our icon and forms to us, and our script
// to a page that has one. Browsers hold the redirect that answers a form to
// form-action as well, so the consent page names the callback there.
func contentPolicy(callbackSource string, script bool) string {
	formAction := "'self'"
	if callbackSource != "" {
		formAction += " " + callbackSource
	}
	scriptSource := ""
	if script {
		scriptSource = "script-src 'self'; "
	}
	return "default-src 'none'; " + scriptSource + "style-src 'self'; img-src 'self'; form-action " + formAction +
		"; frame-ancestors 'none'; base-uri 'none'"
}

// callbackSource is the origin of a callback as a source of a content policy,
// "" when it cannot be written as one.
func callbackSource(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		// The grammar of sources has no IPv6 addresses (CSP level 3, section 2.3.1).
		// Any host at that very port is as near as it gets.
		host = "*"
	} else if host == "" || strings.Trim(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return ""
	}
	source := u.Scheme + "://" + host
	if p := u.Port(); p != "" {
		source += ":" + p
	}
	return source
}

func (h *Handler) https() bool { return strings.HasPrefix(h.BaseURL, "https://") }

// readForm reads the body of a POST; the query is none of it.
func (v *visit) readForm() error {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return faultMediaType()
	}
	body, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return faultTooLarge()
	}
	if err != nil {
		return faultUnreadable()
	}
	v.form, err = url.ParseQuery(string(body))
	if err != nil {
		return faultUnreadable()
	}
	return nil
}

// seeOther sends the browser on with GET.
func (v *visit) seeOther(location string) error {
	v.w.Header().Set("Location", location)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}
