package directory_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

// challenging is a Service with people who are sent codes.
func challenging(t testing.TB) (s *directory.Service, alice, bob directory.User) {
	t.Helper()
	s = open(t)
	s.Key = []byte(strings.Repeat("k", 32))
	org := sample()
	for i := range org.Users {
		org.Users[i].Password = ""
	}
	if err := s.Seed(t.Context(), org); err != nil {
		t.Fatal(err)
	}
	users, err := s.Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s, users[0], users[1]
}

func begin(t testing.TB, s *directory.Service, now time.Time, u directory.User) (challenge, code string) {
	t.Helper()
	challenge, err := s.BeginChallenge(t.Context(), now, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	mail, err := s.ChallengeMail(t.Context(), now, challenge)
	if err != nil || len(mail) != 1 {
		t.Fatalf("got %d messages and %v, want one", len(mail), err)
	}
	return challenge, mail[0].Code
}

// wrong is another code than the one given.
func wrong(code string) string { return code[:5] + string('0'+(code[5]-'0'+1)%10) }

func TestChallenge(t *testing.T) {
	s, _, bob := challenging(t)
	ctx := t.Context()
	challenge, code := begin(t, s, start, bob)
	if !regexp.MustCompile(`^[0-9]{6}$`).MatchString(code) || len(challenge) != 43 {
		t.Errorf("got code %q and a secret of %d characters, want 6 digits and 43", code, len(challenge))
	}
	mail, err := s.Mail(ctx, start, bob.ID)
	if err != nil || len(mail) != 1 {
		t.Fatalf("got %d messages and %v, want one", len(mail), err)
	}
	m := mail[0]
	if m.ID == "" || strings.Contains(m.ID, challenge) {
		t.Errorf("got id %q", m.ID)
	}
	m.ID = ""
	equal(t, m, directory.Message{
		To: "bob@example.com", UserName: "bob", Subject: "Your code to sign in as bob", Code: code, SentAt: start, ExpiresAt: at(10 * time.Minute),
		Text: `Hello bob,

your code to sign in to https://d-1234567890.awsapps.com/start is

    ` + code + `

Enter it in the browser in which you gave your password. It is valid for
10 minutes and can be used once. Tell it to nobody: nobody will ask you for it.

If this was not you, somebody knows your password. Do not enter the code
anywhere, and tell your administrator to change your password.
`,
	})
	if u, err := s.ChallengeUser(ctx, start, challenge); err != nil || u.ID != bob.ID {
		t.Errorf("got %q and %v, want bob", u.Name, err)
	}
	if _, err := s.AnswerChallenge(ctx, start, challenge, wrong(code)); !errors.Is(err, directory.ErrWrongCode) {
		t.Errorf("a wrong code: got %v, want ErrWrongCode", err)
	}
	spaced := " " + code[:3] + " " + code[3:] + "\r\n"
	if u, err := s.AnswerChallenge(ctx, at(9*time.Minute), challenge, spaced); err != nil || u.Name != "bob" {
		t.Errorf("got %q and %v, want bob", u.Name, err)
	}
	over := func(now time.Time, challenge, code string) {
		t.Helper()
		if _, err := s.AnswerChallenge(ctx, now, challenge, code); !errors.Is(err, directory.ErrChallengeOver) {
			t.Errorf("answer: got %v, want ErrChallengeOver", err)
		}
		if _, err := s.ChallengeUser(ctx, now, challenge); !errors.Is(err, directory.ErrChallengeOver) {
			t.Errorf("user: got %v, want ErrChallengeOver", err)
		}
		if _, err := s.ChallengeMail(ctx, now, challenge); !errors.Is(err, directory.ErrChallengeOver) {
			t.Errorf("mail: got %v, want ErrChallengeOver", err)
		}
	}
	over(at(9*time.Minute), challenge, code) // once

	challenge, code = begin(t, s, start, bob)
	over(at(10*time.Minute), challenge, code)
	for range 5 {
		if _, err := s.AnswerChallenge(ctx, start, challenge, ""); !errors.Is(err, directory.ErrWrongCode) {
			t.Errorf("no code: got %v, want ErrWrongCode", err)
		}
	}
	over(start, challenge, code)
	over(start, "", code)
	over(start, strings.Repeat("A", 43), code)
	over(start, challenge+"=", code)

	// A person who is disabled, or gone with a seed, signs in nowhere.
	challenge, code = begin(t, s, start, bob)
	if err := s.SetDisabled(ctx, start, "bob", true); err != nil {
		t.Fatal(err)
	}
	over(start, challenge, code)
	if _, err := s.BeginChallenge(ctx, start, bob.ID); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("got %v for a person who is disabled, want ErrNotFound", err)
	}
}

// A code is worth something in the browser alone that asked for it.
func TestChallengesAreBound(t *testing.T) {
	s, alice, bob := challenging(t)
	challenges, codes := map[string]string{}, map[string]bool{}
	for range 5 {
		for _, u := range []directory.User{alice, bob} {
			challenge, code := begin(t, s, start, u)
			challenges[challenge], codes[code] = code, true
		}
	}
	if len(challenges) != 10 || len(codes) < 9 {
		t.Errorf("got %d challenges and %d codes, want all to differ", len(challenges), len(codes))
	}
	for challenge, code := range challenges {
		for _, other := range challenges {
			if other != code {
				if _, err := s.AnswerChallenge(t.Context(), start, challenge, other); !errors.Is(err, directory.ErrWrongCode) {
					t.Errorf("another's code: got %v, want ErrWrongCode", err)
				}
				break
			}
		}
		if _, err := s.AnswerChallenge(t.Context(), start, challenge, code); err != nil {
			t.Error(err)
		}
	}
	// And under another server key there is another code.
	challenge, code := begin(t, s, start, bob)
	s.Key = []byte(strings.Repeat("l", 32))
	if _, err := s.AnswerChallenge(t.Context(), start, challenge, code); !errors.Is(err, directory.ErrWrongCode) {
		t.Errorf("got %v under another key, want ErrWrongCode", err)
	}
	s.Key = nil
	if _, err := s.BeginChallenge(t.Context(), start, bob.ID); err == nil {
		t.Error("got a challenge without a key, want none")
	}
}

func TestChallengesAreThrottled(t *testing.T) {
	s, alice, bob := challenging(t)
	ctx := t.Context()
	var first, code string
	for n := range 10 {
		challenge, c := begin(t, s, at(time.Duration(n)*time.Second), bob)
		if n == 0 {
			first, code = challenge, c
		}
	}
	now := at(time.Minute)
	_, err := s.BeginChallenge(ctx, now, bob.ID)
	if e, ok := errors.AsType[*directory.ThrottledError](err); !ok || e.RetryAfter != 9*time.Minute {
		t.Errorf("got %v, want a wait of 9 minutes", err)
	}
	begin(t, s, now, alice)
	if _, err := s.AnswerChallenge(ctx, now, first, code); err != nil {
		t.Fatal(err)
	}
	begin(t, s, now, bob)
	if _, err := s.BeginChallenge(ctx, now, bob.ID); err == nil {
		t.Error("got an eleventh code, want none")
	}
	if err := s.Age(ctx, 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	begin(t, s, now, bob)
	for _, by := range []time.Duration{0, -time.Second} {
		if err := s.Age(ctx, by); err == nil {
			t.Errorf("got no error for %s, want one", by)
		}
	}
	dave, err := s.UserByName(ctx, "dave")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.BeginChallenge(ctx, now, dave.ID); err == nil || !strings.Contains(err.Error(), "dave has no e-mail address") {
		t.Errorf("got %v, want that there is no address", err)
	}
	if _, err := s.BeginChallenge(ctx, now, "nobody"); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// Of the right codes that come at once one is taken, and wrong ones count though
// they come at once.
func TestChallengesConcurrently(t *testing.T) {
	s, _, bob := challenging(t)
	for _, kind := range []string{"right", "wrong"} {
		challenge, code := begin(t, s, start, bob)
		if kind == "wrong" {
			code = wrong(code)
		}
		var taken, refused, over atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				switch _, err := s.AnswerChallenge(t.Context(), start, challenge, code); {
				case err == nil:
					taken.Add(1)
				case errors.Is(err, directory.ErrWrongCode):
					refused.Add(1)
				case errors.Is(err, directory.ErrChallengeOver):
					over.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := fmt.Sprint(taken.Load(), refused.Load(), over.Load())
		if want := map[string]string{"right": "1 0 19", "wrong": "0 5 15"}[kind]; got != want {
			t.Errorf("%s: got %s taken, refused and over; want %s", kind, got, want)
		}
	}
}

func TestMail(t *testing.T) {
	s, alice, bob := challenging(t)
	ctx := t.Context()
	to := func(now time.Time, userID, want string) {
		t.Helper()
		mail, err := s.Mail(ctx, now, userID)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range mail {
			got = append(got, fmt.Sprint(m.UserName, " ", m.SentAt.Sub(start)))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	to(start, "", "")
	begin(t, s, start, alice)
	begin(t, s, at(time.Hour), bob)
	challenge, code := begin(t, s, at(2*time.Hour), alice)
	if _, err := s.AnswerChallenge(ctx, at(2*time.Hour), challenge, code); err != nil {
		t.Fatal(err)
	}
	to(at(2*time.Hour), "", "alice 0s, bob 1h0m0s, alice 2h0m0s")
	to(at(2*time.Hour), alice.ID, "alice 0s, alice 2h0m0s")
	to(at(2*time.Hour), "nobody", "")
	// What was sent stays as it was.
	org := sample()
	org.Users[1].Email, org.Users[1].Name = "robert@example.com", "robert"
	org.Users[1].ID = bob.ID
	org.Assignments = org.Assignments[:2]
	if err := s.Seed(ctx, org); err != nil {
		t.Fatal(err)
	}
	mail, err := s.Mail(ctx, at(2*time.Hour), bob.ID)
	if err != nil || len(mail) != 1 || mail[0].To != "bob@example.com" || !strings.Contains(mail[0].Text, "Hello bob,") {
		t.Errorf("got %+v and %v, want the message to bob", mail, err)
	}
	to(at(24*time.Hour), "", "bob 1h0m0s, alice 2h0m0s")
	if err := s.Collect(ctx, at(25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	to(start, "", "alice 2h0m0s")
	if err := s.Age(ctx, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	to(at(2*time.Hour), "", "")
	to(at(2*time.Hour-time.Second), "", "alice -22h0m0s")
}
