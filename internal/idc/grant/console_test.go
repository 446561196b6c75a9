package grant_test

import (
	"errors"
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func TestConsoleRules(t *testing.T) {
	s, now := newWorld(t, ""), start
	issue := func(set string) grant.RoleCredential {
		t.Helper()
		c, _, _, err := s.IssueRoleCredential(t.Context(), now, grant.RoleCredential{AccountID: "111111111111", PermissionSet: set, RoleName: "r", UserName: "alice", ExpiresAt: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	direct, chained := issue("ReadOnly"), issue("")
	for _, tt := range []struct {
		of      grant.RoleCredential
		lasts   time.Duration
		at      time.Time
		expires time.Time // zero: refused
		err     error
	}{
		{direct, 0, now, now.Add(time.Hour), nil},
		{direct, grant.MaxConsoleSession, now, now.Add(12 * time.Hour), nil},
		{direct, grant.MinConsoleSession, now.Add(59 * time.Minute), now.Add(74 * time.Minute), nil},
		{direct, grant.MinConsoleSession - 1, now, time.Time{}, nil},
		{direct, grant.MaxConsoleSession + 1, now, time.Time{}, nil},
		{direct, 0, now.Add(time.Hour), time.Time{}, grant.ErrUnauthorized},
		{chained, 0, now, now.Add(time.Hour), nil},
		{chained, grant.MinConsoleSession, now, time.Time{}, grant.ErrChained},
	} {
		token, err := s.IssueSigninToken(t.Context(), tt.at, tt.of, tt.lasts)
		if (err != nil) != tt.expires.IsZero() || tt.err != nil && !errors.Is(err, tt.err) {
			t.Errorf("%s at %s: got %v", tt.lasts, tt.at, err)
		}
		if err != nil {
			continue
		}
		cookie, sess, err := s.OpenConsoleSession(t.Context(), tt.at, token)
		if err != nil || !sess.ExpiresAt.Equal(tt.expires) {
			t.Errorf("%s: got %+v, %v, want it until %s", tt.lasts, sess, err, tt.expires)
		}
		if _, _, err := s.OpenConsoleSession(t.Context(), tt.at, token); !errors.Is(err, grant.ErrTokenUsed) {
			t.Errorf("a token was good twice: %v", err)
		}
		if _, err := s.ConsoleSession(t.Context(), tt.expires.Add(-time.Millisecond), cookie); err != nil {
			t.Error(err)
		}
		if over, err := s.ConsoleSession(t.Context(), tt.expires, cookie); !errors.Is(err, grant.ErrNoSession) || over.ID == "" {
			t.Errorf("got %+v, %v at its end", over, err)
		}
		if err := s.EndConsoleSession(t.Context(), tt.at, sess); err != nil {
			t.Fatal(err)
		}
		if ended, err := s.ConsoleSession(t.Context(), tt.at, cookie); !errors.Is(err, grant.ErrNoSession) || ended.ID != "" {
			t.Errorf("got %+v, %v after a sign-out", ended, err)
		}
	}
	if _, err := s.SigninToken(t.Context(), now, "nonsense"); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
