package signin_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/idctest"
	"github.com/portico-sso/portico/internal/signin"
	"github.com/portico-sso/portico/internal/wallet"
)

func inject(t *testing.T, ic *idctest.IdentityCenter, f idctest.Fault) *idctest.Injection {
	t.Helper()
	i, err := ic.Inject(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// Whatever is no judgement of the service does not end the sign-in, and the
// person hears of it once, if it goes on.
func TestDeviceLoginThroughTrouble(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault idctest.Fault
		over  time.Duration
		warn  string // part of the one warning, "" for none
	}{
		{"a moment", idctest.Fault{Status: 500}, time.Second, ""},
		{"500", idctest.Fault{Status: 500}, 2 * time.Minute, "InternalServerException: A fault rule"},
		{"503", idctest.Fault{Status: 503}, 2 * time.Minute, "ServiceUnavailableException: A fault rule"},
		{"429", idctest.Fault{Status: 429}, 2 * time.Minute, "TooManyRequestsException: A fault rule"},
		{"throttled", idctest.Fault{Rate: 1.0 / 3600, Burst: 1}, 2 * time.Minute, "TooManyRequestsException: "},
		{"a gateway's 403", idctest.Fault{Status: 403}, 2 * time.Minute, "ForbiddenException: A fault rule"},
		{"a gateway's 404", idctest.Fault{Status: 404}, 2 * time.Minute, "A fault rule"},
		{"dropped", idctest.Fault{Drop: idctest.BeforeActing}, 2 * time.Minute, "the connection was closed without an answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ic := idctest.New(t)
				c, s := fixture(t, ic)
				n := count(c)
				var warned []string
				c.Warn = func(problem string) { warned = append(warned, problem) }
				start := time.Now()
				_, err := deviceLogin(t, c, s, func(i signin.Instructions) {
					tt.fault.Op = "CreateToken"
					fault := inject(t, ic, tt.fault)
					go func() {
						time.Sleep(tt.over)
						if err := ic.Approve(t.Context(), "alice", i.CompleteURL); err != nil {
							t.Error(err)
						}
						fault.Remove()
					}()
				})
				if err != nil {
					t.Fatalf("got %v, want a token once the trouble is over", err)
				}
				// The longest backoff, the SDK's tries and what the fault delays.
				if took := time.Since(start); took > tt.over+5*time.Minute {
					t.Errorf("signed in after %v, with %v of trouble", took, tt.over)
				}
				if asked := n.of("/token"); asked > 25 {
					t.Errorf("a service in trouble was asked %d times", asked)
				}
				if tt.warn == "" {
					if len(warned) > 0 {
						t.Errorf("got %q, want no word about a moment", warned)
					}
				} else if len(warned) != 1 || !strings.Contains(warned[0], tt.warn) || !strings.Contains(warned[0], "until the code expires") {
					t.Errorf("got warnings %q, want one with %q", warned, tt.warn)
				}
			})
		})
	}
}

// Trouble that does not end is waited for as long as the code lasts, and not
// taken for a person who did nothing.
func TestDeviceLoginInEndlessTrouble(t *testing.T) {
	for name, fault := range map[string]idctest.Fault{
		"refused": {Op: "CreateToken", Status: 503},
		"dropped": {Op: "CreateToken", Drop: idctest.BeforeActing},
		"hanging": {Op: "CreateToken", Latency: 10 * time.Minute, Status: 503},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ic := idctest.New(t)
				c, s := fixture(t, ic)
				var shown time.Time
				_, err := deviceLogin(t, c, s, func(signin.Instructions) {
					shown = time.Now()
					inject(t, ic, fault)
				})
				if e, ok := errors.AsType[*signin.AbandonedError](err); !ok || e.Trouble == "" {
					t.Errorf("got %#v, want AbandonedError with the trouble", err)
				}
				if waited := time.Since(shown); waited < 9*time.Minute || waited > 10*time.Minute {
					t.Errorf("gave up after %v, want as long as the code lasts", waited)
				}
			})
		})
	}
}

// After trouble the service is asked as often as it wants, slow_down included.
func TestPollingAfterTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s := fixture(t, ic)
		next := c.HTTP.Transport
		var asked []time.Time
		answers := []string{"pending", "slow_down", "lost", "lost", "pending", "pending"}
		c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/token" {
				asked = append(asked, time.Now())
				if i := len(asked) - 1; i < len(answers) {
					switch answers[i] {
					case "pending":
						return refusal(r, http.StatusBadRequest, "AuthorizationPendingException", "authorization_pending"), nil
					case "slow_down":
						return refusal(r, http.StatusBadRequest, "SlowDownException", "slow_down"), nil
					case "lost": // once, for the SDK does not repeat it
						return refusal(r, http.StatusForbidden, "ForbiddenException", "access_denied"), nil
					}
				}
			}
			return next.RoundTrip(r)
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
			got = append(got, asked[i].Sub(asked[i-1]).Round(time.Second))
		}
		const usual, slower = time.Second, 6 * time.Second
		if want := []time.Duration{usual, slower, 2 * slower, 4 * slower, slower, slower}; !slices.Equal(got, want) {
			t.Errorf("got %v between the questions, want %v", got, want)
		}
	})
}

// Only a judgement of the service sends a person to sign in again; nothing ends
// a token that is still valid, and nothing is lost by any of it.
func TestRefreshThroughTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ic := idctest.New(t)
		c, s, first := signedIn(t, ic)
		for _, tt := range []struct {
			fault  idctest.Fault
			judged bool
			brief  string
		}{
			{idctest.Fault{Error: "InvalidGrantException"}, true, ""},
			{idctest.Fault{Error: "InvalidClientException"}, true, ""},
			{idctest.Fault{Error: "UnauthorizedClientException"}, true, ""},
			{idctest.Fault{Error: "ExpiredTokenException"}, true, ""},
			{idctest.Fault{Error: "AccessDeniedException"}, true, ""},
			{idctest.Fault{Error: "InvalidRequestException"}, true, ""},
			{idctest.Fault{Error: "SlowDownException"}, false, "SlowDownException: A fault rule"},
			{idctest.Fault{Error: "InternalServerException"}, false, "InternalServerException: A fault rule"},
			{idctest.Fault{Status: 403}, false, "ForbiddenException: A fault rule"},
			{idctest.Fault{Status: 404}, false, "A fault rule"},
			{idctest.Fault{Status: 429}, false, "TooManyRequestsException: A fault rule"},
			{idctest.Fault{Status: 503}, false, "ServiceUnavailableException: A fault rule"},
		} {
			tt.fault.Op = "CreateToken"
			fault := inject(t, ic, tt.fault)
			name := tt.fault.Error + http.StatusText(tt.fault.Status)
			tok := first
			lasting := func(left time.Duration) {
				tok.ExpiresAt = time.Now().Add(left).Truncate(time.Second)
				if err := c.Wallet.PutToken(key(s), tok); err != nil {
					t.Fatal(err)
				}
			}
			lasting(5 * time.Minute)
			if got, err := c.Token(t.Context(), s); err != nil || got.AccessToken != tok.AccessToken || fault.Acted() == 0 {
				t.Errorf("%s, still valid: got %v after %d refusals, want the token there is", name, err, fault.Acted())
			}
			lasting(-time.Minute)
			_, err := c.Token(t.Context(), s)
			_, required := errors.AsType[*signin.RequiredError](err)
			_, undecided := errors.AsType[*signin.RefreshError](err)
			if required != tt.judged || undecided == tt.judged {
				t.Errorf("%s, expired: got %#v, want a judgement: %v", name, err, tt.judged)
			}
			const aws = "Error when retrieving token from sso: Token has expired and refresh failed"
			if err == nil || !strings.HasPrefix(err.Error(), aws) || !strings.Contains(err.Error(), tt.brief) {
				t.Errorf("%s: got %v, want the AWS CLI's words and %q", name, err, tt.brief)
			}
			if stored, err := c.Wallet.Token(key(s)); err != nil || stored.AccessToken != tok.AccessToken || stored.RefreshToken != tok.RefreshToken {
				t.Errorf("%s: the token was not kept: %v", name, err)
			}
			fault.Remove()
			if first, err = c.Token(t.Context(), s); err != nil {
				t.Fatalf("after %s: %v", name, err)
			}
		}
	})
}

// A refusal that names no type of SSO OIDC, or none at all, is shown with what it
// says.
func TestUnmodelledRefusal(t *testing.T) {
	for name, tt := range map[string]struct {
		header, body string
		code, text   string
		details      int
	}{
		"oauth":     {"ForbiddenException", `{"error":"access_denied","error_description":"not from here"}`, "ForbiddenException", "", 2},
		"message":   {"ForbiddenException", `{"message":"not from here"}`, "ForbiddenException", "not from here", 0},
		"type only": {"ForbiddenException", `{}`, "ForbiddenException", "Forbidden", 0},
		"nothing":   {"", ``, "UnknownError", "Forbidden", 0},
		"no object": {"ForbiddenException", `{"error":7}`, "ForbiddenException", "Forbidden", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := answered(t, func(r *http.Request) *http.Response {
					resp := refusal(r, http.StatusForbidden, tt.header, "")
					resp.Body = http.NoBody
					if tt.body != "" {
						resp.Body = io.NopCloser(strings.NewReader(tt.body))
					}
					return resp
				})
				_, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true})
				e, ok := errors.AsType[*signin.ServiceError](err)
				if !ok || e.Code != tt.code || e.Message != tt.text || len(e.Details) != tt.details || e.Final() || e.Login == nil {
					t.Fatalf("got %#v, want %+v", err, tt)
				}
				if tt.details > 0 && e.Details[1] != [2]string{"error_description", "not from here"} {
					t.Errorf("got %q", e.Details)
				}
			})
		})
	}
}

// answered is a client that gets the same answer whatever it asks.
func answered(t *testing.T, answer func(r *http.Request) *http.Response) (*signin.Client, signin.Session) {
	c := &signin.Client{Wallet: &wallet.Wallet{Home: t.TempDir(), LockDir: t.TempDir()},
		HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) { return answer(r), nil })}}
	return c, signin.Session{Name: "corp", StartURL: "https://d-1234567890.awsapps.com/start", Region: "us-east-1"}
}

// What went wrong on the way is told in words, with the host and without the
// query.
func TestConnectionWords(t *testing.T) {
	for name, tt := range map[string]struct {
		fault idctest.Fault
		want  string
		is    func(*signin.ConnectionError) bool
	}{
		"closed":    {idctest.Fault{Drop: idctest.BeforeActing}, "Connection was closed before we received a valid response from endpoint URL", (*signin.ConnectionError).Closed},
		"broke off": {idctest.Fault{Truncate: true}, "answer to RegisterClient broke off in the middle", (*signin.ConnectionError).BrokeOff},
		"late":      {idctest.Fault{Latency: 5 * time.Minute}, "Read timeout on endpoint URL: ", (*signin.ConnectionError).TimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ic := idctest.New(t)
				c, s := fixture(t, ic)
				transport := ic.HTTPClient().Transport.(*http.Transport).Clone()
				transport.ResponseHeaderTimeout = time.Minute
				defer transport.CloseIdleConnections()
				c.HTTP = &http.Client{Transport: transport}
				tt.fault.Op = "RegisterClient"
				inject(t, ic, tt.fault)
				_, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true})
				e, ok := errors.AsType[*signin.ConnectionError](err)
				if !ok || !tt.is(e) || !strings.Contains(e.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			})
		})
	}
	t.Run("garbled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, s := answered(t, func(r *http.Request) *http.Response {
				return &http.Response{StatusCode: http.StatusForbidden, Request: r, Header: http.Header{"Content-Type": {"text/html"}},
					Body: io.NopCloser(strings.NewReader("<html>Blocked</html>"))}
			})
			_, err := c.Login(t.Context(), s, signin.Options{DeviceCode: true})
			if e, ok := errors.AsType[*signin.ConnectionError](err); !ok || !e.Garbled() || !strings.HasSuffix(e.Error(), "is not one of the service's") {
				t.Errorf("got %v, want that it is not the service's answer", err)
			}
		})
	})
}
