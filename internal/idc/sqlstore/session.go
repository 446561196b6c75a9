package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func (s grantStore) InsertSession(ctx context.Context, sess grant.Session, cookie grant.Hash) error {
	return s.db.change(ctx, func(tx *tx) error { return insertSession(tx, sess, cookie) })
}

func insertSession(tx *tx, sess grant.Session, cookie grant.Hash) error {
	_, err := tx.exec(`INSERT INTO browser_session (id, cookie, person_id, created_at, expires_at, ended_at) VALUES ($1, $2, $3, $4, $5, 0)`,
		sess.ID, cookie[:], sess.UserID, millis(sess.CreatedAt), millis(sess.ExpiresAt))
	if isUnique(err) {
		return grant.ErrConflict
	}
	return err
}

func (s grantStore) SessionByCookie(ctx context.Context, cookie grant.Hash) (sess grant.Session, endedAt time.Time, err error) {
	err = s.db.queryRow(ctx, `SELECT id, person_id, created_at, expires_at, ended_at FROM browser_session WHERE cookie = $1`, cookie[:]).
		Scan(&sess.ID, &sess.UserID, moment{&sess.CreatedAt}, moment{&sess.ExpiresAt}, moment{&endedAt})
	return sess, endedAt, missing(err)
}

func (s grantStore) Sessions(ctx context.Context, userID string, now time.Time) ([]grant.SessionInfo, error) {
	var all []grant.SessionInfo
	err := s.db.query(ctx, `SELECT b.id, b.person_id, b.created_at, b.expires_at, f.client_name
		FROM browser_session b LEFT JOIN family f ON f.session_id = b.id AND f.revoked_at = 0 AND f.expires_at > $2
		WHERE b.ended_at = 0 AND b.expires_at > $2 AND ($1 = '' OR b.person_id = $1)
		ORDER BY b.created_at, b.id, f.created_at, f.id`, []any{userID, millis(now)}, func(scan func(...any) error) error {
		var x grant.SessionInfo
		var client sql.NullString
		if err := scan(&x.ID, &x.UserID, moment{&x.CreatedAt}, moment{&x.ExpiresAt}, &client); err != nil {
			return err
		}
		if n := len(all); n == 0 || all[n-1].ID != x.ID {
			all = append(all, x)
		}
		if last := &all[len(all)-1]; client.Valid && !slices.Contains(last.Clients, client.String) {
			last.Clients = append(last.Clients, client.String)
		}
		return nil
	})
	return all, err
}

func (s grantStore) EndSession(ctx context.Context, id string, now time.Time) (ended bool, err error) {
	err = s.db.change(ctx, func(tx *tx) error {
		n, err := tx.exec(`UPDATE browser_session SET ended_at = $2 WHERE id = $1 AND ended_at = 0 AND expires_at > $2`, id, millis(now))
		ended = n > 0
		return err
	})
	return ended, err
}

func (s grantStore) EndSessionsOf(ctx context.Context, userID string, now time.Time) (n int, err error) {
	err = s.db.change(ctx, func(tx *tx) error {
		ended, err := tx.exec(`UPDATE browser_session SET ended_at = $2 WHERE person_id = $1 AND ended_at = 0 AND expires_at > $2`, userID, millis(now))
		n = int(ended)
		return err
	})
	return n, err
}
