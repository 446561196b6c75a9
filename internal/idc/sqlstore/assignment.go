package sqlstore

import (
	"context"

	"github.com/portico-sso/portico/internal/idc/directory"
)

func (s directoryStore) RequestAssignment(ctx context.Context, r directory.AssignmentRequest, keep int) error {
	return s.db.change(ctx, func(tx *tx) error {
		var there bool
		if err := tx.queryRow(`SELECT EXISTS (SELECT 1 FROM account WHERE id = $1) AND EXISTS (SELECT 1 FROM permission_set WHERE name = $2)
			AND (EXISTS (SELECT 1 FROM person WHERE id = $3) AND $4 = '' OR EXISTS (SELECT 1 FROM membership WHERE group_name = $4) AND $3 = '')`,
			r.AccountID, r.PermissionSet, r.UserID, r.Group).Scan(&there); err != nil {
			return err
		}
		if !there {
			return directory.ErrNotFound
		}
		statement := `INSERT INTO assignment (person_id, group_name, permission_set, account_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
		if r.Deletion {
			statement = `DELETE FROM assignment WHERE person_id = $1 AND group_name = $2 AND permission_set = $3 AND account_id = $4`
		}
		if _, err := tx.exec(statement, r.UserID, r.Group, r.PermissionSet, r.AccountID); err != nil {
			return err
		}
		if _, err := tx.exec(`INSERT INTO assignment_request (id, deletion, account_id, permission_set, group_name, person_id, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, r.ID, r.Deletion, r.AccountID, r.PermissionSet, r.Group, r.UserID, millis(r.Created)); err != nil {
			return err
		}
		_, err := tx.exec(`DELETE FROM assignment_request WHERE sequence <= (SELECT max(sequence) FROM assignment_request) - $1`, keep)
		return err
	})
}

const selectAssignmentRequest = `SELECT id, deletion, account_id, permission_set, group_name, person_id, created_at FROM assignment_request `

func scanAssignmentRequest(scan func(...any) error) (r directory.AssignmentRequest, err error) {
	err = scan(&r.ID, &r.Deletion, &r.AccountID, &r.PermissionSet, &r.Group, &r.UserID, moment{&r.Created})
	return r, err
}

func (s directoryStore) AssignmentRequest(ctx context.Context, id string) (directory.AssignmentRequest, error) {
	r, err := scanAssignmentRequest(s.db.queryRow(ctx, selectAssignmentRequest+`WHERE id = $1`, id).Scan)
	return r, unknown(err)
}

func (s directoryStore) AssignmentRequests(ctx context.Context, deletion bool, afterID string, limit int) ([]directory.AssignmentRequest, error) {
	var requests []directory.AssignmentRequest
	err := s.db.query(ctx, selectAssignmentRequest+`WHERE deletion = $1
		AND ($2 = '' OR sequence < (SELECT sequence FROM assignment_request WHERE id = $2)) ORDER BY sequence DESC LIMIT $3`,
		[]any{deletion, afterID, limit}, func(scan func(...any) error) error {
			r, err := scanAssignmentRequest(scan)
			requests = append(requests, r)
			return err
		})
	return requests, err
}
