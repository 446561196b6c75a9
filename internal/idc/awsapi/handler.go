package awsapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sigv4"
)

const (
	maxBody      = 1 << 20
	maxTokenBody = 16 << 10
	maxDepth     = 32

	bearerHeader = "X-Amz-Sso_bearer_token"
)

// Handler answers AWS API calls.
type Handler struct {
	Grant     *grant.Service
	Directory *directory.Service
	BaseURL   string           // http://127.0.0.1:8642, without a slash at the end
	Now       func() time.Time // nil: time.Now
	Log       *slog.Logger     // nil: slog.Default()
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
	r    *http.Request
	body []byte
	now  time.Time
	id   string // request id
}

func (x *exchange) context() context.Context { return x.r.Context() }

// ServeHTTP answers one call.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	x := &exchange{call: classify(r), r: r, now: h.now(), id: newRequestID()}
	reply, err := h.serve(w, x)

	header := w.Header()
	header.Set("X-Amzn-Requestid", x.id)
	header.Set("Cache-Control", "no-store") // RFC 6749 section 5.1
	header.Set("X-Content-Type-Options", "nosniff")
	status, code := http.StatusOK, ""
	var cause error
	if err == nil {
		err = x.writeReply(w, reply)
	}
	if err != nil {
		f := x.faultOf(err)
		status, code, cause = f.status, f.code, f.cause
		x.writeFault(w, f)
	}
	h.log(x, status, code, cause, time.Since(started))
}

func (h *Handler) serve(w http.ResponseWriter, x *exchange) (any, error) {
	if foreign(x.r) {
		return nil, x.fault(x.words().foreign, "requests of web pages are refused")
	}
	if x.method != "" && x.r.Method != x.method {
		w.Header().Set("Allow", x.method)
		return nil, x.fault(x.words().badMethod, "%s takes %s only", x.operation, x.method)
	}
	limit := int64(maxBody)
	if x.protocol == oidcJSON && x.r.URL.Path == "/token" {
		limit = maxTokenBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, x.r.Body, limit))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, x.fault(x.words().tooLarge, "the body is larger than %d bytes", limit)
	}
	if err != nil {
		return nil, x.fault(x.words().malformed, "the body could not be read")
	}
	x.body = body

	switch x.protocol {
	case oidcJSON:
		return h.serveOIDC(x)
	case portalJSON:
		return h.servePortal(x)
	case queryXML, ec2XML:
		return h.serveQuery(x)
	case s3XML:
		return h.serveS3(x)
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

func (h *Handler) log(x *exchange, status int, code string, cause error, took time.Duration) {
	log := h.Log
	if log == nil {
		log = slog.Default()
	}
	level := slog.LevelInfo
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
	}
	log.LogAttrs(x.context(), level, "aws call", attrs...)
}

// newRequestID is a random UUID, RFC 9562 section 5.4.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
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
