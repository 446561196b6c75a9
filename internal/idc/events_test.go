package idc

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/control"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/fault"
)

// wantEvent compares what an event says, all but ids and times.
func wantEvent(t *testing.T, e events.Event, source, name, code string, parameters map[string]string) {
	t.Helper()
	if e.EventSource != source+".amazonaws.com" || e.EventName != name || e.ErrorCode != code {
		t.Errorf("got %s %s %q, want %s %s %q", e.EventSource, e.EventName, e.ErrorCode, source, name, code)
	}
	if fmt.Sprint(e.RequestParameters) != fmt.Sprint(parameters) {
		t.Errorf("%s: got the parameters %v, want %v", name, e.RequestParameters, parameters)
	}
	if e.SourceIPAddress != "192.0.2.1" || !strings.HasPrefix(e.UserAgent, "my-tool/1.0 ") || !uuid.MatchString(e.RequestID) ||
		e.AWSRegion == "" || time.Since(e.EventTime) > time.Minute {
		t.Errorf("%s: got %+v", name, e)
	}
}

// wantOneWorkflow checks that events of a sign-in belong together and are told
// of the same person and client.
func wantOneWorkflow(t *testing.T, es []events.Event) {
	t.Helper()
	workflow := ""
	for _, e := range es {
		got := e.AdditionalEventData["AuthWorkflowID"]
		switch {
		case e.EventName == "RegisterClient": // from before there is a sign-in, and for many
			if got != "" {
				t.Errorf("RegisterClient has the workflow %s", got)
			}
			continue
		case workflow == "":
			workflow = got
		}
		if got == "" || got != workflow {
			t.Errorf("%s: got workflow %q, want %q", e.EventName, got, workflow)
		}
	}
}

// A sign-in with a device code, from registration to sign-out: each call makes
// one event, which is there as soon as the answer is.
func TestEventsOfDeviceFlow(t *testing.T) {
	s, _ := newServer(t, Config{})
	p := overHandler(t, s)
	started := map[string]string{"startUrl": startURL}
	polled := map[string]string{"grantType": "urn:ietf:params:oauth:grant-type:device_code"}
	role := map[string]string{"accountId": devAccount, "roleName": "AdministratorAccess"}

	p.must(operation("RegisterClient")(p))
	e := p.last("RegisterClient")
	wantEvent(t, e, "sso-oauth", "RegisterClient", "", map[string]string{"clientName": "my-tool"})
	if e.AdditionalEventData["ClientID"] != p.id || e.AdditionalEventData["ClientName"] != "my-tool" {
		t.Errorf("got %v", e.AdditionalEventData)
	}
	p.must(operation("StartDeviceAuthorization")(p))
	wantEvent(t, p.last("StartDeviceAuthorization"), "sso-oauth", "StartDeviceAuthorization", "", started)
	if status, code := p.try(p.redeem()); status != 400 {
		t.Fatal(status, code)
	}
	wantEvent(t, p.last("CreateToken"), "sso-oauth", "CreateToken", "AuthorizationPendingException", polled)
	p.allow()
	a := p.must(p.redeem())
	e = p.last("CreateToken")
	wantEvent(t, e, "sso-oauth", "CreateToken", "", polled)
	if e.RequestID != a.Header.Get("X-Amzn-Requestid") || e.UserIdentity.UserName != "alice" || e.AdditionalEventData["ClientName"] != "my-tool" {
		t.Errorf("got %+v", e)
	}
	p.must(operation("ListAccounts")(p))
	wantEvent(t, p.last("ListAccounts"), "sso", "ListAccounts", "", nil)
	p.must(operation("ListAccountRoles")(p))
	wantEvent(t, p.last("ListAccountRoles"), "sso", "ListAccountRoles", "", map[string]string{"accountId": devAccount})
	p.must(operation("GetRoleCredentials")(p))
	e = p.last("GetRoleCredentials")
	wantEvent(t, e, "sso", "GetRoleCredentials", "", role)
	if e.AdditionalEventData["AccessKeyID"] != p.role.AccessKeyID {
		t.Errorf("got %v, want the key that was issued", e.AdditionalEventData)
	}
	p.must(operation("GetCallerIdentity")(p))
	e = p.last("GetCallerIdentity")
	wantEvent(t, e, "sts", "GetCallerIdentity", "", nil)
	if who := e.UserIdentity; who.Type != events.AssumedRole || who.AccessKeyID != p.role.AccessKeyID || who.UserName != "alice" ||
		!strings.HasSuffix(who.ARN, "/alice") || who.AccountID != devAccount || who.OnBehalfOf == nil {
		t.Errorf("got %+v", who)
	}
	p.must(operation("GetAccessKeyInfo")(p))
	wantEvent(t, p.last("GetAccessKeyInfo"), "sts", "GetAccessKeyInfo", "", map[string]string{"accessKeyId": p.role.AccessKeyID})
	p.must(operation("ListBuckets")(p))
	wantEvent(t, p.last("ListBuckets"), "s3", "ListBuckets", "", nil)
	p.must(p.refreshing())
	wantEvent(t, p.last("CreateToken"), "sso-oauth", "CreateToken", "", map[string]string{"grantType": "refresh_token"})
	p.must(operation("Logout")(p))
	wantEvent(t, p.last("Logout"), "sso", "Logout", "", nil)
	wantOneWorkflow(t, p.events())
	for _, e := range p.events()[3:] {
		if e.UserIdentity.UserName != "alice" || e.UserIdentity.OnBehalfOf == nil {
			t.Errorf("%s: got %+v, want alice", e.EventName, e.UserIdentity)
		}
	}
	if store := p.last("Logout").UserIdentity.OnBehalfOf.IdentityStoreARN; !strings.HasPrefix(store, "arn:aws:identitystore::") {
		t.Errorf("got the identity store %q", store)
	}

	// Afterwards: refused, and nobody's.
	if status, _ := p.try(operation("ListAccounts")(p)); status != 401 {
		t.Fatal(status)
	}
	wantEvent(t, p.last("ListAccounts"), "sso", "ListAccounts", "UnauthorizedException", nil)
	if status, _ := p.try(p.refreshing()); status != 400 {
		t.Fatal(status)
	}
	wantEvent(t, p.last("CreateToken"), "sso-oauth", "CreateToken", "InvalidGrantException", map[string]string{"grantType": "refresh_token"})
	p.wantNoSecrets()
}

// The same with an authorization code, where the browser's part makes events too.
func TestEventsOfCodeFlow(t *testing.T) {
	key := control.NewKey()
	s, _ := newServer(t, Config{ControlKey: key})
	p := overHandler(t, s)
	p.signInByCode(signIn(t, s, key, "alice"))
	for _, name := range []string{"ListAccounts", "ListAccountRoles", "GetRoleCredentials", "GetCallerIdentity", "GetAccessKeyInfo", "ListBuckets"} {
		p.must(operation(name)(p))
		p.last(name)
	}
	p.must(p.refreshing())
	p.must(operation("Logout")(p))
	var es []events.Event
	for _, e := range p.events() {
		if e.UserAgent != "" { // not control's own
			es = append(es, e)
		}
	}
	wantOneWorkflow(t, es)
	wantEvent(t, es[0], "sso-oauth", "RegisterClient", "", map[string]string{"clientName": "my-tool"})
	p.wantNoSecrets()
}

// What is no call makes no event; what comes for another host, and what a
// handler panics over, makes one that says so.
func TestEventsOfTheRest(t *testing.T) {
	s, _ := newServer(t, Config{})
	p := overHandler(t, s)
	for _, path := range []string{"/start", "/signin", "/assets/portico.css", "/nothing", "/bucket/key", "/.portico/v1/info"} {
		handle(t, s, "GET", base+path, "")
	}
	if es := p.events(); len(es) != 0 {
		t.Errorf("got %v", names(es))
	}
	handle(t, s, "POST", base+"/client/register", `{}`, "Host", "evil.test")
	if e := p.last("RegisterClient"); e.ErrorCode != "MisdirectedRequest" {
		t.Errorf("got %+v", e)
	}
	handle(t, s, "POST", base+"/", `{}`, "X-Amz-Target", "AWSOrganizationsV20161128.ListAccounts")
	if e := p.last("ListAccounts"); e.ErrorCode != "MissingAuthenticationTokenException" || e.EventSource != "organizations.amazonaws.com" {
		t.Errorf("got %+v", e)
	}
	s.onPages.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		events.Of(r.Context()).Source, events.Of(r.Context()).Name = "signin", "CredentialVerification"
		panic("a fault of ours")
	})
	handle(t, s, "GET", base+"/start", "", "Accept", "text/html")
	if e := p.last("CredentialVerification"); e.ErrorCode != "InternalFailure" {
		t.Errorf("got %+v", e)
	}
}

// The last byte of an answer stays behind until its event is queued, however
// the handler sends it.
func TestEventBeforeTheLastByte(t *testing.T) {
	for name, write := range map[string]func(w http.ResponseWriter, body string){
		"of unknown length": func(w http.ResponseWriter, body string) { _, _ = io.WriteString(w, body) },
		"of known length": func(w http.ResponseWriter, body string) {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = io.WriteString(w, body)
		},
		"in pieces": func(w http.ResponseWriter, body string) {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			for _, piece := range strings.SplitAfter(body, "y") {
				_, _ = io.WriteString(w, piece)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := listen(t, Config{})
				body := strings.Repeat(strings.Repeat("x", 8000)+"y", 8)
				goOn := make(chan struct{})
				l.onPages.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					events.Of(r.Context()).Source, events.Of(r.Context()).Name = "signin", "UserAuthentication"
					write(w, body)
					<-goOn
				})
				c, err := l.pipes.dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				go func() {
					_, _ = io.WriteString(c, "GET /signin HTTP/1.1\r\nHost: 127.0.0.1:8642\r\nAccept: text/html\r\n\r\n")
				}()
				got := make(chan int, 1)
				go func() {
					resp, err := http.ReadResponse(bufio.NewReader(c), nil)
					if err != nil {
						t.Error(err)
						got <- 0
						return
					}
					b, err := io.ReadAll(resp.Body)
					if err != nil || string(b) != body {
						t.Errorf("got %d bytes and %v", len(b), err)
					}
					es, err := l.Events().Query(t.Context(), events.Query{}, 0)
					if err != nil {
						t.Error(err)
					}
					got <- len(es)
				}()
				synctest.Wait()
				select {
				case <-got:
					t.Error("the answer is whole before its handler is done")
				default:
				}
				close(goOn)
				if n := <-got; n != 1 {
					t.Errorf("got %d events with the answer, want 1", n)
				}
				c.Close()
				if _, err := l.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// What was queued is kept when the server ends.
func TestEventsOutliveTheServer(t *testing.T) {
	dir := t.TempDir()
	s, _ := newServer(t, Config{DataDir: dir})
	p := overHandler(t, s)
	p.until("CreateToken")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, _ = newServer(t, Config{DataDir: dir})
	p = overHandler(t, s)
	if got := fmt.Sprint(names(p.events())); got != "[RegisterClient StartDeviceAuthorization]" {
		t.Errorf("got %s", got)
	}
}

// By an AWS host name there is the AWS wire and nothing else.
func TestAWSHandler(t *testing.T) {
	s, _ := newServer(t, Config{ControlKey: control.NewKey()})
	p := overHandler(t, s)
	h := s.AWSHandler()
	p.send = func(r *http.Request) (*http.Response, error) {
		r.Host = "oidc.eu-west-1.amazonaws.com"
		return serveOnce(h, r), nil
	}
	p.host = "https://oidc.eu-west-1.amazonaws.com"
	for _, o := range operations {
		if o.name == "CreateToken" {
			p.allow()
		}
		p.must(o.request(p))
		p.last(o.name)
	}
	for _, test := range []struct {
		method, path, accept string
		status               int
		location             string
	}{
		{"GET", "/authorize?client_id=x&state=a%2Fb", "text/html", 302, base + "/authorize?client_id=x&state=a%2Fb"},
		{"GET", "/authorize?x=//evil.test", "", 302, base + "/authorize?x=//evil.test"},
		{"GET", "/authorize", "text/html", 302, base + "/authorize"},
		{"GET", "/", "text/html", 302, base + "/"},
		{"GET", "/start", "text/html", 302, base + "/"},
		{"GET", "//evil.test/", "text/html", 302, base + "/"},
		{"GET", "/.portico/v1/info", "text/html", 302, base + "/"},
		{"POST", "/signin", "text/html", 403, ""}, // no form of ours
		{"GET", "/.portico/v1/info", "", 403, ""},
		{"GET", "/signin", "", 403, ""},
	} {
		r := p.request(test.method, test.path, "")
		if test.accept != "" {
			r.Header.Set("Accept", test.accept)
		}
		a, err := p.do(r)
		if err != nil {
			t.Fatal(err)
		}
		if a.StatusCode != test.status || a.Header.Get("Location") != test.location {
			t.Errorf("%s %s: got %s to %q with %s, want %d to %q", test.method, test.path, a.Status, a.Header.Get("Location"), a.body, test.status, test.location)
		}
		if a.Header.Get("X-Amzn-Requestid") == "" || a.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s %s: got the header %v", test.method, test.path, a.Header)
		}
	}
	addFault(t, s, fault.Rule{Op: "RegisterClient", Error: "InvalidClientMetadataException"})
	if status, code := p.try(operation("RegisterClient")(p)); status != 400 || code != "InvalidClientMetadataException" {
		t.Errorf("got %d %s, want the fault", status, code)
	}
}
