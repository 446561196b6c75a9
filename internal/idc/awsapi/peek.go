package awsapi

import (
	"bytes"
	"io"
	"net/http"
)

// Peek reads the body of r and puts it back, so that whoever answers r reads it
// as it came. A body that is longer than anything served has, or cannot be read
// whole, is nil. A second look costs nothing.
func Peek(r *http.Request) []byte {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength > maxPeek {
		return nil
	}
	if b, ok := r.Body.(*peeked); ok {
		return b.whole
	}
	read, err := io.ReadAll(io.LimitReader(r.Body, maxPeek+1))
	b := &peeked{Closer: r.Body, rest: io.MultiReader(bytes.NewReader(read), r.Body)}
	switch {
	case err != nil:
		b.rest = io.MultiReader(bytes.NewReader(read), broken{err})
	case len(read) <= maxPeek:
		b.whole = read
	}
	r.Body = b
	return b.whole
}

// maxPeek is more than any body of what is served.
const maxPeek = maxUnsignedBody

// peeked is a body that was read ahead.
type peeked struct {
	io.Closer
	rest  io.Reader
	whole []byte // nil: too long, or broken
}

func (p *peeked) Read(b []byte) (int, error) { return p.rest.Read(b) }

// broken is the end of a body that could not be read whole.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
