package idc

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// A decision of the directory answers a device sign-in in a person's stead, in
// its time, and who began the sign-in is kept with it.
func TestScriptedDevice(t *testing.T) {
	for _, test := range []struct {
		decision directory.Decision
		before   string // error code until the answer is due
		after    string // and from then on, "" for tokens
	}{
		{directory.Decision{User: "alice", Client: "my-*", Answer: "allow", After: 3 * time.Second}, "AuthorizationPendingException", ""},
		{directory.Decision{User: "alice", Flow: "device", Answer: "deny", After: 3 * time.Second}, "AuthorizationPendingException", "AccessDeniedException"},
		{directory.Decision{Answer: "never"}, "AuthorizationPendingException", "AuthorizationPendingException"},
		{directory.Decision{User: "alice", Client: "other", Answer: "allow"}, "AuthorizationPendingException", "AuthorizationPendingException"},
		{directory.Decision{User: "alice", Flow: "authorization_code", Answer: "allow"}, "AuthorizationPendingException", "AuthorizationPendingException"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, _ := newServer(t, Config{})
			if _, err := s.Directory().AddDecision(t.Context(), test.decision); err != nil {
				t.Fatal(err)
			}
			p := overHandler(t, s)
			p.must(operation("RegisterClient")(p))
			p.must(operation("StartDeviceAuthorization")(p))
			if _, code := p.try(p.redeem()); code != test.before {
				t.Errorf("%+v: got %s at once, want %s", test.decision, code, test.before)
			}
			time.Sleep(3 * time.Second)
			if _, code := p.try(p.redeem()); code != test.after {
				t.Errorf("%+v: got %s in the end, want %s", test.decision, code, test.after)
			}
			e := p.last("CreateToken")
			if allowed := test.after == ""; allowed != (e.UserIdentity.UserName == "alice") && test.after != "AccessDeniedException" {
				t.Errorf("%+v: got %+v", test.decision, e.UserIdentity)
			}
			wantOneWorkflow(t, p.events())
			p.wantNoSecrets()
		})
	}
}

func TestOriginOfDevice(t *testing.T) {
	s, _ := newServer(t, Config{})
	p := overHandler(t, s)
	p.must(operation("RegisterClient")(p))
	p.must(operation("StartDeviceAuthorization")(p))
	user, err := s.Directory().UserByName(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	_, sess, err := s.Grant().StartSession(t.Context(), s.now(), user.ID)
	if err != nil {
		t.Fatal(err)
	}
	request, err := s.Grant().ConfirmUserCode(t.Context(), s.now(), sess, p.userCode)
	if err != nil {
		t.Fatal(err)
	}
	if want := (grant.Origin{Address: "192.0.2.1", UserAgent: "my-tool/1.0 md/command#sso.login"}); request.Origin != want {
		t.Errorf("got %+v, want %+v", request.Origin, want)
	}
	if got := p.last("StartDeviceAuthorization").AdditionalEventData["AuthWorkflowID"]; got != request.Workflow || got == "" {
		t.Errorf("got the workflow %q, want %q", got, request.Workflow)
	}
}

// Once other machines reach it, nothing is answered without a person: neither
// what begins then, nor what was to be answered.
func TestExposedIsAnsweredByPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newServer(t, Config{})
		allow := directory.Decision{User: "alice", Answer: "allow", After: time.Second}
		if _, err := s.Directory().AddDecision(t.Context(), allow); err != nil {
			t.Fatal(err)
		}
		p := overHandler(t, s)
		p.must(operation("RegisterClient")(p))
		p.must(operation("StartDeviceAuthorization")(p))
		s.exposed.Store(true)
		time.Sleep(time.Minute)
		if _, code := p.try(p.redeem()); code != "AuthorizationPendingException" {
			t.Errorf("what had begun was answered: %q", code)
		}
		p.must(operation("StartDeviceAuthorization")(p))
		time.Sleep(time.Minute)
		if _, code := p.try(p.redeem()); code != "AuthorizationPendingException" {
			t.Errorf("what began then was answered: %q", code)
		}
		s.exposed.Store(false)
		if _, code := p.try(p.redeem()); code != "AuthorizationPendingException" {
			t.Errorf("it began without a script: %q", code)
		}
	})
}
