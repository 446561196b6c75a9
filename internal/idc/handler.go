package idc

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// requestIDHeader is AWS's; its SDKs show it in errors. Handlers read the id of a
// request from the answer, because a client could set it in the request.
const requestIDHeader = "X-Amzn-Requestid"

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	s.askToCollect()
	rec := &recorder{ResponseWriter: w}
	defer s.finish(rec, r, started)

	// What a page must not lack, whoever writes it. The handlers say more, or
	// say it more loosely where they know why.
	header := rec.Header()
	header.Set(requestIDHeader, newRequestID())
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	s.route(rec, r)
}

// finish turns a panic into an answer, and writes the access log: neither query
// nor any header that may hold a secret.
func (s *Server) finish(rec *recorder, r *http.Request, started time.Time) {
	id := rec.Header().Get(requestIDHeader)
	abort := false
	if cause := recover(); cause != nil {
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler)
		}
		s.log.ErrorContext(r.Context(), "panic", "request_id", id, "method", r.Method, "path", r.URL.Path,
			"cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		if abort = rec.status != 0; !abort {
			internalError(rec, id)
		}
	}
	if rec.status == 0 {
		rec.status = http.StatusOK // net/http's, for a handler that wrote nothing
	}
	s.log.LogAttrs(r.Context(), slog.LevelDebug, "request",
		slog.String("request_id", id), slog.String("method", r.Method), slog.String("host", r.Host), slog.String("path", r.URL.Path),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes),
		slog.Duration("took", time.Since(started)), slog.String("remote", r.RemoteAddr), slog.String("agent", r.UserAgent()))
	if abort { // half an answer is out: the connection must not look whole
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

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
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
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
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
