package idc

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/portico-sso/portico/internal/idc/awsapi"
	"github.com/portico-sso/portico/internal/idc/events"
)

// requestIDHeader is AWS's; its SDKs show it in errors. Handlers read the id of a
// request from the answer, because a client could set it in the request.
const requestIDHeader = "X-Amzn-Requestid"

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.answer(w, r, s.route) }

// AWSHandler is the AWS wire alone, for whoever comes by an AWS host name: it
// looks at no Host, has no pages and no control. A browser is sent to where the
// pages are, and so is GET /authorize, whose address some clients make of the
// AWS host name whatever RegisterClient told them.
func (s *Server) AWSHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, s.routeAWS) })
}

// answer does for every request what does not depend on what it asks for.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, route func(http.ResponseWriter, *http.Request)) {
	started := time.Now()
	s.askToCollect()
	ctx, call := events.Begin(r.Context())
	r = r.WithContext(ctx)
	rec := &recorder{ResponseWriter: w}
	defer s.finish(rec, r, call, started)

	// What a page must not lack, whoever writes it. The handlers say more, or
	// say it more loosely where they know why.
	header := rec.Header()
	header.Set(requestIDHeader, newRequestID())
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	if s.SkewedBy() != 0 {
		header.Set("Date", s.signatureNow().UTC().Format(http.TimeFormat))
	}
	route(rec, r)
}

// finish turns a panic into an answer, hands the request's events over, and
// writes the access log: neither query nor any header that may hold a secret.
//
// The events are queued before the last byte of the answer is given to net/http,
// and for an answer without a body before net/http sends its header. So whoever
// has the whole answer and then asks for events gets them.
func (s *Server) finish(rec *recorder, r *http.Request, call *events.Call, started time.Time) {
	id := rec.Header().Get(requestIDHeader)
	abort := false
	if cause := recover(); cause != nil {
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			abort = true
		} else {
			s.log.ErrorContext(r.Context(), "panic", "request_id", id, "method", r.Method, "path", r.URL.Path,
				"cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			call.ErrorCode, call.ErrorMessage = "InternalFailure", "the Identity Center failed; its log says why"
			if abort = rec.status != 0; !abort {
				internalError(rec, id)
			}
		}
	}
	s.events.Record(call.Events(s.now(), id, awsapi.RemoteAddress(r), r.UserAgent(), s.place)...)
	if !abort {
		rec.release()
		if rec.status == 0 {
			rec.status = http.StatusOK // net/http's, for a handler that wrote nothing
		}
	}
	s.log.LogAttrs(r.Context(), slog.LevelDebug, "request",
		slog.String("request_id", id), slog.String("method", r.Method), slog.String("host", r.Host), slog.String("path", r.URL.Path),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Bool("aborted", abort),
		slog.Duration("took", time.Since(started)), slog.String("remote", r.RemoteAddr), slog.String("agent", r.UserAgent()))
	if abort { // half an answer, or none, is out: the connection must not look whole
		panic(http.ErrAbortHandler)
	}
}

// internalError answers when a handler could not do so itself: package awsapi
// words its own failures in the caller's protocol, package portal as a page.
func internalError(w http.ResponseWriter, id string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = fmt.Fprintf(w, "the Identity Center failed; its log says why (request %s)\n", id)
}

// misdirected tells whoever came by another name which one is right.
func (s *Server) misdirected(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusMisdirectedRequest)
	_, _ = fmt.Fprintf(w, "This is the Identity Center at %s; go there. It does not answer to other names.\n", s.address.url)
}

// recorder remembers what was answered, and holds the last byte of it back.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	last   [1]byte
	held   bool // last is to be sent
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	if status == http.StatusRequestEntityTooLarge {
		// http.MaxBytesReader would close the connection, but does not see the
		// server's own ResponseWriter behind this one. What the client still sends
		// is not worth reading.
		r.Header().Set("Connection", "close")
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if len(b) == 0 {
		return r.ResponseWriter.Write(b)
	}
	r.release()
	n, err := r.ResponseWriter.Write(b[:len(b)-1])
	r.bytes += int64(n)
	if err != nil {
		return n, err
	}
	r.last[0], r.held = b[len(b)-1], true
	return len(b), nil
}

// release sends what was held back.
func (r *recorder) release() {
	if r.held {
		n, _ := r.ResponseWriter.Write(r.last[:]) // a client that went away is nobody's fault
		r.bytes += int64(n)
		r.held = false
	}
}

// FlushError is for http.ResponseController.
func (r *recorder) FlushError() error {
	r.release()
	return http.NewResponseController(r.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// newRequestID is a UUID (RFC 9562, version 4), as AWS's are.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
