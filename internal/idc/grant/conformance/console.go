package conformance

import (
	"testing"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func consoleSession(id string) grant.ConsoleSession {
	return grant.ConsoleSession{ID: id, AccessKeyID: "ASIA" + id, AccountID: "111111111111", RoleName: "ReadOnly", ARN: "arn:aws:sts::111111111111:assumed-role/x/alice",
		UserID: "u", UserName: "alice", Workflow: "w", CreatedAt: start, ExpiresAt: at(time.Hour)}
}

func consoleSessions(t *testing.T, f *fixture) {
	c := consoleSession("a")
	f.ok(f.InsertConsoleSession(t.Context(), c, hash("token"), at(15*time.Minute)))
	f.is(f.InsertConsoleSession(t.Context(), consoleSession("b"), hash("token"), at(time.Minute)), grant.ErrConflict)
	f.is(f.InsertConsoleSession(t.Context(), c, hash("another"), at(time.Minute)), grant.ErrConflict)

	want := grant.ConsoleRecord{ConsoleSession: c, TokenExpiresAt: at(15 * time.Minute)}
	got, err := f.ConsoleSessionByToken(t.Context(), hash("token"))
	f.ok(err)
	f.same(got, want)
	_, err = f.ConsoleSessionByCookie(t.Context(), hash("cookie"))
	f.is(err, grant.ErrNotFound)
	_, err = f.ConsoleSessionByCookie(t.Context(), grant.Hash{})
	f.is(err, grant.ErrNotFound)

	// A token is good once, and not for ever.
	f.is(f.OpenConsoleSession(t.Context(), hash("nothing"), hash("cookie"), start), grant.ErrConflict)
	f.is(f.OpenConsoleSession(t.Context(), hash("token"), hash("cookie"), at(15*time.Minute)), grant.ErrConflict)
	f.ok(f.OpenConsoleSession(t.Context(), hash("token"), hash("cookie"), at(15*time.Minute-time.Millisecond)))
	f.is(f.OpenConsoleSession(t.Context(), hash("token"), hash("other cookie"), at(time.Minute)), grant.ErrConflict)
	want.OpenedAt = at(15*time.Minute - time.Millisecond)
	got, err = f.ConsoleSessionByCookie(t.Context(), hash("cookie"))
	f.ok(err)
	f.same(got, want)

	// Nor is it when the session would be over.
	short := consoleSession("short")
	short.ExpiresAt = at(time.Minute)
	f.ok(f.InsertConsoleSession(t.Context(), short, hash("short"), at(15*time.Minute)))
	f.is(f.OpenConsoleSession(t.Context(), hash("short"), hash("x"), at(time.Minute)), grant.ErrConflict)

	f.ok(f.EndConsoleSession(t.Context(), "a", at(20*time.Minute)))
	f.ok(f.EndConsoleSession(t.Context(), "a", at(30*time.Minute)))
	f.ok(f.EndConsoleSession(t.Context(), "nothing", at(30*time.Minute)))
	want.EndedAt = at(20 * time.Minute)
	got, err = f.ConsoleSessionByCookie(t.Context(), hash("cookie"))
	f.ok(err)
	f.same(got, want)

	f.ok(f.Age(t.Context(), time.Minute))
	for _, x := range []*time.Time{&want.CreatedAt, &want.ExpiresAt, &want.TokenExpiresAt, &want.OpenedAt, &want.EndedAt} {
		*x = x.Add(-time.Minute)
	}
	got, err = f.ConsoleSessionByToken(t.Context(), hash("token"))
	f.ok(err)
	f.same(got, want)

	f.ok(f.Collect(t.Context(), grant.Horizon{Credentials: want.ExpiresAt.Add(-time.Millisecond)}))
	_, err = f.ConsoleSessionByToken(t.Context(), hash("token"))
	f.ok(err)
	f.ok(f.Collect(t.Context(), grant.Horizon{Credentials: want.ExpiresAt}))
	_, err = f.ConsoleSessionByToken(t.Context(), hash("token"))
	f.is(err, grant.ErrNotFound)
}

func openingConcurrently(t *testing.T, f *fixture) {
	f.ok(f.InsertConsoleSession(t.Context(), consoleSession("a"), hash("token"), at(15*time.Minute)))
	won := f.crowd(8, func(i int) error {
		return f.OpenConsoleSession(t.Context(), hash("token"), hash(string(rune('a'+i))), at(time.Minute))
	})
	f.same(won, 1)
}
