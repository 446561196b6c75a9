package control

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// post sends a body as it is, and returns what is answered.
func (c *center) post(t *testing.T, operation, body string) (status int, refusal Error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.Address+Path+operation, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = c.header()
	resp, err := c.Record.HTTPClient(nil).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK && json.Unmarshal(data, &refusal) != nil {
		t.Fatalf("%s answers %s", operation, data)
	}
	return resp.StatusCode, refusal
}

// No body is a decision that nobody made: what is missing, null, empty, misspelt
// or there twice is refused in words, and nothing has changed.
func TestBodiesThatAreRefused(t *testing.T) {
	c, ctx := newCenter(t), t.Context()
	_, _, device := c.startDevice(t)
	client := c.client()
	if _, err := client.AddFault(ctx, Fault{Op: "*", Latency: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.AddDecision(ctx, Decision{User: "alice", Answer: "allow"}); err != nil {
		t.Fatal(err)
	}
	if err := client.SkewClock(ctx, time.Minute); err != nil {
		t.Fatal(err)
	}
	before := c.state(t)
	const duration = `a duration in quotes, like "90s", "1.5s" or "10m"`
	for _, tt := range []struct{ operation, body, want string }{
		{"decide-device", `{"user":"alice","user_code":"` + device.UserCode + `"}`, "allow is missing; it must be true or false"},
		{"decide-device", `{"user":"alice","user_code":"` + device.UserCode + `","allow":null}`, "allow must be true or false, and is null"},
		{"decide-device", `{"user":"alice","allow":true}`, "user_code is missing; it must be a string"},
		{"sign-in", `{}`, "user is missing; it must be a string"},
		{"set-user", `{"user":"gone"}`, "disabled is missing; it must be true or false"},
		{"set-user", `{"user":"gone","disabled":null}`, "disabled must be true or false, and is null"},
		{"set-user", `{"user":"gone","disabled":"false"}`, `disabled must be true or false, and is "false"`},
		{"set-user", `{"user":"alice","disabled":false,"disabled":true}`, "the field disabled is there twice"},
		{"set-user", `{"User":"alice","disabled":true}`, `there is no field "User"; write it user`},
		{"set-user", `{"user":"alice","off":true}`, `there is no field "off"; there are: user, disabled`},
		{"skew-clock", `{}`, "by is missing; it must be " + duration},
		{"skew-clock", `{"by":""}`, "by must be " + duration + `, and is ""`},
		{"skew-clock", `{"by":null}`, "by must be " + duration + ", and is null"},
		{"advance-clock", `{"by":"x"}`, "by must be " + duration + `, and is "x"`},
		{"advance-clock", `{"by":90}`, "by must be " + duration + ", and is 90"},
		{"clear-faults", `{"id":""}`, "id is empty; write something there, or leave the field out"},
		{"clear-faults", `{"id":null}`, "id must be a string, or be left out, and is null"},
		{"clear-decisions", `{"id":""}`, "id is empty; write something there, or leave the field out"},
		{"clear-decisions", `{"id":null}`, "id must be a string, or be left out, and is null"},
		{"clear-decisions", `{"ID":"x"}`, `there is no field "ID"; write it id`},
		{"revoke", `{"user":"alice","session":""}`, "session is empty; write something there, or leave the field out"},
		{"add-fault", `[]`, "the body must be a JSON object, and is an array"},
		{"add-fault", `null`, "the body must be a JSON object, and is null"},
		{"add-fault", `{"status":500}`, "op is missing; it must be a string"},
		{"add-fault", `{"OP":"*","status":500}`, `there is no field "OP"; write it op`},
		{"add-fault", `{"op":"*","op":"CreateToken","status":500}`, "the field op is there twice"},
		{"add-fault", `{"op":"*","\u006fp":"CreateToken","status":500}`, "the field op is there twice"},
		{"add-fault", `{"op":["*"],"status":500}`, "op must be a string, and is an array"},
		{"add-fault", `{"op":"*","status":"500"}`, `status must be a whole number, or be left out, and is "500"`},
		{"add-fault", `{"op":"*","status":5e99}`, "status must be a whole number, or be left out, and is 5e99"},
		{"add-fault", `{"op":"*","rate":{}}`, "rate must be a number, or be left out, and is an object"},
		{"add-fault", `{"op":"*","status":500,"user":""}`, "user is empty; write something there, or leave the field out"},
		{"add-fault", `{"op":"*","latency":"soon"}`, "latency must be " + duration + `, or be left out, and is "soon"`},
		{"add-decision", `{"user":"alice","answer":"allow","after":"soon"}`, "after must be " + duration + `, or be left out, and is "soon"`},
		{"add-decision", `{"user":"alice"}`, "answer is missing; it must be a string"},
		{"assign", `{"user":"alice","permission_set":"ReadOnly"}`, "accounts is missing; it must be an array of strings"},
		{"assign", `{"user":"alice","permission_set":"ReadOnly","accounts":"dev"}`, `accounts must be an array of strings, and is "dev"`},
		{"assign", `{"user":"alice","permission_set":"ReadOnly","accounts":["dev",null]}`, "accounts[1] must be a string, and is null"},
		{"clear-faults", ``, "the body is empty; send a JSON object, {} when there is nothing to say"},
		{"clear-faults", `{"id":`, "the body ends in the middle of its JSON"},
		{"clear-faults", `{"id":x}`, "the body is no JSON: what stands at byte 7 does not belong there"},
		{"clear-faults", `{}{}`, "something follows the JSON value"},
	} {
		status, refusal := c.post(t, tt.operation, tt.body)
		if status != 400 || refusal.Code != "invalid_request" || refusal.Message != tt.want {
			t.Errorf("%s %s:\ngot  %d %s %q\nwant %q", tt.operation, tt.body, status, refusal.Code, refusal.Message, tt.want)
		}
	}
	if after := c.state(t); after != before {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
	// Nobody has decided the sign-in.
	if status, refusal := c.post(t, "decide-device", `{"user":"alice","user_code":"`+device.UserCode+`","allow":true}`); status != 200 {
		t.Errorf("got %d %+v", status, refusal)
	}
	for _, operation := range []string{"clear-faults", "clear-decisions"} {
		if status, refusal := c.post(t, operation, " {}\n"); status != 200 {
			t.Errorf("%s of all: got %d %+v", operation, status, refusal)
		}
	}
	if len(c.Faults.Rules()) != 0 {
		t.Error("an id that is left out did not mean all")
	}
}

// Of every field of every operation the wrong kind is refused, and no error
// speaks of Go.
func TestFieldsOfTheWrongKind(t *testing.T) {
	c := newCenter(t)
	goes := regexp.MustCompile(`\bGo\b|json:|cannot|unmarshal|struct|unexpected|EOF|fault\.|control\.|time:`)
	for name, op := range operations() {
		if op.request == nil {
			continue
		}
		of := reflect.TypeOf(op.request)
		for i := range of.NumField() {
			field, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if k := of.Field(i).Type; k.Kind() == reflect.Slice && k.Elem().Kind() != reflect.String || strings.HasPrefix(expected(k), "a string") && k.Kind() != reflect.String {
				t.Fatalf("%s: what %s must be is not said", name, field)
			}
			for _, value := range []string{"null", `{"a":1}`, "[[]]", "true", "7.5", `"x"`} {
				into := reflect.New(of.Field(i).Type)
				fits := value != "null" && json.Unmarshal([]byte(value), into.Interface()) == nil
				status, refusal := c.post(t, name, `{"`+field+`":`+value+`}`)
				if goes.MatchString(refusal.Message) {
					t.Errorf("%s with %s %s: %q", name, field, value, refusal.Message)
				}
				if !fits && (status != 400 || refusal.Code != "invalid_request" || !strings.HasPrefix(refusal.Message, field)) {
					t.Errorf("%s with %s %s: got %d %+v, want invalid_request about %s", name, field, value, status, refusal, field)
				}
			}
		}
		for _, required := range op.required {
			if !slices.Contains(fieldNames(of), required) {
				t.Errorf("%s requires %s, which it does not know", name, required)
			}
		}
	}
}

func fieldNames(of reflect.Type) (names []string) {
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
