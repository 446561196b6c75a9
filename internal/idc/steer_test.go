package idc

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
	"github.com/portico-sso/portico/internal/idc/events"
	"github.com/portico-sso/portico/internal/idc/grant"
)

// try sends a request and returns its status and error code, "" when there is
// none.
func (p *program) try(r *http.Request) (status int, code string) {
	p.t.Helper()
	a, err := p.do(r)
	if err != nil || a.err != nil {
		p.t.Fatal(err, a.err)
	}
	if a.StatusCode != http.StatusOK {
		code = a.code()
	}
	return a.StatusCode, code
}

// What was issued before ages; what is issued afterwards is new, and time itself
// does not move.
func TestAdvance(t *testing.T) {
	for name, test := range map[string]struct {
		by      time.Duration
		request func(p *program) *http.Request
		status  int
		code    string
	}{
		"access token, nearly":  {59 * time.Minute, operation("ListAccounts"), 200, ""},
		"access token":          {time.Hour, operation("ListAccounts"), 401, "UnauthorizedException"},
		"refresh token, nearly": {7*time.Hour + 59*time.Minute, (*program).refreshing, 200, ""},
		"refresh token":         {8 * time.Hour, (*program).refreshing, 400, "InvalidGrantException"},
		"role, nearly":          {59 * time.Minute, operation("GetCallerIdentity"), 200, ""},
		"role":                  {12 * time.Hour, operation("GetCallerIdentity"), 403, "ExpiredToken"},
		"role for S3":           {12 * time.Hour, operation("ListBuckets"), 400, "ExpiredToken"},
		"registration":          {91 * 24 * time.Hour, operation("StartDeviceAuthorization"), 401, "InvalidClientException"},
		"redeemed device code":  {11 * time.Minute, (*program).redeem, 400, "InvalidGrantException"},
	} {
		s, _ := newServer(t, Config{})
		p := overHandler(t, s)
		p.until("GetCallerIdentity")
		if err := s.Advance(t.Context(), test.by); err != nil {
			t.Fatal(err)
		}
		a, err := p.do(test.request(p))
		if err != nil {
			t.Fatal(err)
		}
		code := ""
		if a.StatusCode != http.StatusOK {
			code = a.code()
		}
		if a.StatusCode != test.status || code != test.code {
			t.Errorf("%s after %s: got %s %s, want %d %s", name, test.by, a.Status, code, test.status, test.code)
		}
		if date := a.Header.Get("Date"); date != "" {
			t.Errorf("%s: got the Date %s, want net/http's", name, date)
		}
		// A sign-in from here on is as long as any.
		p.until("Logout")
	}

	s, _ := newServer(t, Config{})
	p := overHandler(t, s)
	p.until("CreateToken")
	p.must(operation("StartDeviceAuthorization")(p))
	if err := s.Advance(t.Context(), grant.Policy{}.DeviceCode+11*time.Minute); err != nil {
		t.Fatal(err)
	}
	if status, code := p.try(p.redeem()); status != 400 || code != "ExpiredTokenException" {
		t.Errorf("a waiting device code: got %d %s, want ExpiredTokenException", status, code)
	}
	for _, by := range []time.Duration{0, -time.Second} {
		if err := s.Advance(t.Context(), by); err == nil {
			t.Errorf("went by %s", by)
		}
	}
}

// A skewed clock shows in every Date and fails signatures, in the words that
// AWS has for it; nothing else notices.
func TestSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen(t, Config{})
		p := l.program(t)
		p.until("Logout")
		for _, test := range []struct {
			by          time.Duration
			sts, bucket string
		}{
			{0, "", ""},
			{4 * time.Minute, "", ""},
			{-4 * time.Minute, "", ""},
			{6 * time.Minute, "SignatureDoesNotMatch", ""},
			{-6 * time.Minute, "SignatureDoesNotMatch", ""},
			{16 * time.Minute, "SignatureDoesNotMatch", "RequestTimeTooSkewed"},
			{-16 * time.Minute, "SignatureDoesNotMatch", "RequestTimeTooSkewed"},
			// Longer than the tokens and the credentials last: their time is the true one.
			{48 * time.Hour, "SignatureDoesNotMatch", "RequestTimeTooSkewed"},
			{0, "", ""},
		} {
			l.Skew(test.by)
			if l.SkewedBy() != test.by {
				t.Errorf("got a skew of %s, want %s", l.SkewedBy(), test.by)
			}
			for name, want := range map[string]string{"GetCallerIdentity": test.sts, "ListBuckets": test.bucket, "ListAccounts": ""} {
				a, err := p.do(operation(name)(p))
				if err != nil {
					t.Fatal(err)
				}
				status, code := http.StatusOK, ""
				if want != "" {
					status, code = http.StatusForbidden, a.code()
				}
				if a.StatusCode != status || code != want {
					t.Errorf("%s with a skew of %s: got %s %s, want %d %s", name, test.by, a.Status, a.code(), status, want)
				}
				date, err := http.ParseTime(a.Header.Get("Date"))
				if want := time.Now().Add(test.by).Truncate(time.Second); err != nil || !date.Equal(want) || len(a.Header["Date"]) != 1 {
					t.Errorf("%s with a skew of %s: got the Date %q, want %s", name, test.by, a.Header["Date"], want)
				}
			}
			for _, path := range []string{"/signin", "/nothing", "/.portico/v1/proof"} { // pages, errors, what is off
				resp, err := l.client.Get(base + path)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if date, err := http.ParseTime(resp.Header.Get("Date")); err != nil || !date.Equal(time.Now().Add(test.by).Truncate(time.Second)) {
					t.Errorf("%s with a skew of %s: got the Date %q", path, test.by, resp.Header.Get("Date"))
				}
			}
		}
		// A client that signs by the Date it is shown is right, and its credentials
		// last as long as they do in true time.
		l.Skew(48 * time.Hour)
		p.ahead = 48 * time.Hour
		p.must(operation("GetCallerIdentity")(p))
		p.must(operation("ListBuckets")(p))
		time.Sleep(8 * time.Hour)
		if status, code := p.try(operation("GetCallerIdentity")(p)); status != 403 || code != "ExpiredToken" {
			t.Errorf("got %d %s, want credentials that are over in true time", status, code)
		}
		if _, err := l.stop(); err != nil {
			t.Error(err)
		}
	})
}

// Where the clock is given, it is the one of everything.
func TestGivenClock(t *testing.T) {
	ahead := 48 * time.Hour
	s, _ := newServer(t, Config{Now: func() time.Time { return time.Now().Add(ahead) }})
	p := overHandler(t, s)
	p.until("GetCallerIdentity")
	a, err := p.do(operation("GetCallerIdentity")(p))
	if err != nil {
		t.Fatal(err)
	}
	if a.code() != "SignatureDoesNotMatch" || !strings.Contains(string(a.body), "Signature expired") && !strings.Contains(string(a.body), "signature expired") {
		t.Errorf("got %s %s, want a signature that is too old by the given clock", a.Status, a.body)
	}
	if date := a.Header.Get("Date"); date != "" {
		t.Errorf("got the Date %s, want net/http's", date)
	}
	s.Skew(-ahead)
	p.must(operation("GetCallerIdentity")(p))
}

// A code that was sent by e-mail grows old with everything else.
func TestAdvanceEndsMailedCodes(t *testing.T) {
	s, _ := newServer(t, Config{})
	ctx := t.Context()
	bob, err := s.Directory().UserByName(ctx, "bob")
	if err != nil {
		t.Fatal(err)
	}
	challenge, err := s.Directory().BeginChallenge(ctx, s.now(), bob.ID)
	if err != nil {
		t.Fatal(err)
	}
	mail, err := s.Directory().Mail(ctx, s.now(), bob.ID)
	if err != nil || len(mail) != 1 {
		t.Fatalf("%v, %v", mail, err)
	}
	if err := s.Advance(ctx, 11*time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Directory().AnswerChallenge(ctx, s.now(), challenge, mail[0].Code); !errors.Is(err, directory.ErrChallengeOver) {
		t.Errorf("after eleven minutes: %v", err)
	}
}

// Those who wait for an event when it all ends are told that there is none.
func TestWaitingQueriesEndBeforeTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newServer(t, Config{})
		asked := make(chan error, 50)
		for range cap(asked) {
			go func() {
				_, err := s.Events().Query(t.Context(), events.Query{Operation: "nothing"}, time.Hour)
				asked <- err
			}()
		}
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for range cap(asked) {
			if err := <-asked; err != nil {
				t.Fatal(err)
			}
		}
	})
}
