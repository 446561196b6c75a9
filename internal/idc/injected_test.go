package idc

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/fault"
)

func addFault(t *testing.T, s *Server, r fault.Rule) fault.Rule {
	t.Helper()
	r, err := s.Faults().Add(r)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// done says whether an operation that changes something has changed it. The
// answer may be lost, so the operation's event says what to look for.
func (p *program) done(name string, e events.Event) bool {
	p.t.Helper()
	switch name {
	case "RegisterClient":
		_, err := p.s.grant.Store.Client(p.t.Context(), e.AdditionalEventData["ClientID"])
		return err == nil
	case "StartDeviceAuthorization":
		return e.AdditionalEventData["AuthWorkflowID"] != ""
	case "CreateToken":
		a, err := p.do(p.redeem())
		if err != nil {
			p.t.Fatal(err)
		}
		return a.code() == "InvalidGrantException"
	case "GetRoleCredentials":
		_, _, _, err := p.s.grant.RoleCredential(p.t.Context(), e.AdditionalEventData["AccessKeyID"])
		return err == nil
	case "Logout":
		_, err := p.s.grant.AccessToken(p.t.Context(), p.s.now(), p.access)
		return err != nil
	}
	p.t.Fatalf("%s changes nothing", name)
	return false
}

// changing are the operations that change something.
var changing = []string{"RegisterClient", "StartDeviceAuthorization", "CreateToken", "GetRoleCredentials", "Logout"}

// Every operation × everything that can befall it, through a real server: what
// the client sees, and what has happened.
func TestFaultOfEveryOperation(t *testing.T) {
	type wire struct {
		errorType       string
		status          int
		media           string
		internal        string // type that stands for status 500
		throttled       string // what the service throttles with
		throttledStatus int
	}
	oidc := wire{"InvalidRequestException", 400, "application/json", "InternalServerException", "TooManyRequestsException", 429}
	access := wire{"UnauthorizedException", 401, "application/json", "InternalServerException", "TooManyRequestsException", 429}
	query := wire{"ExpiredToken", 403, "text/xml", "InternalFailure", "Throttling", 400}
	admin := wire{"AccessDeniedException", 400, "application/x-amz-json-1.1", "InternalServerException", "ThrottlingException", 400}
	wires := map[string]wire{
		"RegisterClient": oidc, "StartDeviceAuthorization": oidc, "CreateToken": oidc,
		"ListAccounts": access, "ListAccountRoles": access, "GetRoleCredentials": access, "Logout": access,
		"GetCallerIdentity": query, "GetAccessKeyInfo": query,
		"ListBuckets": {"SignatureDoesNotMatch", 403, "application/xml", "InternalError", "SlowDown", 503},
	}
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, Config{})
		p := l.program(t)
		every := slices.Clone(operations)
		// Those of one service are alike, so one stands for all.
		for _, op := range []string{"sso-admin:ListInstances", "identitystore:ListUsers", "organizations:ListRoots"} {
			wires[op] = admin
			every = append(every, struct {
				name    string
				request func(p *program) *http.Request
			}{op, func(p *program) *http.Request { return p.administer(op) }})
		}
		organizations := admin
		organizations.internal, organizations.throttled = "ServiceException", "TooManyRequestsException"
		wires["organizations:ListRoots"] = organizations
		for _, o := range every {
			want := wires[o.name]
			service, name, qualified := strings.Cut(o.name, ":")
			if !qualified {
				service, name = "", o.name
			}
			changes := slices.Contains(changing, o.name)
			for _, tt := range []struct {
				kind   string
				rule   fault.Rule
				status int    // 0: no answer
				code   string // of the error in the answer
				event  string // error code in the event
				cut    bool   // in the middle of the answer
				done   bool
				takes  time.Duration
			}{
				{kind: "error", rule: fault.Rule{Error: want.errorType}, status: want.status, code: want.errorType, event: want.errorType},
				{kind: "error and status", rule: fault.Rule{Error: "MadeUp", Status: 418}, status: 418, code: "MadeUp", event: "MadeUp"},
				{kind: "status", rule: fault.Rule{Status: 500}, status: 500, code: want.internal, event: want.internal},
				{kind: "drop before", rule: fault.Rule{Drop: "before"}, event: "RequestDropped"},
				{kind: "drop after", rule: fault.Rule{Drop: "after"}, done: true},
				{kind: "truncate", rule: fault.Rule{Truncate: true}, status: 200, cut: true, done: true},
				{kind: "latency", rule: fault.Rule{Latency: fault.Duration(15 * time.Second)}, status: 200, done: true, takes: 15 * time.Second},
				{kind: "latency and error", rule: fault.Rule{Error: want.errorType, Latency: fault.Duration(2 * time.Minute)},
					status: want.status, code: want.errorType, event: want.errorType, takes: 2 * time.Minute},
				{kind: "rate", rule: fault.Rule{Rate: 0.001, Burst: 1}, status: want.throttledStatus, code: want.throttled, event: want.throttled},
			} {
				if err := l.Faults().Clear(""); err != nil {
					t.Fatal(err)
				}
				p.until(o.name)
				tt.rule.Op = o.name
				rule := addFault(t, l.Server, tt.rule)
				if tt.kind == "rate" { // the first passes
					l.Faults().Decide(l.now(), fault.Call{Service: service, Operation: name})
				}
				request := o.request(p)
				began := time.Now()
				a, err := p.do(request)
				took := time.Since(began)
				if cleared := l.Faults().Clear(rule.ID); cleared != nil {
					t.Fatal(cleared)
				}
				e := p.last(name)
				cell := o.name + ", " + tt.kind
				if tt.cut && o.name == "Logout" { // whose answer has no body to cut
					tt.status, tt.cut = 0, false
				}
				switch {
				case tt.status == 0:
					if err == nil {
						t.Errorf("%s: got %s, want no answer", cell, a.Status)
					}
				case err != nil:
					t.Errorf("%s: got %v, want %d", cell, err, tt.status)
				case a.StatusCode != tt.status || tt.code != "" && a.code() != tt.code:
					t.Errorf("%s: got %s %s, want %d %s", cell, a.Status, a.code(), tt.status, tt.code)
				case tt.code != "" && a.Header.Get("Content-Type") != want.media:
					t.Errorf("%s: got %s, want %s", cell, a.Header.Get("Content-Type"), want.media)
				case tt.cut:
					whole, _ := strconv.Atoi(a.Header.Get("Content-Length"))
					if !errors.Is(a.err, io.ErrUnexpectedEOF) || len(a.body) != whole/2 || whole == 0 {
						t.Errorf("%s: got %d bytes of %d and %v", cell, len(a.body), whole, a.err)
					}
				case a.err != nil:
					t.Errorf("%s: %v", cell, a.err)
				}
				if took != tt.takes {
					t.Errorf("%s: took %s, want %s", cell, took, tt.takes)
				}
				if e.ErrorCode != tt.event || e.AdditionalEventData["FaultID"] != rule.ID {
					t.Errorf("%s: got the event %+v, want error code %q and fault %s", cell, e, tt.event, rule.ID)
				}
				if lost := tt.done && (tt.status == 0 || tt.cut); lost != (e.AdditionalEventData["AnswerLost"] != "") {
					t.Errorf("%s: got AnswerLost %q", cell, e.AdditionalEventData["AnswerLost"])
				}
				if changes {
					if done := p.done(o.name, e); done != tt.done {
						t.Errorf("%s: done is %v, want %v", cell, done, tt.done)
					}
				}
			}
		}
		p.wantNoSecrets()
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}

// The answer to a refresh is lost; asking again within the grace brings the
// successor that was lost, and no other.
func TestLostRefresh(t *testing.T) {
	for _, lost := range []fault.Rule{{Drop: "after"}, {Truncate: true}} {
		synctest.Test(t, func(t *testing.T) {
			l := listen(t, Config{})
			p := l.program(t)
			p.until("ListAccounts")
			first := p.refresh
			lost.Op, lost.Count = "CreateToken", 1
			addFault(t, l.Server, lost)
			half, err := p.do(p.refreshing())
			if err == nil && half.err == nil {
				t.Fatal("the answer came")
			}
			p.must(p.refreshing())
			second := p.refresh
			p.refresh = first
			p.must(p.refreshing())
			if p.refresh != second || second == first {
				t.Error("got two successors of one refresh token")
			}
			if lost.Truncate && !strings.HasPrefix(string(half.body), `{"accessToken":"`+p.access) {
				t.Errorf("got half of another answer: %s", half.body)
			}
			time.Sleep(time.Minute + time.Second)
			p.refresh = first
			if a, err := p.do(p.refreshing()); err != nil || a.code() != "InvalidGrantException" {
				t.Errorf("after the grace: got %s, %v", a.code(), err)
			}
			if _, err := l.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A rule may be for one client or one person; the body that was read to find out
// is still there for the call.
func TestFaultOfSome(t *testing.T) {
	s, _ := newServer(t, Config{})
	p := overHandler(t, s)
	p.until("Logout")
	for _, tt := range []struct {
		op, client, user string
		faulted          bool
	}{
		{"StartDeviceAuthorization", "MY-*", "", true},
		{"StartDeviceAuthorization", "other", "", false},
		{"StartDeviceAuthorization", "", "alice", false}, // nobody's yet
		{"RegisterClient", "my-tool", "", true},
		{"ListAccounts", "my-tool", "alice", true},
		{"ListAccounts", "my-tool", "bob", false},
		{"GetCallerIdentity", "", "ALICE", true},
		{"GetCallerIdentity", "", "bob", false},
		{"ListBuckets", "", "al*", true},
	} {
		rule := addFault(t, s, fault.Rule{Op: tt.op, Client: tt.client, User: tt.user, Status: 503})
		a, err := p.do(operation(tt.op)(p))
		if err != nil {
			t.Fatal(err)
		}
		want := http.StatusOK
		if tt.faulted {
			want = http.StatusServiceUnavailable
		}
		if a.StatusCode != want {
			t.Errorf("%s of client %q and user %q: got %s %s, want %d", tt.op, tt.client, tt.user, a.Status, a.body, want)
		}
		if e := p.last(tt.op); tt.faulted && tt.user != "" && !strings.EqualFold(e.UserIdentity.UserName, "alice") {
			t.Errorf("%s: the event says %+v", tt.op, e.UserIdentity)
		}
		if err := s.Faults().Clear(rule.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// Pages can fail like everything else; control, which takes the faults back, and
// the assets cannot.
func TestFaultOfPages(t *testing.T) {
	key := control.NewKey()
	s, _ := newServer(t, Config{ControlKey: key})
	style := regexp.MustCompile(`/assets/[^"]+\.css`).FindString(text(t, handle(t, s, "GET", base+"/signin", "")))
	addFault(t, s, fault.Rule{Op: "*", Status: 503})
	for _, path := range []string{"/start", "/signin", "/device", "/consent?request=x", "/nothing"} {
		resp := handle(t, s, "GET", base+path, "", "Accept", "text/html")
		if body := text(t, resp); resp.StatusCode != 503 || !strings.Contains(resp.Header.Get("Content-Type"), "text/html") || !strings.Contains(body, "</html>") {
			t.Errorf("%s: got %s %s, want a page with 503", path, resp.Status, body)
		}
		if resp.Header.Get("Content-Security-Policy") == "" || resp.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s: got %v", path, resp.Header)
		}
	}
	if resp := handle(t, s, "GET", base+style, ""); resp.StatusCode != 200 {
		t.Errorf("the style sheet: got %s", resp.Status)
	}
	if resp := handle(t, s, "GET", base+control.Path+"info", "", "Authorization", "Bearer "+key); resp.StatusCode != 200 {
		t.Errorf("control: got %s", resp.Status)
	}
	if err := s.Faults().Clear(""); err != nil {
		t.Fatal(err)
	}
	addFault(t, s, fault.Rule{Op: "POST /signin", Status: 500})
	if resp := handle(t, s, "GET", base+"/signin", ""); resp.StatusCode != 200 {
		t.Errorf("GET /signin: got %s", resp.Status)
	}
	if resp := handle(t, s, "POST", base+"/signin", "username=alice&password=x", "Content-Type", "application/x-www-form-urlencoded"); resp.StatusCode != 500 {
		t.Errorf("POST /signin: got %s", resp.Status)
	}
	if _, err := s.Faults().Add(fault.Rule{Op: "CreateTokens", Status: 500}); err == nil {
		t.Error("took a rule for an operation that there is not")
	}
}

// A client that goes away while a call is delayed has called nothing.
func TestGivingUpOnLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, Config{})
		p := l.program(t)
		p.until("Logout")
		addFault(t, l.Server, fault.Rule{Op: "Logout", Latency: fault.Duration(time.Minute)})
		l.client.Timeout = time.Second
		if _, err := p.do(operation("Logout")(p)); err == nil {
			t.Fatal("got an answer")
		}
		synctest.Wait()
		if e := p.last("Logout"); e.ErrorCode != "RequestAborted" || p.done("Logout", e) {
			t.Errorf("got %s", e.ErrorCode)
		}
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}

// The listener gives a request ten seconds to arrive. Of those, an injected
// latency takes none, though the body is read only afterwards.
func TestLatencyBeforeTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, Config{})
		addFault(t, l.Server, fault.Rule{Op: "RegisterClient", Latency: fault.Duration(time.Minute)})
		c, err := l.pipes.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		body := `{"clientName":"my-tool","clientType":"public"}`
		go func() {
			for _, part := range []string{"POST /client/register HTTP/1.1\r\nHost: 127.0.0.1:8642\r\nContent-Type: application/json\r\nContent-Length: " +
				strconv.Itoa(len(body)) + "\r\n\r\n", body} {
				if _, err := io.WriteString(c, part); err != nil {
					t.Error(err)
				}
			}
		}()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("got %s %s, %v", resp.Status, got, err)
		}
		c.Close()
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}

// What takes its time and says so is not cut short because its answer is to be:
// half of it comes, however late.
func TestTruncatedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, Config{})
		const takes = writeTimeout + time.Minute
		l.onPages.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(takes + time.Second)); err != nil {
				t.Error(err)
			}
			if err := http.NewResponseController(w).Flush(); err == nil {
				t.Error("something of the answer went out")
			}
			time.Sleep(takes)
			_, _ = io.WriteString(w, "12345678")
		})
		addFault(t, l.Server, fault.Rule{Op: "/start", Truncate: true})
		resp, err := l.client.Get(base + "/start")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(resp.Body); string(got) != "1234" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %q, %v, want half of it", got, err)
		}
		_ = resp.Body.Close()
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}

// The wait for a rule's answer takes none of the time that the listener gives a
// request, whether the answer then reaches the browser or is lost.
func TestLongHold(t *testing.T) {
	const after = 15 * time.Second // longer than readTimeout
	for name, lost := range map[string]fault.Rule{"none": {}, "drop": {Drop: "after"}, "truncate": {Truncate: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := listen(t, Config{})
				if _, err := l.Directory().AddDecision(t.Context(), directory.Decision{User: "alice", Answer: directory.AnswerAllow, After: after}); err != nil {
					t.Fatal(err)
				}
				l.client.Transport.(*http.Transport).DisableKeepAlives = true // else it asks again by itself
				l.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				get := func(path string) (string, error) {
					resp, err := l.client.Get(base + path)
					if err != nil {
						return "", err
					}
					_, err = io.Copy(io.Discard, resp.Body)
					return resp.Header.Get("Location"), errors.Join(err, resp.Body.Close())
				}
				p := l.program(t)
				p.must(p.json("/client/register", map[string]any{"clientName": "my-tool", "clientType": "public",
					"redirectUris": []string{callback}, "grantTypes": []string{"authorization_code"}, "scopes": []string{"sso:account:access"}}))
				consent, err := get("/authorize?" + url.Values{"response_type": {"code"}, "client_id": {p.id}, "redirect_uri": {callback},
					"state": {"x"}, "code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("A", 43)}, "scopes": {"sso:account:access"}}.Encode())
				if err != nil || !strings.HasPrefix(consent, "/consent?") {
					t.Fatalf("got %q, %v", consent, err)
				}
				if name != "none" {
					lost.Op, lost.Count = "/consent", 1
					addFault(t, l.Server, lost)
				}
				began := time.Now()
				held, err := get(consent)
				if took := time.Since(began); took != after {
					t.Errorf("held for %s, want %s", took, after)
				}
				if name == "none" && (err != nil || held != consent) || name != "none" && err == nil {
					t.Errorf("got %q, %v", held, err)
				}
				if got, err := get(consent); err != nil || !strings.HasPrefix(got, callback+"?code=") {
					t.Errorf("got %q, %v", got, err)
				}
				if _, err := l.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
