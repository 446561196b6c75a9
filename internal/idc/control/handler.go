package control

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// Path is where all control requests go.
const Path = "/.portico/v1/"

const maxBody = 16 << 10

// Handler answers control requests. The id of a request is what stands in the
// X-Amzn-Requestid header of the answer when ServeHTTP is called. It has the power to be anybody, so it must
// not be mounted where other machines reach it.
type Handler struct {
	Key        string // the control key; never empty
	Address    string // http://127.0.0.1:8642
	CookieName string // of the pages' session
	Grant      *grant.Service
	Directory  *directory.Service
	Now        func() time.Time // nil: time.Now
	Log        *slog.Logger     // nil: slog.Default()
}

// operation is one thing that can be asked for.
type operation struct {
	method string
	open   bool // needs no key
	serve  func(h *Handler, r *http.Request) (any, error)
}

// operations by name, which is the rest of the path. One more is one line here
// and one method.
func operations() map[string]operation {
	return map[string]operation{
		"proof":         {method: http.MethodGet, open: true, serve: (*Handler).proof},
		"info":          {method: http.MethodGet, serve: (*Handler).info},
		"sign-in":       {method: http.MethodPost, serve: post((*Handler).signIn)},
		"decide-device": {method: http.MethodPost, serve: post((*Handler).decideDevice)},
	}
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	reply, err := h.serve(w, r)
	status := http.StatusOK
	if err != nil {
		refusal := h.refusal(w, r, err)
		if wait, ok := errors.AsType[*grant.TooManyTriesError](err); ok {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.RetryAfter.Seconds()))))
		}
		status, reply = refusal.Status, refusal
	}
	data, err := json.Marshal(reply)
	if err != nil {
		h.log().ErrorContext(r.Context(), "control reply", "error", err)
		status, data = http.StatusInternalServerError, []byte(`{"code":"server_error","message":"the reply could not be written"}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	if fromPage(r) {
		return nil, &Error{Status: http.StatusForbidden, Code: "forbidden", Message: "requests of web pages are refused"}
	}
	op, known := operations()[strings.TrimPrefix(r.URL.Path, Path)]
	if !op.open && !h.authorized(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return nil, &Error{Status: http.StatusUnauthorized, Code: "unauthorized", Message: "the control key is missing or wrong"}
	}
	if !known {
		return nil, &Error{Status: http.StatusNotFound, Code: "not_found", Message: "there is no such operation"}
	}
	if r.Method != op.method {
		w.Header().Set("Allow", op.method)
		return nil, &Error{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: "this operation takes " + op.method + " only"}
	}
	return op.serve(h, r)
}

// fromPage says whether a browser sent the request for a page or from its
// address bar. Browsers let no script leave these headers out.
func fromPage(r *http.Request) bool {
	for name := range r.Header {
		if name == "Origin" || strings.HasPrefix(name, "Sec-Fetch-") {
			return true
		}
	}
	return false
}

func (h *Handler) authorized(r *http.Request) bool {
	values := r.Header.Values("Authorization")
	if len(values) != 1 || h.Key == "" {
		return false
	}
	scheme, key, _ := strings.Cut(values[0], " ")
	// Of equal length, so that the comparison tells nothing of the key's.
	got, want := sha256.Sum256([]byte(key)), sha256.Sum256([]byte(h.Key))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// post wraps an operation that takes a JSON body.
func post[In any](serve func(h *Handler, ctx context.Context, in In) (any, error)) func(*Handler, *http.Request) (any, error) {
	return func(h *Handler, r *http.Request) (any, error) {
		if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
			return nil, &Error{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type", Message: "the body must be application/json"}
		}
		data, err := io.ReadAll(r.Body)
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, &Error{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: fmt.Sprintf("the body is larger than %d bytes", maxBody)}
		}
		if err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Code: "invalid_request", Message: "the body could not be read"}
		}
		var in In
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			return nil, &Error{Status: http.StatusBadRequest, Code: "invalid_request", Message: "the body is not what this operation takes"}
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return nil, &Error{Status: http.StatusBadRequest, Code: "invalid_request", Message: "something follows the JSON value"}
		}
		return serve(h, r.Context(), in)
	}
}

// refusal is what is told of an error. What is nobody's fault but ours goes to
// the log.
func (h *Handler) refusal(w http.ResponseWriter, r *http.Request, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*grant.Error](err); ok {
		return &Error{Status: http.StatusBadRequest, Code: e.Code, Message: e.Description}
	}
	if e, ok := errors.AsType[*grant.TooManyTriesError](err); ok {
		return &Error{Status: http.StatusTooManyRequests, Code: "too_many_tries", Message: e.Error()}
	}
	h.log().ErrorContext(r.Context(), "control request failed", "request_id", w.Header().Get("X-Amzn-Requestid"), "operation", strings.TrimPrefix(r.URL.Path, Path), "error", err)
	return &Error{Status: http.StatusInternalServerError, Code: "server_error", Message: "the Identity Center failed; its log says why"}
}

func (h *Handler) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

func (h *Handler) log() *slog.Logger {
	if h.Log == nil {
		return slog.Default()
	}
	return h.Log
}
