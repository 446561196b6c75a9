package sqlstore

import (
	"context"
	"time"

	"github.com/portico-sso/portico/internal/idc/grant"
)

func (s grantStore) InsertCredential(ctx context.Context, c grant.RoleCredential, now time.Time) error {
	return s.db.change(ctx, func(tx *tx) error {
		n, err := tx.exec(`INSERT INTO role_credential (access_key_id, account_id, permission_set, role_name, role_id, person_id, person_name,
				session_id, arn, caller_id, administrator, issued_at, expires_at, workflow, session_policies, transitive_tags, source_identity)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $15, $16, $17, $18
			WHERE $8 = '' OR EXISTS (SELECT 1 FROM browser_session b WHERE b.id = $8 AND b.ended_at = 0 AND b.expires_at > $14)`,
			c.AccessKeyID, c.AccountID, c.PermissionSet, c.RoleName, c.RoleID, c.UserID, c.UserName,
			c.SessionID, c.ARN, c.CallerID, c.Administrator, millis(c.IssuedAt), millis(c.ExpiresAt), millis(now), c.Workflow, c.SessionPolicies, c.TransitiveTags, c.SourceIdentity)
		if isUnique(err) {
			return grant.ErrConflict
		}
		if err == nil && n == 0 {
			return grant.ErrNotFound
		}
		return err
	})
}

func (s grantStore) Credential(ctx context.Context, accessKeyID string) (grant.RoleCredential, error) {
	var c grant.RoleCredential
	err := s.db.queryRow(ctx, `SELECT access_key_id, account_id, permission_set, role_name, role_id, person_id, person_name,
			session_id, arn, caller_id, administrator, issued_at, expires_at, workflow, session_policies, transitive_tags, source_identity
		FROM role_credential WHERE access_key_id = $1`, accessKeyID).
		Scan(&c.AccessKeyID, &c.AccountID, &c.PermissionSet, &c.RoleName, &c.RoleID, &c.UserID, &c.UserName,
			&c.SessionID, &c.ARN, &c.CallerID, &c.Administrator, moment{&c.IssuedAt}, moment{&c.ExpiresAt}, &c.Workflow,
			&c.SessionPolicies, &c.TransitiveTags, &c.SourceIdentity)
	if err != nil {
		return grant.RoleCredential{}, missing(err)
	}
	return c, nil
}

// Collect is one change per table, so that sign-ins get their turn in between.
func (s grantStore) Collect(ctx context.Context, before grant.Horizon) error {
	for _, d := range []struct {
		query  string
		before time.Time
	}{
		{`DELETE FROM request WHERE expires_at <= $1`, before.Requests},
		{`DELETE FROM browser_session WHERE expires_at <= $1 OR ended_at > 0 AND ended_at <= $1`, before.Sessions},
		{`DELETE FROM role_credential WHERE expires_at <= $1`, before.Credentials},
		{`DELETE FROM console_session WHERE expires_at <= $1`, before.Credentials},
		{`DELETE FROM client WHERE expires_at <= $1`, before.Clients},
	} {
		err := s.db.change(ctx, func(tx *tx) error {
			_, err := tx.exec(d.query, millis(d.before))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
