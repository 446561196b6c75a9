package awsapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// aClaim is a signature that can be read and is nobody's.
var aClaim = http.Header{
	"Authorization": {"AWS4-HMAC-SHA256 Credential=ASIAQQQQQQQQQQQQQQQQ/20261121/eu-west-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-target, Signature=0"},
	"X-Amz-Date":    {"20261121T235800Z"},
	"X-Amz-Target":  {"DynamoDB_20120810.PutItem"},
}

// endless is a body that never ends and counts what is taken of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

// What is read of a call does not depend on how much is sent.
func TestWhatIsRead(t *testing.T) {
	c := newCenter(t)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	unreadable := aClaim.Clone()
	unreadable.Del("X-Amz-Date")
	for _, tt := range []struct {
		method, path string
		header       http.Header
		most         int
	}{
		{"POST", "/client/register", jsonHeader(), 16 << 10},
		{"POST", "/device_authorization", jsonHeader(), 16 << 10},
		{"POST", "/token", jsonHeader(), 16 << 10},
		{"POST", "/token?aws_iam=t", aClaim, 16 << 10},
		{"GET", "/assignment/accounts", nil, 0},
		{"GET", "/assignment/roles", aClaim, 0},
		{"GET", "/federation/credentials", nil, 0},
		{"GET", "/federation/x", nil, 0},
		{"POST", "/federation/x", nil, 16 << 10},
		{"POST", "/logout", nil, 16 << 10},
		{"POST", "/", form, 64 << 10},
		{"POST", "/", http.Header{"X-Amz-Target": {"A.B"}}, 64 << 10},
		{"PUT", "/bucket/key", http.Header{"Amz-Sdk-Invocation-Id": {"x"}}, 64 << 10},
		{"POST", "/", unreadable, 64 << 10},
		{"POST", "/", aClaim, 1 << 20},
	} {
		for _, length := range []int64{-1, 1 << 30} {
			body := &endless{}
			r := httptest.NewRequest(tt.method, tt.path, body)
			r.Header, r.ContentLength = tt.header.Clone(), length
			if r.Header == nil {
				r.Header = http.Header{}
			}
			w := httptest.NewRecorder()
			c.ServeHTTP(w, r)
			most := tt.most + 1 // to see that there is more
			if length > 0 {
				most = 0 // it said so itself
			}
			if w.Code != http.StatusRequestEntityTooLarge || body.read > most {
				t.Errorf("%s %s %v, length %d: got %d after %d bytes, want 413 after at most %d", tt.method, tt.path, tt.header, length, w.Code, body.read, most)
			}
		}
	}
}

// held is a body of which nothing comes before the test says so.
type held struct {
	asked chan<- struct{} // told once, when the handler reads
	end   <-chan struct{}
	once  sync.Once
}

func (h *held) Read([]byte) (int, error) {
	h.once.Do(func() { h.asked <- struct{}{} })
	<-h.end
	return 0, io.EOF
}

func TestLargeBodiesInFlight(t *testing.T) {
	c := newCenter(t)
	send := func(body io.Reader, length int64) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(context.Background(), "POST", "/", body)
		r.Header, r.ContentLength = aClaim, length
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		return w
	}
	asked, end := make(chan struct{}), make(chan struct{})
	var under sync.WaitGroup
	for i := range 64 {
		length := int64(1 << 20)
		if i%2 == 0 {
			length = -1 // which may become as much
		}
		under.Go(func() { send(&held{asked: asked, end: end}, length) })
	}
	for range 64 {
		<-asked
	}
	for _, length := range []int64{-1, 1 << 20, 64<<10 + 1} {
		body := &endless{}
		w := send(body, length)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || body.read != 0 ||
			!strings.Contains(w.Body.String(), `"__type":"ServiceUnavailableException"`) {
			t.Errorf("65th, length %d: got %d %s after %d bytes, want 503 after none", length, w.Code, w.Body, body.read)
		}
	}
	// What is small goes through all the while.
	creds := c.credentials(t)
	wantIdentity(t, c, creds, "bob", "ReadOnly")
	if w := send(strings.NewReader(strings.Repeat("x", 64<<10)), 64<<10); w.Code == http.StatusServiceUnavailable {
		t.Errorf("64 KiB: got %d", w.Code)
	}
	close(end)
	under.Wait()
	for range 100 { // all was given back, by those who were refused too
		if w := send(strings.NewReader(strings.Repeat("x", 1<<20)), 1<<20); w.Code == http.StatusServiceUnavailable {
			t.Fatalf("afterwards: got %d %s", w.Code, w.Body)
		}
	}
}
