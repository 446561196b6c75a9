package awsapi

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/portico-sso/portico/internal/idc/sigv4"
)

// What is read of a call before anything is known of who sends it. Nothing that
// is served needs more than a few kilobytes; the rest is for calls of other
// services, which are to get an error in their own protocol and not a broken
// connection.
const (
	maxOwnBody      = 16 << 10 // sso-oidc and the access portal
	maxUnsignedBody = 64 << 10
	maxSignedBody   = 1 << 20 // of what carries a signature that can be read
	maxInFlight     = 64 << 20
)

// budget counts the bytes of large bodies that are held at a time. Anybody can
// write a signature that can be read, so the limit of one body is not enough.
type budget struct{ held atomic.Int64 }

func (b *budget) take(n int64) bool {
	if b.held.Add(n) > maxInFlight {
		b.held.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.held.Add(-n) }

// bodyLimit is how large the body of a call may be.
func bodyLimit(x *exchange) int64 {
	switch {
	case x.protocol == portalJSON && x.r.Method == http.MethodGet:
		return 0
	case x.protocol == oidcJSON, x.protocol == portalJSON:
		return maxOwnBody
	case sigv4.Readable(x.r):
		return maxSignedBody
	}
	return maxUnsignedBody
}

// readBody reads the body of a call. What it holds of the budget is given back
// by release, which is never nil.
func (h *Handler) readBody(w http.ResponseWriter, x *exchange) (release func(), err error) {
	release = func() {}
	limit := bodyLimit(x)
	tooLarge := x.fault(x.words().tooLarge, "the body is larger than %d bytes", limit)
	if limit == 0 {
		tooLarge = x.fault(x.words().tooLarge, "%s takes no body", x.operation)
	}
	if x.r.ContentLength > limit { // not worth a look
		return release, tooLarge
	}
	// Small bodies are not counted: whoever uses the budget up must not keep
	// everybody from GetCallerIdentity.
	if n := declared(x.r, limit); n > maxUnsignedBody {
		if !h.large.take(n) {
			w.Header().Set("Retry-After", "1")
			return release, x.fault(x.words().busy, "too many large requests are under way; try again")
		}
		release = func() { h.large.give(n) }
	}
	x.body, err = io.ReadAll(http.MaxBytesReader(w, x.r.Body, limit))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return release, tooLarge
	}
	if err != nil {
		return release, x.fault(x.words().malformed, "the body could not be read")
	}
	return release, nil
}

// declared is how long a body can get: as long as it says, or as the limit
// allows when it does not say.
func declared(r *http.Request, limit int64) int64 {
	if r.ContentLength >= 0 {
		return r.ContentLength
	}
	return limit
}
