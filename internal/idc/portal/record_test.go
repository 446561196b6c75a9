package portal_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// recorded is a browser whose requests keep their events.
func (c *center) recorded(t testing.TB) *recordingBrowser {
	t.Helper()
	return &recordingBrowser{t: t, c: c, cookies: map[string]string{}}
}

// recordingBrowser asks the handler itself, which is where its events are.
type recordingBrowser struct {
	t       testing.TB
	c       *center
	cookies map[string]string
	all     []events.Event
}

func (b *recordingBrowser) do(method, target string, form url.Values, header ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	req := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	ctx, call := events.Begin(b.t.Context())
	req = req.WithContext(ctx)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.c.ServeHTTP(w, req)
	for _, c := range w.Result().Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	b.all = append(b.all, call.Events(b.c.now(), "request", "127.0.0.1", "agent", events.Place{Region: "us-east-1", ManagementAccount: dev})...)
	return w
}

// took returns the events since it was last called.
func (b *recordingBrowser) took() []events.Event {
	es := b.all
	b.all = nil
	return es
}

// line is an event in short: source, name, credential or decision, error, who.
func line(e events.Event) string {
	s := strings.TrimSuffix(e.EventSource, ".amazonaws.com") + ":" + e.EventName
	for _, key := range []string{"CredentialType", "Decision", "DecidedBy"} {
		if v := e.AdditionalEventData[key]; v != "" {
			s += " " + v
		}
	}
	if v := e.ServiceEventDetails[e.EventName]; v != "" {
		s += " " + v
	}
	if e.ErrorCode != "" {
		s += " !" + e.ErrorCode
	}
	return s + " " + e.UserIdentity.UserName
}

func (b *recordingBrowser) want(lines ...string) []events.Event {
	b.t.Helper()
	es := b.took()
	var got []string
	for _, e := range es {
		got = append(got, strings.TrimSpace(line(e)))
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", lines) {
		b.t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
	return es
}

// A sign-in for a program is one workflow from the first page to the decision,
// told as CloudTrail tells it.
func TestEventsOfASignIn(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	b := c.recorded(t)
	consent := b.do("GET", "/authorize?"+authorizeQuery(client.ID, callback).Encode(), nil).Header().Get("Location")
	id := strings.TrimPrefix(consent, "/consent?request=")
	b.do("GET", consent, nil)
	b.do("GET", "/signin?next="+url.QueryEscape(consent), nil)
	b.do("POST", "/signin", url.Values{"username": {"bob"}, "next": {consent}})
	b.do("POST", "/signin", url.Values{"username": {"bob"}, "password": {"wrong"}, "next": {consent}})
	at := b.do("POST", "/signin", url.Values{"username": {"bob"}, "password": {"battery-staple"}, "next": {consent}}).Header().Get("Location")
	b.do("GET", at, nil)
	b.do("GET", "/mail", nil)
	user, err := c.Directory.UserByName(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	mail, err := c.Directory.Mail(t.Context(), c.now(), user.ID)
	if err != nil || len(mail) != 1 {
		t.Fatalf("got %v, %v", mail, err)
	}
	b.do("POST", "/signin/code", url.Values{"code": {"typo"}, "next": {consent}})
	b.do("POST", "/signin/code", url.Values{"code": {mail[0].Code}, "next": {consent}})
	b.do("GET", consent, nil)
	b.do("POST", "/consent", url.Values{"request": {id}, "decision": {"allow"}})
	es := b.want(
		"sso:Authorize",
		"signin:CredentialChallenge PASSWORD Success bob",
		"signin:CredentialVerification PASSWORD Failure !FailedAuthentication bob",
		"signin:CredentialVerification PASSWORD Success bob",
		"signin:CredentialChallenge EMAIL_OTP Success bob",
		"signin:CredentialVerification EMAIL_OTP Failure !FailedAuthentication bob",
		"signin:CredentialVerification EMAIL_OTP Success bob",
		"signin:UserAuthentication PASSWORD,EMAIL_OTP Success bob",
		"sso:AuthorizeClient allow bob",
	)
	for _, e := range es {
		if got := e.AdditionalEventData["AuthWorkflowID"]; got != grant.Workflow(id) {
			t.Errorf("%s: got workflow %q, want %q", e.EventName, got, grant.Workflow(id))
		}
		if signedIn := e.UserIdentity.CredentialID != ""; signedIn != (e.EventName == "UserAuthentication" || e.EventName == "AuthorizeClient") {
			t.Errorf("%s: got session %q", e.EventName, e.UserIdentity.CredentialID)
		}
		if e.EventName == "Authorize" || e.EventName == "AuthorizeClient" {
			if got := e.AdditionalEventData["ClientName"]; got != "aws-cli" {
				t.Errorf("%s: got client %q", e.EventName, got)
			}
		}
		b.wantNone(e, mail[0].Code, id, "battery-staple", "typo", "st/ate", mail[0].Text[:5])
	}
	if got := es[0].RequestParameters["redirectUri"]; got != callback {
		t.Errorf("got redirect %q", got)
	}
	if got := es[7].AdditionalEventData["LoginTo"]; got != c.BaseURL+"/consent" {
		t.Errorf("got LoginTo %q", got)
	}
}

// wantNone fails if one of the words is in an event.
func (b *recordingBrowser) wantNone(e events.Event, words ...string) {
	b.t.Helper()
	text, err := e.MarshalJSON()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, word := range words {
		if strings.Contains(string(text), word) {
			b.t.Errorf("%q is in %s", word, text)
		}
	}
}

// Of a name that nobody has, or that is a mistyped password, nothing is told.
func TestEventsHideNames(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.recorded(t)
	const typed = "My-Secret-Password-1"
	b.do("POST", "/signin", url.Values{"username": {typed}})
	b.do("POST", "/signin", url.Values{"username": {typed}, "password": {"other-secret"}})
	for range 6 {
		b.do("POST", "/signin", url.Values{"username": {typed}, "password": {"other-secret"}})
	}
	for i, e := range b.took() {
		if e.UserIdentity.UserName != "HIDDEN_DUE_TO_SECURITY_REASONS" || e.UserIdentity.OnBehalfOf != nil {
			t.Errorf("%d: got %+v", i, e.UserIdentity)
		}
		want := []string{"", "FailedAuthentication", "", "", "", "", "", "ThrottlingException"}[i]
		if i > 1 && i < 6 {
			want = "FailedAuthentication"
		}
		if i == 6 {
			want = "ThrottlingException"
		}
		if e.ErrorCode != want {
			t.Errorf("%d: got error %q, want %q", i, e.ErrorCode, want)
		}
		b.wantNone(e, typed, "other-secret")
	}
	// Somebody who exists is named, in the way their name is written.
	b.do("POST", "/signin", url.Values{"username": {"ALICE"}, "password": {"wrong"}})
	b.want("signin:CredentialVerification PASSWORD Failure !FailedAuthentication alice")
	// Who is signed in in that browser meanwhile is not who signs in.
	b.do("POST", "/signin", url.Values{"username": {"alice"}, "password": {"correct-horse"}})
	b.want("signin:CredentialVerification PASSWORD Success alice", "signin:UserAuthentication PASSWORD Success alice")
	b.do("POST", "/signin", url.Values{"username": {typed}, "password": {"x"}})
	if es := b.took(); len(es) != 1 || es[0].UserIdentity.UserName != "HIDDEN_DUE_TO_SECURITY_REASONS" || es[0].UserIdentity.CredentialID != "" {
		t.Errorf("got %+v", es)
	}
}

// Signing in to the portal is a workflow of its own, and what is done there is the
// session's.
func TestEventsOfThePortal(t *testing.T) {
	c := newCenter(t, organisation())
	b := c.recorded(t)
	page := b.do("GET", "/signin", nil).Body.String()
	_, rest, _ := strings.Cut(page, `name="workflow" value="`)
	workflow, _, _ := strings.Cut(rest, `"`)
	b.do("POST", "/signin", url.Values{"username": {"alice"}, "workflow": {workflow}})
	b.do("POST", "/signin", url.Values{"username": {"alice"}, "password": {"correct-horse"}, "workflow": {workflow}})
	es := b.want(
		"signin:CredentialChallenge PASSWORD Success alice",
		"signin:CredentialVerification PASSWORD Success alice",
		"signin:UserAuthentication PASSWORD Success alice",
	)
	session := es[2].UserIdentity.CredentialID
	for _, e := range es {
		if got := e.AdditionalEventData["AuthWorkflowID"]; got != workflow || len(got) != 36 {
			t.Errorf("%s: got workflow %q, want %q", e.EventName, got, workflow)
		}
	}
	b.do("GET", "/start", nil)
	b.do("GET", "/start/role?account="+dev+"&role=ReadOnly", nil)
	b.want()
	issued := b.do("POST", "/start/role", url.Values{"account": {dev}, "role": {"ReadOnly"}}).Body.String()
	b.do("POST", "/start/role", url.Values{"account": {prod}, "role": {"ReadOnly"}})
	b.do("POST", "/signout", nil)
	es = b.want(
		"sso:GetRoleCredentials alice",
		"sso:GetRoleCredentials !ForbiddenException alice",
		"signin:SignOut Success alice",
	)
	for _, e := range es {
		if e.UserIdentity.CredentialID != session || e.AdditionalEventData["AuthWorkflowID"] != session {
			t.Errorf("%s: got %+v, want session %s", e.EventName, e, session)
		}
		for _, text := range snippets(t, issued)[3:4] {
			for _, secret := range strings.Fields(text)[5:] {
				if len(secret) > 20 {
					b.wantNone(e, secret)
				}
			}
		}
	}
	if e := es[0]; e.RequestParameters["accountId"] != dev || e.RequestParameters["roleName"] != "ReadOnly" ||
		!strings.HasPrefix(e.AdditionalEventData["AccessKeyID"], "ASIA") || !strings.Contains(e.AdditionalEventData["AssumedRoleARN"], "assumed-role/AWSReservedSSO_ReadOnly") {
		t.Errorf("got %+v", e)
	}
	// Without a workflow from the forms it is the session's own.
	b.do("POST", "/signin", url.Values{"username": {"alice"}, "password": {"correct-horse"}, "workflow": {"not one"}})
	es = b.took()
	if got := es[1].AdditionalEventData["AuthWorkflowID"]; len(es) != 2 || got != es[1].UserIdentity.CredentialID || es[0].AdditionalEventData["AuthWorkflowID"] != got {
		t.Errorf("got %+v", es)
	}
	b.do("POST", "/signout", nil)
	b.took()
	b.do("POST", "/signout", nil)
	b.want() // nobody was signed in
}

func TestEventsOfADevice(t *testing.T) {
	c := newCenter(t, organisation())
	client, secret := c.register(t, "device-client")
	d := c.startDevice(t, client, secret)
	b := c.recorded(t)
	next := "/device?user_code=" + d.UserCode
	b.do("POST", "/signin", url.Values{"username": {"alice"}, "password": {"correct-horse"}, "next": {next}})
	b.do("POST", "/device", url.Values{"user_code": {"BBBB-BBBB"}})
	b.do("POST", "/device", url.Values{})
	consent := b.do("POST", "/device", url.Values{"user_code": {d.UserCode}}).Header().Get("Location")
	b.do("POST", "/consent", url.Values{"request": {strings.TrimPrefix(consent, "/consent?request=")}, "decision": {"deny"}})
	b.do("POST", "/consent", url.Values{"request": {strings.TrimPrefix(consent, "/consent?request=")}, "decision": {"deny"}})
	es := b.want(
		"signin:CredentialVerification PASSWORD Success alice",
		"signin:UserAuthentication PASSWORD Success alice",
		"sso:ConfirmUserCode !InvalidGrantException alice",
		"sso:ConfirmUserCode !InvalidRequestException alice",
		"sso:ConfirmUserCode alice",
		"sso:AuthorizeClient deny alice",
		"sso:AuthorizeClient deny !ConflictException alice",
	)
	for i, e := range es {
		if got := e.AdditionalEventData["AuthWorkflowID"]; (got == d.Workflow) != (i != 2 && i != 3) {
			t.Errorf("%d %s: got workflow %q, want %q", i, e.EventName, got, d.Workflow)
		}
		b.wantNone(e, d.UserCode, "BBBB", strings.TrimPrefix(consent, "/consent?request="))
	}
}

func TestEventsOfRefusals(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	b := c.recorded(t)
	b.do("GET", "/authorize?"+authorizeQuery("nobody", callback).Encode(), nil)
	b.do("GET", "/authorize?"+authorizeQuery(client.ID, "https://evil.test/?secret=1").Encode(), nil)
	q := authorizeQuery(client.ID, callback)
	q.Set("scopes", "other")
	b.do("GET", "/authorize?"+q.Encode(), nil)
	b.do("POST", "/consent", url.Values{"request": {"x"}, "decision": {"allow"}})
	b.do("POST", "/consent", url.Values{}, "Sec-Fetch-Site", "cross-site")
	b.do("POST", "/signin/code", url.Values{"code": {"123456"}})
	b.do("POST", "/signin", url.Values{}, "Content-Type", "text/plain")
	b.do("POST", "/signin", url.Values{})
	es := b.want(
		"sso:Authorize !InvalidClientException",
		"sso:Authorize !InvalidRedirectUriException",
		"sso:Authorize !InvalidScopeException",
		"sso:AuthorizeClient !UnauthorizedException",
		"sso:AuthorizeClient !AccessDeniedException",
		"signin:CredentialVerification EMAIL_OTP Failure !ExpiredCodeException HIDDEN_DUE_TO_SECURITY_REASONS",
		"signin:CredentialVerification Failure !InvalidRequestException",
	)
	for _, e := range es {
		b.wantNone(e, "secret", "123456")
	}
	if got := es[2].AdditionalEventData["ClientName"]; got != "aws-cli" {
		t.Errorf("got client %q", got)
	}
	// A failure of ours says so, and no more.
	if err := c.db.Close(); err != nil {
		t.Fatal(err)
	}
	b.do("GET", "/authorize?"+authorizeQuery(client.ID, callback).Encode(), nil)
	if es := b.took(); len(es) != 1 || es[0].ErrorCode != "InternalFailure" || strings.Contains(es[0].ErrorMessage, "sql") {
		t.Errorf("got %+v", es)
	}
}

// What a rule decides is told as such, in the name of its person.
func TestEventsOfRules(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "my-tool", "http://127.0.0.1/oauth/callback")
	c.rule(t, directory.Decision{User: "bob", Answer: "allow"})
	b := c.recorded(t)
	consent := b.do("GET", "/authorize?"+authorizeQuery(client.ID, callback).Encode(), nil).Header().Get("Location")
	b.do("GET", consent, nil)
	es := b.want("sso:Authorize", "sso:AuthorizeClient allow Rule bob")
	for _, e := range es {
		if e.AdditionalEventData["AuthWorkflowID"] != grant.Workflow(strings.TrimPrefix(consent, "/consent?request=")) || e.AdditionalEventData["ClientName"] != "my-tool" {
			t.Errorf("got %+v", e)
		}
	}
	c.rule(t, directory.Decision{Answer: "never"})
	consent = b.do("GET", "/authorize?"+authorizeQuery(client.ID, callback).Encode(), nil).Header().Get("Location")
	b.do("GET", consent, nil)
	b.want("sso:Authorize")
}

// Whose a request is is told from its address and its cookie.
func TestWho(t *testing.T) {
	c := newCenter(t, organisation())
	client, _ := c.register(t, "aws-cli", "http://127.0.0.1/oauth/callback")
	b := c.signedIn(t, "alice", "correct-horse")
	consent := b.authorize(client.ID)
	bob := c.signedIn(t, "bob", "battery-staple")
	ask := func(method, path, cookie string) string {
		req := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		req.AddCookie(&http.Cookie{Name: cookieName(c), Value: cookie})
		client, user := c.Who(req)
		return client + "|" + user
	}
	for _, test := range []struct{ method, path, cookie, want string }{
		{"GET", consent, b.cookie(), "aws-cli|alice"},
		{"POST", consent, b.cookie(), "aws-cli|alice"},
		{"GET", consent, bob.cookie(), "aws-cli|bob"},
		{"GET", consent, "", "|"},
		{"GET", "/consent?request=x", b.cookie(), "|alice"},
		{"GET", "/authorize?client_id=" + client.ID, "", "aws-cli|"},
		{"GET", "/authorize?client_id=x", "x", "|"},
		{"GET", "/start", b.cookie(), "|alice"},
		{"GET", "/nothing", "", "|"},
	} {
		if got := ask(test.method, test.path, test.cookie); got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.method, test.path, got, test.want)
		}
	}
	// The form of the consent page names the request in its address as well.
	b.get(consent).says(t, 200, `action="`+consent+`"`)
	if err := c.db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := ask("GET", consent, b.cookie()); got != "|" {
		t.Errorf("got %q without a database", got)
	}
}
