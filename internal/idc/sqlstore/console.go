package sqlstore

import (
	"context"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func (s grantStore) InsertConsoleSession(ctx context.Context, c grant.ConsoleSession, token grant.Hash, tokenExpiresAt time.Time) error {
	return s.db.change(ctx, func(tx *tx) error {
		_, err := tx.exec(`INSERT INTO console_session (id, token, access_key_id, account_id, role_name, arn, person_id, person_name, workflow,
				token_expires_at, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			c.ID, token[:], c.AccessKeyID, c.AccountID, c.RoleName, c.ARN, c.UserID, c.UserName, c.Workflow,
			millis(tokenExpiresAt), millis(c.CreatedAt), millis(c.ExpiresAt))
		if isUnique(err) {
			return grant.ErrConflict
		}
		return err
	})
}

func (s grantStore) OpenConsoleSession(ctx context.Context, token, cookie grant.Hash, now time.Time) error {
	return s.db.change(ctx, func(tx *tx) error {
		n, err := tx.exec(`UPDATE console_session SET cookie = $2, opened_at = $3
			WHERE token = $1 AND opened_at = 0 AND token_expires_at > $3 AND expires_at > $3`, token[:], cookie[:], millis(now))
		if err == nil && n == 0 {
			return grant.ErrConflict
		}
		return err
	})
}

func (s grantStore) ConsoleSessionByToken(ctx context.Context, token grant.Hash) (grant.ConsoleRecord, error) {
	return s.consoleSession(ctx, "token", token)
}

func (s grantStore) ConsoleSessionByCookie(ctx context.Context, cookie grant.Hash) (grant.ConsoleRecord, error) {
	return s.consoleSession(ctx, "cookie", cookie)
}

func (s grantStore) consoleSession(ctx context.Context, column string, secret grant.Hash) (grant.ConsoleRecord, error) {
	var r grant.ConsoleRecord
	err := s.db.queryRow(ctx, `SELECT id, access_key_id, account_id, role_name, arn, person_id, person_name, workflow,
			token_expires_at, created_at, opened_at, expires_at, ended_at
		FROM console_session WHERE `+column+` = $1`, secret[:]).
		Scan(&r.ID, &r.AccessKeyID, &r.AccountID, &r.RoleName, &r.ARN, &r.UserID, &r.UserName, &r.Workflow,
			moment{&r.TokenExpiresAt}, moment{&r.CreatedAt}, moment{&r.OpenedAt}, moment{&r.ExpiresAt}, moment{&r.EndedAt})
	if err != nil {
		return grant.ConsoleRecord{}, missing(err)
	}
	return r, nil
}

func (s grantStore) EndConsoleSession(ctx context.Context, id string, now time.Time) error {
	return s.db.change(ctx, func(tx *tx) error {
		_, err := tx.exec(`UPDATE console_session SET ended_at = $2 WHERE id = $1 AND ended_at = 0`, id, millis(now))
		return err
	})
}
