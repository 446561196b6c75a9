package control

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/fault"
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
	Events     *events.Recorder
	Faults     *fault.Plan
	Clock      ServerClock
	Now        func() time.Time // nil: time.Now
	Log        *slog.Logger     // nil: slog.Default()

	ended sync.Map // *http.Server → chan struct{}, closed when it begins to end
}

// ServerClock is the time of an Identity Center, as far as it can be moved.
type ServerClock interface {
	// Advance makes everything issued older.
	Advance(ctx context.Context, by time.Duration) error
	// Skew sets by how much the Date header and the clock of signatures are ahead.
	Skew(by time.Duration)
	SkewedBy() time.Duration
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	reply, err := h.serve(w, r)
	status := http.StatusOK
	if err != nil {
		refusal := h.refusal(w, r, err)
		if refusal.retryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refusal.retryAfter.Seconds()))))
		}
		if call := events.Of(r.Context()); call.Name != "" {
			call.ErrorCode, call.ErrorMessage = refusal.Code, refusal.Message
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
	name := strings.TrimPrefix(r.URL.Path, Path)
	op, known := operations()[name]
	if !op.open && !h.authorized(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return nil, &Error{Status: http.StatusUnauthorized, Code: "unauthorized",
			Message: "the control key is missing or wrong: send Authorization: Bearer and the key of this Identity Center's record, which is another after each start"}
	}
	if !known {
		return nil, &Error{Status: http.StatusNotFound, Code: "not_found", Message: "there is no operation " + quote(name)}
	}
	if r.Method != op.method {
		w.Header().Set("Allow", op.method)
		return nil, &Error{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: "this operation takes " + op.method + " only"}
	}
	if err := op.checkQuery(r); err != nil {
		return nil, err
	}
	return op.serve(h, w, r)
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
		return &Error{Status: http.StatusTooManyRequests, Code: "too_many_tries", Message: e.Error(), retryAfter: e.RetryAfter}
	}
	if e, ok := errors.AsType[*fault.InvalidError](err); ok {
		return &Error{Status: http.StatusBadRequest, Code: "invalid_fault", Message: e.Error()}
	}
	if e, ok := errors.AsType[*fault.UnknownError](err); ok {
		return &Error{Status: http.StatusNotFound, Code: "unknown_fault", Message: e.Error()}
	}
	if e, ok := errors.AsType[*events.InvalidError](err); ok {
		return invalidRequest(e.Error())
	}
	if e, ok := errors.AsType[*directory.InvalidError](err); ok {
		return invalidRequest(e.Error())
	}
	if errors.Is(err, directory.ErrNotFound) {
		return &Error{Status: http.StatusNotFound, Code: "not_found", Message: err.Error()}
	}
	if r.Context().Err() != nil { // nobody hears it
		return &Error{Status: http.StatusRequestTimeout, Code: "given_up", Message: "the request was given up"}
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
