package admin

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/portico-sso/portico/internal/signin"
)

// A throttled call goes out once for each time that it is its turn: the SDK does
// not make three of it.
func TestPacedCallsAreNotRepeated(t *testing.T) {
	t.Parallel()
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests > 2 {
			io.WriteString(w, `{"Instances": []}`)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"__type": "ThrottlingException", "Message": "Rate exceeded"}`)
	}))
	defer server.Close()
	turns := 0
	c := &Caller{Credentials: Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "x"}, Region: "us-east-1", Endpoint: server.URL,
		Paced: func(ctx context.Context, call func(context.Context) error) error {
			for {
				turns++
				if err := call(ctx); err == nil {
					return nil
				} else if _, throttled := signin.Throttled(err); !throttled {
					return err
				}
			}
		}}
	svc := Service("sso-admin")
	for _, op := range svc.Operations {
		if op.Name == "ListInstances" {
			for _, err := range c.Pages(t.Context(), svc, op, nil, Paging{}) {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if requests != 3 || turns != 3 {
		t.Errorf("%d requests in %d turns, want 3 in 3", requests, turns)
	}
}
