package awsapi

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/portico-sso/portico/internal/idc/sigv4"
)

const (
	maxDepth = 32

	bearerHeader    = "X-Amz-Sso_bearer_token"
	requestIDHeader = "X-Amzn-Requestid"
)

// Handler answers AWS API calls. The id of a call is what stands in the
// X-Amzn-Requestid header of the answer when ServeHTTP is called.
type Handler struct {
	Grant     *grant.Service
	Directory *directory.Service
	BaseURL   string // http://127.0.0.1:8642, without a slash at the end
	// OwnHost says whether a host, with or without port, is this Identity
	// Center's under another name than BaseURL's. nil: it has no other.
	OwnHost func(host string) bool
	// StartURLs are those by which clients may name the instance. nil: its start
	// URL alone.
	StartURLs func(directory.Instance) []string
	Now       func() time.Time // nil: time.Now
	// SignatureNow is the clock that the dates of signed requests are judged by.
	// nil: Now.
	SignatureNow func() time.Time
	Log          *slog.Logger // nil: slog.Default()

	large budget
}

// Handles says whether r is a call to an AWS API rather than a person's
// browser. It looks at the request line and headers alone.
func (h *Handler) Handles(r *http.Request) bool {
	_, ours := pathOperation(r)
	switch {
	case ours,
		len(r.Header[bearerHeader]) > 0,
		r.Header.Get("X-Amz-Target") != "",
		r.Header.Get("Smithy-Protocol") != "",
		r.Header.Get("Amz-Sdk-Invocation-Id") != "", // every SDK, unsigned calls too
		sigv4.Signed(r):
		return true
	case r.URL.Path != "/":
		return false
	case r.Method == http.MethodPost:
		return true
	case r.Method == http.MethodGet:
		return r.URL.Query().Has("Action") || !acceptsHTML(r)
	}
	return false
}

// FromBrowser says whether r looks like a browser's: it takes HTML, or carries a
// header that browsers let nobody leave out. What is at an address that is no
// page, and comes from no browser, is an AWS client's.
func FromBrowser(r *http.Request) bool {
	for name := range r.Header {
		if name == "Origin" || strings.HasPrefix(name, "Sec-Fetch-") {
			return true
		}
	}
	return acceptsHTML(r)
}

func acceptsHTML(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(value, ",") {
			name, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(name), "text/html") {
				return true
			}
		}
	}
	return false
}

// exchange is one call under way.
type exchange struct {
	call
	r     *http.Request
	body  []byte
	now   time.Time
	id    string // request id
	event *events.Call
}

func (h *Handler) newExchange(w http.ResponseWriter, r *http.Request, c call) *exchange {
	return &exchange{call: c, r: r, now: h.now(), id: w.Header().Get(requestIDHeader), event: events.Of(r.Context())}
}

func (x *exchange) context() context.Context { return x.r.Context() }

// ServeHTTP answers one call.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	x := h.newExchange(w, r, classify(r))
	reply, err := h.survive(w, x)
	if err == nil {
		h.record(x, nil)
		secure(w)
		err = x.writeReply(w, reply)
	}
	var f *fault
	if err != nil {
		f = x.faultOf(err)
		h.refuse(w, x, f)
	}
	h.log(x, f, time.Since(started))
}

// refuse answers with an error in the caller's protocol.
func (h *Handler) refuse(w http.ResponseWriter, x *exchange, f *fault) {
	h.record(x, f)
	secure(w)
	x.writeFault(w, f)
}

func secure(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store") // RFC 6749 section 5.1
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// panicError carries a panic to the log.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// survive makes a panic an error like any other, so that it is answered in the
// caller's protocol. Nothing is written before serve returns, so there is room
// for that.
func (h *Handler) survive(w http.ResponseWriter, x *exchange) (reply any, err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			reply, err = nil, &panicError{p, debug.Stack()}
		}
	}()
	return h.serve(w, x)
}

func (h *Handler) serve(w http.ResponseWriter, x *exchange) (any, error) {
	if foreign(x.r) {
		return nil, x.fault(x.words().foreign, "requests of web pages are refused")
	}
	if x.method != "" && x.r.Method != x.method {
		w.Header().Set("Allow", x.method)
		return nil, x.fault(x.words().badMethod, "%s takes %s only", x.operation, x.method)
	}
	release, err := h.readBody(w, x)
	defer release()
	if err != nil {
		return nil, err
	}
	switch x.protocol {
	case oidcJSON:
		return h.serveOIDC(x)
	case portalJSON:
		return h.servePortal(x)
	case queryXML, ec2XML:
		return h.serveQuery(x)
	case s3XML:
		return h.serveS3(x)
	case targetJSON:
		return h.serveAdmin(x)
	}
	return nil, h.notServed(x)
}

// notServed is the answer to a call of a signed service that is not here. Its
// signature is judged first: a wrong key is the more useful news.
func (h *Handler) notServed(x *exchange) error {
	if _, err := h.caller(x); err != nil {
		return err
	}
	return x.unknownOperation()
}

// foreign says whether a web page may have caused the request. No AWS client
// sends these headers, and no page of ours calls these operations.
func foreign(r *http.Request) bool {
	if len(r.Header["Origin"]) > 0 {
		return true
	}
	for _, site := range r.Header["Sec-Fetch-Site"] {
		if site != "none" && site != "same-origin" {
			return true
		}
	}
	return false
}

// mediaType is the request's media type without parameters, "" when it names
// none and "?" when it cannot be read.
func mediaType(r *http.Request) string {
	values := r.Header["Content-Type"]
	if len(values) == 0 {
		return ""
	}
	name, _, err := mime.ParseMediaType(values[0])
	if err != nil || len(values) > 1 {
		return "?"
	}
	return name
}

// parameters are those of a query or a form. One that is sent twice would let
// two readers see two values.
type parameters map[string]string

func parseParameters(text string) (parameters, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, errors.New("the parameters have a malformed encoding")
	}
	p := parameters{}
	for name, v := range values {
		if len(v) > 1 {
			return nil, fmt.Errorf("the parameter %s is given more than once", clean(name))
		}
		p[name] = v[0]
	}
	return p, nil
}

func (h *Handler) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}

// log writes one line of a call, which ended with f unless that is nil.
func (h *Handler) log(x *exchange, f *fault, took time.Duration) {
	log := h.Log
	if log == nil {
		log = slog.Default()
	}
	level := slog.LevelDebug
	status, code := http.StatusOK, ""
	var cause error
	if f != nil {
		status, code, cause = f.status, f.code, f.cause
	}
	attrs := []slog.Attr{
		slog.String("service", clean(x.service)), slog.String("operation", clean(x.operation)),
		slog.Int("status", status), slog.String("request_id", x.id), slog.Duration("took", took),
	}
	if code != "" {
		attrs = append(attrs, slog.String("code", code))
	}
	if cause != nil {
		attrs = append(attrs, slog.String("cause", cause.Error()))
		if x.context().Err() == nil {
			level = slog.LevelError
		}
		if p, ok := errors.AsType[*panicError](cause); ok {
			level = slog.LevelError
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
	}
	log.LogAttrs(x.context(), level, "aws call", attrs...)
}

// clean makes a name that the caller chose fit for a message and a log line.
func clean(s string) string {
	const limit = 100
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, s)
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	return s
}
