package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

type grantStore struct{ db *DB }

// missing is grant.ErrNotFound for a row that is not there.
func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return grant.ErrNotFound
	}
	return err
}

// conflict is grant.ErrConflict for a condition that matched no row.
func conflict(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return grant.ErrConflict
	}
	return err
}

func (s grantStore) InsertClient(ctx context.Context, c grant.ClientRecord, now, unusedBefore time.Time, max int) error {
	return s.db.change(ctx, func(tx *tx) error {
		count := func() (n int, err error) {
			err = tx.queryRow(`SELECT count(*) FROM client`).Scan(&n)
			return n, err
		}
		n, err := count()
		if err != nil {
			return err
		}
		if n >= max {
			if _, err := tx.exec(`DELETE FROM client WHERE expires_at <= $1`, millis(now)); err != nil {
				return err
			}
			if n, err = count(); err != nil {
				return err
			}
		}
		if n >= max {
			// Dropping a client drops its requests, so not while somebody is about to
			// decide or to redeem one.
			dropped, err := tx.exec(`DELETE FROM client WHERE id IN (SELECT c.id FROM client c
				WHERE c.used_at = 0 AND c.issued_at <= $2
				AND NOT EXISTS (SELECT 1 FROM request r WHERE r.client_id = c.id AND (
					r.status = 'pending' AND r.expires_at > $1 OR
					r.status = 'allowed' AND CASE WHEN r.flow = 'authorization_code' THEN r.code_expires_at ELSE r.expires_at END > $1))
				ORDER BY c.issued_at, c.id LIMIT $3)`, millis(now), millis(unusedBefore), n-max+1)
			if err != nil {
				return err
			}
			n -= int(dropped)
		}
		if n >= max {
			return grant.ErrFull
		}
		_, err = tx.exec(`INSERT INTO client (id, secret, name, type, scopes, redirect_uris, grant_types, issuer_url, issued_at, expires_at, used_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)`,
			c.ID, blob(c.Secret), c.Name, c.Type, list(c.Scopes), list(c.RedirectURIs), list(c.GrantTypes), c.IssuerURL,
			millis(c.IssuedAt), millis(c.ExpiresAt))
		if isUnique(err) {
			return grant.ErrConflict
		}
		return err
	})
}

func (s grantStore) Client(ctx context.Context, id string) (grant.ClientRecord, error) {
	var c grant.ClientRecord
	err := s.db.queryRow(ctx, `SELECT id, secret, name, type, scopes, redirect_uris, grant_types, issuer_url, issued_at, expires_at
		FROM client WHERE id = $1`, id).
		Scan(&c.ID, hash{&c.Secret}, &c.Name, &c.Type, texts{&c.Scopes}, texts{&c.RedirectURIs}, texts{&c.GrantTypes}, &c.IssuerURL,
			moment{&c.IssuedAt}, moment{&c.ExpiresAt})
	if err != nil {
		return grant.ClientRecord{}, missing(err)
	}
	return c, nil
}
