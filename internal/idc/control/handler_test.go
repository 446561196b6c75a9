package control

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/fault"
	"github.com/portico-sso/portico/internal/idc/grant"
	"github.com/portico-sso/portico/internal/idc/sqlstore"
)

const startURL = "https://d-1234567890.awsapps.com/start"

// center is an Identity Center that has nothing but its control.
type center struct {
	*Handler
	Record Record
	server *http.Server
}

// serverClock is what package idc makes of the two services.
type serverClock struct {
	grant  *grant.Service
	people *directory.Service
	skew   atomic.Int64
}

func (c *serverClock) Advance(ctx context.Context, by time.Duration) error {
	return errors.Join(c.grant.Age(ctx, by), c.people.Age(ctx, by))
}

func (c *serverClock) Skew(by time.Duration)   { c.skew.Store(int64(by)) }
func (c *serverClock) SkewedBy() time.Duration { return time.Duration(c.skew.Load()) }

func newCenter(t testing.TB) *center {
	t.Helper()
	c := newHandler(t)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.server, c.Address = server.Config, server.URL
	c.Record = Record{Address: server.URL, Key: c.Key, PID: os.Getpid(), Started: time.Now().UTC()}
	return c
}

// newHandler makes one that no listener serves.
func newHandler(t testing.TB) *center {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	recorder := &events.Recorder{Store: db.Events(), Log: log}
	t.Cleanup(func() {
		if err := errors.Join(recorder.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	people := &directory.Service{Store: db.Directory()}
	if err := people.Seed(t.Context(), directory.Organisation{
		StartURL: startURL, Region: "eu-west-1",
		Users:          []directory.User{{Name: "zoe", Email: "zoe@example.com", MFA: directory.MFAEmail, Groups: []string{"platform"}}, {Name: "alice"}, {Name: "gone", Disabled: true}},
		Accounts:       []directory.Account{{ID: "111111111111", Name: "dev"}, {ID: "222222222222", Name: "prod"}},
		PermissionSets: []directory.PermissionSet{{Name: "ReadOnly"}},
	}); err != nil {
		t.Fatal(err)
	}
	key, err := db.ServerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	people.Key = key
	grants := &grant.Service{Store: db.Grant(), Key: key, UserActive: people.Active}
	return &center{Handler: &Handler{
		Key: NewKey(), CookieName: "session", Directory: people, Grant: grants, Log: log,
		Events: recorder, Faults: &fault.Plan{Known: func(op string) bool { return op == "CreateToken" || op == "ListAccounts" }},
		Clock: &serverClock{grant: grants, people: people},
	}}
}

// ServeHTTP records events as package idc does.
func (c *center) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, call := events.Begin(r.Context())
	c.Handler.ServeHTTP(w, r.WithContext(ctx))
	c.Events.Record(call.Events(time.Now(), "request", "127.0.0.1", r.UserAgent(), events.Place{Region: "eu-west-1", ManagementAccount: "111111111111"})...)
}

// state is all that control can change.
func (c *center) state(t *testing.T) string {
	t.Helper()
	client := c.client()
	sessions, err := client.Sessions(t.Context(), "")
	faults, err2 := client.Faults(t.Context())
	decisions, err3 := client.Decisions(t.Context())
	clock, err4 := client.Clock(t.Context())
	people, err5 := c.Directory.Users(t.Context())
	roles, _, err6 := c.Directory.Accounts(t.Context(), people[0].ID, "", 0)
	if err := errors.Join(err, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	state, err := json.Marshal([]any{sessions, faults, decisions, clock.Skew, people, roles})
	if err != nil {
		t.Fatal(err)
	}
	return string(state)
}

func (c *center) client() *Client { return &Client{Record: c.Record} }

// startDevice begins a device sign-in as any client would.
func (c *center) startDevice(t *testing.T) (client grant.Client, secret string, device grant.DeviceAuthorization) {
	t.Helper()
	client, secret, err := c.Grant.RegisterClient(t.Context(), time.Now(), grant.Registration{Name: "test", Type: "public", Scopes: []string{"sso:account:access"}})
	if err != nil {
		t.Fatal(err)
	}
	device, err = c.Grant.StartDevice(t.Context(), time.Now(), client.ID, secret, startURL, grant.DeviceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return client, secret, device
}

func TestInfo(t *testing.T) {
	c := newCenter(t)
	got, err := c.client().Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := Info{ID: ID(c.Key), Address: c.Address, StartURL: startURL, Region: "eu-west-1", Users: []string{"zoe", "alice", "gone"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSignIn(t *testing.T) {
	c := newCenter(t)
	cookie, err := c.client().SignIn(t.Context(), "ALICE")
	if err != nil {
		t.Fatal(err)
	}
	if cookie.Name != "session" || cookie.Path != "/" {
		t.Errorf("got cookie %s for %s", cookie.Name, cookie.Path)
	}
	sess, err := c.Grant.Session(t.Context(), time.Now(), cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := c.Directory.User(t.Context(), sess.UserID); err != nil || u.Name != "alice" {
		t.Errorf("got %q, %v; want alice", u.Name, err)
	}
	for user, code := range map[string]string{"nobody": "unknown_user", "": "unknown_user", "gone": "user_disabled"} {
		_, err := c.client().SignIn(t.Context(), user)
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != code {
			t.Errorf("%q: got %v, want %s", user, err, code)
		}
	}
}

func TestDecideDevice(t *testing.T) {
	c := newCenter(t)
	for _, allow := range []bool{true, false} {
		client, secret, device := c.startDevice(t)
		if err := c.client().DecideDevice(t.Context(), "alice", strings.ToLower(device.UserCode), allow); err != nil {
			t.Fatal(err)
		}
		tokens, err := c.Grant.RedeemDevice(t.Context(), time.Now(), client.ID, secret, device.DeviceCode)
		if !allow {
			if e, ok := errors.AsType[*grant.Error](err); !ok || e.Code != grant.CodeAccessDenied {
				t.Errorf("denied: got %v, want %s", err, grant.CodeAccessDenied)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		access, err := c.Grant.AccessToken(t.Context(), time.Now(), tokens.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := c.Directory.User(t.Context(), access.UserID); err != nil || u.Name != "alice" {
			t.Errorf("got %q, %v; want alice", u.Name, err)
		}
		err = c.client().DecideDevice(t.Context(), "zoe", device.UserCode, false)
		if _, ok := errors.AsType[*Error](err); !ok {
			t.Errorf("deciding again: got %v, want a refusal", err)
		}
	}
	err := c.client().DecideDevice(t.Context(), "alice", "BBBB-BBBB", true)
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != http.StatusBadRequest {
		t.Errorf("unknown code: got %v, want a refusal", err)
	}
}

// refused checks the code of a refusal, and that it says what to do.
func refused(t *testing.T, err error, code string, says ...string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != code {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	for _, part := range says {
		if !strings.Contains(e.Message, part) {
			t.Errorf("got %q, want %q in it", e.Message, part)
		}
	}
}

func TestUnknownUser(t *testing.T) {
	c, ctx := newCenter(t), t.Context()
	client := c.client()
	for name, call := range map[string]func() error{
		"sign-in":       func() error { _, err := client.SignIn(ctx, "mallory"); return err },
		"decide-device": func() error { return client.DecideDevice(ctx, "mallory", "BBBB-BBBB", true) },
		"sessions":      func() error { _, err := client.Sessions(ctx, "mallory"); return err },
		"revoke":        func() error { _, err := client.Revoke(ctx, "mallory", ""); return err },
		"set-user":      func() error { return client.SetUser(ctx, "mallory", true) },
		"mail":          func() error { _, err := client.Mail(ctx, "mallory"); return err },
		"assign": func() error {
			_, err := client.Assign(ctx, Assignment{User: "mallory", PermissionSet: "ReadOnly", Accounts: []string{"dev"}})
			return err
		},
		"add-decision": func() error {
			_, err := client.AddDecision(ctx, Decision{User: "mallory", Answer: "allow"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, call(), "unknown_user", `nobody here is called "mallory"`, "zoe, alice, gone")
		})
	}
}

func TestSessionsAndRevoke(t *testing.T) {
	c, ctx := newCenter(t), t.Context()
	client, secret, device := c.startDevice(t)
	began, calls := time.Now(), atomic.Int64{}
	c.Now = func() time.Time { return began.Add(time.Duration(calls.Add(1)) * time.Millisecond) }
	if err := c.client().DecideDevice(ctx, "alice", device.UserCode, true); err != nil {
		t.Fatal(err)
	}
	tokens, err := c.Grant.RedeemDevice(ctx, time.Now(), client.ID, secret, device.DeviceCode)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"zoe", "alice"} {
		if _, err := c.client().SignIn(ctx, user); err != nil {
			t.Fatal(err)
		}
	}
	everybody, err := c.client().Sessions(ctx, "")
	if err != nil || len(everybody) != 3 || everybody[0].User != "alice" || !slices.Equal(everybody[0].Clients, []string{"test"}) ||
		everybody[1].User != "zoe" || len(everybody[1].Clients) != 0 || !everybody[0].CreatedAt.Before(everybody[0].ExpiresAt) {
		t.Fatalf("got %+v, %v", everybody, err)
	}
	alices, err := c.client().Sessions(ctx, "Alice")
	if diff := cmp.Diff([]Session{everybody[0], everybody[2]}, alices); err != nil || diff != "" {
		t.Errorf("alice's (-want +got):\n%s%v", diff, err)
	}

	if n, err := c.client().Revoke(ctx, "", everybody[1].ID); err != nil || n != 1 {
		t.Errorf("one: got %d, %v", n, err)
	}
	if n, err := c.client().Revoke(ctx, "ALICE", ""); err != nil || n != 2 {
		t.Errorf("alice's: got %d, %v; want 2", n, err)
	}
	if n, err := c.client().Revoke(ctx, "alice", ""); err != nil || n != 0 {
		t.Errorf("alice's once more: got %d, %v; want none", n, err)
	}
	if _, err := c.Grant.AccessToken(ctx, time.Now(), tokens.AccessToken); err == nil {
		t.Error("the token outlived its sign-in")
	}
	if left, err := c.client().Sessions(ctx, ""); err != nil || left == nil || len(left) != 0 {
		t.Errorf("got %+v, %v; want an empty list", left, err)
	}
	for _, id := range []string{everybody[1].ID, "nothing", "\x00"} {
		_, err := c.client().Revoke(ctx, "", id)
		refused(t, err, "unknown_session", "portico local sessions")
	}
	_, err = c.client().Revoke(ctx, "", "")
	refused(t, err, "invalid_request", "either user or session")
	_, err = c.client().Revoke(ctx, "alice", "x")
	refused(t, err, "invalid_request", "either user or session")
}

func TestSetUser(t *testing.T) {
	c, ctx := newCenter(t), t.Context()
	if _, err := c.client().SignIn(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	if err := c.client().SetUser(ctx, "Alice", true); err != nil {
		t.Fatal(err)
	}
	_, err := c.client().SignIn(ctx, "alice")
	refused(t, err, "user_disabled", "enable")
	if live, err := c.client().Sessions(ctx, "alice"); err != nil || len(live) != 0 {
		t.Errorf("sign-ins of a disabled person: got %+v, %v", live, err)
	}
	if err := c.client().SetUser(ctx, "alice", false); err != nil {
		t.Fatal(err)
	}
	if _, err := c.client().SignIn(ctx, "alice"); err != nil {
		t.Errorf("enabled again: got %v", err)
	}
}

func TestAssign(t *testing.T) {
	c, ctx := newCenter(t), t.Context()
	alice, err := c.Directory.UserByName(ctx, "alice")
	if err != nil {
		t.Fatal(err)
	}
	reach := func() (ids []string) {
		t.Helper()
		accounts, _, err := c.Directory.Accounts(ctx, alice.ID, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range accounts {
			ids = append(ids, a.ID)
		}
		return ids
	}
	both := Assignment{User: "ALICE", PermissionSet: "ReadOnly", Accounts: []string{"dev", "222222222222"}}
	for _, step := range []struct {
		change  func(*Client, context.Context, Assignment) (int, error)
		what    Assignment
		changed int
		want    []string
	}{
		{(*Client).Assign, both, 2, []string{"111111111111", "222222222222"}},
		{(*Client).Assign, both, 0, []string{"111111111111", "222222222222"}},
		{(*Client).Unassign, Assignment{User: "alice", PermissionSet: "ReadOnly", Accounts: []string{"prod"}}, 1, []string{"111111111111"}},
		{(*Client).Unassign, Assignment{User: "alice", PermissionSet: "ReadOnly", Accounts: []string{"*"}}, 1, nil},
		{(*Client).Assign, Assignment{Group: "platform", PermissionSet: "ReadOnly", Accounts: []string{"*"}}, 2, nil},
	} {
		if n, err := step.change(c.client(), ctx, step.what); err != nil || n != step.changed {
			t.Errorf("%+v: got %d, %v; want %d", step.what, n, err, step.changed)
		}
		if got := reach(); !slices.Equal(got, step.want) {
			t.Errorf("%+v: alice reaches %v, want %v", step.what, got, step.want)
		}
	}
	for says, wrong := range map[string]Assignment{
		"nowhere":   {User: "alice", PermissionSet: "ReadOnly", Accounts: []string{"nowhere"}},
		"NoSuchSet": {User: "alice", PermissionSet: "NoSuchSet", Accounts: []string{"dev"}},
		"nobodies":  {Group: "nobodies", PermissionSet: "ReadOnly", Accounts: []string{"dev"}},
	} {
		for _, change := range []func(*Client, context.Context, Assignment) (int, error){(*Client).Assign, (*Client).Unassign} {
			_, err := change(c.client(), ctx, wrong)
			if e, ok := errors.AsType[*Error](err); !ok || e.Status >= 500 || !strings.Contains(e.Message, says) {
				t.Errorf("%+v: got %v, want a refusal that names %s", wrong, err, says)
			}
		}
	}
}

func TestFaults(t *testing.T) {
	c, ctx := newCenter(t), t.Context()
	if got, err := c.client().Faults(ctx); err != nil || got == nil || len(got) != 0 {
		t.Errorf("got %+v, %v; want an empty list", got, err)
	}
	first, err := c.client().AddFault(ctx, Fault{ID: "mine", Op: "CreateToken", Error: "SlowDownException", Count: 2, Acted: 7})
	if err != nil || first.ID == "" || first.ID == "mine" || first.Acted != 0 {
		t.Fatalf("got %+v, %v", first, err)
	}
	second, err := c.client().AddFault(ctx, Fault{Op: "*", Latency: Duration(1500 * time.Millisecond), User: "al*"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.client().Faults(ctx)
	if diff := cmp.Diff([]Fault{first, second}, got); err != nil || diff != "" {
		t.Errorf("(-want +got):\n%s%v", diff, err)
	}
	if !c.Faults.Active() {
		t.Error("nothing goes wrong")
	}
	for _, wrong := range []Fault{{}, {Op: "NoSuchOperation", Status: 500}, {Op: "CreateToken"}} {
		_, err := c.client().AddFault(ctx, wrong)
		refused(t, err, "invalid_fault")
	}
	if err := c.client().ClearFaults(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, c.client().ClearFaults(ctx, first.ID), "unknown_fault", first.ID)
	if err := c.client().ClearFaults(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if left, err := c.client().Faults(ctx); err != nil || len(left) != 0 {
		t.Errorf("got %+v, %v; want none", left, err)
	}
}

func TestClock(t *testing.T) {
	c, ctx := newCenter(t), t.Context()
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c.Now = func() time.Time { return noon }
	if _, err := c.client().SignIn(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	before, err := c.client().Sessions(ctx, "")
	if err != nil || len(before) != 1 {
		t.Fatalf("got %+v, %v", before, err)
	}
	if err := c.client().AdvanceClock(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	after, err := c.client().Sessions(ctx, "")
	if err != nil || len(after) != 1 || !after[0].CreatedAt.Equal(before[0].CreatedAt.Add(-time.Hour)) || !after[0].ExpiresAt.Equal(before[0].ExpiresAt.Add(-time.Hour)) {
		t.Errorf("got %+v, %v; want %+v an hour older", after, err, before)
	}
	if err := c.client().SkewClock(ctx, -10*time.Minute); err != nil {
		t.Fatal(err)
	}
	if got, err := c.client().Clock(ctx); err != nil || !got.Now.Equal(noon) || got.Skew != Duration(-10*time.Minute) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, by := range []time.Duration{0, -time.Second, 11 * 365 * 24 * time.Hour} {
		refused(t, c.client().AdvanceClock(ctx, by), "invalid_request", "by: ")
	}
	for _, by := range []time.Duration{-1 << 63, 1<<63 - 1} {
		refused(t, c.client().SkewClock(ctx, by), "invalid_request", "by: ")
	}
}

func TestDecisions(t *testing.T) {
	c, ctx := newCenter(t), t.Context()
	if got, err := c.client().Decisions(ctx); err != nil || got == nil || len(got) != 0 {
		t.Errorf("got %+v, %v; want an empty list", got, err)
	}
	first, err := c.client().AddDecision(ctx, Decision{User: "ALICE", Client: "my-*", Flow: "device", Answer: "deny", After: Duration(3 * time.Second)})
	if err != nil || first.ID == "" || first.User != "alice" {
		t.Fatalf("got %+v, %v", first, err)
	}
	second, err := c.client().AddDecision(ctx, Decision{Answer: "never"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.client().Decisions(ctx)
	if diff := cmp.Diff([]Decision{second, first}, got); err != nil || diff != "" {
		t.Errorf("the latest first (-want +got):\n%s%v", diff, err)
	}
	for _, wrong := range []Decision{{}, {Answer: "allow"}, {User: "alice", Answer: "perhaps"}, {User: "alice", Answer: "allow", Flow: "implicit"}, {User: "alice", Answer: "allow", After: -1}, {User: "alice", Answer: "allow", Client: "["}} {
		_, err := c.client().AddDecision(ctx, wrong)
		refused(t, err, "invalid_request")
	}
	for _, answer := range []string{"allow", "deny", "never"} {
		_, err := c.client().AddDecision(ctx, Decision{User: "GONE", Answer: answer})
		refused(t, err, "user_disabled", "gone is disabled", "portico local user enable")
	}
	if got, err := c.client().Decisions(ctx); err != nil || len(got) != 2 {
		t.Errorf("got %+v, %v; want the two that were accepted", got, err)
	}
	if err := c.client().ClearDecisions(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, c.client().ClearDecisions(ctx, first.ID), "unknown_decision", first.ID)
	if err := c.client().ClearDecisions(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if left, err := c.client().Decisions(ctx); err != nil || len(left) != 0 {
		t.Errorf("got %+v, %v; want none", left, err)
	}
}

func TestMail(t *testing.T) {
	c, ctx := newCenter(t), t.Context()
	zoe, err := c.Directory.UserByName(ctx, "zoe")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.client().Mail(ctx, ""); err != nil || got == nil || len(got) != 0 {
		t.Errorf("got %+v, %v; want an empty list", got, err)
	}
	challenge, err := c.Directory.BeginChallenge(ctx, time.Now(), zoe.ID)
	if err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]int{"": 1, "Zoe": 1, "alice": 0} {
		got, err := c.client().Mail(ctx, user)
		if err != nil || len(got) != want {
			t.Fatalf("%q: got %+v, %v; want %d", user, got, err, want)
		}
		if want == 0 {
			continue
		}
		m := got[0]
		if m.To != "zoe@example.com" || m.User != "zoe" || m.Subject == "" || !strings.Contains(m.Text, m.Code) || !m.SentAt.Before(m.ExpiresAt) {
			t.Errorf("got %+v", m)
		}
		if user == "" {
			continue
		}
		if u, err := c.Directory.AnswerChallenge(ctx, time.Now(), challenge, m.Code); err != nil || u.Name != "zoe" {
			t.Errorf("the code of the mail: got %q, %v", u.Name, err)
		}
	}
}
