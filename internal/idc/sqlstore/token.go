package sqlstore

import (
	"context"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

const familyColumns = `f.id, f.session_id, f.person_id, f.client_id, f.client_name, f.scopes, f.created_at, f.expires_at, f.revoked_at, b.expires_at, b.ended_at`

func familyFields(f *grant.FamilyRecord) []any {
	return []any{
		&f.ID, &f.SessionID, &f.UserID, &f.ClientID, &f.ClientName, texts{&f.Scopes}, moment{&f.CreatedAt}, moment{&f.ExpiresAt},
		moment{&f.RevokedAt}, moment{&f.SessionExpiresAt}, moment{&f.SessionEndedAt},
	}
}

func (s grantStore) AccessToken(ctx context.Context, token grant.Hash) (grant.AccessRecord, error) {
	var a grant.AccessRecord
	err := s.db.queryRow(ctx, `SELECT t.expires_at, `+familyColumns+`
		FROM access_token t JOIN family f ON f.id = t.family_id JOIN browser_session b ON b.id = f.session_id
		WHERE t.token = $1`, token[:]).Scan(append([]any{moment{&a.ExpiresAt}}, familyFields(&a.Family)...)...)
	if err != nil {
		return grant.AccessRecord{}, missing(err)
	}
	return a, nil
}

func (s grantStore) RefreshToken(ctx context.Context, token grant.Hash) (grant.RefreshRecord, error) {
	var r grant.RefreshRecord
	err := s.db.queryRow(ctx, `SELECT t.rotated_at, coalesce(n.rotated_at, 0), coalesce(n.access_expires_at, 0), `+familyColumns+`
		FROM refresh_token t JOIN family f ON f.id = t.family_id JOIN browser_session b ON b.id = f.session_id
		LEFT JOIN refresh_token n ON n.token = t.successor
		WHERE t.token = $1`, token[:]).
		Scan(append([]any{moment{&r.RotatedAt}, moment{&r.SuccessorRotatedAt}, moment{&r.SuccessorAccessExpires}}, familyFields(&r.Family)...)...)
	if err != nil {
		return grant.RefreshRecord{}, missing(err)
	}
	return r, nil
}

func (s grantStore) Rotate(ctx context.Context, r grant.Rotation) error {
	return s.db.change(ctx, func(tx *tx) error {
		var familyID string
		err := tx.queryRow(`UPDATE refresh_token SET rotated_at = $1, successor = $2
			WHERE token = $3 AND rotated_at = 0
			AND EXISTS (SELECT 1 FROM family f JOIN browser_session b ON b.id = f.session_id
				WHERE f.id = refresh_token.family_id AND f.revoked_at = 0 AND f.expires_at > $1 AND b.ended_at = 0 AND b.expires_at > $1)
			RETURNING family_id`, millis(r.Now), r.Refresh[:], r.Token[:]).Scan(&familyID)
		if err != nil {
			return conflict(err)
		}
		return insertTokens(tx, familyID, r.Access, r.Refresh)
	})
}

func (s grantStore) RevokeFamily(ctx context.Context, id string, now time.Time) error {
	return s.db.change(ctx, func(tx *tx) error {
		_, err := tx.exec(`UPDATE family SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0`, id, millis(now))
		return err
	})
}
