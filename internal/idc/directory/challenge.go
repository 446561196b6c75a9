package directory

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	challengeLength   = 32 // bytes
	challengeLifetime = 10 * time.Minute
	challengeTries    = 5
	// openChallenges is how many codes a person may have been sent that are not
	// too old and were not given. So whoever knows the password and not the mailbox
	// has 50 guesses of a million in ten minutes.
	openChallenges = 10

	mailLifetime = 24 * time.Hour
	keepMail     = 1000
)

// Challenge is the row of a code that was asked for. It holds neither the code,
// which derives from the ID and the server key, nor the secret of the browser
// that may give it.
type Challenge struct {
	ID        [32]byte // SHA-256 of the browser's secret
	UserID    string
	UserName  string // as it was when the code was sent
	Email     string // likewise
	SentAt    time.Time
	ExpiresAt time.Time
	EndedAt   time.Time // when the right code was given, or the person's sign-ins were ended
	Failures  int
}

// over says that a code can no longer be given.
func (c Challenge) over(now time.Time) bool {
	return !c.EndedAt.IsZero() || !now.Before(c.ExpiresAt) || c.Failures >= challengeTries
}

// Message is an e-mail as it would have been sent.
type Message struct {
	ID        string
	To        string
	UserName  string
	Subject   string
	Text      string
	SentAt    time.Time
	ExpiresAt time.Time // of the code
	Code      string
}

// BeginChallenge sends a person a code by e-mail, and returns the secret of the
// browser in which the password was right: the code is worth something only
// together with it. ErrNotFound says that there is no such person or that they
// are disabled; *ThrottledError, that they were sent too many codes.
func (s *Service) BeginChallenge(ctx context.Context, now time.Time, userID string) (challenge string, err error) {
	if len(s.Key) < 32 {
		return "", errors.New("codes by e-mail need a server key")
	}
	u, err := s.Store.UserByID(ctx, userID)
	if err != nil {
		return "", err
	}
	if u.Email == "" {
		return "", fmt.Errorf("user %s has no e-mail address to send a code to", u.Name)
	}
	secret := make([]byte, challengeLength)
	if _, err := rand.Read(secret); err != nil {
		return "", err
	}
	challenge = base64.RawURLEncoding.EncodeToString(secret)
	c := Challenge{ID: challengeID(challenge), UserID: u.ID, UserName: u.Name, Email: u.Email, SentAt: now, ExpiresAt: now.Add(challengeLifetime)}
	next, err := s.Store.InsertChallenge(ctx, c, openChallenges, keepMail)
	if err != nil {
		return "", err
	}
	if !next.IsZero() {
		return "", &ThrottledError{RetryAfter: max(next.Sub(now), time.Second)}
	}
	return challenge, nil
}

// AnswerChallenge takes the code of a challenge, with blanks and dashes or
// without. The right one is taken once. Each wrong one counts, and after five
// the challenge is over.
func (s *Service) AnswerChallenge(ctx context.Context, now time.Time, challenge, code string) (User, error) {
	id := challengeID(challenge)
	code = strings.NewReplacer(" ", "", "-", "", "\t", "", "\r", "", "\n", "").Replace(code)
	right := len(s.Key) >= 32 && subtle.ConstantTimeCompare([]byte(code), []byte(s.code(id))) == 1
	userID, err := s.Store.AnswerChallenge(ctx, id, right, now, challengeTries)
	if err != nil {
		return User{}, err
	}
	if !right {
		return User{}, ErrWrongCode
	}
	return s.challenged(ctx, userID)
}

// ChallengeUser says whom a challenge asks for a code.
func (s *Service) ChallengeUser(ctx context.Context, now time.Time, challenge string) (User, error) {
	c, err := s.openChallenge(ctx, now, challenge)
	if err != nil {
		return User{}, err
	}
	return s.challenged(ctx, c.UserID)
}

func (s *Service) openChallenge(ctx context.Context, now time.Time, challenge string) (Challenge, error) {
	c, err := s.Store.Challenge(ctx, challengeID(challenge))
	if err != nil {
		return Challenge{}, err
	}
	if c.over(now) {
		return Challenge{}, ErrChallengeOver
	}
	return c, nil
}

// challenged is the person of a challenge, unless they may no longer sign in.
func (s *Service) challenged(ctx context.Context, userID string) (User, error) {
	u, err := s.Store.UserByID(ctx, userID)
	if errors.Is(err, ErrNotFound) || err == nil && u.Disabled {
		return User{}, ErrChallengeOver
	}
	return u, err
}

// Mail returns the messages of the last day, the latest 1,000, newest last: a
// person's, or everybody's when userID is "".
func (s *Service) Mail(ctx context.Context, now time.Time, userID string) ([]Message, error) {
	challenges, err := s.Store.Challenges(ctx, userID, now.Add(-mailLifetime))
	if err != nil || len(challenges) == 0 {
		return nil, err
	}
	return s.messages(ctx, challenges)
}

// ChallengeMail returns what a challenge that is not over has sent.
func (s *Service) ChallengeMail(ctx context.Context, now time.Time, challenge string) ([]Message, error) {
	c, err := s.openChallenge(ctx, now, challenge)
	if err != nil {
		return nil, err
	}
	return s.messages(ctx, []Challenge{c})
}

func challengeID(challenge string) (id [32]byte) {
	copy(id[:], digest("challenge", challenge))
	return id
}

// code is six digits. Their bias is one in 10^13.
func (s *Service) code(id [32]byte) string {
	m := hmac.New(sha256.New, s.Key)
	m.Write([]byte("code by e-mail\x00"))
	m.Write(id[:])
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(m.Sum(nil))%1_000_000)
}

// mailText takes a user name, the start URL, the code and minutes.
const mailText = `Hello %s,

your code to sign in to %s is

    %s

Enter it in the browser in which you gave your password. It is valid for
%d minutes and can be used once. Tell it to nobody: nobody will ask you for it.

If this was not you, somebody knows your password. Do not enter the code
anywhere, and tell your administrator to change your password.
`

// messages are written when they are read, so that no code is kept.
func (s *Service) messages(ctx context.Context, challenges []Challenge) ([]Message, error) {
	i, err := s.Store.Instance(ctx)
	if err != nil {
		return nil, err
	}
	messages := make([]Message, len(challenges))
	for n, c := range challenges {
		code := s.code(c.ID)
		messages[n] = Message{
			ID: hex.EncodeToString(c.ID[:8]), To: c.Email, UserName: c.UserName,
			Subject: "Your code to sign in as " + c.UserName,
			Text:    fmt.Sprintf(mailText, c.UserName, i.StartURL, code, challengeLifetime/time.Minute),
			SentAt:  c.SentAt, ExpiresAt: c.ExpiresAt, Code: code,
		}
	}
	return messages, nil
}
