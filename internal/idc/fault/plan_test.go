package fault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/fault"
)

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func add(t testing.TB, p *fault.Plan, r fault.Rule) fault.Rule {
	t.Helper()
	added, err := p.Add(r)
	if err != nil {
		t.Fatalf("Add(%+v): %v", r, err)
	}
	return added
}

func api(service, operation string) fault.Call {
	return fault.Call{Service: service, Operation: operation, Method: "POST", Path: "/"}
}

func named(client, user string) fault.Call {
	c := api("sso", "ListAccounts")
	c.Client, c.User = func() string { return client }, func() string { return user }
	return c
}

// acting returns the numbers of the calls, from 1, that something befell.
func acting(p *fault.Plan, calls int, c fault.Call) []int {
	var acted []int
	for i := range calls {
		if p.Decide(start, c).Acts() {
			acted = append(acted, i+1)
		}
	}
	return acted
}

func TestWhichCalls(t *testing.T) {
	calls := map[string]fault.Call{
		"CreateToken":  {Service: "sso-oidc", Operation: "CreateToken", Method: "POST", Path: "/token"},
		"ListAccounts": {Service: "sso", Operation: "ListAccounts", Method: "GET", Path: "/assignment/accounts"},
		"ListRoots":    {Service: "Organizations", Operation: "ListRoots", Method: "POST", Path: "/"},
		"page":         {Method: "GET", Path: "/device"},
		"form":         {Method: "POST", Path: "/device"},
	}
	for op, want := range map[string]string{
		"*":                   "CreateToken ListAccounts ListRoots form page",
		"CreateToken":         "CreateToken",
		"createtoken":         "CreateToken",
		"sso-oidc:*":          "CreateToken",
		"SSO:*":               "ListAccounts",
		"sso:ListAccounts":    "ListAccounts",
		"SSO:listaccounts":    "ListAccounts",
		"sts:ListAccounts":    "",
		"/device":             "form page",
		"GET /device":         "page",
		"post /device":        "form",
		"/dev*":               "form page",
		"/*":                  "CreateToken ListRoots form page", // a star stays within one part of the path
		"/*/accounts":         "ListAccounts",
		"DELETE /device":      "",
		"/Device":             "",
		"POST /token":         "CreateToken",
		"organizations:*":     "ListRoots",
		"ListAccountsAndMore": "",
	} {
		var p fault.Plan
		add(t, &p, fault.Rule{Op: op, Status: 500})
		var got []string
		for name, c := range calls {
			if p.Decide(start, c).Acts() {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%q is for %q, want %q", op, got, want)
		}
	}
}

func TestWhoseCalls(t *testing.T) {
	for _, tt := range []struct {
		rule         fault.Rule
		client, user string
		want         bool
	}{
		{fault.Rule{}, "", "", true},
		{fault.Rule{Client: "my-tool*"}, "my-tool 2", "", true},
		{fault.Rule{Client: "my-tool*"}, "MY-Tool 2", "", true},
		{fault.Rule{Client: "MY-tool*"}, "my-tool 2", "", true},
		{fault.Rule{Client: "my-tool*"}, "other", "", false},
		{fault.Rule{Client: "my-tool*"}, "", "alice", false},
		{fault.Rule{Client: "?*"}, "", "", false},
		{fault.Rule{User: "alice"}, "x", "Alice", true},
		{fault.Rule{User: "ALICE"}, "x", "alice", true},
		{fault.Rule{User: "alice"}, "x", "alice2", false},
		{fault.Rule{User: `a\*`}, "x", "a*", true},
		{fault.Rule{User: `a\*`}, "x", "ab", false},
		{fault.Rule{Client: "c?", User: "[ab]*"}, "c1", "bob", true},
		{fault.Rule{Client: "c?", User: "[ab]*"}, "c1", "carol", false},
		{fault.Rule{Client: "c?", User: "[ab]*"}, "c", "bob", false},
	} {
		var p fault.Plan
		tt.rule.Op, tt.rule.Status = "*", 500
		add(t, &p, tt.rule)
		if got := p.Decide(start, named(tt.client, tt.user)).Acts(); got != tt.want {
			t.Errorf("client %q user %q is for client %q user %q: %t", tt.rule.Client, tt.rule.User, tt.client, tt.user, got)
		}
	}
}

// Looking up who calls costs something: it happens when a rule needs it, once.
func TestAsksOnlyWhenNeeded(t *testing.T) {
	var p fault.Plan
	clients, users := 0, 0
	c := api("sso", "ListAccounts")
	c.Client = func() string { clients++; return "c" }
	c.User = func() string { users++; return "u" }
	add(t, &p, fault.Rule{Op: "ListAccounts", Latency: 1})
	add(t, &p, fault.Rule{Op: "CreateToken", Client: "c", User: "u", Status: 500})
	p.Decide(start, c)
	if clients+users != 0 {
		t.Errorf("no rule needed them: client asked %d times, user %d", clients, users)
	}
	add(t, &p, fault.Rule{Op: "*", Client: "other", User: "u", Status: 500})
	add(t, &p, fault.Rule{Op: "*", Client: "c", Status: 500})
	p.Decide(start, c)
	if clients != 1 || users != 0 {
		t.Errorf("client asked %d times, want once; user %d times, want never", clients, users)
	}
	if v := p.Decide(start, api("sso", "ListAccounts")); v.Rule != "fault-1" {
		t.Errorf("a call of nobody meets %+v", v)
	}
}

func TestNthAndCount(t *testing.T) {
	for _, tt := range []struct {
		nth, count int
		want       []int
	}{
		{0, 0, []int{1, 2, 3, 4, 5, 6}},
		{0, 1, []int{1}},
		{0, 2, []int{1, 2}},
		{1, 0, []int{1}},
		{3, 0, []int{3}},
		{3, 1, []int{3}},
		{3, 2, []int{3, 4}},
		{5, 9, []int{5, 6}},
		{7, 0, nil},
	} {
		for _, kind := range []fault.Rule{
			{Error: "TooManyRequestsException"}, {Status: 503}, {Drop: "after"}, {Truncate: true}, {Latency: 1}, {Latency: 1, Drop: "before"},
		} {
			var p fault.Plan
			kind.Op, kind.Nth, kind.Count = "ListAccounts", tt.nth, tt.count
			add(t, &p, kind)
			p.Decide(start, api("sso", "Logout")) // is not counted
			if got := acting(&p, 6, api("sso", "ListAccounts")); !slices.Equal(got, tt.want) {
				t.Errorf("nth %d count %d acts on %v, want %v (%+v)", tt.nth, tt.count, got, tt.want, kind)
			}
			if r := p.Rules()[0]; r.Calls != 6 || r.Acted != len(tt.want) {
				t.Errorf("nth %d count %d: calls %d, acted %d; want 6 and %d", tt.nth, tt.count, r.Calls, r.Acted, len(tt.want))
			}
		}
	}
}

func TestVerdict(t *testing.T) {
	const ms = fault.Duration(time.Millisecond)
	for name, tt := range map[string]struct {
		rules []fault.Rule
		want  fault.Verdict
	}{
		"error":             {[]fault.Rule{{Error: "X"}}, fault.Verdict{Rule: "fault-1", Error: "X"}},
		"error with status": {[]fault.Rule{{Error: "X", Status: 418}}, fault.Verdict{Rule: "fault-1", Error: "X", Status: 418}},
		"drop":              {[]fault.Rule{{Drop: "before"}}, fault.Verdict{Rule: "fault-1", Drop: "before"}},
		"truncate":          {[]fault.Rule{{Truncate: true}}, fault.Verdict{Rule: "fault-1", Truncate: true}},
		"latency":           {[]fault.Rule{{Latency: 5 * ms}}, fault.Verdict{Rule: "fault-1", Latency: 5 * time.Millisecond}},
		"latencies add up": {[]fault.Rule{{Latency: 5 * ms}, {Latency: 6 * ms}},
			fault.Verdict{Rule: "fault-1", Latency: 11 * time.Millisecond}},
		"latency, then another": {[]fault.Rule{{Latency: 5 * ms}, {Status: 503}},
			fault.Verdict{Rule: "fault-2", Latency: 5 * time.Millisecond, Status: 503}},
		"latency of its own": {[]fault.Rule{{Latency: 5 * ms}, {Latency: 6 * ms, Drop: "after"}},
			fault.Verdict{Rule: "fault-2", Latency: 11 * time.Millisecond, Drop: "after"}},
		"another, then latency": {[]fault.Rule{{Status: 503}, {Latency: 5 * ms}},
			fault.Verdict{Rule: "fault-1", Latency: 5 * time.Millisecond, Status: 503}},
		"latencies around another": {[]fault.Rule{{Latency: 5 * ms}, {Latency: 6 * ms, Truncate: true}, {Latency: 7 * ms}},
			fault.Verdict{Rule: "fault-2", Latency: 18 * time.Millisecond, Truncate: true}},
		"what comes behind does nothing": {[]fault.Rule{{Status: 503}, {Drop: "after"}, {Latency: 5 * ms, Error: "X"}},
			fault.Verdict{Rule: "fault-1", Status: 503}},
		"the first that acts": {[]fault.Rule{{Status: 500, Nth: 2}, {Status: 501, User: "x"}, {Status: 502}, {Status: 503}},
			fault.Verdict{Rule: "fault-3", Status: 502}},
		"rate": {[]fault.Rule{{Rate: 1, Burst: 1}}, fault.Verdict{}},
	} {
		var p fault.Plan
		for _, r := range tt.rules {
			r.Op = "*"
			add(t, &p, r)
		}
		if got := p.Decide(start, named("c", "u")); got != tt.want || got.Acts() != (tt.want.Rule != "") {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// Two rules one behind the other are a script, and a rule sees the calls that
// another decided.
func TestOneBehindTheOther(t *testing.T) {
	var p fault.Plan
	add(t, &p, fault.Rule{Op: "*", Status: 500, Count: 2})
	add(t, &p, fault.Rule{Op: "*", Status: 503, Count: 1})
	add(t, &p, fault.Rule{Op: "*", Status: 504, Nth: 4})
	var got []int
	for range 5 {
		got = append(got, p.Decide(start, api("sso", "ListAccounts")).Status)
	}
	if want := []int{500, 500, 503, 504, 0}; !slices.Equal(got, want) {
		t.Errorf("statuses %v, want %v", got, want)
	}
}

// A latency behind a rule that acts delays the call, counts it, and obeys its own
// Count; another kind there has not acted.
func TestLatencyBehindAnother(t *testing.T) {
	var p fault.Plan
	add(t, &p, fault.Rule{Op: "ListAccounts", Error: "X"})
	add(t, &p, fault.Rule{Op: "*", Latency: 7, Count: 2})
	add(t, &p, fault.Rule{Op: "*", Latency: 9, Status: 500, Count: 1})
	var got []time.Duration
	for range 3 {
		v := p.Decide(start, api("sso", "ListAccounts"))
		if v.Rule != "fault-1" || v.Error != "X" || v.Status != 0 {
			t.Errorf("%+v, want what the first rule says", v)
		}
		got = append(got, v.Latency)
	}
	if want := []time.Duration{7, 7, 0}; !slices.Equal(got, want) {
		t.Errorf("latencies %v, want %v", got, want)
	}
	for i, acted := range []int{3, 2, 0} {
		if r := p.Rules()[i]; r.Calls != 3 || r.Acted != acted {
			t.Errorf("%s: calls %d, acted %d; want 3 and %d", r.ID, r.Calls, r.Acted, acted)
		}
	}
}

func TestRate(t *testing.T) {
	passes := func(p *fault.Plan, at time.Duration, calls int) (passed int) {
		for range calls {
			if v := p.Decide(start.Add(at), api("sso", "ListAccounts")); !v.Acts() {
				passed++
			} else if v.Status != 429 || v.Error != "" || !v.Throttled {
				t.Errorf("beyond the rate: %+v", v)
			}
		}
		return passed
	}
	type step struct {
		at     time.Duration
		passed int // of 100 calls
	}
	for _, tt := range []struct {
		rate  float64
		burst int
		steps []step
	}{
		{20, 0, []step{{0, 20}, {0, 0}, {49 * time.Millisecond, 0}, {50 * time.Millisecond, 1}, {time.Second, 19}, {time.Hour, 20}}},
		{20, 40, []step{{0, 40}, {time.Second, 20}, {time.Minute, 40}}},
		{2, 1, []step{{0, 1}, {499 * time.Millisecond, 0}, {500 * time.Millisecond, 1}, {time.Minute, 1}}},
		{1.0 / 60, 0, []step{{0, 1}, {59 * time.Second, 0}, {time.Minute, 1}}},
		{10, 1, []step{{time.Hour, 1}, {0, 0}, {100 * time.Millisecond, 1}}}, // the clock was set back
		{10, 1, []step{{time.Second, 1}, {900 * time.Millisecond, 0}, {time.Second, 0}, {1100 * time.Millisecond, 1}}},
	} {
		var p fault.Plan
		if r := add(t, &p, fault.Rule{Op: "*", Rate: tt.rate, Burst: tt.burst}); r.Burst < 1 {
			t.Errorf("rate %v: burst %d", tt.rate, r.Burst)
		}
		for i, s := range tt.steps {
			if got := passes(&p, s.at, 100); got != s.passed {
				t.Errorf("rate %v burst %d, step %d at %s: %d passed, want %d", tt.rate, tt.burst, i, s.at, got, s.passed)
			}
		}
	}

	// Nothing is lost to rounding, though ten times a tenth is less than one.
	var tenths fault.Plan
	add(t, &tenths, fault.Rule{Op: "*", Rate: 10, Burst: 1})
	for i := range 1000 {
		want := 0
		if i%10 == 0 {
			want = 1
		}
		if got := passes(&tenths, time.Duration(i)*10*time.Millisecond, 1); got != want {
			t.Fatalf("call %d: %d passes, want %d", i, got, want)
		}
	}
}

func TestRateNamesWhat(t *testing.T) {
	for _, tt := range []struct {
		rule fault.Rule
		want fault.Verdict
	}{
		{fault.Rule{Error: "SlowDown"}, fault.Verdict{Rule: "fault-1", Error: "SlowDown"}},
		{fault.Rule{Status: 503}, fault.Verdict{Rule: "fault-1", Status: 503}},
		{fault.Rule{Status: 429}, fault.Verdict{Rule: "fault-1", Status: 429}}, // somebody wants just that
		{fault.Rule{Latency: 7}, fault.Verdict{Rule: "fault-1", Status: 429, Latency: 7, Throttled: true}},
	} {
		var p fault.Plan
		tt.rule.Op, tt.rule.Rate, tt.rule.Count = "*", 1, 1
		add(t, &p, tt.rule)
		for i, want := range []fault.Verdict{{}, tt.want, {}} { // Count: once
			if got := p.Decide(start, api("sso", "ListAccounts")); got != want {
				t.Errorf("%+v, call %d: %+v, want %+v", tt.rule, i+1, got, want)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	for want, r := range map[string]fault.Rule{
		"op: it is missing (write an operation such as CreateToken":             {Status: 500},
		`op: "Creatoken" is no operation that is served here`:                   {Op: "Creatoken", Status: 500},
		`op: "sso:Creatoken" is no operation that is served here`:               {Op: "sso:Creatoken", Status: 500},
		`op: "device" is no operation`:                                          {Op: "device", Status: 500},
		`op: "POST device" is neither`:                                          {Op: "POST device", Status: 500},
		`op: "sso:" is neither an operation nor a page`:                         {Op: "sso:", Status: 500},
		`op: ":*" is neither an operation nor a page`:                           {Op: ":*", Status: 500},
		`op: "Create*" is neither`:                                              {Op: "Create*", Status: 500},
		`op: "a\nb" is neither`:                                                 {Op: "a\nb", Status: 500},
		`op: "/dev[ice" is no pattern`:                                          {Op: "/dev[ice", Status: 500},
		"op: the pattern is too long":                                           {Op: "/" + strings.Repeat("x", 300), Status: 500},
		"rule: it does nothing (write one of error, status, drop, truncate":     {Op: "*"},
		"drop: one rule cannot have drop as well as error (write two rules":     {Op: "*", Error: "X", Drop: "after"},
		"drop: one rule cannot have drop as well as status":                     {Op: "*", Status: 500, Drop: "after"},
		"truncate: one rule cannot have truncate as well as rate":               {Op: "*", Rate: 1, Truncate: true},
		"truncate: one rule cannot have truncate as well as drop":               {Op: "*", Drop: "before", Truncate: true},
		`error: "two words" is no error type`:                                   {Op: "*", Error: "two words"},
		`error: "X\r\nSet-Cookie: a=b" is no error type (write its type`:        {Op: "*", Error: "X\r\nSet-Cookie: a=b"},
		"status: 200 is no error (write 400 to 599":                             {Op: "*", Status: 200},
		"status: 600 is no error":                                               {Op: "*", Status: 600},
		"status: -1 is no error":                                                {Op: "*", Status: -1},
		`drop: "now" is no moment (write before`:                                {Op: "*", Drop: "now"},
		"latency: -1ns is out of range":                                         {Op: "*", Latency: -1},
		"latency: 1h0m0s is out of range (write more than 0 and at most 10m0s)": {Op: "*", Latency: fault.Duration(time.Hour)},
		"rate: -1 is no rate":                                                   {Op: "*", Rate: -1},
		"rate: NaN is no rate":                                                  {Op: "*", Rate: math.NaN()},
		"rate: +Inf is no rate":                                                 {Op: "*", Rate: math.Inf(1)},
		"burst: it goes with rate alone":                                        {Op: "*", Status: 500, Burst: 1},
		"burst: -1 is out of range":                                             {Op: "*", Rate: 1, Burst: -1},
		"nth: -1 is out of range":                                               {Op: "*", Status: 500, Nth: -1},
		"nth: it does not go with rate":                                         {Op: "*", Rate: 1, Nth: 2},
		"count: -1 is out of range":                                             {Op: "*", Status: 500, Count: -1},
		`client: "[a" is no pattern`:                                            {Op: "*", Status: 500, Client: "[a"},
		`user: "a\\" is no pattern`:                                             {Op: "*", Status: 500, User: `a\`},
		"user: the pattern is too long (write 256 bytes at most)":               {Op: "*", Status: 500, User: strings.Repeat("x", 257)},
	} {
		p := fault.Plan{Known: func(op string) bool { return strings.EqualFold(op, "CreateToken") }}
		added, err := p.Add(r)
		if _, ok := errors.AsType[*fault.InvalidError](err); !ok || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Add(%+v) = %+v, %v; want an *InvalidError %q", r, added, err, want)
		}
		if p.Active() {
			t.Errorf("Add(%+v) left something behind", r)
		}
	}
}

func TestKnown(t *testing.T) {
	served := []string{"CreateToken", "sts:GetCallerIdentity", "sso:*", "/device", "POST /signin"}
	p := fault.Plan{Known: func(op string) bool { return slices.Contains(served, op) }}
	for _, op := range append(served, "*", "/dev*", "post /sign?n") {
		add(t, &p, fault.Rule{Op: op, Status: 500})
	}
	for _, op := range []string{"CreateTokn", "sso:CreateToken", "foo:*", "/devcie", "GET /signin"} {
		_, err := p.Add(fault.Rule{Op: op, Status: 500})
		if _, ok := errors.AsType[*fault.InvalidError](err); !ok || !strings.Contains(err.Error(), "served here") {
			t.Errorf("%s: got %v, want an *InvalidError", op, err)
		}
	}
}

// What no rule reaches no rule can be for, whatever is known.
func TestSpared(t *testing.T) {
	for _, known := range []func(string) bool{nil, func(string) bool { return true }} {
		p := fault.Plan{Known: known}
		for _, op := range []string{"/assets/*", "/assets/portico.css", "GET /assets/*.css", `/\assets/*`, "/.portico/*/*", "post /.portico/v1/add-fault"} {
			_, err := p.Add(fault.Rule{Op: op, Status: 500})
			if _, ok := errors.AsType[*fault.InvalidError](err); !ok || !strings.Contains(err.Error(), "where nothing is made to go wrong") {
				t.Errorf("%s: got %v, want an *InvalidError", op, err)
			}
		}
		add(t, &p, fault.Rule{Op: "/a*", Status: 500})
		add(t, &p, fault.Rule{Op: "/assets*", Status: 500})
	}
}

func TestIDsAndClear(t *testing.T) {
	var p fault.Plan
	if p.Active() || len(p.Rules()) != 0 {
		t.Error("a plan begins with something in it")
	}
	var unknown *fault.UnknownError
	if err := p.Clear("fault-1"); !errors.As(err, &unknown) || unknown.ID != "fault-1" {
		t.Errorf("Clear of nothing: %v", err)
	}
	if err := p.Clear(""); err != nil {
		t.Errorf("Clear of all of nothing: %v", err)
	}
	for range 3 {
		add(t, &p, fault.Rule{ID: "mine", Op: "*", Status: 500, Calls: 7, Acted: 7, Count: 1})
	}
	ids := func() (ids []string) {
		for _, r := range p.Rules() {
			ids = append(ids, r.ID)
			if r.Calls != 0 || r.Acted != 0 {
				t.Errorf("%s begins with calls %d, acted %d", r.ID, r.Calls, r.Acted)
			}
		}
		return ids
	}
	if got := ids(); !slices.Equal(got, []string{"fault-1", "fault-2", "fault-3"}) {
		t.Errorf("ids %v", got)
	}
	if err := p.Clear("fault-2"); err != nil {
		t.Error(err)
	}
	if err := p.Clear("fault-2"); !errors.As(err, &unknown) {
		t.Errorf("cleared twice: %v", err)
	}
	if got := ids(); !slices.Equal(got, []string{"fault-1", "fault-3"}) || !p.Active() {
		t.Errorf("ids %v", got)
	}
	if err := p.Clear(""); err != nil || p.Active() || p.Decide(start, api("a", "b")).Acts() {
		t.Errorf("after clearing all: %v, active %t", err, p.Active())
	}
	if r := add(t, &p, fault.Rule{Op: "*", Status: 500}); r.ID != "fault-4" {
		t.Errorf("an id is used again: %s", r.ID)
	}
}

// What Rules returns is a copy.
func TestRulesAreCopies(t *testing.T) {
	var p fault.Plan
	add(t, &p, fault.Rule{Op: "*", Status: 500})
	p.Rules()[0].Status = 503
	if v := p.Decide(start, api("a", "b")); v.Status != 500 {
		t.Errorf("%+v", v)
	}
}

func TestLimit(t *testing.T) {
	var p fault.Plan
	var err error
	for range 2000 {
		if _, err = p.Add(fault.Rule{Op: "*", Latency: 1}); err != nil {
			break
		}
	}
	if _, ok := errors.AsType[*fault.InvalidError](err); !ok {
		t.Fatalf("endless rules: %v", err)
	}
	if v := p.Decide(start, api("a", "b")); v.Latency != 1000 {
		t.Errorf("latency of a thousand rules: %s", v.Latency)
	}
	if err := p.Clear("fault-1"); err != nil {
		t.Fatal(err)
	}
	add(t, &p, fault.Rule{Op: "*", Latency: 1})
}

func TestJSON(t *testing.T) {
	var r fault.Rule
	if err := json.Unmarshal([]byte(`{"op":"*","latency":"300ms","rate":0.5,"burst":3,"client":"c*","user":"u","count":2}`), &r); err != nil {
		t.Fatal(err)
	}
	want := fault.Rule{Op: "*", Latency: fault.Duration(300 * time.Millisecond), Rate: 0.5, Burst: 3, Client: "c*", User: "u", Count: 2}
	if r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	all := fault.Rule{ID: "fault-1", Op: "*", Error: "X", Status: 500, Drop: "after", Truncate: true, Latency: fault.Duration(1500 * time.Millisecond),
		Rate: 20, Burst: 40, RetryAfter: fault.Duration(2 * time.Second), Client: "c", User: "u", Count: 2, Nth: 3, Calls: 4, Acted: 5}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	const text = `{"id":"fault-1","op":"*","error":"X","status":500,"drop":"after","truncate":true,"latency":"1.5s",` +
		`"rate":20,"burst":40,"retryAfter":"2s","client":"c","user":"u","count":2,"nth":3,"calls":4,"acted":5}`
	if string(data) != text {
		t.Errorf("%s, want %s", data, text)
	}
	var back fault.Rule
	if err := json.Unmarshal(data, &back); err != nil || back != all {
		t.Errorf("%+v, %v", back, err)
	}
	for i := range reflect.TypeFor[fault.Rule]().NumField() {
		if reflect.ValueOf(all).Field(i).IsZero() {
			t.Errorf("%s is not tried", reflect.TypeFor[fault.Rule]().Field(i).Name)
		}
	}
	data, err = json.Marshal(fault.Rule{Op: "*"})
	if string(data) != `{"op":"*","calls":0,"acted":0}` || err != nil {
		t.Errorf("%s, %v", data, err)
	}
	for _, bad := range []string{`300`, `"300"`, `"soon"`, `""`, `{}`, `true`} {
		err := json.Unmarshal([]byte(`{"op":"*","latency":`+bad+`}`), &r)
		if _, ok := errors.AsType[*fault.InvalidError](err); !ok || !strings.Contains(err.Error(), "300ms") {
			t.Errorf("latency %s: %v", bad, err)
		}
	}
}

// Of a hundred goroutines exactly as many calls meet a rule as it says, whatever
// others do to the plan meanwhile.
func TestConcurrentCount(t *testing.T) {
	const goroutines, each, count, nth = 100, 50, 37, 11
	var p fault.Plan
	counted := add(t, &p, fault.Rule{Op: "CreateToken", Status: 503, Count: count, Nth: nth})
	limited := add(t, &p, fault.Rule{Op: "ListAccounts", Rate: 1, Burst: 13})
	var tokens, passed atomic.Int64
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for range each {
				if p.Decide(start, api("sso-oidc", "CreateToken")).Status == 503 {
					tokens.Add(1)
				}
				if !p.Decide(start, api("sso", "ListAccounts")).Acts() {
					passed.Add(1)
				}
			}
			if g%10 == 0 {
				r, err := p.Add(fault.Rule{Op: "/nowhere", Status: 500})
				if err != nil {
					t.Error(err)
				}
				if len(p.Rules()) < 3 {
					t.Error("a rule is not there")
				}
				if err := p.Clear(r.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if tokens.Load() != count {
		t.Errorf("acted on %d calls, want %d", tokens.Load(), count)
	}
	if passed.Load() != 13 {
		t.Errorf("%d calls passed, want 13", passed.Load())
	}
	rules := p.Rules()
	if len(rules) != 2 || rules[0].ID != counted.ID || rules[1].ID != limited.ID {
		t.Fatalf("rules left: %+v", rules)
	}
	if r := rules[0]; r.Calls != goroutines*each || r.Acted != count {
		t.Errorf("counted: calls %d, acted %d", r.Calls, r.Acted)
	}
}

// A rule that is cleared does not act any more, even on a call that had begun.
func TestClearedWhileDeciding(t *testing.T) {
	var p fault.Plan
	add(t, &p, fault.Rule{Op: "*", User: "alice", Status: 500})
	c := api("sso", "ListAccounts")
	c.User = func() string {
		if err := p.Clear(""); err != nil {
			t.Error(err)
		}
		return "alice"
	}
	if v := p.Decide(start, c); v.Acts() {
		t.Errorf("%+v", v)
	}
}

func TestNoAllocations(t *testing.T) {
	var p fault.Plan
	c := named("c", "u")
	if n := testing.AllocsPerRun(100, func() {
		if p.Active() || p.Decide(start, c).Acts() {
			t.Error("an empty plan acts")
		}
	}); n != 0 {
		t.Errorf("an empty plan allocates %v times", n)
	}
}

func BenchmarkDecide(b *testing.B) {
	c := named("my-tool", "alice")
	for _, rules := range []int{0, 1, 10} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			var p fault.Plan
			for range rules {
				add(b, &p, fault.Rule{Op: "sso:ListAccounts", Client: "my-*", Status: 500, Nth: 1_000_000_000})
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if p.Decide(start, c).Acts() {
						b.Fail()
					}
				}
			})
		})
	}
}

// Whatever is added either is refused with a cure or does what Verdict promises.
func FuzzAddDecide(f *testing.F) {
	f.Add("CreateToken", "TooManyRequestsException", 0, "", false, int64(0), 0.0, 0, "", "", 0, 0, "sso", "CreateToken", "POST", "/token")
	f.Add("sso:*", "", 503, "", false, int64(time.Second), 0.0, 0, "my-*", "a?", 2, 1, "sso", "ListAccounts", "GET", "/assignment/accounts")
	f.Add("POST /device", "", 0, "before", false, int64(0), 0.0, 0, "", "", 0, 3, "", "", "POST", "/device")
	f.Add("/*", "", 0, "", true, int64(0), 0.0, 0, "[a-", `\`, 0, 0, "", "", "GET", "/x")
	f.Add("*", "", 0, "", false, int64(0), 20.0, 40, "", "", 1, 0, "", "", "GET", "/")
	f.Fuzz(func(t *testing.T, op, errorType string, status int, drop string, truncate bool, latency int64, rate float64, burst int,
		client, user string, count, nth int, service, operation, method, path string) {
		var p fault.Plan
		r, err := p.Add(fault.Rule{Op: op, Error: errorType, Status: status, Drop: drop, Truncate: truncate, Latency: fault.Duration(latency),
			Rate: rate, Burst: burst, Client: client, User: user, Count: count, Nth: nth})
		if err != nil {
			e, ok := errors.AsType[*fault.InvalidError](err)
			if !ok || e.Field == "" || e.Problem == "" || e.Cure == "" || p.Active() {
				t.Fatalf("%#v, active %t", err, p.Active())
			}
			if len(err.Error()) > 4000 || strings.ContainsAny(err.Error(), "\n\r\x00\x1b") {
				t.Fatalf("unfit to print: %q", err)
			}
			return
		}
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back fault.Rule
		if err := json.Unmarshal(data, &back); err != nil || back.Latency != r.Latency || back.Rate != r.Rate {
			t.Fatalf("%s: %+v, %v", data, back, err)
		}
		acted := 0
		c := fault.Call{Service: service, Operation: operation, Method: method, Path: path,
			Client: func() string { return service }, User: func() string { return operation }}
		for i := range 5 {
			v := p.Decide(start.Add(time.Duration(i)*time.Millisecond), c)
			if !v.Acts() {
				if v != (fault.Verdict{}) {
					t.Fatalf("nothing acts, but %+v", v)
				}
				continue
			}
			acted++
			broken := 0
			for _, on := range []bool{v.Error != "" || v.Status != 0, v.Drop != "", v.Truncate} {
				if on {
					broken++
				}
			}
			if broken > 1 || broken == 0 && v.Latency == 0 || v.Rule != r.ID || v.Latency < 0 {
				t.Fatalf("%+v", v)
			}
		}
		got := p.Rules()[0]
		if got.Acted != acted || got.Calls != 0 && got.Calls != 5 || count > 0 && acted > count || nth > 0 && count == 0 && acted > 1 {
			t.Fatalf("acted %d times: %+v", acted, got)
		}
		if op == "*" && client == "" && user == "" && got.Calls != 5 {
			t.Fatalf("* is not for %+v", c)
		}
	})
}

// Names are no paths.
func TestNamesWithSlashes(t *testing.T) {
	var p fault.Plan
	add(t, &p, fault.Rule{Op: "*", Status: 500, Client: "My-Tool*"})
	for client, want := range map[string]bool{"my-tool/1.2": true, "my-tool": true, "other/my-tool": false} {
		v := p.Decide(time.Time{}, fault.Call{Operation: "CreateToken", Client: func() string { return client }})
		if v.Acts() != want {
			t.Errorf("%s: acts %v, want %v", client, v.Acts(), want)
		}
	}
}
