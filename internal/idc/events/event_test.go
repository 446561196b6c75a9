package events_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/portico-sso/portico/internal/idc/events"
)

var (
	start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	place = events.Place{Region: "eu-west-1", ManagementAccount: "111122223333", IdentityStoreARN: "arn:aws:identitystore::111122223333:identitystore/d-1234567890"}
)

func eventsOf(c *events.Call) []events.Event {
	return c.Events(start.Add(120_456_789), "req-1", "127.0.0.1", "aws-cli/2.36.7", place)
}

var eventID = regexp.MustCompile(`"eventID":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`)

func TestEventJSON(t *testing.T) {
	const person = `"onBehalfOf":{"userId":"u-1","identityStoreArn":"arn:aws:identitystore::111122223333:identitystore/d-1234567890"}`
	const asked = `"eventTime":"2026-11-20T09:00:00.120Z",`
	const from = `"awsRegion":"eu-west-1","sourceIPAddress":"127.0.0.1","userAgent":"aws-cli/2.36.7",`
	for name, tt := range map[string]struct {
		call events.Call
		want string
	}{
		"nobody is known": {
			events.Call{Source: "sso-oauth", Name: "RegisterClient", Client: "my-tool", Request: map[string]string{"clientType": "public", "clientName": "my-tool"}},
			`{"eventVersion":"1.11","userIdentity":{"type":"Unknown","accountId":"111122223333"},` + asked +
				`"eventSource":"sso-oauth.amazonaws.com","eventName":"RegisterClient",` + from +
				`"requestParameters":{"clientName":"my-tool","clientType":"public"},"additionalEventData":{"ClientName":"my-tool"},` +
				`"requestID":"req-1","eventID":"","eventType":"AwsApiCall","recipientAccountId":"111122223333"}`,
		},
		"refused by a fault": {
			events.Call{Source: "sso-oauth", Name: "CreateToken", ClientID: "c-1", Client: "my-tool", UserID: "u-1", UserName: "alice", SessionID: "s-1",
				Workflow: "w-1", ErrorCode: "SlowDownException", ErrorMessage: "slower", Fault: "fault-1", Request: map[string]string{"grantType": "refresh_token"}},
			`{"eventVersion":"1.11","userIdentity":{"type":"IdentityCenterUser","accountId":"111122223333","userName":"alice",` + person + `,"credentialId":"s-1"},` + asked +
				`"eventSource":"sso-oauth.amazonaws.com","eventName":"CreateToken",` + from +
				`"errorCode":"SlowDownException","errorMessage":"slower","requestParameters":{"grantType":"refresh_token"},` +
				`"additionalEventData":{"AuthWorkflowID":"w-1","ClientID":"c-1","ClientName":"my-tool","FaultID":"fault-1"},` +
				`"requestID":"req-1","eventID":"","eventType":"AwsApiCall","recipientAccountId":"111122223333"}`,
		},
		"role credentials are issued": {
			events.Call{Source: "sso", Name: "GetRoleCredentials", UserID: "u-1", UserName: "alice",
				AccessKeyID: "ASIA1", ARN: "arn:aws:sts::444455556666:assumed-role/R/alice", AccountID: "444455556666"},
			`{"eventVersion":"1.11","userIdentity":{"type":"IdentityCenterUser","accountId":"111122223333","userName":"alice",` + person + `},` + asked +
				`"eventSource":"sso.amazonaws.com","eventName":"GetRoleCredentials",` + from +
				`"additionalEventData":{"AccessKeyID":"ASIA1","AssumedRoleARN":"arn:aws:sts::444455556666:assumed-role/R/alice"},` +
				`"requestID":"req-1","eventID":"","eventType":"AwsApiCall","recipientAccountId":"111122223333"}`,
		},
		"role credentials are used": {
			events.Call{Source: "sts", Name: "GetCallerIdentity", UserID: "u-1", UserName: "alice",
				AccessKeyID: "ASIA1", ARN: "arn:aws:sts::444455556666:assumed-role/R/alice", AccountID: "444455556666"},
			`{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::444455556666:assumed-role/R/alice",` +
				`"accountId":"444455556666","accessKeyId":"ASIA1","userName":"alice",` + person + `},` + asked +
				`"eventSource":"sts.amazonaws.com","eventName":"GetCallerIdentity",` + from +
				`"requestID":"req-1","eventID":"","eventType":"AwsApiCall","recipientAccountId":"444455556666"}`,
		},
		"an access key of nobody": {
			events.Call{Source: "s3", Name: "ListBuckets", AccessKeyID: "AKIA1", ErrorCode: "InvalidAccessKeyId"},
			`{"eventVersion":"1.11","userIdentity":{"type":"Unknown","accountId":"111122223333","accessKeyId":"AKIA1"},` + asked +
				`"eventSource":"s3.amazonaws.com","eventName":"ListBuckets",` + from + `"errorCode":"InvalidAccessKeyId",` +
				`"requestID":"req-1","eventID":"","eventType":"AwsApiCall","recipientAccountId":"111122223333"}`,
		},
		"a person signs in": {
			events.Call{Source: "signin", Name: "UserAuthentication", UserID: "u-1", UserName: "alice", Workflow: "w-1",
				Extra: map[string]string{"CredentialType": "PASSWORD,EMAIL_OTP", "UserName": "alice"}},
			`{"eventVersion":"1.11","userIdentity":{"type":"IdentityCenterUser","accountId":"111122223333","userName":"alice",` + person + `},` + asked +
				`"eventSource":"signin.amazonaws.com","eventName":"UserAuthentication",` + from +
				`"additionalEventData":{"AuthWorkflowID":"w-1","CredentialType":"PASSWORD,EMAIL_OTP","UserName":"alice"},` +
				`"requestID":"req-1","eventID":"","eventType":"AwsServiceEvent","recipientAccountId":"111122223333",` +
				`"serviceEventDetails":{"UserAuthentication":"Success"}}`,
		},
		"a password typed as a name": {
			events.Call{Source: "signin", Name: "CredentialVerification", UserName: "hunter2", ErrorCode: "Failed",
				Extra: map[string]string{"CredentialType": "PASSWORD", "UserName": "hunter2"}},
			`{"eventVersion":"1.11","userIdentity":{"type":"Unknown","accountId":"111122223333","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"},` + asked +
				`"eventSource":"signin.amazonaws.com","eventName":"CredentialVerification",` + from + `"errorCode":"Failed",` +
				`"additionalEventData":{"CredentialType":"PASSWORD","UserName":"HIDDEN_DUE_TO_SECURITY_REASONS"},` +
				`"requestID":"req-1","eventID":"","eventType":"AwsServiceEvent","recipientAccountId":"111122223333",` +
				`"serviceEventDetails":{"CredentialVerification":"Failure"}}`,
		},
		"an outcome in other words": {
			events.Call{Source: "signin", Name: "CredentialChallenge", UserID: "u-1", Extra: map[string]string{"CredentialChallenge": "Sent"}},
			`{"eventVersion":"1.11","userIdentity":{"type":"IdentityCenterUser","accountId":"111122223333",` + person + `},` + asked +
				`"eventSource":"signin.amazonaws.com","eventName":"CredentialChallenge",` + from +
				`"requestID":"req-1","eventID":"","eventType":"AwsServiceEvent","recipientAccountId":"111122223333",` +
				`"serviceEventDetails":{"CredentialChallenge":"Sent"}}`,
		},
	} {
		es := eventsOf(&tt.call)
		if len(es) != 1 {
			t.Fatalf("%s: %d events", name, len(es))
		}
		data, err := json.Marshal(es[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := eventID.ReplaceAllString(string(data), `"eventID":""`); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tt.want)
		}
		var back events.Event
		if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, es[0]) {
			t.Errorf("%s: read back %+v, %v; want %+v", name, back, err, es[0])
		}
	}
}

// Times are text of one length in UTC, so that they sort.
func TestEventTime(t *testing.T) {
	for at, want := range map[time.Time]string{
		start: "2026-11-20T09:00:00.000Z",
		start.Add(999_999_999).In(time.FixedZone("", 7200)): "2026-11-20T09:00:00.999Z",
		start.Add(100 * time.Millisecond):                   "2026-11-20T09:00:00.100Z",
	} {
		c := events.Call{Name: "N"}
		data, err := json.Marshal(c.Events(at, "", "", "", place))
		if err != nil || !strings.Contains(string(data), `"eventTime":"`+want+`"`) {
			t.Errorf("%s: %s, %v", want, data, err)
		}
	}
}

func TestMore(t *testing.T) {
	c := events.Call{Source: "signin", Name: "CredentialVerification", ClientID: "c", Client: "C", UserID: "u", UserName: "U", SessionID: "s", Workflow: "w",
		Fault: "f", ErrorCode: "E", ErrorMessage: "M", Request: map[string]string{"r": "1"}, Extra: map[string]string{"CredentialType": "PASSWORD"}}
	c.More = []*events.Call{
		{Name: "UserAuthentication"},
		{}, // has no name
		{Name: "Other", Source: "sso", ClientID: "c2", Client: "C2", UserID: "u2", UserName: "U2", SessionID: "s2", Workflow: "w2", Fault: "f2",
			ErrorCode: "E2", ErrorMessage: "M2", Request: map[string]string{"r": "2"}, Extra: map[string]string{"e": "2"}},
	}
	es := eventsOf(&c)
	if len(es) != 3 {
		t.Fatalf("%d events, want 3", len(es))
	}
	first, second, third := es[0], es[1], es[2]
	if first.EventName != "CredentialVerification" || first.ServiceEventDetails["CredentialVerification"] != "Failure" {
		t.Errorf("first: %+v", first)
	}
	if second.EventName != "UserAuthentication" || second.ErrorCode+second.ErrorMessage != "" || second.ServiceEventDetails["UserAuthentication"] != "Success" {
		t.Errorf("the second has the error of the first: %+v", second)
	}
	second.EventName, second.EventID, second.ErrorCode, second.ErrorMessage, second.ServiceEventDetails =
		first.EventName, first.EventID, first.ErrorCode, first.ErrorMessage, first.ServiceEventDetails
	if !reflect.DeepEqual(first, second) {
		t.Errorf("the second does not inherit:\n%+v\n%+v", first, second)
	}
	want := map[string]string{"AuthWorkflowID": "w2", "ClientID": "c2", "ClientName": "C2", "FaultID": "f2", "e": "2"}
	if !reflect.DeepEqual(third.AdditionalEventData, want) || third.RequestParameters["r"] != "2" || third.UserIdentity.UserName != "U2" ||
		third.UserIdentity.OnBehalfOf.UserID != "u2" || third.UserIdentity.CredentialID != "s2" || third.ErrorCode != "E2" || third.EventType != "AwsApiCall" {
		t.Errorf("the third lost what is its own: %+v", third)
	}
	if es[0].EventID == es[1].EventID || es[0].RequestID != es[2].RequestID {
		t.Error("events of one request have one request id and different event ids")
	}
	if c.More[0].UserID != "" {
		t.Error("the call was changed")
	}

	c.Name = ""
	if es := eventsOf(&c); len(es) != 2 || es[0].EventName != "UserAuthentication" {
		t.Errorf("without a name of its own: %+v", es)
	}
	if es := eventsOf(&events.Call{Source: "sso", UserID: "u"}); len(es) != 0 {
		t.Errorf("without any name: %+v", es)
	}
}

func TestContext(t *testing.T) {
	events.Of(t.Context()).Name = "lost" // must not panic, nor be seen by anybody
	if name := events.Of(t.Context()).Name; name != "" {
		t.Errorf("a throw-away call keeps %q", name)
	}
	ctx, c := events.Begin(t.Context())
	events.Of(ctx).Name = "CreateToken"
	if c.Name != "CreateToken" || events.Of(ctx) != c {
		t.Error("the context has another call")
	}
	if inner, c2 := events.Begin(ctx); c2 == c || events.Of(inner) != c2 || events.Of(ctx) != c {
		t.Error("calls of two requests are mixed up")
	}
}

func TestCleansAndCuts(t *testing.T) {
	long := strings.Repeat("x", 512)
	for in, want := range map[string]string{
		"aws-cli/2 (Linux) äöü 名前 👩‍💻": "aws-cli/2 (Linux) äöü 名前 👩‍💻",
		"a\r\nb\tc\x00d\x7fe":          "a  b c d e",
		"a\u0085b\u2028c\u2029d":       "a b c d",
		"\x1b[31mred\u009b1m":          " [31mred 1m",
		"abc\u202ecba\u2066":           "abc cba ",
		"a\xffb\xc3":                   "a\ufffdb\ufffd",
		"a\ufffdb":                     "a\ufffdb",
		long:                           long,
		long + "y":                     long,
		strings.Repeat("é", 300):       strings.Repeat("é", 256),
		long[:511] + "é":               long[:511],
		strings.Repeat("<", 100):       strings.Repeat("<", 85), // six bytes each in JSON
		strings.Repeat(`"`, 300):       strings.Repeat(`"`, 256),
		strings.Repeat("\n", 1000):     strings.Repeat(" ", 512),
	} {
		c := events.Call{Name: "N", Client: in}
		e := c.Events(start, "", "", in, place)[0]
		if e.UserAgent != want || e.AdditionalEventData["ClientName"] != want {
			t.Errorf("%.40q becomes %.40q (%d bytes), want %.40q (%d bytes)", in, e.UserAgent, len(e.UserAgent), want, len(want))
		}
	}
}

// What matters survives, however much else there is, and the same call makes the
// same event.
func TestWhatFits(t *testing.T) {
	junk := strings.Repeat("<>", 5000)
	c := events.Call{Source: "sso", Name: "ListAccounts", ClientID: "c-1", Client: junk, UserID: "u-1", UserName: "alice", SessionID: "s-1", Workflow: "w-1",
		ErrorCode: "E", ErrorMessage: junk, Fault: "fault-1", Request: map[string]string{}, Extra: map[string]string{"AuthWorkflowID": "another", "": "x", "empty": ""}}
	for i := range 1000 {
		c.Request[strings.Repeat("n", i%200)+string(rune('a'+i%26))] = junk
	}
	var last []byte
	for range 20 {
		es := eventsOf(&c)
		e := es[0]
		if d := e.AdditionalEventData; d["AuthWorkflowID"] != "w-1" || d["ClientID"] != "c-1" || d["FaultID"] != "fault-1" {
			t.Errorf("data: %v", d)
		}
		if e.UserIdentity.UserName != "alice" || e.UserIdentity.OnBehalfOf.UserID != "u-1" || e.UserIdentity.CredentialID != "s-1" || e.ErrorCode != "E" ||
			e.UserAgent != "aws-cli/2.36.7" || e.ErrorMessage == "" || len(e.RequestParameters) == 0 {
			t.Errorf("%+v", e)
		}
		es[0].EventID = ""
		data, err := json.Marshal(es)
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && string(data) != string(last) {
			t.Fatalf("the same call makes\n%s and\n%s", last, data)
		}
		last = data
	}
}

func checkPrintable(t *testing.T, e events.Event) {
	t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > events.MaxSize {
		t.Fatalf("%d bytes: %s", len(data), data)
	}
	if !utf8.Valid(data) {
		t.Fatalf("no UTF-8: %q", data)
	}
	for _, c := range string(data) {
		if unicode.IsControl(c) || unicode.In(c, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			t.Fatalf("%U in %q", c, data)
		}
	}
	// Nor hidden behind an escape, for whoever prints the decoded text.
	if regexp.MustCompile(`\\u00[01]|\\u007f|\\[nrtbf]|\\u202[89]`).Match(regexp.MustCompile(`\\\\`).ReplaceAll(data, nil)) {
		t.Fatalf("an escaped control character in %s", data)
	}
	var back events.Event
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, e) {
		t.Fatalf("read back %+v, %v; want %+v", back, err, e)
	}
}

// The largest events there can be.
func TestMaxSize(t *testing.T) {
	for _, s := range []string{"x", "<", `"`, "é", "👩", "\n", "\xff", "\u2028"} {
		s = strings.Repeat(s, 3000)
		for _, name := range []string{"GetRoleCredentials", "Other", s} {
			for _, source := range []string{"signin", "sso", s} {
				for _, userID := range []string{"", s} {
					m := map[string]string{"UserName": s, s: s, "a" + s: s, "b": s, "c": s, "d": s, "e": s, "f": s, name: s}
					c := events.Call{Source: source, Name: name, ClientID: s, Client: s, UserID: userID, UserName: s, SessionID: s, Workflow: s,
						AccessKeyID: s, ARN: s, AccountID: s, ErrorCode: s, ErrorMessage: s, Request: m, Extra: m, Fault: s}
					for _, e := range c.Events(start, s, s, s, events.Place{Region: s, ManagementAccount: s, IdentityStoreARN: s}) {
						checkPrintable(t, e)
					}
				}
			}
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add("signin", "CredentialVerification", "my-tool", "u-1", "alice", "ASIA1", "arn:aws:sts::1:assumed-role/R/a", "E", "wrong", "clientId", "c-1", "curl/8", "::1")
	f.Add("sso\r\n", "A\nB", "\x1b]0;t\a", "", "\u202eecila", "", "", "\"", "\\", "\xff\xfe", "\u2028", "a\r\nX: y", "<script>")
	f.Fuzz(func(t *testing.T, source, name, client, userID, userName, accessKey, arn, code, message, parameter, value, agent, address string) {
		m := map[string]string{parameter: value, parameter + "2": agent, value: message, "UserName": userName}
		c := events.Call{Source: source, Name: name, ClientID: client, Client: agent, UserID: userID, UserName: userName, SessionID: value, Workflow: parameter,
			AccessKeyID: accessKey, ARN: arn, AccountID: address, ErrorCode: code, ErrorMessage: message, Request: m, Extra: m, Fault: address,
			More: []*events.Call{{Name: parameter, Extra: map[string]string{name: value}}}}
		es := c.Events(start, address, agent, agent, place)
		if want := len(c.Name); want > 0 && len(es) == 0 {
			t.Fatal("no event")
		}
		for _, e := range es {
			checkPrintable(t, e)
			if userID == "" && source == "signin" && userName != "" && e.UserIdentity.UserName == userName {
				t.Fatalf("tells the name of nobody: %+v", e)
			}
		}
	})
}

func TestMatch(t *testing.T) {
	e := events.Event{EventName: "CreateToken", EventTime: start, UserIdentity: events.UserIdentity{UserName: "Alice"}}
	for _, tt := range []struct {
		q    events.Query
		want bool
	}{
		{events.Query{}, true},
		{events.Query{After: 7, Limit: 1}, true},
		{events.Query{Since: start}, true},
		{events.Query{Since: start.Add(999_999)}, true},
		{events.Query{Since: start.Add(time.Millisecond)}, false},
		{events.Query{User: "alice"}, true},
		{events.Query{User: "AL*"}, true},
		{events.Query{User: "bob"}, false},
		{events.Query{Operation: "createtoken"}, true},
		{events.Query{Operation: "Create*"}, true},
		{events.Query{Operation: "Create"}, false},
		{events.Query{User: "a?ice", Operation: "*Token", Since: start.Add(-1)}, true},
		{events.Query{User: "a?ice", Operation: "*Accounts"}, false},
		{events.Query{User: "["}, false},
	} {
		if got := tt.q.Match(e); got != tt.want {
			t.Errorf("%+v: %t", tt.q, got)
		}
	}
	odd := events.Event{EventName: "a/b", EventTime: start}
	if !(events.Query{}).Match(odd) || (events.Query{User: "?*"}).Match(odd) {
		t.Error("a query without patterns is for all events, and ?* for those of somebody")
	}
}

func BenchmarkEvents(b *testing.B) {
	c := events.Call{Source: "sso", Name: "ListAccounts", ClientID: "c-1", Client: "my-tool", UserID: "u-1", UserName: "alice", Workflow: "w-1",
		Request: map[string]string{"max_result": "100"}}
	b.ReportAllocs()
	for b.Loop() {
		eventsOf(&c)
	}
}

func BenchmarkMarshal(b *testing.B) {
	c := events.Call{Source: "sso", Name: "ListAccounts", ClientID: "c-1", Client: "my-tool", UserID: "u-1", UserName: "alice", Workflow: "w-1"}
	e := eventsOf(&c)[0]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(e); err != nil {
			b.Fatal(err)
		}
	}
}
