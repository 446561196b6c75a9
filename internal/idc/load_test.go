package idc

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// What a sign-in costs, and what it costs beside others who make a thousand events
// a second: as calls, or as events alone, to tell the one from the other.
func BenchmarkSignInUnderEvents(b *testing.B) {
	const perSecond = 1000
	for _, setting := range []struct {
		name  string
		other func(b *testing.B, s *Server) func() // one event's worth
	}{
		{"alone", nil},
		{"beside calls", func(b *testing.B, s *Server) func() {
			c := newBenchClient(b, s)
			return func() { c.call(s, "GET", "/assignment/accounts", "") }
		}},
		{"beside events", func(b *testing.B, s *Server) func() {
			call := events.Call{Source: "sso", Name: "ListAccounts", Client: "my-tool", UserName: "alice", Request: map[string]string{"maxResults": "100"}}
			return func() { s.events.Record(call.Events(time.Now(), "request", "127.0.0.1", "my-tool/1.0", s.place)...) }
		}},
		{"beside calls without events", func(b *testing.B, s *Server) func() {
			c := newBenchClient(b, s)
			return func() { c.call(s.api, "GET", "/assignment/accounts", "") }
		}},
	} {
		b.Run(setting.name, func(b *testing.B) {
			s, err := New(b.Context(), Config{DataDir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			if _, err := s.directory.AddDecision(b.Context(), directory.Decision{User: "alice", Client: "sign-in", Answer: grant.AnswerAllow}); err != nil {
				b.Fatal(err)
			}
			c := &benchClient{b: b}
			c.call(s, "POST", "/client/register", `{"clientName":"sign-in","clientType":"public","scopes":["sso:account:access"]}`)
			made := 0
			if setting.other != nil {
				one := setting.other(b, s)
				stop := make(chan struct{})
				var others sync.WaitGroup
				others.Go(func() {
					for began := time.Now(); ; {
						select {
						case <-stop:
							return
						case <-time.After(5 * time.Millisecond):
						}
						for due := int(time.Since(began).Seconds() * perSecond); made < due; made++ {
							one()
						}
					}
				})
				began := time.Now()
				b.Cleanup(func() {
					close(stop)
					others.Wait()
					if rate := float64(made) / time.Since(began).Seconds(); rate < 0.9*perSecond {
						b.Logf("only %.0f events a second", rate)
					}
				})
			}
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				c.signIn(s)
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
			b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
		})
	}
}

// signIn signs alice in, whom a decision of the directory stands in for, and gets
// her credentials.
func (c *benchClient) signIn(h http.Handler) {
	client := `{"clientId":"` + c.ClientID + `","clientSecret":"` + c.ClientSecret + `"`
	c.call(h, "POST", "/device_authorization", client+`,"startUrl":"`+startURL+`"}`)
	c.call(h, "POST", "/token", client+`,"grantType":"`+grant.GrantDeviceCode+`","deviceCode":"`+c.DeviceCode+`"}`)
	c.call(h, "GET", "/federation/credentials?account_id="+devAccount+"&role_name=AdministratorAccess", "")
}

var _ = json.Marshal
var _ = io.EOF
var _ = httptest.NewServer
var _ = strings.Cut
var _ fmt.Stringer
