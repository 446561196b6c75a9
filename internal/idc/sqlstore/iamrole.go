package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/portico-sso/portico/internal/idc/directory"
)

func insertIAMRole(tx *tx, r directory.IAMRole) error {
	trusts, err := json.Marshal(r.Trusts)
	if err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO iam_role (account_id, name, name_key, path, trusts, external_id, require_mfa, max_session_duration, administrator)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.Account, r.Name, nameKey(r.Name), r.Path, string(trusts), r.ExternalID, r.RequireMFA, r.MaxSessionDuration.Milliseconds(), r.Administrator)
	return err
}

func (s directoryStore) IAMRole(ctx context.Context, accountID, name string) (directory.IAMRole, error) {
	var r directory.IAMRole
	var trusts string
	var duration int64
	err := s.db.queryRow(ctx, `SELECT account_id, name, path, trusts, external_id, require_mfa, max_session_duration, administrator
		FROM iam_role WHERE account_id = $1 AND name_key = $2`, accountID, nameKey(name)).
		Scan(&r.Account, &r.Name, &r.Path, &trusts, &r.ExternalID, &r.RequireMFA, &duration, &r.Administrator)
	if err != nil {
		return directory.IAMRole{}, unknown(err)
	}
	r.MaxSessionDuration = time.Duration(duration) * time.Millisecond
	return r, json.Unmarshal([]byte(trusts), &r.Trusts)
}
