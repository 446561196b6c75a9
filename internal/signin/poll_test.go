package signin_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
)

// refusal is an answer of the sign-in API that says no.
func refusal(r *http.Request, status int, exception, code string) *http.Response {
	return &http.Response{StatusCode: status, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}, "X-Amzn-Errortype": {exception}},
		Body:   io.NopCloser(strings.NewReader(`{"error":"` + code + `","error_description":"as scripted"}`))}
}

// The service says how often to ask, and each slow_down adds five seconds for
// the rest of the sign-in (RFC 8628, 3.5).
func TestDevicePolling(t *testing.T) {
	for _, tt := range []struct {
		name     string
		interval int // what the service asks for, 0: nothing
		answers  []string
		want     []time.Duration // between one question and the next
	}{
		{"the service's interval", 7, []string{"authorization_pending", "authorization_pending"}, []time.Duration{7 * time.Second, 7 * time.Second}},
		{"no interval", 0, []string{"authorization_pending", "authorization_pending"}, []time.Duration{5 * time.Second, 5 * time.Second}},
		{"slowed down", 3, []string{"authorization_pending", "slow_down", "authorization_pending", "slow_down", "authorization_pending"},
			[]time.Duration{3 * time.Second, 8 * time.Second, 8 * time.Second, 13 * time.Second, 13 * time.Second}},
		{"slowed down at once", 3, []string{"slow_down", "authorization_pending"}, []time.Duration{8 * time.Second, 8 * time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ic := idctest.New(t)
				c, s := fixture(t, ic)
				next := c.HTTP.Transport
				var asked []time.Time
				c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					if r.URL.Path == "/token" {
						asked = append(asked, time.Now())
						if i := len(asked) - 1; i < len(tt.answers) {
							exception := map[string]string{"authorization_pending": "AuthorizationPendingException", "slow_down": "SlowDownException"}
							return refusal(r, http.StatusBadRequest, exception[tt.answers[i]], tt.answers[i]), nil
						}
					}
					resp, err := next.RoundTrip(r)
					if err == nil && r.URL.Path == "/device_authorization" {
						err = withInterval(resp, tt.interval)
					}
					return resp, err
				})}
				if _, err := deviceLogin(t, c, s, func(i signin.Instructions) {
					if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
						t.Error(err)
					}
				}); err != nil {
					t.Fatal(err)
				}
				var got []time.Duration
				for i := 1; i < len(asked); i++ {
					got = append(got, asked[i].Sub(asked[i-1]).Round(time.Millisecond))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("got %v between the questions, want %v", got, tt.want)
				}
			})
		})
	}
}

// withInterval changes the interval of a StartDeviceAuthorization answer.
func withInterval(resp *http.Response, seconds int) error {
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	resp.Body.Close()
	answer["interval"] = seconds
	data, err := json.Marshal(answer)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	resp.Header.Del("Content-Length")
	return err
}

// A legacy session knows no other way than the device code.
func TestLegacyUsesDeviceCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		s.Name, s.Scopes = "", nil
		_, err := c.Login(t.Context(), s, signin.Options{Show: func(i signin.Instructions) {
			if i.UserCode == "" {
				t.Fatalf("got instructions %+v, want a code to enter", i)
			}
			if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
				t.Error(err)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
	})
}
