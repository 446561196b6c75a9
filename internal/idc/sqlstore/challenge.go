package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

func (s directoryStore) InsertChallenge(ctx context.Context, c directory.Challenge, limit, keep int) (next time.Time, err error) {
	err = s.db.change(ctx, func(tx *tx) error {
		// What would live for longer than a new one is from before the clock was set
		// back, and must not keep its person waiting until then.
		horizon := c.ExpiresAt.Add(c.ExpiresAt.Sub(c.SentAt))
		var open int
		if err := tx.queryRow(`SELECT count(*), coalesce(min(expires_at), 0) FROM challenge
			WHERE person_id = $1 AND ended_at = 0 AND expires_at > $2 AND expires_at <= $3`,
			c.UserID, millis(c.SentAt), millis(horizon)).Scan(&open, moment{&next}); err != nil {
			return err
		}
		if open >= limit {
			return nil
		}
		next = time.Time{}
		n, err := tx.exec(`INSERT INTO challenge (id, person_id, person_name, email, sent_at, expires_at, ended_at, failures)
			SELECT $1, p.id, $2, $3, $4, $5, 0, 0 FROM person p WHERE p.id = $6 AND p.disabled = 0`,
			c.ID[:], c.UserName, c.Email, millis(c.SentAt), millis(c.ExpiresAt), c.UserID)
		if err != nil {
			return err
		}
		if n == 0 {
			return directory.ErrNotFound
		}
		_, err = tx.exec(`DELETE FROM challenge WHERE sequence <= (SELECT sequence FROM challenge ORDER BY sequence DESC LIMIT 1 OFFSET $1)`, keep)
		return err
	})
	return next, err
}

func (s directoryStore) AnswerChallenge(ctx context.Context, id [32]byte, right bool, now time.Time, tries int) (userID string, err error) {
	err = s.db.change(ctx, func(tx *tx) error {
		// One statement: it is the only place where an answer counts.
		return tx.queryRow(`UPDATE challenge SET
				ended_at = CASE WHEN $2 THEN $3 ELSE 0 END,
				failures = failures + CASE WHEN $2 THEN 0 ELSE 1 END
			WHERE id = $1 AND ended_at = 0 AND expires_at > $3 AND failures < $4
			RETURNING person_id`, id[:], right, millis(now), tries).Scan(&userID)
	})
	return userID, over(err)
}

// over is directory.ErrChallengeOver for a row that is not there.
func over(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return directory.ErrChallengeOver
	}
	return err
}

const selectChallenge = `SELECT id, person_id, person_name, email, sent_at, expires_at, ended_at, failures FROM challenge `

func scanChallenge(scan func(...any) error) (c directory.Challenge, err error) {
	var id []byte
	err = scan(&id, &c.UserID, &c.UserName, &c.Email, moment{&c.SentAt}, moment{&c.ExpiresAt}, moment{&c.EndedAt}, &c.Failures)
	copy(c.ID[:], id)
	return c, err
}

func (s directoryStore) Challenge(ctx context.Context, id [32]byte) (directory.Challenge, error) {
	c, err := scanChallenge(s.db.queryRow(ctx, selectChallenge+`WHERE id = $1`, id[:]).Scan)
	return c, over(err)
}

func (s directoryStore) Challenges(ctx context.Context, userID string, after time.Time) ([]directory.Challenge, error) {
	var challenges []directory.Challenge
	err := s.db.query(ctx, selectChallenge+`WHERE ($1 = '' OR person_id = $1) AND sent_at > $2 ORDER BY sequence`, []any{userID, millis(after)},
		func(scan func(...any) error) error {
			c, err := scanChallenge(scan)
			challenges = append(challenges, c)
			return err
		})
	return challenges, err
}

func (s directoryStore) Age(ctx context.Context, by time.Duration) error {
	return s.db.change(ctx, func(tx *tx) error {
		for _, column := range []struct{ table, name string }{
			{"challenge", "sent_at"}, {"challenge", "expires_at"}, {"challenge", "ended_at"}, {"sign_in_attempt", "last_failure"},
			{"assignment_request", "created_at"},
		} {
			// 0 means never, and stays; nothing else may become it.
			if _, err := tx.exec(`UPDATE `+column.table+` SET `+column.name+` = CASE WHEN `+column.name+` > $1 THEN `+column.name+` - $1 ELSE 1 END
				WHERE `+column.name+` <> 0`, by.Milliseconds()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s directoryStore) Collect(ctx context.Context, challenges, failures time.Time) error {
	return s.db.change(ctx, func(tx *tx) error {
		if _, err := tx.exec(`DELETE FROM challenge WHERE sent_at <= $1`, millis(challenges)); err != nil {
			return err
		}
		_, err := tx.exec(`DELETE FROM sign_in_attempt WHERE last_failure <= $1`, millis(failures))
		return err
	})
}
